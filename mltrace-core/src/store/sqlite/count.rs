//! What is counted of a SQLite file, by keys and indexes alone.

use rusqlite::{Row, params};

use super::SqliteStore;
use super::keys::{among, ascending};
use super::text::text;
use crate::model::{Number, Timestamp};
use crate::store::{
    BriefRun, ComponentKey, Count, CountedRun, FailureRow, LastRun, LastRuns, NotPassed, OnDay, Past, ProjectKey,
    Result, RunKey, StoreError, WatchedComponent,
};

const BEHIND: &str = "SELECT id, uuid, project_id, component_id, status, ended_at, duration_us FROM run
     WHERE id > $1 ORDER BY id LIMIT $2";

const AGAIN: &str = concat!(
    "SELECT r.id, r.uuid, r.project_id, r.component_id, r.status, r.ended_at, r.duration_us
     FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id")
);

/// Most checks pass: the index holds those that did not.
const NOT_PASSED: &str = concat!(
    "SELECT q.run_id, q.outcome, q.severity
     FROM json_each($1) AS asked CROSS JOIN check_result q INDEXED BY check_not_passed ON ",
    among!("q.run_id"),
    " WHERE q.outcome <> 0 AND NOT EXISTS (SELECT 1 FROM check_result l WHERE l.run_id = q.run_id AND l.name = q.name
         AND l.about = q.about AND l.at > q.at)"
);

const COMPONENTS: &str = "SELECT c.id, c.name,
         EXISTS (SELECT 1 FROM component_tag t WHERE t.component_id = c.id AND t.tag = ?2 AND t.is_present),
         r.id, r.started_at, r.status = 0
     FROM component c LEFT JOIN run r ON r.id = (SELECT l.id FROM run l WHERE l.component_id = c.id
         ORDER BY l.started_at DESC, l.uuid DESC LIMIT 1)
     WHERE c.project_id = ?1 ORDER BY c.name";

/// Verdict 0: flagged. Of the verdicts on a version the last one counts.
const FLAGGED: &str = "SELECT (SELECT r.component_id FROM write w JOIN run r ON r.id = w.run_id
         WHERE w.version_id = v.id ORDER BY w.at, r.uuid LIMIT 1), count(*)
     FROM (SELECT DISTINCT version_id FROM label) judged CROSS JOIN version v ON v.id = judged.version_id
     CROSS JOIN artifact a ON a.id = v.artifact_id
     WHERE (a.project_id = $1 OR EXISTS (SELECT 1 FROM also_in o WHERE o.project_id = $1 AND o.artifact_id = a.id))
         AND (SELECT l.verdict FROM label l WHERE l.version_id = v.id ORDER BY l.at DESC, l.uuid DESC LIMIT 1) = 0
     GROUP BY 1";

const FLAGGED_VERSIONS: &str = "SELECT count(*) FROM (SELECT DISTINCT version_id FROM label) judged
     CROSS JOIN version v ON v.id = judged.version_id CROSS JOIN artifact a ON a.id = v.artifact_id
     WHERE a.project_id = $1
         AND (SELECT l.verdict FROM label l WHERE l.version_id = v.id ORDER BY l.at DESC, l.uuid DESC LIMIT 1) = 0";

const LAST_RUNS: &str = "SELECT id, component_id, status, started_at, uuid FROM run
     WHERE project_id = $1 AND component_id IS NOT NULL AND started_at >= $2 AND started_at <= $3
     ORDER BY started_at DESC LIMIT $4";

/// When the day of a run began, as moments are stored: in microseconds from the beginning of some day, before which they are
/// negative.
const DAY_OF: &str = "started_at - ((started_at % 86400000000) + 86400000000) % 86400000000";

/// How many letters of an error are read: its first lines.
const LETTERS: usize = 2000;

/// Status 2: failed, 4: died.
const ENDED_BADLY: &str = "status IN (2, 4)";

const LAST_OF: &str = "SELECT uuid, status, started_at, duration_us FROM run WHERE component_id = $1
     ORDER BY started_at DESC, uuid DESC LIMIT $2";

/// Status 1: completed.
const LAST_COMPLETED: &str = "SELECT max(started_at) FROM (SELECT status, started_at FROM run WHERE component_id = $1
     ORDER BY started_at DESC LIMIT $2) WHERE status = 1";

const LAST_METRIC: &str = "SELECT value FROM metric WHERE run_id = $1 AND name = $2 AND about = $3
     ORDER BY step DESC, at DESC LIMIT 1";

impl Count for SqliteStore {
    fn past(&mut self) -> Result<Past> {
        let count = |sql: &str| Ok::<_, StoreError>(self.one(sql, [], |row| row.get::<_, i64>(0))?.unwrap_or_default());
        let forgotten = count("SELECT count(*) FROM tombstone")?.unsigned_abs();
        Ok(Past { forgotten, projects: count("SELECT count(*) FROM project")?.unsigned_abs() })
    }

    fn runs_behind(&mut self, after: RunKey, limit: usize) -> Result<Vec<CountedRun>> {
        self.all(BEHIND, params![after, most(limit)], counted)
    }

