//! `mltrace import mlflow`: runs from a server, a database or the files of MLflow.

use std::path::PathBuf;
use std::time::Duration;

use mltrace_core::ingest::ImportReport;
use mltrace_core::mlflow::{self, Ask, MlflowError, MlflowOptions, MlflowReport, Place, Unasked};
use mltrace_core::redact;
use mltrace_core::store::{self, Mode};
use serde::Serialize;
use ureq::Agent;
use ureq::http::StatusCode;

use super::imported::tell_wrong;
use crate::error::{Error, Exit, Kind, with_sources};
use crate::session::Session;

/// How long a server may take for a page, and how long the page may be.
const ANSWER: Duration = Duration::from_secs(120);
const LONGEST: u64 = 256 << 20;
/// How much is shown of what a server says of an error.
const LONGEST_REASON: usize = 300;

/// Import the runs of MLflow
///
/// Reads a database of SQLite, a folder such as `mlruns`, or a tracking server. A run keeps its id; its experiment is the
/// component, datasets are inputs, artifacts and versions of registered models are outputs, and the aliases of models are
/// aliases. Importing again adds only what is new. `MLFLOW_TRACKING_URI` says where to read when nothing is named, and a
/// server is shown `MLFLOW_TRACKING_TOKEN`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace import mlflow ./mlruns
  mltrace import mlflow sqlite:///mlflow.db
  mltrace import mlflow http://localhost:5000 --artifacts")]
pub(super) struct Args {
    /// The database, folder or server
    #[arg(value_name = "URI", value_hint = clap::ValueHint::AnyPath)]
    uri: Option<String>,
    /// Import the runs that were deleted in MLflow, too
    #[arg(long)]
    deleted: bool,
    /// Ask a server for the artifacts of each run: one more request for each
    #[arg(long)]
    artifacts: bool,
}

/// The answer.
#[derive(Serialize)]
struct Imported {
    runs: u64,
    stored: u64,
    known: u64,
    wrong: u64,
    deleted: u64,
    aliases: u64,
    errors: Vec<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let uri = self.uri.as_ref().or(session.environment.mlflow_uri.as_ref()).ok_or_else(|| {
            Error::usage("no runs of MLflow are named")
                .hint("name a database, a folder or a server, or set `MLFLOW_TRACKING_URI`")
        })?;
        let mut server = Server::at(session, uri);
        let place = place(session, uri, &mut server)?;
        let mut store = store::open(&session.home, Mode::Write)?;
        let bar = session.output.progress("{spinner} {human_pos} runs read, {per_sec}");
        let options = MlflowOptions { takes_deleted: self.deleted, asks_artifacts: self.artifacts };
        let report = mlflow::import(&session.home, &mut *store, place, options, &mut |count| bar.set_position(count));
        bar.finish_and_clear();
        answer(session, report.map_err(refused)?)
    }
}

/// Returns where the runs lie that somebody names.
fn place<'s>(session: &Session, uri: &str, server: &'s mut Server) -> Result<Place<'s>, Error> {
    if ["http://", "https://"].iter().any(|scheme| uri.starts_with(scheme)) {
        return Ok(Place::Server(server));
    }
    // As SQLAlchemy has it: three slashes before a relative path, four before one from the root.
    if let Some(path) = uri.strip_prefix("sqlite:///") {
        let path = path.split('?').next().unwrap_or(path);
        return Ok(Place::Database(session.folder.join(path)));
    }
    let path = uri.strip_prefix("file://").unwrap_or(uri);
    if path.contains("://") {
        return Err(Error::usage(format!("`{}` is no place of MLflow that can be read", redact::text(uri)))
            .hint("name `sqlite:///FILE`, a folder, or the address of a tracking server"));
    }
    let path: PathBuf = session.folder.join(path);
    Ok(if path.is_file() { Place::Database(path) } else { Place::Files(path) })
}

/// A tracking server.
struct Server {
    agent: Agent,
    address: String,
    token: Option<String>,
}

impl Server {
    fn at(session: &Session, uri: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(ANSWER));
        let token = session.environment.mlflow_token.clone().map(|token| token.0);
        Self { agent: config.build().new_agent(), address: uri.trim_end_matches('/').to_owned(), token }
    }

    fn shown(&self) -> String {
        redact::text(&self.address).into_owned()
    }
}

impl Ask for Server {
    fn ask(&mut self, path: &str, body: Option<&str>) -> Result<String, Unasked> {
        let address = format!("{}/{path}", self.address);
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let answer = match body {
            Some(body) => {
                let request = self.agent.post(&address).header("content-type", "application/json");
                bearer.iter().fold(request, |request, bearer| request.header("authorization", bearer)).send(body)
            }
            None => {
                let request = self.agent.get(&address);
                bearer.iter().fold(request, |request, bearer| request.header("authorization", bearer)).call()
            }
        };
        let mut answer =
            answer.map_err(|error| Unasked::Failed(format!("`{}` does not answer: {error}", self.shown())))?;
        let status = answer.status();
        let text = answer.body_mut().with_config().limit(LONGEST).lossy_utf8(true).read_to_string();
        let text = text.map_err(|error| Unasked::Failed(format!("`{}` does not answer: {error}", self.shown())))?;
        if status.is_success() {
            return Ok(text);
        }
        let said: String = text.trim().chars().take(LONGEST_REASON).collect();
        let reason = format!("`{}` answers {status}: {}", self.shown(), redact::text(&said));
        match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                Err(Unasked::Unknown(reason))
            }
            _ => Err(Unasked::Failed(reason)),
        }
    }
}

fn refused(error: MlflowError) -> Error {
    let message = with_sources(&error);
    match error {
        MlflowError::Store(error) => error.into(),
        MlflowError::NoRuns { .. } => Error::new(Kind::NotFound, message)
            .hint("name `sqlite:///FILE`, a folder such as `mlruns`, or the address of a tracking server"),
        MlflowError::Unread(_) => Error::new(Kind::Device, message),
    }
}

fn answer(session: &Session, report: MlflowReport) -> Result<Exit, Error> {
    let MlflowReport { deleted, aliases, runs } = report;
    let ImportReport { lines, stored, known, wrong, errors, .. } = runs;
    let errors: Vec<String> = errors.into_iter().map(|(_, reason)| reason).collect();
    tell_wrong(session, errors.iter().cloned(), wrong);
    let imported = Imported { runs: lines, stored, known, wrong, deleted, aliases, errors };
    session.output.answer(&imported, text)?;
    Ok(if wrong == 0 { Exit::Done } else { Exit::Wrong })
}

fn text(answer: &Imported) -> String {
    let Imported { runs, stored, known, wrong, deleted, aliases, .. } = answer;
    let count = |count: u64, of: &str| if count == 0 { String::new() } else { format!(", {count} {of}") };
    let noun = if *runs == 1 { "run" } else { "runs" };
    let moved = if *aliases == 1 { "alias moved" } else { "aliases moved" };
    format!(
        "{runs} {noun}: {stored} stored, {known} known already{}{}{}\n",
        count(*wrong, "wrong"),
        count(*deleted, "deleted left out"),
        count(*aliases, moved)
    )
}
