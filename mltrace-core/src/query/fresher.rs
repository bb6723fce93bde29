//! What was fresher than what runs read when they began, and what is fresher than what was written: the store hands over
//! what may be, and the rules of `lineage` choose.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use foldhash::{HashMap, HashSet};

use super::inside::{is_all_told, last_around};
use super::{QueryError, Reader};
use crate::lineage::{self, LastRerun, LastSeen, Offer, Reading, Rerun, Superseding, Work, WorkCode};
use crate::model::{ArtifactName, RunId, Timestamp};
use crate::store::{
    ArtifactKey, Asked, Candidate, Extent, Look, Of, ReadDetail, RerunRow, Result, RunDetail, RunKey, VersionKey, When,
    WorkKey, WorkRow, WriteDetail, WriteKey, WriteOf,
};

/// A run that made something fresher, and when.
type Other = Option<(RunId, Timestamp)>;

/// What is fresher than a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fresher {
    /// A run that wrote another version later.
    pub(super) superseded_by: Other,
    /// A later completed run over the same inputs and parameters that made something else.
    pub(super) redone_by: Other,
}

/// What the rules say of a read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Saw {
    /// The run that last wrote the artifact before, or the folder around it that is a part of it, when nobody known wrote what
    /// was read.
    pub(super) last_writer: Option<RunId>,
    /// What was fresher than the write that it saw, when its run began.
    pub(super) fresher: Fresher,
    /// The same of what else it saw.
    pub(super) parts: Vec<Fresher>,
}

/// A run in full, with what the rules say of each of its reads.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    pub(super) run: RunDetail,
    /// By the place of a read; empty where there is nothing to say, as of most.
    saw: Vec<Saw>,
}

/// What is said of a read of which there is nothing to say.
static NOTHING: Saw =
    Saw { last_writer: None, fresher: Fresher { superseded_by: None, redone_by: None }, parts: Vec::new() };

impl Detail {
    /// Returns the reads with what the rules say of each.
    pub(super) fn reads(&self) -> impl Iterator<Item = (&ReadDetail, &Saw)> {
        self.run.reads.iter().enumerate().map(|(place, read)| (read, self.saw.get(place).unwrap_or(&NOTHING)))
    }

    /// Returns the run, and who wrote what each of its reads saw before, where nobody known wrote it.
    pub(super) fn into_run(self) -> (RunDetail, impl Iterator<Item = Option<RunId>>) {
        let last_writers = self.saw.into_iter().map(|saw| saw.last_writer);
        (self.run, last_writers.chain(std::iter::repeat(None)))
    }
}

/// A write of which is asked what is fresher at a moment.
#[derive(Clone, Copy, Debug)]
struct Question {
    artifact: ArtifactKey,
    version: VersionKey,
    at: Timestamp,
    run: RunKey,
    run_id: RunId,
    ended: Option<Timestamp>,
    work: Option<WorkKey>,
    by: Timestamp,
}

impl Question {
    fn of_read(write: &WriteOf, by: Timestamp) -> Option<Self> {
        let WriteOf { artifact, at, run, run_id, ended, work, .. } = *write;
        Some(Self { artifact, version: write.made?, at, run, run_id, ended, work, by })
    }

    fn of_write(run: &RunDetail, write: &WriteDetail, by: Timestamp) -> Option<Self> {
        let work = run.row.component.zip(run.row.signature);
        let work = work.map(|(component, signature)| WorkKey { component, signature });
        let (artifact, version, at) = (write.artifact, write.made?, write.at?);
        Some(Self { artifact, version, at, run: run.key, run_id: run.row.id, ended: run.row.ended_at, work, by })
    }

    fn asks_writes(&self) -> Asked<'static> {
        let (of, reader) = (Of::Artifact(self.artifact), Some(self.run));
        Asked { of, when: When::By(self.by), reader, like: None }
    }
}

/// A read of a run, or what else it saw.
#[derive(Clone, Copy)]
struct Place {
    run: usize,
    read: usize,
    part: Option<usize>,
}

