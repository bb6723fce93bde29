//! Observations: shown, merged, compared, and carried elsewhere.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::TestEnv;

/// A run of `serve` on a day of May that made so many predictions of about 10, and one of 20.
fn served(day: u32, count: u64, is_whole: bool, zones: &[(&str, u64)]) -> String {
    let top: Vec<Value> = zones.iter().map(|(value, count)| json!({"value": value, "count": count})).collect();
    let all: u64 = zones.iter().map(|(_, count)| count).sum();
    let spread = json!({
        "sum": 10 * count + 20, "min": 10.0, "max": 20.0, "level": 0, "zeros": 0, "positive": [[116, count], [150, 1]],
    });
    let line = json!({
        "id": format!("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a{day:02}"), "component": "serve",
        "started_at": format!("2021-05-{day:02}T12:00:00Z"), "ended_at": format!("2021-05-{day:02}T12:05:00Z"),
        "observations": [
            {"name": "prediction", "count": count + 3, "is_whole": is_whole, "nans": 2, "spread": spread},
            {"name": "zone", "count": all, "is_whole": true, "top": top},
        ],
    });
    line.to_string() + "\n"
}

fn all() -> TestEnv {
    let env = TestEnv::new();
    let lines = [
        served(1, 100, true, &[("JFK", 50), ("EWR", 50)]),
        served(2, 300, true, &[("JFK", 150), ("EWR", 150)]),
        served(3, 1, false, &[("JFK", 1), ("LGA", 9)]),
    ];
    env.call_with_input(&["import", "-"], &lines.concat());
    env
}

#[test]
fn what_was_observed_is_merged_over_runs_and_shown_of_each() {
    let env = all();
    assert_snapshot!(env.done(&["observations", "serve", "--until", "2021-05-02 13:00"]), @r"
    OBSERVED           RUNS  VALUES  5 %      25 %     50 %     75 %     95 %     MOST FREQUENT
    serve: prediction  2     406     10.0747  10.0747  10.0747  10.0747  10.0747  4 not a number
    serve: zone        2     400                                                  EWR (200), JFK (200)
    ");
    assert!(
        env.done(&["inspect", "0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a01"])
            .contains("prediction: 103 values; median 10.0747, 5 % below 10.0747, 5 % above 10.0747; 2 not a number")
    );
    assert_eq!(env.done(&["observations", "serve", "--name", "nothing"]), "no observations\n");
    assert!(env.fails(1, &["observations", "nobody"]).contains("nobody"));
}

#[test]
fn spans_and_runs_are_compared_by_the_size_of_the_effect() {
    let env = all();
    let words = ["observations", "serve", "--since", "2021-05-03", "--before-until", "2021-05-02 13:00"];
    assert_snapshot!(env.done(&words), @r"
    OBSERVED                   RUNS  VALUES  5 %      25 %     50 %     75 %     95 %     MOST FREQUENT
    serve: prediction, before  2     406     10.0747  10.0747  10.0747  10.0747  10.0747  4 not a number
    serve: prediction          1     4       10.0747  10.0747  10.0747  19.8867  19.8867  2 not a number; the rest is not known: a run was killed, or goes on  moved far, PSI 2.623, of what is known
    serve: zone, before        2     400                                                  EWR (200), JFK (200)
    serve: zone                1     10                                                   LGA (9), JFK (1)                                                     moved far, PSI 13.095
    PSI is the size of an effect and not the outcome of a test: over many values all tests find something
    ");
    let found = &env.json(&words)["observations"];
    assert_eq!((found[0]["before"]["runs"].as_u64(), found[0]["now"]["is_whole"].as_bool()), (Some(2), Some(false)));
    assert!(found[1]["psi"].as_f64().unwrap() > 0.25, "{found}");
    let (one, two) = ("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a01", "0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a02");
    let same = env.json(&["observations", "--run", two, "--before-run", one]);
    assert!(same["observations"][0]["psi"].as_f64().unwrap() < 0.1, "{same}");
}

#[test]
fn observations_survive_an_export_and_an_import_and_the_fuller_one_counts() {
    let env = all();
    let exported = env.done(&["export"]);
    let other = TestEnv::new();
    other.call_with_input(&["import", "-"], &exported);
    let observed = |env: &TestEnv| env.json(&["observations"]);
    assert_eq!(observed(&other), observed(&env));
    let again = other.call_with_input(&["import", "-"], &served(3, 1, false, &[("JFK", 1), ("LGA", 9)]));
    assert!(again.stdout.contains("known"), "{}", again.stdout);
    other.call_with_input(&["import", "-"], &served(3, 70, true, &[("JFK", 1), ("LGA", 9)]));
    let words = ["observations", "--since", "2021-05-03", "--name", "prediction"];
    assert_eq!(other.json(&words)["observations"][0]["now"]["count"].as_u64(), Some(73));
    other.call_with_input(&["import", "-"], &served(3, 99, false, &[]));
    assert_eq!(
        other.json(&words)["observations"][0]["now"]["count"].as_u64(),
        Some(73),
        "what is cut stands for nothing whole"
    );
    let wrong = served(4, 5, true, &[]).replace("\"count\":8", "\"count\":6");
    assert!(other.call_with_input(&["import", "-"], &wrong).stderr.contains("counts what it does not hold"));
    let store = rusqlite::Connection::open(other.project().join(".mltrace/mltrace.db")).unwrap();
    let sql = "SELECT sum(count) FROM observations WHERE observation = 'zone'";
    let rows = store.query_row(sql, [], |row| row.get::<_, i64>(0));
    assert_eq!(rows, Ok(410));
}
