//! The runs of MLflow are the same from a server, a database and files, and a second import adds only what is new.

#![cfg(all(feature = "store", feature = "git"))]
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::path::{Path, PathBuf};

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::mlflow::{self, Ask, MlflowError, MlflowOptions, MlflowReport, Place, Unasked};
use mltrace_core::model::Timestamp;
use mltrace_core::query::{Reader, TraceOptions};
use mltrace_core::store::{self, Mode, Store};
use serde_json::{Value, json};

const TRAIN: &str = "0000000000000000000000000000000a";
const START: i64 = 1_700_000_000_000;
const ALL: MlflowOptions = MlflowOptions { takes_deleted: true, asks_artifacts: false };
const SOME: MlflowOptions = MlflowOptions { takes_deleted: false, asks_artifacts: false };

/// A project, and what MLflow has of its runs.
struct Project {
    folder: tempfile::TempDir,
    home: Home,
    store: Box<dyn Store>,
    runs: Vec<Value>,
    models: Value,
    versions: Value,
}

/// Where a test reads the runs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Server,
    Database,
    Files,
}

const PLACES: [From; 3] = [From::Server, From::Database, From::Files];

/// A run as the server tells it.
fn run(id: &str, status: &str, start: i64, data: &Value) -> Value {
    let end = (status != "RUNNING").then_some(start + 60_000);
    let mut run = json!({
        "info": {"run_id": id, "run_uuid": id, "experiment_id": "1", "run_name": "bold-fox", "user_id": "ada",
            "status": status, "start_time": start, "lifecycle_stage": "active",
            "artifact_uri": format!("mlflow-artifacts:/1/{id}/artifacts")},
        "data": data, "inputs": {}, "outputs": {},
    });
    if let Some(end) = end {
        run["info"]["end_time"] = end.into();
    }
    run
}

fn pairs(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("taxi");
        std::fs::create_dir_all(root.join(".mltrace")).unwrap();
        let home = Home::find(&root, None, &Environment::default());
        let store = store::open(&home, Mode::Write).unwrap();
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let mut train = run(
            TRAIN,
            "FINISHED",
            START,
            &json!({
                "params": pairs(&[("depth", "7"), ("rate", "0.10"), ("kind", "tree"), ("db_password", "hunter2hunter2")]),
                "tags": pairs(&[("mlflow.source.git.commit", commit), ("mlflow.user", "ada"), ("team", "fares")]),
                "metrics": [
                    {"key": "rmse", "value": 0.25, "timestamp": START + 2, "step": 1},
                    {"key": "bad", "value": "NaN", "timestamp": START + 3, "step": 0},
                    {"key": "val/top", "value": f64::MAX, "timestamp": START + 4, "step": 0},
                ],
            }),
        );
        train["inputs"]["dataset_inputs"] = json!([{
            "tags": pairs(&[("mlflow.data.context", "training")]),
            "dataset": {"name": "rides", "digest": "abc123", "source_type": "local",
                "source": json!({"uri": root.join("rides.csv")}).to_string()},
        }]);
        train["outputs"]["model_outputs"] = json!([{"model_id": "m-1", "step": 0}]);
        let child = json!({"tags": pairs(&[("mlflow.parentRunId", TRAIN)])});
        let mut deleted = run("0000000000000000000000000000000e", "FINISHED", START, &json!({}));
        deleted["info"]["lifecycle_stage"] = "deleted".into();
        let mut of_old = run("0000000000000000000000000000000f", "FAILED", START, &json!({}));
        of_old["info"]["experiment_id"] = "2".into();
        let runs = vec![
            train,
            run("0000000000000000000000000000000b", "KILLED", START + 5, &child),
            run("0000000000000000000000000000000c", "RUNNING", START + 7, &json!({})),
            run("0000000000000000000000000000000d", "FAILED", START + 9, &json!({})),
            deleted,
            of_old,
        ];
        let versions = json!([{"name": "fare", "version": "1", "creation_timestamp": START + 120_000, "run_id": TRAIN,
            "source": format!("mlflow-artifacts:/1/{TRAIN}/artifacts/model")}]);
        let models = json!([{"name": "fare", "aliases": [{"alias": "champion", "version": "1"}]}]);
        Self { folder, home, store, runs, models, versions }
    }

    fn root(&self) -> PathBuf {
        self.home.root.clone()
    }

    fn import_as(&mut self, from: From, options: MlflowOptions) -> MlflowReport {
        let place = self.folder.path().join("mlflow");
        let _ = std::fs::remove_dir_all(&place);
        std::fs::create_dir_all(&place).unwrap();
        let mut server =
            Recorded { runs: self.runs.clone(), models: self.models.clone(), versions: self.versions.clone() };
        let place = match from {
            From::Server => Place::Server(&mut server),
            From::Database => Place::Database(database(&place, self)),
            From::Files => Place::Files(files(&place, self)),
        };
        let report = mlflow::import(&self.home, self.store.as_mut(), place, options, &mut |_| {}).unwrap();
        assert_eq!(report.runs.errors, [], "{from:?}");
        report
    }

    /// Returns what an export prints, without what depends on when the import was.
    fn export(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        let mut keep = |mut line: Value| {
            for field in ["last_seen", "host"] {
                line.as_object_mut().unwrap().remove(field);
            }
            if line["type"] == "alias" {
                (line["id"], line["at"]) = (Value::Null, Value::Null);
            }
            lines.push(line);
            true
        };
        Reader::new(self.store.as_mut(), &self.home, &self.home.root).export(None, &mut keep).unwrap();
        lines.sort_by_key(Value::to_string);
        lines
    }

    fn run(&mut self, id: &str) -> Value {
        let id = uuid(id);
        self.export().into_iter().find(|line| line["id"] == id.as_str()).unwrap_or_default()
    }
}

