//! Which column may be another one under a new name: by its name, and by what is in it.

use super::tally::Known;
use crate::model::{Column, ColumnType, ExpectedColumn};

/// How alike names are of which one may have been meant.
const ALIKE: f64 = 0.6;
/// Longer names are compared with none.
const LONGEST_NAME: usize = 256;

/// Why a column may be another one under a new name.
pub(super) struct Likeness {
    /// What they have in common, in words.
    pub(super) common: Vec<&'static str>,
    /// Whether nothing that is expected of the one is against it.
    pub(super) fits: bool,
    /// How alike their names are, from 0 to 1.
    pub(super) spelling: f64,
}

/// Returns how alike two names are, from 0 to 1, whatever their case and their signs.
#[expect(clippy::cast_precision_loss, reason = "a name has few letters")]
pub(super) fn spelling(one: &str, other: &str) -> f64 {
    let plain = |name: &str| name.chars().filter(|sign| sign.is_alphanumeric()).collect::<String>().to_lowercase();
    let [one, other]: [Vec<char>; 2] = [one, other].map(|name| plain(name).chars().collect());
    let longest = one.len().max(other.len());
    // Of signs alone nothing is left to compare.
    if one.is_empty() || longest > LONGEST_NAME {
        return 0.0;
    }
    1.0 - slips(&one, &other) as f64 / longest as f64
}

/// Returns how many letters are to be changed, left out or added to make one word of another (Levenshtein).
fn slips(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.iter().enumerate() {
        let (mut above_before, mut before) = (place, place.saturating_add(1));
        let mut next = vec![before];
        for (other_letter, above) in other.iter().zip(row.iter().skip(1)) {
            let changed = above_before.saturating_add(usize::from(letter != other_letter));
            before = changed.min(above.saturating_add(1)).min(before.saturating_add(1));
            above_before = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

impl Likeness {
    /// Returns what a column has in common with one that is expected and missing; `is_against` says whether something that
    /// is expected does not hold of it.
    pub(super) fn of(
        (name, wanted): (&str, &ExpectedColumn),
        (column, known): (&Column, Option<&Known>),
        is_against: bool,
    ) -> Self {
        let spelling = spelling(name, &column.name);
        let is_ranged = (wanted.min.is_some() || wanted.max.is_some()) && column.min.is_some();
        let is_listed = !wanted.values.is_empty() && known.is_some_and(|known| known.is_all);
        let is_typed = wanted.kind.is_some() && column.kind != ColumnType::Empty;
        let fits = !is_against && (is_typed || is_ranged || is_listed);
        let common = [
            (spelling >= ALIKE, "a like name"),
            (fits && is_typed, "the same type"),
            (fits && is_ranged, "numbers in its range"),
            (fits && is_listed, "none but its values"),
        ];
        let common = common.into_iter().filter(|(is_so, _)| *is_so).map(|(_, words)| words).collect();
        Self { common, fits, spelling }
    }

    /// Returns whether it may be that one, where `others` fit as well: a type alone says little.
    pub(super) fn is_telling(&self, others: usize) -> bool {
        let is_type_alone = self.common.len() < 2;
        self.spelling >= ALIKE || (self.fits && (!is_type_alone || others == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_by_the_letters_that_they_share() {
        for (one, other, wanted) in [
            ("pickup_at", "PickupAt", 1.0),
            ("fare", "fares", 0.8),
            ("fare", "zone", 0.25),
            ("%", "#", 0.0),
            ("a", "", 0.0),
        ] {
            assert!((spelling(one, other) - wanted).abs() < 1e-9, "{one} {other}: {}", spelling(one, other));
        }
    }
}
