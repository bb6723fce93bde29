//! A project is not the name of its folder.

use std::collections::BTreeMap;

use mltrace_core::desk;
use mltrace_core::model::{Bound, Record, Verdict};
use mltrace_core::query::{ImpactOf, Judgement, NameKind, TraceOptions};
use mltrace_core::store::sqlite::Schema;
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

fn line(number: usize, component: &str, inputs: &[&str], outputs: &[&str]) -> Value {
    json!({"id": id(number), "component": component, "started_at": at(number * 10), "ended_at": at(number * 10 + 5),
           "inputs": inputs, "outputs": outputs})
}

fn shape(story: &mut Story, artifact: &str) -> String {
    let trace = story.reader().trace(artifact, &TraceOptions::default()).unwrap();
    let shown: Vec<String> = trace.runs.iter().map(|at| format!("{}{}", at.run.component, at.depth)).collect();
    shown.join(" ")
}

#[test]
fn a_folder_that_is_renamed_is_the_same_project() {
    let mut story = Story::told(&[]);
    story.records("ingest", &[], &["raw"]);
    story.renamed("another");
    assert_eq!(shape(&mut story, "raw"), "ingest0", "what was recorded before");
    story.records("train", &["raw"], &["model"]);
    story.records("score", &["model"], &["scores"]);
    assert_eq!(shape(&mut story, "scores"), "score0 train1 ingest2");
    let run = &story.reader().trace("raw", &TraceOptions::default()).unwrap().runs[0].run;
    assert_eq!(run.project, "another", "people read the name of today");
    story.renamed("story");
    assert_eq!(shape(&mut story, "scores"), "score0 train1 ingest2", "and back again");
}

#[test]
fn what_is_imported_of_another_project_stays_that_projects() {
    let mut story = Story::told(&[]);
    let mut elsewhere = line(1, "theirs", &[], &["raw"]);
    elsewhere["project"] = json!("elsewhere");
    story.tell(&[elsewhere]);
    story.records("ours", &[], &["model"]);
    story.renamed("another");
    story.records("ours", &["raw"], &["scores"]);
    assert_eq!(shape(&mut story, "scores"), "ours0");
    assert_eq!(shape(&mut story, "model"), "ours0");
    story.renamed("elsewhere");
    assert_eq!(shape(&mut story, "raw"), "theirs0", "a name that another project has is that one's");
}

/// Returns the names of all projects of the store.
fn projects(story: &mut Story) -> Vec<String> {
    story.reader().projects().unwrap().projects.into_iter().map(|project| project.name).collect()
}

#[test]
fn what_earlier_versions_took_for_two_projects_is_joined_at_the_migration() {
    let mut story = Story::told(&[]);
    story.records("ingest", &[], &["raw"]);
    story.records_as("called otherwise", "train", &["raw"], &["model"]);
    story.records_as("called otherwise", "score", &["model"], &["scores"]);
    assert_eq!(projects(&mut story), ["called otherwise", "story"]);
    story.is_migrated();
    assert_eq!(projects(&mut story), ["story"]);
    assert_eq!(shape(&mut story, "scores"), "score0 train1 ingest2");
    story.records_as("called otherwise", "late", &["scores"], &["later"]);
    assert_eq!(shape(&mut story, "later"), "late0 score1 train2 ingest3", "the former name is one of its names");
}

#[test]
fn two_projects_that_took_turns_were_two_roots_and_stay_two() {
    let mut story = Story::told(&[]);
    story.records("ingest", &[], &["raw"]);
    story.records_as("another", "train", &["raw"], &["model"]);
    story.records("ingest", &[], &["raw"]);
    story.is_migrated();
    assert_eq!(projects(&mut story), ["another", "story"]);
}

#[test]
fn what_was_imported_of_another_project_is_not_joined() {
    let mut story = Story::told(&[]);
    let mut elsewhere = line(1, "theirs", &[], &["raw"]);
    elsewhere["project"] = json!("elsewhere");
    story.tell(&[elsewhere]);
    story.records("ours", &["raw"], &["model"]);
    story.is_migrated();
    assert_eq!(projects(&mut story), ["elsewhere", "story"]);
    let trace = story.reader().trace("model", &TraceOptions::default()).unwrap();
    let elsewhere = &trace.runs[0].run.inputs[0].elsewhere;
    assert_eq!(elsewhere.len(), 1, "a cut at the border of a project is told");
    assert_eq!((elsewhere[0].project.as_str(), elsewhere[0].run), ("elsewhere", id(1)));
}

