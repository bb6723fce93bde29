//! Where time goes: the critical path of a trace, durations that moved, what is overdue or late.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{Health, ProblemKind, TraceOptions};
use serde_json::{Value, json};

use crate::story::{Story, id};

const DAY: usize = 86_400;

/// Daily runs of `train`, each of which takes as many seconds as given, with its code at a commit.
fn daily(durations: &[usize], commit: impl Fn(usize) -> String) -> Vec<Value> {
    let run = |(day, took): (usize, &usize)| {
        json!({"id": id(day), "component": "train", "inputs": ["raw"], "outputs": ["model"],
            "started_at": at(day * DAY), "ended_at": at(day * DAY + took), "git": {"commit": commit(day)}})
    };
    durations.iter().enumerate().map(run).collect()
}

/// Returns a moment of the days that are mentioned.
fn moment(second: usize) -> Timestamp {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Timestamp(begin.0 + i64::try_from(second).unwrap() * 1_000_000)
}

fn at(second: usize) -> String {
    moment(second).to_string()
}

fn health(story: &mut Story, second: usize) -> (Health, Vec<String>) {
    let health = story.reader().health(&[], moment(second)).unwrap();
    let told =
        health.problems.iter().map(|of| format!("{} {}: {}", of.kind.as_str(), of.component, of.message)).collect();
    (health, told)
}

#[test]
fn a_duration_that_doubled_names_the_run_and_the_commit() {
    let took: Vec<usize> = (0..24).map(|day| if day < 14 { 300 + day % 3 } else { 600 + day % 3 }).collect();
    let commit = |day: usize| if day < 14 { "a".repeat(40) } else { "b".repeat(40) };
    let mut story = Story::told(&daily(&took, commit));
    let (health, problems) = health(&mut story, 23 * DAY + 3600);
    assert_eq!(problems, [""; 0]);
    let train = &health.components[0];
    let trend = train.trend.as_ref().unwrap();
    assert_eq!((trend.run, trend.commit.clone(), trend.is_creeping), (id(14), Some("b".repeat(40)), false));
    assert!(trend.says(|at| at.to_string()).starts_with("doubled from 5 min 1 s to 10 min 1 s on "));
    let usual = train.usual.unwrap();
    assert!(usual.high_ms < 400e3 && usual.upper.unwrap().low_ms >= 600e3, "{usual:?}");
}

#[test]
fn a_duration_that_crept_up_is_told_from_one_that_stepped() {
    let took: Vec<usize> = (0..60).map(|day| 300 + day * 8 + day % 3).collect();
    let mut story = Story::told(&daily(&took, |day| format!("{day:040x}")));
    let trend = health(&mut story, 60 * DAY).0.components[0].trend.clone().unwrap();
    assert!(trend.is_creeping && trend.after_ms > trend.before_ms * 1.5, "{trend:?}");
    let mut story = Story::told(&daily(&[300; 20], |day| format!("{day:040x}")));
    assert_eq!(health(&mut story, 20 * DAY).0.components[0].trend, None);
}

#[test]
fn what_is_late_is_late_against_its_own_rhythm() {
    let mut story = Story::told(&daily(&[300; 10], |_| "a".repeat(40)));
    let last = 9 * DAY;
    assert_eq!(health(&mut story, last + DAY + DAY / 2 - 60).1, [""; 0]);
    let (late, problems) = health(&mut story, last + 2 * DAY);
    assert_eq!(problems, ["late train: it began last 2 d 0 h ago, and usually begins every 24 h 0 min"]);
    assert_eq!((late.problems[0].kind, late.problems[0].since), (ProblemKind::Late, moment(last + DAY + DAY / 2)));
    assert!(!late.is_well && late.components[0].late_at == Some(late.problems[0].since));
    // Nobody waits for what is retired; of others nothing changes.
    story.tell(&[json!({"type": "component", "name": "train", "at": at(last), "tags": ["retired"]})]);
    let (retired, problems) = health(&mut story, last + 2 * DAY);
    assert!(problems.is_empty() && retired.is_well && retired.components[0].is_retired);
}

