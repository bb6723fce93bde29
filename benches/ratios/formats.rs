//! How fast other tools are heard: events of OpenLineage over HTTP and from a file, the history of a DVC repository, and
//! the runs of MLflow from its server and its database.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rusqlite::Connection;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::measure::{nanos, percentile};
use crate::processes::{build, run};
use crate::table::{Report, in_words};

/// How many events are sent, by how many clients at once, and how many are imported.
const POSTS: usize = 20_000;
const CLIENTS: usize = 16;
const IMPORTED: usize = 50_000;
const AT_ONCE: usize = 100;
/// So many a second are promised, and so long may one wait.
const POSTS_A_SECOND: f64 = 2_000.0;
const LONGEST: f64 = 50e6;
const MANY_A_SECOND: f64 = 10_000.0;

const COMMITS: u32 = 1_000;
const COMMITS_TAKE: f64 = 10e9;
const RUNS: u32 = 10_000;
const RUNS_TAKE: f64 = 5e9;

/// A process that is ended with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Starts a command, and returns the first line that it prints.
    fn start(command: &mut Command) -> (Self, String) {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let (mut line, out) = (String::new(), child.stdout.take().expect("it is piped"));
        BufReader::new(out).read_line(&mut line).expect("it says where it listens");
        (Self(child), line.trim().to_owned())
    }
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join(".mltrace")).expect("room for a folder");
    folder
}

/// Returns how long a command works in a folder.
fn took(mltrace: &Path, folder: &Path, words: &[&str]) -> f64 {
    let begun = Instant::now();
    run(Command::new(mltrace).args(words).current_dir(folder));
    nanos(begun)
}

/// Returns events as Airflow sends them, two of each run.
fn events(count: usize) -> Vec<String> {
    let captured = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/airflow-and-rust/events.ndjson");
    let captured = fs::read_to_string(captured).expect("events");
    let lines: Vec<&str> = captured.lines().collect();
    let event = |number: usize| {
        let id = format!("019c1159-7000-78bc-a1b0-{:012x}", number / 2);
        lines[number % 2].replace("019c1159-7000-78bc-a1b0-8ead11368951", &id)
    };
    (0..count).map(event).collect()
}

/// Sends a body over a connection that stays open, and returns the status of the answer.
fn post(stream: &mut BufReader<TcpStream>, path: &str, body: &str) -> String {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.get_mut().write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).expect("it is taken");
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let before = head.len();
        stream.read_line(&mut head).expect("an answer");
        let line = head[before..].trim().to_lowercase();
        if let Some(given) = line.strip_prefix("content-length:") {
            length = given.trim().parse().expect("a number");
        }
        if line.is_empty() {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length]).expect("the whole answer");
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Sends bodies by so many clients at once; returns how long all took, and how long each.
fn sent(address: &str, path: &str, bodies: &[String], status: &str) -> (f64, Vec<f64>) {
    let begun = Instant::now();
    let each = std::thread::scope(|threads| {
        let clients = bodies.chunks(bodies.len().div_ceil(CLIENTS)).map(|bodies| {
            threads.spawn(move || {
                let stream = TcpStream::connect(address).expect("it listens");
                stream.set_nodelay(true).expect("a connection");
                let mut stream = BufReader::new(stream);
                let one = |body: &String| {
                    let begun = Instant::now();
                    assert_eq!(post(&mut stream, path, body), status);
                    nanos(begun)
                };
                bodies.iter().map(one).collect::<Vec<f64>>()
            })
        });
        let clients: Vec<_> = clients.collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    });
    (nanos(begun), each)
}

/// Measures events over HTTP, one by one and many at once, and from a file, beside a bare parse of them.
pub(crate) fn events_in(report: &mut Report) {
    let (mltrace, events) = (build().join("mltrace"), events(IMPORTED));
    let begun = Instant::now();
    for event in &events[..POSTS] {
        black_box(serde_json::from_str::<std::collections::BTreeMap<&str, &RawValue>>(event).expect("an event"));
    }
    let parsed = POSTS as f64 / nanos(begun) * 1e9;
    let mut rate = |what: &str, count: usize, took: f64, promised: f64| {
        let rate = count as f64 / took * 1e9;
        let (ours, minimum) = (format!("{rate:.0} a second"), format!("{parsed:.0} a second"));
        report.figures(what, &ours, "a bare parse, of which the promise is no part", &minimum, promised / rate, 1.0);
    };

    let folder = project();
    let mut serve = Command::new(&mltrace);
    serve.args(["serve", "--bind", "127.0.0.1:0", "--format", "json"]).current_dir(folder.path());
    let (server, told) = Running::start(&mut serve);
    let told: Value = serde_json::from_str(&told).expect("where it listens");
    let address = told["url"].as_str().expect("an address").trim_start_matches("http://").to_owned();
    let (took_all, each) = sent(&address, "/api/v1/lineage", &events[..POSTS], "201");
    rate("events of OpenLineage, one a request, by 16 clients", POSTS, took_all, POSTS_A_SECOND);
    let slow = percentile(each.into_iter(), 99);
    let batches: Vec<String> =
        events[POSTS..].chunks(AT_ONCE).map(|events| format!("[{}]", events.join(","))).collect();
    let (took_all, _) = sent(&address, "/api/v1/lineage/batch", &batches, "200");
    rate("the same, a hundred a request", IMPORTED - POSTS, took_all, MANY_A_SECOND);
    drop(server);

    let folder = project();
    fs::write(folder.path().join("events.ndjson"), events.join("\n")).expect("room for a file");
    let took_all = took(&mltrace, folder.path(), &["import", "openlineage", "events.ndjson"]);
    rate("the same from a file, stored", IMPORTED, took_all, MANY_A_SECOND);
    let what = "of a hundred single requests the slowest";
    report.figures(what, &in_words(slow), "the promise", &in_words(LONGEST), slow / LONGEST, 1.0);
}

