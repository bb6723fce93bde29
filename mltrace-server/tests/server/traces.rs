//! The page of a trace where nobody could read all of it: what shares a box, and how long the page gets.

use serde_json::{Value, json};

use crate::client::Served;

/// Returns when something happened that many seconds after midnight.
fn at(second: usize) -> String {
    format!("2026-03-01T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

fn run(second: usize, component: &str, inputs: &[String], output: &str) -> Value {
    json!({ "component": component, "started_at": at(second), "ended_at": at(second), "inputs": inputs, "outputs": [output] })
}

/// Returns a chain of runs, of as many components as there are names.
fn chain(count: usize, components: usize) -> Vec<Value> {
    let line = |place: usize| {
        let inputs: Vec<String> = place.checked_sub(1).map(|before| format!("d/{before}")).into_iter().collect();
        run(place, &format!("step_{}", place % components), &inputs, &format!("d/{place}"))
    };
    (0..count).map(line).collect()
}

fn boxes(page: &str) -> usize {
    page.matches("<a class=\"node ").count()
}

fn lines(page: &str) -> usize {
    page.matches("<span class=\"quiet\">level ").count()
}

#[test]
fn a_long_trace_makes_a_short_page_and_leads_to_the_whole() {
    let served = Served::with(&chain(1500, 12));
    let page = served.get("/trace?artifact=d/1499").text;
    assert!(page.len() < 60_000, "{} bytes", page.len());
    // What was asked about has a box of its own, beside those of the components.
    assert_eq!(boxes(&page), 13);
    assert!(page.contains("1500 runs; those of one component share a box"), "{page}");
    let whole = "/trace?artifact=d%2F1499&amp;all=1";
    assert_eq!(page.matches(&format!("href=\"{whole}\"")).count(), 1);
    assert_eq!(boxes(&served.get(&whole.replace("&amp;", "&")).text), 1500);
    let tree = served.get("/trace?artifact=d/1499&view=tree").text;
    assert!(tree.len() < 150_000, "{} bytes", tree.len());
    assert!(tree.contains("The 150 nearest of 1500 runs") && tree.contains("and 1 further up"), "{tree}");
    let whole = "/trace?artifact=d%2F1499&amp;view=tree&amp;all=1";
    assert!(tree.contains(&format!("href=\"{whole}\"")), "{tree}");
    assert_eq!((lines(&tree), lines(&served.get(&whole.replace("&amp;", "&")).text)), (150, 1500));
}

#[test]
fn a_trace_of_many_components_shows_the_nearest() {
    let served = Served::with(&chain(300, 300));
    let page = served.get("/trace?artifact=d/299").text;
    assert!(page.len() < 160_000, "{} bytes", page.len());
    assert_eq!(boxes(&page), 150);
    assert!(page.contains("300 runs; 151 further up share a box") && page.contains(">151 runs</text>"), "{page}");
    assert!(page.contains("✓ step_299</text>") && !page.contains("✓ step_100</text>"));
}

#[test]
fn components_and_what_is_further_up_share_boxes_each() {
    let served = Served::with(&chain(400, 200));
    let page = served.get("/trace?artifact=d/399").text;
    assert!(
        page.contains("400 runs; those of one component share a box") && page.contains("further up share a box"),
        "{page}"
    );
    assert!(page.contains(">step_198 ×2</text>") && page.contains(">further up</text>"));
    assert_eq!(boxes(&page), 150);
}

#[test]
fn siblings_share_a_box_that_opens_in_place() {
    let parts: Vec<String> = (0..8).map(|part| format!("part/{part}.csv")).collect();
    let mut lines: Vec<Value> =
        parts.iter().enumerate().map(|(number, part)| run(number, "featuregen", &["raw".to_owned()], part)).collect();
    lines[3]["status"] = json!("failed");
    lines.push(run(100, "train, then & rest", &parts, "m"));
    let served = Served::with(&lines);
    let page = served.get("/trace?artifact=m").text;
    assert!(page.contains(">featuregen ×7</text>") && boxes(&page) == 4, "{page}");
    let open = "/trace?artifact=m&amp;open=featuregen";
    assert!(page.contains(&format!("href=\"{open}\"")), "{page}");
    let page = served.get(&open.replace("&amp;", "&")).text;
    assert_eq!(boxes(&page), 10);
    assert!(page.contains(">fold <bdi class=\"name\">featuregen</bdi>"), "{page}");
    // Names of any kind can be opened and folded.
    let page = served.get("/trace?artifact=m&open=featuregen,train%252C%2Bthen%2B%2526%2Brest").text;
    assert!(page.contains("href=\"/trace?artifact=m&amp;open=train%252C%2Bthen%2B%2526%2Brest\""), "{page}");
}

#[test]
fn nothing_that_came_from_outside_is_left_out() {
    let images: Vec<String> = (0..1000).map(|number| format!("img/{number}.png")).collect();
    let served = Served::with(&[run(1, "embed", &images, "vectors"), run(2, "train", &["vectors".to_owned()], "m")]);
    let page = served.get("/trace?artifact=m").text;
    assert_eq!(boxes(&page), 3);
    assert!(page.contains(">1000 from outside</text>") && page.contains("and 990 more"), "{page}");
    assert_eq!(boxes(&served.get("/trace?artifact=m&all=1").text), 1002);
}

#[test]
fn where_everything_is_joined_to_everything_the_picture_stays_small() {
    // Each run reads what all before it wrote: a picture of each edge would take a million places.
    let line = |place: usize| {
        let inputs: Vec<String> = (0..place).map(|before| format!("d/{before}")).collect();
        run(place, &format!("step_{place}"), &inputs, &format!("d/{place}"))
    };
    let served = Served::with(&(0..140).map(line).collect::<Vec<_>>());
    for path in ["/trace?artifact=d/139", "/trace?artifact=d/139&all=1"] {
        let page = served.get(path).text;
        let most = if path.ends_with("all=1") { 6_000_000 } else { 400_000 };
        assert!(page.len() < most, "{path}: {} bytes", page.len());
        assert!((8..100).contains(&boxes(&page)) && page.contains("runs further up"), "{path}: {}", boxes(&page));
    }
    assert_eq!(lines(&served.get("/trace?artifact=d/139&view=tree").text), 300);
}

#[test]
fn a_run_that_wrote_much_is_told_in_short() {
    let outputs: Vec<String> = (0..3000).map(|number| format!("part/{number}")).collect();
    let mut line = run(1, "split", &[], "");
    line["outputs"] = json!(outputs);
    let served = Served::with(&[line, run(2, "join", &outputs, "end")]);
    let page = served.get("/trace?artifact=end").text;
    assert!(page.len() < 30_000, "{} bytes", page.len());
    assert!(page.contains("and 2998 more</text>") && page.contains("and 2990 more: bound by"), "{page}");
}

#[test]
fn links_of_a_trace_keep_what_was_asked() {
    let served = Served::with(&[
        run(1, "clean", &["raw".to_owned()], "table"),
        run(2, "train", &["table".to_owned()], "m"),
        run(60, "clean", &["raw".to_owned()], "table"),
        run(61, "train", &["table".to_owned()], "m"),
    ]);
    let then = "/trace?artifact=m&depth=0&as_of=2026-03-01T00:00:30Z";
    let page = served.get(then).text;
    let first = served.ask("/api/v1/history?component=train")["runs"][1]["id"].as_str().unwrap().to_owned();
    assert!(page.contains("as of") && page.contains("Runs further up are left out"), "{page}");
    let kept = "depth=0&amp;as_of=2026-03-01T00%3A00%3A30Z";
    assert!(page.contains(&format!("href=\"/trace?artifact=m&amp;{kept}&amp;at={first}\"")), "{page}");
}

#[test]
fn many_components_make_no_long_pages() {
    let served = Served::with(&chain(1000, 1000));
    let page = served.get("/").text;
    assert!(page.len() < 50_000 && page.contains("And 950 more"), "{} bytes", page.len());
    assert!(served.get("/runs?component=step_7&status=").text.contains("value=\"component:step_7\""));
    let page = served.get("/components").text;
    assert!(page.len() < 150_000 && page.contains("And 700 more"), "{} bytes", page.len());
}

#[test]
fn who_failed_to_write_something_is_named() {
    let mut failed = run(1, "train", &["raw".to_owned()], "m");
    failed["status"] = json!("failed");
    failed["error"] = json!("out of memory");
    let served = Served::with(&[failed]);
    let page = served.get("/trace?artifact=m").text;
    assert!(page.contains("These said that they write it") && page.contains(">train</bdi>"), "{page}");
    assert!(!page.contains("These read it"));
    let page = served.get("/trace?artifact=raw").text;
    assert!(page.contains("These read it") && page.contains(">train</bdi>") && !page.contains("These said"), "{page}");
    assert!(served.get("/runs").text.contains("no version"), "the list does not pretend that it wrote");
}

#[test]
fn what_was_changed_beside_the_record_stands_out() {
    let version = |letter: &str| json!({ "name": "table", "version": format!("b3:{}", letter.repeat(64)) });
    let mut made = run(1, "clean", &[], "");
    made["outputs"] = json!([version("a")]);
    let mut read = run(2, "train", &[], "m");
    let others = (0..200).map(|number| json!(format!("img/{number}.png")));
    read["inputs"] = others.chain([version("b")]).collect();
    let served = Served::with(&[made, read]);
    let made = served.ask("/api/v1/history?component=clean")["runs"][0]["id"].as_str().unwrap().to_owned();
    let short = &made[made.len() - 8..];
    let page = served.get("/trace?artifact=m").text;
    assert!(page.contains(&format!(">≠ changed since {short}</text>")), "{page}");
    assert!(page.contains("class=\"node source altered\"") && page.contains(">200 from outside</text>"), "{page}");
    let tree = served.get("/trace?artifact=m&view=tree").text;
    assert!(tree.contains(&format!("changed since run <a class=\"id\" href=\"/run?run={made}\">")), "in the tree too");
}

#[test]
fn the_tree_follows_the_order_in_which_a_run_read() {
    let served = Served::with(&[
        run(1, "split", &[], "part"),
        run(2, "train", &["part".to_owned()], "model"),
        run(3, "predict", &["model".to_owned(), "part".to_owned()], "p"),
    ]);
    let page = served.get("/trace?artifact=p&view=tree").text;
    let tree = page.split("<ol class=\"tree\">").nth(1).unwrap();
    let place = |text: &str| tree.find(text).unwrap_or_else(|| panic!("no {text}: {tree}"));
    assert!(place("predict") < place("train") && place("train") < place("split"), "as the command draws it: {tree}");
    assert!(place("split") < place("(*)"));
}

#[test]
fn the_graph_shows_what_is_stale_and_how_each_edge_is_known() {
    let bytes = |letter: &str| format!("b3:{}", letter.repeat(64));
    let served = Served::with(&[
        json!({ "component": "clean", "ended_at": "2021-01-01T00:00:00Z", "outputs": [{ "name": "clean", "version": bytes("a") }] }),
        json!({ "component": "copy", "ended_at": "2021-01-02T00:00:00Z", "outputs": ["table"] }),
        json!({ "component": "train", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["m"],
            "inputs": [{ "name": "clean", "version": bytes("a") }, "table", "raw"] }),
        json!({ "component": "check", "ended_at": "2021-05-01T00:00:01Z", "inputs": ["m", "table"], "outputs": ["end"] }),
    ]);
    let page = served.get("/trace?artifact=end").text;
    for mark in ["edge content", "edge time", "edge unknown_writer", "◷ stale</text>", "written by no recorded run"] {
        assert!(page.contains(mark), "{mark}: {page}");
    }
    let boxes = |component: &str| page.matches(&format!("{component}, completed, run")).count();
    // As a label and as a title, once each: what two runs read is drawn once.
    assert_eq!((boxes("copy"), boxes("train")), (2, 2));
    let tree = served.get("/trace?artifact=end&view=tree").text;
    assert_eq!(tree.matches("(*)").count(), 1, "the tree marks what it has shown");
}
