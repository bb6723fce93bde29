//! What becomes of an output that is declared: written, missing, left as it was, or nobody knows.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::links::{run, upstream};

/// Returns an output of the last run.
fn output(env: &TestEnv, place: usize) -> Value {
    env.json(&["inspect", "latest"])["outputs"][place].clone()
}

/// Returns once a file that was written before is older than the clock of a file system is coarse.
fn be_later() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(25) {
        std::thread::yield_now();
    }
}

#[test]
fn an_output_that_looks_like_a_file_and_is_not_there_is_missing() {
    // What looks like a file, and how it is given.
    for (option, name, mark) in [
        ("-o", "model.bin", json!("missing")),
        ("-o", "out/model", json!("missing")),
        ("-o", "./model", json!("missing")),
        ("-o", "file:/nowhere/model", json!("missing")),
        ("-o", "preds.parquet", json!("missing")),
        ("-o", "prediction-17", Value::Null),
        ("-o", "table:rides", Value::Null),
        ("-o", "v1.2", Value::Null),
        ("-o", "s3://b/model.bin", Value::Null),
        ("--out-id", "model.bin", Value::Null),
        ("--out-id", "schema/table.sql", Value::Null),
    ] {
        let env = TestEnv::new();
        let answer = env.call(&["run", "--component", "train", option, name, "--", "true"]);
        assert_eq!(answer.code, 0);
        assert_eq!(answer.stderr.contains("recorded as missing"), mark == "missing", "{name}: {}", answer.stderr);
        let output = output(&env, 0);
        assert_eq!(output["mark"], mark, "{name}");
        assert_eq!(output["version"].is_null(), mark == "missing", "{name}: {output}");
        let verified = env.call(&["verify"]);
        assert_eq!(verified.code, i32::from(mark == "missing"), "{name}: {}", verified.stdout);
        if mark == "missing" {
            let asked = output["name"].as_str().unwrap();
            let text = env.done(&["trace", asked]);
            assert!(text.contains("was to write it, and it was not there at the end of the run"), "{text}");
            assert!(verified.stdout.contains("was to write it"), "{}", verified.stdout);
        }
    }
}

#[test]
fn what_is_missing_is_never_the_latest() {
    let env = TestEnv::new();
    run(&env, "train", &["-o", "model.bin"], "seq 100 > model.bin");
    env.call(&["run", "--component", "broken", "-o", "model.bin", "--", "rm", "model.bin"]);
    env.write("model.bin", "");
    run(&env, "restore", &["-o", "copy.bin"], "seq 100 > model.bin; cp model.bin copy.bin");
    run(&env, "predict", &["-i", "model.bin", "-o", "pred"], "echo 1 > pred");
    assert_eq!(upstream(&env, "pred"), ["predict", "train"]);
    assert!(env.done(&["trace", "model.bin"]).contains("broken"));
    // What a run was given after the fact may lie elsewhere by now.
    env.done(&["log", "--component", "elsewhere", "-o", "other.bin"]);
    assert_eq!(output(&env, 0)["mark"], Value::Null);
}

#[test]
fn a_step_that_changed_nothing_is_no_author() {
    for (name, first, again, is_unchanged) in [
        ("model.bin", "seq 100 > model.bin", "true", true),
        ("model.bin", "seq 100 > model.bin", "cat model.bin", true),
        // The same bytes written anew are a write.
        ("model.bin", "seq 100 > model.bin", "seq 100 > model.bin", false),
        ("model.bin", "seq 100 > model.bin", "touch model.bin", false),
        ("model.bin", "seq 100 > model.bin", "seq 101 > model.bin", false),
        ("model.bin", "seq 100 > model.bin", "seq 100 > new; mv new model.bin", false),
        ("out", "mkdir -p out; seq 100 > out/a", "ls out", true),
        ("out", "mkdir -p out; seq 100 > out/a", "seq 100 > out/a", false),
        ("out", "mkdir -p out; seq 100 > out/a", "rm out/a; seq 100 > out/a", false),
        ("link", "seq 100 > real; ln -s real link", "true", true),
        ("link", "seq 100 > real; ln -s real link", "seq 100 > link", false),
    ] {
        let env = TestEnv::new();
        run(&env, "first", &["-o", name], first);
        be_later();
        run(&env, "again", &["-o", name], again);
        let case = format!("{name}: {first}; {again}");
        let output = output(&env, 0);
        assert_eq!(output["mark"] == "unchanged", is_unchanged, "{case}: {output}");
        assert!(output["version"].as_str().unwrap().starts_with("b3:"), "{case}");
        run(&env, "read", &["-i", name, "-o", "pred"], "date +%N > pred");
        let writer = if is_unchanged { "first" } else { "again" };
        assert_eq!(upstream(&env, "pred"), ["read", writer], "{case}");
        assert_eq!(upstream(&env, name), [writer], "{case}");
        let text = env.done(&["trace", name]);
        assert_eq!(text.contains("left it as it was"), is_unchanged, "{case}: {text}");
        assert_eq!(env.call(&["verify"]).code, 0, "{case}");
    }
}

#[test]
fn marks_survive_an_export() {
    let env = TestEnv::new();
    run(&env, "first", &["-o", "model.bin"], "seq 100 > model.bin");
    be_later();
    run(&env, "again", &["-o", "model.bin", "-o", "report.html"], "true");
    let lines = env.done(&["export"]);
    let other = TestEnv::new();
    assert_eq!(other.call_with_input(&["import", "-"], &lines).code, 0);
    assert_eq!(other.done(&["export"]), lines);
    let marks = |env: &TestEnv| [output(env, 0)["mark"].clone(), output(env, 1)["mark"].clone()];
    assert_eq!(marks(&env), [json!("unchanged"), json!("missing")]);
    assert_eq!(marks(&other), marks(&env));
    assert_eq!(upstream(&other, "model.bin"), ["first"]);
}