/// Returns the id as it is shown here.
fn uuid(id: &str) -> String {
    format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..])
}

/// A server that answers two runs a page.
struct Recorded {
    runs: Vec<Value>,
    models: Value,
    versions: Value,
}

impl Ask for Recorded {
    fn ask(&mut self, path: &str, body: Option<&str>) -> Result<String, Unasked> {
        let asked: Value = body.map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
        let (what, _) = path.strip_prefix("api/2.0/mlflow/").unwrap().split_once('?').unwrap_or((&path[15..], ""));
        let answer = match what {
            "experiments/search" => {
                let all = asked["view_type"] == "ALL";
                let mut experiments = vec![json!({"experiment_id": "1", "name": "rides", "lifecycle_stage": "active"})];
                if all {
                    experiments.push(json!({"experiment_id": "2", "name": "old", "lifecycle_stage": "deleted"}));
                }
                json!({"experiments": experiments})
            }
            "runs/search" => {
                let ids = asked["experiment_ids"].as_array().unwrap();
                let is_asked = |run: &&Value| {
                    ids.contains(&run["info"]["experiment_id"])
                        && (asked["run_view_type"] == "ALL" || run["info"]["lifecycle_stage"] == "active")
                };
                let runs: Vec<&Value> = self.runs.iter().filter(is_asked).collect();
                let first: usize = asked["page_token"].as_str().map_or(0, |mark| mark.parse().unwrap());
                let page: Vec<&Value> = runs.iter().skip(first).take(2).copied().collect();
                let mut answer = json!({"runs": page});
                if first + 2 < runs.len() {
                    answer["next_page_token"] = (first + 2).to_string().into();
                }
                answer
            }
            "registered-models/search" => json!({"registered_models": self.models}),
            "model-versions/search" => json!({"model_versions": self.versions}),
            "artifacts/list" => json!({"files": [{"path": "model", "is_dir": true}]}),
            other => return Err(Unasked::Unknown(other.to_owned())),
        };
        Ok(answer.to_string())
    }
}

fn listed(of: &Value) -> Vec<Value> {
    of.as_array().cloned().unwrap_or_default()
}

