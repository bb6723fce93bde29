//! `mltrace health`: what takes too long, and what is late.

use mltrace_core::model::Timestamp;
use mltrace_core::query::Health;

use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::health;
use crate::session::Session;

/// Show which runs take too long and which components are late: exit code 1 when any is, for cron
///
/// A run is overdue that has not ended and runs much longer than the runs of its component usually take. A component is late
/// against its own rhythm: what begins each day is late after a day and a half; what begins by hand has no rhythm and is
/// never late. Nobody waits for a component with the tag `retired`. The list says how often each begins, how long it
/// usually takes, and how that moved.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace health
  mltrace health train predict || mail -s 'the pipeline is late' ada < /dev/null
  mltrace component old-train --tag retired")]
pub(crate) struct Args {
    /// Only these components
    #[arg(value_name = "COMPONENT", value_parser = crate::args::name, add = complete::components())]
    components: Vec<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let (now, names) = (Timestamp::now(), self.components.iter().map(String::as_str).collect::<Vec<_>>());
        let ask = |reader: &mut mltrace_core::query::Reader<'_>| reader.health(&names, now);
        let empty = Health { at: now, is_well: true, problems: Vec::new(), components: Vec::new() };
        let answer = if names.is_empty() { session.list_at_once(empty, ask)? } else { session.ask_at_once(ask)? };
        session.output.answer(&answer, |answer| health::text(answer, Output::columns()))?;
        Ok(if answer.is_well { Exit::Done } else { Exit::Wrong })
    }
}
