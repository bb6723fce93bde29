//! A transaction on a SQLite file: the rows of runs.

use rusqlite::{Row, params};

use super::text::text;
use super::write::SqliteWriter;
use crate::model::{RunId, Status};
use crate::store::{Result, RowsOf, RunKey, RunRow};

impl SqliteWriter<'_> {
    pub(super) fn rows_of(&mut self, which: RowsOf<'_>) -> Result<Vec<(RunKey, RunRow)>> {
        let row = |row: &Row<'_>| Ok((row.get(0)?, run_row(row)?));
        let mut found = Vec::new();
        match which {
            RowsOf::Ids(ids) => {
                for id in ids {
                    found.extend(self.one(text!("SELECT {RUN_COLUMNS} FROM run WHERE uuid = $1"), [id], row)?);
                }
            }
            RowsOf::Keys(keys) => {
                for key in keys {
                    found.extend(self.one(text!("SELECT {RUN_COLUMNS} FROM run WHERE id = $1"), [key], row)?);
                }
            }
            RowsOf::In(project) => {
                let sql = text!("SELECT {RUN_COLUMNS} FROM run WHERE project_id = $1 ORDER BY id");
                found.extend(self.all(sql, [project], row)?);
            }
            RowsOf::Parents => {
                let sql = text!(
                    "SELECT {RUN_COLUMNS} FROM run WHERE uuid IN (SELECT parent FROM run WHERE parent IS NOT NULL)"
                );
                found.extend(self.all(sql, [], row)?);
            }
            RowsOf::Unended(process) => {
                // Status 5 is that of runs whose end may be among the records that were kept unread.
                let sql = text!(
                    "SELECT {RUN_COLUMNS} FROM run WHERE process_id = (SELECT id FROM process WHERE key = $1)
                     AND (status = 0 OR status = 5 AND ended_at IS NULL) ORDER BY id"
                );
                found.extend(self.all(sql, [process.to_string()], row)?);
            }
        }
        Ok(found)
    }

    pub(super) fn is_removed(&mut self, id: RunId) -> Result<bool> {
        let has_removed = match self.has_removed {
            Some(known) => known,
            None => self.one("SELECT 1 FROM tombstone LIMIT 1", [], |_| Ok(()))?.is_some(),
        };
        self.has_removed = Some(has_removed);
        Ok(has_removed && self.one("SELECT 1 FROM tombstone WHERE uuid = $1", [id], |_| Ok(()))?.is_some())
    }

    /// Returns the first of so many keys, one after the other, that no run has.
    pub(super) fn reserve_runs(&mut self, count: usize) -> Result<RunKey> {
        let last = self.one("SELECT max(id) FROM run", [], |row| row.get::<_, Option<i64>>(0))?.flatten();
        let last = last.max(self.reserved.last().map(|run| run.0)).unwrap_or_default();
        let first = last.saturating_add(1);
        self.reserved.extend((first..).take(count).map(RunKey));
        Ok(RunKey(first))
    }

    pub(super) fn add_run(&mut self, run: RunKey, row: &RunRow) -> Result<()> {
        self.has_nested = self.has_nested.filter(|_| row.parent.is_none());
        let sql = "INSERT INTO run (id, uuid, project_id, component_id, status, started_at, ended_at, duration_us,
                 process_id, parent, code_id, git_id, declaration_id, error, signature, is_start_chosen)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
        self.execute(
            sql,
            params![
                run,
                row.id,
                row.project,
                row.component,
                row.status,
                row.started_at,
                row.ended_at,
                row.duration_us,
                row.process,
                row.parent,
                row.code,
                row.git,
                row.declaration,
                row.error,
                row.signature,
                row.is_start_chosen
            ],
        )?;
        self.run_ids.insert(run, row.id);
        Ok(())
    }

    pub(super) fn put_run(&mut self, run: RunKey, row: &RunRow) -> Result<()> {
        self.has_nested = self.has_nested.filter(|_| row.parent.is_none());
        let sql = "UPDATE run SET project_id = $1, component_id = $2, status = $3, started_at = $4, ended_at = $5,
                 duration_us = $6, process_id = $7, parent = $8, code_id = $9, git_id = $10, declaration_id = $11,
                 error = $12, signature = $13, is_start_chosen = $14
             WHERE id = $15";
        self.execute(
            sql,
            params![
                row.project,
                row.component,
                row.status,
                row.started_at,
                row.ended_at,
                row.duration_us,
                row.process,
                row.parent,
                row.code,
                row.git,
                row.declaration,
                row.error,
                row.signature,
                row.is_start_chosen,
                run
            ],
        )
        .map(drop)
    }
}

/// The columns that [`run_row`] reads.
pub(super) const RUN_COLUMNS: &str = "id, uuid, project_id, component_id, status, started_at, ended_at, duration_us,
    process_id, parent, code_id, git_id, declaration_id, error, signature, is_start_chosen";

/// Returns the row of a run.
pub(super) fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: row.get(1)?,
        project: row.get(2)?,
        component: row.get(3)?,
        status: row.get::<_, Status>(4)?,
        started_at: row.get(5)?,
        ended_at: row.get(6)?,
        duration_us: row.get(7)?,
        process: row.get(8)?,
        parent: row.get(9)?,
        code: row.get(10)?,
        git: row.get(11)?,
        declaration: row.get(12)?,
        error: row.get(13)?,
        signature: row.get(14)?,
        is_start_chosen: row.get(15)?,
    })
}
