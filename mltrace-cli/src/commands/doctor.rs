//! `mltrace doctor`: whether everything is in order.

use mltrace_core::store::{self, Mode};
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
    /// Count what is recorded of each project of a store that several share, not of this one alone
    #[arg(long)]
    all_projects: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        // What processes left behind in good order is no finding; what keeps it from being stored is found below.
        if session.home.journal().exists() {
            let _ = session.open_and_fold(Mode::Write);
        }
        let mut checkup = upkeep::doctor(&session.home, self.full);
        checkup.fine.extend(self.counts(session));
        checkup.wrong.extend(session.home.warnings.iter().cloned());
        session.output.answer(&checkup, doctor::text)?;
        Ok(if checkup.wrong.is_empty() { Exit::Done } else { Exit::Wrong })
    }

    /// Says how much is recorded of this project, or of each, where several share the store.
    fn counts(&self, session: &Session) -> Vec<String> {
        let asked = store::open(&session.home, Mode::Read).map_err(Error::from);
        let asked =
            asked.and_then(|mut store| session.ask_store(&mut *store, |reader| Ok(reader.projects()?.projects)));
        let projects = asked.unwrap_or_default();
        let several = projects.len() > 1;
        let shown = projects.iter().filter(|project| several && (self.all_projects || project.is_this));
        let mut told: Vec<String> = shown
            .map(|project| {
                let this = if project.is_this { "this project" } else { "the project" };
                format!("{this} `{}`: {} runs", project.name, project.runs)
            })
            .collect();
        if several && !self.all_projects {
            told.push(format!("{} projects share the store: run `mltrace project list`", projects.len()));
        }
        told
    }
}
