//! Names without what distinguishes one round of a pipeline from the next.

/// From how many hexadecimal digits on a word is an identifier.
const HEX: usize = 6;
/// How many hexadecimal digits stand in each part of a UUID.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];
/// What stands for all that distinguishes one round of a pipeline from the next.
pub(super) const MASK: char = '#';

/// Returns a name without what distinguishes one round of a pipeline from the next: UUIDs, hashes and commits (six hexadecimal
/// digits or more), dates, and other digits.
#[must_use]
pub fn mask(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut shape = String::with_capacity(name.len());
    // The digit of `s3` distinguishes no round from the next.
    let scheme = name.split_once("://").map_or("", |(scheme, _)| scheme);
    let scheme = if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) { scheme } else { "" };
    shape.push_str(scheme);
    let mut place = scheme.len();
    while let Some(letter) = letters.get(place).copied() {
        let masked = masked(&letters, place);
        if masked == 0 {
            shape.push(letter);
        } else if !shape.ends_with(MASK) {
            shape.push(MASK);
        }
        place += masked.max(1);
    }
    shape
}

/// Returns how many letters from `place` on are masked.
fn masked(letters: &[char], place: usize) -> usize {
    let rest = letters.get(place..).unwrap_or_default();
    let count = |letters: &[char], is: fn(&char) -> bool| letters.iter().take_while(|letter| is(letter)).count();
    if let Some(length) = uuid(rest) {
        return length;
    }
    let before = place.checked_sub(1).and_then(|place| letters.get(place));
    if !before.is_some_and(char::is_ascii_hexdigit) {
        let hex = count(rest, char::is_ascii_hexdigit);
        let (word, after) = rest.split_at(hex);
        let has_digit = word.iter().any(char::is_ascii_digit);
        // A word of the letters a to f may be one; inside a longer word they are chance.
        let is_word = ![before, after.first()].into_iter().flatten().any(|letter| letter.is_alphanumeric());
        if hex >= HEX && (has_digit || is_word) {
            return hex;
        }
    }
    count(rest, char::is_ascii_digit)
}

/// Returns the length of the UUID that the letters begin with.
fn uuid(letters: &[char]) -> Option<usize> {
    let mut rest = letters;
    for (number, digits) in UUID.into_iter().enumerate() {
        if number > 0 {
            rest = rest.strip_prefix(&['-'])?;
        }
        let (part, more) = rest.split_at_checked(digits)?;
        if !part.iter().all(char::is_ascii_hexdigit) {
            return None;
        }
        rest = more;
    }
    letters.len().checked_sub(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_rounds_look_alike() {
        let same = |one: &str, other: &str| assert_eq!(mask(one), mask(other), "{one} {other}");
        same("s3://lake/2026-11-16/raw-07.csv", "s3://lake/2026-11-17/raw-8.csv");
        same("s3://lake/eu/3f2b8c1e-aaaa-4bbb-8ccc-deadbeefcafe", "s3://lake/eu/00000000-0000-4000-8000-000000000001");
        same("model-e3fe3a63b052287c.bin", "model-0a0a0a.bin");
        same("data/deadbeef/x", "data/abcdef/x");
        same("run9f3a2b1c.pq", "run12345678.pq");
        same("20261116T110500/x", "20261117T000000/x");
    }

    #[test]
    fn names_of_other_things_do_not() {
        let other = |one: &str, other: &str| assert_ne!(mask(one), mask(other), "{one} {other}");
        other("s3://lake/eu/1.csv", "s3://lake/us/1.csv");
        other("rides.csv", "fares.csv");
        assert_eq!(mask("feedback/predicted.csv"), "feedback/predicted.csv", "no part of a word is a hash");
        assert_eq!(mask("out/bead.csv"), "out/bead.csv");
        assert_eq!(mask("s3://lake/7.csv"), "s3://lake/#.csv", "a scheme stays");
        assert_eq!(mask("2026-11-16/a://b"), "#-#-#/a://b");
    }
}
