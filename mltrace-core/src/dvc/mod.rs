//! The history of a repository whose pipeline DVC runs: each stage that a commit changed is a run.

mod lock;

mod history;

mod line;

mod cache;

use std::path::{Path, PathBuf};

use git2::Repository;
use serde_json::json;

use self::cache::Bytes;
pub use self::history::Unread;
use self::history::{Change, History};
use crate::config::Home;
use crate::ingest::{self, ImportReport};
use crate::model::Timestamp;
use crate::source;
use crate::store::{Store, StoreError};

/// How many runs are taken in at once.
const BATCH: usize = 500;
/// After how many bytes of their lines.
const BATCH_BYTES: usize = 16 << 20;
/// How many files that could not be understood are reported one by one.
const MOST_UNREAD: usize = 1000;

/// What an import of a repository takes.
#[derive(Clone, Copy)]
pub struct DvcOptions<'o> {
    /// A folder of the repository.
    pub repository: &'o Path,
    /// Where DVC keeps bytes; `None`: where it does so by default.
    pub cache: Option<&'o Path>,
    /// Receives how many commits were read so far.
    pub commits: &'o dyn Fn(u64),
    /// Receives how many more bytes were hashed.
    pub hashed: &'o (dyn Fn(u64) + Sync),
}

/// What an import of a repository did.
#[derive(Debug, Default)]
pub struct DvcReport {
    /// How many commits there are.
    pub commits: u64,
    /// How many stages they changed.
    pub stages: u64,
    /// How many inputs and outputs of new runs have the content that somebody still has, and how many not.
    pub with_bytes: u64,
    /// How many have only what DVC says of them.
    pub without_bytes: u64,
    /// What became of the runs.
    pub runs: ImportReport,
    /// The first files that could not be understood.
    pub unread: Vec<Unread>,
}

/// Why a repository cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum DvcError {
    /// There is none.
    #[error("`{}` lies in no git repository that can be read", .0.display())]
    NoRepository(PathBuf),
    /// It has no files.
    #[error("the repository of `{}` has no work tree, so its paths name no files", .0.display())]
    NoWorkTree(PathBuf),
    /// It cannot be read.
    #[error("the repository cannot be read")]
    Git(#[from] git2::Error),
    /// The store did not take the runs.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stores the runs that the commits of a repository mention. A run that is known already is left as it is.
///
/// # Errors
/// When there is no repository, it cannot be read, or the store does not take the rows.
pub fn import(home: &Home, store: &mut dyn Store, options: DvcOptions<'_>) -> Result<DvcReport, DvcError> {
    let folder = options.repository;
    let _rights = home.rights().map_err(|_| DvcError::NoRepository(folder.to_owned()))?;
    let repository = source::git::repository(folder).ok_or_else(|| DvcError::NoRepository(folder.to_owned()))?;
    let work_tree = work_tree(&repository).ok_or_else(|| DvcError::NoWorkTree(folder.to_owned()))?;
    let cache = options.cache.map_or_else(|| work_tree.join(".dvc/cache"), Path::to_owned);
    let bytes = Bytes::of(home, cache, options.hashed);
    let mut import = Import { home, store, work_tree, bytes, waiting: Vec::new(), report: DvcReport::default() };
    let mut history = History::of(&repository);
    for commit in history.commits()? {
        let mut unread = Vec::new();
        let changes = history.changes(commit, &mut unread)?;
        import.report.unread.extend(unread);
        import.report.unread.truncate(MOST_UNREAD);
        import.take(changes)?;
        import.report.commits = import.report.commits.saturating_add(1);
        (options.commits)(import.report.commits);
    }
    import.land()?;
    Ok(import.report)
}

fn work_tree(repository: &Repository) -> Option<PathBuf> {
    let folder = repository.workdir()?;
    Some(folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))
}

struct Import<'i> {
    home: &'i Home,
    store: &'i mut dyn Store,
    work_tree: PathBuf,
    bytes: Bytes<'i>,
    waiting: Vec<(Change, Timestamp)>,
    report: DvcReport,
}

impl Import<'_> {
    /// Takes the stages that a commit changed. All have its time; a microsecond each keeps those apart that made what
    /// others read.
    fn take(&mut self, changes: Vec<Change>) -> Result<(), DvcError> {
        for (place, change) in (0..).zip(line::in_order(changes, &self.work_tree)) {
            let at = Timestamp(change.at.0.saturating_add(2_i64.saturating_mul(place)));
            self.report.stages = self.report.stages.saturating_add(1);
            self.waiting.push((change, at));
        }
        if self.waiting.len() >= BATCH { self.land() } else { Ok(()) }
    }

    /// Stores what waits and is not known.
    fn land(&mut self) -> Result<(), DvcError> {
        let mut text = String::new();
        for (change, at) in std::mem::take(&mut self.waiting) {
            if self.store.look().run(change.run())?.is_some() {
                self.report.runs.lines = self.report.runs.lines.saturating_add(1);
                self.report.runs.known = self.report.runs.known.saturating_add(1);
                continue;
            }
            let (mut with, mut without) = (0_u64, 0_u64);
            let bytes = &mut self.bytes;
            let line = change.line(&self.work_tree, at, &mut |entry| {
                let version = bytes.version(entry);
                let count = if version.is_some() { &mut with } else { &mut without };
                *count = count.saturating_add(1);
                version
            });
            self.report.with_bytes = self.report.with_bytes.saturating_add(with);
            self.report.without_bytes = self.report.without_bytes.saturating_add(without);
            text.push_str(&format!("{line}\n"));
            if text.len() >= BATCH_BYTES {
                self.store_lines(&std::mem::take(&mut text))?;
            }
        }
        self.store_lines(&text)
    }

    /// Stores lines, and what lies in the folders that they name.
    fn store_lines(&mut self, text: &str) -> Result<(), DvcError> {
        let report = ingest::import(self.home, self.store, &mut text.as_bytes(), &mut |_| {})?;
        self.report.runs.add(report);
        let folders = std::mem::take(&mut self.bytes.folders).into_iter().map(|fact| {
            format!(
                "{}\n",
                json!({"type": "folder", "version": fact.version, "entries": fact.entries, "is_whole": fact.is_whole})
            )
        });
        let folders: String = folders.collect();
        ingest::import(self.home, self.store, &mut folders.as_bytes(), &mut |_| {})?;
        Ok(())
    }
}
