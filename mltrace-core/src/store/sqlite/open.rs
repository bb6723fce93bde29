//! Opening a store file: what it may be, who may write it, and how SQLite is set up.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::explain::{explain, is_locked, unreachable};
use super::file::{StoreFile, connect, connect_immutable};
use super::guarded::{Guarded, open_numbers};
use super::held::{self, Alone, Held, Open};
use super::lock::{WriteLock, jittered};
use super::schema::Schema;
use super::shape;
use crate::config::{self, Home};
use crate::folder::{self, Folder, Taken};
use crate::store::{Bounds, Mode, Said, StoreError, Upkeep as _};

/// How long a command waits for another writer, and a recording process for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE_FOLD: Duration = Duration::from_secs(2);
/// How often a store that is to stay open is opened until its descriptors are known: one may get the number of another
/// thread's that was closed meanwhile, and then it cannot be distinguished from what was open before.
const OPENINGS: u32 = 3;

/// A SQLite file, opened for as long as this value lives: a command, or one fold.
pub struct SqliteStore {
    pub(super) connection: Guarded,
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) mode: Mode,
    pub(super) schema: &'static Schema,
    /// The schema that the file had when it was looked at last.
    pub(super) found: i64,
    /// Whose rights SQLite opens files with; given back last.
    pub(super) taken: Option<Taken>,
    /// How far a question may go; `None`: as far as it likes.
    pub(super) bounds: Option<Arc<Bounds>>,
    /// What was opened to be folded into, and may stay open for a while.
    pub(super) held: Option<Held>,
    /// Given up after the connection.
    open: Option<Open>,
}

impl SqliteStore {
    /// Opens the store of `home`, made first when it is to be written, and migrated when it is of an older schema.
    ///
    /// # Errors
    /// When it is missing (only to read), cannot be used or migrated, is too new or is no store.
    pub fn open(home: &Home, mode: Mode, schema: &'static Schema) -> Result<Self, StoreError> {
        let path = file_of(home)?;
        let refused = |error: io::Error| unreachable(path, &error.to_string());
        if mode == Mode::Read {
            return Self::open_to_read(home, schema);
        }
        Folder::prepare(&home.folder).map_err(refused)?;
        if let Some(parent) = path.parent().filter(|parent| *parent != home.folder) {
            folder::make_above(parent).map_err(refused)?;
        }
        let open = Open::enter(path)?;
        // What is looked at in the store's folder is opened, too.
        let alone = alone(path, mode)?;
        let file = StoreFile::find(path, &home.folder).map_err(refused)?;
        if file.is_shared {
            return Err(unreachable(path, "it has another name elsewhere, and would be written there too"));
        }
        let taken = file.take_identity().map_err(refused)?;
        if !file.exists {
            // By SQLite it would be made for everybody to read.
            file.make().map_err(refused)?;
        }
        let mut store = Self::opened_to_write(home, path, &file, (mode, schema))?;
        store.taken = Some(taken);
        if mode == Mode::Fold {
            store.held = Some(Held::new(file));
        }
        drop(alone);
        store.open = Some(open);
        if home.has_own_store() {
            store.call_own_project(&home.project)?;
            if store.place()?.is_none() {
                let place = config::place_of(&home.folder);
                store.transact(&mut |writer| writer.keep(Said::OwnPlace(&place)))?;
            }
        }
        Ok(store)
    }

    fn opened_to_write(
        home: &Home,
        path: &Path,
        file: &StoreFile,
        (mode, schema): (Mode, &'static Schema),
    ) -> Result<Self, StoreError> {
        let mut left = OPENINGS;
        loop {
            let before = if mode == Mode::Fold { open_numbers() } else { Vec::new() };
            let connection =
                connect(&file.path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| explain(path, &error))?;
            let mut store = Self::new((path, &home.folder), mode, schema, connection, None);
            store.set_up()?;
            store.migrate()?;
            left = left.saturating_sub(1);
            if mode == Mode::Fold {
                store.connection.keep(&before, &file.identities());
            }
            if mode != Mode::Fold || store.connection.may_stay() || left == 0 {
                return Ok(store);
            }
        }
    }

    fn new(
        (path, folder): (&Path, &Path),
        mode: Mode,
        schema: &'static Schema,
        connection: Connection,
        taken: Option<Taken>,
    ) -> Self {
        let (path, folder) = (path.to_owned(), folder.to_owned());
        let connection = Guarded::new(connection);
        Self { connection, path, folder, mode, schema, found: 0, bounds: None, held: None, taken, open: None }
    }

    /// Returns a store in memory that holds nothing.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn empty(schema: &'static Schema) -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory()?;
        schema.make(&connection)?;
        let (path, folder, found) = (PathBuf::new(), PathBuf::new(), schema.version());
        let (bounds, held, taken, open) = (None, None, None, None);
        let connection = Guarded::new(connection);
        Ok(Self { connection, path, folder, mode: Mode::Read, schema, found, bounds, held, taken, open })
    }

