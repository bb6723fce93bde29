//! `mltrace gate`: whether a version may be used.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::TestEnv;

/// A run of `component` on a day of May 2021.
fn run(day: u32, component: &str, inputs: &Value, outputs: &Value, more: &Value) -> String {
    let mut line = json!({
        "id": format!("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a{day:02}"), "component": component, "inputs": inputs,
        "outputs": outputs, "started_at": format!("2021-05-{day:02}T12:00:00Z"),
        "ended_at": format!("2021-05-{day:02}T12:05:00Z"),
    });
    line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    line.to_string()
}

fn model(version: &str) -> Value {
    json!([{"name": "model", "version": format!("v:{version}")}])
}

/// Model `a` is in production, `b` is the candidate: each is trained, then evaluated.
fn trained(more: &Value) -> TestEnv {
    let auc = |value: &str| json!({"metrics": [{"name": "auc", "value": value}]});
    let env = TestEnv::with_lines(&[
        run(1, "train", &json!(["raw"]), &model("a"), &json!({})),
        run(2, "evaluate", &model("a"), &json!([]), &auc("0.91")),
        run(3, "train", &json!(["raw"]), &model("b"), more),
        run(4, "evaluate", &model("b"), &json!([]), &auc("0.90")),
    ]);
    env.done(&["alias", "production", "model@v:a"]);
    env
}

/// Returns the code and what does not hold, each with whether it is known.
fn asked(env: &TestEnv, words: &[&str]) -> (i32, Vec<(bool, String)>) {
    let answer = env.call(&[&["--format", "json", "gate", "model"], words].concat());
    let told: Value = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{}", answer.stderr));
    assert_eq!(told["passes"], answer.code == 0);
    let wrong = told["requirements"].as_array().unwrap().iter().filter(|required| required["holds"] != true);
    let wrong = wrong.map(|required| (!required["holds"].is_null(), required["message"].as_str().unwrap().to_owned()));
    (answer.code, wrong.collect())
}

fn wrong(message: &str) -> (i32, Vec<(bool, String)>) {
    (1, vec![(true, message.to_owned())])
}

fn unknown(message: &str) -> (i32, Vec<(bool, String)>) {
    (1, vec![(false, message.to_owned())])
}

fn passes() -> (i32, Vec<(bool, String)>) {
    (0, Vec::new())
}

