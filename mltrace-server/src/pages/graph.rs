//! A trace as a picture: the boxes, and the edges between them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use maud::{Markup, html};
use mltrace_core::draw::{self, Content, Drawing, Edge, Layout, Shared, Sharing};
use mltrace_core::model::{Bound, RunId};
use mltrace_core::query::Trace;

use super::boxes::{Marks, Shape, some};
use super::trace::Here;
use super::window::{self, Area, Zoom, tenth};

/// More boxes than this are not read: then runs, and what comes from outside, share some.
pub(super) const MOST_BOXES: usize = 150;
/// Who wants to see every run gets as many boxes, and who opened some as many more.
const MOST_BOXES_OF_ALL: usize = 4000;
const MOST_OPENED: usize = 400;
/// How many places for boxes and for lines that pass others a picture may take, and one of every run.
const MOST_PLACES: usize = 5000;
const MOST_PLACES_OF_ALL: usize = 100_000;

/// How a trace is to be drawn.
pub(super) struct Asked<'q> {
    pub(super) place: Here<'q>,
    /// Whether each run has a box, however many there are.
    pub(super) is_whole: bool,
    /// The components whose runs have boxes of their own.
    pub(super) open: &'q BTreeSet<String>,
    /// The run that is looked at.
    pub(super) at: Option<RunId>,
    pub(super) zoom: Zoom,
}

/// A trace, ready to be shown.
pub(super) struct Graph<'t> {
    drawing: Drawing<'t>,
    shapes: Vec<Shape>,
    layout: Layout,
    /// How wide each box is.
    width: f64,
}

impl<'t> Graph<'t> {
    /// Returns the graph of a trace as far as it can be read; of every run as far as it can be drawn, where that is asked.
    pub(super) fn of(trace: &'t Trace, asked: &Asked<'_>, marks: &Marks) -> Option<Self> {
        let opened = trace.runs.iter().filter(|step| asked.open.contains(&step.run.component)).count();
        let (most_boxes, most_places, least) = if asked.is_whole {
            (MOST_BOXES_OF_ALL, MOST_PLACES_OF_ALL, Shared::Nothing)
        } else {
            (MOST_BOXES + opened.min(MOST_OPENED), MOST_PLACES, Shared::Siblings)
        };
        Sharing::ways(trace, most_boxes, least, asked.open).find_map(|sharing| {
            let drawing = draw::runs(trace, sharing);
            let shape = |content| Shape::of(content, &asked.place, marks, asked.at);
            let shapes: Vec<Shape> = drawing.boxes.iter().map(shape).collect();
            // One long name does not make all boxes wide.
            let mut widths: Vec<f64> = shapes.iter().map(Shape::width).collect();
            widths.sort_by(f64::total_cmp);
            let width = widths.get(widths.len() * 4 / 5).copied().unwrap_or_default();
            let sizes: Vec<(f64, f64)> = shapes.iter().map(|shape| (width, shape.height())).collect();
            let layout = drawing.layout(&sizes, most_places)?;
            Some(Self { drawing, shapes, layout, width })
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

    /// Returns the picture, with what changes what of it is in sight.
    pub(super) fn picture(&self, asked: &Asked<'_>) -> Markup {
        let start = self.place_of(asked.at);
        let near = self.near(start, asked.at);
        let size = (self.layout.width, self.layout.height);
        let looked_at = start.unwrap_or_default();
        let area = Area {
            corner: self.layout.boxes.get(looked_at).copied().unwrap_or_default(),
            size: (self.width, self.shapes.get(looked_at).map_or(0.0, Shape::height)),
        };
        let drawing = html! {
            g.edges aria-hidden="true" {
                @for (edge, way) in self.drawing.edges.iter().zip(&self.layout.lines) { (line(edge, way, is_faint(&near, edge.ends))) }
            }
            @for (number, (shape, corner)) in self.shapes.iter().zip(&self.layout.boxes).enumerate() {
                (shape.shown(*corner, self.width, is_faint(&near, (number, number))))
            }
        };
        html! {
            div.picture {
                (window::controls(&asked.place, size, area, asked.zoom))
                (window::shown(&drawing, size, area, asked.zoom))
                (window::printed(size))
            }
        }
    }

    /// Returns the box that a run is in.
    fn place_of(&self, run: Option<RunId>) -> Option<usize> {
        let run = run?;
        self.drawing.boxes.iter().position(|content| match content {
            Content::Run(other) => other.id == run,
            Content::Group(_, runs) | Content::Rest(runs) => runs.iter().any(|other| other.id == run),
            Content::Version(_) | Content::Source(..) | Content::Sources(..) => false,
        })
    }

    /// Returns which boxes are upstream or downstream of the box in focus; `None`: all are as near, as they are of what was
    /// asked about.
    fn near(&self, start: Option<usize>, at: Option<RunId>) -> Option<Vec<bool>> {
        let start = start.filter(|start| at.is_some() && *start > 0)?;
        let (mut next, mut before) = (vec![Vec::new(); self.shapes.len()], vec![Vec::new(); self.shapes.len()]);
        for edge in &self.drawing.edges {
            next[edge.ends.0].push(edge.ends.1);
            before[edge.ends.1].push(edge.ends.0);
        }
        let mut near = vec![false; self.shapes.len()];
        for others in [&next, &before] {
            let mut reached = vec![false; self.shapes.len()];
            let mut open = vec![start];
            while let Some(here) = open.pop() {
                if !std::mem::replace(&mut reached[here], true) {
                    near[here] = true;
                    open.extend(&others[here]);
                }
            }
        }
        Some(near)
    }
}

fn is_faint(near: &Option<Vec<bool>>, ends: (usize, usize)) -> bool {
    near.as_ref().is_some_and(|near| !(near[ends.0] && near[ends.1]))
}

/// Returns the line of an edge, and in words what was read and how that is known.
///
/// Between layers it bends; its handles stay between them too, so that it never leaves their gap.
fn line(edge: &Edge<'_>, corners: &[(f64, f64)], is_faint: bool) -> Markup {
    let mut path = String::new();
    for (number, (x, y)) in corners.iter().enumerate() {
        let _ = match number.checked_sub(1).and_then(|before| corners.get(before)) {
            None => write!(path, "M{} {}", tenth(*x), tenth(*y)),
            Some((_, from_y)) if from_y == y => write!(path, "H{}", tenth(*x)),
            Some((from_x, from_y)) => {
                let (middle, x, y) = (tenth((from_x + x) / 2.0), tenth(*x), tenth(*y));
                write!(path, "C{middle} {} {middle} {y} {x} {y}", tenth(*from_y))
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
