//! Metrics and checks, of one run and of many.

use mltrace_core::model::Outcome;
use mltrace_core::query::{Check, Checks, Metric, MetricSeries, Metrics};
use mltrace_core::words;

use super::{paint, table};
use crate::escape::{block, line};
use crate::time;

/// Returns the metrics of a run, a line each: of many steps the last, and how many there are.
pub(super) fn metrics(metrics: &[Metric]) -> impl Iterator<Item = String> + '_ {
    metrics.chunk_by(|one, other| (&one.name, &one.about) == (&other.name, &other.about)).filter_map(|all| {
        let last = all.iter().max_by_key(|metric| (metric.step, metric.at))?;
        let of = last.about.as_ref().map(|about| format!(" of {}", line(about.as_str()))).unwrap_or_default();
        let step = last.step.map(|step| format!(", at step {step}")).unwrap_or_default();
        let more = if all.len() > 1 { format!(", the last of {} values", all.len()) } else { String::new() };
        let detail = paint::paint(paint::FAINT, format!("{step}{more}"));
        Some(format!("{}{of} = {}{detail}", line(&last.name), line(last.value.as_str())))
    })
}

/// Returns the checks of a run, a line each.
pub(super) fn checks(checks: &[Check]) -> impl Iterator<Item = String> + '_ {
    checks.iter().map(|check| {
        let of = check.about.as_ref().map(|about| format!(" of {}", line(about.as_str()))).unwrap_or_default();
        let style = match check.outcome {
            Outcome::Passed => paint::GOOD,
            _ if check.is_warning() => paint::WARNING,
            _ => paint::BAD,
        };
        let message = check.message.as_ref().map(|text| format!(": {}", block(text))).unwrap_or_default();
        format!("{}{of} {}{message}", line(&check.name), paint::paint(style, came_out(check)))
    })
}

/// Returns what was measured, with a curve of the last runs.
pub(crate) fn all_metrics(answer: &Metrics, columns: Option<u16>) -> String {
    if answer.metrics.is_empty() {
        return "no metrics\n".to_owned();
    }
    let rows = answer.metrics.iter().map(|series| {
        let [metric, last, before, runs, trend] = row(series);
        [series.component.clone(), metric, last, before, runs, trend]
    });
    let mut text = table::draw(["COMPONENT", "METRIC", "LAST", "BEFORE", "RUNS", "TREND"], rows, columns);
    if answer.is_cut {
        text.push_str(words::OLDER_LEFT_OUT);
        text.push('\n');
    }
    text
}

/// Returns what was measured of runs of one component, with a curve of the last ones.
pub(super) fn of_component(metrics: &[MetricSeries], columns: Option<u16>) -> String {
    table::draw(["METRIC", "LAST", "BEFORE", "RUNS", "TREND"], metrics.iter().map(row), columns)
}

/// Returns a metric, its last two values, of how many runs it is, and its curve.
fn row(series: &MetricSeries) -> [String; 5] {
    let [last, before] = [0, 1].map(|back| series.value(back).map(ToString::to_string).unwrap_or_default());
    [series.named(), last, before, series.values.len().to_string(), series.trend()]
}

/// Returns how checks came out, the newest run first.
pub(crate) fn all_checks(answer: &Checks, columns: Option<u16>) -> String {
    if answer.checks.is_empty() {
        return "no checks\n".to_owned();
    }
    let rows = answer.checks.iter().map(|of| {
        let about = of.check.about.as_ref().map(|about| format!(" of {about}")).unwrap_or_default();
        [
            of.run.short(),
            of.component.clone(),
            format!("{}{about}", of.check.name),
            came_out(&of.check),
            time::show(of.check.at),
            of.check.message.clone().unwrap_or_default(),
        ]
    });
    let mut text = table::draw(["RUN", "COMPONENT", "CHECK", "OUTCOME", "AT", "MESSAGE"], rows, columns);
    if answer.is_cut {
        text.push_str(words::OLDER_LEFT_OUT);
        text.push('\n');
    }
    text
}

/// Returns how a check came out, in words.
fn came_out(check: &Check) -> String {
    words::outcome(check.outcome.as_str(), check.is_warning())
}