impl Reader<'_> {
    /// Returns runs in full, in this order, with what the rules say of each of their reads.
    pub(super) fn details(&mut self, runs: &[RunKey], extent: Extent) -> Result<Vec<Detail>, QueryError> {
        let runs = self.store.details(runs, extent)?;
        let mut saw: Vec<Vec<Saw>> = vec![Vec::new(); runs.len()];
        find_last_writers(self.store, &runs, &mut saw)?;
        find_superseded(self.store, &runs, &mut saw)?;
        find_redone(self.store, &runs, &mut saw)?;
        Ok(runs.into_iter().zip(saw).map(|(run, saw)| Detail { run, saw }).collect())
    }

    /// Returns what is fresher at `now` than what these runs read of others, run by run: of each read in order, then of what
    /// else they saw the last of each sort, for a folder may hold any number.
    pub(super) fn fresher_inputs(
        &mut self,
        details: &[Detail],
        now: Timestamp,
    ) -> Result<Vec<Vec<(ArtifactName, Fresher)>>, QueryError> {
        let (mut places, mut questions) = (Vec::new(), Vec::new());
        for (run, detail) in details.iter().enumerate() {
            for (place, write) in seen(run, &detail.run).filter(|(_, write)| write.run != detail.run.key) {
                if let Some(question) = Question::of_read(write, now) {
                    places.push((place, write));
                    questions.push(question);
                }
            }
        }
        let run_of = |place: usize| places.get(place).and_then(|(place, _)| details.get(place.run));
        let updated = OfRuns::new(details.len(), |run: usize| {
            let writes = details.get(run).into_iter().flat_map(|detail| &detail.run.writes);
            writes.map(|write| write.artifact).collect()
        });
        let read_from = OfRuns::new(details.len(), |run: usize| {
            details.get(run).map(|detail| read_from(&detail.run)).unwrap_or_default()
        });
        // A run that updates what it reads is not behind those that update it further.
        let mut later = last_others(self.store, &questions)?;
        for (place, (later, question)) in later.iter_mut().zip(&questions).enumerate() {
            let run = places.get(place).map(|(place, _)| place.run);
            *later = later.filter(|_| !run.is_some_and(|run| updated.holds(run, &question.artifact)));
        }
        let may_count = |place: usize, rerun: &Rerun<RunKey>| {
            let Some(((place, _), reader)) = places.get(place).zip(run_of(place)) else { return false };
            rerun.run != reader.run.key && !read_from.holds(place.run, &rerun.run)
        };
        let again = redone(self.store, &questions, |_| None, may_count)?;
        let mut found = vec![(Vec::new(), Parts::default()); details.len()];
        for ((place, write), (superseded_by, redone_by)) in places.iter().zip(later.into_iter().zip(again)) {
            let fresher = Fresher { superseded_by, redone_by };
            let Some((of_names, parts)) = found.get_mut(place.run).filter(|_| fresher != Fresher::default()) else {
                continue;
            };
            let name =
                details.get(place.run).and_then(|detail| detail.run.reads.get(place.read)).map(|read| &read.name);
            let Some(name) = write.name.as_ref().or(name).cloned() else { continue };
            match place.part {
                None => of_names.push((name, fresher)),
                Some(_) => parts.add(name, fresher),
            }
        }
        Ok(found
            .into_iter()
            .map(|(names, parts)| names.into_iter().chain(parts.last.into_values()).collect())
            .collect())
    }

    /// Returns what is fresher at `now` than these versions, each beside the place of the run that made it last by then, and
    /// when it did.
    pub(super) fn fresher_outputs(
        &mut self,
        details: &[Detail],
        versions: &[(usize, VersionKey)],
        now: Timestamp,
    ) -> Result<Vec<Made>, QueryError> {
        let (mut made, mut questions) = (Vec::new(), Vec::new());
        for (place, version) in versions {
            let Some(Detail { run, .. }) = details.get(*place) else { continue };
            let is_meant = |write: &&WriteDetail| write.made == Some(*version) && write.at.is_some_and(|at| at <= now);
            let write = run.writes.iter().filter(is_meant).max_by_key(|write| (write.at, write.n));
            let Some((write, question)) = write.and_then(|write| Some((write, Question::of_write(run, write, now)?)))
            else {
                continue;
            };
            made.push((*place, write.name.clone()));
            questions.push(question);
        }
        let artifacts: Vec<ArtifactKey> = questions.iter().map(|question| question.artifact).collect();
        let limits = self.store.age_limits(&artifacts)?;
        let later = last_others(self.store, &questions)?;
        let again = redone(self.store, &questions, |_| None, |_, _| true)?;
        let freshness =
            later.into_iter().zip(again).map(|(superseded_by, redone_by)| Fresher { superseded_by, redone_by });
        let rows = made.into_iter().zip(questions).zip(limits.into_iter().zip(freshness));
        Ok(rows
            .map(|(((run, name), question), (stale_after_s, fresher))| Made {
                run,
                name,
                writer: question.run_id,
                at: question.at,
                stale_after_s,
                fresher,
            })
            .collect())
    }

    /// Returns the run that last made a version at or before `now`.
    pub(super) fn last_maker(&mut self, version: VersionKey, now: Timestamp) -> Result<Option<RunKey>, QueryError> {
        let asked = Asked { of: Of::Version(version), when: When::By(now), reader: None, like: None };
        let mut last: LastSeen<WriteKey, RunKey> = LastSeen::of_all();
        self.store.candidates(&[asked], &mut |_, candidate| last.offer(&offered(candidate.write, &candidate)))?;
        Ok(last.found().map(|(.., run)| run))
    }
}

