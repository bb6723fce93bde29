//! Questions asked inside a pipeline or a notebook: the same answers that the command prints as JSON.

use std::time::Duration;

use mltrace_core::desk::{self, Desk};
use mltrace_core::ingest::Dues;
use mltrace_core::model::{Record, Timestamp, Verdict, alias_name};
use mltrace_core::query::{
    AliasHistory, Aliases, Blame, Component, Components, Diff, Health, History, Impact, ImpactOf, Judgement, LastGood,
    Many, Measure, Pointing, Reader, Report, Review, Run, RunFilter, Runs, StaleRuns, Tags, Timing, Trace,
    TraceOptions, Verify, VerifyOptions,
};
use mltrace_core::store::{Store, StoreError};
use mltrace_core::thread;

use crate::process;

pub use mltrace_core::query as answer;
pub use mltrace_core::query::QueryError as Error;

/// How long a question waits for files that are still being hashed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns the runs and versions that `artifact` was made from: `NAME`, its latest version, or `NAME@VERSION`.
///
/// # Errors
/// When nothing is recorded yet, no such artifact or version is known, or the store does not answer.
///
/// ```no_run
/// let trace = mltrace::trace("model.json")?;
/// assert_eq!(trace.runs[0].run.component, "train");
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn trace(artifact: &str) -> Result<Trace, Error> {
    trace_with(artifact, &TraceOptions::default())
}

/// Returns [`trace`] with a limit on its depth, or as of an earlier moment.
///
/// # Errors
/// As [`trace`].
pub fn trace_with(artifact: &str, options: &TraceOptions) -> Result<Trace, Error> {
    ask(|reader| reader.trace(artifact, options))
}

/// Returns everything downstream of a version, a run or a component, with what became of what was written.
///
/// # Errors
/// When nothing is recorded yet, what is asked of is unknown, or the store does not answer.
///
/// ```no_run
/// use mltrace::answer::{ImpactOf, ImpactState};
///
/// let impact = mltrace::impact(&ImpactOf::Artifact("data/raw.csv"))?;
/// let current = impact.artifacts.iter().filter(|artifact| artifact.state == ImpactState::Current);
/// println!("{} versions made from it are in use", current.count());
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn impact(of: &ImpactOf<'_>) -> Result<Impact, Error> {
    ask(|reader| reader.impact(of))
}

/// Returns what differs upstream of two versions, first divergence first: causes, not what follows from them. Without
/// `b`, `a` is compared with the last version of the artifact that somebody found fine, else with the one before.
///
/// # Errors
/// When nothing is recorded yet, no such artifact or version is known, there is nothing to compare with, or the store
/// does not answer.
///
/// ```no_run
/// for difference in mltrace::diff("model.json", None)?.differences {
///     println!("{:?} {}: {:?} -> {:?}", difference.component, difference.field, difference.a, difference.b);
/// }
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn diff(a: &str, b: Option<&str>) -> Result<Diff, Error> {
    ask(|reader| reader.diff(a, b))
}

/// Returns where a number of the completed runs of a component, or of each, changed its level, and what changed there.
///
/// # Errors
/// When nothing is recorded yet, the component is unknown, no run has such a number, or the store does not answer.
///
/// ```no_run
/// use mltrace::answer::Measure;
///
/// for change in mltrace::blame(&Measure::Duration, Some("train"))?.changes {
///     println!("{} took {} ms, from run {} on {} ms", change.component, change.before, change.run, change.after);
/// }
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn blame(measure: &Measure, component: Option<&str>) -> Result<Blame, Error> {
    ask(|reader| reader.blame(measure, component))
}

