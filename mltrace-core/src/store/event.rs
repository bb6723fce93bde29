//! Events of other tools, as they are stored.

use super::key::ProjectKey;
use crate::model::RunId;

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The project that it was sent to.
    pub project: ProjectKey,
    /// Its key: those of a run are in the order of their keys.
    pub key: [u8; 32],
    /// The run that it is about; `None` where it is about a job or a dataset.
    pub run: Option<RunId>,
    /// The folder that its paths are relative to.
    pub root: String,
    /// Its text.
    pub body: String,
}

/// From which end the events of a run are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventsFrom {
    /// The first one first.
    First,
    /// The last one first.
    Last,
}
