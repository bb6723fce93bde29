//! `mltrace log-feedback`: what became of an output of a task.

use std::path::PathBuf;

use mltrace_core::model::{TaskSide, TaskValue, Timestamp};

use super::told::{self, Told};
use crate::complete;
use crate::error::{Error, Exit};
use crate::session::Session;
use crate::time;

/// Log what became of an output of a task, by its id
///
/// It may come late, before its output, and more than once: the one of the latest time counts. `--from` takes a CSV file with
/// the columns `id` and `value`, and perhaps `at`, or JSON lines with these fields.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace log-feedback fare 17 14
  mltrace log-feedback spam mail-3 true --at '2021-05-02 12:07'
  mltrace log-feedback fare --from fares.csv
  mltrace task fare --window 1d")]
pub(crate) struct Args {
    /// The task
    #[arg(value_name = "TASK", value_parser = mltrace_core::model::task_name, add = complete::tasks())]
    task: String,
    /// Which of its outputs
    #[arg(value_name = "ID", value_parser = told::id, required_unless_present = "from", requires = "value")]
    id: Option<String>,
    /// What became of it: a number, or the name of a class
    #[arg(value_name = "VALUE", value_parser = told::value, allow_negative_numbers = true)]
    value: Option<TaskValue>,
    /// When that was known: `2021-05-02T12:07:26Z`, `2021-05-02 12:07`, `2h` ago [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    at: Option<Timestamp>,
    /// Take all feedback of this file, or of stdin where it is `-`
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
        let told = Told { task: &self.task, side: TaskSide::Feedback, at, run: None };
        let one = self.id.as_deref().zip(self.value.as_ref());
        told.log(session, one, self.from.as_deref(), self.allow_future)
    }
}
