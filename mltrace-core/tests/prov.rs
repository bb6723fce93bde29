//! What is exported as PROV: the document that is kept, and that each id is reported once.

#![cfg(feature = "store")]
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::path::PathBuf;

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::query::Reader;
use mltrace_core::store::{self, Mode};
use serde_json::{Value, json};

/// The switch that lets this test write its file anew.
const UPDATE: &str = "MLTRACE_UPDATE_GOLDEN";

fn exported(lines: &[Value]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".mltrace")).unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let mut store = store::open(&home, Mode::Write).unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(ingest::import(&home, store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap().errors, []);
    let mut document = String::new();
    let mut write = |piece: &str| {
        document.push_str(piece);
        true
    };
    Reader::new(store.as_mut(), &home, folder.path()).export_prov(None, &mut write).unwrap();
    document
}

fn lines() -> Vec<Value> {
    let id = |run: u32| format!("0190f3a0-0000-7000-8000-{run:012}");
    let content = |digit: &str| format!("b3:{}", digit.repeat(64));
    vec![
        json!({"id": id(1), "component": "clean", "owner": "ada l.", "started_at": "2026-01-31T10:00:00Z", "ended_at": "2026-01-31T10:05:00Z",
               "inputs": [{"name": "data/raw rides.csv", "version": content("1"), "size": 900, "argument": "raw"}, "s3://lake/zones"],
               "outputs": [{"name": "data/clean.csv", "version": content("2"), "size": 700}],
               "params": {"rows": 900}, "git_commit": "1f2e3d"}),
        json!({"id": id(2), "component": "train", "parent": id(1), "started_at": "2026-01-31T10:10:00Z", "ended_at": "2026-01-31T10:12:00Z",
               "status": "failed", "error": "no \"convergence\"", "owner": "ada l.",
               "inputs": [{"name": "copy.csv", "version": content("2"), "size": 700}, {"name": "data/clean.csv", "version": content("2"), "size": 700}],
               "outputs": ["model.json"]}),
    ]
}

#[test]
fn the_document_stays_what_it_is() {
    let document = exported(&lines());
    let parsed: Value = serde_json::from_str(&document).unwrap();
    let text = format!("{parsed:#}\n");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/prov.json");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, kept, "look at the difference, then set {UPDATE}");
    let ids = |part: &str| parsed[part].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(ids("agent"), ["owner:ada%20l."]);
    assert_eq!(ids("activity").len(), 2);
    let clean = format!("version:data%2Fclean.csv@b3%3A{}", "2".repeat(64));
    assert_eq!(document.matches(&format!("\"{clean}\":")).count(), 1, "it is written once and read once");
    assert_eq!(ids("entity").iter().filter(|id| **id == clean).count(), 1);
    // What failed made nothing, and what it read as a copy is the same as what was written.
    assert_eq!(ids("wasGeneratedBy").len(), 1);
    let copy = parsed["alternateOf"].as_object().unwrap().values().next().unwrap();
    assert_eq!(copy["prov:alternate2"], clean);
}

#[test]
fn nothing_recorded_is_a_document_too() {
    let parsed: Value = serde_json::from_str(&exported(&[])).unwrap();
    assert_eq!(parsed["entity"], json!({}));
}
