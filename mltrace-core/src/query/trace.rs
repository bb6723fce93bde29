//! How a version came to be.

use foldhash::HashMap;

use super::answer::{Left, Run, RunAtDepth, Trace};
use super::name::Found;
use super::{QueryError, Reader};
use crate::model::{RunId, Timestamp};
use crate::store::{Extent, Far, Reached};

/// How many readers of an artifact that nobody wrote are listed.
const READERS: usize = 100;

/// How many runs are reported that named the artifact and did not write it.
const LEFT: usize = 5;

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
        let makers = self.makers(&found, options.as_of)?;
        if makers.is_empty() {
            let read_by = self.store.readers(found.artifact, &found.version.version, READERS)?;
            let left = self.left(&found, options)?;
            let declared_by = if read_by.is_empty() { self.declared_by(&found.version.name)? } else { Vec::new() };
            return Ok(Trace { artifact: found.version, runs: Vec::new(), read_by, is_cut: false, left, declared_by });
        }
        let left = self.left(&found, options)?;
        let far = Far { depth: options.depth, most: options.most };
        let Reached { runs: reached, is_cut } = self.store.upstream(&makers, far)?;
        let keys: Vec<_> = reached.iter().map(|(run, _)| *run).collect();
        let mut runs = Vec::with_capacity(keys.len());
        let mut reached = reached.into_iter();
        self.each_view(&keys, Extent::Listed, |key, run| {
            // A run whose start has not arrived yet is reached, and not shown.
            if let Some((_, depth)) = reached.find(|(run, _)| *run == key) {
                runs.push(RunAtDepth { run, depth });
            }
        })?;
        // They come nearest first.
        for level in runs.chunk_by_mut(|one, other| one.depth == other.depth) {
            level.sort_by_cached_key(|at| (at.run.started_at, at.run.id));
        }
        Ok(Trace { artifact: found.version, runs, read_by: Vec::new(), is_cut, left, declared_by: Vec::new() })
    }

    /// Returns the last runs that said that they write `artifact` and left no version of it, newest first.
    ///
    /// # Errors
    /// When no such artifact is known, or the store does not answer.
    pub fn claims(&mut self, artifact: &str, limit: usize) -> Result<Vec<Run>, QueryError> {
        let found = self.find_version(artifact, None)?;
        let keys = self.store.claims(found.artifact, limit)?;
        self.views(&keys, Extent::Listed)
    }

    /// Returns the last runs that named an artifact as theirs after a version was written and did not write it: of a version
    /// that is not the latest, those that left it as it was.
    fn left(&mut self, found: &Found, options: &TraceOptions) -> Result<Vec<Left>, QueryError> {
        let since = found.written.map_or(Timestamp::MIN, |(_, at)| at);
        let latest = self.store.latest(found.artifact, Timestamp::MAX)?;
        let is_latest = options.as_of.is_none() && latest.is_none_or(|latest| latest.id == found.version.version);
        let rows = self.store.marked(found.artifact, since, (&found.version.version, is_latest), LEFT)?;
        let keys: Vec<_> = rows.iter().map(|row| row.run).collect();
        let ids = self.store.run_ids(&keys)?;
        let runs: HashMap<RunId, Run> =
            self.views(&keys, Extent::Edges)?.into_iter().map(|run| (run.id, run)).collect();
        let left = rows.iter().filter_map(|row| {
            let run = runs.get(ids.get(&row.run)?)?;
            Some(Left { run: run.id, component: run.component.clone(), status: run.status, mark: row.mark })
        });
        Ok(left.collect())
    }
}
