//! `mltrace blame` and `mltrace last-good`.

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::serve::Serving;

const RUNS: [(&str, &str); 1] = [(r"(run|inspect|w:)( ?)[0-9a-f]{8}", "$1$2[RUN]")];

/// Thirty rounds of two steps over dated objects; from the 25th on `clean` lets more rows through, and `train` takes longer.
fn rounds() -> Vec<String> {
    let mut lines = Vec::new();
    for round in 0..30_usize {
        let is_slow = round >= 24;
        let at = |second: usize| format!("2021-01-{:02}T12:{:02}:{:02}Z", round + 1, second / 60, second % 60);
        let name = |step: &str| format!("lake/2021-01-{:02}/{step}", round + 1);
        let id = |step: usize| format!("0190f3a0-0000-7000-8000-{:012x}", round * 10 + step);
        let code = if round == 27 { "b" } else { "a" }.repeat(40);
        lines.push(json!({"id": id(0), "component": "clean", "inputs": [name("raw")], "outputs": [name("rows")],
            "params": {"limit": if is_slow { "50000" } else { "1000" }}, "git_commit": code,
            "started_at": at(0), "ended_at": at(5 + round % 3)}));
        lines.push(json!({"id": id(1), "component": "train", "inputs": [name("rows")], "outputs": ["model"],
            "params": {"seed": round}, "git_commit": code,
            "started_at": at(60), "ended_at": at(60 + round % 4 + if is_slow { 90 } else { 30 })}));
    }
    lines.iter().map(Value::to_string).collect()
}

