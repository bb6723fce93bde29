//! What runs read, told from what is known of the writes that they saw.

use std::hash::Hash;
use std::sync::LazyLock;

use rusqlite::{Params, params};

use super::SqliteStore;
use super::edge::read_row;
use super::keys::{KeyMap, among};
use super::map::{size, version_id};
use super::triage::{IS_READ_TOO, IS_REDONE};
use crate::model::{ArtifactKind, ArtifactName, RunId, Timestamp, VersionId};
use crate::store::{
    ArtifactKey, ReadDetail, ReadRow, Result, RunKey, RunRow, StoreError, VersionKey, WriteDetail, WriteKey, WriteOf,
};

const READS: &str = concat!(
    "SELECT d.run_id, d.n, d.artifact_id, d.seen_id, d.at, d.bound, d.write_id, d.like_id,
         (SELECT name FROM argument WHERE id = d.argument_id)
     FROM json_each($1) AS asked CROSS JOIN read d ON ",
    among!("d.run_id")
);

const WRITES: &str = concat!(
    "SELECT w.id, w.run_id, w.artifact_id, w.version_id, w.at,
     (SELECT q.at FROM write q WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL
      AND q.at >= w.at AND q.id <> w.id ORDER BY q.at LIMIT 1)
     FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.id")
);

const RUNS: &str = concat!(
    "SELECT r.id, r.uuid, r.signature, r.ended_at,
     (SELECT y.ended_at FROM run y WHERE y.component_id = r.component_id AND y.signature = r.signature
      AND y.ended_at >= r.ended_at AND y.id <> r.id ORDER BY y.ended_at LIMIT 1)
     FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id")
);

const ARTIFACTS: &str =
    concat!("SELECT a.id, a.name, a.kind FROM json_each($1) AS asked CROSS JOIN artifact a ON ", among!("a.id"));

const VERSIONS: &str = concat!(
    "SELECT v.id, v.id_kind, v.id_value, v.size FROM json_each($1) AS asked CROSS JOIN version v ON ",
    among!("v.id")
);

// The rows of these three come latest first, and of one moment in any order: see `last`.

/// The runs that wrote an artifact before somebody read it.
const WRITERS: &str = "SELECT b.uuid, q.at FROM write q JOIN run b ON b.id = q.run_id
 WHERE q.artifact_id = $1 AND q.version_id IS NOT NULL AND q.at <= $2
 AND (q.run_id <> $3 OR (q.said_at, q.n) < ($2, $4)) ORDER BY q.at DESC";

/// The writes of another version, by another run than the reader, after a write and before the reader began.
const SUPERSEDED: &str = "SELECT m.uuid, q.at FROM write q JOIN run m ON m.id = q.run_id
 WHERE q.artifact_id = $1 AND q.version_id IS NOT NULL AND q.version_id <> $2
 AND q.at >= $3 AND (q.at > $3 OR m.uuid > $4) AND q.at <= $5 AND q.run_id <> $6
 ORDER BY q.at DESC";

/// The last run of the same work, other than the reader, after the writer and before the reader began, if it did the work
/// again.
static REDONE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT x.uuid, x.ended_at FROM (SELECT $1 AS write_id, $2 AS run_id, $3 AS began) AS d
         JOIN write w ON w.id = d.write_id
         JOIN run o ON o.id = w.run_id
         JOIN run x ON x.id = (
             SELECT y.id FROM run y
             WHERE y.component_id = o.component_id AND y.signature = o.signature AND y.signature IS NOT NULL
             AND y.ended_at >= coalesce(o.ended_at, w.at)
             AND (y.ended_at > coalesce(o.ended_at, w.at) OR y.uuid > o.uuid)
             AND y.ended_at <= d.began AND y.status = 1 AND y.id <> d.run_id
             ORDER BY y.ended_at DESC, y.uuid DESC LIMIT 1)
         WHERE {IS_REDONE} AND NOT {IS_READ_TOO}"
    )
});

