//! How a number got from level to level: at one run, or step by step along a line.
//!
//! A steady drift has steps for a test that knows only levels. So for each stretch of levels, staying on each of them is
//! compared with following one line, by Schwarz's criterion. Why this one: `docs/design/level.md`.

use std::ops::{Range, RangeInclusive};

use super::level::{Level, levels};
use super::ramp::ramp;
use super::scale::{By, Scaled, mean};

/// What no series is closer to its levels or lines than, as a share of its variance: rounding is no noise.
const LEAST_NOISE: f64 = 1e-9;
/// How many numbers describe a level: its height.
const OF_A_LEVEL: usize = 1;
/// How many a line counts for: as many as two levels with a step between them, so that the nearer of both is taken.
const OF_A_LINE: usize = 4;
/// How many a line between two levels counts for: their heights, and the places where it begins and ends.
const OF_A_RAMP: usize = 2 * OF_A_LEVEL + 2 * OF_A_PLACE;
/// How many numbers a chosen place counts for.
const OF_A_PLACE: usize = 2;
/// A step beside a line counts as one when it is so large a share of what the line climbs.
const LEAST_STEP: f64 = 1.0 / 3.0;
/// At this many levels and more, no lines are looked for.
const MANY: usize = 64;

/// A change of a number, at once or over many runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// Whether it crept along a line, and no single step explains it.
    pub is_creeping: bool,
    /// The place of the first number after it, or of the first that crept.
    pub first: usize,
    /// How many numbers there are from there to the next change.
    pub count: usize,
    /// The median before, or where the line begins.
    pub before: f64,
    /// The median after, or where the line ends.
    pub after: f64,
    /// In what share of shuffled series something as clear is found.
    pub chance: f64,
}

/// Levels on one line, or a single level.
#[derive(Clone, Debug)]
struct Piece {
    levels: RangeInclusive<usize>,
    /// How many numbers describe it.
    takes: usize,
    /// How far the numbers are from it, as a sum of squares.
    apart: f64,
    /// Where it begins and ends.
    ends: [f64; 2],
    /// The places of the numbers that lie on its line.
    line: Range<usize>,
}

impl Piece {
    fn is_line(&self) -> bool {
        !self.line.is_empty()
    }

    fn rise(&self) -> f64 {
        self.ends[1] - self.ends[0]
    }

    /// Returns whether a line goes on in the next piece: without a step between them, and not back.
    fn goes_on_in(&self, next: &Self) -> bool {
        let furthest = if self.rise().abs() > next.rise().abs() { self.rise() } else { next.rise() };
        (next.ends[0] - self.ends[1]).abs() <= LEAST_STEP * furthest.abs() && self.rise() * next.rise() >= 0.0
    }
}

/// A stretch of levels through which a number crept in one direction.
struct Creep {
    /// The levels where that began and where it ended.
    from: usize,
    to: usize,
    /// The places of the numbers on a line.
    line: Range<usize>,
    /// Where the line begins and ends.
    ends: [f64; 2],
}

/// The levels of a series on one scale, and the lines that they may be.
struct Fit {
    scaled: Scaled,
    levels: Vec<Level>,
    pieces: Vec<Piece>,
    /// Schwarz's criterion, for any scale.
    criterion: f64,
}

impl Fit {
    fn new(numbers: &[f64], kinds: &[usize], by: By) -> Self {
        let scaled = Scaled::new(numbers, kinds, by);
        let levels = levels(numbers, &scaled, numbers.len().saturating_sub(1));
        let (criterion, pieces) =
            if levels.len() < 2 { (f64::INFINITY, Vec::new()) } else { pieces(&scaled.numbers, &levels) };
        Self { criterion: criterion + scaled.stretch(), scaled, levels, pieces }
    }

