//! A database of somebody else, which is read and not trusted.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, params_from_iter};

/// No cell may be longer, and no statement of a view deeper.
const LONGEST: i32 = 64 << 20;
const DEEPEST: i32 = 100;
/// How long one waits while its owner writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why it does not answer.
type Unanswered = Box<dyn Error + Send + Sync>;

/// A database of somebody else.
pub(crate) struct Foreign(Connection);

/// A row of it.
pub(crate) struct Cells<'r>(&'r rusqlite::Row<'r>);

impl Foreign {
    /// Opens a database to read it; its schema may call nothing.
    pub(crate) fn open(path: &Path) -> Result<Self, Unanswered> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
        connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, DEEPEST)?;
        // A page that lies in a map of its file would end the process when somebody cuts the file.
        connection.execute_batch("PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA query_only = ON; BEGIN")?;
        Ok(Self(connection))
    }

    /// Returns whether it has a table of that name.
    pub(crate) fn has(&self, table: &str) -> Result<bool, Unanswered> {
        const TABLE: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?";
        Ok(self.0.prepare_cached(TABLE)?.exists([table])?)
    }

    /// Passes each row that a question has.
    pub(crate) fn each(
        &self,
        question: &str,
        asked: &[&str],
        row: &mut dyn FnMut(&Cells<'_>),
    ) -> Result<(), Unanswered> {
        let mut statement = self.0.prepare_cached(question)?;
        let mut rows = statement.query(params_from_iter(asked))?;
        while let Some(next) = rows.next()? {
            row(&Cells(next));
        }
        Ok(())
    }
}

impl Cells<'_> {
    /// Returns a cell as text; `None` when there is nothing in it.
    pub(crate) fn text(&self, column: usize) -> Option<String> {
        match self.0.get_ref(column).ok()? {
            ValueRef::Null => None,
            ValueRef::Integer(value) => Some(value.to_string()),
            ValueRef::Real(value) => Some(value.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        }
    }

    /// Returns a cell that holds a whole number.
    pub(crate) fn integer(&self, column: usize) -> Option<i64> {
        self.0.get(column).ok()
    }

    /// Returns a cell that holds a number.
    pub(crate) fn number(&self, column: usize) -> Option<f64> {
        match self.0.get_ref(column).ok()? {
            ValueRef::Integer(value) => Some(value as f64),
            ValueRef::Real(value) => Some(value),
            _ => None,
        }
    }
}
