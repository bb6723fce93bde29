//! Runs without the attribute: begun with [`start`], and the [`current`] run as a handle for other threads.
#![expect(clippy::needless_pass_by_value, reason = "an artifact is handed over as any other argument, by value or not")]

use std::future::poll_fn;
use std::pin::pin;

use crate::check::Checked;
use crate::observe::Observable;
use crate::private::{Value, check_about, current_run, each, measure, measure_about, ours, text_of, told_subject};
use mltrace_core::model::{ComponentFact, Declaration, Record, Severity, Status};
use mltrace_core::record::{OpenRun, Opening, enter, enter_none, now};
use mltrace_core::values::{Artifact, shown};

/// The slot of the outputs of a run that was begun by [`start`].
const OUTPUTS: usize = 0;

/// Begins a run of the component `component`.
///
/// Inputs count as read when they are reported, outputs as written when the run finishes.
///
/// ```no_run
/// let run = mltrace::start("cleaning").owner("shreya").input("raw.csv").param("month", "2020-01");
/// // …
/// run.output("clean.csv").finish();
/// ```
#[must_use = "a run that is dropped at once was cancelled"]
pub fn start(component: impl Into<String>) -> Run {
    let component = text_of(|| component);
    let opening = Opening { component: component.clone().into(), ..Opening::default() };
    Run { run: ours(OpenRun::disabled, || OpenRun::begin(crate::recorder(), opening)), component }
}

/// A run between [`start`] and [`finish`](Run::finish).
///
/// Dropped before that, it has failed when the thread is panicking, and was cancelled otherwise.
#[derive(Debug)]
#[must_use = "a run that is dropped at once was cancelled"]
pub struct Run {
    run: OpenRun,
    component: String,
}

impl Run {
    /// Records what the run reads now.
    pub fn input<M>(self, artifact: impl Artifact<M>) -> Self {
        each(&self.run, "", |to| artifact.give(to), OpenRun::read);
        self
    }

    /// Records what the run will have written when it finishes.
    pub fn output<M>(self, artifact: impl Artifact<M>) -> Self {
        each(&self.run, "", |to| artifact.give(to), |run, given| run.bind(OUTPUTS, vec![given], true));
        self
    }

    /// Records a parameter; the last value of a name counts.
    pub fn param(self, name: impl AsRef<str>, value: impl std::fmt::Display) -> Self {
        self.run.param(&text_of(|| name.as_ref()), Value::String(shown(|to| write!(to, "{value}"))));
        self
    }

    /// Records a remark.
    pub fn note(self, text: impl AsRef<str>) -> Self {
        self.run.note(&text_of(|| text.as_ref()));
        self
    }

    /// Records a metric; of one name the last value counts. What is shown as no number is noted and left out.
    pub fn metric(self, name: impl AsRef<str>, value: impl std::fmt::Display) -> Self {
        measure(&self.run, &text_of(|| name.as_ref()), value, None);
        self
    }

    /// Records a metric of one step, such as an epoch; of one name the last step counts.
    pub fn metric_at(self, name: impl AsRef<str>, value: impl std::fmt::Display, step: i64) -> Self {
        measure(&self.run, &text_of(|| name.as_ref()), value, Some(step));
        self
    }

    /// Records a metric of something that the run reads or writes, such as the importance of a feature.
    pub fn metric_about<M>(
        self,
        name: impl AsRef<str>,
        value: impl std::fmt::Display,
        about: impl Artifact<M>,
    ) -> Self {
        measure_about(&self.run, &text_of(|| name.as_ref()), value, None, &about);
        self
    }

    /// Counts a value that is observed many times; how the values spread is recorded with the end.
    pub fn observe(self, name: impl AsRef<str>, value: &impl Observable) -> Self {
        self.run.observe(&text_of(|| name.as_ref()), value.sighting());
        self
    }

    /// Records that the run takes in data of somebody: the name is not kept, and `mltrace forget --subject` asks by it.
    pub fn subject(self, name: impl std::fmt::Display) -> Self {
        told_subject(&self.run, &shown(|to| write!(to, "{name}")));
        self
    }

    /// Records whether something holds.
    pub fn check(self, name: impl AsRef<str>, holds: impl Checked) -> Self {
        checked(&self.run, name, holds, Severity::Error);
        self
    }

