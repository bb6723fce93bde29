//! Tries mltrace's promises with faults, kills and crowds, and prints a figure for each.
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is the answer, and children speak on stdout")]

mod accounted;
mod blocking;
mod cells;
mod clocks;
mod crowd;
mod daemons;
mod fault;
mod folds;
mod full;
mod history;
mod interrupted;
mod kills;
mod lot;
mod opening;
mod part;
mod place;
mod promise;
mod secrets;
mod shape;
mod signals;
mod status;
mod truncated;
mod until_exit;
mod writers;

use std::process::ExitCode;
use std::time::Instant;

use promise::{Form, Outcome, Promise, Result};

/// The table, in the order of `docs/design/recording.md`.
const PROMISES: &[Promise] = &[
    Promise {
        name: "unnoticed",
        says: "a registered function returns, fails or panics exactly as its plain twin",
        mark: "96 cells, 0 differences",
        sabotages: &["noisy-recorder"],
        try_it: cells::try_it,
    },
    Promise {
        name: "never-blocks",
        says: "recording adds little to a call, and a hung store adds nothing",
        mark: "p99 <= 50 ms, and <= 1 s at worst",
        sabotages: &["slow-call"],
        try_it: blocking::try_it,
    },
    Promise {
        name: "accounted",
        says: "nothing is dropped silently, and memory is bounded",
        mark: "emitted = stored + journalled + counted lost; < 32 MiB for 1e5 runs",
        sabotages: &["lost-row", "leak"],
        try_it: accounted::try_it,
    },
    Promise {
        name: "acknowledged",
        says: "a run that has returned survives kill -9",
        mark: "0 lost, 0 half-written, 0 corrupt, 0 journals that do not fold",
        sabotages: &["early-word"],
        try_it: kills::try_it,
    },
    Promise {
        name: "idempotent",
        says: "folding is idempotent, order-free and resumable",
        mark: "0 differences from the model; 0 after a killed fold",
        sabotages: &["unlink-before-commit"],
        try_it: folds::try_it,
    },
    Promise {
        name: "many-writers",
        says: "many writers share one store",
        mark: "all runs stored, 0 `database is locked`",
        sabotages: &["deferred-writer"],
        try_it: writers::try_it,
    },
    Promise {
        name: "status",
        says: "a run is shown as died when its process is gone, and never before",
        mark: "all killed shown died, 0 false",
        sabotages: &["time-out"],
        try_it: status::try_it,
    },
    Promise {
        name: "full-disk",
        says: "a full disk fails no pipeline and keeps the ends",
        mark: "0 failures, >= 99.5 % of ends kept, the rest counted",
        sabotages: &["no-reserve"],
        try_it: full::try_it,
    },
    Promise {
        name: "full-until-exit",
        says: "a disk that stays full until after the process is gone loses nothing uncounted",
        mark: "emitted = stored + counted lost, for a crowd and after kill -9 too",
        sabotages: &["no-count", "counted-twice"],
        try_it: until_exit::try_it,
    },
    Promise {
        name: "truncated-journal",
        says: "a journal that is cut, replaced or deleted while it is written costs only what was cut, and somebody is told",
        mark: "0 missing that were folded before or written after, 0 cuts not told of",
        sabotages: &["blind-fold", "untold"],
        try_it: truncated::try_it,
    },
    Promise {
        name: "opening",
        says: "a store can be opened or is explained",
        mark: "0 panics, 0 unexplained, 0 files of others changed",
        sabotages: &["no-gate"],
        try_it: opening::try_it,
    },
    Promise {
        name: "daemon",
        says: "a daemon records where it was started, and nowhere else",
        mark: "all runs stored there, 0 elsewhere, no `/.mltrace`",
        sabotages: &["ask-again"],
        try_it: daemons::try_it,
    },
    Promise {
        name: "signal",
        says: "a signal's handler that records holds nobody, and what it cannot record is counted",
        mark: "all interrupted runs stored; handlers' runs = stored + counted lost",
        sabotages: &["waiting-handler"],
        try_it: signals::try_it,
    },
    Promise {
        name: "clock",
        says: "no wall clock ends a pipeline, before 1970 or beyond the calendar",
        mark: "0 pipelines ended, all runs stored",
        sabotages: &["plain-clock"],
        try_it: clocks::try_it,
    },
    Promise {
        name: "secrets",
        says: "secrets are not recorded, and what looks like one is",
        mark: "0 of the planted found on disk; all look-alikes kept",
        sabotages: &["no-redaction"],
        try_it: secrets::try_it,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, rest)) if first == "part" => part::play(rest),
        _ => parse(&arguments).and_then(|asked| if asked.is_sabotage { break_all(&asked) } else { try_all(&asked) }),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

