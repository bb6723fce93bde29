//! `mltrace task`: how well the outputs of a task fit what became of them.

use clap::ValueEnum;
use mltrace_core::model::Timestamp;
use mltrace_core::query::{TaskKind, TaskMetric, TaskOptions, Tasks};

use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::task;
use crate::session::Session;
use crate::time;

/// Show how well the outputs of a task fit what became of them, over windows of time
///
/// What the outputs are is seen from their values: scores from 0 to 1 of what came true (`0`, `1`, `false`, `true`), numbers, or
/// names of classes. An output counts in the window in which it was made, whenever its feedback comes; an output without
/// feedback counts in none of the metrics, and a window without feedback has none. Without a task it lists all.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace task
  mltrace task fare
  mltrace task fare --window 1d --since 30d --metric mae --metric r2
  mltrace task spam --threshold 0.8
  mltrace task rating --as classes --positive 5")]
pub(crate) struct Args {
    /// The task
    #[arg(value_name = "TASK", value_parser = crate::args::name, add = complete::tasks())]
    task: Option<String>,
    /// How long a window is, such as `1h`, `1d` or `1w`; it begins at a multiple of that since a Monday, in UTC [default: one for all]
    #[arg(long, value_name = "SPAN", value_parser = window, requires = "task")]
    window: Option<i64>,
    /// Only outputs made at or after that time: `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse, requires = "task")]
    since: Option<Timestamp>,
    /// Only outputs made before that time [default: none that is dated more than a day ahead of the clock]
    #[arg(long, value_name = "TIME", value_parser = time::parse, requires = "task")]
    until: Option<Timestamp>,
    /// Only this metric: `accuracy`, `precision`, `recall`, `f1`, `roc_auc`, `log_loss`, `mae`, `mse`, `rmse`, `median_ae`, `r2`
    #[arg(long = "metric", value_name = "NAME", value_parser = metric, requires = "task")]
    metrics: Vec<TaskMetric>,
    /// What the outputs are, where their values do not show it: whole numbers may be classes
    #[arg(long = "as", value_name = "KIND", value_enum, requires = "task")]
    kind: Option<KindArgument>,
    /// The class whose precision, recall and F1 are meant [default: the mean over all]
    #[arg(long, value_name = "CLASS", requires = "task")]
    positive: Option<String>,
    /// From which score on an output means yes [default: 0.5]
    #[arg(long, value_name = "SCORE", requires = "task")]
    threshold: Option<f64>,
}

/// What outputs are, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KindArgument {
    /// How likely something is, from 0 to 1, which came true or did not
    Scores,
    /// Numbers
    Numbers,
    /// Names of classes
    Classes,
}

fn window(text: &str) -> Result<i64, String> {
    match time::parse_span(text)? {
        0 => Err("a window lasts a second or longer".to_owned()),
        seconds => Ok(seconds),
    }
}

fn metric(text: &str) -> Result<TaskMetric, String> {
    let found = TaskMetric::ALL.into_iter().find(|metric| metric.as_str() == text);
    found.ok_or_else(|| {
        let names: Vec<&str> = TaskMetric::ALL.into_iter().map(TaskMetric::as_str).collect();
        format!("`{text}` is not one of {}", names.join(", "))
    })
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let Some(name) = &self.task else {
            #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over lifetimes")]
            let answer = session.list_at_once(Tasks::default(), |reader| reader.tasks())?;
            session.output.answer(&answer, |answer| task::all(answer, Output::columns()))?;
            return Ok(Exit::Done);
        };
        let options = TaskOptions {
            window_s: self.window,
            since: self.since,
            until: self.until,
            metrics: self.metrics.clone(),
            kind: self.kind.map(|kind| match kind {
                KindArgument::Scores => TaskKind::Scores,
                KindArgument::Numbers => TaskKind::Numbers,
                KindArgument::Classes => TaskKind::Classes,
            }),
            positive: self.positive.clone(),
            threshold: self.threshold,
        };
        let answer = session.ask_at_once(|reader| reader.task(name, &options))?;
        let is_whole = session.output.is_whole();
        session.output.answer(&answer, |answer| task::one(answer, is_whole, Output::columns()))?;
        Ok(Exit::Done)
    }
}
