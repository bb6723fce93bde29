//! How much memory recording takes, in one process that records for long.
#![expect(clippy::print_stdout, reason = "a child tells its figures by printing them")]

use std::fs;
use std::hint::black_box;
use std::process::Command;

use crate::recording::stand_in;
use crate::table::{Report, in_mib};

/// The word by which this program is asked to record and to tell its size.
pub(crate) const CHILD: &str = "record-for-long";

/// So many runs are recorded, and a question is asked after each tenth of them.
const RUNS: u32 = 1_000_000;

#[mltrace::register(component = "score", inputs = [features], outputs = [prediction])]
fn score(features: &str, number: u32) -> String {
    let _ = features;
    let prediction = format!("predictions://shop/{number}");
    prediction
}

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let this = std::env::current_exe().expect("this program is a file");
    let told = Command::new(this).arg(CHILD).current_dir(folder.path()).output().expect("this program starts");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told = String::from_utf8(told.stdout).expect("figures");
    let figures: Vec<f64> = told.split_whitespace().map(|figure| figure.parse().expect("a figure")).collect();
    let [_, early, .., late] = figures[..] else { panic!("ten figures, not `{told}`") };
    let (what, beside) = ("resident memory after 1,000,000 runs", "after 200,000 runs");
    report.figures(what, &in_mib(late), beside, &in_mib(early), late / early, 1.1);
}

/// Records a million runs, and prints how large the process is on the way.
pub(crate) fn in_child() {
    stand_in(&std::env::current_dir().expect("a folder"));
    for recorded in 1..=RUNS {
        black_box(score(black_box("features://shop/1"), recorded));
        if recorded % (RUNS / 10) == 0 {
            mltrace::recent(&mltrace::RunFilter { limit: Some(1), ..Default::default() }).expect("runs are recorded");
            println!("{}", resident("/proc/self/status", "VmRSS:"));
        }
    }
}

/// Returns how many bytes of a process are in memory, as its status reports under this name.
pub(crate) fn resident(status: &str, name: &str) -> u64 {
    let status = fs::read_to_string(status).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
