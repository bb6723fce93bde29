//! What is looked up once per process: the git state of each folder that code comes from.

use super::lock::{Lock, Turn};

/// The key of the git state of each folder; `None`: it lies in no work tree.
type Keys = Vec<(&'static str, Option<String>)>;

/// The keys of the git states that were asked for, by folder.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// A program has code from few folders, and asks at each call.
    keys: Lock<Keys>,
    /// The process that it was made in.
    pid: u32,
}

impl Surroundings {
    pub(super) const fn new(pid: u32) -> Self {
        Self { keys: Lock::new(Vec::new()), pid }
    }

    /// Returns the keys, unless another thread does not let go of them.
    pub(super) fn keys(&self) -> Option<Turn<'_, Keys>> {
        self.keys.take(self.pid)
    }
}
