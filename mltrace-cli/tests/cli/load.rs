//! Many who ask a server for much at once: nobody fells it, nobody waits for the others, and the memory comes back.
#![expect(clippy::print_stdout, reason = "whoever measures wants the figures")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::env::TestEnv;

/// How many ask for much at once.
const CROWD: usize = 40;
/// How much memory the server may hold while they do, and how much more than before once they have gone.
const PEAK: u64 = 512 << 20;
const LEFT: u64 = 64 << 20;
/// How long the memory may take to come back.
const BACK: Duration = Duration::from_secs(60);
/// How long a short question may take meanwhile, and a page of versions by itself; a program that is not optimised, beside
/// other tests, gets longer.
const SHORT: Duration = Duration::from_millis(if cfg!(debug_assertions) { 5000 } else { 200 });
const VERSIONS: Duration = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 10 });
/// How long a note may wait while somebody imports as much as one request may hold.
const NOTE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 15_000 } else { 1000 });
/// How many inputs each line of that import has: a program that is not optimised takes tens of seconds for as many as a
/// request may hold, and notes are turned away then.
const INPUTS: usize = if cfg!(debug_assertions) { 1000 } else { 49_000 };
/// How many parameters each of the runs has that are compared, and how many metrics each of those that measured one model.
const PARAMETERS: usize = if cfg!(debug_assertions) { 1000 } else { 28_000 };
const METRICS: usize = if cfg!(debug_assertions) { 40 } else { 400 };
/// How many columns a table may have.
const COLUMNS: usize = 500;
/// How much memory the command may hold that writes an impact as JSON.
const COMMAND: u64 = 64 << 20;

