//! How a version came to be.

use super::answer::{Run, RunAtDepth, Trace};
use super::{QueryError, Reader};
use crate::model::Timestamp;
use crate::store::{Far, Reached};

/// How many readers of an artifact that nobody wrote are listed.
const READERS: usize = 100;

/// How a trace is meant.
#[derive(Clone, Debug, Default)]
pub struct TraceOptions {
    /// How many steps to follow; `None`: all.
    pub depth: Option<u32>,
    /// What was current at this moment; `None`: now.
    pub as_of: Option<Timestamp>,
    /// At most so many runs, the nearest ones; `None`: all.
    pub most: Option<usize>,
}

impl Reader<'_> {
    /// Returns the runs and versions that `artifact` (`NAME` or `NAME@VERSION`) was made from.
    ///
    /// # Errors
    /// When no such artifact or version is known, or the store does not answer.
    pub fn trace(&mut self, artifact: &str, options: &TraceOptions) -> Result<Trace, QueryError> {
        let found = self.find_version(artifact, options.as_of)?;
        let Some((writer, _)) = found.written else {
            let read_by = self.store.readers(found.artifact, &found.version.version, READERS)?;
            return Ok(Trace { artifact: found.version, runs: Vec::new(), read_by, is_cut: false });
        };
        let far = Far { depth: options.depth, most: options.most };
        let Reached { runs: reached, is_cut } = self.store.upstream(&[writer], far)?;
        let keys: Vec<_> = reached.iter().map(|(run, _)| *run).collect();
        let mut runs = Vec::with_capacity(keys.len());
        let mut reached = reached.into_iter();
        self.each_view(&keys, |key, run| {
            // A run whose start has not arrived yet is reached, and not shown.
            if let Some((_, depth)) = reached.find(|(run, _)| *run == key) {
                runs.push(RunAtDepth { run, depth });
            }
        })?;
        // They come nearest first.
        for level in runs.chunk_by_mut(|one, other| one.depth == other.depth) {
            level.sort_by_cached_key(|at| (at.run.started_at, at.run.id));
        }
        Ok(Trace { artifact: found.version, runs, read_by: Vec::new(), is_cut })
    }

    /// Returns the last runs that said that they write `artifact` and left no version of it, newest first.
    ///
    /// # Errors
    /// When no such artifact is known, or the store does not answer.
    pub fn claims(&mut self, artifact: &str, limit: usize) -> Result<Vec<Run>, QueryError> {
        let found = self.find_version(artifact, None)?;
        let keys = self.store.claims(found.artifact, limit)?;
        self.views(&keys)
    }
}
