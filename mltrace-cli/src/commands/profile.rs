//! `mltrace profile`: what is in a table, and how it differs from another version of it.

use crate::complete;
use crate::error::{Error, Exit};
use crate::render::profile;
use crate::session::Session;

/// Show what is in a table: its rows, and of each column the type, the nulls and how the values spread
///
/// Runs record profiles with `profile = [x]` in `#[register]`, with `--profile` of `log` and `run`, or as `[profile]` in
/// `mltrace.toml` says. Another version is read from its file if that still holds it. With a second version it shows what
/// changed: columns that came and went, types, nulls, and how far values moved, as the population stability index (below
/// 0.1 hardly, above 0.25 far) and in standard deviations of the earlier values.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace profile data/clean.csv
  mltrace profile data/clean.csv data/clean.csv@b3:4f2a     what changed since that version")]
pub(crate) struct Args {
    /// The table: `ARTIFACT`, its latest version, or `ARTIFACT@VERSION`
    #[arg(value_name = "ARTIFACT", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifact: String,
    /// An earlier version that it is compared with
    #[arg(value_name = "BEFORE", value_parser = crate::args::asked(), add = complete::artifacts())]
    before: Option<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let before = self.before.as_deref();
        let answer = session.ask_of(&self.artifact, |reader, artifact| reader.profile(artifact, before, true))?;
        session.output.answer(&answer, |answer| profile::text(answer, crate::output::Output::columns()))?;
        Ok(Exit::Done)
    }
}
