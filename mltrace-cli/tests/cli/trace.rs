//! `mltrace trace` as text and JSON.

use crate::env::{MODEL, TestEnv, runs};

#[test]
fn the_taxi_model_has_the_tree_of_the_talk() {
    insta::assert_snapshot!(TestEnv::taxi().done(&["trace", MODEL]), @"");
}

#[test]
fn the_taxi_model_has_each_run_once_in_json() {
    let answer = TestEnv::taxi().json(&["trace", MODEL]);
    assert_eq!(answer["artifact"]["name"], MODEL);
    let told: Vec<String> = answer["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| {
            format!("{} {} {}", run["depth"], run["component"].as_str().unwrap(), run["started_at"].as_str().unwrap())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"");
}

#[test]
fn the_fields_of_a_run_are_promised() {
    let answer = TestEnv::taxi().json(&["trace", MODEL, "--depth", "0"]);
    insta::assert_json_snapshot!(answer["runs"][0], @"");
}

#[test]
fn verbose_shows_ids_times_and_inputs_without_a_writer() {
    let env = TestEnv::taxi();
    insta::assert_snapshot!(env.done(&["-v", "trace", "s3://toy-applied-ml-pipeline/dev/features/2020_01/20210429-194254.pq"]), @"");
}

#[test]
fn a_depth_limit_shows_that_something_is_left_out() {
    let env = TestEnv::taxi();
    let answer = env.call(&["trace", MODEL, "--depth", "1"]);
    insta::assert_snapshot!(answer.stdout, @"");
    insta::assert_snapshot!(answer.stderr, @"");
}

#[test]
fn an_artifact_that_was_only_read_names_its_readers() {
    let env = TestEnv::taxi();
    let raw = "s3://nyc-tlc/trip data/yellow_tripdata_2020-01.csv";
    insta::assert_snapshot!(env.done(&["trace", raw]), @"");
    let answer = env.json(&["trace", raw]);
    assert_eq!((&answer["runs"], answer["read_by"].as_array().map(Vec::len)), (&serde_json::json!([]), Some(1)));
}

#[test]
fn an_unknown_artifact_comes_back_with_names_that_may_be_meant() {
    let env = TestEnv::with_lines(&runs(&["raw.csv -> train -> out/model.json"]));
    insta::assert_snapshot!(env.fails(1, &["trace", "out/modle.json"]), @"");
    insta::assert_snapshot!(env.fails(1, &["trace", "something else"]), @"");
}

#[test]
fn an_unknown_version_says_how_to_see_versions() {
    let env = TestEnv::with_lines(&runs(&["raw.csv -> train -> out/model.json"]));
    insta::assert_snapshot!(env.fails(1, &["trace", "out/model.json@b3:0000"]), @"");
}

#[test]
fn nothing_recorded_is_said_with_a_way_to_start() {
    insta::assert_snapshot!(TestEnv::new().fails(1, &["trace", "model.json"]), @"");
}

#[test]
fn as_of_traces_what_was_current_then() {
    let env = TestEnv::with_lines(&runs(&["a -> old -> m", "b -> new -> m"]));
    assert_eq!(env.done(&["trace", "m"]), "new\n└── m\n");
    assert_eq!(env.done(&["trace", "m", "--as-of", "2021-01-01 00:00:45"]), "old\n└── m\n");
}

#[test]
fn unusual_runs_and_labels_are_marked() {
    let mut lines = runs(&["raw -> clean -> clean.csv", "clean.csv -> train -> model.pkl"]);
    lines.push(
        r#"{"component":"bad","status":"failed","error":"no","started_at":"2021-01-01T10:00:00Z","ended_at":"2021-01-01T10:00:01Z","inputs":["model.pkl"],"outputs":[{"name":"p.csv","version":"v:1"}]}"#
            .to_owned(),
    );
    let env = TestEnv::with_lines(&lines);
    env.done(&["flag", "model.pkl"]);
    env.done(&["flag", "--ok", "clean.csv"]);
    insta::assert_snapshot!(env.done(&["trace", "model.pkl"]), @"");
}

#[test]
fn a_long_chain_goes_on_at_the_left_margin() {
    let drawings: Vec<String> = (1..=45).map(|step| format!("f{} -> step{step} -> f{step}", step - 1)).collect();
    let env = TestEnv::with_lines(&runs(&drawings.iter().map(String::as_str).collect::<Vec<_>>()));
    let text = env.done(&["trace", "f45"]);
    let marks: Vec<&str> = text.lines().filter(|line| line.contains('[')).map(str::trim_start).collect();
    assert_eq!(marks, ["└── … continues at [1]", "[1] step25", "└── … continues at [2]", "[2] step5"]);
    assert_eq!(text.matches("── step").count(), 44);
}

#[test]
fn a_ladder_of_diamonds_shows_each_run_once() {
    let mut drawings = vec!["raw -> start -> a0 b0".to_owned()];
    for level in 1..=24 {
        drawings.push(format!("a{0} b{0} -> left{level} -> a{level}", level - 1));
        drawings.push(format!("a{0} b{0} -> right{level} -> b{level}", level - 1));
    }
    let env = TestEnv::with_lines(&runs(&drawings.iter().map(String::as_str).collect::<Vec<_>>()));
    let text = env.done(&["trace", "a24"]);
    let shown = text.lines().filter(|line| line.contains("left12") && !line.contains("(*)")).count();
    assert!(shown <= 2, "{text}");
    assert!(text.lines().count() < 49 * 6, "{}", text.lines().count());
}
