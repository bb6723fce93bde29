//! Runs about which much is recorded: lists show of each only the first of it, say how much more there is, and load no more.

use std::io::Read as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::env::TestEnv;
use crate::load::{Serving, memory};

/// How many runs have much, and how many MiB of memory a command may hold that lists them.
const RUNS: usize = 20;
const PEAK: u64 = 200;
const PEAK_OF_COMPARING: u64 = 100;

/// A store of a chain of runs of one component, of which this SQL says more.
fn store_with(more: &str) -> TestEnv {
    let lines: Vec<String> = (0..RUNS)
        .map(|run| {
            let before: Vec<String> = run.checked_sub(1).map(|before| format!("step/{before}")).into_iter().collect();
            let at = |second: usize| format!("2026-01-01T00:{run:02}:{second:02}Z");
            let line = json!({
                "component": "train", "started_at": at(0), "ended_at": at(if run < RUNS / 2 { 1 } else { 20 }), "inputs": before,
                "outputs": [{ "name": format!("step/{run}"), "version": format!("v:{run}") }],
                "params": { "a": run }, "metrics": [{ "name": "loss", "value": run }],
                "checks": [{ "name": "whole", "outcome": "passed" }],
            });
            line.to_string()
        })
        .collect();
    let env = TestEnv::with_lines(&lines);
    let store = rusqlite::Connection::open(env.project().join(".mltrace/mltrace.db")).unwrap();
    store.execute_batch(&format!("BEGIN; {more} COMMIT;")).unwrap();
    env
}

/// The same, each with 5,000 parameters and 20,000 metrics: 13 MB or so.
fn store() -> TestEnv {
    store_with(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
        INSERT INTO param SELECT r.id, printf('p%06d', n), '\"' || hex(zeroblob(500)) || '\"', 0 FROM run r CROSS JOIN n;
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
        INSERT INTO metric SELECT r.id, printf('m%0300d', n), '', n, 0, '0.5' FROM run r CROSS JOIN n;",
    )
}

/// Returns how many bytes of memory a command held at most, and what it printed.
fn peak(env: &TestEnv, arguments: &[&str]) -> (u64, String) {
    let (most, text, _) = peak_of(&mut env.std_command(arguments));
    (most, text)
}

/// Returns the same of any command, and what it said beside.
#[allow(clippy::disallowed_methods, reason = "another process tells nobody when it takes memory")]
pub(crate) fn peak_of(command: &mut std::process::Command) -> (u64, String, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (process, is_over) = (child.id(), AtomicBool::new(false));
    let (mut text, mut said) = (Vec::new(), String::new());
    let most = std::thread::scope(|threads| {
        let watching = threads.spawn(|| {
            let mut most = 0;
            while !is_over.load(Ordering::Relaxed) {
                most = most.max(memory(process, "VmHWM"));
                std::thread::sleep(Duration::from_millis(2));
            }
            most
        });
        child.stdout.take().unwrap().read_to_end(&mut text).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        is_over.store(true, Ordering::Relaxed);
        watching.join().unwrap()
    });
    let status = child.wait().unwrap();
    assert!(matches!(status.code(), Some(0 | 1)), "{command:?}: {status} {said}");
    (most, String::from_utf8(text).unwrap(), said)
}

