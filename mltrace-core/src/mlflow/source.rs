//! A place of which the runs are read, and what may go wrong there.

use std::path::PathBuf;

use super::run::{Registry, Run};
use crate::store::StoreError;

/// How many runs are read and stored at once.
pub(super) const BATCH: usize = 1000;

/// What an import of runs takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MlflowOptions {
    /// Also the runs that were deleted.
    pub takes_deleted: bool,
    /// A server is asked for the artifacts of each run.
    pub asks_artifacts: bool,
}

/// Why runs cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum MlflowError {
    /// There is nothing of MLflow.
    #[error("`{}` holds no runs of MLflow: {reason}", .place.display())]
    NoRuns {
        /// The place.
        place: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// It cannot be read.
    #[error("the runs of MLflow cannot be read: {0}")]
    Unread(String),
    /// The store did not take the runs.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A place of which the runs are read, batch by batch.
pub(super) trait Source: Send {
    /// Returns the registered models.
    fn registry(&mut self) -> Result<Registry, MlflowError>;

    /// Returns the next runs; none when there are no more.
    fn next(&mut self) -> Result<Vec<Run>, MlflowError>;

    /// Returns what lies at the top of the folder of a run's artifacts, as far as one can ask for it.
    fn artifacts(&mut self, _run: &Run) -> Result<Vec<String>, MlflowError> {
        Ok(Vec::new())
    }
}
