//! A tree as `cargo tree` draws one, of a graph whose nodes may be met again and that may be very deep.
//!
//! It is drawn without recursion, and its size is linear in the nodes shown. A branch that would grow past
//! [`DEEPEST`] levels is given a number there and goes on under that number at the left margin.

use std::collections::VecDeque;

/// How many levels a branch grows to the right before it goes on at the left margin.
pub(super) const DEEPEST: usize = 20;
/// How many nodes met again are shown under one node before the rest is only counted.
const MOST_REPEATS: usize = 8;

/// What is drawn.
pub(super) trait Grove {
    /// A node as it is seen from above.
    type Node;

    /// Returns whether the node was grown already.
    fn is_known(&self, node: &Self::Node) -> bool;

    /// Returns the node's own line.
    fn line(&self, node: &Self::Node) -> String;

    /// Marks the node as grown and returns its leaves, as lines, and its branches.
    fn grow(&mut self, node: &Self::Node) -> (Vec<String>, Vec<Self::Node>);
}

/// Returns the tree that grows from `root`.
pub(super) fn draw<G: Grove>(grove: &mut G, root: &G::Node) -> String {
    let mut drawing = Drawing { text: String::new(), prefix: String::new(), later: VecDeque::new(), sections: 0 };
    drawing.text.push_str(&grove.line(root));
    drawing.text.push('\n');
    let (leaves, branches) = grove.grow(root);
    drawing.section(grove, leaves, branches);
    while let Some((line, branches)) = drawing.later.pop_front() {
        drawing.sections += 1;
        drawing.text.push_str(&format!("\n[{}] {line}\n", drawing.sections));
        drawing.section(grove, Vec::new(), branches);
    }
    drawing.text
}

struct Drawing<N> {
    text: String,
    prefix: String,
    later: VecDeque<(String, Vec<N>)>,
    sections: usize,
}

/// A node whose branches are being drawn.
struct Frame<N> {
    branches: VecDeque<N>,
    repeats: Vec<N>,
    prefix_length: usize,
}

impl<N> Drawing<N> {
    /// Draws what grows from one node at the left margin.
    fn section<G: Grove<Node = N>>(&mut self, grove: &mut G, leaves: Vec<String>, branches: Vec<N>) {
        self.prefix.clear();
        self.leaves(leaves, branches.is_empty());
        let mut frames = vec![Frame { branches: branches.into(), repeats: Vec::new(), prefix_length: 0 }];
        while let Some(frame) = frames.last_mut() {
            self.prefix.truncate(frame.prefix_length);
            let Some(node) = frame.branches.pop_front() else {
                let frame = frames.pop();
                self.repeats(grove, &frame.map(|frame| frame.repeats).unwrap_or_default());
                continue;
            };
            if grove.is_known(&node) {
                frame.repeats.push(node);
                continue;
            }
            let is_last = frame.branches.is_empty() && frame.repeats.is_empty();
            let line = grove.line(&node);
            self.entry(&line, is_last);
            self.prefix.push_str(if is_last { "    " } else { "│   " });
            let (leaves, branches) = grove.grow(&node);
            self.leaves(leaves, branches.is_empty());
            if frames.len() >= DEEPEST && !branches.is_empty() {
                let number = self.sections + self.later.len() + 1;
                self.entry(&format!("… continues at [{number}]"), true);
                self.later.push_back((line, branches));
            } else if !branches.is_empty() {
                frames.push(Frame { branches: branches.into(), repeats: Vec::new(), prefix_length: self.prefix.len() });
            }
        }
    }

    /// Draws nodes that were met again: they come last, because a branch drawn before may have grown them.
    fn repeats<G: Grove<Node = N>>(&mut self, grove: &G, repeats: &[N]) {
        let more = repeats.len().saturating_sub(MOST_REPEATS);
        let shown = repeats.len() - more;
        for (index, node) in repeats.iter().take(shown).enumerate() {
            self.entry(&format!("{} (*)", grove.line(node)), more == 0 && index + 1 == shown);
        }
        if more > 0 {
            self.entry(&format!("… and {more} more (*)"), true);
        }
    }

    fn leaves(&mut self, leaves: Vec<String>, are_last: bool) {
        let count = leaves.len();
        for (index, leaf) in leaves.into_iter().enumerate() {
            self.entry(&leaf, are_last && index + 1 == count);
        }
    }

    fn entry(&mut self, line: &str, is_last: bool) {
        self.text.push_str(&self.prefix);
        self.text.push_str(if is_last { "└── " } else { "├── " });
        self.text.push_str(line);
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// A graph written as `"c: b a, b: a"`: each node with the nodes below it.
    struct Written {
        below: BTreeMap<String, Vec<String>>,
        grown: BTreeSet<String>,
    }

    impl Grove for Written {
        type Node = String;

        fn is_known(&self, node: &String) -> bool {
            self.grown.contains(node)
        }

        fn line(&self, node: &String) -> String {
            node.clone()
        }

        fn grow(&mut self, node: &String) -> (Vec<String>, Vec<String>) {
            self.grown.insert(node.clone());
            (Vec::new(), self.below.get(node).cloned().unwrap_or_default())
        }
    }

    fn drawn(below: BTreeMap<String, Vec<String>>, root: &str) -> String {
        draw(&mut Written { below, grown: BTreeSet::new() }, &root.to_owned())
    }

    fn chain(length: usize) -> BTreeMap<String, Vec<String>> {
        (1..=length).map(|node| (node.to_string(), vec![(node - 1).to_string()])).collect()
    }

    #[test]
    fn a_node_met_again_is_shown_once() {
        let below = [("d", vec!["c", "b"]), ("c", vec!["b", "a"])];
        let below = below.map(|(node, below)| (node.to_owned(), below.into_iter().map(str::to_owned).collect()));
        assert_eq!(drawn(below.into(), "d"), "d\n├── c\n│   ├── b\n│   └── a\n└── b (*)\n");
    }

    #[test]
    fn a_long_chain_goes_on_at_the_left_margin() {
        let text = drawn(chain(45), "45");
        let continued: Vec<&str> = text.lines().filter(|line| line.contains('[')).map(str::trim_start).collect();
        assert_eq!(continued, ["└── … continues at [1]", "[1] 25", "└── … continues at [2]", "[2] 5"]);
    }

    #[test]
    fn a_very_deep_chain_is_drawn_in_linear_size() {
        let text = drawn(chain(100_000), "100000");
        assert_eq!(text.lines().filter(|line| line.contains("── 0")).count(), 1);
        assert!(text.len() < 100_000 * 100, "{}", text.len());
    }

    #[test]
    fn a_dense_graph_is_drawn_in_linear_size() {
        let all = |nodes: usize| (0..nodes).rev().map(|node| node.to_string()).collect();
        let below: BTreeMap<_, _> = (0..400).map(|node| (node.to_string(), all(node))).collect();
        let text = drawn(below, "399");
        assert!(text.lines().count() < 400 * 14, "{}", text.lines().count());
        assert!(text.contains(" more (*)"), "{text}");
    }
}
