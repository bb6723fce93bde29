//! Compares mltrace with the bare minimum that each thing could cost: `cargo bench`, or `cargo bench -- WORD` for the
//! parts whose names hold a word.
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]
#![allow(missing_docs, reason = "the attribute's own items")]

mod asking;
mod folding;
mod growth;
mod hashing;
mod measure;
mod memory;
mod pace;
mod processes;
mod recording;
mod table;
mod world;

use table::Report;

/// A part by its name.
type Part = (&'static str, fn(&mut Report));

const PARTS: [Part; 9] = [
    ("recording", recording::measure),
    ("pace", pace::measure),
    ("folding", folding::measure),
    ("asking", asking::measure),
    ("review", asking::review),
    ("processes", processes::measure),
    ("hashing", hashing::measure),
    ("growth", growth::measure),
    ("memory", memory::measure),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    // This program measures some things in a process of their own.
    match words.first().map(String::as_str) {
        Some(recording::CHILD) => return recording::in_child(),
        Some(memory::CHILD) => return memory::in_child(),
        _ => {}
    }
    let mut report = Report::default();
    for (name, measure) in PARTS {
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            measure(&mut report);
        }
    }
    report.print();
}
