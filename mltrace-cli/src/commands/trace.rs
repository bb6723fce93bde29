//! `mltrace trace`: how an artifact came to be.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{Reader, Run, Timing, Trace, TraceOptions};
use serde::Serialize;

use crate::args::Format;
use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::{dot, health, mermaid, trace};
use crate::session::Session;
use crate::time;

/// How many readers of an artifact that nobody wrote are named.
const MOST_READERS: usize = 5;
/// How many runs are named that were to write it and did not.
const MOST_CLAIMS: usize = 3;

/// Trace an artifact back to the runs and artifacts that it was made from
///
/// Prints a tree: the component that wrote the artifact, what that run wrote, then the runs that wrote what it read, and
/// so on up to the first ones. A run that is met again is shown once and marked `(*)`. Marks in brackets say what is
/// unusual: a run that failed or was stale, an input that somebody unknown changed, an output that somebody flagged.
/// Of a local file the version that lies on disk is traced, if it was recorded; a line says so where that is not the
/// last one, which `@latest` names. A file under a name that nobody recorded is traced by its content.
/// An input that no recorded run wrote is a leaf with a mark: there the record ends; `--quiet` leaves these out.
/// A tree that grows too deep goes on at the left margin under a number. `--verbose` adds the ids and times of the runs,
/// the versions, and how each input was bound to the run that wrote it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace trace out/model.json                the latest version
  mltrace trace out/model.json@b3:4e7a        another version, by the start of its id
  mltrace trace out/model.json --as-of 2d     what was current two days ago
  mltrace trace out/model.json --depth 1      only the run that wrote it and the runs before
  mltrace trace out/model.json --timing       the critical path, and what is usual
  mltrace trace out/model.json --format dot | dot -Tsvg > trace.svg")]
pub(crate) struct Args {
    /// The artifact: a path, a URI or an identifier, and the version if not the latest
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifact: String,
    /// Follow at most so many steps
    #[arg(long, value_name = "N")]
    depth: Option<u32>,
    /// Trace what was current at that time: `2021-05-02T12:07:26Z`, `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    as_of: Option<Timestamp>,
    /// Show where the time went: the runs of which each is what the next one waited for longest
    #[arg(long)]
    timing: bool,
}

/// A trace with where it spent its time.
#[derive(Serialize)]
struct Timed<'t> {
    #[serde(flatten)]
    trace: &'t Trace,
    timing: &'t Timing,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        if self.timing && matches!(session.output.format, Format::Dot | Format::Mermaid) {
            return Err(Error::usage("`--timing` is not drawn").hint("run it with `--format text` or `--format json`"));
        }
        let options = TraceOptions { depth: self.depth, as_of: self.as_of, ..TraceOptions::default() };
        let question = |reader: &mut Reader<'_>, artifact: &str| {
            let answer = reader.trace(artifact, &options)?;
            let readers: Result<Vec<Run>, _> =
                answer.read_by.iter().take(MOST_READERS).map(|run| reader.inspect(&run.to_string())).collect();
            let claims = if answer.runs.is_empty() { reader.claims(artifact, MOST_CLAIMS)? } else { Vec::new() };
            let timing = if self.timing { Some(reader.timing(&answer)?) } else { None };
            Ok((answer, readers?, claims, timing))
        };
        // What lies on disk now says nothing of another moment.
        let (answer, readers, claims, timing) = match self.as_of {
            Some(_) => session.ask(|reader| question(reader, &self.artifact))?,
            None => session.ask_of(&self.artifact, question)?,
        };
        let output = &session.output;
        match output.format {
            Format::Json => match &timing {
                Some(timing) => output.json(&Timed { trace: &answer, timing })?,
                None => output.json(&answer)?,
            },
            Format::Dot => output.text(&dot::trace(&answer))?,
            Format::Mermaid => output.text(&mermaid::trace(&answer))?,
            Format::Text => {
                output.text(&trace::text(&answer, &readers, &claims, output.talk))?;
                output.text(&timing.map(|timing| health::timing(&timing, Output::columns())).unwrap_or_default())?;
                if answer.is_cut {
                    output.say("runs further up are left out: raise `--depth` to see them");
                }
            }
        }
        Ok(Exit::Done)
    }
}
