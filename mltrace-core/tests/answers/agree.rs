//! The answers agree on what changed: `diff`, a run's own changes, and `review`.

use mltrace_core::query::{Baseline, Difference, Since, Strength};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::story::{Story, at, cases, id};

/// How many rounds ran before the one in which something is otherwise.
const ROUNDS: usize = 6;
/// How many steps a round has, each over what the one before wrote.
const STEPS: usize = 4;

/// How objects are called.
#[derive(Clone, Copy, Debug)]
enum Names {
    Same,
    Dated,
    Hashed,
    Uuids,
}

/// What is otherwise.
const FIELDS: [&str; 14] = [
    "param:unit",
    "param:new",
    "param:norm",
    "git.commit",
    "git.branch",
    "git.dirty",
    "code",
    "code.is_in_work_tree",
    "host",
    "user",
    "input:zones.csv",
    "input:gone.csv",
    "input:new.csv",
    "input:prices-eu.csv, input:prices-us.csv",
];

fn name(names: Names, step: usize, round: usize) -> String {
    let hash = blake3::hash(&[step as u8, round as u8]).to_hex().to_string();
    match names {
        Names::Same => format!("s3://b/{step}"),
        Names::Dated => format!("s3://b/2026-01-{:02}/{step}", round + 1),
        Names::Hashed => format!("s3://b/step-{step}/{}", &hash[..8]),
        Names::Uuids => {
            let parts = [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..32]];
            format!("s3://b/step-{step}/{}.pq", parts.join("-"))
        }
    }
}

fn round(names: Names, number: usize, wrong: Option<(usize, &str)>) -> Vec<Value> {
    let run = |step: usize| {
        let is = |field: &str| wrong == Some((step, field));
        let mut params = json!({"unit": if is("param:unit") { "mg" } else { "g" }});
        if is("param:new") {
            params["new"] = true.into();
        }
        if !is("param:norm") {
            params["norm"] = true.into();
        }
        let zones = format!("b3:{}", if is("input:zones.csv") { "1" } else { "2" }.repeat(64));
        let mut inputs = vec![json!({"name": "zones.csv", "version": zones, "size": 99})];
        let mut read = |name: &str| inputs.push(json!({"name": name, "version": format!("v:{name}")}));
        if !is("input:gone.csv") {
            read("gone.csv");
        }
        if is("input:new.csv") {
            read("new.csv");
        }
        read(if is("input:prices-eu.csv, input:prices-us.csv") { "prices-us.csv" } else { "prices-eu.csv" });
        inputs.extend(step.checked_sub(1).map(|before| json!({"name": name(names, before, number)})));
        let start = number * 100 + step * 10;
        let text = if is("code") { "2" } else { "1" };
        json!({
            "type": "run", "id": id(number * 10 + step), "component": format!("step-{step}"), "status": "completed",
            "started_at": at(start), "ended_at": at(start + 5), "duration_ms": 1000.0, "inputs": inputs,
            "outputs": [{"name": name(names, step, number)}], "params": params,
            "git": {"commit": if is("git.commit") { "bbbb" } else { "aaaa" },
                    "branch": if is("git.branch") { "fix" } else { "main" }, "tags": [], "dirty": is("git.dirty"), "remote": null},
            "code": {"file": "f.rs", "line": 1, "hash": text.repeat(64), "source": text, "is_in_work_tree": !is("code.is_in_work_tree")},
            "host": if is("host") { "other" } else { "here" }, "user": if is("user") { "bo" } else { "ada" },
        })
    };
    (0..STEPS).map(run).collect()
}

