//! How values of runs compare with what somebody asks for: numbers, however they are written, and texts.

use std::cmp::Ordering;

use serde_json::Value;

use crate::lineage;

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// They are equal.
    Is,
    /// They are not.
    IsNot,
    /// The first is a number below the second.
    Below,
    /// The first is a number up to the second.
    AtMost,
    /// The first is a number above the second.
    Above,
    /// The first is a number from the second on.
    AtLeast,
}

impl Comparison {
    /// The longer signs first: one begins like another.
    pub(super) const ALL: [(&'static str, Self); 6] = [
        ("!=", Self::IsNot),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Is),
        ("<", Self::Below),
        (">", Self::Above),
    ];

    /// Returns the comparison that a text begins with, and what follows.
    pub(super) fn split(text: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?.trim())))
    }

    /// Returns how it is written.
    pub(super) fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, other)| *other == self).map_or("=", |(sign, _)| sign)
    }

    /// Returns whether two numbers compare so; what is no number is neither above nor below one, and equal only to another
    /// that is none.
    pub(super) fn holds_between(self, of: f64, value: f64) -> bool {
        match of.partial_cmp(&value) {
            Some(ordering) => self.holds(ordering),
            None if of.is_nan() && value.is_nan() => self == Self::Is,
            None => self == Self::IsNot,
        }
    }

    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Is => ordering.is_eq(),
            Self::IsNot => ordering.is_ne(),
            Self::Below => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Above => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// Numbers are equal however they are written.
pub(super) fn compared(of: &Value, comparison: Comparison, value: &str) -> bool {
    let numbers = lineage::number(of).zip(value.parse::<f64>().ok());
    match (numbers, comparison) {
        (Some((one, other)), _) => comparison.holds_between(one, other),
        (None, Comparison::Is | Comparison::IsNot) => {
            let text = of.as_str().map_or_else(|| of.to_string(), str::to_owned);
            (text == value) == (comparison == Comparison::Is)
        }
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_equal_to_another_that_is_none() {
        let nan = f64::NAN;
        let held = Comparison::ALL.map(|(_, comparison)| comparison.holds_between(nan, nan));
        assert_eq!(held, Comparison::ALL.map(|(_, comparison)| comparison == Comparison::Is));
        let held = Comparison::ALL.map(|(_, comparison)| comparison.holds_between(nan, 1.0));
        assert_eq!(held, Comparison::ALL.map(|(_, comparison)| comparison == Comparison::IsNot));
    }

    #[test]
    fn numbers_compare_however_they_are_written() {
        let holds = |of: Value, text: &str| {
            let (comparison, value) = Comparison::split(text).unwrap();
            compared(&of, comparison, value)
        };
        assert!(holds(1.into(), "=1.0") && holds("0.10".into(), "=0.1") && holds("900".into(), "<=900"));
        assert!(holds("mg".into(), "!=g") && holds(true.into(), "=true") && !holds("mg".into(), "<3"));
    }
}
