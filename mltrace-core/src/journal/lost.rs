//! How many records were lost: a count on the disk that takes no new room, so that a full disk keeps it.
//!
//! `lost` is made beside the journals while there is room and never grows. It holds an id and two counts of fixed width,
//! to which every process of the project adds in place, under a lock that is tried and not waited for. Nothing of it lives
//! in a process: a forked child, a thread and a process that could not make a file of its own all do the same.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use uuid::Uuid;

use crate::config::Durability;
use crate::folder::{self, Folder};
use crate::model::ProcessId;

/// The file.
const NAME: &str = "lost";
/// A block, which no file system keeps among its own data.
const BYTES: usize = 4096;
/// An id, two numbers and the end of the line.
const LINE: usize = ID_DIGITS + 2 * (1 + COUNT_DIGITS) + 1;
const ID_DIGITS: usize = 36;
const COUNT_DIGITS: usize = 20;
/// The most that a store can keep.
const MOST: u64 = i64::MAX.unsigned_abs();
/// How often the lock is asked for: anyone who holds it needs a few microseconds, unless it is stopped.
const PATIENCE: usize = 2_000;

/// What is counted in a folder of journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The file's own id: one that is made anew counts from zero.
    pub id: Uuid,
    /// How many records were lost since it was made.
    pub records: u64,
    /// How often a process found that others had cut, replaced or deleted its journal.
    pub cuts: u64,
}

impl Lost {
    /// Returns each count with the name of its tally, and the name by which a store remembers how much of it was taken
    /// over.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, String, u64); 2] {
        [("lost", self.records), ("cut", self.cuts)]
            .map(|(tally, count)| (tally, format!("{tally}.{}", self.id), count))
    }

    fn line(&self) -> String {
        format!("{} {:020} {:020}\n", self.id, self.records, self.cuts)
    }
}

/// Makes the file unless it is there whole.
pub(crate) fn keep(folder: &Path) {
    let found = Folder::inside(folder).and_then(|folder| folder.entry(NAME));
    if !found.is_ok_and(|found| found.is_some_and(|found| found.length >= BYTES as u64)) {
        // Without room for it, it is tried again when it is needed.
        let _ = open(folder, Missing::IsMade);
    }
}

/// Adds to the records that were lost; the count is on the disk when this returns: after a kill, or with
/// [`Durability::Power`] after a power loss, it is not less.
///
/// # Errors
/// When it cannot be written, or is held by somebody who has stopped; then nothing was added.
pub fn add(folder: &Path, records: u64, durability: Durability) -> io::Result<()> {
    change(folder, durability, |lost| lost.records = lost.records.saturating_add(records).min(MOST))
}

/// Adds to how often a journal was found to be cut.
///
/// # Errors
/// Those of [`add`].
pub(super) fn add_cuts(folder: &Path, cuts: u64, durability: Durability) -> io::Result<()> {
    change(folder, durability, |lost| lost.cuts = lost.cuts.saturating_add(cuts).min(MOST))
}

fn change(folder: &Path, durability: Durability, change: impl FnOnce(&mut Lost)) -> io::Result<()> {
    let (mut file, mut lost) = match open(folder, Missing::IsMade) {
        Err(error) if super::reserve::is_disk_full(&error) => {
            super::reserve::give_up_reserve(folder);
            open(folder, Missing::IsMade)?
        }
        opened => opened?,
    };
    change(&mut lost);
    let line = lost.line();
    let added = folder::check_room(0, line.as_bytes(), folder::longest_file())
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| file.write_all(line.as_bytes()));
    let added = added.and_then(|()| if durability == Durability::Power { file.sync_data() } else { Ok(()) });
    let_go(&file);
    added
}

