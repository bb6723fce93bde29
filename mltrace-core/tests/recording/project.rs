//! A project in a folder of its own, and what is asked of it.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::time::Duration;

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::model::Status;
use mltrace_core::query::{Reader, Run, Trace, TraceOptions};
use mltrace_core::record::{Hooks, OpenRun, Opening, Recorder};
use mltrace_core::values::{Given, Named};

/// A project in a folder of its own, and a recorder in it.
pub(crate) struct Project {
    pub(crate) home: Home,
    pub(crate) recorder: &'static Recorder,
    pub(crate) folder: tempfile::TempDir,
}

fn no_other() -> &'static Recorder {
    panic!("nobody forks here")
}

pub(crate) fn recorder_of(home: &Home) -> &'static Recorder {
    let hooks = Hooks { warn: |_| {}, appended: || {}, here: no_other };
    Box::leak(Box::new(Recorder::new(home.clone(), &Environment::default(), hooks)))
}

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".mltrace")).unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        Self { recorder: recorder_of(&home), home, folder }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str) -> Given {
        Given::new(Named::Path(self.path(name)))
    }

    /// The file that the recorder writes.
    pub(crate) fn journal(&self) -> std::path::PathBuf {
        self.home.journal().join(format!("{}.log", self.recorder.process()))
    }

    /// The file that the recorder goes on in when that one is full or gone.
    pub(crate) fn next_journal(&self) -> std::path::PathBuf {
        self.home.journal().join(format!("{}.1.log", self.recorder.process()))
    }

    /// Records until the recorder, which looks now and then, has made what was deleted again.
    pub(crate) fn record_until_there(&self, path: &Path) {
        while !path.exists() {
            self.begin("meanwhile", Vec::new()).end(Status::Completed, None, None);
        }
    }

    pub(crate) fn begin(&self, component: &'static str, inputs: Vec<Given>) -> OpenRun {
        OpenRun::begin(self.recorder, Opening { component: Cow::Borrowed(component), inputs, ..Opening::default() })
    }

    pub(crate) fn ask<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        assert!(self.recorder.settle(Duration::from_secs(20)));
        let mut folded = ingest::open_folded(&self.home, &|_| {}).unwrap();
        assert!(folded.behind.is_none(), "{:?}", folded.behind);
        question(&mut Reader::new(folded.store.as_mut(), &self.home, self.folder.path()))
    }

    pub(crate) fn trace(&self, artifact: &str) -> Trace {
        self.ask(|reader| reader.trace(artifact, &TraceOptions::default())).unwrap()
    }

    pub(crate) fn run(&self, component: &str) -> Run {
        self.ask(|reader| reader.history(component, &Default::default())).unwrap().runs.into_iter().next().unwrap()
    }
}

pub(crate) fn shape(trace: &Trace) -> String {
    let shown: Vec<String> = trace.runs.iter().map(|at| format!("{}{}", at.run.component, at.depth)).collect();
    shown.join(" ")
}

/// Longer than what is too short to be recognised by.
pub(crate) fn text(letter: &str) -> String {
    letter.repeat(100)
}
