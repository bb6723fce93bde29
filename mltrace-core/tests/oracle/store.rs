//! A store of its own for each pipeline, and the import lines that reach it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest::{self, ImportOptions};
use mltrace_core::journal;
use mltrace_core::model::{
    ArtifactName, Declaration, FolderFact, Forget, Header, ProcessId, Record, Timestamp, Verdict, Version,
};
use mltrace_core::query::{Judgement, Reader};
use mltrace_core::store::{self, Mode, Store};
use serde_json::{Value, json};

use super::facts::{ComponentFacts, Edge, FolderFacts, LabelFacts, MetricFacts, NEXT_DOOR, Outcome, RunFacts};

/// The project of all pipelines.
const PROJECT: &str = "oracle";

/// A store in a folder of its own.
pub(crate) struct Place {
    home: Home,
    store: Box<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::find(folder.path(), None, &Environment::default());
        home.project = PROJECT.to_owned();
        home.root = folder.path().to_owned();
        home.folder = folder.path().join(".mltrace");
        home.store = home.folder.join("mltrace.db").into();
        fs::create_dir_all(home.journal()).unwrap();
        let store = store::open(&home, Mode::Write).unwrap();
        Self { home, store, _folder: folder }
    }

    /// Imports lines that must all land.
    pub(crate) fn import(&mut self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let (store, options) = (self.store.as_mut(), ImportOptions { allows_future: true, ..ImportOptions::default() });
        let report = ingest::import_with(&self.home, store, &mut text.as_bytes(), options, &mut |_| {}).unwrap();
        assert_eq!(report.errors, [], "every line lands");
    }

    /// Imports OpenLineage events that must all land.
    pub(crate) fn import_events(&mut self, events: &[String]) {
        let text: String = events.iter().map(|event| format!("{event}\n")).collect();
        let (home, store) = (&self.home, self.store.as_mut());
        let report = ingest::import_events(home, store, &mut text.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!(report.errors, [], "every event lands");
    }

    /// Returns all that is recorded of runs as OpenLineage events.
    pub(crate) fn export_events(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        let mut keep = |event| {
            events.push(event);
            true
        };
        self.reader().export_openlineage(None, &mut keep).unwrap();
        events
    }

    /// Imports runs of another project of the same store.
    pub(crate) fn import_next_door(&mut self, runs: &[RunFacts]) {
        let plain = |run: &RunFacts| run_line(run).to_string().replace(NEXT_DOOR, "");
        let lines: Vec<Value> = runs.iter().map(|run| plain(run).parse().unwrap()).collect();
        self.home.project = "next door".to_owned();
        self.import(&lines);
        PROJECT.clone_into(&mut self.home.project);
    }

    pub(crate) fn fold(&mut self) {
        let report = ingest::fold(&self.home, self.store.as_mut()).unwrap();
        assert_eq!(report.damaged, 0);
    }

    /// Takes a run back.
    pub(crate) fn forget(&mut self, run: &str) {
        let forget = Forget { run: run.parse().unwrap(), at: Timestamp(0) };
        self.process().tell(&Record::Forget(forget));
        self.fold();
    }

    pub(crate) fn export(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        let mut keep = |line| {
            lines.push(line);
            true
        };
        self.reader().export(None, &mut keep).unwrap();
        lines
    }

    /// Lets somebody give a verdict now, and returns it; the store does not know it yet.
    pub(crate) fn judges(&mut self, name: &str, version: &str, verdict: &'static str) -> LabelFacts {
        let judged = Version { name: ArtifactName(name.to_owned()), version: version.parse().unwrap() };
        let given = match verdict {
            "flagged" => Verdict::Flagged,
            "ok" => Verdict::Ok,
            _ => Verdict::None,
        };
        let judgement = Judgement { verdict: given, reason: None, by: None };
        let said = self.reader().judged_now(&[judged], judgement).unwrap().remove(0);
        let (name, version) = (name.to_owned(), version.to_owned());
        LabelFacts { id: said.id.to_string(), name, version, verdict, at: said.at.0 }
    }

    /// Lets somebody declare a component now, and returns what was said; the store does not know it yet.
    pub(crate) fn declares(&mut self, name: &str, stale_after_s: i64) -> ComponentFacts {
        let declared = Declaration { stale_after_s: Some(stale_after_s), ..Declaration::default() };
        let said = self.reader().declared_now(name, declared, Vec::new()).unwrap();
        ComponentFacts { name: name.to_owned(), at: said.at.0, stale_after_s }
    }

    pub(crate) fn reader(&mut self) -> Reader<'_> {
        Reader::new(self.store.as_mut(), &self.home, Path::new("/nowhere"))
    }

    pub(crate) fn process(&self) -> Process {
        let id = ProcessId::new();
        let file = self.home.journal().join(format!("{id}.log"));
        let lock = self.home.journal().join(format!("{id}.lock"));
        let held = File::create(&lock).unwrap();
        held.try_lock().unwrap();
        Process { id, file, held: Some(held) }
    }
}

