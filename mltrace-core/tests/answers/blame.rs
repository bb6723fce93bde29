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
