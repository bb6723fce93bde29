//! `mltrace flag`: people's verdicts on artifacts, and whom to suspect then.

use mltrace_core::model::{Verdict, Version};
use serde::Serialize;

use super::many::{self, Many};
use crate::error::{Error, Exit};
use crate::render::review;
use crate::session::Session;

/// Flag artifacts as bad (or ok) and show the runs to suspect
///
/// A verdict belongs to one version: of a file the one that lies on disk if it was recorded, else the latest, unless
/// `@VERSION` names another (`@latest` the last recorded). When the artifact is written again, the new version has no
/// verdict. Many at once are named by a pattern, by the run that wrote them, by what the runs that wrote them have in
/// common, or on standard input; `--where` and `--from` narrow what is named beside them. Nothing is flagged unless every
/// artifact is known, and the exit code is 1 when a verdict does not count because a later one is known. Without artifacts
/// this is `mltrace review`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace flag out/p1.csv out/p2.csv --reason 'all fares are zero'
  mltrace flag --ok out/p3.csv
  mltrace flag 'out/2021-05-*/p*.csv' --dry-run          which would be flagged
  mltrace flag --run 019a57d0                            all that the run wrote
  mltrace flag --where component=predict since=2d 'param.rows<=900'
  mltrace flag 'out/*.csv' --where host=red              of these what ran there
  mltrace flag --from metric:rmse '>1.2' --where component=train
  grep -l NaN out/*.csv | mltrace flag -")]
pub(crate) struct Args {
    #[command(flatten)]
    many: Many,
    /// Say that somebody looked at them and found them fine
    #[arg(long, requires = "Many")]
    ok: bool,
    /// Say why
    #[arg(long, value_name = "TEXT", value_parser = crate::args::text, requires = "Many")]
    reason: Option<String>,
    /// Only show which versions are meant
    #[arg(short = 'n', long, requires = "Many")]
    dry_run: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        if self.many.is_empty() {
            return super::review::show(session, None);
        }
        let versions = self.many.versions(session)?;
        if self.dry_run {
            return show(session, versions);
        }
        if self.many.is_to_count(&versions) {
            let found = if self.ok { "found ok" } else { "flagged" };
            session.output.say(&format!("{} {found}", review::versions(versions.len())));
        }
        let verdict = if self.ok { Verdict::Ok } else { Verdict::Flagged };
        let reason = self.reason.clone().or_else(|| self.many.reason());
        judge(session, &versions, verdict, reason.as_deref())
    }
}

/// The versions that a verdict would be given on.
#[derive(Serialize)]
struct Meant {
    versions: Vec<Version>,
}

/// Shows the versions that a verdict would be given on.
pub(super) fn show(session: &Session, versions: Vec<Version>) -> Result<Exit, Error> {
    let is_whole = session.output.is_whole();
    session.output.answer(&Meant { versions }, |meant| review::meant(&meant.versions, is_whole))?;
    Ok(Exit::Done)
}

/// Records the verdict on each version and shows the suspects.
pub(super) fn judge(
    session: &Session,
    versions: &[Version],
    verdict: Verdict,
    reason: Option<&str>,
) -> Result<Exit, Error> {
    let mut store = many::record(session, versions, verdict, reason)?;
    let answer = session.ask_store(&mut *store, |reader| reader.review(None))?;
    session.output.answer(&answer, review::text)?;
    Ok(Exit::Done)
}