/// Writes a database with the columns of MLflow's that are read.
fn database(folder: &Path, project: &Project) -> PathBuf {
    let path = folder.join("mlflow.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    let tables = "CREATE TABLE experiments (experiment_id INTEGER, name, lifecycle_stage);
        INSERT INTO experiments VALUES (1, 'rides', 'active'), (2, 'old', 'deleted');
        CREATE TABLE runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri,
            experiment_id INTEGER);
        CREATE TABLE params (key, value, run_uuid);
        CREATE TABLE tags (key, value, run_uuid);
        CREATE TABLE latest_metrics (key, value, timestamp, step, is_nan, run_uuid);
        CREATE TABLE inputs (input_uuid, source_type, source_id, destination_type, destination_id);
        CREATE TABLE input_tags (input_uuid, name, value);
        CREATE TABLE datasets (dataset_uuid, experiment_id, name, digest, dataset_source);
        CREATE TABLE registered_models (name);
        CREATE TABLE model_versions (name, version INTEGER, creation_time, current_stage, source, run_id);
        CREATE TABLE registered_model_aliases (alias, version INTEGER, name);";
    database.execute_batch(tables).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    for run in &project.runs {
        let (info, data) = (&run["info"], &run["data"]);
        let id = text(&info["run_id"]);
        let row = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let (start, end) = (info["start_time"].as_i64(), info["end_time"].as_i64());
        let words = (text(&info["run_name"]), text(&info["user_id"]), text(&info["status"]));
        let rest = (text(&info["lifecycle_stage"]), text(&info["artifact_uri"]), text(&info["experiment_id"]));
        let row = database.execute(row, (&id, words.0, words.1, words.2, start, end, rest.0, rest.1, rest.2));
        row.unwrap();
        for (table, list) in [("params", &data["params"]), ("tags", &data["tags"])] {
            for pair in listed(list) {
                let row = format!("INSERT INTO {table} VALUES (?, ?, ?)");
                database.execute(&row, (text(&pair["key"]), text(&pair["value"]), &id)).unwrap();
            }
        }
        for metric in listed(&data["metrics"]) {
            let row = "INSERT INTO latest_metrics VALUES (?, ?, ?, ?, ?, ?)";
            let (value, is_nan) = (metric["value"].as_f64().unwrap_or(0.0), metric["value"] == "NaN");
            let (at, step) = (metric["timestamp"].as_i64(), metric["step"].as_i64());
            database.execute(row, (text(&metric["key"]), value, at, step, is_nan, &id)).unwrap();
        }
        for input in listed(&run["inputs"]["dataset_inputs"]) {
            let told = &input["dataset"];
            let row = "INSERT INTO datasets VALUES ('d', 1, ?, ?, ?)";
            database.execute(row, (text(&told["name"]), text(&told["digest"]), text(&told["source"]))).unwrap();
            database.execute("INSERT INTO inputs VALUES ('i', 'DATASET', 'd', 'RUN', ?)", [&id]).unwrap();
            let tag = &input["tags"][0];
            let row = "INSERT INTO input_tags VALUES ('i', ?, ?)";
            database.execute(row, (text(&tag["key"]), text(&tag["value"]))).unwrap();
        }
        for model in listed(&run["outputs"]["model_outputs"]) {
            let row = "INSERT INTO inputs VALUES ('o', 'RUN_OUTPUT', ?, 'MODEL_OUTPUT', ?)";
            database.execute(row, (&id, text(&model["model_id"]))).unwrap();
        }
    }
    for model in listed(&project.models) {
        database.execute("INSERT INTO registered_models VALUES (?)", [text(&model["name"])]).unwrap();
        for alias in listed(&model["aliases"]) {
            let row = "INSERT INTO registered_model_aliases VALUES (?, ?, ?)";
            database.execute(row, (text(&alias["alias"]), text(&alias["version"]), text(&model["name"]))).unwrap();
        }
    }
    for version in listed(&project.versions) {
        let row = "INSERT INTO model_versions VALUES (?, ?, ?, 'None', ?, ?)";
        let (at, source) = (version["creation_timestamp"].as_i64(), text(&version["source"]));
        let words = (text(&version["name"]), text(&version["version"]), text(&version["run_id"]));
        database.execute(row, (words.0, words.1, at, source, words.2)).unwrap();
    }
    path
}