/// A version with what is fresher than it.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The place of the run that made it.
    pub(super) run: usize,
    pub(super) name: ArtifactName,
    pub(super) writer: RunId,
    pub(super) at: Timestamp,
    /// After how many seconds the component that last read the artifact takes it for old.
    pub(super) stale_after_s: Option<i64>,
    pub(super) fresher: Fresher,
}

/// What is fresher than what lies in folders: only the last, of what was superseded and of what was not.
#[derive(Clone, Default)]
struct Parts {
    last: BTreeMap<bool, (ArtifactName, Fresher)>,
}

impl Parts {
    fn add(&mut self, name: ArtifactName, fresher: Fresher) {
        let moment = |fresher: &Fresher| fresher.superseded_by.or(fresher.redone_by).map(|(run, at)| (at, run));
        match self.last.entry(fresher.superseded_by.is_some()) {
            Entry::Vacant(place) => {
                place.insert((name, fresher));
            }
            Entry::Occupied(mut known) if moment(&known.get().1) < moment(&fresher) => {
                known.insert((name, fresher));
            }
            Entry::Occupied(_) => {}
        }
    }
}

/// Returns room for what the rules say of a run's reads.
fn unjudged(run: &RunDetail) -> Vec<Saw> {
    let saw = |parts| Saw { parts: vec![Fresher::default(); parts], ..Saw::default() };
    run.reads.iter().map(|read| saw(read.parts.len())).collect()
}

/// Returns what a run saw of others and of itself: of each read in order the write that it is bound to, then what else.
fn seen(place: usize, run: &RunDetail) -> impl Iterator<Item = (Place, &WriteOf)> {
    run.reads.iter().enumerate().flat_map(move |(read, row)| {
        let own = row.write.iter().map(move |write| (Place { run: place, read, part: None }, write));
        let part = move |(part, write)| (Place { run: place, read, part: Some(part) }, write);
        own.chain(row.parts.iter().enumerate().map(part))
    })
}

/// Returns where it is kept what the rules say of a read.
fn saw_at<'s>(saw: &'s mut [Vec<Saw>], runs: &[RunDetail], place: Place) -> Option<&'s mut Saw> {
    let of = saw.get_mut(place.run)?;
    if of.is_empty() {
        *of = unjudged(runs.get(place.run)?);
    }
    of.get_mut(place.read)
}

/// Returns where it is kept what is fresher than what was seen.
fn fresher_at<'s>(saw: &'s mut [Vec<Saw>], runs: &[RunDetail], place: Place) -> Option<&'s mut Fresher> {
    let saw = saw_at(saw, runs, place)?;
    match place.part {
        None => Some(&mut saw.fresher),
        Some(part) => saw.parts.get_mut(part),
    }
}

/// Finds who had written what was read, where no known run wrote it.
fn find_last_writers(store: &mut dyn Look, runs: &[RunDetail], saw: &mut [Vec<Saw>]) -> Result<()> {
    let (mut asked, mut last) = (Vec::new(), Vec::new());
    for (place, run) in runs.iter().enumerate() {
        for (at, read) in run.reads.iter().enumerate().filter(|(_, read)| read.write.is_none()) {
            asked.push(Asked {
                of: Of::Artifact(read.artifact),
                when: When::By(read.at),
                reader: Some(run.key),
                like: None,
            });
            let place = Place { run: place, read: at, part: None };
            last.push((place, LastSeen::of(Reading { run: run.key, at: read.at, n: read.n })));
        }
    }
    if asked.is_empty() {
        return Ok(());
    }
    store.candidates(&asked, &mut |place, candidate| {
        last.get_mut(place).is_some_and(|(_, last)| last.offer(&offered(candidate.write, &candidate)))
    })?;
    for (place, last) in last {
        let Some(read) = runs.get(place.run).and_then(|run| run.reads.get(place.read)) else { continue };
        let own = last.found().map(|((_, id, _), ..)| id);
        let Some(before) = own.or_else(|| last_around(read)) else { continue };
        // Where nobody knows what lay in it, what was written around it may be all of it.
        if is_all_told(store, read)?.unwrap_or(own.is_none()) {
            continue;
        }
        saw_at(saw, runs, place).into_iter().for_each(|saw| saw.last_writer = Some(before));
    }
    Ok(())
}

