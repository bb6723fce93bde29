//! Runs in full: everything that an answer shows of them, in a handful of statements for many runs.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Row, params};
use serde_json::Value;

use super::SqliteStore;
use super::find::key_list;
use super::map::{Bytes, size, version_id};
use super::triage::{IS_READ_TOO, IS_REDONE};
use super::write::run_row;
use crate::model::{ArtifactName, Declaration, Git, RunId, Timestamp, VersionId};
use crate::store::{
    CodeDetail, ComponentKey, ComponentRow, NoteDetail, ReadDetail, Result, RunDetail, RunKey, StoreError, WriteDetail,
    WriteOf,
};

/// How many runs one statement asks for.
const CHUNK: usize = 500;

/// The run's own columns as `run_row` reads them, then those of the rows that it points to.
const RUNS: &str = "SELECT r.id, r.uuid, r.project_id, r.component_id, r.status, r.started_at, r.ended_at,
     r.duration_us, r.process_id, r.parent, r.code_id, r.git_id, r.declaration_id, r.error, r.signature,
     p.name, d.content, s.host, s.user, s.last_seen,
     g.key, g.commit_id, g.branch, g.tags, g.dirty, g.remote,
     c.file, c.line, c.hash, CASE WHEN asked.with_source THEN c.source END, k.is_in_work_tree
 FROM (SELECT value, $1 AS with_source FROM json_each($2)) AS asked
 JOIN run r ON r.id = asked.value
 JOIN project p ON p.id = r.project_id
 LEFT JOIN declaration d ON d.id = r.declaration_id
 LEFT JOIN process s ON s.id = r.process_id
 LEFT JOIN git g ON g.id = r.git_id
 LEFT JOIN code c ON c.id = r.code_id
 LEFT JOIN code_check k ON k.process_id = r.process_id AND k.code_id = r.code_id
 WHERE r.component_id IS NOT NULL";

/// o: the run that wrote what was read; l: a write of the same content by another name; b: the last writer before,
/// when nobody known wrote what was read; n: a newer version by the reader's start; x: a later run of the same work, when
/// what is asked of it at the end holds.
const READS: &str = "SELECT d.run_id, d.n, a.name, a.kind, d.argument, d.at, v.id_kind, v.id_value, v.size, d.bound,
     o.id, o.uuid, wa.name, wv.id_kind, wv.id_value, w.at,
     lr.id, lr.uuid, la.name, lv.id_kind, lv.id_value, lw.at,
     CASE WHEN d.write_id IS NULL THEN (
         SELECT b.uuid FROM write q JOIN run b ON b.id = q.run_id
         WHERE q.artifact_id = d.artifact_id AND q.version_id IS NOT NULL AND q.at <= d.at
         AND (q.run_id <> d.run_id OR (q.said_at, q.n) < (d.at, d.n))
         ORDER BY q.at DESC, b.uuid DESC LIMIT 1) END,
     nr.uuid, nw.at, x.uuid, x.ended_at
 FROM json_each($1) AS asked
 JOIN read d ON d.run_id = asked.value
 JOIN run r ON r.id = d.run_id
 JOIN artifact a ON a.id = d.artifact_id
 LEFT JOIN version v ON v.id = d.seen_id
 LEFT JOIN write w ON w.id = d.write_id
 LEFT JOIN run o ON o.id = w.run_id
 LEFT JOIN artifact wa ON wa.id = w.artifact_id
 LEFT JOIN version wv ON wv.id = w.version_id
 LEFT JOIN write lw ON lw.id = d.like_id
 LEFT JOIN run lr ON lr.id = lw.run_id
 LEFT JOIN artifact la ON la.id = lw.artifact_id
 LEFT JOIN version lv ON lv.id = lw.version_id
 LEFT JOIN write nw ON nw.id = (
     SELECT q.id FROM write q JOIN run m ON m.id = q.run_id
     WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL AND q.version_id <> w.version_id
     AND q.at >= w.at AND (q.at > w.at OR m.uuid > o.uuid) AND q.at <= r.started_at AND q.run_id <> d.run_id
     ORDER BY q.at DESC, m.uuid DESC, q.n DESC LIMIT 1)
 LEFT JOIN run nr ON nr.id = nw.run_id
 LEFT JOIN run x ON x.id = (
     SELECT y.id FROM run y
     WHERE y.component_id = o.component_id AND y.signature = o.signature AND y.signature IS NOT NULL
     AND y.ended_at >= coalesce(o.ended_at, w.at) AND (y.ended_at > coalesce(o.ended_at, w.at) OR y.uuid > o.uuid)
     AND y.ended_at <= r.started_at AND y.status = 1 AND y.id <> d.run_id
     ORDER BY y.ended_at DESC, y.uuid DESC LIMIT 1)";

