//! What must hold of every ranking of suspects, whatever the pipeline and the verdicts.

use std::convert::Infallible;

use mltrace_core::lineage::{
    Aspect, Aspects, Condition, Earlier, Ends, Facts, Judged, Known, New, Observed, Outputs, Scale, Shared, Strength,
    Suspect, Table, Test, explain, first_and_last, flagged, groups, rank, reach, worth_suspecting,
};
use mltrace_core::model::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

/// A pipeline of numbered runs: each reads from runs with smaller numbers.
type Edges = Vec<(u32, u32)>;

fn suspects(judged: &[Judged<u32>], edges: &Edges, weight: impl Fn(u32) -> f64) -> Vec<Suspect<u32>> {
    let bad = flagged(judged);
    rank(worth_suspecting(groups(judged, edges), &bad, |_| false), &mut Scale::new(observed(judged).all(&bad)), weight)
}

fn observed(judged: &[Judged<u32>]) -> Observed {
    Observed::of(&judged.iter().map(|output| output.run).collect::<Vec<_>>())
}

fn score(suspects: &[Suspect<u32>], run: u32) -> Option<f64> {
    suspects.iter().find(|suspect| suspect.group.runs.contains(&run)).map(|suspect| suspect.score)
}

fn judge(run: u32, is_flagged: bool) -> Judged<u32> {
    Judged { run: Some(run), is_flagged }
}

fn pipelines() -> impl Strategy<Value = Edges> {
    proptest::collection::vec((1_u32..16, 0_u32..16), 1..40)
        .prop_map(|pairs| pairs.into_iter().map(|(a, b)| (a.max(b), a.min(b))).filter(|(a, b)| a != b).collect())
}

fn verdicts() -> impl Strategy<Value = Vec<Judged<u32>>> {
    let one = (0_u32..16, any::<bool>(), 1_usize..20);
    proptest::collection::vec(one, 1..12)
        .prop_map(|all| all.into_iter().flat_map(|(run, bad, times)| vec![judge(run, bad); times]).collect())
}

/// What runs have: a component, a text and a number each.
type Had = Vec<(u8, u8, u8)>;

fn aspects((_, text, number): (u8, u8, u8)) -> Aspects {
    let parameter = |name: &str| Aspect::Parameter(name.to_owned());
    let outcome = if number == 5 { "failed" } else { "passed" };
    [
        (parameter("unit"), format!("u{text}").into()),
        (parameter("rows"), number.into()),
        (Aspect::Check("whole".to_owned()), outcome.into()),
        (Aspect::Metric("rmse".to_owned()), number.into()),
    ]
    .into()
}

/// Returns the facts, and of each the verdicts that it would not have without the runs that have it.
fn shared(judged: &[Judged<u32>], edges: &Edges, had: &Had) -> Vec<Shared> {
    shared_as_known(judged, edges, had, |_| None)
}

/// Returns the same where nothing is known of some runs from an aspect on.
fn shared_as_known(
    judged: &[Judged<u32>],
    edges: &Edges,
    had: &Had,
    unknown: impl Fn(usize) -> Option<Aspect>,
) -> Vec<Shared> {
    let aspects = |run: usize| {
        let mut aspects = aspects(had[run]);
        unknown(run).into_iter().for_each(|first| aspects.cut_from(first));
        aspects
    };
    let writers: Vec<Option<u32>> = judged.iter().map(|output| output.run).collect();
    let mut reached = reach(&writers, edges);
    reached.sort_unstable_by_key(|(run, ..)| *run);
    let runs: Vec<u32> = reached.iter().map(|(run, ..)| *run).collect();
    let known: Vec<Known> = reached
        .into_iter()
        .map(|(run, depth, outputs)| {
            let component = format!("c{}", had[run as usize].0);
            let began = Timestamp(i64::from(run) * 8 * 3_600_000_000);
            Known { component, began, depth, outputs, aspects: aspects(run as usize) }
        })
        .collect();
    let (bad, observed) = (flagged(judged), Observed::of(&writers));
    let novelty = |condition: &Condition, place: usize| {
        // Whatever was judged, the same runs came before.
        let run = runs[place] as usize;
        let facts = |run: usize| Facts::new(Vec::new(), aspects(run));
        let before: Vec<Facts> = (0..run).rev().filter(|other| had[*other].0 == had[run].0).map(facts).collect();
        condition.novelty(&facts(run), &Earlier::alike_to(before.iter().collect()))
    };
    let mut ends = Ends::default();
    for place in first_and_last(&known, &bad).into_iter().flatten() {
        let run = runs[place] as usize;
        let before: Vec<Aspects> = (0..run).filter(|of| had[*of].0 == had[run].0).map(aspects).collect();
        ends.add(&known[place].component, &before);
    }
    let found = Table::of(&known, &bad, &observed, &ends).best(
        1_000,
        |_| Ok(()),
        |some| Ok::<_, Infallible>(some.iter().map(|(condition, place)| novelty(condition, *place)).collect()),
    );
    let Ok(found) = found;
    found
}

