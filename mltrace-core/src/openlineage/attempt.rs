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

/// Returns the tries of a run from its events in the order of time.
pub(super) fn attempts<'a, 'e>(id: RunId, events: &[&'a Sent<'e>]) -> Vec<Attempt<'a, 'e>> {
    let mut attempts: Vec<Attempt<'a, 'e>> = Vec::new();
    let mut ended: Option<Timestamp> = None;
    for sent in events {
        let Event { at, kind, .. } = sent.event;
        // At the same time as the end it is the start of the run that ended.
        let is_again = kind == Kind::Start && ended.is_some_and(|ended| ended < at);
        match attempts.last_mut().filter(|_| !is_again) {
            Some(attempt) => attempt.events.push(sent),
            None => {
                let again = || RunId(Uuid::new_v5(&id.0, at.to_string().as_bytes()));
                let run = if attempts.is_empty() { id } else { again() };
                attempts.push(Attempt { run, events: vec![sent] });
                ended = None;
            }
        }
        if kind.is_end() {
            ended = Some(at);
        }
    }
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