const WRITES: &str = "SELECT w.run_id, w.n, a.name, a.kind, w.argument, v.id_kind, v.id_value, v.size, w.at, w.said_at,
     (SELECT l.verdict FROM label l WHERE l.version_id = w.version_id ORDER BY l.at DESC, l.uuid DESC LIMIT 1)
 FROM json_each($1) AS asked
 JOIN write w ON w.run_id = asked.value
 JOIN artifact a ON a.id = w.artifact_id
 LEFT JOIN version v ON v.id = w.version_id
 ORDER BY w.run_id, w.n";

const PARAMS: &str =
    "SELECT q.run_id, q.name, q.value FROM json_each($1) AS asked JOIN param q ON q.run_id = asked.value";

const NOTES: &str = "SELECT q.run_id, q.uuid, q.text, q.at, q.by FROM json_each($1) AS asked
 JOIN note q ON q.run_id = asked.value ORDER BY q.at, q.uuid";

impl SqliteStore {
    pub(super) fn run_details(&self, runs: &[RunKey], with_source: bool) -> Result<Vec<RunDetail>> {
        let mut components = HashMap::new();
        let mut details = Vec::with_capacity(runs.len());
        for chunk in runs.chunks(CHUNK) {
            let mut found = self.chunk_of_details(&key_list(chunk), with_source, &mut components)?;
            details.extend(chunk.iter().filter_map(|run| found.remove(run)));
        }
        Ok(details)
    }

    fn chunk_of_details(
        &self,
        asked: &str,
        with_source: bool,
        components: &mut HashMap<ComponentKey, ComponentRow>,
    ) -> Result<HashMap<RunKey, RunDetail>> {
        let mut found = HashMap::new();
        for (mut detail, key) in
            self.all(RUNS, params![with_source, asked], |row| Ok((run_detail(row)?, row.get(3)?)))?
        {
            detail.component = match components.get(&key) {
                Some(known) => known.clone(),
                None => {
                    let missing = || StoreError::Corrupt(format!("component {} is missing", key.0));
                    let component = self.component_row(key, false)?.ok_or_else(missing)?;
                    components.insert(key, component.clone());
                    component
                }
            };
            found.insert(detail.key, detail);
        }
        let reads = format!("{READS} AND {IS_REDONE} AND NOT {IS_READ_TOO} ORDER BY d.run_id, d.n");
        for (run, read) in self.all(&reads, [asked], |row| Ok((row.get::<_, RunKey>(0)?, read_detail(row)?)))? {
            found.entry(run).and_modify(|detail| detail.reads.push(read));
        }
        for (run, write) in self.all(WRITES, [asked], |row| Ok((row.get::<_, RunKey>(0)?, write_detail(row)?)))? {
            found.entry(run).and_modify(|detail| detail.writes.push(write));
        }
        let param = |row: &Row<'_>| Ok((row.get::<_, RunKey>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?));
        for (run, name, value) in self.all(PARAMS, [asked], param)? {
            let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
            found.entry(run).and_modify(|detail| drop(detail.params.insert(name, value)));
        }
        let note = |row: &Row<'_>| {
            let id = row.get::<_, Bytes>(1)?.0;
            let note = NoteDetail { id, text: row.get(2)?, at: row.get(3)?, by: row.get(4)? };
            Ok((row.get::<_, RunKey>(0)?, note))
        };
        for (run, note) in self.all(NOTES, [asked], note)? {
            found.entry(run).and_modify(|detail| detail.notes.push(note));
        }
        Ok(found)
    }
}

