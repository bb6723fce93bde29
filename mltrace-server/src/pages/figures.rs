//! Small figures, drawn on the server: what a day brought, the last runs as ticks, a curve beside a number, points in time.
//! Each says in words what it shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{RunId, Status, Timestamp};
use mltrace_core::query::RunInBrief;
use mltrace_core::words;

use super::parts;
use crate::moment;

/// The states of runs, as they are stacked from below.
const STACKED: [Status; 6] =
    [Status::Completed, Status::Running, Status::Unknown, Status::Cancelled, Status::Died, Status::Failed];
/// A bar of runs: its place, its width, the height of the highest.
const STEP: f64 = 44.0;
const BAR: f64 = 30.0;
const HIGH: f64 = 84.0;
/// What is above and below the bars: a number, and a date.
const ABOVE: f64 = 26.0;
const BELOW: f64 = 18.0;
/// A tick, and how high one is.
const TICK: u32 = 5;
const TICK_HIGH: u32 = 18;

/// A bar of a chart.
pub(super) struct Bar {
    /// What is written below it.
    pub(super) below: String,
    /// What it is of, in words.
    pub(super) title: String,
    /// How many runs, by how they stand.
    pub(super) runs: BTreeMap<Status, u64>,
    /// Where it leads, and where its failed part does.
    pub(super) all: String,
    pub(super) failed: String,
}

impl Bar {
    fn count(&self) -> u64 {
        self.runs.values().sum()
    }

    fn bad(&self) -> u64 {
        self.of(Status::Failed) + self.of(Status::Died)
    }

    fn of(&self, status: Status) -> u64 {
        self.runs.get(&status).copied().unwrap_or_default()
    }

    fn says(&self) -> String {
        let told = STACKED.iter().filter(|status| self.of(**status) > 0);
        let told: Vec<String> = told.map(|status| format!("{} {}", self.of(*status), status.as_str())).collect();
        if told.is_empty() {
            format!("{}: no runs", self.title)
        } else {
            format!("{}: {}", self.title, told.join(", "))
        }
    }
}

/// Returns bars of runs, stacked by how the runs stand; each bar leads to its runs, and the number above it to the failed ones.
pub(super) fn bars(bars: &[Bar], label: &str) -> Markup {
    let most = bars.iter().map(Bar::count).max().unwrap_or_default().max(1) as f64;
    let (width, bottom) = (bars.len() as f64 * STEP, ABOVE + HIGH);
    html! {
        svg.bars xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (bottom + BELOW) } width=(width) height=(bottom + BELOW) role="group" aria-label=(label) {
            @for (place, bar) in bars.iter().enumerate() {
                @let x = place as f64 * STEP + (STEP - BAR) / 2.0;
                @if bar.count() > 0 {
                    a href=(bar.all) aria-label=(bar.says()) {
                        title { (bar.says()) }
                        rect.hit x=(x) y=(ABOVE) width=(BAR) height=(HIGH + BELOW) {}
                        (stack(bar, x, bottom, HIGH / most))
                        text x=(x + BAR / 2.0) y=(bottom + 13.0) text-anchor="middle" { (bar.below) }
                    }
                } @else {
                    text x=(x + BAR / 2.0) y=(bottom + 13.0) text-anchor="middle" { (bar.below) }
                }
                @if bar.bad() > 0 {
                    a.bad-count href=(bar.failed) aria-label={ (bar.title) ": " (bar.bad()) " failed or died" } {
                        rect.hit x=(x) y="0" width=(BAR) height=(ABOVE - 2.0) {}
                        text x=(x + BAR / 2.0) y=(ABOVE - 9.0) text-anchor="middle" { (parts::sign(Status::Failed)) " " (bar.bad()) }
                    }
                }
            }
            line.axis x1="0" x2=(width) y1=(bottom) y2=(bottom) {}
        }
    }
}

fn stack(bar: &Bar, x: f64, bottom: f64, scale: f64) -> Markup {
    let mut top = bottom;
    html! {
        @for status in STACKED.into_iter().filter(|status| bar.of(*status) > 0) {
            // Nothing that failed is too little to be seen.
            @let height = (bar.of(status) as f64 * scale).max(if status == Status::Completed { 1.0 } else { 2.5 });
            @let y = { top -= height; top };
            rect.{ "of-" (status.as_str()) } x=(x) y=(rounded(y)) width=(BAR) height=(rounded(height)) {}
        }
    }
}

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// Returns the last runs as ticks, the oldest on the left; what did not complete is longer than the rest.
pub(super) fn ticks(runs: &[RunInBrief]) -> Markup {
    let mut ways: BTreeMap<Status, String> = BTreeMap::new();
    for (place, run) in runs.iter().enumerate() {
        let x = u32::try_from(place).unwrap_or_default() * TICK;
        let (y, height) = if run.status == Status::Completed { (4, TICK_HIGH - 8) } else { (0, TICK_HIGH) };
        let _ = write!(ways.entry(run.status).or_default(), "M{x} {y}h{}v{height}h-{0}z", TICK - 1);
    }
    let width = u32::try_from(runs.len()).unwrap_or_default() * TICK;
    let told = |status: &Status| runs.iter().filter(|run| run.status == *status).count();
    let says: Vec<String> = ways.keys().map(|status| format!("{} {}", told(status), status.as_str())).collect();
    let says = format!("the last {}: {}", words::counted(runs.len() as u64, "run"), says.join(", "));
    html! {
        svg.ticks xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width.max(1)) " " (TICK_HIGH) } width=(width.max(1)) height=(TICK_HIGH) role="img" aria-label=(says) {
            title { (says) }
            @for (status, way) in &ways { path.{ "of-" (status.as_str()) } d=(way) {} }
        }
    }
}

