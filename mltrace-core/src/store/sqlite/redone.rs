//! Whether the work behind a write was done again by the time that somebody read it.

use std::cell::OnceCell;
use std::sync::LazyLock;

use rusqlite::params;

use super::SqliteStore;
use super::known::Known;
use super::last::last;
use super::met::{Likes, Read, WorkKey, Written, Wrote};
use super::triage::IS_REDONE;
use crate::model::{RunId, Status, Timestamp};
use crate::store::{Result, RunKey, WriteKey};

/// The completed runs of the same work, other than the reader, after the writer and before the reader began. They come
/// latest first, and of one moment in any order: see `last`.
const LIKE: &str = "SELECT y.uuid, y.ended_at, y.id, y.started_at FROM run y
 WHERE y.component_id = $1 AND y.signature = $2 AND y.signature IS NOT NULL
 AND y.ended_at >= $3 AND (y.ended_at > $3 OR y.uuid > $4) AND y.ended_at <= $5 AND y.status = 1 AND y.id <> $6
 ORDER BY y.ended_at DESC";

/// Whether a run of the same work did the work behind a write again.
static AGAIN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT 1 FROM write w JOIN run o ON o.id = w.run_id JOIN run x ON x.id = $1 WHERE w.id = $2 AND {IS_REDONE}"
    )
});

/// A run with what it read.
pub(super) struct ReadingRun<'r> {
    pub(super) run: RunKey,
    pub(super) began: Option<Timestamp>,
    pub(super) reads: &'r [Read],
    /// The runs that it read from, in ascending order, once somebody asked.
    sources: OnceCell<Vec<RunKey>>,
}

impl<'r> ReadingRun<'r> {
    pub(super) fn new(run: RunKey, began: Option<Timestamp>, reads: &'r [Read]) -> Self {
        Self { run, began, reads, sources: OnceCell::new() }
    }

    fn read_from(&self, run: RunKey, known: &Known) -> bool {
        self.sources.get_or_init(|| known.sources(self.reads)).binary_search(&run).is_ok()
    }
}

/// A later run of the same work.
struct Like {
    key: RunKey,
    id: RunId,
    started_at: Option<Timestamp>,
    ended_at: Timestamp,
}

impl Wrote {
    /// Returns the last run of the same work, other than the reader, after the writer and before the reader began, if it
    /// did the work behind the write again.
    pub(super) fn redone<'l>(
        &self,
        store: &SqliteStore,
        (key, write): (WriteKey, &Written),
        (reader, began, known): (&ReadingRun<'_>, Timestamp, &Known),
        likes: impl FnOnce() -> &'l Likes,
    ) -> Result<Option<(RunId, Timestamp)>> {
        let (Some(work), Some(from)) = (self.work, self.ended_at.or(write.at)) else { return Ok(None) };
        if self.ended_at.is_some() && self.next_at.is_none_or(|next| next > began) {
            return Ok(None);
        }
        let settled = likes().last(work, began).and_then(|run| known.run(run).zip(Some(run)));
        let like = match settled.and_then(|(run, key)| run.last_of_its_work(key, reader.run, began)) {
            Some(like) => Some(like).filter(|like| (like.ended_at, like.id) > (from, self.id)),
            None => self.last_like(store, work, from, reader.run, began)?,
        };
        // What is known settles most: who reads one part of something reads the others, which are of the same work.
        let began_later = |like: &Like| like.started_at.zip(write.at).is_some_and(|(began, wrote)| began >= wrote);
        let Some(like) = like.filter(began_later).filter(|like| !reader.read_from(like.key, known)) else {
            return Ok(None);
        };
        let is_redone = store.one(&AGAIN, params![like.key, key], |_| Ok(()))?.is_some();
        Ok(is_redone.then_some((like.id, like.ended_at)))
    }

    /// Returns this known run when no other of its work, known or not, ended after it and by then.
    fn last_of_its_work(&self, key: RunKey, reader: RunKey, by: Timestamp) -> Option<Like> {
        let is_last = self.next_at.is_none_or(|next| next > by);
        let may_count = self.status == Status::Completed && key != reader;
        let like = |ended_at| Like { key, id: self.id, started_at: self.started_at, ended_at };
        self.ended_at.filter(|_| is_last && may_count).map(like)
    }

    fn last_like(
        &self,
        store: &SqliteStore,
        work: WorkKey,
        from: Timestamp,
        reader: RunKey,
        by: Timestamp,
    ) -> Result<Option<Like>> {
        let params = params![work.component, work.signature, from, self.id, by, reader];
        let found = last(store, LIKE, params, |row| Ok((row.get(2)?, row.get(3)?)))?;
        Ok(found.map(|(id, ended_at, (key, started_at))| Like { key, id, started_at, ended_at }))
    }
}
