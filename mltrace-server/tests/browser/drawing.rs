//! Traces of all sizes: what was asked about is in sight, no text leaves its box, and no line runs through one.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::browser::{Browser, Look};
use crate::story::Story;

fn pictures() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures")
}

/// Returns when something happened that many seconds after midnight.
fn at(second: usize) -> String {
    format!("2026-03-{:02}T{:02}:{:02}:{:02}Z", 1 + second / 86400, second / 3600 % 24, second / 60 % 60, second % 60)
}

/// Returns a name as pipelines on object stores have them: a long folder, an id, and what it is at the end.
fn object(step: &str, number: usize) -> String {
    format!(
        "s3://acme-data-lake-production-eu-west-1/curated/ml/pricing/run=0195e2a1-7c1e-7d30-9a52-{number:012x}/{step}.parquet"
    )
}

/// Returns a pipeline of about so many runs: rounds of `extract`, `clean` for each of several shards, and `featuregen`; each
/// round reads the features of the one before, and some failed or died before they were run again. In the end there is
/// `model.json`.
pub(crate) fn pipeline(runs: usize) -> Vec<Value> {
    let shards = 8;
    let mut lines: Vec<Value> = Vec::new();
    let mut run = |component: &str, inputs: &[String], outputs: &[String]| {
        let second = lines.len() * 30;
        let took = 1 + lines.len() * 7 % 25;
        lines.push(json!({ "component": component, "inputs": inputs, "outputs": outputs, "owner": "data-platform",
            "started_at": at(second), "ended_at": at(second + took), "params": { "shard": lines.len() % shards } }));
        lines.len()
    };
    let (mut features, mut round, mut count) = (Vec::new(), 0, 0);
    while count + shards + 3 < runs {
        let raw = object("raw", round);
        run(
            "extract_orders_from_the_warehouse",
            &["postgres://orders.example/warehouse".to_owned()],
            std::slice::from_ref(&raw),
        );
        let cleaned: Vec<String> = (0..shards).map(|shard| object(&format!("clean-{shard}"), round)).collect();
        for shard in &cleaned {
            run("clean", std::slice::from_ref(&raw), std::slice::from_ref(shard));
        }
        let inputs: Vec<String> = cleaned.into_iter().chain(features).collect();
        features = vec![object("features", round)];
        count = run("featuregen", &inputs, &features);
        round += 1;
    }
    let mut last = features;
    while count + 1 < runs {
        let table = object(&format!("table-{count}"), count);
        count = run("backfill", &[object("events", count)], std::slice::from_ref(&table));
        last.push(table);
    }
    run("train", &last, &["model.json".to_owned()]);
    lines
}

/// Returns what is wrong with the drawn trace on the page: in words, nothing if all is well.
pub(crate) const FAULTS: &str = r#"
const graph = document.querySelector(".graph");
const faults = [];
const own = graph.getBoundingClientRect();
const inside = (inner, outer, by) => inner.left >= outer.left - by && inner.right <= outer.right + by &&
  inner.top >= outer.top - by && inner.bottom <= outer.bottom + by;
const asked = graph.querySelector(".node.focus");
if (!asked) faults.push("nothing is looked at");
else {
  const box = asked.querySelector("rect").getBoundingClientRect();
  const page = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  if (!inside(box, own, 1)) faults.push(`the box is out of the picture: ${JSON.stringify(box)} in ${JSON.stringify(own)}`);
  if (!inside(box, page, 0) && scrollY === 0 && arguments[0] !== "anywhere") faults.push(`the box is not on the screen: ${JSON.stringify(box)}`);
  const size = parseFloat(getComputedStyle(asked.querySelector("text")).fontSize) * box.height / asked.querySelector("rect").height.baseVal.value;
  if (size < 9) faults.push(`letters of ${size} pixels`);
}
const boxes = [...graph.querySelectorAll(".node")].map((node) => {
  const rect = node.querySelector("rect").getBBox();
  for (const text of node.querySelectorAll("text")) {
    const { x, y, width, height } = text.getBBox();
    if (x < rect.x || x + width > rect.x + rect.width || y < rect.y || y + height > rect.y + rect.height)
      faults.push(`text outside its box: ${text.textContent}`);
  }
  return rect;
});
boxes.forEach((one, number) => {
  for (const other of boxes.slice(number + 1)) {
    if (one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height)
      faults.push(`boxes over each other at ${one.x}, ${one.y}`);
  }
});
for (const edge of graph.querySelectorAll(".edge")) {
  const length = edge.getTotalLength();
  const steps = Math.min(400, Math.ceil(length / 4));
  for (let step = 1; step < steps; step++) {
    const { x, y } = edge.getPointAtLength(length * step / steps);
    if (boxes.some((box) => x > box.x + 1 && x < box.x + box.width - 1 && y > box.y + 1 && y < box.y + box.height - 1)) {
      faults.push(`a line through a box at ${x}, ${y}`);
      break;
    }
  }
}
if (document.documentElement.scrollWidth > innerWidth + 1) faults.push(`wider than the screen by ${document.documentElement.scrollWidth - innerWidth}`);
return faults;
"#;

