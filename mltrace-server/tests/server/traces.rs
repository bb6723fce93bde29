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
    page.matches("<rect ").count()
}

#[test]
fn a_long_trace_makes_a_short_page_and_leads_to_the_whole() {
    let served = Served::with(&chain(1500, 12));
    let page = served.get("/trace?artifact=d/1499").text;
    assert!(page.len() < 100_000, "{} bytes", page.len());
    assert_eq!((boxes(&page), page.matches("<span class=\"quiet\">level ").count()), (12, 150));
    assert!(page.contains("1500 runs: those of one component share a box"), "{page}");
    assert!(page.contains("The 150 nearest of 1500 runs") && page.contains("and 1 further up"), "{page}");
    let whole = "/trace?artifact=d%2F1499&amp;all=1";
    assert_eq!(page.matches(&format!("href=\"{whole}\"")).count(), 2, "from the picture and from the tree");
    let page = served.get(&whole.replace("&amp;", "&")).text;
    assert_eq!((boxes(&page), page.matches("<span class=\"quiet\">level ").count()), (1500, 1500));
    assert!(!page.contains("further up") && !page.contains("every run"));
}

#[test]
fn a_trace_of_many_components_shows_the_nearest() {
    let served = Served::with(&chain(300, 300));
    let page = served.get("/trace?artifact=d/299").text;
    assert!(page.len() < 160_000, "{} bytes", page.len());
    assert_eq!(boxes(&page), 150);
    assert!(
        page.contains("300 runs: 151 further up share a box, because") && page.contains(">151 runs further up</text>"),
        "{page}"
    );
    assert!(page.contains("✓ step_299</text>") && !page.contains("✓ step_100</text>"));
}

#[test]
fn components_and_what_is_further_up_share_boxes_each() {
    let served = Served::with(&chain(400, 200));
    let page = served.get("/trace?artifact=d/399").text;
    assert!(page.contains("400 runs: those of one component share a box, and so do 102 further up"), "{page}");
    assert!(page.contains(">step_199 ×2</text>") && page.contains(">102 runs further up</text>"));
    assert_eq!(boxes(&page), 150);
}

#[test]
fn nothing_that_came_from_outside_is_left_out() {
    let images: Vec<String> = (0..1000).map(|number| format!("img/{number}.png")).collect();
    let served = Served::with(&[run(1, "embed", &images, "vectors"), run(2, "train", &["vectors".to_owned()], "m")]);
    let page = served.get("/trace?artifact=m").text;
    assert_eq!(boxes(&page), 3);
    assert!(page.contains(">1000 from outside</text>") && page.contains("and 990 more"), "{page}");
    assert!(page.contains("1000 artifacts that no recorded run wrote share a box"));
    assert_eq!(boxes(&served.get("/trace?artifact=m&all=1").text), 1002);
    // As many as can be read have a box each.
    let served = Served::with(&[run(1, "embed", &images[..100], "vectors")]);
    assert_eq!(boxes(&served.get("/trace?artifact=vectors").text), 101);
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
    let page = served.get("/trace?artifact=d/139").text;
    assert_eq!(page.matches("<span class=\"quiet\">level ").count(), 300);
}

#[test]
fn a_run_that_wrote_much_is_told_in_short() {
    let outputs: Vec<String> = (0..3000).map(|number| format!("part/{number}")).collect();
    let mut line = run(1, "split", &[], "");
    line["outputs"] = json!(outputs);
    let served = Served::with(&[line, run(2, "join", &outputs, "end")]);
    let page = served.get("/trace?artifact=end").text;
    assert!(page.len() < 20_000, "{} bytes", page.len());
    assert!(page.contains("and 2997 more</text>") && page.contains("and 2990 more: bound by"), "{page}");
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
    assert!(page.contains(&format!("href=\"/trace?artifact=m&amp;{kept}&amp;focus={first}#focus\"")), "{page}");
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
    assert!(page.contains("class=\"node source changed\"") && page.contains(">200 from outside</text>"), "{page}");
    assert!(page.contains(&format!("changed since run <a class=\"id\" href=\"/run?run={made}\">")), "in the tree too");
}

#[test]
fn the_tree_follows_the_order_in_which_a_run_read() {
    let served = Served::with(&[
        run(1, "split", &[], "part"),
        run(2, "train", &["part".to_owned()], "model"),
        run(3, "predict", &["model".to_owned(), "part".to_owned()], "p"),
    ]);
    let page = served.get("/trace?artifact=p").text;
    let tree = page.split("<ol class=\"tree\">").nth(1).unwrap();
    let place = |text: &str| tree.find(text).unwrap_or_else(|| panic!("no {text}: {tree}"));
    assert!(place("predict") < place("train") && place("train") < place("split"), "as the command draws it: {tree}");
    assert!(place("split") < place("(*)"));
}