/// How many times likelier than its parts a pair is, as a power of ten.
const PAIR: f64 = 0.3;

/// Returns the component and the aspects of a fact.
fn aspects_of(condition: &Condition) -> (String, Vec<Aspect>) {
    (condition.component.clone(), condition.tests.iter().map(|(aspect, _)| aspect.clone()).collect())
}

/// Returns the score and the strength of the best fact of these aspects of a component, whatever its value; of none, less than
/// any.
fn best_of(found: &[Shared], of: &(String, Vec<Aspect>)) -> (f64, Strength) {
    let alike = found.iter().filter(|fact| aspects_of(&fact.condition) == *of);
    alike.fold((f64::NEG_INFINITY, Strength::Weak), |best, fact| (best.0.max(fact.score), best.1.max(fact.strength)))
}

proptest! {
    #[test]
    fn what_is_unknown_of_a_run_makes_no_fact(
        edges in pipelines(), judged in verdicts(), unknown in 0_usize..16,
        had in proptest::collection::vec((0_u8..3, 0_u8..3, 0_u8..6), 16),
    ) {
        // Of a run it is not known which unit it had, while it is of all others.
        let first = |run: usize| (run == unknown).then(|| Aspect::Parameter("s".to_owned()));
        let writers: Vec<Option<u32>> = judged.iter().map(|output| output.run).collect();
        let reached = reach(&writers, &edges);
        for fact in shared_as_known(&judged, &edges, &had, first) {
            let holds = |run: u32| {
                let had = had[run as usize];
                format!("c{}", had.0) == fact.condition.component && fact.condition.holds(&aspects(had))
            };
            let with = reached.iter().filter(|(run, ..)| holds(*run)).map(|(.., outputs)| outputs.clone());
            let with = with.reduce(|all, more| all.or(&more)).unwrap();
            let bad = with.and(&flagged(&judged)).count();
            prop_assert_eq!((fact.counts.flagged, fact.counts.ok), (bad, with.count() - bad), "{:?}", fact);
        }
    }

    #[test]
    fn an_extra_ok_never_raises_the_score_of_a_fact_upstream(
        edges in pipelines(), judged in verdicts(), extra in 0_u32..16,
        had in proptest::collection::vec((0_u8..3, 0_u8..3, 0_u8..6), 16),
    ) {
        let before = shared(&judged, &edges, &had);
        let more: Vec<_> = judged.iter().copied().chain([judge(extra, false)]).collect();
        let after = shared(&more, &edges, &had);
        let above: Vec<u32> = mltrace_core::lineage::depths(&[extra], &edges, None).into_iter().map(|(run, _)| run).collect();
        for fact in &after {
            // The best of an aspect; what was not reported was no likelier than nothing, and a pair than its parts.
            let of = aspects_of(&fact.condition);
            let was = best_of(&before, &of);
            let parts = of.1.iter().map(|aspect| best_of(&before, &(of.0.clone(), vec![aspect.clone()])).0);
            let is_pair = of.1.len() > 1;
            let bar = if is_pair { was.0.max(PAIR + parts.fold(f64::NEG_INFINITY, f64::max)) } else { was.0 };
            let is_upstream = above.iter().any(|run| {
                let had = had[*run as usize];
                format!("c{}", had.0) == fact.condition.component && fact.condition.holds(&aspects(had))
            });
            if is_upstream {
                prop_assert!(fact.score <= bar + 1e-9, "{was:?} became {fact:?}");
                prop_assert!(is_pair || fact.strength <= was.1, "{was:?} became {fact:?}");
            }
        }
    }

    #[test]
    fn an_extra_ok_never_raises_the_score_of_a_run_upstream(
        edges in pipelines(), judged in verdicts(), extra in 0_u32..16, weights in proptest::collection::vec(0.05_f64..30.0, 16),
    ) {
        let weight = |run: u32| weights[run as usize];
        let before = suspects(&judged, &edges, weight);
        let more: Vec<_> = judged.iter().copied().chain([judge(extra, false)]).collect();
        let after = suspects(&more, &edges, weight);
        for (run, _) in mltrace_core::lineage::depths(&[extra], &edges, None) {
            let (Some(before), Some(after)) = (score(&before, run), score(&after, run)) else { continue };
            prop_assert!(after <= before + 1e-9, "run {run}: {before} became {after}");
        }
    }

    #[test]
    fn every_suspect_is_upstream_of_a_flag_and_every_flag_has_a_suspect(edges in pipelines(), judged in verdicts()) {
        let found = suspects(&judged, &edges, |_| 1.0);
        let bad = flagged(&judged);
        for suspect in &found {
            prop_assert!(suspect.group.flagged > 0 && suspect.score.is_finite());
        }
        for number in (0..judged.len()).filter(|number| bad.contains(*number)) {
            prop_assert!(found.iter().any(|suspect| suspect.group.outputs.contains(number)));
        }
    }

    #[test]
    fn a_set_that_explains_leaves_no_flag_and_holds_nobody_in_vain(edges in pipelines(), judged in verdicts()) {
        let found = suspects(&judged, &edges, |_| 1.0);
        let bad = flagged(&judged);
        let observed = observed(&judged);
        for set in explain(&found, &bad, (&observed, &mut Scale::new(observed.all(&bad))), 5) {
            let explains = |places: &[usize]| (0..judged.len()).filter(|number| bad.contains(*number))
                .all(|number| places.iter().any(|place| found[*place].group.outputs.contains(number)));
            prop_assert!(explains(&set));
            for left_out in 0..set.len() {
                let rest: Vec<usize> = set.iter().copied().enumerate().filter(|(n, _)| *n != left_out).map(|(_, p)| p).collect();
                prop_assert!(!explains(&rest));
            }
        }
    }
}

