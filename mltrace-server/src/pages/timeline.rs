//! A trace over time: a row a run, with its bar; what the end waited for is bold, and times without a run are cut short.

use std::collections::HashMap;

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{RunId, Timestamp};
use mltrace_core::query::{Run, TimedRun, Timing, Trace};
use mltrace_core::words;

use super::parts;
use super::trace::Here;
use super::window::tenth;
use crate::moment;

/// How many rows there are, and how many where every run is asked for.
const MOST_ROWS: usize = 300;
const MOST_ROWS_OF_ALL: usize = 4000;
/// A time without a run is cut short when it is longer than this share of all times with one.
const LONG: f64 = 0.15;
/// How wide all such times are together at most, and each of them, in hundredths of the whole.
const CUT: f64 = 40.0;
const EACH: f64 = 6.0;
/// How wide a bar is at least, in hundredths.
const LEAST: f64 = 0.4;
/// How far the moments at the top are apart at least, in hundredths.
const APART: f64 = 14.0;

/// Shows the runs of a trace in the order in which they began.
pub(super) fn shown(trace: &Trace, timing: &Timing, place: &Here<'_>, at: Option<RunId>, is_whole: bool) -> Markup {
    let most = if is_whole { MOST_ROWS_OF_ALL } else { MOST_ROWS };
    let now = Timestamp::now();
    let mut runs: Vec<&Run> = trace.runs.iter().take(most).map(|step| &step.run).collect();
    runs.sort_by_key(|run| (run.started_at, run.id));
    let spans: Vec<(f64, f64)> = runs.iter().map(|run| span(run, now)).collect();
    let axis = Axis::of(&spans);
    let path: HashMap<RunId, &TimedRun> = timing.critical_path.iter().map(|timed| (timed.run, timed)).collect();
    html! {
        p.quiet-text {
            (words::counted(trace.runs.len(), "run")) " in " (words::span(timing.span_ms)) ": for "
            (words::span(timing.running_ms)) " something ran that the end waited for"
            @if timing.waiting_ms >= 1.0 { ", for " (words::span(timing.waiting_ms)) " nothing did" }
            ". The bold bars are the critical path."
        }
        @if runs.len() < trace.runs.len() {
            p.notice { "The " (runs.len()) " nearest of " (trace.runs.len()) " runs. " @if !is_whole { a href=(place.with(&[("all", "1")])) { "Show every run" } } }
        }
        div.timeline {
            div.moments aria-hidden="true" { span {} (axis.moments()) span {} }
            ol { @for (run, (begin, end)) in runs.iter().zip(&spans) {
                li.on-path[path.contains_key(&run.id)].focus[at == Some(run.id)] data-row="" {
                    a.who href=(place.with(&[("at", &run.id.to_string())])) title=(escape::line(&run.component)) {
                        span class={ "sign " (run.status.as_str()) } { (parts::sign(run.status)) span.quiet { " " (run.status.as_str()) } }
                        " " (parts::name(&run.component))
                    }
                    (axis.bar(run, (*begin, *end), path.get(&run.id).copied()))
                    span.number {
                        @match run.duration_ms { Some(took) => (words::span(took)), None => (run.status.as_str()) }
                        @if let Some(timed) = path.get(&run.id) {
                            span.quiet { ", on the critical path" }
                            @if timed.is_unusual { " " span.weak title=[timed.usual.map(|usual| format!("usually {}", usual.says()))] { "unusual" } }
                        }
                    }
                }
            } }
        }
    }
}

/// Returns when a run began and ended, in milliseconds. One that runs has not ended; of one that died nobody knows when.
fn span(run: &Run, now: Timestamp) -> (f64, f64) {
    let at = |moment: Timestamp| moment.0 as f64 / 1e3;
    let begin = at(run.started_at);
    let end = match (run.ended_at, run.duration_ms) {
        (Some(end), _) => at(end),
        (None, Some(took)) => begin + took,
        (None, None) if run.status == mltrace_core::model::Status::Running => at(now),
        (None, None) => run.last_seen.map_or(begin, at),
    };
    (begin, end.max(begin))
}

/// Where moments stand between left and right: times with runs to scale, long times without any cut short.
struct Axis {
    /// From when to when, and from where to where in hundredths; in order, one after the other.
    pieces: Vec<Piece>,
}

struct Piece {
    time: (f64, f64),
    place: (f64, f64),
    is_cut: bool,
}

