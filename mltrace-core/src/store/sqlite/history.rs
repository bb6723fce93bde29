//! What came before a run: earlier runs of its component.

use rusqlite::{Row, params};

use super::SqliteStore;
use super::find::key_list;
use crate::store::{Result, RunKey, RunName};

/// How many reads of an artifact are looked through for runs of the component.
const READS: i64 = 200;

/// The completed runs of the run's component that began before it: the last ones, and the last ones that read the one
/// of its first inputs that is read least often (a model is read by every prediction, a batch by few).
const EARLIER: &str = "WITH me AS (SELECT id, component_id, started_at, uuid FROM run WHERE id = $1),
     rare AS (
         SELECT artifact_id FROM (SELECT artifact_id FROM read WHERE run_id = $1 ORDER BY n LIMIT 16) AS mine
         ORDER BY (SELECT count(*) FROM (
             SELECT 1 FROM read x WHERE x.artifact_id = mine.artifact_id LIMIT $2)) LIMIT 1)
 SELECT id FROM (
     SELECT r.id, r.started_at, r.uuid FROM me
     JOIN run r ON r.id IN (
         SELECT y.id FROM run y
         WHERE y.component_id = me.component_id AND y.status = 1
         AND (y.started_at, y.uuid) < (me.started_at, me.uuid) AND y.started_at <= me.started_at
         ORDER BY y.started_at DESC, y.uuid DESC LIMIT $3)
     UNION
     SELECT r.id, r.started_at, r.uuid FROM me
     JOIN run r ON r.id IN (
         SELECT y.id FROM (
             SELECT d.run_id FROM read d
             WHERE d.artifact_id = (SELECT artifact_id FROM rare) AND d.at <= me.started_at
             ORDER BY d.at DESC LIMIT $2) AS seen
         JOIN run y ON y.id = seen.run_id
         WHERE y.component_id = me.component_id AND y.status = 1
         AND (y.started_at, y.uuid) < (me.started_at, me.uuid) LIMIT $3))
 ORDER BY started_at DESC, uuid DESC";

impl SqliteStore {
    pub(super) fn earlier_runs(&self, runs: &[RunKey], limit: usize) -> Result<Vec<(RunKey, RunKey)>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut pairs = Vec::new();
        for run in runs {
            pairs.extend(self.all(EARLIER, params![run, READS, limit], |row| Ok((*run, row.get(0)?)))?);
        }
        Ok(pairs)
    }

    pub(super) fn names_that_were_read(&self, runs: &[RunKey]) -> Result<Vec<(RunKey, String)>> {
        let sql = "SELECT DISTINCT d.run_id, a.name FROM json_each($1) AS asked
             JOIN read d ON d.run_id = asked.value JOIN artifact a ON a.id = d.artifact_id ORDER BY d.run_id, a.name";
        self.all(sql, [key_list(runs)], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub(super) fn names_of_params(&self, runs: &[RunKey]) -> Result<Vec<(RunKey, String)>> {
        let sql = "SELECT q.run_id, q.name FROM json_each($1) AS asked
             JOIN param q ON q.run_id = asked.value ORDER BY q.run_id, q.name";
        self.all(sql, [key_list(runs)], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub(super) fn names_of_runs(&self, runs: &[RunKey]) -> Result<Vec<RunName>> {
        let sql = "SELECT r.id, r.uuid, c.name, r.started_at FROM json_each($1) AS asked
             JOIN run r ON r.id = asked.value JOIN component c ON c.id = r.component_id";
        let name = |row: &Row<'_>| {
            Ok(RunName { key: row.get(0)?, id: row.get(1)?, component: row.get(2)?, started_at: row.get(3)? })
        };
        self.all(sql, [key_list(runs)], name)
    }
}
