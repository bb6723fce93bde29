//! `mltrace log-output`: what a task put out.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;

use mltrace_core::model::{Status, TaskSide, TaskValue, Timestamp};
use mltrace_core::record::{OpenRun, Opening};

use super::told::{self, Told};
use super::typed::all;
use crate::args;
use crate::complete;
use crate::error::{Error, Exit};
use crate::session::Session;
use crate::time;

/// Log what a task put out, such as a prediction, by an id that its feedback will name
///
/// Of several values of one id the one of the latest time counts. The output is the artifact `TASK:ID` from then on: trace and
/// flag it as any other. `--from` takes a CSV file with the columns `id` and `value`, and perhaps `at` and `run`, or JSON lines
/// with these fields; `mltrace import` takes lines of several tasks.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace log-output fare 17 12.5
  mltrace log-output fare 17 12.5 --input model.pkl       made by a run of `fare` that read the model
  mltrace log-output fare 17 12.5 --run 019a57d0 --at '2021-05-02 12:07'
  mltrace log-output fare --from predictions.csv --run latest
  mltrace log-feedback fare 17 14
  mltrace task fare --window 1d")]
pub(crate) struct Args {
    /// The task: a name without blanks, `@`, `:`, `/`, `*` and `?`
    #[arg(value_name = "TASK", value_parser = mltrace_core::model::task_name, add = complete::tasks())]
    task: String,
    /// Which of its outputs
    #[arg(value_name = "ID", value_parser = told::id, required_unless_present = "from", requires = "value")]
    id: Option<String>,
    /// What it put out: a number, or the name of a class
    #[arg(value_name = "VALUE", value_parser = told::value, allow_negative_numbers = true)]
    value: Option<TaskValue>,
    /// When it was put out: `2021-05-02T12:07:26Z`, `2021-05-02 12:07`, `2h` ago [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    at: Option<Timestamp>,
    /// The run that put it out: its id, a unique start or end of it, or `latest` [default: inside `mltrace run` that run]
    #[arg(long, value_name = "RUN", value_parser = args::name, add = complete::runs())]
    run: Option<String>,
    /// What it was made from: a run of a component that is called as the task, which read these, is logged too
    #[arg(short, long = "input", value_name = "ARTIFACT", num_args = 1.., conflicts_with = "run", add = complete::artifacts_and_files())]
    inputs: Vec<OsString>,
    /// Take all outputs of this file, or of stdin where it is `-`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "value"], value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    /// Take times more than a day ahead of the clock, too; what is dated so is the last word until then
    #[arg(long)]
    allow_future: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let at = self.at.unwrap_or_else(Timestamp::now);
        told::check_time(self.allow_future, at)?;
        let inputs = all("--input", &self.inputs, args::artifact)?;
        let run = match &self.run {
            Some(run) => Some(session.ask_at_once(|reader| reader.run_id(run))?),
            // Inside `mltrace run` the run made it, as it is the parent of what is logged there.
            None if inputs.is_empty() => session.recorder().parent(),
            None => {
                session.check_place()?;
                let component = Cow::Owned(self.task.clone());
                let opening = Opening { component, inputs, started_at: Some(at), ..Opening::default() };
                let run = OpenRun::begin(session.recorder(), opening);
                if !run.end(Status::Completed, None, Some(at)) {
                    return Err(session.unrecorded("the output is not logged"));
                }
                Some(run.id())
            }
        };
        let told = Told { task: &self.task, side: TaskSide::Output, at, run };
        let one = self.id.as_deref().zip(self.value.as_ref());
        let exit = told.log(session, one, self.from.as_deref(), self.allow_future)?;
        if !self.inputs.is_empty() {
            session.finish_run(None);
        }
        Ok(exit)
    }
}