    fn open_to_read(home: &Home, schema: &'static Schema) -> Result<Self, StoreError> {
        let path = file_of(home)?;
        let open = Open::enter(path)?;
        let alone = alone(path, Mode::Read)?;
        let file = match StoreFile::find(path, &home.folder) {
            Ok(file) if file.exists => file,
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unreachable(path, &error.to_string()));
            }
            _ => return Err(StoreError::Missing(home.store.clone())),
        };
        let mut store = Self::opened_to_read(home, path, &file, schema)?;
        drop(alone);
        store.open = Some(open);
        Ok(store)
    }

    fn opened_to_read(home: &Home, path: &Path, file: &StoreFile, schema: &'static Schema) -> Result<Self, StoreError> {
        let taken = file.take_identity().map_err(|error| unreachable(path, &error.to_string()))?;
        let flags = if file.is_shared { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
        let explained = |error| explain(path, &error);
        let connection = connect(&file.path, flags).map_err(explained)?;
        let mut store = Self::new((path, &home.folder), Mode::Read, schema, connection, Some(taken));
        match store.set_up().and_then(|()| store.gate()) {
            Ok(_) => return store.up_to_date(),
            // Once is long enough.
            Err(error) if is_locked(&error) => return Err(error),
            Err(_) => {}
        }
        // A read-only folder cannot hold the shared memory of a WAL: without writers the file alone is the truth.
        let is_read_only = || Folder::open(&home.folder).and_then(|folder| folder.try_to_write()).is_err();
        if file.is_wal_empty() && is_read_only() {
            store.connection = Guarded::new(connect_immutable(&file.path).map_err(explained)?);
        }
        store.set_up()?;
        store.gate()?;
        store.up_to_date()
    }

    /// Migrates a store that is only to be read: its questions are those of this version's schema.
    fn up_to_date(mut self) -> Result<Self, StoreError> {
        if self.found >= self.schema.version() {
            return Ok(self);
        }
        let prepared = Folder::prepare(&self.folder).map_err(|error| unreachable(&self.path, &error.to_string()));
        match prepared.and_then(|_| self.migrate()) {
            Ok(()) => Ok(self),
            Err(StoreError::Unreachable { place, reason }) => {
                let (from, to) = (self.found, self.schema.version());
                let reason = format!("it must be taken from schema {from} to {to} before it can be read: {reason}");
                Err(StoreError::Unreachable { place, reason })
            }
            Err(error) => Err(error),
        }
    }

    fn set_up(&mut self) -> Result<(), StoreError> {
        let explained = |error: rusqlite::Error| explain(&self.path, &error);
        let connection = &mut self.connection;
        connection.busy_handler(Some(wait_for_turn)).map_err(explained)?;
        connection.set_prepared_statement_cache_capacity(128);
        shape::distrust(connection).map_err(explained)?;
        // Plans that hold for any value: without, SQLite plans a kept statement anew for each value that it is given.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(explained)?;
        if self.mode == Mode::Fold {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(explained)?;
        }
        let batch = "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
             PRAGMA synchronous = EXTRA; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -16384;";
        connection.execute_batch(batch).map_err(explained)?;
        let _: i64 = connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).map_err(explained)?;
        Ok(())
    }

    pub(super) fn lock(&self) -> Result<WriteLock, StoreError> {
        WriteLock::take(&self.folder, patience(self.mode)).map_err(|error| unreachable(&self.path, &error.to_string()))
    }
}

fn patience(mode: Mode) -> Duration {
    if mode == Mode::Fold { PATIENCE_FOLD } else { PATIENCE }
}

/// Keeps other threads from opening a store meanwhile.
fn alone(path: &Path, mode: Mode) -> Result<Alone, StoreError> {
    held::alone(patience(mode)).ok_or_else(|| unreachable(path, "another thread of this process still opens it"))
}

/// Returns the file that a home's store is.
fn file_of(home: &Home) -> Result<&Path, StoreError> {
    home.store.file().ok_or_else(|| StoreError::NoSuchBackend(home.store.clone()))
}

/// Waits a moment for another connection, for about ten seconds in all.
#[expect(clippy::disallowed_methods, reason = "another program's lock on the file tells nobody when it is dropped")]
fn wait_for_turn(attempts: i32) -> bool {
    let pause = Duration::from_millis(u64::from(attempts.unsigned_abs()).clamp(1, 20));
    std::thread::sleep(jittered(pause, Instant::now()));
    attempts < 600
}
