//! Writes one process' journal: one `write` a record, and the lock that tells that the process lives.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::frame::encode;
use super::lost;
use super::reserve::{RESERVE, give_up_reserve, has_reserve, is_disk_full, keep_reserve, keep_reserve_in};
use crate::config::Durability;
use crate::folder::{self, Folder};
use crate::model::{Header, ProcessId, Record};

/// A part of a journal that is longer than this is closed and another begun.
const PART_BYTES: u64 = 16 << 20;
/// How often is looked whether the file is still there and whole: a look takes as long as two fifths of a record.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The journal of this process.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    process: ProcessId,
    header: Header,
    durability: Durability,
    file: File,
    name: String,
    length: u64,
    /// How long a part may get.
    longest: u64,
    part: u32,
    buffer: Vec<u8>,
    /// When was last looked whether the file is there.
    looked: Instant,
    /// Whether the reserve was given back to make room, and has not been made again.
    is_reserve_spent: bool,
    /// Whether the file was found to be gone and no other could be begun yet.
    is_gone: bool,
    /// How often the journal was found to be cut that is not counted on the disk yet.
    cuts: u64,
    /// Held for the process' life.
    _lock: File,
}

impl Writer {
    /// Makes the journal of the process of `header` in `folder`, with the header as its first record.
    ///
    /// # Errors
    /// When a folder or a file cannot be made, locked or written.
    pub fn open(folder: &Path, header: Header, durability: Durability) -> io::Result<Self> {
        let process = header.process.unwrap_or_default();
        let header = Header { process: Some(process), ..header };
        let lock = prepare(folder, process)?;
        let name = format!("{process}.log");
        let longest = folder::longest_file();
        // Whoever cannot begin leaves nothing: on a full disk every process would leave a file.
        let unlock = |_: &io::Error| {
            let _ = Folder::inside(folder).and_then(|folder| folder.remove(format!("{process}.lock")));
        };
        let (file, length) = begin(folder, &name, &header, &[], durability, longest).inspect_err(unlock)?;
        Ok(Self {
            folder: folder.to_owned(),
            process,
            header,
            durability,
            file,
            name,
            length,
            longest,
            part: 0,
            buffer: Vec::with_capacity(1024),
            looked: Instant::now(),
            is_reserve_spent: !has_reserve(folder),
            cuts: 0,
            is_gone: false,
            _lock: lock,
        })
    }