    /// Records whether something holds that only warns if it does not.
    pub fn check_warning(self, name: impl AsRef<str>, holds: impl Checked) -> Self {
        checked(&self.run, name, holds, Severity::Warn);
        self
    }

    /// Records whether something holds of what the run reads or writes.
    pub fn check_about<M>(self, name: impl AsRef<str>, holds: impl Checked, about: impl Artifact<M>) -> Self {
        checked_about(&self.run, name, holds, &about);
        self
    }

    /// Says whom to ask about the component.
    pub fn owner(self, owner: impl Into<String>) -> Self {
        self.declare(Declaration { owner: Some(text_of(|| owner)), ..Declaration::default() })
    }

    /// Says what the component does.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.declare(Declaration { description: Some(text_of(|| description)), ..Declaration::default() })
    }

    /// Adds a word to find the component by.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.declare(Declaration { tags: vec![text_of(|| tag)], ..Declaration::default() })
    }

    /// Runs `body` with this run as the current one, so that runs begun inside have it as their parent.
    pub fn scope<R>(&self, body: impl FnOnce() -> R) -> R {
        let _entered = enter(&self.run);
        body()
    }

    /// Returns a handle that can be sent to other threads.
    #[must_use]
    pub fn handle(&self) -> Current {
        Current { run: Some(self.run.clone()) }
    }

    /// Returns the run's id.
    #[must_use]
    pub fn id(&self) -> String {
        self.run.id().to_string()
    }

    /// Ends the run: it completed.
    pub fn finish(self) {
        self.run.end(Status::Completed, None, None);
    }

    /// Ends the run: it failed, and `error` says why.
    pub fn fail(self, error: impl std::fmt::Display) {
        self.run.end(Status::Failed, Some(shown(|to| write!(to, "{error}"))), None);
    }

    fn declare(self, declared: Declaration) -> Self {
        if self.run.is_recording() {
            let fact = ComponentFact { component: self.component.clone(), at: now(), declared, untag: Vec::new() };
            ours(|| false, || crate::recorder().append(Record::Component(fact)));
        }
        self
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // The first end counts, so these are ends only for a run that was neither finished nor failed.
        if std::thread::panicking() {
            self.run.end(Status::Failed, Some("panicked".to_owned()), None);
        } else {
            self.run.end(Status::Cancelled, None, None);
        }
    }
}

/// Records how a check came out, and returns whether it passed.
fn checked(run: &OpenRun, name: impl AsRef<str>, holds: impl Checked, severity: Severity) -> bool {
    let (passed, why) = holds.outcome();
    run.check(&text_of(|| name.as_ref()), passed.0, severity, why);
    passed.is_passed()
}

/// Records how a check of an artifact came out, and returns whether it passed.
fn checked_about<M>(run: &OpenRun, name: impl AsRef<str>, holds: impl Checked, about: &impl Artifact<M>) -> bool {
    let (passed, why) = holds.outcome();
    check_about(run, &text_of(|| name.as_ref()), (passed, Severity::Error), why, about);
    passed.is_passed()
}

/// Returns a handle on the current run of this thread or task, to be sent to other threads.
///
/// Outside any run it is a handle on none: its methods do nothing.
///
/// ```no_run
/// # fn parts() -> Vec<String> { Vec::new() }
/// let run = mltrace::current();
/// std::thread::scope(|scope| {
///     for part in parts() {
///         let run = run.clone();
///         scope.spawn(move || run.scope(|| mltrace::fs::read(part)));
///     }
/// });
/// ```
#[must_use]
pub fn current() -> Current {
    Current { run: current_run("current()") }
}

/// Runs `body` as work that belongs to no run, whatever run this thread is inside of.
///
/// A thread of a work-stealing pool that waits inside of one run may take over work of something else; what that reads is
/// nobody's then, and is not counted as missed.
pub fn no_run<R>(body: impl FnOnce() -> R) -> R {
    let _entered = enter_none();
    body()
}

/// Returns a handle on the current run, or on none, for work that is carried elsewhere.
#[cfg(feature = "tokio")]
pub(crate) fn carried() -> Current {
    Current { run: mltrace_core::record::current() }
}

