//! The line of an error that says what went wrong, and which errors are the same but for names and numbers.

/// Returns the line that says what went wrong: the first one, and of a Python traceback the last one.
#[must_use]
pub fn error_line(error: &str) -> &str {
    let mut lines = error.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    if first.starts_with("Traceback") { lines.next_back().unwrap_or(first) } else { first }
}

/// Returns the parts of a line that are the same in every error of its kind: what is quoted, and every word with a digit, is
/// what they are about.
pub(super) fn lasting(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut rest) = (0, line.char_indices().peekable());
    while let Some((at, letter)) = rest.next() {
        let end = match letter {
            '"' | '`' | '\'' => {
                let after = at.saturating_add(1);
                let length = line.get(after..).and_then(|after| after.find(letter));
                length.map(|length| after.saturating_add(length).saturating_add(1))
            }
            _ if letter.is_alphanumeric() => {
                let word = line.get(at..).unwrap_or_default();
                let word =
                    word.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
                let end = at.saturating_add(word.len());
                if word.contains(|letter: char| letter.is_ascii_digit()) {
                    Some(end)
                } else {
                    while rest.next_if(|(next, _)| *next < end).is_some() {}
                    None
                }
            }
            _ => None,
        };
        let Some(end) = end else { continue };
        parts.extend(line.get(from..at));
        while rest.next_if(|(next, _)| *next < end).is_some() {}
        from = end;
    }
    parts.extend(line.get(from..));
    parts.retain(|part| part.contains(char::is_alphabetic));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_went_wrong() {
        assert_eq!(error_line("\n  boom \nat x"), "boom");
        assert_eq!(
            error_line("Traceback (most recent call last):\n  File \"x\"\nValueError: no 3\n"),
            "ValueError: no 3"
        );
        assert_eq!((error_line(""), error_line("Traceback")), ("", "Traceback"));
    }

    #[test]
    fn errors_of_a_kind_share_their_lasting_parts() {
        let one = lasting("SlowDown: key `a/b 1` on host7, retry in 30s");
        assert_eq!(one, ["SlowDown: key ", " on ", ", retry in "]);
        assert_eq!(one, lasting("SlowDown: key `x` on host12, retry in 5s"));
        assert_eq!(lasting("it's late"), ["it's late"]);
        assert_eq!(lasting("12 34"), Vec::<&str>::new());
        assert_eq!(lasting("ü1 größe"), [" größe"]);
    }
}
