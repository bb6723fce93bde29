//! Twelve store faults times eight shapes of functions: a registered function behaves as its plain twin.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::fault::{FAULTS, Fault, Leaves};
use crate::place::{Place, is_root};
use crate::promise::{Form, Outcome, Result};
use crate::shape;

/// What a pipeline's user sees of it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    stdout: String,
    code: Option<i32>,
    signal: Option<i32>,
}

/// Tries every cell.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut twins = Vec::new();
    for shape in shape::NAMES {
        let place = Place::new()?;
        let (seen, _) = see(&mut place.part(&["shape", "plain", shape])?)?;
        check_control(shape, &seen, &mut outcome)?;
        twins.push((shape, seen));
    }
    let mut cells = 0;
    let mut differences = 0;
    for fault in &FAULTS {
        if fault.needs_root && !is_root() {
            outcome.skipped.push(format!("`{}`: only the superuser can make it", fault.name));
            continue;
        }
        for (shape, twin) in &twins {
            cells += 1;
            let seen = cell(fault, shape, form, &mut outcome)?;
            if seen != *twin {
                differences += 1;
                outcome.wrong.push(format!("{}, {shape}: {seen:?} instead of {twin:?}", fault.name));
            }
        }
    }
    outcome.figure = format!("{cells} cells, {differences} differences in value, stdout and exit status");
    Ok(outcome)
}

/// Without a fault the run is recorded: otherwise nothing would be shown by all the rest.
fn check_control(shape: &str, twin: &Seen, outcome: &mut Outcome) -> Result<()> {
    let place = Place::new()?;
    let (seen, _) = see(&mut place.part(&["shape", "registered", shape])?)?;
    outcome.hold(seen == *twin, || format!("no fault, {shape}: {seen:?} instead of {twin:?}"));
    place.fold()?;
    let runs = place.number("SELECT count(*) FROM runs")?;
    outcome.hold(runs == 1, || format!("no fault, {shape}: {runs} runs recorded instead of 1"));
    Ok(())
}

fn cell(fault: &Fault, shape: &str, form: &Form, outcome: &mut Outcome) -> Result<Seen> {
    let place = Place::new()?;
    let twin = if form.breaks("noisy-recorder") { "noisy" } else { "registered" };
    let mut command = place.part(&["shape", twin, shape])?;
    let held = (fault.make)(&place, &mut command)?;
    let (seen, stderr) = see(&mut command)?;
    let warnings = stderr.lines().filter(|line| line.starts_with("mltrace: ")).count();
    outcome.hold(warnings <= 1, || format!("{}, {shape}: {warnings} warnings", fault.name));
    let is_there = match fault.leaves {
        Leaves::Warning => warnings == 1,
        Leaves::Journal => !place.journal_files().is_empty(),
        Leaves::Run => place.path("no/such/folder/mltrace.db").exists(),
    };
    outcome.hold(is_there, || format!("{}, {shape}: the fault left no {:?}: {stderr}", fault.name, fault.leaves));
    drop(held);
    Ok(seen)
}

fn see(command: &mut Command) -> Result<(Seen, String)> {
    let output = command.output()?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let seen = Seen { stdout, code: output.status.code(), signal: output.status.signal() };
    Ok((seen, String::from_utf8_lossy(&output.stderr).into_owned()))
}
