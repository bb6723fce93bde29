//! From rows to the `Run` of an answer.

use super::answer::{Code, Elsewhere, Git, Input, Note, Output, Part, Run, Stale, StaleReason, Within};
use super::fresher::{Detail, Fresher, Saw};
use super::{QueryError, Reader};
use crate::model::{Bound, RunId, Timestamp, Verdict, Version, VersionId};
use crate::store::{
    Extent, NoteDetail, ProjectKey, ReadDetail, RunDetail, RunKey, WriteDetail, WriteOf, WrittenElsewhere,
};
use crate::words;

/// An input older than this many days is stale, unless the component says otherwise.
const STALE_AFTER_DAYS: i64 = 30;
/// Of how many runs the rows are held at once: few enough for the caches of a processor, and enough to share statements.
pub(super) const AT_ONCE: usize = 1 << 8;
pub(super) const DAY_US: i64 = 86_400_000_000;

impl Reader<'_> {
    /// Returns these runs as an answer shows them, in this order, as far as it shows them.
    pub(super) fn views(&mut self, runs: &[RunKey], extent: Extent) -> Result<Vec<Run>, QueryError> {
        let mut views = Vec::with_capacity(runs.len());
        self.each_view(runs, extent, |_, run| views.push(run))?;
        Ok(views)
    }

    /// Reports each of these runs, in this order, as an answer shows it.
    pub(super) fn each_view(
        &mut self,
        runs: &[RunKey],
        extent: Extent,
        mut tell: impl FnMut(RunKey, Run),
    ) -> Result<(), QueryError> {
        let is_shared = self.is_shared()?;
        for some in runs.chunks(AT_ONCE) {
            for detail in self.details(some, extent)? {
                let (key, project) = (detail.run.key, detail.run.row.project);
                let mut run = view(detail);
                self.look_elsewhere(project, &mut run, is_shared)?;
                tell(key, run);
            }
        }
        Ok(())
    }

    /// Adds who wrote in other projects what no run of this one wrote, and which folder held it that somebody moved.
    pub(super) fn look_elsewhere(
        &mut self,
        project: ProjectKey,
        run: &mut Run,
        is_shared: bool,
    ) -> Result<(), QueryError> {
        let Run { id, host, inputs, .. } = run;
        let unwritten = inputs
            .iter_mut()
            .filter(|input| input.written_by.is_none() && input.changed_since.is_none() && input.inside.is_empty());
        for input in unwritten {
            if input.same_content_as.is_none() && input.bound == Bound::UnknownWriter {
                let held = self.store.held_somewhere(&input.version, input.at)?;
                input.same_content_as = held.map(|name| Version { name, version: input.version.clone() });
            }
            if !is_shared {
                continue;
            }
            let mut found = self.store.written_elsewhere(project, &input.name)?;
            found.retain(|other| other.run != *id && (other.host.is_none() || other.host != *host));
            input.elsewhere = each(found, |WrittenElsewhere { project, run, host }| Elsewhere { project, run, host });
        }
        Ok(())
    }
}

/// Returns a run as an answer shows it.
pub(super) fn view(detail: Detail) -> Run {
    let (stale, (run, last_writers)) = (staleness_of(&detail).collect(), detail.into_run());
    let RunDetail {
        row,
        project,
        component,
        declared,
        host,
        user,
        last_seen,
        git,
        code,
        params,
        reads,
        writes,
        notes,
        measures,
        observations,
        subjects,
        left_out,
        ..
    } = run;
    let started_at = row.started_at.unwrap_or(Timestamp::MIN);
    let writers = reads.iter().flat_map(|read| read.write.iter().chain(&read.parts)).map(|write| write.run_id);
    let declared = declared.unwrap_or_default();
    Run {
        id: row.id,
        project,
        component: component.name,
        status: row.status,
        started_at,
        ended_at: row.ended_at,
        duration_ms: row.duration_us.map(milliseconds),
        last_seen,
        depends_on: each_once(writers.filter(|id| *id != row.id).collect()),
        inputs: inputs(reads, last_writers),
        outputs: each(writes, output),
        git: git.map(|git| Git {
            commit: git.commit,
            branch: git.branch,
            tags: git.tags,
            dirty: git.dirty,
            remote: git.remote,
        }),
        code: code.map(|code| Code {
            file: code.file,
            line: code.line,
            hash: code.hash,
            is_in_work_tree: code.is_in_work_tree,
            source: code.source,
        }),
        params,
        owner: declared.owner.or(component.owner),
        description: declared.description.or(component.description),
        tags: each_once(component.tags.into_iter().chain(declared.tags).collect()),
        notes: notes.into_iter().map(note).collect(),
        metrics: measures.metrics,
        checks: measures.checks,
        observations,
        subjects,
        left_out,
        error: row.error,
        stale,
        parent: row.parent,
        host,
        user,
        changed: None,
        still_differs: Vec::new(),
    }
}

/// Maps all of them into a vector of its own: the one that they come in is larger, and to shrink it costs more.
fn each<T, U>(some: Vec<T>, map: impl Fn(T) -> U) -> Vec<U> {
    let mut mapped = Vec::with_capacity(some.len());
    mapped.extend(some.into_iter().map(map));
    mapped
}

fn each_once<T: Ord>(mut some: Vec<T>) -> Vec<T> {
    some.sort_unstable();
    some.dedup();
    some
}

/// Returns after how many microseconds an input is old for a component.
pub(super) fn limit_us(stale_after_s: Option<i64>) -> i64 {
    stale_after_s.map_or(STALE_AFTER_DAYS * DAY_US, |seconds| seconds.saturating_mul(1_000_000))
}

