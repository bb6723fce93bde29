//! What this process records with: found at the first use, and made anew in a forked child.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
#[cfg(any(unix, feature = "store"))]
use std::time::Duration;
use std::time::Instant;

use mltrace_core::config::{Environment, Home};
use mltrace_core::fork;
#[cfg(feature = "store")]
use mltrace_core::ingest::{Dues, Worker};
use mltrace_core::record::{Hooks, Recorder};
#[cfg(feature = "store")]
use mltrace_core::store::Store;
#[cfg(unix)]
use mltrace_core::thread;
#[cfg(feature = "store")]
use mltrace_core::wait::Slot;

/// How long the end of the process waits for what is under way: a courtesy, correctness never depends on it.
#[cfg(unix)]
const COURTESY: Duration = Duration::from_millis(50);
/// How long settings that could not be read are left alone.
const PAUSE_MS: u64 = 1_000;

struct Process {
    id: u32,
    recorder: Recorder,
    /// Where the project was looked for, and what the environment said: a process that goes elsewhere, and its children,
    /// keep them.
    folder: PathBuf,
    environment: Environment,
    #[cfg(feature = "store")]
    worker: Slot<Option<Worker>>,
    is_at_exit: AtomicBool,
    made: Instant,
    /// When settings that could not be read are asked for again, in milliseconds since this was made.
    ask_again_ms: AtomicU64,
}

/// Never freed: runs that are under way refer to it, in a forked child to the parent's.
static PROCESS: AtomicPtr<Process> = AtomicPtr::new(std::ptr::null_mut());

/// Returns what this process records with.
pub(crate) fn recorder() -> &'static Recorder {
    &process().recorder
}

fn process() -> &'static Process {
    let known = PROCESS.load(Ordering::Acquire);
    match shared(known).filter(|process| process.id == fork::id()) {
        None => put_in_place(known, shared(known).map_or_else(Process::first, Process::child_of)),
        Some(process) if !process.is_to_ask_again() => process,
        Some(process) => {
            let settled = process.again();
            if settled.recorder.home().is_unsettled {
                return process;
            }
            let settled = put_in_place(known, settled);
            settled.recorder.take_over(&process.recorder);
            settled
        }
    }
}

fn put_in_place(known: *mut Process, made: Process) -> &'static Process {
    let made = Box::into_raw(Box::new(made));
    match PROCESS.compare_exchange(known, made, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            let put = shared(made);
            put.iter().flat_map(|process| &process.recorder.home().warnings).for_each(|warning| warn(warning));
            put
        }
        // Another thread was first; nobody has seen this one, and a few bytes at start-up are not worth an unsafe drop.
        Err(first) => shared(first),
    }
    .unwrap_or_else(|| Box::leak(Box::new(Process::first())))
}

#[expect(unsafe_code, reason = "a static that a forked child replaces without taking a lock that may be held")]
fn shared(process: *mut Process) -> Option<&'static Process> {
    // SAFETY: the pointer is null or came from `Box::into_raw`, and what it points to is never freed or changed.
    unsafe { process.as_ref() }
}

impl Process {
    fn first() -> Self {
        let environment = Environment::read();
        let folder = environment.start_folder();
        let home = Home::find(&folder, None, &environment);
        Self::new(home, folder, environment)
    }

    /// A forked child records where its parent does, wherever it went since: a daemon goes to `/`. Nor does it read the
    /// environment, which a thread of the parent may have locked.
    fn child_of(parent: &Self) -> Self {
        let home = Home { warnings: Vec::new(), ..parent.recorder.home().clone() };
        Self::new(home, parent.folder.clone(), parent.environment.clone())
    }

    /// Settings that could not be read are asked for again where they were.
    fn again(&self) -> Self {
        let home = Home::find(&self.folder, None, &self.environment);
        Self::new(home, self.folder.clone(), self.environment.clone())
    }

    fn new(home: Home, folder: PathBuf, environment: Environment) -> Self {
        let hooks = Hooks { warn, appended, here: recorder };
        Self {
            id: fork::id(),
            recorder: Recorder::new(home, &environment, hooks),
            folder,
            environment,
            #[cfg(feature = "store")]
            worker: Slot::new(),
            is_at_exit: AtomicBool::new(false),
            made: Instant::now(),
            ask_again_ms: AtomicU64::new(PAUSE_MS),
        }
    }

