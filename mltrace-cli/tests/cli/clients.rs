//! Real clients of OpenLineage report to a running server: the Python client over each of its transports, and dbt.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::env::TestEnv;
use crate::serve::Serving;

/// Returns a program of the clients where `.ci/run` puts them.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let tool = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tools/openlineage/bin").join(name);
    if !tool.exists() {
        // Straight to the terminal: what a test that passes prints is not shown.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {name} of OpenLineage is not there: `.ci/run` installs it");
        return None;
    }
    Some(tool)
}

pub(crate) fn given(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/openlineage").join(name)
}

fn run(command: &mut Command) -> (bool, String) {
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

#[test]
fn the_python_client_reports_over_each_of_its_transports() {
    let Some(python) = tool("python") else { return };
    let env = TestEnv::new();
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    let url = serving.told["url"].as_str().unwrap();
    for transport in ["http", "gzip", "async_http", "composite", "file"] {
        let mut client = Command::new(&python);
        client.arg(given("client.py")).args([transport, url, "log.ndjson"]).current_dir(env.project());
        let (is_done, printed) = run(&mut client);
        assert!(is_done, "{transport}: {printed}");
    }
    // What went to the server and into the file is known already, once it is in the store.
    env.done(&["ingest"]);
    assert_eq!(env.done(&["import", "openlineage", "log.ndjson"]), "12 lines: 6 stored, 6 known already\n");
    for transport in ["http", "gzip", "async_http", "composite", "file"] {
        let runs = env.json(&["history", &format!("{transport}/dag.train")]);
        let [train] = runs["runs"].as_array().unwrap().as_slice() else { panic!("{transport}: {runs}") };
        assert_eq!((&train["status"], &train["error"]), (&"failed".into(), &"no convergence".into()), "{transport}");
        assert_eq!(train["inputs"][0]["name"], format!("s3://lake/{transport}/clean.csv"));
        let trace = env.json(&["trace", &format!("s3://lake/{transport}/clean.csv")]);
        assert_eq!(trace["runs"][0]["component"], format!("{transport}/dag.clean"));
        assert!(env.done(&["history", &format!("{transport}/dag")]).contains("completed"), "{transport}");
    }
}

#[test]
#[cfg(unix)]
fn what_dbt_reported_shows_what_the_readme_of_the_example_shows() {
    let env = TestEnv::new();
    let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/dbt");
    std::fs::copy(example.join("events.ndjson"), env.project().join("events.ndjson")).unwrap();
    let readme = std::fs::read_to_string(example.join("README.md")).unwrap();
    for transcript in readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        assert_eq!(crate::monitoring::shown(transcript, &env.project()), transcript);
    }
    let review = env.json(&["review"]);
    let check = "not_null_rides_fare of duckdb://rides.duckdb/rides.main.rides";
    assert!(review["suspects"][0].to_string().contains(check), "{review}");
}

#[test]
fn a_test_of_dbt_that_failed_is_what_review_names() {
    let Some(dbt) = tool("dbt-ol") else { return };
    let env = TestEnv::new();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/dbt");
    let files = [
        "dbt_project.yml",
        "profiles.yml",
        "seeds/raw_rides.csv",
        "models/rides.sql",
        "models/fares.sql",
        "models/schema.yml",
    ];
    for file in files {
        env.write(file, &std::fs::read_to_string(folder.join(file)).unwrap());
    }
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    let build = || {
        let path = format!("{}:/usr/bin:/bin", dbt.parent().unwrap().display());
        let mut command = Command::new(&dbt);
        command.args(["build", "--profiles-dir", ".", "--no-use-colors"]).current_dir(env.project()).env("PATH", path);
        command.env("OPENLINEAGE_URL", serving.told["url"].as_str().unwrap()).env("DO_NOT_TRACK", "1");
        run(&mut command)
    };
    const RIDES: &str = "duckdb://rides.duckdb/rides.main.rides";
    let (is_done, printed) = build();
    assert!(is_done, "{printed}");
    env.done(&["flag", "--ok", RIDES]);
    env.write("seeds/raw_rides.csv", "id,fare\n1,10.5\n2,\n");
    let (is_done, printed) = build();
    assert!(!is_done && printed.contains("Emitted 6 OpenLineage events"), "{printed}");
    let review = env.done(&["flag", RIDES]);
    let cause = "dbt/rides.main.rides.rides.build.run failed its check not_null_rides_fare";
    assert!(review.contains(cause), "{review}");
    let checks = env.json(&["checks", "--failed"]);
    assert_eq!(checks["checks"][0]["message"], "expected 0, got 1", "{checks}");
}
