//! Answers that fit a screen: what is left out is counted, and it is said how to see it.

/// How many lines an answer has when nobody asks for more.
pub(crate) const MOST_LINES: usize = 40;
/// How to see all of an answer.
pub(crate) const HOW: &str = "use `-v`, or `--format json`";

/// Returns the first items, all when `is_whole`, and how many are left out.
pub(super) fn first<T>(items: &[T], most: usize, is_whole: bool) -> (&[T], usize) {
    // The line that says how many more there are takes the place of one.
    let shown = if is_whole || items.len() <= most { items.len() } else { most.saturating_sub(1) };
    (items.get(..shown).unwrap_or(items), items.len().saturating_sub(shown))
}

/// Says how many more of something there are, and how to see them.
pub(super) fn more(count: usize) -> String {
    format!("\u{2026} and {count} more: {HOW}")
}

/// Returns the first lines of a text, and how many are left out, where it has too many.
pub(crate) fn lines(text: &str) -> String {
    let count = text.lines().count();
    if count <= MOST_LINES {
        return text.to_owned();
    }
    let shown: String = text.split_inclusive('\n').take(MOST_LINES - 1).collect();
    format!("{shown}\u{2026} and {} more lines: {HOW}\n", count - (MOST_LINES - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_whole_and_another_one_says_what_is_left_out() {
        let text = |count: usize| (0..count).map(|line| format!("{line}\n")).collect::<String>();
        assert_eq!(lines(&text(40)), text(40));
        let cut = lines(&text(41));
        assert_eq!(cut.lines().count(), 40);
        assert_eq!(cut.lines().last(), Some("\u{2026} and 2 more lines: use `-v`, or `--format json`"));
    }

    #[test]
    fn as_many_items_are_shown_as_there_are_lines_for() {
        assert_eq!(first(&[1, 2, 3], 3, false), (&[1, 2, 3][..], 0));
        assert_eq!(first(&[1, 2, 3, 4], 3, false), (&[1, 2][..], 2));
        assert_eq!(first(&[1, 2, 3, 4], 3, true), (&[1, 2, 3, 4][..], 0));
    }
}
