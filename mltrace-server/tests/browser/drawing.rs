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
            let begun = std::time::Instant::now();
            browser.open(&story.at("/trace?artifact=model.json")).await;
            browser.find(".graph .node").await;
            eprintln!("{runs} runs, {name}: {:?}", begun.elapsed());
            browser.picture(&pictures().join(format!("trace-{runs}-{name}.png"))).await;
            assert_eq!(browser.script(FAULTS).await, json!([]), "{runs} runs, {name}");
            browser.quit().await;
        }
    }
}