/// What was met while runs were gathered.
#[derive(Default)]
pub(super) struct Known {
    runs: KeyMap<RunKey, Wrote>,
    writes: KeyMap<WriteKey, Written>,
    artifacts: KeyMap<ArtifactKey, (ArtifactName, ArtifactKind)>,
    versions: KeyMap<VersionKey, (VersionId, Option<u64>)>,
}

/// A run that wrote something.
#[derive(Clone, Copy)]
struct Wrote {
    id: RunId,
    signature: Option<i64>,
    ended_at: Option<Timestamp>,
    /// When another run of the same work first ended after it; nobody can have done it again before.
    next_at: Option<Timestamp>,
}

/// A write.
#[derive(Clone, Copy)]
struct Written {
    run: RunKey,
    artifact: ArtifactKey,
    version: Option<VersionKey>,
    at: Option<Timestamp>,
    /// When the artifact was next written; nothing can have superseded it before.
    next_at: Option<Timestamp>,
}

impl Known {
    /// Makes room for so many runs, each of which wrote something.
    pub(super) fn with_capacity(runs: usize) -> Self {
        let mut known = Self::default();
        known.runs.reserve(runs);
        known.writes.reserve(runs);
        known.artifacts.reserve(runs);
        known.versions.reserve(runs);
        known
    }

    pub(super) fn add_run(&mut self, key: RunKey, row: &RunRow, next_at: Option<Timestamp>) {
        let RunRow { id, signature, ended_at, .. } = *row;
        self.runs.insert(key, Wrote { id, signature, ended_at, next_at });
    }

    pub(super) fn add_write(
        &mut self,
        key: WriteKey,
        run: RunKey,
        (artifact, version): (ArtifactKey, Option<VersionKey>),
        next_at: Option<Timestamp>,
        write: &WriteDetail,
    ) {
        self.writes.insert(key, Written { run, artifact, version, at: write.at, next_at });
        self.artifacts.entry(artifact).or_insert_with(|| (write.name.clone(), write.kind));
        if let Some((version, id)) = version.zip(write.version.as_ref()) {
            self.versions.entry(version).or_insert_with(|| (id.clone(), write.size));
        }
    }

