//! A store in a folder of its own, told of runs by import lines.

use std::path::{Path, PathBuf};

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::model::RunId;
use mltrace_core::query::Reader;
use mltrace_core::store::{self, Mode, Store};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};

/// A project in a temporary folder.
pub(crate) struct Story {
    home: Home,
    store: Box<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Story {
    /// Returns a project of which these lines are told.
    pub(crate) fn told(lines: &[Value]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Home::find(folder.path(), None, &Environment::default());
        home.project = "story".to_owned();
        home.root = folder.path().canonicalize().unwrap();
        home.folder = home.root.join(".mltrace");
        home.store = home.folder.join("mltrace.db").into();
        let store = store::open(&home, Mode::Write).unwrap();
        let mut story = Self { home, store, _folder: folder };
        story.tell(lines);
        story
    }

    /// Tells more.
    pub(crate) fn tell(&mut self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let report = ingest::import(&self.home, self.store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!(report.errors, [], "every line lands");
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
