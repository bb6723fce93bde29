//! What triage asks: what was made from something, what is the latest, what is fresher, what is usual.

use std::collections::BTreeMap;

use rusqlite::{Row, params};

use super::SqliteStore;
use super::find::{key_list, version_at};
use super::keys::{among, ascending};
use super::map::version_columns;
use super::write::FIND_VERSION;
use crate::model::{ArtifactName, RunId, Status, Timestamp, VersionId};
use crate::store::{
    ArtifactKey, ComponentKey, CurrentRow, FresherRow, OutputRow, ProjectKey, Result, RunKey, VersionAt, VersionKey,
};

/// The last run by the time `asked.at` of the component, input names and parameters of run `o`.
const LIKE: &str = "(
     SELECT y.id FROM run y
     WHERE y.component_id = o.component_id AND y.signature = o.signature AND y.signature IS NOT NULL
     AND y.ended_at >= coalesce(o.ended_at, w.at) AND (y.ended_at > coalesce(o.ended_at, w.at) OR y.uuid > o.uuid)
     AND y.ended_at <= asked.at AND y.status = 1
     ORDER BY y.ended_at DESC, y.uuid DESC LIMIT 1)";

/// Whether run `x`, of the component, input names and parameters of run `o`, did the work behind its write `w` again: it
/// began later, made something else, and is not known to have made it of the same contents by the same code. The
/// line of a command is 0: another command is other work.
pub(super) const IS_REDONE: &str = "x.started_at >= w.at
     AND NOT EXISTS (SELECT 1 FROM write m WHERE m.run_id = x.id AND m.version_id = w.version_id)
     AND (NOT EXISTS (SELECT 1 FROM read i WHERE i.run_id = x.id)
         OR EXISTS (SELECT 1 FROM read i WHERE i.run_id = x.id
             AND coalesce(i.seen_id, -1) NOT IN (
                 SELECT j.seen_id FROM read j WHERE j.run_id = o.id AND j.seen_id IS NOT NULL)
             AND NOT EXISTS (SELECT 1 FROM write m WHERE m.id = i.write_id AND m.run_id = x.id))
         OR EXISTS (SELECT 1 FROM git xg JOIN git og ON xg.commit_id <> og.commit_id
             WHERE xg.id = x.git_id AND og.id = o.git_id)
         OR EXISTS (SELECT 1 FROM code xc JOIN code oc ON xc.file = oc.file AND xc.hash <> oc.hash
             WHERE xc.id = x.code_id AND oc.id = o.code_id AND xc.line > 0))";

/// Whether the reader `d` read from run `x` as well: then both are parts of what it read, and neither is the fresher.
const IS_READ_TOO: &str = "(EXISTS (
     SELECT 1 FROM write p CROSS JOIN read e ON e.write_id = p.id AND e.run_id = d.run_id WHERE p.run_id = x.id)
     OR EXISTS (
     SELECT 1 FROM write p CROSS JOIN part e ON e.write_id = p.id AND e.run_id = d.run_id WHERE p.run_id = x.id))";

/// How many runs one statement asks for.
const CHUNK: usize = 10_000;

/// The columns of a [`FresherRow`] from 1 on, of a write `w` by run `o`. n: the last write of the artifact by another run
/// than the one in question, when it made another version; x: a later run that did
/// the work behind it again.
const FRESHER: &str = "a.name, o.uuid, w.at, nr.uuid, n.at, x.uuid, x.ended_at";

impl SqliteStore {
    pub(super) fn fresher_inputs_of(&self, runs: &[RunKey], at: Timestamp) -> Result<Vec<(RunKey, FresherRow)>> {
        let mut found = self.fresher_among(runs, at, "read")?;
        if self.has_parts()? {
            found.extend(last_of_parts(self.fresher_among(runs, at, "part")?));
        }
        Ok(found)
    }

