//! Durations as people write them: `30 days`, `1 week 2 days`, `36h`.

/// The units, by their words, in seconds.
const UNITS: [(&[&str], i64); 5] = [
    (&["s", "sec", "secs", "second", "seconds"], 1),
    (&["m", "min", "mins", "minute", "minutes"], 60),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600),
    (&["d", "day", "days"], 86_400),
    (&["w", "week", "weeks"], 604_800),
];

/// Returns the seconds of a duration, or what is wrong with it.
pub(crate) fn seconds(text: &str) -> Result<i64, String> {
    let mut rest = text.trim();
    let mut total = 0_i64;
    if rest.is_empty() {
        return Err("this is no duration: write `\"30 days\"`".to_owned());
    }
    while !rest.is_empty() {
        let (number, after) = take(rest, |c| c.is_ascii_digit());
        let (unit, after) = take(after.trim_start(), char::is_alphabetic);
        if number.is_empty() {
            return Err(format!("`{text}` is no duration: numbers come before units, as in `\"30 days\"`"));
        }
        if unit.is_empty() {
            return Err(format!("`{number}` lacks a unit: write `\"{number} days\"`"));
        }
        let word = unit.to_lowercase();
        let Some((_, in_unit)) = UNITS.iter().find(|(words, _)| words.contains(&word.as_str())) else {
            return Err(format!("`{unit}` is no unit: use seconds, minutes, hours, days or weeks (s, m, h, d, w)"));
        };
        let part = number.parse::<i64>().ok().and_then(|number| number.checked_mul(*in_unit));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(|| format!("`{text}` is too long"))?;
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    if total == 0 {
        return Err("every input would be stale: write a longer duration".to_owned());
    }
    Ok(total)
}

/// Splits after the longest beginning whose characters are all `wanted`.
fn take(text: &str, wanted: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !wanted(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn units_are_letters_or_words() {
        for (text, expected) in [
            ("30 days", 2_592_000),
            ("1 day", 86_400),
            ("36h", 129_600),
            ("1 week 2 days", 777_600),
            ("1d12h", 129_600),
            ("2 Hours, 30 min", 9_000),
            ("45 s", 45),
            (" 5 weeks ", 3_024_000),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_explained() {
        for (text, expected) in [
            ("", "no duration"),
            ("days", "numbers come before"),
            ("30", "write `\"30 days\"`"),
            ("30 moons", "`moons` is no unit"),
            ("-1 day", "numbers come before"),
            ("1.5 days", "lacks a unit"),
            ("0 days", "longer"),
            ("99999999999999999999 d", "too long"),
            ("9223372036854775807 w", "too long"),
        ] {
            let error = seconds(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