/// Returns a curve beside a number, which says the same; nothing where there are too few values.
pub(super) fn spark(values: &[f64]) -> Markup {
    let (width, height) = (64.0, 18.0);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let reach = if most > least { most - least } else { 1.0 };
    let step = width / (values.len().max(2) - 1) as f64;
    let mut way = String::new();
    for (place, value) in values.iter().enumerate() {
        let letter = if place == 0 { 'M' } else { 'L' };
        let y = height - 2.0 - (value - least) / reach * (height - 4.0);
        let _ = write!(way, "{letter}{} {}", rounded(place as f64 * step), rounded(y));
    }
    html! {
        @if values.len() > 2 && reach.is_finite() {
            svg.spark xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) aria-hidden="true" {
                path d=(way) {}
            }
        }
    }
}

/// A number of a run.
pub(super) struct Point {
    /// When the run began.
    pub(super) at: Timestamp,
    /// The number; `None` where a run has none.
    pub(super) value: Option<f64>,
    /// How the run stands.
    pub(super) status: Status,
    /// It in words.
    pub(super) says: String,
}

/// Something that changed between two runs.
pub(super) struct Change {
    /// When the first run began that has it.
    pub(super) at: Timestamp,
    /// That run.
    pub(super) run: RunId,
    /// What changed, in words.
    pub(super) says: String,
}

/// How large a chart of points is.
struct Size {
    width: f64,
    height: f64,
    /// What is left of the points, for numbers, and below, for dates.
    left: f64,
    below: f64,
}

const LARGE: Size = Size { width: 960.0, height: 160.0, left: 64.0, below: 20.0 };
const SMALL: Size = Size { width: 260.0, height: 64.0, left: 4.0, below: 4.0 };

/// Returns numbers of runs over time, the oldest on the left; what did not complete is crossed, and stands at the bottom where
/// it has no number. A dashed line is where something changed.
pub(super) fn points(
    label: &str,
    points: &[Point],
    changes: &[Change],
    says: &dyn Fn(f64) -> String,
    is_large: bool,
) -> Markup {
    let size = if is_large { LARGE } else { SMALL };
    let values = || points.iter().filter_map(|point| point.value);
    let most = values().fold(f64::NEG_INFINITY, f64::max);
    let least = if is_large { 0.0 } else { values().fold(f64::INFINITY, f64::min) };
    let reach = if most > least { most - least } else { 1.0 };
    let (first, last) = (points.first().map_or(0, |point| point.at.0), points.last().map_or(0, |point| point.at.0));
    let span = (last.saturating_sub(first)).max(1) as f64;
    let bottom = size.height - size.below;
    let x = |at: Timestamp| {
        rounded(size.left + (at.0.saturating_sub(first)) as f64 / span * (size.width - size.left - 8.0) + 4.0)
    };
    let y = |value: Option<f64>| {
        rounded(value.map_or(bottom - 4.0, |value| bottom - 5.0 - (value - least) / reach * (bottom - 14.0)))
    };
    let bad = points.iter().filter(|point| matches!(point.status, Status::Failed | Status::Died)).count();
    let summary = format!(
        "{label} of {}, {bad} failed or died, at most {}",
        words::counted(points.len() as u64, "run"),
        says(most)
    );
    html! {
        svg.points.large[is_large] xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (size.width) " " (size.height) } width=(size.width) height=(size.height) role="img" aria-label=(summary) {
            line.axis x1=(size.left) x2=(size.width) y1=(bottom) y2=(bottom) {}
            @for change in changes.iter().filter(|change| change.at.0 >= first && change.at.0 <= last) {
                line.change x1=(x(change.at)) x2=(x(change.at)) y1="2" y2=(bottom) { title { (escape::line(&change.says)) } }
            }
            @for point in points {
                @let (x, y) = (x(point.at), y(point.value));
                @if matches!(point.status, Status::Failed | Status::Died | Status::Cancelled | Status::Unknown) {
                    path.cross.{ "of-" (point.status.as_str()) } d={ "M" (x - 4.0) " " (y - 4.0) "l8 8m0-8l-8 8" } { title { (escape::line(&point.says)) } }
                } @else {
                    circle.mark.{ "of-" (point.status.as_str()) } cx=(x) cy=(y) r=(if is_large { 3.5 } else { 2.5 }) { title { (escape::line(&point.says)) } }
                }
            }
            @if is_large {
                text x="0" y="14" { (says(most)) }
                text x="0" y=(bottom) { (says(0.0)) }
                text x=(size.left) y=(size.height - 5.0) { (day(first)) }
                text x=(size.width) y=(size.height - 5.0) text-anchor="end" { (day(last)) }
            }
        }
        @if is_large {
            p.quiet-text { "A point is a run; a cross did not complete. " @if !changes.is_empty() { "A dashed line is where the commit or a parameter changed." } }
        }
    }
}

fn day(at: i64) -> String {
    moment::show(Timestamp(at)).split(' ').next().unwrap_or_default().to_owned()
}
