//! Staleness, as it was when a run began and as it would be now.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{StaleReason, StaleRuns};
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

fn line(number: usize, component: &str, inputs: &[Value], outputs: &[Value]) -> Value {
    json!({"id": id(number), "component": component, "started_at": at(number * 10), "ended_at": at(number * 10 + 5),
           "inputs": inputs, "outputs": outputs})
}

fn file(name: &str, number: usize) -> Value {
    json!({"name": name, "version": content(number), "size": 99})
}

/// Asks on the story's day, or so many days later.
fn stale(story: &mut Story, artifact: Option<&str>, days: i64) -> StaleRuns {
    let evening: Timestamp = "2026-01-01T23:00:00Z".parse().unwrap();
    story.reader().stale(artifact, evening.plus_micros(days * 86_400_000_000)).unwrap()
}

/// Shows each run with its reasons, of then and of now.
fn shown(stale: &StaleRuns) -> Vec<String> {
    let word = |reason| if reason == StaleReason::Age { "age" } else { "superseded" };
    let runs = stale.runs.iter().map(|run| {
        let then: Vec<_> = run.stale.iter().map(|stale| word(stale.reason)).collect();
        let now: Vec<_> = run.stale_now.iter().map(|stale| word(stale.reason)).collect();
        format!("{} then:{} now:{}", run.component, then.join(","), now.join(","))
    });
    runs.collect()
}

#[test]
fn what_was_fresh_then_is_stale_once_its_input_was_written_again() {
    let mut story = Story::told(&[
        line(1, "ingest", &[], &[file("raw", 1)]),
        line(2, "train", &[file("raw", 1)], &[file("model", 2)]),
    ]);
    assert!(stale(&mut story, None, 0).runs.is_empty());
    story.tell(&[line(3, "ingest", &[], &[file("raw", 3)])]);
    let now = stale(&mut story, Some("model"), 0);
    assert_eq!(shown(&now), ["train then: now:superseded"]);
    assert_eq!(now.runs[0].stale_now[0].run, Some(id(3)), "the fresher run");
    assert_eq!(shown(&stale(&mut story, None, 0)), ["train then: now:superseded"]);
    let ran_late = line(4, "late", &[file("raw", 1)], &[file("late", 4)]);
    story.tell(&[ran_late]);
    assert_eq!(shown(&stale(&mut story, Some("late"), 0)), ["late then:superseded now:superseded"]);
}

#[test]
fn an_older_version_is_superseded_and_the_latest_is_not() {
    let mut story =
        Story::told(&[line(1, "ingest", &[], &[file("raw", 1)]), line(2, "ingest", &[], &[file("raw", 2)])]);
    let old = format!("raw@{}", content(1).as_str().unwrap());
    assert_eq!(shown(&stale(&mut story, Some(&old), 0)), ["ingest then: now:superseded"]);
    assert!(stale(&mut story, Some("raw"), 0).runs.is_empty());
    story.tell(&[line(3, "ingest", &[], &[file("raw", 1)])]);
    assert!(stale(&mut story, Some(&old), 0).runs.is_empty(), "the same bytes were written again");
}

#[test]
fn what_is_old_is_stale_after_as_long_as_its_reader_says() {
    let mut story = Story::told(&[line(1, "ingest", &[], &[file("raw", 1)])]);
    assert!(stale(&mut story, Some("raw"), 29).runs.is_empty());
    assert_eq!(shown(&stale(&mut story, Some("raw"), 31)), ["ingest then: now:age"]);
    let mut reader = line(2, "train", &[file("raw", 1)], &[file("model", 2)]);
    reader["stale_after_s"] = json!(100 * 86_400);
    story.tell(&[
        reader,
        json!({"type": "component", "name": "train", "at": at(1), "owner": null, "description": null,
                                "tags": [], "stale_after_s": 100 * 86_400}),
    ]);
    assert!(stale(&mut story, Some("raw"), 31).runs.is_empty());
}

