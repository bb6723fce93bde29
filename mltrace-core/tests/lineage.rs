//! The consequences of the rules of lineage, each as a story in import lines.

use std::path::Path;

use mltrace_core::config::{Durability, Environment, Home};
use mltrace_core::ingest;
use mltrace_core::journal::Writer;
use mltrace_core::model::{Bound, Header, ProcessId, RunId, VersionId};
use mltrace_core::query::{QueryError, Reader, Run, Trace, TraceOptions};
use mltrace_core::store::{self, Mode, Store};
use serde_json::{Value, json};

/// A store in a folder of its own.
struct Story {
    home: Home,
    store: Box<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Story {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::find(folder.path(), None, &Environment::default());
        home.project = "story".to_owned();
        home.root = folder.path().to_owned();
        let db = folder.path().join(".mltrace").join("mltrace.db");
        home.folder = folder.path().join(".mltrace");
        home.store = db.into();
        let store = store::open(&home, Mode::Write).unwrap();
        Self { home, store, _folder: folder }
    }

    fn import(&mut self, lines: &[Value]) -> ingest::ImportReport {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let options = ingest::ImportOptions { allows_future: true, ..ingest::ImportOptions::default() };
        ingest::import_with(&self.home, self.store.as_mut(), &mut text.as_bytes(), options, &mut |_| {}).unwrap()
    }

    fn told(lines: &[Value]) -> Self {
        let mut story = Self::new();
        let report = story.import(lines);
        assert_eq!(report.errors, [], "every line lands");
        story
    }

    fn reader(&mut self) -> Reader<'_> {
        Reader::new(self.store.as_mut(), &self.home, Path::new("/nowhere"))
    }

    fn export(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        let mut keep = |line| {
            lines.push(line);
            true
        };
        self.reader().export(None, &mut keep).unwrap();
        lines
    }

    fn trace(&mut self, artifact: &str) -> Trace {
        self.reader().trace(artifact, &TraceOptions::default()).unwrap()
    }

    /// Returns the components of a trace with their depths.
    fn shape(&mut self, artifact: &str) -> String {
        let trace = self.trace(artifact);
        let shown: Vec<String> = trace.runs.iter().map(|at| format!("{}{}", at.run.component, at.depth)).collect();
        shown.join(" ")
    }

    fn run(&mut self, component: &str) -> Run {
        let runs = self.reader().history(component, &Default::default()).unwrap().runs;
        runs.into_iter().next().unwrap()
    }
}

fn id(number: u64) -> RunId {
    format!("0190f3a0-0000-7000-8000-{number:012x}").parse().unwrap()
}

/// A moment of the story's day.
fn at(second: u64) -> String {
    format!("2026-01-01T00:{:02}:{:02}Z", second / 60, second % 60)
}

/// A content of more than 64 bytes.
fn content(letter: char) -> Value {
    json!(format!("b3:{}", letter.to_string().repeat(64)))
}

/// A completed run over names alone: `component start-end inputs -> outputs`.
fn run(number: u64, component: &str, from: u64, to: u64, inputs: &[&str], outputs: &[&str]) -> Value {
    json!({"id": id(number), "component": component, "started_at": at(from), "ended_at": at(to),
           "inputs": inputs, "outputs": outputs})
}

fn file(name: &str, letter: char) -> Value {
    json!({"name": name, "version": content(letter), "size": 1000})
}

#[test]
fn the_trace_of_the_talk_has_seven_runs_once_each() {
    let mut story = Story::new();
    let lines = include_bytes!("cases/taxi.ndjson");
    let report = ingest::import(&story.home, story.store.as_mut(), &mut lines.as_slice(), &mut |_| {}).unwrap();
    assert_eq!((report.lines, report.stored, report.errors.len()), (7, 7, 0));
    assert_eq!(
        story.shape("s3://toy-applied-ml-pipeline/prod/training/models/20210501-171109.pkl"),
        "train0 featuregen1 train_dev1 cleaning2 split_dev2 featuregen3 cleaning4"
    );
    let again = ingest::import(&story.home, story.store.as_mut(), &mut lines.as_slice(), &mut |_| {}).unwrap();
    assert_eq!((again.stored, again.known), (0, 7), "importing a file twice changes nothing");
}

