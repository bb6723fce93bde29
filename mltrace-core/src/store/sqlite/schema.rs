//! The schemas of a store file, each with all that came before it.

use rusqlite::Connection;

/// A step may put a new table in the place of one that others and views refer to; all are checked at the end.
pub(super) const LENIENT: &str = "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;";
pub(super) const STRICT: &str = "PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = OFF;";

/// A schema with all that came before it.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Each step takes a store from the schema of its index to the next.
    pub steps: &'static [&'static str],
    /// The oldest schema whose versions may read a store of this one.
    pub min_reader: i64,
    /// The oldest schema whose versions may write a store of this one.
    pub min_writer: i64,
}

impl Schema {
    /// What this version reads and writes.
    pub const CURRENT: Self = Self {
        steps: &[
            include_str!("schema-1.sql"),
            include_str!("schema-2.sql"),
            include_str!("schema-3.sql"),
            include_str!("schema-4.sql"),
            include_str!("schema-5.sql"),
            include_str!("schema-6.sql"),
            include_str!("schema-7.sql"),
            include_str!("schema-8.sql"),
            include_str!("schema-9.sql"),
            include_str!("schema-10.sql"),
        ],
        min_reader: 10,
        min_writer: 10,
    };

    /// Returns the schema's number.
    #[must_use]
    pub fn version(&self) -> i64 {
        i64::try_from(self.steps.len()).unwrap_or(i64::MAX)
    }

    /// Makes all tables and views in a database that holds nothing.
    ///
    /// # Errors
    /// When SQLite cannot.
    pub fn make(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(LENIENT)?;
        self.steps.iter().try_for_each(|step| connection.execute_batch(step))?;
        connection.execute_batch(STRICT)
    }
}
