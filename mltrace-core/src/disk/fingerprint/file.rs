//! The hash of one file.

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::held::Handle;
use super::{Hashing, Stat, stat};
use crate::model::Timestamp;

/// How much is read at a time.
const CHUNK: u64 = 256 << 10;

/// Returns the hash of the file at `path`, from the cache or by reading it.
///
/// Returns `None` when the file is not what `before` says, or does not stay so while it is read, or on being told to
/// stop.
pub(super) fn hash(path: &Path, before: &Stat, how: &Hashing<'_>) -> io::Result<Option<[u8; 32]>> {
    if let Some(known) = known(path, before, how) {
        return Ok(Some(known));
    }
    // The time is taken first: a change during the reading then counts as recent.
    let hashed_ns = Timestamp::now().0.saturating_mul(1_000);
    let Some(hash) = read(path, before, how)? else {
        return Ok(None);
    };
    if stat(path)? != Some(*before) {
        return Ok(None);
    }
    if let Some(cache) = how.cache {
        cache.put(path, before, hash, hashed_ns);
    }
    Ok(Some(hash))
}

/// Returns the hash of a file where that takes no reading.
pub(super) fn known(path: &Path, before: &Stat, how: &Hashing<'_>) -> Option<[u8; 32]> {
    if before.size == 0 {
        return Some(*blake3::hash(b"").as_bytes());
    }
    how.cache?.get(path, before)
}

/// A file that is longer or shorter than its size, as those of `/proc` are, has no content to speak of.
fn read(path: &Path, before: &Stat, how: &Hashing<'_>) -> io::Result<Option<[u8; 32]>> {
    let mut handle = Handle::open(path, before)?;
    if handle.stat()? != Some(*before) {
        return Ok(None);
    }
    // One byte more than the size, so that a small file and its end are seen in one read each.
    let room = before.size.saturating_add(1).min(CHUNK);
    let mut buffer = vec![0; usize::try_from(room).unwrap_or(4096)];
    let mut hasher = blake3::Hasher::new();
    let mut offset: u64 = 0;
    loop {
        if how.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            return Ok(None);
        }
        let count = handle.read_at(&mut buffer, offset)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        hasher.update(bytes);
        offset = offset.saturating_add(count as u64);
        if offset > before.size {
            return Ok(None);
        }
        if let Some(progress) = how.progress {
            progress(count as u64);
        }
    }
    let is_same = offset == before.size && handle.stat()? == Some(*before);
    Ok(is_same.then(|| *hasher.finalize().as_bytes()))
}
