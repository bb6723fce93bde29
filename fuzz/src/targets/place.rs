//! A project in a folder of its own, and the questions that are asked of any store.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::query::{QueryError, Reader, RunFilter, TraceOptions};
use mltrace_core::store::{self, Mode, Store, StoreError};
use serde_json::Value;

/// Longer than any answer about so little takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Place {
    pub(super) home: Home,
    began: Instant,
    _folder: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut home = Home::find(folder.path(), None, &Environment::default());
        home.project = "fuzz".to_owned();
        home.root = folder.path().to_owned();
        home.folder = folder.path().join(".mltrace");
        home.store = home.folder.join("mltrace.db").into();
        fs::create_dir_all(home.journal()).expect("a folder for journals");
        Self { home, began: Instant::now(), _folder: folder }
    }

    pub(super) fn open(&self) -> Box<dyn Store> {
        store::open(&self.home, Mode::Write).expect("a new store can be opened")
    }

    /// Imports text and returns the numbers of the lines that were refused.
    pub(super) fn import(&self, store: &mut dyn Store, text: &[u8]) -> Vec<(u64, String)> {
        let report = ingest::import(&self.home, store, &mut &*text, &mut |_| {}).expect("the store takes the rows");
        report.errors
    }

    /// Asks everything that can be asked without knowing a name, then about the first names.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) fn ask(&self, store: &mut dyn Store) -> Result<Vec<Value>, QueryError> {
        let mut reader = Reader::new(store, &self.home, Path::new("/nowhere"));
        let runs = reader.recent(&RunFilter { limit: Some(50), ..RunFilter::default() })?.runs;
        reader.components(None, None)?;
        reader.review(None)?;
        for run in runs.iter().take(5) {
            reader.inspect(&run.id.to_string())?;
            let names = run.inputs.iter().map(|input| &input.name).chain(run.outputs.iter().map(|output| &output.name));
            for name in names.take(3) {
                let as_of = TraceOptions { as_of: Some(run.started_at), ..TraceOptions::default() };
                for options in [TraceOptions::default(), as_of] {
                    // A hostile name may be one that another stands for.
                    if let Err(error @ QueryError::Store(_)) = reader.trace(name.as_str(), &options) {
                        return Err(error);
                    }
                }
            }
        }
        let mut lines = Vec::new();
        let mut keep = |line| {
            lines.push(line);
            lines.len() < 1000
        };
        reader.export(None, &mut keep)?;
        Ok(lines)
    }

    /// Holds the time that all of it took to what a person would wait.
    pub(super) fn is_done(&self) {
        assert!(self.began.elapsed() < PATIENCE, "it took {:?}", self.began.elapsed());
    }
}

/// Returns an error's words, which it must have.
pub(super) fn words(error: &StoreError) -> String {
    let words = error.to_string();
    assert!(words.chars().any(char::is_alphabetic), "an error says nothing: {error:?}");
    words
}
