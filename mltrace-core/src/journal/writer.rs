//! Writes one process' journal: one `write` a record.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::frame::encode;
use super::place::Place;
use super::reserve::{RESERVE, has_reserve, is_disk_full, keep_reserve_in};
use super::{lock, lost};
use crate::config::Durability;
use crate::folder::{self, Folder, Owned};
use crate::model::{Header, ProcessId, Record};

/// A part of a journal that is longer than this is closed and another begun.
const PART_BYTES: u64 = 16 << 20;
/// How often is looked whether the file is still there and whole: a look takes as long as two fifths of a record.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The journal of this process.
#[derive(Debug)]
pub struct Writer {
    place: Place,
    process: ProcessId,
    header: Header,
    durability: Durability,
    file: Owned<File>,
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
    lock: Owned<File>,
}

impl Writer {
    /// Makes the journal of the process of `header` in `folder`, with the header as its first record.
    ///
    /// # Errors
    /// When a folder or a file cannot be made, locked or written.
    pub fn open(folder: &Path, header: Header, durability: Durability) -> io::Result<Self> {
        let process = header.process.unwrap_or_default();
        let header = Header { process: Some(process), ..header };
        let (place, lock) = prepare(folder, process)?;
        let name = format!("{process}.log");
        let longest = folder::longest_file();
        // Anyone who cannot begin leaves nothing: on a full disk every process would leave a file.
        let unlock = |_: &io::Error| {
            let _ = place.folder().and_then(|folder| folder.remove(format!("{process}.lock")));
        };
        let (file, length) = begin(&place, &name, &header, &[], durability, longest).inspect_err(unlock)?;
        let is_reserve_spent = !place.folder().is_ok_and(|folder| has_reserve(&folder));
        Ok(Self {
            place,
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
            is_reserve_spent,
            cuts: 0,
            is_gone: false,
            lock,
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
        let is_look_due = self.looked.elapsed() >= LOOK_EVERY;
        if is_look_due {
            self.is_gone |= !self.is_open();
        }
        // What is written to a file that nobody finds any more is in no journal.
        if !self.is_gone {
            match self.write_buffer() {
                Err(error) if is_closed(&error) => self.is_gone = true,
                written => written?,
            }
        }
        if is_look_due && !self.is_gone {
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
            self.is_reserve_spent = !self.place.folder().is_ok_and(|folder| keep_reserve_in(&folder));
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
            let _ = self.place.folder().and_then(|folder| folder.remove(RESERVE));
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
            match (&*self.file).write(left) {
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
        // A file of the program's is not shortened.
        if count == 0 || !self.file.is_ours() {
            return;
        }
        let length = self.file.metadata().map(|file| file.len());
        let before = length.ok().zip(u64::try_from(count).ok()).and_then(|(length, count)| length.checked_sub(count));
        if let Some(before) = before {
            let _ = self.file.set_len(before);
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        let next = self.next_part(&[])?;
        self.buffer.clear();
        encode(&Record::Rotated, &mut self.buffer);
        if let Err(error) = self.write_buffer() {
            let _ = self.place.folder().and_then(|folder| folder.remove(&next.name));
            return Err(error);
        }
        self.go_on_in(next);
        Ok(())
    }

    /// Returns whether the program has left the journal and the lock open.
    fn is_open(&self) -> bool {
        self.file.is_ours() && self.lock.is_ours()
    }

    /// Returns what others have done to the file.
    fn look(&mut self) -> Fate {
        self.looked = Instant::now();
        let Ok(held) = self.file.metadata() else { return Fate::Whole };
        let is_gone = match fs::symlink_metadata(self.place.path().join(&self.name)) {
            Ok(found) => is_another(&found, &held),
            Err(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        };
        if is_gone && !self.is_in_another_root() {
            return Fate::Gone;
        }
        let is_cut = held.len() < self.length;
        self.length = held.len();
        if is_cut { Fate::Cut } else { Fate::Whole }
    }

    /// Returns whether the file lies in its folder, and this process has gone to another root, where the path does not
    /// lead there.
    fn is_in_another_root(&self) -> bool {
        !self.place.is_at_its_path() && self.place.folder().is_ok_and(|folder| folder.holds(&self.name))
    }

    /// Counts that a journal was cut: what of it is gone, nobody can tell.
    fn count_cut(&mut self) {
        self.cuts = self.cuts.saturating_add(1);
        if lost::add_cuts(self.place.path(), self.cuts, self.durability).is_ok() {
            self.cuts = 0;
        }
    }

    /// Makes whatever was deleted again, and writes what was to be appended to a new part.
    fn begin_again(&mut self) -> io::Result<()> {
        self.looked = Instant::now();
        // Anyone who deletes everything wants no word of it; nor is anything cut when the program closes our files.
        let is_cut = self.place.path().exists() && self.is_open();
        if self.place.is_at_its_path() {
            (self.place, self.lock) = prepare(self.place.path(), self.process)?;
        } else {
            self.lock = lock::take(&self.place.folder()?, self.process)?;
        }
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
            match begin(&self.place, &name, &self.header, rest, self.durability, longest) {
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
        self.is_reserve_spent = !self.place.folder().is_ok_and(|folder| has_reserve(&folder));
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
    file: Owned<File>,
    name: String,
    number: u32,
    length: u64,
    longest: u64,
}

/// Makes the folder of the journals and what lies in it, and takes the lock of a process.
fn prepare(folder: &Path, process: ProcessId) -> io::Result<(Place, Owned<File>)> {
    let name = folder.file_name().unwrap_or_default();
    let held = Folder::prepare(folder.parent().unwrap_or(folder))?.folder_or_new(name)?;
    lost::keep(folder);
    keep_reserve_in(&held);
    let lock = lock::take(&held, process)?;
    Ok((Place::new(folder, &held), lock))
}

/// Makes a part that begins with the header, and returns it with its length. Where that fails nothing is left, so that
/// it can be tried again.
fn begin(
    place: &Place,
    name: &str,
    header: &Header,
    rest: &[u8],
    durability: Durability,
    longest: u64,
) -> io::Result<(Owned<File>, u64)> {
    let mut bytes = Vec::new();
    encode(&Record::Process(header.clone()), &mut bytes);
    bytes.extend_from_slice(rest);
    folder::check_room(0, &bytes, longest)?;
    let held = place.folder()?;
    let mut file = held.make(name)?;
    let mut written = file.write_all(&bytes);
    if written.as_ref().is_err_and(is_disk_full) {
        let _ = file.set_len(0);
        let _ = held.remove(RESERVE);
        written = file.write_all(&bytes);
    }
    if durability == Durability::Power {
        written = written.and_then(|()| file.sync_data()).and_then(|()| sync_names(place, &held));
    }
    if let Err(error) = written {
        let _ = held.remove(name);
        return Err(error);
    }
    Ok((Owned::to_stay(file)?, u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
}

/// Makes sure that a part is found after a power loss: one whose name is lost is lost, however well its bytes were
/// synced. Its folder, the one around that and that one's name may be new.
fn sync_names(place: &Place, held: &Folder) -> io::Result<()> {
    if !place.is_at_its_path() {
        return held.sync();
    }
    place.path().ancestors().take(3).try_for_each(folder::sync)
}

/// Returns whether a write failed because the program has closed the file.
fn is_closed(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(libc::EBADF);
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}
