//! The current run of a thread, or of a task while it is polled.

use std::cell::RefCell;

use super::OpenRun;

thread_local! {
    /// The runs that this thread is inside of, innermost last; `None` is work that belongs to no run.
    static CURRENT: RefCell<Vec<Option<OpenRun>>> = const { RefCell::new(Vec::new()) };
}

/// While it lives, the run that was entered is the current one of this thread.
#[must_use]
#[derive(Debug)]
pub struct Entered {
    depth: usize,
    /// A thread's own: the guard must be dropped where it was made.
    _not_send: std::marker::PhantomData<*const ()>,
}

/// Makes `run` the current run of this thread until the guard is dropped.
pub fn enter(run: &OpenRun) -> Entered {
    enter_with(Some(run.clone()))
}

/// Makes this thread belong to no run until the guard is dropped, whatever it is inside of.
pub fn enter_none() -> Entered {
    enter_with(None)
}

fn enter_with(run: Option<OpenRun>) -> Entered {
    let depth = with(|runs| {
        let depth = runs.len();
        runs.push(run);
        depth
    });
    Entered { depth: depth.unwrap_or(usize::MAX), _not_send: std::marker::PhantomData }
}

/// Returns the current run of this thread.
#[must_use]
pub fn current() -> Option<OpenRun> {
    with(|runs| runs.last().cloned()).flatten().flatten()
}

/// Returns whether somebody said that this thread belongs to no run now.
#[must_use]
pub fn is_apart() -> bool {
    with(|runs| matches!(runs.last(), Some(None))).unwrap_or(false)
}

/// Does nothing while the thread ends, when its run list is gone already.
fn with<T>(then: impl FnOnce(&mut Vec<Option<OpenRun>>) -> T) -> Option<T> {
    CURRENT.try_with(|runs| runs.try_borrow_mut().ok().map(|mut runs| then(&mut runs))).ok().flatten()
}

impl Drop for Entered {
    fn drop(&mut self) {
        // A guard that outlived its inner ones takes them along.
        let left = with(|runs| runs.split_off(self.depth.min(runs.len())));
        drop(left);
    }
}
