//! What the bad ones share, and what is said of it in a sentence.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{Review, Strength};
use serde_json::{Value, json};

use crate::story::{Story, content, id};

/// How long a round takes, in seconds: several a day.
const ROUND: usize = 4 * 3600;
/// The steps of a round, each over what the one before wrote.
const STEPS: [&str; 4] = ["ingest", "clean", "features", "predict"];

/// So many seconds after 2026 began.
fn at(second: usize) -> String {
    Timestamp((1_767_225_600 + second as i64) * 1_000_000).to_string()
}

fn name(step: &str, round: usize) -> String {
    format!("s3://lake/{step}/{}.pq", &blake3::hash(format!("{step}{round}").as_bytes()).to_hex()[..12])
}

/// So many rounds, of which each may be another.
fn rounds(count: usize, change: impl Fn(usize, &mut Vec<Value>)) -> Vec<Value> {
    let mut lines = Vec::new();
    for round in 0..count {
        let run = |(number, step): (usize, &&str)| {
            let mut inputs: Vec<Value> =
                number.checked_sub(1).map(|before| json!({"name": name(STEPS[before], round)})).into_iter().collect();
            if *step == "clean" {
                inputs.push(json!({"name": "s3://lake/zones.csv"}));
            }
            let start = round * ROUND + number * 60;
            json!({"id": id(round * 10 + number), "component": step, "started_at": at(start), "ended_at": at(start + 30),
                   "params": {"scale": 100}, "host": format!("worker-{}", round * 7 % 3), "inputs": inputs,
                   "git": {"commit": if round < 18 { "a" } else { "b" }, "branch": "main", "tags": [], "dirty": false, "remote": null},
                   "outputs": [{"name": name(step, round), "version": content(round * 10 + number), "size": 9}]})
        };
        let mut made: Vec<Value> = STEPS.iter().enumerate().map(run).collect();
        change(round, &mut made);
        lines.extend(made);
    }
    lines
}

/// Verdicts on what the predictions of these rounds wrote.
fn judge(rounds: impl IntoIterator<Item = usize>, verdict: &str) -> Vec<Value> {
    let label = |round: usize| {
        json!({"type": "label", "id": id(90_000 + round), "name": name("predict", round),
               "version": content(round * 10 + 3), "verdict": verdict, "at": at(9_000_000 + round)})
    };
    rounds.into_iter().map(label).collect()
}

fn review(story: &mut Story) -> Review {
    story.reader().review(None).unwrap()
}

fn sentence(story: &mut Story) -> String {
    review(story).sentence(|moment| moment.to_string())
}

#[test]
fn two_causes_are_named_in_one_sentence_and_no_weak_fact_stands_before_them() {
    let mut story = Story::told(&rounds(60, |round, made| {
        if (30..34).contains(&round) {
            made[2]["params"]["scale"] = json!(1);
        }
        if (40..44).contains(&round) {
            made[1]["host"] = json!("worker-bad");
        }
    }));
    let ok = (0..4).chain(20..30).chain(34..40).chain(44..50);
    story.tell(&[judge((30..34).chain(40..44), "flagged"), judge(ok, "ok")].concat());
    let review = review(&mut story);
    let is_sorted = review.facts.is_sorted_by_key(|fact| fact.strength == Strength::Weak);
    assert!(is_sorted && review.facts.iter().zip(1..).all(|(fact, rank)| fact.rank == rank));
    assert_eq!(review.named().count(), 2);
    let said = review.sentence(|moment| moment.to_string());
    assert!(said.contains("features ran with scale = 1 (before: 100) in 4 runs from"), "{said}");
    assert!(said.contains("And clean ran on worker-bad") || said.starts_with("clean ran on worker-bad"), "{said}");
}

/// Nine rounds are bad by what `clean` was given, and one, of which little is known, by what `features` was.
fn with_one_of_another_cause(other: usize) -> Story {
    let mut story = Story::told(&rounds(70, |round, made| {
        if (30..39).contains(&round) {
            made[1]["params"]["max_fare"] = json!(5);
        }
        if (50..53).contains(&round) {
            made[2]["params"]["scale"] = json!(1);
        }
    }));
    let ok = (18..30).chain(39..50).chain(53..60);
    story.tell(&[judge((30..39).chain([other]), "flagged"), judge(ok, "ok")].concat());
    story
}

