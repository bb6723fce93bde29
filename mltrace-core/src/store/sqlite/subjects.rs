//! Whose data runs took in, and who was retracted.

use rusqlite::params;

use super::SqliteStore;
use super::keys::among;
use super::write::SqliteWriter;
use crate::model::{DataSubject, RetractFact, RunSubject};
use crate::store::{ProjectKey, Result, RunKey, StoreError};

/// The subjects of each run, with when they were retracted.
const OF_RUNS: &str = concat!(
    "SELECT q.run_id, q.subject, d.at FROM json_each($1) AS asked CROSS JOIN run_subject q ON ",
    among!("q.run_id"),
    " JOIN run r ON r.id = q.run_id
     LEFT JOIN retracted d ON d.project_id = r.project_id AND d.subject = q.subject
     ORDER BY q.run_id, q.subject"
);

impl SqliteWriter<'_> {
    pub(super) fn subject(&mut self, run: RunKey, subject: &DataSubject) -> Result<()> {
        let sql = "INSERT INTO run_subject (run_id, subject) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.execute(sql, params![run, subject.as_str()]).map(drop)
    }

    pub(super) fn retract(&mut self, project: ProjectKey, fact: &RetractFact) -> Result<()> {
        let sql = "INSERT INTO retracted (project_id, subject, at, by) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO UPDATE SET at = excluded.at, by = excluded.by
             WHERE (excluded.at, coalesce(excluded.by, '')) < (at, coalesce(by, ''))";
        self.execute(sql, params![project, fact.subject.as_str(), fact.at, fact.by]).map(drop)
    }
}

impl SqliteStore {
    pub(super) fn subjects_of(&self, list: &str) -> Result<Vec<(RunKey, RunSubject)>> {
        // Most projects have none, and their runs are not looked up one by one for that.
        let mut any = self.connection.prepare_cached("SELECT 1 FROM run_subject LIMIT 1")?;
        if !any.exists([])? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(OF_RUNS)?;
        let mut rows = statement.query([list])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            self.hold(row)?;
            found.push((
                row.get(0)?,
                RunSubject { subject: subject(&row.get::<_, String>(1)?)?, retracted_at: row.get(2)? },
            ));
        }
        Ok(found)
    }

    pub(super) fn subject_runs(&self, project: ProjectKey, subject: &DataSubject) -> Result<Vec<RunKey>> {
        let sql = "SELECT s.run_id FROM run_subject s JOIN run r ON r.id = s.run_id
             WHERE r.project_id = $1 AND s.subject = $2 AND r.component_id IS NOT NULL ORDER BY s.run_id";
        self.all(sql, params![project, subject.as_str()], |row| row.get(0))
    }

    pub(super) fn retractions(&self, project: ProjectKey) -> Result<Vec<RetractFact>> {
        let sql = "SELECT subject, at, by FROM retracted WHERE project_id = $1 ORDER BY subject";
        let rows: Vec<(String, _, _)> = self.all(sql, [project], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.into_iter().map(|(digits, at, by)| Ok(RetractFact { subject: subject(&digits)?, by, at })).collect()
    }
}

/// Returns the subject that a row names.
fn subject(digits: &str) -> Result<DataSubject> {
    match DataSubject::is_digits(digits) {
        true => DataSubject::of(digits).map_err(StoreError::Corrupt),
        false => Err(StoreError::Corrupt("what is kept of a subject are no digits".to_owned())),
    }
}
