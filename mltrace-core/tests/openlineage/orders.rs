//! Events in any order, some of them twice, one after the other or all at once: the same runs.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::project::{More as _, Project, event};

/// A number that looks drawn by lot, the same at each run of the test.
struct Lot(u64);

impl Lot {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most).unwrap()).unwrap()
    }

    /// Returns the events in another order, each of them one to three times.
    fn mixed(&mut self, events: &[Value]) -> Vec<Value> {
        let mut mixed: Vec<Value> = events.to_vec();
        for _ in 0..events.len() {
            mixed.push(events[self.below(events.len())].clone());
        }
        for last in (1..mixed.len()).rev() {
            mixed.swap(last, self.below(last + 1));
        }
        mixed
    }
}

/// Reports a project events in portions of one to four.
fn tell(project: &mut Project, events: &[Value], lot: &mut Lot) {
    let mut rest = events;
    while !rest.is_empty() {
        let (some, left) = rest.split_at((lot.below(4) + 1).min(rest.len()));
        assert_eq!(project.import(some).errors, []);
        rest = left;
    }
}

/// Fails unless fifty orders of the events give one export.
pub(crate) fn same_in_any_order(events: &[Value]) {
    let mut at_once = Project::new();
    assert_eq!(at_once.import(events).errors, []);
    let expected = at_once.export();
    assert!(!expected.is_empty());
    let mut lot = Lot(0x9e37_79b9_7f4a_7c15);
    for order in 0..50 {
        let mut project = Project::new();
        tell(&mut project, &lot.mixed(events), &mut lot);
        let told = project.export();
        if told != expected {
            let differing = told.iter().zip(&expected).find(|(told, expected)| told != expected);
            let _ = writeln!(std::io::stderr(), "order {order}: {differing:#?}");
        }
        assert_eq!(told.len(), expected.len(), "order {order}");
        assert!(told == expected, "order {order} gives another export");
    }
}

/// What takes something back when more is known: two tries, a snapshot, an end that comes first, a table of two names.
pub(crate) fn trials() -> Vec<Value> {
    let snapshot = json!({"processingType": "BATCH", "integration": "X",
        "emissionPattern": {"eventTrigger": "PERIODIC", "eventContentMode": "COMPLETE_SNAPSHOT"}});
    let failed = json!({"message": "no memory", "programmingLanguage": "python"});
    vec![
        event("START", "10:00:00", 1, "clean").reads("file", "/data/raw.csv"),
        event("FAIL", "10:01:00", 1, "clean").of_run("errorMessage", failed),
        event("START", "10:02:00", 1, "clean").reads("file", "/data/raw.csv"),
        event("OTHER", "10:02:30", 1, "clean").reads("file", "/data/more.csv"),
        event("COMPLETE", "10:03:00", 1, "clean").writes("file", "/data/clean.csv").of_last(
            "outputs",
            "facets",
            "symlinks",
            json!({"identifiers": [{"namespace": "hive://meta:9083", "name": "default.clean", "type": "TABLE"}]}),
        ),
        event("START", "10:10:00", 2, "train")
            .reads("hive://meta:9083", "default.clean")
            .of_job("jobType", snapshot.clone()),
        event("RUNNING", "10:11:00", 2, "train").reads("file", "/data/clean.csv").writes("s3://models", "m.bin"),
        event("COMPLETE", "10:12:00", 2, "train").reads("file", "/data/clean.csv").writes("s3://models", "m.bin"),
        event("COMPLETE", "10:20:00", 3, "serve").reads("s3://models", "/m.bin").writes("s3://out", "a"),
        event("START", "10:19:00", 3, "serve").of_run("parent", json!({"run": {"runId": crate::project::id(9)}})),
        event("COMPLETE", "10:30:00", 4, "alone").reads("s3://out", "a"),
    ]
}

#[test]
fn the_order_of_arrival_does_not_show() {
    same_in_any_order(&trials());
}

#[test]
fn each_job_that_a_run_names_is_declared_in_any_order() {
    let owned = |owner: &str| json!({"owners": [{"name": owner}]});
    same_in_any_order(&[
        event("START", "10:00:00", 1, "load").of_job("ownership", owned("ada")),
        event("RUNNING", "10:01:00", 1, "load.renamed").writes("s3://out", "b"),
        event("COMPLETE", "10:02:00", 1, "load.again").of_job("ownership", owned("bob")).writes("s3://out", "b"),
    ]);
}
