//! `mltrace flag`: people's verdicts on artifacts, and whom to suspect then.

use mltrace_core::model::{Record, Verdict, Version};
use mltrace_core::query::Judgement;
use mltrace_core::store::StoreError;

use crate::complete;
use crate::error::{Error, Exit, Kind};
use crate::render::review;
use crate::session::Session;

/// Flag artifacts as bad (or ok) and show the runs to suspect
///
/// A verdict belongs to one version: of a file the one that lies on disk if it was recorded, else the latest, unless
/// `@VERSION` names another (`@latest` the last recorded). When the artifact is written again,
/// the new version has no verdict. Nothing is flagged unless every artifact is known, and the exit code is 1 when a
/// verdict does not count because a later one is known. Without artifacts this is `mltrace review`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace flag out/p1.csv out/p2.csv --reason 'all fares are zero'
  mltrace flag --ok out/p3.csv")]
pub(crate) struct Args {
    /// The artifacts: paths, URIs or identifiers
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifacts: Vec<String>,
    /// Say that somebody looked at them and found them fine
    #[arg(long, requires = "artifacts")]
    ok: bool,
    /// Say why
    #[arg(long, value_name = "TEXT", value_parser = crate::args::text, requires = "artifacts")]
    reason: Option<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        if self.artifacts.is_empty() {
            return super::review::show(session, None);
        }
        let versions = resolve(session, &self.artifacts)?;
        let verdict = if self.ok { Verdict::Ok } else { Verdict::Flagged };
        judge(session, &versions, verdict, self.reason.as_deref())
    }
}

/// Returns the version that each text names; all must name one.
pub(super) fn resolve(session: &Session, artifacts: &[String]) -> Result<Vec<Version>, Error> {
    let mut store = session.open_to_answer()?.ok_or_else(|| StoreError::Missing(session.home.store.clone()))?;
    let mut versions: Vec<Version> = Vec::new();
    let mut errors: Vec<Error> = Vec::new();
    for artifact in artifacts {
        let found = session.ask_store(&mut *store, |reader| {
            let meant = reader.on_disk(artifact)?;
            meant.says.iter().for_each(|said| session.output.say(said));
            reader.version(&meant.asked, None)
        });
        match found {
            // The same version twice is one verdict.
            Ok(version) if versions.contains(&version) => {}
            Ok(version) => versions.push(version),
            Err(error) if error.kind == Kind::NotFound => errors.push(error),
            Err(error) => return Err(error),
        }
    }
    let last = errors.pop();
    for error in &errors {
        session.output.error(&Error { hint: None, ..error.clone() });
    }
    match last {
        None => Ok(versions),
        Some(error) if artifacts.len() == 1 => Err(error),
        Some(error) => {
            let hint = error.hint.clone().unwrap_or_default();
            Err(error.hint(format!("{hint}; no verdict was recorded")))
        }
    }
}

/// Records the verdict on each version and shows the suspects.
pub(super) fn judge(
    session: &Session,
    versions: &[Version],
    verdict: Verdict,
    reason: Option<&str>,
) -> Result<Exit, Error> {
    let by = session.user();
    let judgement = Judgement { verdict, reason, by: by.as_deref() };
    let (said, mut store) = session.say(
        |reader| reader.judged_now(versions, judgement),
        |said| said.iter().cloned().map(Record::Label).collect(),
    )?;
    session.ask_store(&mut *store, |reader| reader.count(&said))?;
    let answer = session.ask_store(&mut *store, |reader| reader.review(None))?;
    session.output.answer(&answer, review::text)?;
    Ok(Exit::Done)
}
