//! What the expansions of `#[register]`, `input!` and their like call. No part of the interface: it changes freely.

use std::fmt::{Arguments, Display};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use mltrace_core::kept::{kept, panic_text};
pub use mltrace_core::model::ArtifactKind as Kind;
pub use mltrace_core::model::Severity;
use mltrace_core::model::{Number, Outcome};
pub use mltrace_core::record::{Call, Entry, Joins, Site, SiteState};
use mltrace_core::record::{OpenRun, Warning, current, is_apart};
pub use mltrace_core::values::artifacts::probe::{
    ProbeAnything, ProbeArtifact, ProbeNoArtifact, ProbeText, ProbeTexts,
};
pub use mltrace_core::values::outcome::{
    EndsByDebug, EndsByDisplay, EndsByError, EndsByHeldError, EndsByHeldSendError, EndsByType, EndsWell, ReturnsPlain,
    ReturnsResult,
};
pub use mltrace_core::values::param::Value;
pub use mltrace_core::values::param::probe::{ProbeDebug, ProbeDisplay, ProbeNothing, ProbePath};
use mltrace_core::values::{Artifact, Named, PANICKED, shown, taken};
pub use mltrace_core::values::{Given, Probe, Returned, give};
pub use mltrace_macros::__tell;

use crate::check::{CheckFailed, Checked, Passed, Stopped};
use crate::observe::Observable;

/// Whether nothing is recorded in this process, which its settings say once and for all.
static IS_OFF: AtomicBool = AtomicBool::new(false);
/// What is recorded instead of a text that could be known.
const UNTOLD: &str = "<panicked while told>";

/// Begins the run of a call.
pub fn begin(site: &'static Site, fill: impl FnOnce(&mut Entry)) -> Call {
    if IS_OFF.load(Ordering::Relaxed) {
        return Call::off();
    }
    ours(Call::off, || {
        let recorder = crate::recorder();
        if !recorder.is_enabled() && !recorder.home().is_unsettled {
            IS_OFF.store(true, Ordering::Relaxed);
            return Call::off();
        }
        Call::begin(recorder, site, fill)
    })
}

/// Does what is ours at a door of this crate: a panic of ours is counted, said once, and over.
#[inline]
pub(crate) fn ours<T>(otherwise: impl FnOnce() -> T, work: impl FnOnce() -> T) -> T {
    kept(work).unwrap_or_else(|text| {
        lost_to_a_bug(&text);
        otherwise()
    })
}

#[cold]
fn lost_to_a_bug(text: &str) {
    // What this is counted with may be what panics.
    let _ = kept(|| {
        crate::recorder().lose(1);
        let message = format!("a bug in mltrace kept something from being recorded: {text}");
        crate::recorder().warn(Warning::Bug, &message);
    });
}

/// Returns a text of the caller's, whose conversion is the caller's code.
pub(crate) fn text_of<T: Into<String>>(text: impl FnOnce() -> T) -> String {
    kept(|| text().into()).unwrap_or_else(|_| UNTOLD.to_owned())
}

/// Records what the current run reads.
pub fn input(argument: &'static str, fill: impl FnOnce(&mut Vec<Given>)) {
    if let Some(run) = current_run("input!") {
        each(&run, argument, fill, OpenRun::read);
    }
}

/// Records what the current run has written.
pub fn output(argument: &'static str, fill: impl FnOnce(&mut Vec<Given>)) {
    if let Some(run) = current_run("output!") {
        each(&run, argument, fill, OpenRun::wrote);
    }
}

/// Records a parameter of the current run.
pub fn param(name: &str, value: impl FnOnce() -> Value) {
    if let Some(run) = current_run("param!") {
        match kept(value) {
            Ok(value) => run.param(name, value),
            Err(_) => run.note(&format!("`{name}` is not recorded: the code that names or shows it panicked")),
        }
    }
}

/// Records a remark on the current run.
pub fn note(text: Arguments<'_>) {
    if let Some(run) = current_run("note!") {
        run.note(&shown(|to| to.write_fmt(text)));
    }
}

/// Records that the current run takes in data of somebody.
pub fn subject(name: Arguments<'_>) {
    if let Some(run) = current_run("subject!") {
        told_subject(&run, &shown(|to| to.write_fmt(name)));
    }
}

/// Records whose data a run takes in; what could not be shown is noted.
pub(crate) fn told_subject(run: &OpenRun, name: &str) {
    if [PANICKED, UNTOLD].contains(&name) {
        return run.note("a subject of the run is not recorded: the code that shows it panicked");
    }
    run.subject(name);
}

/// Records a metric of the current run.
pub fn metric(name: &str, value: Arguments<'_>, step: Option<i64>) {
    if let Some(run) = current_run("metric!") {
        measure(&run, name, value, step);
    }
}

