//! Values that take turns from run to run, as regions do, and hosts.

use std::hash::Hash;

use foldhash::HashSet;

/// Returns whether values that follow each other take turns: at least one in three comes back after another one, those aside
/// that are there for the first time. What is set to something else, and put right later, comes back too seldom for that.
#[must_use]
pub fn take_turns<T: Copy + Eq + Hash>(values: impl IntoIterator<Item = T>) -> bool {
    let mut different: HashSet<T> = HashSet::default();
    let (mut count, mut returns, mut last) = (0_usize, 0_usize, None);
    for value in values {
        let is_new = different.insert(value);
        returns = returns.saturating_add(usize::from(!is_new && last != Some(value)));
        count = count.saturating_add(1);
        last = Some(value);
    }
    returns > 0 && count <= returns.saturating_mul(3).saturating_add(different.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_all_the_time_takes_turns() {
        for values in ["aba", "abab", "abcabc", "aabbaabba", "abbabaab", "abcacbacbca"] {
            assert!(take_turns(values.bytes()), "{values}");
        }
    }

    #[test]
    fn what_is_put_right_or_goes_on_does_not() {
        for values in ["", "a", "aaaa", "abcdef", "aaabbbaaa", "aaabbbaaab", "aaaaabaaaaa", "aabbccdd"] {
            assert!(!take_turns(values.bytes()), "{values}");
        }
    }
}
