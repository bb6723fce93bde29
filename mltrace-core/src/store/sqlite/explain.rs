//! What an error of SQLite or of the file system means for a store.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::store::StoreError;

pub(super) fn unreachable(path: &Path, reason: &str) -> StoreError {
    StoreError::Unreachable { place: path.to_owned().into(), reason: reason.to_owned() }
}

/// What is said of a store that another process keeps locked.
const LOCKED: &str = "another process keeps it locked";

/// Returns whether another process keeps the store locked.
pub(super) fn is_locked(error: &StoreError) -> bool {
    matches!(error, StoreError::Unreachable { reason, .. } if reason == LOCKED)
}

/// Returns what SQLite's error means for the file at `path`.
pub(super) fn explain(path: &Path, error: &rusqlite::Error) -> StoreError {
    let reason = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            return StoreError::NotAStore {
                place: path.to_owned().into(),
                reason: "it is no SQLite database".to_owned(),
            };
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            return StoreError::NotAStore { place: path.to_owned().into(), reason: "the file is damaged".to_owned() };
        }
        Some(ErrorCode::TooBig) => {
            let reason = "it holds a value that is too long".to_owned();
            return StoreError::NotAStore { place: path.to_owned().into(), reason };
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LOCKED.to_owned(),
        Some(ErrorCode::ReadOnly) => "it may not be written".to_owned(),
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::PermissionDenied) => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    unreachable(path, &reason)
}
