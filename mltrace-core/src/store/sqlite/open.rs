//! Opening a store file: what it may be, who may write it, and how SQLite is set up.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};

use super::lock::{WriteLock, jittered};
use crate::capture::place;
use crate::config::Home;
use crate::folder;
use crate::store::{Mode, StoreError};

/// "mltr", in the file's header: what tells a store from anybody else's database.
const APPLICATION_ID: i64 = 0x6d6c_7472;
/// The schema that this version reads and writes.
const SCHEMA: i64 = 1;
/// Each step takes a store from the schema of its index to the next.
const STEPS: &[&str] = &[include_str!("schema.sql")];

/// How long a command waits for another writer, and a recording process for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE_FOLD: Duration = Duration::from_secs(2);

/// A SQLite file, opened for as long as this value lives: a command, or one fold.
pub(in crate::store) struct SqliteStore {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) mode: Mode,
}

impl SqliteStore {
    /// Opens the store of `home`, made and migrated first when it is to be written.
    pub(in crate::store) fn open(home: &Home, mode: Mode) -> Result<Self, StoreError> {
        let path = home.store.clone();
        if path.is_dir() {
            return Err(unreachable(&path, "it is a folder"));
        }
        if mode == Mode::Read {
            return Self::open_to_read(home, path);
        }
        folder::prepare(&home.folder).map_err(|error| unreachable(&path, &error.to_string()))?;
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| unreachable(&path, &error.to_string()))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let is_new = !path.exists();
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| explain(&path, &error))?;
        if is_new {
            folder::make_private(&path);
        }
        let mut store = Self { connection, path, folder: home.folder.clone(), mode };
        store.set_up()?;
        store.migrate()?;
        Ok(store)
    }

    fn open_to_read(home: &Home, path: PathBuf) -> Result<Self, StoreError> {
        match std::fs::metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(StoreError::Missing(path)),
            Err(error) => return Err(unreachable(&path, &error.to_string())),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = |flags| Connection::open_with_flags(&path, flags).map_err(|error| explain(&path, &error));
        let mut store =
            Self { connection: open(flags)?, path: path.clone(), folder: home.folder.clone(), mode: Mode::Read };
        if store.set_up().and_then(|()| store.gate()).is_ok() {
            return Ok(store);
        }
        // A read-only folder cannot hold the shared memory of a WAL: without writers the file alone is the truth.
        let wal_is_empty = std::fs::metadata(beside(&path, "-wal")).map_or(true, |wal| wal.len() == 0);
        if wal_is_empty && folder::is_read_only(&home.folder) {
            let address = format!("file:{}?immutable=1", percent_encoded(&path));
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            store.connection = Connection::open_with_flags(address, flags).map_err(|error| explain(&path, &error))?;
        }
        store.set_up()?;
        store.gate()?;
        Ok(store)
    }

    fn set_up(&mut self) -> Result<(), StoreError> {
        let explained = |error: rusqlite::Error| explain(&self.path, &error);
        let connection = &mut self.connection;
        connection.busy_handler(Some(wait_for_turn)).map_err(explained)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(explained)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(explained)?;
        if self.mode == Mode::Fold {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(explained)?;
        }
        let batch = "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
             PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -16384;";
        connection.execute_batch(batch).map_err(explained)?;
        let _: i64 = connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).map_err(explained)?;
        Ok(())
    }

    /// Returns the file's schema, or why this version must keep its hands off.
    fn gate(&self) -> Result<i64, StoreError> {
        let explained = |error: rusqlite::Error| explain(&self.path, &error);
        let pragma = |name: &str| self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        let application = pragma("application_id").map_err(explained)?;
        let schema = pragma("user_version").map_err(explained)?;
        let tables: i64 =
            self.connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).map_err(explained)?;
        if application == 0 && schema == 0 && tables == 0 {
            return if self.mode == Mode::Read { Err(StoreError::Missing(self.path.clone())) } else { Ok(0) };
        }
        if application != APPLICATION_ID {
            let reason = "it is somebody else's database".to_owned();
            return Err(StoreError::NotAStore { path: self.path.clone(), reason });
        }
        if schema > SCHEMA {
            let (name, verb) = if self.mode == Mode::Read { ("min_reader", "read") } else { ("min_writer", "write") };
            let needed = self.meta(name).and_then(|text| text.parse().ok()).unwrap_or(i64::MAX);
            if needed > SCHEMA {
                let writer = self.meta("writer").unwrap_or_else(|| "of unknown version".to_owned());
                return Err(StoreError::TooNew { path: self.path.clone(), writer, schema, verb });
            }
        }
        Ok(schema)
    }

    fn meta(&self, key: &str) -> Option<String> {
        let sql = "SELECT value FROM meta WHERE key = $1";
        self.connection.query_row(sql, [key], |row| row.get(0)).optional().ok().flatten()
    }

    /// Takes the file to this version's schema, in one transaction.
    fn migrate(&mut self) -> Result<(), StoreError> {
        if self.gate()? >= SCHEMA {
            return Ok(());
        }
        let _lock = self.lock()?;
        // Another process may have done it while this one waited.
        let schema = self.gate()?;
        if schema >= SCHEMA {
            return Ok(());
        }
        let path = self.path.clone();
        let explained = |error: rusqlite::Error| explain(&path, &error);
        if schema == 0 {
            let journal_mode = if place::is_local(&self.folder) { "WAL" } else { "DELETE" };
            self.connection.execute_batch(&format!("PRAGMA journal_mode = {journal_mode};")).map_err(explained)?;
        } else {
            self.back_up(schema)?;
        }
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explained)?;
        for step in STEPS.iter().skip(usize::try_from(schema).unwrap_or(0)) {
            transaction.execute_batch(step).map_err(explained)?;
        }
        let meta = "INSERT INTO meta (key, value) VALUES ('writer', $1), ('min_reader', '1'), ('min_writer', '1')
             ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        transaction.execute(meta, [env!("CARGO_PKG_VERSION")]).map_err(explained)?;
        transaction
            .execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA};"))
            .map_err(explained)?;
        transaction.commit().map_err(explained)
    }

    /// Copies the file beside itself before its schema changes, and checks the copy.
    fn back_up(&self, schema: i64) -> Result<(), StoreError> {
        let explained = |error: rusqlite::Error| explain(&self.path, &error);
        let copy = beside(&self.path, &format!(".schema-{schema}.backup"));
        self.connection.backup("main", &copy, None::<fn(rusqlite::backup::Progress)>).map_err(explained)?;
        let copied = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(explained)?;
        let verdict: String = copied.query_row("PRAGMA quick_check", [], |row| row.get(0)).map_err(explained)?;
        if verdict == "ok" {
            return Ok(());
        }
        Err(unreachable(&self.path, &format!("the copy before its migration is damaged: {verdict}")))
    }

    pub(super) fn lock(&self) -> Result<WriteLock, StoreError> {
        let patience = if self.mode == Mode::Fold { PATIENCE_FOLD } else { PATIENCE };
        WriteLock::take(&self.folder, patience).map_err(|error| unreachable(&self.path, &error.to_string()))
    }
}

/// Waits a moment for another connection, for about ten seconds in all.
#[expect(clippy::disallowed_methods, reason = "another program's lock on the file tells nobody when it is dropped")]
fn wait_for_turn(attempts: i32) -> bool {
    let pause = Duration::from_millis(u64::from(attempts.unsigned_abs()).clamp(1, 20));
    std::thread::sleep(jittered(pause, Instant::now()));
    attempts < 600
}

fn unreachable(path: &Path, reason: &str) -> StoreError {
    StoreError::Unreachable { path: path.to_owned(), reason: reason.to_owned() }
}

/// Returns what SQLite's error means for the file at `path`.
pub(super) fn explain(path: &Path, error: &rusqlite::Error) -> StoreError {
    let reason = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            return StoreError::NotAStore { path: path.to_owned(), reason: "it is no SQLite database".to_owned() };
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            return StoreError::NotAStore { path: path.to_owned(), reason: "the file is damaged".to_owned() };
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another process keeps it locked".to_owned(),
        Some(ErrorCode::ReadOnly) => "it may not be written".to_owned(),
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::PermissionDenied) => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    unreachable(path, &reason)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns `path` for a `file:` address, where `?`, `#` and `%` have a meaning.
fn percent_encoded(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}
