//! Whose turn it is to ask the store, and how far one may go: many short questions at once, few long ones.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mltrace_core::store::Bounds;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::Failure;

/// How long a request waits for its turn before it is told to come back.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a question may take once it has its turn.
pub(crate) const TIME: Duration = Duration::from_secs(20);

/// What a request asks the store for, of which each sort has places of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// A question that a few pages of the store answer, as far as can be known before it is asked.
    Short,
    /// A question that may look at all that is recorded.
    Long,
    /// Something to record, or to compare with the disk.
    Verb,
    /// Many runs to record in one request.
    Import,
}

/// How many may do something at once, and how far each may go.
struct Limits {
    places: usize,
    /// How many bytes of rows one may hold.
    bytes: u64,
    /// How many steps of the database one may take.
    steps: u64,
}

impl Demand {
    /// Returns how many may do it at once.
    #[cfg(test)]
    pub(crate) fn places(self) -> usize {
        self.limits().places
    }

    fn limits(self) -> Limits {
        match self {
            // Some milliseconds: anyone who comes after a crowd of them waits no longer than for a page to load.
            Self::Short => Limits { places: 8, bytes: 8 << 20, steps: 500_000 },
            // Half of a small machine is left to the short ones; more at once would hold more, too.
            Self::Long => Limits { places: (cores() / 2).clamp(1, 2), bytes: 96 << 20, steps: u64::MAX },
            // Anyone who records little meanwhile has places that are not taken by it.
            Self::Import => Limits { places: 1, bytes: 96 << 20, steps: u64::MAX },
            Self::Verb => Limits { places: 2, bytes: 96 << 20, steps: u64::MAX },
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The places of each demand.
pub(crate) struct Turns {
    short: Arc<Semaphore>,
    long: Arc<Semaphore>,
    verbs: Arc<Semaphore>,
    imports: Arc<Semaphore>,
}

/// A turn: a place that is taken until it is dropped, and how far one may go meanwhile.
pub(crate) struct Turn {
    _place: OwnedSemaphorePermit,
    pub(crate) bounds: Arc<Bounds>,
}

impl Turns {
    pub(crate) fn new() -> Self {
        let places = |demand: Demand| Arc::new(Semaphore::new(demand.limits().places));
        let [short, long, verbs, imports] = [Demand::Short, Demand::Long, Demand::Verb, Demand::Import].map(places);
        Self { short, long, verbs, imports }
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self, demand: Demand) -> Result<Turn, Failure> {
        let places = match demand {
            Demand::Short => &self.short,
            Demand::Long => &self.long,
            Demand::Verb => &self.verbs,
            Demand::Import => &self.imports,
        };
        let place = tokio::time::timeout(PATIENCE, Arc::clone(places).acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(Failure::busy()) };
        let Limits { bytes, steps, .. } = demand.limits();
        let bounds = Arc::new(Bounds::new(bytes, steps, Some(Instant::now() + TIME)));
        Ok(Turn { _place: place, bounds })
    }
}

/// The verbs that are at work, to which an import gives way: each of its transactions may take as long as it likes, and a
/// verb needs several.
#[derive(Default)]
pub(crate) struct Verbs {
    at_work: Mutex<usize>,
    are_done: Condvar,
}

impl Verbs {
    /// Takes note of one until what is returned is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Verb {
        let mut count = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_add(1);
        Verb(Arc::clone(self))
    }

    /// Waits until none is at work, at most `patience`; returns how much of it is left.
    pub(crate) fn give_way(&self, patience: Duration) -> Duration {
        let begun = Instant::now();
        let count = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.are_done.wait_timeout_while(count, patience, |count| *count > 0));
        patience.saturating_sub(begun.elapsed())
    }
}

/// A verb that is at work.
pub(crate) struct Verb(Arc<Verbs>);

impl Drop for Verb {
    fn drop(&mut self) {
        let mut count = self.0.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_sub(1);
        self.0.are_done.notify_all();
    }
}

/// Ends a question when it is dropped, which happens to whatever waits for an answer when the client has gone.
pub(crate) struct Waiting(pub(crate) Arc<Bounds>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.give_up();
    }
}
