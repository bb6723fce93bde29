//! The lock that says that a process lives.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use crate::folder::{Folder, Owned};
use crate::model::ProcessId;

/// Takes the lock of a process.
pub(super) fn take(folder: &Folder, process: ProcessId) -> io::Result<Owned<File>> {
    const TRIES: usize = 8;
    for _ in 0..TRIES {
        if let Some(lock) = make(folder, process)? {
            // It gets its last number with the lock on it: that is one of the open file, whatever its number.
            return Owned::to_stay(lock);
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

/// Makes the lock file under another name first: nobody ever sees it unlocked. `None` when a fold swept it away before.
fn make(folder: &Folder, process: ProcessId) -> io::Result<Option<File>> {
    let hidden = format!(".{process}.new");
    // A try that failed may have left it.
    let _ = folder.remove(&hidden);
    let lock = folder.make(&hidden)?;
    match lock.try_lock() {
        // The process that sweeps may be stopped, so nobody waits for it.
        Err(TryLockError::WouldBlock) => return folder.remove(&hidden).map(|()| None).or_else(if_missing),
        // A file system without locks leaves the judgement to the process' number.
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => return Err(error),
        _ => {}
    }
    folder.rename(&hidden, format!("{process}.lock")).map(|()| Some(lock)).or_else(if_missing)
}

fn if_missing<T>(error: io::Error) -> io::Result<Option<T>> {
    if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) }
}

/// Removes the lock files of processes that were ended before they had the lock.
pub(crate) fn sweep(folder: &Path) {
    let Ok(folder) = Folder::inside(folder) else { return };
    for name in folder.names().unwrap_or_default() {
        let Ok(name) = name.into_string() else { continue };
        let process = name.strip_prefix('.').and_then(|name| name.strip_suffix(".new")?.parse::<ProcessId>().ok());
        if process.is_some() && folder.read(&name).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = folder.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_left_that_was_ended_before_it_had_the_lock_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let [ended, beginning] = [(); 2].map(|()| folder.path().join(format!(".{}.new", ProcessId::new())));
        let other = folder.path().join(".gitignore");
        let files = [&ended, &beginning, &other].map(|path| File::create(path).unwrap());
        files[1].lock().unwrap();
        sweep(folder.path());
        assert_eq!([ended, beginning, other].map(|path| path.exists()), [false, true, true]);
    }

    #[test]
    fn a_lock_is_taken_while_others_sweep() {
        let folder = tempfile::tempdir().unwrap();
        let held = Folder::open(folder.path()).unwrap();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let flag = std::sync::atomic::Ordering::Relaxed;
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !is_over.load(flag) {
                    sweep(folder.path());
                }
            });
            let taken: Vec<_> = (0..300).map(|_| ProcessId::new()).map(|id| (id, take(&held, id))).collect();
            is_over.store(true, flag);
            for (process, lock) in taken {
                lock.unwrap();
                assert!(folder.path().join(format!("{process}.lock")).exists());
            }
        });
    }
}
