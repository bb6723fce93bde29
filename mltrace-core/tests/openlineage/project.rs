//! A project that takes events, and what it says of them.

use std::path::Path;

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest::{self, ImportReport};
use mltrace_core::query::Reader;
use mltrace_core::store::{self, Mode, Store};
use serde_json::{Value, json};

/// A project in a folder of its own.
pub(crate) struct Project {
    pub(crate) home: Home,
    pub(crate) store: Box<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("taxi");
        std::fs::create_dir_all(root.join(".mltrace")).unwrap();
        let home = Home::find(&root, None, &Environment::default());
        let store = store::open(&home, Mode::Write).unwrap();
        Self { home, store, _folder: folder }
    }

    /// Returns a project that received these events, one after the other.
    pub(crate) fn told(events: &[Value]) -> Self {
        let mut project = Self::new();
        for event in events {
            assert_eq!(project.import(std::slice::from_ref(event)).errors, []);
        }
        project
    }

    /// Takes events at once.
    pub(crate) fn import(&mut self, events: &[Value]) -> ImportReport {
        let text: String = events.iter().map(|event| format!("{event}\n")).collect();
        ingest::import_events(&self.home, self.store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap()
    }

    /// Takes lines of an import, which must all land.
    pub(crate) fn import_lines(&mut self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let report = ingest::import(&self.home, self.store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!(report.errors, []);
    }

    /// Returns all that is recorded of runs as events.
    pub(crate) fn export_events(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        let mut keep = |event: String| {
            events.push(serde_json::from_str(&event).unwrap());
            true
        };
        self.reader().export_openlineage(None, &mut keep).unwrap();
        events
    }

    pub(crate) fn reader(&mut self) -> Reader<'_> {
        Reader::new(self.store.as_mut(), &self.home, &self.home.root)
    }

    /// Returns what an export prints, in the order of names.
    pub(crate) fn export(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        self.reader()
            .export(None, &mut |line| {
                lines.push(line);
                true
            })
            .unwrap();
        lines.sort_by_key(Value::to_string);
        lines
    }

    /// Returns the run of a component.
    pub(crate) fn run(&mut self, component: &str) -> Value {
        let runs = self.runs(component);
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.into_iter().next().unwrap()
    }

    /// Returns the runs of a component, the first first.
    pub(crate) fn runs(&mut self, component: &str) -> Vec<Value> {
        let mut runs = self.export();
        runs.retain(|line| line["component"] == component && line["type"] == "run");
        runs.sort_by_key(|run| run["started_at"].to_string());
        runs
    }

    /// Returns the trace of an artifact as JSON.
    pub(crate) fn trace(&mut self, artifact: &str) -> Value {
        let options = mltrace_core::query::TraceOptions::default();
        serde_json::to_value(self.reader().trace(artifact, &options).unwrap()).unwrap()
    }

    pub(crate) fn root(&self) -> &Path {
        &self.home.root
    }
}

/// The run of a number.
pub(crate) fn id(run: u32) -> String {
    format!("0195e2a1-7c1e-7d30-9a52-{run:012}")
}

/// A time of one day.
pub(crate) fn time(clock: &str) -> String {
    format!("2026-01-31T{clock}Z")
}

/// An event of a run: what happened when to which run of which job.
pub(crate) fn event(kind: &str, clock: &str, run: u32, job: &str) -> Value {
    json!({
        "eventType": kind, "eventTime": time(clock), "producer": "https://example.test/try",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": id(run), "facets": {}}, "job": {"namespace": "taxi", "name": job, "facets": {}},
        "inputs": [], "outputs": [],
    })
}

/// Events that can be said more of.
pub(crate) trait More {
    fn reads(self, namespace: &str, name: &str) -> Self;
    fn writes(self, namespace: &str, name: &str) -> Self;
    fn of_last(self, side: &str, facets: &str, facet: &str, told: Value) -> Self;
    fn of_run(self, facet: &str, told: Value) -> Self;
    fn of_job(self, facet: &str, told: Value) -> Self;
}

impl More for Value {
    fn reads(mut self, namespace: &str, name: &str) -> Self {
        self["inputs"].as_array_mut().unwrap().push(json!({"namespace": namespace, "name": name}));
        self
    }

    fn writes(mut self, namespace: &str, name: &str) -> Self {
        self["outputs"].as_array_mut().unwrap().push(json!({"namespace": namespace, "name": name}));
        self
    }

    /// Says something of the last input or output.
    fn of_last(mut self, side: &str, facets: &str, facet: &str, told: Value) -> Self {
        let last = self[side].as_array_mut().unwrap().last_mut().unwrap();
        last[facets][facet] = told;
        self
    }

    fn of_run(mut self, facet: &str, told: Value) -> Self {
        self["run"]["facets"][facet] = told;
        self
    }

    fn of_job(mut self, facet: &str, told: Value) -> Self {
        self["job"]["facets"][facet] = told;
        self
    }
}

/// Returns the names of inputs or outputs of a run of an export, with their versions where they are reported.
pub(crate) fn names(run: &Value, side: &str) -> Vec<String> {
    let name = |edge: &Value| match edge {
        Value::String(name) => name.clone(),
        edge => edge["name"].as_str().unwrap().to_owned(),
    };
    run[side].as_array().into_iter().flatten().map(name).collect()
}
