//! A trace in the language of Mermaid, which GitHub and notebooks draw.

use mltrace_core::query::Trace;

use super::graph::{Graph, Node, Shape};
use crate::escape;

/// Returns the trace as a flowchart, data flowing to the right.
pub(crate) fn trace(answer: &Trace) -> String {
    let graph = Graph::of(answer);
    let mut text = "flowchart LR\n".to_owned();
    for (place, node) in graph.nodes.iter().enumerate() {
        text.push_str(&format!("    n{place}{}\n", boxed(node)));
    }
    for arrow in &graph.arrows {
        let line = arrow.label.map_or_else(|| "-->".to_owned(), |label| format!("-. {label} .->"));
        text.push_str(&format!("    n{} {line} n{}\n", arrow.from, arrow.to));
    }
    for (place, node) in graph.nodes.iter().enumerate() {
        if node.is_asked {
            text.push_str(&format!("    style n{place} stroke-width:3px\n"));
        }
        if node.is_bad {
            text.push_str(&format!("    style n{place} stroke:red\n"));
        }
    }
    text
}

fn boxed(node: &Node) -> String {
    let lines: Vec<String> = node.lines.iter().map(|line| quoted(line)).collect();
    let label = lines.join("<br>");
    match node.shape {
        Shape::Run => format!("[\"{label}\"]"),
        Shape::Version => format!("([\"{label}\"])"),
    }
}

/// Returns the text as it stands inside the quotes of a label, where only letters, digits and plain marks are themselves.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in escape::line(text).chars() {
        if character.is_alphanumeric() || " /:.,-+=@()…".contains(character) {
            quoted.push(character);
        } else {
            quoted.push_str(&format!("#{};", u32::from(character)));
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_neither_markup_nor_syntax() {
        assert_eq!(quoted("s3://a/b-1.csv"), "s3://a/b-1.csv");
        assert_eq!(quoted("\"]<img src=x>`#"), "#34;#93;#60;img src=x#62;#96;#35;");
        assert_eq!(quoted("a_b"), "a#95;b");
    }
}