    /// Returns what is fresher than what runs saw by name, or beside it.
    fn fresher_among(&self, runs: &[RunKey], at: Timestamp, seen: &str) -> Result<Vec<(RunKey, FresherRow)>> {
        // A run that updates what it reads is not behind those that update it further.
        let sql = format!(
            "SELECT d.run_id, {FRESHER}, NULL
             FROM (SELECT $1 AS at, value AS run_id FROM json_each($2)) AS asked
             JOIN {seen} d ON d.run_id = asked.run_id
             JOIN write w ON w.id = d.write_id
             JOIN run o ON o.id = w.run_id
             JOIN artifact a ON a.id = w.artifact_id
             LEFT JOIN write n ON n.id = (
                 SELECT q.id FROM write q JOIN run r ON r.id = q.run_id
                 WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL AND q.at <= asked.at
                 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)
                 AND n.version_id <> w.version_id AND n.at >= w.at
                 AND NOT EXISTS (
                     SELECT 1 FROM write own WHERE own.run_id = d.run_id AND own.artifact_id = w.artifact_id)
             LEFT JOIN run nr ON nr.id = n.run_id
             LEFT JOIN run x ON x.id = {LIKE} AND x.id <> d.run_id AND {IS_REDONE} AND NOT {IS_READ_TOO}
             WHERE w.run_id <> d.run_id AND (n.id IS NOT NULL OR x.id IS NOT NULL)
             ORDER BY d.run_id, d.n"
        );
        let mut found = Vec::new();
        for chunk in runs.chunks(CHUNK) {
            found.extend(self.all(&sql, params![at, key_list(chunk)], fresher_row)?);
        }
        Ok(found)
    }

