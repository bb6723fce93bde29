//! The store that stays open for a while, for the folds and the questions of one process.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::store::{Store, StoreError};

/// How long the store stays open after it was used: to open it reads its log and its schema again, and costs ten folds.
const KEPT: Duration = Duration::from_secs(1);

/// Where the store is kept between two uses, if it may move between threads.
#[derive(Default)]
pub(super) struct Slot {
    inner: Mutex<Inner>,
    /// The thread that closes it.
    watcher: OnceLock<Thread>,
}

#[derive(Default)]
struct Inner {
    store: Option<(Instant, Box<dyn Store>)>,
    /// How many use it now.
    users: u32,
    /// Whether its thread looks again by itself when it is to be closed.
    is_watched: bool,
}

/// Somebody who uses the store.
struct User<'s>(&'s Slot);

impl Slot {
    /// Says which thread closes the store: it calls [`watch`](Self::watch) until nothing is left to close.
    pub(super) fn is_watched_by(&self, watcher: Thread) {
        let _ = self.watcher.set(watcher);
    }

    /// Does `work` with the store, which stays open after it if it succeeds: the one that is open, or one from `open`.
    pub(super) fn with<T>(
        &self,
        open: impl FnOnce() -> Result<Box<dyn Store>, StoreError>,
        work: impl FnOnce(&mut dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let user = User::enter(self);
        let kept = self.inner().store.take();
        let in_place = kept.and_then(|(_, mut store)| store.upkeep().is_in_place().then_some(store));
        let mut store = in_place.map_or_else(open, Ok)?;
        let done = work(store.as_mut());
        // Whether it still lies in its place is asked before it is used again.
        let is_kept = done.is_ok() && store.upkeep().may_move();
        let surplus = if is_kept { self.inner().store.replace((Instant::now(), store)) } else { None };
        drop((user, surplus));
        done
    }

    /// Closes the store, unless somebody uses it.
    pub(super) fn close(&self) {
        let closed = self.inner().store.take();
        drop(closed);
    }

    /// Closes the store if it was not used for long; returns when to look again, `None` when nothing is left to close.
    pub(super) fn watch(&self) -> Option<Duration> {
        let mut inner = self.inner();
        let left = match &inner.store {
            Some((used, _)) => KEPT.saturating_sub(used.elapsed()),
            None if inner.users > 0 => KEPT,
            None => Duration::ZERO,
        };
        inner.is_watched = !left.is_zero();
        let closed = if left.is_zero() { inner.store.take() } else { None };
        drop(inner);
        drop(closed);
        (!left.is_zero()).then_some(left)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'s> User<'s> {
    fn enter(slot: &'s Slot) -> Self {
        let mut inner = slot.inner();
        inner.users = inner.users.saturating_add(1);
        Self(slot)
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        inner.users = inner.users.saturating_sub(1);
        let is_forgotten = inner.store.is_some() && !inner.is_watched;
        drop(inner);
        if is_forgotten && let Some(watcher) = self.0.watcher.get() {
            watcher.unpark();
        }
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "store"))]
mod tests {
    use super::*;
    use crate::config::{Environment, Home};
    use crate::store::{self, Mode};

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".mltrace")).unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        (folder, home)
    }

    /// Uses the store of `slot`; returns whether it had to be opened.
    fn uses(slot: &Slot, home: &Home, succeeds: bool) -> bool {
        let mut is_opened = false;
        let open = || {
            is_opened = true;
            store::open(home, Mode::Fold)
        };
        let used = slot.with(open, |store| {
            assert!(store.look().projects()?.is_empty());
            if succeeds { Ok(()) } else { Err(StoreError::Missing(home.store.clone())) }
        });
        assert_eq!(used.is_ok(), succeeds);
        is_opened
    }

    #[test]
    fn a_store_stays_open_until_it_is_not_used_for_a_second() {
        let ((_folder, home), slot) = (home(), Slot::default());
        assert_eq!(slot.watch(), None);
        assert!(uses(&slot, &home, true) && !uses(&slot, &home, true));
        assert!(slot.watch().is_some_and(|left| left <= KEPT));
        if let Some((used, _)) = &mut slot.inner().store {
            *used = Instant::now().checked_sub(KEPT).unwrap();
        }
        assert_eq!(slot.watch(), None);
        assert!(uses(&slot, &home, true), "it was closed");
    }

    #[test]
    fn a_store_that_failed_or_was_replaced_is_opened_anew() {
        let ((_folder, home), slot) = (home(), Slot::default());
        assert!(uses(&slot, &home, false) && uses(&slot, &home, true));
        let file = home.store.file().unwrap();
        std::fs::rename(file, file.with_file_name("moved.db")).unwrap();
        assert!(uses(&slot, &home, true));
    }

    #[test]
    fn whoever_closes_it_looks_again_while_somebody_uses_it() {
        let ((_folder, home), slot) = (home(), Slot::default());
        let used = slot.with(|| store::open(&home, Mode::Fold), |_| Ok(slot.watch()));
        assert_eq!(used.unwrap(), Some(KEPT));
        assert!(slot.watch().is_some());
        slot.close();
        assert!(slot.watch().is_none() && uses(&slot, &home, true));
    }
}