/// Every question that lists runs, components or what is said of them.
#[test]
fn what_is_recorded_of_runs_makes_no_list_large() {
    let env = store();
    let last = format!("step/{0}@v:{0}", RUNS - 1);
    env.done(&["flag", &last]);
    let commands: [&[&str]; 16] = [
        &["recent"],
        &["recent", "--limit", "500", "--format", "json"],
        &["history", "train"],
        &["history", "train", "--format", "json"],
        &["components"],
        &["components", "--format", "json"],
        &["component", "train"],
        &["health"],
        &["stale"],
        &["trace", &last],
        &["trace", &last, "--timing", "--format", "json"],
        &["impact", "step/0", "--format", "json"],
        &["tags"],
        &["alias"],
        &["checks"],
        &["last-good", &last],
    ];
    let large: Vec<_> =
        commands.iter().map(|command| (command, peak(&env, command).0 >> 20)).filter(|(_, mib)| *mib > PEAK).collect();
    assert_eq!(large, [], "in MiB");
    let serving = Serving::start(&env);
    for path in [
        "/",
        "/runs",
        "/runs?component=train",
        "/component?name=train",
        "/components",
        "/health",
        "/stale",
        "/aliases",
        "/tags",
        "/search?q=train",
        &format!("/trace?artifact={last}"),
        &format!("/artifact?name={last}"),
        "/impact?artifact=step/0",
        &format!("/last-good?artifact={last}"),
        "/api/v1/health",
        "/api/v1/recent?limit=30",
        "/api/v1/recent?limit=500",
        "/api/v1/history?component=train",
        "/api/v1/components",
        "/api/v1/component?name=train",
        "/api/v1/stale",
        "/api/v1/tags",
        "/api/v1/search?q=train",
        "/api/v1/tasks",
        "/api/v1/aliases",
        &format!("/api/v1/trace?artifact={last}"),
        "/api/v1/impact?artifact=step/0",
        &format!("/api/v1/timing?artifact={last}"),
        &format!("/api/v1/last-good?artifact={last}"),
    ] {
        let answer = serving.ask(path);
        assert_eq!(answer.status, 200, "{path}: {}", &answer.text[..answer.text.len().min(1000)]);
    }
}

/// Every question that compares runs. A parameter that is new, and comes after those that are compared, is reported nowhere.
#[test]
fn what_is_recorded_of_runs_makes_no_comparison_large() {
    let env = store();
    let last = format!("step/{}", RUNS - 1);
    let store = rusqlite::Connection::open(env.project().join(".mltrace/mltrace.db")).unwrap();
    store.execute_batch("INSERT INTO param SELECT max(id), 'z', '1', 0 FROM run").unwrap();
    env.done(&["flag", &last]);
    let commands: [(&[&str], bool); 5] = [
        (&["review"], true),
        (&["diff", &last], true),
        (&["blame", "duration"], true),
        (&["inspect", "latest"], true),
        (&["report", &last], false),
    ];
    for (command, is_cut) in commands {
        let (peak, text) = peak(&env, command);
        assert!(peak >> 20 <= PEAK_OF_COMPARING, "{command:?}: {} MiB", peak >> 20);
        assert!(text.contains("not everything is compared") == is_cut, "{command:?}: {text}");
        assert!(!text.contains("with z = ") && !text.contains("parameter z"), "{command:?}: {text}");
    }
    for (command, told) in [
        (["review"].as_slice(), "/is_cut"),
        (&["diff", &last], "/is_cut"),
        (&["blame", "duration"], "/changes/0/since_previous/is_cut"),
        (&["inspect", "latest"], "/changed/is_cut"),
    ] {
        assert_eq!(env.json(command).pointer(told), Some(&json!(true)), "{command:?}");
    }
    let serving = Serving::start(&env);
    for path in [
        "/api/v1/review",
        "/api/v1/blame?number=duration",
        &format!("/api/v1/diff?a={last}"),
        "/api/v1/inspect?run=latest",
        "/review",
        "/blame?number=duration",
        &format!("/diff?a={last}"),
        "/run?run=latest",
    ] {
        let answer = serving.ask(path);
        assert_eq!(answer.status, 200, "{path}: {}", &answer.text[..answer.text.len().min(1000)]);
        let is_said = answer.text.contains("Not everything is compared") || answer.text.contains("\"is_cut\":true");
        assert!(is_said, "{path}");
    }
}

