//! Records of a newer version of mltrace, kept whole.

use rusqlite::{Row, params};

use super::SqliteStore;
use super::write::{SqliteWriter, json};
use crate::model::ProcessId;
use crate::store::{Result, UnreadRow};

/// How many records are handed out at once, and about how many bytes of them; one may have megabytes.
const AT_ONCE: usize = 100;
const BYTES_AT_ONCE: usize = 4 << 20;

/// Returns whether there is any that was kept by versions whose journals had grown less far than to `minor`.
pub(super) fn is_any_before(store: &SqliteStore, minor: u32) -> Result<bool> {
    // The least stands first in its index. A condition would load the record beside it, only to compare the number.
    let least: Option<Option<i64>> = store.one("SELECT min(kept_by) FROM unread", [], |row| row.get(0))?;
    Ok(least.flatten().is_some_and(|least| least < minor.into()))
}

/// Returns what was kept by versions whose journals had grown less far than to `minor`, those of the oldest first, each
/// in the order of writing.
pub(super) fn before(store: &SqliteStore, minor: u32) -> Result<Vec<UnreadRow>> {
    // journal | place | header (JSON) | record (JSON) | is_applied | is_over
    let sql = "SELECT u.journal, u.place, u.header, u.record, u.is_applied, coalesce(p.is_over, 1)
         FROM unread u LEFT JOIN process p ON p.key = u.process
         WHERE u.kept_by < $1 ORDER BY u.kept_by, u.journal, u.place";
    let mut statement = store.connection.prepare_cached(sql)?;
    let mut rows = statement.query([minor])?;
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    while let Some(next) = rows.next()?.filter(|_| found.len() < AT_ONCE && bytes < BYTES_AT_ONCE) {
        let next = row(next)?;
        bytes = bytes.saturating_add(next.record.len());
        found.push(next);
    }
    Ok(found)
}

fn row(row: &Row<'_>) -> rusqlite::Result<UnreadRow> {
    let header: String = row.get(2)?;
    Ok(UnreadRow {
        journal: row.get(0)?,
        place: u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default(),
        header: serde_json::from_str(&header).unwrap_or_default(),
        record: row.get(3)?,
        is_applied: row.get(4)?,
        is_over: row.get(5)?,
    })
}

impl SqliteWriter<'_> {
    pub(super) fn keep_unread(&mut self, row: &UnreadRow, minor: u32) -> Result<()> {
        let sql = "INSERT INTO unread (journal, place, process, kept_by, is_applied, header, record)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let process = row.header.process.map(|process| process.to_string());
        let place = i64::try_from(row.place).unwrap_or(i64::MAX);
        let header = json(&row.header);
        self.execute(sql, params![row.journal, place, process, minor, row.is_applied, header, row.record]).map(drop)
    }

    pub(super) fn drop_unread(&mut self, row: &UnreadRow) -> Result<()> {
        let sql = "DELETE FROM unread WHERE journal = $1 AND place = $2 AND record = $3";
        self.execute(sql, params![row.journal, i64::try_from(row.place).unwrap_or(i64::MAX), row.record]).map(drop)
    }

    pub(super) fn has_unread(&mut self, process: ProcessId) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM unread WHERE process = $1 AND NOT is_applied)";
        Ok(self.one(sql, [process.to_string()], |row| row.get(0))?.unwrap_or(false))
    }
}