#[test]
fn what_the_named_facts_leave_unexplained_is_said_with_the_best_for_it_however_weak() {
    let mut story = with_one_of_another_cause(50);
    let mut review = review(&mut story);
    let best = review.rest.as_ref().unwrap();
    assert_eq!((best.flagged, review.named().count()), (1, 1), "{:?}", review.facts);
    let fact = review.facts.iter().find(|fact| Some(fact.rank) == best.best).unwrap();
    assert_eq!((fact.aspect.as_str(), fact.flagged, fact.ok), ("param:scale", 1, 0));
    assert_eq!(fact.strength, Strength::Weak);
    let said = review.sentence(|moment| moment.to_string());
    assert!(said.starts_with("clean ran with max_fare = 5"), "{said}");
    assert!(
        said.contains(" 1 of 10 is not explained by this; best for it, weak: features ran with scale = 1"),
        "{said}"
    );
    let told: Vec<&str> = review.telling(2).into_iter().map(|fact| fact.aspect.as_str()).collect();
    assert_eq!(told, ["param:max_fare", "param:scale"], "what is best for the rest is never left out");
    // Where nothing adds to it, that is said as well.
    review.rest.as_mut().unwrap().best = None;
    assert!(review.sentence(|_| String::new()).ends_with(" 1 of 10 is not explained by any fact."));
}

#[test]
fn what_a_surer_fact_explains_is_neither_told_nor_doubted() {
    let mut story = Story::told(&rounds(60, |round, made| {
        if (30..38).contains(&round) {
            made[2]["params"]["scale"] = json!(1);
        }
        if (35..40).contains(&round) {
            made[0]["params"]["zone"] = json!("CET");
        }
    }));
    story.tell(&[judge(30..37, "flagged"), judge((12..30).step_by(2).chain(42..50), "ok")].concat());
    let review = review(&mut story);
    let of = |aspect: &str| review.facts.iter().find(|fact| fact.aspect == aspect).unwrap();
    let (sure, other) = (of("param:scale"), of("param:zone"));
    assert_eq!((sure.strength, sure.explained_by), (Strength::Strong, None));
    assert_eq!((other.strength, other.explained_by), (Strength::Fair, Some(sure.rank)), "{other:?}");
    assert!(review.telling(9).iter().all(|fact| fact.rank != other.rank));
    let good = story.reader().last_good(&name("predict", 39), None, None).unwrap();
    assert!(good.newer.is_empty(), "{good:?}");
    // What has the surer one is doubted.
    let good = story.reader().last_good(&name("predict", 37), None, None).unwrap();
    assert_eq!(good.good.unwrap().name.unwrap().as_str(), name("predict", 29));
}

#[test]
fn what_is_bad_only_together_with_something_else_is_no_reason_to_doubt_the_rest() {
    // From the 20th round on there is another model, which is bad in one place of four.
    let mut story = Story::told(&rounds(60, |round, made| {
        made[3]["params"] =
            json!({"model": if round < 20 { "v1" } else { "v2" }, "region": (["eu", "us", "ap", "jp"][round % 4])});
    }));
    let bad = |round: &usize| *round >= 20 && round.is_multiple_of(4);
    let ok = (0..54).filter(|round| !bad(round)).step_by(2);
    story.tell(&[judge((0..54).filter(bad), "flagged"), judge(ok, "ok")].concat());
    let review = review(&mut story);
    let first = &review.facts[0];
    assert_eq!(first.says(), "ran with region = eu and with model = v2", "{first:?}");
    let told: Vec<&str> = review.telling(9).into_iter().map(|fact| fact.aspect.as_str()).collect();
    assert!(told.iter().all(|aspect| aspect.starts_with("param:region and ")), "{told:?}");
    // Nobody judged the last rounds.
    let mut newest = |round: usize| story.reader().last_good(&name("predict", round), None, None).unwrap();
    assert!(newest(58).newer.is_empty(), "the model is bad in another place only");
    // What comes and goes is looked for after the verdicts, too: all of this place are bad since there is the model.
    let found = newest(56);
    assert_eq!((found.newer.len(), found.good.unwrap().name.unwrap().as_str()), (10, name("predict", 16).as_str()));
}

