//! Eight things that users do, beside the other tools that they could do them with.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::measure::{timed, typical};
use crate::processes::run;
use crate::recording::{stand_in, wait_for_fold};
use crate::table::{Report, in_words};

/// The word by which this program is asked to record one run.
pub(crate) const CHILD: &str = "one-run";

/// As many as the other tools record and are asked for (`benches/peers/peers.py`).
const RUNS: usize = 1_000;
const CALLS: usize = 200;
const QUESTIONS: usize = 30;
const NEWEST: usize = 20;

const WORKLOADS: [(&str, &str); 8] = [
    ("W1", "a call that records a run: an input, an output, three parameters, a metric"),
    ("W2", "a run of 799 more, all of which can be asked for"),
    ("W3", "the newest 20 runs of a component of 1,000"),
    ("W4", "one run in full"),
    ("W5", "trace of 10 runs"),
    ("W6", "trace of 50 runs"),
    ("W7", "20 runs with one value of a parameter and a metric below a bound"),
    ("W8", "a process that records one run into a store, and ends"),
];
/// What a run takes on disk, in bytes.
const BYTES: &str = "bytes";
const TOOLS: [&str; 3] = ["ML Metadata", "MLflow", "OpenLineage"];

/// Nanoseconds by workload.
type Figures = BTreeMap<String, f64>;

pub(crate) fn measure(report: &mut Report) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/tools/peers/bin/python");
    if !python.exists() {
        return report.add(
            "SKIPPED: the other tools are not installed, see docs/performance.md, so nothing is compared with them."
                .into(),
        );
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ours = own(&folder.path().join("own"));
    let others = folder.path().join("others");
    std::fs::create_dir(&others).expect("room for a folder");
    let mut asked = Command::new(python);
    asked.arg(root.join("benches/peers/peers.py")).arg(&others).stderr(Stdio::inherit());
    let told = asked.output().expect("Python starts");
    assert!(told.status.success(), "{asked:?} ended with {}", told.status);
    let others: BTreeMap<String, Figures> = serde_json::from_slice(&told.stdout).expect("figures by tool");

    let mut text = format!(
        "| | what | mltrace | {} | the fastest of them |\n|---|---|---:|---:|---:|---:|---:|",
        TOOLS.join(" | ")
    );
    for (workload, what) in WORKLOADS {
        let own = ours[workload];
        write!(text, "\n| {workload} | {what} | {} |", in_words(own)).expect("text");
        let theirs = TOOLS.map(|tool| others[tool].get(workload).copied());
        for figure in theirs {
            write!(text, " {} |", figure.map_or_else(|| "—".to_owned(), in_words)).expect("text");
        }
        let fastest = theirs.into_iter().flatten().fold(f64::INFINITY, f64::min);
        write!(text, " {:.1} × |", fastest / own).expect("text");
    }
    let of = |tool: &str| others[tool].get(BYTES).map_or_else(|| "—".to_owned(), |bytes| format!("{bytes:.0} B"));
    write!(text, "\n| | a run on disk | {:.0} B | {} | |", ours[BYTES], TOOLS.map(of).join(" | ")).expect("text");
    report.add(text);
}

/// Does each of it in mltrace.
fn own(folder: &Path) -> Figures {
    std::fs::create_dir(folder).expect("room for a folder");
    stand_in(folder);
    let mut figures = Figures::new();
    let mut tell = |what: &str, figure: f64| {
        figures.insert(what.to_owned(), figure);
    };
    let mut number = 0..;
    let mut next = || record(number.next().expect("no end"));
    next();
    tell("W1", typical(CALLS, &mut next));
    wait_for_fold();
    let more = RUNS - CALLS - 1;
    let mut all = || {
        (0..more).for_each(|_| next());
        wait_for_fold();
    };
    tell("W2", timed(1, &mut all) / more as f64);

    let newest =
        mltrace::RunFilter { component: Some("step".to_owned()), limit: Some(NEWEST), ..mltrace::RunFilter::default() };
    tell("W3", typical(QUESTIONS, || assert_eq!(mltrace::recent(&newest).expect("they are known").runs.len(), NEWEST)));
    let all = mltrace::history("step").expect("it is known").runs;
    let mut ids = all.iter().map(|run| run.id.to_string());
    tell("W4", typical(QUESTIONS, || drop(mltrace::run(&ids.next().expect("enough of them")).expect("it is known"))));
    for (workload, deep) in [("W5", 10), ("W6", 50)] {
        let options = mltrace::TraceOptions { depth: Some(deep - 1), ..mltrace::TraceOptions::default() };
        let trace = || mltrace::trace_with(&name(RUNS), &options).expect("it was written").runs.len();
        tell(workload, typical(QUESTIONS, || assert_eq!(trace(), deep as usize)));
    }
    let conditions =
        ["component=step", "param.trees=3", "metric.loss<0.5"].map(|text| text.parse().expect("it is one"));
    let matching =
        mltrace::RunFilter { conditions: conditions.into(), limit: Some(NEWEST), ..mltrace::RunFilter::default() };
    tell(
        "W7",
        typical(QUESTIONS, || assert_eq!(mltrace::recent(&matching).expect("they are known").runs.len(), NEWEST)),
    );
    let store = folder.join(".mltrace/mltrace.db");
    let sql = rusqlite::Connection::open_with_flags(&store, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    let sql = sql.expect("the store opens");
    tell("W8", typical(3, || run(Command::new(this()).arg(CHILD).current_dir(folder))));
    let size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    let bytes: u32 = sql.query_row(size, [], |row| row.get(0)).expect("it tells its size");
    tell(BYTES, f64::from(bytes) / RUNS as f64);
    figures
}

fn name(number: usize) -> String {
    format!("s3://bench/data/step-{number:05}.parquet")
}

fn record(number: usize) {
    mltrace::start("step")
        .input(name(number))
        .param("rate", 0.1)
        .param("seed", 7)
        .param("trees", number % 10)
        .metric("loss", 1.0 / (number + 1) as f64)
        .output(name(number + 1))
        .finish();
}

fn this() -> PathBuf {
    std::env::current_exe().expect("this program is a file")
}

/// Records one run, and ends.
pub(crate) fn in_child() {
    record(RUNS);
}
