//! A trace as a picture: the boxes, the edges between them, and what each says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use maud::{Markup, html};
use mltrace_core::draw::{self, Content, Drawing, Edge, Layout, Sharing};
use mltrace_core::escape;
use mltrace_core::model::{Bound, RunId, Status, Verdict};
use mltrace_core::query::{Run, Trace};

use super::trace::Here;
use super::{link, parts};
use crate::moment;

/// More boxes than this are not read: then runs, and what comes from outside, share some.
pub(super) const MOST_BOXES: usize = 150;
/// Who wants to see every run gets as many boxes.
const MOST_BOXES_OF_ALL: usize = 2000;
/// How many places for boxes and for lines that pass others a picture may take, and one of every run.
const MOST_PLACES: usize = 5000;
const MOST_PLACES_OF_ALL: usize = 100_000;
/// How many names a box or an edge shows when it is pointed at.
const MOST_NAMES: usize = 10;
/// How many outputs a box names.
const MOST_OUTPUTS: usize = 3;
/// How wide a box is, and how many letters fit into it.
const WIDTH: f64 = 208.0;
const LETTERS: usize = 28;
/// A picture that is wider gets the whole width of the page, above the tree.
const WIDE: f64 = 880.0;
/// Up to this width a picture shrinks into the page, and its letters can still be read.
const FITS: f64 = 1720.0;
/// How high a line of a box is.
const LINE: f64 = 16.0;
const PADDING: f64 = 9.0;

/// A trace, ready to be shown.
pub(super) struct Graph<'t> {
    drawing: Drawing<'t>,
    layout: Layout,
}

impl<'t> Graph<'t> {
    /// Returns the graph of a trace as far as it can be read; of every run when `is_whole`, as far as it can be drawn.
    pub(super) fn of(trace: &'t Trace, is_whole: bool) -> Option<Self> {
        let (most_boxes, most_places) =
            if is_whole { (MOST_BOXES_OF_ALL, MOST_PLACES_OF_ALL) } else { (MOST_BOXES, MOST_PLACES) };
        Sharing::ways(trace, most_boxes).find_map(|sharing| {
            let drawing = draw::runs(trace, sharing);
            let sizes: Vec<(f64, f64)> = drawing.boxes.iter().map(|content| (WIDTH, height(content))).collect();
            let layout = drawing.layout(&sizes, most_places)?;
            Some(Self { drawing, layout })
        })
    }

    /// Returns whether runs of one component share a box.
    pub(super) fn has_groups(&self) -> bool {
        self.drawing.boxes.iter().any(|content| matches!(content, Content::Group(..)))
    }

    /// Returns how many runs stand in a box with runs of other components.
    pub(super) fn rest(&self) -> usize {
        let rest =
            self.drawing.boxes.iter().map(|content| if let Content::Rest(runs) = content { runs.len() } else { 0 });
        rest.sum()
    }

    /// Returns how many things from outside share a box.
    pub(super) fn sources(&self) -> usize {
        let several = self
            .drawing
            .boxes
            .iter()
            .map(|content| if let Content::Sources(names, _) = content { names.len() } else { 0 });
        several.sum()
    }