#[test]
fn a_commit_of_a_whole_repository_is_told_once_and_stands_behind_what_is_likelier() {
    let mut story = Story::told(&rounds(60, |round, made| {
        if (30..36).contains(&round) {
            made.iter_mut().for_each(|run| run["git"]["commit"] = json!("dead"));
            made[2]["params"]["scale"] = json!(1);
        }
    }));
    story.tell(&[judge(30..35, "flagged"), judge((12..30).step_by(2).chain(40..50), "ok")].concat());
    let review = review(&mut story);
    let commits = review.facts.iter().filter(|fact| fact.aspect == "git.commit" && fact.strength == Strength::Strong);
    assert_eq!((review.facts[0].aspect.as_str(), commits.count()), ("param:scale", 4));
    let told: Vec<&str> = review.telling(9).into_iter().map(|fact| fact.aspect.as_str()).collect();
    assert_eq!(told, ["param:scale", "git.commit"]);
    let good = story.reader().last_good(&name("predict", 35), None, None).unwrap();
    let against: Vec<&str> = good.newer[0].against.iter().map(|doubt| doubt.message.as_str()).collect();
    assert_eq!(against.len(), 4, "each of the four runs");
    assert!(against[0].starts_with("features (run ") && against[0].contains("ran with scale = 1"), "{against:?}");
}

#[test]
fn a_report_begins_with_what_its_own_version_has_upstream() {
    let mut story = with_one_of_another_cause(50);
    let mut report = |round: usize| story.reader().report(&name("predict", round), Timestamp::now()).unwrap();
    let (of_rest, of_most, of_ok) = (report(50), report(31), report(20));
    assert!(
        of_rest.sentence.starts_with("Upstream of this one, weak: features ran with scale = 1"),
        "{}",
        of_rest.sentence
    );
    assert_eq!(of_rest.facts[0].aspect, "param:scale");
    for other in [of_most, of_ok] {
        assert!(other.sentence.starts_with("clean ran with max_fare = 5"), "{}", other.sentence);
    }
}

#[test]
fn an_input_without_a_version_is_a_fact_where_another_was_read_before() {
    let mut story = Story::told(&rounds(40, |round, made| {
        if (30..36).contains(&round) {
            made[1]["inputs"][1]["name"] = json!("s3://lake/zones_new.csv");
        }
    }));
    story.tell(&[judge(30..36, "flagged"), judge((20..30).chain(36..40), "ok")].concat());
    let said = sentence(&mut story);
    let expected = "clean read s3://lake/zones_new.csv instead of s3://lake/zones.csv in 6 runs from";
    assert!(said.starts_with(expected), "{said}");
    let fact = &review(&mut story).facts[0];
    assert_eq!((fact.aspect.as_str(), &fact.value), ("input:s3://lake/zones_new.csv", &json!(true)));
    assert_eq!(fact.before, Some(json!("s3://lake/zones.csv")));
}

#[test]
fn a_step_that_was_skipped_is_a_fact_of_the_one_that_read_something_else() {
    let mut story = Story::told(&rounds(40, |round, made| {
        if round >= 30 {
            made[2]["inputs"] = json!([{"name": name("ingest", round)}]);
        }
    }));
    story.tell(&[judge(30..40, "flagged"), judge(18..30, "ok")].concat());
    let said = sentence(&mut story);
    assert!(
        said.starts_with("features read s3://lake/ingest/… instead of s3://lake/clean/… in 10 runs since"),
        "{said}"
    );
}

#[test]
fn a_component_that_was_added_or_renamed_is_the_fact_and_not_what_it_always_had() {
    let mut story = Story::told(&rounds(40, |round, made| {
        if round >= 30 {
            made[2]["component"] = json!("features_v2");
        }
    }));
    story.tell(&[judge(30..40, "flagged"), judge(18..30, "ok")].concat());
    let said = sentence(&mut story);
    assert!(said.starts_with("features_v2 ran for the first time, in 10 runs since"), "{said}");
    let always = review(&mut story).facts.into_iter().filter(|fact| fact.aspect == "git.branch");
    assert!(always.into_iter().all(|fact| fact.strength == Strength::Weak));
}

