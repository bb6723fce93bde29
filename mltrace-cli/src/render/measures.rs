//! Metrics and checks, of one run and of many.

use mltrace_core::model::Outcome;
use mltrace_core::query::{Check, Checks, Metric, MetricSeries, Metrics};
use mltrace_core::words;

use super::{paint, table};
use crate::escape::{block, line};
use crate::time;

/// How many values a curve shows: those of the last runs.
const POINTS: usize = 24;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

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
        let of = |place: usize| {
            let value = series.values.iter().rev().nth(place);
            value.map(|value| value.value.to_string()).unwrap_or_default()
        };
        [series.component.clone(), named(series), of(0), of(1), series.values.len().to_string(), curve(series)]
    });
    let mut text = table::draw(["COMPONENT", "METRIC", "LAST", "BEFORE", "RUNS", "TREND"], rows, columns);
    if answer.is_cut {
        text.push_str(words::OLDER_LEFT_OUT);
        text.push('\n');
    }
    text
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

fn named(series: &MetricSeries) -> String {
    match &series.about {
        Some(about) => format!("{} of {about}", series.name),
        None => series.name.clone(),
    }
}

/// Returns a curve of the last values, each as high as it stands between the least and the greatest; what is no number is
/// a blank.
fn curve(series: &MetricSeries) -> String {
    let first = series.values.len().saturating_sub(POINTS);
    let values: Vec<f64> = series.values.iter().skip(first).map(|value| value.value.value()).collect();
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (least, greatest) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let bar = |value: &f64| {
        if !value.is_finite() {
            return ' ';
        }
        // The difference of halves is never larger than a float can be.
        let [value, least, greatest] = [*value, least, greatest].map(|number| number / 2.0);
        let share = if greatest > least { (value - least) / (greatest - least) } else { 0.5 };
        let place = (share * 7.0).round().clamp(0.0, 7.0) as usize;
        BARS.get(place).copied().unwrap_or(' ')
    };
    values.iter().map(bar).collect()
}
