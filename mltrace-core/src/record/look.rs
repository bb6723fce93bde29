//! A look at a local file or folder: its content if that can be told at once, else what to hash beside the caller.

use std::path::Path;

use super::Recorder;
use crate::capture::fingerprint::{self, fingerprint};
use crate::capture::state::state;
use crate::capture::{FileKind, Fingerprint, Hashing, Skip};
use crate::model::VersionId;

/// So many bytes are hashed at once: a few milliseconds.
const BYTES_AT_ONCE: u64 = 4 << 20;
/// So many files of a folder are hashed at once.
const FILES_AT_ONCE: u64 = 100;

/// A local file's or folder's content, as far as it could be told at once.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) version: Option<VersionId>,
    pub(super) size: Option<u64>,
    /// How it stood, when it is to be hashed beside the caller.
    pub(super) pending: Option<String>,
}

/// Returns what a file or folder holds if that can be told at once.
pub(super) fn look(recorder: &Recorder, path: &Path) -> Looked {
    let skip = recorder.skip();
    let Ok(Some(stat)) = fingerprint::stat(path) else { return Looked::default() };
    let Ok(Some(state)) = state(path, &stat, &skip) else { return Looked::default() };
    let is_small = state.bytes <= BYTES_AT_ONCE && state.files <= FILES_AT_ONCE;
    let is_known = || stat.kind == FileKind::File && recorder.cache.get(path, &stat).is_some();
    if !is_small && !is_known() {
        return Looked { pending: Some(state.token), ..Looked::default() };
    }
    match whole(recorder, path, &skip) {
        Some(found) => Looked { version: Some(found.version), size: Some(found.size), pending: None },
        None => Looked::default(),
    }
}

/// Returns what a file or folder holds, if it still stands as `token` says.
pub(super) fn look_again(recorder: &Recorder, path: &Path, token: &str) -> Option<Fingerprint> {
    let skip = recorder.skip();
    let stands = || {
        let stat = fingerprint::stat(path).ok().flatten()?;
        state(path, &stat, &skip).ok().flatten().filter(|state| state.token == token)
    };
    stands()?;
    let found = whole(recorder, path, &skip)?;
    stands().map(|_| found)
}

fn whole(recorder: &Recorder, path: &Path, skip: &Skip) -> Option<Fingerprint> {
    let how =
        Hashing { limit: recorder.home.hash_limit, skip, cache: Some(&recorder.cache), progress: None, cancel: None };
    fingerprint(path, &how).ok().flatten()
}