/// Returns the newest version of an artifact, of those written by `as_of`, that is neither flagged nor made from anything
/// that is and, if it is the latest, lies unchanged on this disk; and what stands against each newer one.
///
/// # Errors
/// When nothing is recorded yet, no such artifact is known, it was first seen later, or the store does not answer.
///
/// ```no_run
/// let found = mltrace::last_good("model.json", None)?;
/// println!("{:?}, not the {} newer ones", found.good.map(|good| good.version), found.newer.len());
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn last_good(artifact: &str, as_of: Option<Timestamp>) -> Result<LastGood, Error> {
    ask(|reader| reader.last_good(artifact, as_of, Some(&VerifyOptions::default())))
}

/// Returns how what lies on this disk compares with the record: of these artifacts, or of all when none is named.
///
/// # Errors
/// When nothing is recorded yet, no such artifact or version is known, or the store does not answer.
///
/// ```no_run
/// let verified = mltrace::verify(&["data/raw.csv"])?;
/// assert!(verified.artifacts.iter().all(|artifact| !artifact.state.is_wrong()));
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn verify(artifacts: &[&str]) -> Result<Verify, Error> {
    ask(|reader| reader.verify(artifacts, &mut |_| {}, &VerifyOptions::default()))
}

/// Returns what is stale in the trace of `artifact`, or without one among the runs that wrote what is current: when it
/// ran, and if it were used now.
///
/// # Errors
/// When nothing is recorded yet, no such artifact or version is known, or the store does not answer.
///
/// ```no_run
/// let stale = mltrace::stale(Some("model.json"))?;
/// assert!(stale.runs.iter().all(|run| run.stale_now.is_empty()), "train again first");
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn stale(artifact: Option<&str>) -> Result<StaleRuns, Error> {
    ask(|reader| reader.stale(artifact, Timestamp::now()))
}

/// Returns what belongs into a ticket about `artifact`: its trace, what changed upstream, whom to suspect, what is stale,
/// what was made from it, and whom to notify.
///
/// # Errors
/// When nothing is recorded yet, no such artifact or version is known, or the store does not answer.
pub fn report(artifact: &str) -> Result<Report, Error> {
    ask(|reader| reader.report(artifact, Timestamp::now()))
}

/// Returns all aliases with what they point to, by name, as they stood at `as_of` or stand now. A question about an artifact
/// takes `@NAME` for what the alias points to.
///
/// # Errors
/// When nothing is recorded yet, or the store does not answer.
pub fn aliases(as_of: Option<Timestamp>) -> Result<Aliases, Error> {
    ask_at_once(|reader| reader.aliases(as_of))
}

/// Returns what an alias points to, and all that it pointed to.
///
/// # Errors
/// When nothing is recorded yet, there is no such alias, or the store does not answer.
pub fn alias(name: &str) -> Result<AliasHistory, Error> {
    ask_at_once(|reader| reader.alias(name, None))
}

/// Lets an alias point to `artifact` (`NAME`, its latest version, or `NAME@VERSION`) from now on, and returns its history.
///
/// # Errors
/// When nothing is recorded yet, the name is none of an alias, no such artifact or version is known, the move cannot be
/// recorded or does not count because a later one is known, or the store does not answer.
///
/// ```no_run
/// let gate = mltrace::point_alias("production", "model.json", Some("better than the one before"))?;
/// println!("before: {:?}", gate.previous);
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn point_alias(name: &str, artifact: &str, reason: Option<&str>) -> Result<AliasHistory, Error> {
    move_alias(name, reason, |reader| reader.version(artifact, None).map(Pointing::To))
}

/// Lets an alias point to what it pointed to before, and returns its history; twice, further back.
///
/// # Errors
/// As [`point_alias`], and when it pointed to nothing else before.
pub fn roll_back_alias(name: &str, reason: Option<&str>) -> Result<AliasHistory, Error> {
    move_alias(name, reason, |_| Ok(Pointing::Back))
}

