//! How a pipeline does in numbers: what was brought forward is what is counted at once, and nothing that was counted is
//! taken back.

use mltrace_core::query::{ENDED, MOST_COMPONENTS, MOST_INPUTS, Monitor, Monitored, MonitoredComponent, RunCounts};
use serde_json::{Value, json};

use crate::story::{Story, at, id};

fn run(number: usize, component: &str, told: Value) -> Value {
    let mut line = json!({"id": id(number), "component": component, "started_at": at(number * 100),
        "ended_at": at(number * 100 + 5)});
    if let (Value::Object(line), Value::Object(told)) = (&mut line, told) {
        line.extend(told);
    }
    line
}

fn component<'m>(monitored: &'m Monitored, name: &str) -> &'m MonitoredComponent {
    monitored.components.iter().find(|component| component.name == name).unwrap()
}

/// Returns how many runs of a component ended well, failed, were cancelled or died.
fn ended(monitored: &Monitored, name: &str) -> [u64; ENDED.len()] {
    component(monitored, name).counts.ended
}

fn failed() -> Value {
    json!({"status": "failed", "error": "no"})
}

#[test]
fn what_is_brought_forward_is_what_is_counted_at_once() {
    let check = |outcome: &str, severity: &str| json!({"name": format!("{outcome} {severity}"), "outcome": outcome, "severity": severity});
    let later = json!({"name": "twice", "outcome": "passed", "at": at(9_000)});
    let lines = [
        run(1, "train", json!({"outputs": ["a"]})),
        run(2, "train", failed()),
        run(
            3,
            "train",
            json!({"checks": [check("failed", "warn"), check("failed", "error"), check("errored", "error")]}),
        ),
        run(4, "train", json!({"checks": [{"name": "twice", "outcome": "failed", "at": at(400)}, later]})),
        run(5, "score", json!({"ended_at": null, "status": "cancelled"})),
        run(6, "train", json!({"ended_at": at(80_000)})),
    ];
    let (mut story, mut monitor) = (Story::told(&lines[..1]), Monitor::default());
    for line in &lines[1..] {
        story.reader().monitored(&mut monitor).unwrap();
        story.tell(std::slice::from_ref(line));
    }
    let forward = story.reader().monitored(&mut monitor).unwrap();
    assert_eq!(forward, story.reader().monitored(&mut Monitor::default()).unwrap());
    assert_eq!(ended(&forward, "train"), [4, 1, 0, 0, 0]);
    assert_eq!(ended(&forward, "score"), [0, 0, 1, 0, 0]);
    let RunCounts { took, took_s, failed_checks, errored_checks, .. } = component(&forward, "train").counts;
    // Three took five seconds, one most of a day; of one that failed it does not matter how long it took.
    assert_eq!((took, took_s), ([0, 0, 3, 0, 0, 0, 0, 0, 1, 0], 15.0 + 79_400.0));
    assert_eq!((failed_checks, errored_checks), ([1, 1], [0, 1]), "the later outcome of `twice` counts");
    let train = component(&forward, "train");
    assert_eq!(train.last_start.unwrap().to_string(), at(600));
    assert_eq!(train.last_success.unwrap().to_string(), at(80_000));
}

#[test]
fn what_was_counted_is_not_taken_back_when_a_run_is() {
    let lines: Vec<Value> = (1..=4).map(|number| run(number, "train", json!({}))).collect();
    for gone in [1, 4] {
        let (mut story, mut monitor) = (Story::told(&lines), Monitor::default());
        assert_eq!(ended(&story.reader().monitored(&mut monitor).unwrap(), "train"), [4, 0, 0, 0, 0]);
        story.forget(id(gone));
        let monitored = story.reader().monitored(&mut monitor).unwrap();
        assert_eq!(ended(&monitored, "train"), [4, 0, 0, 0, 0], "without {gone}");
        // The newest run that is left is the last one; its key may be given again.
        let last = if gone == 4 { at(300) } else { at(400) };
        assert_eq!(component(&monitored, "train").last_start.unwrap().to_string(), last);
        story.tell(&[run(5, "train", failed())]);
        let monitored = story.reader().monitored(&mut monitor).unwrap();
        assert_eq!(ended(&monitored, "train"), [4, 1, 0, 0, 0], "after {gone} was taken back");
        assert_eq!(ended(&story.reader().monitored(&mut Monitor::default()).unwrap(), "train"), [3, 1, 0, 0, 0]);
    }
}

#[test]
fn a_run_is_running_until_it_ends() {
    let (mut story, mut monitor) =
        (Story::told(&[run(1, "train", json!({"ended_at": null, "status": "running"}))]), Monitor::default());
    let monitored = story.reader().monitored(&mut monitor).unwrap();
    assert_eq!((ended(&monitored, "train"), component(&monitored, "train").running), ([0; 5], 1));
    story.tell(&[run(1, "train", json!({}))]);
    let monitored = story.reader().monitored(&mut monitor).unwrap();
    assert_eq!((ended(&monitored, "train"), component(&monitored, "train").running), ([1, 0, 0, 0, 0], 0));
}