/// A process that records; it lives as long as its lock is held.
pub(crate) struct Process {
    id: ProcessId,
    file: std::path::PathBuf,
    held: Option<File>,
}

impl Process {
    /// Appends to the journal, which a fold may have taken away.
    pub(crate) fn tell(&self, record: &Record) {
        let mut bytes = Vec::new();
        if !self.file.exists() {
            let header = Header {
                format: journal::FORMAT,
                process: Some(self.id),
                project: PROJECT.to_owned(),
                ..Header::default()
            };
            journal::encode(&Record::Process(header), &mut bytes);
        }
        journal::encode(record, &mut bytes);
        let mut file = File::options().append(true).create(true).open(&self.file).unwrap();
        file.write_all(&bytes).unwrap();
    }

    pub(crate) fn die(&mut self) {
        self.held = None;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.held.is_none()
    }
}

fn time(at: i64) -> String {
    Timestamp(at).to_string()
}

fn edge_line(edge: &Edge) -> Value {
    let mut line = json!({"name": edge.name, "n": edge.n});
    if let Some(version) = &edge.version {
        line["version"] = json!(version);
    }
    if let Some(size) = edge.size {
        line["size"] = json!(size);
    }
    if let Some(at) = edge.at {
        line["at"] = json!(time(at));
    }
    line
}

/// Returns a run as a line of an import.
pub(crate) fn run_line(run: &RunFacts) -> Value {
    let edges = |edges: &[Edge]| edges.iter().map(edge_line).collect::<Vec<_>>();
    let mut line = json!({
        "id": run.id, "component": run.component, "started_at": time(run.started_at), "params": run.params,
        "inputs": edges(&run.reads), "outputs": edges(&run.writes),
    });
    if run.outcome != Outcome::Completed {
        line["status"] = json!(run.outcome.word());
    }
    if let Some(at) = run.ended_at {
        line["ended_at"] = json!(time(at));
    }
    if let Some(parent) = &run.parent {
        line["parent"] = json!(parent);
    }
    if let Some(host) = &run.host {
        line["host"] = json!(host);
    }
    if let Some(commit) = &run.commit {
        line["git_commit"] = json!(commit);
    }
    let metric = |of: &MetricFacts| {
        let mut line = json!({"name": of.name, "value": of.value, "at": time(of.at)});
        let more = [("about", of.about.clone().map(Value::from)), ("step", of.step.map(Value::from))];
        more.into_iter().for_each(|(field, value)| line[field] = value.unwrap_or_default());
        line
    };
    line["metrics"] = run.metrics.iter().map(metric).collect();
    line["subjects"] = json!(run.subjects);
    line
}

/// Returns a run as three lines, each of which reports a part: when it began, what it did meanwhile, how it ended.
pub(crate) fn parts_of(run: &RunFacts, key: u16) -> Vec<Value> {
    let whole = run_line(run);
    let part = |fields: &[&str]| {
        let fields = fields.iter().copied().chain(["id", "component"]);
        Value::Object(fields.filter_map(|field| Some((field.to_owned(), whole.get(field)?.clone()))).collect())
    };
    let mut parts =
        vec![part(&["started_at", "params"]), part(&["git_commit", "host", "parent"]), part(&["ended_at", "status"])];
    for edges in ["inputs", "outputs", "metrics", "subjects"] {
        for (place, edge) in whole[edges].as_array().into_iter().flatten().enumerate() {
            let part = &mut parts[(usize::from(key) + place) % 3][edges];
            let mut told = part.as_array().cloned().unwrap_or_default();
            told.push(edge.clone());
            *part = json!(told);
        }
    }
    parts
}

pub(crate) fn label_line(label: &LabelFacts) -> Value {
    json!({"type": "label", "id": label.id, "name": label.name, "version": label.version, "verdict": label.verdict,
           "at": time(label.at)})
}

pub(crate) fn component_line(said: &ComponentFacts) -> Value {
    json!({"type": "component", "name": said.name, "at": time(said.at), "stale_after_s": said.stale_after_s})
}

pub(crate) fn folder_line(folder: &FolderFacts) -> Value {
    json!({"type": "folder", "version": folder.content, "entries": folder.entries, "is_whole": folder.is_whole})
}

/// Returns a folder as a process records it.
pub(crate) fn folder_record(folder: &FolderFacts) -> Record {
    let content = |content: &String| content.parse().unwrap();
    let entries = folder.entries.iter().map(|(path, version)| (path.clone(), content(version)));
    Record::Folder(FolderFact {
        version: content(&folder.content),
        entries: entries.collect(),
        is_whole: folder.is_whole,
    })
}
