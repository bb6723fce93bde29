//! What triage asks: what was made from something, what is the latest, what is fresher, what is usual.

use rusqlite::{Row, params};

use super::SqliteStore;
use super::find::{key_list, version_at};
use super::map::{version_columns, version_id};
use crate::model::{ArtifactName, Status, Version, VersionId};
use crate::store::{ArtifactKey, ComponentKey, OutputRow, ProjectKey, Result, RunKey, VersionAt};

/// How many runs one statement asks for.
const CHUNK: usize = 10_000;

impl SqliteStore {
    pub(super) fn all_latest(&self, project: ProjectKey) -> Result<Vec<(ArtifactName, Option<VersionAt>)>> {
        // w: the last write of the artifact; v: what it made, or what was read last of an artifact that nobody wrote.
        let sql = "SELECT v.id, v.id_kind, v.id_value, w.run_id, w.at, a.name FROM artifact a
             LEFT JOIN write w ON w.id = (
                 SELECT q.id FROM write q JOIN run r ON r.id = q.run_id
                 WHERE q.artifact_id = a.id AND q.version_id IS NOT NULL
                 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)
             LEFT JOIN version v ON v.id = coalesce(w.version_id, (
                 SELECT d.seen_id FROM read d WHERE d.artifact_id = a.id AND d.seen_id IS NOT NULL
                 ORDER BY d.at DESC LIMIT 1))
             WHERE a.project_id = $1 ORDER BY a.name";
        self.all(sql, [project], |row| {
            let is_known = row.get::<_, Option<i64>>(0)?.is_some();
            Ok((ArtifactName(row.get(5)?), if is_known { Some(version_at(row)?) } else { None }))
        })
    }

    pub(super) fn all_downstream(&self, runs: &[RunKey]) -> Result<Vec<(RunKey, RunKey)>> {
        // down: all runs downstream, each once; then the edges among them.
        let sql = "WITH RECURSIVE down (run_id) AS (
                 SELECT value FROM json_each($1)
                 UNION
                 SELECT d.run_id FROM down JOIN write w ON w.run_id = down.run_id JOIN read d ON d.write_id = w.id)
             SELECT DISTINCT w.run_id, d.run_id FROM down
             JOIN write w ON w.run_id = down.run_id JOIN read d ON d.write_id = w.id
             WHERE w.run_id <> d.run_id";
        self.all(sql, [key_list(runs)], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub(super) fn readers_of_version(&self, artifact: ArtifactKey, version: &VersionId) -> Result<Vec<RunKey>> {
        let (kind, value) = version_columns(version);
        if *version == VersionId::None {
            let sql =
                "SELECT DISTINCT run_id FROM read WHERE artifact_id = $1 AND seen_id IS NULL AND write_id IS NULL";
            return self.all(sql, params![artifact], |row| row.get(0));
        }
        // Who told this version, and who was bound to a write of it: by time, or as a copy under another name.
        let sql =
            "WITH asked (id) AS (SELECT id FROM version WHERE artifact_id = $1 AND id_kind = $2 AND id_value = $3)
             SELECT d.run_id FROM asked JOIN read d ON d.seen_id = asked.id
             UNION
             SELECT d.run_id FROM asked JOIN write w ON w.version_id = asked.id JOIN read d ON d.write_id = w.id";
        self.all(sql, params![artifact, kind, value], |row| row.get(0))
    }

    pub(super) fn durations_of(&self, component: ComponentKey, limit: usize) -> Result<Vec<f64>> {
        let sql = "SELECT duration_us / 1000.0 FROM run
             WHERE component_id = $1 AND status = $2 AND duration_us IS NOT NULL ORDER BY started_at DESC LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![component, Status::Completed, limit], |row| row.get(0))
    }

    pub(super) fn outputs_of(&self, runs: &[RunKey]) -> Result<Vec<OutputRow>> {
        // Each write that counts, beside the last write of the same artifact by anybody.
        let sql = "SELECT w.run_id, a.name, v.id_kind, v.id_value, w.at, last.run_id, last.version_id = w.version_id
             FROM json_each($1) AS asked
             JOIN write w ON w.run_id = asked.value
             JOIN artifact a ON a.id = w.artifact_id
             JOIN version v ON v.id = w.version_id
             JOIN write last ON last.id = (
                 SELECT q.id FROM write q JOIN run r ON r.id = q.run_id
                 WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL
                 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)
             ORDER BY w.at, w.run_id, w.n";
        let mut found = Vec::new();
        for chunk in runs.chunks(CHUNK) {
            found.extend(self.all(sql, [key_list(chunk)], output_row)?);
        }
        found.sort_by_key(|output| output.at);
        Ok(found)
    }
}

fn output_row(row: &Row<'_>) -> rusqlite::Result<OutputRow> {
    Ok(OutputRow {
        run: row.get(0)?,
        version: Version { name: ArtifactName(row.get(1)?), version: version_id(row, 2)?.unwrap_or(VersionId::None) },
        at: row.get(4)?,
        last_run: row.get(5)?,
        is_last: row.get(6)?,
    })
}
