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
    let number: Option<u64> = arguments.get(1).and_then(|number| number.parse().ok());
    let (trials, is_all) = match arguments.first().map(String::as_str) {
        None => (TRIALS, true),
        Some("facts") => (number.unwrap_or(TRIALS), false),
        Some("lines") => return lines::write(number.and_then(|runs| runs.try_into().ok()).unwrap_or(RUNS), &mut out),
        Some("uuids") => return uuids::lines().iter().try_for_each(|line| writeln!(out, "{line}")),
        Some(other) => {
            let usage = format!("`{other}` is none of: facts [TRIALS], lines [RUNS], uuids");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, usage));
        }
    };
    write!(out, "{}", naming::markdown(&naming::named(trials)))?;
    out.flush()?;
    if is_all {
        for (title, setting) in &SETTINGS {
            write!(out, "{}", markdown(title, &outcomes(setting, TRIALS)))?;
        }
    }
    out.flush()
}