/// A list may be long: the same ones are the same, and of others it is seen that they are.
#[test]
fn a_value_of_a_parameter_makes_no_comparison_large() {
    let text = |letter: &str| vec!["x".repeat(6_000_000) + letter];
    let lines: Vec<String> = (0..RUNS)
        .map(|run| {
            let params = json!({ "same": text("="), "sql": text(if run < 15 { "a" } else { "b" }) });
            let at = |second: usize| format!("2026-01-01T00:{run:02}:{second:02}Z");
            let outputs = [json!({ "name": "model", "version": format!("v:{run}") })];
            json!({ "component": "train", "started_at": at(0), "ended_at": at(1), "outputs": outputs, "params": params })
                .to_string()
        })
        .collect();
    let env = TestEnv::with_lines(&lines);
    env.done(&["flag", "model"]);
    for run in 0..10 {
        env.done(&["flag", "--ok", &format!("model@v:{run}")]);
    }
    let (most, review) = peak(&env, &["review"]);
    assert!(most >> 20 <= PEAK_OF_COMPARING, "{} MiB", most >> 20);
    assert!(review.contains("train ran with sql = …x") && review.contains("in 5 runs"), "{review}");
    assert!(!review.contains("with same") && review.len() < 5000, "{review}");
    let (most, diff) = peak(&env, &["diff", "model@v:14", "model@v:15"]);
    assert!(most >> 20 <= PEAK_OF_COMPARING, "{} MiB", most >> 20);
    assert!(diff.contains("parameter sql") && !diff.contains("parameter same") && diff.len() < 5000, "{diff}");
    let serving = Serving::start(&env);
    for path in [
        "/review",
        "/api/v1/review",
        "/api/v1/diff?a=model@v:14&b=model@v:15",
        "/run?run=latest",
        "/api/v1/inspect?run=latest",
    ] {
        let answer = serving.ask(path);
        assert_eq!(answer.status, 200, "{path}: {}", &answer.text[..answer.text.len().min(1000)]);
        assert!(path.contains("inspect") || answer.text.len() < 100_000, "{path}: {}", answer.text.len());
    }
}

/// Tags of a component and of a commit, and inputs.
#[test]
fn tags_and_edges_of_runs_make_no_list_large() {
    let tags = store_with(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
        INSERT INTO component_tag SELECT c.id, printf('%0240d', n), 0, 1 FROM component c CROSS JOIN n;
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
        INSERT INTO git (key, commit_id, tags) SELECT 'k', 'abc', json_group_array(hex(zeroblob(30000))) FROM n;
        UPDATE run SET git_id = (SELECT id FROM git);",
    );
    let edges = store_with(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 49980)
        INSERT INTO artifact (project_id, name, kind) SELECT 1, printf('in/%05d', n), 0 FROM n;
        INSERT INTO read (run_id, n, artifact_id, at, bound)
        SELECT r.id, a.id + 10, a.id, r.started_at, 5 FROM run r CROSS JOIN artifact a WHERE a.name LIKE 'in/%';",
    );
    let last = format!("step/{0}@v:{0}", RUNS - 1);
    for (env, sort) in [(&tags, "tags"), (&edges, "inputs")] {
        let (most, listed) = peak(env, &["recent", "--limit", "30", "--format", "json"]);
        assert!(most >> 20 <= PEAK, "{sort}: {} MiB", most >> 20);
        let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
        let out = &listed["runs"][0]["left_out"];
        assert_eq!((out[sort].as_u64() >= Some(1000), out[sort] == 1000), (true, sort == "inputs"), "{out}");
        let (most, _) = peak(env, &["trace", &last]);
        assert!(most >> 20 <= PEAK, "{sort}: {} MiB", most >> 20);
        env.done(&["flag", &last]);
        let (most, _) = peak(env, &["review"]);
        assert!(most >> 20 <= PEAK, "{sort}: {} MiB", most >> 20);
        let serving = Serving::start(env);
        for path in [
            "/",
            "/runs",
            "/api/v1/review",
            "/api/v1/recent?limit=500",
            "/api/v1/history?component=train",
            "/components",
            &format!("/trace?artifact={last}"),
        ] {
            let answer = serving.ask(path);
            assert_eq!(answer.status, 200, "{sort}: {path}: {}", &answer.text[..answer.text.len().min(1000)]);
        }
    }
    let whole = edges.json(&["inspect", "latest"]);
    assert_eq!((whole["inputs"].as_array().unwrap().len(), whole.get("left_out")), (49_981, None));
    let whole = tags.json(&["inspect", "latest"]);
    assert_eq!((whole["git"]["tags"].as_array().unwrap().len(), whole["tags"].as_array().unwrap().len()), (1000, 1000));
}