fn fields(differences: &[Difference]) -> Vec<(Option<&str>, &str)> {
    differences.iter().map(|difference| (difference.component.as_deref(), difference.field.as_str())).collect()
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn diff_a_run_and_a_review_agree_on_what_changed(
        names in prop::sample::select(vec![Names::Same, Names::Dated, Names::Hashed, Names::Uuids]),
        step in 0..STEPS,
        field in prop::sample::select(FIELDS.to_vec()),
    ) {
        let mut lines: Vec<Value> = (0..ROUNDS).flat_map(|number| round(names, number, None)).collect();
        lines.extend(round(names, ROUNDS, Some((step, field))));
        let mut story = Story::told(&lines);
        let (component, ran) = (format!("step-{step}"), id(ROUNDS * 10 + step));
        let expected: Vec<_> = field.split(", ").map(|field| (Some(component.as_str()), field)).collect();

        let last = name(names, STEPS - 1, ROUNDS);
        let diff = story.reader().diff(&last, None).unwrap();
        let is_same = matches!(names, Names::Same);
        prop_assert_eq!(diff.baseline, Some(if is_same { Baseline::Previous } else { Baseline::Sibling }));
        prop_assert_eq!(fields(&diff.differences), expected.clone());

        let run = story.reader().inspect_among_others(&ran.to_string()).unwrap();
        let Since { run: before, differences: own, is_cut, .. } = *run.changed.unwrap();
        prop_assert_eq!((before, is_cut), (id((ROUNDS - 1) * 10 + step), false));
        // Runs in the same place read opaque versions of one name, which differ each time.
        let own: Vec<Difference> = own.into_iter().filter(|own| !own.field.starts_with("input:s3:")).collect();
        prop_assert_eq!(fields(&own), expected.clone());
        prop_assert_eq!((&own[0].a, &own[0].b), (&diff.differences[0].a, &diff.differences[0].b));

        let version = format!("w:{}", id(ROUNDS * 10 + STEPS - 1));
        story.tell(&[json!({"type": "label", "id": id(900), "name": last, "version": version, "verdict": "flagged",
                            "at": at(9000)})]);
        let review = story.reader().review(None).unwrap();
        let first = &review.facts[0];
        // A parameter that comes is reported as its value, one that goes as none.
        let told = (Some(first.component.as_str()), first.aspect.as_str());
        let own = own.iter().find(|own| own.field == first.aspect).unwrap();
        prop_assert!(expected.contains(&told), "{first:?}");
        prop_assert_eq!(&first.runs, &[ran]);
        prop_assert_eq!(&first.value, own.b.as_ref().unwrap_or(&Value::Null));
        prop_assert_eq!(first.before.as_ref(), own.a.as_ref());
        prop_assert_eq!(review.suspects[0].runs[0], ran);
        let changes = review.suspects[0].evidence.iter().filter(|told| told.contains('\u{d7}')).count();
        prop_assert_eq!(changes, expected.len(), "{:?}", review.suspects[0].evidence);
    }
}

#[test]
fn a_parameter_that_was_dropped_is_a_fact_of_all_runs_without_it() {
    let mut lines = Vec::new();
    for number in 0..12 {
        lines.extend(round(Names::Same, number, (8..11).contains(&number).then_some((1, "param:norm"))));
    }
    let mut story = Story::told(&lines);
    let judge = |place: usize, number: usize, verdict: &str| {
        let version = format!("w:{}", id(number * 10 + STEPS - 1));
        json!({"type": "label", "id": id(900 + place), "name": name(Names::Same, STEPS - 1, number), "version": version,
               "verdict": verdict, "at": at(9000 + place)})
    };
    let verdicts = [(8, "flagged"), (9, "flagged"), (10, "flagged"), (2, "ok"), (5, "ok"), (7, "ok"), (11, "ok")];
    story.tell(&verdicts.iter().zip(1..).map(|((number, is), place)| judge(place, *number, is)).collect::<Vec<_>>());
    let review = story.reader().review(None).unwrap();
    let fact = &review.facts[0];
    assert_eq!((fact.component.as_str(), fact.aspect.as_str()), ("step-1", "param:norm"));
    assert_eq!((&fact.value, fact.before.as_ref()), (&Value::Null, Some(&json!(true))));
    assert_eq!((fact.flagged, fact.ok), (3, 0));
    assert_eq!(fact.says(), "ran without norm (before: true)");
    assert_eq!(fact.runs, (8..11).map(|number| id(number * 10 + 1)).collect::<Vec<_>>());
}

