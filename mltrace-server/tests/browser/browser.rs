//! A real browser, driven as a person drives it: Chromium from the system, one process for each test.

use std::cell::Cell;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _, stderr};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;

/// How a machine without a browser gets one.
const HOW_TO_INSTALL: &str =
    "the tests of the pages need a browser: install it with `apt-get install -y chromium chromium-driver`";
/// How long a page may take to show what a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with one window.
pub(crate) struct Browser {
    pub(crate) client: Client,
    /// How often something was clicked.
    pub(crate) clicks: Cell<u32>,
    /// Ends before its profile is removed.
    driver: Driver,
    /// Where the browser keeps what it needs.
    pub(crate) profile: tempfile::TempDir,
}

/// The program that drives a browser; both end with it, after a failed test too.
struct Driver {
    child: Child,
    port: u16,
    /// The session that a browser was started for.
    session: Option<String>,
}

impl Driver {
    /// Starts it; `None`, said aloud, where there is none.
    fn start() -> Option<Self> {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let child = match started {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Straight to the terminal: what a test that passes prints is not shown.
                let _ = writeln!(stderr(), "SKIPPED: {HOW_TO_INSTALL}");
                return None;
            }
            Err(error) => panic!("{HOW_TO_INSTALL} (`chromedriver`: {error})"),
        };
        let mut driver = Self { child, port: 0, session: None };
        let mut lines = BufReader::new(driver.child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            line.strip_prefix("ChromeDriver was started successfully on port ")?.trim_end_matches('.').parse().ok()
        });
        driver.port = port.unwrap_or_else(|| panic!("{HOW_TO_INSTALL} (`chromedriver` did not start)"));
        // The driver must not stop because nobody reads what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Some(driver)
    }

    /// Ends the browser, which would outlive a driver that is killed.
    fn end_session(&mut self) -> std::io::Result<()> {
        let Some(session) = self.session.take() else { return Ok(()) };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!("DELETE /session/{session} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close", self.port);
        write!(stream, "{head}\r\n\r\n")?;
        // It answers when the browser is gone.
        stream.read(&mut [0; 64]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.end_session();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a browser is started.
#[derive(Clone, Copy, Default)]
pub(crate) struct Look {
    /// Whether the person likes it dark.
    pub(crate) is_dark: bool,
    /// Whether the screen is a phone's.
    pub(crate) is_phone: bool,
    /// What the browser resolves names to, as `--host-resolver-rules` takes it.
    pub(crate) resolver: Option<&'static str>,
}

impl Browser {
    /// Starts a browser; `None`, said aloud, where there is none. `.ci/run` sees to it that there is one.
    pub(crate) async fn start(look: Look) -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Driver::start()?;
        let size = if look.is_phone { "390,844" } else { "1280,900" };
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--window-size={size}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        if look.is_dark {
            arguments.push("--force-dark-mode".to_owned());
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        arguments.extend(look.resolver.map(|rules| format!("--host-resolver-rules={rules}")));
        let mut options = serde_json::Map::new();
        options.insert("args".to_owned(), json!(arguments));
        if look.is_phone {
            let metrics = json!({ "width": 390, "height": 844, "pixelRatio": 2.0, "touch": true });
            options.insert("mobileEmulation".to_owned(), json!({ "deviceMetrics": metrics }));
        }
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options.into());
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .unwrap_or_else(|error| panic!("{HOW_TO_INSTALL} ({error})"));
        driver.session = client.session_id().await.unwrap();
        Some(Self { client, clicks: Cell::new(0), driver, profile })
    }

    /// Opens a page.
    pub(crate) async fn open(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    /// Waits for an element.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no `{css}`: {error}\n{}", self.text().await),
        }
    }

    /// Clicks the first link whose text holds `text`.
    pub(crate) async fn follow(&self, text: &str) {
        let path = format!("//a[contains(normalize-space(.), \"{text}\")]");
        for _ in 0..3 {
            let found = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
            let Ok(link) = found else { panic!("no link `{text}`\n{}", self.text().await) };
            // A live list may have been renewed between the look and the click.
            if link.click().await.is_ok() {
                self.clicks.set(self.clicks.get() + 1);
                return;
            }
        }
        panic!("the link `{text}` cannot be clicked");
    }

    /// Clicks what the selector finds.
    pub(crate) async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
        self.clicks.set(self.clicks.get() + 1);
    }

    /// Returns what the page says.
    pub(crate) async fn text(&self) -> String {
        let body = self.client.find(Locator::Css("body")).await.unwrap();
        body.text().await.unwrap()
    }

    /// Waits until the page says this.
    pub(crate) async fn says(&self, text: &str) {
        let begun = std::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            // The body may be another one by the time it is read.
            let body = self.client.find(Locator::Css("body")).await;
            let said = match body {
                Ok(body) => body.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if said.contains(text) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the page does not say `{text}`:\n{}", self.text().await);
    }

    /// Returns what a script in the page gives.
    pub(crate) async fn script(&self, script: &str) -> serde_json::Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Keeps a picture of the page, to be looked at.
    pub(crate) async fn picture(&self, path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, self.client.screenshot().await.unwrap()).unwrap();
    }

    /// Ends the browser.
    pub(crate) async fn quit(mut self) {
        let _ = self.client.clone().close().await;
        self.driver.session = None;
    }
}

/// A test that fails does not come to its end: what it started must end all the same.
#[cfg(target_os = "linux")]
#[test]
fn a_failed_test_leaves_no_browser_behind() {
    let (tell, told) = std::sync::mpsc::channel();
    let test = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let Some(browser) = Browser::start(Look::default()).await else { return };
            tell.send(browser.profile.path().to_owned()).unwrap();
            assert!(!is_running(browser.profile.path()), "the test fails here");
        });
    });
    let has_failed = test.join().is_err();
    let Ok(profile) = told.recv() else { return };
    assert!(has_failed, "a browser was running");
    assert!(!is_running(&profile), "a browser of a failed test still runs");
}

/// Returns whether a process works with this profile.
#[cfg(target_os = "linux")]
fn is_running(profile: &Path) -> bool {
    let profile = profile.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut commands = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    commands.any(|command| String::from_utf8_lossy(&command).contains(profile))
}
