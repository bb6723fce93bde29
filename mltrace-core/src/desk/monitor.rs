//! How a pipeline and its recording do, for a monitoring system that asks again and again.

use super::{Desk, Unanswered};
use crate::model::Timestamp;
use crate::query::{Monitor, Monitored, QueryError};
use crate::store::Store;
use crate::upkeep::{Standing, Waiting};

/// What is kept between one time and the next.
#[derive(Debug, Default)]
pub struct Watch {
    monitor: Monitor,
    waiting: Waiting,
}

/// What a monitoring system receives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watched {
    /// How the pipeline does.
    pub pipeline: Monitored,
    /// How recording stands.
    pub recording: Standing,
}

impl Desk<'_> {
    /// Returns what a monitoring system receives; `watch` knows what was found the last time.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn watch(&self, store: &mut dyn Store, watch: &mut Watch) -> Result<Watched, Unanswered> {
        let pipeline = self.ask(store, |reader| reader.monitored(&mut watch.monitor))?;
        let recording = watch.waiting.standing(self.home, store, Timestamp::now()).map_err(|error| Unanswered {
            error: QueryError::from(error),
            near: Vec::new(),
            is_out_of_bounds: self.bounds.is_some_and(|bounds| bounds.is_reached()),
        })?;
        Ok(Watched { pipeline, recording })
    }
}
