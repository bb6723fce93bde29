//! What real clients sent, captured: the tests run where the captures lie, and say aloud where they do not.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::orders::same_in_any_order;
use crate::project::{Project, names};

/// Where the captures lie.
const PLACE: &str = "MLTRACE_OPENLINEAGE_CAPTURES";

/// Returns the events of a capture that are whole.
fn captured(name: &str) -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os(PLACE).map(PathBuf::from) else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {PLACE} names no folder with `{name}.ndjson`");
        return None;
    };
    let text = std::fs::read_to_string(folder.join(format!("{name}.ndjson"))).unwrap();
    let bodies = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["body"].take());
    Some(bodies.filter(|body| body.get("eventTime").is_some()).collect())
}

#[test]
fn captures_are_the_same_in_any_order() {
    for name in ["ol-http", "airflow", "dbt", "dbtok"] {
        let Some(events) = captured(name) else { return };
        assert!(events.len() >= 5, "{name}");
        same_in_any_order(&events);
    }
}

#[test]
fn a_dag_is_a_run_around_its_tasks() {
    let Some(events) = captured("airflow") else { return };
    let mut project = Project::told(&events);
    let (clean, train) = (project.run("afns/rides.clean"), project.run("afns/rides.train"));
    assert_eq!(
        (names(&clean, "inputs"), names(&clean, "outputs")),
        (vec!["/data/rides.csv".to_owned()], vec!["/data/clean.csv".to_owned()])
    );
    assert_eq!((clean["status"].as_str(), train["status"].as_str()), (Some("completed"), Some("failed")));
    assert_eq!(train["error"], "bad learning rate");
    let dag = project.run("afns/rides");
    assert_eq!((&clean["parent"], &train["parent"]), (&dag["id"], &dag["id"]));
    assert_eq!(train["inputs"][0]["bound"], "time", "{train:#}");
}

#[test]
fn a_test_of_dbt_that_failed_is_a_check_of_its_table() {
    let Some(events) = captured("dbt") else { return };
    let mut project = Project::told(&events);
    let test = project.run("shopns/shop.main.shop.clean.build.test");
    assert_eq!(test["status"], "failed");
    let failed: Vec<&Value> =
        test["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{test:#}");
    assert_eq!(failed[0]["name"], "not_null_clean_fare");
    assert_eq!(failed[0]["about"], "duckdb:///app/shop/shop.duckdb/shop.main.clean");
    let single = project.run("shopns/test.shop.not_null_clean_fare.7f2993299e");
    assert_eq!(names(&single, "outputs"), [""; 0], "a test writes nothing");
}
