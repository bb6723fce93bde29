//! The marks that the ranking keeps, with fewer trials than the benchmark.

use std::sync::LazyLock;

use mltrace_triage_bench::method::{METHODS, OURS};
use mltrace_triage_bench::naming::{Named, RANKINGS, add, named, named_of};
use mltrace_triage_bench::table::{Found, Outcome, SETTINGS, half, outcomes};

/// How many trials of each shape; the benchmark has more.
const TRIALS: u64 = 40;
/// How far apart so few trials may put what many put together.
const TOLERANCE: f64 = 0.05;

fn first(found: &Found) -> f64 {
    found.group[0]
}

fn top_three(found: &Found) -> f64 {
    found.group[1]
}

fn held_out(outcomes: &[Outcome]) -> Outcome {
    half(outcomes, false).expect("some shapes are held out")
}

#[test]
fn with_evidence_of_change_the_culprit_is_found_at_once_in_the_hard_setting() {
    let outcomes = outcomes(&SETTINGS[0].1, TRIALS);
    let held_out = held_out(&outcomes);
    assert!(held_out.share(OURS, first) >= 0.6, "first: {}", held_out.share(OURS, first));
    assert!(held_out.share(OURS, top_three) >= 0.75, "top three: {}", held_out.share(OURS, top_three));
}

#[test]
fn without_evidence_of_change_it_is_as_good_as_the_best_coefficient_and_never_worse_than_counting() {
    let outcomes = outcomes(&SETTINGS[1].1, TRIALS);
    let held_out = held_out(&outcomes);
    let best = |pick: fn(&Found) -> f64| {
        let named = METHODS.iter().enumerate().filter(|(_, method)| ["Ochiai", "D²"].contains(&method.name));
        named.map(|(number, _)| held_out.share(number, pick)).fold(0.0, f64::max)
    };
    assert!(held_out.share(OURS, first) >= best(first) - TOLERANCE);
    assert!(held_out.share(OURS, top_three) >= best(top_three) - TOLERANCE);
    for outcome in &outcomes {
        let (ours, counting) = (outcome.share(OURS, first), outcome.share(0, first));
        assert!(ours >= counting - TOLERANCE, "{}: {ours} against {counting}", outcome.shape.name);
    }
}

/// How many trials of each shape of a fault that lasts; the benchmark has more.
const FEW: u64 = 8;
/// What came of them.
static NAMED: LazyLock<Vec<Named>> = LazyLock::new(|| named(FEW));

#[test]
fn the_fact_is_named_at_once_where_one_is_recorded_and_nothing_is_strong_at_random() {
    let outcomes = NAMED.clone();
    let held_out = outcomes.iter().filter(|named| !named.shape.is_for_tuning && named.has_fact());
    let sum = held_out.copied().reduce(add).expect("some shapes are held out");
    let [first, three, component] = sum.found[RANKINGS.len() - 1].map(|found| sum.share(found));
    assert!(first >= 0.8 - 2.0 * TOLERANCE, "first: {first}");
    assert!(three >= 0.93 - 2.0 * TOLERANCE, "among the first three: {three}");
    assert!(component >= 0.85 - 2.0 * TOLERANCE, "right component: {component}");
    let all = outcomes.into_iter().reduce(add).expect("there are shapes");
    let strong = all.share(all.strong_by_chance);
    assert!(strong <= 0.05 + TOLERANCE, "strong at random: {strong}");
    let strong = all.share(all.strong_by_runs);
    assert!(strong <= 0.05 + TOLERANCE, "strong where the runs of a component have the verdicts: {strong}");
}

#[test]
fn nothing_is_strong_at_random_where_runs_write_several_files() {
    let outcomes = named_of(TRIALS, |shape| shape.has_several_outputs);
    let [several] = outcomes.as_slice() else { panic!("one shape") };
    let strong = several.share(several.strong_by_chance);
    assert!(strong <= 0.05, "strong at random: {strong}");
}

#[test]
fn with_checks_the_culprit_is_found_more_often_and_a_metric_of_the_output_hides_no_cause() {
    let [without, with] = [0, SETTINGS.len() - 1].map(|place| held_out(&outcomes(&SETTINGS[place].1, TRIALS)));
    let [without, with] = [without, with].map(|sum| sum.share(OURS, first));
    assert!(with >= without + TOLERANCE, "first: {with} with checks, {without} without");
    let outcomes = NAMED.clone();
    let (recorded, unrecorded): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Named::has_fact);
    let sum = recorded.into_iter().reduce(add).expect("there are shapes");
    let (first, measured) = (sum.share(sum.found[RANKINGS.len() - 1][0]), sum.share(sum.measured[0]));
    assert!(measured >= first - TOLERANCE, "the fact first: {measured} with checks, {first} without");
    let sum = unrecorded.into_iter().reduce(add).expect("in some shapes nothing is recorded");
    let (component, measured) = (sum.share(sum.found[RANKINGS.len() - 1][2]), sum.share(sum.measured[2]));
    assert!(measured >= component + TOLERANCE, "right component: {measured} with checks, {component} without");
    assert!(sum.share(sum.groups[2]) >= sum.share(sum.groups[0]), "a culprit's group");
}