/// Records a metric of an artifact that the current run reads or writes.
pub fn metric_about<M>(name: &str, value: Arguments<'_>, step: Option<i64>, about: &impl Artifact<M>) {
    if let Some(run) = current_run("metric!") {
        measure_about(&run, name, value, step, about);
    }
}

/// Counts a value of the current run.
#[inline]
pub fn observe(name: &str, value: &impl Observable) {
    if let Some(run) = current_run("observe!") {
        run.observe(name, value.sighting());
    }
}

/// Returns the step of any integer; what is beyond them is the last.
pub fn step(step: impl TryInto<i64>) -> i64 {
    step.try_into().unwrap_or(i64::MAX)
}

/// Records what is shown as a number.
pub(crate) fn measure(run: &OpenRun, name: &str, value: impl Display, step: Option<i64>) {
    if let Some(number) = number(run, name, value) {
        run.metric(name, number, step);
    }
}

/// Records what is shown as a number, of each artifact that `about` names.
pub(crate) fn measure_about<M>(
    run: &OpenRun,
    name: &str,
    value: impl Display,
    step: Option<i64>,
    about: &impl Artifact<M>,
) {
    let Some(number) = number(run, name, value) else { return };
    let Some(given) = taken(|to| about.give(to)) else {
        return run
            .note(&format!("the metric `{name}` is not recorded: the code that names what it is about panicked"));
    };
    given.iter().for_each(|given| run.metric_about(name, number.clone(), step, Some(&given.named)));
}

/// Returns a number from how it is shown; what is none is noted.
fn number(run: &OpenRun, name: &str, value: impl Display) -> Option<Number> {
    let text = shown(|to| write!(to, "{value}"));
    let number = Number::parse(&text);
    if number.is_none() {
        run.note(&format!("the metric `{name}` is not recorded: `{text}` is not a number"));
    }
    number
}

/// Returns what a function returns that a check stops.
#[track_caller]
pub fn stopped<R: Stopped>(failed: CheckFailed) -> R {
    R::stopped(failed)
}

/// Records how a check of the current run came out, and returns what stops the function if it did not pass.
pub fn checked_as(
    name: &str,
    severity: Severity,
    checked: impl Checked,
    message: Option<Arguments<'_>>,
) -> Option<CheckFailed> {
    let record = |run: &OpenRun, passed: Passed, message| run.check(name, passed.0, severity, message);
    checked_by(name, checked, message, record)
}

/// Returns whether a check passed.
pub fn is_passed(failed: Option<&CheckFailed>) -> bool {
    failed.is_none()
}

/// As [`checked_as`], of each artifact that `about` names.
pub fn checked_about<M>(
    name: &str,
    severity: Severity,
    checked: impl Checked,
    message: Option<Arguments<'_>>,
    about: &impl Artifact<M>,
) -> Option<CheckFailed> {
    let record = |run: &OpenRun, passed, message| check_about(run, name, (passed, severity), message, about);
    checked_by(name, checked, message, record)
}

fn checked_by(
    name: &str,
    checked: impl Checked,
    message: Option<Arguments<'_>>,
    record: impl FnOnce(&OpenRun, Passed, Option<String>),
) -> Option<CheckFailed> {
    let (passed, why) = checked.outcome();
    let run = current_run("check!");
    if run.is_none() && passed.is_passed() {
        return None;
    }
    let said = message.map(|message| shown(|to| to.write_fmt(message)));
    let message = match (said, why) {
        (Some(said), Some(why)) => Some(format!("{said}: {why}")),
        (said, why) => said.or(why),
    };
    if let Some(run) = run {
        record(&run, passed, message.clone());
    }
    (!passed.is_passed()).then(|| CheckFailed::new(name, message))
}

/// Records how a check came out, of each artifact that `about` names; where it names none, of the run as a whole, because a check
/// that did not pass is not to be lost.
pub(crate) fn check_about<M>(
    run: &OpenRun,
    name: &str,
    (passed, severity): (Passed, Severity),
    message: Option<String>,
    about: &impl Artifact<M>,
) {
    let given = taken(|to| about.give(to));
    if given.is_none() {
        run.note(&format!("of what the check `{name}` is is not recorded: the code that names it panicked"));
    }
    match given.as_deref().unwrap_or_default() {
        [] => run.check(name, passed.0, severity, message),
        these => {
            these.iter().for_each(|of| run.check_about(name, passed.0, severity, message.clone(), Some(&of.named)));
        }
    }
}

/// The paths of an artifact that checks of the attribute speak of; `None` when nobody knows them.
#[derive(Debug)]
pub struct Paths(Option<Vec<(Named, PathBuf)>>);

