//! A trace as boxes and edges: what stands in a box, which runs share one, and the picture.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::lineage::{Layout, layout};
use mltrace_core::model::{Bound, RunId, Status, Verdict};
use mltrace_core::query::{Run, Trace};

use super::{link, parts};
use crate::moment;

/// More boxes than this are not read: runs of a component share one then.
pub(super) const MOST_BOXES: usize = 150;
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

/// What a box stands for.
pub(super) enum Content<'t> {
    /// One run.
    Run(&'t Run),
    /// Runs of one component.
    Group(&'t str, Vec<&'t Run>),
    /// Something that was read and that no recorded run wrote.
    Source(&'t str),
}

/// An edge, with what was read over it.
struct Edge {
    ends: (usize, usize),
    names: Vec<String>,
    bound: Bound,
}

/// A trace, ready to be drawn.
pub(super) struct Graph<'t> {
    boxes: Vec<Content<'t>>,
    edges: Vec<Edge>,
    /// Whether runs share boxes.
    pub(super) is_grouped: bool,
}

impl<'t> Graph<'t> {
    /// Returns the boxes of a trace; runs of a component share one when there would be too many.
    pub(super) fn of(trace: &'t Trace, is_whole: bool) -> Self {
        let runs: Vec<&Run> = trace.runs.iter().map(|step| &step.run).collect();
        let is_grouped = runs.len() > MOST_BOXES && !is_whole;
        let mut boxes: Vec<Content<'t>> = Vec::new();
        let mut box_of: HashMap<RunId, usize> = HashMap::new();
        if is_grouped {
            let mut groups: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
            runs.iter().for_each(|run| groups.entry(&run.component).or_default().push(run));
            for (component, members) in groups {
                box_of.extend(members.iter().map(|run| (run.id, boxes.len())));
                boxes.push(match members[..] {
                    [only] => Content::Run(only),
                    _ => Content::Group(component, members),
                });
            }
        } else {
            for run in &runs {
                box_of.insert(run.id, boxes.len());
                boxes.push(Content::Run(run));
            }
        }
        let mut sources: HashMap<&str, usize> = HashMap::new();
        let mut edges: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
        for run in &runs {
            let Some(to) = box_of.get(&run.id).copied() else { continue };
            for input in &run.inputs {
                let from = match input.written_by.map(|writer| box_of.get(&writer).copied()) {
                    Some(Some(from)) => from,
                    // The trace was cut before that run.
                    Some(None) => continue,
                    None if boxes.len() >= 2 * MOST_BOXES => continue,
                    None => *sources.entry(input.name.as_str()).or_insert_with(|| {
                        boxes.push(Content::Source(input.name.as_str()));
                        boxes.len() - 1
                    }),
                };
                if from == to {
                    continue;
                }
                let edge = edges.entry((from, to)).or_insert_with(|| Edge {
                    ends: (from, to),
                    names: Vec::new(),
                    bound: input.bound,
                });
                // What is known worst decides how the edge looks.
                edge.bound = edge.bound.max(input.bound);
                if !edge.names.contains(&input.name.0) {
                    edge.names.push(input.name.0.clone());
                }
            }
        }
        Self { boxes, edges: edges.into_values().collect(), is_grouped }
    }

