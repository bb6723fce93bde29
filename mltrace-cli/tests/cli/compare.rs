//! `mltrace compare`: runs side by side.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::TestEnv;

/// Two trainings on other data, the second of which is slower and better, and one about which nothing was measured.
fn trained() -> TestEnv {
    let run = |number: u32, minutes: u32, more: &Value| {
        let version = |name: &str, version: &str| json!({"name": name, "version": format!("v:{version}{number}")});
        let input =
            |role: &str, name: &str, version: Value| json!({"name": name, "argument": role, "version": version});
        let mut line = json!({
            "id": format!("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a0{number}"), "component": "train", "owner": "ada",
            "started_at": format!("2021-05-0{number}T12:00:00Z"), "ended_at": format!("2021-05-0{number}T12:{minutes:02}:00Z"),
            "inputs": [input("train", "raw/train.csv", json!(format!("v:{number}"))), input("test", "raw/test.csv", json!("v:1"))],
            "outputs": [version("model", "m")], "params": {"depth": 4 + number, "seed": 7},
        });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    let metrics = |test: &str, slice: &str, income: f64| {
        json!({"metrics": [
            {"name": "test/auc", "value": test}, {"name": "train.auc", "value": 0.99},
            {"name": "test/auc@city=nyc", "value": slice}, {"name": "importance@income", "value": income, "about": "raw/train.csv"},
            {"name": "loss", "value": 5, "step": 1}, {"name": "loss", "value": "0.70", "step": 2},
        ]})
    };
    TestEnv::with_lines(&[
        run(1, 5, &metrics("0.91", "0.80", 0.5)),
        run(2, 9, &metrics("0.93", "0.75", 0.25).to_string().replace("\"0.70\"", "\"0.7\"").parse().unwrap()),
        run(3, 5, &json!({})),
    ])
}

#[test]
fn what_differs_stands_side_by_side() {
    let env = trained();
    assert_snapshot!(env.done(&["compare", "5c0b8a01", "5c0b8a02"]), @r"
    RUN       5c0b8a01             5c0b8a02
    started   2021-05-01 12:00:00  2021-05-02 12:00:00
    ended     2021-05-01 12:05:00  2021-05-02 12:09:00
    duration  5 min 0 s            9 min 0 s

    CONFIGURATION  5c0b8a01  5c0b8a02
    depth          5         6

    DATA   5c0b8a01           5c0b8a02
    train  raw/train.csv@v:1  raw/train.csv@v:2

    OUTPUTS  5c0b8a01    5c0b8a02
    model    model@v:m1  model@v:m2

    METRICS            5c0b8a01  5c0b8a02  CHANGE
    test/auc           0.91      0.93      +0.02
    test/auc@city=nyc  0.80      0.75      -0.05

    IMPORTANCES                         5c0b8a01  5c0b8a02  CHANGE
    importance@income of raw/train.csv  0.5       0.25      -0.25

    7 more are the same in all of them: `--all` shows them
    ");
}

#[test]
fn one_run_is_shown_whole() {
    assert_snapshot!(trained().done(&["compare", "5c0b8a01"]), @r"
    RUN        5c0b8a01
    component  train
    status     completed
    owner      ada
    started    2021-05-01 12:00:00
    ended      2021-05-01 12:05:00
    duration   5 min 0 s

    CONFIGURATION  5c0b8a01
    depth          5
    seed           7

    DATA   5c0b8a01
    test   raw/test.csv@v:1
    train  raw/train.csv@v:1

    OUTPUTS  5c0b8a01
    model    model@v:m1

    METRICS            5c0b8a01
    loss               0.70
    test/auc           0.91
    test/auc@city=nyc  0.80
    train/auc          0.99

    IMPORTANCES                         5c0b8a01
    importance@income of raw/train.csv  0.5
    ");
}

#[test]
fn a_run_is_also_named_by_what_it_wrote() {
    let env = trained();
    env.done(&["alias", "production", "model@v:m1"]);
    let answer = env.json(&["compare", "@production", "model", "latest"]);
    let id = |number: u32| json!(format!("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a0{number}"));
    assert_eq!(answer["runs"], json!([id(1), id(3), id(3)]));
    assert!(env.fails(1, &["compare", "nothing"]).contains("no run is called `nothing`"));
    assert_eq!(env.call(&["compare"]).code, 2);
}

#[test]
fn programs_get_all_fields_and_which_differ() {
    let env = trained();
    let answer = env.json(&["compare", "5c0b8a01", "5c0b8a02", "5c0b8a03"]);
    let field = |part: &str, name: &str, split: Value, slice: Value| {
        let fields = answer["fields"].as_array().unwrap().iter();
        let mut these = fields.filter(|field| {
            (&field["part"], &field["name"], &field["split"], &field["slice"])
                == (&json!(part), &json!(name), &split, &slice)
        });
        let found = these.next().unwrap_or_else(|| panic!("{part} {name}"));
        (found["values"].clone(), found["differs"].clone())
    };
    let (nothing, yes, no) = (Value::Null, json!(true), json!(false));
    let auc = |slice: Value| field("metrics", "auc", json!("test"), slice);
    assert_eq!(auc(Value::Null), (json!([0.91, 0.93, null]), yes.clone()));
    assert_eq!(auc(json!("city=nyc")), (json!(["0.80", 0.75, null]), yes.clone()));
    assert_eq!(field("configuration", "seed", nothing.clone(), nothing.clone()), (json!([7, 7, 7]), no.clone()));
    assert_eq!(field("data", "test", nothing.clone(), nothing.clone()).1, no);
    assert_eq!(field("data", "train", nothing.clone(), nothing.clone()).1, yes);
    let two = env.json(&["compare", "5c0b8a01", "5c0b8a02"]);
    let loss = two["fields"].as_array().unwrap().iter().find(|field| field["name"] == "loss").unwrap();
    assert_eq!(
        (&loss["values"], &loss["differs"]),
        (&json!(["0.70", 0.7]), &no),
        "a number is the same however it is written"
    );
}

#[test]
fn a_component_that_is_named_in_place_of_a_run_is_said_to_be_one() {
    let env = trained();
    let last = env.json(&["history", "train"])["runs"][0]["id"].as_str().unwrap().to_owned();
    let short = &last[last.len() - 8..];
    for command in [&["compare", "train", "latest"][..], &["inspect", "train"], &["note", "train", "x"]] {
        let said = env.fails(1, command);
        assert!(said.contains("`train` is a component and no run"), "{command:?}: {said}");
        assert!(
            said.contains(&format!("`mltrace history COMPONENT` to see its runs; its last run is {short}")),
            "{said}"
        );
    }
    assert!(env.fails(1, &["compare", "nothing"]).contains("no run is called `nothing`"));
}