#[test]
fn what_runs_in_rounds_of_many_parts_is_not_late_between_them() {
    const PARTS: usize = 250;
    let part = |round: usize, part: usize| {
        let start = round * DAY + part * 2;
        json!({"id": id(round * PARTS + part), "component": "grade", "outputs": [format!("p{part}")],
            "started_at": at(start), "ended_at": at(start + 1)})
    };
    let lines: Vec<Value> = (0..8).flat_map(|round| (0..PARTS).map(move |number| part(round, number))).collect();
    let mut story = Story::told(&lines);
    assert_eq!(health(&mut story, 7 * DAY + DAY).1, [""; 0]);
    assert_eq!(health(&mut story, 7 * DAY + 2 * DAY).1.len(), 1);
}

#[test]
fn a_run_that_does_not_end_is_overdue_when_it_is_much_too_long() {
    let mut lines = daily(&[300; 10], |_| "a".repeat(40));
    lines.push(
        json!({"id": id(99), "component": "train", "inputs": ["raw"], "started_at": at(10 * DAY), "status": "running"}),
    );
    let mut story = Story::told(&lines);
    assert_eq!(health(&mut story, 10 * DAY + 500).1, [""; 0]);
    let (_, problems) = health(&mut story, 10 * DAY + 3600);
    // Where runs take turns at two levels, one on its way to the upper one is not overdue.
    let took: Vec<usize> = (0..20).map(|day| if day % 2 == 0 { 300 } else { 3000 } + day % 3).collect();
    let mut lines = daily(&took, |_| "a".repeat(40));
    lines.push(
        json!({"id": id(99), "component": "train", "inputs": ["raw"], "started_at": at(20 * DAY), "status": "running"}),
    );
    let mut turns = Story::told(&lines);
    assert_eq!(health(&mut turns, 20 * DAY + 1000).1, [""; 0]);
    assert_eq!(health(&mut turns, 20 * DAY + 30_000).1.len(), 1);
    assert_eq!(problems, ["overdue train: it has been running for 1 h 0 min, and usually takes 5 min 0 s"]);
}

#[test]
fn the_oldest_run_that_does_not_end_is_named_however_many_began_after_it() {
    let mut lines = daily(&[300; 10], |_| "a".repeat(40));
    let running = |number: usize, second: usize| json!({"id": id(number), "component": "train", "started_at": at(second), "status": "running"});
    lines.push(running(100, 10 * DAY));
    lines.extend((0..120).map(|number| running(101 + number, 11 * DAY + number)));
    let mut story = Story::told(&lines);
    let found = health(&mut story, 11 * DAY + 200).0;
    assert_eq!(found.problems.iter().map(|of| of.run).collect::<Vec<_>>(), [Some(id(100))], "the others just began");
    let (found, problems) = health(&mut story, 12 * DAY);
    assert_eq!((found.problems.len(), found.problems[0].run), (101, Some(id(100))));
    assert_eq!(problems[100], "overdue train: 21 more of its runs take too long");
}

#[test]
fn what_began_in_one_burst_has_no_rhythm() {
    let burst = |from: usize, numbers: std::ops::Range<usize>, apart: usize| {
        numbers.map(move |number| {
            let start = from + number * apart;
            json!({"id": id(number), "component": "sweep", "started_at": at(start), "ended_at": at(start)})
        })
    };
    let sweep: Vec<Value> = burst(0, 0..7, 300).collect();
    let mut story = Story::told(&sweep);
    let found = health(&mut story, 4 * 3600);
    assert_eq!((found.1, found.0.components[0].every_ms), (Vec::<String>::new(), None), "a sweep is one beginning");
    story.tell(&burst(7 * DAY, 7..14, 300).collect::<Vec<_>>());
    assert_eq!(health(&mut story, 8 * DAY).1, [""; 0], "and another one a week later makes two");
    let mut story = Story::told(&burst(0, 0..250, 1).collect::<Vec<_>>());
    assert_eq!(health(&mut story, DAY).1, [""; 0], "however many parts it has");
    let mut story = Story::told(&burst(0, 0..500, 300).collect::<Vec<_>>());
    assert_eq!(health(&mut story, 3 * DAY).1.len(), 1, "what began every 5 minutes for more than a day");
}

