//! A transaction's statements, each prepared once.

use std::collections::hash_map::Entry;

use rusqlite::{CachedStatement, OptionalExtension, Params, Row};

use super::write::SqliteWriter;
use crate::store::Result;

impl<'c> SqliteWriter<'c> {
    /// Returns a statement that is kept until the transaction ends.
    pub(super) fn statement(&mut self, sql: &'static str) -> Result<&mut CachedStatement<'c>> {
        Ok(match self.statements.entry((sql.as_ptr(), sql.len())) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(place) => place.insert(self.connection.prepare_cached(sql)?),
        })
    }

    pub(super) fn execute(&mut self, sql: &'static str, params: impl Params) -> Result<usize> {
        Ok(self.statement(sql)?.execute(params)?)
    }

    pub(super) fn one<T>(
        &mut self,
        sql: &'static str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.statement(sql)?.query_row(params, map).optional()?)
    }

    pub(super) fn all<T>(
        &mut self,
        sql: &'static str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let rows = self.statement(sql)?.query_map(params, map)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn inserted(&mut self, sql: &'static str, params: impl Params) -> Result<i64> {
        self.execute(sql, params)?;
        Ok(self.connection.last_insert_rowid())
    }
}
