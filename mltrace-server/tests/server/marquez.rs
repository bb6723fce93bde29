//! What a client of Marquez reads, in the shape that it knows.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::Served;

const CLEAN: &str = "0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a01";

/// Two steps, of which the first wrote what the second read.
fn served() -> Served {
    let run = |id: &str, component: &str, minute: u32, input: &str, output: &str, status: &str| {
        let at = |minute: u32| format!("2021-05-01T12:{minute:02}:00Z");
        json!({"id": id, "component": component, "started_at": at(minute), "ended_at": at(minute + 1), "status": status,
            "inputs": [input], "outputs": [{"name": output, "version": format!("v:{minute}")}]})
    };
    let train = "0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a02";
    Served::with(&[
        run(CLEAN, "clean", 0, "s3://lake/raw.csv", "s3://lake/clean.csv", "completed"),
        run(train, "train", 10, "s3://lake/clean.csv", "model", "failed"),
    ])
}

fn ask(served: &Served, path: &str) -> Value {
    served.ask(&format!("/marquez/api/v1/{path}"))
}

/// Returns what the namespace of the project is called.
fn project(served: &Served) -> String {
    let namespaces = ask(served, "namespaces");
    let names: Vec<&str> =
        namespaces["namespaces"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"s3://lake") && namespaces["totalCount"] == names.len(), "{names:?}");
    names.into_iter().find(|name| *name != "s3://lake").unwrap().to_owned()
}

#[test]
fn jobs_and_runs_are_components_and_runs() {
    let served = served();
    let project = project(&served);
    let jobs = ask(&served, &format!("namespaces/{project}/jobs?limit=1"));
    assert_eq!((&jobs["totalCount"], jobs["jobs"].as_array().unwrap().len()), (&json!(2), 1));
    let job = ask(&served, &format!("namespaces/{project}/jobs/clean"));
    assert_eq!(job["inputs"], json!([{"namespace": "s3://lake", "name": "raw.csv"}]));
    assert_eq!(job["outputs"], json!([{"namespace": "s3://lake", "name": "clean.csv"}]));
    assert_eq!((&job["latestRun"]["id"], &job["latestRun"]["state"]), (&json!(CLEAN), &json!("COMPLETED")));
    let runs = ask(&served, &format!("namespaces/{project}/jobs/train/runs"));
    assert_eq!((&runs["totalCount"], &runs["runs"][0]["state"]), (&json!(1), &json!("FAILED")));
    assert_eq!(ask(&served, &format!("jobs/runs/{CLEAN}"))["durationMs"], 60_000.0);
    for nothing in ["namespaces/elsewhere/jobs/clean".to_owned(), format!("namespaces/{project}/jobs/nothing")] {
        let answer = served.get(&format!("/marquez/api/v1/{nothing}"));
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[test]
fn datasets_are_artifacts_with_their_versions() {
    let served = served();
    let datasets = ask(&served, "namespaces/s3%3A%2F%2Flake/datasets");
    let names: Vec<&Value> = datasets["datasets"].as_array().unwrap().iter().map(|of| &of["name"]).collect();
    assert_eq!(names, ["clean.csv", "raw.csv"]);
    let dataset = ask(&served, "namespaces/s3%3A%2F%2Flake/datasets/clean.csv");
    assert_eq!(dataset["currentVersion"], "v:0");
    let versions = ask(&served, "namespaces/s3%3A%2F%2Flake/datasets/clean.csv/versions");
    assert_eq!(versions["versions"][0]["createdByRun"]["id"], CLEAN);
}

#[test]
fn lineage_goes_both_ways_as_far_as_it_is_asked_to() {
    let served = served();
    let project = project(&served);
    let nodes = |path: &str| -> Vec<String> {
        let graph = ask(&served, path)["graph"].take();
        graph.as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
    };
    let clean = "lineage?nodeId=dataset%3As3%3A%2F%2Flake%3Aclean.csv";
    let near =
        ["dataset:s3://lake:clean.csv".to_owned(), format!("job:{project}:clean"), format!("job:{project}:train")];
    assert_eq!(nodes(&format!("{clean}&depth=1")), near);
    assert_eq!(nodes(clean).len(), 5);
    let graph = ask(&served, &format!("{clean}&depth=1"));
    let node = &graph["graph"][0];
    assert_eq!(node["inEdges"], json!([{"origin": near[1], "destination": near[0]}]));
    assert_eq!(node["outEdges"], json!([{"origin": near[0], "destination": near[2]}]));
    assert_eq!(served.get("/marquez/api/v1/lineage?nodeId=job:a:b").status, StatusCode::NOT_FOUND);
    assert_eq!(served.get("/marquez/api/v1/lineage").status, StatusCode::BAD_REQUEST);
}

#[test]
fn events_and_names_are_found() {
    let served = served();
    let events = ask(&served, "events/lineage?limit=3");
    assert_eq!(events["totalCount"], 3);
    assert_eq!(events["events"][0]["eventType"], "START");
    let found = ask(&served, "search?q=clean");
    let kinds: Vec<&Value> = found["results"].as_array().unwrap().iter().map(|of| &of["type"]).collect();
    assert_eq!(kinds, ["JOB", "DATASET"]);
}

#[test]
fn nothing_is_written_this_way() {
    let served = served();
    for route in served.routes.iter().filter(|route| route.path.starts_with("/marquez/")) {
        assert_eq!(route.method, Method::GET, "{route:?}");
    }
    let answer = served.post("/marquez/api/v1/lineage", &json!({}));
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}
