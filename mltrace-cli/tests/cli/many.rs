//! Many verdicts at once: patterns, the outputs of runs, what runs have in common, names on standard input, a queue.

use serde_json::{Value, json};

use crate::env::{TestEnv, runs};

/// Six predictions of three days; the last day's ran with few rows.
fn days() -> TestEnv {
    let mut lines = Vec::new();
    for (day, rows) in [(1, "1000"), (2, "950"), (3, "80")] {
        for file in ["a", "b"] {
            let number = lines.len();
            lines.push(json!({
                "id": format!("0190f3a0-0000-7000-8000-{number:012x}"), "component": "predict",
                "inputs": [format!("in/{day}{file}.csv")], "outputs": [format!("out/{day}/{file}.csv")],
                "params": {"rows": rows}, "host": if file == "a" { "red" } else { "blue" },
                "started_at": format!("2021-01-0{day}T0{number}:00:00Z"), "ended_at": format!("2021-01-0{day}T0{number}:00:09Z"),
            }));
        }
    }
    lines.push(json!({"id": "0190f3a0-0000-7000-8000-0000000000ff", "component": "pack", "inputs": ["out/1/a.csv"],
        "outputs": ["pack/x", "pack/y"], "started_at": "2021-01-04T00:00:00Z", "ended_at": "2021-01-04T00:00:01Z"}));
    TestEnv::with_lines(&lines.iter().map(Value::to_string).collect::<Vec<_>>())
}