/// Microseconds as milliseconds, which a double holds exactly enough for 285 years.
#[expect(clippy::cast_precision_loss, reason = "a duration beyond 2^53 us is none")]
pub(super) fn milliseconds(us: i64) -> f64 {
    us as f64 / 1000.0
}

fn inputs(reads: Vec<ReadDetail>, last_writers: impl Iterator<Item = Option<RunId>>) -> Vec<Input> {
    let mut inputs = Vec::with_capacity(reads.len());
    inputs.extend(reads.into_iter().zip(last_writers).map(|(read, last_writer)| input(read, last_writer)));
    inputs
}

fn input(read: ReadDetail, last_writer: Option<RunId>) -> Input {
    let is_copy = read.bound == Bound::Copy;
    let other = if is_copy { read.write.as_ref() } else { read.like.as_deref() };
    let version_of = |write: &WriteOf| Some(Version { name: write.name.clone()?, version: write.version.clone() });
    let same_content_as = other.and_then(version_of);
    let written = read.write.as_ref().map(|write| write.version.clone()).filter(|_| !is_copy);
    let began = read.write.as_ref().and_then(|write| write.began).filter(|_| read.bound == Bound::Content);
    let clocks_apart_ms = began.filter(|began| *began > read.at).map(|began| milliseconds(began.micros_since(read.at)));
    let only_writer = only(read.parts.iter().map(|part| part.run_id));
    let inside = each(read.parts, |part| Part {
        name: part.name.unwrap_or_else(|| read.name.clone()),
        version: part.version,
        written_by: part.run_id,
    });
    Input {
        version: read.seen.or(written).unwrap_or(VersionId::None),
        name: read.name,
        kind: read.kind,
        argument: read.argument,
        bound: read.bound,
        same_content_as,
        written_by: read.write.map(|write| write.run_id).or(only_writer),
        changed_since: last_writer.filter(|_| read.bound != Bound::Declaration),
        at: read.at,
        clocks_apart_ms,
        inside,
        elsewhere: Vec::new(),
    }
}

/// Returns what all of them are, if they are all the same.
fn only<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

fn output(write: WriteDetail) -> Output {
    Output {
        name: write.name,
        inner: write.echo.as_ref().map(|echo| echo.run_id),
        within: each(write.within, |around| Within { run: around.run_id, component: around.component }),
        version: write.version.or(write.echo.map(|echo| echo.version)),
        kind: write.kind,
        argument: write.argument,
        label: write.label.filter(|verdict| *verdict != Verdict::None),
        at: write.at,
        mark: write.mark,
    }
}

fn note(note: NoteDetail) -> Note {
    Note { text: note.text, at: note.at, by: note.by }
}

/// Returns why a run was stale when it ran.
pub(super) fn staleness_of(detail: &Detail) -> impl Iterator<Item = Stale> {
    let started_at = detail.run.row.started_at.unwrap_or(Timestamp::MIN);
    let limit_us = limit_us(detail.run.component.stale_after_s);
    detail.reads().flat_map(move |(read, saw)| staleness(read, saw, started_at, limit_us))
}

/// Returns why a run was stale with respect to one of its inputs when it ran.
fn staleness(read: &ReadDetail, saw: &Saw, started_at: Timestamp, limit_us: i64) -> Vec<Stale> {
    let mut found = Vec::new();
    // A folder is as old as what was written last of it.
    let writes = read.write.iter().chain(&read.parts);
    let Some(last) = writes.max_by_key(|write| (write.at, write.run_id)) else { return found };
    let age_us = started_at.micros_since(last.at);
    if age_us > limit_us {
        let message = format!("`{}` was written {} days before this run", read.name, age_us / DAY_US);
        found.push(Stale { reason: StaleReason::Age, run: Some(last.run_id), message });
    }
    let superseded = |run: RunId, message: String| Stale { reason: StaleReason::Superseded, run: Some(run), message };
    match (saw.fresher.superseded_by, saw.fresher.redone_by) {
        (Some((run, at)), _) => {
            found.push(superseded(run, words::superseded(&run.short(), read.name.as_str(), at)));
        }
        (None, Some((run, at))) => {
            found.push(superseded(run, words::redone(&run.short(), read.name.as_str(), at)));
        }
        (None, None) => {}
    }
    found.extend(stale_part(read, saw));
    found
}

/// Returns why a run was stale with respect to what lies in a folder that it read, or to a folder around what it read: the
/// last reason, for there may be any number.
fn stale_part(read: &ReadDetail, saw: &Saw) -> Option<Stale> {
    let name = |part: &WriteOf| part.name.clone().unwrap_or_else(|| read.name.clone());
    let last = |of: fn(&Fresher) -> Option<(RunId, Timestamp)>| {
        let parts = read.parts.iter().zip(&saw.parts);
        let all = parts.filter_map(move |(part, fresher)| of(fresher).map(|(run, at)| (at, run, part)));
        all.max_by_key(|(at, run, part)| (*at, *run, std::cmp::Reverse(name(part))))
    };
    let stale = |run, message| Stale { reason: StaleReason::Superseded, run: Some(run), message };
    if let Some((at, run, part)) = last(|fresher| fresher.superseded_by) {
        return Some(stale(run, words::superseded(&run.short(), name(part).as_str(), at)));
    }
    let (at, run, part) = last(|fresher| fresher.redone_by)?;
    Some(stale(run, words::redone(&run.short(), name(part).as_str(), at)))
}
