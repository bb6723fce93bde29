//! `mltrace clear`: everything recorded of a project, removed.

use std::path::Path;

use mltrace_core::ingest;
use mltrace_core::store::{self, Mode, ProjectKey, StoreError};
use mltrace_core::upkeep;
use serde::Serialize;

use crate::args::Format;
use crate::error::{Error, Exit, Kind};
use crate::session::Session;

/// Clear the store and the journals
///
/// Everything recorded is removed for good: export it first if it may be needed again. Without `--yes`, says what would
/// be removed. The artifacts themselves are not touched. Of a store that several projects share, this one alone is removed,
/// or all with `--all-projects`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace export > backup.ndjson && mltrace clear --yes
  mltrace export --all-projects > backup.ndjson && mltrace clear --all-projects --yes")]
pub(crate) struct Args {
    /// Do it
    #[arg(long)]
    yes: bool,
    /// Remove all projects of a store that several share, not this one alone
    #[arg(long)]
    all_projects: bool,
}

/// The answer of `clear`.
#[derive(Serialize)]
struct Cleared {
    store: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
}

/// What would be removed.
struct Scope {
    /// The project that is meant; `None`: all that there is.
    project: Option<(ProjectKey, String)>,
    /// How much that is, in words.
    words: String,
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
            _ => {}
        }
        if !upkeep::is_anything_recorded(home) {
            return session.nothing_there().map(|()| Exit::Done);
        }
        let scope = self.scope(session)?;
        if !self.yes {
            let all = if self.all_projects { " --all-projects" } else { "" };
            let hint = format!("run `mltrace export{all} > backup.ndjson` to keep it, then `mltrace clear{all} --yes`");
            return Err(Error::usage(format!("this would remove {} in `{store}` for good", scope.words)).hint(hint));
        }
        let project = match scope.project {
            Some((key, name)) => {
                let (mut store, _) = session.open_and_fold(Mode::Write)?;
                ingest::remove(&mut *store, key)?;
                drop(store);
                upkeep::clear_copies(home).map_err(|error| not_removed(&home.store.to_string(), &error))?;
                session.output.say(&format!("removed everything recorded of the project `{name}`"));
                Some(name)
            }
            None => {
                upkeep::clear(home).map_err(|error| not_removed(&store, &error))?;
                session.output.say(&format!("removed everything recorded in `{store}`"));
                None
            }
        };
        if session.output.format == Format::Json {
            session.output.json(&Cleared { store, project })?;
        }
        Ok(Exit::Done)
    }

    /// Returns what would be removed: nothing that its count does not cover.
    fn scope(&self, session: &Session) -> Result<Scope, Error> {
        let store = &session.home.store;
        let asked = session.ask_at_once(|reader| {
            let components = reader.components(None, None)?.components.len();
            Ok((reader.projects()?.projects, reader.this_project()?, components, reader.other_project()?.is_some()))
        });
        let (projects, this, components, is_others) = match asked {
            Ok(asked) => asked,
            Err(_)
                if !self.all_projects && session.home.identity.is_some() && store.file().is_some_and(Path::exists) =>
            {
                let error = Error::new(Kind::Store, format!("it cannot be told whose runs `{store}` holds"));
                return Err(error.hint("run `mltrace doctor`; `mltrace clear --all-projects` removes all there is"));
            }
            Err(_) => return Ok(Scope { project: None, words: "everything recorded".to_owned() }),
        };
        if self.all_projects && (projects.len() > 1 || is_others) {
            let runs: u64 = projects.iter().map(|project| project.runs).sum();
            let count = if projects.len() == 1 { "project" } else { "projects" };
            let words = format!("{runs} runs of {} {count} and all else that is recorded", projects.len());
            return Ok(Scope { project: None, words });
        }
        let own = projects.iter().find(|project| project.is_this);
        let runs = own.map_or(0, |project| project.runs);
        let words = format!("{runs} runs of {components} components");
        // A store that holds one project alone answers for it; anyone who shares that store may be another.
        let is_others = is_others && session.home.identity.is_some();
        let (words, project) = match own.zip(this).filter(|_| !is_others) {
            _ if projects.len() <= 1 && !is_others => (words, None),
            Some((own, key)) => (format!("{words} of the project `{}`", own.name), Some((key, own.name.clone()))),
            None => {
                let message = format!("nothing of the project `{}` is recorded in `{store}`", session.home.project);
                return Err(Error::new(Kind::NotFound, message).hint("run `mltrace project list` to see what is"));
            }
        };
        Ok(Scope { project, words: format!("{words} and all else that is recorded") })
    }
}

fn not_removed(store: &str, error: &std::io::Error) -> Error {
    Error::new(Kind::Store, format!("`{store}` cannot be removed: {error}"))
}
