//! `mltrace clear`: everything recorded, removed.

use serde::Serialize;

use crate::args::Format;
use crate::error::{Error, Exit, Kind};
use crate::session::Session;

/// Clear the store and the journals
///
/// Everything recorded is removed for good: export it first if it may be needed again. Without `--yes`, says what would
/// be removed. The artifacts themselves are not touched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace export > backup.ndjson && mltrace clear --yes")]
pub(crate) struct Args {
    /// Do it
    #[arg(long)]
    yes: bool,
}

/// The answer of `clear`.
#[derive(Serialize)]
struct Cleared {
    store: String,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let store = session.home.store.display().to_string();
        if !self.yes {
            return Err(Error::usage(format!("this would remove everything recorded in `{store}` for good"))
                .hint("run `mltrace export > backup.ndjson` to keep it, then `mltrace clear --yes`"));
        }
        mltrace_core::ingest::clear(&session.home)
            .map_err(|error| Error::new(Kind::Store, format!("`{store}` cannot be removed: {error}")))?;
        session.output.say(&format!("removed everything recorded in `{store}`"));
        if session.output.format == Format::Json {
            session.output.json(&Cleared { store })?;
        }
        Ok(Exit::Done)
    }
}