#[test]
fn the_outputs_of_a_run_that_was_killed_are_maybe_written() {
    let env = TestEnv::new();
    let arguments = ["run", "--component", "train", "-o", "model.bin", "s3://b/m", "--", "sh", "-c"];
    let shell = "seq 100 > model.bin; echo ready; cat";
    let mut command = env.std_command(&[&arguments[..], &[shell]].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let running = output(&env, 0);
    assert_eq!(running["mark"], "maybe");
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = env.json(&["inspect", "latest"]);
    assert_eq!(killed["status"], "died");
    for output in killed["outputs"].as_array().unwrap() {
        assert_eq!((&output["mark"], &output["version"]), (&json!("maybe"), &Value::Null));
    }
    let text = env.done(&["trace", "model.bin"]);
    assert!(text.contains("may have written it"), "{text}");
    // What was written before is still what is current.
    let done = TestEnv::new();
    done.done(&["run", "--component", "train", "-o", "model.bin", "--", "sh", "-c", "seq 100 > model.bin"]);
    assert_eq!(output(&done, 0)["mark"], Value::Null);
    run(&done, "read", &["-i", "model.bin", "-o", "pred"], "echo 1 > pred");
    let reader = done.json(&["inspect", "latest"]);
    assert_eq!((&reader["inputs"][0]["bound"], &reader["outputs"][0]["argument"]), (&json!("content"), &Value::Null));
    assert_eq!(upstream(&done, "pred"), ["read", "train"]);
}

#[test]
fn patterns_that_the_shell_left_are_expanded() {
    for (given, made, expected) in [
        ("out/*.csv", "seq 100 > out/a.csv; seq 200 > out/b.csv; seq 3 > out/c.txt", vec!["out/a.csv", "out/b.csv"]),
        ("out/**/*.csv", "mkdir out/d; seq 100 > out/d/a.csv; seq 9 > out/b.csv", vec!["out/b.csv", "out/d/a.csv"]),
        ("out/part-?", "seq 100 > out/part-1; seq 9 > out/part-10", vec!["out/part-1"]),
        ("out/[ab]", "seq 100 > out/a; seq 9 > out/c", vec!["out/a"]),
        ("out/x*y", "seq 100 > 'out/x*y'; seq 100 > out/xzy", vec!["out/x*y", "out/xzy"]),
        ("out/*.csv", "true", vec![]),
    ] {
        let env = TestEnv::new();
        std::fs::create_dir(env.project().join("out")).unwrap();
        let answer = env.call(&["run", "--component", "make", "-o", given, "--", "sh", "-c", made]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert_eq!(answer.stderr.contains("nothing is there"), expected.is_empty(), "{given}: {}", answer.stderr);
        let names = |edges: &Value| -> Vec<String> {
            edges.as_array().unwrap().iter().map(|edge| edge["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&env.json(&["inspect", "latest"])["outputs"]), expected, "{given}");
        let answer =
            env.call(&["run", "--component", "read", "-i", given, "-o", "sum", "--", "sh", "-c", "echo 1 > sum"]);
        assert_eq!(answer.code, if expected.is_empty() { 2 } else { 0 }, "{given}: {}", answer.stderr);
        assert_eq!(env.project().join("sum").exists(), !expected.is_empty(), "an error comes before the command");
        let logged = env.call(&["log", "--component", "read", "-i", given]);
        assert_eq!(logged.code, answer.code, "{given}");
        if !expected.is_empty() && given != "out/x*y" {
            assert_eq!(names(&env.json(&["inspect", "latest"])["inputs"]), expected, "{given}");
            assert_eq!(upstream(&env, "sum"), ["read", "make"], "{given}");
        }
    }
}

#[test]
fn what_a_pattern_meant_before_the_run_and_stands_as_it_was_is_no_write() {
    let env = TestEnv::new();
    run(&env, "first", &["-o", "out/*.csv"], "mkdir out; seq 100 > out/a.csv");
    be_later();
    run(&env, "second", &["-o", "out/*.csv"], "seq 200 > out/b.csv");
    assert_eq!([output(&env, 0)["mark"].clone(), output(&env, 1)["mark"].clone()], [json!("unchanged"), Value::Null]);
    assert_eq!([upstream(&env, "out/a.csv"), upstream(&env, "out/b.csv")], [["first"], ["second"]]);
}

#[test]
fn what_is_maybe_written_is_known_once_the_run_has_ended() {
    let env = TestEnv::new();
    let shell = "seq 100 > model.bin; echo ready; cat";
    let arguments = ["run", "--component", "train", "-o", "model.bin", "gone.bin", "s3://b/m", "--", "sh", "-c", shell];
    let mut child = env.std_command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    let marks = || [0, 1, 2].map(|place| output(&env, place)["mark"].clone());
    assert_eq!(marks(), [json!("maybe"), json!("maybe"), json!("maybe")]);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(marks(), [Value::Null, json!("missing"), Value::Null]);
    run(&env, "read", &["-i", "model.bin", "s3://b/m", "-o", "pred"], "echo 1 > pred");
    let bounds = env.json(&["inspect", "latest"])["inputs"].clone();
    assert_eq!([&bounds[0]["bound"], &bounds[1]["bound"]], ["content", "time"]);
}

#[test]
fn marks_are_no_contradiction() {
    let env = TestEnv::new();
    run(&env, "first", &["-o", "model.bin"], "seq 100 > model.bin");
    be_later();
    run(&env, "again", &["-o", "model.bin", "-o", "report.html"], "true");
    let answer = env.call(&["doctor", "--full"]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
}