    /// Returns the picture, and whether it is a wide one; each box leads to its run, seen from `place`.
    pub(super) fn picture(&self, place: &Here<'_>, focus: Option<RunId>) -> (Markup, bool) {
        let near = self.near(focus);
        let (width, height) = (self.layout.width.ceil(), self.layout.height.ceil());
        let picture = html! {
            svg.graph.fits[width <= FITS] xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height)
                role="group" aria-label="The runs upstream, from left to right" data-pan="" {
                defs {
                    marker #arrow viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse" {
                        path d="M0 0 8 4 0 8z" {}
                    }
                }
                g.edges aria-hidden="true" {
                    @for (edge, way) in self.drawing.edges.iter().zip(&self.layout.lines) { (line(edge, way, is_faint(&near, edge.ends))) }
                }
                @for (number, content) in self.drawing.boxes.iter().enumerate() {
                    (self.shape(number, content, place, focus, &near))
                }
            }
        };
        (picture, width > WIDE)
    }

    /// Returns which boxes are upstream or downstream of the box in focus; `None`: all are as near.
    fn near(&self, focus: Option<RunId>) -> Option<Vec<bool>> {
        let focus = focus?;
        let start = self.drawing.boxes.iter().position(|content| match content {
            Content::Run(run) => run.id == focus,
            Content::Group(_, runs) | Content::Rest(runs) => runs.iter().any(|run| run.id == focus),
            Content::Version(_) | Content::Source(..) | Content::Sources(..) => false,
        })?;
        let mut near = vec![false; self.drawing.boxes.len()];
        for is_up in [true, false] {
            let mut reached = vec![false; self.drawing.boxes.len()];
            let mut next = vec![start];
            while let Some(at) = next.pop() {
                if std::mem::replace(&mut reached[at], true) {
                    continue;
                }
                near[at] = true;
                let others =
                    self.drawing.edges.iter().map(|edge| if is_up { (edge.ends.1, edge.ends.0) } else { edge.ends });
                next.extend(others.filter(|(from, _)| *from == at).map(|(_, to)| to));
            }
        }
        Some(near)
    }

    fn shape(
        &self,
        number: usize,
        content: &Content<'_>,
        place: &Here<'_>,
        focus: Option<RunId>,
        near: &Option<Vec<bool>>,
    ) -> Markup {
        let (x, y) = self.layout.boxes[number];
        let faint = if is_faint(near, (number, number)) { " faint" } else { "" };
        let (class, address, label, lines) = match content {
            Content::Run(run) => {
                let is_focus = focus == Some(run.id);
                let class = format!("run {}{}{}", run.status.as_str(), mark(run), if is_focus { " focus" } else { "" });
                (class, place.with("focus", &run.id.to_string()) + "#focus", told(run), lines(run))
            }
            Content::Group(component, runs) => {
                let label = format!("{} runs of {}", runs.len(), escape::line(component));
                let lines = vec![format!("{component} ×{}", runs.len()), completed(runs)];
                (several(runs), link::component(component), label, lines)
            }
            Content::Rest(runs) => {
                let label = format!("{} runs further up, of several components: draw every run", runs.len());
                let lines = vec![format!("{} runs further up", runs.len()), completed(runs)];
                (several(runs), place.with("all", "1"), label, lines)
            }
            Content::Source(name, changed) => {
                let mut label = format!("{}, written by no recorded run", escape::line(name));
                let mut lines = vec![(*name).to_owned()];
                if let Some(run) = changed {
                    let _ = write!(label, ", changed since run {} wrote it", run.short());
                    lines.push(format!("≠ changed since {}", run.short()));
                }
                let class = if changed.is_some() { "source changed" } else { "source" };
                (class.to_owned(), link::artifact(name), label, lines)
            }
            // A version stands for itself where it has a box.
            Content::Version(version) => {
                let name = version.name.as_str();
                ("source".to_owned(), link::artifact(name), escape::line(name).into_owned(), vec![name.to_owned()])
            }
            Content::Sources(names, reader) => {
                let label = format!("{} from outside, written by no recorded run: {}", names.len(), some(names));
                ("source group".to_owned(), link::run(*reader), label, vec![format!("{} from outside", names.len())])
            }
        };
        html! {
            a.node.{ (class) (faint) } href=(address) aria-label=(label) {
                title { (label) }
                rect x=(round(x)) y=(round(y)) width=(WIDTH) height=(height(content)) rx="6" {}
                @for (row, text) in lines.iter().enumerate() {
                    text x=(round(x + PADDING)) y=(round(y + PADDING + LINE * (row as f64 + 0.75)))
                        class=[(row == 0).then_some("first")] { (short(text)) }
                }
            }
        }
    }
}

