//! `std::fs`, recording what it touches.
//!
//! Inside a run [`read`], [`write()`], [`File::open`], [`File::create`] and their like record the file as an input or an
//! output of the run, once they have succeeded; what they return, errors included, is what `std::fs` returns. The other
//! functions are those of the standard library, so that `use mltrace::fs` can take the place of `use std::fs`.
//!
//! ```no_run
//! use mltrace::fs;
//!
//! # fn main() -> std::io::Result<()> {
//! let rows = fs::read_to_string("data/raw.csv")?;
//! fs::write("data/clean.csv", rows.to_uppercase())?;
//! # Ok(())
//! # }
//! ```

#![expect(clippy::disallowed_methods, reason = "what the user's function would call itself")]

use std::io;
use std::path::Path;

pub use std::fs::{
    DirBuilder, DirEntry, FileTimes, FileType, Metadata, Permissions, ReadDir, canonicalize, create_dir,
    create_dir_all, exists, metadata, read_dir, read_link, remove_dir, remove_dir_all, remove_file, set_permissions,
    symlink_metadata,
};

use mltrace_core::record::OpenRun;
use mltrace_core::values::{Given, Named};

use crate::private::current_run;

/// Reads a file and records it as an input.
///
/// # Errors
/// Those of [`std::fs::read`].
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref();
    std::fs::read(path).inspect(|_| has_read(path, "fs::read"))
}

/// Reads a file of text and records it as an input.
///
/// # Errors
/// Those of [`std::fs::read_to_string`].
pub fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref();
    std::fs::read_to_string(path).inspect(|_| has_read(path, "fs::read_to_string"))
}

/// Writes a file and records it as an output, which counts from now.
///
/// # Errors
/// Those of [`std::fs::write`].
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let path = path.as_ref();
    std::fs::write(path, contents).inspect(|()| has_written(path, "fs::write"))
}

/// Copies a file and records an input and an output, which counts from now.
///
/// # Errors
/// Those of [`std::fs::copy`].
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let (from, to) = (from.as_ref(), to.as_ref());
    std::fs::copy(from, to).inspect(|_| {
        has_read(from, "fs::copy");
        has_written(to, "fs::copy");
    })
}

/// Makes another name for a file and records an input and an output, which counts from now.
///
/// # Errors
/// Those of [`std::fs::hard_link`].
pub fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let (original, link) = (original.as_ref(), link.as_ref());
    std::fs::hard_link(original, link).inspect(|()| {
        has_read(original, "fs::hard_link");
        has_written(link, "fs::hard_link");
    })
}

/// Renames a file or folder and records an input and an output, which counts from now.
///
/// # Errors
/// Those of [`std::fs::rename`].
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref(), to.as_ref());
    std::fs::rename(from, to).inspect(|()| has_moved(from, to, "fs::rename"))
}

/// Opens files as [`std::fs::File`] does, and records them. What it returns is a [`std::fs::File`].
#[derive(Debug)]
#[non_exhaustive]
pub struct File;

impl File {
    /// Opens a file for reading and records it as an input.
    ///
    /// # Errors
    /// Those of [`std::fs::File::open`].
    pub fn open(path: impl AsRef<Path>) -> io::Result<std::fs::File> {
        let path = path.as_ref();
        std::fs::File::open(path).inspect(|_| has_read(path, "File::open"))
    }

    /// Opens a file for writing, emptied or new, and records it as an output, which counts from the run's end.
    ///
    /// # Errors
    /// Those of [`std::fs::File::create`].
    pub fn create(path: impl AsRef<Path>) -> io::Result<std::fs::File> {
        let path = path.as_ref();
        std::fs::File::create(path).inspect(|_| will_write(path, "File::create"))
    }

    /// Opens a new file for writing and records it as an output, which counts from the run's end.
    ///
    /// # Errors
    /// Those of [`std::fs::File::create_new`].
    pub fn create_new(path: impl AsRef<Path>) -> io::Result<std::fs::File> {
        let path = path.as_ref();
        std::fs::File::create_new(path).inspect(|_| will_write(path, "File::create_new"))
    }

    /// Returns options to open a file with.
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }
}

/// Options to open files with, as [`std::fs::OpenOptions`], which record what they open.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    options: std::fs::OpenOptions,
    reads: bool,
    /// Nothing of what was in the file is left.
    empties: bool,
    writes: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenOptions {
    /// Returns options that are all off.
    #[must_use]
    pub fn new() -> Self {
        Self { options: std::fs::OpenOptions::new(), reads: false, empties: false, writes: false }
    }

    /// Sets whether the file may be read, which makes it an input.
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.reads = read;
        self.options.read(read);
        self
    }

    /// Sets whether the file may be written, which makes it an output.
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.writes = write;
        self.options.write(write);
        self
    }

    /// Sets whether writes go to the file's end: what was there stays, so the file is an input and an output.
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.writes = append;
        self.reads |= append;
        self.options.append(append);
        self
    }

    /// Sets whether the file is emptied.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.empties = truncate;
        self.options.truncate(truncate);
        self
    }

    /// Sets whether a file that is missing is made.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.options.create(create);
        self
    }

    /// Sets whether the file has to be new.
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.empties |= create_new;
        self.options.create_new(create_new);
        self
    }

    /// Opens a file and records it.
    ///
    /// # Errors
    /// Those of [`std::fs::OpenOptions::open`].
    pub fn open(&self, path: impl AsRef<Path>) -> io::Result<std::fs::File> {
        let path = path.as_ref();
        // A file that this very call makes was not read.
        let reads = self.reads && !self.empties && (!self.writes || path.exists());
        self.options.open(path).inspect(|_| {
            if reads {
                has_read(path, "OpenOptions::open");
            }
            if self.writes {
                will_write(path, "OpenOptions::open");
            }
        })
    }
}

fn given(path: &Path) -> Given {
    Given::new(Named::Path(path.to_owned()))
}

pub(crate) fn has_read(path: &Path, what: &str) {
    in_run(what, |run| run.read(given(path)));
}

pub(crate) fn has_written(path: &Path, what: &str) {
    in_run(what, |run| run.wrote(given(path)));
}

pub(crate) fn has_moved(from: &Path, to: &Path, what: &str) {
    in_run(what, |run| run.moved(given(from), given(to)));
}

/// The file is still to be written, so its content is that of the run's end, or of when the run reads it back.
fn will_write(path: &Path, what: &str) {
    in_run(what, |run| run.opened(given(path)));
}

fn in_run(what: &str, tell: impl FnOnce(&OpenRun)) {
    if let Some(run) = current_run(what) {
        tell(&run);
    }
}
