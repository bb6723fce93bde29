//! The flows that a person follows, with the mouse, with the keyboard alone, in light and dark, on a phone.

use std::path::PathBuf;

use fantoccini::key::Key;
use mltrace_server::Token;
use serde_json::json;

use crate::browser::{Browser, Look};
use crate::drawing::FAULTS;
use crate::story::{Story, wine};

/// Where pictures go, to be looked at.
fn pictures() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_finds_the_culprit_of_the_example_in_five_clicks() {
    let Some(story) = Story::of_the_example() else { return };
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/")).await;
    browser.picture(&pictures().join("recent.png")).await;
    // One: what was written last. Two: the wrong prediction. Three: it is wrong, whom to suspect.
    browser.follow("Outputs").await;
    browser.follow("wine-out/predictions/batch-01.csv").await;
    browser.find("svg.graph a.node").await;
    assert_eq!(browser.script(FAULTS).await, json!([]), "what was asked about is in sight");
    browser.picture(&pictures().join("trace.png")).await;
    browser.click("main .facts button.flagged").await;
    browser.follow("Whom to suspect").await;
    browser.find(".suspect a").await;
    browser.picture(&pictures().join("review.png")).await;
    // Four: the first suspect, whose page says what changed.
    browser.click(".suspect a").await;
    browser.says("Changed since the run before").await;
    browser.picture(&pictures().join("run.png")).await;
    assert!(browser.clicks.get() <= 5, "{} clicks", browser.clicks.get());
    assert!(browser.find("main h1").await.text().await.unwrap().starts_with("featuregen"));
    let changed = browser.find(".changes tbody").await.text().await.unwrap();
    assert_eq!(changed, "parameter milligrams_per_gram 1000 1");
    assert!(browser.find("pre.source").await.text().await.unwrap().contains("fn featuregen"), "the code as it ran");

    // The other way to see it: what changed upstream of the prediction, side by side.
    browser.open(&story.at("/trace?artifact=wine-out/predictions/batch-01.csv")).await;
    browser.follow("What changed?").await;
    browser.says("parameter milligrams_per_gram").await;
    browser.picture(&pictures().join("diff.png")).await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_are_given_explained_and_taken_back_and_runs_are_noted() {
    let story = Story::told(&wine()[..42]);
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/trace?artifact=day-6/prediction.csv")).await;
    browser.click("main .facts button.flagged").await;
    browser.says("Flagged as bad: day-6/prediction.csv").await;
    assert!(browser.client.current_url().await.unwrap().path() == "/trace", "nobody is led away");
    browser.follow("Whom to suspect").await;
    browser.click("details.why summary").await;
    browser.find("details.why input[name='reason']").await.send_keys("all fives").await.unwrap();
    browser.click("details.why button").await;
    assert_eq!(browser.find("q.reason").await.text().await.unwrap(), "all fives");
    browser.follow("featuregen").await;
    browser.find("#note").await.send_keys("took milligrams for grams").await.unwrap();
    browser.click("form[action='/note'] button").await;
    browser.find("blockquote.note").await;
    browser.says("took milligrams for grams").await;

    // What was flagged is marked in the graph, in words too, and can be taken back.
    browser.open(&story.at("/trace?artifact=day-6/prediction.csv")).await;
    browser.find("main .facts q.reason").await;
    let marked = browser.find("svg.graph a.node.flagged").await;
    assert!(marked.attr("aria-label").await.unwrap().unwrap().contains("(flagged)"));
    browser.click("main .facts button.none").await;
    browser.says("Flag as bad").await;
    browser.open(&story.at("/review")).await;
    browser.says("Nothing is flagged").await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_for_others_asks_for_its_token_and_then_takes_verdicts() {
    let text = "correct-horse-battery-staple";
    let allowed = vec!["lineage.example".parse().unwrap()];
    let story = Story::guarded(&wine()[..7], allowed, Some(Token::new(text).unwrap()));
    let Some(browser) =
        Browser::start(Look { resolver: Some("MAP lineage.example 127.0.0.1"), ..Look::default() }).await
    else {
        return;
    };
    // Plain HTTP under a name that is no loopback's: browsers say less of themselves there.
    let place = format!("http://lineage.example:{}", story.address.port());
    browser.open(&format!("{place}/trace?artifact=day-1/prediction.csv")).await;
    browser.find("#token").await.send_keys("something else altogether").await.unwrap();
    browser.click("main button").await;
    browser.says("That is not the token").await;
    browser.find("#token").await.send_keys(text).await.unwrap();
    browser.click("main button").await;
    browser.click("main .facts button.flagged").await;
    browser.says("Whom to suspect").await;
    assert!(!browser.client.current_url().await.unwrap().as_str().contains(text));
    assert_eq!(browser.script("return document.cookie").await, "", "no script sees the cookie");
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_leads_to_its_runs_and_can_be_moved() {
    let story = Story::told(&wine());
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/trace?artifact=day-6/prediction.csv")).await;
    browser
        .client
        .find(fantoccini::Locator::Css("svg.graph a.run[aria-label^='train']"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    browser.find("#at.card").await;
    browser.says("Everything about this run").await;
    assert_eq!(browser.script("return document.querySelectorAll('svg .run.focus').length").await, 1);
    let width = "return document.querySelector('svg .run.focus rect').getBoundingClientRect().width";
    let before = browser.script(width).await.as_f64().unwrap();
    browser
        .script("document.querySelector('.picture').dispatchEvent(new KeyboardEvent('keydown', { key: '-' }))")
        .await;
    let zoomed = browser.script(width).await.as_f64().unwrap() / before;
    assert!((0.75..0.85).contains(&zoomed), "one step out of what was in sight, not {zoomed}");
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_runs_appear_by_themselves() {
    let story = Story::told(&wine()[..7]);
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/")).await;
    browser.find("#live table").await;
    story.import(&[
        json!({ "component": "just_now", "started_at": "2026-04-01T00:00:00Z", "ended_at": "2026-04-01T00:00:01Z" }),
    ]);
    browser.says("just_now").await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_open_tabs_do_not_keep_the_next_from_loading() {
    let story = Story::told(&wine()[..7]);
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/")).await;
    let first = browser.client.window().await.unwrap();
    // A browser keeps six connections to a server, and each list that is live takes one.
    for number in 0..8 {
        let tab = browser.client.new_window(true).await.unwrap();
        browser.client.switch_to_window(tab.handle).await.unwrap();
        let opened = tokio::time::timeout(std::time::Duration::from_secs(20), browser.open(&story.at("/"))).await;
        assert!(opened.is_ok(), "tab {number} waits for the others");
        browser.find("#live table").await;
    }
    // Anyone who comes back to the first sees what happened meanwhile.
    story.import(&[
        json!({ "component": "just_now", "started_at": "2026-04-01T00:00:00Z", "ended_at": "2026-04-01T00:00:01Z" }),
    ]);
    browser.client.switch_to_window(first).await.unwrap();
    browser.says("just_now").await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_store_shows_how_to_start_until_a_run_is_there() {
    let story = Story::told(&[]);
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/")).await;
    browser.says("Nothing is recorded yet").await;
    browser.says("mltrace run --component").await;
    story.import(&[json!({ "component": "first_step", "ended_at": "2026-04-01T00:00:01Z" })]);
    browser.says("first_step").await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_done_with_the_keyboard() {
    let story = Story::told(&wine()[..42]);
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/components")).await;
    let type_keys = async |keys: &str| {
        let active = browser.client.active_element().await.unwrap();
        active.send_keys(keys).await.unwrap();
    };
    // The first stop skips to the content; `/` leads to the command bar from anywhere.
    type_keys(&Key::Tab.to_string()).await;
    assert_eq!(browser.script("return document.activeElement.textContent").await, "Skip to the content");
    type_keys("/").await;
    assert_eq!(browser.script("return document.activeElement.id").await, "command");
    // It completes what is typed.
    type_keys("trace day-6/pred").await;
    browser.find("#completions option[value='trace day-6/prediction.csv']").await;
    type_keys(&format!("iction.csv{}", Key::Enter)).await;
    browser.find("svg.graph").await;
    // Tab reaches the verdict, Enter gives it; the focus shows.
    for _ in 0..40 {
        type_keys(&Key::Tab.to_string()).await;
        let value = browser.script("return document.activeElement.value || ''").await;
        if value == "flagged" {
            break;
        }
    }
    let outline = browser.script("return getComputedStyle(document.activeElement).outlineStyle").await;
    assert_eq!(outline, "solid", "the focus can be seen");
    type_keys(&Key::Enter.to_string()).await;
    browser.says("Whom to suspect").await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn light_dark_and_a_phone_are_readable() {
    let story = Story::told(&wine());
    let looks = [
        ("light", Look::default()),
        ("dark", Look { is_dark: true, ..Look::default() }),
        ("phone", Look { is_phone: true, ..Look::default() }),
    ];
    for (name, look) in looks {
        let Some(browser) = Browser::start(look).await else { return };
        if name == "light" {
            browser.open(&story.at("/trace?artifact=day-6/prediction.csv")).await;
            browser.click("main .facts button.flagged").await;
            browser.says("Whom to suspect").await;
        }
        for path in [
            "/",
            "/trace?artifact=day-6/prediction.csv",
            "/component?name=train",
            "/run?run=latest",
            "/api",
            "/search?q=day",
            "/review",
            "/diff?a=day-6/prediction.csv&b=day-5/prediction.csv",
            "/artifact?name=day-6/prediction.csv",
            "/components",
            "/stale",
            "/verify?artifact=day-6",
            "/trace?artifact=day-6/predictions.csv",
        ] {
            browser.open(&story.at(path)).await;
            browser.find("main h1").await;
            let is_unknown = path.contains("predictions");
            let file = if is_unknown { "unknown" } else { path.trim_start_matches('/').split('?').next().unwrap() };
            browser
                .picture(&pictures().join(format!("{name}-{}.png", if file.is_empty() { "recent" } else { file })))
                .await;
            let wide = browser.script("return document.documentElement.scrollWidth - innerWidth").await;
            assert!(wide.as_f64().unwrap() <= 1.0, "{name} {path} is {wide} wider than the screen");
            let contrast = browser.script(CONTRAST).await;
            assert_eq!(contrast, json!([]), "{name} {path}: too little contrast");
        }
        browser.open(&story.at("/diff?a=day-6/prediction.csv&b=day-5/prediction.csv")).await;
        let told =
            browser.script("return getComputedStyle(document.querySelector('td.now'), '::before').content").await;
        assert_eq!(
            told != "none",
            look.is_phone,
            "{name}: a phone has no headings, each value says whose it is: {told}"
        );
        let is_dark = browser.script("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(is_dark, look.is_dark, "{name}");
        browser.quit().await;
    }
}

/// Returns the texts of the page whose contrast with what is behind them is below 4.5.
const CONTRAST: &str = r#"
const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b]
  .map((value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
  .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = numbers(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const poor = [];
for (const element of document.querySelectorAll("main *, header *, footer")) {
  const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!says || element.closest("svg, .quiet, .skip, option, datalist") || !element.offsetWidth) continue;
  const [a, b] = [light(numbers(getComputedStyle(element).color)), light(behind(element))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) poor.push(`${element.tagName}.${element.className} ${contrast.toFixed(2)}`);
}
return [...new Set(poor)];
"#;

/// Writes the pictures of the README anew: run it when the pages change, and look at them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes files of the repository"]
async fn the_pictures_of_the_documents_are_taken() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
    let Some(story) = Story::of_the_example() else { return };
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/trace?artifact=wine-out/predictions/batch-01.csv")).await;
    browser.click("main .facts button.flagged").await;
    browser.follow("Whom to suspect").await;
    browser.find(".suspect a").await;
    browser.picture(&folder.join("review.png")).await;
    browser.click(".suspect a").await;
    browser.says("Changed since the run before").await;
    browser.picture(&folder.join("run.png")).await;
    browser.open(&story.at("/trace?artifact=wine-out/predictions/batch-01.csv")).await;
    browser.find("svg.graph").await;
    browser.picture(&folder.join("trace.png")).await;
    browser.quit().await;
}
