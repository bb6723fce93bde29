//! Several projects in one store: what is the same thing for all of them, and what joins one with another.

use mltrace_core::model::{Bound, Timestamp};
use mltrace_core::query::{ImpactOf, Input, NameKind, TraceOptions};
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

/// A run of project `of`; `story` is the project that asks.
fn line(of: &str, number: usize, component: &str, inputs: &[Value], outputs: &[Value]) -> Value {
    json!({"id": id(number), "project": of, "component": component, "started_at": at(number * 10),
           "ended_at": at(number * 10 + 5), "inputs": inputs, "outputs": outputs})
}

fn file(name: &str, number: usize) -> Value {
    json!({"name": name, "version": content(number), "size": 99})
}

/// Returns the runs upstream of an artifact, with how far up each is.
fn upstream(story: &mut Story, artifact: &str) -> String {
    let trace = story.reader().trace(artifact, &TraceOptions::default()).unwrap();
    let shown: Vec<String> = trace.runs.iter().map(|at| format!("{}{}", at.run.component, at.depth)).collect();
    shown.join(" ")
}

/// Returns the runs downstream of a run.
fn downstream(story: &mut Story, number: usize) -> String {
    let impact = story.reader().impact(&ImpactOf::Run(&id(number).to_string())).unwrap();
    let shown: Vec<String> = impact.runs.iter().map(|at| format!("{}{}", at.run.component, at.depth)).collect();
    shown.join(" ")
}

fn first_input(story: &mut Story, artifact: &str) -> Input {
    let trace = story.reader().trace(artifact, &TraceOptions::default()).unwrap();
    trace.runs[0].run.inputs[0].clone()
}

/// Tells the lines in this order and in the other one, and checks both.
fn in_any_order(lines: &[Value], check: impl Fn(&mut Story)) {
    let mut other = lines.to_vec();
    other.reverse();
    for lines in [lines.to_vec(), other] {
        check(&mut Story::told(&lines));
    }
}

#[test]
fn a_uri_is_the_same_thing_for_all_projects() {
    let lines = [
        line("theirs", 1, "ingest", &[], &[json!("s3://lake/raw")]),
        line("story", 2, "train", &[json!("s3://lake/raw")], &[json!("model")]),
        line("theirs", 3, "serve", &[json!("model")], &[json!("answers")]),
    ];
    in_any_order(&lines, |story| {
        assert_eq!(upstream(story, "model"), "train0 ingest1");
        assert_eq!(upstream(story, "s3://lake/raw"), "ingest0");
        assert_eq!(downstream(story, 1), "ingest0 train1", "and `model` is a name of each project");
        let names = story.reader().names(NameKind::Artifact, "", 9).unwrap();
        assert_eq!(names, ["model", "s3://lake/raw"]);
    });
}

#[test]
fn a_folder_that_another_project_wrote_holds_what_is_read_here() {
    let lines = [
        line("theirs", 1, "export", &[], &[json!("s3://lake/raw")]),
        line("story", 2, "train", &[json!("s3://lake/raw/day-1.csv")], &[json!("model")]),
        line("third", 3, "join", &[json!("s3://lake")], &[json!("x")]),
    ];
    in_any_order(&lines, |story| {
        assert_eq!(upstream(story, "model"), "train0 export1");
        assert_eq!(downstream(story, 1), "export0 train1 join1");
    });
}

#[test]
fn a_fresher_version_of_another_project_makes_stale() {
    let lines = [
        line("theirs", 1, "ingest", &[], &[file("s3://lake/raw", 1)]),
        line("third", 2, "ingest", &[], &[file("s3://lake/raw", 2)]),
        line("story", 3, "train", &[file("s3://lake/raw", 1)], &[json!("model")]),
    ];
    in_any_order(&lines, |story| {
        let stale = story.reader().trace("model", &TraceOptions::default()).unwrap().runs[0].run.stale.clone();
        assert_eq!(stale.iter().map(|stale| stale.run).collect::<Vec<_>>(), [Some(id(2))]);
    });
}

