//! One verb, one file: its arguments, the question it asks, the answer it shows.

mod trace;

mod impact;

mod many;

mod flag;

mod unflag;

mod review;

mod diff;

mod blame;

mod last_good;

mod verify;

mod stale;

mod report;

mod recent;

mod history;

mod inspect;

mod components;

mod component;

mod tags;

mod typed;

mod measured;

mod metrics;

mod metrics_file;

mod observations;

mod spans;

mod profile;

mod checks;

mod alias;

mod gate;

mod health;

mod compare;

mod note;

mod step;

mod log;

mod log_output;

mod log_feedback;

mod told;

mod task;

mod run;

mod import;

mod import_openlineage;

mod import_otlp;

mod import_dvc;
mod import_mlflow;

mod imported;

mod export;

mod export_openlineage;

mod event_receiver;

mod export_prov;

mod serve;

mod ingest;

mod doctor;

mod conditions;
mod config;

mod clear;

mod project;

mod forget;

mod completions;

mod man;

use clap::Subcommand;

use crate::args::Format;
use crate::error::{Error, Exit};
use crate::session::Session;

/// What the user wants.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Trace(trace::Args),
    Impact(impact::Args),
    Flag(flag::Args),
    Unflag(unflag::Args),
    Review(review::Args),
    Diff(diff::Args),
    Blame(blame::Args),
    LastGood(last_good::Args),
    Verify(verify::Args),
    Stale(stale::Args),
    Report(report::Args),
    Recent(recent::Args),
    History(history::Args),
    Inspect(inspect::Args),
    Components(components::Args),
    Component(component::Args),
    Tags(tags::Args),
    Metrics(metrics::Args),
    Observations(observations::Args),
    Profile(profile::Args),
    Checks(checks::Args),
    Compare(compare::Args),
    Gate(gate::Args),
    Health(health::Args),
    Alias(alias::Args),
    Note(note::Args),
    Task(task::Args),
    Log(log::Args),
    LogOutput(log_output::Args),
    LogFeedback(log_feedback::Args),
    Run(run::Args),
    Import(import::Args),
    Export(export::Args),
    Serve(serve::Args),
    Ingest(ingest::Args),
    Doctor(doctor::Args),
    Config(config::Args),
    Forget(forget::Args),
    Project(project::Args),
    Clear(clear::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    /// Does what the user wants.
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let is_drawing = matches!(session.output.format, Format::Dot | Format::Mermaid);
        if is_drawing && !matches!(self, Self::Trace(_)) {
            return Err(Error::usage("only `mltrace trace` can be drawn")
                .hint("run it with `--format text` or `--format json`"));
        }
        match self {
            Self::Trace(args) => args.run(session),
            Self::Impact(args) => args.run(session),
            Self::Flag(args) => args.run(session),
            Self::Unflag(args) => args.run(session),
            Self::Review(args) => args.run(session),
            Self::Diff(args) => args.run(session),
            Self::Blame(args) => args.run(session),
            Self::LastGood(args) => args.run(session),
            Self::Verify(args) => args.run(session),
            Self::Stale(args) => args.run(session),
            Self::Report(args) => args.run(session),
            Self::Recent(args) => args.run(session),
            Self::History(args) => args.run(session),
            Self::Inspect(args) => args.run(session),
            Self::Components(args) => args.run(session),
            Self::Component(args) => args.run(session),
            Self::Tags(args) => args.run(session),
            Self::Metrics(args) => args.run(session),
            Self::Observations(args) => args.run(session),
            Self::Profile(args) => args.run(session),
            Self::Checks(args) => args.run(session),
            Self::Compare(args) => args.run(session),
            Self::Health(args) => args.run(session),
            Self::Gate(args) => args.run(session),
            Self::Alias(args) => args.run(session),
            Self::Note(args) => args.run(session),
            Self::Task(args) => args.run(session),
            Self::Log(args) => args.run(session),
            Self::LogOutput(args) => args.run(session),
            Self::LogFeedback(args) => args.run(session),
            Self::Run(args) => args.run(session),
            Self::Import(args) => args.run(session),
            Self::Export(args) => args.run(session),
            Self::Serve(args) => args.run(session),
            Self::Ingest(args) => args.run(session),
            Self::Doctor(args) => args.run(session),
            Self::Config(args) => args.run(session),
            Self::Forget(args) => args.run(session),
            Self::Project(args) => args.run(session),
            Self::Clear(args) => args.run(session),
            Self::Completions(args) => args.run(session),
            Self::Man(args) => args.run(session),
        }
    }
}
