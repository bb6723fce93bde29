//! The least that a trace could cost: the keys of its runs first, then a statement a table over ranges of keys.

use std::hint::black_box;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

/// What a trace is made of, as loose rows: texts lie one after the other, and rows hold numbers and ends of texts.
#[derive(Debug, Default)]
pub struct Met {
    /// How many runs were met.
    pub runs: usize,
    texts: Vec<u8>,
    numbers: Vec<i64>,
}

/// Runs, each with what the walk reads of it, in the order of keys.
const RUNS: &str = "SELECT r.uuid, c.name, r.status, r.started_at, r.ended_at, r.duration_us
     FROM run r JOIN component c ON c.id = r.component_id WHERE r.id BETWEEN ? AND ?";
const PARAMS: &str = "SELECT run_id, name, value FROM param WHERE run_id BETWEEN ? AND ?";
const WRITES: &str = "SELECT w.run_id, a.name, w.at, v.id_value FROM write w JOIN artifact a ON a.id = w.artifact_id
     LEFT JOIN version v ON v.id = w.version_id WHERE w.run_id BETWEEN ? AND ?";
const READS: &str =
    "SELECT d.run_id, a.name, d.at, v.id_value, w.run_id FROM read d JOIN artifact a ON a.id = d.artifact_id
     LEFT JOIN version v ON v.id = d.seen_id LEFT JOIN write w ON w.id = d.write_id WHERE d.run_id BETWEEN ? AND ?";
/// All runs upstream of the last write of an artifact.
const UPSTREAM: &str = "WITH RECURSIVE up (id) AS (
         SELECT * FROM (SELECT w.run_id FROM write w JOIN artifact a ON a.id = w.artifact_id
             WHERE a.project_id = 1 AND a.name = ? AND w.version_id IS NOT NULL ORDER BY w.at DESC LIMIT 1)
         UNION SELECT w.run_id FROM up JOIN read d ON d.run_id = up.id JOIN write w ON w.id = d.write_id)
     SELECT id FROM up";

/// Walks upstream from the last write of `artifact`, and returns the rows that a trace is made of.
#[must_use]
pub fn expert_walk(store: &Connection, artifact: &str) -> Met {
    store.execute_batch("BEGIN").expect("nothing is under way");
    let mut upstream = store.prepare_cached(UPSTREAM).expect("SQL");
    let found = upstream.query_map([artifact], |row| row.get::<_, i64>(0)).expect("rows");
    let mut runs: Vec<i64> = found.map(|run| run.expect("a key")).collect();
    runs.sort_unstable();
    let ranges: Vec<(i64, i64)> = runs
        .chunk_by(|one, next| one + 1 == *next)
        .filter_map(|range| Some((*range.first()?, *range.last()?)))
        .collect();
    let mut met = Met { runs: runs.len(), ..Met::default() };
    for statement in [RUNS, PARAMS, WRITES, READS] {
        let mut statement = store.prepare_cached(statement).expect("SQL");
        let columns = statement.column_count();
        for (first, last) in &ranges {
            let mut rows = statement.query(params![first, last]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                (0..columns).for_each(|column| met.take(row.get_ref(column).expect("a column")));
            }
        }
    }
    drop(upstream);
    store.execute_batch("COMMIT").expect("the transaction is under way");
    black_box(met)
}

impl Met {
    fn take(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.numbers.push(i64::MIN),
            ValueRef::Integer(number) => self.numbers.push(number),
            ValueRef::Real(number) => self.numbers.push(number as i64),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                self.texts.extend_from_slice(bytes);
                self.numbers.push(i64::try_from(self.texts.len()).expect("it fits in memory"));
            }
        }
    }
}
