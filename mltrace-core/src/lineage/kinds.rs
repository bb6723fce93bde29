//! Of what kind each run of a series is: what takes turns, and makes a difference to the number, splits the series.

use foldhash::HashMap;
use serde_json::Value;

use super::aspects::Aspect;
use super::facts::Facts;
use super::scale::{By, heights, mean};
use super::turns::take_turns;

/// What no numbers are closer to each other than, as a share of their variance: rounding is no difference.
const LEAST: f64 = 1e-9;

/// Returns a number for the kind of each run of a series, in the order in which they began: of the same kind are those over
/// names that differ only in what is masked, with the same values of each parameter, and on the same host, that takes turns
/// and explains the numbers by Schwarz's criterion. `measured` is what the numbers are, which cannot explain itself.
#[must_use]
pub fn kinds(runs: &[&Facts], numbers: &[f64], measured: Option<&Aspect>) -> Vec<usize> {
    let mut kinds = numbered(runs.iter().map(|run| run.shape()));
    let mut left: Vec<Vec<&Value>> = Vec::new();
    for aspect in runs.last().into_iter().flat_map(|run| run.aspects.keys()) {
        let may_split = matches!(aspect, Aspect::Parameter(_) | Aspect::Host) && Some(aspect) != measured;
        let values: Option<Vec<&Value>> = runs.iter().map(|run| run.aspects.get(aspect)).collect();
        left.extend(values.filter(|values| may_split && take_turns(values.iter().copied())));
    }
    let by = By::of(numbers);
    let compared: Vec<f64> = numbers.iter().map(|number| by.compared(*number)).collect();
    let mut least = if left.is_empty() { 0.0 } else { criterion(&compared, &kinds) };
    while let Some((found, place, split)) = best(&compared, &kinds, &left).filter(|(found, ..)| *found < least) {
        (least, kinds) = (found, split);
        left.remove(place);
    }
    kinds
}

/// Returns the split of kinds by one more aspect that explains the numbers best.
fn best(compared: &[f64], kinds: &[usize], left: &[Vec<&Value>]) -> Option<(f64, usize, Vec<usize>)> {
    let split = |(place, values): (usize, &Vec<&Value>)| {
        let kinds = numbered(kinds.iter().zip(values));
        (criterion(compared, &kinds), place, kinds)
    };
    left.iter().enumerate().map(split).min_by(|one, other| one.0.total_cmp(&other.0))
}

/// Returns Schwarz's criterion of numbers of which each is as far from the height of its kind as it is.
fn criterion(compared: &[f64], kinds: &[usize]) -> f64 {
    let spread = |numbers: &[f64]| {
        let middle = mean(numbers);
        numbers.iter().map(|number| (number - middle).powi(2)).sum::<f64>()
    };
    let least = LEAST * spread(compared);
    let (apart, described) = match heights(compared, kinds) {
        None => (spread(compared), 1),
        Some(heights) => {
            let apart: Vec<f64> = compared.iter().zip(&heights).map(|(number, height)| number - height).collect();
            (spread(&apart), numbered(heights.iter().map(|height| height.to_bits())).into_iter().max().unwrap_or(0) + 1)
        }
    };
    let n = compared.len() as f64;
    n * (apart.max(least).max(f64::MIN_POSITIVE) / n).ln() + described as f64 * n.ln()
}