/// Finds what was superseded when the run began that read it.
fn find_superseded(store: &mut dyn Look, runs: &[RunDetail], saw: &mut [Vec<Saw>]) -> Result<()> {
    let (mut asked, mut later) = (Vec::new(), Vec::new());
    for (run, detail) in runs.iter().enumerate() {
        let Some(began) = detail.row.started_at else { continue };
        // Nothing can have superseded what was not written again.
        for (place, write) in seen(run, detail).filter(|(_, write)| write.next_at.is_some_and(|next| next <= began)) {
            let Some(question) = Question::of_read(write, began) else { continue };
            asked.push(question.asks_writes());
            later.push((place, Superseding::of((question.at, question.run_id), question.version, detail.key)));
        }
    }
    if asked.is_empty() {
        return Ok(());
    }
    store.candidates(&asked, &mut |place, Candidate { run, run_id, version, at, n, is_elsewhere, .. }| {
        let later = later.get_mut(place);
        later.is_some_and(|(_, later)| is_elsewhere || later.offer(&run, &version, (at, run_id, n)))
    })?;
    for (place, later) in later {
        let Some(found) = later.found() else { continue };
        fresher_at(saw, runs, place).into_iter().for_each(|fresher| fresher.superseded_by = Some(found));
    }
    Ok(())
}

/// Finds the work that was done again when the run began that read what it had made.
fn find_redone(store: &mut dyn Look, runs: &[RunDetail], saw: &mut [Vec<Saw>]) -> Result<()> {
    let (mut places, mut questions) = (Vec::new(), Vec::new());
    for (run, detail) in runs.iter().enumerate() {
        let Some(began) = detail.row.started_at else { continue };
        let may_be = |write: &WriteOf| {
            write.work.is_some() && (write.ended.is_none() || write.rerun_at.is_some_and(|next| next <= began))
        };
        if !seen(run, detail).any(|(_, write)| may_be(write)) {
            continue;
        }
        // Who reads one part of something reads the others, which are of the same work: where the last run of it is one that
        // was read from, none is asked for.
        let is_last = |write: &WriteOf| {
            let ended = write.ended.is_some_and(|ended| ended <= began);
            write.is_completed && ended && write.rerun_at.is_none_or(|next| next > began)
        };
        let read = seen(run, detail).filter(|(_, write)| is_last(write)).filter_map(|(_, write)| write.work);
        let read: HashSet<WorkKey> = read.collect();
        let is_open = |write: &WriteOf| may_be(write) && write.work.is_some_and(|work| !read.contains(&work));
        for (place, write) in seen(run, detail).filter(|(_, write)| is_open(write)) {
            let Some(question) = Question::of_read(write, began) else { continue };
            places.push(place);
            questions.push(question);
        }
    }
    let reader = |place: usize| places.get(place).and_then(|place: &Place| runs.get(place.run));
    let read_from = OfRuns::new(runs.len(), |run: usize| runs.get(run).map(read_from).unwrap_or_default());
    let may_count = |place: usize, rerun: &Rerun<RunKey>| {
        !places.get(place).is_some_and(|place| read_from.holds(place.run, &rerun.run))
    };
    let again = redone(store, &questions, |place| reader(place).map(|run| run.key), may_count)?;
    for (place, again) in places.iter().zip(again) {
        let Some(again) = again else { continue };
        fresher_at(saw, runs, *place).into_iter().for_each(|fresher| fresher.redone_by = Some(again));
    }
    Ok(())
}

/// Returns the runs that a run read from.
fn read_from(reader: &RunDetail) -> HashSet<RunKey> {
    reader.reads.iter().flat_map(|read| read.write.iter().chain(&read.parts)).map(|write| write.run).collect()
}

