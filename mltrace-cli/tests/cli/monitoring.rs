//! The example `monitoring`: its rules, its dashboard, what its README shows, and an alert that fires in a real Prometheus.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::prometheus::{is_there, pipeline, promtool};
use crate::serve::Serving;

/// Longer than a scrape, an evaluation and a start of Prometheus take on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(90);

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/monitoring").canonicalize().unwrap()
}

#[test]
fn the_rules_of_the_example_are_sound_and_pass_their_test() {
    if !is_there("promtool") {
        return;
    }
    assert_eq!(promtool(&["check", "rules", "rules.yml"], &example(), ""), None);
    assert_eq!(promtool(&["test", "rules", "rules.test.yml"], &example(), ""), None);
    assert_eq!(promtool(&["check", "config", "prometheus.yml"], &example(), ""), None);
}

#[test]
#[cfg(unix)]
fn the_example_prints_what_its_readme_shows() {
    let env = TestEnv::new();
    let readme = std::fs::read_to_string(example().join("README.md")).unwrap();
    let block = |language: &str| -> Vec<&str> {
        let begin = format!(
            "```{language}
"
        );
        readme.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
    };
    env.write("mltrace.toml", block("toml")[0]);
    std::fs::copy(example().join("pipeline.ndjson"), env.project().join("pipeline.ndjson")).unwrap();
    for (at, transcript) in block("console").into_iter().enumerate() {
        if transcript.contains("promtool") && !is_there("promtool") {
            continue;
        }
        let folder = if at == 0 { env.project() } else { example() };
        assert_eq!(shown(transcript, &folder), transcript);
    }
}

/// Runs the commands of a transcript in a folder and returns the transcript anew.
#[cfg(unix)]
pub(crate) fn shown(transcript: &str, folder: &Path) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_mltrace")).parent().unwrap().display().to_string();
    let mut shown = String::new();
    for command in transcript.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(folder).env_clear();
        let output = shell.env("PATH", format!("{programs}:/usr/bin:/bin")).output().unwrap();
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let _ = write!(shown, "$ {command}\n{}\n", printed.trim_end());
    }
    shown
}

#[test]
fn every_panel_of_the_dashboard_asks_for_what_is_told() {
    let dashboard: Value =
        serde_json::from_str(&std::fs::read_to_string(example().join("dashboard.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let asked = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let asked: Vec<&str> = asked.map(|target| target["expr"].as_str().unwrap()).collect();
    assert!(panels.len() >= 10 && asked.len() >= panels.len());
    let env = pipeline();
    // Somebody reads what a run wrote, so that all that can be reported is.
    env.done(&["log", "--component", "score", "--input", "rides"]);
    let told = env.done(&["metrics", "--prometheus"]);
    let names = |text: &str| -> Vec<String> {
        let parts = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        parts.filter(|part| part.starts_with("mltrace_")).map(str::to_owned).collect()
    };
    let rules = std::fs::read_to_string(example().join("rules.yml")).unwrap();
    for name in asked.iter().copied().chain([rules.as_str()]).flat_map(names) {
        assert!(
            told.lines().any(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} "))),
            "{name}"
        );
    }
    if is_there("promtool") {
        let rules = asked.iter().map(
            |expr| json!({"record": "panel", "expr": expr.replace("$component", ".*").replace("$instance", ".*")}),
        );
        let rules: Vec<Value> = rules.collect();
        let path = env.write("panels.json", &json!({"groups": [{"name": "panels", "rules": rules}]}).to_string());
        assert_eq!(promtool(&["check", "rules", "--lint=none", path.to_str().unwrap()], &example(), ""), None);
    }
}

/// A Prometheus that scrapes a server each second.
struct Prometheus {
    child: Child,
    port: u16,
}

impl Prometheus {
    fn start(folder: &Path, target: &str) -> Self {
        let config = std::fs::read_to_string(example().join("prometheus.yml")).unwrap();
        assert!(config.contains("127.0.0.1:8090") && config.contains("15s") && config.contains("rules.yml"));
        let rules = example().join("rules.yml").display().to_string();
        let config = config.replace("127.0.0.1:8090", target).replace("15s", "1s").replace("rules.yml", &rules);
        let path = folder.join("prometheus.yml");
        std::fs::write(&path, config).unwrap();
        let mut command = Command::new("prometheus");
        command.arg("--web.listen-address=127.0.0.1:0").arg(format!("--config.file={}", path.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let (tell, told) = std::sync::mpsc::channel();
        // Its log is read to its end, so that it never waits for somebody to read it.
        std::thread::spawn(move || {
            let mut log = String::new();
            for line in lines {
                let port = line.split("address=127.0.0.1:").nth(1).and_then(|rest| rest.split_whitespace().next());
                let _ = writeln!(log, "{line}");
                if let Some(port) = port.and_then(|port| port.parse().ok()).filter(|port: &u16| *port != 0) {
                    let _ = tell.send(Ok(port));
                }
            }
            let _ = tell.send(Err(log));
        });
        let port = told.recv_timeout(PATIENCE).expect("it says where it listens");
        let mut started = Self { child, port: 0 };
        started.port = port.unwrap_or_else(|log| panic!("it ended: {log}"));
        started
    }

    /// Asks until an answer is as expected.
    #[expect(
        clippy::disallowed_methods,
        reason = "another program works meanwhile, and says nothing of its own accord"
    )]
    fn wait_for(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.ask(path);
            if let Some(answer) = answer.as_ref().filter(|answer| is_so(answer)) {
                return answer.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {answer:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn ask(&self, path: &str) -> Option<Value> {
        use std::io::Read as _;

        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_prometheus_scrapes_a_server_and_an_alert_fires() {
    if !is_there("prometheus") {
        return;
    }
    let env = pipeline();
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    let url = serving.told["url"].as_str().unwrap();
    let target = url.trim_start_matches("http://").trim_end_matches('/');
    let prometheus = Prometheus::start(&env.project(), target);
    let value = |answer: &Value| answer["data"]["result"][0]["value"][1].as_str().map(str::to_owned);
    prometheus.wait_for("/api/v1/query?query=up%7Bjob%3D%22mltrace%22%7D", |up| value(up).as_deref() == Some("1"));
    let runs = "/api/v1/query?query=sum(mltrace_runs_total)";
    prometheus.wait_for(runs, |runs| value(runs).as_deref() == Some("4"));
    let alerts = prometheus.wait_for("/api/v1/alerts", |alerts| {
        let alerts = alerts["data"]["alerts"].as_array();
        alerts.is_some_and(|alerts| alerts.iter().any(|alert| alert["state"] == "firing"))
    });
    let firing = alerts["data"]["alerts"].as_array().unwrap().iter().find(|alert| alert["state"] == "firing").unwrap();
    assert_eq!(
        (&firing["labels"]["alertname"], &firing["labels"]["component"]),
        (&json!("MltraceOutputFlagged"), &json!("train"))
    );
    // It asked for OpenMetrics, and took the units from there.
    let metadata = prometheus.wait_for("/api/v1/metadata?metric=mltrace_run_duration_seconds", |told| {
        told["data"]["mltrace_run_duration_seconds"].is_array()
    });
    let told = &metadata["data"]["mltrace_run_duration_seconds"][0];
    assert_eq!((&told["type"], &told["unit"]), (&json!("histogram"), &json!("seconds")));
}
