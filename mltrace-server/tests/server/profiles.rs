//! Profiles of tables, as an answer and as a page.

use axum::http::StatusCode;
use serde_json::json;

use crate::client::Served;

#[test]
fn a_profile_that_was_told_is_a_page_and_an_answer_and_no_file_is_read_for_it() {
    let content = |digit: &str| format!("b3:{}", digit.repeat(64));
    let profile = |digit: &str, fare: f64| {
        json!({ "type": "profile", "version": content(digit), "profile": {
            "format": "csv", "rows": 2, "is_whole": true,
            "columns": [{ "name": "<fare>", "type": "number", "nulls": 1, "distinct": 1, "min": fare, "max": fare,
                          "quantiles": [[0.5, fare]], "top": [{ "value": "a&b", "count": 1 }] }] } })
    };
    let run = |digit: &str, at: &str| json!({ "component": "clean", "ended_at": at, "outputs": [{ "name": "clean.csv", "version": content(digit) }] });
    let served = Served::with(&[
        run("1", "2021-05-01T00:00:00Z"),
        run("2", "2021-05-02T00:00:00Z"),
        run("3", "2021-05-03T00:00:00Z"),
        profile("1", 2.5),
        profile("2", 3.5),
    ]);
    let [old, new] = ["1", "2"].map(|digit| format!("clean.csv@{}", content(digit)));
    let page = served.get(&format!("/profile?artifact={new}&before={old}"));
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    for said in ["csv, 2 rows, 1 column", "&lt;fare&gt;", "a&amp;b", "2.5 → 3.5", "50.0 %"] {
        assert!(page.text.contains(said), "`{said}` is not in {}", page.text);
    }
    let answer = served.get(&format!("/api/v1/profile?artifact={new}&before={old}"));
    assert!(answer.text.contains("\"median_before\":2.5"), "{}", answer.text);
    assert!(served.get("/artifact?name=clean.csv").text.contains("/profile?artifact=clean.csv"));
    let unknown = served.get("/api/v1/profile?artifact=clean.csv");
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.text.contains("no profile of `clean.csv` is known"), "{}", unknown.text);
}
