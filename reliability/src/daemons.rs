//! A daemon, which forks, becomes a session of its own and goes to `/`, records where it was started.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::part;
use crate::place::Place;
use crate::promise::{Form, Outcome, Result};

/// Starts daemons of each kind.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let runs_each = form.count(3, 20);
    let (mut daemons, mut stored, mut elsewhere) = (0, 0, 0);
    let was_there = Path::new("/.mltrace").exists();
    for _ in 0..form.count(2, 25) {
        // `late`: its parent has recorded; `early`: nobody has, and only the shell knows where it was started.
        for when in ["late", "early"] {
            for goes_to_root in [true, false] {
                let (place, other) = (Place::new()?, Place::new()?);
                // Nobody can know where a daemon belongs that recorded nothing before it went into another project.
                if when == "early" && !goes_to_root {
                    continue;
                }
                let folder = if goes_to_root { "/".to_owned() } else { other.folder().display().to_string() };
                let when = if form.breaks("ask-again") { "anew" } else { when };
                let mut command = place.part(&["daemon", when, &folder, &runs_each.to_string()])?;
                let output = command.env("PWD", place.folder()).output()?;
                daemons += 1;
                outcome.hold(output.status.success(), || format!("a daemon {when} in `{folder}`: {output:?}"));
                let found = runs_of(&place)?;
                outcome.hold(found == runs_each, || format!("{found} of {runs_each} runs {when} in `{folder}`"));
                stored += found;
                elsewhere += runs_of(&other)?;
            }
        }
    }
    outcome.hold(elsewhere == 0, || format!("{elsewhere} runs recorded in another project"));
    let is_there = Path::new("/.mltrace").exists();
    outcome.hold(is_there == was_there, || "`/.mltrace` was made".to_owned());
    let runs = daemons * runs_each;
    outcome.figure =
        format!("{daemons} daemons: {stored} of {runs} runs stored where they were started, {elsewhere} elsewhere");
    Ok(outcome)
}

/// Returns how many runs of daemons a place's store holds whose input is named as the daemon saw it.
fn runs_of(place: &Place) -> Result<usize> {
    if !place.home().journal().exists() {
        return Ok(0);
    }
    place.fold()?;
    let inputs = "SELECT count(*) FROM edges e JOIN runs r ON r.id = e.run
                  WHERE r.component = 'daemon' AND e.direction = 'read' AND e.artifact LIKE '%raw.csv'";
    Ok(usize::try_from(place.number(inputs)?)?)
}

/// Plays the daemon, and waits for it.
pub(crate) fn play(when: &str, folder: &str, runs: usize) -> Result<()> {
    if when == "anew" {
        // As a process that asks again where it stands.
        let exe = std::env::current_exe()?;
        let runs = runs.to_string();
        let status = Command::new(exe).args(["part", "daemon", "here", folder, &runs]).env_remove("PWD").status()?;
        return if status.success() { Ok(()) } else { Err(format!("{status}").into()) };
    }
    if when == "here" {
        return go_and_record(folder, runs);
    }
    if when == "late" {
        part::small(0);
    }
    fork(|| go_and_record(folder, runs))
}

#[expect(clippy::disallowed_methods, reason = "a daemon goes to another folder")]
fn go_and_record(folder: &str, runs: usize) -> Result<()> {
    let raw = fs::canonicalize("raw.csv")?;
    std::env::set_current_dir(folder)?;
    // As the daemon names it from where it stands.
    let relative = if folder == "/" { raw.strip_prefix("/")? } else { &raw };
    for _ in 0..runs {
        part::daemon(relative);
    }
    Ok(())
}

#[expect(unsafe_code, reason = "nothing safe forks")]
fn fork(then: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut status = -1;
    // SAFETY: the child records, and leaves without running anything of the parent's; the status outlives the call.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::setsid();
            libc::_exit(i32::from(then().is_err()));
        }
        libc::waitpid(child, &raw mut status, 0);
    }
    if status == 0 { Ok(()) } else { Err(format!("the daemon ended with {status}").into()) }
}
