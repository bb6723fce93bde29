//! The last of what a statement finds, latest first.

use rusqlite::{Params, Row};

use super::SqliteStore;
use crate::model::{RunId, Timestamp};
use crate::store::Result;

/// Returns the last of what `sql` finds, latest first: of several at one moment the run with the greatest id. To have
/// SQLite sort them costs many times as much as to look at the few.
pub(super) fn last<T>(
    store: &SqliteStore,
    sql: &str,
    params: impl Params,
    map: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<(RunId, Timestamp, T)>> {
    let mut statement = store.connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut last: Option<(RunId, Timestamp, T)> = None;
    while let Some(row) = rows.next()? {
        let (run, at) = (row.get(0)?, row.get(1)?);
        match last {
            Some((_, latest, _)) if at < latest => break,
            Some((known, ..)) if known >= run => {}
            _ => last = Some((run, at, map(row)?)),
        }
    }
    Ok(last)
}