fn meant(env: &TestEnv, arguments: &[&str]) -> Vec<String> {
    let answer = env.json(&[&["flag", "--dry-run"], arguments].concat());
    let mut names: Vec<String> =
        answer["versions"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_check_that_is_about_an_artifact_chooses_what_its_run_wrote() {
    let check = |outcome: &str, about: &str| json!({"name": "whole(x)", "outcome": outcome, "about": about});
    let run = |number: u8, checks: Vec<Value>| {
        json!({"id": format!("0190f3a0-0000-7000-8000-{number:012x}"), "component": "clean", "inputs": ["in.csv"],
            "outputs": [format!("{number}.csv")], "checks": checks,
            "started_at": format!("2021-01-01T0{number}:00:00Z"), "ended_at": format!("2021-01-01T0{number}:00:09Z")})
        .to_string()
    };
    let env = TestEnv::with_lines(&[
        run(1, vec![check("passed", "in.csv"), check("passed", "1.csv")]),
        run(2, vec![check("failed", "in.csv"), check("errored", "2.csv")]),
        // What is said of the run as a whole counts before what is said of its artifacts.
        run(3, vec![check("failed", "in.csv"), json!({"name": "whole(x)", "outcome": "passed"})]),
    ]);
    assert_eq!(meant(&env, &["--from", "check:whole(x)", "=failed"]), ["2.csv"]);
    assert_eq!(meant(&env, &["--from", "check:whole(x)", "=errored"]), ["2.csv"]);
    assert_eq!(meant(&env, &["--from", "check:whole(x)", "=passed"]), ["1.csv", "3.csv"]);
    assert_eq!(meant(&env, &["--from", "check:whole(x)", "!=passed"]), ["2.csv"]);
}

/// Three trainings that were measured and checked, the last of which went wrong.
fn trainings() -> TestEnv {
    let run = |number: u8, lr: f64, rmse: Value, outcome: &str| {
        json!({"id": format!("0190f3a0-0000-7000-8000-{number:012x}"), "component": "train", "inputs": ["in.csv"],
            "outputs": [format!("{number}.json")], "params": {"lr": lr},
            "metrics": [{"name": "rmse", "value": rmse}, {"name": "test/auc@city=nyc", "value": lr},
                {"name": "importance", "value": 0.1, "about": "age"}, {"name": "importance", "value": lr, "about": "zone"}],
            "checks": [{"name": "rows > 900", "outcome": outcome}],
            "started_at": format!("2021-01-0{number}T00:00:00Z"), "ended_at": format!("2021-01-0{number}T00:00:09Z")})
        .to_string()
    };
    TestEnv::with_lines(&[
        run(1, 0.1, json!(0.7), "passed"),
        run(2, 0.2, json!(0.6), "passed"),
        run(3, 0.3, json!("NaN"), "failed"),
        json!({"component": "pack", "outputs": ["pack"], "started_at": "2021-01-04T00:00:00Z"}).to_string(),
    ])
}

#[test]
fn what_is_measured_and_checked_may_have_signs_in_its_name() {
    let env = trainings();
    // A check in code is called as it is written.
    assert_eq!(meant(&env, &["--from", "check:rows > 900", "=failed"]), ["3.json"]);
    assert_eq!(meant(&env, &["--where", "check.rows > 900!=failed", "component=train"]), ["1.json", "2.json"]);
    assert_eq!(meant(&env, &["--from", "metric:test/auc@city=nyc", "<0.2"]), ["1.json"]);
    assert_eq!(meant(&env, &["--where", "metric.test/auc@city=nyc>=.2"]), ["2.json", "3.json"]);
    // As for a check, what is of artifacts counts where nothing is of the run as a whole.
    assert_eq!(meant(&env, &["--where", "metric.importance>0.15"]), ["2.json", "3.json"]);
    assert_eq!(meant(&env, &["--where", "metric.rmse=NaN"]), ["3.json"]);
    let wrong = |condition: &str| env.fails(2, &["flag", "-n", "--where", condition]);
    assert!(wrong("metric.rmse=high").contains("a metric is a number"));
    assert!(wrong("check.rows > 900=bad").contains("a check is `passed`, `failed` or `errored`"));
    assert!(wrong("param.lr=0.1 metric.rmse>1").contains("`metric.rmse>1` is a condition of its own"));
}

#[test]
fn runs_are_found_by_what_holds_of_them() {
    let env = trainings();
    let runs = |arguments: &[&str]| {
        let answer = env.json(arguments);
        let runs = answer["runs"].as_array().unwrap().iter();
        runs.map(|run| run["outputs"][0]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(runs(&["recent", "--where", "metric.rmse<1"]), ["2.json", "1.json"]);
    assert_eq!(runs(&["recent", "--where", "metric.rmse<1", "--limit", "1"]), ["2.json"]);
    assert_eq!(runs(&["recent", "--where", "param.lr>=0.2", "check.rows > 900=passed"]), ["2.json"]);
    assert_eq!(runs(&["recent", "--where", "param.lr!=0.2", "--since", "2021-01-02"]), ["pack", "3.json"]);
    assert_eq!(runs(&["recent", "--component", "train", "--where", "component=pack"]), [""; 0]);
    assert_eq!(runs(&["recent", "--status", "completed", "--where", "status=running"]), [""; 0]);
    assert_eq!(runs(&["history", "train", "--where", "metric.rmse<1"]), ["2.json", "1.json"]);
    let measured = &env.json(&["history", "train", "--where", "metric.rmse=NaN"])["metrics"][2];
    assert_eq!((&measured["name"], measured["values"].as_array().unwrap().len()), (&json!("rmse"), 1));
    assert_eq!(env.done(&["recent", "--where", "param.lr=7"]), "no runs\n");
    assert!(env.fails(1, &["recent", "--where", "component=trane"]).contains("did you mean `train`?"));
    env.fails(2, &["recent", "--where", "lr=7"]);
}

#[test]
fn many_are_named_by_a_pattern_a_run_or_what_runs_have_in_common() {
    let env = days();
    assert_eq!(meant(&env, &["out/1/*.csv"]), ["out/1/a.csv", "out/1/b.csv"]);
    assert_eq!(meant(&env, &["out/[13]/[!b].csv"]), ["out/1/a.csv", "out/3/a.csv"]);
    assert_eq!(
        meant(&env, &["out/?/a.csv", "./out/1/**"]),
        ["out/1/a.csv", "out/1/b.csv", "out/2/a.csv", "out/3/a.csv"]
    );
    assert_eq!(meant(&env, &["--run", "0000000000ff"]), ["pack/x", "pack/y"]);
    assert_eq!(meant(&env, &["--run", "latest", "--run", "00000001"]), ["out/1/b.csv", "pack/x", "pack/y"]);
    assert_eq!(
        meant(&env, &["--where", "component=predict", "param.rows<=950", "host=red"]),
        ["out/2/a.csv", "out/3/a.csv"]
    );
    assert_eq!(
        meant(&env, &["--where", "component=predict", "--where", "param.rows=80.0"]),
        ["out/3/a.csv", "out/3/b.csv"]
    );
    assert_eq!(meant(&env, &["--where", "since=2021-01-02", "until=2021-01-02 23:00"]), ["out/2/a.csv", "out/2/b.csv"]);
    assert_eq!(meant(&env, &["--where", "component!=predict"]), ["pack/x", "pack/y"]);
    // A condition narrows what is named.
    assert_eq!(meant(&env, &["out/?/a.csv", "--where", "param.rows<=950", "host=red"]), ["out/2/a.csv", "out/3/a.csv"]);
    assert_eq!(
        meant(&env, &["--run", "latest", "out/1/*.csv", "--where", "component=predict"]),
        ["out/1/a.csv", "out/1/b.csv"]
    );
    assert_eq!(env.json(&["review"])["flagged"], json!([]), "a dry run records nothing");
    let shown = env.done(&["flag", "-n", "pack/*"]);
    insta::assert_snapshot!(shown, @r"
    pack/x@w:0190f3a0-0000-7000-8000-0000000000ff
    pack/y@w:0190f3a0-0000-7000-8000-0000000000ff
    ");
    let again = env.call_with_input(&["flag", "-n", "-"], &shown);
    assert_eq!((again.stdout, again.code), (shown, 0), "what is shown can be said");
}

#[test]
fn many_are_judged_at_once_and_told_how_many() {
    let env = days();
    let told = env.call(&["flag", "--where", "param.rows<100", "--reason", "too few"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, "2 versions flagged\n"));
    assert!(told.stdout.starts_with("2 bad, 0 ok."), "{}", told.stdout);
    let told =
        env.call_with_input(&["flag", "--ok", "-"], "out/1/a.csv\n\n  out/1/b.csv\r\nout/2/a.csv\nout/1/a.csv\n");
    assert_eq!((told.code, told.stderr.as_str()), (0, "3 versions found ok\n"));
    let answer = env.json(&["review"]);
    assert_eq!(["flagged", "ok"].map(|of| answer[of].as_array().unwrap().len()), [2, 3]);
    assert_eq!(answer["facts"][0]["aspect"], "param:rows");
    let told = env.call(&["unflag", "out/*/a.csv"]);
    assert_eq!((told.code, told.stderr.as_str()), (0, "3 versions without a verdict now\n"));
    let left = env.json(&["review"]);
    assert_eq!(["flagged", "ok"].map(|of| left[of].as_array().unwrap().len()), [1, 1]);
}

#[test]
fn what_stands_for_nothing_is_told_and_nothing_is_judged() {
    let env = days();
    insta::assert_snapshot!(env.fails(1, &["flag", "out/9/*", "out/1/a.csv"]), @r"
    error: no artifact matches `out/9/*`
    hint: run `mltrace recent` to see what the last runs wrote; no verdict was recorded
    ");
    insta::assert_snapshot!(env.fails(1, &["flag", "--where", "component=predict", "host=green"]), @r"
    error: no output of a run matches `component=predict host=green`
    hint: run `mltrace recent` to see what the last runs wrote; no verdict was recorded
    ");
    insta::assert_snapshot!(env.fails(1, &["flag", "pack/x", "--where", "component=predict"]), @r"
    error: no version that is named matches `component=predict`
    hint: run `mltrace recent` to see what the last runs wrote; no verdict was recorded
    ");
    insta::assert_snapshot!(env.fails(1, &["flag", "--where", "component=predikt"]), @r"
    error: no component is called `predikt`
      did you mean `predict`?
    hint: run `mltrace components` to see all components
    ");
    insta::assert_snapshot!(env.fails(2, &["flag", "--where", "rows=3"]), @r"
    error: invalid value 'rows=3' for '--where <FIELD=VALUE>...': `rows` is no field of a run: ask for `component`, `since`, `until`, `status`, `commit`, `branch`, `host`, `user`, `owner`, `tag`, `error`, `output`, `input`, `param.NAME`, `metric.NAME` or `check.NAME`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(env.fails(2, &["flag", "-"]), @r"
    error: the input names no artifact
    hint: write one on each line, such as `NAME` or `NAME@VERSION`
    ");
    insta::assert_snapshot!(env.fails(2, &["unflag"]), @r"
    error: no artifact is named
    hint: name some, or say `--all`
    ");
    assert_eq!(env.json(&["review"])["flagged"], json!([]));
}

#[test]
fn a_name_that_holds_a_star_is_that_name_first() {
    let env = TestEnv::with_lines(&runs(&["a -> x -> s3://b/p*", "a -> y -> s3://b/p1"]));
    assert_eq!(meant(&env, &["s3://b/p*"]), ["s3://b/p*"]);
    assert_eq!(meant(&env, &["s3://b/p?"]), ["s3://b/p*", "s3://b/p1"]);
}

#[test]
fn one_is_asked_for_a_verdict_after_the_other() {
    let env = TestEnv::with_lines(&runs(&[
        "raw -> ingest -> data",
        "data -> good_features -> f1",
        "data -> bad_features -> f2",
        "f1 -> predict -> p1",
        "f2 -> predict -> p2",
        "f2 -> predict -> p3",
    ]));
    env.done(&["flag", "p2", "p3"]);
    let told = env.call_with_input(&["review", "--ask", "--format", "json"], "what\nskip\nok looks fine\nq\n");
    assert_eq!(told.code, 0, "{}", told.stderr);
    let asked: Vec<&str> = told.stderr.lines().filter(|line| line.contains("would point to")).collect();
    assert_eq!(asked.len(), 2, "{}", told.stderr);
    assert_ne!(asked[0].split('@').next(), asked[1].split('@').next(), "what was skipped is not asked again");
    let answer: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(answer["ok"][0]["name"], asked[1].split('@').next().unwrap());
    assert_eq!(answer["ok"][0]["reason"], "looks fine");
    let done = env.call_with_input(&["review", "--ask"], "");
    assert_eq!(done.code, 0, "an input that ends ends the questions");
}
