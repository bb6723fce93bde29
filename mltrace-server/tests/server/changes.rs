//! What pages show of what changed.

use serde_json::json;

use crate::client::Served;

#[test]
fn pages_show_the_lines_of_source_text_that_changed() {
    let run = |day: u32, unit: &str| {
        let source = format!("fn clean() {{\n    scale({unit});\n    \"<b>\"\n}}");
        json!({ "id": format!("0195e2a1-0000-7000-8000-00000000000{day}"), "component": "clean",
            "ended_at": format!("2021-05-0{day}T00:00:00Z"), "outputs": ["clean.csv"],
            "code": { "file": "f.rs", "line": 1, "hash": day.to_string().repeat(64), "source": source } })
    };
    let served = Served::with(&[run(1, "gram"), run(2, "ounce")]);
    for path in ["/diff?a=clean.csv", "/run?run=0195e2a1-0000-7000-8000-000000000002"] {
        let page = served.get(path).text;
        assert!(
            page.contains(
                "<del class=\"line\">-    scale(gram);\n</del><ins class=\"line\">+    scale(ounce);\n</ins>"
            ),
            "{path}: {page}"
        );
        assert!(page.contains("     &quot;&lt;b&gt;&quot;\n"), "{path}: {page}");
    }
}
