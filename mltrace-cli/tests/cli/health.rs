//! `mltrace health` and `mltrace trace --timing`.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::TestEnv;

/// A month of nightly ingests and trainings, of which the trainings take twice as long from the 15th on; and a run by hand.
fn month() -> TestEnv {
    let run = |day: u32, component: &str, inputs: &[&str], output: &str, [from, to]: [u32; 2]| {
        let at = |minute: u32| format!("2021-05-{day:02}T{:02}:{:02}:00Z", minute / 60, minute % 60);
        let number = match component {
            "train" => day,
            "ingest" => day + 50,
            _ => 90,
        };
        json!({
            "id": format!("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a{number:02}"), "component": component, "inputs": inputs,
            "outputs": [output], "started_at": at(from), "ended_at": at(to),
            "git": {"commit": if day < 15 { "a" } else { "b" }.repeat(40)},
        })
        .to_string()
    };
    let days = (1..=28).flat_map(|day| {
        let took = if day < 15 { 10 } else { 20 } + day % 3;
        [run(day, "ingest", &["source"], "raw", [0, 5]), run(day, "train", &["raw"], "model", [15, 15 + took])]
    });
    TestEnv::with_lines(&days.chain([run(3, "look", &["model"], "plot", [600, 601])]).collect::<Vec<_>>())
}

#[test]
fn a_trace_tells_where_the_time_went() {
    let env = month();
    let text = env.done(&["trace", "model", "--timing"]);
    let from = text.find("critical path").unwrap();
    assert_snapshot!(text[from..].to_owned(), @r"
    critical path: 36 min 0 s, of which 26 min 0 s running and 10 min 0 s waiting
    COMPONENT  RUN       STARTED              WAITED      TOOK        USUALLY TAKES                                         TREND
    ingest     5c0b8a78  2021-05-28 00:00:00              5 min 0 s   5 min 0 s
    train      5c0b8a28  2021-05-28 00:15:00  10 min 0 s  21 min 0 s  10 min 0 s to 12 min 0 s or 20 min 0 s to 21 min 0 s  doubled from 11 min 0 s to 21 min 0 s on 2021-05-15 at commit bbbbbbbb
    ");
    let answer = env.json(&["trace", "model", "--timing"]);
    assert_eq!(
        (&answer["timing"]["span_ms"], &answer["timing"]["waiting_ms"]),
        (&json!(2_160_000.0), &json!(600_000.0))
    );
    assert!(answer["runs"].is_array() && env.json(&["trace", "model"]).get("timing").is_none());
    assert!(
        env.done(&["trace", "model", "--timing", "--depth", "0"])
            .contains("it may begin further up, where the trace was cut")
    );
    assert_eq!(env.call(&["trace", "model", "--timing", "--format", "dot"]).code, 2);
    assert_eq!(env.done(&["trace", "source", "--timing"]), env.done(&["trace", "source"]), "nobody wrote it");
}

#[test]
fn what_stopped_long_ago_is_late_until_it_is_retired() {
    let env = month();
    let call = env.call(&["health"]);
    assert_eq!(call.code, 1);
    let (problems, table) = call.stdout.split_once("\n\n").unwrap();
    assert!(
        problems.lines().count() == 2 && problems.contains("ago, and usually begins every 24 h 0 min"),
        "{problems}"
    );
    assert_snapshot!(table, @r"
    COMPONENT  RUNS  LAST              EVERY       USUALLY TAKES                                         TREND
    ingest     28    2021-05-28 00:00  24 h 0 min  5 min 0 s
    look       1     2021-05-03 10:00  no rhythm   too few to say
    train      28    2021-05-28 00:15  24 h 0 min  10 min 0 s to 12 min 0 s or 20 min 0 s to 21 min 0 s  doubled from 11 min 0 s to 21 min 0 s on 2021-05-15 at commit bbbbbbbb
    ");
    assert_eq!(env.call(&["health", "look"]).code, 0, "what is run by hand has no rhythm");
    for component in ["ingest", "train"] {
        env.done(&["component", component, "--tag", "retired"]);
    }
    assert!(env.done(&["health"]).starts_with("nothing is overdue or late\n"));
    assert!(env.fails(1, &["health", "tarin"]).contains("did you mean `train`?"));
    assert_eq!(TestEnv::new().call(&["health"]).code, 0, "where nothing is recorded nothing is late");
}

#[test]
fn a_run_that_is_dated_ahead_is_said() {
    let env = month();
    let line = json!({"component": "train", "started_at": "2999-01-01T00:00:00Z", "ended_at": "2999-01-01T00:00:00Z"});
    env.call_with_input(&["import", "-", "--allow-future"], &line.to_string());
    let call = env.call(&["health", "train"]);
    assert!(
        call.code == 1 && call.stdout.contains("2021-05-28 00:15 (one is dated 2999-01-01 00:00)"),
        "{}",
        call.stdout
    );
}
