//! Halves of characters that stand alone in a text of JSON: Python writes them for a file name that is not UTF-8.

use std::borrow::Cow;

use memchr::memchr;

/// How long an escape such as `\udcff` is.
const ESCAPE: usize = 6;

/// Returns a text of JSON in which each half of a character that stands alone is the sign for an unknown one, as decoders
/// of Unicode put it; all else stays as it is.
#[must_use]
pub fn paired(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let (mut mended, mut kept_to, mut at) = (String::new(), 0_usize, 0_usize);
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        at = at.saturating_add(found);
        let Some(unit) = unit(bytes, at) else {
            // An escape of two signs, or none at all.
            at = at.saturating_add(2);
            continue;
        };
        let next = at.saturating_add(ESCAPE);
        let is_high = (0xd800..0xdc00).contains(&unit);
        if is_high && matches!(self::unit(bytes, next), Some(0xdc00..=0xdfff)) {
            at = next.saturating_add(ESCAPE);
            continue;
        }
        if is_high || (0xdc00..0xe000).contains(&unit) {
            mended.push_str(json.get(kept_to..at).unwrap_or_default());
            mended.push_str("\\ufffd");
            kept_to = next;
        }
        at = next;
    }
    if kept_to == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(json.get(kept_to..).unwrap_or_default());
    Cow::Owned(mended)
}

/// Returns which half or whole of a character the escape at `at` is.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at.checked_add(ESCAPE)?)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_that_stands_alone_is_an_unknown_character_and_the_rest_stays() {
        for (given, expected) in [
            (r#"{"a": "plain \u00fc \ud83d\ude00 \n"}"#, r#"{"a": "plain \u00fc \ud83d\ude00 \n"}"#),
            (r#"["no file \udcff.csv"]"#, r#"["no file \ufffd.csv"]"#),
            (r#"["\ud83d", "\uD83D\u0041", "\ude00\ud83d"]"#, r#"["\ufffd", "\ufffd\u0041", "\ufffd\ufffd"]"#),
            (r#"["\\udcff", "\\\udcff", "\ud8"]"#, r#"["\\udcff", "\\\ufffd", "\ud8"]"#),
            ("\\", "\\"),
        ] {
            assert_eq!(paired(given), expected, "{given}");
        }
    }
}