    /// Returns the picture, and whether it is a wide one; each box leads to its run, seen from this trace.
    pub(super) fn picture(&self, artifact: &str, focus: Option<RunId>) -> (Markup, bool) {
        let sizes: Vec<(f64, f64)> = self.boxes.iter().map(|content| (WIDTH, height(content))).collect();
        let ends: Vec<(usize, usize)> = self.edges.iter().map(|edge| edge.ends).collect();
        let drawing = layout(&sizes, &ends);
        let near = self.near(focus);
        let (width, height) = (drawing.width.ceil(), drawing.height.ceil());
        let picture = html! {
            svg.graph.fits[width <= FITS] xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height)
                role="group" aria-label="The runs upstream, from left to right" data-pan="" {
                defs {
                    marker #arrow viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse" {
                        path d="M0 0 8 4 0 8z" {}
                    }
                }
                g.edges aria-hidden="true" {
                    @for (edge, way) in self.edges.iter().zip(&drawing.lines) { (line(edge, way, is_faint(&near, edge.ends))) }
                }
                @for (number, content) in self.boxes.iter().enumerate() {
                    (self.shape(&drawing, number, content, artifact, focus, &near))
                }
            }
        };
        (picture, width > WIDE)
    }

    /// Returns which boxes are upstream or downstream of the box in focus; `None`: all are as near.
    fn near(&self, focus: Option<RunId>) -> Option<Vec<bool>> {
        let focus = focus?;
        let start = self.boxes.iter().position(|content| match content {
            Content::Run(run) => run.id == focus,
            Content::Group(_, runs) => runs.iter().any(|run| run.id == focus),
            Content::Source(_) => false,
        })?;
        let mut near = vec![false; self.boxes.len()];
        for is_up in [true, false] {
            let mut reached = vec![false; self.boxes.len()];
            let mut next = vec![start];
            while let Some(at) = next.pop() {
                if std::mem::replace(&mut reached[at], true) {
                    continue;
                }
                near[at] = true;
                let others = self.edges.iter().map(|edge| if is_up { (edge.ends.1, edge.ends.0) } else { edge.ends });
                next.extend(others.filter(|(from, _)| *from == at).map(|(_, to)| to));
            }
        }
        Some(near)
    }

    fn shape(
        &self,
        drawing: &Layout,
        number: usize,
        content: &Content<'_>,
        artifact: &str,
        focus: Option<RunId>,
        near: &Option<Vec<bool>>,
    ) -> Markup {
        let (x, y) = drawing.boxes[number];
        let faint = if is_faint(near, (number, number)) { " faint" } else { "" };
        let (class, address, label, lines) = match content {
            Content::Run(run) => {
                let is_focus = focus == Some(run.id);
                let class = format!("run {}{}{}", run.status.as_str(), mark(run), if is_focus { " focus" } else { "" });
                let id = run.id.to_string();
                let address = link::to("/trace", &[("artifact", artifact), ("focus", &id)]) + "#focus";
                (class, address, told(run), lines(run))
            }
            Content::Group(component, runs) => {
                let class =
                    format!("run group{}", if runs.iter().any(|run| is_flagged(run)) { " flagged" } else { "" });
                let failed = runs.iter().filter(|run| run.status != Status::Completed).count();
                let label = format!("{} runs of {}", runs.len(), escape::line(component));
                let mut lines = vec![format!("{component} ×{}", runs.len())];
                let note = if failed > 0 { format!("{failed} not completed") } else { "all completed".to_owned() };
                lines.push(note);
                (class, link::component(component), label, lines)
            }
            Content::Source(name) => {
                let label = format!("{}, written by no recorded run", escape::line(name));
                ("source".to_owned(), link::artifact(name), label, vec![(*name).to_owned()])
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
        Content::Group(..) => 2,
        Content::Source(_) => 1,
    };
    rows as f64 * LINE + 2.0 * PADDING
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
    lines.extend((!run.stale.is_empty()).then(|| "⧗ stale".to_owned()));
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
    for output in &run.outputs {
        let verdict = match output.label {
            Some(Verdict::Flagged) => " (flagged)",
            Some(Verdict::Ok) => " (ok)",
            Some(Verdict::None) | None => "",
        };
        let _ = write!(text, ", wrote {}{verdict}", escape::line(output.name.as_str()));
    }
    for stale in &run.stale {
        let _ = write!(text, ", stale: {}", escape::line(&stale.message));
    }
    text
}

/// Returns the end of a long name: the part of a path that tells files apart.
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
fn line(edge: &Edge, corners: &[(f64, f64)], is_faint: bool) -> Markup {
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
    };
    let names = edge.names.join(", ");
    html! {
        path.edge.{ (edge.bound.as_str()) @if is_faint { " faint" } } d=(path)
            marker-end="url(#arrow)" {
            title { (escape::line(&names)) ": " (bound) }
        }
    }
}