/// Two ingests, a clean and two features of each, outputs 100…: ten of each feature step.
fn two_branches() -> Edges {
    let mut edges = vec![(2, 0), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3), (4, 8), (5, 8), (6, 8), (7, 8)];
    edges.extend((0..40).map(|output| (100 + output, 4 + output / 10)));
    edges
}

fn order(found: &[Suspect<u32>]) -> Vec<Vec<u32>> {
    found.iter().map(|suspect| suspect.group.runs.clone()).collect()
}

#[test]
fn the_run_that_every_output_shares_does_not_win() {
    let judged: Vec<_> = (0..40).map(|output| judge(100 + output, output < 10 && output % 3 > 0)).collect();
    let found = suspects(&judged, &two_branches(), |_| 1.0);
    assert_eq!(order(&found)[0], [4]);
    assert_eq!(order(&found).last().unwrap(), &[8], "the shared one explains least");
}

#[test]
fn a_run_behind_one_flag_is_no_suspect_while_another_explains_that_flag_and_others() {
    let judged: Vec<_> = (0..3).map(|output| judge(100 + output, true)).collect();
    let found = suspects(&judged, &two_branches(), |_| 1.0);
    assert!(order(&found).iter().flatten().all(|run| *run < 100), "{:?}", order(&found));
    let found = suspects(&judged[..1], &two_branches(), |_| 1.0);
    assert!(order(&found)[0].contains(&100), "a single flag has nothing else to go by");
}

#[test]
fn evidence_decides_between_groups_that_the_verdicts_like_equally() {
    let judged = [judge(100, true), judge(101, true), judge(110, true), judge(111, true)];
    let equal = suspects(&judged, &two_branches(), |_| 1.0);
    let changed = suspects(&judged, &two_branches(), |run| if run == 5 { 12.0 } else { 0.42 });
    assert!(score(&changed, 5).unwrap() > score(&equal, 5).unwrap());
    assert!(score(&changed, 4).unwrap() < score(&equal, 4).unwrap());
}

