//! What was observed many times in runs.

use std::borrow::Cow;

use foldhash::HashMap;
use rusqlite::{Row, params};

use super::SqliteStore;
use super::keys::{CHUNK, among, ascending, ranges};
use super::write::SqliteWriter;
use crate::model::Observation;
use crate::store::{Result, RunKey, StoreError};

const OBSERVATIONS: &str = concat!(
    "SELECT q.run_id, q.name, q.body FROM json_each($1) AS asked CROSS JOIN observation q ON ",
    among!("q.run_id"),
    " ORDER BY q.run_id, q.name"
);

impl SqliteWriter<'_> {
    /// Keeps an observation; of two of one name the one that is whole, and of two such the one of more values, so that the
    /// order in which they come is free.
    pub(super) fn observation(&mut self, run: RunKey, observation: &Observation) -> Result<()> {
        let sql = "INSERT INTO observation (run_id, name, count, body) VALUES ($1, $2, $3, $4)
             ON CONFLICT (run_id, name) DO UPDATE SET count = excluded.count, body = excluded.body
             WHERE (json_extract(excluded.body, '$.is_whole'), excluded.count, excluded.body)
                 > (json_extract(body, '$.is_whole'), count, body)";
        let mut sound = Cow::Borrowed(observation);
        if observation.fault().is_some() {
            sound.to_mut().keep_if_sound();
        }
        let body = serde_json::to_string(&*sound).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let count = i64::try_from(observation.count).unwrap_or(i64::MAX);
        self.execute(sql, params![run, observation.name, count, body]).map(drop)
    }
}

impl SqliteStore {
    pub(super) fn observations_of(&self, runs: &[RunKey]) -> Result<HashMap<RunKey, Vec<Observation>>> {
        let mut found = HashMap::default();
        // Most projects observe nothing, and their runs are not looked up one by one for that.
        if !self.connection.prepare_cached("SELECT 1 FROM observation LIMIT 1")?.exists([])? {
            return Ok(found);
        }
        for list in ascending(runs.iter().copied()).chunks(CHUNK).map(ranges) {
            self.add_observations(&list, &mut found)?;
        }
        Ok(found)
    }

    pub(super) fn add_observations(&self, list: &str, found: &mut HashMap<RunKey, Vec<Observation>>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(OBSERVATIONS)?;
        let mut rows = statement.query([list])?;
        while let Some(row) = rows.next()? {
            self.hold(row)?;
            found.entry(row.get(0)?).or_default().push(observation(row)?);
        }
        Ok(())
    }
}

pub(super) fn observation(row: &Row<'_>) -> Result<Observation> {
    let body: String = row.get(2)?;
    let mut observation: Observation =
        serde_json::from_str(&body).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    observation.keep_if_sound();
    Ok(observation)
}
