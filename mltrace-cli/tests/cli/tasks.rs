//! `mltrace task`, `log-output` and `log-feedback`: what tasks put out, and what became of it.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::{TestEnv, runs};

/// Returns a line that says something of an output of a task.
fn said(kind: &str, task: &str, id: &str, value: &Value, at: &str) -> String {
    json!({"type": kind, "task": task, "id": id, "value": value, "at": at}).to_string()
}

/// Four fares over three days, of which the second one nobody asked for, and a task whose outputs are classes.
fn judged() -> TestEnv {
    let at = |day: u32, hour: u32| format!("2021-05-{day:02}T{hour:02}:00:00Z");
    TestEnv::with_lines(&[
        said("output", "fare", "a", &json!(10), &at(3, 8)),
        said("output", "fare", "b", &json!(12.5), &at(3, 9)),
        said("output", "fare", "c", &json!(7), &at(5, 9)),
        said("output", "fare", "d", &json!(9), &at(5, 10)),
        said("feedback", "fare", "a", &json!(12), &at(3, 10)),
        said("feedback", "fare", "b", &json!(12), &at(4, 9)),
        said("feedback", "fare", "x", &json!(1), &at(4, 9)),
        said("output", "pet", "1", &json!("cat"), &at(3, 8)),
        said("output", "pet", "2", &json!("dog"), &at(3, 8)),
        said("output", "pet", "3", &json!("dog"), &at(3, 8)),
        said("feedback", "pet", "1", &json!("cat"), &at(3, 8)),
        said("feedback", "pet", "2", &json!("cat"), &at(3, 9)),
        said("feedback", "pet", "3", &json!("dog"), &at(3, 10)),
    ])
}

