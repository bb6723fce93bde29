//! How often something begins, derived from when it began: a rhythm, or none.

/// With fewer spans than this there is no rhythm.
const FEW: usize = 5;
/// Where spans fall into short and long ones, a long one is so many times as long as a short one.
const APART: f64 = 10.0;
/// How many times the median span the middle half and all but the longest may be.
const MIDDLE: f64 = 2.0;
const LONG: f64 = 4.0;
/// After how many times a span that was waited out before, or that is usual, something is late.
const WAITED: f64 = 1.1;
const USUAL: f64 = 1.5;

/// For how long something begins again and again before that is a rhythm: a sweep of a few hours is one beginning.
const STEADY: f64 = 24.0 * 3.6e6;

/// How often something begins, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rhythm {
    /// The median span from one beginning to the next; several in short order are one.
    pub every: f64,
    /// How long after the last one the next is late.
    pub late_after: f64,
}

impl Rhythm {
    /// Returns the rhythm of what began at these moments, in their order; `None` where there is none to be seen.
    ///
    /// What begins by hand, now and then, has none. What skips weekends has one, and is not late on Sundays: a span that came
    /// up twice is waited out. One that came up once, as of a day on which nothing ran, is not. Neither is a rhythm what began
    /// in bursts of less than a day, unless it `goes_further_back` than these moments.
    #[must_use]
    pub fn of(starts: &[f64], goes_further_back: bool) -> Option<Self> {
        let spans: Vec<f64> = starts.windows(2).filter_map(|pair| Some(pair.get(1)? - pair.first()?)).collect();
        let mut spans = without_bursts(&spans);
        let in_order = spans.clone();
        if spans.len() < FEW {
            return None;
        }
        spans.sort_by(f64::total_cmp);
        let at = |quarters: usize| spans.get(spans.len().saturating_sub(1) * quarters / 4).copied();
        let (low, every, high) = (at(1)?, at(2)?, at(3)?);
        let second = spans.iter().rev().nth(1).copied()?;
        let is_even = low * MIDDLE >= every && high <= every * MIDDLE && second <= every * LONG;
        let is_steady = goes_further_back || longest_stretch(&in_order, every * APART) >= STEADY;
        (is_even && is_steady).then(|| Self { every, late_after: (high * USUAL).max(second * WAITED) })
    }
}

/// Returns how long the longest row of spans takes that are no gaps.
fn longest_stretch(spans: &[f64], gap: f64) -> f64 {
    let rows = spans.split(|span| *span >= gap);
    rows.map(|row| row.iter().sum::<f64>()).fold(0.0, f64::max)
}

/// Returns the spans between the beginnings of what begins in bursts, such as the parts of one round: where spans are either
/// short or many times as long, the short ones belong to the next long one.
fn without_bursts(spans: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = spans.iter().map(|span| span.max(1.0)).collect();
    sorted.sort_by(f64::total_cmp);
    let apart = sorted.windows(2).filter_map(|pair| Some((pair.get(1)? / pair.first()?, *pair.get(1)?)));
    // One long span is an odd one and says nothing of rounds.
    let is_habit = |long: f64| sorted.iter().rev().take_while(|span| **span >= long).nth(1).is_some();
    let widest = apart.filter(|(_, long)| is_habit(*long)).max_by(|(one, _), (other, _)| one.total_cmp(other));
    let Some((_, long)) = widest.filter(|(ratio, _)| *ratio >= APART) else { return spans.to_vec() };
    let (mut rounds, mut since) = (Vec::new(), 0.0);
    for span in spans {
        since += span;
        if *span >= long {
            rounds.push(since);
            since = 0.0;
        }
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: f64 = 3.6e6;
    const DAY: f64 = 24.0 * HOUR;

    fn starts(spans: &[f64]) -> Vec<f64> {
        let mut at = 0.0;
        let rest = spans.iter().map(|span| {
            at += span;
            at
        });
        std::iter::once(0.0).chain(rest.collect::<Vec<_>>()).collect()
    }

    fn check(spans: &[f64], expected: Option<(f64, f64)>) {
        let found = Rhythm::of(&starts(spans), false).map(|rhythm| (rhythm.every / HOUR, rhythm.late_after / HOUR));
        let round = |(every, late): (f64, f64)| ((every * 10.0).round() / 10.0, (late * 10.0).round() / 10.0);
        assert_eq!(found.map(round), expected, "{spans:?}");
    }

    #[test]
    fn what_begins_each_day_is_late_after_a_day_and_a_half() {
        check(&[DAY; 8], Some((24.0, 36.0)));
        let mut jitter = [DAY; 12];
        jitter[3] = DAY + HOUR;
        jitter[4] = DAY - HOUR;
        check(&jitter, Some((24.0, 36.0)));
    }

    #[test]
    fn weekends_are_waited_out_and_one_day_without_a_run_is_no_habit() {
        let weeks = [DAY, DAY, DAY, DAY, 3.0 * DAY].repeat(4);
        check(&weeks, Some((24.0, 79.2)));
        let mut gap = [DAY; 12];
        gap[5] = 5.0 * DAY;
        check(&gap, Some((24.0, 36.0)));
    }

    #[test]
    fn parts_of_one_round_are_one() {
        let rounds = [&[1000.0; 9][..], &[DAY]].concat().repeat(6);
        let rhythm = Rhythm::of(&starts(&rounds), false).unwrap();
        assert!((rhythm.every / DAY - 1.0).abs() < 0.01, "{rhythm:?}");
        // Somebody tried it by hand in between.
        let mut tried = [DAY; 10].to_vec();
        tried.splice(4..5, [DAY - 6e5, 1e5, 5e5]);
        assert!((Rhythm::of(&starts(&tried), false).unwrap().every / DAY - 1.0).abs() < 0.01);
    }

    #[test]
    fn bursts_of_less_than_a_day_are_no_rhythm() {
        check(&[HOUR / 12.0; 6], None);
        check(&[1.0; 200], None);
        let twice = [&[HOUR / 12.0; 6][..], &[7.0 * DAY], &[HOUR / 12.0; 6]].concat();
        check(&twice, None);
        check(&[HOUR; 23], None);
        check(&[HOUR; 24], Some((1.0, 1.5)));
        assert!(Rhythm::of(&starts(&[HOUR / 60.0; 200]), true).is_some(), "where it is known to have begun before");
    }

    #[test]
    fn what_begins_by_hand_or_seldom_has_no_rhythm() {
        check(&[DAY; 4], None);
        check(&[HOUR, 3.0 * DAY, 2.0 * HOUR, 10.0 * DAY, 5.0 * HOUR, DAY, 40.0 * DAY], None);
        check(&[], None);
    }
}