    /// Returns the better of two scales: numbers that are compared by their ratios may lie on a straight line, which bends
    /// there.
    fn best(numbers: &[f64], kinds: &[usize]) -> Self {
        let by = By::of(numbers);
        let usual = Self::new(numbers, kinds, by);
        if by != By::Ratio || usual.levels.len() < 2 {
            return usual;
        }
        let straight = Self::new(numbers, kinds, By::difference(numbers));
        let is_better = straight.criterion < usual.criterion && straight.pieces.iter().any(Piece::is_line);
        if is_better { straight } else { usual }
    }

    /// Returns where a line began and ended for a run of the same kind as that at a place, no further than its numbers go.
    fn ends(&self, creep: &Creep, like: usize) -> [f64; 2] {
        let on_line = self.scaled.numbers.get(creep.line.clone()).unwrap_or_default();
        let (low, high) = on_line
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(*number), high.max(*number)));
        creep.ends.map(|end| self.scaled.shown(end.max(low).min(high), like))
    }
}

/// Returns the levels of a series of finite numbers, and how it moved from one to the next, in order; no moves where
/// nothing changed that is not chance.
///
/// `kinds` says of each number of what kind it is. Where kinds take turns, each is seen against its own median: that one
/// region takes longer than another is no change. What was before and after is that of the kind of the first run after the last
/// change.
#[must_use]
pub fn moves(numbers: &[f64], kinds: &[usize]) -> (Vec<Level>, Vec<Move>) {
    let mut fit = Fit::best(numbers, kinds);
    let mut found: Vec<(usize, usize, Option<Creep>)> = Vec::new();
    let mut lines = creeping(&fit.pieces).into_iter().peekable();
    let mut next = 0;
    while next + 1 < fit.levels.len() {
        let creep = lines.next_if(|line| line.from <= next);
        let to = creep.as_ref().map_or(next + 1, |line| line.to);
        found.push((next, to, creep));
        next = to;
    }
    let first = |(_, to, creep): &(usize, usize, Option<Creep>)| {
        creep.as_ref().map_or(fit.levels[*to].first, |creep| creep.line.start)
    };
    let like = found.last().map_or(numbers.len().saturating_sub(1), first);
    for level in &mut fit.levels {
        level.median = fit.scaled.median_like(numbers, level.first..level.first + level.count, like);
    }
    let mut moves: Vec<Move> = Vec::with_capacity(found.len());
    for (from, to, creep) in found {
        let (start, end) = (&fit.levels[from], &fit.levels[to]);
        let (line, [before, after]) = match &creep {
            Some(creep) => (creep.line.clone(), fit.ends(creep, like)),
            None => (end.first..end.first + end.count, [start.median, end.median]),
        };
        // Beside a line, a step is from where it ends, or to where it begins.
        let last = moves.last_mut();
        let before = last.as_ref().filter(|last| last.is_creeping && creep.is_none()).map_or(before, |last| last.after);
        if let Some(step) = last.filter(|last| !last.is_creeping && creep.is_some() && line.start == start.first) {
            step.after = before;
        }
        let chance = fit.levels[from + 1..=to].iter().map(|level| level.chance).fold(1.0, f64::min);
        moves.push(Move { is_creeping: creep.is_some(), first: line.start, count: line.len(), before, after, chance });
    }
    (fit.levels, moves)
}

/// Returns which levels a number crept through, each from the level at which that began to the one at which it ended.
fn creeping(pieces: &[Piece]) -> Vec<Creep> {
    let mut found: Vec<Creep> = Vec::new();
    // How far the last of them climbs, if the piece at hand may go on with it.
    let mut climbs = 0.0;
    for (place, piece) in pieces.iter().enumerate() {
        let (from, to) = (*piece.levels.start(), *piece.levels.end());
        let before = place.checked_sub(1).map(|before| &pieces[before]).filter(|before| before.goes_on_in(piece));
        let is_back = climbs * piece.rise() < 0.0;
        match found.last_mut() {
            Some(last) if before.is_some() && climbs != 0.0 && !is_back => {
                last.to = to;
                if piece.is_line() {
                    (last.line.end, last.ends[1]) = (piece.line.end, piece.ends[1]);
                }
                climbs += piece.rise();
            }
            _ if piece.is_line() => {
                let from =
                    before.map_or(from, |before| if is_back { *before.levels.end() } else { *before.levels.start() });
                found.push(Creep { from, to, line: piece.line.clone(), ends: piece.ends });
                climbs = piece.rise();
            }
            _ => climbs = 0.0,
        }
    }
    found
}

