//! How long the runs of a component took: a bar each, and those that took unusually long stand out.

use maud::{Markup, html};
use mltrace_core::model::Status;
use mltrace_core::query::Run;
use mltrace_core::words;

use super::link;
use crate::moment;

/// The chart's size.
const HEIGHT: f64 = 90.0;
const BAR: f64 = 9.0;
const STEP: f64 = 12.0;
/// How many times the usual duration is slow.
const SLOW: f64 = 2.0;

/// Returns the chart of runs, newest first; nothing when there are too few to compare.
pub(super) fn durations(runs: &[&Run]) -> Markup {
    let timed: Vec<(&Run, f64)> = runs.iter().rev().filter_map(|run| Some((*run, run.duration_ms?))).collect();
    if timed.len() < 2 {
        return html! {};
    }
    let mut sorted: Vec<f64> = timed.iter().map(|(_, took)| *took).collect();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let longest = sorted.last().copied().unwrap_or_default().max(f64::MIN_POSITIVE);
    let slow = timed.iter().filter(|(_, took)| is_slow(*took, usual)).count();
    let (width, bottom) = (timed.len() as f64 * STEP + 4.0, HEIGHT + 14.0);
    let summary =
        format!("The last {} runs, usually {}; {slow} took more than twice as long", timed.len(), words::span(usual));
    html! {
        figure.chart {
            svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (bottom + 4.0) } width=(width) height=(bottom + 4.0) role="group" aria-label=(summary) {
                @for (place, (run, took)) in timed.iter().enumerate() {
                    @let height = (took / longest * HEIGHT).max(2.0).round();
                    @let x = place as f64 * STEP + 2.0;
                    @let label = bar_label(run, *took, usual);
                    a href=(link::run(run.id)) aria-label=(label) {
                        title { (label) }
                        rect.bar.{ (run.status.as_str()) } x=(x) y=(bottom - height) width=(BAR) height=(height) {}
                        @if is_slow(*took, usual) { text.slow x=(x + BAR / 2.0) y=(bottom - height - 3.0) text-anchor="middle" { "▲" } }
                        @else if run.status != Status::Completed { text.slow x=(x + BAR / 2.0) y=(bottom - height - 3.0) text-anchor="middle" { "✗" } }
                    }
                }
            }
            figcaption { (summary) ". Oldest on the left; ▲ slow, ✗ not completed." }
        }
    }
}

fn is_slow(took: f64, usual: f64) -> bool {
    took > usual * SLOW && took > 1.0
}

fn bar_label(run: &Run, took: f64, usual: f64) -> String {
    let slow = if is_slow(took, usual) { ", slow" } else { "" };
    format!("{}: {}, {}{slow}", moment::show(run.started_at), run.status.as_str(), words::span(took))
}
