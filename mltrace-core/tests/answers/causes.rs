//! What a review says of a cause that lasts: it is one, its suspects come first, and each of its spans is told.

use mltrace_core::query::Review;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::story::{Story, at, cases, id};

/// Days of two steps and a model, which is trained from what the second one wrote.
struct Days {
    count: usize,
    /// The days on which the first step ran with another scale.
    wrong: Vec<usize>,
}

impl Days {
    fn lines(&self) -> Vec<Value> {
        (0..self.count).flat_map(|day| self.day(day)).collect()
    }

    fn day(&self, day: usize) -> Vec<Value> {
        let object = |what: &str, day: usize| format!("s3://lake/{what}/{:08x}", day * 7919 + 0x1000_0000);
        let run = |step: usize, component: &str, inputs: Value, outputs: Value, params: Value| {
            let start = day * 1000 + step * 100;
            json!({"type": "run", "id": id(day * 10 + step), "component": component, "status": "completed", "inputs": inputs,
                   "started_at": at(start), "ended_at": at(start + 50), "duration_ms": 50_000.0, "outputs": outputs, "params": params,
                   "host": (["a", "b", "c"][(day * day + step) % 3])})
        };
        let scale = if self.wrong.contains(&day) { 1 } else { 100 };
        vec![
            run(0, "featuregen", json!([]), json!([object("features", day)]), json!({"fare_scale": scale})),
            run(1, "split", json!([object("features", day)]), json!([object("train", day)]), json!({"seed": day})),
            run(2, "train", json!([object("train", day)]), json!([object("model", day)]), json!({"rate": 0.1})),
        ]
    }

    fn judged(&self, place: usize, day: usize, verdict: &str) -> Value {
        let name = format!("s3://lake/model/{:08x}", day * 7919 + 0x1000_0000);
        json!({"type": "label", "id": id(90_000 + place), "name": name, "version": format!("w:{}", id(day * 10 + 2)),
               "verdict": verdict, "at": at(80_000 + place)})
    }

    /// Returns the review where some days are flagged and some are ok.
    fn review(&self, flagged: &[usize], ok: &[usize]) -> Review {
        let mut story = Story::told(&self.lines());
        let verdicts = flagged.iter().map(|day| (day, "flagged")).chain(ok.iter().map(|day| (day, "ok")));
        let lines: Vec<Value> =
            verdicts.enumerate().map(|(place, (day, verdict))| self.judged(place, *day, verdict)).collect();
        story.tell(&lines);
        story.reader().review(None).unwrap()
    }
}

#[test]
fn the_suspects_that_are_the_cause_come_first() {
    let days = Days { count: 40, wrong: (20..25).collect() };
    let review = days.review(&[21, 22, 23, 24], &[3, 7, 11, 15, 18, 27, 31, 35, 38]);
    let first = &review.facts[0];
    assert_eq!((first.component.as_str(), first.aspect.as_str()), ("featuregen", "param:fare_scale"), "{first:?}");
    let caused: Vec<_> = review.suspects.iter().take_while(|suspect| suspect.fact == Some(1)).collect();
    assert_eq!(caused.len(), 4, "{:?}", review.suspects);
    for suspect in &caused {
        assert_eq!(suspect.components[0], "featuregen", "the run that has it is named first");
        assert!(suspect.evidence.iter().any(|told| told.contains("fare_scale")), "{suspect:?}");
    }
    assert!(review.suspects.iter().skip(4).all(|suspect| suspect.fact.is_none()));
    let told = review.cause(Some(1), |moment| moment.to_string());
    assert!(told.starts_with("fact 1, in 5 runs from "), "{told}");
    assert_eq!(review.cause(None, |moment| moment.to_string()), "others, without fact 1");
    // No run of several is to blame alone.
    assert!(caused.iter().all(|suspect| review.share_of(suspect).is_none()));
    assert_eq!(review.together().count(), 0, "the fact says as much");
}

