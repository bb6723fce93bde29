//! Whether two numbers that are written differently are the same, also where no float holds them.

/// A number as its digits: the last of them is no zero and stands for ten to the power of the exponent.
#[derive(PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Returns the number that a text is; `None` where it is none, has no end, or its exponent is beyond all measure.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, rest].concat();
        if all.is_empty() || !all.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let kept = all.trim_end_matches('0');
        let places =
            i64::try_from(all.len().saturating_sub(kept.len())).ok()?.checked_sub(i64::try_from(rest.len()).ok()?)?;
        let digits = kept.trim_start_matches('0').to_owned();
        let exponent = exponent.parse::<i64>().ok()?.checked_add(places)?;
        // Zero is zero, whatever its sign and its places.
        let is_zero = digits.is_empty();
        let is_negative = text.starts_with('-') && !is_zero;
        Some(Self { is_negative, digits, exponent: if is_zero { 0 } else { exponent } })
    }
}

/// Returns whether two texts are one number; `None` where one of them is no number. What is none (`NaN`) is the same as
/// another such.
pub(super) fn is_same(one: &str, other: &str) -> Option<bool> {
    let [first, second] = [one, other].map(|text| text.trim().parse::<f64>().ok());
    let (first, second) = (first?, second?);
    Some(match (Decimal::parse(one), Decimal::parse(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => first.total_cmp(&second).is_eq() || (first.is_nan() && second.is_nan()),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for (one, other) in
            [("0.70", "7e-1"), ("1e3", "1000"), ("-0", "0.000e7"), ("inf", "+Infinity"), ("nan", "-NaN")]
        {
            assert_eq!(is_same(one, other), Some(true), "{one} {other}");
        }
        let near =
            ["9007199254740993", "9007199254740992", "9007199254740992.5", "-9007199254740992", "inf", "-inf", "NaN"];
        for (place, one) in near.iter().enumerate() {
            for (other_place, other) in near.iter().enumerate() {
                assert_eq!(is_same(one, other), Some(place == other_place), "{one} {other}");
            }
        }
        assert_eq!(is_same("1", "one"), None);
        assert_eq!(is_same("1e99999999999999999999", "inf"), Some(true), "which no float tells apart");
    }
}