#[test]
fn content_joins_projects_where_none_is_known_here() {
    let lines = [
        line("theirs", 1, "ingest", &[], &[file("raw", 1)]),
        line("story", 2, "train", &[file("downloaded.csv", 1)], &[json!("model")]),
    ];
    in_any_order(&lines, |story| {
        let input = first_input(story, "model");
        assert_eq!((input.bound, input.written_by), (Bound::Copy, Some(id(1))));
        assert_eq!(
            (upstream(story, "model").as_str(), downstream(story, 1).as_str()),
            ("train0 ingest1", "ingest0 train1")
        );
    });
    // What this project wrote itself comes first, however often others did.
    let own = [&lines[..], &[line("story", 0, "fetch", &[], &[file("raw", 1)])]].concat();
    in_any_order(&own, |story| assert_eq!(upstream(story, "model"), "train0 fetch1"));
    let both = [&lines[..], &[line("third", 0, "fetch", &[], &[file("raw", 1)])]].concat();
    in_any_order(&both, |story| {
        let input = first_input(story, "model");
        assert_eq!(input.bound, Bound::UnknownWriter, "of two of others nobody knows which");
        assert!(input.same_content_as.is_some());
    });
}

#[test]
fn a_content_that_another_project_knows_to_be_short_links_nothing() {
    let short = |name: &str, size: Option<u64>| json!({"name": name, "version": content(1), "size": size});
    let lines = [
        line("theirs", 1, "ingest", &[], &[short("raw", None)]),
        line("story", 2, "train", &[short("copy", None)], &[json!("model")]),
        line("third", 3, "looks", &[short("any", Some(2))], &[]),
    ];
    in_any_order(&lines, |story| assert_eq!(first_input(story, "model").bound, Bound::UnknownWriter));
}

#[test]
fn a_verdict_on_what_is_for_all_is_of_all_that_name_it() {
    let label = |of: &str| {
        json!({"type": "label", "project": of, "id": id(90), "name": "s3://lake/raw", "version": content(1),
               "verdict": "flagged", "at": at(900)})
    };
    let lines = [
        line("theirs", 1, "ingest", &[], &[file("s3://lake/raw", 1)]),
        line("story", 2, "train", &[file("s3://lake/raw", 1)], &[json!("model")]),
        label("theirs"),
    ];
    in_any_order(&lines, |story| {
        let review = story.reader().review(None).unwrap();
        assert_eq!(review.flagged.len(), 1);
        let report = story.reader().report("model", Timestamp::now()).unwrap();
        assert!(serde_json::to_string(&report).unwrap().contains("flagged"));
    });
}

#[test]
fn what_a_removed_project_wrote_is_unknown_again_and_what_others_name_stays() {
    let mut story = Story::told(&[
        line("theirs", 1, "ingest", &[], &[file("s3://lake/raw", 1)]),
        line("story", 2, "train", &[file("s3://lake/raw", 1)], &[json!("model")]),
    ]);
    story.removed("theirs");
    assert_eq!(upstream(&mut story, "model"), "train0");
    assert_eq!(first_input(&mut story, "model").bound, Bound::UnknownWriter);
    let mut alone = Story::told(&[
        line("theirs", 1, "ingest", &[], &[file("s3://lake/raw", 1)]),
        line("story", 2, "train", &[file("s3://lake/raw", 1)], &[json!("model")]),
    ]);
    alone.removed("story");
    let names = alone.reader().names(NameKind::Artifact, "", 9).unwrap();
    assert_eq!(names, ["s3://lake/raw"], "the one project that is left answers");
}

