//! Sums, orders and what follows from them, each as exact as a float allows.

/// Numbers beyond this size, whose squares or sums may be larger than a float can be, are summed up in a smaller measure.
pub(super) const LARGE: f64 = 1e135;

/// That measure: a power of two, so that no digit changes.
pub(super) const SMALLER: f64 = f64::from_bits((1023 - 640) << 52);

/// A sum that keeps what each addition rounds away (Neumaier).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(super) fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    pub(super) fn value(self) -> f64 {
        self.sum + self.lost
    }

    /// Changes the measure of what was added.
    pub(super) fn scale(&mut self, by: f64) {
        (self.sum, self.lost) = (self.sum * by, self.lost * by);
    }
}

/// How numbers spread around their mean, in one pass (Welford): of each how far it is from the first one, so that numbers
/// which are large and near each other lose nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Squares {
    first: f64,
    count: f64,
    mean: f64,
    squares: Sum,
}

impl Squares {
    pub(super) fn add(&mut self, value: f64) {
        if self.count == 0.0 {
            self.first = value;
        }
        self.count += 1.0;
        let value = value - self.first;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares.add(before * (value - self.mean));
    }

    /// Changes the measure of the numbers that were added.
    pub(super) fn scale(&mut self, by: f64) {
        (self.first, self.mean) = (self.first * by, self.mean * by);
        // The square of so small a measure is nothing.
        self.squares.scale(by);
        self.squares.scale(by);
    }

    /// Returns the sum of the squared distances from the mean.
    pub(super) fn sum(self) -> f64 {
        self.squares.value()
    }
}

/// Numbers of which some are wanted by their place in order: held up to a limit, beyond which the store is asked for them in
/// order.
#[derive(Clone, Debug)]
pub(super) struct Held {
    values: Vec<f64>,
    most: usize,
    is_over: bool,
}

impl Held {
    pub(super) fn new(most: usize) -> Self {
        Self { values: Vec::new(), most, is_over: false }
    }

    pub(super) fn add(&mut self, value: f64) {
        if self.values.len() < self.most {
            self.values.push(value);
        } else if !self.is_over {
            self.is_over = true;
            self.values = Vec::new();
        }
    }

    /// Returns whether there were more than may be held.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn sorted(mut self) -> Vec<f64> {
        self.values.sort_unstable_by(f64::total_cmp);
        self.values
    }

    /// Returns the numbers at these places in order, the least place first.
    pub(super) fn at(&mut self, places: &[u64]) -> Vec<f64> {
        let (mut found, mut from) = (Vec::with_capacity(places.len()), 0_usize);
        for place in places {
            let Some(place) = usize::try_from(*place).ok().filter(|place| *place < self.values.len()) else { continue };
            let rest = self.values.get_mut(from..).unwrap_or_default();
            let (_, value, _) = rest.select_nth_unstable_by(place.saturating_sub(from), f64::total_cmp);
            found.push(*value);
            from = place;
        }
        found
    }
}

/// Returns the place of a quantile among so many values: of the least value that so large a share is not beyond.
pub(super) fn place_of(quantile: f64, count: u64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place among as many values as fit on a disk"
    )]
    let place = (quantile * count as f64).ceil() as u64;
    place.saturating_sub(1).min(count.saturating_sub(1))
}

/// How often a value of the one kind is above one of the other, counted while both come in order (Mann and Whitney).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ranks {
    value: f64,
    /// Negatives below the value at hand, and at it.
    below: u64,
    at: u64,
    positives_at: u64,
    positives: u64,
    /// Twice the pairs in which the positive is above, and once those in which both are alike.
    halves: u128,
}

impl Ranks {
    /// Takes the next value in order.
    pub(super) fn add(&mut self, value: f64, is_positive: bool) {
        if value != self.value {
            self.close();
            self.value = value;
        }
        if is_positive {
            self.positives_at = self.positives_at.saturating_add(1);
        } else {
            self.at = self.at.saturating_add(1);
        }
    }

    fn close(&mut self) {
        let pairs = |negatives: u64| u128::from(self.positives_at).saturating_mul(u128::from(negatives));
        self.halves = self.halves.saturating_add(pairs(self.below).saturating_mul(2)).saturating_add(pairs(self.at));
        self.below = self.below.saturating_add(self.at);
        self.positives = self.positives.saturating_add(self.positives_at);
        (self.at, self.positives_at) = (0, 0);
    }

    /// Returns the area under the ROC curve; `None` where there is only one kind.
    #[expect(clippy::cast_precision_loss, reason = "a share of the pairs")]
    pub(super) fn area(mut self) -> Option<f64> {
        self.close();
        let pairs = u128::from(self.positives).saturating_mul(u128::from(self.below));
        (pairs > 0).then(|| self.halves as f64 / 2.0 / pairs as f64)
    }
}

/// Returns the area under the ROC curve of values that are in order.
pub(super) fn area_of(positives: &[f64], negatives: &[f64]) -> Option<f64> {
    let (mut positives, mut negatives) = (positives.iter().peekable(), negatives.iter().peekable());
    let mut ranks = Ranks::default();
    loop {
        match (positives.peek(), negatives.peek()) {
            (None, None) => return ranks.area(),
            (Some(positive), other) if other.is_none_or(|negative| *positive <= negative) => {
                ranks.add(**positive, true);
                positives.next();
            }
            (_, Some(negative)) => {
                ranks.add(**negative, false);
                negatives.next();
            }
            (Some(_), None) => {
                positives.next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_addition_rounds_away_is_kept() {
        let mut sum = Sum::default();
        [1e100, 1.0, -1e100, 1e-3].into_iter().for_each(|value| sum.add(value));
        assert_eq!(sum.value(), 1.001);
        let mut spread = Squares::default();
        [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0].into_iter().for_each(|value| spread.add(value));
        assert!((spread.sum() - 90.0).abs() < 1e-12, "{}", spread.sum());
    }

    #[test]
    fn places_in_order_are_found_without_sorting_all() {
        let mut held = Held::new(8);
        [5.0, 1.0, 4.0, 2.0, 3.0].into_iter().for_each(|value| held.add(value));
        assert_eq!(held.at(&[0, 2, 2, 4]), [1.0, 3.0, 3.0, 5.0]);
        assert_eq!(held.clone().sorted(), [1.0, 2.0, 3.0, 4.0, 5.0]);
        (0..4).for_each(|_| held.add(9.0));
        assert!(held.is_over() && held.sorted().is_empty());
        assert_eq!([place_of(0.5, 4), place_of(0.5, 5), place_of(0.9, 10), place_of(1.0, 3)], [1, 2, 8, 2]);
    }

    #[test]
    fn alike_scores_count_half() {
        assert_eq!(area_of(&[0.5, 0.9], &[0.1, 0.5]), Some(0.875));
        assert_eq!(area_of(&[0.0], &[0.0]), Some(0.5));
        assert_eq!(area_of(&[0.2], &[0.8]), Some(0.0));
        assert_eq!(area_of(&[], &[0.8]), None);
    }
}