/// Returns a line of a run in a project of its own.
fn of(project: &str, number: usize, component: &str, inputs: Value, outputs: Value) -> Value {
    let mut line = json!({"id": id(number), "component": component, "project": project,
                          "started_at": at(number * 10), "ended_at": at(number * 10 + 5)});
    (line["inputs"], line["outputs"]) = (inputs, outputs);
    line
}

#[test]
fn a_uri_is_the_same_thing_for_all_projects_of_a_store() {
    let lines = [
        of("lake", 1, "land", json!([]), json!(["s3://lake/raw"])),
        of("story", 2, "train", json!(["s3://lake/raw"]), json!(["model"])),
        of("story", 3, "score", json!(["s3://lake/raw/day-1"]), json!(["scores"])),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut story = Story::told(&order.map(|place| lines[place].clone()));
        assert_eq!(shape(&mut story, "model"), "train0 land1");
        assert_eq!(shape(&mut story, "scores"), "score0 land1", "a folder of theirs holds what is read here");
        assert_eq!(shape(&mut story, "s3://lake/raw"), "land0");
        let impact = story.reader().impact(&ImpactOf::Artifact("s3://lake/raw")).unwrap();
        assert_eq!(impact.runs.len(), 2, "both ways tell the same");
    }
}

#[test]
fn content_of_another_project_is_where_it_came_from() {
    let (mine, theirs) =
        (json!([{"name": "in.csv", "version": content(7)}]), json!([{"name": "out.csv", "version": content(7)}]));
    let mut story =
        Story::told(&[of("lake", 1, "land", json!([]), theirs), of("story", 2, "train", mine, json!(["model"]))]);
    let trace = story.reader().trace("model", &TraceOptions::default()).unwrap();
    let shown: Vec<&str> = trace.runs.iter().map(|at| at.run.project.as_str()).collect();
    assert_eq!(shown, ["story", "lake"]);
    let original = trace.runs[0].run.inputs[0].same_content_as.clone().unwrap();
    assert_eq!(original.name.as_str(), "lake::out.csv", "what is another project's is named with that");
    assert_eq!(trace.runs[1].run.outputs[0].name.as_str(), "lake::out.csv");
    assert_eq!(shape(&mut story, "lake::out.csv"), "land0", "and asked for so");
    let impact = story.reader().impact(&ImpactOf::Artifact("lake::out.csv")).unwrap();
    assert_eq!(impact.runs[0].run.component, "train");
}

#[test]
fn a_name_of_a_project_is_its_own() {
    let mut story = Story::told(&[
        of("lake", 1, "land", json!([]), json!(["raw"])),
        of("story", 2, "train", json!(["raw"]), json!(["model"])),
    ]);
    assert_eq!(shape(&mut story, "model"), "train0", "two projects may use one name for two things");
}

#[test]
fn what_is_another_projects_is_judged_there() {
    let theirs = json!([{"name": "out.csv", "version": content(7)}]);
    let mut story =
        Story::told(&[of("lake", 1, "land", json!([]), theirs), of("story", 2, "ours", json!([]), json!(["x"]))]);
    let judged = story.reader().version("lake::out.csv", None).unwrap();
    let flagged = Judgement { verdict: Verdict::Flagged, reason: None, by: None };
    let said = story.reader().judged_now(&[judged], flagged).unwrap();
    let records = desk::of_answering(&mut story.reader(), said.iter().cloned().map(Record::Label).collect()).unwrap();
    story.journals(&records);
    story.reader().count(&said).unwrap();
    let trace = story.reader().trace("lake::out.csv", &TraceOptions::default()).unwrap();
    assert_eq!(trace.runs[0].run.outputs[0].label, Some(Verdict::Flagged));
    assert_eq!(projects(&mut story), ["lake", "story"]);
}

#[test]
fn a_project_that_is_removed_leaves_what_is_everybodys_to_the_others() {
    let mut story = Story::told(&[
        of(
            "lake",
            1,
            "land",
            json!([]),
            json!(["s3://lake/raw", "s3://lake/theirs", {"name": "out.csv", "version": content(7)}]),
        ),
        of("story", 2, "train", json!(["s3://lake/raw", {"name": "in.csv", "version": content(7)}]), json!(["model"])),
    ]);
    assert_eq!(shape(&mut story, "model"), "train0 land1");
    story.removes("lake");
    assert_eq!(shape(&mut story, "model"), "train0");
    let inputs = &story.reader().trace("model", &TraceOptions::default()).unwrap().runs[0].run.inputs;
    assert!(inputs.iter().all(|input| input.bound == Bound::UnknownWriter), "{inputs:?}");
    let known = story.reader().names(NameKind::Artifact, "s3://", 9).unwrap();
    assert_eq!(known, ["s3://lake/raw"]);
}