#[test]
fn a_version_passes_with_what_was_looked_at_or_fails_with_the_reasons() {
    let env = trained(&json!({"checks": [{"name": "no nulls", "outcome": "passed"}]}));
    let all = ["gate", "model", "--metric", "auc", ">= .9", "--unflagged", "--checks", "--fresh", "2021-05-01"];
    assert_snapshot!(env.done(&all), @r"
    model@v:b passes
      ok       run 5c0b8a03 of `train`, which wrote it, completed  run 5c0b8a03
      ok       `auc` = 0.90 is >= .9  run 5c0b8a04
      ok       it was written at 2021-05-03T12:05:00Z
      ok       neither it is flagged, nor anything that it was made from
      ok       `no nulls` passed  run 5c0b8a03
    ");
    env.done(&["flag", "model", "--reason", "all fives"]);
    let words = [&all[..], &["--metric", "f1", "> 0.5", "--metric", "auc", "> 0.9"]].concat();
    let answer = env.call(&words);
    assert_eq!(answer.code, 1);
    assert_snapshot!(answer.stdout, @r"
    model@v:b does not pass
      unknown  nobody measured `f1` of it
      wrong    `auc` = 0.90 is not > 0.9  run 5c0b8a04
      wrong    it is flagged by tester: all fives
      ok       run 5c0b8a03 of `train`, which wrote it, completed  run 5c0b8a03
      ok       `auc` = 0.90 is >= .9  run 5c0b8a04
      ok       it was written at 2021-05-03T12:05:00Z
      ok       `no nulls` passed  run 5c0b8a03
    ");
}

#[test]
fn a_version_is_compared_with_a_baseline() {
    let env = trained(&json!({}));
    let worse = wrong("`auc` = 0.90 is worse than 0.91 of `production`");
    assert_eq!(asked(&env, &["--metric", "auc", ">= .5", "--not-worse-than", "production"]), worse);
    assert_eq!(asked(&env, &["--metric", "auc", "higher", "--not-worse-than", "production"]), worse);
    assert_eq!(asked(&env, &["--metric", "auc", "higher", "--not-worse-than", "@production"]).0, 1);
    assert_eq!(asked(&env, &["--metric", "auc", "lower", "--not-worse-than", "production"]), passes());
    let tolerated = |amount: &str| {
        asked(&env, &["--metric", "auc", "higher", "--not-worse-than", "production", "--tolerance", amount]).0
    };
    assert_eq!([tolerated("0.02"), tolerated("2%"), tolerated("0.009"), tolerated("0.5%")], [0, 0, 1, 1]);
    let shared = ["--metric", "auc", "higher", "--not-worse-than", "production", "--tolerance", "3.3%"];
    let said = env.done(&[&["gate", "model"], &shared[..]].concat());
    assert!(said.contains("not worse than 0.91 of `production`, by 0.03003 at most"), "{said}");
    env.done(&["alias", "production", "model@v:b"]);
    assert_eq!(
        asked(&env, &["--metric", "auc", "higher", "--not-worse-than", "production"]),
        passes(),
        "it is its own"
    );
}

#[test]
fn what_is_not_known_does_not_pass() {
    // Of a run that failed, what has a content is a version.
    let content = json!([{"name": "model", "version": format!("b3:{}", "0".repeat(64))}]);
    let env = TestEnv::with_lines(&[run(3, "train", &json!([]), &content, &json!({"status": "failed"}))]);
    let failed = "run 5c0b8a03 of `train`, which wrote it, failed";
    assert_eq!(asked(&env, &["--fresh", "2021-05-01"]), wrong(failed));
    let env = trained(&json!({}));
    assert_eq!(asked(&env, &["--checks"]), unknown("nobody checked it"));
    assert_eq!(
        asked(&env, &["--metric", "auc", ">= 0", "--not-worse-than", "live"]),
        unknown("no alias is called `live`: there is nothing to compare with")
    );
    let first = ["--metric", "auc", ">= 0", "--not-worse-than", "live", "--or-first"];
    assert_eq!(asked(&env, &first), passes());
    env.done(&["log", "--component", "other", "-o", "thing", "-q"]);
    assert_eq!(
        asked(&env, &["--metric", "auc", ">= 0", "--not-worse-than", "thing"]),
        unknown("nobody measured `auc` of `thing`")
    );
    assert_eq!(
        asked(&env, &["--fresh", "2021-05-04"]),
        wrong("it was written at 2021-05-03T12:05:00Z, before 2021-05-04T00:00:00Z")
    );
    let nan = trained(&json!({"metrics": [{"name": "loss", "value": "NaN"}]}));
    assert_eq!(asked(&nan, &["--metric", "loss", "< 1"]), wrong("`loss` = NaN is not < 1"));
}

#[test]
fn a_metric_is_of_the_version_that_it_was_measured_of() {
    let env =
        trained(&json!({"metrics": [{"name": "auc", "value": 0.99}, {"name": "rows", "value": 3, "about": "raw"}]}));
    let auc = ["--metric", "auc", "= 0.99", "--unflagged"];
    assert_eq!(asked(&env, &auc), passes(), "what its writer measured goes before what its readers did");
    assert_eq!(
        asked(&env, &["--metric", "rows", "> 0"]),
        unknown("nobody measured `rows` of it"),
        "of another artifact"
    );
    let named = json!({"metrics": [{"name": "auc", "value": 0.5, "about": "model"}]});
    let lines = [run(5, "evaluate", &model("b"), &json!([]), &named)];
    env.call_with_input(&["import", "-"], &lines.concat());
    assert_eq!(asked(&env, &auc), wrong("`auc` = 0.5 is not = 0.99"), "what is said by name goes before both");
    // Written over: what was measured of the one is not said of the other.
    env.call_with_input(&["import", "-"], &run(6, "train", &json!(["raw"]), &model("c"), &json!({})));
    assert_eq!(asked(&env, &["--metric", "auc", "> 0"]), unknown("nobody measured `auc` of it"));
}

#[test]
fn who_read_several_versions_measured_none_of_them() {
    let env = trained(&json!({}));
    let both = json!([{"name": "model", "version": "v:a"}, {"name": "model", "version": "v:b"}]);
    let measured = json!({"metrics": [{"name": "f1", "value": 0.7}]});
    env.call_with_input(&["import", "-"], &run(5, "compare", &both, &json!([]), &measured));
    let which = "of which version run 5c0b8a05 of `compare` measured `f1` is not said: it read several";
    assert_eq!(asked(&env, &["--metric", "f1", "> 0"]), unknown(which));
}

#[test]
fn checks_that_only_warn_keep_nothing_from_passing() {
    let check = |outcome: &str, severity: &str| json!({"checks": [{"name": "whole", "outcome": outcome, "severity": severity}]});
    assert_eq!(asked(&trained(&check("failed", "warn")), &["--checks"]), passes());
    let shown = trained(&check("failed", "warn")).done(&["gate", "model", "--checks"]);
    assert!(shown.contains("ok       `whole` failed (warning)  run"), "{shown}");
    assert_eq!(asked(&trained(&check("failed", "error")), &["--checks"]), wrong("`whole` failed"));
    assert_eq!(asked(&trained(&check("errored", "error")), &["--checks"]), unknown("`whole` errored"));
}

#[test]
fn of_a_check_that_was_made_again_the_last_outcome_counts() {
    let check = |day: u32, outcome: &str| {
        let at = format!("2021-05-{day:02}T12:00:00Z");
        json!({"checks": [{"name": "fair", "outcome": outcome, "about": "model", "at": at}]})
    };
    let env = trained(&json!({}));
    let evaluate = |day: u32, outcome: &str| {
        env.call_with_input(&["import", "-"], &run(day, "evaluate", &model("b"), &json!([]), &check(day, outcome)));
    };
    evaluate(5, "failed");
    assert_eq!(asked(&env, &["--checks"]), wrong("`fair` failed"));
    evaluate(6, "passed");
    assert_eq!(asked(&env, &["--checks"]), passes());
}

#[test]
fn what_is_not_looked_at_is_said() {
    let env = trained(&json!({}));
    let line = |number: u32, name: &str| {
        json!({
            "component": "predict", "inputs": model("b"), "started_at": format!("2021-06-{:02}T00:{:02}:00Z", 1 + number / 60, number % 60),
            "ended_at": "2021-07-01T00:00:00Z", "metrics": [{"name": name, "value": number, "about": "features"}],
        })
        .to_string()
    };
    let lines: Vec<String> = (0..501).map(|number| line(number, "auc")).collect();
    env.call_with_input(&["import", "-"], &lines.join("\n"));
    let cut = "none of the last 500 runs that read it measured its `auc`; others were not looked at";
    assert_eq!(asked(&env, &["--metric", "auc", "> 0"]), unknown(cut), "the evaluation is older");
    assert_eq!(
        asked(&env, &["--metric", "f1", "> 0"]),
        unknown("nobody measured `f1` of it"),
        "others measured no `f1`"
    );
}

#[test]
fn what_is_flagged_upstream_stands_against_it() {
    let env = trained(&json!({}));
    assert_eq!(asked(&env, &["--unflagged"]), passes());
    env.done(&["flag", "raw", "--reason", "cut"]);
    assert_eq!(asked(&env, &["--unflagged"]), wrong("it was made from `raw`, which is flagged by tester: cut"));
}

#[test]
fn a_gate_that_asks_nothing_or_cannot_ask_is_wrong_usage() {
    let env = trained(&json!({}));
    for words in [
        &[][..],
        &["--not-worse-than", "production"],
        &["--metric", "auc", "higher"],
        &["--metric", "auc", "0.9"],
        &["--metric", "auc", "= 0.9", "--not-worse-than", "production"],
        &["--or-first", "--unflagged"],
        &["--metric", "auc", "> 0", "--not-worse-than", "production", "--tolerance", "-1"],
    ] {
        assert_eq!(env.call(&[&["gate", "model"], words].concat()).code, 2, "{words:?}");
    }
    assert!(env.fails(1, &["gate", "modle", "--unflagged"]).contains("did you mean `model`?"));
}

#[test]
fn what_lies_on_the_disk_has_to_be_the_version_that_passes() {
    let env = TestEnv::new();
    let ran = ["run", "--component", "train", "-o", "m", "--metric", "auc=0.9", "--", "sh", "-c", "echo 1 > m"];
    env.done(&ran);
    env.done(&["alias", "production", "m"]);
    let asked = |name: &str| {
        let answer = env.call(&["-q", "--format", "json", "gate", name, "--metric", "auc", ">= .5"]);
        let told: Value = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{}", answer.stderr));
        assert_eq!(told["passes"], answer.code == 0);
        let disk = told["requirements"].as_array().unwrap().iter().find(|required| required["kind"] == "disk");
        (answer.code, disk.map(|disk| disk["holds"].clone()))
    };
    assert_eq!(asked("m"), (0, Some(json!(true))));
    env.write("m", "3\n");
    assert_eq!(asked("m"), (1, Some(json!(false))));
    let shown = env.call(&["-q", "gate", "m", "--metric", "auc", ">= .5"]);
    let wrong = "  wrong    this disk holds something else: b3:";
    assert!(shown.code == 1 && shown.stdout.contains(wrong), "{}", shown.stdout);
    for recorded in ["m@latest", "@production", "m@production"] {
        assert_eq!(asked(recorded), (0, None), "{recorded}");
    }
    std::fs::remove_file(env.project().join("m")).unwrap();
    assert_eq!(asked("m"), (0, None), "nothing lies there that could be taken for it");
    // Nobody knows what was written here.
    env.done(&["log", "--component", "train", "-o", "n", "--metric", "auc=0.9", "-q"]);
    assert_eq!(asked("n"), (0, None));
    env.write("n", "1");
    assert_eq!(asked("n"), (1, Some(Value::Null)));
}

#[test]
fn an_output_of_a_task_is_as_old_as_it_was_put_out() {
    let env = trained(&json!({}));
    env.done(&["log-output", "fare", "17", "12.5"]);
    env.done(&["log-output", "fare", "18", "12.5", "--at", "2021-05-02"]);
    let fresh = env.call(&["gate", "fare:17", "--fresh", "1d"]);
    assert_eq!((fresh.code, fresh.stdout.contains("it was written at")), (0, true), "{}", fresh.stdout);
    let old = env.call(&["gate", "fare:18", "--fresh", "1d"]);
    assert_eq!(old.code, 1);
    assert!(old.stdout.contains("it was written at 2021-05-02T00:00:00Z, before"), "{}", old.stdout);
    let nothing = env.fails(1, &["gate", "fare:19", "--fresh", "1d"]);
    assert!(nothing.contains("no artifact is called `fare:19`"), "{nothing}");
}