#[tokio::test(flavor = "multi_thread")]
async fn traces_of_all_sizes_open_on_what_was_asked() {
    for runs in [5, 40, 300, 3000] {
        let story = Story::told(&pipeline(runs));
        for (name, look) in [("desk", Look::default()), ("phone", Look { is_phone: true, ..Look::default() })] {
            let Some(browser) = Browser::start(look).await else { return };
            browser.open(&story.at("/trace?artifact=model.json")).await;
            browser.find(".graph .node").await;
            browser.picture(&pictures().join(format!("trace-{runs}-{name}.png"))).await;
            assert_eq!(browser.script(FAULTS).await, json!([]), "{runs} runs, {name}");
            browser.quit().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_picture_is_found() {
    let story = Story::told(&pipeline(40));
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/trace?artifact=model.json")).await;
    browser.find(".graph .node").await;
    browser.script(BROKEN).await;
    let faults = browser.script(FAULTS).await.to_string();
    for fault in
        ["text outside its box", "a line through a box", "boxes over each other", "the box is out of the picture"]
    {
        assert!(faults.contains(fault), "{fault}: {faults}");
    }
    browser.quit().await;
}

/// Breaks a picture in each way that must be found.
const BROKEN: &str = r#"
const nodes = [...document.querySelectorAll(".graph .node")];
const place = (node) => { const { x, y, width, height } = node.querySelector("rect").getBBox(); return { x, y, width, height }; };
nodes[1].querySelector("text").textContent += "a name that nobody cut ".repeat(4);
const { x, y, height } = place(nodes[2]);
document.querySelector(".edge").setAttribute("d", `M${x - 40} ${y + height / 2}H${x + 400}`);
const rect = nodes[3].querySelector("rect");
rect.setAttribute("x", x + 10);
rect.setAttribute("y", y + 10);
document.querySelector(".node.focus rect").setAttribute("x", -9000);
"#;

/// Returns twenty days of a pipeline that writes each file once: on the last days `train` runs other code, with another
/// number and worse results; once it failed, once it died.
pub(crate) fn days() -> Vec<Value> {
    let mut lines = Vec::new();
    for day in 0..20_usize {
        let at = |minute: usize| format!("2026-03-{:02}T06:{minute:02}:00Z", day + 1);
        let (clean, model) = (object("clean", day), object("model", day));
        let bytes =
            |of: u64| format!("b3:{}", format!("{:016x}", (of + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(4));
        let (table, binary) = (bytes(day as u64), bytes(day as u64 + 500));
        let is_new = day >= 17;
        let unit = if is_new { "1" } else { "1000" };
        let source = format!(
            "fn train(table: &Table) -> Model {{\n    let table = table.clone();\n    let scaled = table.scale({unit});\n    fit(scaled)\n}}\n"
        );
        let commit = (if is_new { "deadbeef" } else { "8f14e45f" }).repeat(5);
        let hash: String = (if is_new { "b" } else { "a" }).repeat(64);
        lines.push(json!({ "component": "clean", "started_at": at(0), "ended_at": at(4), "owner": "data-platform",
            "inputs": ["postgres://orders.example/warehouse"], "outputs": [{ "name": clean, "version": table, "size": 1_200_000 + day * 90_000 }] }));
        let mut train = json!({ "component": "train", "started_at": at(5), "ended_at": at(9 + day % 3), "owner": "modelling",
            "inputs": [{ "name": clean, "version": table }],
            "outputs": [{ "name": model, "argument": "model" }, { "name": "s3://acme/serving/latest-model.bin", "version": binary, "size": 40_000 + day * 300 }],
            "params": { "scale": unit.parse::<u32>().unwrap(), "seed": 7 },
            "git": { "commit": commit, "branch": "main" },
            "code": { "file": "src/train.rs", "line": 12, "hash": hash, "source": source },
            "metrics": [{ "name": "test/rmse", "value": if is_new { 4.2 } else { 0.6 + (day % 5) as f64 / 50.0 } }],
            "checks": [{ "name": "rmse below 1", "outcome": if is_new { "failed" } else { "passed" }, "message": if is_new { "4.2 is not below 1" } else { "" } }] });
        match day {
            6 => {
                train["status"] = json!("failed");
                train["error"] = json!(
                    "SlowDown: Please reduce your request rate\n  at s3::put_object (acme-data-lake-production-eu-west-1)"
                );
            }
            11 => {
                train["status"] = json!("died");
                train.as_object_mut().unwrap().remove("ended_at");
            }
            _ => {}
        }
        lines.push(train);
        lines.push(json!({ "component": "publish", "started_at": at(20), "ended_at": at(21), "owner": "serving",
            "inputs": [model], "outputs": ["prices.json"] }));
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_versions_and_comparisons_of_names_that_are_written_once_can_be_read() {
    let story = Story::told(&days());
    let model = object("model", 19).replace('/', "%2F").replace(':', "%3A").replace('=', "%3D");
    let looks = [
        ("desk", Look::default()),
        ("dark", Look { is_dark: true, ..Look::default() }),
        ("phone", Look { is_phone: true, ..Look::default() }),
    ];
    for (name, look) in looks {
        let Some(browser) = Browser::start(look).await else { return };
        let trace = format!("/trace?artifact={model}");
        for (page, path, said) in [
            ("graph", trace.clone(), "One step up"),
            ("timeline", format!("{trace}&view=timeline"), "critical path"),
            ("tree", format!("{trace}&view=tree"), "ask data-platform"),
            ("diff", format!("/diff?a={model}"), "what the run before wrote in its place"),
            ("versions", "/artifact?name=s3://acme/serving/latest-model.bin".to_owned(), "45.7 kB"),
            ("prices", "/trace?artifact=prices.json&view=timeline".to_owned(), "critical path"),
        ] {
            browser.open(&story.at(&path)).await;
            browser.says(said).await;
            browser.picture(&pictures().join(format!("{page}-{name}.png"))).await;
            let wide = browser.script("return document.documentElement.scrollWidth - innerWidth").await;
            assert!(wide.as_f64().unwrap() <= 1.0, "{name} {page} is {wide} wider than the screen");
            assert_eq!(browser.script(SMALL).await, json!([]), "{name} {page}: what is pressed is large enough");
        }
        browser.open(&story.at(&trace)).await;
        browser.follow("Everything about this run").await;
        browser.says("Changed since the run before").await;
        browser.picture(&pictures().join(format!("run-{name}.png"))).await;
        // The run before has no model of this day; the one that was right is four days back.
        let ids = browser.script(IDS).await;
        let run = |number: usize| ids[number].as_str().unwrap().to_owned();
        browser.open(&story.at(&format!("/run?run={}&against={}", run(0), run(4)))).await;
        browser.says("What it was given").await;
        browser.says("What came of it").await;
        assert!(browser.text().await.contains("table.scale(1000)"), "the source text differs");
        browser.picture(&pictures().join(format!("against-{name}.png"))).await;
        browser.open(&story.at(&format!("/compare?runs={},{},{}", run(4), run(0), run(13)))).await;
        browser.says("Source text of").await;
        browser.find("pre.diff ins").await;
        browser.picture(&pictures().join(format!("compare-{name}.png"))).await;
        let wide = browser.script("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(wide.as_f64().unwrap() <= 1.0, "{name}: the comparison is {wide} wider than the screen");
        // One that failed says why before anything else.
        browser.open(&story.at(&format!("/run?run={}", run(13)))).await;
        browser.says("SlowDown").await;
        let first = "const top = (css) => document.querySelector(css).getBoundingClientRect().top; return top('main pre') < top('main h2')";
        assert_eq!(browser.script(first).await, true, "the error comes first");
        browser.picture(&pictures().join(format!("failed-{name}.png"))).await;
        browser.quit().await;
    }
}

/// Returns the runs of `train`, the newest first.
const IDS: &str = r#"
const request = new XMLHttpRequest();
request.open("GET", "/api/v1/history?component=train&limit=30", false);
request.send();
return JSON.parse(request.responseText).runs.map((run) => run.id);
"#;

/// Returns what can be pressed and is smaller than 24 pixels, unless it stands in a line of text.
const SMALL: &str = r#"
const small = [];
for (const element of document.querySelectorAll("main a, main button, main summary, main input:not([type=hidden]), main select")) {
  const { width, height } = element.getBoundingClientRect();
  const isInLine = element.matches("a") && getComputedStyle(element).display === "inline";
  if (width > 0 && !isInLine && !element.closest("svg") && (height < 23.5 || width < 23.5)) small.push(`${element.tagName} ${element.textContent.slice(0, 40)} ${width} ${height}`);
}
return small;
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_box_is_looked_at_in_place_and_by_the_keyboard_alone() {
    let story = Story::told(&pipeline(40));
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/trace?artifact=model.json")).await;
    let focus = "document.querySelector('.graph .node:not(.focus).run:not(.group)').focus()";
    browser.script(focus).await;
    let active = browser.client.active_element().await.unwrap();
    active.send_keys(&fantoccini::key::Key::Enter.to_string()).await.unwrap();
    browser.says("One step down").await;
    let address = browser.client.current_url().await.unwrap();
    assert!(address.query().unwrap().contains("at="), "the address can be sent: {address}");
    // The same address opens on that box, with a browser that knows nothing of the first.
    browser.open(address.as_str()).await;
    browser.find(".graph .node.focus").await;
    assert_eq!(browser.script(FAULTS).await, json!([]));
    // Every box can be reached, and comes into sight.
    let reached = browser
        .script("const graph = document.querySelector('.graph'); return [...graph.querySelectorAll('.node')].every((node) => { node.focus({ focusVisible: true }); const [box, own] = [node.getBoundingClientRect(), graph.getBoundingClientRect()]; return document.activeElement === node && box.left >= own.left - 1 && box.right <= own.right + 1; })")
        .await;
    assert_eq!(reached, true);
    browser.quit().await;
}