#[test]
fn an_input_that_was_left_out_is_a_fact_and_evidence_for_as_long_as_it_is() {
    let mut lines = Vec::new();
    for number in 0..12 {
        lines.extend(round(Names::Dated, number, (7..10).contains(&number).then_some((1, "input:gone.csv"))));
    }
    let mut story = Story::told(&lines);
    let judge = |place: usize, number: usize, verdict: &str| {
        let version = format!("w:{}", id(number * 10 + STEPS - 1));
        json!({"type": "label", "id": id(900 + place), "name": name(Names::Dated, STEPS - 1, number), "version": version,
               "verdict": verdict, "at": at(9000 + place)})
    };
    let verdicts = [(7, "flagged"), (8, "flagged"), (9, "flagged"), (2, "ok"), (5, "ok"), (6, "ok"), (11, "ok")];
    story.tell(&verdicts.iter().zip(1..).map(|((number, is), place)| judge(place, *number, is)).collect::<Vec<_>>());
    let review = story.reader().review(None).unwrap();
    let fact = &review.facts[0];
    assert_eq!(
        (fact.component.as_str(), fact.aspect.as_str(), fact.flagged, fact.ok),
        ("step-1", "input:gone.csv", 3, 0)
    );
    assert_eq!(fact.says(), "did not read gone.csv (before: v:gone.csv)");
    assert_eq!(fact.runs, (7..10).map(|number| id(number * 10 + 1)).collect::<Vec<_>>());
    for number in 7..10 {
        let of = |suspect: &&mltrace_core::query::Suspect| suspect.runs.contains(&id(number * 10 + 1));
        let suspect = review.suspects.iter().find(of).unwrap();
        let told = suspect.evidence.join("\n");
        assert!(told.contains("did not read `gone.csv`, before it did (v:gone.csv)"), "{number}: {told}");
    }
}

#[test]
fn what_always_changes_is_no_evidence_however_few_runs_did_the_same() {
    // Each round reads another delivery; twice the prices of another region.
    let mut lines = Vec::new();
    for number in 0..12 {
        let mut of_round =
            round(Names::Same, number, (number > 9).then_some((1, "input:prices-eu.csv, input:prices-us.csv")));
        for run in &mut of_round {
            run["inputs"].as_array_mut().unwrap().push(json!({"name": "raw.csv", "version": format!("v:{number}")}));
            run["params"]["seed"] = json!(number);
        }
        lines.extend(of_round);
    }
    let mut story = Story::told(&lines);
    let last = name(Names::Same, STEPS - 1, 11);
    let version = format!("w:{}", id(11 * 10 + STEPS - 1));
    story.tell(&[
        json!({"type": "label", "id": id(900), "name": last, "version": version, "verdict": "flagged", "at": at(9000)}),
    ]);
    let review = story.reader().review(None).unwrap();
    let of = |suspect: &&mltrace_core::query::Suspect| suspect.runs.contains(&id(111));
    let told = review.suspects.iter().find(of).unwrap().evidence.join("\n");
    assert!(told.contains("read `prices-us.csv`") && !told.contains("raw.csv") && !told.contains("seed"), "{told}");
}

