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
