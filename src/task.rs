//! What a task puts out, such as a prediction, and what became of it.

use std::fmt::Display;

use mltrace_core::model::{Record, RunId, TaskFact, TaskSide, TaskValue, task_id, task_name};
use mltrace_core::record::{OpenRun, Warning, current, is_apart, now};
use mltrace_core::redact;
use mltrace_core::values::{PANICKED, shown};

use crate::private::{ours, text_of};

/// Returns a handle on a task, which puts out values by ids and learns later what became of them.
///
/// `mltrace task NAME` says how well the two fit; the output is the artifact `NAME:ID`, to be traced and flagged.
///
/// ```no_run
/// # fn predict(_: u64) -> f64 { 0.0 }
/// let fare = mltrace::task("fare");
/// fare.output(17, predict(17));
/// // Days later, in another program:
/// fare.feedback(17, 14.5);
/// ```
#[must_use = "a task that puts out nothing records nothing"]
pub fn task(name: impl Into<String>) -> Task {
    Task { name: text_of(|| name) }
}

/// A task, by its name.
#[derive(Clone, Debug)]
pub struct Task {
    pub(crate) name: String,
}

impl Task {
    /// Records what the task puts out now, inside a run as made by that run. Of several values of one id the last counts.
    ///
    /// A value is a number, or the name of a class. What cannot be recorded is counted as lost, and said once.
    pub fn output(&self, id: impl Display, value: impl Display) {
        self.say(TaskSide::Output, id, value);
    }

    /// Records what became of an output, which may be recorded later. Of several values of one id the last counts.
    pub fn feedback(&self, id: impl Display, value: impl Display) {
        self.say(TaskSide::Feedback, id, value);
    }

    fn say(&self, side: TaskSide, id: impl Display, value: impl Display) {
        ours(
            || (),
            || {
                let recorder = crate::recorder();
                if recorder.home().is_unsettled {
                    recorder.lose(1);
                }
                if !recorder.is_enabled() {
                    return;
                }
                let (id, value) = (shown(|to| write!(to, "{id}")), shown(|to| write!(to, "{value}")));
                match self.fact(side, &id, &value) {
                    Ok(fact) => {
                        recorder.append(Record::Task(fact));
                    }
                    Err(reason) => {
                        recorder.lose(1);
                        let message = format!("an output or feedback of a task is not recorded: {reason}");
                        recorder.warn(Warning::NoOutput, &message);
                    }
                }
            },
        );
    }

    fn fact(&self, side: TaskSide, id: &str, value: &str) -> Result<TaskFact, String> {
        if [id, value].contains(&PANICKED) {
            return Err("the code that shows it panicked".to_owned());
        }
        let fact = TaskFact {
            task: task_name(&self.name)?,
            id: task_id(id)?,
            side,
            value: TaskValue::parse(value)?,
            at: now(),
            run: maker().filter(|_| side == TaskSide::Output),
        };
        // As another name it would be another output.
        [&fact.task, &fact.id].into_iter().try_for_each(|text| redact::is_kept(text))?;
        Ok(fact)
    }
}

/// Returns the run that puts something out now: the current one, else that of `mltrace run`, which started this process.
fn maker() -> Option<RunId> {
    let current = current().filter(OpenRun::is_recording).map(|run| run.id());
    current.or_else(|| crate::recorder().parent().filter(|_| !is_apart()))
}
