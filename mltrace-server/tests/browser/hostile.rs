//! Names and pages that mean harm.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::json;

use crate::browser::{Browser, Look};
use crate::story::{BIDI, SCRIPT, Story};

#[tokio::test(flavor = "multi_thread")]
async fn names_cannot_do_harm_nor_break_a_page() {
    let long = format!("out/{}.csv", "very-long-name-".repeat(20));
    let story = Story::told(&[
        json!({ "component": SCRIPT, "ended_at": "2026-03-01T00:00:00Z", "inputs": [SCRIPT], "outputs": [BIDI, long, SCRIPT],
            "owner": SCRIPT, "description": SCRIPT, "tags": [SCRIPT], "notes": [SCRIPT], "params": { SCRIPT: SCRIPT } }),
        json!({ "component": "reads", "ended_at": "2026-03-02T00:00:00Z", "inputs": [BIDI, long, SCRIPT], "outputs": ["end"],
            "error": SCRIPT, "status": "failed" }),
        json!({ "component": "reads", "ended_at": "2026-03-03T00:00:00Z", "inputs": [BIDI, long, SCRIPT], "outputs": ["end"] }),
    ]);
    let Some(browser) = Browser::start(Look::default()).await else { return };
    let encoded = url::form_urlencoded::byte_serialize(SCRIPT.as_bytes()).collect::<String>();
    for path in [
        "/".to_owned(),
        "/components".to_owned(),
        "/tags".to_owned(),
        "/trace?artifact=end".to_owned(),
        "/run?run=latest".to_owned(),
        format!("/component?name={encoded}"),
        format!("/artifact?name={encoded}"),
        format!("/trace?artifact={encoded}"),
        format!("/search?q={encoded}"),
        "/stale".to_owned(),
        format!("/verify?artifact={encoded}"),
        format!("/trace?artifact={encoded}x"),
        format!("/trace?artifact=end&reason={encoded}"),
        format!("/{encoded}"),
    ] {
        browser.open(&story.at(&path)).await;
        browser.find("main h1").await;
        let title = browser.client.title().await.unwrap();
        assert_ne!(title, "owned", "{path}");
        let injected =
            browser.script("return document.querySelectorAll('main script, main img, [onerror]').length").await;
        assert_eq!(injected, 0, "{path}");
        let wide = browser.script("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(wide.as_f64().unwrap() <= 1.0, "{path} is {wide} wider than the screen");
        assert!(!browser.text().await.contains('\u{202e}'), "{path} turns text round");
    }
    browser.open(&story.at("/trace?artifact=end")).await;
    assert!(browser.text().await.contains("\\u{202e}"), "what hides itself is written out");
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_pointed_here_does_not_open_the_server() {
    let story = Story::told(&[json!({ "component": "secret_step", "ended_at": "2026-03-01T00:00:00Z" })]);
    let look = Look { resolver: Some("MAP evil.example 127.0.0.1"), ..Look::default() };
    let Some(browser) = Browser::start(look).await else { return };
    browser.open(&format!("http://evil.example:{}/", story.address.port())).await;
    browser.says("--allowed-host evil.example").await;
    assert!(!browser.text().await.contains("secret_step"));
    browser.quit().await;
}

/// Serves one page to the one who asks, as a foreign site does.
fn foreign_site(page: String) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                page.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes()));
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_can_neither_change_nor_read_nor_frame() {
    let story = Story::told(&[json!({ "component": "step", "ended_at": "2026-03-01T00:00:00Z", "outputs": ["out"] })]);
    let target = story.at("");
    let page = format!(
        "<form id=f method=post action='{target}/flag'><input name=artifact value=out><input name=verdict value=flagged></form>
         <iframe id=i src='{target}/'></iframe>
         <script>
         fetch('{target}/api/v1/recent').then((r) => r.text()).then((t) => document.title = 'read ' + t, () => document.title = 'refused');
         </script>"
    );
    let foreign = foreign_site(page);
    let Some(browser) = Browser::start(Look { resolver: Some("MAP evil.example 127.0.0.1"), ..Look::default() }).await
    else {
        return;
    };
    browser.open(&format!("http://evil.example:{}/", foreign.port())).await;
    browser.client.wait().for_element(fantoccini::Locator::Css("#f")).await.unwrap();
    let begun = std::time::Instant::now();
    while browser.client.title().await.unwrap().is_empty() && begun.elapsed().as_secs() < 10 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(browser.client.title().await.unwrap(), "refused", "a foreign page reads nothing");
    browser.script("document.getElementById('f').submit()").await;
    browser.says("may not change anything").await;
    browser.open(&story.at("/review")).await;
    browser.says("Nothing is flagged").await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_several_lines_is_flagged_and_searched_for_from_its_page() {
    let name = "out/two\r\nlines\u{202e}.csv";
    let story = Story::told(&[json!({ "component": "step", "ended_at": "2026-03-01T00:00:00Z", "outputs": [name] })]);
    let Some(browser) = Browser::start(Look::default()).await else { return };
    browser.open(&story.at("/search?q=two")).await;
    browser.follow("out/two").await;
    browser.click("main .facts button.flagged").await;
    browser.says("Whom to suspect").await;
    browser.says("out/two\\r\\nlines\\u{202e}.csv").await;
    let query: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    browser.open(&story.at(&format!("/search?q={query}"))).await;
    browser.says("percent-encoded").await;
    browser.click("form.stack button").await;
    browser.find("main a[href^='/trace?artifact=out%2Ftwo%0D%0Alines']").await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_a_foreign_page_opens_waits_at_the_door_and_a_pressed_link_does_not() {
    let story = Story::told(&[json!({ "component": "step", "ended_at": "2026-03-01T00:00:00Z", "outputs": ["out"] })]);
    let target = story.at("/trace?artifact=out");
    let page = format!("<title>foreign</title><a id=a href='{target}'>see</a>");
    let foreign = foreign_site(page);
    let look = Look { resolver: Some("MAP evil.example 127.0.0.1"), ..Look::default() };
    let Some(browser) = Browser::start(look).await else { return };
    browser.open(&format!("http://evil.example:{}/", foreign.port())).await;
    browser.script(&format!("location.href = '{target}'")).await;
    browser.says("You come from another site").await;
    browser.follow("Go on").await;
    browser.says("How did this come to be?").await;
    browser.open(&format!("http://evil.example:{}/", foreign.port())).await;
    browser.click("#a").await;
    browser.says("How did this come to be?").await;
    browser.quit().await;
}
