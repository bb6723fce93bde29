//! What a monitoring system receives: in the format that it asks for, behind the same door, and at once.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::{Answer, Served, TOKEN};

fn scrape(served: &Served, accept: &str) -> Answer {
    let asked = Served::request(Method::GET, "/metrics").header("accept", accept);
    let answer = served.send(asked.body(Body::empty()).unwrap());
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer
}

fn holds(answer: &Answer, line: &str) -> bool {
    answer.text.lines().any(|other| other == line)
}

fn run(number: usize, component: &str) -> Value {
    let at = |second: usize| {
        let number = number + second;
        format!(
            "2026-01-{:02}T{:02}:{:02}:{:02}Z",
            1 + number / 86_400,
            number / 3600 % 24,
            number / 60 % 60,
            number % 60
        )
    };
    // Each reads what another one wrote a while before.
    let input = format!("out/{}", (number + 499) % 500);
    json!({ "component": component, "started_at": at(0), "ended_at": at(2), "inputs": [input],
        "outputs": [format!("out/{}", number % 500)] })
}

#[test]
fn the_format_is_the_one_that_is_asked_for_first() {
    let served = Served::with(&[run(1, "train")]);
    let text = scrape(&served, "text/plain;version=0.0.4,*/*;q=0.1");
    assert_eq!(text.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(holds(&text, "# TYPE mltrace_runs_total counter") && !text.text.contains("# EOF"), "{}", text.text);
    let open = scrape(&served, "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5");
    assert_eq!(open.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(holds(&open, "# TYPE mltrace_runs counter") && holds(&open, "# UNIT mltrace_journal_backlog_bytes bytes"));
    assert!(open.text.ends_with("# EOF\n"), "{}", open.text);
    for answer in [text, open] {
        assert!(holds(&answer, "mltrace_runs_total{component=\"train\",status=\"completed\"} 1"), "{}", answer.text);
    }
}

#[test]
fn each_scrape_tells_what_came_since() {
    let served = Served::with(&[run(1, "train")]);
    for count in 1..4 {
        let told = scrape(&served, "text/plain");
        let line = format!("mltrace_runs_total{{component=\"train\",status=\"completed\"}} {count}");
        assert!(holds(&told, &line), "{}", told.text);
        assert_eq!(served.record(&[run(1 + count, "train")]).status, StatusCode::OK);
    }
}

#[test]
fn who_scrapes_without_the_token_is_not_led_to_a_page() {
    let served = Served::guarded("0.0.0.0:8090", &["lineage.example"], Some(TOKEN));
    let ask = |token: Option<&str>| {
        let mut asked = axum::http::Request::get("/metrics").header("host", "lineage.example");
        if let Some(token) = token {
            asked = asked.header("authorization", format!("Bearer {token}"));
        }
        served.send(asked.body(Body::empty()).unwrap())
    };
    let refused = ask(None);
    assert_eq!((refused.status, refused.header("location")), (StatusCode::UNAUTHORIZED, ""));
    assert!(refused.json()["error"]["hint"].as_str().unwrap().contains("Authorization"));
    assert_eq!(ask(Some(TOKEN)).status, StatusCode::OK);
}

#[test]
fn a_store_that_is_away_is_no_answer_with_zeros() {
    let served = Served::with(&[run(1, "train")]);
    scrape(&served, "");
    std::fs::write(served.folder().join("mltrace.db"), "somebody else's").unwrap();
    let answer = served.get("/metrics");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    assert!(answer.json()["error"]["message"].is_string());
}

#[test]
fn what_waits_in_a_journal_is_told_with_how_long_it_has_waited() {
    let served = Served::with(&[run(1, "train")]);
    let journal = served.folder().join("journal");
    std::fs::create_dir_all(&journal).unwrap();
    let path = journal.join("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a11.log");
    std::fs::write(&path, "not folded").unwrap();
    let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    std::fs::File::options().append(true).open(&path).unwrap().set_modified(hour_ago).unwrap();
    let waited = |told: &Answer| {
        let line = told.text.lines().find(|line| line.starts_with("mltrace_ingest_lag_seconds ")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let told = scrape(&served, "");
    assert!(holds(&told, "mltrace_journal_backlog_bytes 10.0"), "{}", told.text);
    assert!((3600.0..3700.0).contains(&waited(&told)), "{}", told.text);
    // More is written behind what waits, which goes on to wait.
    std::fs::write(&path, "not folded and more").unwrap();
    let told = scrape(&served, "");
    assert!(holds(&told, "mltrace_journal_backlog_bytes 19.0") && waited(&told) >= 3600.0, "{}", told.text);
}

#[test]
fn a_count_that_cannot_be_read_is_not_told_as_zero_and_hides_nothing_else() {
    let served = Served::with(&[run(1, "train")]);
    let told = scrape(&served, "");
    assert!(
        holds(&told, "mltrace_records_lost_total 0") && holds(&told, "mltrace_journals_cut_total 0"),
        "{}",
        told.text
    );
    std::fs::create_dir_all(served.folder().join("journal")).unwrap();
    std::fs::write(served.folder().join("journal/lost"), "x".repeat(4096)).unwrap();
    let told = scrape(&served, "");
    assert!(!told.text.contains("\nmltrace_records_lost_total") && !told.text.contains("\nmltrace_journals_cut_total"));
    assert!(holds(&told, "mltrace_records_damaged_total 0"), "{}", told.text);
}

/// Takes minutes: `cargo test --release -p mltrace-server --test server -- metrics --include-ignored --nocapture`.
#[test]
#[ignore = "imports 300,000 runs"]
fn a_scrape_looks_at_few_rows_however_many_runs_there_are() {
    /// What a scrape may take; a program that is not optimised gets ten times as long.
    const ALLOWED: Duration = Duration::from_millis(if cfg!(debug_assertions) { 200 } else { 20 });
    let served = Served::new();
    for chunk in 0..60 {
        let lines: Vec<Value> =
            (0..5000).map(|at| run(chunk * 5000 + at, &format!("step_{}", (chunk * 5000 + at) % 500))).collect();
        assert_eq!(served.record(&lines).status, StatusCode::OK);
    }
    let timed = |told: &str| {
        let begun = Instant::now();
        let answer = scrape(&served, "text/plain");
        let took = begun.elapsed();
        println!("{told}: {} bytes in {took:?}", answer.text.len());
        took
    };
    timed("the first scrape");
    let mut took = Vec::new();
    for more in 0..20 {
        let lines: Vec<Value> = (0..20).map(|at| run(300_000 + more * 20 + at, &format!("step_{at}"))).collect();
        assert_eq!(served.record(&lines).status, StatusCode::OK);
        took.push(timed("a scrape after 20 runs of 20 components"));
    }
    took.sort_unstable();
    let median = took[took.len() / 2];
    println!("median {median:?}, longest {:?}", took[took.len() - 1]);
    assert!(median < ALLOWED, "{median:?}");
}
