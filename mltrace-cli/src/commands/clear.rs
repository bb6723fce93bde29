//! `mltrace clear`: everything recorded, removed.

use mltrace_core::store::{self, Mode, StoreError};
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
        let home = &session.home;
        let store = home.store.to_string();
        match store::open(home, Mode::Read) {
            // Somebody else's file is not ours to remove.
            Err(error @ StoreError::NotAStore { .. }) => {
                let error = Error::from(error);
                return Err(error.hint("nothing was removed: if it is a damaged store, remove it by hand"));
            }
            Err(error @ (StoreError::Refused(_) | StoreError::NoSuchBackend(_))) => return Err(error.into()),
            _ if self.yes => {}
            _ => {
                let what = count(session).unwrap_or_else(|| "everything recorded".to_owned());
                return Err(Error::usage(format!("this would remove {what} in `{store}` for good"))
                    .hint("run `mltrace export > backup.ndjson` to keep it, then `mltrace clear --yes`"));
            }
        }
        mltrace_core::upkeep::clear(home)
            .map_err(|error| Error::new(Kind::Store, format!("`{store}` cannot be removed: {error}")))?;
        session.output.say(&format!("removed everything recorded in `{store}`"));
        if session.output.format == Format::Json {
            session.output.json(&Cleared { store })?;
        }
        Ok(Exit::Done)
    }
}

/// Returns how much there is, in words; `None` when the store does not tell.
fn count(session: &Session) -> Option<String> {
    let components = session.ask_at_once(|reader| reader.components(None, None)).ok()?.components;
    let runs: u64 = components.iter().map(|component| component.runs).sum();
    Some(format!("{runs} runs of {} components and all else that is recorded", components.len()))
}
