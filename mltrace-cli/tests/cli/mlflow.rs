//! `mltrace import mlflow`: from a real MLflow where it is installed, and from a server that answers as one did.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::env::TestEnv;

/// Returns the Python of MLflow where `.ci/run` puts it.
fn python() -> Option<PathBuf> {
    let tool = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tools/mlflow/bin/python");
    if !tool.exists() {
        // Straight to the terminal: what a test that passes prints is not shown.
        let _ = writeln!(std::io::stderr(), "SKIPPED: MLflow is not there: `.ci/run` installs it");
        return None;
    }
    Some(tool)
}

fn script(env: &TestEnv, python: &PathBuf, name: &str, uri: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mlflow").join(name)).arg(uri);
    command.current_dir(env.project()).env("PYTHONDONTWRITEBYTECODE", "1").env("HOME", env.project());
    command
}

/// Keeps runs with the client of MLflow; returns the id of the first.
fn kept(env: &TestEnv, python: &PathBuf, uri: &str) -> String {
    let output = script(env, python, "client.py", uri).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned()
}

/// A server of MLflow, ended with the test.
struct Mlflow(Child, String);

impl Drop for Mlflow {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Mlflow {
    fn serve(env: &TestEnv, python: &PathBuf, uri: &str) -> Self {
        let mut child = script(env, python, "server.py", uri).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self(child, url.trim().to_owned())
    }
}

/// Returns what is exported, with the names of files from the root of the project that holds them, and without what the
/// time of the import decides.
fn exported(env: &TestEnv, of: &TestEnv) -> Vec<Value> {
    let text = env.done(&["export"]).replace(&format!("{}/", of.project().canonicalize().unwrap().display()), "");
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in lines.iter_mut().filter(|line| line["type"] == "alias") {
        (line["id"], line["at"]) = (Value::Null, Value::Null);
    }
    lines
}

#[test]
fn what_a_real_mlflow_keeps_is_imported_from_each_place_and_adds_nothing_the_second_time() {
    let Some(python) = python() else { return };
    let (env, other, of_files) = (TestEnv::new(), TestEnv::new(), TestEnv::new());
    let database = format!("sqlite:///{}", env.project().join("mlflow.db").display());
    let run = kept(&env, &python, &database);
    let first = env.done(&["import", "mlflow", &database]);
    assert_eq!(first, "4 runs: 4 stored, 0 known already, 1 deleted left out, 1 alias moved\n");
    assert_eq!(env.done(&["import", "mlflow", "mlflow.db"]).split(',').next(), Some("4 runs: 0 stored"));

    let server = Mlflow::serve(&env, &python, &database);
    let first = other.done(&["import", "mlflow", &server.1]);
    assert_eq!(first, "4 runs: 4 stored, 0 known already, 1 alias moved\n");
    assert_eq!(other.done(&["import", "mlflow", &server.1]), "4 runs: 0 stored, 4 known already\n");
    assert_eq!(exported(&other, &env), exported(&env, &env));

    kept(&of_files, &python, "./mlruns");
    let first = of_files.done(&["import", "mlflow", "mlruns"]);
    assert_eq!(first, "4 runs: 4 stored, 0 known already, 1 deleted left out, 1 alias moved\n");
    for (env, run) in [(&env, Some(&run)), (&of_files, None)] {
        let history = env.json(&["history", "rides"]);
        let mut statuses: Vec<&str> =
            history["runs"].as_array().unwrap().iter().map(|run| run["status"].as_str().unwrap()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, ["cancelled", "completed", "failed", "running"]);
        let trace = env.json(&["trace", "@fare/champion"]);
        let train = &trace["runs"][0];
        assert_eq!(train["params"], json!({"depth": 7, "db_password": "[redacted]"}));
        assert_eq!(train["git"]["commit"], "0123456789abcdef0123456789abcdef01234567");
        let inputs: Vec<&Value> = train["inputs"].as_array().unwrap().iter().map(|input| &input["name"]).collect();
        assert_eq!(inputs, ["mlflow:rides", "rides.csv"]);
        if let Some(run) = run {
            assert_eq!(train["id"].as_str().unwrap().replace('-', ""), *run);
        }
    }
}

/// Answers as MLflow 3.17 did, each path with one answer, as long as the test goes on; returns the address.
fn answering(answer: fn(&str, &str) -> (u16, String)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (head, body) = request(&mut stream);
            let (status, text) = answer(&head, &body);
            let length = text.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
            );
        }
    });
    url
}