#[test]
fn an_overwritten_path_keeps_a_trace_for_each_version() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "jan", "started_at": at(0), "ended_at": at(1), "outputs": [file("x", 'a')]}),
        json!({"id": id(2), "component": "feb", "started_at": at(2), "ended_at": at(3), "outputs": [file("x", 'b')]}),
    ]);
    assert_eq!(story.shape("x"), "feb0");
    assert_eq!(story.shape("x@b3:aaaa"), "jan0");
    assert_eq!(story.shape("x@bbbb"), "feb0");
    let then = TraceOptions { as_of: Some(at(2).parse().unwrap()), ..TraceOptions::default() };
    assert_eq!(story.reader().trace("x", &then).unwrap().runs[0].run.component, "jan");
}

#[test]
fn no_read_binds_by_time_to_a_later_write() {
    let mut story = Story::told(&[
        run(1, "train", 10, 11, &["s3://x/raw"], &["s3://x/model"]),
        run(2, "ingest", 20, 21, &[], &["s3://x/raw"]),
    ]);
    assert_eq!(story.shape("s3://x/model"), "train0");
    assert_eq!(story.run("train").inputs[0].bound, Bound::UnknownWriter);
}

#[test]
fn a_read_binds_again_when_an_earlier_write_turns_up() {
    let mut story = Story::told(&[run(3, "train", 10, 11, &["s3://x/raw"], &["s3://x/model"])]);
    assert_eq!(story.shape("s3://x/model"), "train0");
    story.import(&[run(1, "old", 1, 2, &[], &["s3://x/raw"])]);
    assert_eq!(story.shape("s3://x/model"), "train0 old1");
    story.import(&[run(2, "newer", 4, 5, &[], &["s3://x/raw"])]);
    assert_eq!(story.shape("s3://x/model"), "train0 newer1");
}

#[test]
fn an_update_in_place_reads_one_version_and_writes_the_next() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "init", "started_at": at(0), "ended_at": at(1), "outputs": [file("ckpt", 'a')]}),
        json!({"id": id(2), "component": "step", "started_at": at(2), "ended_at": at(3),
               "inputs": [file("ckpt", 'a')], "outputs": [file("ckpt", 'b')]}),
        json!({"id": id(3), "component": "step", "started_at": at(4), "ended_at": at(5),
               "inputs": [file("ckpt", 'b')], "outputs": [file("ckpt", 'c')]}),
    ]);
    assert_eq!(story.shape("ckpt"), "step0 step1 init2");
    // By name alone, started and ended in the same microsecond: no loop either.
    let mut story = Story::told(&[
        run(1, "init", 0, 0, &[], &["s3://x/ckpt"]),
        run(2, "step", 0, 0, &["s3://x/ckpt"], &["s3://x/ckpt"]),
    ]);
    assert_eq!(story.shape("s3://x/ckpt"), "step0 init1");
}

#[test]
fn a_consumer_keeps_what_was_there_when_it_started() {
    let mut story = Story::told(&[
        run(1, "first", 0, 1, &[], &["s3://x/a"]),
        run(2, "consumer", 5, 20, &["s3://x/a"], &["s3://x/b"]),
        run(3, "second", 6, 10, &[], &["s3://x/a"]),
    ]);
    assert_eq!(story.shape("s3://x/b"), "consumer0 first1");
    assert_eq!(story.shape("s3://x/a"), "second0");
}

#[test]
fn of_two_writers_that_overlap_the_later_end_stays() {
    let mut story =
        Story::told(&[run(1, "long", 0, 20, &[], &["s3://x/a"]), run(2, "short", 5, 10, &[], &["s3://x/a"])]);
    assert_eq!(story.shape("s3://x/a"), "long0");
}

#[test]
fn content_written_by_a_run_that_has_not_ended_is_bound_by_content() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "writer", "started_at": at(0), "ended_at": at(20), "outputs": [file("a", 'a')]}),
        json!({"id": id(2), "component": "reader", "started_at": at(10), "ended_at": at(11),
               "inputs": [file("a", 'a')], "outputs": ["s3://x/b"]}),
    ]);
    assert_eq!(story.shape("s3://x/b"), "reader0 writer1");
    assert_eq!(story.run("reader").inputs[0].bound, Bound::Content);
}

