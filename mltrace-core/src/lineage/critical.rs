//! The critical path of a trace: the chain of runs of which each began last after what it waited for.

/// A run with its place in time, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    /// When it began.
    pub start: f64,
    /// When it ended; when it began, where that is not known.
    pub end: f64,
    /// The places of the runs that wrote what it read.
    pub after: Vec<usize>,
}

/// Returns the places of the runs on the critical path to the run at `last`, the first one first.
///
/// From each run it goes to the one, of those that wrote what it read, that ended last: with the others done sooner, nothing
/// would have been gained. Each run is met once, whatever refers to it.
#[must_use]
pub fn critical_path(runs: &[Spent], last: usize) -> Vec<usize> {
    let (mut path, mut here, mut is_met) = (Vec::new(), Some(last), vec![false; runs.len()]);
    while let Some((place, run)) = here.and_then(|place| Some((place, runs.get(place)?))) {
        path.push(place);
        is_met.get_mut(place).into_iter().for_each(|is_met| *is_met = true);
        let before = run.after.iter().copied().filter(|before| is_met.get(*before) == Some(&false));
        let ended = |place: usize| runs.get(place).map(|run| (run.end, run.start));
        let known = before.filter_map(|place| ended(place).map(|at| (at, place)));
        let later = |(one, a): &((f64, f64), usize), (other, b): &((f64, f64), usize)| {
            one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)).then(b.cmp(a))
        };
        here = known.max_by(later).map(|(_, place)| place);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each run is its start, its end and the places of those before it.
    fn check(runs: &[(f64, f64, &[usize])], expected: &[usize]) {
        let spent =
            |(start, end, after): &(f64, f64, &[usize])| Spent { start: *start, end: *end, after: after.to_vec() };
        let runs: Vec<Spent> = runs.iter().map(spent).collect();
        assert_eq!(critical_path(&runs, 0), expected);
    }

    #[test]
    fn the_path_goes_by_what_ended_last() {
        check(&[(30.0, 40.0, &[1, 2]), (0.0, 10.0, &[]), (0.0, 25.0, &[3]), (-9.0, 0.0, &[])], &[3, 2, 0]);
        check(&[(0.0, 1.0, &[])], &[0]);
        check(&[], &[]);
    }

    #[test]
    fn of_two_that_ended_at_once_the_one_that_began_last_counts_and_then_the_first() {
        check(&[(9.0, 9.0, &[1, 2]), (0.0, 5.0, &[]), (2.0, 5.0, &[])], &[2, 0]);
        check(&[(9.0, 9.0, &[1, 2]), (2.0, 5.0, &[]), (2.0, 5.0, &[])], &[1, 0]);
    }

    #[test]
    fn a_loop_and_a_run_that_is_not_there_end_the_path() {
        check(&[(5.0, 6.0, &[1, 7]), (0.0, 4.0, &[0])], &[1, 0]);
    }
}
