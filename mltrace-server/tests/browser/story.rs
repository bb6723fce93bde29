//! What the browser looks at, behind a real server: the example as it is recorded, and a like pipeline on several days.

use std::io::{Write as _, stderr};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::record::{Hooks, Recorder};
use mltrace_core::store::{self, Mode};
use mltrace_server::{AllowedHost, App, Guard, Server, Token};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server with a project of its own.
pub(crate) struct Story {
    pub(crate) address: SocketAddr,
    home: Home,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    _folder: TempDir,
}

/// The names that nobody should be able to do harm with.
pub(crate) const SCRIPT: &str = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>";
pub(crate) const BIDI: &str = "out/invoice-\u{202e}gnp.exe";

impl Story {
    /// Serves these lines.
    pub(crate) fn told(lines: &[Value]) -> Self {
        Self::guarded(lines, Vec::new(), None)
    }

    /// Serves these lines to the one who knows the token, under these names too.
    pub(crate) fn guarded(lines: &[Value], allowed: Vec<AllowedHost>, token: Option<Token>) -> Self {
        let story = Self::of(project(), allowed, token);
        story.import(lines);
        story
    }

    /// Serves what the example `wine-quality` records when its third run takes a milligram for a gram; `None`, said
    /// aloud, where it was not built.
    pub(crate) fn of_the_example() -> Option<Self> {
        // A package cannot ask for the program of another: cargo puts it beside the folder of the test programs.
        let test = std::env::current_exe().unwrap();
        let program = test.parent().and_then(Path::parent).unwrap().join("wine-quality");
        let program = program.with_extension(std::env::consts::EXE_EXTENSION);
        if !program.exists() {
            // Straight to the terminal: what a test that passes prints is not shown.
            let _ = writeln!(stderr(), "SKIPPED: the example is not built: `cargo build -p wine-quality`");
            return None;
        }
        let folder = project();
        let mut command = Command::new(program);
        command.args(["wine-out", "1"]).current_dir(folder.path().join("wine")).env("XDG_CONFIG_HOME", folder.path());
        let output = command.env_remove("MLTRACE_DB").env_remove("MLTRACE_DISABLED").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let story = Self::of(folder, Vec::new(), None);
        ingest::open_folded(&story.home, &|_| {}).unwrap();
        Some(story)
    }

    fn of(folder: TempDir, allowed: Vec<AllowedHost>, token: Option<Token>) -> Self {
        let home = Home::find(&folder.path().join("wine"), None, &Environment::default());
        let environment = Environment { user: Some("ada".to_owned()), ..Environment::default() };
        let hooks = Hooks { warn: |_| {}, appended: || {}, here: || unreachable!("no test forks") };
        let recorder: &'static Recorder = Box::leak(Box::new(Recorder::new(home.clone(), &environment, hooks)));
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = server.address();
        let app = App::new(recorder, Guard::new(address, allowed, token).unwrap());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || server.run(app, async { drop(stopped.await) }).unwrap());
        Self { address, home, stop: Some(stop), thread: Some(thread), _folder: folder }
    }

    /// Returns the address of a page.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Records more, beside the server.
    pub(crate) fn import(&self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut store = store::open(&self.home, Mode::Write).unwrap();
        let report = ingest::import(&self.home, store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!(report.errors, []);
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Returns a folder with an empty project `wine`.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("wine/.mltrace")).unwrap();
    folder
}

/// Returns a step of the wine pipeline on a day.
fn step(day: usize, minute: usize, component: &str, inputs: &[&str], outputs: &[String], params: &Value) -> Value {
    let owner = match component {
        "ingest" | "clean" => "laboratory",
        "train" | "evaluate" => "modelling",
        _ => "cellar",
    };
    let at = |second: usize| format!("2026-03-{day:02}T06:{minute:02}:{second:02}Z");
    json!({ "component": component, "inputs": inputs, "outputs": outputs, "params": params, "owner": owner,
        "started_at": at(0), "ended_at": at(2 + (day * 7 + minute) % 20), "tags": [if minute < 2 { "etl" } else { "wine" }],
        "git_commit": "8f14e45fceea167a5a36dedd4bea2543", "description": format!("the step {component} of the wine pipeline") })
}

/// Returns the wine pipeline on seven days; on the sixth, `featuregen` took milligrams for grams.
pub(crate) fn wine() -> Vec<Value> {
    let mut lines = Vec::new();
    for day in 1..=7 {
        let name = |file: &str| format!("day-{day}/{file}");
        let scale = if day == 6 { 1 } else { 1000 };
        let (raw, clean, features) = (name("raw.csv"), name("clean.csv"), name("features.csv"));
        let (train, test, model) = (name("train.csv"), name("test.csv"), name("model.json"));
        lines.push(step(day, 0, "ingest", &["uci-wine-quality-red"], std::slice::from_ref(&raw), &json!({})));
        lines.push(step(day, 1, "clean", &[&raw], std::slice::from_ref(&clean), &json!({})));
        let params = json!({ "milligrams_per_gram": scale });
        lines.push(step(day, 2, "featuregen", &[&clean], std::slice::from_ref(&features), &params));
        let split = json!({ "seed": 7, "test_fraction": 0.2 });
        lines.push(step(day, 3, "split", &[&features], &[train.clone(), test.clone(), name("bottles.csv")], &split));
        lines.push(step(day, 4, "train", &[&train], std::slice::from_ref(&model), &json!({ "penalty": 0.05 })));
        lines.push(step(day, 5, "evaluate", &[&model, &test], &[name("metrics.json")], &json!({})));
        let bottles = name("bottles.csv");
        lines.push(step(day, 6, "predict", &[&model, &bottles], &[name("prediction.csv")], &json!({})));
    }
    lines
}
