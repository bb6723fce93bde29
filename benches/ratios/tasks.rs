//! What it costs to say how well outputs fit what became of them.

use std::hint::black_box;
use std::path::Path;

use mltrace_core::config::{Environment, Home};
use mltrace_core::model::{TaskFact, TaskSide, TaskValue, Timestamp};
use mltrace_core::query::{Reader, TaskMetric, TaskOptions};
use mltrace_core::store::{self, Mode, Said, Store};
use rusqlite::Connection;

use crate::measure::{by_turns, typical};
use crate::table::{Report, in_words};

/// How many outputs there are, and as much feedback.
const OUTPUTS: i64 = 1_000_000;
/// Over how many days.
const DAYS: i64 = 30;
const DAY: i64 = 86_400_000_000;

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = Home::find(folder.path(), None, &Environment::default());
    let mut store = store::open(&home, Mode::Write).expect("the store opens");
    fill(store.as_mut(), &home.project);
    drop(store);
    let mut store = store::open(&home, Mode::Read).expect("the store opens");
    let bare = Connection::open(home.store.file().expect("it is a file")).expect("the store opens");
    let mae = TaskOptions { window_s: Some(86_400), metrics: vec![TaskMetric::Mae], ..TaskOptions::default() };
    let pair =
        by_turns(9, 1, || assert_eq!(ask(store.as_mut(), &home, &mae), DAYS), || assert_eq!(by_hand(&bare), DAYS));
    let what = "MAE by day of 1,000,000 outputs and as much feedback, with coverage and lag";
    report.pair(what, "a hand-written aggregate over the same rows", pair, 2.0);
    for (what, window_s) in
        [("all metrics of them by day, the median too", Some(86_400)), ("all metrics of all of them", None)]
    {
        let options = TaskOptions { window_s, ..TaskOptions::default() };
        let took = typical(5, || {
            black_box(ask(store.as_mut(), &home, &options));
        });
        report.add(format!("{what}: {}", in_words(took)));
    }
}

fn ask(store: &mut dyn Store, home: &Home, options: &TaskOptions) -> i64 {
    let answer = Reader::new(store, home, Path::new("/")).task("fare", options).expect("it is known");
    i64::try_from(answer.windows.len()).expect("few")
}

/// Asks for the same as anyone who knows the tables would; moments count from another year.
fn by_hand(store: &Connection) -> i64 {
    let sql = "SELECT (made_at + 1861920000000000) / 86400000000, count(*), count(told), avg(abs(made - told)), avg(told_at - made_at)
         FROM task_case WHERE task_id = 1 AND made_at IS NOT NULL GROUP BY 1";
    let mut statement = store.prepare_cached(sql).expect("it is SQL");
    let mut rows = statement.query([]).expect("the store answers");
    let mut count = 0;
    while let Some(row) = rows.next().expect("the store answers") {
        black_box(row.get::<_, f64>(3).expect("a number"));
        count += 1;
    }
    count
}

/// Says of every output what was put out and what became of it, hours later.
fn fill(store: &mut dyn Store, project: &str) {
    const AT_ONCE: i64 = 10_000;
    let start = Timestamp(1_619_827_200_000_000);
    let mut state = 88_172_645_463_325_252_u64;
    let mut below = |most: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        i64::try_from(state % most).expect("it is small")
    };
    for first in (0..OUTPUTS).step_by(usize::try_from(AT_ONCE).expect("it is small")) {
        let facts: Vec<TaskFact> = (first..first + AT_ONCE)
            .flat_map(|id| {
                let at = start.plus_micros(id * (DAY * DAYS / OUTPUTS));
                let mut said = |side, at: Timestamp| TaskFact {
                    task: "fare".to_owned(),
                    id: format!("ride-{id}"),
                    side,
                    value: TaskValue::parse(&format!("{}.{}", below(60), below(9) + 1)).expect("a number"),
                    at,
                    run: None,
                };
                [said(TaskSide::Output, at), said(TaskSide::Feedback, at.plus_micros(DAY / 4))]
            })
            .collect();
        store
            .write(&mut |writer| {
                let project = writer.project(project, None)?;
                facts.iter().try_for_each(|fact| writer.keep(Said::Task(project, fact)))
            })
            .expect("the store takes it");
    }
}