/// Writes the files of MLflow's that are read.
fn files(folder: &Path, project: &Project) -> PathBuf {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    // JSON is YAML.
    write("1/meta.yaml", &json!({"experiment_id": "1", "name": "rides", "lifecycle_stage": "active"}).to_string());
    write(
        ".trash/2/meta.yaml",
        &json!({"experiment_id": "2", "name": "old", "lifecycle_stage": "deleted"}).to_string(),
    );
    for run in &project.runs {
        let mut info = run["info"].clone();
        let numbers = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];
        let number = numbers.iter().position(|status| info["status"] == *status).unwrap() + 1;
        info["status"] = number.into();
        let experiment = if info["experiment_id"] == "2" { ".trash/2" } else { "1" };
        let id = info["run_id"].as_str().unwrap();
        let of = |name: &str| format!("{experiment}/{id}/{name}");
        write(&of("meta.yaml"), &info.to_string());
        for (folder, list) in [("params", &run["data"]["params"]), ("tags", &run["data"]["tags"])] {
            for pair in listed(list) {
                write(&of(&format!("{folder}/{}", pair["key"].as_str().unwrap())), pair["value"].as_str().unwrap());
            }
        }
        for metric in listed(&run["data"]["metrics"]) {
            let value = metric["value"].as_f64().unwrap_or(f64::NAN);
            let value = if value == f64::MAX { f64::INFINITY } else { value };
            let (at, step) = (metric["timestamp"].as_i64().unwrap(), metric["step"].as_i64().unwrap());
            let lines = format!("{} 9.5 {}\n{at} {value} {step}\n", at - 1, step - 1);
            write(&of(&format!("metrics/{}", metric["key"].as_str().unwrap())), &lines);
        }
        for input in listed(&run["inputs"]["dataset_inputs"]) {
            let tag = &input["tags"][0];
            let edge = json!({"source_type": "DATASET", "source_id": "d", "destination_type": "RUN",
                "tags": {tag["key"].as_str().unwrap(): tag["value"]}});
            write(&of("inputs/d/meta.yaml"), &edge.to_string());
            write("1/datasets/d/meta.yaml", &input["dataset"].to_string());
        }
        for model in listed(&run["outputs"]["model_outputs"]) {
            let edge = json!({"destination_type": "MODEL_OUTPUT", "destination_id": model["model_id"]});
            write(&of("outputs/m/meta.yaml"), &edge.to_string());
        }
    }
    for model in listed(&project.models) {
        let of = |name: &str| format!("models/{}/{name}", model["name"].as_str().unwrap());
        for alias in listed(&model["aliases"]) {
            write(&of(&format!("aliases/{}", alias["alias"].as_str().unwrap())), alias["version"].as_str().unwrap());
        }
        for version in listed(&project.versions) {
            write(&of(&format!("version-{}/meta.yaml", version["version"].as_str().unwrap())), &version.to_string());
        }
    }
    folder.to_owned()
}

#[test]
fn runs_are_the_same_from_a_server_a_database_and_files() {
    let exports = PLACES.map(|from| {
        let mut project = Project::new();
        let report = project.import_as(from, SOME);
        assert_eq!((report.runs.lines, report.runs.stored, report.aliases), (4, 4, 1), "{from:?}");
        // A server is not asked for them.
        assert_eq!(report.deleted, if from == From::Server { 0 } else { 2 });
        let root = project.root().display().to_string();
        project.export().iter().map(|line| line.to_string().replace(&root, "[ROOT]")).collect::<Vec<_>>()
    });
    assert_eq!(exports[0], exports[1]);
    assert_eq!(exports[0], exports[2]);
    let all = exports[0].join("\n");
    assert!(!all.contains("hunter2hunter2"), "{all}");
}

