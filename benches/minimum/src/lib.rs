//! The bare minimum that each thing could cost: what is measured beside mltrace.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod expert;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use mltrace_core::store::sqlite::Schema;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, TransactionBehavior, params_from_iter};

pub use expert::{Met, expert_walk};

/// A file that records of a fixed length are appended to.
#[derive(Debug)]
pub struct Appender {
    file: File,
    record: Vec<u8>,
}

impl Appender {
    /// Makes the file.
    #[must_use]
    pub fn new(path: &Path, record_bytes: usize) -> Self {
        let file = File::options().append(true).create(true).open(path).expect("room for a file");
        Self { file, record: vec![b'x'; record_bytes] }
    }

    /// Appends one record.
    pub fn append(&mut self) {
        self.file.write_all(&self.record).expect("room for a record");
    }
}

/// All rows of one table.
#[derive(Debug)]
pub struct Rows {
    insert: String,
    rows: Vec<Vec<Value>>,
}

/// Returns all rows of the tables that hold what was recorded, in an order that foreign keys allow.
#[must_use]
pub fn rows(store: &Path) -> Vec<Rows> {
    let store = Connection::open(store).expect("the store opens");
    let mut names = store
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' 
             AND name NOT LIKE 'sqlite_%' AND name <> 'meta' ORDER BY name <> 'argument', rowid",
        )
        .expect("a schema");
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).expect("names").collect::<Result<_, _>>().expect("names");
    names.iter().map(|name| rows_of(&store, name)).collect()
}

fn rows_of(store: &Connection, table: &str) -> Rows {
    // What the database works out from other columns is not among these.
    let mut columns = store.prepare("SELECT name FROM pragma_table_info(?)").expect("SQL");
    let columns: Vec<String> =
        columns.query_map([table], |row| row.get(0)).expect("names").collect::<Result<_, _>>().expect("names");
    let names = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let mut statement = store.prepare(&format!("SELECT {names} FROM \"{table}\"")).expect("the table is there");
    let rows = statement.query_map([], |row| (0..columns.len()).map(|column| row.get(column)).collect()).expect("rows");
    let rows = rows.collect::<Result<_, _>>().expect("rows");
    let places = vec!["?"; columns.len()].join(", ");
    Rows { insert: format!("INSERT INTO \"{table}\" ({names}) VALUES ({places})"), rows }
}

/// Makes an empty store with the same tables and the same safety as mltrace's: whether rows may name what is not there is
/// part of it.
#[must_use]
pub fn empty_store(path: &Path, has_foreign_keys: bool) -> Connection {
    let store = Connection::open(path).expect("room for a store");
    store.pragma_update(None, "journal_mode", "wal").expect("a local file system");
    store.pragma_update(None, "synchronous", "full").expect("a setting");
    Schema::CURRENT.make(&store).expect("the schema");
    store.pragma_update(None, "foreign_keys", has_foreign_keys).expect("a setting");
    store
}

/// Inserts rows in so many transactions, a share of every table in each.
pub fn insert(store: &mut Connection, tables: &[Rows], transactions: usize) {
    for share in 0..transactions {
        let transaction = store.transaction_with_behavior(TransactionBehavior::Immediate).expect("the only writer");
        for table in tables {
            let mut statement = transaction.prepare_cached(&table.insert).expect("the table is there");
            // What is left over comes first: rows of later tables name it.
            let (count, share_of) = (table.rows.len(), table.rows.len() / transactions);
            let place = |share: usize| if share == 0 { 0 } else { count - share_of * (transactions - share) };
            for row in &table.rows[place(share)..place(share + 1)] {
                statement.execute(params_from_iter(row)).expect("a row");
            }
        }
        transaction.commit().expect("room for the rows");
    }
}

/// Walks upstream from the last writes of `artifacts`, and returns the rows that a trace is made of, each run's once.
#[must_use]
pub fn walk(store: &Connection, artifacts: &[&str]) -> Vec<Vec<Value>> {
    // One look at the store: without a transaction every statement takes the locks anew.
    store.execute_batch("BEGIN").expect("nothing is under way");
    let met = walk_inside(store, artifacts);
    store.execute_batch("COMMIT").expect("the transaction is under way");
    met
}