    /// Returns whether settings that could not be read are to be asked for again now, by this thread.
    fn is_to_ask_again(&self) -> bool {
        if !self.recorder.home().is_unsettled {
            return false;
        }
        let now = u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX);
        let due = self.ask_again_ms.load(Ordering::Relaxed);
        let next = now.saturating_add(PAUSE_MS);
        now >= due && self.ask_again_ms.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    #[cfg(feature = "store")]
    fn worker(&self) -> Option<&Worker> {
        let start = || Worker::start(self.recorder.home().clone(), self.recorder.process()).ok();
        // Anyone who finds none while another thread starts it has appended before that one asks it to fold.
        self.worker.get().or_else(|| self.worker.offer(start))?.as_ref()
    }
}

/// A stderr that is closed, or that nobody reads, must not stop anybody's pipeline, nor end it by a signal. Nor is the runtime's lock on it taken,
/// which a thread that hangs may have, or one that a forked child does not have any more.
#[cfg(unix)]
fn warn(message: &str) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    /// So much is written to a pipe at once or not at all.
    const MOST: usize = 4096;
    let line = format!("mltrace: {message}\n").into_bytes();
    let line = line.get(..MOST).unwrap_or(&line);
    let stderr = std::io::stderr();
    let mut asked = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let is_free = poll(&mut asked, Some(&at_once)).is_ok();
    // A pipe without a reader is free as well, and to write to it raises a signal.
    if is_free && asked.iter().all(|asked| asked.revents().contains(PollFlags::OUT)) {
        let _ = thread::without_sigpipe(|| rustix::io::write(&stderr, line));
    }
}

#[cfg(not(unix))]
fn warn(message: &str) {
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("mltrace: {message}\n"));
}

fn appended() {
    let process = process();
    if !process.is_at_exit.swap(true, Ordering::Relaxed) {
        register_exit();
    }
    #[cfg(feature = "store")]
    if let Some(worker) = process.worker() {
        worker.nudge();
    }
}

/// Waits until what this process has recorded so far can be asked for; returns whether it can.
#[cfg(feature = "store")]
pub(crate) fn settle(patience: Duration) {
    let begun = Instant::now();
    let process = process();
    process.recorder.settle(patience);
    if let Some(worker) = process.worker.get().and_then(Option::as_ref) {
        worker.flush(patience.saturating_sub(begun.elapsed()));
    }
}

/// Does `work` with the store that this process has open, with everything folded into it; `None` when it is to be opened for
/// that, which then says why it cannot be had.
#[cfg(feature = "store")]
pub(crate) fn with_store<T>(which: Dues, work: impl FnOnce(&mut dyn Store) -> T) -> Option<T> {
    process().worker.get()?.as_ref()?.with_store(which, work).ok()
}

#[cfg_attr(unix, expect(unsafe_code, reason = "nothing safe runs when `process::exit` is called"))]
fn register_exit() {
    #[cfg(unix)]
    {
        unsafe extern "C" {
            fn atexit(callback: extern "C" fn()) -> std::ffi::c_int;
        }
        // SAFETY: `atexit` takes a function without arguments, and `at_exit` neither unwinds nor returns anything.
        let _ = unsafe { atexit(at_exit) };
    }
}

#[cfg(unix)]
extern "C" fn at_exit() {
    // Unwinding out of here would abort the process.
    let _ = std::panic::catch_unwind(|| {
        let Some(process) = shared(PROCESS.load(Ordering::Acquire)) else { return };
        // A forked child that has recorded nothing itself has its parent's state, but not its threads.
        if process.id != fork::id() {
            return;
        }
        let begun = Instant::now();
        process.recorder.settle_but_git(COURTESY);
        #[cfg(feature = "store")]
        if let Some(worker) = process.worker.get().and_then(Option::as_ref) {
            worker.flush(COURTESY.saturating_sub(begun.elapsed()));
        }
        let _ = begun;
    });
}
