//! Profiles as evidence: a figure of a table out of line is a fact, and where it changed its level is asked of.

use mltrace_core::model::Record;
use mltrace_core::query::Strength;
use serde_json::{Value, json};

use crate::story::{Story, at, id};

const ROUNDS: usize = 40;
/// The rounds in which something is wrong.
const WRONG: std::ops::Range<usize> = 20..26;

fn content(round: usize, kind: u8) -> String {
    format!("b3:{round:062x}{kind:02x}")
}

/// Each round reads a table that nobody recorded wrote, cleans it and trains on it; every third is judged, and the last ones.
fn story(fare: fn(round: usize) -> Value) -> Story {
    let mut lines = Vec::new();
    for round in 0..ROUNDS {
        let file =
            |step: &str, kind| json!({"name": format!("{step}/{round:03}.csv"), "version": content(round, kind)});
        let steps = [
            ("ingest", file("raw", 1), file("rides", 2)),
            ("clean", file("rides", 2), file("clean", 3)),
            ("train", file("clean", 3), json!(format!("s3://m/{round:03}"))),
        ];
        for (step, (component, input, output)) in steps.into_iter().enumerate() {
            let start = round * 2000 + step * 100;
            lines.push(json!({"id": id(round * 10 + step), "component": component, "inputs": [input],
                "outputs": [output], "started_at": at(start), "ended_at": at(start + 50)}));
        }
        let zone = json!({"name": "zone", "type": "text", "nulls": 0, "distinct": 200 + round % 5});
        let table =
            |columns: Value| json!({"format": "csv", "rows": 1000 + round % 7, "is_whole": true, "columns": columns});
        let raw = table(json!([zone]));
        let clean = table(json!([fare(round), zone]));
        for (kind, profile) in [(1, raw), (3, clean)] {
            lines.push(json!({"type": "profile", "version": content(round, kind), "profile": profile}));
        }
    }
    for round in (0..ROUNDS).filter(|round| round % 3 == 0 || WRONG.contains(round)) {
        let verdict = if WRONG.contains(&round) { "flagged" } else { "ok" };
        lines.push(json!({"type": "label", "id": id(9000 + round), "name": format!("s3://m/{round:03}"),
            "version": format!("w:{}", id(round * 10 + 2)), "verdict": verdict, "at": at(86_000 + round)}));
    }
    Story::told(&lines)
}

fn number(nulls: usize) -> Value {
    json!({"name": "fare", "type": "number", "nulls": nulls, "distinct": 900, "mean": 11.5})
}

#[test]
fn a_share_of_nulls_out_of_line_is_the_first_fact_where_nothing_else_is_recorded() {
    let mut story = story(|round| number(if WRONG.contains(&round) { 400 + round } else { round % 4 }));
    let review = story.reader().review(None).unwrap();
    let first = &review.facts[0];
    assert_eq!((first.component.as_str(), first.aspect.as_str()), ("clean", "profile:fare.nulls of clean/#.csv"));
    assert_eq!((first.flagged, first.ok, first.strength), (6, 0, Strength::Strong));
    assert!(first.says().starts_with("saw fare.nulls of clean/#.csv >= 0.2 (before: 0.003"), "{}", first.says());
    let words = review.suspects.iter().flat_map(|suspect| &suspect.evidence).cloned().collect::<Vec<_>>().join("\n");
    assert!(words.contains("fare.nulls of clean/#.csv was 0.4"), "{words}");
}

#[test]
fn a_column_of_another_type_is_a_fact_and_a_difference() {
    let mut story = story(|round| match WRONG.contains(&round) {
        true => json!({"name": "fare", "type": "text", "nulls": 0, "distinct": 900}),
        false => number(0),
    });
    let review = story.reader().review(None).unwrap();
    let first = &review.facts[0];
    assert_eq!((first.component.as_str(), first.aspect.as_str()), ("clean", "profile:fare.type of clean/#.csv"));
    assert!(first.says().contains("saw fare.type of clean/#.csv = text (before: number)"), "{}", first.says());
    let diff = story.reader().diff("s3://m/019", Some("s3://m/020")).unwrap();
    let fields: Vec<&str> = diff.measures.iter().map(|of| of.field.as_str()).collect();
    assert_eq!(fields, ["profile:fare.type of clean/#.csv"], "its numbers differ every round");
}