/// Walks as [`walk`] does, then reads once what may make outputs differ: of the runs that were met, and of the 128 runs of
/// each of their components before the last of them.
#[must_use]
pub fn walk_with_facts(store: &Connection, artifacts: &[&str]) -> Vec<Vec<Value>> {
    store.execute_batch("BEGIN").expect("nothing is under way");
    let mut met = walk_inside(store, artifacts);
    let mut uuids: Vec<&Value> = met.iter().filter(|row| row.len() == 6).map(|row| &row[0]).collect();
    uuids.dedup();
    let mut own = store.prepare_cached("SELECT id, component_id, started_at FROM run WHERE uuid = ?").expect("SQL");
    let mut last: BTreeMap<i64, i64> = BTreeMap::new();
    let mut runs = BTreeSet::new();
    for uuid in uuids {
        let (run, component, at): (i64, i64, i64) =
            own.query_row([uuid], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("a run");
        runs.insert(run);
        let last = last.entry(component).or_insert(at);
        *last = at.max(*last);
    }
    let mut before = store
        .prepare_cached(
            "SELECT id FROM run WHERE component_id = ? AND status = 1 AND started_at < ? ORDER BY started_at DESC LIMIT 128",
        )
        .expect("SQL");
    for last in last {
        let found = before.query_map(last, |row| row.get::<_, i64>(0)).expect("rows");
        runs.extend(found.map(|run| run.expect("a key")));
    }
    let mut facts = store
        .prepare_cached(
            "SELECT r.uuid, r.status, r.started_at, r.duration_us, g.commit_id, g.branch, g.dirty, k.hash, p.host, p.user
             FROM run r LEFT JOIN git g ON g.id = r.git_id LEFT JOIN code k ON k.id = r.code_id
             LEFT JOIN process p ON p.id = r.process_id WHERE r.id = ?",
        )
        .expect("SQL");
    let mut params = store.prepare_cached("SELECT name, value FROM param WHERE run_id = ?").expect("SQL");
    let mut names = store
        .prepare_cached(
            "SELECT a.name, v.id_value FROM read d JOIN artifact a ON a.id = d.artifact_id
             LEFT JOIN version v ON v.id = d.seen_id WHERE d.run_id = ?",
        )
        .expect("SQL");
    for run in runs {
        met.extend(all(&mut facts, run, 10));
        met.extend(all(&mut params, run, 2));
        met.extend(all(&mut names, run, 2));
    }
    store.execute_batch("COMMIT").expect("the transaction is under way");
    met
}

fn walk_inside(store: &Connection, artifacts: &[&str]) -> Vec<Vec<Value>> {
    let mut last = store
        .prepare_cached(
            "SELECT w.run_id FROM write w JOIN artifact a ON a.id = w.artifact_id
             WHERE a.project_id = 1 AND a.name = ? AND w.version_id IS NOT NULL ORDER BY w.at DESC LIMIT 1",
        )
        .expect("SQL");
    let mut run = store
        .prepare_cached(
            "SELECT r.uuid, c.name, r.status, r.started_at, r.ended_at, r.duration_us
             FROM run r JOIN component c ON c.id = r.component_id WHERE r.id = ?",
        )
        .expect("SQL");
    let mut params = store.prepare_cached("SELECT name, value FROM param WHERE run_id = ?").expect("SQL");
    let mut writes = store
        .prepare_cached(
            "SELECT a.name, w.at, v.id_value FROM write w JOIN artifact a ON a.id = w.artifact_id
             LEFT JOIN version v ON v.id = w.version_id WHERE w.run_id = ?",
        )
        .expect("SQL");
    let mut reads = store
        .prepare_cached(
            "SELECT a.name, d.at, v.id_value, w.run_id FROM read d JOIN artifact a ON a.id = d.artifact_id
             LEFT JOIN version v ON v.id = d.seen_id LEFT JOIN write w ON w.id = d.write_id WHERE d.run_id = ?",
        )
        .expect("SQL");

    let mut seen = BTreeSet::new();
    let mut open = Vec::new();
    for artifact in artifacts {
        let writer: i64 = last.query_row([artifact], |row| row.get(0)).expect("the artifact was written");
        if seen.insert(writer) {
            open.push(writer);
        }
    }
    let mut met = Vec::new();
    while let Some(id) = open.pop() {
        met.extend(all(&mut run, id, 6));
        met.extend(all(&mut params, id, 2));
        met.extend(all(&mut writes, id, 3));
        for read in all(&mut reads, id, 4) {
            if let Value::Integer(writer) = read[3]
                && seen.insert(writer)
            {
                open.push(writer);
            }
            met.push(read);
        }
    }
    met
}

fn all(statement: &mut CachedStatement<'_>, run: i64, columns: usize) -> Vec<Vec<Value>> {
    let rows = statement.query_map([run], |row| (0..columns).map(|column| row.get(column)).collect()).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

/// Reads a table of text to its end and returns how many cells it has.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn read_csv(path: &Path) -> usize {
    let file = std::fs::File::open(path).expect("the file is there");
    let mut reader = csv::ReaderBuilder::new().from_reader(std::io::BufReader::with_capacity(256 << 10, file));
    let (mut row, mut cells) = (csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut row).expect("the file can be read") {
        cells += row.len();
    }
    cells
}

/// Hashes a file as it is read.
#[must_use]
pub fn hash(path: &Path) -> [u8; 32] {
    let mut file = File::open(path).expect("the file is there");
    let mut buffer = vec![0; 256 << 10];
    let mut hasher = blake3::Hasher::new();
    loop {
        match file.read(&mut buffer).expect("the file can be read") {
            0 => return *hasher.finalize().as_bytes(),
            count => hasher.update(&buffer[..count]),
        };
    }
}