#[test]
fn a_copied_file_is_recognised() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "writer", "started_at": at(0), "ended_at": at(1), "outputs": [file("a", 'a')]}),
        json!({"id": id(2), "component": "reader", "started_at": at(10), "ended_at": at(11),
               "inputs": [file("copy-of-a", 'a')], "outputs": ["s3://x/b"]}),
    ]);
    assert_eq!(story.shape("s3://x/b"), "reader0 writer1");
    let input = story.run("reader").inputs[0].clone();
    assert_eq!((input.bound, input.written_by), (Bound::Copy, Some(id(1))));
    assert_eq!(input.same_content_as.unwrap().name.as_str(), "a");
}

#[test]
fn a_copy_is_no_origin_of_what_it_was_copied_from() {
    let step = |number, from: &str, to: &str, second: u64| {
        json!({"id": id(number), "component": to, "started_at": at(second), "ended_at": at(second + 1),
               "inputs": [file(from, 'a')], "outputs": [file(to, 'a')]})
    };
    let lines = [
        step(1, "raw", "copy", 0),
        step(2, "copy", "copy-of-copy", 5),
        json!({"id": id(3), "component": "reader", "started_at": at(10), "ended_at": at(11),
               "inputs": [file("raw", 'a')], "outputs": ["s3://x/b"]}),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let mut story = Story::new();
        order.iter().for_each(|place| drop(story.import(&[lines[*place].clone()])));
        assert_eq!(story.shape("s3://x/b"), "reader0", "{order:?}");
        let input = story.run("reader").inputs[0].clone();
        assert_eq!((input.bound, input.same_content_as), (Bound::UnknownWriter, None), "{order:?}");
        assert_eq!(story.shape("copy-of-copy"), "copy-of-copy0 copy1", "{order:?}");
    }
    // Even at one moment.
    let mut copy = step(1, "raw", "copy", 0);
    copy["ended_at"] = json!(at(0));
    assert_eq!(Story::told(&[copy, lines[2].clone()]).shape("s3://x/b"), "reader0");
}

#[test]
fn an_origin_that_is_told_late_is_one_for_every_later_read() {
    let write = |number, second: u64| {
        json!({"id": id(number), "component": "writer", "started_at": at(second), "ended_at": at(second),
               "outputs": [file("original", 'a')]})
    };
    let read = |number, second: u64| {
        json!({"id": id(number), "component": format!("reader-{second}"), "started_at": at(second),
               "ended_at": at(second), "inputs": [file("copy", 'a')]})
    };
    let mut story = Story::told(&[read(1, 5), write(2, 6), read(3, 10)]);
    assert_eq!(story.run("reader-10").inputs[0].written_by, None, "the copy was there before the original");
    story.import(&[write(4, 3)]);
    assert_eq!(story.run("reader-5").inputs[0].written_by, Some(id(4)));
    assert_eq!(story.run("reader-10").inputs[0].written_by, Some(id(2)), "its last write");
}

#[test]
fn a_short_or_common_content_does_not_link_the_world() {
    let empty = |name: &str| json!({"name": name, "version": content('e'), "size": 2});
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "writer", "started_at": at(0), "ended_at": at(1), "outputs": [empty("a")]}),
        json!({"id": id(2), "component": "reader", "started_at": at(10), "ended_at": at(11),
               "inputs": [empty("b")], "outputs": ["s3://x/b"]}),
    ]);
    assert_eq!(story.shape("s3://x/b"), "reader0");
    let input = story.run("reader").inputs[0].clone();
    assert_eq!(input.bound, Bound::UnknownWriter);
    assert_eq!(input.same_content_as.unwrap().name.as_str(), "a", "it is listed");
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "one", "started_at": at(0), "ended_at": at(1), "outputs": [file("a", 'a')]}),
        json!({"id": id(2), "component": "two", "started_at": at(2), "ended_at": at(3), "outputs": [file("b", 'a')]}),
        json!({"id": id(3), "component": "reader", "started_at": at(10), "ended_at": at(11),
               "inputs": [file("c", 'a')], "outputs": ["s3://x/b"]}),
    ]);
    assert_eq!(story.shape("s3://x/b"), "reader0", "two runs wrote it: not followed");
}

#[test]
fn a_file_changed_by_nobody_known_says_since_when() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "writer", "started_at": at(0), "ended_at": at(1), "outputs": [file("a", 'a')]}),
        json!({"id": id(2), "component": "reader", "started_at": at(10), "ended_at": at(11), "inputs": [file("a", 'b')]}),
    ]);
    let input = story.run("reader").inputs[0].clone();
    assert_eq!((input.bound, input.written_by, input.changed_since), (Bound::UnknownWriter, None, Some(id(1))));
}

