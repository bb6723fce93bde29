//! `mltrace forget`: a run, taken back.

use mltrace_core::model::{Forget, Record, RunId, Timestamp};
use serde::Serialize;

use crate::args::Format;
use crate::complete;
use crate::error::{Error, Exit};
use crate::session::Session;

/// Forget a run, as if it had never been recorded
///
/// Its inputs, outputs, parameters and notes are removed for good, and what it explained has an unknown writer again. Its
/// id stays, so that nothing told of the run later brings it back. Verdicts on what it wrote stay too. Without `--yes`,
/// says what would be removed. The artifacts themselves are not touched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace forget latest
  mltrace forget 3f1d5c0b --yes")]
pub(crate) struct Args {
    /// The run: its id, a unique start or end of it, or `latest`
    #[arg(value_name = "RUN", value_parser = crate::args::name, add = complete::runs())]
    run: String,
    /// Do it
    #[arg(long)]
    yes: bool,
}

/// The answer of `forget`.
#[derive(Serialize)]
struct Forgotten {
    run: RunId,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let run = session.ask(|reader| reader.inspect(&self.run))?;
        let what = format!("run {} of `{}`", run.id.short(), run.component);
        if !self.yes {
            let (inputs, outputs) = (run.inputs.len(), run.outputs.len());
            let edges = format!("with its {inputs} inputs and {outputs} outputs");
            return Err(Error::usage(format!("this would remove {what}, {edges}, for good")).hint(format!(
                "run `mltrace export > backup.ndjson` to keep it, then `mltrace forget {} --yes`",
                run.id
            )));
        }
        session.record(vec![Record::Forget(Forget { run: run.id, at: Timestamp::now() })])?;
        session.output.say(&format!("forgot {what}"));
        if session.output.format == Format::Json {
            session.output.json(&Forgotten { run: run.id })?;
        }
        Ok(Exit::Done)
    }
}