/// What the command line asks for.
struct Asked {
    form: Form,
    is_sabotage: bool,
    promises: Vec<&'static Promise>,
}

fn parse(arguments: &[String]) -> Result<Asked> {
    let form = Form { is_long: true, seed: 1, sabotage: None };
    let mut asked = Asked { form, is_sabotage: false, promises: Vec::new() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--short" => asked.form.is_long = false,
            "--seed" => asked.form.seed = rest.next().ok_or("`--seed` takes a number")?.parse()?,
            "--sabotage" => asked.is_sabotage = true,
            name => asked.promises.push(PROMISES.iter().find(|promise| promise.name == name).ok_or_else(usage)?),
        }
    }
    if asked.promises.is_empty() {
        asked.promises.extend(PROMISES);
    }
    Ok(asked)
}

fn usage() -> String {
    let mut text = "the arguments are [--short] [--seed N] [--sabotage] [PROMISE…], where a promise is\n".to_owned();
    for promise in PROMISES {
        text.push_str(&format!(
            "  {:<14} {}; broken by {}\n",
            promise.name,
            promise.says,
            promise.sabotages.join(", ")
        ));
    }
    text
}

/// Tries what was asked for as it is.
fn try_all(asked: &Asked) -> Result<ExitCode> {
    println!("| promise | mark | figure | verdict |");
    println!("|---|---|---|---|");
    let mut is_kept = true;
    for promise in &asked.promises {
        let begun = Instant::now();
        let outcome = (promise.try_it)(&asked.form).unwrap_or_else(|error| Outcome {
            wrong: vec![format!("the harness failed: {}", with_sources(&*error))],
            ..Outcome::default()
        });
        is_kept &= outcome.wrong.is_empty();
        let verdict = if outcome.wrong.is_empty() { "kept" } else { "MISSED" };
        println!("| {} | {} | {} | {verdict} |", promise.says, promise.mark, outcome.figure);
        tell(promise, &outcome, begun.elapsed().as_secs_f64());
    }
    Ok(if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Breaks what was asked for in every known way, in the short form: each has to be seen.
fn break_all(asked: &Asked) -> Result<ExitCode> {
    println!("| promise | broken by | seen |");
    println!("|---|---|---|");
    let mut is_seen = true;
    for promise in &asked.promises {
        for sabotage in promise.sabotages {
            let form = Form { is_long: false, sabotage: Some(sabotage), ..asked.form };
            let seen = match (promise.try_it)(&form) {
                Ok(outcome) => outcome.wrong.first().cloned().ok_or_else(|| "NOT SEEN".to_owned()),
                Err(error) => Err(format!("THE HARNESS FAILED: {}", with_sources(&*error))),
            };
            is_seen &= seen.is_ok();
            let (Ok(seen) | Err(seen)) = seen;
            let seen: String = seen.lines().next().unwrap_or_default().chars().take(120).collect();
            println!("| {} | {sabotage} | {seen} |", promise.name);
        }
    }
    Ok(if is_seen { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Reports beside the table what missed the mark and what was not tried.
fn tell(promise: &Promise, outcome: &Outcome, seconds: f64) {
    const MOST: usize = 20;
    eprintln!("  {}, in {seconds:.1} s", promise.name);
    for wrong in outcome.wrong.iter().take(MOST) {
        eprintln!("    missed: {wrong}");
    }
    if outcome.wrong.len() > MOST {
        eprintln!("    and {} more", outcome.wrong.len() - MOST);
    }
    for skipped in &outcome.skipped {
        eprintln!("    SKIPPED: {skipped}");
    }
}
