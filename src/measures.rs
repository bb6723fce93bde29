//! Questions about what was measured, checked and observed, and about what follows from that: profiles, gates, tasks, subjects.

use mltrace_core::desk;
use mltrace_core::model::{DataSubject, Record, RetractFact, Timestamp};
use mltrace_core::query::{
    Checks, Compare, Gate, MeasureFilter, Metrics, Observations, Profiled, Requirements, Span, SubjectHeld, Task,
    TaskOptions, Tasks, Whereabouts,
};

use crate::queries::{Error, ask, ask_at_once, record};

/// Returns what is in a table, and with `before`, another version of it, what changed. A profile that was not recorded is
/// read from the file if that still holds the version.
///
/// # Errors
/// When nothing has that name, or nobody knows what is in it.
///
/// ```no_run
/// let found = mltrace::profile("clean.csv", None)?;
/// for column in found.profile.columns {
///     println!("{}: {} nulls of {}", column.name, column.nulls, found.profile.rows);
/// }
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn profile(artifact: &str, before: Option<&str>) -> Result<Profiled, Error> {
    ask(|reader| reader.profile(artifact, before, true))
}

/// Returns whether all that is required of a version holds, and what does not. What is not known does not hold. A local file
/// that is named without a version or alias, and lies on this disk, must be that version.
///
/// # Errors
/// When nothing is recorded yet, no such artifact or version is known, or the store does not answer.
///
/// ```no_run
/// use mltrace::answer::{MetricRequirement, Requirements};
///
/// let auc = MetricRequirement::parse("auc", ">= 0.9").map_err(std::io::Error::other)?;
/// let required = Requirements { metrics: vec![auc], is_unflagged: true, ..Requirements::default() };
/// if mltrace::gate("model.json", &required)?.passes {
///     mltrace::point_alias("production", "model.json", Some("passed the gate"))?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn gate(artifact: &str, required: &Requirements) -> Result<Gate, Error> {
    ask(|reader| reader.gate_here(artifact, required))
}

/// Returns runs side by side: configuration, data by role, metrics by split and slice. Each is named by an id, a unique prefix
/// or suffix of one, `latest`, or by what it wrote last.
///
/// # Errors
/// When nothing is recorded yet, no run or more than one is meant, or the store does not answer.
pub fn compare(runs: &[&str]) -> Result<Compare, Error> {
    ask(|reader| reader.compare(runs))
}

/// Returns what was measured, run by run: this metric, or all. Without a limit all runs count that are meant.
///
/// # Errors
/// When nothing is recorded yet, the component or run is unknown, or the store does not answer.
///
/// ```no_run
/// use mltrace::MeasureFilter;
///
/// let of = MeasureFilter { component: Some("train".to_owned()), limit: Some(50), ..MeasureFilter::default() };
/// for series in mltrace::metrics(Some("rmse"), &of)?.metrics {
///     println!("{} of {} runs: {}", series.name, series.values.len(), series.trend());
/// }
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn metrics(name: Option<&str>, of: &MeasureFilter) -> Result<Metrics, Error> {
    ask(|reader| reader.metrics(name, of))
}

/// Returns how checks came out, the newest run first.
///
/// # Errors
/// When nothing is recorded yet, the component or run is unknown, or the store does not answer.
///
/// ```no_run
/// use mltrace::MeasureFilter;
///
/// let last = MeasureFilter { limit: Some(20), ..MeasureFilter::default() };
/// for of in mltrace::checks(&last)?.checks {
///     println!("{} {}: {}", of.component, of.check.name, of.check.outcome.as_str());
/// }
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn checks(of: &MeasureFilter) -> Result<Checks, Error> {
    ask(|reader| reader.checks(false, of))
}

/// Returns the checks that did not pass, of the runs that have one; the newest run first.
///
/// # Errors
/// As [`checks`].
pub fn failed_checks(of: &MeasureFilter) -> Result<Checks, Error> {
    ask(|reader| reader.checks(true, of))
}

