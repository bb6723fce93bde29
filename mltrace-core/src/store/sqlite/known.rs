//! What runs read, told from what is known of the writes that they saw.

use std::cell::OnceCell;
use std::hash::Hash;

use foldhash::HashMap;
use rusqlite::{Params, Row, params};

use super::SqliteStore;
use super::keys::{among, ascending};
use super::map::{size, version_id};
use super::redone::{Likes, Reader, Work, Wrote};
use crate::model::{ArtifactKind, ArtifactName, Bound, RunId, Timestamp, VersionId};
use crate::store::{
    ArtifactKey, ReadDetail, Result, RunKey, RunRow, StoreError, VersionKey, WriteDetail, WriteKey, WriteOf,
};

const READS: &str = concat!(
    "SELECT d.run_id, d.n, d.artifact_id, d.seen_id, d.at, d.bound, d.write_id, d.like_id,
         d.argument_id
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
    "SELECT r.id, r.uuid, r.component_id, r.signature, r.status, r.started_at, r.ended_at,
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

/// What was met while runs were gathered.
#[derive(Default)]
pub(super) struct Known {
    runs: HashMap<RunKey, Wrote>,
    writes: HashMap<WriteKey, Written>,
    artifacts: HashMap<ArtifactKey, (ArtifactName, ArtifactKind)>,
    versions: HashMap<VersionKey, (VersionId, Option<u64>)>,
    /// What arguments, bindings and expressions are called: few texts, each met with many edges.
    arguments: HashMap<i64, String>,
    likes: OnceCell<Likes>,
}

/// A read as its row tells it.
pub(super) struct Read {
    pub(super) run: RunKey,
    n: u32,
    artifact: ArtifactKey,
    seen: Option<VersionKey>,
    at: Timestamp,
    bound: Bound,
    write: Option<WriteKey>,
    like: Option<WriteKey>,
    argument: Option<i64>,
}

/// A write.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) run: RunKey,
    artifact: ArtifactKey,
    version: Option<VersionKey>,
    pub(super) at: Option<Timestamp>,
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
        let RunRow { id, component, signature, status, started_at, ended_at, .. } = *row;
        let work = component.zip(signature).map(|(component, signature)| Work { component, signature });
        self.runs.insert(key, Wrote { id, work, status, started_at, ended_at, next_at });
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

    /// Returns what an argument is called.
    pub(super) fn argument(&mut self, store: &SqliteStore, key: Option<i64>) -> Result<Option<String>> {
        let Some(key) = key else { return Ok(None) };
        if let Some(name) = self.arguments.get(&key) {
            return Ok(Some(name.clone()));
        }
        let name: Option<String> = store.one("SELECT name FROM argument WHERE id = $1", [key], |row| row.get(0))?;
        self.arguments.extend(name.clone().map(|name| (key, name)));
        Ok(name)
    }

    /// Returns what the listed runs read, once all that is needed to tell of it is known.
    pub(super) fn reads(&mut self, store: &SqliteStore, list: &str) -> Result<Vec<Read>> {
        let reads = store.all(READS, [list], read)?;
        let seen = reads.iter().flat_map(|read| [read.write, read.like]).flatten();
        let writes = store.each(WRITES, &missing(seen, &self.writes), |row| {
            let (run, artifact, version) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, Written { run, artifact, version, at: row.get(4)?, next_at: row.get(5)? }))
        })?;
        let runs = missing(writes.iter().map(|(_, write)| write.run), &self.runs);
        self.runs.extend(store.each(RUNS, &runs, |row| {
            let work = row.get::<_, Option<_>>(2)?.zip(row.get(3)?);
            let work = work.map(|(component, signature)| Work { component, signature });
            let (id, status, started_at, ended_at) = (row.get(1)?, row.get(4)?, row.get(5)?, row.get(6)?);
            Ok((row.get(0)?, Wrote { id, work, status, started_at, ended_at, next_at: row.get(7)? }))
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

    /// Returns a read as an answer shows it.
    pub(super) fn read_detail(&mut self, store: &SqliteStore, read: &Read, reader: &Reader<'_>) -> Result<ReadDetail> {
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
        let (superseded_by, redone_by) = match read.write.zip(write).zip(reader.began) {
            Some(((key, write), began)) => {
                let writer = self.writer(write)?;
                let likes = || self.likes.get_or_init(|| Likes::of(&self.runs));
                let superseded_by = superseded(store, write, writer.id, read.run, began)?;
                (superseded_by, writer.redone(store, (key, write), (reader, began, self), likes)?)
            }
            None => (None, None),
        };
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
        })
    }

    /// Returns the runs that some reads read from, in ascending order.
    pub(super) fn sources(&self, reads: &[Read]) -> Vec<RunKey> {
        let writes = reads.iter().filter_map(|read| self.writes.get(&read.write?));
        let mut sources: Vec<RunKey> = writes.map(|write| write.run).collect();
        sources.sort_unstable();
        sources
    }

    /// Returns a run that wrote something.
    pub(super) fn run(&self, key: RunKey) -> Option<&Wrote> {
        self.runs.get(&key)
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

fn read(row: &Row<'_>) -> rusqlite::Result<Read> {
    Ok(Read {
        run: row.get(0)?,
        n: row.get(1)?,
        artifact: row.get(2)?,
        seen: row.get(3)?,
        at: row.get(4)?,
        bound: row.get(5)?,
        write: row.get(6)?,
        like: row.get(7)?,
        argument: row.get(8)?,
    })
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

/// Returns the last of what `sql` finds, latest first: of several at one moment the run with the greatest id. To have
/// SQLite sort them costs many times as much as to look at the few.
pub(super) fn last<T>(
    store: &SqliteStore,
    sql: &str,
    params: impl Params,
    map: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<(RunId, Timestamp, T)>> {
    let mut statement = store.connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut last: Option<(RunId, Timestamp, T)> = None;
    while let Some(row) = rows.next()? {
        let (run, at) = (row.get(0)?, row.get(1)?);
        match last {
            Some((_, latest, _)) if at < latest => break,
            Some((known, ..)) if known >= run => {}
            _ => last = Some((run, at, map(row)?)),
        }
    }
    Ok(last)
}

/// Returns the keys of which nothing is known, each once.
fn missing<K: Copy + Eq + Hash + Ord, V>(keys: impl Iterator<Item = K>, known: &HashMap<K, V>) -> Vec<K> {
    ascending(keys.filter(|key| !known.contains_key(key)))
}

/// Rows refer to no others than are there, as long as the file is whole.
fn lost(what: &str, key: impl Into<i64>) -> StoreError {
    StoreError::Corrupt(format!("{what} {} is missing", key.into()))
}
