//! Answers that are written while they are found, and questions that have bounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use mltrace_core::model::{ArtifactName, Timestamp};
use mltrace_core::query::{Difference, ImpactOf, QueryError, TellError, TraceOptions};
use mltrace_core::store::{Bounds, StoreError};
use serde::Serialize;
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

/// More runs than are loaded at once.
const MANY: usize = 700;

/// An answer as far as a request gets it.
#[derive(Serialize)]
struct Cut<T> {
    #[serde(flatten)]
    answer: T,
    is_cut: bool,
}

/// Reports a run that ingests, many that train from its output, in pairs that began at one moment, and a chain behind them;
/// then the first is run again.
fn story() -> Story {
    let line = |number: usize, second: usize, component: &str, inputs: Vec<Value>, outputs: Vec<Value>| {
        json!({"id": id(number), "component": component, "owner": format!("o{}", number % 3), "started_at": at(second),
               "ended_at": at(second + 5), "inputs": inputs, "outputs": outputs})
    };
    let file = |name: String, number: usize| json!({"name": name, "version": content(number), "size": 99});
    let raw = || file("raw".to_owned(), 1);
    let mut lines = vec![line(0, 0, "ingest", Vec::new(), vec![raw()])];
    for number in 1..=MANY {
        // Neither ids nor names go up with time.
        let other = MANY - number;
        let outputs = vec![file(format!("model-{other}"), 1000 + number), file(format!("log-{number}"), 5000 + number)];
        lines.push(line(10_000 + other, 10 + number / 2 * 10, "train", vec![raw()], outputs));
    }
    for number in 0..MANY {
        let input = if number == 0 { format!("model-{number}") } else { format!("step-{}", number - 1) };
        let seen = if number == 0 { 1000 + MANY } else { 20_000 + number - 1 };
        let output = vec![file(format!("step-{number}"), 20_000 + number)];
        lines.push(line(30_000 + number, 10_000 + number * 10, "step", vec![file(input, seen)], output));
    }
    lines.push(line(90_000, 80_000, "ingest", Vec::new(), vec![file("raw".to_owned(), 2)]));
    Story::told(&lines)
}

fn evening() -> Timestamp {
    "2026-01-01T23:00:00Z".parse().unwrap()
}

