//! What stands in each box of a drawn trace, and where it leads.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use maud::{Markup, html};
use mltrace_core::draw::{Content, Letters};
use mltrace_core::escape;
use mltrace_core::model::{RunId, Status, Verdict};
use mltrace_core::query::Run;

use super::trace::Here;
use super::window::tenth;
use super::{link, names, parts};
use crate::moment;

/// How many names a box or an edge shows when it is pointed at.
pub(super) const MOST_NAMES: usize = 10;
/// How many outputs a box names.
const MOST_OUTPUTS: usize = 2;
/// How wide a box is at least and at most.
const NARROW: f64 = 128.0;
const WIDE: f64 = 208.0;
/// How high a line of a box is, and what stays free around the lines.
const LINE: f64 = 16.0;
const PADDING: f64 = 9.0;
/// How large the first line is, and the others.
const FIRST: Letters = Letters { size: 13.0, is_bold: true };
const OTHER: Letters = Letters { size: 12.0, is_bold: false };

/// What is marked in a drawing.
#[derive(Default)]
pub(super) struct Marks {
    /// How many things each run has otherwise than the one that it is compared with.
    pub(super) changed: HashMap<RunId, usize>,
    /// What they are compared with, in a few words.
    pub(super) since: String,
    /// The runs that the verdicts point to, by their place.
    pub(super) suspects: HashMap<RunId, u32>,
}

/// A box: how it looks, where it leads, what it says.
pub(super) struct Shape {
    class: String,
    address: String,
    label: String,
    lines: Vec<String>,
}

impl Shape {
    /// Returns the box of what is drawn, seen from `place`.
    pub(super) fn of(content: &Content<'_>, place: &Here<'_>, marks: &Marks, at: Option<RunId>) -> Self {
        match content {
            Content::Run(run) => Self::of_run(run, place, marks, at),
            Content::Group(component, runs) => {
                let lines = vec![format!("{component} ×{}", runs.len()), completed(runs)];
                let label =
                    format!("{} runs of {}, {}: open them", runs.len(), escape::line(component), completed(runs));
                Self { class: String::new(), address: place.opened(component), label, lines }
                    .with_several(runs, marks, at)
            }
            Content::Rest(runs) => {
                let lines = vec![format!("{} runs", runs.len()), "further up".to_owned(), completed(runs)];
                let label = format!("{} runs further up, of several components: draw every run", runs.len());
                Self { class: String::new(), address: place.with(&[("all", "1")]), label, lines }
                    .with_several(runs, marks, at)
            }
            Content::Source(name, changed) => {
                let mut label = format!("{}, written by no recorded run", escape::line(name));
                let mut lines = vec![short(name)];
                if let Some(run) = changed {
                    let _ = write!(label, ", changed since run {} wrote it", run.short());
                    lines.push(format!("≠ changed since {}", run.short()));
                }
                let class = if changed.is_some() { "source altered" } else { "source" };
                Self { class: class.to_owned(), address: link::artifact(name), label, lines }
            }
            // A version stands for itself where it has a box.
            Content::Version(version) => {
                let name = version.name.as_str();
                let (label, lines) = (escape::line(name).into_owned(), vec![short(name)]);
                Self { class: "source".to_owned(), address: link::artifact(name), label, lines }
            }
            Content::Sources(names, reader) => {
                let label = format!("{} from outside, written by no recorded run: {}", names.len(), some(names));
                let lines = vec![format!("{} from outside", names.len())];
                Self { class: "source group".to_owned(), address: link::run(*reader), label, lines }
            }
        }
    }

    fn of_run(run: &Run, place: &Here<'_>, marks: &Marks, at: Option<RunId>) -> Self {
        let mut class = format!("run {}{}", run.status.as_str(), mark(run));
        let mut lines = lines(run);
        let mut label = told(run);
        if at == Some(run.id) {
            class.push_str(" focus");
        }
        if let Some(count) = marks.changed.get(&run.id) {
            class.push_str(" changed");
            lines.push(format!("≠ {count} changed"));
            let _ = write!(label, ", {count} changed since {}", marks.since);
        }
        if let Some(rank) = marks.suspects.get(&run.id) {
            class.push_str(" suspect");
            lines.push(format!("suspect {rank}"));
            let _ = write!(label, ", suspect {rank}");
        }
        Self { class, address: place.with(&[("at", &run.id.to_string())]), label, lines }
    }

