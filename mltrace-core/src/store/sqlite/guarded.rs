//! A connection that stays open in a program that may close the descriptors that SQLite opened.
//!
//! A daemon closes all descriptors that it inherited, SQLite's among them, and the files that it opens next get their numbers.
//! SQLite would write rows into those files, and close them in the end.

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

use rusqlite::Connection;

use super::held;

/// Where this process finds what it has open, one name a number.
const OPEN: &str = "/dev/fd";

/// What distinguishes a file from another: device and number.
type Identity = (u64, u64);

/// A connection with the descriptors that were opened for it, which is only closed while they are SQLite's.
#[derive(Debug)]
pub(super) struct Guarded {
    connection: ManuallyDrop<Connection>,
    /// `None` until it is to stay open.
    numbers: Option<Vec<(String, Identity)>>,
}

impl Guarded {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection: ManuallyDrop::new(connection), numbers: None }
    }

    /// Remembers the descriptors that were opened since `before` for files with these identities.
    pub(super) fn keep(&mut self, before: &[String], files: &[Option<Identity>]) {
        let numbers = open_numbers().into_iter().filter(|number| !before.contains(number));
        let numbers = numbers.filter_map(|number| identity(&number).map(|identity| (number, identity)));
        self.numbers = Some(numbers.filter(|(_, identity)| files.contains(&Some(*identity))).collect());
    }

    /// Returns whether the connection may stay open: its descriptors are known, and are still its own.
    pub(super) fn may_stay(&self) -> bool {
        // Elsewhere nobody closes what is not its own by its number.
        !cfg!(unix) || self.numbers.as_ref().is_some_and(|numbers| !numbers.is_empty()) && self.is_whole()
    }

    /// Returns whether the descriptors are still those that were opened, as far as they are known.
    pub(super) fn is_whole(&self) -> bool {
        self.numbers.iter().flatten().all(|(number, opened)| identity(number).as_ref() == Some(opened))
    }
}

impl Deref for Guarded {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Guarded {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Drop for Guarded {
    #[expect(unsafe_code, reason = "nothing safe leaves it to a value whether it is dropped")]
    fn drop(&mut self) {
        if self.is_whole() {
            // SAFETY: the value is dropped once, here, and nobody uses it afterwards.
            unsafe { ManuallyDrop::drop(&mut self.connection) };
        } else {
            held::spoil();
        }
    }
}

/// Returns the numbers of what this process has open; none where the system does not say.
pub(super) fn open_numbers() -> Vec<String> {
    let open = std::fs::read_dir(OPEN).into_iter().flatten().flatten();
    let numbers: Vec<String> = open.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    // One of them was open for the look alone.
    numbers.into_iter().filter(|number| identity(number).is_some()).collect()
}

/// Returns what is open under a number now.
#[cfg(unix)]
fn identity(number: &str) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let open = std::fs::metadata(std::path::Path::new(OPEN).join(number)).ok()?;
    Some((open.dev(), open.ino()))
}

#[cfg(not(unix))]
fn identity(_number: &str) -> Option<Identity> {
    None
}
