//! Carries the run along with the tasks that tokio spawns, and records what [`fs`] touches.
//!
//! A task that is spawned belongs to no run by itself: what it reads is not recorded.
//!
//! ```no_run
//! use mltrace::tokio::{SpawnInRun, fs};
//! use tokio::task::JoinSet;
//!
//! #[mltrace::register]
//! async fn features(days: Vec<String>) -> usize {
//!     let mut parts = JoinSet::new();
//!     for day in days {
//!         parts.spawn_in_run(async move { fs::read(day).await.map_or(0, |bytes| bytes.len()) });
//!     }
//!     parts.join_all().await.into_iter().sum()
//! }
//! ```

use ::tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::explicit::carried;

/// Spawns a task that goes on inside of the current run, or of none where there is none.
///
/// # Panics
/// As [`tokio::spawn`](::tokio::spawn): outside of a runtime.
pub fn spawn<F>(body: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    ::tokio::spawn(carried().scope_async(body))
}

/// Runs a closure where it may block, inside of the current run, or of none where there is none.
///
/// # Panics
/// As [`tokio::task::spawn_blocking`](::tokio::task::spawn_blocking): outside of a runtime.
pub fn spawn_blocking<T, F>(body: F) -> JoinHandle<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let run = carried();
    ::tokio::task::spawn_blocking(move || run.scope(body))
}

/// Spawns tasks of a set inside of the current run.
pub trait SpawnInRun<T> {
    /// Spawns a task that goes on inside of the current run, or of none where there is none.
    fn spawn_in_run<F>(&mut self, body: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send;

    /// Runs a closure where it may block, inside of the current run, or of none where there is none.
    fn spawn_blocking_in_run<F>(&mut self, body: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send;
}

impl<T: 'static> SpawnInRun<T> for JoinSet<T> {
    fn spawn_in_run<F>(&mut self, body: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.spawn(carried().scope_async(body))
    }

    fn spawn_blocking_in_run<F>(&mut self, body: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        let run = carried();
        self.spawn_blocking(move || run.scope(body))
    }
}

pub mod fs {
    //! `tokio::fs`, recording what it touches, as [`mltrace::fs`](crate::fs) does for `std::fs`.

    use std::io;
    use std::path::Path;

    pub use ::tokio::fs::{
        DirBuilder, DirEntry, ReadDir, canonicalize, create_dir, create_dir_all, metadata, read_dir, read_link,
        remove_dir, remove_dir_all, remove_file, set_permissions, symlink_metadata, try_exists,
    };

    use crate::fs::{has_moved, has_read, has_written};

    /// Reads a file and records it as an input.
    ///
    /// # Errors
    /// Those of [`tokio::fs::read`](::tokio::fs::read).
    pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let path = path.as_ref().to_owned();
        ::tokio::fs::read(&path).await.inspect(|_| has_read(&path, "tokio::fs::read"))
    }

    /// Reads a file of text and records it as an input.
    ///
    /// # Errors
    /// Those of [`tokio::fs::read_to_string`](::tokio::fs::read_to_string).
    pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
        let path = path.as_ref().to_owned();
        ::tokio::fs::read_to_string(&path).await.inspect(|_| has_read(&path, "tokio::fs::read_to_string"))
    }

    /// Writes a file and records it as an output, which counts from now.
    ///
    /// # Errors
    /// Those of [`tokio::fs::write`](::tokio::fs::write).
    pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
        let path = path.as_ref().to_owned();
        ::tokio::fs::write(&path, contents).await.inspect(|()| has_written(&path, "tokio::fs::write"))
    }

    /// Copies a file and records an input and an output, which counts from now.
    ///
    /// # Errors
    /// Those of [`tokio::fs::copy`](::tokio::fs::copy).
    pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
        let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
        ::tokio::fs::copy(&from, &to).await.inspect(|_| {
            has_read(&from, "tokio::fs::copy");
            has_written(&to, "tokio::fs::copy");
        })
    }

    /// Gives a file or folder another name and records an input and an output, which counts from now.
    ///
    /// # Errors
    /// Those of [`tokio::fs::rename`](::tokio::fs::rename).
    pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
        let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
        ::tokio::fs::rename(&from, &to).await.inspect(|()| has_moved(&from, &to, "tokio::fs::rename"))
    }
}