/// The pieces of some levels, and how far their numbers are from them in all.
type Cut = (f64, Vec<Piece>);

/// Returns the levels as pieces, each a level or a line through several, of which Schwarz's criterion is least, and that: `n ln`
/// of the mean square distance, and `ln n` for each number that describes the pieces.
fn pieces(compared: &[f64], levels: &[Level]) -> Cut {
    let all = mean(compared);
    let least = LEAST_NOISE * compared.iter().map(|number| (number - all).powi(2)).sum::<f64>();
    let (n, of) = (compared.len() as f64, |described: usize| described as f64);
    let criterion = |described: usize, sum: f64| n * (sum.max(least) / n).ln() + of(described) * n.ln();
    if levels.len() >= MANY {
        let pieces: Vec<Piece> = (0..levels.len()).map(|place| piece(compared, levels, place..=place)).collect();
        let described = levels.len() * (OF_A_LEVEL + OF_A_PLACE) - OF_A_PLACE;
        return (criterion(described, pieces.iter().map(|piece| piece.apart).sum()), pieces);
    }
    // The best pieces of the levels before each, by how many numbers describe them.
    let most = (OF_A_LINE + OF_A_PLACE) * levels.len() + 1;
    let mut best: Vec<Vec<Option<Cut>>> = vec![vec![None; most]; levels.len() + 1];
    best[0][0] = Some((0.0, Vec::new()));
    for end in 0..levels.len() {
        for start in 0..=end {
            let ways = [Some(piece(compared, levels, start..=end)), ramp_through(compared, levels, start..=end)];
            for piece in ways.into_iter().flatten() {
                let takes = piece.takes + if start > 0 { OF_A_PLACE } else { 0 };
                for described in takes..most {
                    let Some((before, pieces)) = &best[start][described - takes] else { continue };
                    let sum = before + piece.apart;
                    if best[end + 1][described].as_ref().is_none_or(|(least, _)| sum < *least) {
                        let pieces = pieces.iter().cloned().chain([piece.clone()]).collect();
                        best[end + 1][described] = Some((sum, pieces));
                    }
                }
            }
        }
    }
    let found = best.pop().unwrap_or_default().into_iter().enumerate();
    let found = found.filter_map(|(described, found)| found.map(|(sum, pieces)| (criterion(described, sum), pieces)));
    found.min_by(|(one, _), (other, _)| one.total_cmp(other)).unwrap_or((f64::INFINITY, Vec::new()))
}

/// Returns levels as one piece: their height where it is one, and the line nearest to their numbers otherwise.
fn piece(compared: &[f64], levels: &[Level], of: RangeInclusive<usize>) -> Piece {
    let (first, last) = (levels[*of.start()], levels[*of.end()]);
    let next = last.first + last.count;
    let numbers = &compared[first.first..next];
    let height = mean(numbers);
    let place = |at: usize| at as f64 - (numbers.len() as f64 - 1.0) / 2.0;
    let along: f64 = numbers.iter().enumerate().map(|(at, number)| place(at) * (number - height)).sum();
    let slope = along / (0..numbers.len()).map(|at| place(at).powi(2)).sum::<f64>();
    let is_line = of.start() != of.end();
    let slope = if is_line { slope } else { 0.0 };
    let line = |at: usize| height + slope * place(at);
    let apart = numbers.iter().enumerate().map(|(at, number)| (number - line(at)).powi(2)).sum();
    let ends = [line(0), line(numbers.len() - 1)];
    let (takes, from) = if is_line { (OF_A_LINE, first.first) } else { (OF_A_LEVEL, next) };
    Piece { levels: of, takes, apart, ends, line: from..next }
}

