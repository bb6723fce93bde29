//! An event, and what it takes to understand its names.

use super::event::{Dataset, Event, Job};
use crate::naming::Root;

/// An event, with what it takes to understand its names.
#[derive(Debug)]
pub struct Sent<'e> {
    /// The event.
    pub event: Event<'e>,
    /// What distinguishes it from others, by which those of one moment are ordered.
    pub key: [u8; 32],
    /// Whether its text was forgotten, so that only its time and its kind are known.
    pub is_forgotten: bool,
    /// The folder that its paths are relative to.
    pub root: &'e Root,
    /// The project that it was sent to: in a namespace of that name jobs are called by their names alone.
    pub project: &'e str,
}

impl<'e> Sent<'e> {
    /// Returns the outputs of the event.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (&Self, &Dataset<'e>)> {
        self.event.outputs.iter().map(move |output| (self, output))
    }

    /// Returns the component that a job is.
    pub(super) fn component(&self, job: &Job<'_>) -> String {
        let Job { namespace, name, .. } = job;
        if *namespace == self.project { name.clone().into_owned() } else { format!("{namespace}/{name}") }
    }
}
