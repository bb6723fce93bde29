//! Which earlier runs a run can be compared with: the one answer for every surface that says what changed.

use super::facts::Facts;

/// Returns the places of those of `earlier`, the latest first, that do for other data what `run` does: those over the
/// same input names; else over names that differ only in what is masked, with parameters of the same names if possible;
/// else those with the same parameters; else those with parameters of the same names; else all.
#[must_use]
pub fn comparable(run: &Facts, earlier: &[&Facts]) -> Vec<usize> {
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
}
