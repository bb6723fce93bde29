//! A trace drawn as SVG, for a page of its own or as part of one.

use std::fmt::Write as _;

use mltrace_core::query::Trace;

use super::graph::{Graph, Node, Shape};
use super::html::escaped;
use crate::escape;

/// With more boxes than this nobody finds anything in a drawing.
const MOST_NODES: usize = 400;
/// And with more places for boxes and for lines that pass others, it takes too much room.
const MOST_PLACES: usize = 20_000;
/// How wide a letter is, and how high a line of text.
const LETTER: f64 = 7.3;
const LINE: f64 = 16.0;
/// Around the text of a box.
const PADDING: f64 = 8.0;
/// To what part of its size a drawing shrinks where there is little room.
const LEAST: f64 = 0.7;
/// How many letters of a line are shown; the rest is reported when one points at the box.
const LETTERS: usize = 32;

/// Returns the drawing; `None` when it would be too large to be looked at.
pub(super) fn trace(answer: &Trace) -> Option<String> {
    let graph = Graph::of(answer);
    if graph.nodes.len() > MOST_NODES {
        return None;
    }
    let labels: Vec<Vec<String>> =
        graph.nodes.iter().map(|node| node.lines.iter().map(|line| shortened(&escape::line(line))).collect()).collect();
    let sizes: Vec<(f64, f64)> = labels.iter().map(|lines| size(lines)).collect();
    let found = graph.drawing.layout(&sizes, MOST_PLACES)?;
    let (width, height, least) = (found.width, found.height, found.width * LEAST);
    // Writing to a `String` cannot fail.
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" style=\"min-width:{least:.0}px\">\n<title>The trace, data flowing to the right</title>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path d=\"M0 0 8 4 0 8z\" fill=\"context-stroke\"/></marker></defs>\n"
    );
    for (arrow, corners) in graph.arrows.iter().zip(&found.lines) {
        let points: Vec<String> = corners.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let (class, title) = match arrow.label {
            Some(label) => (" class=\"loose\"", format!("<title>{}</title>", escaped(label))),
            None => ("", String::new()),
        };
        let points = points.join(" ");
        let _ = writeln!(text, "<polyline{class} points=\"{points}\" marker-end=\"url(#tip)\">{title}</polyline>");
    }
    for ((node, corner), (size, lines)) in graph.nodes.iter().zip(&found.boxes).zip(sizes.iter().zip(&labels)) {
        draw(&mut text, node, *corner, *size, lines);
    }
    text.push_str("</svg>\n");
    Some(text)
}

fn draw(text: &mut String, node: &Node, (x, y): (f64, f64), (width, height): (f64, f64), lines: &[String]) {
    let (class, round) = match node.shape {
        Shape::Run => ("run", 8.0),
        Shape::Version => ("version", 0.0),
    };
    let asked = if node.is_asked { " asked" } else { "" };
    let bad = if node.is_bad { " bad" } else { "" };
    let _ = write!(
        text,
        "<g><title>{}</title><rect class=\"{class}{asked}{bad}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
         height=\"{height:.1}\" rx=\"{round}\"/>",
        escaped(&node.lines.join(", ")),
    );
    let mut line_y = y + PADDING + LINE * 0.75;
    for line in lines {
        let _ = write!(text, "<text x=\"{:.1}\" y=\"{line_y:.1}\">{}</text>", x + PADDING, escaped(line));
        line_y += LINE;
    }
    text.push_str("</g>\n");
}

fn size(lines: &[String]) -> (f64, f64) {
    let letters = lines.iter().map(|line| line.chars().map(columns).sum::<usize>()).max().unwrap_or(0);
    (letters as f64 * LETTER + 2.0 * PADDING, lines.len() as f64 * LINE + 2.0 * PADDING)
}

/// Returns how many columns a letter takes where every letter is as wide as another: from Hangul on mostly two.
fn columns(letter: char) -> usize {
    if letter >= '\u{1100}' { 2 } else { 1 }
}

/// Returns a line of text with its middle left out when it is long: names differ at their ends.
fn shortened(line: &str) -> String {
    let letters: Vec<char> = line.chars().collect();
    if letters.len() <= LETTERS {
        return line.to_owned();
    }
    let (start, end) =
        (letters.iter().take(LETTERS / 3), letters.iter().skip(letters.len() + LETTERS / 3 + 1 - LETTERS));
    start.chain(std::iter::once(&'…')).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_keeps_both_its_ends() {
        let name = format!("start{}end", "-".repeat(100));
        let short = shortened(&name);
        assert_eq!(short.chars().count(), LETTERS);
        assert!(short.starts_with("start") && short.ends_with("end") && short.contains('…'));
        assert_eq!(shortened("short"), "short");
    }
}
