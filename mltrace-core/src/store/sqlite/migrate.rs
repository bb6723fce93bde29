//! Who may open which store file, and the way from one schema to the next.
//!
//! A migration is one transaction, after a copy of the file was made and checked.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::ffi::{Error, SQLITE_BUSY};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::explain::{explain, unreachable};
use super::file::{StoreFile, beside, connect, connect_immutable};
use super::open::SqliteStore;
use super::schema::{LENIENT, STRICT};
use super::shape::Held;
use crate::disk::local;
use crate::folder;
use crate::store::{Mode, StoreError};

/// "mltr", in the file's header: what distinguishes a store from anybody else's database.
const APPLICATION_ID: i64 = 0x6d6c_7472;

/// How many pages of a store are copied at once.
const PAGES: std::ffi::c_int = 1024;

impl SqliteStore {
    /// Takes note of the file's schema and returns it, or why this version must keep its hands off.
    pub(super) fn gate(&mut self) -> Result<i64, StoreError> {
        let (application, schema, held) = self.look_at_head().map_err(|error| explain(&self.path, &error))?;
        self.found = schema;
        if application == 0 && schema == 0 && held.is_empty() {
            return if self.mode == Mode::Read { Err(StoreError::Missing(self.path.clone().into())) } else { Ok(0) };
        }
        if application != APPLICATION_ID {
            let reason = "it is somebody else's database".to_owned();
            return Err(StoreError::NotAStore { place: self.path.clone().into(), reason });
        }
        if schema > self.schema.version() {
            let (name, verb) = if self.mode == Mode::Read { ("min_reader", "read") } else { ("min_writer", "write") };
            let is_told = held.has_meta(self.schema);
            let told = is_told.map_err(|error| explain(&self.path, &error))?.then(|| self.meta(name)).flatten();
            if told.and_then(|text| text.parse().ok()).unwrap_or(i64::MAX) > self.schema.version() {
                let writer = self.writer();
                return Err(StoreError::TooNew { place: self.path.clone().into(), writer, schema, verb });
            }
        }
        let strange = held.strange(&self.connection, self.schema, schema);
        match strange.map_err(|error| explain(&self.path, &error))? {
            None => Ok(schema),
            Some(what) => Err(StoreError::Altered { place: self.path.clone().into(), what }),
        }
    }

    /// Returns whose database this is, its schema's number, and what it holds, all of it at one moment: another process
    /// may make the store between two statements.
    fn look_at_head(&self) -> rusqlite::Result<(i64, i64, Held)> {
        let _one_look = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?;
        let (application, schema) = (self.pragma("application_id")?, self.pragma("user_version")?);
        Ok((application, schema, Held::of(&self.connection, schema)?))
    }

    /// Looks again when another process took the file to another schema since this one looked.
    pub(super) fn gate_again(&mut self) -> Result<(), StoreError> {
        let schema = self.pragma("user_version").map_err(|error| explain(&self.path, &error))?;
        if schema == self.found { Ok(()) } else { self.gate().map(drop) }
    }

    /// Returns the version of mltrace that brought the file to its schema.
    pub(super) fn writer(&self) -> String {
        self.meta("writer").unwrap_or_else(|| "of unknown version".to_owned())
    }

    fn pragma(&self, name: &str) -> rusqlite::Result<i64> {
        self.connection.prepare_cached(&format!("PRAGMA {name}"))?.query_row([], |row| row.get(0))
    }

    fn meta(&self, key: &str) -> Option<String> {
        let sql = "SELECT value FROM meta WHERE key = $1";
        self.connection.query_row(sql, [key], |row| row.get(0)).optional().ok().flatten()
    }

    /// Takes the file to this version's schema, in one transaction.
    pub(super) fn migrate(&mut self) -> Result<(), StoreError> {
        if self.gate()? >= self.schema.version() {
            return Ok(());
        }
        let _lock = self.lock()?;
        // Another process may have done it while this one waited.
        let from = self.gate()?;
        if from >= self.schema.version() {
            return Ok(());
        }
        let path = self.path.clone();
        let explained = |error: rusqlite::Error| explain(&path, &error);
        if from == 0 {
            let journal_mode = if local::is_local(&self.folder) { "WAL" } else { "DELETE" };
            self.connection.execute_batch(&format!("PRAGMA journal_mode = {journal_mode};")).map_err(explained)?;
        } else {
            self.back_up(from)?;
        }
        self.connection.execute_batch(LENIENT).map_err(explained)?;
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explained)?;
        for step in self.schema.steps.iter().skip(usize::try_from(from).unwrap_or(0)) {
            transaction.execute_batch(step).map_err(explained)?;
        }
        check_references(&transaction, &path)?;
        let meta = "INSERT INTO meta (key, value) VALUES ('writer', $1), ('min_reader', $2), ('min_writer', $3)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let needed = [self.schema.min_reader, self.schema.min_writer].map(|needed| needed.to_string());
        transaction.execute(meta, [env!("CARGO_PKG_VERSION"), &needed[0], &needed[1]]).map_err(explained)?;
        let version = self.schema.version();
        transaction
            .execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};"))
            .map_err(explained)?;
        transaction.commit().map_err(explained)?;
        self.connection.execute_batch(STRICT).map_err(explained)?;
        self.found = version;
        if from == 0 {
            // SQLite syncs the folder that holds the store, but not the one in which that folder has its name.
            let around = self.folder.parent().unwrap_or(&self.folder);
            folder::sync(around).map_err(|error| unreachable(&path, &error.to_string()))?;
        }
        Ok(())
    }

    /// Copies the file beside itself before its schema changes, and checks the copy.
    ///
    /// The copy gets its name only when it is known to be good: an earlier one is not lost to one that fails half-way.
    fn back_up(&self, schema: i64) -> Result<(), StoreError> {
        let explained = |error: rusqlite::Error| explain(&self.path, &error);
        let failed = |error: std::io::Error| {
            unreachable(&self.path, &format!("it cannot be copied before its migration: {error}"))
        };
        let file = StoreFile::find(&self.path, &self.folder).map_err(failed)?;
        let name = format!(".schema-{schema}.backup");
        let unchecked = file.make_beside(&format!("{name}.unchecked")).map_err(failed)?;
        copy(&self.connection, &unchecked).map_err(explained)?;
        let verdict = verdict_on(&unchecked).map_err(explained)?;
        if verdict != "ok" {
            return Err(unreachable(&self.path, &format!("the copy before its migration is damaged: {verdict}")));
        }
        file.rename(&unchecked, &beside(&file.path, &name)).map_err(failed)
    }
}

/// Copies the database into an empty file.
fn copy(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut copy = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let backup = Backup::new(from, &mut copy)?;
    loop {
        match backup.step(PAGES)? {
            StepResult::More => {}
            StepResult::Done => return Ok(()),
            // Anyone who changes the store's schema holds the lock of all writers: nobody is waited for.
            _ => return Err(rusqlite::Error::SqliteFailure(Error::new(SQLITE_BUSY), None)),
        }
    }
}

/// Returns what SQLite says of a file that nobody else uses: `ok`, or what is wrong first.
fn verdict_on(file: &Path) -> rusqlite::Result<String> {
    // Immutable: the header of a copy may ask for a write-ahead log, and none must be made for it.
    connect_immutable(file)?.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
}

fn check_references(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let stray: Option<String> = connection
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()
        .map_err(|error| explain(path, &error))?;
    match stray {
        None => Ok(()),
        Some(table) => Err(unreachable(
            path,
            &format!("after its migration rows of `{table}` would refer to rows that are missing"),
        )),
    }
}
