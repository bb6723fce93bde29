//! A store in a folder of its own, filled by import lines.

use std::path::{Path, PathBuf};

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::journal;
use mltrace_core::model::{
    ArtifactName, End, Forget, Header, ProcessId, ReadFact, Record, RunId, Start, Status, Timestamp, WriteFact,
};
use mltrace_core::query::Reader;
use mltrace_core::store::{self, Mode, Store};
use mltrace_core::upkeep;
use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};

/// A project in a temporary folder.
pub(crate) struct Story {
    home: Home,
    /// What its processes call the project.
    recorded_as: String,
    store: Box<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Story {
    /// Returns a project of which these lines are reported.
    pub(crate) fn told(lines: &[Value]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::find(folder.path(), None, &Environment::default());
        home.project = "story".to_owned();
        home.root = folder.path().canonicalize().unwrap();
        home.folder = home.root.join(".mltrace");
        home.store = home.folder.join("mltrace.db").into();
        let store = store::open(&home, Mode::Write).unwrap();
        let mut story = Self { recorded_as: home.project.clone(), home, store, _folder: folder };
        story.tell(lines);
        story
    }

    /// Says more.
    pub(crate) fn tell(&mut self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let report = ingest::import(&self.home, self.store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!(report.errors, [], "every line lands");
    }

    /// Returns why a line is refused.
    pub(crate) fn refuses(&mut self, line: &str) -> Vec<String> {
        let mut lines = line.as_bytes();
        let report = ingest::import(&self.home, self.store.as_mut(), &mut lines, &mut |_| {}).unwrap();
        report.errors.iter().map(|error| format!("{error:?}")).collect()
    }

    /// Takes a run back, as the command does.
    pub(crate) fn forget(&mut self, run: RunId) {
        self.journals(&[Record::Forget(Forget { run, at: Timestamp::now() })]);
    }

    /// Lets a process record a run that takes this project for another one.
    pub(crate) fn records_as(&mut self, project: &str, component: &str, inputs: &[&str], outputs: &[&str]) {
        let own = std::mem::replace(&mut self.recorded_as, project.to_owned());
        self.records(component, inputs, outputs);
        self.recorded_as = own;
    }

    /// Removes all that is known of a project, and looks the store through.
    pub(crate) fn removed(&mut self, project: &str) {
        let project = self.store.look().project(project, None).unwrap().unwrap();
        ingest::remove(self.store.as_mut(), project).unwrap();
        assert_eq!(upkeep::doctor(&self.home, true).wrong, Vec::<String>::new());
    }

    /// Lists a folder in the settings that all hosts share, and folds.
    pub(crate) fn shares(&mut self, folder: &str) {
        self.home.shared.push(folder.to_owned());
        ingest::fold(&self.home, self.store.as_mut()).unwrap();
    }

    /// Lets a process of this project record a run.
    pub(crate) fn records(&mut self, component: &str, inputs: &[&str], outputs: &[&str]) {
        let (run, at) = (RunId::new(), Timestamp::now());
        let inputs = (0..).zip(inputs).map(|(n, name)| ReadFact {
            n,
            name: ArtifactName::from(*name),
            argument: None,
            kind: None,
            at: None,
            version: None,
            size: None,
        });
        let outputs = (100..).zip(outputs).map(|(n, name)| WriteFact {
            n,
            name: ArtifactName::from(*name),
            argument: None,
            kind: None,
            at: None,
            version: None,
            size: None,
            mark: None,
        });
        let start = Start {
            run,
            component: component.to_owned(),
            at,
            parent: None,
            code: None,
            git: None,
            declared: None,
            params: Default::default(),
            inputs: inputs.collect(),
            host: None,
            user: None,
        };
        let outputs = outputs.collect();
        let end = End { run, at, status: Status::Completed, duration_us: Some(1), error: None, outputs };
        self.journals(&[Record::Start(start), Record::End(end)]);
    }

    /// Lets a process begin a run and go without its end.
    pub(crate) fn begins(&mut self, run: RunId, component: &str) {
        let start = Start {
            run,
            component: component.to_owned(),
            at: Timestamp::now(),
            parent: None,
            code: None,
            git: None,
            declared: None,
            params: Default::default(),
            inputs: Vec::new(),
            host: None,
            user: None,
        };
        self.journals(&[Record::Start(start)]);
    }

    /// Brings the end of a run late.
    pub(crate) fn ends(&mut self, run: RunId) {
        let (at, outputs) = (Timestamp::now(), Vec::new());
        self.journals(&[Record::End(End {
            run,
            at,
            status: Status::Completed,
            duration_us: Some(1),
            error: None,
            outputs,
        })]);
    }

    /// Lists metrics in the settings.
    pub(crate) fn list_metrics(&mut self, names: &[&str]) {
        self.home.prometheus.metrics = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Gives the project's folder another name.
    pub(crate) fn renamed(&mut self, name: &str) {
        name.clone_into(&mut self.home.project);
        name.clone_into(&mut self.recorded_as);
    }

    /// Folds the journal of a process that is gone.
    pub(crate) fn journals(&mut self, records: &[Record]) {
        let process = ProcessId::new();
        let header = Header {
            format: journal::FORMAT,
            process: Some(process),
            project: self.recorded_as.clone(),
            ..Header::default()
        };
        let mut bytes = Vec::new();
        journal::encode(&Record::Process(header), &mut bytes);
        records.iter().for_each(|record| assert!(journal::encode(record, &mut bytes)));
        std::fs::create_dir_all(self.home.journal()).unwrap();
        std::fs::write(self.home.journal().join(format!("{process}.log")), bytes).unwrap();
        let mut store = store::open(&self.home, Mode::Write).unwrap();
        ingest::fold(&self.home, store.as_mut()).unwrap();
    }

    /// Lets the next command find the store as its migration leaves it, and fold.
    pub(crate) fn is_migrated(&mut self) {
        let file = rusqlite::Connection::open(self.path(".mltrace/mltrace.db")).unwrap();
        file.execute("INSERT INTO tally (name, count) VALUES ('to join', 1)", []).unwrap();
        drop(ingest::open_folded(&self.home, &|_| {}).unwrap());
    }

    /// Returns who answers.
    pub(crate) fn reader(&mut self) -> Reader<'_> {
        Reader::new(self.store.as_mut(), &self.home, Path::new("/nowhere"))
    }

    /// Returns a path inside the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.root.join(name)
    }
}

/// Returns how many pipelines are generated: `few`, or `PROPTEST_CASES` for the long form.
#[expect(clippy::disallowed_methods, reason = "whoever wants a long run asks for it as proptest lets them")]
pub(crate) fn cases(few: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let regressions = FileFailurePersistence::Direct("proptest-regressions/answers.txt");
    ProptestConfig {
        cases: asked.unwrap_or(few),
        failure_persistence: Some(Box::new(regressions)),
        ..ProptestConfig::default()
    }
}

/// Returns the id of a run of the story.
pub(crate) fn id(number: usize) -> RunId {
    format!("0190f3a0-0000-7000-8000-{number:012x}").parse().unwrap()
}

/// Returns a moment of the story's day.
pub(crate) fn at(second: usize) -> String {
    format!("2026-01-01T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Returns a version with a content of its own, of more than 64 bytes.
pub(crate) fn content(number: usize) -> Value {
    json!(format!("b3:{number:064x}"))
}
