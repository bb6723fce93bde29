//! What every request works with: the project, a fresh look at its store, and the way to record.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mltrace_core::config::Home;
use mltrace_core::ingest::{self, ImportReport};
use mltrace_core::model::Record;
use mltrace_core::query::{QueryError, Reader};
use mltrace_core::record::Recorder;
use mltrace_core::store::{self, Mode, Store, StoreError};
use tokio::sync::{Semaphore, watch};

use crate::failure::Failure;
use crate::safety::Guard;

/// How many requests may ask the store at the same time: more would only wait for the disk.
const MOST_AT_ONCE: usize = 8;
/// How long a request waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// One project, served.
pub struct App {
    pub(crate) home: Home,
    pub(crate) guard: Guard,
    folder: PathBuf,
    recorder: &'static Recorder,
    turns: Arc<Semaphore>,
    /// Held by the one request that compares the disk with the record.
    pub(crate) checking: Mutex<()>,
    /// Whether journals hold something that the store did not take.
    is_behind: AtomicBool,
    /// Counts up when the newest runs changed; `None` when the server is about to stop.
    pub(crate) news: watch::Sender<Option<u64>>,
}

/// What became of imported lines.
pub(crate) enum Kept {
    /// They are in the store.
    Stored(ImportReport),
    /// They are safe in the journal, because the store was away.
    Journaled(ImportReport),
}

impl App {
    /// Returns the project of the recorder's home, served behind `guard`.
    #[must_use]
    pub fn new(recorder: &'static Recorder, guard: Guard) -> Self {
        let home = recorder.home().clone();
        Self {
            // A name in a request is meant from the project's root, wherever the server was started.
            folder: home.root.clone(),
            home,
            guard,
            recorder,
            turns: Arc::new(Semaphore::new(MOST_AT_ONCE)),
            checking: Mutex::new(()),
            is_behind: AtomicBool::new(false),
            news: watch::Sender::new(Some(0)),
        }
    }

    /// Does `work`, which may wait for the disk, on a thread of its own.
    pub(crate) async fn work<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Failure::busy()) };
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is over, even when the client has gone.
            let _turn = turn;
            work(&self)
        });
        done.await.unwrap_or_else(|_| Err(Failure::bug()))
    }

    /// Returns the answer to a question; where nothing was ever recorded, that of an empty store.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>) -> Result<T, Failure> {
        let mut store = self.open()?;
        let mut reader = Reader::new(store.as_mut(), &self.home, &self.folder);
        question(&mut reader).map_err(|error| {
            let near = reader.near(&error);
            Failure::from(error).or_one_of(near)
        })
    }

    fn open(&self) -> Result<Box<dyn Store>, Failure> {
        match store::open(&self.home, Mode::Read) {
            Err(StoreError::Missing(_)) => Ok(store::empty()?),
            other => Ok(other?),
        }
    }

    /// Returns the name of the user that this server records as.
    pub(crate) fn user(&self) -> Option<String> {
        self.recorder.user().map(str::to_owned)
    }

    /// Returns whether something that was recorded is not in the store yet.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::Relaxed)
    }

    /// Records facts: when this returns `Ok` they are safe in the journal, and in the store too unless it is away.
    pub(crate) fn record(&self, records: Vec<Record>) -> Result<(), Failure> {
        if !self.recorder.append_all(records) {
            return Err(Failure::unrecorded(&self.home));
        }
        self.fold();
        Ok(())
    }

    /// Stores imported lines, or keeps them in the journal when the store is away.
    pub(crate) fn import(&self, bytes: &[u8]) -> Result<Kept, Failure> {
        if !self.home.is_enabled {
            return Err(Failure::unrecorded(&self.home));
        }
        let stored = store::open(&self.home, Mode::Fold)
            .and_then(|mut store| ingest::import(&self.home, store.as_mut(), &mut &*bytes, &mut |_| {}));
        match stored {
            Ok(report) => Ok(Kept::Stored(report)),
            Err(_) => {
                let (report, records) = ingest::journaled(&self.home, bytes);
                if !records.is_empty() && !self.recorder.append_all(records) {
                    return Err(Failure::unrecorded(&self.home));
                }
                self.is_behind.store(true, Ordering::Relaxed);
                Ok(Kept::Journaled(report))
            }
        }
    }

    /// Takes into the store what journals hold, so that questions need not.
    pub(crate) fn fold(&self) {
        let is_behind = match ingest::open_folded(&self.home, &|_| {}) {
            Ok(folded) => folded.behind.is_some(),
            Err(StoreError::Missing(_)) => false,
            Err(_) => true,
        };
        self.is_behind.store(is_behind, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use axum::http::StatusCode;
    use mltrace_core::config::Environment;
    use mltrace_core::record::Hooks;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_finds_all_turns_taken_is_told_to_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        let hooks = Hooks { warn: |_| {}, appended: || {}, here: || unreachable!("no test forks") };
        let recorder = Box::leak(Box::new(Recorder::new(home, &Environment::default(), hooks)));
        let guard = Guard::new("127.0.0.1:8090".parse().unwrap(), Vec::new(), None).unwrap();
        let app = Arc::new(App::new(recorder, guard));
        let slow: Vec<_> = (0..MOST_AT_ONCE).map(|_| mpsc::channel::<()>()).collect();
        let (ends, waits): (Vec<_>, Vec<_>) = slow.into_iter().unzip();
        let asked = waits.into_iter().map(|wait| {
            let work = Arc::clone(&app).work(move |_| {
                let _ = wait.recv();
                Ok(())
            });
            tokio::spawn(work)
        });
        let asked: Vec<_> = asked.collect();
        let late = tokio::spawn(Arc::clone(&app).work(|_| Ok(())));
        tokio::task::yield_now().await;
        tokio::time::advance(PATIENCE * 2).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(late.is_finished(), "it does not wait for ever");
        let refused = late.await.unwrap().unwrap_err();
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        drop(ends);
        for asked in asked {
            asked.await.unwrap().unwrap();
        }
        app.work(|_| Ok(())).await.expect("there are turns again");
    }
}