impl Paths {
    /// Returns the paths of what `fill` names.
    pub fn of(fill: impl FnOnce(&mut Vec<Given>)) -> Self {
        Self::given(taken(fill))
    }

    /// Returns those of something that is not there yet.
    #[must_use]
    pub const fn unknown() -> Self {
        Self(None)
    }

    /// Returns each of them.
    pub fn each(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().flatten().map(|(_, path)| path.as_path())
    }

    fn named(&self, path: &Path) -> Option<Named> {
        self.0.iter().flatten().find(|(_, known)| known == path).map(|(named, _)| named.clone())
    }

    fn given(given: Option<Vec<Given>>) -> Self {
        let path = |given: Given| match &given.named {
            Named::Path(path) => (given.named.clone(), path.clone()),
            Named::Text(text) | Named::Id(text) => (given.named.clone(), PathBuf::from(text)),
        };
        Self(given.map(|given| given.into_iter().map(path).collect()))
    }
}

/// Returns the paths of an output by now; those that were known before the body if nothing was bound in it.
#[must_use]
pub fn written(call: &Call, slot: usize, before: &Paths) -> Paths {
    match call.written(slot) {
        Some(given) => Paths::given(Some(given)),
        None => Paths(before.0.clone()),
    }
}

/// Makes a check of the attribute's list, records how it came out, and returns what stops the function if it did not pass.
/// A panic of the check goes on as one of the function, unless it is to be recorded only.
pub fn verify<C: Checked>(
    call: &Call,
    name: &str,
    is_warning: bool,
    about: Option<(&Paths, &Path)>,
    check: impl FnOnce() -> C,
) -> Option<CheckFailed> {
    let severity = if is_warning { Severity::Warn } else { Severity::Error };
    let about = || about.and_then(|(paths, path)| paths.named(path));
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(checked) => {
            let (passed, message) = checked.outcome();
            call.check(name, passed.0, severity, message.clone(), about().as_ref());
            (!passed.is_passed()).then(|| CheckFailed::new(name, message))
        }
        Err(panic) => {
            let message = format!("it panicked: {}", panic_text(&*panic));
            call.check(name, Outcome::Errored, severity, Some(message), about().as_ref());
            if !is_warning {
                resume_unwind(panic);
            }
            // To drop it is to run the caller's code once more, which may panic once more.
            std::mem::forget(panic);
            None
        }
    }
}

/// Records that a check could not be made because nobody knows what `artifact` is called, and returns what stops the
/// function then.
#[must_use]
pub fn unknown(call: &Call, name: &str, is_warning: bool, artifact: &str, found: &Paths) -> Option<CheckFailed> {
    if found.0.is_some() {
        return None;
    }
    let severity = if is_warning { Severity::Warn } else { Severity::Error };
    let message = Some(format!("`{artifact}` was bound to nothing"));
    call.check(name, Outcome::Errored, severity, message.clone(), None);
    Some(CheckFailed::new(name, message))
}

/// Returns the current run of this thread or task; says once that there is none.
pub(crate) fn current_run(what: &str) -> Option<OpenRun> {
    let run = current();
    if run.is_none() && !IS_OFF.load(Ordering::Relaxed) && !is_apart() {
        ours(|| (), || met_outside(what));
    }
    run
}

fn met_outside(what: &str) {
    if crate::recorder().is_enabled() {
        if !["param!", "note!", "metric!", "observe!", "check!", "current()"].contains(&what) {
            crate::recorder().met_loose();
        }
        let message = format!(
            "`mltrace::{what}` was used outside a run and records nothing: on another thread use `mltrace::current()`"
        );
        crate::recorder().warn(Warning::OutsideRun, &message);
    }
}

/// Reports `run` each artifact that `fill` names; a panic of the caller's code is noted and kept.
pub(crate) fn each(
    run: &OpenRun,
    argument: &'static str,
    fill: impl FnOnce(&mut Vec<Given>),
    tell: impl Fn(&OpenRun, Given),
) {
    let Some(given) = taken(fill) else {
        return run.note(&format!("`{argument}` is not recorded: the code that names it panicked"));
    };
    for mut given in given {
        if !argument.is_empty() {
            given.argument = Some(argument.into());
        }
        tell(run, given);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_of_ours_reaches_nobody_and_is_counted() {
        let before = crate::recorder().lost();
        assert_eq!(ours(|| 7, || panic!("of ours")), 7);
        assert_eq!(crate::recorder().lost(), before + 1);
        assert_eq!(ours(|| 7, || 8), 8);
        struct Untold;
        impl From<Untold> for String {
            fn from(_: Untold) -> Self {
                panic!("of theirs")
            }
        }
        assert_eq!(text_of(|| Untold), UNTOLD);
    }
}
