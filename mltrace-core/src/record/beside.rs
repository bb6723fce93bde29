//! The thread beside the caller, which does one job after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use super::lock::Lock;
use crate::kept::kept;
use crate::{thread, wait};

/// The thread that does it, started with the first job.
pub(super) struct Beside<J> {
    thread: Lock<Thread<J>>,
    /// How many jobs are not done yet.
    open: Arc<AtomicU32>,
}

enum Thread<J> {
    NotStarted,
    Takes(Sender<J>),
    /// It could not be started.
    Missing,
}

impl<J> Default for Beside<J> {
    fn default() -> Self {
        Self { thread: Lock::new(Thread::NotStarted), open: Arc::default() }
    }
}

impl<J: Send + 'static> Beside<J> {
    /// Hands over a job of the process `pid`; without a thread to do it, what it would have found stays unknown.
    pub(super) fn add(&self, pid: u32, job: J, work: impl Fn(J) + Send + 'static) {
        let Some(mut thread) = self.thread.take(pid) else { return };
        if let Thread::NotStarted = *thread {
            *thread = self.start(work);
        }
        let Thread::Takes(jobs) = &*thread else { return };
        self.open.fetch_add(1, Ordering::AcqRel);
        if jobs.send(job).is_err() {
            done(&self.open);
        }
    }

    fn start(&self, work: impl Fn(J) + Send + 'static) -> Thread<J> {
        let (sender, receiver) = channel::<J>();
        let open = Arc::clone(&self.open);
        let jobs = move || {
            for job in receiver {
                // What it would have found stays unknown.
                let _ = kept(|| work(job));
                done(&open);
            }
        };
        thread::spawn("mltrace-beside", jobs).map_or(Thread::Missing, |_| Thread::Takes(sender))
    }

    /// Waits until nothing is left to do, at most `patience`; returns whether nothing is.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        loop {
            let open = self.open.load(Ordering::Acquire);
            let left = patience.saturating_sub(begun.elapsed());
            if open == 0 || left.is_zero() {
                return open == 0;
            }
            wait::until_changed(&self.open, open, left);
        }
    }
}

fn done(open: &AtomicU32) {
    if open.fetch_sub(1, Ordering::AcqRel) == 1 {
        wait::wake(open, u32::MAX);
    }
}
