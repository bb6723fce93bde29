//! Runs inside runs: who wrote what a run around it names too.

use foldhash::HashMap;
use rusqlite::params;

use super::SqliteStore;
use super::keys::{among, ascending};
use super::map::version_id;
use super::write::SqliteWriter;
use crate::model::{RunId, VersionId};
use crate::store::{EchoDetail, Result, RunKey, WithinDetail, WriteDetail, WriteKey};

/// The writes of runs that name what a run inside them wrote, each with that.
const ECHOES: &str = concat!(
    "SELECT w.run_id, w.n, q.run_id, r.uuid, v.id_kind, v.id_value FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.run_id"),
    " CROSS JOIN echo e ON e.write_id = w.id CROSS JOIN write q ON q.id = e.inner_id
     CROSS JOIN run r ON r.id = q.run_id CROSS JOIN version v ON v.id = q.version_id"
);

/// The runs that name what runs inside them wrote.
const WITHIN: &str = concat!(
    "SELECT w.run_id, w.n, r.uuid, c.name FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.run_id"),
    " CROSS JOIN echo e ON e.inner_id = w.id CROSS JOIN write q ON q.id = e.write_id
     CROSS JOIN run r ON r.id = q.run_id CROSS JOIN component c ON c.id = r.component_id ORDER BY r.started_at DESC, r.uuid"
);

const INSIDE: &str = concat!(
    "SELECT DISTINCT q.run_id FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.run_id"),
    " CROSS JOIN echo e ON e.write_id = w.id CROSS JOIN write q ON q.id = e.inner_id"
);

/// What writes have to do with those of runs inside, or around, by run and number.
#[derive(Default)]
pub(super) struct Nesting {
    echoes: HashMap<(RunKey, u32), EchoDetail>,
    within: HashMap<(RunKey, u32), Vec<WithinDetail>>,
}

impl Nesting {
    /// Adds to a write of a run how it is nested. Most stores have no nested runs.
    pub(super) fn add_to(&mut self, run: RunKey, write: &mut WriteDetail) {
        if !self.echoes.is_empty() {
            write.echo = self.echoes.remove(&(run, write.n));
        }
        if !self.within.is_empty() {
            write.within = self.within.remove(&(run, write.n)).unwrap_or_default();
        }
    }
}

impl SqliteStore {
    /// Returns how the writes of the listed runs are nested.
    pub(super) fn nesting(&self, list: &str) -> Result<Nesting> {
        let mut nesting = Nesting::default();
        if !self.one("SELECT EXISTS (SELECT 1 FROM echo)", [], |row| row.get(0))?.unwrap_or(false) {
            return Ok(nesting);
        }
        let echoes = self.all(ECHOES, [list], |row| {
            let version = version_id(row, 4)?.unwrap_or(VersionId::None);
            Ok(((row.get(0)?, row.get(1)?), EchoDetail { run: row.get(2)?, run_id: row.get(3)?, version }))
        })?;
        nesting.echoes.extend(echoes);
        for (place, within) in self.all(WITHIN, [list], |row| {
            Ok(((row.get(0)?, row.get(1)?), WithinDetail { run_id: row.get(2)?, component: row.get(3)? }))
        })? {
            nesting.within.entry(place).or_default().push(within);
        }
        Ok(nesting)
    }

    pub(super) fn wrote_inside(&self, runs: &[RunKey]) -> Result<Vec<RunKey>> {
        self.each(INSIDE, &ascending(runs.iter().copied()), |row| row.get(0))
    }
}

impl SqliteWriter<'_> {
    /// Returns whether any run is inside another one.
    pub(super) fn has_nested_runs(&mut self) -> Result<bool> {
        if let Some(known) = self.has_nested {
            return Ok(known);
        }
        let found = self.one("SELECT 1 FROM run WHERE parent IS NOT NULL LIMIT 1", [], |_| Ok(()))?.is_some();
        self.has_nested = Some(found);
        Ok(found)
    }

    pub(super) fn echo_of(&mut self, write: WriteKey) -> Result<Option<WriteKey>> {
        if !self.has_nested_runs()? {
            return Ok(None);
        }
        self.one("SELECT inner_id FROM echo WHERE write_id = $1", [write], |row| row.get(0))
    }

    pub(super) fn put_echo_of(&mut self, write: WriteKey, inner: Option<WriteKey>) -> Result<()> {
        match inner {
            Some(inner) => self.execute(
                "INSERT INTO echo (write_id, inner_id) VALUES ($1, $2)
                 ON CONFLICT (write_id) DO UPDATE SET inner_id = excluded.inner_id",
                params![write, inner],
            ),
            None => self.execute("DELETE FROM echo WHERE write_id = $1", [write]),
        }
        .map(drop)
    }

    pub(super) fn is_parent_of_any(&mut self, run: RunId) -> Result<bool> {
        Ok(self.one("SELECT 1 FROM run WHERE parent = $1 LIMIT 1", [run], |_| Ok(()))?.is_some())
    }
}