fn request(stream: &mut TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let before = head.len();
        reader.read_line(&mut head).unwrap();
        let line = head[before..].trim();
        if let Some(given) = line.to_lowercase().strip_prefix("content-length:") {
            length = given.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn recorded(head: &str, body: &str) -> (u16, String) {
    let path = head.split(' ').nth(1).unwrap().strip_prefix("/api/2.0/mlflow/").unwrap();
    let run = |id: u32| {
        json!({"info": {"run_uuid": format!("{id:032x}"), "run_id": format!("{id:032x}"), "experiment_id": "1",
            "run_name": "train", "user_id": "root", "status": "FINISHED", "start_time": 1_795_253_232_563_u64,
            "end_time": 1_795_253_233_724_u64, "artifact_uri": format!("mlflow-artifacts:/1/{id:032x}/artifacts"),
            "lifecycle_stage": "active"},
            "data": {"metrics": [{"key": "rmse", "value": 2.9, "timestamp": 1_795_253_233_247_u64, "step": 2}],
                "params": [{"key": "lr", "value": "0.1"}], "tags": [{"key": "stage", "value": "dev"}]},
            "inputs": {}, "outputs": {}})
    };
    let answer = match path.split('?').next().unwrap() {
        "experiments/search" if !head.contains("authorization: Bearer key-of-ada\r\n") => {
            return (401, "who are you?".to_owned());
        }
        "experiments/search" => {
            json!({"experiments": [{"experiment_id": "1", "name": "taxi", "lifecycle_stage": "active"}]})
        }
        "runs/search" if body.contains("eyJvZmZzZXQiOiAxfQ==") => json!({"runs": [run(2)]}),
        "runs/search" => json!({"runs": [run(1)], "next_page_token": "eyJvZmZzZXQiOiAxfQ=="}),
        // An old server has no registry.
        _ => return (404, json!({"error_code": "ENDPOINT_NOT_FOUND"}).to_string()),
    };
    (200, answer.to_string())
}

#[test]
fn a_server_is_asked_page_by_page_and_shown_the_token() {
    let env = TestEnv::new();
    let url = answering(recorded);
    let said = env.fails(1, &["import", "mlflow", &url]);
    assert!(said.contains("answers 401") && said.contains("who are you?"), "{said}");
    let mut command = env.command(&["import", "mlflow"]);
    let output = command.env("MLFLOW_TRACKING_URI", &url).env("MLFLOW_TRACKING_TOKEN", "key-of-ada").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2 runs: 2 stored, 0 known already\n");
    let runs = env.json(&["history", "taxi"]);
    assert_eq!((runs["runs"].as_array().unwrap().len(), &runs["runs"][0]["params"]["lr"]), (2, &json!(0.1)));
}

#[test]
fn what_cannot_be_read_is_said() {
    let env = TestEnv::new();
    let said = env.fails(2, &["import", "mlflow"]);
    assert!(said.contains("hint: name a database, a folder or a server"), "{said}");
    let said = env.fails(2, &["import", "mlflow", "postgresql://ada:hunter2hunter2@db/mlflow"]);
    assert!(said.contains("is no place of MLflow") && !said.contains("hunter2hunter2"), "{said}");
    let said = env.fails(1, &["import", "mlflow", "nowhere"]);
    assert!(said.contains("holds no runs of MLflow") && said.contains("hint: name `sqlite:///FILE`"), "{said}");
    let url = answering(|_, _| (500, "out of order".to_owned()));
    let said = env.fails(1, &["import", "mlflow", &url]);
    assert!(said.contains("answers 500") && said.contains("out of order"), "{said}");
    let url = answering(|_, _| (200, "<html>".to_owned()));
    assert!(env.fails(1, &["import", "mlflow", &url]).contains("is not MLflow's"));
}