fn run_detail(row: &Row<'_>) -> rusqlite::Result<RunDetail> {
    let key = row.get(0)?;
    let declared: Option<String> = row.get(16)?;
    let git = match row.get::<_, Option<String>>(20)? {
        None => None,
        Some(key) => {
            let tags: Option<String> = row.get(23)?;
            Some(Git {
                key,
                commit: row.get(21)?,
                branch: row.get(22)?,
                tags: tags.and_then(|tags| serde_json::from_str(&tags).ok()).unwrap_or_default(),
                dirty: row.get(24)?,
                remote: row.get(25)?,
            })
        }
    };
    let code = match (row.get::<_, Option<String>>(26)?, row.get(27)?, row.get(28)?) {
        (Some(file), Some(line), Some(hash)) => {
            Some(CodeDetail { file, line, hash, source: row.get(29)?, is_in_work_tree: row.get(30)? })
        }
        _ => None,
    };
    Ok(RunDetail {
        key,
        row: run_row(row)?,
        project: row.get(15)?,
        component: ComponentRow {
            key: row.get(3)?,
            name: String::new(),
            owner: None,
            description: None,
            stale_after_s: None,
            tags: Vec::new(),
            said_at: None,
            runs: 0,
            last_run: None,
        },
        declared: declared.and_then(|content| serde_json::from_str::<Declaration>(&content).ok()),
        host: row.get(17)?,
        user: row.get(18)?,
        last_seen: row.get(19)?,
        git,
        code,
        params: BTreeMap::new(),
        reads: Vec::new(),
        writes: Vec::new(),
        notes: Vec::new(),
    })
}

/// Returns the write in the six columns from `at`: run, its id, artifact, version, time.
fn write_of(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<WriteOf>> {
    let Some(run) = row.get::<_, Option<RunKey>>(at)? else { return Ok(None) };
    Ok(Some(WriteOf {
        run,
        run_id: row.get(at + 1)?,
        name: ArtifactName(row.get(at + 2)?),
        version: version_id(row, at + 3)?.unwrap_or(VersionId::None),
        at: row.get::<_, Option<Timestamp>>(at + 5)?.unwrap_or(Timestamp::MIN),
    }))
}

fn read_detail(row: &Row<'_>) -> rusqlite::Result<ReadDetail> {
    let other = |at: usize| -> rusqlite::Result<Option<(RunId, Timestamp)>> {
        Ok(row.get::<_, Option<RunId>>(at)?.zip(row.get(at + 1)?))
    };
    Ok(ReadDetail {
        n: row.get(1)?,
        name: ArtifactName(row.get(2)?),
        kind: row.get(3)?,
        argument: row.get(4)?,
        at: row.get(5)?,
        seen: version_id(row, 6)?,
        size: size(row, 8)?,
        bound: row.get(9)?,
        write: write_of(row, 10)?,
        like: write_of(row, 16)?,
        last_writer: row.get(22)?,
        superseded_by: other(23)?,
        redone_by: other(25)?,
    })
}

fn write_detail(row: &Row<'_>) -> rusqlite::Result<WriteDetail> {
    Ok(WriteDetail {
        n: row.get(1)?,
        name: ArtifactName(row.get(2)?),
        kind: row.get(3)?,
        argument: row.get(4)?,
        version: version_id(row, 5)?,
        size: size(row, 7)?,
        at: row.get(8)?,
        said_at: row.get(9)?,
        label: row.get(10)?,
    })
}