#[test]
fn a_failed_run_lists_its_outputs_but_an_opaque_one_is_no_version() {
    let failed = |number, second, outputs: Value| {
        json!({"id": id(number), "component": "bad", "status": "failed", "error": "boom", "started_at": at(second),
               "ended_at": at(second + 1), "outputs": outputs})
    };
    let mut story = Story::told(&[
        run(1, "good", 0, 1, &[], &["s3://x/a"]),
        failed(2, 4, json!(["s3://x/a"])),
        run(3, "reader", 10, 11, &["s3://x/a"], &["s3://x/b"]),
        failed(4, 12, json!([file("kept.csv", 'a')])),
    ]);
    assert_eq!(story.shape("s3://x/b"), "reader0 good1");
    assert_eq!(story.shape("s3://x/a"), "good0");
    assert_eq!(story.shape("kept.csv"), "bad0", "a file that was left there is a version");
    let second = story.reader().inspect(&id(2).to_string()).unwrap();
    assert_eq!((second.outputs[0].name.as_str(), second.outputs[0].version.clone()), ("s3://x/a", None));
}

#[test]
fn the_order_of_arrival_never_matters() {
    let lines = [
        run(1, "ingest", 0, 1, &[], &["s3://x/raw"]),
        run(2, "clean", 2, 3, &["s3://x/raw"], &["s3://x/clean"]),
        run(3, "ingest", 2, 3, &[], &["s3://x/raw"]),
        run(4, "clean", 3, 3, &["s3://x/raw"], &["s3://x/clean"]),
        run(5, "train", 3, 9, &["s3://x/clean", "s3://x/raw"], &["s3://x/model"]),
        json!({"id": id(6), "component": "copy", "started_at": at(9), "ended_at": at(10), "inputs": [file("a", 'a')]}),
        json!({"id": id(7), "component": "orig", "started_at": at(1), "ended_at": at(2), "outputs": [file("b", 'a')]}),
    ];
    let answer = |order: &[usize]| {
        let shuffled: Vec<Value> = order.iter().map(|place| lines[*place].clone()).collect();
        let mut story = Story::told(&shuffled);
        let runs = story.reader().recent(&Default::default()).unwrap();
        serde_json::to_value(runs).unwrap()
    };
    let first = answer(&[0, 1, 2, 3, 4, 5, 6]);
    for order in [[6, 5, 4, 3, 2, 1, 0], [4, 0, 5, 2, 6, 1, 3], [3, 1, 4, 6, 0, 2, 5]] {
        assert_eq!(answer(&order), first, "{order:?}");
    }
}

#[test]
fn an_export_imported_elsewhere_gives_the_same_answers() {
    let mut story = Story::told(&[
        run(1, "ingest", 0, 1, &[], &["s3://x/raw"]),
        json!({"id": id(2), "component": "clean", "started_at": at(2), "ended_at": at(3), "owner": "ann",
               "inputs": ["s3://x/raw", file("lookup", 'c')], "outputs": [file("clean", 'a')],
               "params": {"month": 3, "name": "x"}, "tags": ["etl"], "notes": ["slow disk"], "git_commit": "abc"}),
        json!({"id": id(3), "component": "train", "started_at": at(4), "status": "running", "inputs": [file("copy", 'a')]}),
        json!({"id": id(4), "component": "gone", "started_at": at(5), "status": "died", "inputs": ["s3://x/none"]}),
    ]);
    let lines = story.export();
    let mut other = Story::told(&lines);
    let left = serde_json::to_value(story.reader().recent(&Default::default()).unwrap()).unwrap();
    let right = serde_json::to_value(other.reader().recent(&Default::default()).unwrap()).unwrap();
    assert_eq!(left, right);
    assert_eq!(other.import(&lines[..4]).stored, 1, "only the run that goes on may have news");
}

#[test]
fn what_was_said_of_a_component_is_exported_whenever_it_was_said() {
    let said =
        |at: &str, word: &str, value: Value| json!({"type": "component", "name": "clean", "at": at, word: value});
    for at in ["0000-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-05-28T20:26:40Z", "9999-12-31T23:59:59Z"] {
        for (word, value) in [("owner", json!("ann")), ("stale_after_s", json!(60)), ("tags", json!(["etl"]))] {
            let first = said("0000-01-01T00:00:00Z", "description", json!("cleans"));
            let mut story = Story::told(&[first, said(at, word, value.clone())]);
            let found = &story.export()[0];
            assert_eq!((&found["at"], &found[word]), (&json!(at), &value));
        }
    }
}

