//! A look at a local file or folder: its content if that can be told at once, else what to hash beside the caller.

use std::path::Path;
use std::time::Duration;

use super::Recorder;
use crate::disk::fingerprint::{self, fingerprint};
use crate::disk::state::{State, state, unchanged};
use crate::disk::{FileKind, Fingerprint, Hashing, Skip};
use crate::model::VersionId;

/// So many bytes are hashed at once: a few milliseconds.
const BYTES_AT_ONCE: u64 = 4 << 20;
/// So many files of a folder are hashed at once.
const FILES_AT_ONCE: u64 = 100;
/// So long a folder is looked through: the caller waits.
const PATIENCE: Duration = Duration::from_millis(250);

/// A local file's or folder's content, as far as it could be told at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Looked {
    pub(super) version: Option<VersionId>,
    pub(super) size: Option<u64>,
    /// How it stood before anything was read of it.
    pub(super) standing: Option<State>,
    /// Whether it is to be hashed beside the caller.
    pub(super) is_pending: bool,
}

/// Returns what a file or folder holds if that can be told at once.
pub(super) fn look(recorder: &Recorder, path: &Path) -> Looked {
    let skip = recorder.skip();
    let Ok(Some(stat)) = fingerprint::stat(path) else { return Looked::default() };
    let Ok(Some(state)) = state(path, &stat, &skip, PATIENCE) else {
        return Looked { standing: Some(State::of(&stat)), ..Looked::default() };
    };
    let is_small = state.bytes <= BYTES_AT_ONCE && state.files <= FILES_AT_ONCE;
    let is_known = || stat.kind == FileKind::File && recorder.cache.get(path, &stat).is_some();
    if !is_small && !is_known() {
        return Looked { standing: Some(state), is_pending: true, ..Looked::default() };
    }
    let (version, size) = whole(recorder, path, &skip).map(|found| (found.version, found.size)).unzip();
    Looked { version, size, standing: Some(state), is_pending: false }
}

/// Returns how a file or folder stands; `None` when nothing is there.
pub(super) fn standing(recorder: &Recorder, path: &Path) -> Option<State> {
    let stat = fingerprint::stat(path).ok().flatten()?;
    // A folder's own times say nothing about the files in it.
    let told = match stat.kind {
        FileKind::Folder => state(path, &stat, &recorder.skip(), PATIENCE).ok().flatten(),
        _ => None,
    };
    Some(told.unwrap_or_else(|| State::of(&stat)))
}

/// Returns what a file or folder holds, if it still stands as `token` says.
pub(super) fn look_again(recorder: &Recorder, path: &Path, token: &str) -> Option<Fingerprint> {
    let skip = recorder.skip();
    unchanged(path, token, &how(recorder, &skip), Duration::MAX)
}

/// Returns what a file or folder holds, however long that takes.
pub(super) fn look_whole(recorder: &Recorder, path: &Path) -> Option<Fingerprint> {
    whole(recorder, path, &recorder.skip())
}

fn whole(recorder: &Recorder, path: &Path, skip: &Skip) -> Option<Fingerprint> {
    fingerprint(path, &how(recorder, skip)).ok().flatten()
}

fn how<'a>(recorder: &'a Recorder, skip: &'a Skip) -> Hashing<'a> {
    Hashing { limit: recorder.home.hash_limit, skip, cache: Some(&recorder.cache), progress: None, cancel: None }
}
