//! Prints the tables, with `facts [TRIALS]` the first alone, or as import lines with `lines [RUNS]` a long history,
//! with `uuids` one over objects with UUIDs for names.

use std::io::{self, BufWriter, Write};

use mltrace_triage_bench::table::{SETTINGS, markdown, outcomes};
use mltrace_triage_bench::{lines, naming, uuids};

/// How many trials of each shape there are in each setting.
const TRIALS: u64 = 400;
/// How many runs a long history has.
const RUNS: usize = 100_000;

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "lines") {
        let runs = arguments.get(1).and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
        return lines::write(runs, &mut out);
    }
    if arguments.first().is_some_and(|word| word == "uuids") {
        return uuids::lines().iter().try_for_each(|line| writeln!(out, "{line}"));
    }
    let trials = arguments.get(1).and_then(|trials| trials.parse().ok()).unwrap_or(TRIALS);
    write!(out, "{}", naming::markdown(&naming::named(trials)))?;
    out.flush()?;
    if arguments.first().is_some_and(|word| word == "facts") {
        return Ok(());
    }
    for (title, setting) in &SETTINGS {
        write!(out, "{}", markdown(title, &outcomes(setting, TRIALS)))?;
    }
    out.flush()
}