#[test]
fn a_run_says_what_mlflow_says() {
    let mut project = Project::new();
    project.import_as(From::Database, SOME);
    let train = project.run(TRAIN);
    assert_eq!([&train["component"], &train["status"], &train["user"]], ["rides", "completed", "ada"]);
    assert_eq!(train["params"], json!({"depth": 7, "rate": "0.10", "kind": "tree", "db_password": "[redacted]"}));
    let metrics: Vec<Value> = listed(&train["metrics"]).iter().map(|of| json!([of["name"], of["value"]])).collect();
    assert_eq!(json!(metrics), json!([["bad", "NaN"], ["rmse", 0.25], ["val/top", "inf"]]));
    let inputs: Vec<Value> = listed(&train["inputs"]).iter().map(|of| json!([of["name"], of["argument"]])).collect();
    assert_eq!(json!(inputs), json!([["mlflow:rides", "training"], ["rides.csv", "training"]]));
    assert_eq!(train["inputs"][0]["version"], "v:abc123");
    let outputs: Vec<Value> = listed(&train["outputs"]).iter().map(|of| json!([of["name"], of["version"]])).collect();
    let unknown = format!("w:{}", uuid(TRAIN));
    let folder = format!("mlflow-artifacts:/1/{TRAIN}/artifacts/model");
    assert_eq!(json!(outputs), json!([[folder, unknown], ["models:/m-1", unknown], ["models:/fare", "v:1"]]));
    assert_eq!(train["git"]["commit"], "0123456789abcdef0123456789abcdef01234567");
    let mut notes: Vec<Value> = listed(&train["notes"]).iter().map(|note| note["text"].clone()).collect();
    notes.sort_by_key(Value::to_string);
    assert_eq!(json!(notes), json!(["mlflow.runName: bold-fox", "team: fares"]));
    let statuses = ["b", "c", "d", "e"].map(|id| project.run(&format!("{id:0>32}"))["status"].clone());
    // One that has run for years is not taken for dead, and one that was deleted is left out.
    assert_eq!(statuses, [json!("cancelled"), json!("running"), json!("failed"), Value::Null]);
    assert_eq!(project.run(&format!("{:0>32}", "b"))["parent"], uuid(TRAIN));
}

#[test]
fn what_a_rust_step_wrote_leads_to_the_registered_model() {
    let mut project = Project::new();
    let line = json!({"component": "clean", "outputs": ["rides.csv"], "started_at": "2023-11-14T10:00:00Z",
        "ended_at": "2023-11-14T10:01:00Z"});
    ingest::import(&project.home, project.store.as_mut(), &mut line.to_string().as_bytes(), &mut |_| {}).unwrap();
    project.import_as(From::Server, SOME);
    let mut reader = Reader::new(project.store.as_mut(), &project.home, &project.home.root);
    let trace = reader.trace("@fare/champion", &TraceOptions::default()).unwrap();
    let upstream: Vec<String> = trace.runs.into_iter().map(|run| run.run.component).collect();
    assert_eq!(upstream, ["rides", "clean"]);
}

#[test]
fn a_second_import_adds_only_what_is_new() {
    for from in PLACES {
        let mut project = Project::new();
        project.import_as(from, SOME);
        let before = project.export();
        let again = project.import_as(from, SOME);
        assert_eq!((again.runs.stored, again.runs.known, again.aliases), (0, 4, 0), "{from:?}");
        assert_eq!(project.export(), before, "{from:?}");
        // Another step of a metric, an end, a tag, a version, and an alias that moves there.
        let metric = json!({"key": "rmse", "value": 0.125, "timestamp": START + 6, "step": 2});
        project.runs[0]["data"]["metrics"][0] = metric;
        project.runs[0]["data"]["tags"].as_array_mut().unwrap().push(json!({"key": "stage", "value": "ready"}));
        project.runs[2]["info"]["status"] = "FINISHED".into();
        project.runs[2]["info"]["end_time"] = (Timestamp::now().0 / 1000).into();
        let version = json!({"name": "fare", "version": "2", "creation_timestamp": START + 180_000, "run_id": TRAIN,
            "source": "s3://elsewhere/model"});
        project.versions.as_array_mut().unwrap().push(version);
        project.models[0]["aliases"][0]["version"] = "2".into();
        let more = project.import_as(from, SOME);
        assert_eq!((more.runs.stored, more.runs.known, more.aliases), (2, 2, 1), "{from:?}");
        let train = project.run(TRAIN);
        let steps: Vec<Value> = listed(&train["metrics"]).iter().map(|of| json!([of["name"], of["step"]])).collect();
        assert_eq!(json!(steps), json!([["bad", 0], ["rmse", 1], ["rmse", 2], ["val/top", 0]]), "{from:?}");
        let versions: Vec<Value> = listed(&train["outputs"]).into_iter().map(|of| of["version"].clone()).collect();
        assert_eq!(versions[2..], [json!("v:1"), json!("v:2")], "{from:?}");
        assert_eq!(listed(&train["notes"]).len(), 3, "{from:?}");
        assert_eq!(project.run(&format!("{:0>32}", "c"))["status"], "completed", "{from:?}");
        // An alias that is taken away there is gone here, too, and one that a person set stays.
        project.models[0]["aliases"] = json!([]);
        assert_eq!(project.import_as(from, SOME).aliases, 1, "{from:?}");
        assert_eq!(project.import_as(from, SOME).aliases, 0, "{from:?}");
    }
}

