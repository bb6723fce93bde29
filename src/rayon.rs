//! Carries the run along with what rayon's threads take over from each other.
//!
//! A thread of a work-stealing pool that waits inside of one run may take over a piece of another run's work. Without more,
//! what that piece reads is recorded on the wrong run, or on none. [`InRun::in_run`] says whose work it is:
//!
//! ```no_run
//! use mltrace::rayon::InRun;
//! use rayon::prelude::*;
//!
//! #[mltrace::register]
//! fn features(days: &[String]) -> usize {
//!     days.par_iter().in_run().map(|day| mltrace::fs::read(day).map_or(0, |bytes| bytes.len())).sum()
//! }
//! ```
//!
//! With `rayon::join`, `scope` and `spawn` use [`mltrace::current`](crate::current) and [`no_run`](crate::no_run) inside the
//! closures.

use ::rayon::iter::ParallelIterator;
use ::rayon::iter::plumbing::{Consumer, Folder, Reducer, UnindexedConsumer};
use mltrace_core::record::{OpenRun, current, enter, enter_none};

/// Says of a parallel iterator whose work it is.
pub trait InRun: ParallelIterator {
    /// Returns the iterator with all that comes after it as work of the current run, or of none where there is none.
    ///
    /// What comes before it, such as an earlier `map`, is not: put it right behind `par_iter()`, or behind `enumerate` and
    /// `zip`, which need to know how many items there are.
    fn in_run(self) -> WithRun<Self> {
        WithRun { base: self, run: current() }
    }
}

impl<I: ParallelIterator> InRun for I {}

/// A parallel iterator whose items are worked on inside of a run: see [`InRun::in_run`].
#[derive(Clone, Debug)]
#[must_use = "iterators do nothing unless they are consumed"]
pub struct WithRun<I> {
    base: I,
    run: Option<OpenRun>,
}

impl<I: ParallelIterator> ParallelIterator for WithRun<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        self.base.drive_unindexed(Carried { base: consumer, run: self.run })
    }

    fn opt_len(&self) -> Option<usize> {
        self.base.opt_len()
    }
}

/// What takes in items, or adds them up, inside of a run.
struct Carried<T> {
    base: T,
    run: Option<OpenRun>,
}

impl<T> Carried<T> {
    fn with<U>(&self, base: U) -> Carried<U> {
        Carried { base, run: self.run.clone() }
    }
}

/// Does a piece of work as that of a run, or of none.
fn within<T>(run: Option<&OpenRun>, work: impl FnOnce() -> T) -> T {
    let _entered = run.map_or_else(enter_none, enter);
    work()
}

impl<T, C: Consumer<T>> Consumer<T> for Carried<C> {
    type Folder = Carried<C::Folder>;
    type Reducer = Carried<C::Reducer>;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let run = self.run;
        let (left, right, reducer) = self.base.split_at(index);
        let carried = Carried { base: left, run };
        let (right, reducer) = (carried.with(right), carried.with(reducer));
        (carried, right, reducer)
    }

    fn into_folder(self) -> Self::Folder {
        let folder = within(self.run.as_ref(), || self.base.into_folder());
        Carried { base: folder, run: self.run }
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}

impl<T, C: UnindexedConsumer<T>> UnindexedConsumer<T> for Carried<C> {
    fn split_off_left(&self) -> Self {
        self.with(self.base.split_off_left())
    }

    fn to_reducer(&self) -> Self::Reducer {
        self.with(self.base.to_reducer())
    }
}

impl<T, F: Folder<T>> Folder<T> for Carried<F> {
    type Result = F::Result;

    fn consume(self, item: T) -> Self {
        let base = within(self.run.as_ref(), || self.base.consume(item));
        Self { base, run: self.run }
    }

    fn complete(self) -> Self::Result {
        within(self.run.as_ref(), || self.base.complete())
    }

    fn full(&self) -> bool {
        self.base.full()
    }
}

impl<R, T: Reducer<R>> Reducer<R> for Carried<T> {
    fn reduce(self, left: R, right: R) -> R {
        within(self.run.as_ref(), || self.base.reduce(left, right))
    }
}