impl Axis {
    fn of(spans: &[(f64, f64)]) -> Self {
        // They come in the order in which they began.
        let mut busy: Vec<(f64, f64)> = Vec::new();
        for (begin, end) in spans {
            match busy.last_mut() {
                Some(last) if *begin <= last.1 => last.1 = last.1.max(*end),
                _ => busy.push((*begin, *end)),
            }
        }
        let ran: f64 = busy.iter().map(|(begin, end)| end - begin).sum::<f64>().max(1.0);
        let mut parts: Vec<((f64, f64), bool)> = Vec::new();
        for (begin, end) in busy {
            if let Some(((_, before), _)) = parts.last().copied() {
                let is_long = begin - before > ran * LONG;
                match parts.last_mut() {
                    // A short time without a run is to scale, and no piece of its own.
                    Some(((_, until), false)) if !is_long => {
                        *until = end;
                        continue;
                    }
                    _ => parts.push(((before, begin), true)),
                }
            }
            parts.push(((begin, end), false));
        }
        let cuts = parts.iter().filter(|(_, is_cut)| *is_cut).count() as f64;
        let cut = if cuts > 0.0 { EACH.min(CUT / cuts) } else { 0.0 };
        let whole: f64 = parts.iter().filter(|(_, is_cut)| !is_cut).map(|((begin, end), _)| end - begin).sum();
        let busy = parts.len() as f64 - cuts;
        let left = 100.0 - cuts * cut;
        let mut x = 0.0;
        let piece = |(time, is_cut): ((f64, f64), bool)| {
            let share = if whole > 0.0 { (time.1 - time.0) / whole } else { 1.0 / busy };
            let from = x;
            x += if is_cut { cut } else { left * share };
            Piece { time, place: (from, x), is_cut }
        };
        Self { pieces: parts.into_iter().map(piece).collect() }
    }

    /// Returns where a moment stands.
    fn place(&self, moment: f64) -> f64 {
        let piece = self.pieces.iter().find(|piece| moment <= piece.time.1).or(self.pieces.last());
        piece.map_or(0.0, |Piece { time, place, .. }| {
            let share = if time.1 > time.0 { ((moment - time.0) / (time.1 - time.0)).clamp(0.0, 1.0) } else { 0.0 };
            place.0 + (place.1 - place.0) * share
        })
    }

    /// Shows the moments at which pieces begin, as far as there is room, and how long the times are that were cut short.
    fn moments(&self) -> Markup {
        let mut last = f64::NEG_INFINITY;
        let begins = self.pieces.iter().filter(|piece| !piece.is_cut).filter(|piece| {
            let is_room = piece.place.0 - last >= APART && piece.place.0 < 100.0 - APART / 2.0;
            last = if is_room { piece.place.0 } else { last };
            is_room
        });
        html! {
            svg.scale width="100%" height="20" {
                @for piece in begins {
                    line x1={ (tenth(piece.place.0)) "%" } x2={ (tenth(piece.place.0)) "%" } y1="4" y2="20" {}
                    text x={ (tenth(piece.place.0)) "%" } dx="4" y="14" { (moment::show(Timestamp((piece.time.0 * 1e3) as i64)).get(..16).unwrap_or_default()) }
                }
            }
        }
    }

    /// Shows the bar of a run, and before it how long the run waited that was on the way.
    fn bar(&self, run: &Run, (begin, end): (f64, f64), timed: Option<&TimedRun>) -> Markup {
        let (from, to) = (self.place(begin), self.place(end));
        let width = (to - from).max(LEAST);
        let from = from.min(100.0 - width);
        let waited = timed.map(|timed| timed.waited_ms).filter(|waited| *waited >= 1.0);
        let mut label = format!("{}, {}", moment::show(run.started_at), run.status.as_str());
        if let Some(waited) = waited {
            label.push_str(&format!(", began {} after what it waited for", words::span(waited)));
        }
        html! {
            svg.row width="100%" height="24" role="img" aria-label=(label) {
                title { (label) }
                @for piece in self.pieces.iter().filter(|piece| piece.is_cut) {
                    rect.gap x={ (tenth(piece.place.0)) "%" } y="0" width={ (tenth(piece.place.1 - piece.place.0)) "%" } height="24" {}
                }
                @if let Some(waited) = waited {
                    @let before = self.place(begin - waited);
                    line.waited x1={ (tenth(before)) "%" } x2={ (tenth(from)) "%" } y1="12" y2="12" {}
                }
                rect.bar.{ (run.status.as_str()) } x={ (hundredth(from)) "%" } y="5" width={ (hundredth(width)) "%" } height="14" rx="2" {}
            }
        }
    }
}

fn hundredth(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_runs_are_to_scale_and_long_times_without_any_are_cut_short() {
        let axis = Axis::of(&[(0.0, 10.0), (5.0, 20.0), (21.0, 40.0), (1e6, 1e6 + 40.0)]);
        let cuts: Vec<bool> = axis.pieces.iter().map(|piece| piece.is_cut).collect();
        assert_eq!(cuts, [false, true, false]);
        let places: Vec<f64> = [0.0, 20.0, 40.0, 1e6, 1e6 + 40.0].map(|moment| tenth(axis.place(moment))).to_vec();
        assert_eq!(places, [0.0, 23.5, 47.0, 53.0, 100.0]);
    }

    #[test]
    fn runs_that_took_no_time_stand_apart() {
        let axis = Axis::of(&[(0.0, 0.0), (5e6, 5e6), (9e6, 9e6)]);
        assert_eq!([0.0, 5e6, 9e6].map(|moment| tenth(axis.place(moment))), [0.0, 35.3, 70.7]);
        assert_eq!(Axis::of(&[]).place(3.0), 0.0);
    }
}