/// Returns what is counted; `None` where nothing is.
///
/// # Errors
/// When it cannot be read, or is held by somebody who has stopped.
pub fn read(folder: &Path) -> io::Result<Option<Lost>> {
    match open(folder, Missing::IsLeft) {
        Ok((file, lost)) => {
            let_go(&file);
            Ok(Some(lost))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Begins to count anew.
///
/// # Errors
/// When the file cannot be removed.
pub(crate) fn clear(folder: &Path) -> io::Result<()> {
    match Folder::inside(folder).and_then(|folder| folder.remove(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            keep(folder);
            Ok(())
        }
    }
}

/// What becomes of a file that is not there, or not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    IsMade,
    IsLeft,
}

/// Opens the file, locked, with what it says.
fn open(folder: &Path, missing: Missing) -> io::Result<(File, Lost)> {
    const TRIES: usize = 4;
    let folder = Folder::inside(folder)?;
    for _ in 0..TRIES {
        let mut file = match missing {
            Missing::IsMade => update(&folder)?,
            Missing::IsLeft => folder.read(NAME)?,
        };
        take(&file, missing)?;
        // Anyone who clears a project removes the file; what is added to one that is gone is gone.
        if is_gone(&file) {
            continue;
        }
        let told = look(&mut file).and_then(|told| match (told, missing) {
            (Told::Counted(lost), _) => Ok(lost),
            (Told::Nothing, Missing::IsMade) => make(&mut file, 0),
            // What it had counted is gone; that something had been is not.
            (Told::Spoilt, Missing::IsMade) => make(&mut file, 1),
            (Told::Nothing, Missing::IsLeft) => Err(io::ErrorKind::NotFound.into()),
            (Told::Spoilt, Missing::IsLeft) => Err(io::Error::new(io::ErrorKind::InvalidData, "somebody changed it")),
        });
        return match told {
            Ok(lost) => Ok((file, lost)),
            Err(error) => {
                let_go(&file);
                Err(error)
            }
        };
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Opens the file to be changed, made unless it is there.
fn update(folder: &Folder) -> io::Result<File> {
    match folder.update(NAME) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    match folder.make(NAME) {
        // Another process has made it meanwhile.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        // What was made can only be appended to.
        _ => folder.update(NAME),
    }
}

/// Takes the lock, which readers share. The handle is of this call alone, so that it keeps out other threads as it does
/// other processes.
fn take(file: &File, missing: Missing) -> io::Result<()> {
    let lock = match missing {
        Missing::IsMade => File::try_lock,
        Missing::IsLeft => File::try_lock_shared,
    };
    for _ in 0..PATIENCE {
        match lock(file) {
            Ok(()) => return Ok(()),
            // Without locks two that count at the same moment may count less; not to count at all would be worse.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

/// Said aloud, for a child that was forked meanwhile holds the same handle.
fn let_go(file: &File) {
    let _ = file.unlock();
}

fn is_gone(file: &File) -> bool {
    #[cfg(unix)]
    {
        file.metadata().is_ok_and(|file| std::os::unix::fs::MetadataExt::nlink(&file) == 0)
    }
    // Elsewhere a file that is open cannot be deleted.
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

/// What a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Counted(Lost),
    /// Nobody has counted in it.
    Nothing,
    /// It was changed by somebody else.
    Spoilt,
}

fn look(file: &mut File) -> io::Result<Told> {
    let mut bytes = Vec::with_capacity(LINE);
    file.take(LINE as u64).read_to_end(&mut bytes)?;
    let is_whole = file.metadata()?.len() >= BYTES as u64;
    let line = str::from_utf8(&bytes).ok().and_then(|line| line.strip_suffix('\n'));
    let lost = line.filter(|_| is_whole).and_then(|line| {
        let (id, counts) = line.split_at_checked(ID_DIGITS)?;
        let (records, cuts) = counts.strip_prefix(' ')?.split_once(' ')?;
        let counted = |text: &str| text.parse().ok().filter(|count| *count <= MOST);
        Some(Lost { id: id.parse().ok()?, records: counted(records)?, cuts: counted(cuts)? })
    });
    Ok(match lost {
        Some(lost) => Told::Counted(lost),
        None if bytes.iter().all(|byte| *byte == 0) => Told::Nothing,
        None => Told::Spoilt,
    })
}

/// Fills a file that is new, or whose maker was killed half-way, or that was spoilt.
fn make(file: &mut File, records: u64) -> io::Result<Lost> {
    let lost = Lost { id: ProcessId::new().0, records, cuts: 0 };
    let mut bytes = lost.line().into_bytes();
    bytes.resize(BYTES, b' ');
    folder::check_room(0, &bytes, folder::longest_file())?;
    file.set_len(0)?;
    claim(file);
    file.seek(SeekFrom::Start(0))?;
    if let Err(error) = file.write_all(&bytes) {
        let _ = file.set_len(0);
        return Err(error);
    }
    Ok(lost)
}

/// Gives the file its room now and for good, where the file system lets that be asked for.
fn claim(file: &File) {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, IFlags, fallocate, ioctl_getflags, ioctl_setflags};
        // A file system that copies what it changes needs room to change anything, unless it is asked not to.
        let _ = ioctl_getflags(file).and_then(|flags| ioctl_setflags(file, flags | IFlags::NOCOW));
        let _ = fallocate(file, FallocateFlags::empty(), 0, BYTES as u64);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}