fn is_faint(near: &Option<Vec<bool>>, ends: (usize, usize)) -> bool {
    near.as_ref().is_some_and(|near| !(near[ends.0] && near[ends.1]))
}

fn height(content: &Content<'_>) -> f64 {
    let rows = match content {
        Content::Run(run) => lines(run).len(),
        Content::Group(..) | Content::Rest(_) | Content::Source(_, Some(_)) => 2,
        Content::Version(_) | Content::Source(_, None) | Content::Sources(..) => 1,
    };
    rows as f64 * LINE + 2.0 * PADDING
}

/// Returns the class of a box that stands for several runs.
fn several(runs: &[&Run]) -> String {
    format!("run group{}", if runs.iter().any(|run| is_flagged(run)) { " flagged" } else { "" })
}

/// Returns how several runs stand, in a line.
fn completed(runs: &[&Run]) -> String {
    match runs.iter().filter(|run| run.status != Status::Completed).count() {
        0 => "all completed".to_owned(),
        failed => format!("{failed} not completed"),
    }
}

/// Returns the first names, and how many more there are.
fn some(names: &BTreeSet<&str>) -> String {
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
        format!("{} · {}", run.id.short(), moment::show(run.started_at).get(..16).unwrap_or_default()),
    ];
    // A line of its own: beside the time there is no room.
    lines.extend((!run.stale.is_empty()).then(|| "◷ stale".to_owned()));
    for output in run.outputs.iter().take(MOST_OUTPUTS) {
        let sign = match output.label {
            Some(Verdict::Flagged) => "⚑ ",
            Some(Verdict::Ok) => "✔ ",
            Some(Verdict::None) | None => "→ ",
        };
        lines.push(format!("{sign}{}", tail(output.name.as_str(), LETTERS - 2)));
    }
    if run.outputs.len() > MOST_OUTPUTS {
        lines.push(format!("and {} more", run.outputs.len() - MOST_OUTPUTS));
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

/// Returns the end of a long name: the part of a path that distinguishes files.
fn tail(text: &str, letters: usize) -> String {
    let count = text.chars().count();
    if count <= letters {
        return text.to_owned();
    }
    format!("…{}", text.chars().skip(count - letters + 1).collect::<String>())
}

/// Returns a line that fits into a box.
fn short(text: &str) -> String {
    let text = escape::line(text);
    if text.chars().count() <= LETTERS {
        return text.into_owned();
    }
    format!("{}…", text.chars().take(LETTERS - 1).collect::<String>())
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// Returns the line of an edge, and in words what was read and how that is known.
///
/// Between layers it bends; its handles stay between them too, so that it never leaves their gap.
fn line(edge: &Edge<'_>, corners: &[(f64, f64)], is_faint: bool) -> Markup {
    let mut path = String::new();
    for (number, (x, y)) in corners.iter().enumerate() {
        let _ = match number.checked_sub(1).and_then(|before| corners.get(before)) {
            None => write!(path, "M{} {}", round(*x), round(*y)),
            Some((_, from_y)) if from_y == y => write!(path, "H{}", round(*x)),
            Some((from_x, from_y)) => {
                let (middle, x, y) = (round((from_x + x) / 2.0), round(*x), round(*y));
                write!(path, "C{middle} {} {middle} {y} {x} {y}", round(*from_y))
            }
        };
    }
    let bound = match edge.bound {
        Bound::Content => "bound by content",
        Bound::Declaration => "bound by the declared version",
        Bound::Copy => "bound by copy: another name with the same content",
        Bound::Time => "bound by time: the content is not known",
        Bound::UnknownWriter => "written by no recorded run",
        Bound::Inside => "bound because the one lies in the other",
    };
    html! {
        path.edge.{ (edge.bound.as_str()) @if is_faint { " faint" } } d=(path)
            marker-end="url(#arrow)" {
            title { (some(&edge.names)) ": " (bound) }
        }
    }
}
