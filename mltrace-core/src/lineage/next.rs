//! Where to look next: the output whose verdict is expected to say most about who is to blame.

use foldhash::{HashMap, HashSet};
use std::hash::Hash;

use super::coverage::reach;

/// An output whose verdict would say less than this many bits is not worth a look.
const LEAST_BITS: f64 = 0.03;

/// A run that may be to blame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Belief<N> {
    /// The run; `None` when no recorded run is.
    pub run: Option<N>,
    /// How likely, as a share of one with all other beliefs.
    pub share: f64,
    /// The rate of bad outputs to be expected downstream of it.
    pub shown: f64,
    /// The rate of bad outputs to be expected elsewhere.
    pub elsewhere: f64,
}

/// An output to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Its number.
    pub output: usize,
    /// How many bits its verdict is expected to give about who is to blame.
    pub bits: f64,
    /// For each belief, whether its run is upstream of it.
    pub is_upstream: Vec<bool>,
}

/// Returns which of `outputs`, given by the runs that wrote them, to look at: the most informative first, at most
/// `limit` of them, and of those that have the same suspects upstream only the first.
#[must_use]
pub fn look_next<N: Copy + Eq + Hash>(
    beliefs: &[Belief<N>],
    outputs: &[N],
    edges: &[(N, N)],
    limit: usize,
) -> Vec<Look> {
    let writers: Vec<Option<N>> = outputs.iter().copied().map(Some).collect();
    let downstream: HashMap<N, _> =
        reach(&writers, edges).into_iter().map(|(run, _, outputs)| (run, outputs)).collect();
    let mut met: HashSet<Vec<bool>> = HashSet::default();
    let mut told: Vec<Look> = Vec::new();
    for number in 0..outputs.len() {
        let is_downstream = |run: N| downstream.get(&run).is_some_and(|outputs| outputs.contains(number));
        let is_upstream: Vec<bool> = beliefs.iter().map(|belief| belief.run.is_some_and(is_downstream)).collect();
        if met.insert(is_upstream.clone()) {
            told.push(Look { output: number, bits: information(beliefs, &is_upstream), is_upstream });
        }
    }
    told.retain(|look| look.bits > LEAST_BITS);
    told.sort_by(|a, b| b.bits.total_cmp(&a.bits).then(a.output.cmp(&b.output)));
    told.truncate(limit);
    told
}

/// Returns the bits that a verdict reports about the beliefs: how much less uncertain it is once one knows who is to blame.
fn information<N>(beliefs: &[Belief<N>], is_upstream: &[bool]) -> f64 {
    let bad = |belief: &Belief<N>, is_upstream: bool| if is_upstream { belief.shown } else { belief.elsewhere };
    let each = || beliefs.iter().zip(is_upstream).map(|(belief, up)| (belief.share, bad(belief, *up)));
    let whole: f64 = each().map(|(share, _)| share).sum();
    let rate: f64 = each().map(|(share, bad)| share * bad).sum::<f64>() / whole;
    let known: f64 = each().map(|(share, bad)| share * uncertainty(bad)).sum::<f64>() / whole;
    uncertainty(rate) - known
}

/// Returns the bits of a yes or no of that probability.
fn uncertainty(probability: f64) -> f64 {
    let bits = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    bits(probability) + bits(1.0 - probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_that_splits_the_suspects_is_the_one_to_look_at() {
        // a and b are equally suspect; x comes through both, y through a alone, z through neither.
        let edges = [("x", "a"), ("x", "b"), ("y", "a")];
        let belief = |run, share| Belief { run, share, shown: 0.9, elsewhere: 0.02 };
        let beliefs = [belief(Some("a"), 0.45), belief(Some("b"), 0.45), belief(None, 0.1)];
        let told = look_next(&beliefs, &["x", "y", "y", "z"], &edges, 5);
        let numbers: Vec<usize> = told.iter().map(|look| look.output).collect();
        assert_eq!(numbers, [1, 0], "the second y tells nothing more, and nobody suspected is upstream of z");
        assert!(told[0].bits > 0.5, "{told:?}");
        assert_eq!(told[0].is_upstream, [true, false, false]);
    }
}
