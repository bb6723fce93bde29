//! One call of a registered function: what the attribute's expansion asks for, around the caller's own code.
//!
//! The code behind `AsRef`, `Display` and `Debug` is the caller's; a panic in it is kept here. A panic of the function
//! itself is noted and goes on. The async body is driven through a pinned borrow of a future that lives in the
//! expansion, so neither a box nor `unsafe` is needed, and a future that was `Send` stays so.

use std::any::Any;
use std::borrow::Cow;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use serde_json::Value;

use super::kept::{Joins, Kept};
use super::lock::{Lock, Turn};
use super::{OpenRun, Opening, Recorder, Site, enter};
use crate::fork;
use crate::kept::{kept, panic_text};
use crate::model::{Outcome, Severity, Status};
use crate::values::{Given, Named, taken};

/// A call of a registered function. Dropped before its end, it was cancelled.
#[derive(Debug)]
pub struct Call {
    /// `None` when nothing is recorded and nothing is kept: such a call is to cost next to nothing.
    known: Option<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// `None` when nothing is recorded.
    live: Option<Live>,
    /// What checks after the body ask for, also where nothing is recorded.
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Live {
    run: OpenRun,
    site: &'static Site,
    /// The latest value of each slot that may still be overwritten.
    held: Lock<Vec<Held>>,
    /// The process that made the call.
    pid: u32,
}

#[derive(Debug)]
struct Held {
    slot: usize,
    given: Vec<Given>,
}

/// What is known of a call before the body.
#[derive(Debug)]
pub struct Entry {
    site: &'static Site,
    opening: Opening,
    /// What could not be named because the caller's code panicked.
    unnamed: Vec<&'static str>,
}

impl Entry {
    /// Says that the function is a method of a type, which the component is then named after, too.
    pub fn of_type(&mut self, name: &'static str) {
        self.opening.component = Cow::Owned(format!("{}::{}", short_type(name), self.site.component));
    }

    /// Adds what the expression `argument` names to what the run reads.
    pub fn input(&mut self, argument: &'static str, fill: impl FnOnce(&mut Vec<Given>)) {
        let given = self.named(argument, fill);
        self.opening.inputs.extend(given);
    }

    /// Adds what the expression `argument` names to what the run will have written: the output number `slot`.
    pub fn output(&mut self, slot: usize, argument: &'static str, fill: impl FnOnce(&mut Vec<Given>)) {
        let given = self.named(argument, fill);
        self.opening.bound.push((slot, given));
    }

    /// Adds a parameter.
    pub fn param(&mut self, argument: &'static str, value: impl FnOnce() -> Value) {
        match kept(value) {
            Ok(value) => self.opening.params.push((argument.to_owned(), value)),
            Err(_) => self.unnamed.push(argument),
        }
    }

    /// Adds somebody whose data the run takes in; the name is not kept.
    pub fn subject(&mut self, argument: &'static str, name: impl FnOnce() -> String) {
        match kept(name) {
            Ok(name) => self.opening.subjects.push(name),
            Err(_) => self.unnamed.push(argument),
        }
    }

    fn named(&mut self, argument: &'static str, fill: impl FnOnce(&mut Vec<Given>)) -> Vec<Given> {
        let Some(given) = taken(fill) else {
            self.unnamed.push(argument);
            return Vec::new();
        };
        given.into_iter().map(|given| self.site.own(argument, given)).collect()
    }
}

impl Call {
    /// Returns a call about which nothing is recorded.
    #[must_use]
    pub const fn off() -> Self {
        Self { known: None }
    }

    /// Begins the run of a call; `fill` says what is known before the body.
    #[must_use]
    pub fn begin(recorder: &'static Recorder, site: &'static Site, fill: impl FnOnce(&mut Entry)) -> Self {
        if !recorder.is_enabled() {
            // Only to be counted: there is no need to ask for names.
            let _ = recorder.takes_run();
            return Self::off();
        }
        let opening = Opening { component: Cow::Borrowed(site.component), site: Some(site), ..Opening::default() };
        let mut entry = Entry { site, opening, unnamed: Vec::new() };
        fill(&mut entry);
        let run = OpenRun::begin(recorder, entry.opening);
        for argument in entry.unnamed {
            note_panic(&run, argument);
        }
        let live = Live { run, site, held: Lock::new(Vec::new()), pid: fork::id() };
        Self { known: Some(Known { live: Some(live), kept: None }) }
    }

    /// Returns the call as one that keeps what these outputs are called.
    #[must_use]
    pub fn keeping(mut self, slots: &'static [usize]) -> Self {
        self.known.get_or_insert_default().kept = Some(Kept::new(slots));
        self
    }

    /// Returns what the output number `slot` names by now; `None` when nothing was bound to it.
    #[must_use]
    pub fn written(&self, slot: usize) -> Option<Vec<Given>> {
        self.kept()?.of(slot)
    }

    fn live(&self) -> Option<&Live> {
        self.known.as_ref()?.live.as_ref()
    }

    fn kept(&self) -> Option<&Kept> {
        self.known.as_ref()?.kept.as_ref()
    }

    /// Records how a check of this call came out; `about` is what was checked.
    pub fn check(
        &self,
        name: &str,
        outcome: Outcome,
        severity: Severity,
        message: Option<String>,
        about: Option<&Named>,
    ) {
        if let Some(live) = self.live() {
            live.run.check_about(name, outcome, severity, message, about);
        }
    }

    /// Runs the body with this call as the current run. A panic ends the run and goes on.
    #[inline]
    pub fn body<R>(&self, body: impl FnOnce() -> R) -> R {
        match self.live() {
            None => body(),
            Some(live) => live.body(body),
        }
    }

