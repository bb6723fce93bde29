//! Folding against a small model, journals with a flipped byte, and folds that are killed in the middle.

use std::fs;

use mltrace_core::journal;
use mltrace_core::model::{End, Header, ProcessId, Record, RunId, Start, Status, Timestamp};

use crate::place::Place;
use crate::promise::{Form, Outcome, Result};
use crate::{crowd, history, interrupted};

/// Tries histories, flipped bytes and killed folds.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut steps = 0;
    let mut folds = 0;
    let mut different = 0;
    let histories = crowd::each(form.count(60, 5_000), |number| history::tell(form, number))?;
    for (number, told) in histories.iter().enumerate() {
        steps += told.steps;
        folds += told.folds;
        if let Some(wrong) = &told.wrong {
            different += 1;
            outcome.wrong.push(format!("history {number} of seed {}: {wrong}", form.seed));
        }
    }
    let (flipped, costly) = flip(form, &mut outcome)?;
    let killed = interrupted::try_it(form, &mut outcome)?;
    outcome.figure = format!(
        "{} histories of {steps} steps and {folds} folds: {different} differ from the model; {flipped} bytes flipped: \
         {costly} cost more than their record; {} folds killed at a random moment and {} before a system call: {} differ",
        histories.len(),
        killed.at_random,
        killed.at_calls,
        killed.different
    );
    Ok(outcome)
}

/// Flips each byte of a small journal; returns how many were flipped, and how many of them cost more than one record.
fn flip(form: &Form, outcome: &mut Outcome) -> Result<(usize, usize)> {
    const RUNS: u64 = 3;
    let process = ProcessId::new();
    let mut bytes = Vec::new();
    let header = Header { process: Some(process), project: "flipped".to_owned(), ..Header::default() };
    journal::encode(&Record::Process(header), &mut bytes);
    for _ in 0..RUNS {
        let run = RunId::new();
        let at = Timestamp(1_000_000);
        let (component, params, inputs) = ("step".to_owned(), [].into(), Vec::new());
        let start = Start {
            run,
            component,
            at,
            params,
            inputs,
            parent: None,
            code: None,
            git: None,
            declared: None,
            host: None,
            user: None,
        };
        journal::encode(&Record::Start(start), &mut bytes);
        let status = Status::Completed;
        let end = End { run, at, status, duration_us: Some(0), error: None, outputs: Vec::new() };
        journal::encode(&Record::End(end), &mut bytes);
    }
    let step = form.count(13, 1);
    let wrong = crowd::each(bytes.len().div_ceil(step), |number| {
        let mut flipped = bytes.clone();
        flipped[number * step] ^= 0x55;
        let place = Place::new()?;
        fs::create_dir(place.home().journal())?;
        fs::write(place.home().journal().join(format!("{process}.log")), flipped)?;
        let report = place.fold()?;
        // All seven are read but one; anyone who folds again finds nothing.
        let is_right = report.records == 2 * RUNS && report.damaged == 1 && place.fold()?.records == 0;
        Ok((!is_right).then(|| format!("byte {} flipped: {report:?}", number * step)))
    })?;
    let tried = wrong.len();
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    let costly = wrong.len();
    outcome.wrong.extend(wrong);
    Ok((tried, costly))
}
