//! `mltrace flag`, `unflag` and `review`.

use crate::env::{TestEnv, runs};

fn pipeline() -> TestEnv {
    TestEnv::with_lines(&runs(&[
        "raw -> ingest -> data",
        "data -> good_features -> f1",
        "data -> bad_features -> f2",
        "f1 -> predict -> p1",
        "f2 -> predict -> p2",
        "f2 -> predict -> p3",
    ]))
}

#[test]
fn flag_ends_with_the_suspects() {
    let env = pipeline();
    env.done(&["flag", "--ok", "p1"]);
    insta::with_settings!({filters => vec![(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[TIME]"), (r"(run|inspect|w:)( ?)[0-9a-f]{8}", "$1$2[RUN]")]}, {
        insta::assert_snapshot!(env.done(&["flag", "p2", "p3", "--reason", "all fares are zero"]), @r"
        2 bad, 1 ok. bad_features ran, in one run at 2021-01-01 00:02: 2 of 2 bad, 0 of 1 ok; weak, as there are few verdicts for all that was compared.
        what the bad ones share
          1. bad_features ran: 2 of 2 bad, 0 of 1 ok
             weak, as there are few verdicts for all that was compared; 1 run, 2021-01-01 00:02; see `mltrace inspect [RUN]`
        suspects
          1. bad_features (run [RUN])  78 % if one run is to blame
             upstream of 2 of 2 flagged and 0 of 1 ok outputs; score 1.9 = 1.9 for the verdicts + 0.0 for what changed
          2. ingest (run [RUN])  21 % if one run is to blame
             upstream of 2 of 2 flagged and 1 of 1 ok outputs; score 1.3 = 1.3 for the verdicts + 0.0 for what changed
          no recorded run  1 %
        look next
          data@w:[RUN]
            bad would point to ingest (run [RUN]), ok to bad_features (run [RUN]) or no recorded run (0.22 bits)
        flagged
          p2: all fares are zero  w:[RUN], by tester, [TIME]
          p3: all fares are zero  w:[RUN], by tester, [TIME]
        ok
          p1  w:[RUN], by tester, [TIME]
        ");
    });
    let answer = env.json(&["review"]);
    assert_eq!(answer["suspects"][0]["components"][0], "bad_features");
    assert_eq!(answer["flagged"][0]["reason"], "all fares are zero");
    assert_eq!(env.json(&["flag"]), answer, "`flag` alone is `review`");
}

#[test]
fn nothing_is_flagged_unless_everything_is_known() {
    let env = pipeline();
    insta::assert_snapshot!(env.fails(1, &["flag", "p2", "p9", "nothing alike"]), @r"
    error: no artifact is called `p9`
      did you mean `p1` or `p2` or `p3`?
    error: no artifact is called `nothing alike`
    hint: run `mltrace recent` to see what the last runs wrote, or `mltrace components` for the steps; no verdict was recorded
    ");
    assert_eq!(env.json(&["review"])["flagged"], serde_json::json!([]));
    assert_eq!(env.done(&["review"]), "nothing is flagged\n");
}

#[test]
fn verdicts_are_taken_back() {
    let env = pipeline();
    env.done(&["flag", "p2", "p3"]);
    let left = env.json(&["unflag", "p3"]);
    assert_eq!(left["flagged"].as_array().unwrap().len(), 1);
    env.done(&["flag", "--ok", "p1"]);
    let none = env.json(&["unflag", "--all"]);
    assert_eq!((&none["flagged"], &none["ok"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert_eq!(env.done(&["unflag", "--all"]), "nothing is flagged\n");
    env.fails(2, &["unflag"]);
    env.fails(2, &["unflag", "p1", "--all"]);
    env.fails(2, &["flag", "--ok"]);
}

#[test]
fn a_verdict_belongs_to_the_version() {
    let mut lines = runs(&["a -> old -> m", "b -> new -> m"]);
    let env = TestEnv::with_lines(&lines);
    env.done(&["flag", "m"]);
    assert_eq!(env.done(&["trace", "m", "-q"]), "new\n└── m [flagged]\n");
    lines = vec![runs(&["a -> x -> y", "a -> x -> y", "c -> fixed -> m"]).remove(2)];
    env.call_with_input(&["import", "-"], &lines.join("\n"));
    assert_eq!(env.done(&["trace", "m", "-q"]), "fixed\n└── m\n");
}

/// Returns a nightly pipeline over several nights: `clean` makes two tables, `join` one out of each, `score` two files
/// of each join. In the last night `join` of the second table runs with another parameter.
fn nights() -> Vec<String> {
    let mut lines = Vec::new();
    for night in 0..6 {
        let mut run = |minute: usize, component: &str, input: String, output: String, unit: Option<&str>| {
            let time = |second: usize| format!("2021-01-{:02}T00:{minute:02}:{second:02}Z", night + 1);
            let params = unit.map_or(serde_json::json!({}), |unit| serde_json::json!({ "unit": unit }));
            let line = serde_json::json!({
                "component": component, "inputs": [input], "outputs": [output], "params": params,
                "started_at": time(0), "ended_at": time(20),
            });
            lines.push(line.to_string());
        };
        for table in ["rides", "fares"] {
            let place = usize::from(table == "fares");
            let name = |step: &str| format!("2021-01-{:02}/{step}/{table}", night + 1);
            run(place, "clean", name("raw"), name("clean"), None);
            let unit = if night == 5 && table == "fares" { "cent" } else { "dollar" };
            run(2 + place, "join", name("clean"), name("join"), Some(unit));
            for file in 0..3 {
                run(4 + 3 * place + file, "score", name("join"), format!("{}-{file}", name("score")), None);
            }
        }
    }
    lines
}

#[test]
fn review_points_to_the_run_that_changed_and_says_why() {
    let env = TestEnv::with_lines(&nights());
    env.done(&["flag", "--ok", "2021-01-06/score/rides-0", "2021-01-05/score/fares-1"]);
    insta::with_settings!({filters => vec![(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[TIME]"), (r"(run|inspect|w:)( ?)[0-9a-f]{8}", "$1$2[RUN]")]}, {
        insta::assert_snapshot!(env.done(&["flag", "2021-01-06/score/fares-0", "2021-01-06/score/fares-2"]), @r"
        2 bad, 2 ok. join ran with unit = cent (before: dollar) in one run at 2021-01-06 00:03: 2 of 2 bad, 0 of 2 ok.
        what the bad ones share
          1. join ran with unit = cent (before: dollar): 2 of 2 bad, 0 of 2 ok
             fair, 7.8 times likelier than chance; 1 run, 2021-01-06 00:03; see `mltrace inspect [RUN]`
        suspects
          fact 1, in one run at 2021-01-06 00:03
          1. join (run [RUN]) or one other  over 99 % if one run is to blame
             no verdict tells it from clean (run [RUN])
             upstream of 2 of 2 flagged and 0 of 2 ok outputs; score 3.4 = 2.0 for the verdicts + 1.5 for what changed
             join (run [RUN]): parameter `unit` = cent, before dollar; in the runs before it changed 0 of 10 times (×36)
          no recorded run  under 1 %
        look next
          2021-01-06/clean/fares@w:[RUN]
            bad would point to clean (run [RUN]), ok to join (run [RUN]) or no recorded run (0.03 bits)
        flagged
          2021-01-06/score/fares-0  w:[RUN], by tester, [TIME]
          2021-01-06/score/fares-2  w:[RUN], by tester, [TIME]
        ok
          2021-01-06/score/rides-0  w:[RUN], by tester, [TIME]
          2021-01-05/score/fares-1  w:[RUN], by tester, [TIME]
        ");
    });
    let suspect = &env.json(&["review", "--limit", "1"])["suspects"][0];
    let runs = suspect["runs"].as_array().unwrap();
    assert_eq!(suspect["components"][0], "join");
    assert_eq!(env.json(&["inspect", runs[0].as_str().unwrap()])["params"]["unit"], "cent");
    let number = |field: &str| suspect[field].as_f64().unwrap();
    assert!((number("score") - number("score_of_verdicts") - number("score_of_changes")).abs() < 1e-9);
}

#[test]
fn a_verdict_makes_no_evidence() {
    let env = TestEnv::with_lines(&nights());
    let changes = |answer: &serde_json::Value| answer["suspects"][0]["evidence"].as_array().unwrap()[1..].to_vec();
    let before = changes(&env.json(&["flag", "2021-01-06/score/fares-0", "2021-01-06/score/fares-2"]));
    let after = changes(&env.json(&["flag", "2021-01-06/score/fares-1"]));
    assert_eq!(before, after);
    assert!(before[0].as_str().unwrap().contains("parameter `unit` = cent, before dollar"), "{before:?}");
}

#[cfg(unix)]
#[test]
fn who_judged_and_noted_is_known_without_an_environment() {
    let env = pipeline();
    for arguments in [&["log", "--component", "c"][..], &["flag", "p1"], &["note", "latest", "seen"]] {
        let done = env.std_command(arguments).env_remove("USER").env_remove("LOGNAME").output().unwrap();
        assert!(done.status.success());
    }
    let run = env.json(&["inspect", "latest"]);
    let user = run["user"].as_str().unwrap();
    assert!(!user.is_empty());
    assert_eq!(run["notes"][0]["by"], user);
    assert_eq!(env.json(&["review"])["flagged"][0]["by"], user);
}

/// One pass of a small pipeline whose outputs follow from its unit alone.
fn pass(hour: u32, unit: u32, verbose: u32) -> String {
    let version = |step: u32| format!("b3:{}", format!("{:x}", step + unit % 16).repeat(64));
    let mut lines = String::new();
    for (step, component) in (0_u32..).zip(["ingest", "featuregen", "train", "predict"]) {
        let params = match component {
            "featuregen" => serde_json::json!({ "unit": unit }),
            "train" => serde_json::json!({ "verbose": verbose }),
            _ => serde_json::json!({}),
        };
        let made = |step: u32| {
            let is_raw = step == 0;
            let version = if is_raw { format!("b3:{}", "f".repeat(64)) } else { version(step) };
            serde_json::json!([{ "name": format!("{step}.csv"), "version": version, "size": 1000 }])
        };
        let inputs = step.checked_sub(1).map_or_else(|| serde_json::json!([]), made);
        let time = |second: u32| format!("2026-03-01T{hour:02}:{step:02}:{second:02}Z");
        let line = serde_json::json!({
            "component": component, "started_at": time(0), "ended_at": time(9), "params": params, "inputs": inputs,
            "outputs": made(step),
        });
        lines.push_str(&format!("{line}\n"));
    }
    lines
}

#[test]
fn to_run_a_broken_pipeline_again_changes_no_suspect() {
    let env = TestEnv::new();
    let import = |text: &str| {
        env.write("pass.ndjson", text);
        env.done(&["import", "pass.ndjson"]);
    };
    (0..4).for_each(|hour| import(&pass(hour, 10, 0)));
    env.done(&["flag", "--ok", "3.csv"]);
    import(&pass(4, 1, 0));
    env.done(&["flag", "3.csv"]);
    let before = env.json(&["review"]);
    assert_eq!(before["suspects"][0]["components"][0], "featuregen", "{before}");
    import(&pass(5, 1, 1));
    let after = env.json(&["review"]);
    assert_eq!(before["suspects"], after["suspects"]);
    let suspects = |limit: &str| env.json(&["review", "--limit", limit]);
    assert_eq!(suspects("1")["look_next"], suspects("20")["look_next"], "what is shown is no reason to look elsewhere");
    env.fails(2, &["review", "--limit", "0"]);
}

#[test]
fn nothing_has_changed_since_a_version_that_was_made_later() {
    let env = TestEnv::new();
    env.write("passes.ndjson", &[pass(0, 10, 0), pass(1, 1, 0), pass(2, 5, 0)].concat());
    env.done(&["import", "passes.ndjson"]);
    env.done(&["flag", "--ok", "3.csv"]);
    let broken = format!("3.csv@b3:{}", "4".repeat(64));
    let answer = env.json(&["diff", &broken]);
    assert_eq!(answer["a"]["version"], format!("b3:{}", "d".repeat(64)), "{answer}");
}

/// A verdict on `p2` that an earlier version took, dated by somebody whose clock is far ahead.
fn ahead(id: &str, at: &str) -> String {
    let made =
        serde_json::json!({"type": "label", "id": id, "name": "p2", "version": "v:1", "verdict": "ok", "at": at});
    made.to_string()
}

#[test]
fn a_verdict_of_now_counts_after_one_that_is_dated_ahead() {
    let env = pipeline();
    let line = ahead("0190f3a0-0000-7000-8000-000000000001", "9999-12-31T23:59:59Z");
    assert_eq!(env.call_with_input(&["import", "--allow-future", "-"], &line).code, 0);
    assert_eq!(env.json(&["flag", "p2@v:1"])["flagged"][0]["name"], "p2");
    assert_eq!(env.json(&["unflag", "p2@v:1"])["flagged"], serde_json::json!([]));
    assert_eq!(env.json(&["flag", "p2@v:1", "--ok"])["ok"][0]["at"], "9999-12-31T23:59:59.000003Z");
}

#[test]
fn a_verdict_that_does_not_count_is_no_success() {
    let env = pipeline();
    let line = ahead("ffffffff-ffff-ffff-ffff-ffffffffffff", "9999-12-31T23:59:59.999999Z");
    assert_eq!(env.call_with_input(&["import", "--allow-future", "-"], &line).code, 0);
    insta::assert_snapshot!(env.fails(1, &["flag", "p2@v:1"]), @r"
    error: what is said of `p2` now does not count: the last word is of 9999-12-31 23:59:59
    hint: run `mltrace review`, `mltrace component NAME` or `mltrace alias NAME` to see what counts
    ");
    assert_eq!(env.json(&["review"])["ok"].as_array().unwrap().len(), 1);
    let line = r#"{"type": "component", "name": "predict", "at": "9999-12-31T23:59:59.999999Z", "owner": "zoe"}"#;
    assert_eq!(env.call_with_input(&["import", "--allow-future", "-"], line).code, 0);
    insta::assert_snapshot!(env.fails(1, &["component", "predict", "--owner", "ann"]), @r"
    error: what is said of `predict` now does not count: the last word is of 9999-12-31 23:59:59
    hint: run `mltrace review`, `mltrace component NAME` or `mltrace alias NAME` to see what counts
    ");
}

#[test]
fn what_is_dated_ahead_is_not_imported_unless_that_is_meant() {
    let env = pipeline();
    let line = ahead("0190f3a0-0000-7000-8000-000000000001", "9999-12-31T23:59:59Z");
    let answer = env.call_with_input(&["import", "-"], &line);
    assert_eq!(answer.code, 1);
    insta::assert_snapshot!(answer.stderr, @r"
    error: line 1: the verdict was given at 9999-12-31T23:59:59Z, more than a day ahead of the clock
    hint: pass `--allow-future` to take such times: what is dated so is the last word until then
    ");
    insta::assert_snapshot!(env.fails(2, &["log", "--component", "c", "--ended", "9999-12-31 23:59"]), @r"
    error: the run ends at 9999-12-31 23:59:00, more than a day ahead of the clock
    hint: pass `--allow-future` if that is meant
    ");
    env.done(&["log", "--component", "c", "--ended", "9999-12-31 23:59", "--allow-future"]);
}
