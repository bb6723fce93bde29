//! `mltrace alias`: names that people move from version to version.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::{TestEnv, runs};

/// Three models, two of one name.
fn trained() -> TestEnv {
    let run = |id: &str, day: u32, name: &str, version: &str| {
        json!({
            "id": id, "component": "train", "started_at": format!("2021-05-0{day}T12:00:00Z"),
            "ended_at": format!("2021-05-0{day}T12:05:00Z"), "inputs": ["raw"],
            "outputs": [{"name": name, "version": format!("v:{version}")}],
        })
        .to_string()
    };
    TestEnv::with_lines(&[
        run("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a11", 1, "model", "a"),
        run("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a12", 2, "model", "b"),
        run("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a13", 3, "other", "c"),
    ])
}

/// Returns an entry of an alias as a line, dated as a test wants.
fn moved(number: u32, to: Option<&str>, at: &str) -> String {
    let artifact =
        to.and_then(|to| to.split_once('@')).map(|(name, version)| json!({"name": name, "version": version}));
    let id = format!("0195e2a1-7c1e-7d30-9a52-3f1d5c0b9a{number:02}");
    json!({"type": "alias", "id": id, "alias": "production", "artifact": artifact, "by": "ada", "at": at}).to_string()
}

fn pointed(answer: &Value) -> String {
    answer["artifact"].as_object().map_or_else(
        || "nothing".to_owned(),
        |version| format!("{}@{}", version["name"].as_str().unwrap(), version["version"].as_str().unwrap()),
    )
}

