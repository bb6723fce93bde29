//! Which earlier runs a run can be compared with: the one answer for every surface that says what changed.

use super::aspects::Aspect;
use super::facts::Facts;
use super::turns::take_turns;

/// In how many of the last runs that a run is compared with it is seen which of its parameters take turns.
const LATELY: usize = 16;

/// Returns the places of those of `earlier`, the latest first, that do for other data what `run` does: those over the
/// same input names; else over names that differ only in what is masked, with parameters of the same names if possible;
/// else those with the same parameters; else those with parameters of the same names; else all. Of these it is those
/// whose turn it was as well, where parameters take turns: one region is not compared with another.
#[must_use]
pub fn comparable(run: &Facts, earlier: &[&Facts]) -> Vec<usize> {
    let mut found = over_like_names(run, earlier);
    let lately: Vec<&Facts> = found.iter().take(LATELY).filter_map(|place| earlier.get(*place).copied()).collect();
    let turns = turns(run, &lately);
    let has_turn = |place: &usize| {
        let other = earlier.get(*place);
        other.is_some_and(|other| turns.iter().all(|param| other.aspects.get(param) == run.aspects.get(param)))
    };
    if !turns.is_empty() && found.iter().any(has_turn) {
        found.retain(has_turn);
    }
    found
}

/// Returns which parameters take turns in a run and those before it, the latest first.
fn turns<'f>(run: &'f Facts, earlier: &[&'f Facts]) -> Vec<&'f Aspect> {
    let takes_turns = |param: &&Aspect| {
        let now = run.aspects.get(*param);
        let before = earlier.iter().map(|other| other.aspects.get(*param));
        let is_constant = before.clone().all(|had| had == now);
        !is_constant && before.clone().all(|had| had.is_some()) && take_turns(std::iter::once(now).chain(before))
    };
    run.params().filter(takes_turns).collect()
}

fn over_like_names(run: &Facts, earlier: &[&Facts]) -> Vec<usize> {
    // Most often there are some over the same names, and nothing else has to be looked at.
    let same: Vec<usize> =
        (0..).zip(earlier).filter(|(_, other)| reads_the_same(run, other)).map(|(at, _)| at).collect();
    if !same.is_empty() {
        return same;
    }
    let mut closest: [Vec<usize>; 4] = Default::default();
    for (place, other) in earlier.iter().enumerate() {
        let (has_shape, has_params) = (other.reads_alike(run), other.params_beside(run).eq(run.params_beside(other)));
        let has_values = has_params && run.params().next().is_some() && other.has_params_of(run);
        let likeness = [has_shape && has_params, has_shape, has_values, has_params];
        closest.iter_mut().zip(likeness).filter(|(_, is_like)| *is_like).for_each(|(found, _)| found.push(place));
    }
    closest.into_iter().find(|found| !found.is_empty()).unwrap_or_else(|| (0..earlier.len()).collect())
}

fn reads_the_same(run: &Facts, other: &Facts) -> bool {
    other.names_beside(run) == run.names_beside(other)
}

/// Returns whether two runs do the same for other data: whether their inputs' names differ only in what is masked.
#[must_use]
pub fn are_alike(one: &Facts, other: &Facts) -> bool {
    one.reads_alike(other)
}

#[cfg(test)]
mod tests {
    use super::super::aspects::Aspect;
    use super::*;

    #[test]
    fn the_closest_are_compared_with() {
        let facts = |names: &[&str], params: &[&str]| {
            let params = params.iter().map(|name| (Aspect::Parameter((*name).to_owned()), 1.into()));
            Facts::new(names.iter().map(|name| (*name).to_owned()).collect(), params.collect())
        };
        let run = facts(&["raw-3.csv"], &["lr"]);
        let check = |earlier: &[Facts], expected: &[usize]| {
            assert_eq!(comparable(&run, &earlier.iter().collect::<Vec<_>>()), expected);
        };
        let (same, dated) = (facts(&["raw-3.csv"], &[]), facts(&["raw-2.csv"], &["lr"]));
        let (bare, like, other) = (facts(&["raw-1.csv"], &[]), facts(&["x"], &["lr"]), facts(&["x"], &[]));
        let mut unlike = like.clone();
        unlike.aspects.insert(Aspect::Parameter("lr".to_owned()), 2.into());
        check(&[other.clone(), like.clone(), bare.clone(), dated.clone(), same.clone(), same], &[4, 5]);
        check(&[other.clone(), like.clone(), bare.clone(), dated], &[3]);
        check(&[other.clone(), like.clone(), bare], &[2]);
        check(&[unlike.clone(), other.clone(), like], &[2]);
        check(&[other.clone(), unlike], &[1]);
        check(&[other.clone(), other], &[0, 1]);
        check(&[], &[]);
    }

    #[test]
    fn one_region_is_compared_with_itself() {
        let facts = |name: &str, region: &str, scale: i64| {
            let params = [("region", region.into()), ("scale", scale.into())];
            let params = params.map(|(name, value)| (Aspect::Parameter(name.to_owned()), value));
            Facts::new(vec![name.to_owned()], params.into())
        };
        let of = |regions: &str, name: fn(usize) -> String| -> Vec<Facts> {
            regions.chars().enumerate().map(|(place, region)| facts(&name(place), &region.to_string(), 100)).collect()
        };
        let check = |run: Facts, earlier: &[Facts], expected: &[usize]| {
            assert_eq!(comparable(&run, &earlier.iter().collect::<Vec<_>>()), expected);
        };
        let same: fn(usize) -> String = |_| "fares.csv".to_owned();
        let dated: fn(usize) -> String = |place| format!("fares-{place}.csv");
        for name in [same, dated] {
            check(facts(&name(99), "e", 1), &of("ueueue", name), &[1, 3, 5]);
            check(facts(&name(99), "e", 1), &of("ue", name), &[1]);
            check(facts(&name(99), "x", 1), &of("ueueue", name), &[0, 1, 2, 3, 4, 5]);
        }
        // A region that moved for good is a change.
        check(facts("fares.csv", "e", 1), &of("uuuu", same), &[0, 1, 2, 3]);
        check(facts("fares.csv", "e", 1), &of("euuueeee", same), &[0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