    pub(super) fn freshness_of(&self, versions: &[VersionKey], at: Timestamp) -> Result<Vec<(RunKey, FresherRow)>> {
        let sql = format!(
            "SELECT w.run_id, {FRESHER}, (
                 SELECT c.stale_after_s FROM read d JOIN run r ON r.id = d.run_id
                 JOIN component c ON c.id = r.component_id
                 WHERE d.artifact_id = w.artifact_id ORDER BY d.at DESC, r.uuid DESC LIMIT 1)
             FROM (SELECT $1 AS at, value AS version_id FROM json_each($2)) AS asked
             JOIN write w ON w.id = (
                 SELECT q.id FROM write q JOIN run r ON r.id = q.run_id
                 WHERE q.version_id = asked.version_id AND q.at <= asked.at
                 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)
             JOIN run o ON o.id = w.run_id
             JOIN artifact a ON a.id = w.artifact_id
             LEFT JOIN write n ON n.id = (
                 SELECT q.id FROM write q JOIN run r ON r.id = q.run_id
                 WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL AND q.at <= asked.at
                 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)
                 AND n.version_id <> w.version_id AND n.at >= w.at
             LEFT JOIN run nr ON nr.id = n.run_id
             LEFT JOIN run x ON x.id = {LIKE} AND {IS_REDONE}"
        );
        let mut found = Vec::new();
        for chunk in versions.chunks(CHUNK) {
            let keys = super::write::json(&chunk.iter().map(|version| version.0).collect::<Vec<_>>());
            found.extend(self.all(&sql, params![at, keys], fresher_row)?);
        }
        Ok(found)
    }

    pub(super) fn all_current(&self, project: ProjectKey, at: Timestamp) -> Result<Vec<CurrentRow>> {
        let sql = "SELECT w.run_id, w.version_id, CASE WHEN w.at <= $1 THEN w.run_id ELSE (
                 SELECT q.run_id FROM write q JOIN run r ON r.id = q.run_id
                 WHERE q.version_id = w.version_id AND q.at <= $1 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1) END
             FROM artifact a
             JOIN write w ON w.id = (
                 SELECT q.id FROM write q JOIN run r ON r.id = q.run_id
                 WHERE q.artifact_id = a.id AND q.version_id IS NOT NULL
                 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)
             WHERE a.project_id = $2 ORDER BY a.name";
        self.all(sql, params![at, project], |row| {
            Ok(CurrentRow { run: row.get(0)?, version: row.get(1)?, made_by: row.get(2)? })
        })
    }

    pub(super) fn all_latest(&self, project: ProjectKey) -> Result<Vec<(ArtifactName, Option<VersionAt>)>> {
        // w: the last write of the artifact; v: what it made, or what was read last of an artifact that nobody wrote.
        let sql = "SELECT v.id, v.id_kind, v.id_value, w.run_id, w.at, a.name FROM artifact a
             LEFT JOIN write w ON w.id = (
                 SELECT q.id FROM write q JOIN run r ON r.id = q.run_id
                 WHERE q.artifact_id = a.id AND q.version_id IS NOT NULL
                 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)
             LEFT JOIN version v ON v.id = coalesce(w.version_id, (
                 SELECT d.seen_id FROM read d JOIN run r ON r.id = d.run_id
                 WHERE d.artifact_id = a.id AND d.seen_id IS NOT NULL ORDER BY d.at DESC, r.uuid DESC, d.n DESC LIMIT 1))
             WHERE a.project_id = $1 ORDER BY a.name";
        self.all(sql, [project], |row| {
            let is_known = row.get::<_, Option<i64>>(0)?.is_some();
            Ok((ArtifactName(row.get(5)?), if is_known { Some(version_at(row)?) } else { None }))
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
        // Who told this version, and who was bound to a write of it: by time, as a copy under another name, or because
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

    pub(super) fn durations_of(&self, component: ComponentKey, limit: usize) -> Result<Vec<f64>> {
        let sql = "SELECT duration_us / 1000.0 FROM run
             WHERE component_id = $1 AND status = $2 AND duration_us IS NOT NULL ORDER BY started_at DESC LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![component, Status::Completed, limit], |row| row.get(0))
    }

    pub(super) fn outputs_of(&self, runs: &[RunKey]) -> Result<Vec<OutputRow>> {
        // Each write that counts, beside the last write of the same artifact by anybody.
        let sql = "SELECT w.run_id, w.version_id, last.run_id, last.version_id = w.version_id, w.at, maker.uuid, w.n
             FROM json_each($1) AS asked
             JOIN write w ON w.run_id = asked.value AND w.version_id IS NOT NULL
             JOIN run maker ON maker.id = w.run_id
             JOIN write last ON last.id = (
                 SELECT q.id FROM write q JOIN run r ON r.id = q.run_id
                 WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL
                 ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)";
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

/// Returns of what lies in folders only the last that is fresher, for each run: a folder may hold any number.
fn last_of_parts(rows: Vec<(RunKey, FresherRow)>) -> Vec<(RunKey, FresherRow)> {
    let mut last: BTreeMap<(RunKey, bool), FresherRow> = BTreeMap::new();
    let moment = |row: &FresherRow| row.superseded_by.or(row.redone_by).map(|(run, at)| (at, run));
    for (run, row) in rows {
        let known = last.entry((run, row.superseded_by.is_some())).or_insert_with(|| row.clone());
        if moment(known) < moment(&row) {
            *known = row;
        }
    }
    last.into_iter().map(|((run, _), row)| (run, row)).collect()
}

fn fresher_row(row: &Row<'_>) -> rusqlite::Result<(RunKey, FresherRow)> {
    let other = |at: usize| -> rusqlite::Result<Option<(RunId, Timestamp)>> {
        Ok(row.get::<_, Option<RunId>>(at)?.zip(row.get(at.saturating_add(1))?))
    };
    let fresher = FresherRow {
        name: ArtifactName(row.get(1)?),
        writer: row.get(2)?,
        at: row.get(3)?,
        superseded_by: other(4)?,
        redone_by: other(6)?,
        stale_after_s: row.get(8)?,
    };
    Ok((row.get(0)?, fresher))
}

fn output_row(row: &Row<'_>) -> rusqlite::Result<OutputRow> {
    Ok(OutputRow { run: row.get(0)?, version: row.get(1)?, last_run: row.get(2)?, is_last: row.get(3)? })
}
