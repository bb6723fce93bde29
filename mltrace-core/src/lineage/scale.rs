//! Numbers as they are compared: by their ratios or their differences, each kind by itself, none far out.

use std::collections::BTreeMap;
use std::ops::Range;

/// Numbers further from the median of those beside them than so many standard deviations, estimated from the median distance,
/// count as if they were there: what one odd run did is no level.
const FURTHEST: f64 = 5.0;
/// How many numbers on each side are beside one.
const BESIDE: usize = 2;
/// The standard deviation of what is normally distributed, in median distances.
const DEVIATION: f64 = 1.4826;
/// How many numbers of a kind say how high it is.
const OF_A_KIND: usize = 4;
/// Numbers beyond this size are compared as shares of the greatest: their squares may have no end.
const HUGE: f64 = 1e100;

/// Numbers as they are compared.
pub(super) struct Scaled {
    /// How far each is above the height of its kind.
    pub(super) numbers: Vec<f64>,
    /// The height of the kind of each; nought where kinds do not take turns.
    heights: Vec<f64>,
    by: By,
}

/// What is compared of two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum By {
    /// Their ratio.
    Ratio,
    /// Their difference, in so many parts of one.
    Difference(f64),
}

impl By {
    /// Returns what is compared of some numbers when nothing speaks for anything else: their ratios where all are positive.
    pub(super) fn of(numbers: &[f64]) -> Self {
        if numbers.iter().all(|number| *number > 0.0) { Self::Ratio } else { Self::difference(numbers) }
    }

    pub(super) fn difference(numbers: &[f64]) -> Self {
        let greatest = numbers.iter().fold(0.0, |greatest: f64, number| greatest.max(number.abs()));
        // A power of two keeps all digits.
        Self::Difference(if greatest > HUGE { (-greatest.log2().floor()).exp2() } else { 1.0 })
    }

    pub(super) fn compared(self, number: f64) -> f64 {
        match self {
            Self::Ratio => number.ln(),
            Self::Difference(parts) => number * parts,
        }
    }

    fn shown(self, compared: f64) -> f64 {
        match self {
            Self::Ratio => compared.exp(),
            Self::Difference(parts) => compared / parts,
        }
    }
}

impl Scaled {
    /// Returns numbers, of which each is of a kind, as they are compared.
    pub(super) fn new(numbers: &[f64], kinds: &[usize], by: By) -> Self {
        let mut scaled: Vec<f64> = numbers.iter().map(|number| by.compared(*number)).collect();
        let heights = heights(&scaled, kinds).unwrap_or_else(|| vec![0.0; scaled.len()]);
        scaled.iter_mut().zip(&heights).for_each(|(number, height)| *number -= height);
        let middle = median(&scaled);
        let apart: Vec<f64> = scaled.iter().map(|number| (number - middle).abs()).collect();
        let far = FURTHEST * DEVIATION * median(&apart);
        if far > 0.0 {
            let near = |at: usize| median(&scaled[at.saturating_sub(BESIDE)..scaled.len().min(at + BESIDE + 1)]);
            let nears: Vec<f64> = (0..scaled.len()).map(near).collect();
            scaled.iter_mut().zip(nears).for_each(|(number, near)| *number = number.clamp(near - far, near + far));
        }
        Self { numbers: scaled, heights, by }
    }

    /// Returns what a compared number is in a run of the same kind as that at a place.
    pub(super) fn shown(&self, compared: f64, like: usize) -> f64 {
        self.by.shown(compared + self.heights.get(like).copied().unwrap_or_default())
    }

    /// Returns the median of some of the numbers in a run of the same kind as that at a place: of those of that kind, or, where
    /// there are none, by all.
    pub(super) fn median_like(&self, numbers: &[f64], of: Range<usize>, like: usize) -> f64 {
        let height = self.heights.get(like).copied().unwrap_or_default().to_bits();
        let own: Vec<f64> =
            of.clone().filter(|place| self.heights[*place].to_bits() == height).map(|place| numbers[place]).collect();
        if own.is_empty() { self.shown(median(&self.numbers[of]), like) } else { median(&own) }
    }

    /// Returns what is added to Schwarz's criterion for a scale, so that scales can be compared: twice the logarithm of how much
    /// smaller a step is on it.
    pub(super) fn stretch(&self) -> f64 {
        match self.by {
            By::Ratio => {
                2.0 * self.numbers.iter().zip(&self.heights).map(|(number, height)| number + height).sum::<f64>()
            }
            By::Difference(parts) => -2.0 * parts.ln() * self.numbers.len() as f64,
        }
    }
}

/// Returns the height of the kind of each number, as its median; `None` where kinds do not take turns. A kind of which there are
/// few, or that came or went, has the height of all numbers: it may be the change itself.
pub(super) fn heights(compared: &[f64], kinds: &[usize]) -> Option<Vec<f64>> {
    let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in 0..compared.len() {
        places.entry(kinds.get(place).copied().unwrap_or_default()).or_default().push(place);
    }
    let half = compared.len() / 2;
    let is_settled = |of: &Vec<usize>| {
        of.len() >= OF_A_KIND
            && of.first().is_some_and(|first| *first < half)
            && of.last().is_some_and(|last| *last >= half)
    };
    places.retain(|_, of| is_settled(of));
    let mut order: Vec<(usize, usize)> =
        places.iter().flat_map(|(kind, of)| of.iter().map(|place| (*place, *kind))).collect();
    order.sort_unstable();
    let turns = order.chunk_by(|one, next| one.1 == next.1).count();
    if places.len() < 2 || turns < 3 * places.len() {
        return None;
    }
    let mut heights = vec![median(compared); compared.len()];
    for of in places.values() {
        let own = median(&of.iter().map(|place| compared[*place]).collect::<Vec<_>>());
        of.iter().for_each(|place| heights[*place] = own);
    }
    Some(heights)
}

pub(super) fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}
