//! Lists of runs, components and tags, and one of each in full.

use crate::env::{TestEnv, runs};

#[test]
fn recent_shows_the_last_runs_first() {
    insta::assert_snapshot!(TestEnv::taxi().done(&["recent", "--limit", "3"]), @r"
    RUN       COMPONENT  STATUS     STARTED              TOOK        OUTPUTS
    6405d1cb  train      completed  2021-05-02 12:07:26  3 min 51 s  s3://toy-applied-ml-pipeline/prod/training/models/20210501-171109.pkl
    1e06dd90  train_dev  completed  2021-05-01 17:02:30  4 min 50 s  s3://toy-applied-ml-pipeline/dev/training/models/20210501-170716.pkl
    3157b7ae  split_dev  completed  2021-05-01 16:58:10  3 min 30 s  s3://toy-applied-ml-pipeline/dev/training/files/test/20210501-170136.pq +1
    ");
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
    insta::assert_snapshot!(env.fails(1, &["recent", "--component", "clean"]), @r"
    error: no component is called `clean`
      did you mean `cleaning`?
    hint: run `mltrace components` to see all components
    ");
    env.fails(2, &["recent", "--since", "tomorrow"]);
    env.fails(2, &["recent", "--status", "done"]);
}

#[test]
fn history_shows_what_tells_the_runs_of_a_component_apart() {
    let env = TestEnv::taxi();
    insta::assert_snapshot!(env.done(&["history", "featuregen"]), @r"
    RUN       STATUS     STARTED              TOOK        COMMIT  PARAMETERS  OUTPUTS
    da9a7739  completed  2021-04-29 19:43:05  1 min 15 s                      s3://toy-applied-ml-pipeline/dev/features/2020_02/20210429-194419.pq
    92fd7544  completed  2021-04-29 19:41:20  1 min 35 s                      s3://toy-applied-ml-pipeline/dev/features/2020_01/20210429-194254.pq
    ");
    insta::assert_snapshot!(env.fails(1, &["history", "featurgen"]), @r"
    error: no component is called `featurgen`
      did you mean `featuregen`?
    hint: run `mltrace components` to see all components
    ");
}

#[test]
fn inspect_shows_everything_of_a_run() {
    let env = TestEnv::taxi();
    insta::assert_snapshot!(env.done(&["inspect", "latest"]), @r"
    train  completed
      run          bc872aa6-abe1-57d4-8c78-9e986405d1cb
      project      project
      started      2021-05-02 12:07:26
      ended        2021-05-02 12:11:17
      took         3 min 51 s
      description  training
      owner        shreya
      tags         training
      commit       08e52a7e3db401b3c4533005a4589303f5f41490
      depends on   1e06dd90 da9a7739

    inputs
      s3://toy-applied-ml-pipeline/dev/features/2020_02/20210429-194419.pq  w:da9a7739, last written before by run da9a7739
      s3://toy-applied-ml-pipeline/dev/training/models/20210501-170716.pkl  w:1e06dd90, last written before by run 1e06dd90

    outputs
      s3://toy-applied-ml-pipeline/prod/training/models/20210501-171109.pkl  w:6405d1cb
    ");
    let id = env.json(&["inspect", "latest"])["id"].as_str().unwrap().to_owned();
    for part in [&id[..], &id[28..], &id[..13]] {
        assert_eq!(env.json(&["inspect", part])["id"], id.as_str(), "{part}");
    }
    insta::assert_snapshot!(env.fails(1, &["inspect", "ffffffff"]), @r"
    error: no run is called `ffffffff`
    hint: run `mltrace recent` to see the last runs
    ");
}

#[test]
fn components_and_tags_are_listed() {
    let env = TestEnv::taxi();
    insta::assert_snapshot!(env.done(&["components"]), @r"
    COMPONENT   RUNS  LAST RUN                       OWNER   TAGS      DESCRIPTION
    cleaning    2     2021-04-29 19:31:55 completed  shreya  etl
    featuregen  2     2021-04-29 19:43:05 completed  shreya  etl
    split_dev   1     2021-05-01 16:58:10 completed  shreya  training
    train       1     2021-05-02 12:07:26 completed  shreya  training  training
    train_dev   1     2021-05-01 17:02:30 completed  shreya  training
    ");
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
    insta::assert_snapshot!(env.call(&["recent"]).stderr, @r"
    nothing has been recorded yet: there is no store at `[TEMP]/project/.mltrace/mltrace.db`
    hint: put `#[register]` on a function and run it, or run `mltrace run --component NAME -- COMMAND`
    ");
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
    insta::assert_snapshot!(env.done(&["component", "train"]), @r"
    train
      description  fits the model
      owner        shreya
      tags         training
      runs         1
      last run     baf7de39 2021-01-01 00:00:00 completed
    ");
    env.done(&["component", "new", "--owner", "ada"]);
    assert_eq!(env.json(&["component", "new"])["runs"], 0);
    insta::assert_snapshot!(env.fails(1, &["component", "trian"]), @r"
    error: no component is called `trian`
      did you mean `train`?
    hint: run `mltrace components` to see all components
    ");
}
