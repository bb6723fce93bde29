//! What recording costs a service that is called a few times a second: the processor's time of the whole process, with
//! that of the thread that folds.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior, params};
use rustix::time::{ClockId, clock_gettime};

use crate::measure::by_turns_timed;
use crate::recording::{Requests, stand_in};
use crate::table::Report;

/// How often a service is called in a second, and for how long that is watched at a time.
const PACES: [(u32, Duration); 3] =
    [(10, Duration::from_secs(2)), (100, Duration::from_secs(2)), (1000, Duration::from_secs(1))];
const TURNS: usize = 3;

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    stand_in(folder.path());
    let mut rows = Rows::new(&folder.path().join("minimum.db"));
    let mut first = 0;
    for (pace, watched) in PACES {
        let calls = usize::try_from(pace).expect("few") * usize::try_from(watched.as_secs()).expect("short");
        let ours = || {
            first += calls;
            let mut requests = Requests::new(first, calls);
            let took = processor(|| {
                at_pace(pace, calls, || requests.call());
                // The last is folded within a second, and nobody asks for it.
                sleep(Duration::from_secs(1));
            });
            took / calls as f64
        };
        let pair = by_turns_timed(TURNS, ours, || processor(|| at_pace(pace, calls, || rows.add())) / calls as f64);
        let what = format!("processor's time of a call, of {pace} a second, folded");
        report.pair(&what, "a transaction of three rows in an open store", pair, 2.0);
    }
}

#[expect(clippy::disallowed_methods, reason = "a service waits for its next request")]
fn sleep(time: Duration) {
    thread::sleep(time);
}

/// Calls so many times, so many times a second.
fn at_pace(pace: u32, calls: usize, mut call: impl FnMut()) {
    let begun = Instant::now();
    for number in 0..calls {
        let due = Duration::from_secs(1) * u32::try_from(number).expect("few") / pace;
        sleep(due.saturating_sub(begun.elapsed()));
        call();
    }
}

/// Returns the nanoseconds that the processor worked for this process meanwhile.
pub(crate) fn processor(work: impl FnOnce()) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
    };
    let before = now();
    work();
    now() - before
}

/// A store that somebody writes a run and its two edges to, each in the safest way.
struct Rows {
    store: Connection,
    next: i64,
}

impl Rows {
    fn new(path: &Path) -> Self {
        let store = Connection::open(path).expect("room for a store");
        store.pragma_update(None, "journal_mode", "wal").expect("a local file system");
        store.pragma_update(None, "synchronous", "full").expect("a setting");
        let tables =
            "CREATE TABLE run (id INTEGER PRIMARY KEY, uuid BLOB, component TEXT, started INTEGER, ended INTEGER);
             CREATE TABLE edge (run INTEGER, n INTEGER, name TEXT, PRIMARY KEY (run, n)) WITHOUT ROWID;";
        store.execute_batch(tables).expect("SQL");
        Self { store, next: 0 }
    }

    fn add(&mut self) {
        self.next += 1;
        let transaction =
            self.store.transaction_with_behavior(TransactionBehavior::Immediate).expect("the only writer");
        let run = "INSERT INTO run VALUES (?, randomblob(16), 'predict', 1, 2)";
        transaction.prepare_cached(run).expect("SQL").execute([self.next]).expect("a row");
        for n in 0..2 {
            let edge = "INSERT INTO edge VALUES (?, ?, ?)";
            let name = format!("features://shop/{:08}", self.next);
            transaction.prepare_cached(edge).expect("SQL").execute(params![self.next, n, name]).expect("a row");
        }
        transaction.commit().expect("room for the rows");
    }
}
