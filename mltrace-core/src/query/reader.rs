//! The one who answers: a store, a project, and the place from which names are meant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::task::{TaskKind, TaskMetric};
use crate::config::Home;
use crate::model::{RunId, Timestamp, VersionId};
use crate::store::{Bounds, Look, ProjectKey, Store, StoreError};

/// Answers questions about one project of a store.
pub struct Reader<'s> {
    pub(super) store: &'s mut dyn Look,
    pub(super) home: Home,
    pub(super) folder: PathBuf,
    /// How far a question may go; `None`: as far as it likes.
    bounds: Option<Arc<Bounds>>,
    /// The project that is asked about, where it is not this one.
    pub(super) chosen: Option<ProjectKey>,
    /// Whether the store holds several projects, once that was asked.
    is_shared: Option<bool>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Nothing has that name.
    #[error("no {kind} is called `{name}`")]
    NotFound {
        /// `alias`, `artifact`, `component`, `commit`, `run` or `version`.
        kind: &'static str,
        /// What was asked for.
        name: String,
    },
    /// A component is called so, and a run was to be named.
    #[error("`{name}` is a component and no run")]
    IsComponent {
        /// What was asked for.
        name: String,
        /// Its last run.
        last: Option<RunId>,
    },
    /// It is known to be around, so nobody can say that it is removed.
    #[error("`{name}` is not removed: {why}")]
    StillThere {
        /// What was asked for.
        name: String,
        /// Why, in words.
        why: String,
    },
    /// Nothing is like that.
    #[error("no {kind} matches `{text}`")]
    NoMatch {
        /// `artifact`, `output`, or `output of a run`.
        kind: &'static str,
        /// What was asked for.
        text: String,
    },
    /// No completed run has that number.
    #[error("no completed run{} has the number `{measure}`", .component.iter().map(|name| format!(" of `{name}`")).collect::<String>())]
    NoNumber {
        /// What was asked of: `duration`, `size`, `size:NAME`, `param:NAME`, `profile:FIGURE` or `metric:NAME`.
        measure: String,
        /// The component, when only one was looked at.
        component: Option<String>,
        /// Numbers that the last runs have.
        known: Vec<String>,
    },
    /// Nothing was known of it at that moment.
    #[error("nothing is known of `{name}` at {at}: it was first seen later")]
    NotYet {
        /// What was asked for.
        name: String,
        /// The moment.
        at: Timestamp,
    },
    /// Nobody knows what is in it.
    #[error("no profile of `{name}` is known ({})", .version.short(12))]
    NoProfile {
        /// What was asked for.
        name: String,
        /// The version that it is.
        version: VersionId,
    },
    /// Nobody reported what is in it, and this build cannot look.
    #[error("no profile of `{name}` is known, and this build of mltrace does not read Parquet")]
    NoParquet {
        /// What was asked for.
        name: String,
    },
    /// It still lies there, and holds no table.
    #[error("no table can be read from `{name}`: {why}")]
    NoTable {
        /// What was asked for.
        name: String,
        /// Why, in words.
        why: &'static str,
    },
    /// There is nothing to compare with.
    #[error("no other version of `{name}` was written before it, and none is labelled ok")]
    NothingBefore {
        /// What was asked for.
        name: String,
    },
    /// All that it could be compared with is bad.
    #[error("there is nothing to compare `{name}` with: {}", all_flagged(*flagged, *looked_at))]
    OnlyFlagged {
        /// What was asked for.
        name: String,
        /// How many versions before it, or in its place, are flagged.
        flagged: usize,
        /// Of how many earlier runs, where there are more that were not looked at.
        looked_at: Option<usize>,
    },
    /// That cannot be an alias.
    #[error("`{name}` is no alias: {reason}")]
    NoAlias {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An alias cannot go back.
    #[error("the alias `{alias}` pointed to nothing else before")]
    NoFormer {
        /// The alias.
        alias: String,
    },
    /// An alias points to no version.
    #[error("the alias `{alias}` points to nothing since {at}")]
    PointsNowhere {
        /// The alias.
        alias: String,
        /// Since when.
        at: Timestamp,
    },
    /// Several things have that name.
    #[error(
        "`{name}` is not enough: it may be {}{}",
        .candidates.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(" or "),
        if *.is_cut { " or others" } else { "" }
    )]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// What it may be.
        candidates: Vec<String>,
        /// Whether it may be others too.
        is_cut: bool,
    },
    /// What was said now does not count, for somebody else's word is later.
    #[error("what is said of `{name}` now does not count: the last word on it is of {at}")]
    Outdone {
        /// The artifact or component.
        name: String,
        /// When the last word was said.
        at: Timestamp,
    },
    /// There would be more windows than an answer may have.
    #[error("`{task}` has more than {most} windows of that length")]
    TooManyWindows {
        /// The task.
        task: String,
        /// How many there may be.
        most: i64,
    },
    /// Outputs of that kind have another metric.
    #[error("`{}` is no metric of the {} that `{task}` puts out", .metric.as_str(), .kind.as_str())]
    NoTaskMetric {
        /// The task.
        task: String,
        /// What was asked for.
        metric: TaskMetric,
        /// What the outputs are.
        kind: TaskKind,
    },
    /// It means nothing of outputs of that kind.
    #[error("{option} means nothing of the {} that `{task}` puts out", .kind.as_str())]
    NoTaskOption {
        /// The task.
        task: String,
        /// What was asked for, in words.
        option: &'static str,
        /// What the outputs are.
        kind: TaskKind,
    },
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn all_flagged(flagged: usize, looked_at: Option<usize>) -> String {
    let all = match flagged {
        1 => "the only one written before it is flagged".to_owned(),
        some => format!("all {some} written before it are flagged"),
    };
    looked_at.map_or(all.clone(), |runs| format!("{all}, of what the {runs} runs before wrote"))
}