    /// Runs the body of an async function: this call is the current run whenever it is polled.
    pub async fn drive<F: Future + ?Sized>(&self, mut body: Pin<&mut F>) -> F::Output {
        poll_fn(|context| self.poll(body.as_mut(), context)).await
    }

    fn poll<F: Future + ?Sized>(&self, body: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(live) = self.live() else { return body.poll(context) };
        let entered = enter(&live.run);
        let result = catch_unwind(AssertUnwindSafe(|| body.poll(context)));
        drop(entered);
        result.unwrap_or_else(|payload| live.panicked(payload))
    }

    /// Takes note of an output that `argument` names by now: the output number `slot`.
    pub fn bind(&self, slot: usize, argument: &'static str, joins: Joins, fill: impl FnOnce(&mut Vec<Given>)) {
        let is_kept = self.kept().is_some_and(|kept| kept.slots.contains(&slot));
        if self.live().is_none() && !is_kept {
            return;
        }
        let given = taken(fill);
        if let (Some(kept), Some(given)) = (self.kept(), &given) {
            kept.bind(slot, given, joins);
        }
        let Some(live) = self.live() else { return };
        let Some(given) = given else { return note_panic(&live.run, argument) };
        let given = given.into_iter().map(|given| live.site.own(argument, given)).collect();
        live.bind(slot, given, joins);
    }

    /// As [`bind`](Self::bind), for a variable of the name that need not be what is meant: naming nothing, it is passed
    /// over.
    pub fn bind_any(&self, slot: usize, argument: &'static str, joins: Joins, fill: impl FnOnce(&mut Vec<Given>)) {
        if self.known.is_none() {
            return;
        }
        match (taken(fill), self.live()) {
            (Some(given), _) if given.is_empty() => {}
            (Some(given), _) => self.bind(slot, argument, joins, |to| to.extend(given)),
            (None, Some(live)) => note_panic(&live.run, argument),
            (None, None) => {}
        }
    }

    /// Ends the run: failed when `error` says why, else completed.
    pub fn end(&self, error: impl FnOnce() -> Option<String>) {
        let Some(live) = self.live() else { return };
        // What shows the error keeps its panics already; an error that cannot be known is one all the same.
        let error = kept(error).unwrap_or_else(|_| Some("it cannot be shown".to_owned()));
        let status = if error.is_some() { Status::Failed } else { Status::Completed };
        live.end(status, error);
    }
}

impl Live {
    fn body<R>(&self, body: impl FnOnce() -> R) -> R {
        let entered = enter(&self.run);
        let result = catch_unwind(AssertUnwindSafe(body));
        drop(entered);
        result.unwrap_or_else(|payload| self.panicked(payload))
    }

    fn bind(&self, slot: usize, given: Vec<Given>, joins: Joins) {
        match joins {
            Joins::Replaces => self.run.bind(slot, given, false),
            Joins::Appends => self.run.bind(slot, given, true),
            Joins::AppendsForNow => {
                if let Some(settled) = self.hold(slot, given) {
                    self.run.bind(slot, settled, true);
                }
            }
            Joins::Overwrites => drop(self.hold(slot, given)),
        }
    }

    /// Holds a value that may still change, and returns the one that was held before.
    fn hold(&self, slot: usize, given: Vec<Given>) -> Option<Vec<Given>> {
        let mut held = self.held()?;
        if let Some(held) = held.iter_mut().find(|held| held.slot == slot) {
            return Some(std::mem::replace(&mut held.given, given));
        }
        held.push(Held { slot, given });
        None
    }

    /// Returns what is held; `None` when it is not to be had, which is counted as lost.
    fn held(&self) -> Option<Turn<'_, Vec<Held>>> {
        let held = self.held.take(self.pid);
        if held.is_none() {
            self.run.lose();
        }
        held
    }

    fn end(&self, status: Status, error: Option<String>) {
        let held = self.held().map(|mut held| std::mem::take(&mut *held));
        for held in held.unwrap_or_default() {
            self.run.bind(held.slot, held.given, true);
        }
        self.run.end(status, error, None);
    }

    fn panicked<R>(&self, payload: Box<dyn Any + Send>) -> R {
        self.end(Status::Failed, Some(panic_text(&*payload).to_owned()));
        resume_unwind(payload)
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        // The first end counts, so this is one only for a future that was dropped before it finished.
        if let Some(live) = self.live() {
            live.end(Status::Cancelled, None);
        }
    }
}

/// Returns the name of a type without its module and what it is generic over.
fn short_type(name: &str) -> &str {
    let name = name.trim_start_matches(['&', '(', '[']);
    let name = name.strip_prefix("mut ").unwrap_or(name);
    let name = name.strip_prefix("dyn ").unwrap_or(name);
    let name = name.split(['<', ' ', ',', ';', ')', ']']).next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

fn note_panic(run: &OpenRun, argument: &str) {
    run.note(&format!("`{argument}` is not recorded: the code that names or shows it panicked"));
}

#[cfg(test)]
mod tests {
    use super::short_type;

    #[test]
    fn a_type_is_named_without_its_module_and_what_it_is_generic_over() {
        for (name, expected) in [
            ("app::Model", "Model"),
            ("app::Model<alloc::string::String, f32>", "Model"),
            ("&mut app::Model", "Model"),
            ("dyn app::Step + core::marker::Send", "Step"),
            ("(app::A, app::B)", "A"),
            ("[f32; 3]", "f32"),
            ("f32", "f32"),
        ] {
            assert_eq!(short_type(name), expected, "{name}");
        }
    }
}