fn move_alias(
    name: &str,
    reason: Option<&str>,
    pointing: impl FnOnce(&mut Reader<'_>) -> Result<Pointing, Error>,
) -> Result<AliasHistory, Error> {
    let wrong = |reason| Error::NoAlias { name: name.to_owned(), reason };
    let name = alias_name(name).map_err(wrong)?;
    let recorder = crate::recorder();
    let (said, records) = ask(|reader| {
        let pointing = pointing(reader)?;
        let said = reader.pointed_now(&name, pointing, (reason, recorder.user()))?;
        let records = said.iter().cloned().map(Record::Alias).collect();
        Ok((said, desk::of_answering(reader, records)?))
    })?;
    record(records, "the alias")?;
    ask(|reader| {
        said.as_ref().map_or(Ok(()), |said| reader.alias_counts(said))?;
        reader.alias(&name, None)
    })
}

/// Lets an alias point to nothing from now on, and returns its history, which stays.
///
/// # Errors
/// As [`point_alias`].
pub fn remove_alias(name: &str, reason: Option<&str>) -> Result<AliasHistory, Error> {
    move_alias(name, reason, |_| Ok(Pointing::ToNothing))
}

/// Appends to the journal what somebody said.
pub(crate) fn record(records: Vec<Record>, what: &str) -> Result<(), Error> {
    let recorder = crate::recorder();
    if records.is_empty() || recorder.append_all(records) {
        return Ok(());
    }
    let reason = format!("{what} cannot be written to the journal");
    Err(StoreError::Unreachable { place: recorder.home().store.clone(), reason }.into())
}

/// Returns which runs take too long and which components are late, of these components or of all when none is named.
///
/// # Errors
/// When nothing is recorded yet, a component is unknown, or the store does not answer.
pub fn health(components: &[&str]) -> Result<Health, Error> {
    ask_at_once(|reader| reader.health(components, Timestamp::now()))
}

/// Returns where a trace, as of [`trace`], spent its time: its critical path, and what is usual of it.
///
/// # Errors
/// When nothing is recorded yet, or the store does not answer.
pub fn timing(trace: &Trace) -> Result<Timing, Error> {
    ask_at_once(|reader| reader.timing(trace))
}

/// Returns the runs that pass the filter, newest first.
///
/// # Errors
/// When nothing is recorded yet, the component is unknown, or the store does not answer.
///
/// ```no_run
/// use mltrace::RunFilter;
/// use mltrace::answer::RunCondition;
///
/// let conditions: Vec<RunCondition> = vec!["param.lr=0.1".parse()?, "metric.rmse<0.7".parse()?];
/// for run in mltrace::recent(&RunFilter { conditions, ..RunFilter::default() })?.runs {
///     println!("{} {:?}", run.id, run.params);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn recent(filter: &RunFilter) -> Result<Runs, Error> {
    ask_at_once(|reader| reader.recent(filter))
}

/// Returns the runs of one component, newest first, and what was measured of them.
///
/// # Errors
/// When nothing is recorded yet, the component is unknown, or the store does not answer.
pub fn history(component: &str) -> Result<History, Error> {
    ask_at_once(|reader| reader.history(component, &RunFilter::default()))
}

/// Returns a run in full as it was recorded, with its source text: by its id, a unique prefix or suffix of it, or `latest`.
///
/// It costs a fraction of [`inspect`], which compares the run with those before it.
///
/// # Errors
/// When nothing is recorded yet, no run or more than one is meant, or the store does not answer.
pub fn run(run: &str) -> Result<Run, Error> {
    ask(|reader| reader.inspect(run))
}

/// Returns the same as [`run`], with what changed since the run before and what it still has otherwise than earlier ones.
///
/// # Errors
/// When nothing is recorded yet, no run or more than one is meant, or the store does not answer.
pub fn inspect(run: &str) -> Result<Run, Error> {
    ask(|reader| reader.inspect_among_others(run))
}

/// Returns all components, by name.
///
/// # Errors
/// When nothing is recorded yet, or the store does not answer.
pub fn components() -> Result<Components, Error> {
    ask_at_once(|reader| reader.components(None, None))
}