#[test]
fn blame_names_the_run_where_a_number_changed_and_what_changed_upstream() {
    let env = TestEnv::with_lines(&rounds());
    let version = "model@w:0190f3a0-0000-7000-8000-00000000000b";
    env.done(&["flag", "--ok", version]);
    insta::with_settings!({filters => RUNS}, {
        insta::assert_snapshot!(env.done(&["blame", "duration"]), @r"
        duration of train went from 31.5 s to 1 min 31 s  run [RUN], 2021-01-25 12:01; 6 runs, by chance in under 1 of 1000
          since the run before, run [RUN]
            clean  parameter limit: 1000 → 50000
            clean  input lake/2021-01-24/raw → lake/2021-01-25/raw
            train  parameter seed: 23 → 24
          since the last one that was fine, run [RUN]
            clean  parameter limit: 1000 → 50000
            clean  input lake/2021-01-02/raw → lake/2021-01-25/raw
            train  parameter seed: 1 → 24
        ");
        insta::assert_snapshot!(env.done(&["blame", "param:limit", "--component", "clean"]), @r"
        param:limit of clean went from 1000 to 50000  run [RUN], 2021-01-25 12:00; 6 runs, by chance in under 1 of 1000
          since the run before, run [RUN]
            clean  parameter limit: 1000 → 50000
            clean  input lake/2021-01-24/raw → lake/2021-01-25/raw
        ");
    });
    let answer = env.json(&["blame", "duration", "--component", "train"]);
    let change = &answer["changes"][0];
    assert_eq!(
        (answer["changes"].as_array().unwrap().len(), &change["run"]),
        (1, &json!("0190f3a0-0000-7000-8000-0000000000f1"))
    );
    assert_eq!((&change["runs"], &change["until"]), (&json!(6), &Value::Null));
    let fields = |since: &str| {
        let differences = change[since]["differences"].as_array().unwrap().iter();
        differences.map(|of| (of["component"].as_str().unwrap(), of["field"].as_str().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(fields("since_previous")[0], ("clean", "param:limit"), "upstream first");
    assert_eq!(change["since_ok"]["run"], "0190f3a0-0000-7000-8000-00000000000b");
    assert_eq!(fields("since_ok")[0], ("clean", "param:limit"));
    assert_eq!(answer["series"], json!([{"component": "train", "runs": 30, "level": change["after"]}]));
}

/// Fifty daily trainings of which the error rises a little each day; the data have another name from the 30th on.
fn drifting() -> Vec<String> {
    let day = |day: usize| {
        let id = format!("0190f3a0-0000-7000-8000-{day:012x}");
        let at = |second: usize| format!("2021-{:02}-{:02}T12:00:{second:02}Z", day / 25 + 1, day % 25 + 1);
        #[expect(clippy::cast_precision_loss, reason = "days")]
        let error = 0.2 + 0.002 * day as f64 + [0.001, -0.002, 0.0015, 0.0, -0.001][day * 7 % 5];
        json!({"id": id, "component": "train", "inputs": ["raw"], "outputs": ["model"], "metrics": [{"name": "rmse", "value": error}],
            "started_at": at(0), "ended_at": at(5)})
    };
    (0..50).map(|number| day(number).to_string()).collect()
}

#[test]
fn blame_says_once_that_a_number_crept() {
    let env = TestEnv::with_lines(&drifting());
    insta::with_settings!({filters => RUNS}, {
        insta::assert_snapshot!(env.done(&["blame", "rmse"]), @"metric:rmse of train crept up from 0.201 to 0.2978, in no single step  between 2021-01-01 12:00 and 2021-02-25 12:00, run [RUN] to run [RUN]; 50 runs, by chance in under 1 of 1000");
    });
    let answer = env.json(&["blame", "rmse"]);
    let changes = answer["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["is_creeping"], &changes[0]["runs"]), (1, &json!(true), &json!(50)));
    assert_eq!(changes[0]["until_at"], "2021-02-25T12:00:00Z");
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    let page = serving.send("GET /blame?number=rmse HTTP/1.1\r\nhost: localhost", "");
    assert!(page.contains("crept up from ") && page.contains("in no single step"), "{page}");
}

#[test]
fn blame_never_takes_more_than_forty_lines() {
    // Four steps, at each of which many parameters change, with verdicts and too many parameters to compare them all.
    let mut lines = Vec::new();
    for day in 0..60_usize {
        let step = day / 12;
        let params: serde_json::Map<String, Value> =
            (0..12).map(|number| (format!("p{number}"), json!(format!("v{step}")))).collect();
        lines.push(json!({"id": format!("0190f3a0-0000-7000-8000-{day:012x}"), "component": "train", "inputs": ["raw"],
            "outputs": [format!("model-{day}")], "params": params, "metrics": [{"name": "rmse", "value": 1 + 3 * (step % 2) + day % 2}],
            "started_at": format!("2021-{:02}-{:02}T12:00:00Z", day / 28 + 1, day % 28 + 1),
            "ended_at": format!("2021-{:02}-{:02}T12:00:09Z", day / 28 + 1, day % 28 + 1)}));
    }
    let env = TestEnv::with_lines(&lines.iter().map(Value::to_string).collect::<Vec<_>>());
    env.done(&["flag", "--ok", "model-0"]);
    let text = env.done(&["blame", "rmse"]);
    assert!(text.lines().count() <= 38 && text.contains("… and 1 change before\n"), "{text}");
    assert_eq!(text.matches("    … and 9 more\n").count(), 4, "{text}");
}

#[test]
fn blame_tells_what_it_cannot_look_at() {
    let env = TestEnv::with_lines(&rounds());
    insta::assert_snapshot!(env.fails(1, &["blame", "param:rows"]), @r"
    error: no completed run has the number `param:rows`
    hint: the last runs have `duration`, `param:limit`, `param:seed`
    ");
    insta::assert_snapshot!(env.fails(1, &["blame", "duration", "--component", "trian"]), @r"
    error: no component is called `trian`
      did you mean `train`?
    hint: run `mltrace components` to see all components
    ");
    insta::assert_snapshot!(env.fails(1, &["blame", "rmse", "--component", "train"]), @r"
    error: no completed run of `train` has the number `metric:rmse`
    hint: the last runs have `duration`, `param:seed`
    ");
    insta::assert_snapshot!(env.fails(2, &["blame", "check:whole"]), @r"
    error: invalid value 'check:whole' for '<NUMBER>': `check:whole` is no number of a run: ask for `duration`, `size`, `size:NAME`, `param:NAME`, `profile:FIGURE`, `observed:NAME.FIGURE`, or a metric by its name

    For more information, try '--help'.
    ");
    assert_eq!(env.fails(1, &["blame", "size"]), env.fails(1, &["blame", "param:rows"]).replace("param:rows", "size"));
    insta::assert_snapshot!(env.fails(1, &["blame", "size:x", "--component", "train"]), @r"
    error: no completed run of `train` has the number `size:x`
    hint: the last runs have `duration`, `param:seed`
    ");
    insta::assert_snapshot!(TestEnv::with_lines(&rounds()[..1]).fails(1, &["blame", "size"]), @r"
    error: no completed run has the number `size`
    hint: the last runs have `duration`, `param:limit`
    ");
    // Seven of each are not enough, whatever they say.
    insta::assert_snapshot!(TestEnv::with_lines(&rounds()[..14]).done(&["blame", "duration"]), @"too few runs to say whether duration changed: 14 runs of 2 components, and 8 of each are needed");
    insta::assert_snapshot!(TestEnv::with_lines(&rounds()[..15]).done(&["blame", "duration"]), @r"
    duration is on one level in the last 8 runs of 1 component
    too few runs to say whether duration changed: 7 runs of 1 component, and 8 of each are needed
    ");
}

#[test]
fn last_good_is_the_newest_version_made_from_nothing_that_is_flagged() {
    let env = TestEnv::with_lines(&rounds());
    assert!(env.done(&["last-good", "model"]).starts_with("model@w:"));
    env.done(&["flag", "lake/2021-01-29/rows", "--reason", "half of it"]);
    env.done(&["flag", "model", "lake/2021-01-28/*"]);
    insta::with_settings!({filters => [(RUNS[0].0, RUNS[0].1), (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[TIME]")]}, {
        insta::assert_snapshot!(env.done(&["last-good", "model"]), @r"
        model@w:[RUN]  written [TIME] by run [RUN]
        what stands against 6 newer versions
          model@w:[RUN]  [TIME]
            it is flagged by tester
            clean (run [RUN]) ran with limit = 50000 (before: 1000): 3 of 3 bad, fair by `review`
          model@w:[RUN]  [TIME]
            it was made from `lake/2021-01-29/rows`, which is flagged by tester: half of it
            clean (run [RUN]) ran with limit = 50000 (before: 1000): 3 of 3 bad, fair by `review`
          model@w:[RUN]  [TIME]
            it was made from `lake/2021-01-28/rows`, which is flagged by tester
            clean (run [RUN]) ran with limit = 50000 (before: 1000): 3 of 3 bad, fair by `review`
          model@w:[RUN]  [TIME]
            clean (run [RUN]) ran with limit = 50000 (before: 1000): 3 of 3 bad, fair by `review`
          model@w:[RUN]  [TIME]
            clean (run [RUN]) ran with limit = 50000 (before: 1000): 3 of 3 bad, fair by `review`
          model@w:[RUN]  [TIME]
            clean (run [RUN]) ran with limit = 50000 (before: 1000): 3 of 3 bad, fair by `review`
        ");
        insta::assert_snapshot!(env.done(&["last-good", "model", "--as-of", "2021-01-24 23:00"]), @r"model@w:[RUN]  written [TIME] by run [RUN]");
    });
    let answer = env.json(&["last-good", "model"]);
    assert_eq!(answer["good"]["version"], "w:0190f3a0-0000-7000-8000-0000000000e7");
    let reasons: Vec<&Value> =
        answer["newer"].as_array().unwrap().iter().map(|newer| &newer["against"][0]["reason"]).collect();
    assert_eq!(reasons, ["flagged", "upstream", "upstream", "cause", "cause", "cause"]);
    env.done(&["flag", "--where", "component=clean"]);
    let all = env.call(&["last-good", "model"]);
    assert_eq!((all.code, all.stdout.lines().next()), (1, Some("something stands against each of the 30 versions")));
    assert!(all.stdout.lines().count() <= 40, "{}", all.stdout);
    let one = TestEnv::with_lines(&rounds()[..2]);
    one.done(&["flag", "model"]);
    assert!(one.call(&["last-good", "model"]).stdout.starts_with("something stands against the only version\n"));
    insta::assert_snapshot!(env.fails(1, &["last-good", "modle"]), @r"
    error: no artifact is called `modle`
      did you mean `model`?
    hint: run `mltrace recent` to see what the last runs wrote, or `mltrace components` for the steps
    ");
}

#[test]
fn a_latest_version_that_is_not_on_disk_is_not_good() {
    let env = TestEnv::new();
    env.write("in.txt", "a");
    for text in ["one", "two"] {
        env.done(&[
            "run",
            "--component",
            "copy",
            "-i",
            "in.txt",
            "-o",
            "out.txt",
            "--",
            "sh",
            "-c",
            &format!("printf {text} >out.txt"),
        ]);
    }
    let good = env.json(&["last-good", "out.txt"]);
    assert_eq!((&good["good"]["disk"], &good["newer"]), (&json!("unchanged"), &json!([])));
    env.write("out.txt", "three");
    let good = env.json(&["last-good", "out.txt"]);
    assert_eq!((&good["good"]["disk"], &good["newer"][0]["against"][0]["reason"]), (&json!("changed"), &json!("disk")));
    assert!(env.done(&["last-good", "out.txt"]).contains("    the disk holds something else in its place\n"));
    env.write("out.txt", "one");
    assert_eq!(env.json(&["last-good", "out.txt"])["good"]["disk"], "unchanged", "the older one was put back");
}