#[test]
fn the_same_id_with_other_facts_is_refused_and_the_first_kept() {
    let mut story = Story::told(&[run(1, "ingest", 0, 1, &[], &["s3://x/raw"])]);
    let report = story.import(&[run(1, "ingest", 0, 2, &[], &["s3://x/other"]), run(2, "fine", 2, 3, &[], &[])]);
    assert_eq!(report.stored, 1);
    assert_eq!(report.errors.len(), 1);
    assert_eq!(report.errors[0].0, 1);
    assert_eq!(story.shape("s3://x/raw"), "ingest0");
    assert!(story.reader().trace("s3://x/other", &TraceOptions::default()).is_err(), "nothing of that line landed");
}

#[test]
fn a_run_is_stale_when_its_input_was_old_or_a_fresher_one_existed() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "ingest", "started_at": "2025-10-01T00:00:00Z",
               "ended_at": "2025-10-01T00:00:01Z", "outputs": ["s3://x/raw"]}),
        run(2, "clean", 0, 1, &["s3://x/raw"], &["s3://x/clean-1"]),
        run(3, "clean", 2, 3, &["s3://x/raw"], &["s3://x/clean-2"]),
        run(4, "train", 4, 5, &["s3://x/clean-1"], &["s3://x/model"]),
    ]);
    let clean = story.run("clean");
    assert_eq!(clean.stale.len(), 1, "{:?}", clean.stale);
    assert!(clean.stale[0].message.contains("92 days"), "{:?}", clean.stale);
    let train = story.run("train");
    assert_eq!(train.stale.len(), 1, "{:?}", train.stale);
    assert_eq!(train.stale[0].run, Some(id(3)), "the same work was done again since");
}

#[test]
fn a_version_is_not_known_before_it_was_written_or_read() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "jan", "started_at": at(4), "ended_at": at(5), "outputs": [file("x", 'a')]}),
        run(2, "reader", 10, 11, &["s3://x/y"], &[]),
    ]);
    let mut ask = |text: &str, second| {
        let then = TraceOptions { as_of: Some(at(second).parse().unwrap()), ..TraceOptions::default() };
        story.reader().trace(text, &then)
    };
    assert!(matches!(ask("x@aaaa", 4), Err(QueryError::NotYet { .. })));
    assert_eq!(ask("x@aaaa", 5).unwrap().runs.len(), 1);
    assert!(matches!(ask("x@bbbb", 5), Err(QueryError::NotFound { kind: "version", .. })));
    for name in ["s3://x/y", "s3://x/y@none"] {
        assert!(matches!(ask(name, 9), Err(QueryError::NotYet { .. })), "{name}");
        let none = ask(name, 10).unwrap();
        assert_eq!((none.artifact.version, none.read_by), (VersionId::None, vec![id(2)]), "{name}");
    }
}