/// Makes a repository whose every commit trains a model anew, by what `git fast-import` reads.
fn repository(folder: &Path) {
    let mut stream = String::new();
    for commit in 0..COMMITS {
        let (model, clean) = (format!("{commit:032x}"), format!("{:032x}", 0xc000_0000_u32 + commit / 10 % 200));
        let lock = format!(
            "schema: '2.0'\nstages:\n  clean:\n    cmd: python clean.py\n    deps:\n    - path: data/raw.csv\n      md5: '01'\n    \
             outs:\n    - path: data/clean.csv\n      md5: {clean}\n  train:\n    cmd: python train.py\n    deps:\n    - path: \
             data/clean.csv\n      md5: {clean}\n    params:\n      params.yaml:\n        lr: 0.{commit}1\n    outs:\n    - \
             path: model.pkl\n      md5: {model}\n"
        );
        let at = 1_700_000_000 + 60 * commit;
        write!(stream, "commit refs/heads/main\ncommitter Ada <ada@example.test> {at} +0000\ndata 8\na change")
            .expect("text");
        write!(stream, "\nM 100644 inline dvc.lock\ndata {}\n{lock}\n", lock.len()).expect("text");
        let bytes = folder.join(".dvc/cache/files/md5").join(&model[..2]).join(&model[2..]);
        fs::create_dir_all(bytes.parent().expect("a folder")).expect("room for a folder");
        fs::write(bytes, format!("model {commit} {}", "x".repeat(10_000))).expect("room for a file");
    }
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.args(words).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        git
    };
    run(&mut git(&["init", "--initial-branch", "main"]));
    let mut import = git(&["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git starts");
    import.stdin.take().expect("it is piped").write_all(stream.as_bytes()).expect("it is read");
    assert!(import.wait().expect("it ends").success());
    run(&mut git(&["reset", "--hard", "--quiet"]));
}

/// Measures the import of a repository of 1,000 commits, and the same again.
pub(crate) fn dvc(report: &mut Report) {
    let (mltrace, folder) = (build().join("mltrace"), project());
    repository(folder.path());
    for what in ["`import dvc` of 1,000 commits", "the same again, with nothing new"] {
        let took = took(&mltrace, folder.path(), &["import", "dvc"]);
        report.figures(what, &in_words(took), "the promise", &in_words(COMMITS_TAKE), took / COMMITS_TAKE, 1.0);
    }
}

/// Adds 10,000 runs, each with eight parameters, four metrics and four tags, to a database that MLflow made.
fn fill(database: &Path) {
    let database = Connection::open(database).expect("a database");
    let sql = format!(
        "BEGIN;
         CREATE TEMP TABLE made AS WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})
             SELECT i, lower(hex(randomblob(16))) AS run, 1795000000000 + i * 1000 AS at FROM n;
         INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,
                 source_version, lifecycle_stage, artifact_uri, experiment_id)
             SELECT run, 'run-' || i, 'LOCAL', '', '', 'ada', 'FINISHED', at, at + 500, '', 'active',
                 'mlflow-artifacts:/0/' || run || '/artifacts', 0 FROM made;
         INSERT INTO params (key, value, run_uuid)
             SELECT 'p' || value, abs(random()) / 1e19, run FROM made, json_each('[0,1,2,3,4,5,6,7]');
         INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
             SELECT 'm' || value, abs(random()) / 1e19, at + 400, 10, 0, run FROM made, json_each('[0,1,2,3]');
         INSERT INTO tags (key, value, run_uuid)
             SELECT value, CASE key WHEN 0 THEN 'ada' WHEN 1 THEN 'run-' || i WHEN 2 THEN 'train.py' ELSE 'x' END, run
             FROM made, json_each('[\"mlflow.user\",\"mlflow.runName\",\"mlflow.source.name\",\"team\"]');
         COMMIT;",
        last = RUNS - 1
    );
    database.execute_batch(&sql).expect("MLflow's tables");
}

/// Measures the import of 10,000 runs of MLflow, each time twice.
pub(crate) fn mlflow(report: &mut Report) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python: PathBuf = root.join("target/tools/mlflow/bin/python");
    if !python.exists() {
        return report
            .add("SKIPPED: MLflow is not there, `.ci/run` installs it, so nothing is imported from it.".into());
    }
    let (mltrace, folder, other) = (build().join("mltrace"), project(), project());
    let database = folder.path().join("mlflow.db");
    let mut serve = Command::new(&python);
    serve.arg(root.join("mltrace-cli/tests/mlflow/server.py")).arg(format!("sqlite:///{}", database.display()));
    let (_server, url) = Running::start(serve.current_dir(folder.path()).stderr(Stdio::null()));
    let database = database.display().to_string();
    // At the first question it makes its tables.
    took(&mltrace, folder.path(), &["import", "mlflow", &url]);
    fill(Path::new(&database));
    let places = [("server", folder.path(), url.as_str()), ("database", other.path(), database.as_str())];
    for (place, folder, uri) in places {
        for again in ["", ", again, with nothing new"] {
            let took = took(&mltrace, folder, &["import", "mlflow", uri]);
            let what = format!("`import mlflow` of 10,000 runs from its {place}{again}");
            report.figures(&what, &in_words(took), "the promise", &in_words(RUNS_TAKE), took / RUNS_TAKE, 1.0);
        }
    }
}