/// Returns what an answer is that is written while it is found.
fn told(
    tell: impl FnOnce(&mut serde_json::Serializer<&mut Vec<u8>>) -> Result<(), TellError<serde_json::Error>>,
) -> String {
    let mut bytes = Vec::new();
    tell(&mut serde_json::Serializer::new(&mut bytes)).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn what_is_written_while_it_is_found_is_the_whole_answer() {
    let mut story = story();
    let mut reader = story.reader();
    let raw = format!("raw@{}", content(1).as_str().unwrap());
    let component = |name| ImpactOf::Component { name, commit: None };
    for of in [ImpactOf::Artifact(&raw), component("ingest"), component("step"), ImpactOf::Run("latest")] {
        let whole = reader.impact(&of).unwrap();
        assert_eq!(told(|to| reader.tell_impact(&of, None, to)), serde_json::to_string(&whole).unwrap(), "{of:?}");
        for most in [1, 2, 300, MANY, 5000] {
            let (answer, is_cut) = reader.impact_of_nearest(&of, most).unwrap();
            assert_eq!((answer.runs.len(), is_cut), (most.min(whole.runs.len()), most < whole.runs.len()));
            let cut = serde_json::to_string(&Cut { answer, is_cut }).unwrap();
            assert_eq!(told(|to| reader.tell_impact(&of, Some(most), to)), cut, "{of:?}: {most}");
        }
    }
    for artifact in [None, Some("step-699"), Some("log-3"), Some(raw.as_str())] {
        let whole = reader.stale(artifact, evening()).unwrap();
        assert!(!whole.runs.is_empty());
        let written = told(|to| reader.tell_stale(artifact, evening(), None, to));
        assert_eq!(written, serde_json::to_string(&whole).unwrap(), "{artifact:?}");
        for most in [1, 2, 300, MANY, 5000] {
            let (answer, is_cut) = reader.last_stale(artifact, evening(), most).unwrap();
            assert_eq!(answer.runs, whole.runs[..most.min(whole.runs.len())], "the last ones");
            assert_eq!(is_cut, most < whole.runs.len());
            let cut = serde_json::to_string(&Cut { answer, is_cut }).unwrap();
            assert_eq!(told(|to| reader.tell_stale(artifact, evening(), Some(most), to)), cut);
        }
    }
}

#[test]
fn what_is_written_while_it_is_found_is_not_held() {
    let mut story = story();
    let endless = Arc::new(Bounds::new(u64::MAX, u64::MAX, None));
    let mut reader = story.reader();
    reader.bound(Arc::clone(&endless)).unwrap();
    reader.trace("step-699", &TraceOptions::default()).unwrap();
    // Enough for what is loaded at once, and too little for half of all runs.
    let bounds = || Arc::new(Bounds::new(endless.held() - 1, u64::MAX, None));
    let mut reader = story.reader();
    reader.bound(bounds()).unwrap();
    let stale = told(|to| reader.tell_stale(None, evening(), None, to));
    assert!(stale.len() > 100_000, "{}", stale.len());
    let mut reader = story.reader();
    reader.bound(bounds()).unwrap();
    let impact = told(|to| reader.tell_impact(&ImpactOf::Run(&id(0).to_string()), None, to));
    assert!(impact.len() > 600_000, "{}", impact.len());
    let mut reader = story.reader();
    reader.bound(bounds()).unwrap();
    let error = reader.trace("step-699", &TraceOptions::default()).unwrap_err();
    assert!(matches!(error, QueryError::Store(StoreError::TooMuch)), "{error}");
}

#[test]
fn an_answer_that_breaks_off_says_why() {
    let mut story = story();
    let mut reader = story.reader();
    let bounds = Arc::new(Bounds::new(u64::MAX, u64::MAX, None));
    reader.bound(Arc::clone(&bounds)).unwrap();
    /// Ends the question once something was written.
    struct Once(Arc<Bounds>, usize);
    impl std::io::Write for Once {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.1 += bytes.len();
            self.0.give_up();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut to = Once(bounds, 0);
    let broken =
        reader.tell_impact(&ImpactOf::Run(&id(0).to_string()), None, &mut serde_json::Serializer::new(&mut to));
    assert!(matches!(broken, Err(TellError::Query(QueryError::Store(StoreError::Stopped)))), "{broken:?}");
    assert!(to.1 > 0);
}

#[test]
fn several_that_may_be_meant_are_named_and_that_there_are_more() {
    let line = |number: usize| {
        json!({"id": id(number), "component": "c", "started_at": at(number), "ended_at": at(number),
               "outputs": [{"name": "many", "version": content(number), "size": 99}]})
    };
    let mut story = Story::told(&(0..30).map(line).collect::<Vec<_>>());
    let error = story.reader().trace("many@b3:000", &TraceOptions::default()).unwrap_err();
    let QueryError::Ambiguous { candidates, is_cut, .. } = &error else { panic!("{error}") };
    assert_eq!((candidates.len(), *is_cut), (20, true));
    assert!(error.to_string().ends_with(" or others"), "{error}");
    let whole = format!("many@{}", content(29).as_str().unwrap());
    assert_eq!(story.reader().version(&whole, None).unwrap().name, ArtifactName("many".to_owned()));
}

/// Returns runs of one component with so many parameters; the last one has some otherwise, one of them among the first.
fn with_parameters(count: usize) -> Vec<Value> {
    // What is compared of it ends before that of the others.
    let long = "otherwise ".repeat(400);
    let run = |number: usize| {
        let mut params: BTreeMap<String, &str> = (0..count).map(|at| (format!("p{at:05}"), "as ever")).collect();
        if number == 9 {
            params.insert("p00007".to_owned(), &long);
            params.insert(format!("p{:05}", count - 1), "otherwise");
            params.insert("q".to_owned(), "new");
            params.remove(&format!("p{:05}", count - 2));
        }
        json!({"id": id(number), "component": "train", "started_at": at(number), "ended_at": at(number), "params": params,
               "inputs": ["raw"], "outputs": [{"name": "model", "version": format!("v:{number}")}]})
    };
    (0..10).map(run).collect()
}

#[test]
fn what_comes_after_what_is_compared_is_no_change() {
    for (count, is_cut) in [(100, false), (5000, true)] {
        let gone = format!("param:p{:05}", count - 2);
        let last = format!("param:p{:05}", count - 1);
        let mut all = vec!["param:p00007", &gone, &last, "param:q"];
        all.truncate(if is_cut { 1 } else { 4 });
        let mut story = Story::told(&with_parameters(count));
        let fields = |of: &[Difference]| of.iter().map(|difference| difference.field.clone()).collect::<Vec<_>>();

        let diff = story.reader().diff("model", None).unwrap();
        assert_eq!((fields(&diff.differences), diff.is_cut), (all.iter().map(ToString::to_string).collect(), is_cut));
        let since = story.reader().inspect_among_others(&id(9).to_string()).unwrap().changed.unwrap();
        assert_eq!((fields(&since.differences), since.is_cut), (fields(&diff.differences), is_cut));

        let label = json!({"type": "label", "id": id(900), "name": "model", "version": "v:9", "verdict": "flagged", "at": at(50)});
        story.tell(&[label]);
        let review = story.reader().review(None).unwrap();
        assert_eq!(review.is_cut, is_cut);
        let told = format!("{:?}{:?}", review.suspects, review.facts);
        let is_told = |field: &str| told.contains(field.trim_start_matches("param:"));
        assert_eq!(["param:p00007", &gone, &last].map(is_told), [true, !is_cut, !is_cut]);
    }
}

/// A list or an object may be long; it is compared as a whole, and shown in part.
#[test]
fn a_long_value_is_compared_by_its_hash() {
    let text = |letter: &str| json!(["x".repeat(100_000) + letter]);
    let run = |number: usize| {
        let params = json!({"same": text("a"), "other": text(if number == 3 { "b" } else { "a" })});
        json!({"id": id(number), "component": "train", "started_at": at(number), "ended_at": at(number), "params": params,
               "outputs": [{"name": "model", "version": format!("v:{number}")}]})
    };
    let mut story = Story::told(&(0..4).map(run).collect::<Vec<_>>());
    let diff = story.reader().diff("model", None).unwrap();
    let [difference] = diff.differences.as_slice() else { panic!("{}", diff.differences.len()) };
    assert_eq!((difference.field.as_str(), diff.is_cut), ("param:other", false));
    for value in [&difference.a, &difference.b] {
        let told = value.as_ref().and_then(Value::as_str).unwrap();
        assert!(told.len() < 9_000 && told.contains("… [cut] (100005 bytes, "), "{}", told.len());
    }
}
