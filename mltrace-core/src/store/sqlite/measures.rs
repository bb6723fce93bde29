//! Metrics and checks of runs.

use foldhash::HashMap;
use rusqlite::{Params, Row, params};

use super::SqliteStore;
use super::keys::{CHUNK, among, ascending, ranges};
use super::write::{SqliteWriter, json};
use crate::model::{ArtifactName, Check, Metric, Number, Timestamp};
use crate::store::{Measures, ProjectKey, Result, RunKey, RunSelection, StoreError, Told, WhatOfRuns};

/// The step of a metric that has none: a column of a primary key is never null.
const NO_STEP: i64 = i64::MIN;

const METRICS: &str = concat!(
    "SELECT q.run_id, q.name, q.about, q.step, q.at, q.value FROM json_each($1) AS asked CROSS JOIN metric q ON ",
    among!("q.run_id"),
    " ORDER BY q.run_id, q.name, q.about, q.step, q.at"
);

/// The same without what was measured at earlier steps: of a training there may be thousands.
const LAST_METRICS: &str = concat!(
    "SELECT q.run_id, q.name, q.about, q.step, q.at, q.value FROM json_each($1) AS asked CROSS JOIN metric q ON ",
    among!("q.run_id"),
    " WHERE NOT EXISTS (SELECT 1 FROM metric l WHERE l.run_id = q.run_id AND l.name = q.name AND l.about = q.about
         AND l.step > q.step) ORDER BY q.run_id, q.name, q.about, q.at"
);

const CHECKS: &str = concat!(
    "SELECT q.run_id, q.name, q.about, q.at, q.outcome, q.severity, q.message
     FROM json_each($1) AS asked CROSS JOIN check_result q ON ",
    among!("q.run_id"),
    " ORDER BY q.run_id, q.name, q.about, q.at"
);

/// The same of these names, each of which is looked up by itself.
const NAMED_METRICS: &str = concat!(
    "SELECT q.run_id, q.name, q.about, q.step, q.at, q.value FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id"),
    " CROSS JOIN json_each($2) AS named CROSS JOIN metric q ON q.run_id = r.id AND q.name = named.value
     WHERE NOT EXISTS (SELECT 1 FROM metric l WHERE l.run_id = q.run_id AND l.name = q.name AND l.about = q.about
         AND l.step > q.step) ORDER BY q.run_id, q.name, q.about, q.at"
);

const NAMED_CHECKS: &str = concat!(
    "SELECT q.run_id, q.name, q.about, q.at, q.outcome, q.severity, q.message
     FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id"),
    " CROSS JOIN json_each($2) AS named CROSS JOIN check_result q ON q.run_id = r.id AND q.name = named.value
     ORDER BY q.run_id, q.name, q.about, q.at"
);

/// What other runs checked and measured of what these wrote, as a test after it or an evaluation does: beside the run that
/// wrote it.
pub(super) const CHECKS_BY_OTHERS: &str = concat!(
    "SELECT w.run_id, q.name, q.about, q.at, q.outcome, q.severity, q.message
     FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.run_id"),
    " CROSS JOIN read d ON d.write_id = w.id AND d.run_id <> w.run_id
     CROSS JOIN check_result q ON q.run_id = d.run_id
     WHERE q.about = (SELECT a.name FROM artifact a WHERE a.id = d.artifact_id)"
);

pub(super) const METRICS_BY_OTHERS: &str = concat!(
    "SELECT w.run_id, q.name, q.about, q.step, q.at, q.value
     FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.run_id"),
    " CROSS JOIN read d ON d.write_id = w.id AND d.run_id <> w.run_id
     CROSS JOIN metric q ON q.run_id = d.run_id
     WHERE q.about = (SELECT a.name FROM artifact a WHERE a.id = d.artifact_id)
     AND NOT EXISTS (SELECT 1 FROM metric l WHERE l.run_id = q.run_id AND l.name = q.name AND l.about = q.about
         AND l.step > q.step)"
);

impl SqliteWriter<'_> {
    pub(super) fn metric(&mut self, run: RunKey, metric: &Metric) -> Result<()> {
        let sql = "INSERT INTO metric (run_id, name, about, step, at, value) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT DO NOTHING";
        let about = metric.about.as_ref().map_or("", ArtifactName::as_str);
        let step = metric.step.unwrap_or(NO_STEP);
        self.execute(sql, params![run, metric.name, about, step, metric.at, metric.value.as_str()]).map(drop)
    }

    pub(super) fn check(&mut self, run: RunKey, check: &Check) -> Result<()> {
        let sql = "INSERT INTO check_result (run_id, name, about, at, outcome, severity, message)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let about = check.about.as_ref().map_or("", ArtifactName::as_str);
        let values = params![run, check.name, about, check.at, check.outcome, check.severity, check.message];
        self.execute(sql, values).map(drop)
    }
}