#[test]
fn an_alias_is_what_it_was_moved_to_last() {
    let env = trained();
    let all = [
        moved(1, Some("model@v:a"), "2021-05-04T00:00:00Z"),
        moved(2, Some("other@v:c"), "2021-05-05T00:00:00Z"),
        moved(3, Some("model@v:b"), "2021-05-06T00:00:00Z"),
    ];
    env.call_with_input(&["import", "-"], &all.join("\n"));
    assert_snapshot!(env.done(&["alias"]), @r"
    ALIAS       ARTIFACT   SINCE                BY   REASON
    production  model@v:b  2021-05-06 00:00:00  ada
    ");
    assert_snapshot!(env.done(&["alias", "@production"]), @r"
    production points to model@v:b; `--previous` leads to other@v:c
    SINCE                ARTIFACT   BY   REASON
    2021-05-06 00:00:00  model@v:b  ada
    2021-05-05 00:00:00  other@v:c  ada
    2021-05-04 00:00:00  model@v:a  ada
    ");
    let then = |at: &str| pointed(&env.json(&["alias", "production", "--as-of", at]));
    assert_eq!(then("2021-05-05T23:59:59Z"), "other@v:c");
    assert_eq!(then("2021-05-05T00:00:00Z"), "other@v:c");
    assert_eq!(then("2021-05-04T23:59:59Z"), "model@v:a");
    assert!(env.fails(1, &["alias", "production", "--as-of", "2021-05-01"]).contains("it was first seen later"));
    assert_eq!(env.json(&["alias", "--as-of", "2021-05-01"]), json!({"aliases": []}));
}

#[test]
fn an_alias_stands_wherever_an_artifact_is_asked_for() {
    let env = trained();
    env.done(&["alias", "production", "model@v:a", "--reason", "passed", "--by", "ada"]);
    let version = |words: &[&str]| env.json(words)["artifact"]["version"].clone();
    assert_eq!(version(&["trace", "@production"]), "v:a");
    assert_eq!(version(&["trace", "model@production"]), "v:a");
    assert_eq!(version(&["trace", "model"]), "v:b", "an alias moves nothing but itself");
    assert!(env.fails(1, &["trace", "other@production"]).contains("no version is called `other@production`"));
    env.done(&["flag", "@production", "--reason", "all fives"]);
    assert_eq!(env.json(&["review"])["flagged"][0]["version"], "v:a");
    for words in [&["impact", "@production"][..], &["diff", "@production", "model"], &["report", "@production"]] {
        env.done(words);
    }
    // What was live when.
    let before = env.fails(1, &["trace", "@production", "--as-of", "2021-05-02"]);
    assert!(before.contains("nothing is known of `@production` at"), "{before}");
    assert!(env.fails(1, &["trace", "@prod"]).contains("no alias is called `prod`"));
    assert!(env.fails(1, &["trace", "@productoin"]).contains("did you mean `production`?"));
}

#[test]
fn a_step_back_is_an_entry_that_names_the_former_version() {
    let env = trained();
    assert!(env.fails(1, &["alias", "production", "--previous"]).contains("no alias is called `production`"));
    for version in ["model@v:a", "other", "model"] {
        env.done(&["alias", "production", version]);
    }
    let back = |words: &[&str]| pointed(&env.json(&[&["alias", "production"], words].concat()));
    assert_eq!(back(&["--previous", "--reason", "slow"]), "other@v:c");
    assert_eq!(back(&["--previous"]), "model@v:a", "and never forth");
    let none = env.fails(1, &["alias", "production", "--previous"]);
    assert_snapshot!(none, @r"
    error: the alias `production` pointed to nothing else before
    hint: run `mltrace alias NAME` to see what it pointed to
    ");
    let answer = env.json(&["alias", "production"]);
    assert_eq!(answer["history"].as_array().unwrap().len(), 5, "nothing is taken out of its history");
    assert_eq!(answer["history"][1]["reason"], "slow");
    assert_eq!(back(&["--remove"]), "nothing");
    assert!(env.fails(1, &["trace", "@production"]).contains("points to nothing since"));
    assert_eq!(env.json(&["alias"]), json!({"aliases": []}));
    assert_eq!(back(&["--previous"]), "model@v:a", "what was removed");
}

#[test]
fn what_it_points_to_already_is_no_move_unless_there_is_a_reason() {
    let env = trained();
    env.done(&["alias", "production", "model"]);
    let again = env.call(&["alias", "production", "model"]);
    assert_eq!((again.code, &*again.stderr), (0, "`production` points there already\n"));
    env.done(&["alias", "production", "model", "--reason", "looked at again"]);
    assert_eq!(env.json(&["alias", "production"])["history"].as_array().unwrap().len(), 2);
}

#[test]
fn a_name_that_could_be_a_version_is_no_alias() {
    let env = trained();
    for wrong in ["latest", "a@b", "v:1", "two words", "", "password=hunter2"] {
        assert_eq!(env.call(&["alias", wrong, "model"]).code, 2, "{wrong}");
    }
    assert_eq!(env.call(&["alias", "--previous"]).code, 2);
    assert_eq!(env.call(&["alias", "production", "--reason", "why"]).code, 2);
    assert!(env.fails(1, &["alias", "production", "nothing"]).contains("no artifact is called `nothing`"));
}

#[test]
fn what_is_said_now_counts_after_what_is_dated_ahead() {
    let env = trained();
    let ahead = moved(1, Some("model@v:a"), "2999-01-01T00:00:00Z");
    let refused = env.call_with_input(&["import", "-"], &ahead);
    assert!(
        refused.stderr.contains("the alias was set at 2999-01-01T00:00:00Z, more than a day ahead"),
        "{}",
        refused.stderr
    );
    env.call_with_input(&["import", "-", "--allow-future"], &ahead);
    assert_eq!(pointed(&env.json(&["alias", "production", "other"])), "other@v:c");
    assert!(env.call(&["doctor"]).stdout.contains("until then: 2 moves of aliases"), "and the one of now");
    // At the end of the calendar, where nothing is later, the larger id counts, and there is none after this.
    let last = moved(2, Some("model@v:a"), "9999-12-31T23:59:59.999999Z")
        .replace("0195e2a1-7c1e-7d30-9a52-3f1d5c0b9a02", "ffffffff-ffff-ffff-ffff-ffffffffffff");
    env.call_with_input(&["import", "-", "--allow-future"], &last);
    assert!(env.fails(1, &["alias", "production", "other"]).contains("does not count: the last word is of"));
}

#[test]
fn an_export_brings_aliases_along_and_a_project_takes_them_with_it() {
    let env = trained();
    env.done(&["alias", "production", "model@v:a", "--reason", "passed", "--by", "ada"]);
    env.done(&["alias", "production", "--remove"]);
    let export = env.done(&["export"]);
    let other = TestEnv::new();
    other.call_with_input(&["import", "-"], &export);
    assert_eq!(other.json(&["alias", "production"]), env.json(&["alias", "production"]));
    assert_eq!(other.done(&["export"]), export);
    let again = other.call_with_input(&["--format", "json", "import", "-"], &export);
    assert!(again.stdout.contains("\"stored\":0"), "{}", again.stdout);
    let line = export.lines().find(|line| line.contains("\"alias\"") && line.contains("passed")).unwrap();
    let wrong = other.call_with_input(&["import", "-"], &line.replace("v:a", "v:b"));
    assert!(wrong.stderr.contains("is known with another version; the first is kept"), "{}", wrong.stderr);
}

#[test]
fn a_version_that_an_alias_points_to_stays_when_its_run_is_taken_back() {
    let env = TestEnv::with_lines(&runs(&["raw -> train -> model"]));
    env.done(&["alias", "production", "model"]);
    env.done(&["forget", "latest", "--yes"]);
    assert_eq!(env.done(&["recent"]), "no runs\n");
    assert!(pointed(&env.json(&["alias", "production"])).starts_with("model@w:"));
    assert_eq!(env.call(&["trace", "@production"]).code, 0);
}
