//! `mltrace import dvc`: runs from the history of a repository whose pipeline DVC runs.

use std::path::PathBuf;

use mltrace_core::dvc::{self, DvcError, DvcOptions, DvcReport};
use mltrace_core::ingest::ImportReport;
use mltrace_core::store::{self, Mode};
use serde::Serialize;

use super::imported::tell_wrong;
use crate::error::{Error, Exit, Kind, with_sources};
use crate::session::Session;

/// Import runs from the history of a DVC repository
///
/// Walks the commits that lead to the current one. A stage of `dvc.lock`, or a file that ends in `.dvc`, that a commit
/// changed is a run of that commit and time, with its dependencies as inputs, its outputs and its parameters. Where DVC's
/// cache still holds the bytes, they are hashed, so that a version joins what Rust steps read and wrote; elsewhere the
/// version is `v:md5:…`. Nothing in the repository is changed, and importing it again adds only what is new.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace import dvc
  mltrace import dvc ../rides --cache /srv/dvc-cache")]
pub(super) struct Args {
    /// A folder of the repository; the working directory unless one is named
    #[arg(value_name = "REPO", value_hint = clap::ValueHint::DirPath)]
    repository: Option<PathBuf>,
    /// Where DVC keeps bytes, if not in `.dvc/cache`
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    cache: Option<PathBuf>,
}

/// The answer.
#[derive(Serialize)]
struct Imported {
    commits: u64,
    stages: u64,
    stored: u64,
    known: u64,
    wrong: u64,
    with_bytes: u64,
    without_bytes: u64,
    unread: Vec<Unread>,
}

#[derive(Serialize)]
struct Unread {
    commit: String,
    file: String,
    message: String,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let mut store = store::open(&session.home, Mode::Write)?;
        let commits = session.output.progress("{spinner} {human_pos} commits read, {per_sec}");
        let hashed = session.output.progress("{spinner} {bytes} of DVC's cache hashed, {bytes_per_sec}");
        let options = DvcOptions {
            repository: self.repository.as_ref().unwrap_or(&session.folder),
            cache: self.cache.as_deref(),
            commits: &|count| commits.set_position(count),
            hashed: &|bytes| hashed.inc(bytes),
        };
        let report = dvc::import(&session.home, &mut *store, options);
        commits.finish_and_clear();
        hashed.finish_and_clear();
        answer(session, report.map_err(refused)?)
    }
}

fn refused(error: DvcError) -> Error {
    let message = with_sources(&error);
    match error {
        DvcError::Store(error) => error.into(),
        DvcError::NoRepository(_) | DvcError::NoWorkTree(_) => {
            Error::new(Kind::NotFound, message).hint("name a folder of a checked-out repository")
        }
        DvcError::Git(_) => Error::new(Kind::Device, message).hint("run `git fsck` there to see what is wrong"),
    }
}

fn answer(session: &Session, report: DvcReport) -> Result<Exit, Error> {
    let DvcReport { commits, stages, with_bytes, without_bytes, runs, unread } = report;
    let ImportReport { stored, known, wrong, errors, .. } = runs;
    let of_file = |unread: &dvc::Unread| {
        let commit = unread.commit.get(..10).unwrap_or(&unread.commit);
        format!("`{}` at {commit} cannot be read: {}", unread.path, unread.reason)
    };
    let told = unread.iter().map(of_file).chain(errors.into_iter().map(|(_, message)| message));
    let wrong = wrong.saturating_add(u64::try_from(unread.len()).unwrap_or(u64::MAX));
    tell_wrong(session, told, wrong);
    let unread = unread.into_iter().map(|of| Unread { commit: of.commit, file: of.path, message: of.reason }).collect();
    let imported = Imported { commits, stages, stored, known, wrong, with_bytes, without_bytes, unread };
    session.output.answer(&imported, text)?;
    Ok(if wrong == 0 { Exit::Done } else { Exit::Wrong })
}

fn text(answer: &Imported) -> String {
    let Imported { commits, stages, stored, known, wrong, with_bytes, without_bytes, .. } = answer;
    let wrong = if *wrong == 0 { String::new() } else { format!(", {wrong} wrong") };
    let edges = with_bytes.saturating_add(*without_bytes);
    let bytes =
        if edges == 0 { String::new() } else { format!("; DVC's cache holds {with_bytes} of {edges} versions") };
    format!("{commits} commits, {stages} changed stages: {stored} stored, {known} known already{wrong}{bytes}\n")
}
