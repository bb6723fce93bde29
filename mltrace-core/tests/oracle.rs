//! Random pipelines, delivered in every order and form, against a second implementation of the rules of lineage.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestCaseError, TestCaseResult, TestRunner};
use serde_json::Value;

#[path = "oracle/answers.rs"]
mod answers;

#[path = "oracle/compare.rs"]
mod compare;

#[path = "oracle/events.rs"]
mod events;

#[path = "oracle/facts.rs"]
mod facts;

#[path = "oracle/generator.rs"]
mod generator;

#[path = "oracle/measured.rs"]
mod measured;

#[path = "oracle/model.rs"]
mod model;

#[path = "oracle/store.rs"]
mod store;

use events::Machine;
use facts::{Facts, Outcome, RunFacts};
use generator::{MORNING, Route, history, measures, route};
use store::{Place, component_line, folder_line, label_line, parts_of, run_line};

/// What a store receives at once: a line, and what the model learns from it.
#[derive(Clone)]
enum Line {
    Run(RunFacts),
    Label(facts::LabelFacts),
    Component(facts::ComponentFacts),
    Folder(facts::FolderFacts),
}

impl Line {
    fn text(&self) -> Value {
        match self {
            Self::Run(run) => run_line(run),
            Self::Label(label) => label_line(label),
            Self::Component(said) => component_line(said),
            Self::Folder(folder) => folder_line(folder),
        }
    }

    /// A line that says more of a run replaces what is known of it.
    fn hear(&self, facts: &mut Facts) {
        match self {
            Self::Run(run) => match facts.runs.iter_mut().find(|known| known.id == run.id) {
                Some(known) if completeness(known.outcome) < completeness(run.outcome) => known.clone_from(run),
                Some(_) => {}
                None => facts.runs.push(run.clone()),
            },
            Self::Label(label) if !facts.labels.contains(label) => facts.labels.push(label.clone()),
            Self::Component(said) if !facts.components.contains(said) => facts.components.push(said.clone()),
            Self::Folder(folder) if !facts.folders.contains(folder) => facts.folders.push(folder.clone()),
            Self::Label(_) | Self::Component(_) | Self::Folder(_) => {}
        }
    }
}

fn completeness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Running => 0,
        Outcome::Died => 1,
        Outcome::Completed | Outcome::Failed | Outcome::Cancelled => 2,
    }
}

fn lines(facts: &Facts) -> Vec<Line> {
    let runs = facts.runs.iter().cloned().map(Line::Run);
    let labels = facts.labels.iter().cloned().map(Line::Label);
    let said = labels.chain(facts.components.iter().cloned().map(Line::Component));
    runs.chain(said).chain(facts.folders.iter().cloned().map(Line::Folder)).collect()
}

fn heard(lines: &[Line]) -> Facts {
    let mut facts = Facts::default();
    lines.iter().for_each(|line| line.hear(&mut facts));
    facts
}

fn texts(lines: &[Line]) -> Vec<Value> {
    lines.iter().map(Line::text).collect()
}

/// Runs a property over many pipelines and prints what was compared.
#[expect(clippy::print_stdout, reason = "a long run is told by its figures")]
fn for_all_pipelines(name: &str, property: impl Fn(&Facts, &Route, &Tally) -> TestCaseResult) {
    let regressions = FileFailurePersistence::Direct("proptest-regressions/oracle.txt");
    let config = ProptestConfig {
        cases: cases(),
        failure_persistence: Some(Box::new(regressions)),
        max_shrink_iters: 600,
        ..ProptestConfig::default()
    };
    let tally = Tally::default();
    let outcome = TestRunner::new(config).run(&(history(), route(), measures()), |(facts, route, measures)| {
        let facts = measures.of(facts);
        let facts = if route.key(5) % 3 == 1 { facts.outside() } else { facts };
        tally.histories.fetch_add(1, Ordering::Relaxed);
        property(&facts, &route, &tally)
    });
    let (histories, questions) = (tally.histories.into_inner(), tally.questions.into_inner());
    if let Err(error) = outcome {
        panic!("{name}: {error}");
    }
    println!("{name}: {histories} histories, {questions} questions compared, 0 differences");
}

/// Returns how many pipelines each of the three properties is tried on: few in every test run, in a long one a third of
/// what is asked for.
#[expect(clippy::disallowed_methods, reason = "whoever wants a long run asks for it as proptest lets them")]
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    asked.unwrap_or(300_u32).div_ceil(3)
}

#[derive(Default)]
struct Tally {
    histories: AtomicUsize,
    questions: AtomicUsize,
}

