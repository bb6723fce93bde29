//! What is done beside the caller: hashing large files, asking git, reading source files.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use super::lock::Lock;
use super::{Recorder, look};
use crate::kept::kept;
use crate::model::{CodeCheck, Due, FingerprintFact, Record};
use crate::naming;
use crate::source::{code, git};
use crate::{thread, wait};

/// Something to do beside the caller.
#[derive(Debug)]
pub(super) enum Job {
    /// Hash what a run read or wrote.
    Hash(Due),
    /// Find out the git state of a folder.
    Git { key: String, folder: PathBuf },
    /// Look whether the work tree still holds a function's source.
    Code { key: String, file: &'static str, source: &'static str, manifest_folder: &'static str },
}

/// The thread that does it, started with the first job.
pub(super) struct Beside {
    thread: Lock<Thread>,
    /// How many jobs are not done yet.
    open: Arc<AtomicU32>,
}

enum Thread {
    NotStarted,
    Takes(Sender<Job>),
    /// It could not be started.
    Missing,
}

impl Default for Beside {
    fn default() -> Self {
        Self { thread: Lock::new(Thread::NotStarted), open: Arc::default() }
    }
}

impl Beside {
    /// Hands over a job of the process `pid`; without a thread to do it, what it would have found stays unknown.
    pub(super) fn add(&self, recorder: &'static Recorder, pid: u32, job: Job) {
        let Some(mut thread) = self.thread.take(pid) else { return };
        if let Thread::NotStarted = *thread {
            *thread = self.start(recorder);
        }
        let Thread::Takes(jobs) = &*thread else { return };
        self.open.fetch_add(1, Ordering::AcqRel);
        if jobs.send(job).is_err() {
            done(&self.open);
        }
    }

    fn start(&self, recorder: &'static Recorder) -> Thread {
        let (sender, receiver) = channel::<Job>();
        let open = Arc::clone(&self.open);
        let work = move || {
            for job in receiver {
                // What it would have found stays unknown.
                let _ = kept(|| work(recorder, job));
                done(&open);
            }
        };
        thread::spawn("mltrace-beside", work).map_or(Thread::Missing, |_| Thread::Takes(sender))
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

fn work(recorder: &'static Recorder, job: Job) {
    match job {
        Job::Hash(due) => {
            if let Some(found) = look::look_again(recorder, &naming::decode(&due.path), &due.state) {
                let fact = FingerprintFact { run: due.run, n: due.n, version: found.version, size: Some(found.size) };
                recorder.append(Record::Fingerprint(fact));
            }
        }
        Job::Git { key, folder } => {
            // The commit first: a short process may not live until the slower answers are there.
            let Some(mut state) = git::head(&folder) else { return };
            state.key = key;
            recorder.append(Record::Git(state.clone()));
            git::rest(&folder, &mut state);
            recorder.append(Record::Git(state));
        }
        Job::Code { key, file, source, manifest_folder } => {
            let folder = std::path::Path::new(manifest_folder);
            if let Some(is_in_work_tree) = code::is_in_work_tree(file, source, folder) {
                recorder.append(Record::CodeCheck(CodeCheck { code: key, is_in_work_tree }));
            }
        }
    }
}
