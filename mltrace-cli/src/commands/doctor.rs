//! `mltrace doctor`: whether everything is in order.

use mltrace_core::store::Mode;
use mltrace_core::upkeep;

use crate::error::{Error, Exit};
use crate::render::doctor;
use crate::session::Session;

/// Check the store and the journals
///
/// Says what is fine and what is wrong; the exit code is 1 when something is wrong. Nothing is repaired.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Compare every row and every index of the store, and read every record that waits
    #[arg(long)]
    full: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        // What processes left behind in good order is no finding; what keeps it from being stored is found below.
        if session.home.journal().exists() {
            let _ = session.open_and_fold(Mode::Write);
        }
        let mut checkup = upkeep::doctor(&session.home, self.full);
        checkup.wrong.extend(session.home.warnings.iter().cloned());
        session.output.answer(&checkup, doctor::text)?;
        Ok(if checkup.wrong.is_empty() { Exit::Done } else { Exit::Wrong })
    }
}