impl Tally {
    /// Compares all answers of a store with the model's: about now, and about moments at which something happened.
    fn compare(&self, place: &mut Place, facts: &Facts, route: &Route, when: &str) -> TestCaseResult {
        let found = compare::compare(&mut place.reader(), facts, &moments(facts, route));
        self.questions.fetch_add(found.questions, Ordering::Relaxed);
        match found.differences.as_slice() {
            [] => Ok(()),
            some => {
                let shown = some[..some.len().min(2)].join("\n");
                Err(TestCaseError::fail(format!("{when}: {} differences:\n{shown}", some.len())))
            }
        }
    }
}

/// Lets somebody judge anew what was judged before, and declare a component: both count at once, whatever the clocks of
/// those showed who spoke before, and are facts like any other from then on.
fn says_now(place: &mut Place, facts: &mut Facts, key: u16) -> TestCaseResult {
    let key = usize::from(key);
    let mut said = Vec::new();
    if let Some(label) = facts.labels.get(key % facts.labels.len().max(1)) {
        let verdict = ["flagged", "ok", "none"][key % 3];
        let told = place.judges(&label.name, &label.version, verdict);
        facts.labels.push(told.clone());
        let counts = answers::verdict(facts, &told.name, &told.version).unwrap_or("none");
        prop_assert_eq!(counts, verdict, "{:?} does not count among {:?}", told, facts.labels);
        said.push(Line::Label(told));
    }
    if let Some(component) = facts.components.get(key % facts.components.len().max(1)) {
        let told = place.declares(&component.name, 5);
        let later = facts.components.iter().find(|known| known.name == told.name && known.at >= told.at);
        prop_assert!(later.is_none(), "{:?} does not count beside {:?}", told, later);
        facts.components.push(told.clone());
        said.push(Line::Component(told));
    }
    place.import(&texts(&said));
    Ok(())
}

/// Picks the moment of some read or write, the one just before it, and one before all.
fn moments(facts: &Facts, route: &Route) -> Vec<i64> {
    let reads = facts.runs.iter().flat_map(|run| run.reads.iter().map(|read| run.read_at(read)));
    let writes = facts.runs.iter().flat_map(|run| run.writes.iter().filter_map(|write| run.written_at(write)));
    let happened: Vec<i64> = reads.chain(writes).collect::<BTreeSet<_>>().into_iter().collect();
    match happened.len() {
        0 => vec![MORNING],
        length => {
            let picked = happened[usize::from(route.key(facts.runs.len())) % length];
            vec![picked, picked - 1, happened[0] - 1]
        }
    }
}

/// Lets the same happen in another project of the store, and returns its runs: what both know is one there.
fn next_door(place: &mut Place, facts: &Facts, route: &Route) -> Vec<RunFacts> {
    if !route.key(2).is_multiple_of(2) {
        return Vec::new();
    }
    let runs: Vec<RunFacts> = facts.runs.iter().map(RunFacts::next_door).collect();
    place.import_next_door(&route.shuffled(&runs));
    runs
}

#[test]
fn imports_in_any_order_answer_as_the_model_does_after_each() {
    for_all_pipelines("imports", |facts, route, tally| {
        let mut place = Place::new();
        let is_late = route.key(3).is_multiple_of(2);
        let mut neighbours = if is_late { Vec::new() } else { next_door(&mut place, facts, route) };
        let lines = route.shuffled(&lines(facts));
        let (mut sent, mut said) = (0, Facts::default());
        for batch in lines.chunks(route.batch) {
            place.import(&texts(batch));
            sent += batch.len();
            let mut heard = heard(&lines[..sent]);
            heard.add(&said);
            heard.runs.extend(neighbours.iter().cloned());
            if route.key(sent).is_multiple_of(3) {
                says_now(&mut place, &mut heard, route.key(sent + 1))?;
                said = Facts { runs: Vec::new(), ..heard.clone() };
            }
            tally.compare(&mut place, &heard, route, &format!("after {sent} lines"))?;
        }
        let mut all = heard(&lines);
        if is_late {
            neighbours = next_door(&mut place, facts, route);
        }
        all.runs.extend(neighbours);
        forgets(&mut place, all, &said, route, tally)
    });
}

/// Lets somebody take back one run after the other: it is as if they had never been reported.
fn forgets(place: &mut Place, mut facts: Facts, said: &Facts, route: &Route, tally: &Tally) -> TestCaseResult {
    facts.add(said);
    tally.compare(place, &facts, route, "after all lines")?;
    for step in 0..2 {
        if facts.runs.is_empty() {
            break;
        }
        let gone = facts.runs.remove(usize::from(route.key(step)) % facts.runs.len());
        place.forget(&gone.id);
        let short = gone.reads.iter().chain(&gone.writes).filter(|edge| edge.size.is_some_and(|size| size < 64));
        facts.short.extend(short.filter_map(|edge| Some((edge.name.clone(), edge.version.clone()?))));
        tally.compare(place, &facts, route, &format!("without {}", gone.id))?;
    }
    Ok(())
}