#[test]
fn each_span_of_a_value_is_told() {
    let days = Days { count: 60, wrong: (10..13).chain(40..45).collect() };
    for flagged in [vec![41, 42, 43, 44], vec![11, 12, 41, 42, 44]] {
        let review = days.review(&flagged, &[3, 7, 18, 27, 31, 35, 48, 55]);
        let fact = &review.facts[0];
        assert_eq!((fact.aspect.as_str(), fact.runs.len(), fact.has_more), ("param:fare_scale", 8, false), "{fact:?}");
        let spans: Vec<usize> = fact.spans.iter().map(|span| span.runs).collect();
        assert_eq!((spans, fact.spans[1].until), (vec![3, 5], fact.until));
        let told = fact.when(|_| "then".to_owned());
        assert_eq!(told, "in 8 runs, 2 spans: 3 from then to then, 5 from then to then");
    }
}

#[test]
fn a_span_after_the_verdicts_is_told_as_those_before_them_are() {
    for (wrong, is_over) in [((20..25).chain(50..53), true), ((20..25).chain(57..60), false)] {
        let days = Days { count: 60, wrong: wrong.collect() };
        let review = days.review(&[21, 22, 23, 24], &[3, 7, 11, 15, 18, 27, 31, 35, 38]);
        let fact = &review.facts[0];
        let spans: Vec<usize> = fact.spans.iter().map(|span| span.runs).collect();
        assert_eq!((fact.aspect.as_str(), spans, fact.is_over), ("param:fare_scale", vec![5, 3], is_over), "{fact:?}");
    }
}

#[test]
fn the_suspects_that_have_what_is_named_are_there_though_one_run_is_upstream_of_all_that_is_flagged() {
    // Ten days have one price list, and on some of them the first step ran with another scale.
    let days = Days { count: 60, wrong: (30..35).collect() };
    let mut lines = days.lines();
    for line in lines.iter_mut().filter(|line| line["component"] == "train") {
        let day = usize::from_str_radix(line["id"].as_str().unwrap().rsplit('-').next().unwrap(), 16).unwrap() / 10;
        line["inputs"].as_array_mut().unwrap().push(json!(format!("s3://lake/prices/{}", day / 10)));
    }
    for list in 0..6 {
        let start = at((list * 10_000_usize).saturating_sub(1));
        lines.push(
            json!({"type": "run", "id": id(80_000 + list), "component": "prices", "status": "completed", "inputs": [],
            "started_at": start, "ended_at": start, "outputs": [format!("s3://lake/prices/{list}")], "params": {}}),
        );
    }
    let mut story = Story::told(&lines);
    let judged = (30..35).chain([36, 38]).map(|day| (day, "flagged"));
    let judged = judged.chain((12..30).chain(40..50).step_by(2).map(|day| (day, "ok")));
    story.tell(&judged.enumerate().map(|(place, (day, said))| days.judged(place, day, said)).collect::<Vec<_>>());
    let review = story.reader().review(None).unwrap();
    let named: Vec<&str> = review.named().map(|fact| fact.aspect.as_str()).collect();
    assert_eq!(named, ["param:fare_scale"], "{:?}", review.facts);
    let suspected: Vec<&str> = review.suspects.iter().map(|suspect| suspect.components[0].as_str()).collect();
    assert_eq!(suspected[..6], ["featuregen"; 5].into_iter().chain(["prices"]).collect::<Vec<_>>());
}