/// What is known of runs, each by its place: gathered once for all that is asked of a run, and only where it is asked.
struct OfRuns<T, G> {
    known: RefCell<Vec<Option<HashSet<T>>>>,
    gather: G,
}

impl<T: Eq + std::hash::Hash, G: Fn(usize) -> HashSet<T>> OfRuns<T, G> {
    fn new(count: usize, gather: G) -> Self {
        Self { known: RefCell::new((0..count).map(|_| None).collect()), gather }
    }

    fn holds(&self, run: usize, one: &T) -> bool {
        let mut known = self.known.borrow_mut();
        known.get_mut(run).is_some_and(|known| known.get_or_insert_with(|| (self.gather)(run)).contains(one))
    }
}

/// Returns for each write the last one of its artifact, where that made another version.
fn last_others(store: &mut dyn Look, questions: &[Question]) -> Result<Vec<Other>> {
    let asked: Vec<Asked<'_>> = questions.iter().map(Question::asks_writes).collect();
    let mut last: Vec<LastSeen<VersionKey, RunKey>> = questions.iter().map(|_| LastSeen::of_all()).collect();
    store.candidates(&asked, &mut |place, candidate| {
        last.get_mut(place).is_some_and(|last| last.offer(&offered(candidate.version, &candidate)))
    })?;
    let other = |(question, last): (&Question, LastSeen<VersionKey, RunKey>)| {
        let (moment, version, _) = last.found()?;
        let is_fresher = lineage::is_fresher((moment, &version), (question.at, &question.version));
        is_fresher.then_some((moment.1, moment.0))
    };
    Ok(questions.iter().zip(last).map(other).collect())
}

/// Returns for each write the last run of the same work, where that did the work behind the write again. `passed_over` names
/// a run that is none of them; `may_count` says whether the last one counts, whatever it did.
fn redone(
    store: &mut dyn Look,
    questions: &[Question],
    passed_over: impl Fn(usize) -> Option<RunKey>,
    may_count: impl Fn(usize, &Rerun<RunKey>) -> bool,
) -> Result<Vec<Other>> {
    let mut again = vec![None; questions.len()];
    let (mut asked, mut last) = (Vec::new(), Vec::new());
    for (place, question) in questions.iter().enumerate() {
        let Some(work) = question.work else { continue };
        let after = (question.ended.unwrap_or(question.at), question.run_id);
        asked.push((work, question.by));
        last.push((place, question, LastRerun::of(after, passed_over(place))));
    }
    if asked.is_empty() {
        return Ok(again);
    }
    store.reruns(&asked, &mut |place, row| {
        let RerunRow { run, id, began, ended } = row;
        last.get_mut(place).is_some_and(|(.., last)| last.offer(&Rerun { run, id, began, ended }))
    })?;
    let found: Vec<(usize, &Question, Rerun<RunKey>)> = last
        .into_iter()
        .filter_map(|(place, question, last)| Some((place, question, last.found()?)))
        .filter(|(place, question, rerun)| rerun.began >= Some(question.at) && may_count(*place, rerun))
        .collect();
    if found.is_empty() {
        return Ok(again);
    }
    let runs: Vec<RunKey> = found.iter().flat_map(|(_, question, rerun)| [question.run, rerun.run]).collect();
    let works: HashMap<RunKey, Work<VersionKey>> =
        store.works(&runs)?.into_iter().map(|(run, row)| (run, work(row))).collect();
    for (place, question, rerun) in found {
        let Some((first, later)) = works.get(&question.run).zip(works.get(&rerun.run)) else { continue };
        let is_again = lineage::did_again(first, (question.at, &question.version), later);
        again.get_mut(place).into_iter().for_each(|again| *again = is_again.then_some((rerun.id, rerun.ended)));
    }
    Ok(again)
}

fn work(WorkRow { began, read, made, commit, code }: WorkRow) -> Work<VersionKey> {
    Work { began, read, made, commit, code: code.map(|(file, hash, line)| WorkCode { file, hash, line }) }
}

pub(super) fn offered<W>(write: W, candidate: &Candidate) -> Offer<W, RunKey> {
    let Candidate { run, run_id, at, n, said_at, began, read_at, is_elsewhere, .. } = *candidate;
    Offer { write, run, moment: (at, run_id, n), said_at, began, read_at, is_elsewhere }
}
