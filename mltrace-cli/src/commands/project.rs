//! `mltrace project`: the projects of a store that several share.

use clap::Subcommand;
use mltrace_core::escape::line;
use mltrace_core::ingest;
use mltrace_core::query::{Project, Projects};
use mltrace_core::store::Mode;
use serde::Serialize;

use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::table;
use crate::session::Session;
use crate::time;

/// List the projects of a store, or join two that are one
///
/// In a store that several folders share (`MLTRACE_DB`) a project is identified by `project` in its `mltrace.toml`, else by its
/// repository (the remote `origin` and the folder in it), else by its host and folder. Two checkouts of a repository are one
/// project, and two folders of one name are two.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace project list
  mltrace project merge taxi-old taxi")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
enum Action {
    /// Show the projects of the store, by name
    List,
    /// Take all that is recorded of one project into another
    ///
    /// What both know by one name is one thing from then on, and the former name means the other project. This cannot be
    /// undone: `mltrace export --all-projects` first keeps what is there.
    Merge {
        /// The project that is no other
        #[arg(value_name = "OLD", value_parser = crate::args::name)]
        old: String,
        /// The project that it is
        #[arg(value_name = "NEW", value_parser = crate::args::name)]
        new: String,
    },
}

/// The answer of `merge`.
#[derive(Serialize)]
struct Merged {
    project: String,
    runs: u64,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        match &self.action {
            Action::List => list(session),
            Action::Merge { old, new } => merge(session, old, new),
        }
    }
}

fn list(session: &Session) -> Result<Exit, Error> {
    let projects = session.list(Vec::new(), |reader| Ok(reader.projects()?.projects))?;
    let answer = Projects { projects };
    session.output.answer(&answer, |answer| {
        let rows = answer.projects.iter().map(row);
        table::draw(["PROJECT", "RUNS", "LAST RUN", "TOLD BY", "ONCE CALLED"], rows, Output::columns())
    })?;
    Ok(Exit::Done)
}

fn row(project: &Project) -> [String; 5] {
    let this = if project.is_this { " (this one)" } else { "" };
    [
        format!("{}{this}", project.name),
        project.runs.to_string(),
        project.last_run_at.map(time::show).unwrap_or_default(),
        project.identity.clone().unwrap_or_else(|| "its name".to_owned()),
        project.former_names.join(", "),
    ]
}

fn merge(session: &Session, old: &str, new: &str) -> Result<Exit, Error> {
    let (from, into) = session.ask(|reader| Ok((reader.project_called(old)?, reader.project_called(new)?)))?;
    if from == into {
        return Err(Error::usage(format!("`{old}` and `{new}` are one project already")));
    }
    let (mut store, _) = session.open_and_fold(Mode::Write)?;
    ingest::join(&mut *store, from, into)?;
    let project = session.ask_store(&mut *store, |reader| reader.about_project(into))?;
    let answer = Merged { project: project.name, runs: project.runs };
    session.output.answer(&answer, |answer| {
        format!("`{}` is `{}` now, with {} runs\n", line(old), line(&answer.project), answer.runs)
    })?;
    Ok(Exit::Done)
}
