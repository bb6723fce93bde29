//! One writer at a time, by a lock on a file of our own.
//!
//! POSIX drops a process' locks on a file when any handle to it is closed, so a pipeline that merely reads the store
//! file would drop SQLite's locks; nobody else opens this one.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::folder::Folder;

/// Held while one transaction is written; dropping it lets the next writer in.
#[derive(Debug)]
pub(super) struct WriteLock {
    _file: File,
}

impl WriteLock {
    /// Waits at most `patience` for the lock in the folder `place`.
    #[expect(clippy::disallowed_methods, reason = "a file lock cannot be waited for with a limit")]
    pub(super) fn take(place: &Path, patience: Duration) -> io::Result<Self> {
        let file = Folder::open(place)?.append("write.lock")?;
        let begun = Instant::now();
        let mut pause = Duration::from_micros(200);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                // Some file systems know no locks: SQLite's own still keep writers apart.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => {
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process keeps it locked"));
                }
                Err(TryLockError::WouldBlock) => {}
            }
            std::thread::sleep(jittered(pause, begun));
            pause = pause.saturating_mul(2).min(Duration::from_millis(20));
        }
    }
}

/// Returns between half and all of `pause`, so that waiters do not knock in step.
pub(super) fn jittered(pause: Duration, begun: Instant) -> Duration {
    let noise = begun.elapsed().subsec_nanos() ^ std::process::id().wrapping_mul(0x9E37_79B9);
    pause.mul_f64(0.5 + f64::from(noise % 1024) / 2048.0)
}