#[test]
fn deleted_runs_are_taken_where_they_are_asked_for() {
    for from in PLACES {
        let mut project = Project::new();
        let report = project.import_as(from, ALL);
        assert_eq!((report.runs.stored, report.deleted), (6, 0), "{from:?}");
        assert_eq!(project.run(&format!("{:0>32}", "f"))["component"], "old", "{from:?}");
    }
}

#[test]
fn artifacts_are_asked_for_or_looked_for_in_the_folder_of_the_run_alone() {
    let mut project = Project::new();
    project.import_as(From::Server, MlflowOptions { asks_artifacts: true, ..SOME });
    let output = &project.run(&format!("{:0>32}", "d"))["outputs"][0]["name"];
    assert_eq!(*output, format!("mlflow-artifacts:/1/{:0>32}/artifacts/model", "d"));

    let mut project = Project::new();
    let folder = project.folder.path().canonicalize().unwrap().join(format!("kept/{TRAIN}/artifacts"));
    std::fs::create_dir_all(folder.join("model")).unwrap();
    std::fs::write(folder.join("report.txt"), "fine").unwrap();
    project.runs[0]["info"]["artifact_uri"] = format!("file://{}", folder.display()).into();
    project.runs[3]["info"]["artifact_uri"] = folder.display().to_string().into();
    project.import_as(From::Database, SOME);
    let train = project.run(TRAIN);
    let of = |at: usize| train["outputs"][at]["name"].as_str().unwrap().to_owned();
    assert_eq!([of(0), of(1)], ["model", "report.txt"].map(|name| folder.join(name).display().to_string()));
    assert_eq!(project.run(&format!("{:0>32}", "d"))["outputs"], json!([]));
}

#[test]
fn what_is_nothing_of_mlflow_is_said() {
    let mut project = Project::new();
    let folder = project.folder.path().to_owned();
    std::fs::write(folder.join("no.db"), "no database").unwrap();
    rusqlite::Connection::open(folder.join("other.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let mut import =
        |place| mlflow::import(&project.home, project.store.as_mut(), place, SOME, &mut |_| {}).unwrap_err();
    let said = import(Place::Database(folder.join("no.db"))).to_string();
    assert!(said.contains("file is not a database"), "{said}");
    let said = import(Place::Database(folder.join("other.db"))).to_string();
    assert!(said.contains("it has no table `experiments`"), "{said}");
    assert!(matches!(import(Place::Database(folder.join("nothing.db"))), MlflowError::NoRuns { .. }));
    assert!(!folder.join("nothing.db").exists());
    assert!(matches!(import(Place::Files(folder.join("nothing"))), MlflowError::NoRuns { .. }));
    assert!(matches!(import(Place::Files(folder)), MlflowError::NoRuns { .. }));
}

#[test]
fn a_run_that_makes_no_sense_is_named_and_the_others_land() {
    let mut project = Project::new();
    project.runs[1]["info"]["status"] = "PAUSED".into();
    project.runs[3]["info"]["run_id"] = "no uuid".into();
    let runs = project.runs.clone();
    let mut server = Recorded { runs, models: json!([]), versions: json!([]) };
    let place = Place::Server(&mut server);
    let report = mlflow::import(&project.home, project.store.as_mut(), place, SOME, &mut |_| {}).unwrap();
    assert_eq!((report.runs.stored, report.runs.wrong), (2, 2));
    let said: Vec<&str> = report.runs.errors.iter().map(|(_, reason)| reason.as_str()).collect();
    assert!(said[0].starts_with("run 0000000000000000000000000000000b: unknown variant `PAUSED`"), "{said:?}");
    assert!(said[1].starts_with("run no uuid: "), "{said:?}");
}