/// A store of three times `size` runs: two chains, and as many runs that read one thing and each write the next version of
/// another; then one that reads what all of them wrote, and a few more.
fn store(size: usize) -> TestEnv {
    let env = TestEnv::new();
    let mut import = env.std_command(&["import", "-"]);
    let mut import = import.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufWriter::new(import.stdin.take().unwrap());
    let mut second = 0;
    let mut run = |component: &str, inputs: &str, outputs: &str| {
        second += 1;
        let at = format!(
            "2025-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            1 + second / 2_419_200,
            1 + second / 86_400 % 28,
            second / 3600 % 24,
            second / 60 % 60,
            second % 60
        );
        let ran = format!(r#""component": "{component}", "owner": "ada", "started_at": "{at}", "ended_at": "{at}""#);
        let did = format!(r#""params": {{"rate": 0.1, "seed": 7}}, "inputs": [{inputs}], "outputs": [{outputs}]"#);
        writeln!(lines, "{{{ran}, {did}}}").unwrap();
    };
    run("base", "", r#""base""#);
    for number in 0..size {
        for side in ["left", "right"] {
            let before = if number == 0 { String::new() } else { format!(r#""{side}/{}""#, number - 1) };
            run(side, &before, &format!(r#""{side}/{number}""#));
        }
        let outputs = format!(r#"{{"name": "many", "version": "v:{number}"}}, "wide/{number}""#);
        run("wide", r#""base""#, &outputs);
    }
    let all = (0..size).fold(String::new(), |mut all, number| {
        write!(all, r#"{}"wide/{number}""#, if number == 0 { "" } else { ", " }).unwrap();
        all
    });
    run("join", &all, r#""joined""#);
    // A list that holds it is long.
    for number in 0..100 {
        run("after", "", &format!(r#""after/{number}""#));
    }
    wide_runs(&mut lines);
    drop(lines);
    assert!(import.wait().unwrap().success());
    env
}

/// Twenty runs of many parameters, a model that as many measured in many ways, two wide tables, and a task of many outputs.
fn wide_runs(lines: &mut impl std::io::Write) {
    let at = |second: usize| format!("2026-01-01T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60);
    let times = |second: usize| format!(r#""started_at": "{0}", "ended_at": "{0}""#, at(second));
    let listed = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(", ");
    for run in 0..20 {
        let params = listed(PARAMETERS, &|number| format!(r#""p{run}-{number}": {number}"#));
        writeln!(lines, r#"{{"component": "fat", {}, "params": {{{params}}}, "outputs": ["fat/{run}"]}}"#, times(run))
            .unwrap();
    }
    let model = r#"{"name": "model", "version": "v:1"}"#;
    writeln!(lines, r#"{{"component": "train", {}, "outputs": [{model}]}}"#, times(100)).unwrap();
    for run in 0..METRICS {
        let metrics = listed(METRICS, &|number| format!(r#"{{"name": "m{number}", "value": {run}}}"#));
        let times = times(200 + run);
        writeln!(lines, r#"{{"component": "measure", {times}, "inputs": [{model}], "metrics": [{metrics}]}}"#).unwrap();
    }
    for table in 1..=2 {
        let version = format!("b3:{table:064x}");
        let columns = listed(COLUMNS, &|number| {
            format!(r#"{{"name": "c{table}-{number}", "type": "text", "nulls": 0, "distinct": 9}}"#)
        });
        let profile = format!(r#"{{"format": "csv", "rows": 9, "is_whole": true, "columns": [{columns}]}}"#);
        writeln!(lines, r#"{{"type": "profile", "version": "{version}", "profile": {profile}}}"#).unwrap();
        let output = format!(r#"{{"name": "table", "version": "{version}"}}"#);
        writeln!(lines, r#"{{"component": "clean", {}, "outputs": [{output}]}}"#, times(2000 + table)).unwrap();
    }
    for number in 0..METRICS * 50 {
        for kind in ["output", "feedback"] {
            let said =
                format!(r#""task": "fare", "id": "{number}", "value": {number}, "at": "{}""#, at(number % 80_000));
            writeln!(lines, r#"{{"type": "{kind}", {said}}}"#).unwrap();
        }
    }
}

/// A server as a process of its own.
pub(crate) struct Serving {
    child: Child,
    port: String,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    took: Duration,
}

impl Serving {
    pub(crate) fn start(env: &TestEnv) -> Self {
        let mut command = env.std_command(&["serve", "--format", "json", "--bind", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let port = told["url"].as_str().unwrap().trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
        Self { child, port }
    }

    fn send(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        stream
    }

    pub(crate) fn ask(&self, path: &str) -> Answer {
        let begun = Instant::now();
        Self::answer(self.send(path), begun)
    }

    /// Asks as [`worst`] writes it: a path, or a path to which something is posted.
    fn ask_any(&self, question: &str) -> Answer {
        match question.split_once(' ') {
            Some((path, body)) => self.post(path, body),
            None => self.ask(question),
        }
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", self.port)).unwrap();
        let head = "host: localhost\r\nconnection: close\r\ncontent-type: application/json";
        write!(stream, "POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        Self::answer(stream, begun)
    }

    fn answer(mut stream: TcpStream, begun: Instant) -> Answer {
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Answer { status, text, took: begun.elapsed() }
    }

    /// Returns how much memory it holds (`VmRSS`), or held at most (`VmHWM`).
    fn memory(&self, name: &str) -> u64 {
        memory(self.child.id(), name)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn memory(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).and_then(|line| line.strip_prefix(':'));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}

fn mib(bytes: u64) -> u64 {
    bytes >> 20
}

/// The questions that take most.
fn worst(size: usize) -> Vec<String> {
    let last = size - 1;
    let fat: Vec<String> = (0..20).map(|run| format!("fat/{run}")).collect();
    let required: Vec<String> =
        (0..METRICS).map(|number| format!(r#"{{"name": "m{number}", "condition": ">= 0"}}"#)).collect();
    let required = required.join(", ");
    let questions = [
        "/api/v1/stale".to_owned(),
        format!("/api/v1/diff?a=left/{last}&b=right/{last}"),
        "/api/v1/impact?component=wide".to_owned(),
        "/api/v1/impact?artifact=base".to_owned(),
        "/api/v1/impact?component=left".to_owned(),
        format!("/api/v1/trace?artifact=left/{last}"),
        "/api/v1/trace?artifact=joined".to_owned(),
        format!("/api/v1/stale?artifact=right/{last}"),
        "/api/v1/history?component=join".to_owned(),
        "/api/v1/search?q=9".to_owned(),
        "/api/v1/recent?status=failed&limit=500".to_owned(),
        "/api/v1/versions?artifact=many@v:nothing".to_owned(),
        "/stale".to_owned(),
        format!("/trace?artifact=left/{last}"),
        "/trace?artifact=joined".to_owned(),
        "/impact?artifact=base".to_owned(),
        "/component?name=join".to_owned(),
        "/review".to_owned(),
        format!("/diff?a=left/{last}&b=right/{last}"),
        "/artifact?name=many".to_owned(),
        format!("/api/v1/compare?runs={}", fat.join(",")),
        format!("/compare?runs={}", fat.join(",")),
        format!(r#"/api/v1/gate {{"artifact": "model", "metrics": [{required}]}}"#),
        format!("/api/v1/profile?artifact=table@b3:{:064x}&before=table@b3:{:064x}", 2, 1),
        "/api/v1/health".to_owned(),
        "/api/v1/timing?artifact=joined".to_owned(),
        "/api/v1/task?name=fare&window_s=60".to_owned(),
        "/api/v1/blame?number=duration".to_owned(),
        "/api/v1/last-good?artifact=joined".to_owned(),
    ];
    questions.into_iter().cycle().take(CROWD).collect()
}

/// Lets a crowd ask, and others ask for little meanwhile; returns how long the slowest of these waited.
fn crowd(serving: &Serving, size: usize) -> Duration {
    let is_over = AtomicBool::new(false);
    let short =
        ["/api/v1/recent?limit=10", "/api/v1/versions?artifact=many&limit=50", "/runs", "/api/v1/component?name=wide"];
    std::thread::scope(|threads| {
        let asker = threads.spawn(|| {
            let mut slowest = Duration::ZERO;
            for path in short.iter().cycle() {
                let answer = serving.ask(path);
                assert_eq!(answer.status, 200, "{path}: {}", &answer.text[..answer.text.len().min(500)]);
                slowest = slowest.max(answer.took);
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
            slowest
        });
        let asked: Vec<_> =
            worst(size).into_iter().map(|path| threads.spawn(move || (serving.ask_any(&path), path))).collect();
        for asked in asked {
            let (answer, path) = asked.join().unwrap();
            println!(
                "{}: {} in {:?}, {} bytes",
                &path[..path.len().min(80)],
                answer.status,
                answer.took,
                answer.text.len()
            );
            let is_told = match answer.status {
                200 => answer.text.contains("content-length: ") || answer.text.ends_with("\r\n0\r\n\r\n"),
                // What does not fit is reported, and so is that too many ask.
                404 | 422 | 503 => answer.text.contains("hint"),
                _ => false,
            };
            assert!(is_told, "{path}: {}", &answer.text[..answer.text.len().min(500)]);
        }
        is_over.store(true, Ordering::Relaxed);
        asker.join().unwrap()
    })
}

/// Adds notes to a run while somebody imports lines that are as long as they may be; returns how long the slowest took.
fn notes_beside_an_import(serving: &Serving) -> Duration {
    let id = "0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a11";
    let at = "2025-01-01T00:00:00Z";
    let run = |id: &str, inputs: &str| {
        format!(r#"{{"id": "{id}", "component": "c", "started_at": "{at}", "ended_at": "{at}", "inputs": [{inputs}]}}"#)
    };
    assert_eq!(serving.post("/api/v1/runs", &run(id, "")).status, 200);
    let lines: Vec<String> = (0..12)
        .map(|line| {
            let inputs: Vec<String> = (0..INPUTS).map(|number| format!(r#""long/{line}/{number}""#)).collect();
            run(&id.replacen("0195", &format!("02{line:02}"), 1), &inputs.join(", "))
        })
        .collect();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let noted = threads.spawn(|| {
            let mut slowest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let note = serving.post("/api/v1/note", &format!(r#"{{"run": "{id}", "text": "seen"}}"#));
                assert!([200, 202].contains(&note.status), "{}", note.text);
                slowest = slowest.max(note.took);
            }
            slowest
        });
        let imported = serving.post("/api/v1/runs", &lines.join("\n"));
        println!("an import of {} MiB: {} in {:?}", mib(lines.join("\n").len() as u64), imported.status, imported.took);
        is_over.store(true, Ordering::Relaxed);
        noted.join().unwrap()
    })
}

/// Asks all that a store of this size is to stand, and returns what was missed.
fn load(size: usize) -> Vec<String> {
    let env = store(size);
    let serving = Serving::start(&env);
    let mut missed = Vec::new();
    let mut mark = |what: &str, is_met: bool, figure: String| {
        println!("{what}: {figure}");
        missed.extend((!is_met).then(|| format!("{what}: {figure}")));
    };
    let versions = (0..5).map(|_| serving.ask("/api/v1/versions?artifact=many&limit=50").took).min().unwrap();
    mark("50 of the versions of one name", versions < VERSIONS, format!("{versions:?}"));
    let before = serving.memory("VmRSS");
    // What nearly everybody is upstream of is judged, and what each made alone.
    for component in ["wide", "left"] {
        let flagged = serving.post("/api/v1/flag", &format!(r#"{{"where": ["component={component}"]}}"#));
        println!("flags of {size} runs of {component}: {} in {:?}", flagged.status, flagged.took);
        assert_eq!(flagged.status, 200, "{}", &flagged.text[..flagged.text.len().min(500)]);
    }
    let slowest = crowd(&serving, size);
    mark("a short question beside the worst", slowest < SHORT, format!("{slowest:?}"));
    let peak = serving.memory("VmHWM");
    mark("memory of the server at most", peak < PEAK, format!("{} MiB, before {} MiB", mib(peak), mib(before)));
    let begun = Instant::now();
    let is_back = || serving.memory("VmRSS") < before + LEFT;
    while !is_back() && begun.elapsed() < BACK {
        serving.ask("/api/v1/tags");
    }
    let after = format!("{} MiB after {:?}", mib(serving.memory("VmRSS")), begun.elapsed());
    mark("memory once they have gone", is_back(), after);
    let noted = notes_beside_an_import(&serving);
    mark("a note beside an import of long lines", noted < NOTE, format!("{noted:?}"));
    drop(serving);

    let mut command = env.std_command(&["--format", "json", "impact", "--component", "left"]);
    let mut told = command.stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdout, mut bytes, mut most, mut length) = (told.stdout.take().unwrap(), vec![0; 1 << 20], 0, 0);
    loop {
        most = most.max(memory(told.id(), "VmHWM"));
        match stdout.read(&mut bytes).unwrap() {
            0 => break,
            read => length += read,
        }
    }
    assert!(told.wait().unwrap().success());
    assert!(length > size * 500, "it is told whole: {length}");
    mark(
        "memory of `mltrace impact --component`, as JSON",
        most < COMMAND,
        format!("{} MiB for {} MiB", mib(most), length >> 20),
    );
    missed
}

#[test]
fn a_crowd_that_asks_for_much_fells_no_server() {
    assert_eq!(load(1000), [""; 0]);
}

/// A client that has gone is noticed: its question ends, and the places are free again.
#[test]
fn who_goes_away_leaves_no_question_behind() {
    let env = store(3000);
    let serving = Serving::start(&env);
    for _ in 0..CROWD {
        drop(serving.send("/api/v1/diff?a=left/2999&b=right/2999"));
    }
    // Behind forty whole ones it would wait longer than anybody may.
    let answer = serving.ask("/api/v1/trace?artifact=left/1");
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Takes minutes: `cargo test --release -p mltrace-cli --test cli -- load --include-ignored --nocapture`.
#[test]
#[ignore = "imports 300,000 runs"]
fn a_crowd_that_asks_for_much_fells_no_server_with_a_large_store() {
    assert_eq!(load(100_000), [""; 0]);
}
