//! Why a store did not answer.

use std::path::PathBuf;

use crate::config::Place;

/// What a verb of a store returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is none yet.
    #[error("nothing has been recorded yet: there is no store at `{0}`")]
    Missing(Place),
    /// The project's settings put it where the user's do not allow it.
    #[error("the store is not used: {0}")]
    Refused(String),
    /// It is a database, and this build knows none: the command line says how to name a file.
    #[error("the store `{0}` cannot be used: this build keeps stores in files")]
    NoSuchBackend(Place),
    /// It cannot be opened, read or written.
    #[error("the store `{place}` cannot be used: {reason}")]
    Unreachable {
        /// Where it is.
        place: Place,
        /// Why.
        reason: String,
    },
    /// A newer mltrace wrote it.
    #[error("the store `{place}` was written by mltrace {writer} (schema {schema}), which this version cannot {verb}")]
    TooNew {
        /// Where it is.
        place: Place,
        /// The version that wrote it.
        writer: String,
        /// Its schema.
        schema: i64,
        /// `read` or `write`.
        verb: &'static str,
    },
    /// It is not a store of mltrace, or damaged.
    #[error("`{place}` is not a store of mltrace: {reason}")]
    NotAStore {
        /// Where it is.
        place: Place,
        /// Why.
        reason: String,
    },
    /// It is a store, and holds what no mltrace made or lacks what every one makes.
    #[error("the store `{place}` is not as mltrace makes it: {what}")]
    Altered {
        /// Where it is.
        place: Place,
        /// What is strange.
        what: String,
    },
    /// A journal that is to be folded into it cannot be read.
    #[error("the journal `{}` cannot be read: {reason}", .path.display())]
    Journal {
        /// Its file, or the folder of all.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The database did not do what it was asked.
    #[error("the store did not answer")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A question would hold more of it at once than it may.
    #[error("the answer needs more of the store at once than one question may hold")]
    TooMuch,
    /// A question took more steps or longer than it may, or nobody waits for its answer any more.
    #[error("the answer took longer to find than one question may")]
    Stopped,
    /// What it holds makes no sense.
    #[error("the store holds something that makes no sense: {0}")]
    Corrupt(String),
}

#[cfg(feature = "store")]
impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // Nobody but the bounds of a question interrupts it.
            Some(rusqlite::ErrorCode::OperationInterrupted) => Self::Stopped,
            _ => Self::Database(Box::new(error)),
        }
    }
}
