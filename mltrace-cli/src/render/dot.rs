//! A trace in the language of Graphviz.

use mltrace_core::query::Trace;

use super::graph::{Graph, Node, Shape};
use crate::escape;

/// Returns the trace as a directed graph, data flowing to the right.
pub(crate) fn trace(answer: &Trace) -> String {
    let graph = Graph::of(answer);
    let mut text = "digraph trace {\n    rankdir=LR;\n    node [fontname=\"sans-serif\"];\n".to_owned();
    for (place, node) in graph.nodes.iter().enumerate() {
        text.push_str(&format!("    n{place} [{}];\n", attributes(node)));
    }
    for arrow in &graph.arrows {
        let label = arrow.label.map(|label| format!(" [style=dashed, label=\"{label}\"]")).unwrap_or_default();
        text.push_str(&format!("    n{} -> n{}{label};\n", arrow.from, arrow.to));
    }
    text.push_str("}\n");
    text
}

fn attributes(node: &Node) -> String {
    let shape = match node.shape {
        Shape::Run => "box, style=\"rounded\"",
        Shape::Version => "note",
    };
    let lines: Vec<String> = node.lines.iter().map(|line| quoted(line)).collect();
    let asked = if node.is_asked { ", penwidth=3" } else { "" };
    let bad = if node.is_bad { ", color=red" } else { "" };
    format!("shape={shape}, label=\"{}\"{asked}{bad}", lines.join("\\n"))
}

/// Returns the text as it stands inside the quotes of a label.
fn quoted(text: &str) -> String {
    // A backslash would start one of Graphviz' own escapes, and `&` an entity.
    escape::line(text).replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_leave_their_quotes() {
        assert_eq!(quoted("a\"]; b [x=\"\\"), "a\\\"]; b [x=\\\"\\\\");
        assert_eq!(quoted("a\nb&lt;"), "a\\\\nb&amp;lt;");
    }
}