/// Returns what runs observed with [`observe!`](crate::observe!), merged, and with `before`, other runs, how far it moved
/// since these.
///
/// # Errors
/// When nothing is recorded yet, the component or a run is unknown, or the store does not answer.
///
/// ```no_run
/// use mltrace::MeasureFilter;
///
/// let of = MeasureFilter { component: Some("serve".to_owned()), ..MeasureFilter::default() };
/// for series in mltrace::observations(Some("prediction"), &of, None)?.observations {
///     println!("{} values of {}: {:?}", series.now.count, series.name, series.now.quantiles);
/// }
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn observations(name: Option<&str>, of: &MeasureFilter, before: Option<&Span>) -> Result<Observations, Error> {
    ask(|reader| reader.observations(name, of, before))
}

/// Returns all tasks, by name.
///
/// # Errors
/// When nothing is recorded yet, or the store does not answer.
pub fn tasks() -> Result<Tasks, Error> {
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is bound to one lifetime")]
    ask_at_once(|reader| reader.tasks())
}

impl crate::Task {
    /// Returns how well the outputs of the task fit what became of them, window by window.
    ///
    /// # Errors
    /// When nothing is recorded yet, nothing is known of the task, it has other metrics than those asked for, there would be
    /// more than 10,000 windows, or the store does not answer.
    ///
    /// ```no_run
    /// use mltrace::TaskOptions;
    ///
    /// let by_day = TaskOptions { window_s: Some(86_400), ..TaskOptions::default() };
    /// for window in mltrace::task("fare").fit(&by_day)?.windows {
    ///     println!("{:?}: {:?}", window.from, window.metrics);
    /// }
    /// # Ok::<(), mltrace::Error>(())
    /// ```
    pub fn fit(&self, options: &TaskOptions) -> Result<Task, Error> {
        ask_at_once(|reader| reader.task(&self.name, options))
    }
}

/// Returns what was made from the data of somebody ([`subject!`](crate::subject!)), by name, and whether any of it is left.
///
/// # Errors
/// When nothing is recorded yet, no run took in data of such a subject, or the store does not answer.
///
/// ```no_run
/// let held = mltrace::subject("ada@example.com")?;
/// assert!(held.is_left || held.versions.iter().all(|of| of.state == mltrace::answer::HoldState::Gone));
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn subject(name: &str) -> Result<SubjectHeld, Error> {
    let unknown = |_| Error::NotFound { kind: "subject", name: "…".to_owned() };
    let subject = DataSubject::of(name).map_err(unknown)?;
    let host = crate::recorder().host();
    ask(|reader| reader.subject(&subject, Whereabouts::Here(host)))
}

/// Marks somebody whose data runs took in as retracted, once, and returns what still holds the data as [`subject`] does.
/// Nothing is deleted.
///
/// # Errors
/// As [`subject`], and when it cannot be recorded.
pub fn retract(name: &str) -> Result<SubjectHeld, Error> {
    let held = subject(name)?;
    if held.retracted_at.is_some() {
        return Ok(held);
    }
    let by = crate::recorder().user().map(str::to_owned);
    let fact = RetractFact { subject: held.subject, by, at: Timestamp::now() };
    let records = ask(|reader| desk::of_answering(reader, vec![Record::Retract(fact)]))?;
    record(records, "the retraction")?;
    subject(name)
}

/// Records that somebody removed versions with the data of a subject where nobody can look, such as at a URI, and returns
/// what still holds the data as [`subject`] does. Each artifact is `NAME`, with all its versions, or `NAME@VERSION`.
///
/// # Errors
/// As [`subject`], when no version with these data is called so or one is known to be around, and when it cannot be recorded.
pub fn removed(name: &str, artifacts: &[&str]) -> Result<SubjectHeld, Error> {
    let held = subject(name)?;
    let recorder = crate::recorder();
    let here = Whereabouts::Here(recorder.host());
    let records = ask(|reader| {
        let said = reader.removals(&held.subject, here, artifacts)?.into_iter();
        let notes = said.map(|(run, text)| desk::note(run, &text, recorder.user().map(str::to_owned))).collect();
        desk::of_answering(reader, notes)
    })?;
    record(records, "the removal")?;
    subject(name)
}
