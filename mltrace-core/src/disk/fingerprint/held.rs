//! Opens files for reading so that nothing blocks, and closes them so that no lock of the user's is lost.
//!
//! POSIX drops all locks that a process holds on a file when the process closes *any* handle on it. A function that has
//! an SQLite database open, and names it as an input, would lose its locks by our reading it. So a handle on a database
//! is kept while this process holds a lock on the file, used again for the next reading, and closed once the lock is gone.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, TryLockError};

use super::Stat;
use crate::folder::Owned;

/// Handles that could not be closed yet.
static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// The most handles that are kept: a program with more databases open at once than this is not expected.
const MOST_KEPT: usize = 64;

struct Kept {
    device: u64,
    inode: u64,
    file: Owned<File>,
}

/// A file that is being read.
pub(super) struct Handle {
    /// Taken when it is dropped.
    file: Option<File>,
    inode: u64,
    device: u64,
    is_database: bool,
}

/// What an SQLite database begins with.
const DATABASE: &[u8] = b"SQLite format 3\0";

impl Handle {
    /// Opens the file at `path`, of which the file system says `stat`.
    pub(super) fn open(path: &Path, stat: &Stat) -> io::Result<Self> {
        let kept = take_kept(stat);
        let is_database = kept.is_some();
        let file = kept.map_or_else(|| open(path), Ok)?;
        Ok(Self { file: Some(file), inode: stat.inode, device: stat.device, is_database })
    }

    /// Reads what begins at `offset`; 0 bytes at the end of the file.
    pub(super) fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let Some(file) = &self.file else {
            return Ok(0);
        };
        let count = loop {
            match read_at(file, buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if offset == 0 && buffer.starts_with(DATABASE) {
            self.is_database = true;
        }
        Ok(count)
    }

    /// Returns what the file system says of the open file.
    pub(super) fn stat(&self) -> io::Result<Option<Stat>> {
        self.file.as_ref().map(|file| Ok(Stat::of(&file.metadata()?))).transpose()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let Some(file) = self.file.take().filter(|_| self.is_database) else {
            return;
        };
        let Some(mut kept) = lock() else {
            // Left open: one handle less matters less than a lost lock.
            return std::mem::forget(file);
        };
        if let Ok(file) = Owned::new(file) {
            kept.push(Kept { device: self.device, inode: self.inode, file });
        }
        close_free(&mut kept);
    }
}

/// Returns the list unless it is not to be had: in a forked child, the thread that held it may not exist any more.
fn lock() -> Option<MutexGuard<'static, Vec<Kept>>> {
    (0..1_000).find_map(|_| match KEPT.try_lock() {
        Ok(kept) => Some(kept),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            std::thread::yield_now();
            None
        }
    })
}

fn take_kept(stat: &Stat) -> Option<File> {
    let mut kept = lock()?;
    let at = kept.iter().position(|kept| kept.device == stat.device && kept.inode == stat.inode)?;
    kept.swap_remove(at).file.into_ours()
}

/// Closes the handles on files of which this process holds no lock, and the oldest when there are too many.
fn close_free(kept: &mut Vec<Kept>) {
    let locked = locked_inodes();
    kept.retain(|kept| locked.as_ref().is_none_or(|locked| locked.contains(&kept.inode)));
    let surplus = kept.len().saturating_sub(MOST_KEPT);
    kept.drain(..surplus);
}

/// Returns the numbers of the files on which this process holds a POSIX lock; `None` when that cannot be known.
///
/// Devices are left out: the lock table and `stat` number those of some file systems differently.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "a file of the system")]
fn locked_inodes() -> Option<Vec<u64>> {
    let table = std::fs::read_to_string("/proc/locks").ok()?;
    Some(parse_locks(&table, std::process::id()))
}

/// Locks on Windows belong to the handle that took them.
#[cfg(windows)]
fn locked_inodes() -> Option<Vec<u64>> {
    Some(Vec::new())
}

#[cfg(not(any(target_os = "linux", windows)))]
fn locked_inodes() -> Option<Vec<u64>> {
    None
}

/// Lines are `1: POSIX  ADVISORY  WRITE 4711 fe:00:131123 0 EOF`; waiting ones have `->` behind the number.
#[cfg(target_os = "linux")]
fn parse_locks(table: &str, pid: u32) -> Vec<u64> {
    let inode = |line: &str| {
        let mut words = line.split_whitespace().skip_while(|word| *word != "POSIX");
        let owner: u32 = words.nth(3)?.parse().ok()?;
        let file = words.next()?.rsplit(':').next()?;
        file.parse().ok().filter(|_| owner == pid)
    };
    table.lines().filter_map(inode).collect()
}

/// Opens without waiting: what was a file a moment ago may be a pipe by now, and opening a pipe waits for a writer.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "a run's own file, wherever its links lead")]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[cfg(not(unix))]
#[expect(clippy::disallowed_methods, reason = "a run's own file, wherever its links lead")]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(not(any(unix, windows)))]
fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::io::{Read, Seek};
    file.seek(io::SeekFrom::Start(offset))?;
    file.read(buffer)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_lock_table_is_read_for_this_process_only() {
        let table = "1: POSIX  ADVISORY  WRITE 4711 fe:00:131123 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 4711 fe:00:7 0 EOF\n\
                     3: OFDLCK ADVISORY  READ  -1 00:06:9 0 EOF\n\
                     4: POSIX  ADVISORY  READ 12 00:1b:8 0 EOF\n\
                     4: -> POSIX  ADVISORY  WRITE 4711 00:1b:10 1073741824 1073742335\n\
                     broken POSIX\n";
        assert_eq!(parse_locks(table, 4711), [131_123, 10]);
    }

    #[test]
    fn a_database_is_not_closed_while_this_process_holds_a_lock_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features.db");
        std::fs::write(&path, DATABASE).unwrap();
        let stat = super::super::stat(&path).unwrap().unwrap();
        let read = || {
            let mut handle = Handle::open(&path, &stat).unwrap();
            let mut buffer = [0; 64];
            assert_eq!(handle.read_at(&mut buffer, 0).unwrap(), DATABASE.len());
        };
        let is_kept = || KEPT.lock().unwrap().iter().any(|kept| kept.inode == stat.inode);
        let is_locked = || locked_inodes().unwrap().contains(&stat.inode);

        let users = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        rustix::fs::fcntl_lock(&users, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
        read();
        read();
        assert!(is_locked() && is_kept(), "reading the database dropped the user's lock");

        rustix::fs::fcntl_lock(&users, rustix::fs::FlockOperation::Unlock).unwrap();
        read();
        assert!(!is_kept());
    }
}
