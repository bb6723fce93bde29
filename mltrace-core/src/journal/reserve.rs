//! Bytes that are kept free for the moment when the disk is full.

use std::io::{self, Write};
use std::path::Path;

use crate::folder::{self, Folder};

/// What is kept free for the moment when the disk is full.
const RESERVE_BYTES: usize = 64 << 10;
/// The file that keeps it free.
pub(super) const RESERVE: &str = "reserve";

pub(super) fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

pub(super) fn has_reserve(folder: &Folder) -> bool {
    folder.holds(RESERVE)
}

/// Gives the reserve back to the disk.
pub(super) fn give_up_reserve(folder: &Path) {
    let _ = Folder::inside(folder).and_then(|folder| folder.remove(RESERVE));
}

/// Makes the reserve unless it is there: bytes that are given back when the disk is full. Returns whether it is there.
pub(crate) fn keep_reserve(folder: &Path) -> bool {
    Folder::inside(folder).is_ok_and(|folder| keep_reserve_in(&folder))
}

pub(super) fn keep_reserve_in(folder: &Folder) -> bool {
    if folder.holds(RESERVE) {
        return true;
    }
    let bytes = vec![0; RESERVE_BYTES];
    if !has_room(folder) || folder::check_room(0, &bytes, folder::longest_file()).is_err() {
        return false;
    }
    // Always the same name: who was killed in between leaves nothing that the next one does not take.
    let hidden = ".reserve";
    let _ = folder.remove(hidden);
    let made =
        folder.make(hidden).and_then(|mut file| file.write_all(&bytes)).and_then(|()| folder.rename(hidden, RESERVE));
    if made.is_err() {
        // Without room for a reserve there is none.
        let _ = folder.remove(hidden);
    }
    made.is_ok()
}

/// Returns whether the reserve would leave room: the last bytes of a disk are for records.
fn has_room(folder: &Folder) -> bool {
    let least = u64::try_from(RESERVE_BYTES).unwrap_or(u64::MAX).saturating_mul(2);
    // Where nobody knows, it is tried.
    folder.free_bytes().is_none_or(|free| free >= least)
}