#[test]
fn a_name_with_its_project_means_that_projects() {
    let lines = [
        line("theirs", 1, "ingest", &[], &[json!("raw")]),
        line("story", 2, "train", &[json!("theirs::raw")], &[json!("model")]),
        line("story", 3, "fetch", &[], &[json!("raw")]),
    ];
    in_any_order(&lines, |story| {
        let input = first_input(story, "model");
        assert_eq!((input.bound, input.written_by), (Bound::Time, Some(id(1))));
        assert_eq!(
            (upstream(story, "model").as_str(), downstream(story, 1).as_str()),
            ("train0 ingest1", "ingest0 train1")
        );
        assert_eq!(upstream(story, "theirs::raw"), "ingest0");
    });
    let with_content = [
        line("theirs", 1, "ingest", &[], &[file("raw", 1)]),
        line("theirs", 4, "ingest", &[], &[file("raw", 2)]),
        line("story", 5, "train", &[file("theirs::raw", 1)], &[json!("model")]),
    ];
    in_any_order(&with_content, |story| {
        let input = first_input(story, "model");
        assert_eq!((input.bound, input.written_by), (Bound::Content, Some(id(1))));
        let stale = story.reader().trace("model", &TraceOptions::default()).unwrap().runs[0].run.stale.clone();
        assert_eq!(stale.iter().map(|stale| stale.run).collect::<Vec<_>>(), [Some(id(4))]);
    });
}

/// The run on a host.
fn on(host: &str, mut line: Value) -> Value {
    line["host"] = json!(host);
    line
}

#[test]
fn an_absolute_path_is_another_file_on_each_host() {
    let lines = [
        on("tower", line("story", 1, "ingest", &[], &[json!("/data/raw.csv")])),
        on("node", line("story", 2, "train", &[json!("/data/raw.csv")], &[json!("model")])),
        on("tower", line("theirs", 3, "train", &[json!("/data/raw.csv")], &[json!("other")])),
        on("node", line("story", 4, "ingest", &[], &[json!("/data/raw.csv")])),
        on("tower", line("story", 5, "score", &[json!("/data/raw.csv")], &[json!("scores")])),
        on("node", line("story", 6, "part", &[json!("/data/raw.csv/x")], &[json!("parts")])),
    ];
    in_any_order(&lines, |story| {
        let input = first_input(story, "model");
        assert_eq!((input.bound, input.written_by, input.changed_since), (Bound::UnknownWriter, None, None));
        let elsewhere: Vec<_> = input.elsewhere.iter().map(|other| (other.host.as_deref(), other.run)).collect();
        assert_eq!(elsewhere, [(Some("tower"), id(1))]);
        assert_eq!(downstream(story, 1), "ingest0 train1 score1", "of the same host, whichever project");
        assert_eq!(downstream(story, 4), "ingest0 part1");
        let stale = story.reader().trace("scores", &TraceOptions::default()).unwrap().runs[0].run.stale.clone();
        assert!(stale.is_empty(), "what another host wrote is not fresher: {stale:?}");
    });
}

#[test]
fn content_binds_between_hosts() {
    let lines = [
        on("tower", line("story", 1, "ingest", &[], &[file("/data/raw.csv", 1)])),
        on("node", line("story", 2, "train", &[file("/data/raw.csv", 1)], &[json!("model")])),
    ];
    in_any_order(&lines, |story| {
        let input = first_input(story, "model");
        assert_eq!((input.bound, input.written_by), (Bound::Content, Some(id(1))));
    });
}

#[test]
fn hosts_that_are_not_known_are_no_border_within_a_project() {
    let lines = [
        line("story", 1, "ingest", &[], &[json!("/data/raw.csv")]),
        on("node", line("story", 2, "train", &[json!("/data/raw.csv")], &[json!("model")])),
        on("node", line("theirs", 3, "train", &[json!("/data/raw.csv")], &[json!("other")])),
    ];
    in_any_order(&lines, |story| assert_eq!(downstream(story, 1), "ingest0 train1"));
}

#[test]
fn in_a_folder_that_hosts_share_a_path_is_one_file() {
    let lines = [
        on("tower", line("story", 1, "ingest", &[], &[json!("/mnt/data/raw.csv")])),
        on("node", line("story", 2, "train", &[json!("/mnt/data/raw.csv")], &[json!("model")])),
    ];
    in_any_order(&lines, |story| {
        assert_eq!(first_input(story, "model").bound, Bound::UnknownWriter);
        story.shares("/mnt/data");
        let input = first_input(story, "model");
        assert_eq!((input.bound, input.written_by), (Bound::Time, Some(id(1))));
    });
}