#[test]
fn blame_says_where_a_figure_of_a_table_changed_its_level() {
    let mut story = story(|round| number(if round >= 20 { 400 } else { round % 4 }));
    for asked in ["profile:fare.nulls", "profile:fare.nulls of clean/007.csv"] {
        let blame = story.reader().blame(&asked.parse().unwrap(), None).unwrap();
        assert_eq!(blame.measure, asked);
        let changes: Vec<_> = blame.changes.iter().map(|of| (of.component.as_str(), of.run)).collect();
        assert_eq!(changes, [("clean", id(201))]);
    }
    let blame = story.reader().blame(&"profile:rows".parse().unwrap(), None).unwrap();
    let series: Vec<_> = blame.series.iter().map(|of| (of.component.as_str(), of.runs)).collect();
    assert_eq!(series, [("clean", ROUNDS), ("ingest", ROUNDS)], "the table that it read or that it wrote");
    let error = story.reader().blame(&"profile:tip.nulls".parse().unwrap(), None).unwrap_err();
    assert!(format!("{error:?}").contains("profile:rows"), "what there is is named: {error:?}");
}

#[test]
fn a_journal_brings_no_larger_profile_than_an_import_may() {
    let column = |number: usize| {
        json!({"name": format!("c{number}"), "type": "text", "nulls": 0, "distinct": 1,
        "top": vec![json!({"value": "v", "count": 0}); 300]})
    };
    let columns: Vec<Value> = (0..700).map(column).collect();
    let profile = json!({"format": "csv", "rows": 1, "is_whole": true, "columns": columns});
    let fact = json!({"version": content(1, 1), "profile": profile});
    let mut story = Story::told(&[json!({"id": id(1), "component": "c", "started_at": at(1), "ended_at": at(2),
        "outputs": [{"name": "t.csv", "version": content(1, 1)}]})]);
    assert_eq!(
        story.refuses(&json!({"type": "profile", "version": content(1, 1), "profile": profile}).to_string()).len(),
        1
    );
    story.journals(&[Record::Profile(serde_json::from_value(fact).unwrap())]);
    let found = story.reader().profile("t.csv", None, false).unwrap().profile;
    assert_eq!((found.columns.len(), found.columns_left_out), (500, 200));
    assert!(found.columns.iter().all(|column| column.top.len() == 100) && !found.has_all_columns());
}

#[test]
fn blame_leaves_out_no_run_because_a_profile_of_what_it_read_is_known_by_chance() {
    let mut lines = Vec::new();
    for round in 0..ROUNDS {
        // Every third delivery has the content of something that was profiled.
        let raw = json!({"name": format!("raw/{round:03}.csv"), "version": content(round, 1)});
        let clean = json!({"name": format!("clean/{round:03}.csv"), "version": content(round, 2)});
        lines.push(json!({"id": id(round), "component": "clean", "inputs": [raw], "outputs": [clean],
            "started_at": at(round * 100), "ended_at": at(round * 100 + 5)}));
        for kind in if round % 3 == 0 { 1..3 } else { 2..3 } {
            let profile = json!({"format": "csv", "rows": 900 + usize::from(kind), "is_whole": true, "columns": []});
            lines.push(json!({"type": "profile", "version": content(round, kind), "profile": profile}));
        }
    }
    let mut story = Story::told(&lines);
    for (asked, runs, level) in
        [("profile:rows", ROUNDS, 902.0), ("profile:rows of raw/1.csv", ROUNDS.div_ceil(3), 901.0)]
    {
        let blame = story.reader().blame(&asked.parse().unwrap(), None).unwrap();
        let series: Vec<_> = blame.series.iter().map(|of| (of.runs, of.level)).collect();
        assert_eq!(series, [(runs, level)], "{asked}");
    }
}
