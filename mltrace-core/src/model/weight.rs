//! How much memory a text of JSON takes once it is parsed, estimated before it is: there it may be a hundred times as large.

use memchr::memchr2;

use super::MOST_FACTS;

/// The most that one record of a journal, or one line of an import, may weigh: about 350 MiB of memory at worst. What an
/// import may send weighs less, and so does the record of a run of 150,000 inputs.
pub const MOST_WEIGHT: usize = 42 * MOST_FACTS;

/// An object takes more than 600 bytes, however little it holds, and each value up to 150.
const OBJECT: usize = 4;
const VALUE: usize = 150;

/// Returns whether a text of JSON is not to be parsed, for it would take too much memory: see [`MOST_WEIGHT`].
#[must_use]
pub fn is_too_heavy(text: &[u8]) -> bool {
    // Each byte weighs as much as an object at most.
    text.len() > MOST_WEIGHT / OBJECT && weight(text, MOST_WEIGHT) > MOST_WEIGHT
}

/// Returns how many bytes a text of JSON takes in memory at most beside the texts in it, as far as these are no more than `most`.
#[must_use]
pub fn bytes_beside_texts(text: &str, most: usize) -> usize {
    weight(text.as_bytes(), most / VALUE).saturating_mul(VALUE).min(most)
}

/// Returns what a text of JSON weighs; of more than `most` not how much.
fn weight(text: &[u8], most: usize) -> usize {
    let (mut weight, mut at) = (0_usize, 0_usize);
    while let Some(byte) = text.get(at) {
        at = at.saturating_add(1);
        let more = match byte {
            b'{' => OBJECT,
            b'[' | b',' => 1,
            b'"' => {
                at = behind_string(text, at);
                0
            }
            _ => 0,
        };
        weight = weight.saturating_add(more);
        if weight > most {
            break;
        }
    }
    weight
}

/// Returns the place behind a string that is open at a place.
#[must_use]
pub(crate) fn behind_string(text: &[u8], mut at: usize) -> usize {
    while let Some(rest) = text.get(at..) {
        match memchr2(b'"', b'\\', rest) {
            Some(place) if rest.get(place) == Some(&b'"') => return at.saturating_add(place).saturating_add(1),
            Some(place) => at = at.saturating_add(place).saturating_add(2),
            None => break,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(count: usize, of: &str) -> Vec<u8> {
        format!("[{}]", vec![of; count].join(",")).into_bytes()
    }

    #[test]
    fn objects_weigh_most_and_what_stands_in_strings_nothing() {
        let check = |of: &str, weight: usize| {
            let most = MOST_WEIGHT / weight;
            let (light, heavy) = (list(most, of), list(most + 1, of));
            assert_eq!((is_too_heavy(&light), is_too_heavy(&heavy)), (false, true), "{of}");
        };
        check("0", 1);
        check("[]", 2);
        check("{}", 5);
        check(r#"{"a":{"b":0}}"#, 9);
        check(r#"{"a":0,"b":[1]}"#, 7);
        check(r#""[{,\"[{,\\""#, 1);
        assert!(!is_too_heavy(format!("\"{}", ",[{".repeat(MOST_WEIGHT)).as_bytes()));
        assert!(!is_too_heavy(format!("\"\\{}\"", ",".repeat(2 * MOST_WEIGHT)).as_bytes()));
    }
}
