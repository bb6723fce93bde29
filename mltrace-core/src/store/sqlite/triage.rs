//! What triage asks: what was made from something, what is the latest, what is fresher, what is usual.

use rusqlite::{Row, params};

use super::SqliteStore;
use super::find::{key_list, version_at};
use super::keys::{among, ascending};
use super::last::{last_read, last_write};
use super::map::version_columns;
use super::write::FIND_VERSION;
use crate::model::{ArtifactName, RunId, Status, Timestamp, VersionId};
use crate::store::{
    ArtifactKey, ComponentKey, CurrentRow, OutputRow, ProjectKey, Result, RunKey, VersionKey, WriteKey,
};

/// How many runs one statement asks for.
const CHUNK: usize = 10_000;

impl SqliteStore {
    pub(super) fn all_current(&self, project: ProjectKey, at: Timestamp) -> Result<Vec<CurrentRow>> {
        // w: the last write of the artifact; v: what it made, or what was read last of an artifact that nobody wrote.
        let sql = concat!(
            "SELECT v.id, v.id_kind, v.id_value, w.run_id, w.at, a.name, CASE WHEN w.at <= ?1 THEN w.run_id ELSE (
                 SELECT by.run_id FROM write by WHERE by.id = ",
            last_write!("q.version_id = w.version_id AND q.at <= ?1"),
            ") END FROM artifact a LEFT JOIN write w ON w.id = ",
            last_write!("q.artifact_id = a.id AND q.version_id IS NOT NULL"),
            " LEFT JOIN version v ON v.id = coalesce(w.version_id, ",
            last_read!("q.seen_id", "q.artifact_id = a.id AND q.seen_id IS NOT NULL"),
            ") WHERE a.project_id = ?2 OR a.id IN (SELECT artifact_id FROM also_in WHERE project_id = ?2) ORDER BY a.name"
        );
        self.all(sql, params![at, project], |row| {
            let is_known = row.get::<_, Option<i64>>(0)?.is_some();
            let latest = if is_known { Some(version_at(row)?) } else { None };
            Ok(CurrentRow { name: ArtifactName(row.get(5)?), latest, made_by: row.get(6)? })
        })
    }

    pub(super) fn written_by(&self, runs: &[RunKey]) -> Result<Vec<(RunKey, VersionKey)>> {
        const SQL: &str = concat!(
            "SELECT w.run_id, w.n, w.version_id FROM json_each($1) AS asked CROSS JOIN write w ON ",
            among!("w.run_id"),
            " WHERE w.version_id IS NOT NULL"
        );
        let mut found: Vec<(RunKey, u32, VersionKey)> =
            self.each(SQL, &ascending(runs.iter().copied()), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        found.sort_by_key(|(run, n, _)| (*run, *n));
        Ok(found.into_iter().map(|(run, _, version)| (run, version)).collect())
    }

    pub(super) fn readers_of_version(&self, artifact: ArtifactKey, version: &VersionId) -> Result<Vec<RunKey>> {
        let (kind, value) = version_columns(version);
        if *version == VersionId::None {
            let sql =
                "SELECT DISTINCT run_id FROM read WHERE artifact_id = $1 AND seen_id IS NULL AND write_id IS NULL";
            return self.all(sql, params![artifact], |row| row.get(0));
        }
        // Who reported this version, and who was bound to a write of it: by time, as a copy under another name, or because
        // the one lies in the other.
        let sql = format!(
            "WITH asked (id) AS ({FIND_VERSION})
             SELECT d.run_id FROM asked JOIN read d ON d.seen_id = asked.id
             UNION
             SELECT d.run_id FROM asked JOIN write w ON w.version_id = asked.id JOIN read d ON d.write_id = w.id
             UNION
             SELECT d.run_id FROM asked JOIN write w ON w.version_id = asked.id JOIN part d ON d.write_id = w.id"
        );
        self.all(&sql, params![artifact, kind, value], |row| row.get(0))
    }

    pub(super) fn readers_of_writes(&self, writes: &[WriteKey]) -> Result<Vec<RunKey>> {
        const SQL: &str = concat!(
            "WITH made (id) AS (SELECT w.version_id FROM json_each($1) AS asked CROSS JOIN write w ON ",
            among!("w.id"),
            ")
             SELECT d.run_id FROM made JOIN read d ON d.seen_id = made.id
             UNION
             SELECT d.run_id FROM made JOIN write w ON w.version_id = made.id JOIN read d ON d.write_id = w.id
             UNION
             SELECT d.run_id FROM made JOIN write w ON w.version_id = made.id JOIN part d ON d.write_id = w.id"
        );
        Ok(ascending(self.each(SQL, &ascending(writes.iter().copied()), |row| row.get(0))?))
    }

    pub(super) fn durations_of(&self, component: ComponentKey, limit: usize) -> Result<Vec<f64>> {
        let sql = "SELECT duration_us / 1000.0 FROM run
             WHERE component_id = $1 AND status = $2 AND duration_us IS NOT NULL ORDER BY started_at DESC LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![component, Status::Completed, limit], |row| row.get(0))
    }

    pub(super) fn outputs_of(&self, runs: &[RunKey]) -> Result<Vec<OutputRow>> {
        // Each write that counts, beside the last write of the same artifact by anybody.
        let sql = concat!(
            "SELECT w.run_id, w.version_id, last.run_id, last.version_id = w.version_id, w.at, maker.uuid, w.n
             FROM json_each($1) AS asked
             JOIN write w ON w.run_id = asked.value AND w.version_id IS NOT NULL
             JOIN run maker ON maker.id = w.run_id
             JOIN write last ON last.id = ",
            last_write!("q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL")
        );
        // The same where a name may be that of another thing on each host: the last write on the same host.
        let on_hosts =
            "SELECT w.run_id, w.version_id, last.run_id, last.version_id = w.version_id, w.at, maker.uuid, w.n
             FROM json_each($1) AS asked
             JOIN write w ON w.run_id = asked.value AND w.version_id IS NOT NULL
             JOIN run maker ON maker.id = w.run_id LEFT JOIN process h ON h.id = maker.process_id
             JOIN artifact a ON a.id = w.artifact_id
             JOIN write last ON last.id = (SELECT q.id FROM write q JOIN run r ON r.id = q.run_id
                 LEFT JOIN process p ON p.id = r.process_id
                 WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL
                 AND (a.name NOT GLOB '/*' OR NOT coalesce(p.host <> h.host, r.project_id <> maker.project_id)
                     OR EXISTS (SELECT 1 FROM shared_folder f
                         WHERE a.name = f.path OR substr(a.name, 1, length(f.path) + 1) = f.path || '/'))
                 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)";
        let sql = if self.has_hosts()? { on_hosts } else { sql };
        let mut found: Vec<(Timestamp, RunId, u32, OutputRow)> = Vec::with_capacity(runs.len());
        for chunk in runs.chunks(CHUNK) {
            let output = |row: &Row<'_>| Ok((row.get(4)?, row.get(5)?, row.get(6)?, output_row(row)?));
            found.extend(self.all(sql, [key_list(chunk)], output)?);
        }
        // Of equal times the greater id is later, as everywhere: the order of arrival says nothing.
        found.sort_unstable_by_key(|(at, writer, n, _)| (*at, *writer, *n));
        Ok(found.into_iter().map(|(.., output)| output).collect())
    }
}

fn output_row(row: &Row<'_>) -> rusqlite::Result<OutputRow> {
    Ok(OutputRow { run: row.get(0)?, version: row.get(1)?, last: Some((row.get(2)?, row.get(3)?)) })
}