#[test]
fn a_change_that_lasts_is_one_cause_until_it_is_put_right() {
    let mut lines = Vec::new();
    for number in 0..12 {
        let wrong = (4..8).contains(&number).then_some((1, "param:unit"));
        lines.extend(round(Names::Uuids, number, wrong));
    }
    let mut story = Story::told(&lines);
    let judge = |place: usize, number: usize, verdict: &str| {
        let version = format!("w:{}", id(number * 10 + STEPS - 1));
        json!({"type": "label", "id": id(900 + place), "name": name(Names::Uuids, STEPS - 1, number), "version": version,
               "verdict": verdict, "at": at(9000 + place)})
    };
    // The first bad round was not looked at.
    story.tell(&[judge(1, 5, "flagged"), judge(2, 6, "flagged"), judge(3, 2, "ok"), judge(4, 9, "ok")]);
    let review = story.reader().review(None).unwrap();
    let fact = &review.facts[0];
    assert_eq!((fact.component.as_str(), fact.aspect.as_str()), ("step-1", "param:unit"));
    assert_eq!((&fact.value, fact.before.as_ref()), (&json!("mg"), Some(&json!("g"))));
    let runs: Vec<_> = (4..8).map(|number| id(number * 10 + 1)).collect();
    assert_eq!(fact.runs, runs, "with those that nobody judged");
    assert_eq!((fact.since.to_string(), fact.until.to_string()), (at(410), at(710)));
    assert_eq!((fact.flagged, fact.flagged_of, fact.ok, fact.ok_of), (2, 2, 0, 2));
    let still = story.reader().inspect_among_others(&id(61).to_string()).unwrap().still_differs;
    let told = "parameter `unit` = mg, before g, since 2 runs before";
    assert!(still.len() == 1 && still[0].starts_with(told), "{still:?}");
    for number in [3, 4, 8] {
        let run = story.reader().inspect_among_others(&id(number * 10 + 1).to_string()).unwrap();
        assert_eq!(run.still_differs, [""; 0], "{number}");
    }
    for suspect in review.suspects.iter().take(2) {
        assert_eq!(suspect.components[0], "step-1", "a run that still differs is not acquitted: {suspect:?}");
    }
}

#[test]
fn a_model_that_was_old_or_written_over_is_a_fact_as_on_the_pages_of_its_runs() {
    [false, true].into_iter().for_each(written_over);
}

/// Each day's model is trained before that day's predictions; those of one day were made with the one before, or with the one of
/// two trainings at one moment that has the lesser id.
fn written_over(is_of_one_moment: bool) {
    let mut lines = Vec::new();
    for day in 0..10_usize {
        let is_stale = day == 6;
        let run = |number: usize, second: usize, component: &str, read: serde_json::Value, wrote: String| {
            json!({"type": "run", "id": id(day * 10 + number), "component": component, "status": "completed",
                "started_at": at(day * 1000 + second), "ended_at": at(day * 1000 + second + 5), "duration_ms": 5000.0,
                "inputs": [read], "outputs": [{"name": wrote, "version": format!("v:{day}-{number}")}], "params": {}})
        };
        lines.push(run(
            0,
            10,
            "train",
            json!({"name": format!("raw-{day}"), "version": format!("v:{day}")}),
            "model".to_owned(),
        ));
        if is_stale && is_of_one_moment {
            lines.push(run(9, 10, "train", json!({"name": "raw"}), "model".to_owned()));
        }
        let version = if is_stale && !is_of_one_moment { day - 1 } else { day };
        for file in 1..4 {
            let model = json!({"name": "model", "version": format!("v:{version}-0")});
            lines.push(run(file, 100 * file, "predict", model, format!("p-{day}-{file}")));
        }
    }
    let mut story = Story::told(&lines);
    let judge = |place: usize, day: usize, file: usize, verdict: &str| {
        json!({"type": "label", "id": id(900 + place), "name": format!("p-{day}-{file}"), "version": format!("v:{day}-{file}"),
               "verdict": verdict, "at": at(12_000 + place)})
    };
    let fine = (0..10).filter(|day| *day != 6).map(|day| judge(day, day, 1, "ok"));
    let bad = (1..4).map(|file| judge(20 + file, 6, file, "flagged"));
    story.tell(&fine.chain(bad).collect::<Vec<_>>());
    let review = story.reader().review(None).unwrap();
    let fact = review.facts.iter().find(|fact| fact.aspect == "stale").unwrap();
    assert_eq!((fact.component.as_str(), &fact.value), ("predict", &json!("superseded")));
    assert_eq!((fact.flagged, fact.ok), (3, 0));
    assert_eq!(fact.says(), "read what another run had written over (before: fresh)");
    for run in 0..100 {
        let Ok(view) = story.reader().inspect(&id(run).to_string()) else { continue };
        assert_eq!(fact.runs.contains(&view.id), !view.stale.is_empty(), "{}", view.id);
    }
}

