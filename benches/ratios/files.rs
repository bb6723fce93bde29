//! What recording costs where artifacts are files: names of files that are not there, of small ones that are known, of
//! ones that are written, and of ten thousand.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use mltrace_minimum::Appender;

use crate::measure::{by_turns_timed, timed, typical};
use crate::recording::{bytes_of_a_record, stand_in, wait_for_fold};
use crate::table::Report;

/// So many calls make a turn.
const CALLS: usize = 1_000;
/// How large a small file is.
const SMALL: usize = 4 << 10;
/// So many files are many.
const MANY: usize = 10_000;

#[mltrace::register(component = "clean", inputs = [raw, settings], outputs = [cleaned])]
fn clean<'a>(raw: &str, settings: &str, cleaned: &'a str) -> &'a str {
    let _ = (raw, settings);
    cleaned
}

#[mltrace::register(component = "convert", inputs = [raw, settings], outputs = [cleaned])]
fn convert<'a>(raw: &str, settings: &str, cleaned: &'a str, content: &[u8]) -> &'a str {
    fs::write(cleaned, content).expect("room for a file");
    let _ = (raw, settings);
    cleaned
}

#[mltrace::register(component = "gather", inputs = [all])]
fn gather(all: &[PathBuf]) {
    let _ = all;
}

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    stand_in(folder.path());
    fs::create_dir("data").expect("room for a folder");
    let names = ["data/raw.csv", "data/settings.toml", "data/clean.csv"];
    missing(report, folder.path());
    names.iter().for_each(|name| fs::write(name, [7; SMALL]).expect("room for a file"));
    // A file that has changed just now is not believed to stand as it did.
    sleep_until_trusted();
    call(names);
    known(report, folder.path(), names);
    written(report, folder.path(), names);
}

fn call([raw, settings, cleaned]: [&str; 3]) {
    black_box(clean(black_box(raw), black_box(settings), black_box(cleaned)));
}

/// Looks at files as anybody does who wants to know whether they are there.
fn look(names: &[&str]) {
    names.iter().for_each(|name| drop(black_box(fs::symlink_metadata(name))));
}

fn missing(report: &mut Report, folder: &Path) {
    let number = std::cell::Cell::new(0);
    // Names that nobody asked the file system for before: those that it knows not to be there cost it less.
    let names = || {
        number.set(number.get() + 1);
        ["raw", "settings", "clean"].map(|what| format!("data/{what}-{:08}.csv", number.get()))
    };
    let call_of = |names: [String; 3]| call(names.each_ref().map(String::as_str));
    call_of(names());
    let bytes = bytes_of_a_record(folder, 100, || call_of(names()));
    let mut appender = Appender::new(&folder.join("minimum-1.log"), bytes);
    let turn = |what: &mut dyn FnMut([String; 3])| {
        let mut new: Vec<_> = (0..CALLS).map(|_| names()).collect();
        typical(CALLS, || what(new.pop().expect("as many")))
    };
    let ours = || {
        let typical = turn(&mut |names| call_of(names));
        wait_for_fold();
        typical
    };
    let mut minimum = |names: [String; 3]| {
        look(&names.each_ref().map(String::as_str));
        appender.append();
        appender.append();
    };
    let pair = by_turns_timed(15, ours, || turn(&mut minimum));
    report.pair("call with 3 names of files that are missing", "two appends and 3 `lstat`", pair, 4.0);
}

fn known(report: &mut Report, folder: &Path, names: [&str; 3]) {
    let bytes = bytes_of_a_record(folder, 100, || call(names));
    let mut appender = Appender::new(&folder.join("minimum-2.log"), bytes);
    let ours = || {
        let typical = typical(CALLS, || call(names));
        wait_for_fold();
        typical
    };
    let mut minimum = || {
        look(&names);
        appender.append();
        appender.append();
    };
    let pair = by_turns_timed(15, ours, || typical(CALLS, &mut minimum));
    report.pair("call with 3 files of 4 KiB that are known", "two appends and 3 `lstat`", pair, 4.0);
}

fn written(report: &mut Report, folder: &Path, [raw, settings, cleaned]: [&str; 3]) {
    let mut content = [0; SMALL];
    let mut number = 0_u64;
    let mut next = || {
        number += 1;
        content[..8].copy_from_slice(&number.to_le_bytes());
        content
    };
    let convert_once = |content: &[u8]| {
        black_box(convert(raw, settings, cleaned, content));
    };
    let bytes = bytes_of_a_record(folder, 100, || convert_once(&next()));
    let mut appender = Appender::new(&folder.join("minimum-3.log"), bytes);
    let ours = || {
        let typical = typical(CALLS, || convert_once(&next()));
        wait_for_fold();
        typical
    };
    let (mut other, mut last) = ([0; SMALL], 0_u64);
    let mut minimum = || {
        look(&[raw, settings]);
        appender.append();
        last += 1;
        other[..8].copy_from_slice(&last.to_le_bytes());
        fs::write(cleaned, other).expect("room for a file");
        black_box(mltrace_minimum::hash(Path::new(cleaned)));
        appender.append();
    };
    let pair = by_turns_timed(15, ours, || typical(CALLS, &mut minimum));
    let least = "two appends, 2 `lstat`, the file written and hashed";
    report.pair("call that reads 2 known files and writes one of 4 KiB", least, pair, 4.0);
}

pub(crate) fn many(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    stand_in(folder.path());
    fs::create_dir("data").expect("room for a folder");
    let names: Vec<PathBuf> = (0..MANY).map(|number| format!("data/part-{number:05}.csv").into()).collect();
    names.iter().for_each(|name| fs::write(name, name.to_string_lossy().as_bytes()).expect("room for a file"));
    sleep_until_trusted();
    gather(&names);
    let bytes = bytes_of_a_record(folder.path(), 1, || gather(&names)) * 2;
    let mut appender = Appender::new(&folder.path().join("minimum.log"), bytes);
    let mut minimum = || {
        names.iter().for_each(|name| drop(black_box(fs::metadata(name))));
        appender.append();
    };
    let ours = || {
        let took = timed(1, &mut || gather(&names));
        // The fold of so many reads would fall on the next minimum.
        wait_for_fold();
        took
    };
    let pair = by_turns_timed(9, ours, || timed(1, &mut minimum));
    report.pair("call with 10,000 known inputs", "10,000 `statx` and one append of as many bytes", pair, 2.0);
}

#[expect(
    clippy::disallowed_methods,
    reason = "file systems keep time in steps, and so what changed just now is read again"
)]
fn sleep_until_trusted() {
    std::thread::sleep(std::time::Duration::from_millis(2_100));
}
