//! What a read saw, as an answer shows it: the write, and what had come after it.

use rusqlite::params;

use super::SqliteStore;
use super::known::Known;
use super::last::last;
use super::met::{Likes, Read, Written, Wrote};
use super::redone::ReadingRun;
use crate::model::{RunId, Timestamp, VersionId};
use crate::store::{ArtifactKey, PartDetail, ReadDetail, Result, RunKey, StoreError, WriteKey, WriteOf};

// The rows of these come latest first, and of one moment in any order: see `last`.

/// The runs that wrote an artifact before somebody read it.
const WRITERS: &str = "SELECT b.uuid, q.at FROM write q JOIN run b ON b.id = q.run_id
 WHERE q.artifact_id = $1 AND q.version_id IS NOT NULL AND q.at <= $2
 AND (q.run_id <> $3 OR (q.said_at, q.n) < ($2, $4)) ORDER BY q.at DESC";

/// The writes of another version, by another run than the reader, after a write and before the reader began.
const SUPERSEDED: &str = "SELECT m.uuid, q.at FROM write q JOIN run m ON m.id = q.run_id
 WHERE q.artifact_id = $1 AND q.version_id IS NOT NULL AND q.version_id <> $2
 AND q.at >= $3 AND (q.at > $3 OR m.uuid > $4) AND q.at <= $5 AND q.run_id <> $6
 ORDER BY q.at DESC";

/// A run that made something fresher, and when.
type Fresher = Option<(RunId, Timestamp)>;

impl Known {
    /// Returns a read as an answer shows it.
    pub(super) fn read_detail(
        &mut self,
        store: &SqliteStore,
        read: &Read,
        reader: &ReadingRun<'_>,
    ) -> Result<ReadDetail> {
        let argument = self.argument(store, read.argument)?;
        let (name, kind) =
            self.artifacts.get(&read.artifact).cloned().ok_or_else(|| lost("artifact", read.artifact))?;
        let (seen, size) = read.seen.and_then(|version| self.versions.get(&version)).cloned().unzip();
        let last_writer = match read.write {
            None => last(store, WRITERS, params![read.artifact, read.at, read.run, read.n], |_| Ok(()))?,
            Some(_) => None,
        };
        let write = read.write.and_then(|key| self.writes.get(&key));
        let like = read.like.and_then(|key| self.writes.get(&key));
        let (superseded_by, redone_by) = match read.write.zip(write) {
            Some((key, write)) => self.fresher(store, read.run, (key, write), reader)?,
            None => (None, None),
        };
        let mut parts = Vec::with_capacity(read.parts.len());
        for (key, write) in read.parts.iter().filter_map(|key| Some((*key, self.writes.get(key)?))) {
            let (superseded_by, redone_by) = self.fresher(store, read.run, (key, write), reader)?;
            parts.push(PartDetail { write: self.write_of(write, read.artifact)?, superseded_by, redone_by });
        }
        Ok(ReadDetail {
            n: read.n,
            name,
            kind,
            argument,
            at: read.at,
            seen,
            size: size.flatten(),
            bound: read.bound,
            write: write.map(|write| self.write_of(write, read.artifact)).transpose()?,
            like: like.map(|write| self.write_of(write, read.artifact)).transpose()?,
            last_writer: last_writer.map(|(run, ..)| run),
            superseded_by,
            redone_by,
            parts,
        })
    }

    /// Returns what was fresher than a write when its reader began: a later version, the work done again.
    fn fresher(
        &self,
        store: &SqliteStore,
        run: RunKey,
        (key, write): (WriteKey, &Written),
        reader: &ReadingRun<'_>,
    ) -> Result<(Fresher, Fresher)> {
        let Some(began) = reader.began else { return Ok((None, None)) };
        let writer = self.writer(write)?;
        let likes = || self.likes.get_or_init(|| Likes::of(&self.runs));
        let superseded_by = superseded(store, write, writer.id, run, began)?;
        Ok((superseded_by, writer.redone(store, (key, write), (reader, began, self), likes)?))
    }

    fn write_of(&self, write: &Written, read: ArtifactKey) -> Result<WriteOf> {
        let name = (write.artifact != read).then(|| self.artifacts.get(&write.artifact)).flatten();
        let version = write.version.and_then(|version| self.versions.get(&version));
        Ok(WriteOf {
            run: write.run,
            run_id: self.writer(write)?.id,
            name: name.map(|(name, _)| name.clone()),
            version: version.map_or(VersionId::None, |(id, _)| id.clone()),
            at: write.at.unwrap_or(Timestamp::MIN),
            began: self.writer(write)?.started_at,
        })
    }

    fn writer(&self, write: &Written) -> Result<&Wrote> {
        self.runs.get(&write.run).ok_or_else(|| lost("run", write.run))
    }
}

fn superseded(
    store: &SqliteStore,
    write: &Written,
    writer: RunId,
    reader: RunKey,
    began: Timestamp,
) -> Result<Option<(RunId, Timestamp)>> {
    if write.next_at.is_none_or(|next| next > began) {
        return Ok(None);
    }
    let params = params![write.artifact, write.version, write.at, writer, began, reader];
    Ok(last(store, SUPERSEDED, params, |_| Ok(()))?.map(|(run, at, ())| (run, at)))
}

/// Rows refer to no others than are there, as long as the file is whole.
fn lost(what: &str, key: impl Into<i64>) -> StoreError {
    StoreError::Corrupt(format!("{what} {} is missing", key.into()))
}