    /// Appends records with one `write`; when it returns they survive the process, or with [`Durability::Power`] the
    /// machine.
    ///
    /// # Errors
    /// When they cannot be written, or one of them is too long; then none of them is in the journal.
    pub fn append(&mut self, records: &[Record]) -> io::Result<()> {
        self.buffer.clear();
        if !records.iter().all(|record| encode(record, &mut self.buffer)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is too long"));
        }
        // What is written to a file that nobody finds any more is in no journal.
        if !self.is_gone {
            self.write_buffer()?;
            match self.look() {
                Fate::Whole => {}
                Fate::Cut => {
                    self.count_cut();
                    // What was appended now is in the file all the same.
                    let _ = self.rotate();
                }
                Fate::Gone => self.is_gone = true,
            }
        }
        if self.is_gone {
            self.begin_again()?;
            self.is_gone = false;
        }
        if self.is_reserve_spent {
            self.is_reserve_spent = !keep_reserve(&self.folder);
        }
        // Where files may not get long, half of what they may is left for the next records.
        if self.length > PART_BYTES.min(self.longest / 2) {
            // The part that was closed is complete either way; the next record tries again.
            let _ = self.rotate();
        }
        Ok(())
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        folder::check_room(self.length, &self.buffer, self.longest)?;
        let mut written = self.write_once();
        if written.as_ref().is_err_and(is_disk_full) {
            // The reserve makes room for the ends of runs that are under way.
            give_up_reserve(&self.folder);
            self.is_reserve_spent = true;
            written = self.write_once();
        }
        written?;
        self.length = self.length.saturating_add(u64::try_from(self.buffer.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Writes all of the buffer or nothing: a reader would skip a part of it, but would count it as damage.
    fn write_once(&self) -> io::Result<()> {
        let mut left = self.buffer.as_slice();
        let mut written = Ok(());
        while !left.is_empty() && written.is_ok() {
            match (&self.file).write(left) {
                Ok(0) => written = Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => left = left.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => written = Err(error),
            }
        }
        if self.durability == Durability::Power {
            written = written.and_then(|()| self.file.sync_data());
        }
        if written.is_err() {
            self.take_back(self.buffer.len().saturating_sub(left.len()));
        }
        written
    }

    /// Takes the last bytes off the file, whose length is what the file says: others may have cut it.
    fn take_back(&self, count: usize) {
        let length = self.file.metadata().map(|file| file.len());
        let before = length.ok().zip(u64::try_from(count).ok()).and_then(|(length, count)| length.checked_sub(count));
        if let Some(before) = before.filter(|_| count > 0) {
            let _ = self.file.set_len(before);
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        let next = self.next_part(&[])?;
        self.buffer.clear();
        encode(&Record::Rotated, &mut self.buffer);
        if let Err(error) = self.write_buffer() {
            let _ = Folder::inside(&self.folder).and_then(|folder| folder.remove(&next.name));
            return Err(error);
        }
        self.go_on_in(next);
        Ok(())
    }

    /// Returns what others have done to the file.
    fn look(&mut self) -> Fate {
        if self.looked.elapsed() < LOOK_EVERY {
            return Fate::Whole;
        }
        self.looked = Instant::now();
        let Ok(held) = self.file.metadata() else { return Fate::Whole };
        match fs::symlink_metadata(self.folder.join(&self.name)) {
            Ok(found) if is_another(&found, &held) => return Fate::Gone,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Fate::Gone;
            }
            _ => {}
        }
        let is_cut = held.len() < self.length;
        self.length = held.len();
        if is_cut { Fate::Cut } else { Fate::Whole }
    }

    /// Counts that a journal was cut: what of it is gone, nobody can tell.
    fn count_cut(&mut self) {
        self.cuts = self.cuts.saturating_add(1);
        if lost::add_cuts(&self.folder, self.cuts, self.durability).is_ok() {
            self.cuts = 0;
        }
    }

    /// Makes whatever was deleted again, and writes what was to be appended to a new part.
    fn begin_again(&mut self) -> io::Result<()> {
        // Whoever deletes everything wants no word of it.
        let is_cut = self.folder.exists();
        self._lock = prepare(&self.folder, self.process)?;
        let next = self.next_part(&self.buffer)?;
        self.go_on_in(next);
        if is_cut {
            self.count_cut();
        }
        Ok(())
    }

    /// Makes the next part, which begins with the header; a name that was used is not used again, for a store may
    /// remember how far it was folded.
    fn next_part(&self, rest: &[u8]) -> io::Result<Part> {
        const TRIES: u32 = 64;
        let longest = folder::longest_file();
        let mut number = self.part;
        for _ in 0..TRIES {
            number = number.saturating_add(1);
            let name = format!("{}.{number}.log", self.process);
            match begin(&self.folder, &name, &self.header, rest, self.durability, longest) {
                Ok((file, length)) => return Ok(Part { file, name, number, length, longest }),
                // Somebody has brought back parts of this journal that were deleted.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn go_on_in(&mut self, part: Part) {
        self.file = part.file;
        self.name = part.name;
        self.part = part.number;
        self.length = part.length;
        self.longest = part.longest;
        self.is_reserve_spent = !has_reserve(&self.folder);
    }
}

/// What became of a file that a process writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Whole,
    /// It is shorter than what was written.
    Cut,
    /// It was deleted, or another is in its place: what is written to it nobody reads.
    Gone,
}

/// Returns whether a file that was found under a name is another than the one that is held open.
fn is_another(found: &fs::Metadata, held: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // There are file systems that do not count links, and some give a file another number each time.
        let is_other = (found.dev(), found.ino()) != (held.dev(), held.ino());
        is_other && (held.nlink() == 0 || found.len() != held.len())
    }
    // Elsewhere a file that is open cannot be replaced.
    #[cfg(not(unix))]
    {
        let _ = (found, held);
        false
    }
}

/// A part that was begun.
struct Part {
    file: File,
    name: String,
    number: u32,
    length: u64,
    longest: u64,
}

/// Makes the folder of the journals and what lies in it, and takes the lock of a process.
fn prepare(folder: &Path, process: ProcessId) -> io::Result<File> {
    let name = folder.file_name().unwrap_or_default();
    let held = Folder::prepare(folder.parent().unwrap_or(folder))?.folder_or_new(name)?;
    lost::keep(folder);
    keep_reserve_in(&held);
    take_lock(&held, process)
}

/// Makes a part that begins with the header, and returns it with its length. Where that fails nothing is left, so that
/// it can be tried again.
fn begin(
    folder: &Path,
    name: &str,
    header: &Header,
    rest: &[u8],
    durability: Durability,
    longest: u64,
) -> io::Result<(File, u64)> {
    let mut bytes = Vec::new();
    encode(&Record::Process(header.clone()), &mut bytes);
    bytes.extend_from_slice(rest);
    folder::check_room(0, &bytes, longest)?;
    let held = Folder::inside(folder)?;
    let mut file = held.make(name)?;
    let mut written = file.write_all(&bytes);
    if written.as_ref().is_err_and(is_disk_full) {
        let _ = file.set_len(0);
        let _ = held.remove(RESERVE);
        written = file.write_all(&bytes);
    }
    if durability == Durability::Power {
        written = written.and_then(|()| file.sync_data()).and_then(|()| sync_names(folder));
    }
    if let Err(error) = written {
        let _ = held.remove(name);
        return Err(error);
    }
    Ok((file, u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
}

/// Makes sure that a part is found after a power loss: one whose name is lost is lost, however well its bytes were
/// synced. Its folder, the one around that and that one's name may be new.
fn sync_names(folder: &Path) -> io::Result<()> {
    folder.ancestors().take(3).try_for_each(folder::sync)
}

/// Takes the lock of a process.
fn take_lock(folder: &Folder, process: ProcessId) -> io::Result<File> {
    const TRIES: usize = 8;
    for _ in 0..TRIES {
        if let Some(lock) = make_lock(folder, process)? {
            return Ok(lock);
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

/// Makes the lock file under another name first: nobody ever sees it unlocked. `None` when a fold swept it away before.
fn make_lock(folder: &Folder, process: ProcessId) -> io::Result<Option<File>> {
    let hidden = format!(".{process}.new");
    // A try that failed may have left it.
    let _ = folder.remove(&hidden);
    let lock = folder.make(&hidden)?;
    match lock.try_lock() {
        // Not waited for: whoever sweeps may be stopped.
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
            let taken: Vec<_> = (0..300).map(|_| ProcessId::new()).map(|id| (id, take_lock(&held, id))).collect();
            is_over.store(true, flag);
            for (process, lock) in taken {
                lock.unwrap();
                assert!(folder.path().join(format!("{process}.lock")).exists());
            }
        });
    }
}