impl<'s> Reader<'s> {
    /// Returns a reader for the project of `home`; relative paths in questions are meant from `folder`.
    pub fn new(store: &'s mut dyn Store, home: &Home, folder: &Path) -> Self {
        let (home, folder) = (home.clone(), folder.to_owned());
        Self { store: store.look(), home, folder, bounds: None, chosen: None, is_shared: None }
    }

    /// Keeps all that is asked from now on within `bounds`.
    ///
    /// # Errors
    /// When the store cannot.
    pub fn bound(&mut self, bounds: Arc<Bounds>) -> Result<(), QueryError> {
        self.store.bound(&bounds)?;
        self.bounds = Some(bounds);
        Ok(())
    }

    /// Returns whether the store holds several projects, or runs of several hosts.
    pub(super) fn is_shared(&mut self) -> Result<bool, QueryError> {
        if let Some(known) = self.is_shared {
            return Ok(known);
        }
        let found = self.store.has_neighbours()?;
        self.is_shared = Some(found);
        Ok(found)
    }

    /// Takes note of work beside the database, in steps as small as one of its own.
    ///
    /// # Errors
    /// When the question went as far as it may, or nobody waits for it.
    pub(super) fn work_on(&self, steps: usize) -> Result<(), QueryError> {
        let goes_on = |bounds: &Arc<Bounds>| bounds.goes_on(steps as u64);
        if self.bounds.as_ref().is_none_or(goes_on) { Ok(()) } else { Err(StoreError::Stopped.into()) }
    }

    /// Takes note that an answer holds so many bytes beside the rows that it is made of.
    ///
    /// # Errors
    /// When that is more than the question may hold.
    pub(super) fn hold(&self, bytes: usize) -> Result<(), QueryError> {
        Ok(self.bounds.as_ref().map_or(Ok(()), |bounds| bounds.hold(bytes as u64))?)
    }

    /// Returns what takes note of bytes that an answer holds while the reader is asked, and whether it may go on.
    pub(super) fn room(&self) -> impl Fn(usize) -> Result<(), QueryError> + use<> {
        let bounds = self.bounds.clone();
        move |bytes| match &bounds {
            Some(bounds) if !bounds.goes_on(bytes as u64 / 8) => Err(StoreError::Stopped.into()),
            Some(bounds) => Ok(bounds.hold(bytes as u64)?),
            None => Ok(()),
        }
    }

    /// Returns what an answer shows beside what was asked, or nothing where that needs more of the store at once than the
    /// question may hold.
    ///
    /// # Errors
    /// Those of `work`, but for that.
    pub fn aside<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, QueryError>) -> Result<Option<T>, QueryError> {
        let held = self.bounds.as_ref().map_or(0, |bounds| bounds.held());
        let done = work(self);
        if let Some(bounds) = &self.bounds {
            bounds.keep(held);
        }
        match done {
            Err(QueryError::Store(StoreError::TooMuch)) => Ok(None),
            done => done.map(Some),
        }
    }

    /// Does `work`, nothing of which is held afterwards.
    pub(super) fn in_passing<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        let held = self.bounds.as_ref().map_or(0, |bounds| bounds.held());
        let done = work(self)?;
        if let Some(bounds) = &self.bounds {
            bounds.keep(held);
        }
        Ok(done)
    }
}