    fn runs_again(&mut self, runs: &[RunKey]) -> Result<Vec<CountedRun>> {
        self.each(AGAIN, &ascending(runs.iter().copied()), counted)
    }

    fn not_passed(&mut self, runs: &[RunKey]) -> Result<Vec<NotPassed>> {
        self.each(NOT_PASSED, &ascending(runs.iter().copied()), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    fn watched_components(&mut self, project: ProjectKey, tag: &str) -> Result<Vec<WatchedComponent>> {
        self.all(COMPONENTS, params![project, tag], |row| {
            let run: Option<(RunKey, Timestamp)> = row.get::<_, Option<_>>(3)?.zip(row.get::<_, Option<_>>(4)?);
            let is_running = row.get::<_, Option<bool>>(5)?.unwrap_or_default();
            Ok(WatchedComponent {
                key: row.get(0)?,
                name: row.get(1)?,
                is_tagged: row.get(2)?,
                last: run.map(|(key, started_at)| LastRun { key, started_at, is_running }),
            })
        })
    }

    fn verdicts(&mut self) -> Result<u64> {
        let count = self.one("SELECT count(*) FROM label", [], |row| row.get::<_, i64>(0))?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    fn flagged(&mut self, project: ProjectKey) -> Result<Vec<(Option<ComponentKey>, u64)>> {
        self.all(FLAGGED, [project], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))
    }

    fn flagged_versions(&mut self, project: ProjectKey) -> Result<u64> {
        let count = self.one(FLAGGED_VERSIONS, [project], |row| row.get::<_, i64>(0))?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    fn days(&mut self, runs: LastRuns) -> Result<Vec<OnDay>> {
        let sql = text!("SELECT {DAY_OF}, status, count(*) FROM ({LAST_RUNS}) GROUP BY 1, 2 ORDER BY 1, 2");
        let params = params![runs.project, runs.since, runs.until, most(runs.most)];
        self.all(sql, params, |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs())))
    }

    fn failures(&mut self, runs: LastRuns, limit: usize) -> Result<Vec<FailureRow>> {
        let sql = text!(
            "SELECT l.uuid, l.component_id, l.status, l.started_at, substr(r.error, 1, {LETTERS})
             FROM ({LAST_RUNS}) l JOIN run r ON r.id = l.id WHERE l.{ENDED_BADLY}
             ORDER BY l.started_at DESC, l.uuid DESC LIMIT $5"
        );
        self.all(sql, params![runs.project, runs.since, runs.until, most(runs.most), most(limit)], |row| {
            Ok(FailureRow {
                id: row.get(0)?,
                component: row.get(1)?,
                status: row.get(2)?,
                started_at: row.get(3)?,
                error: row.get(4)?,
            })
        })
    }

    fn running(&mut self, project: ProjectKey) -> Result<u64> {
        let sql = "SELECT count(*) FROM run INDEXED BY run_running
             WHERE status = 0 AND project_id = $1 AND component_id IS NOT NULL";
        Ok(self.one(sql, [project], |row| row.get::<_, i64>(0))?.unwrap_or_default().unsigned_abs())
    }

    fn last_of(&mut self, component: ComponentKey, limit: usize) -> Result<Vec<BriefRun>> {
        self.all(LAST_OF, params![component, most(limit)], |row| {
            let started_at = row.get::<_, Option<_>>(2)?.unwrap_or(Timestamp::MIN);
            Ok(BriefRun { id: row.get(0)?, status: row.get(1)?, started_at, duration_us: row.get(3)? })
        })
    }

    fn last_completed(&mut self, component: ComponentKey, limit: usize) -> Result<Option<Timestamp>> {
        Ok(self.one(LAST_COMPLETED, params![component, most(limit)], |row| row.get(0))?.flatten())
    }

    fn reads_more_than(&mut self, run: RunKey, limit: usize) -> Result<bool> {
        let sql = "SELECT 1 FROM read WHERE run_id = $1 LIMIT 1 OFFSET $2";
        Ok(self.one(sql, params![run, most(limit)], |_| Ok(()))?.is_some())
    }

    fn last_metric(&mut self, run: RunKey, name: &str) -> Result<Option<Number>> {
        let last = |about: &str| self.one(LAST_METRIC, params![run, name, about], |row| row.get::<_, String>(0));
        if let Some(whole) = last("")? {
            return Ok(Number::parse(&whole));
        }
        let abouts = "SELECT min(about), max(about) FROM metric WHERE run_id = $1 AND name = $2";
        let pair = |row: &Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?));
        match self.one(abouts, params![run, name], pair)? {
            Some((Some(first), Some(last_one))) if first == last_one => {
                Ok(last(&first)?.and_then(|text| Number::parse(&text)))
            }
            _ => Ok(None),
        }
    }
}

/// Returns a limit as SQLite takes it.
fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn counted(row: &Row<'_>) -> rusqlite::Result<CountedRun> {
    Ok(CountedRun {
        key: row.get(0)?,
        id: row.get(1)?,
        project: row.get(2)?,
        component: row.get(3)?,
        status: row.get(4)?,
        ended_at: row.get(5)?,
        duration_us: row.get(6)?,
    })
}