#[test]
fn a_task_shows_how_well_its_outputs_fit_what_became_of_them() {
    let env = judged();
    assert_snapshot!(env.done(&["task"]), @r"
    TASK  OUTPUTS  COVERAGE  NO OUTPUT  FIRST                LAST
    fare  4        50 %      1          2021-05-03 08:00:00  2021-05-05 10:00:00
    pet   3        100 %     0          2021-05-03 08:00:00  2021-05-03 08:00:00
    ");
    assert_snapshot!(env.done(&["task", "fare"]), @r"
    fare, numbers
    4 outputs, 2 with feedback (50 %); feedback without an output: 1
    feedback after 2 h 0 min (half), 24 h 0 min (9 of 10), 24 h 0 min (all)

    METRIC     VALUE
    mae        1.25
    mse        2.125
    rmse       1.45774
    median_ae  1.25
    r2         ?
    ");
    assert_snapshot!(env.done(&["task", "fare", "--window", "1d"]), @r"
    fare, numbers
    4 outputs, 2 with feedback (50 %); feedback without an output: 1
    FROM              OUTPUTS  COVERAGE  LAG        MAE   MSE    RMSE     MEDIAN_AE  R2
    2021-05-03 00:00  2        100 %     2 h 0 min  1.25  2.125  1.45774  1.25       ?
    2021-05-04 00:00  0        ?         ?          ?     ?      ?        ?          ?
    2021-05-05 00:00  2        0 %       ?          ?     ?      ?        ?          ?
    ");
    assert_snapshot!(env.done(&["task", "pet"]), @r"
    pet, classes
    3 outputs, 3 with feedback (100 %)
    feedback after 1 h 0 min (half), 2 h 0 min (9 of 10), 2 h 0 min (all)

    METRIC     VALUE
    accuracy   0.666667
    precision  0.75
    recall     0.75
    f1         0.666667

    OUTPUT  FEEDBACK  COUNT
    cat     cat       1
    dog     cat       1
    dog     dog       1
    ");
    assert_snapshot!(env.done(&["task", "fare", "--window", "1d", "--since", "2021-05-05", "--metric", "mae"]), @r"
    fare, numbers
    2 outputs, 0 with feedback (0 %); feedback without an output: 1
    FROM              OUTPUTS  COVERAGE  LAG  MAE
    2021-05-05 00:00  2        0 %       ?    ?
    ");
}

#[test]
fn a_window_without_feedback_has_no_metric() {
    let env = judged();
    let windows = env.json(&["task", "fare", "--window", "1d"])["windows"].clone();
    let mae: Vec<_> = windows.as_array().unwrap().iter().map(|window| window["metrics"]["mae"].clone()).collect();
    assert_eq!(mae, [json!(1.25), Value::Null, Value::Null]);
    let coverage: Vec<_> = windows.as_array().unwrap().iter().map(|window| window["coverage"].clone()).collect();
    assert_eq!(coverage, [json!(1.0), Value::Null, json!(0.0)]);
    assert_eq!(windows[2]["lag_s"], Value::Null);
    assert_eq!(windows[0]["lag_s"], json!({"p50": 7200.0, "p90": 86400.0, "max": 86400.0}));
}

#[test]
fn the_latest_word_counts_in_any_order() {
    let lines = [
        said("output", "fare", "a", &json!(1), "2021-05-03T08:00:00Z"),
        said("output", "fare", "a", &json!(2), "2021-05-03T09:00:00Z"),
        said("output", "fare", "a", &json!(10), "2021-05-03T09:00:00Z"),
        said("feedback", "fare", "a", &json!(5), "2021-05-03T07:00:00Z"),
        said("feedback", "fare", "a", &json!(6), "2021-05-02T07:00:00Z"),
    ];
    let mut answers = Vec::new();
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1], [3, 1, 4, 0, 2]] {
        let env = TestEnv::new();
        for at in order {
            env.call_with_input(&["import", "-"], &lines[at]);
        }
        answers.push(env.done(&["export"]));
        // Of two of one moment the greater text counts: `2` is beyond `10`.
        assert_eq!(env.json(&["task", "fare"])["windows"][0]["metrics"]["mae"], json!(3.0));
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    let env = TestEnv::with_lines(&lines);
    assert_eq!(answers[0], env.done(&["export"]), "in one import as in several");
    let again = env.call_with_input(&["import", "-"], &lines.join("\n"));
    assert_eq!(again.stdout, "5 lines: 0 stored, 5 known already\n");
    let late = env.call(&["log-output", "fare", "a", "3", "--at", "2021-05-01"]);
    assert!(late.stderr.contains("does not count: it is `2` since 2021-05-03 09:00:00"), "{}", late.stderr);
}

#[test]
fn an_output_is_an_artifact_that_is_traced_and_flagged() {
    let env = TestEnv::with_lines(&runs(&["raw -> train -> model"]));
    env.done(&["log-output", "fare", "17", "12.5", "--input", "model"]);
    env.done(&["log-output", "fare", "18", "-3"]);
    assert_snapshot!(env.done(&["trace", "fare:17"]), @r"
    fare [stale]
    └── train
        ├── model
        └── raw [unknown writer]
    ");
    assert!(env.done(&["trace", "fare:18"]).contains("no recorded run wrote `fare:18`"));
    assert!(env.fails(1, &["trace", "fare:19"]).contains("no artifact is called `fare:19`"));
    env.done(&["flag", "fare:17", "fare:18", "--reason", "too much"]);
    assert_snapshot!(env.done(&["trace", "fare:17"]), @r"
    fare [stale]
    ├── fare:17 [flagged]
    └── train
        ├── model
        └── raw [unknown writer]
    ");
    let review = env.json(&["review"]);
    assert_eq!(review["flagged"].as_array().unwrap().len(), 2);
    let run = env.json(&["trace", "fare:17"])["runs"][0]["id"].clone();
    assert!(review["suspects"].to_string().contains(run.as_str().unwrap()), "{review}");
    // Flagged once more, the run has written it once.
    env.done(&["flag", "fare:17"]);
    let outputs = env.json(&["inspect", run.as_str().unwrap()])["outputs"].clone();
    assert_eq!(outputs.as_array().unwrap().len(), 1, "{outputs}");
}

#[test]
fn a_run_that_names_the_output_is_its_writer() {
    let env = TestEnv::with_lines(&runs(&["raw -> train -> model"]));
    env.done(&["log-output", "fare", "17", "12.5"]);
    env.done(&["log", "--component", "predict", "-i", "model", "-o", "fare:17"]);
    let trace = env.json(&["trace", "fare:17"]);
    let components: Vec<_> = trace["runs"].as_array().unwrap().iter().map(|at| at["component"].clone()).collect();
    assert_eq!(components, ["predict", "train"]);
    // What was read before anybody judged it was made by its run all the same.
    let run = env.done(&["log", "--component", "predict", "-i", "model"]);
    env.done(&["log-output", "fare", "18", "1", "--run", run.trim()]);
    env.done(&["log", "--component", "bill", "-i", "fare:18", "-o", "bill.txt"]);
    assert_eq!(env.json(&["trace", "fare:18"])["runs"][0]["id"], run.trim());
}

#[test]
fn windows_of_seconds_are_told_apart() {
    let env = TestEnv::new();
    for second in [1, 32] {
        env.done(&["log-output", "fare", &second.to_string(), "1", "--at", &format!("2021-05-03T08:00:{second:02}Z")]);
    }
    let shown = env.done(&["task", "fare", "--window", "30s"]);
    assert!(shown.contains("\n2021-05-03 08:00:00  1 ") && shown.contains("\n2021-05-03 08:00:30  1 "), "{shown}");
    let one = env.done(&["task", "fare", "--until", "2021-05-03T08:00:20Z"]);
    assert_eq!(one.lines().nth(1), Some("1 output, 0 with feedback (0 %)"));
    assert_eq!(env.done(&["task", "fare", "--since", "2021-05-04"]), "fare\n0 outputs, 0 with feedback\n");
}

#[test]
fn outputs_come_from_tables_and_lines() {
    let env = TestEnv::new();
    env.write(
        "out.csv",
        "id,value,at\n1,0.9,2021-05-03T08:00:00Z\n2,0.2,2021-05-03T08:00:00Z\n3,0.70,2021-05-03T09:00:00Z\n4,,\n",
    );
    let answer = env.call(&["log-output", "spam", "--from", "out.csv"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (1, "error: line 5: missing field `value`\n"));
    let feedback =
        "{\"id\": 1, \"value\": true, \"at\": \"2021-05-04T00:00:00Z\"}\n{\"id\": \"2\", \"value\": false}\n";
    let answer = env.call_with_input(&["log-feedback", "spam", "--from", "-"], feedback);
    assert_eq!((answer.code, answer.stdout.as_str()), (0, "2 lines: 2 stored, 0 known already\n"));
    env.done(&["log-feedback", "spam", "3", "0"]);
    assert_snapshot!(env.done(&["task", "spam", "--metric", "accuracy", "--metric", "roc_auc", "--metric", "log_loss"]).lines()
        .filter(|line| !line.starts_with("feedback")).collect::<Vec<_>>().join("\n"), @r"
        spam, scores
        3 outputs, 3 with feedback (100 %)

        METRIC    VALUE
        accuracy  0.666667
        roc_auc   1
        log_loss  0.510826

        OUTPUT  FEEDBACK  COUNT
        0       0         1
        1       0         1
        1       1         1
        ");
    // A number keeps its text.
    assert!(env.done(&["export"]).contains("\"value\":\"0.70\""));
}

#[test]
fn what_is_exported_comes_back_byte_for_byte() {
    let env = judged();
    env.done(&["log-output", "fare", "e", "1e400", "--input", "raw.csv"]);
    env.done(&["log-output", "fare", "f", "NaN", "--at", "2021-05-01"]);
    let exported = env.done(&["export"]);
    let other = TestEnv::new();
    other.call_with_input(&["import", "-"], &exported);
    assert_eq!(other.done(&["export", "--since", "2000-01-01"]), exported);
    let since = env.done(&["export", "--since", "2021-05-05"]);
    assert!(since.contains("\"id\":\"c\"") && !since.contains("\"id\":\"a\""), "{since}");
}

#[test]
fn what_a_run_put_out_goes_with_it_and_feedback_stays() {
    let env = TestEnv::new();
    let run = env.done(&["log", "--component", "predict"]);
    env.done(&["log-output", "fare", "17", "12.5", "--run", run.trim()]);
    env.done(&["log-output", "fare", "18", "3", "--run", run.trim()]);
    env.done(&["log-feedback", "fare", "17", "14"]);
    env.done(&["forget", run.trim(), "--yes"]);
    let task = env.json(&["task"])["tasks"][0].clone();
    assert_eq!((task["outputs"].clone(), task["without_output"].clone()), (json!(0), json!(1)));
    // What is known of the run later does not bring it back.
    let line = json!({"type": "output", "task": "fare", "id": "19", "value": 1, "at": "2021-05-03T08:00:00Z", "run": run.trim()});
    env.call_with_input(&["import", "-"], &line.to_string());
    assert!(!env.done(&["export"]).contains("\"19\""));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let env = judged();
    let refused = |words: &[&str], why: &str| {
        let answer = env.call(words);
        assert!(answer.code == 2 && answer.stderr.contains(why), "{words:?}: {} {}", answer.code, answer.stderr);
    };
    refused(&["log-output", "a:b", "1", "1"], "a task's name may not hold ':'");
    refused(&["log-output", "fare", "a/b", "1"], "an id may not hold '/'");
    refused(&["log-output", "fare", "a"], "VALUE");
    refused(&["log-output", "fare", "a", ""], "a value may not be empty");
    refused(&["log-feedback", "fare", "a", "1", "--at", "2999-01-01"], "more than a day ahead of the clock");
    refused(&["task", "fare", "--metric", "auc"], "`auc` is not one of accuracy");
    refused(&["task", "fare", "--metric", "roc_auc"], "`roc_auc` is no metric of the numbers that `fare` puts out");
    refused(&["task", "fare", "--threshold", "0.2"], "a threshold means nothing of the numbers that `fare` puts out");
    refused(
        &["task", "fare", "--positive", "12"],
        "a positive class means nothing of the numbers that `fare` puts out",
    );
    refused(&["task", "fare", "--window", "0s"], "a window lasts a second or longer");
    refused(&["task", "fare", "--window", "1s"], "more than 10000 windows");
    for (table, column) in
        [("key,value\n1,2\n3,4\n", "id"), ("1,2\n3,4\n", "id"), ("id;value\n1;2\n", "id"), ("id\n1\n", "value")]
    {
        env.write("table.csv", table);
        let answer = env.call(&["log-output", "fare", "--from", "table.csv"]);
        let why = format!(
            "error: the first line names no column `{column}`\nhint: it names the columns: `id,value`, and perhaps `at` and `run`\n"
        );
        assert_eq!((answer.code, answer.stderr, answer.stdout), (2, why, String::new()), "{table}");
    }
    assert!(env.fails(1, &["task", "tip"]).contains("run `mltrace task` to see all tasks"));
    let line = said("output", "a/b", "1", &json!(1), "2021-05-03T08:00:00Z");
    let answer = env.call_with_input(&["import", "-"], &line);
    assert!(answer.code == 1 && answer.stderr.contains("a task's name may not hold '/'"), "{}", answer.stderr);
}

#[test]
fn an_output_that_is_dated_ahead_of_the_clock_makes_no_windows() {
    let env = judged();
    let before = env.done(&["task", "fare", "--window", "1d"]);
    env.done(&["log-output", "fare", "z", "1", "--at", "9999-01-01", "--allow-future"]);
    let after = env.done(&["task", "fare", "--window", "1d"]);
    let said = "; dated ahead of the clock, and left out: 1";
    assert_eq!(after.replace(said, ""), before);
    assert!(after.contains(said) && env.done(&["task", "fare"]).contains(said), "{after}");
    let json: Value = serde_json::from_str(&env.done(&["task", "fare", "--format", "json"])).unwrap();
    assert_eq!((&json["ahead"], &json["windows"][0]["outputs"]), (&json!(1), &json!(4)));
    let answer = env.call(&["task", "fare", "--window", "1d", "--until", "9999-12-31"]);
    assert!(answer.code == 2 && answer.stderr.contains("`--since` and `--until`"), "{}", answer.stderr);
    let text = env.done(&["task", "fare", "--window", "1d", "--until", "2021-06-01"]);
    assert_eq!(text, before, "what is not asked for is not said");
    // Old ones are as far away.
    env.done(&["log-output", "fare", "y", "1", "--at", "0001-01-01"]);
    assert_eq!(env.call(&["task", "fare", "--window", "1d"]).code, 2);
    assert_eq!(env.done(&["task", "fare", "--window", "1d", "--since", "2021-01-01"]), after);
}

#[test]
fn many_windows_are_cut_to_a_screen() {
    let line = |day: u32| said("output", "fare", &day.to_string(), &json!(day), &format!("2021-05-{day:02}T08:00:00Z"));
    let hours =
        |hour: u32| said("output", "fare", &format!("h{hour}"), &json!(1), &format!("2021-06-01T{hour:02}:00:00Z"));
    let env = TestEnv::with_lines(&(1..=31).map(line).chain((0..24).map(hours)).collect::<Vec<_>>());
    let text = env.done(&["task", "fare", "--window", "1d"]);
    assert!(text.lines().count() <= 40 && text.contains("2 more, earlier: use "), "{text}");
    assert_eq!(env.done(&["task", "fare", "--window", "1d", "-v"]).lines().count(), 2 + 1 + 32);
    assert_eq!(env.json(&["task", "fare", "--window", "1d"])["windows"].as_array().unwrap().len(), 32);
    assert_eq!(env.json(&["task", "fare", "--window", "1w"])["windows"][0]["from"], "2021-04-26T00:00:00Z");
}

#[test]
fn what_a_parameter_of_that_name_would_not_keep_no_task_keeps() {
    let env = TestEnv::new();
    for (task, value) in [("password", "hunterP1"), ("api_token", "hunterP3"), ("db_password", "12345678")] {
        let refused = env.fails(2, &["log-output", task, "1", value]);
        assert!(refused.contains("a secret stands in it") && !refused.contains(value), "{refused}");
        let line = said("output", task, "2", &json!(value), "2021-05-03T08:00:00Z");
        env.call_with_input(&["import", "-"], &line);
    }
    env.done(&["log-output", "pass", "1", "3"]);
    let all = env.done(&["export"]);
    assert!(all.contains("\"pass\"") && !all.contains("hunter") && !all.contains("12345678"), "{all}");
}

#[test]
fn what_is_put_out_inside_a_run_of_the_command_belongs_to_it() {
    let env = TestEnv::with_lines(&runs(&["raw -> train -> model"]));
    let mltrace = env!("CARGO_BIN_EXE_mltrace");
    env.write("out.csv", "id,value\n18,1\n");
    let inner = format!(
        "{mltrace} log-output fare 17 12.5 && {mltrace} log-output fare --from out.csv && {mltrace} log-feedback fare 17 14"
    );
    env.done(&["run", "--component", "predict", "-i", "model", "--", "sh", "-c", &inner]);
    let run = env.json(&["history", "predict"])["runs"][0]["id"].clone();
    for output in ["fare:17", "fare:18"] {
        let trace = env.json(&["trace", output]);
        assert_eq!(trace["runs"][0]["id"], run, "{output}");
        assert_eq!(trace["runs"][1]["component"], "train", "{output}");
    }
    // Of a run that is named that one counts.
    let other = env.done(&["log", "--component", "other"]);
    let named = format!("{mltrace} log-output fare 19 1 --run {}", other.trim());
    env.done(&["run", "--component", "predict", "--", "sh", "-c", &named]);
    assert_eq!(env.json(&["trace", "fare:19"])["runs"][0]["id"], other.trim());
}

#[test]
fn feedback_that_was_there_before_its_output_is_shown_as_such() {
    let at = |hour: u32| format!("2021-05-03T{hour:02}:00:00Z");
    let env = TestEnv::with_lines(&[
        said("output", "fare", "a", &json!(10), &at(8)),
        said("feedback", "fare", "a", &json!(12), &at(6)),
        said("output", "fare", "b", &json!(10), &at(8)),
        said("feedback", "fare", "b", &json!(12), &at(7)),
        said("output", "tip", "a", &json!(10), &at(8)),
        said("feedback", "tip", "a", &json!(12), &at(6)),
        said("output", "tip", "b", &json!(10), &at(8)),
        said("feedback", "tip", "b", &json!(12), &at(11)),
    ]);
    let line = |task: &str| env.done(&["task", task]).lines().nth(2).unwrap().to_owned();
    assert_snapshot!(line("fare"), @"feedback 2 h 0 min before its output (half), 1 h 0 min before (9 of 10), 1 h 0 min before (all)");
    assert_snapshot!(line("tip"), @"feedback 2 h 0 min before its output (half), after 3 h 0 min (9 of 10), after 3 h 0 min (all)");
    let windows = env.done(&["task", "fare", "--window", "1d"]);
    assert!(windows.contains("2 h 0 min before"), "{windows}");
}