#[test]
fn what_a_list_leaves_out_is_counted_and_inspect_shows_it() {
    let env = store();
    let listed = &env.json(&["recent", "--limit", "1"])["runs"][0];
    let (params, metrics) = (listed["params"].as_object().unwrap().len(), listed["metrics"].as_array().unwrap().len());
    assert!((10..100).contains(&params) && (50..200).contains(&metrics), "{params} {metrics}");
    let out = json!({ "params": 1000, "notes": 0, "metrics": 1000, "checks": 0, "observations": 0, "inputs": 0, "outputs": 0, "tags": 0, "is_at_least": true });
    assert_eq!((&listed["left_out"], listed["checks"].as_array().unwrap().len()), (&out, 1));
    let table = env.done(&["history", "train", "--limit", "1"]);
    assert!(table.contains("+at least 1000 more"), "{}", table.len());
    let whole = env.json(&["inspect", listed["id"].as_str().unwrap()]);
    assert_eq!(
        (whole["params"].as_object().unwrap().len(), whole["metrics"].as_array().unwrap().len()),
        (5001, 20_001)
    );
    assert_eq!(whole.get("left_out"), None);
    // Of one that has little nothing is left out.
    let env = TestEnv::taxi();
    assert_eq!(env.json(&["recent", "--limit", "1"])["runs"][0].get("left_out"), None);
}

#[test]
fn a_verdict_stands_though_its_review_would_hold_too_much() {
    let env = store();
    // What people said is reported by a review, however long it is.
    let store = rusqlite::Connection::open(env.project().join(".mltrace/mltrace.db")).unwrap();
    let more = "BEGIN;
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 4000)
        INSERT INTO version (artifact_id, id_kind, id_value) SELECT 1, 1, CAST(printf('n%d', n) AS BLOB) FROM n;
        INSERT INTO label SELECT randomblob(16), id, 0, hex(zeroblob(16000)), NULL, 0 FROM version
        WHERE CAST(id_value AS TEXT) GLOB 'n*';
        COMMIT;";
    store.execute_batch(more).unwrap();
    let serving = Serving::start(&env);
    for (verb, body, verdict) in [
        ("flag", json!({ "artifacts": ["step/19"] }), "flagged"),
        ("flag", json!({ "runs": ["latest"], "reason": "all of it" }), "flagged"),
        ("unflag", json!({ "artifacts": ["step/19"] }), "none"),
        ("flag", json!({ "artifacts": ["step/19"] }), "flagged"),
        ("flag", json!({ "artifacts": ["step/18"], "ok": true }), "ok"),
    ] {
        let answer = serving.post(&format!("/api/v1/{verb}"), &body.to_string());
        assert_eq!(answer.status, 200, "{verb} {body}: {}", &answer.text[..answer.text.len().min(1000)]);
        let (_, answer) = answer.text.split_once("\r\n\r\n").unwrap();
        let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
        let judged = answer[verdict].as_array().map_or(0, Vec::len);
        assert!(verdict == "none" || judged == 1, "{answer}");
        assert!(answer.get("not_reviewed").is_some(), "{answer}");
    }
}

/// A pager takes what it shows: a command that waits for one holds no look at the store.
#[test]
#[allow(clippy::disallowed_methods, reason = "another process tells nobody that it waits")]
fn an_answer_that_nobody_takes_lets_the_log_be_reset() {
    let env = store();
    let other = rusqlite::Connection::open(env.project().join(".mltrace/mltrace.db")).unwrap();
    other.execute_batch("UPDATE project SET name = name").unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    let mut command = env.std_command(&["--format", "json", "impact", "step/0"]);
    let mut pager = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut begun = [0];
    pager.stdout.as_mut().unwrap().read_exact(&mut begun).unwrap();
    // It has begun to write, and more than a pipe takes is left.
    let reset = || other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0)).unwrap();
    let is_reset = (0..50).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        !reset()
    });
    assert_eq!((is_reset, pager.try_wait().unwrap()), (true, None));
    let mut rest = Vec::new();
    pager.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    assert!(pager.wait().unwrap().success() && rest.len() > 1 << 20);
}
