//! `mltrace trace` as text and JSON.

use crate::env::{MODEL, TestEnv, runs};

#[test]
fn the_taxi_model_has_the_tree_of_the_talk() {
    insta::assert_snapshot!(TestEnv::taxi().done(&["trace", MODEL]), @r"
    train
    ├── s3://toy-applied-ml-pipeline/prod/training/models/20210501-171109.pkl
    ├── featuregen
    │   ├── s3://toy-applied-ml-pipeline/dev/features/2020_02/20210429-194419.pq
    │   └── cleaning
    │       ├── s3://toy-applied-ml-pipeline/dev/clean/2020_02/20210429-193240.pq
    │       └── s3://nyc-tlc/trip data/yellow_tripdata_2020-02.csv [unknown writer]
    └── train_dev
        ├── s3://toy-applied-ml-pipeline/dev/training/models/20210501-170716.pkl
        └── split_dev
            ├── s3://toy-applied-ml-pipeline/dev/training/files/test/20210501-170136.pq
            ├── s3://toy-applied-ml-pipeline/dev/training/files/train/20210501-165847.pq
            ├── featuregen
            │   ├── s3://toy-applied-ml-pipeline/dev/features/2020_01/20210429-194254.pq
            │   └── cleaning
            │       ├── s3://toy-applied-ml-pipeline/dev/clean/2020_01/20210429-192900.pq
            │       └── s3://nyc-tlc/trip data/yellow_tripdata_2020-01.csv [unknown writer]
            └── featuregen (*)
    ");
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
    insta::assert_snapshot!(told.join("\n"), @r"
    0 train 2021-05-02T12:07:26Z
    1 featuregen 2021-04-29T19:43:05Z
    1 train_dev 2021-05-01T17:02:30Z
    2 cleaning 2021-04-29T19:31:55Z
    2 split_dev 2021-05-01T16:58:10Z
    3 featuregen 2021-04-29T19:41:20Z
    4 cleaning 2021-04-29T19:28:10Z
    ");
}

#[test]
fn the_fields_of_a_run_are_promised() {
    let answer = TestEnv::taxi().json(&["trace", MODEL, "--depth", "0"]);
    insta::assert_json_snapshot!(answer["runs"][0], @r#"
    {
      "code": null,
      "component": "train",
      "depends_on": [
        "e63ec992-5732-522f-86cd-d2a81e06dd90",
        "fbc1324f-4ab1-5b5c-9b67-fd21da9a7739"
      ],
      "depth": 0,
      "description": "training",
      "duration_ms": 231000.0,
      "ended_at": "2021-05-02T12:11:17Z",
      "error": null,
      "git": {
        "branch": null,
        "commit": "08e52a7e3db401b3c4533005a4589303f5f41490",
        "dirty": null,
        "remote": null,
        "tags": []
      },
      "host": null,
      "id": "bc872aa6-abe1-57d4-8c78-9e986405d1cb",
      "inputs": [
        {
          "argument": null,
          "at": "2021-05-02T12:07:26Z",
          "bound": "time",
          "changed_since": null,
          "kind": "data",
          "name": "s3://toy-applied-ml-pipeline/dev/features/2020_02/20210429-194419.pq",
          "same_content_as": null,
          "version": "w:fbc1324f-4ab1-5b5c-9b67-fd21da9a7739",
          "written_by": "fbc1324f-4ab1-5b5c-9b67-fd21da9a7739"
        },
        {
          "argument": null,
          "at": "2021-05-02T12:07:26Z",
          "bound": "time",
          "changed_since": null,
          "kind": "model",
          "name": "s3://toy-applied-ml-pipeline/dev/training/models/20210501-170716.pkl",
          "same_content_as": null,
          "version": "w:e63ec992-5732-522f-86cd-d2a81e06dd90",
          "written_by": "e63ec992-5732-522f-86cd-d2a81e06dd90"
        }
      ],
      "last_seen": null,
      "notes": [],
      "outputs": [
        {
          "argument": null,
          "at": "2021-05-02T12:11:17Z",
          "kind": "model",
          "label": null,
          "name": "s3://toy-applied-ml-pipeline/prod/training/models/20210501-171109.pkl",
          "version": "w:bc872aa6-abe1-57d4-8c78-9e986405d1cb"
        }
      ],
      "owner": "shreya",
      "params": {},
      "parent": null,
      "project": "project",
      "stale": [],
      "started_at": "2021-05-02T12:07:26Z",
      "status": "completed",
      "tags": [
        "training"
      ],
      "user": null
    }
    "#);
}

#[test]
fn verbose_shows_ids_times_and_inputs_without_a_writer() {
    let env = TestEnv::taxi();
    insta::assert_snapshot!(env.done(&["-v", "trace", "s3://toy-applied-ml-pipeline/dev/features/2020_01/20210429-194254.pq"]), @r"
    featuregen  run 92fd7544, 2021-04-29 19:41:20, 1 min 35 s
    ├── s3://toy-applied-ml-pipeline/dev/features/2020_01/20210429-194254.pq  w:92fd7544
    └── cleaning  run f0bb2194, 2021-04-29 19:28:10, 52.0 s [s3://toy-applied-ml-pipeline/dev/clean/2020_01/20210429-192900.pq by time]
        ├── s3://toy-applied-ml-pipeline/dev/clean/2020_01/20210429-192900.pq  w:f0bb2194
        └── s3://nyc-tlc/trip data/yellow_tripdata_2020-01.csv [unknown writer]
    ");
}

#[test]
fn a_depth_limit_shows_that_something_is_left_out() {
    let env = TestEnv::taxi();
    let answer = env.call(&["trace", MODEL, "--depth", "1"]);
    insta::assert_snapshot!(answer.stdout, @r"
    train
    ├── s3://toy-applied-ml-pipeline/prod/training/models/20210501-171109.pkl
    ├── featuregen
    │   ├── s3://toy-applied-ml-pipeline/dev/features/2020_02/20210429-194419.pq
    │   └── …
    └── train_dev
        ├── s3://toy-applied-ml-pipeline/dev/training/models/20210501-170716.pkl
        └── …
    ");
    insta::assert_snapshot!(answer.stderr, @r"runs further up are left out: raise `--depth` to see them");
}

#[test]
fn an_artifact_that_was_only_read_names_its_readers() {
    let env = TestEnv::taxi();
    let raw = "s3://nyc-tlc/trip data/yellow_tripdata_2020-01.csv";
    insta::assert_snapshot!(env.done(&["trace", raw]), @r"
    no recorded run wrote `s3://nyc-tlc/trip data/yellow_tripdata_2020-01.csv`; read by cleaning (run f0bb2194)
    ");
    let answer = env.json(&["trace", raw]);
    assert_eq!((&answer["runs"], answer["read_by"].as_array().map(Vec::len)), (&serde_json::json!([]), Some(1)));
}

#[test]
fn an_unknown_artifact_comes_back_with_names_that_may_be_meant() {
    let env = TestEnv::with_lines(&runs(&["raw.csv -> train -> out/model.json"]));
    insta::assert_snapshot!(env.fails(1, &["trace", "out/modle.json"]), @r"
    error: no artifact is called `out/modle.json`
      did you mean `out/model.json`?
    hint: run `mltrace recent` to see what the last runs wrote, or `mltrace components` for the steps
    ");
    insta::assert_snapshot!(env.fails(1, &["trace", "something else"]), @r"
    error: no artifact is called `something else`
    hint: run `mltrace recent` to see what the last runs wrote, or `mltrace components` for the steps
    ");
}

#[test]
fn an_unknown_version_says_how_to_see_versions() {
    let env = TestEnv::with_lines(&runs(&["raw.csv -> train -> out/model.json"]));
    insta::assert_snapshot!(env.fails(1, &["trace", "out/model.json@b3:0000"]), @r"
    error: no version is called `out/model.json@b3:0000`
    hint: run `mltrace recent` to see what the last runs wrote, or leave out `@…` for the latest version
    ");
}

#[test]
fn nothing_recorded_is_said_with_a_way_to_start() {
    insta::assert_snapshot!(TestEnv::new().fails(1, &["trace", "model.json"]), @r"
    error: nothing has been recorded yet: there is no store at `[TEMP]/project/.mltrace/mltrace.db`
    hint: put `#[register]` on a function and run it, or run `mltrace run --component NAME -- COMMAND`
    ");
}

#[test]
fn as_of_traces_what_was_current_then() {
    let env = TestEnv::with_lines(&runs(&["a -> old -> m", "b -> new -> m"]));
    assert_eq!(env.done(&["trace", "m", "-q"]), "new\n└── m\n");
    assert_eq!(env.done(&["trace", "m", "--as-of", "2021-01-01 00:00:45"]), "old\n├── m\n└── a [unknown writer]\n");
}

#[test]
fn unusual_runs_and_labels_are_marked() {
    let mut lines = runs(&["raw -> clean -> clean.csv", "clean.csv -> train -> model.pkl"]);
    let content = format!("b3:{}", "0123456789abcdef".repeat(4));
    let failed = serde_json::json!({
        "component": "predict", "status": "failed", "error": "disk full", "inputs": ["model.pkl"],
        "outputs": [{"name": "p.csv", "version": content}, "q"],
        "started_at": "2021-01-01T10:00:00Z", "ended_at": "2021-01-01T10:00:01Z",
    });
    lines.push(failed.to_string());
    let env = TestEnv::with_lines(&lines);
    env.done(&["flag", "model.pkl"]);
    env.done(&["flag", "--ok", "clean.csv"]);
    insta::assert_snapshot!(env.done(&["trace", "p.csv"]), @r"
    predict [failed]
    ├── p.csv
    ├── q [not written]
    └── train
        ├── model.pkl [flagged]
        └── clean
            ├── clean.csv [ok]
            └── raw [unknown writer]
    ");
}

#[test]
fn a_long_chain_goes_on_at_the_left_margin() {
    let drawings: Vec<String> = (1..=45).map(|step| format!("f{} -> step{step} -> f{step}", step - 1)).collect();
    let env = TestEnv::with_lines(&runs(&drawings.iter().map(String::as_str).collect::<Vec<_>>()));
    let text = env.done(&["trace", "f45"]);
    let marks: Vec<&str> = text.lines().filter(|line| line.contains('[')).map(str::trim_start).collect();
    assert_eq!(
        marks,
        ["└── … continues at [1]", "[1] step25", "└── … continues at [2]", "[2] step5", "└── f0 [unknown writer]"]
    );
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

#[test]
fn verbose_shows_how_each_input_was_bound() {
    let version = |letter: &str| format!("b3:{}", letter.repeat(64));
    let file = |name: &str, letter: &str| serde_json::json!({"name": name, "version": version(letter), "size": 99});
    let declared = serde_json::json!({"name": "s3://b/registry", "version": "v:2021-05"});
    let line = |minute: usize, component: &str, inputs: &[serde_json::Value], outputs: &[serde_json::Value]| {
        let at = |second: usize| format!("2021-01-01T00:{minute:02}:{second:02}Z");
        serde_json::json!({"component": component, "inputs": inputs, "outputs": outputs, "started_at": at(0), "ended_at": at(9)})
            .to_string()
    };
    let env = TestEnv::with_lines(&[
        line(1, "clean", &[file("raw", "a")], &[file("rows", "b")]),
        line(2, "publish", &[], std::slice::from_ref(&declared)),
        line(3, "label", &[], &["s3://b/labels".into()]),
        line(4, "split", &[], &[file("parts", "c")]),
        line(
            5,
            "train",
            &[file("rows", "b"), declared, "s3://b/labels".into(), file("copied", "c")],
            &[file("m", "d")],
        ),
    ]);
    let ids = [(r"run [0-9a-f]{8}", "run [RUN]"), ("w:[0-9a-f]{8}", "w:[RUN]")];
    insta::with_settings!({filters => ids}, {
        insta::assert_snapshot!(env.done(&["-v", "trace", "m"]), @r"
        train  run [RUN], 2021-01-01 00:05:00, 9.0 s
        ├── m  b3:dddddddddddd
        ├── clean  run [RUN], 2021-01-01 00:01:00, 9.0 s [rows by content]
        │   ├── rows  b3:bbbbbbbbbbbb
        │   └── raw [unknown writer]
        ├── publish  run [RUN], 2021-01-01 00:02:00, 9.0 s [s3://b/registry by declaration]
        │   └── s3://b/registry  v:2021-05
        ├── label  run [RUN], 2021-01-01 00:03:00, 9.0 s [s3://b/labels by time]
        │   └── s3://b/labels  w:[RUN]
        └── split  run [RUN], 2021-01-01 00:04:00, 9.0 s [copied is a copy of parts]
            └── parts  b3:cccccccccccc
        ");
    });
    let dot = env.done(&["trace", "m", "--format", "dot"]);
    for label in ["by declaration", "by time", "copy", "unknown writer"] {
        assert!(dot.contains(&format!("label=\"{label}\"")), "{dot}");
    }
}

#[test]
fn an_output_that_was_never_left_names_the_run_that_claimed_it() {
    let env = TestEnv::new();
    env.call(&["run", "--component", "bad", "-o", "out/never.csv", "--", "false"]);
    let run = env.json(&["inspect", "latest"])["id"].as_str().unwrap()[28..].to_owned();
    let text = env.done(&["trace", "out/never.csv"]);
    assert!(text.ends_with(&format!("read by nobody\nrun {run} of `bad` failed and left no version\n")), "{text}");
    env.call(&[
        "run",
        "--component",
        "good",
        "-o",
        "out/never.csv",
        "--",
        "sh",
        "-c",
        "mkdir -p out; echo 1 > out/never.csv",
    ]);
    assert_eq!(env.done(&["trace", "out/never.csv"]), "good\n└── out/never.csv\n");
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf8_can_be_asked_for_as_it_was_recorded() {
    use std::os::unix::ffi::OsStrExt as _;
    let env = TestEnv::new();
    let name = std::ffi::OsStr::from_bytes(b"out/\xff\xfe.csv");
    std::fs::create_dir_all(env.project().join("out")).unwrap();
    if std::fs::write(env.project().join(name), "1").is_err() {
        return;
    }
    let logged = env.std_command(&["log", "--component", "c", "-o"]).arg(name).status().unwrap();
    assert!(logged.success());
    let called = |arguments: &[&str], name: &std::ffi::OsStr, folder: &str| {
        let output = env.std_command(arguments).arg(name).current_dir(env.project().join(folder)).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = called(&["trace"], name, "");
    assert_eq!(code, Some(0), "{text}");
    let inside = std::ffi::OsStr::from_bytes(b"\xff\xfe.csv");
    assert_eq!(called(&["trace"], inside, "out").1, text);
    let shown = text.lines().nth(1).unwrap().trim_start_matches("└── ").to_owned();
    assert_eq!(env.done(&["trace", &shown]), text);
    for command in ["impact", "verify", "flag", "unflag", "stale"] {
        assert_eq!(called(&[command], name, "").0, Some(0), "{command}");
    }
}

#[test]
fn times_in_errors_are_local_as_they_were_typed() {
    let env = TestEnv::taxi();
    let call = |arguments: &[&str]| {
        let output = env.std_command(arguments).env("TZ", "Asia/Tokyo").output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let text = call(&["trace", MODEL, "--as-of", "2001-02-03 04:05"]);
    assert!(text.contains("at 2001-02-03 04:05:00: it was first seen later"), "{text}");
    let text = call(&["log", "--component", "c", "--started", "2001-02-03 04:06", "--ended", "2001-02-03 04:05"]);
    assert!(text.contains("ends (2001-02-03 04:05:00) before it starts (2001-02-03 04:06:00)"), "{text}");
}

#[test]
fn a_run_that_reads_back_what_it_wrote_is_not_upstream_of_itself() {
    let env = TestEnv::new();
    let version = |letter: &str| format!("b3:{}", letter.repeat(64));
    let own = format!(r#"{{"name": "t.tmp", "version": "{}", "at": "2021-05-02T12:00:01Z"}}"#, version("a"));
    let last = format!(r#"{{"name": "final.txt", "version": "{}"}}"#, version("b"));
    let times = r#""started_at": "2021-05-02T12:00:00Z", "ended_at": "2021-05-02T12:00:03Z""#;
    let read = own.replace(":01Z", ":02Z");
    let run = format!(r#"{{"component": "save", {times}, "inputs": [{read}], "outputs": [{own}, {last}]}}"#);
    env.write("runs.ndjson", &run);
    env.done(&["import", "runs.ndjson"]);
    insta::assert_snapshot!(env.done(&["trace", "final.txt"]), @r"
    save
    ├── t.tmp
    └── final.txt
    ");
    let answer = env.json(&["trace", "final.txt"]);
    let run = &answer["runs"][0];
    assert_eq!((&run["inputs"][0]["written_by"], &run["inputs"][0]["bound"]), (&run["id"], &"content".into()));
    assert_eq!(run["depends_on"], serde_json::json!([]));
    let arrows = env.done(&["--format", "dot", "trace", "final.txt"]);
    assert_eq!(arrows.matches("->").count(), 2, "{arrows}");
}