/// Returns one component.
///
/// # Errors
/// When nothing is recorded yet, it is unknown, or the store does not answer.
pub fn component(name: &str) -> Result<Component, Error> {
    ask_at_once(|reader| reader.component(name))
}

/// Returns all tags in use.
///
/// # Errors
/// When nothing is recorded yet, or the store does not answer.
pub fn tags() -> Result<Tags, Error> {
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is bound to one lifetime")]
    ask_at_once(|reader| reader.tags())
}

/// Returns all verdicts and the ten groups of runs that they and what changed at the runs point to most.
///
/// # Errors
/// When nothing is recorded yet, or the store does not answer.
pub fn review() -> Result<Review, Error> {
    ask(|reader| reader.review(None))
}

/// Says that versions are bad ([`Verdict::Flagged`]), fine ([`Verdict::Ok`]), or neither any more ([`Verdict::None`]), and
/// returns what the verdicts point to then.
///
/// # Errors
/// When nothing is recorded yet, something that is named is unknown or stands for no version, the verdicts cannot be
/// recorded or do not count because later ones are known, or the store does not answer.
///
/// ```no_run
/// use mltrace::answer::Many;
///
/// let bad = Many { artifacts: vec!["out/2021-05-*/p*.csv".to_owned()], ..Many::default() };
/// let review = mltrace::judge(&bad, mltrace::Verdict::Flagged, Some("all fares are zero"))?;
/// println!("{}", review.facts[0].says());
/// # Ok::<(), mltrace::Error>(())
/// ```
pub fn judge(many: &Many, verdict: Verdict, reason: Option<&str>) -> Result<Review, Error> {
    let recorder = crate::recorder();
    let judgement = Judgement { verdict, reason, by: recorder.user() };
    let (said, records) = ask(|reader| {
        let versions = reader.many(many)?;
        let said = reader.judged_now(&versions, judgement)?;
        let records = said.iter().cloned().map(Record::Label).collect();
        Ok((said, desk::of_answering(reader, records)?))
    })?;
    record(records, "the verdicts")?;
    ask(|reader| {
        reader.count(&said)?;
        reader.review(None)
    })
}

/// Asks what follows from contents: what a process left unhashed is hashed first.
pub(crate) fn ask<T>(question: impl FnOnce(&mut Reader<'_>) -> Result<T, Error>) -> Result<T, Error> {
    ask_with(Dues::All, question)
}

/// Asks what does not depend on contents, without waiting for those of large files.
pub(crate) fn ask_at_once<T>(question: impl FnOnce(&mut Reader<'_>) -> Result<T, Error>) -> Result<T, Error> {
    ask_with(Dues::Small, question)
}

fn ask_with<T>(which: Dues, question: impl FnOnce(&mut Reader<'_>) -> Result<T, Error>) -> Result<T, Error> {
    // A store is written when it is asked, and that fails where no file may grow.
    thread::without_sigxfsz(|| answered(which, question))
}

fn answered<T>(which: Dues, question: impl FnOnce(&mut Reader<'_>) -> Result<T, Error>) -> Result<T, Error> {
    process::settle(PATIENCE);
    let home = crate::recorder().home();
    let folder = std::env::current_dir().unwrap_or_else(|_| home.root.clone());
    let desk = Desk { home, folder: &folder, bounds: None };
    let mut question = Some(question);
    let mut answer = |store: &mut dyn Store| {
        let question = question.take()?;
        Some(desk.ask(store, question).map_err(|none| none.error))
    };
    // Else it is opened for this question alone: that says why it cannot be had.
    if let Some(Some(answer)) = process::with_store(which, &mut answer) {
        return answer;
    }
    let missing = || StoreError::Missing(home.store.clone());
    let mut folded = match which {
        Dues::All => desk.fold(&|_| {}),
        Dues::Small => desk.fold_at_once(),
    }?
    .ok_or_else(missing)?;
    answer(folded.store.as_mut()).unwrap_or_else(|| Err(missing().into()))
}