/// A handle on a run that is under way. It may outlive the run and then does nothing.
#[derive(Clone, Debug)]
pub struct Current {
    run: Option<OpenRun>,
}

impl Current {
    /// Runs `body` with this run as the current one of the thread.
    pub fn scope<R>(&self, body: impl FnOnce() -> R) -> R {
        let _entered = self.run.as_ref().map(enter);
        body()
    }

    /// Runs a future with this run as the current one whenever it is polled, as a spawned task needs it.
    pub async fn scope_async<F: Future>(self, body: F) -> F::Output {
        let mut body = pin!(body);
        poll_fn(|context| {
            let _entered = self.run.as_ref().map(enter);
            body.as_mut().poll(context)
        })
        .await
    }

    /// Records what the run reads now.
    pub fn input<M>(&self, artifact: impl Artifact<M>) {
        if let Some(run) = &self.run {
            each(run, "", |to| artifact.give(to), OpenRun::read);
        }
    }

    /// Records what the run has written by now.
    pub fn output<M>(&self, artifact: impl Artifact<M>) {
        if let Some(run) = &self.run {
            each(run, "", |to| artifact.give(to), OpenRun::wrote);
        }
    }

    /// Records a parameter; the last value of a name counts.
    pub fn param(&self, name: impl AsRef<str>, value: impl std::fmt::Display) {
        if let Some(run) = &self.run {
            run.param(&text_of(|| name.as_ref()), Value::String(shown(|to| write!(to, "{value}"))));
        }
    }

    /// Records that the run takes in data of somebody: the name is not kept, and `mltrace forget --subject` asks by it.
    pub fn subject(&self, name: impl std::fmt::Display) {
        if let Some(run) = &self.run {
            told_subject(run, &shown(|to| write!(to, "{name}")));
        }
    }

    /// Records a metric; of one name the last value counts. What is shown as no number is noted and left out.
    pub fn metric(&self, name: impl AsRef<str>, value: impl std::fmt::Display) {
        if let Some(run) = &self.run {
            measure(run, &text_of(|| name.as_ref()), value, None);
        }
    }

    /// Records a metric of one step, such as an epoch; of one name the last step counts.
    pub fn metric_at(&self, name: impl AsRef<str>, value: impl std::fmt::Display, step: i64) {
        if let Some(run) = &self.run {
            measure(run, &text_of(|| name.as_ref()), value, Some(step));
        }
    }

    /// Records a metric of something that the run reads or writes, such as the importance of a feature.
    pub fn metric_about<M>(&self, name: impl AsRef<str>, value: impl std::fmt::Display, about: impl Artifact<M>) {
        if let Some(run) = &self.run {
            measure_about(run, &text_of(|| name.as_ref()), value, None, &about);
        }
    }

    /// Counts a value that is observed many times; how the values spread is recorded with the end.
    pub fn observe(&self, name: impl AsRef<str>, value: &impl Observable) {
        if let Some(run) = &self.run {
            run.observe(&text_of(|| name.as_ref()), value.sighting());
        }
    }

    /// Records whether something holds, and returns whether it does.
    pub fn check(&self, name: impl AsRef<str>, holds: impl Checked) -> bool {
        self.checked(name, holds, Severity::Error)
    }

    /// Records whether something holds that only warns if it does not, and returns whether it does.
    pub fn check_warning(&self, name: impl AsRef<str>, holds: impl Checked) -> bool {
        self.checked(name, holds, Severity::Warn)
    }

    /// Records whether something holds of what the run reads or writes, and returns whether it does.
    pub fn check_about<M>(&self, name: impl AsRef<str>, holds: impl Checked, about: impl Artifact<M>) -> bool {
        match &self.run {
            Some(run) => checked_about(run, name, holds, &about),
            None => holds.outcome().0.is_passed(),
        }
    }

    fn checked(&self, name: impl AsRef<str>, holds: impl Checked, severity: Severity) -> bool {
        match &self.run {
            Some(run) => checked(run, name, holds, severity),
            None => holds.outcome().0.is_passed(),
        }
    }

    /// Records a remark.
    pub fn note(&self, text: impl AsRef<str>) {
        if let Some(run) = &self.run {
            run.note(&text_of(|| text.as_ref()));
        }
    }
}
