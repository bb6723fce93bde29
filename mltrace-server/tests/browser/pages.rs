//! The pages as somebody on call meets them: a store of real size, ten minutes, no knowledge of the pipeline.

use std::path::PathBuf;

use serde_json::Value;

use crate::browser::{Browser, Look};
use crate::busy::busy;
use crate::story::Story;

/// Where pictures go, to be looked at.
fn pictures() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_finds_the_planted_fact_of_many_runs_in_five_clicks() {
    let story = Story::told(&busy(2890));
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/")).await;
    // One: the check that failed. Two, three: all outputs of the runs in which it did. Four: why.
    browser.follow("rmse_is_low").await;
    browser.says("5 runs").await;
    browser.click("[data-all]").await;
    browser.click(".bulk button.flagged").await;
    browser.says("Flagged as bad").await;
    browser.follow("Whom to suspect").await;
    browser.says("fare_scale = 1").await;
    assert!(browser.clicks.get() <= 5, "{} clicks", browser.clicks.get());
    browser.picture(&pictures().join("planted.png")).await;
    browser.quit().await;
}

/// Takes pictures to be looked at: `MLTRACE_PICTURES=0,6,300,3000 cargo test -p mltrace-server --test browser -- pictured --ignored`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is looked at by a person"]
async fn the_pages_are_pictured() {
    let sizes = std::env::var("MLTRACE_PICTURES").unwrap_or_else(|_| "0,6,300".to_owned());
    let paths = std::env::var("MLTRACE_PAGES").unwrap_or_else(|_| "/".to_owned());
    for size in sizes.split(',').map(|size| size.parse::<usize>().unwrap()) {
        let story = Story::told(&busy(size));
        for (look, is_dark, is_phone) in [("light", false, false), ("dark", true, false), ("phone", false, true)] {
            let Some(browser) = Browser::start(Look { is_dark, is_phone, ..Look::default() }).await else { return };
            if !is_phone {
                browser.client.set_window_size(1440, 1400).await.unwrap();
            }
            for path in paths.split(' ') {
                browser.open(&story.at(path)).await;
                browser.find("main h1").await;
                if is_phone {
                    browser.client.set_window_size(390, 1600).await.unwrap();
                }
                let name: String =
                    path.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
                browser.picture(&pictures().join(format!("{size}{name}{look}.png"))).await;
                let wide: Value = browser.script("return document.documentElement.scrollWidth - innerWidth").await;
                println!("{size} {path} {look}: {wide} too wide");
            }
            browser.quit().await;
        }
    }
}
