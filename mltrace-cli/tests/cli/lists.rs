//! Lists of runs, components and tags, and one of each in full.

use crate::env::{TestEnv, runs};

#[test]
fn recent_shows_the_last_runs_first() {
    insta::assert_snapshot!(TestEnv::taxi().done(&["recent", "--limit", "3"]), @"");
}

#[test]
fn recent_keeps_to_its_filters() {
    let env = TestEnv::taxi();
    let count = |arguments: &[&str]| env.json(arguments)["runs"].as_array().unwrap().len();
    assert_eq!(count(&["recent"]), 7);
    assert_eq!(count(&["recent", "--component", "cleaning"]), 2);
    assert_eq!(count(&["recent", "--status", "failed"]), 0);
    assert_eq!(count(&["recent", "--since", "2021-05-01"]), 3);
    assert_eq!(env.done(&["recent", "--status", "failed"]), "no runs\n");
    insta::assert_snapshot!(env.fails(1, &["recent", "--component", "clean"]), @"");
    env.fails(2, &["recent", "--since", "yesterday"]);
    env.fails(2, &["recent", "--status", "done"]);
}

#[test]
fn history_shows_what_tells_the_runs_of_a_component_apart() {
    let env = TestEnv::taxi();
    insta::assert_snapshot!(env.done(&["history", "featuregen"]), @"");
    insta::assert_snapshot!(env.fails(1, &["history", "featurgen"]), @"");
}

#[test]
fn inspect_shows_everything_of_a_run() {
    let env = TestEnv::taxi();
    insta::assert_snapshot!(env.done(&["inspect", "latest"]), @"");
    let id = env.json(&["inspect", "latest"])["id"].as_str().unwrap().to_owned();
    for part in [&id[..], &id[28..], &id[..13]] {
        assert_eq!(env.json(&["inspect", part])["id"], id.as_str(), "{part}");
    }
    insta::assert_snapshot!(env.fails(1, &["inspect", "ffffffff"]), @"");
}

#[test]
fn components_and_tags_are_listed() {
    let env = TestEnv::taxi();
    insta::assert_snapshot!(env.done(&["components"]), @"");
    assert_eq!(env.done(&["tags"]), "etl\ntraining\n");
    assert_eq!(env.json(&["tags"]), serde_json::json!({"tags": ["etl", "training"]}));
    let names = |arguments: &[&str]| {
        let answer = env.json(arguments);
        let components = answer["components"].as_array().unwrap().iter();
        components.map(|component| component["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["components", "--tag", "etl"]), ["cleaning", "featuregen"]);
    assert_eq!(names(&["components", "--owner", "nobody"]), Vec::<String>::new());
}

#[test]
fn an_empty_project_has_empty_lists_and_a_hint() {
    let env = TestEnv::new();
    for (command, field) in [("recent", "runs"), ("components", "components"), ("tags", "tags"), ("review", "flagged")]
    {
        assert_eq!(env.json(&[command])[field], serde_json::json!([]), "{command}");
    }
    insta::assert_snapshot!(env.call(&["recent"]).stderr, @"");
    assert_eq!(env.call(&["-q", "recent"]).stderr, "");
    env.fails(1, &["history", "train"]);
    env.fails(1, &["inspect", "latest"]);
    env.fails(1, &["component", "train"]);
    assert!(!env.project().join(".mltrace/mltrace.db").exists(), "a question made a store");
}

#[test]
fn a_component_is_declared_and_amended() {
    let env = TestEnv::with_lines(&runs(&["a -> train -> b"]));
    env.done(&["component", "train", "--owner", "shreya", "--tag", "training", "--tag", "slow"]);
    env.done(&["component", "train", "--description", "fits the model", "--untag", "slow"]);
    insta::assert_snapshot!(env.done(&["component", "train"]), @"");
    env.done(&["component", "new", "--owner", "ada"]);
    assert_eq!(env.json(&["component", "new"])["runs"], 0);
    insta::assert_snapshot!(env.fails(1, &["component", "trian"]), @"");
}