#[test]
fn a_run_reads_its_own_output_once_it_is_known_also_in_another_store() {
    let mut story = Story::told(&[
        run(1, "first", 0, 1, &[], &["s3://x/a"]),
        json!({"id": id(2), "component": "both", "started_at": at(2), "ended_at": at(9),
               "inputs": ["s3://x/a", {"name": "s3://x/a", "at": at(5)}, {"name": "s3://x/a", "at": at(4)}],
               "outputs": [{"name": "s3://x/a", "at": at(4)}]}),
    ]);
    let writers = |story: &mut Story| {
        let inputs = story.run("both").inputs;
        inputs.into_iter().map(|input| input.written_by.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(writers(&mut story), [id(1), id(2), id(1)], "at one moment what a line lists as an input comes first");
    let mut other = Story::told(&story.export());
    assert_eq!(writers(&mut other), [id(1), id(2), id(1)]);
}

#[test]
fn a_run_that_was_imported_while_it_went_on_learns_what_it_told_later() {
    let early = json!({"id": id(2), "component": "train", "started_at": at(5), "status": "running",
                       "inputs": ["a"], "outputs": [{"name": "m", "at": at(6)}]});
    let late = json!({"id": id(2), "component": "train", "started_at": at(5), "ended_at": at(9),
                      "inputs": [file("a", 'a'), "s3://x/b"], "params": {"month": 3},
                      "outputs": [{"name": "m", "at": at(6), "version": content('d'), "size": 100}, "s3://x/c"]});
    let writer = json!({"id": id(1), "component": "clean", "started_at": at(0), "ended_at": at(1),
                        "outputs": [file("a", 'a')]});
    let answer = |lines: &[Value]| {
        let mut story = Story::told(lines);
        let train = story.run("train");
        assert_eq!((train.inputs.len(), train.outputs.len(), train.params.len()), (2, 2, 1));
        assert_eq!((train.inputs[0].bound, story.shape("m").as_str()), (Bound::Content, "train0 clean1"));
        serde_json::to_value(train).unwrap()
    };
    let at_once = answer(&[writer.clone(), late.clone()]);
    assert_eq!(answer(&[writer.clone(), early.clone(), late.clone()]), at_once);
    assert_eq!(answer(&[late, early, writer]), at_once);
}

#[test]
fn what_a_line_takes_back_is_seen_by_no_line_after_it() {
    let lines = [
        json!({"id": id(1), "component": "train", "started_at": at(0), "status": "running",
               "outputs": [{"name": "s3://m", "at": at(2)}]}),
        json!({"id": id(1), "component": "train", "started_at": at(0), "ended_at": at(4), "status": "failed",
               "outputs": [{"name": "s3://m", "at": at(2)}]}),
        run(2, "serve", 6, 7, &["s3://m"], &["p"]),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut story = Story::new();
    // One fold takes all of a journal in one transaction.
    let (report, records) = ingest::journaled(&story.home, text.as_bytes(), ingest::ImportOptions::default());
    assert_eq!((report.lines, report.errors.len()), (3, 0));
    let header = Header { process: Some(ProcessId::new()), project: story.home.project.clone(), ..Header::default() };
    Writer::open(&story.home.journal(), header, Durability::Process).unwrap().append(&records).unwrap();
    ingest::fold(&story.home, story.store.as_mut()).unwrap();
    assert_eq!((story.run("serve").inputs[0].bound, story.shape("p").as_str()), (Bound::UnknownWriter, "serve0"));
}

#[test]
fn a_content_that_anybody_knows_to_be_short_links_nothing() {
    let sized = |size: Option<u64>| json!({"name": "a", "version": content('e'), "size": size});
    let writer = |size| json!({"id": id(1), "component": "writer", "started_at": at(0), "ended_at": at(1), "outputs": [sized(size)]});
    let reader = json!({"id": id(2), "component": "reader", "started_at": at(10), "ended_at": at(11),
                        "inputs": [{"name": "b", "version": content('e')}], "outputs": ["s3://x/b"]});
    let other = json!({"id": id(3), "component": "other", "started_at": at(20), "ended_at": at(21), "inputs": [sized(Some(2))]});
    assert_eq!(Story::told(&[writer(None), reader.clone()]).shape("s3://x/b"), "reader0 writer1");
    assert_eq!(Story::told(&[writer(Some(2)), reader.clone()]).shape("s3://x/b"), "reader0", "by its writer's word");
    assert_eq!(
        Story::told(&[writer(None), reader.clone(), other.clone()]).shape("s3://x/b"),
        "reader0",
        "by a later one's"
    );
    let mut elsewhere = other;
    elsewhere["project"] = json!("next door");
    for lines in [[elsewhere.clone(), writer(None), reader.clone()], [writer(None), reader, elsewhere]] {
        assert_eq!(Story::told(&lines).shape("s3://x/b"), "reader0", "by another project's");
    }
}

#[test]
fn of_two_writes_at_one_moment_the_larger_run_supersedes() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "one", "started_at": at(0), "ended_at": at(5), "outputs": [file("x", 'a')]}),
        json!({"id": id(2), "component": "two", "started_at": at(0), "ended_at": at(5), "outputs": [file("x", 'b')]}),
        json!({"id": id(3), "component": "reader", "started_at": at(6), "ended_at": at(7), "inputs": [file("x", 'a')]}),
    ]);
    let stale = story.run("reader").stale;
    assert_eq!(stale.iter().map(|stale| stale.run).collect::<Vec<_>>(), [Some(id(2))]);
}

#[test]
fn two_inputs_of_one_number_are_refused() {
    let mut story = Story::new();
    let report = story.import(&[json!({"component": "x", "started_at": at(0), "ended_at": at(1),
                                       "inputs": [{"name": "a", "n": 1}], "outputs": [{"name": "b", "n": 1}]})]);
    assert_eq!((report.stored, report.errors.len()), (0, 1));
}