/// Twelve rounds or more, of which some in a row are wrong, and who judged them.
fn lasting(
    names: Names,
    rounds: usize,
    wrong: (std::ops::Range<usize>, usize, &str),
    edit: fn(usize, &mut Value),
) -> Story {
    let (is_wrong, step, field) = wrong;
    let mut lines = Vec::new();
    for number in 0..rounds {
        let mut runs = round(names, number, is_wrong.contains(&number).then_some((step, field)));
        runs.iter_mut().for_each(|run| edit(number, run));
        lines.extend(runs);
        let verdict = if is_wrong.contains(&number) { "flagged" } else { "ok" };
        lines.push(json!({"type": "label", "id": id(9000 + number), "name": name(names, STEPS - 1, number),
            "version": format!("w:{}", id(number * 10 + STEPS - 1)), "verdict": verdict, "at": at(80_000 + number)}));
    }
    Story::told(&lines)
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn every_run_of_a_span_that_a_review_tells_says_on_its_own_page_what_is_otherwise(
        names in prop::sample::select(vec![Names::Same, Names::Dated, Names::Hashed, Names::Uuids]),
        step in 0..STEPS,
        field in prop::sample::select(FIELDS[..13].to_vec()),
        since in 5_usize..9,
        lasts in 2_usize..24,
    ) {
        let mut story = lasting(names, since + lasts + 3, (since..since + lasts, step, field), |_, _| {});
        let review = story.reader().review(None).unwrap();
        let fact = &review.facts[0];
        let runs: Vec<_> = (since..since + lasts).map(|number| id(number * 10 + step)).collect();
        prop_assert_eq!((&fact.component, fact.aspect.as_str(), &fact.runs), (&format!("step-{step}"), field, &runs));
        for (ago, run) in runs.iter().enumerate() {
            let view = story.reader().inspect_among_others(&run.to_string()).unwrap();
            let Since { differences: own, .. } = *view.changed.unwrap();
            prop_assert_eq!(own.iter().any(|own| own.field == field), ago == 0, "{} at {}", field, ago);
            let still = view.still_differs;
            let since = if ago == 1 { "since the run before".to_owned() } else { format!("since {ago} runs before") };
            prop_assert_eq!(still.len(), usize::from(ago > 0), "{:?}", still);
            prop_assert!(still.iter().all(|words| words.contains(&since)), "{still:?}");
        }
    }

    #[test]
    fn a_number_that_is_new_in_each_run_says_nothing(
        names in prop::sample::select(vec![Names::Same, Names::Dated, Names::Uuids]),
        is_falling in any::<bool>(),
        is_told in any::<bool>(),
        since in 5_usize..12,
        lasts in 2_usize..9,
    ) {
        let edit = |number: usize, run: &mut Value| {
            run["params"]["number"] = json!(1000 + number);
            run["params"]["began"] = json!(format!("{}", 1_700_000_000 + 86_400 * number));
        };
        let falling = |number: usize, run: &mut Value| run["params"]["left"] = json!(1000 - number);
        let field = if is_told { "param:unit" } else { "none" };
        // Nobody judged what came after.
        let mut story = lasting(names, since + lasts, (since..since + lasts, 1, field), if is_falling { falling } else { edit });
        let review = story.reader().review(None).unwrap();
        let says_nothing = |aspect: &str| ["param:number", "param:began", "param:left"].contains(&aspect);
        for fact in review.facts.iter().filter(|fact| says_nothing(&fact.aspect)) {
            prop_assert!(fact.strength < Strength::Strong, "{fact:?}");
        }
        if is_told {
            prop_assert_eq!((&*review.facts[0].component, &*review.facts[0].aspect), ("step-1", "param:unit"));
        }
    }
}
