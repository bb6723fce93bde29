//! Metrics and checks: from every door to every answer.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::TestEnv;

/// Three trainings, of which the last one is bad; the numbers come from options, a file and an import.
fn trained() -> TestEnv {
    let env = TestEnv::new();
    env.done(&["log", "--component", "train", "-o", "m1", "--metric", "rmse=0.70", "--check", "enough rows=passed"]);
    let made = r#"echo '{"test": {"rmse": 0.64, "name": "wine"}, "rows": 900, "auc": "NaN"}' > m.json"#;
    let words = ["run", "--component", "train", "-o", "m2", "--metrics-from", "m.json", "--metric", "rmse=0.6"];
    env.done(&[&words[..], &["--", "sh", "-c", made]].concat());
    let line = json!({
        "id": "0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a11", "component": "train", "started_at": "2021-05-02T12:00:00Z",
        "ended_at": "2021-05-02T12:05:00Z", "outputs": ["m0"],
        "metrics": [{"name": "loss", "value": 3.10, "step": 1}, {"name": "loss", "value": 12345, "step": 2},
                    {"name": "rows", "value": 12, "about": "raw.csv"}],
        "checks": [{"name": "no nulls", "outcome": "failed", "message": "7 nulls in `fare`", "severity": "warn"},
                   {"name": "enough rows", "outcome": "errored"}],
    });
    let line = line.to_string().replace("3.1,", "3.10,").replace("3.1}", "3.10}").replace("12345", "1e400");
    env.call_with_input(&["import", "-"], &line);
    env
}

