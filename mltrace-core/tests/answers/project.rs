//! A project is not the name of its folder.

use mltrace_core::query::TraceOptions;
use serde_json::{Value, json};

use crate::story::{Story, at, id};

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