/// Returns several levels as one piece that stays, goes along a line, and stays.
fn ramp_through(compared: &[f64], levels: &[Level], of: RangeInclusive<usize>) -> Option<Piece> {
    let (first, last) = (levels[*of.start()], levels[*of.end()]);
    let ramp = ramp(&compared[first.first..last.first + last.count]).filter(|_| of.start() != of.end())?;
    let line = first.first + ramp.line.start..first.first + ramp.line.end;
    Some(Piece { levels: of, takes: OF_A_RAMP, apart: ramp.apart, ends: ramp.ends, line })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::level::tests::series;

    /// Numbers that stay, go along a line, and stay.
    fn bent(counts: [usize; 3], [from, to]: [f64; 2], noise: f64, seed: u64) -> Vec<f64> {
        let [before, along, after] = counts;
        let on_line = (0..along).map(|at| from + (to - from) * at as f64 / (along - 1) as f64);
        let heights = vec![from; before].into_iter().chain(on_line).chain(vec![to; after]);
        let noise = series(&[(1.0, counts.iter().sum())], noise, seed);
        noise.iter().zip(heights).map(|(one, height)| one * height).collect()
    }

    /// Returns the places where numbers stepped, and those where they began to creep.
    fn told(numbers: &[f64]) -> [Vec<usize>; 2] {
        let (_, moves) = moves(numbers, &[]);
        let (creeping, steps): (Vec<Move>, Vec<Move>) = moves.iter().partition(|step| step.is_creeping);
        [steps, creeping].map(|some| some.iter().map(|step| step.first).collect())
    }

    #[test]
    fn a_straight_line_is_told_once() {
        let mut more = 0;
        for seed in 0..24 {
            for (ends, noise) in [([0.2, 0.3], 0.02), ([2.0, 1.0], 0.05)] {
                let [steps, creeping] = told(&bent([0, 48, 0], ends, noise, seed));
                more += usize::from(steps.len() + creeping.len() > 1 || steps.len() == 1);
            }
        }
        assert!(more <= 2, "{more} of 48 have more to say, or a step");
        let (_, moves) = moves(&bent([0, 60, 0], [1.0, 10.0], 0.03, 7), &[]);
        assert!(moves.len() == 1 && moves[0].is_creeping, "a line of which the logarithm bends: {moves:?}");
        assert_eq!((moves[0].first, moves[0].count), (0, 60));
        assert!(moves[0].before < 2.0 && moves[0].after > 9.0, "{moves:?}");
    }

    #[test]
    fn steps_are_no_line() {
        assert_eq!(told(&series(&[(100.0, 40), (130.0, 20)], 0.05, 1)), [vec![40], vec![]]);
        assert_eq!(told(&series(&[(100.0, 20), (130.0, 20), (170.0, 20)], 0.05, 1)), [vec![20, 40], vec![]]);
        assert_eq!(told(&series(&[(100.0, 40), (300.0, 5), (100.0, 30)], 0.05, 3)), [vec![40, 45], vec![]]);
        assert_eq!(told(&[vec![1.0; 12], vec![2.0; 12], vec![3.0; 12]].concat()), [vec![12, 24], vec![]]);
        assert_eq!(told(&[5.0; 50]), [Vec::<usize>::new(), Vec::new()]);
    }

    #[test]
    fn what_was_level_before_is_not_said_to_creep() {
        let (_, found) = moves(&bent([40, 30, 0], [1.0, 2.0], 0.02, 1), &[]);
        assert!(found.len() == 1 && found[0].is_creeping && (40..50).contains(&found[0].first), "{found:?}");
        assert_eq!(found[0].first + found[0].count, 70);
        let (_, found) = moves(&bent([0, 40, 30], [1.0, 2.0], 0.02, 5), &[]);
        assert!(found.len() == 1 && found[0].is_creeping && found[0].first == 0, "{found:?}");
        assert!((30..45).contains(&found[0].count), "{found:?}");
    }

    #[test]
    fn a_straight_line_is_found_whole_where_its_logarithm_bends() {
        for count in [20, 40, 150] {
            let numbers: Vec<f64> = (1..=count).map(f64::from).collect();
            let (_, found) = moves(&numbers, &[]);
            assert!(found.len() == 1 && found[0].is_creeping, "{found:?}");
            assert_eq!((found[0].first, found[0].count), (0, numbers.len()));
            let ends = [found[0].before, found[0].after];
            assert!((ends[0] - 1.0).abs() < 1e-6 && (ends[1] - f64::from(count)).abs() < 1e-6, "{ends:?}");
        }
        // What doubles every ten runs is straight by its logarithm.
        let numbers: Vec<f64> = (0..40).map(|at| (f64::from(at) / 10.0).exp2()).collect();
        let (_, found) = moves(&numbers, &[]);
        assert_eq!((found.len(), found[0].first, found[0].count), (1, 0, 40), "{found:?}");
        assert!((found[0].before - 1.0).abs() < 1e-6 && (found[0].after - 3.9_f64.exp2()).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn before_and_after_are_where_a_line_begins_and_ends() {
        for (counts, ends) in [([0, 60, 0], [1.0, 3.0]), ([30, 40, 30], [1.0, 2.0])] {
            let (_, found) = moves(&bent(counts, ends, 0.02, 4), &[]);
            assert!(found.len() == 1 && found[0].is_creeping, "{found:?}");
            assert!((found[0].before / ends[0] - 1.0).abs() < 0.05, "{found:?}");
            assert!((found[0].after / ends[1] - 1.0).abs() < 0.05, "{found:?}");
        }
    }

    #[test]
    fn a_drift_between_two_levels_is_told_once() {
        let once = (0..12).filter(|seed| {
            let [steps, creeping] = told(&bent([30, 30, 30], [1.0, 1.3], 0.05, 300 + seed));
            steps.is_empty() && creeping.len() == 1
        });
        let once = once.count();
        assert!(once >= 9, "{once} of 12");
    }

    #[test]
    fn a_step_is_no_drift_between_two_levels() {
        let numbers = |seed: u64| series(&[(100.0, 40), (130.0, 40)], 0.05, 900 + seed);
        let crept = (0..16).filter(|seed| !told(&numbers(*seed))[1].is_empty()).count();
        assert_eq!(crept, 0, "of 16");
    }

    #[test]
    fn what_turns_is_told_by_each_of_its_ways() {
        let up = bent([0, 40, 20], [1.0, 2.0], 0.01, 2);
        let down = bent([0, 40, 0], [2.0, 1.0], 0.01, 3);
        for numbers in [[up.clone(), down.clone()].concat(), [up[..40].to_vec(), down].concat()] {
            let (_, found) = moves(&numbers, &[]);
            let ways: Vec<bool> =
                found.iter().filter(|step| step.is_creeping).map(|step| step.after > step.before).collect();
            assert_eq!(ways, [true, false], "{found:?}");
            assert!(found[0].after > 1.9 && found[found.len() - 1].after < 1.15, "{found:?}");
        }
    }

    #[test]
    fn a_step_beside_a_line_is_told_by_itself() {
        let numbers: Vec<f64> = [bent([0, 40, 0], [1.0, 1.5], 0.02, 2), series(&[(3.0, 20)], 0.02, 3)].concat();
        assert_eq!(told(&numbers), [vec![40], vec![0]]);
    }
}