#[test]
fn a_run_that_is_dated_ahead_does_not_hide_that_others_are_late() {
    let mut lines = daily(&[300; 10], |_| "a".repeat(40));
    lines.push(json!({"id": id(99), "component": "train", "started_at": at(40 * DAY), "ended_at": at(40 * DAY)}));
    let mut story = Story::told(&lines);
    let (found, problems) = health(&mut story, 11 * DAY);
    assert_eq!(problems, ["late train: it began last 2 d 0 h ago, and usually begins every 24 h 0 min"]);
    let train = &found.components[0];
    assert_eq!((train.last_at, train.ahead_at), (Some(moment(9 * DAY)), Some(moment(40 * DAY))));
    assert_eq!((found.problems[0].run, train.runs), (Some(id(9)), 11));
}

#[test]
fn a_component_that_is_named_tells_how_many_runs_it_has() {
    let mut story = Story::told(&daily(&[300; 10], |_| "a".repeat(40)));
    let found = story.reader().health(&["train"], moment(9 * DAY)).unwrap();
    assert_eq!(found.components[0].runs, 10);
}

#[test]
fn a_run_of_another_project_is_not_judged_by_a_component_of_the_same_name() {
    let mut lines = daily(&[300; 10], |_| "a".repeat(40));
    lines.push(json!({"id": id(50), "component": "train", "outputs": ["theirs"], "project": "elsewhere",
        "started_at": at(10 * DAY), "ended_at": at(10 * DAY + 30_000)}));
    let mut story = Story::told(&lines);
    story.renamed("elsewhere");
    let theirs = story.reader().trace("theirs", &TraceOptions::default()).unwrap();
    story.renamed("story");
    let timing = story.reader().timing(&theirs).unwrap();
    let run = &timing.critical_path[0];
    assert_eq!((run.run, run.usual, run.is_unusual), (id(50), None, false));
    let ours = story.reader().trace("model", &TraceOptions::default()).unwrap();
    assert!(story.reader().timing(&ours).unwrap().critical_path[0].usual.is_some());
}

#[test]
fn the_critical_path_is_what_the_next_run_waited_for_longest() {
    let run = |number: usize, component: &str, inputs: &[&str], output: &str, start: usize, end: usize| {
        json!({"id": id(number), "component": component, "inputs": inputs, "outputs": [output],
            "started_at": at(start), "ended_at": at(end)})
    };
    let mut story = Story::told(&[
        run(1, "ingest", &["uci"], "raw", 0, 100),
        run(2, "clean", &["raw"], "clean", 100, 150),
        run(3, "weather", &["noaa"], "weather", 90, 400),
        run(4, "train", &["clean", "weather"], "model", 460, 500),
    ]);
    let mut reader = story.reader();
    let trace = reader.trace("model", &TraceOptions::default()).unwrap();
    let timing = reader.timing(&trace).unwrap();
    let path: Vec<_> = timing.critical_path.iter().map(|of| (&*of.component, of.waited_ms / 1e3)).collect();
    assert_eq!(path, [("weather", 0.0), ("train", 60.0)]);
    assert!(!timing.is_cut);
    assert_eq!([timing.span_ms, timing.running_ms, timing.waiting_ms].map(|ms| ms / 1e3), [410.0, 350.0, 60.0]);
    let near = reader.trace("model", &TraceOptions { depth: Some(0), ..TraceOptions::default() }).unwrap();
    let cut = reader.timing(&near).unwrap();
    assert!(cut.is_cut && cut.critical_path.len() == 1, "what is not looked at is no end: {cut:?}");
}
