//! Events of other tools, as they are stored.

use super::key::ProjectKey;
use crate::model::{RunId, Timestamp};

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

/// What is left of the text of an event that began a try of a run, once that is forgotten, and of one that ended it: by these
/// the tries after it keep their ids.
pub const BEGAN: &str = "began";
/// See [`BEGAN`].
pub const ENDED: &str = "ended";

/// Takes an event, and returns whether to go on.
pub type TellEvent<'t> = &'t mut dyn FnMut(EventRow) -> bool;

impl EventRow {
    /// Returns the key of an event: its time and then its digits, so that the events of a run lie in the order of time.
    #[must_use]
    pub fn key_of(at: Timestamp, body: &str) -> [u8; 32] {
        let mut key = Self::first_key(at);
        let digits = *blake3::hash(body.as_bytes()).as_bytes();
        key.iter_mut().zip(digits).skip(size_of::<i64>()).for_each(|(byte, digit)| *byte = digit);
        key
    }

    /// Returns when the event happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        let since = self.key.first_chunk().copied().map_or(0, i64::from_be_bytes);
        Timestamp(Timestamp::MIN.0.saturating_add(since))
    }

    /// Returns whether its text was forgotten.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        matches!(self.body.as_str(), "" | BEGAN | ENDED)
    }

    /// Returns the first key that an event of a moment may have.
    #[must_use]
    pub fn first_key(at: Timestamp) -> [u8; 32] {
        let mut key = [0; 32];
        let since = at.micros_since(Timestamp::MIN).to_be_bytes();
        key.iter_mut().zip(since).for_each(|(byte, of_time)| *byte = of_time);
        key
    }
}

/// From which end the events of a run are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventsFrom {
    /// The first one first.
    First,
    /// The last one first.
    Last,
}
