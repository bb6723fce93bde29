//! What a registered function costs its caller.
#![expect(clippy::print_stdout, reason = "a child tells its figures by printing them")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use mltrace_minimum::Appender;

use crate::measure::{Pair, by_turns, by_turns_timed, percentile, timed, typical};
use crate::table::{Report, in_words};

/// The word by which this program is asked to measure calls that are not recorded.
pub(crate) const CHILD: &str = "disabled-call";

/// So many calls are timed one by one.
const SINGLE_CALLS: usize = 50_000;
/// So many calls make a turn: long enough that folding goes on beside them.
const CALLS: usize = 2_000;

#[mltrace::register(component = "predict", inputs = [model, features], outputs = [prediction])]
fn predict<'a>(model: &str, features: &str, prediction: &'a str) -> &'a str {
    let _ = (model, features);
    prediction
}

fn plain<'a>(model: &str, features: &str, prediction: &'a str) -> &'a str {
    let _ = (model, features);
    prediction
}

fn registered(features: &str, prediction: &str) {
    black_box(predict(black_box("models://shop/1"), black_box(features), black_box(prediction)));
}

/// The names of requests: a model predicts from features that nobody saw before.
pub(crate) struct Requests(Vec<[String; 2]>);

impl Requests {
    /// Returns the names of so many requests after those of `first`.
    pub(crate) fn new(first: usize, count: usize) -> Self {
        let names = |number: usize| ["features", "predictions"].map(|kind| format!("{kind}://shop/{number:08}"));
        // The last is the first to be taken.
        Self((first..first + count).rev().map(names).collect())
    }

    pub(crate) fn call(&mut self) {
        let [features, prediction] = self.0.pop().expect("enough of them");
        registered(&features, &prediction);
    }
}

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    stand_in(folder.path());
    let mut first = 1000;
    Requests::new(0, 1).call();
    wait_for_fold();
    let mut requests = Requests::new(1, 1000);
    let bytes = bytes_of_a_record(folder.path(), 1000, || requests.call());
    let mut appender = Appender::new(&folder.path().join("minimum.log"), bytes);
    let mut two_appends = || {
        appender.append();
        appender.append();
    };
    let ours = || {
        first += CALLS;
        let mut requests = Requests::new(first, CALLS);
        let typical = typical(CALLS, || requests.call());
        wait_for_fold();
        typical
    };
    let pair = by_turns_timed(30, ours, || typical(CALLS, &mut two_appends));
    report.pair(
        "start and end of an empty function, 2 inputs, 1 output",
        "two bare appends of as many bytes",
        pair,
        4.0,
    );
    let mut requests = Requests::new(first + CALLS, SINGLE_CALLS);
    let single: Vec<f64> = (0..SINGLE_CALLS).map(|_| timed(1, &mut || requests.call())).collect();
    wait_for_fold();
    for (percent, most) in [(50, 15e3), (99, 100e3)] {
        let told = percentile(single.iter().copied(), percent);
        let what = format!("the same: p{percent} of {SINGLE_CALLS} calls");
        report.figures(&what, &in_words(told), "", &in_words(most), told / most, 1.0);
    }
    disabled(report);
}

/// Measures in a child, for a process decides once whether it records.
fn disabled(report: &mut Report) {
    let this = std::env::current_exe().expect("this program is a file");
    let told = Command::new(this).arg(CHILD).env("MLTRACE_DISABLED", "1").output().expect("this program starts");
    let told = String::from_utf8(told.stdout).expect("figures");
    let mut figures = told.split_whitespace().map(|figure| figure.parse::<f64>().expect("a figure"));
    let mut next = || figures.next().expect("two figures");
    let (ours, plain) = (next(), next());
    let more = ours - plain;
    report.figures(
        "the same with recording disabled",
        &in_words(ours),
        "plain call, and 5 ns",
        &in_words(plain),
        more / 5.0,
        1.0,
    );
}

/// Prints the nanoseconds of a registered call and of a plain one.
pub(crate) fn in_child() {
    let [features, prediction] = ["features://shop/1", "predictions://shop/1"];
    let bare = || {
        black_box(plain(black_box("models://shop/1"), black_box(features), black_box(prediction)));
    };
    let Pair { ours, minimum, .. } = by_turns(30, 1_000_000, || registered(features, prediction), bare);
    println!("{ours} {minimum}");
}

#[expect(clippy::disallowed_methods, reason = "the project of this process is the one it stands in")]
pub(crate) fn stand_in(folder: &Path) {
    std::env::set_current_dir(folder).expect("the folder is there");
}

/// Returns how many bytes half a call appends to the journal.
pub(crate) fn bytes_of_a_record(folder: &Path, calls: usize, mut call: impl FnMut()) -> usize {
    let before = journal_bytes(folder);
    (0..calls).for_each(|_| call());
    (journal_bytes(folder) - before) / calls / 2
}

/// A question sees every run that has returned, so it waits for the fold.
pub(crate) fn wait_for_fold() {
    mltrace::components().expect("runs are recorded");
}

fn journal_bytes(folder: &Path) -> usize {
    let logs = fs::read_dir(folder.join(".mltrace/journal")).expect("a journal").flatten();
    let logs = logs.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "log"));
    let bytes: u64 = logs.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum();
    usize::try_from(bytes).expect("a small journal")
}