#[test]
fn no_suspect_is_said_to_be_unchanged_whose_own_page_shows_a_change() {
    let days = Days { count: 40, wrong: Vec::new() };
    let mut lines = days.lines();
    for (seed, line) in lines.iter_mut().filter(|line| line["component"] == "train").enumerate() {
        line["params"]["seed"] = seed.into();
    }
    let mut story = Story::told(&lines);
    let judged = [(20, "flagged"), (26, "flagged"), (3, "ok"), (9, "ok")];
    let judged = judged.into_iter().enumerate().map(|(place, (day, said))| days.judged(place, day, said));
    story.tell(&judged.collect::<Vec<_>>());
    let review = story.reader().review(None).unwrap();
    let mut quiet = 0;
    for suspect in &review.suspects {
        for (run, component) in suspect.runs.iter().zip(&suspect.components) {
            let whose = format!("{component} (run {}): ", run.short());
            let is_alone = suspect.runs.len() == 1;
            let told = suspect.evidence.iter().skip(1);
            let told: Vec<&str> =
                told.filter_map(|told| told.strip_prefix(if is_alone { "" } else { &whose })).collect();
            let page = story.reader().inspect_among_others(&run.to_string()).unwrap().changed.unwrap();
            let is_changed = page.differences.iter().any(|one| one.field.starts_with("param:") || one.field == "host");
            assert!(!is_changed || !told.contains(&"nothing changed since the run before"), "{suspect:?} {page:?}");
            quiet += usize::from(told.contains(&"nothing changed since the run before but what often does"));
        }
    }
    assert!(quiet > 0, "{:?}", review.suspects);
}

#[test]
fn no_host_of_several_that_take_turns_is_named_as_the_one_before() {
    let days = Days { count: 40, wrong: Vec::new() };
    let mut lines = days.lines();
    for line in &mut lines {
        if line["component"] == "train"
            && (200..260)
                .contains(&usize::from_str_radix(line["id"].as_str().unwrap().rsplit('-').next().unwrap(), 16).unwrap())
        {
            line["host"] = "bad".into();
        }
    }
    let mut story = Story::told(&lines);
    let verdicts = [
        (20, "flagged"),
        (21, "flagged"),
        (23, "flagged"),
        (25, "flagged"),
        (3, "ok"),
        (9, "ok"),
        (15, "ok"),
        (30, "ok"),
        (35, "ok"),
    ];
    story.tell(
        &verdicts
            .iter()
            .enumerate()
            .map(|(place, (day, verdict))| days.judged(place, *day, verdict))
            .collect::<Vec<_>>(),
    );
    let review = story.reader().review(None).unwrap();
    let fact = review.facts.iter().find(|fact| fact.aspect == "host" && fact.component == "train").unwrap();
    assert_eq!((fact.value.clone(), fact.before.clone()), (json!("bad"), None));
    let mut hosts = fact.before_one_of.clone();
    hosts.sort_by_key(ToString::to_string);
    assert_eq!(
        hosts,
        [json!("a"), json!("b"), json!("c")].iter().filter(|host| hosts.contains(host)).cloned().collect::<Vec<_>>()
    );
    assert!(hosts.len() > 1 && fact.says().starts_with("ran on bad (before: one of "), "{}", fact.says());
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn suspects_never_contradict_the_first_line(
        wrong in prop::collection::btree_set(0..30_usize, 1..8),
        flagged in prop::collection::btree_set(0..30_usize, 1..6),
        ok in prop::collection::btree_set(0..30_usize, 0..8),
    ) {
        let days = Days { count: 30, wrong: wrong.into_iter().collect() };
        let ok: Vec<usize> = ok.difference(&flagged).copied().collect();
        let review = days.review(&flagged.into_iter().collect::<Vec<_>>(), &ok);
        let named = review.first_line();
        let places: Vec<usize> = review.suspects.iter().map(|suspect| {
            named.iter().position(|fact| Some(fact.rank) == suspect.fact).unwrap_or(named.len())
        }).collect();
        prop_assert!(places.is_sorted(), "{places:?}");
        for suspect in &review.suspects {
            if let Some(fact) = named.iter().find(|fact| Some(fact.rank) == suspect.fact) {
                prop_assert!(fact.runs.contains(&suspect.runs[0]), "{suspect:?} {fact:?}");
            }
        }
        prop_assert_eq!(named.is_empty(), review.suspects.iter().all(|suspect| suspect.fact.is_none()));
    }
}
