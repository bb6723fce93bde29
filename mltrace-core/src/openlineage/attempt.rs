//! The tries of a run: a second try under the same id is another run.

use serde::Deserialize;
use uuid::Uuid;

use super::event::{Event, Facets, Kind};
use super::facets::JobType;
use super::sent::Sent;
use crate::model::{RunId, Timestamp};

/// One try of a run: its events in the order of time.
pub(super) struct Attempt<'a, 'e> {
    pub(super) run: RunId,
    pub(super) events: Vec<&'a Sent<'e>>,
}

/// Tells which try of a run each of its events is of; it is told of them in the order of time.
#[derive(Debug)]
pub struct Tries {
    of: RunId,
    run: Option<RunId>,
    ended: Option<Timestamp>,
}

impl Tries {
    /// Returns the tries of a run, before its first event.
    #[must_use]
    pub fn of(run: RunId) -> Self {
        Self { of: run, run: None, ended: None }
    }

    /// Returns of which try the next event is.
    pub fn next(&mut self, at: Timestamp, kind: Kind) -> RunId {
        // At the same time as the end it is the start of the run that ended.
        let is_again = kind == Kind::Start && self.ended.is_some_and(|ended| ended < at);
        let run = match self.run {
            Some(run) if !is_again => run,
            Some(_) => later_try(self.of, at),
            None => self.of,
        };
        self.ended = if kind.is_end() { Some(at) } else { self.ended.filter(|_| !is_again) };
        self.run = Some(run);
        run
    }
}

/// Returns the id of a try of a run that is not its first, from when it began.
#[must_use]
pub fn later_try(run: RunId, began: Timestamp) -> RunId {
    RunId(Uuid::new_v5(&run.0, began.to_string().as_bytes()))
}

/// Returns the tries of a run from its events in the order of time, without those of which an event was forgotten.
pub(super) fn attempts<'a, 'e>(id: RunId, events: &[&'a Sent<'e>]) -> Vec<Attempt<'a, 'e>> {
    let mut tries = Tries::of(id);
    let mut attempts: Vec<Attempt<'a, 'e>> = Vec::new();
    for sent in events {
        let run = tries.next(sent.event.at, sent.event.kind);
        match attempts.last_mut().filter(|attempt| attempt.run == run) {
            Some(attempt) => attempt.events.push(sent),
            None => attempts.push(Attempt { run, events: vec![sent] }),
        }
    }
    attempts.retain(|attempt| attempt.events.iter().all(|sent| !sent.is_forgotten));
    attempts
}

impl<'a, 'e> Attempt<'a, 'e> {
    /// Returns when it began, and whether no event gives that time.
    pub(super) fn start(&self) -> (Timestamp, bool) {
        let starts = self.events.iter().filter(|sent| sent.event.kind == Kind::Start).map(|sent| sent.event.at);
        let first = self.events.iter().map(|sent| sent.event.at).min().unwrap_or(Timestamp::MIN);
        starts.min().map_or((first, true), |start| (start, false))
    }

    /// Returns the event that ended it: the last of several.
    pub(super) fn end(&self) -> Option<&Event<'e>> {
        self.events.iter().rev().map(|sent| &sent.event).find(|event| event.kind.is_end())
    }

    /// Returns the last value of a facet of the run.
    pub(super) fn of_run<T: Deserialize<'e>>(&self, name: &str) -> Option<T> {
        self.last(name, |event| event.run_facets())
    }

    /// Returns the last value of a facet of the job.
    pub(super) fn of_job<T: Deserialize<'e>>(&self, name: &str) -> Option<T> {
        self.last(name, |event| event.job().map(|job| &job.facets))
    }

    fn last<T: Deserialize<'e>>(&self, name: &str, of: impl Fn(&'a Event<'e>) -> Option<&'a Facets<'e>>) -> Option<T> {
        let mut facets = self.events.iter().rev().filter_map(|sent| of(&sent.event));
        facets.find(|facets| facets.has(name))?.get(name)
    }

    /// Returns what sort of job it is of.
    pub(super) fn sort(&self) -> Sort {
        let Some(facet) = self.of_job::<JobType>("jobType") else { return Sort::default() };
        let is =
            |given: &Option<String>, word: &str| given.as_ref().is_some_and(|given| given.eq_ignore_ascii_case(word));
        let mode = facet.emission_pattern.and_then(|emission| emission.event_content_mode);
        Sort {
            is_endless: is(&facet.processing_type, "STREAMING") || is(&facet.processing_type, "SERVICE"),
            is_snapshot: is(&mode, "COMPLETE_SNAPSHOT"),
            is_test: is(&facet.job_type, "TEST"),
        }
    }
}

/// What sort of job a run is of.
#[derive(Clone, Copy, Default)]
pub(super) struct Sort {
    /// It goes on until somebody ends it: what it reads it reads again and again.
    pub(super) is_endless: bool,
    /// Each of its events is complete in itself.
    pub(super) is_snapshot: bool,
    /// It looks at data and makes none.
    pub(super) is_test: bool,
}
