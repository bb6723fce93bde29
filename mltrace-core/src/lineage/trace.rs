//! How far each run is from the one that is asked about.

use std::collections::VecDeque;
use std::hash::Hash;

use foldhash::HashMap;

/// Returns every node that can be reached from `roots` over `edges` (from, to) in at most `limit` steps, with its
/// smallest distance, nearest first. A node met again, through a diamond or a cycle, is listed once.
///
/// ```
/// use mltrace_core::lineage::depths;
///
/// let diamond = [("model", "left"), ("model", "right"), ("left", "raw"), ("right", "raw")];
/// assert_eq!(depths(&["model"], &diamond, None), [("model", 0), ("left", 1), ("right", 1), ("raw", 2)]);
/// ```
#[must_use]
pub fn depths<N: Copy + Eq + Hash>(roots: &[N], edges: &[(N, N)], limit: Option<u32>) -> Vec<(N, u32)> {
    // The place of each node's first edge, and of each edge's next one from the same node.
    let mut first: HashMap<N, usize> = HashMap::with_capacity_and_hasher(edges.len(), Default::default());
    let mut next: Vec<Option<usize>> = vec![None; edges.len()];
    for ((place, (from, _)), next) in edges.iter().enumerate().zip(&mut next).rev() {
        *next = first.insert(*from, place);
    }
    let mut seen: HashMap<N, ()> = HashMap::with_capacity_and_hasher(edges.len(), Default::default());
    let mut reached = Vec::new();
    let mut queue = VecDeque::new();
    for root in roots {
        if seen.insert(*root, ()).is_none() {
            queue.push_back((*root, 0));
        }
    }
    while let Some((node, depth)) = queue.pop_front() {
        reached.push((node, depth));
        if limit.is_some_and(|limit| depth >= limit) {
            continue;
        }
        let below = depth.saturating_add(1);
        let mut edge = first.get(&node).copied();
        while let Some(((_, to), after)) = edge.and_then(|place| edges.get(place).zip(next.get(place))) {
            if seen.insert(*to, ()).is_none() {
                queue.push_back((*to, below));
            }
            edge = *after;
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::depths;

    /// Takes a drawing such as `model<-train<-clean` or several of them, and the expected runs by depth.
    fn check(drawing: &str, root: &str, limit: Option<u32>, expected: &str) {
        let mut edges = Vec::new();
        for line in drawing.split(';') {
            let names: Vec<&str> = line.split("<-").map(str::trim).collect();
            edges.extend(names.windows(2).map(|pair| (pair[0], pair[1])));
        }
        let found = depths(&[root], &edges, limit);
        let shown: Vec<String> = found.iter().map(|(name, depth)| format!("{name}{depth}")).collect();
        assert_eq!(shown.join(" "), expected, "{drawing}");
    }

    #[test]
    fn a_chain_is_one_run_a_step() {
        check("model <- train <- clean", "model", None, "model0 train1 clean2");
    }

    #[test]
    fn a_diamond_lists_its_top_once() {
        check("m <- a <- raw; m <- b <- raw", "m", None, "m0 a1 b1 raw2");
    }

    #[test]
    fn the_shortest_way_counts() {
        check("m <- a <- b <- raw; m <- raw", "m", None, "m0 a1 raw1 b2");
    }

    #[test]
    fn a_cycle_ends() {
        check("a <- b <- c <- a", "a", None, "a0 b1 c2");
    }

    #[test]
    fn a_limit_cuts() {
        check("a <- b <- c <- d", "a", Some(1), "a0 b1");
    }

    #[test]
    fn a_ladder_of_diamonds_is_linear() {
        let mut edges = Vec::new();
        for level in 0..100_000_u32 {
            let (top, left, right, bottom) = (level * 3, level * 3 + 1, level * 3 + 2, level * 3 + 3);
            edges.extend([(top, left), (top, right), (left, bottom), (right, bottom)]);
        }
        assert_eq!(depths(&[0], &edges, None).len(), 300_001);
    }
}