#[test]
fn work_done_again_over_the_same_inputs_is_fresher_unless_it_made_the_same() {
    let clean = |number, made| line(number, "clean", &[json!("s3://x/raw")], &[file(&format!("clean-{made}"), made)]);
    let mut story = Story::told(&[clean(1, 1), line(2, "train", &[file("clean-1", 1)], &[file("model", 2)])]);
    assert!(stale(&mut story, Some("model"), 0).runs.is_empty());
    story.tell(&[clean(3, 3)]);
    assert_eq!(shown(&stale(&mut story, Some("model"), 0)), ["train then: now:superseded"]);
    let mut story =
        Story::told(&[clean(1, 1), line(2, "train", &[file("clean-1", 1)], &[file("model", 2)]), clean(3, 1)]);
    assert!(stale(&mut story, Some("model"), 0).runs.is_empty());
}

#[test]
fn shards_of_one_file_do_not_make_each_other_stale_and_a_retraining_does() {
    let shard = |number, raw| line(number, "shard", &[file("raw", raw)], &[file(&format!("part-{number}"), number)]);
    let reader = line(9, "reader", &[file("part-1", 1)], &[file("out", 9)]);
    let found = |lines: &[Value]| shown(&stale(&mut Story::told(lines), Some("out"), 0));
    let is_stale = ["reader then:superseded now:superseded"];
    assert!(found(&[shard(1, 70), shard(2, 70), reader.clone()]).is_empty(), "the same file, by the same code");
    assert_eq!(found(&[shard(1, 70), shard(2, 71), reader.clone()]), is_stale, "another content of the file");

    let by = |mut shard: Value, field: &str, value: Value| {
        shard[field] = value;
        shard
    };
    let at_commit = |shard, commit: &str| by(shard, "git_commit", json!(commit.repeat(40)));
    let commits = |a, b| found(&[at_commit(shard(1, 70), a), at_commit(shard(2, 70), b), reader.clone()]);
    assert!(commits("1", "1").is_empty());
    assert_eq!(commits("1", "2"), is_stale, "the same file, by other code");
    let code = |line, hash| json!({"file": "shard.rs", "line": line, "hash": hash});
    let codes = |a, b| found(&[by(shard(1, 70), "code", a), by(shard(2, 70), "code", b), reader.clone()]);
    assert!(codes(code(7, "00"), code(8, "00")).is_empty(), "it only moved");
    assert_eq!(codes(code(7, "00"), code(7, "01")), is_stale);
    assert!(codes(code(0, "00"), code(0, "01")).is_empty(), "another command is other work");

    let with_scratch = |number: usize| {
        let scratch = |at: String| json!({"name": "scratch", "version": content(50 + number), "size": 99, "at": at});
        let inputs = [file("raw", 70), scratch(at(number * 10 + 2))];
        line(number, "shard", &inputs, &[file(&format!("part-{number}"), number), scratch(at(number * 10 + 1))])
    };
    assert!(found(&[with_scratch(1), with_scratch(2), reader.clone()]).is_empty(), "what it made itself is no news");

    let both = line(9, "reader", &[file("part-1", 1), file("part-2", 2)], &[file("out", 9)]);
    assert!(found(&[shard(1, 70), shard(2, 71), both]).is_empty(), "both are parts of what was read");
}

#[test]
fn work_done_beside_is_not_done_again() {
    let shard = |number, from: usize, to: usize| {
        json!({"id": id(number), "component": "shard", "started_at": at(from), "ended_at": at(to),
               "inputs": ["s3://x/raw"], "outputs": [file(&format!("part-{number}"), number)]})
    };
    let reader = line(9, "reader", &[file("part-1", 1)], &[file("out", 9)]);
    let found = |lines: &[Value]| shown(&stale(&mut Story::told(lines), Some("out"), 0));
    assert!(found(&[shard(1, 10, 15), shard(2, 12, 18), reader.clone()]).is_empty());
    assert_eq!(found(&[shard(1, 10, 15), shard(2, 16, 18), reader]), ["reader then:superseded now:superseded"]);
}

#[test]
fn a_checkpoint_updated_in_place_makes_no_step_stale() {
    let mut story = Story::told(&[
        line(1, "init", &[], &[file("ckpt", 1)]),
        line(2, "step", &[file("ckpt", 1)], &[file("ckpt", 2)]),
        line(3, "step", &[file("ckpt", 2)], &[file("ckpt", 3)]),
    ]);
    assert!(stale(&mut story, Some("ckpt"), 0).runs.is_empty(), "{:?}", stale(&mut story, Some("ckpt"), 0));
}
