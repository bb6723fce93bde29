//! What runs read, derived from what is known of the writes that they saw.

use std::hash::Hash;

use foldhash::HashMap;
use rusqlite::Row;

use super::SqliteStore;
use super::keys::{among, ascending};
use super::listed::{Full, Room};
use super::map::{size, version_id};
use crate::model::{ArtifactKind, ArtifactName, Bound, RunId, Status, Timestamp, VersionId};
use crate::store::{ArtifactKey, Result, RunKey, RunRow, VersionKey, WorkKey, WriteDetail, WriteKey};

const READS: &str = concat!(
    "SELECT d.run_id, d.n, d.artifact_id, d.seen_id, d.at, d.bound, d.write_id, d.like_id,
         d.argument_id
     FROM json_each($1) AS asked CROSS JOIN read d ON ",
    among!("d.run_id")
);

/// What else reads saw.
const PARTS: &str =
    concat!("SELECT p.run_id, p.n, p.write_id FROM json_each($1) AS asked CROSS JOIN part p ON ", among!("p.run_id"));

const WRITES: &str = concat!(
    "SELECT w.id, w.run_id, w.artifact_id, w.version_id, w.at,
     (SELECT q.at FROM write q WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL
      AND q.at >= w.at AND q.id <> w.id ORDER BY q.at LIMIT 1)
     FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.id")
);

const RUNS: &str = concat!(
    "SELECT r.id, r.uuid, r.component_id, r.signature, r.started_at, r.ended_at, r.status,
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

/// A run that wrote something.
#[derive(Clone, Copy)]
pub(super) struct Writer {
    pub(super) id: RunId,
    pub(super) work: Option<WorkKey>,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) is_completed: bool,
    /// When another run of the same work first ended after it.
    pub(super) next_at: Option<Timestamp>,
}

/// A read as its row has it.
pub(super) struct Read {
    pub(super) run: RunKey,
    pub(super) n: u32,
    pub(super) artifact: ArtifactKey,
    pub(super) seen: Option<VersionKey>,
    pub(super) at: Timestamp,
    pub(super) bound: Bound,
    pub(super) write: Option<WriteKey>,
    pub(super) like: Option<WriteKey>,
    pub(super) argument: Option<i64>,
    pub(super) parts: Vec<WriteKey>,
}

/// A write.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) run: RunKey,
    pub(super) artifact: ArtifactKey,
    pub(super) version: Option<VersionKey>,
    pub(super) at: Option<Timestamp>,
    /// When the artifact was next written; nothing can have superseded it before.
    pub(super) next_at: Option<Timestamp>,
}

/// What was met while runs were gathered.
#[derive(Default)]
pub(super) struct Known {
    pub(super) runs: HashMap<RunKey, Writer>,
    pub(super) writes: HashMap<WriteKey, Written>,
    pub(super) artifacts: HashMap<ArtifactKey, (ArtifactName, ArtifactKind)>,
    pub(super) versions: HashMap<VersionKey, (VersionId, Option<u64>)>,
    /// What arguments, bindings and expressions are called: few texts, each met with many edges.
    pub(super) arguments: HashMap<i64, String>,
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
        let RunRow { id, component, signature, started_at, ended_at, status, .. } = *row;
        let is_completed = status == Status::Completed;
        let work = component.zip(signature).map(|(component, signature)| WorkKey { component, signature });
        self.runs.insert(key, Writer { id, work, began: started_at, ended: ended_at, is_completed, next_at });
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

    /// Returns what the listed runs read, as far as there is room, once all that is needed to say of it is known; and the runs
    /// that may have read more, each with how much of it is there.
    pub(super) fn reads(
        &mut self,
        store: &SqliteStore,
        (keys, list): (&[RunKey], &str),
        room: &mut Room,
    ) -> Result<(Vec<Read>, Full)> {
        // Most runs read something, and many read one thing or two.
        let mut reads = Vec::with_capacity(keys.len().saturating_mul(2));
        let full = store.edges_of(READS, (keys, list), room, &mut |row| {
            let read = read(row)?;
            let run = read.run;
            reads.push(read);
            Ok(run)
        })?;
        if store.has_parts()? {
            let parts: Vec<(RunKey, u32, WriteKey)> =
                store.all(PARTS, [list], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            add_parts(&mut reads, &parts);
        }
        let parts = reads.iter().flat_map(|read| &read.parts).copied();
        let seen = reads.iter().flat_map(|read| [read.write, read.like]).flatten().chain(parts);
        let writes = store.each(WRITES, &missing(seen, &self.writes), |row| {
            let (run, artifact, version) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((row.get(0)?, Written { run, artifact, version, at: row.get(4)?, next_at: row.get(5)? }))
        })?;
        let runs = missing(writes.iter().map(|(_, write)| write.run), &self.runs);
        self.runs.extend(store.each(RUNS, &runs, |row| {
            let work = row.get::<_, Option<_>>(2)?.zip(row.get(3)?);
            let work = work.map(|(component, signature)| WorkKey { component, signature });
            let (id, began, ended, next_at) = (row.get(1)?, row.get(4)?, row.get(5)?, row.get(7)?);
            let is_completed = row.get::<_, Status>(6)? == Status::Completed;
            Ok((row.get(0)?, Writer { id, work, began, ended, is_completed, next_at }))
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
        Ok((reads, full))
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
        parts: Vec::new(),
    })
}

/// Gives each read what else it saw; both come by run.
fn add_parts(reads: &mut [Read], parts: &[(RunKey, u32, WriteKey)]) {
    for parts in parts.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        let Some((run, n, _)) = parts.first() else { continue };
        let place = reads.partition_point(|read| (read.run, read.n) < (*run, *n));
        if let Some(read) = reads.get_mut(place).filter(|read| (read.run, read.n) == (*run, *n)) {
            read.parts = parts.iter().map(|(.., write)| *write).collect();
        }
    }
}

/// Returns the keys about which nothing is known, each once.
fn missing<K: Copy + Eq + Hash + Ord, V>(keys: impl Iterator<Item = K>, known: &HashMap<K, V>) -> Vec<K> {
    ascending(keys.filter(|key| !known.contains_key(key)))
}
