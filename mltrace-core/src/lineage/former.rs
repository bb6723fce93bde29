//! What something that is moved by hand pointed to before: what a step back returns to.

/// Returns what counted before the last of `entries` (oldest first, `None`: nothing), of which none that was gone back from is
/// meant again: anyone who moves from A to B and back to A has A alone behind them. So two steps back lead further, and never to
/// what the first one left.
#[must_use]
pub fn former<T: PartialEq>(entries: impl IntoIterator<Item = Option<T>>) -> Option<T> {
    let mut behind: Vec<Option<T>> = Vec::new();
    for entry in entries {
        if behind.last() == Some(&entry) {
            continue;
        }
        let is_back = behind.iter().rev().nth(1) == Some(&entry);
        if is_back {
            behind.pop();
        } else {
            behind.push(entry);
        }
    }
    behind.pop();
    behind.into_iter().rev().flatten().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each letter is what was pointed to, `-` nothing.
    fn check(entries: &str, expected: Option<char>) {
        assert_eq!(former(entries.chars().map(|entry| (entry != '-').then_some(entry))), expected, "{entries}");
    }

    #[test]
    fn a_step_back_leads_to_what_was_there_before() {
        check("", None);
        check("A", None);
        check("AB", Some('A'));
        check("AAB", Some('A'));
        check("AABB", Some('A'));
    }

    #[test]
    fn a_second_step_back_leads_further_and_not_forth() {
        check("ABCB", Some('A'));
        check("ABA", None);
        check("ABCBA", None);
        check("ABCBD", Some('B'));
    }

    #[test]
    fn what_was_removed_is_what_a_step_back_returns() {
        check("AB-", Some('B'));
        check("AB-B", Some('A'));
        check("A-C", Some('A'));
    }
}