    /// Returns what the listed runs read, once all that is needed to tell of it is known.
    pub(super) fn reads(&mut self, store: &SqliteStore, list: &str) -> Result<Vec<ReadRow>> {
        let reads = store.all(READS, [list], read_row)?;
        let seen = reads.iter().flat_map(|read| [read.write, read.like]).flatten();
        let writes = store.each(WRITES, &missing(seen, &self.writes), |row| {
            let (run, artifact, version) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, Written { run, artifact, version, at: row.get(4)?, next_at: row.get(5)? }))
        })?;
        let runs = missing(writes.iter().map(|(_, write)| write.run), &self.runs);
        self.runs.extend(store.each(RUNS, &runs, |row| {
            let (id, signature) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, Wrote { id, signature, ended_at: row.get(3)?, next_at: row.get(4)? }))
        })?);
        let of_reads = reads.iter().map(|read| read.artifact);
        let artifacts = of_reads.chain(writes.iter().map(|(_, write)| write.artifact));
        self.artifacts.extend(store.each(ARTIFACTS, &missing(artifacts, &self.artifacts), |row| {
            Ok((row.get(0)?, (ArtifactName(row.get(1)?), row.get(2)?)))
        })?);
        let of_reads = reads.iter().filter_map(|read| read.seen);
        let versions = of_reads.chain(writes.iter().filter_map(|(_, write)| write.version));
        self.versions.extend(store.each(VERSIONS, &missing(versions, &self.versions), |row| {
            Ok((row.get(0)?, (version_id(row, 1)?.unwrap_or(VersionId::None), size(row, 3)?)))
        })?);
        self.writes.extend(writes);
        Ok(reads)
    }

    /// Returns a read, whose argument is taken, as an answer shows it, by a run that began at `began`.
    pub(super) fn read_detail(
        &self,
        store: &SqliteStore,
        read: &mut ReadRow,
        began: Option<Timestamp>,
    ) -> Result<ReadDetail> {
        let (name, kind) =
            self.artifacts.get(&read.artifact).cloned().ok_or_else(|| lost("artifact", read.artifact))?;
        let (seen, size) = read.seen.and_then(|version| self.versions.get(&version)).cloned().unzip();
        let last_writer = match read.write {
            None => last(store, WRITERS, params![read.artifact, read.at, read.run, read.n])?.map(|(run, _)| run),
            Some(_) => None,
        };
        let write = read.write.and_then(|key| self.writes.get(&key));
        let like = read.like.and_then(|key| self.writes.get(&key));
        let superseded_by = match write.zip(began) {
            Some((write, began)) => self.superseded(store, write, read.run, began)?,
            None => None,
        };
        let redone_by = match read.write.zip(began) {
            Some((write, began)) => self.redone(store, write, read.run, began)?,
            None => None,
        };
        Ok(ReadDetail {
            n: read.n,
            name,
            kind,
            argument: read.argument.take(),
            at: read.at,
            seen,
            size: size.flatten(),
            bound: read.bound,
            write: write.map(|write| self.write_of(write, read.artifact)).transpose()?,
            like: like.map(|write| self.write_of(write, read.artifact)).transpose()?,
            last_writer,
            superseded_by,
            redone_by,
        })
    }

    fn superseded(
        &self,
        store: &SqliteStore,
        write: &Written,
        reader: RunKey,
        began: Timestamp,
    ) -> Result<Option<(RunId, Timestamp)>> {
        if write.next_at.is_none_or(|next| next > began) {
            return Ok(None);
        }
        let writer = self.writer(write)?.id;
        let params = params![write.artifact, write.version, write.at, writer, began, reader];
        last(store, SUPERSEDED, params)
    }

    fn redone(
        &self,
        store: &SqliteStore,
        key: WriteKey,
        reader: RunKey,
        began: Timestamp,
    ) -> Result<Option<(RunId, Timestamp)>> {
        let Some(write) = self.writes.get(&key) else { return Ok(None) };
        let writer = self.writer(write)?;
        if writer.signature.is_none() || writer.ended_at.is_some() && writer.next_at.is_none_or(|next| next > began) {
            return Ok(None);
        }
        store.one(&REDONE, params![key, reader, began], |row| Ok((row.get(0)?, row.get(1)?)))
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
        })
    }

    fn writer(&self, write: &Written) -> Result<&Wrote> {
        self.runs.get(&write.run).ok_or_else(|| lost("run", write.run))
    }
}

/// Returns the last of what `sql` finds, latest first: of several at one moment the run with the greatest id. To have
/// SQLite sort them costs many times as much as to look at the few.
fn last(store: &SqliteStore, sql: &str, params: impl Params) -> Result<Option<(RunId, Timestamp)>> {
    let mut statement = store.connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut last: Option<(RunId, Timestamp)> = None;
    while let Some(row) = rows.next()? {
        let (run, at) = (row.get(0)?, row.get(1)?);
        match last {
            Some((_, latest)) if at < latest => break,
            Some((known, _)) if known >= run => {}
            _ => last = Some((run, at)),
        }
    }
    Ok(last)
}

/// Returns the keys of which nothing is known, each once.
fn missing<K: Copy + Eq + Hash + Ord, V>(keys: impl Iterator<Item = K>, known: &KeyMap<K, V>) -> Vec<K> {
    let mut missing: Vec<K> = keys.filter(|key| !known.contains_key(key)).collect();
    missing.sort_unstable();
    missing.dedup();
    missing
}

/// Rows refer to no others than are there, as long as the file is whole.
fn lost(what: &str, key: impl Into<i64>) -> StoreError {
    StoreError::Corrupt(format!("{what} {} is missing", key.into()))
}
