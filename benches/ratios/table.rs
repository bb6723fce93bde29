//! What is printed: one table of ratios with their marks, and tables of how cost grows.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the tables are the answer")]

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::measure::Pair;

/// All that was measured.
#[derive(Default)]
pub(crate) struct Report {
    ratios: Vec<Ratio>,
    others: Vec<String>,
}

struct Ratio {
    what: String,
    ours: String,
    beside: String,
    minimum: String,
    ratio: f64,
    mark: f64,
}

impl Report {
    /// Adds what took so long beside a minimum, and how many times that it may take.
    pub(crate) fn pair(&mut self, what: &str, beside: &str, pair: Pair, mark: f64) {
        self.figures(what, &in_words(pair.ours), beside, &in_words(pair.minimum), pair.ratio, mark);
    }

    /// Adds figures of any unit.
    pub(crate) fn figures(&mut self, what: &str, ours: &str, beside: &str, minimum: &str, ratio: f64, mark: f64) {
        eprintln!("{what}: {ours} beside {minimum}, {ratio:.2} of {mark}");
        let text = |text: &str| text.to_owned();
        let (what, ours, beside, minimum) = (text(what), text(ours), text(beside), text(minimum));
        self.ratios.push(Ratio { what, ours, beside, minimum, ratio, mark });
    }

    /// Adds a table or a line of its own.
    pub(crate) fn add(&mut self, text: String) {
        eprintln!("{text}");
        self.others.push(text);
    }

    /// Prints everything for the process that takes it.
    pub(crate) fn hand_over(&self) {
        let row = |Ratio { what, ours, beside, minimum, ratio, mark }: &Ratio| {
            json!([what, ours, beside, minimum, ratio, mark])
        };
        let rows: Vec<Value> = self.ratios.iter().map(row).collect();
        println!("{}", json!([rows, self.others]));
    }

    /// Adds everything that a process of this program measures.
    pub(crate) fn take(&mut self, process: &mut Command) {
        let handed = process.stderr(Stdio::inherit()).output().expect("this program starts");
        assert!(handed.status.success(), "{process:?} ended with {}", handed.status);
        type Row = (String, String, String, String, f64, f64);
        let (rows, others): (Vec<Row>, Vec<String>) = serde_json::from_slice(&handed.stdout).expect("figures");
        let row = |(what, ours, beside, minimum, ratio, mark)| Ratio { what, ours, beside, minimum, ratio, mark };
        self.ratios.extend(rows.into_iter().map(row));
        self.others.extend(others);
    }

    /// Prints everything as Markdown.
    pub(crate) fn print(&self) {
        println!("| what | mltrace | minimum beside it | | ratio | mark | |\n|---|---:|---|---:|---:|---:|---|");
        for Ratio { what, ours, beside, minimum, ratio, mark } in &self.ratios {
            let is_met = if ratio <= mark { "met" } else { "**missed**" };
            println!("| {what} | {ours} | {beside} | {minimum} | {ratio:.2} | {mark:.1} | {is_met} |");
        }
        for other in &self.others {
            println!("\n{other}");
        }
    }
}

/// Returns bytes in MiB.
pub(crate) fn in_mib(bytes: f64) -> String {
    format!("{:.1} MiB", bytes / f64::from(1 << 20))
}

/// Returns nanoseconds in a unit that a person reads.
pub(crate) fn in_words(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.1} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        ns => format!("{:.2} s", ns / 1e9),
    }
}
