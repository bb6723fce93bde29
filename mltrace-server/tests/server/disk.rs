//! Comparing the disk with the record, through the page and the API.

use axum::http::StatusCode;
use mltrace_core::disk::fingerprint::fingerprint;
use mltrace_core::disk::{Hashing, Skip};
use serde_json::{Value, json};

use crate::client::Served;

/// Writes files into the project, and records a run that wrote them as they are now.
fn wrote(served: &Served, files: &[&str]) {
    let skip = Skip::default();
    let how = Hashing { limit: u64::MAX, skip: &skip, cache: None, progress: None, cancel: None };
    let output = |name: &&str| {
        let path = served.home.root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("what {name} holds").repeat(9)).unwrap();
        let version = fingerprint(&path, &how).unwrap().unwrap().version;
        json!({ "name": name, "version": version.to_string() })
    };
    let outputs: Vec<Value> = files.iter().map(output).collect();
    let line = json!({ "component": "make", "ended_at": "2021-05-01T00:00:00Z", "outputs": outputs });
    assert_eq!(served.record(&[line]).status, StatusCode::OK);
}

#[test]
fn the_disk_is_compared_when_somebody_says_so() {
    let served = Served::new();
    wrote(&served, &["out/kept.csv", "out/other.csv", "out/gone.csv", "in/raw.csv"]);
    std::fs::write(served.home.root.join("out/other.csv"), "somebody was here").unwrap();
    std::fs::remove_file(served.home.root.join("out/gone.csv")).unwrap();

    let asked = served.get("/verify?artifact=out").text;
    assert!(asked.contains("value=\"out\"") && !asked.contains("kept.csv"), "a link reads nothing: {asked}");
    let page = served.submit("/verify", &[("artifact", "out")]).text;
    assert!(page.contains("1 changed, 1 missing, 1 unchanged.") && !page.contains("raw.csv"), "{page}");
    assert!(page.find("other.csv").unwrap() < page.find("kept.csv").unwrap(), "what is wrong comes first");
    assert!(served.submit("/verify", &[("artifact", "")]).text.contains("1 changed, 1 missing, 2 unchanged."));
    let unknown = served.submit("/verify", &[("artifact", "out/kepd.csv")]);
    assert!(unknown.status == StatusCode::NOT_FOUND && unknown.text.contains("out%2Fkept.csv"), "{}", unknown.text);

    let answer = served.post("/api/v1/verify", &json!({ "artifacts": ["out/other.csv"] })).json();
    assert_eq!((&answer["artifacts"][0]["state"], &answer["is_cut"]), (&json!("changed"), &json!(false)));
    assert_eq!(served.post("/api/v1/verify", &json!({})).json()["artifacts"].as_array().unwrap().len(), 4);
}

#[test]
fn whoever_may_record_learns_nothing_of_files_outside_of_the_project() {
    let served = Served::new();
    let outside = served.home.root.parent().unwrap().join("secret.txt");
    std::fs::write(&outside, "1234").unwrap();
    let guess = format!("b3:{}", "0".repeat(64));
    let names = [outside.to_str().unwrap(), "../secret.txt"];
    for (second, name) in names.into_iter().enumerate() {
        let line = json!({ "component": "guess", "ended_at": format!("2021-05-01T00:00:0{second}Z"),
            "outputs": [{ "name": name, "version": guess }] });
        assert_eq!(served.record(&[line]).status, StatusCode::OK);
    }
    let answer = served.post("/api/v1/verify", &json!({})).json();
    for artifact in answer["artifacts"].as_array().unwrap() {
        assert_eq!((&artifact["state"], &artifact["found"]), (&json!("not_local"), &Value::Null), "{artifact}");
    }
    // Both mean the one file.
    assert_eq!(answer["artifacts"].as_array().unwrap().len(), 1, "{answer}");
}
