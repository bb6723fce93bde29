//! What is done beside the caller: hashing large files, asking git, reading source files.

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::{Recorder, look};
use crate::capture::{code, git, name};
use crate::model::{CodeCheck, Due, FingerprintFact, Record};
use crate::thread;

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
#[derive(Default)]
pub(super) struct Beside {
    jobs: OnceLock<Option<Mutex<Sender<Job>>>>,
    open: Arc<(Mutex<usize>, Condvar)>,
}

impl Beside {
    /// Hands over a job; without a thread to do it, what it would have found stays unknown.
    pub(super) fn add(&self, recorder: &'static Recorder, job: Job) {
        let jobs = self.jobs.get_or_init(|| {
            let (sender, receiver) = channel::<Job>();
            let open = Arc::clone(&self.open);
            let work = move || {
                for job in receiver {
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(recorder, job)));
                    drop(done);
                    change(&open, |count| count.saturating_sub(1));
                }
            };
            thread::spawn("mltrace-beside", work).ok().map(|_| Mutex::new(sender))
        });
        let Some(jobs) = jobs else { return };
        change(&self.open, |count| count.saturating_add(1));
        if jobs.lock().unwrap_or_else(PoisonError::into_inner).send(job).is_err() {
            change(&self.open, |count| count.saturating_sub(1));
        }
    }

    /// Waits until nothing is left to do, at most `patience`; returns whether nothing is.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let (count, changed) = &*self.open;
        let guard = count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(guard, patience, |count| *count > 0);
        let (guard, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *guard == 0
    }
}

fn change(open: &(Mutex<usize>, Condvar), then: impl FnOnce(usize) -> usize) {
    let (count, changed) = open;
    let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
    *count = then(*count);
    if *count == 0 {
        changed.notify_all();
    }
}

fn work(recorder: &'static Recorder, job: Job) {
    match job {
        Job::Hash(due) => {
            if let Some(found) = look::look_again(recorder, &name::decode(&due.path), &due.state) {
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
