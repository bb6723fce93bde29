//! A store as people have it, whose names are UUIDs: what everybody needed to hear comes first on every surface.

use mltrace_triage_bench::uuids;

use crate::env::TestEnv;
use crate::serve::Serving;

const SENTENCE: &str = "12 bad, 32 ok. featuregen ran with fare_scale = 1 (before: 100) in 5 runs from \
    2026-11-16 11:25 to 2026-11-17 03:25: 12 of 12 bad, 0 of 32 ok. Ask ada.";

#[test]
fn a_setting_that_was_wrong_for_a_day_comes_first_in_text_json_report_and_page() {
    let lines = uuids::lines();
    let runs = lines.iter().filter(|line| line["type"] != "label").count();
    assert_eq!(runs, 2_880, "60 days of 8 components, 6 times a day");
    let env = TestEnv::with_lines(&lines.iter().map(ToString::to_string).collect::<Vec<_>>());

    let text = env.done(&["review"]);
    assert_eq!(text.lines().next(), Some(SENTENCE), "{text}");
    assert!(
        text.contains("\n  1. featuregen ran with fare_scale = 1 (before: 100): 12 of 12 bad, 0 of 32 ok\n"),
        "{text}"
    );
    assert!(text.lines().count() <= 40, "{text}");

    let answer = env.json(&["review"]);
    let fact = &answer["facts"][0];
    let told = ["rank", "component", "aspect", "value", "before", "strength"].map(|field| &fact[field]);
    assert_eq!(serde_json::json!(told), serde_json::json!([1, "featuregen", "param:fare_scale", 1, 100, "strong"]));
    let counts = ["flagged", "flagged_of", "ok", "ok_of"].map(|field| fact[field].as_u64());
    assert_eq!(counts, [12, 12, 0, 32].map(Some));
    let runs = fact["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 5, "{fact}");
    let began = |run: &serde_json::Value| env.json(&["inspect", run.as_str().unwrap()])["started_at"].clone();
    assert_eq!([began(&runs[0]), began(&runs[4])], [fact["since"].clone(), fact["until"].clone()]);
    let first = &answer["suspects"][0];
    assert!(first["components"].as_array().unwrap().contains(&"featuregen".into()), "{first}");

    let flagged = answer["flagged"][0]["name"].as_str().unwrap();
    let report = env.done(&["report", flagged]);
    let shared = report.split("## ").nth(1).unwrap();
    assert!(shared.starts_with("What the bad ones share"), "{report}");
    let points = shared.lines().find(|line| line.starts_with("- ")).unwrap();
    assert!(points.starts_with("- `featuregen` ran with fare\\_scale = 1 (before: 100): 12 of 12 bad"), "{points}");
    let html = env.done(&["report", flagged, "--html"]);
    assert!(html.contains("<h2>What the bad ones share</h2>"), "{html}");

    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    let page = serving.send("GET /review HTTP/1.1\r\nhost: localhost", "");
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    let fact = place("ran with fare_scale = 1 (before: 100)");
    assert!(place("What the bad ones share") < fact && fact < place("Whom to suspect"));
}