/// Returns for each of some things the number of the first that is the same.
fn numbered<T: Eq + std::hash::Hash>(things: impl Iterator<Item = T>) -> Vec<usize> {
    let mut known: HashMap<T, usize> = HashMap::default();
    let number = |thing| {
        let next = known.len();
        *known.entry(thing).or_insert(next)
    };
    things.map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::super::drift::moves;
    use super::super::level::tests::series;
    use super::*;

    /// Returns a run of a region on a host, with a seed of its own.
    fn run(region: &str, host: &str, seed: usize) -> Facts {
        let parameter = |name: &str, value: Value| (Aspect::Parameter(name.to_owned()), value);
        let aspects = [parameter("region", region.into()), parameter("seed", seed.into()), (Aspect::Host, host.into())];
        Facts::new(vec!["rides.csv".to_owned()], aspects.into())
    }

    fn check(numbers: &[f64], runs: &[Facts], differ: usize) -> Vec<usize> {
        let kinds = kinds(&runs.iter().collect::<Vec<_>>(), numbers, None);
        assert_eq!(kinds.iter().max().map(|last| last + 1), Some(differ), "{kinds:?}");
        kinds
    }

    /// Returns what takes longer in one region than in the other, and longer yet from a place on.
    fn regions(count: usize, from: usize, by: f64, seed: u64) -> Vec<f64> {
        let noise = series(&[(1.0, count)], 0.03, seed);
        let height = |place: usize| [10.0, 100.0][place % 2] * if place < from { 1.0 } else { by };
        (0..count).map(|place| noise[place] * height(place)).collect()
    }

    #[test]
    fn regions_that_take_turns_are_kinds_and_a_step_of_both_is_found() {
        let numbers = regions(60, 45, 1.4, 1);
        let runs: Vec<Facts> = (0..60).map(|place| run(["eu", "us"][place % 2], "a", place)).collect();
        let kinds = check(&numbers, &runs, 2);
        assert!(moves(&numbers, &[]).1.is_empty(), "as one series it goes up and down");
        let (_, found) = moves(&numbers, &kinds);
        assert_eq!(found.iter().map(|step| step.first).collect::<Vec<_>>(), [45]);
        // As it was for the region of the first run after the step.
        assert!((found[0].before - 100.0).abs() < 5.0 && (found[0].after - 140.0).abs() < 7.0, "{found:?}");
    }

    #[test]
    fn a_step_in_one_region_is_that_of_its_runs() {
        let mut numbers = regions(60, 60, 1.0, 2);
        (41..60).step_by(2).for_each(|place| numbers[place] *= 3.0);
        let runs: Vec<Facts> = (0..60).map(|place| run(["eu", "us"][place % 2], "a", place)).collect();
        let (_, found) = moves(&numbers, &check(&numbers, &runs, 2));
        assert!(found.len() == 1 && (41..=43).contains(&found[0].first), "{found:?}");
        assert!((found[0].before - 100.0).abs() < 5.0 && (found[0].after - 300.0).abs() < 15.0, "{found:?}");
    }

    #[test]
    fn hosts_that_rotate_at_random_are_kinds_where_one_is_slower() {
        let hosts: Vec<usize> =
            series(&[(1.0, 80)], 1.0, 7).iter().map(|drawn| (drawn.abs() * 997.0) as usize % 3).collect();
        let noise = series(&[(1.0, 80)], 0.03, 3);
        let numbers: Vec<f64> = (0..80).map(|place| noise[place] * [1.0, 1.6, 2.5][hosts[place]]).collect();
        let runs: Vec<Facts> = (0..80).map(|place| run("eu", ["a", "b", "c"][hosts[place]], 1)).collect();
        let kinds = check(&numbers, &runs, 3);
        assert!(moves(&numbers, &kinds).1.is_empty());
        check(&noise, &runs, 1);
    }

    #[test]
    fn what_was_set_and_put_right_is_no_kind() {
        let numbers = series(&[(1.0, 30), (2.0, 10), (1.0, 20)], 0.03, 4);
        let region = |place: usize| if (30..40).contains(&place) { "us" } else { "eu" };
        let runs: Vec<Facts> = (0..60).map(|place| run(region(place), "a", 1)).collect();
        let kinds = check(&numbers, &runs, 1);
        assert_eq!(moves(&numbers, &kinds).1.len(), 2);
    }

    #[test]
    fn a_number_does_not_explain_itself() {
        let numbers: Vec<f64> = (0..60).map(|place| [10.0, 100.0][place % 2]).collect();
        let runs: Vec<Facts> = (0..60).map(|place| run("eu", "a", [10, 100][place % 2])).collect();
        let runs: Vec<&Facts> = runs.iter().collect();
        let seed = Aspect::Parameter("seed".to_owned());
        assert_eq!(kinds(&runs, &numbers, Some(&seed)), vec![0; 60]);
        assert_eq!(kinds(&runs, &numbers, None).iter().max(), Some(&1));
    }

    #[test]
    fn one_run_of_another_region_does_not_keep_the_others_from_taking_turns() {
        let mut numbers = regions(60, 45, 1.4, 5);
        let mut runs: Vec<Facts> = (0..60).map(|place| run(["eu", "us"][place % 2], "a", place)).collect();
        (runs[20], numbers[20]) = (run("test", "a", 20), 1.0);
        let (_, found) = moves(&numbers, &check(&numbers, &runs, 3));
        assert_eq!(found.iter().map(|step| step.first).collect::<Vec<_>>(), [45], "{found:?}");
    }
}