#[test]
fn the_runs_are_counted_beyond_those_of_other_kinds_and_said_to_be_more_where_they_are_too_many() {
    let bad = |count: usize| {
        let mut story = Story::told(&rounds(count + 60, |round, made| {
            if (30..30 + count).contains(&round) {
                made[2]["params"]["scale"] = json!(1);
            }
        }));
        let flagged = [30, 31, 30 + count / 2, 28 + count, 29 + count];
        story.tell(&[judge(flagged, "flagged"), judge((10..30).step_by(2), "ok")].concat());
        sentence(&mut story)
    };
    assert!(bad(20).contains("in 20 runs from"), "{}", bad(20));
    assert!(bad(300).contains("in at least "), "{}", bad(300));
}

#[test]
fn an_ok_elsewhere_takes_no_sentence_back() {
    let mut story = Story::told(&rounds(40, |round, made| {
        if (30..33).contains(&round) {
            made[2]["params"]["scale"] = json!(1);
        }
    }));
    story.tell(&judge([31], "flagged"));
    for ok in [None, Some(20), Some(35), Some(22), Some(38)] {
        story.tell(&judge(ok, "ok"));
        let said = sentence(&mut story);
        assert!(said.contains("features ran with scale = 1 (before: 100)"), "after {ok:?}: {said}");
    }
}

#[test]
fn what_only_tells_when_something_ran_is_said_with_the_reason_why_it_is_weak() {
    let mut story = Story::told(&rounds(60, |round, made| {
        made[0]["metrics"] = json!([{"name": "nulls", "value": 0.010_123_456_789 * round as f64}]);
    }));
    story.tell(&[judge((40..60).step_by(4), "flagged"), judge((20..38).step_by(4), "ok")].concat());
    let said = sentence(&mut story);
    let fact = review(&mut story).facts.into_iter().find(|fact| fact.aspect == "metric:nulls").unwrap();
    assert!(fact.strength < Strength::Strong, "{fact:?}");
    assert!(fact.says().starts_with("measured nulls >= 0.4"), "{}", fact.says());
    assert!(fact.says().len() < 60 && said.contains("measured nulls >= 0.4"), "{said}");
}

#[test]
fn what_one_run_had_is_not_strong_however_many_outputs_were_made_from_it() {
    let mut lines = Vec::new();
    let auc = |model: usize| if model == 9 { 0.5 } else { 0.9 + model as f64 / 1e4 };
    let run = |number: usize, component: &str, second: usize, inputs: &str, output: &str| {
        json!({"id": id(number), "component": component, "started_at": at(second), "ended_at": at(second + 5),
               "params": {"seed": 0}, "inputs": [{"name": inputs, "size": 9}],
               "outputs": [{"name": output, "version": content(number), "size": 9}]})
    };
    for model in 0..12 {
        let mut train = run(model * 10, "train", model * 100_000, "rows", "model");
        train["metrics"] = json!([{"name": "auc", "value": auc(model)}]);
        lines.push(train);
        for number in 1..9 {
            let second = model * 100_000 + number * 10;
            lines.push(run(model * 10 + number, "predict", second, "model", &format!("p{model}-{number}")));
        }
    }
    let mut story = Story::told(&lines);
    let verdict = |run: usize| {
        json!({"type": "label", "id": id(9000 + run), "name": format!("p{}-{}", run / 10, run % 10), "version": content(run),
               "verdict": if run / 10 == 9 { "flagged" } else { "ok" }, "at": at(9_000_000 + run)})
    };
    let judged = (0..12).flat_map(|model| (1..9).map(move |number| model * 10 + number));
    story.tell(&judged.map(verdict).collect::<Vec<_>>());
    let review = review(&mut story);
    let fact = review.facts.iter().find(|fact| fact.aspect == "metric:auc").unwrap();
    assert_eq!((fact.flagged, fact.ok, fact.runs.len()), (8, 0, 1));
    assert!(review.facts.iter().all(|fact| fact.strength < Strength::Strong), "{:?}", review.facts[0]);
}