impl SqliteStore {
    pub(super) fn measured_runs(
        &self,
        project: ProjectKey,
        selection: &RunSelection,
        what: WhatOfRuns<'_>,
    ) -> Result<Vec<RunKey>> {
        let (there, name) = match what {
            WhatOfRuns::Metric(Some(name)) => ("SELECT 1 FROM metric q WHERE q.run_id = r.id AND q.name = $4", name),
            WhatOfRuns::Metric(None) => ("SELECT 1 FROM metric q WHERE q.run_id = r.id AND $4 = ''", ""),
            WhatOfRuns::Observation(Some(name)) => {
                ("SELECT 1 FROM observation q WHERE q.run_id = r.id AND q.name = $4", name)
            }
            WhatOfRuns::Observation(None) => ("SELECT 1 FROM observation q WHERE q.run_id = r.id AND $4 = ''", ""),
            WhatOfRuns::Check => ("SELECT 1 FROM check_result q WHERE q.run_id = r.id AND $4 = ''", ""),
            WhatOfRuns::FailedCheck => {
                ("SELECT 1 FROM check_result q WHERE q.run_id = r.id AND q.outcome <> 0 AND $4 = ''", "")
            }
        };
        // Most checks pass: those that did not are looked up by themselves.
        let from = match what {
            WhatOfRuns::FailedCheck => {
                "(SELECT DISTINCT run_id FROM check_result WHERE outcome <> 0) f CROSS JOIN run r ON r.id = f.run_id"
            }
            _ => "run r",
        };
        let of = if selection.component.is_some() { "r.component_id = $2" } else { "$2 IS NULL" };
        let sql = format!(
            "SELECT r.id FROM {from} WHERE r.project_id = $1 AND {of} AND r.component_id IS NOT NULL
             AND r.started_at >= $3 AND EXISTS ({there}) AND r.started_at <= $5
             ORDER BY r.started_at DESC, r.uuid DESC LIMIT $6"
        );
        let limit = selection.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let since = selection.since.unwrap_or(Timestamp::MIN);
        let until = selection.until.unwrap_or(Timestamp::MAX);
        self.all(&sql, params![project, selection.component, since, name, until, limit], |row| row.get(0))
    }

    pub(super) fn measures_of(
        &self,
        runs: &[RunKey],
        metrics: Told<'_>,
        checks: Told<'_>,
    ) -> Result<HashMap<RunKey, Measures>> {
        let mut found: HashMap<RunKey, Measures> = HashMap::default();
        for list in ascending(runs.iter().copied()).chunks(CHUNK).map(ranges) {
            self.add_last_measures(&list, metrics, checks, &mut found)?;
        }
        Ok(found)
    }

    /// Adds what was checked of some runs, and measured at the last step of each metric.
    fn add_last_measures(
        &self,
        list: &str,
        metrics: Told<'_>,
        checks: Told<'_>,
        found: &mut HashMap<RunKey, Measures>,
    ) -> Result<()> {
        match metrics {
            Told::All | Told::First(_) => self.add_metrics_by(LAST_METRICS, [list], found)?,
            Told::Named([]) => {}
            Told::Named(names) => self.add_metrics_by(NAMED_METRICS, [list, &each_once(names)], found)?,
        }
        match checks {
            Told::All | Told::First(_) => self.add_checks(list, found),
            Told::Named([]) => Ok(()),
            Told::Named(names) => self.add_checks_by(NAMED_CHECKS, [list, &each_once(names)], found),
        }
    }

    /// Adds what was checked and measured of some runs, and by others of what they wrote unless only names are asked for.
    pub(super) fn add_evidence(&self, list: &str, told: Told<'_>, found: &mut HashMap<RunKey, Measures>) -> Result<()> {
        self.add_last_measures(list, told, told, found)?;
        if matches!(told, Told::Named(_)) {
            return Ok(());
        }
        self.add_checks_by(CHECKS_BY_OTHERS, [list], found)?;
        self.add_metrics_by(METRICS_BY_OTHERS, [list], found)
    }

    pub(super) fn add_metrics(&self, list: &str, found: &mut HashMap<RunKey, Measures>) -> Result<()> {
        self.add_metrics_by(METRICS, [list], found)
    }

    fn add_metrics_by(&self, sql: &str, of: impl Params, found: &mut HashMap<RunKey, Measures>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(of)?;
        while let Some(row) = rows.next()? {
            self.hold(row)?;
            found.entry(row.get(0)?).or_default().metrics.push(metric(row)?);
        }
        Ok(())
    }

    pub(super) fn add_checks(&self, list: &str, found: &mut HashMap<RunKey, Measures>) -> Result<()> {
        self.add_checks_by(CHECKS, [list], found)
    }

    fn add_checks_by(&self, sql: &str, of: impl Params, found: &mut HashMap<RunKey, Measures>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(of)?;
        while let Some(row) = rows.next()? {
            self.hold(row)?;
            found.entry(row.get(0)?).or_default().checks.push(check(row)?);
        }
        Ok(())
    }
}

/// Returns names as a JSON list, each once.
pub(super) fn each_once(names: &[&str]) -> String {
    json(&ascending(names.iter().copied()))
}

pub(super) fn metric(row: &Row<'_>) -> Result<Metric> {
    let text: String = row.get(5)?;
    let value = Number::parse(&text).ok_or_else(|| StoreError::Corrupt(format!("`{text}` is no metric")))?;
    let step: i64 = row.get(3)?;
    Ok(Metric {
        name: row.get(1)?,
        about: about(row.get(2)?),
        step: (step != NO_STEP).then_some(step),
        at: row.get(4)?,
        value,
    })
}

pub(super) fn check(row: &Row<'_>) -> Result<Check> {
    Ok(Check {
        name: row.get(1)?,
        about: about(row.get(2)?),
        at: row.get(3)?,
        outcome: row.get(4)?,
        severity: row.get(5)?,
        message: row.get(6)?,
    })
}

fn about(name: String) -> Option<ArtifactName> {
    (!name.is_empty()).then_some(ArtifactName(name))
}