    /// Adds what is to be said of several runs in one box.
    fn with_several(mut self, runs: &[&Run], marks: &Marks, at: Option<RunId>) -> Self {
        self.class = "run group".to_owned();
        let count = |is: &dyn Fn(&Run) -> bool| runs.iter().filter(|run| is(run)).count();
        let flagged = count(&is_flagged);
        let changed = count(&|run| marks.changed.contains_key(&run.id));
        let suspects = count(&|run| marks.suspects.contains_key(&run.id));
        let notes = [
            (flagged, " flagged", format!("⚑ {flagged} flagged")),
            (changed, " changed", format!("≠ {changed} changed")),
            (suspects, " suspect", format!("{suspects} suspected")),
        ];
        for (_, class, line) in notes.into_iter().filter(|(count, ..)| *count > 0) {
            self.class.push_str(class);
            let _ = write!(self.label, ", {line}");
            self.lines.push(line);
        }
        if runs.iter().any(|run| at == Some(run.id)) {
            self.class.push_str(" focus");
        }
        self
    }

    /// Returns how wide it would be.
    pub(super) fn width(&self) -> f64 {
        let widths = self.lines.iter().enumerate().map(|(row, line)| letters(row).width(line) + 2.0 * PADDING);
        widths.fold(NARROW, f64::max).min(WIDE).ceil()
    }

    /// Returns how high it is.
    pub(super) fn height(&self) -> f64 {
        self.lines.len() as f64 * LINE + 2.0 * PADDING
    }

    /// Shows it with its upper left corner there.
    pub(super) fn shown(&self, (x, y): (f64, f64), width: f64, is_faint: bool) -> Markup {
        html! {
            a.node.{ (self.class) @if is_faint { " faint" } } href=(self.address) aria-label=(self.label) {
                title { (self.label) }
                rect x=(tenth(x)) y=(tenth(y)) width=(width) height=(self.height()) rx="6" {}
                @for (row, text) in self.lines.iter().enumerate() {
                    text x=(tenth(x + PADDING)) y=(tenth(y + PADDING + LINE * (row as f64 + 0.75)))
                        class=[(row == 0).then_some("first")] { (letters(row).fitted(&escape::line(text), width - 2.0 * PADDING)) }
                }
            }
        }
    }
}

fn letters(row: usize) -> Letters {
    if row == 0 { FIRST } else { OTHER }
}

/// Returns the end of a name, which distinguishes it.
fn short(name: &str) -> String {
    names::end(name).to_owned()
}

/// Returns how several runs stand, in a line.
fn completed(runs: &[&Run]) -> String {
    match runs.iter().filter(|run| run.status != Status::Completed).count() {
        0 => "✓ all completed".to_owned(),
        failed => format!("✗ {failed} not completed"),
    }
}

/// Returns the first names, and how many more there are.
pub(super) fn some(names: &BTreeSet<&str>) -> String {
    let first: Vec<_> = names.iter().take(MOST_NAMES).map(|name| escape::line(name)).collect();
    let more = names.len() - first.len();
    first.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

fn is_flagged(run: &Run) -> bool {
    run.outputs.iter().any(|output| output.label == Some(Verdict::Flagged))
}

/// Returns the class of what people said of a run's outputs.
fn mark(run: &Run) -> &'static str {
    if is_flagged(run) {
        " flagged"
    } else if run.outputs.iter().any(|output| output.label == Some(Verdict::Ok)) {
        " judged-ok"
    } else {
        ""
    }
}

/// Returns the lines of a run's box: what it is, when it was, what it wrote.
fn lines(run: &Run) -> Vec<String> {
    let mut lines = vec![
        format!("{} {}", parts::sign(run.status), run.component),
        moment::show(run.started_at).get(..16).unwrap_or_default().to_owned(),
    ];
    // A line of its own: beside the time there is no room.
    lines.extend((!run.stale.is_empty()).then(|| "◷ stale".to_owned()));
    let shown = if run.outputs.len() == MOST_OUTPUTS + 1 { MOST_OUTPUTS + 1 } else { MOST_OUTPUTS };
    for output in run.outputs.iter().take(shown) {
        let sign = match output.label {
            Some(Verdict::Flagged) => "⚑ ",
            Some(Verdict::Ok) => "✔ ",
            Some(Verdict::None) | None => "→ ",
        };
        lines.push(format!("{sign}{}", short(output.name.as_str())));
    }
    if run.outputs.len() > shown {
        lines.push(format!("and {} more", run.outputs.len() - shown));
    }
    lines
}

/// Returns what a run is, for who does not see the box.
fn told(run: &Run) -> String {
    let mut text = format!("{}, {}, run {}", escape::line(&run.component), run.status.as_str(), run.id.short());
    for output in run.outputs.iter().take(MOST_NAMES) {
        let verdict = match output.label {
            Some(Verdict::Flagged) => " (flagged)",
            Some(Verdict::Ok) => " (ok)",
            Some(Verdict::None) | None => "",
        };
        let _ = write!(text, ", wrote {}{verdict}", escape::line(output.name.as_str()));
    }
    if run.outputs.len() > MOST_NAMES {
        let _ = write!(text, " and {} more", run.outputs.len() - MOST_NAMES);
    }
    for stale in run.stale.iter().take(MOST_NAMES) {
        let _ = write!(text, ", stale: {}", escape::line(&stale.message));
    }
    text
}