#[test]
fn what_was_measured_is_shown_run_by_run() {
    let env = trained();
    assert_snapshot!(env.done(&["metrics"]), @r"
    COMPONENT  METRIC           LAST   BEFORE  RUNS  TREND
    train      auc              NaN            1
    train      loss             1e400          1
    train      rmse             0.6    0.70    2     █▁
    train      rows             900            1     ▅
    train      rows of raw.csv  12             1     ▅
    train      test.rmse        0.64           1     ▅
    ");
    let all = env.json(&["metrics", "train", "--name", "rmse"]);
    let values: Vec<_> =
        all["metrics"][0]["values"].as_array().unwrap().iter().map(|value| value["value"].clone()).collect();
    assert_eq!(values, [json!("0.70"), json!(0.6)]);
    let checks = env.done(&["checks", "train", "--limit", "1"]);
    assert!(checks.contains("enough rows  passed") && checks.ends_with("`--limit N` shows more\n"), "{checks}");
    assert_eq!(env.json(&["checks", "--failed"])["checks"].as_array().unwrap().len(), 2);
    let failed = env.done(&["checks", "--failed"]);
    assert!(failed.contains("no nulls     failed (warning)  20"), "{failed}");
}

#[test]
fn a_run_shows_its_own() {
    let env = trained();
    let text = env.done(&["inspect", "0195e2a1"]);
    let from = text.find("metrics").unwrap();
    assert_snapshot!(text[from..].to_owned(), @r"
    metrics
      loss = 1e400, at step 2, the last of 2 values
      rows of raw.csv = 12

    checks
      enough rows errored
      no nulls failed (warning): 7 nulls in `fare`
    ");
}

#[test]
fn they_survive_export_and_import_byte_for_byte() {
    let env = trained();
    let export = env.done(&["export"]);
    let other = TestEnv::new();
    assert_eq!(other.call_with_input(&["import", "-"], &export).code, 0);
    assert_eq!(other.done(&["export"]), export);
    assert!(export.contains(r#""value":"3.10""#) && export.contains(r#""value":"1e400""#), "{export}");
    // Reported again, nothing is new.
    let again = other.call_with_input(&["import", "-"], &export);
    assert_snapshot!(again.stdout + &again.stderr, @"3 lines: 0 stored, 3 known already");
}

#[test]
fn what_makes_no_sense_is_refused_and_keeps_no_command_from_running() {
    let env = TestEnv::new();
    env.write("list.json", "[1]");
    env.write("deep.json", &("{\"a\":".repeat(30_000) + "1" + &"}".repeat(30_000)));
    for wrong in [
        ["--metrics-from", "deep.json"],
        ["--metric", "rmse"],
        ["--metric", "rmse=x"],
        ["--check", "c=maybe"],
        ["--metrics-from", "list.json"],
        ["--metrics-from", "no.json"],
    ] {
        env.fails(2, &[&["log", "--component", "c"][..], &wrong].concat());
        let ran = env.call(&[&["run", "--component", "c"][..], &wrong, &["--", "sh", "-c", "exit 7"]].concat());
        assert_eq!(ran.code, 7, "{}", ran.stderr);
        assert!(ran.stderr.contains("warning"), "{}", ran.stderr);
    }
}

#[test]
fn a_file_of_python_is_taken_and_one_bad_entry_loses_no_other() {
    let env = TestEnv::new();
    let long = "n".repeat(20_000);
    env.write("m.json", &format!(r#"{{"auc": NaN, "loss": {{"last": Infinity, "{long}": 1}}, "rmse": 0.640}}"#));
    let logged = env.call(&["log", "--component", "train", "-o", "m", "--metrics-from", "m.json"]);
    assert_eq!(logged.code, 0, "{}", logged.stderr);
    assert!(logged.stderr.contains("of `m.json` was left out: `loss.nnn"), "{}", logged.stderr);
    let run = env.json(&["inspect", "latest"]);
    let metrics = run["metrics"].as_array().unwrap();
    let told: Vec<_> = metrics.iter().map(|metric| (metric["name"].as_str().unwrap(), &metric["value"])).collect();
    assert_eq!(told, [("auc", &json!("NaN")), ("loss.last", &json!("Infinity")), ("rmse", &json!("0.640"))]);
    env.write("m.yaml", "rmse: 0.64\n");
    let refused = env.call(&["log", "--component", "train", "--metrics-from", "m.yaml"]);
    assert!(refused.code == 2 && refused.stderr.contains("only JSON is read"), "{}", refused.stderr);
}

#[test]
fn a_check_that_is_typed_may_only_warn_and_say_what_was_found() {
    let env = TestEnv::new();
    let checks = ["--check", "no nulls=failed,warn:7 of fare = none", "--check", "whole=errored: no end"];
    env.done(&[&["log", "--component", "clean", "-o", "c"][..], &checks].concat());
    let ran = ["run", "--component", "clean", "-o", "c", "--check", "whole=passed:900 rows", "--", "true"];
    env.done(&ran);
    let run = env.json(&["history", "clean"])["runs"][1].clone();
    let told = |check: &serde_json::Value| (check["name"].clone(), check["severity"].clone(), check["message"].clone());
    let found: Vec<_> = run["checks"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(found[0], (json!("no nulls"), json!("warn"), json!("7 of fare = none")));
    assert_eq!(found[1], (json!("whole"), json!("error"), json!("no end")));
    assert_eq!(env.json(&["inspect", "latest"])["checks"][0]["message"], "900 rows");
}

#[test]
fn a_metric_or_a_check_may_judge() {
    let env = trained();
    let meant = |arguments: &[&str]| {
        let answer = env.json(&[&["flag", "--dry-run"], arguments].concat());
        answer["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|of| of["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(meant(&["--from", "metric:rmse", ">0.65"]), ["m1"]);
    assert_eq!(meant(&["--from", "metric:rmse", "<= 0.7", "--where", "metric.rows>=900"]), ["m2"]);
    assert_eq!(meant(&["--where", "check.no nulls=failed"]), ["m0"]);
    assert_eq!(meant(&["--from", "check:enough rows", "=passed"]), ["m1"]);
    // Of many steps the last counts, and what is no number is neither above nor below.
    assert_eq!(meant(&["--where", "metric.loss>1000"]), ["m0"]);
    env.fails(1, &["flag", "--from", "metric:auc", ">0"]);
    env.fails(2, &["flag", "--from", "rmse", ">0.65"]);
    env.fails(2, &["flag", "--from", "metric:rmse", "high"]);
    let review = env.json(&["flag", "--from", "metric:rmse", ">0.65"]);
    assert_eq!(review["flagged"][0]["reason"], "metric:rmse >0.65");
}

#[test]
fn what_makes_sense_is_recorded_beside_what_makes_none_and_an_old_file_measures_nothing() {
    let env = TestEnv::new();
    env.write("old.json", r#"{"k": 7}"#);
    let words = ["run", "--component", "c", "--metric", "good=1", "--check", "x=maybe", "--metrics-from", "old.json"];
    let ran = env.call(&[&words[..], &["--", "true"]].concat());
    assert!(ran.stderr.contains("maybe") && ran.stderr.contains("was there before"), "{}", ran.stderr);
    let metrics = env.json(&["inspect", "latest"])["metrics"].clone();
    assert_eq!((metrics[0]["name"].as_str(), metrics.as_array().unwrap().len()), (Some("good"), 1));
}

#[test]
fn of_several_measures_all_have_to_say_so() {
    let env = trained();
    env.fails(1, &["flag", "--from", "metric:rmse", ">0.65", "--from", "metric:rows", ">=900"]);
    let meant = env.json(&["flag", "-n", "--from", "metric:rmse", "<0.65", "--from", "metric:rows", ">=900"]);
    assert_eq!(meant["versions"][0]["name"], "m2");
}

#[test]
fn a_metric_may_be_of_an_artifact_whoever_measured_it() {
    let env = TestEnv::new();
    env.write("data/test.csv", "1");
    let typed = ["--metric", "importance=0.7@age", "--metric", "rmse=0.5@./data/../data/test.csv"];
    let slice = ["--metric", "test/auc@city=nyc=0.80"];
    let log = ["log", "--component", "train", "-i", "data/test.csv", "-o", "m1"];
    env.done(&[&log[..], &typed, &slice].concat());
    let run = ["run", "--component", "train", "-o", "m2", "--metric", "importance=0.2@age", "--", "true"];
    env.done(&run);
    assert_snapshot!(env.done(&["metrics"]), @r"
    COMPONENT  METRIC                 LAST  BEFORE  RUNS  TREND
    train      importance of age      0.2   0.7     2     █▁
    train      rmse of data/test.csv  0.5           1     ▅
    train      test/auc@city=nyc      0.80          1     ▅
    ");
    let shown = env.done(&["inspect", "latest"]);
    assert!(shown.contains("importance of age = 0.2"), "{shown}");
    let ids = env.json(&["history", "train"])["runs"].clone();
    let [new, old] = [0, 1].map(|at: usize| ids[at]["id"].as_str().unwrap().to_owned());
    let beside = env.done(&["compare", &old, &new]);
    assert!(beside.contains("IMPORTANCES") && beside.contains("importance of age"), "{beside}");
    for wrong in ["importance=0.7@", "importance=x@age"] {
        env.fails(2, &["log", "--component", "train", "--metric", wrong]);
    }
}

#[test]
fn a_history_shows_what_was_measured_of_its_runs() {
    let env = trained();
    env.done(&["log", "--component", "clean", "--metric", "rows=7"]);
    let history = env.done(&["history", "train"]);
    let (runs, measured) = history.split_once("\n\n").unwrap();
    assert!(runs.starts_with("RUN") && runs.lines().count() == 4, "{history}");
    assert_snapshot!(measured, @r"
    METRIC           LAST   BEFORE  RUNS  TREND
    auc              NaN            1
    loss             1e400          1
    rmse             0.6    0.70    2     █▁
    rows             900            1     ▅
    rows of raw.csv  12             1     ▅
    test.rmse        0.64           1     ▅
    ");
    let metrics = env.json(&["metrics", "train"])["metrics"].clone();
    assert_eq!(env.json(&["history", "train"])["metrics"], metrics);
    // What is left out of the list is left out of the curves.
    let last = env.json(&["history", "train", "--limit", "1"])["metrics"].clone();
    assert!(last.as_array().unwrap().iter().all(|of| of["values"].as_array().unwrap().len() == 1), "{last}");
    assert!(env.json(&["recent"]).get("metrics").is_none());
    let none = TestEnv::new();
    none.done(&["log", "--component", "clean"]);
    assert!(none.json(&["history", "clean"]).get("metrics").is_none());
    assert!(!none.done(&["history", "clean"]).contains("METRIC"));
}
