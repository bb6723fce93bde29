//! What a change of a number's level is reported with.

use serde_json::json;

use crate::story::{Story, at, id};

#[test]
fn what_changes_every_round_comes_after_what_changed_just_then() {
    const STEPS: usize = 6;
    const ROUNDS: usize = 20;
    let mut lines = Vec::new();
    for round in 0..ROUNDS {
        let is_late = round >= 10;
        for step in 0..STEPS {
            let is_last = step == STEPS - 1;
            let start = round * 600 + step * 20;
            let took = 5 + round % 3 + if is_last && is_late { 60 } else { 0 };
            let input = step.checked_sub(1).map_or("raw".to_owned(), |step| format!("s{step}"));
            let mut params = json!({"seed": round});
            if is_last {
                params["workers"] = if is_late { 1 } else { 8 }.into();
            }
            lines.push(json!({"id": id(round * 10 + step), "component": format!("c{step}"), "inputs": [input],
                "outputs": [format!("s{step}")], "params": params, "started_at": at(start), "ended_at": at(start + took)}));
        }
    }
    let mut story = Story::told(&lines);
    let blame = story.reader().blame(&"duration".parse().unwrap(), Some("c5")).unwrap();
    let since = blame.changes[0].since_previous.as_ref().unwrap();
    let fields: Vec<_> = since.differences.iter().map(|of| (of.component.as_deref(), of.field.as_str())).collect();
    assert_eq!(fields[0], (Some("c5"), "param:workers"), "{fields:?}");
    assert_eq!(fields[1..3], [(Some("c0"), "param:seed"), (Some("c1"), "param:seed")], "the others upstream first");
}

#[test]
fn what_takes_turns_is_seen_by_itself() {
    // Two regions, of which one takes ten times as long, on hosts that rotate; from a commit on both take twice as long.
    let run = |number: usize| {
        let (region, is_late) = (number % 2, number >= 40);
        let took = [20, 200][region] * if is_late { 2 } else { 1 } + number * 7 % 3;
        let start = number * 1000;
        json!({"type": "run", "id": id(number), "component": "clean", "status": "completed", "started_at": at(start),
               "ended_at": at(start + took), "duration_ms": took * 1000, "inputs": ["raw.csv"], "outputs": ["clean.csv"],
               "params": {"region": (["eu", "us"][region])}, "host": (["a", "b", "c"][number * number / 2 % 3]),
               "git": {"commit": if is_late { "bbbb" } else { "aaaa" }, "branch": "main", "tags": [], "dirty": false, "remote": null}})
    };
    let mut story = Story::told(&(0..60).map(run).collect::<Vec<_>>());
    let blame = story.reader().blame(&"duration".parse().unwrap(), Some("clean")).unwrap();
    assert_eq!(blame.changes.len(), 1, "{:?}", blame.changes);
    let change = &blame.changes[0];
    assert_eq!((change.run, change.runs, change.is_creeping), (id(40), 20, false));
    assert!(
        (20_000.0..23_000.0).contains(&change.before) && (40_000.0..43_000.0).contains(&change.after),
        "{change:?}"
    );
    let since = change.since_previous.as_ref().unwrap();
    assert_eq!(since.run, id(38), "the last one of its region");
    let fields: Vec<&str> = since.differences.iter().map(|difference| difference.field.as_str()).collect();
    assert!(fields.contains(&"git.commit") && !fields.contains(&"param:region"), "{fields:?}");
}
