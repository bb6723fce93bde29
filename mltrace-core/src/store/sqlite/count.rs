//! What is counted of a SQLite file, by keys and indexes alone.

use rusqlite::{Row, params};

use super::SqliteStore;
use super::keys::{among, ascending};
use crate::model::{Number, Timestamp};
use crate::store::{
    ComponentKey, Count, CountedRun, LastRun, NotPassed, Past, ProjectKey, Result, RunKey, StoreError, WatchedComponent,
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

const LAST_METRIC: &str = "SELECT value FROM metric WHERE run_id = $1 AND name = $2 AND about = $3
     ORDER BY step DESC, at DESC LIMIT 1";

impl Count for SqliteStore {
    fn past(&mut self) -> Result<Past> {
        let count = |sql: &str| Ok::<_, StoreError>(self.one(sql, [], |row| row.get::<_, i64>(0))?.unwrap_or_default());
        let forgotten = count("SELECT count(*) FROM tombstone")?.unsigned_abs();
        Ok(Past { forgotten, projects: count("SELECT count(*) FROM project")?.unsigned_abs() })
    }

    fn runs_behind(&mut self, after: RunKey, limit: usize) -> Result<Vec<CountedRun>> {
        self.all(BEHIND, params![after, i64::try_from(limit).unwrap_or(i64::MAX)], counted)
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

    fn reads_more_than(&mut self, run: RunKey, most: usize) -> Result<bool> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let sql = "SELECT 1 FROM read WHERE run_id = $1 LIMIT 1 OFFSET $2";
        Ok(self.one(sql, params![run, most], |_| Ok(()))?.is_some())
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