#[test]
fn a_run_that_seemed_to_have_died_counts_for_how_it_ended_too() {
    let (mut story, mut monitor) = (Story::told(&[]), Monitor::default());
    story.begins(id(1), "train");
    let monitored = story.reader().monitored(&mut monitor).unwrap();
    assert_eq!(ended(&monitored, "train"), [0, 0, 0, 1, 0]);
    story.ends(id(1));
    for _ in 0..2 {
        let monitored = story.reader().monitored(&mut monitor).unwrap();
        assert_eq!(ended(&monitored, "train"), [1, 0, 0, 1, 0]);
    }
    assert_eq!(ended(&story.reader().monitored(&mut Monitor::default()).unwrap(), "train"), [1, 0, 0, 0, 0]);
}

#[test]
fn inputs_verdicts_and_listed_metrics_are_those_of_the_last_runs() {
    let metric = |name: &str, value: f64, step: Option<i64>| json!({"name": name, "value": value, "step": step});
    let lines = [
        run(1, "clean", json!({"outputs": ["clean"]})),
        run(
            2,
            "train",
            json!({"inputs": ["clean", "raw"], "outputs": ["model"],
            "metrics": [metric("auc", 0.5, Some(1)), metric("auc", 0.75, Some(2)), metric("loss", 3.0, None)]}),
        ),
        run(3, "train", json!({"inputs": ["clean"], "status": "failed", "metrics": [metric("auc", 0.1, None)]})),
    ];
    let (mut story, mut monitor) = (Story::told(&lines), Monitor::default());
    story.list_metrics(&["auc", "nothing"]);
    let monitored = story.reader().monitored(&mut monitor).unwrap();
    let train = component(&monitored, "train");
    assert_eq!(train.metrics, [("auc".to_owned(), 0.75)], "of the last run that completed, at its last step");
    assert_eq!(train.oldest_input.unwrap().to_string(), at(105));
    assert_eq!((train.is_stale, train.flagged_outputs, monitored.flagged_sources), (Some(false), 0, 0));
    assert_eq!(component(&monitored, "clean").oldest_input, None);
    let flag = |number: usize, name: &str, version: String| json!({"type": "label", "id": id(number), "name": name, "version": version, "verdict": "flagged", "at": at(number)});
    story.tell(&[flag(900, "model", format!("w:{}", id(2))), flag(901, "raw", "none".to_owned())]);
    // A fresher `clean` was there when this one began, which read the old one.
    story.tell(&[
        run(4, "clean", json!({"outputs": ["clean"]})),
        run(5, "train", json!({"inputs": [{"name": "clean", "version": format!("w:{}", id(1))}]})),
    ]);
    let monitored = story.reader().monitored(&mut monitor).unwrap();
    assert_eq!(component(&monitored, "train").flagged_outputs, 1);
    assert_eq!(monitored, story.reader().monitored(&mut Monitor::default()).unwrap());
}

#[test]
fn of_a_run_that_reads_much_it_is_not_said_how_old_that_was() {
    let read = |count: usize| (0..count).map(|number| json!(format!("in/{number}"))).collect::<Vec<_>>();
    let lines = [
        run(1, "make", json!({"outputs": read(MOST_INPUTS + 1)})),
        run(2, "some", json!({"inputs": read(MOST_INPUTS)})),
        run(3, "many", json!({"inputs": read(MOST_INPUTS + 1)})),
    ];
    let mut story = Story::told(&lines);
    let monitored = story.reader().monitored(&mut Monitor::default()).unwrap();
    let told = |name: &str| (component(&monitored, name).oldest_input.is_some(), component(&monitored, name).is_stale);
    assert_eq!((told("some"), told("many")), ((true, Some(false)), (false, None)));
}

#[test]
fn those_that_began_last_are_told_of_and_the_others_counted() {
    let mut lines: Vec<Value> =
        (0..MOST_COMPONENTS + 3).map(|number| run(number, &format!("step_{number}"), json!({}))).collect();
    lines[MOST_COMPONENTS + 2]["tags"] = json!(["retired"]);
    let mut story = Story::told(&lines);
    let monitored = story.reader().monitored(&mut Monitor::default()).unwrap();
    assert_eq!((monitored.components.len(), monitored.left_out, monitored.retired), (MOST_COMPONENTS, 2, 1));
    let is_told = |number: usize| monitored.components.iter().any(|told| told.name == format!("step_{number}"));
    assert_eq!([0, 1, 2, MOST_COMPONENTS + 1, MOST_COMPONENTS + 2].map(is_told), [false, false, true, true, false]);
}