/// Makes of a store what schema 6 held: each project has the URIs that it named.
const OF_SCHEMA_6: &str = "
    INSERT INTO artifact (project_id, name, kind, place)
        SELECT p.id, a.name, a.kind, a.place FROM project p JOIN artifact a ON a.project_id = 0 WHERE p.id <> 0;
    INSERT INTO version (artifact_id, id_kind, id_value)
        SELECT mine.id, v.id_kind, v.id_value FROM version v JOIN artifact a ON a.id = v.artifact_id AND a.project_id = 0
        JOIN artifact mine ON mine.name = a.name AND mine.project_id <> 0;
    UPDATE write AS w SET artifact_id = mine.id, version_id = k.id FROM run r, artifact a, artifact mine, version v, version k
        WHERE r.id = w.run_id AND a.id = w.artifact_id AND a.project_id = 0 AND v.id = w.version_id
        AND mine.name = a.name AND mine.project_id = r.project_id
        AND k.artifact_id = mine.id AND k.id_kind = v.id_kind AND k.id_value = v.id_value;
    UPDATE read AS d SET artifact_id = mine.id, write_id = NULL, bound = 4 FROM run r, artifact a, artifact mine
        WHERE r.id = d.run_id AND a.id = d.artifact_id AND a.project_id = 0
        AND mine.name = a.name AND mine.project_id = r.project_id;
    UPDATE run SET signature = signature + (1 << 50) WHERE signature IS NOT NULL;
    DELETE FROM version WHERE artifact_id IN (SELECT id FROM artifact WHERE project_id = 0);
    DELETE FROM artifact WHERE project_id = 0;
    DELETE FROM project WHERE id = 0;
    PRAGMA user_version = 6;";

/// Returns what drops all that schema 6 did not have, and makes anew the views that it had otherwise.
fn dropped_since_schema_6(story: &Story) -> String {
    let held = |file: &rusqlite::Connection| -> BTreeMap<(String, String), String> {
        let sql = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'index'";
        let mut statement = file.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let earlier = rusqlite::Connection::open_in_memory().unwrap();
    Schema { steps: &Schema::CURRENT.steps[..6], ..Schema::CURRENT }.make(&earlier).unwrap();
    let (then, now) = (held(&earlier), held(&rusqlite::Connection::open(story.path(".mltrace/mltrace.db")).unwrap()));
    let others = now.iter().rev().filter(|(of, sql)| then.get(of) != Some(sql));
    let change = |((kind, name), _): (&(String, String), &String)| {
        let again = then.get(&(kind.clone(), name.clone())).cloned().unwrap_or_default();
        format!("DROP {kind} {name}; {again};\n")
    };
    others.map(change).collect()
}

#[test]
fn the_uris_that_schema_6_kept_for_each_project_become_one_thing() {
    let mut story = Story::told(&[
        of("story", 1, "train", json!(["s3://lake/raw"]), json!(["model"])),
        of("lake", 2, "land", json!(["sensor"]), json!(["s3://lake/raw", "gs://b/x", "C:/drive", "file://tower/x"])),
        of("story", 3, "train", json!(["s3://lake/raw"]), json!(["model"])),
        of("third", 4, "copy", json!(["gs://b/x"]), json!(["gs://b/y"])),
    ]);
    let now = |story: &mut Story| ["model", "gs://b/x", "gs://b/y"].map(|name| shape(story, name));
    let (before, signatures) = (now(&mut story), story.numbers("SELECT signature FROM run ORDER BY uuid"));
    assert_eq!(before, ["train0 land1", "land0", "copy0 land1"]);
    let kept = "SELECT count(*) FROM artifact WHERE project_id = 0";
    assert_eq!(story.numbers(kept), [Some(3)], "neither a drive nor a file is everybody's");
    let dropped = dropped_since_schema_6(&story);
    story.changed(&format!("PRAGMA legacy_alter_table = ON; {OF_SCHEMA_6} {dropped}"));
    assert_eq!(story.numbers("SELECT count(*) FROM artifact WHERE name = 's3://lake/raw'"), [Some(3)]);
    story.is_opened_again();
    assert_eq!(now(&mut story), before);
    assert_eq!(story.numbers(kept), [Some(3)]);
    let again = story.numbers("SELECT signature FROM run ORDER BY uuid");
    let hash = |all: &[Option<i64>]| all.iter().map(|one| one.map(|one| one & ((1 << 48) - 1))).collect::<Vec<_>>();
    assert_eq!(hash(&again), hash(&signatures));
    assert_eq!(again[0], again[2], "runs of one component that do the same work are still told");
}