#[test]
fn the_outputs_of_one_run_are_one_observation_of_its_suspects() {
    // Of eight runs one is bad: as likely with one file as with twenty, for what spoilt one was there for the others.
    let edges: Edges = (0..8).map(|run| (100 + run, run / 2)).collect();
    let judged = |files: usize| -> Vec<_> { (0..8).flat_map(|run| vec![judge(100 + run, run == 3); files]).collect() };
    let alone = suspects(&judged(1), &edges, |_| 1.0);
    for files in [2, 3, 20] {
        let found = suspects(&judged(files), &edges, |_| 1.0);
        assert_eq!(order(&found), order(&alone));
        assert!((found[0].score - alone[0].score).abs() < 1e-9, "{files}: {} {}", found[0].score, alone[0].score);
        assert_eq!(found[0].group.flagged, files as u32, "all outputs are shown");
    }
    // A set of suspects is weighed by the same rule.
    let two = |files: usize| -> Vec<_> {
        (0..8)
            .flat_map(|run| vec![judge(100 + run, [0, 1, 6, 7].contains(&run)); if run < 4 { files } else { 1 }])
            .collect()
    };
    let sets = |files: usize| {
        let judged = two(files);
        let (found, bad, observed) = (suspects(&judged, &edges, |_| 1.0), flagged(&judged), observed(&judged));
        let sets = explain(&found, &bad, (&observed, &mut Scale::new(observed.all(&bad))), 3);
        sets.iter()
            .map(|set| set.iter().map(|place| found[*place].group.runs[0]).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    assert_eq!(sets(20), sets(1));
}

#[test]
fn two_faults_are_told_as_a_pair() {
    let judged: Vec<_> = (0..40).map(|output| judge(100 + output, !(10..30).contains(&output))).collect();
    let edges = two_branches();
    let found = suspects(&judged, &edges, |_| 1.0);
    let bad = flagged(&judged);
    let observed = observed(&judged);
    let sets = explain(&found, &bad, (&observed, &mut Scale::new(observed.all(&bad))), 3);
    let mut pair: Vec<u32> = sets[0].iter().map(|place| found[*place].group.runs[0]).collect();
    pair.sort_unstable();
    assert_eq!(pair, [4, 7]);
}

#[test]
fn of_two_settings_the_one_at_whose_runs_checks_failed_comes_first_and_no_ok_changes_that() {
    // Of nine bad runs seven have the one and seven the other; a check failed at five with the one, and at three with the other.
    let found = |ok: usize| {
        let judged: Vec<_> = (0..9 + ok).map(|run| judge(run as u32, run < 9)).collect();
        let writers: Vec<Option<u32>> = judged.iter().map(|output| output.run).collect();
        let known: Vec<Known> = (0..judged.len())
            .map(|run| {
                let is = |others: [usize; 2]| Value::from(run < 9 && !others.contains(&run));
                let mut aspects: Aspects = [("first", is([7, 8])), ("other", is([3, 5]))]
                    .map(|(name, is)| (Aspect::Parameter(name.to_owned()), is))
                    .into();
                if [1, 2, 3, 5, 6].contains(&run) {
                    aspects.insert(Aspect::Check("whole".to_owned()), "failed".into());
                }
                let (began, outputs) = (Timestamp(run as i64), Outputs::of([run]));
                Known { component: "clean".to_owned(), began, depth: 0, outputs, aspects }
            })
            .collect();
        let (bad, observed) = (flagged(&judged), Observed::of(&writers));
        let best = Table::of(&known, &bad, &observed, &Ends::default()).best(
            9,
            |_| Ok(()),
            |some| Ok::<_, Infallible>(vec![New::default(); some.len()]),
        );
        let Ok(best) = best;
        let score = |name: &str| {
            let tests = [(Aspect::Parameter(name.to_owned()), Test::Is(true.into()))];
            best.iter().find(|fact| fact.condition.tests == tests).map(|fact| fact.score).unwrap()
        };
        score("first") - score("other")
    };
    assert!(found(6) > 0.1, "{}", found(6));
    assert!((found(6) - found(20)).abs() < 1e-9, "it is asked of what is flagged alone");
}
