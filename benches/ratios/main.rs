//! Compares mltrace with the bare minimum that each thing could cost: `cargo bench`, or `cargo bench -- WORD` for the
//! parts whose names hold a word.
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]
#![allow(missing_docs, reason = "the attribute's own items")]

mod asking;
mod busy;
mod files;
mod folders;
mod folding;
mod formats;
mod growth;
mod hashing;
mod measure;
mod measuring;
mod memory;
mod observing;
mod pace;
mod peers;
mod processes;
mod profiles;
mod recording;
mod scale;
mod short;
mod table;
mod tasks;
mod world;

use std::process::Command;

use table::Report;

/// A part by its name.
type Part = (&'static str, fn(&mut Report));

/// Parts that record in the project that they stand in: each has a process of its own, which has one project.
const RECORDING: [Part; 9] = [
    ("recording", recording::measure),
    ("measuring", measuring::measure),
    ("observing", observing::measure),
    ("files", files::measure),
    ("many-files", files::many),
    ("busy", busy::measure),
    ("pace", pace::measure),
    ("questions", asking::in_process),
    ("peers", peers::measure),
];
const OTHERS: [Part; 15] = [
    ("short", short::measure),
    ("folding", folding::measure),
    ("folders", folders::measure),
    ("asking", asking::measure),
    ("review", asking::review),
    ("processes", processes::measure),
    ("hashing", hashing::measure),
    ("profiles", profiles::measure),
    ("tasks", tasks::measure),
    ("events", formats::events_in),
    ("dvc", formats::dvc),
    ("mlflow", formats::mlflow),
    ("growth", growth::measure),
    ("scale", scale::measure),
    ("memory", memory::measure),
];
/// The word by which this program is asked for the figures of one part.
const ALONE: &str = "alone";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let part = words.get(1).map_or("", String::as_str);
    // This program measures some things in a process of their own.
    match words.first().map(String::as_str) {
        Some(recording::CHILD) => return recording::in_child(),
        Some(memory::CHILD) => return memory::in_child(),
        Some(short::CHILD) => return short::in_child(),
        Some(peers::CHILD) => return peers::in_child(),
        Some(ALONE) => return alone(part),
        _ => {}
    }
    let mut report = Report::default();
    let is_asked = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    for (name, _) in RECORDING.iter().filter(|(name, _)| is_asked(name)) {
        let this = std::env::current_exe().expect("this program is a file");
        report.take(Command::new(this).args([ALONE, name]));
    }
    for (_, measure) in OTHERS.iter().filter(|(name, _)| is_asked(name)) {
        measure(&mut report);
    }
    report.print();
}

/// Prints the figures of one part for the process that asked for them.
fn alone(part: &str) {
    let (_, measure) = RECORDING.iter().find(|(name, _)| *name == part).expect("a part");
    let mut report = Report::default();
    measure(&mut report);
    report.hand_over();
}