#[test]
fn runs_that_are_told_in_parts_answer_as_the_model_does_once_all_is_told() {
    for_all_pipelines("parts", |facts, route, tally| {
        let mut place = Place::new();
        let runs = facts.runs.iter().enumerate();
        let parts: Vec<Value> = runs.flat_map(|(number, run)| parts_of(run, route.key(number))).collect();
        for batch in route.shuffled(&parts).chunks(route.batch) {
            place.import(batch);
        }
        let told = Facts { runs: facts.runs.clone(), ..Facts::default() };
        tally.compare(&mut place, &told, route, "parts")?;
        // What was reported in parts is exported as a whole, and imported again.
        let lines = place.export();
        place.import(&lines);
        let mut other = Place::new();
        other.import(&lines);
        tally.compare(&mut other, &told, route, "exported")
    });
}

/// Returns what an export says and OpenLineage events carry: no verdicts, not when a process was last heard of, and of folders
/// those that a run read or wrote.
fn carried(mut lines: Vec<Value>) -> Vec<String> {
    let is_run = |line: &&Value| line["type"] == "run";
    let runs: String = lines.iter().filter(is_run).map(Value::to_string).collect();
    lines.retain(|line| line["type"] != "folder" || runs.contains(&line["version"].to_string()));
    let lines = lines.into_iter().filter(|line| line["type"] != "label").map(|mut line| {
        for output in line["outputs"].as_array_mut().into_iter().flatten() {
            output["label"] = Value::Null;
        }
        // What else was read is reported in the order in which it came.
        for input in line["inputs"].as_array_mut().into_iter().flatten() {
            let inside = input.get_mut("inside").and_then(Value::as_array_mut);
            inside.into_iter().for_each(|parts| parts.sort_by_key(Value::to_string));
        }
        if let Some(run) = line.as_object_mut() {
            run.remove("last_seen");
        }
        line.to_string()
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

#[test]
fn what_is_exported_as_openlineage_answers_as_the_model_does_where_it_is_imported() {
    for_all_pipelines("openlineage", |facts, route, tally| {
        let mut place = Place::new();
        let mut told = Facts { labels: Vec::new(), ..facts.clone() };
        // Of events what is dated ahead of the clock belongs to no run.
        let is_ahead = |line: Value| line.to_string().contains("\"9999-");
        told.runs.retain(|run| !is_ahead(run_line(run)));
        told.components.retain(|said| !is_ahead(component_line(said)));
        place.import(&texts(&lines(&told)));
        let mut exported = place.export_events();
        let events = route.shuffled(&exported);
        let mut other = Place::new();
        for batch in events.chunks(route.batch) {
            other.import_events(batch);
        }
        prop_assert_eq!(carried(other.export()), carried(place.export()));
        tally.compare(&mut other, &told, route, "imported as events")?;
        // They come back as they came.
        let mut again = other.export_events();
        again.sort();
        exported.sort();
        prop_assert_eq!(again, exported);
        Ok(())
    });
}

#[test]
fn journals_of_several_processes_answer_as_the_model_does_after_each_fold() {
    for_all_pipelines("journals", |facts, route, tally| {
        let mut machine = Machine::new(facts, route, |_| true);
        let neighbours = next_door(&mut machine.place, facts, route);
        let mut folds = 0;
        while machine.tells(4 * route.batch) {
            machine.place.fold();
            machine.bury();
            folds += 1;
            let mut told = machine.told.clone();
            told.runs.extend(neighbours.iter().cloned());
            tally.compare(&mut machine.place, &told, route, &format!("after fold {folds}"))?;
        }
        Ok(())
    });
}

#[test]
fn two_machines_that_import_each_others_exports_answer_alike() {
    for_all_pipelines("machines", |facts, route, tally| {
        let is_left = |run: usize| route.key(run).is_multiple_of(2);
        let mut left = Machine::new(facts, route, is_left);
        let mut right = Machine::new(facts, route, |run| !is_left(run));
        let early = [left.tells_and_exports(3 * route.batch), right.tells_and_exports(2 * route.batch)];
        says_now(&mut left.place, &mut left.told, route.key(2))?;
        if route.key(1).is_multiple_of(3) {
            right.place.import(&early[0]);
        }
        let late = [left.tells_and_exports(usize::MAX), right.tells_and_exports(usize::MAX)];
        // A run that ended in the meantime is reported as one that goes on, before or after its end is reported.
        let (first, second) = if route.key(0).is_multiple_of(2) { (&early, &late) } else { (&late, &early) };
        for exports in [first, second] {
            right.place.import(&exports[0]);
            left.place.import(&exports[1]);
        }
        // What a machine reported itself changes nothing.
        left.place.import(&early[0]);
        left.place.import(&late[0]);
        let mut all = left.told.clone();
        all.add(&right.told);
        tally.compare(&mut left.place, &all, route, "left")?;
        tally.compare(&mut right.place, &all, route, "right")
    });
}
