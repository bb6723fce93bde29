//! Threads beside the caller's, which no signal of the process is given to.

use std::io;
use std::thread::{Builder, JoinHandle};

/// As much as the runtime gives where nobody says otherwise.
const STACK: usize = 2 << 20;

/// Starts a thread. A program that waits for a signal has it blocked in all of its threads, and cannot know of this one.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    // A stack of its own size: else the runtime asks the environment, which a thread of a forked child's parent may have
    // locked.
    without_signals(|| Builder::new().name(name.to_owned()).stack_size(STACK).spawn(work))
}

/// A thread begins with the mask of the one that starts it.
#[cfg(unix)]
#[expect(unsafe_code, reason = "nothing safe changes a thread's mask of signals")]
fn without_signals<T>(then: impl FnOnce() -> T) -> T {
    // Those that the thread raises itself by a fault: the runtime says what they mean.
    const FAULTS: [libc::c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL];
    // SAFETY: a set of signals is plain bytes, which `sigfillset` fills in before any other use, as `pthread_sigmask`
    // does with the one before; both outlive the calls.
    unsafe {
        let mut all = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        for fault in FAULTS {
            libc::sigdelset(&raw mut all, fault);
        }
        let is_blocked = libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, &raw mut before) == 0;
        let result = then();
        if is_blocked {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        }
        result
    }
}

/// Writes at most once to a descriptor that may be a pipe, of which nobody may read: the signal of that is not the
/// program's, which may be ended by it.
#[cfg(unix)]
pub fn without_sigpipe<T>(then: impl FnOnce() -> T) -> T {
    without(libc::SIGPIPE, then)
}

/// Does what may write to a file that grows beyond what the program may write: that fails, and its signal does not end the
/// program.
pub fn without_sigxfsz<T>(then: impl FnOnce() -> T) -> T {
    #[cfg(unix)]
    return without(libc::SIGXFSZ, then);
    #[cfg(not(unix))]
    then()
}

/// Does something that may raise a signal in this thread, which nobody is to be given.
#[cfg(unix)]
#[expect(unsafe_code, reason = "nothing safe changes a thread's mask of signals, or takes a signal back")]
fn without<T>(signal: libc::c_int, then: impl FnOnce() -> T) -> T {
    // SAFETY: a set of signals is plain bytes, which the calls fill in before any other use; all outlive the calls.
    // `sigwait` returns at once, for the signal is pending and this thread has it blocked.
    unsafe {
        let is_pending = || {
            let mut pending = std::mem::zeroed();
            libc::sigpending(&raw mut pending) == 0 && libc::sigismember(&raw const pending, signal) == 1
        };
        let mut only = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigemptyset(&raw mut only);
        libc::sigaddset(&raw mut only, signal);
        let was_pending = is_pending();
        let is_blocked = libc::pthread_sigmask(libc::SIG_BLOCK, &raw const only, &raw mut before) == 0;
        let result = then();
        if is_blocked {
            if !was_pending && is_pending() {
                let mut taken = 0;
                libc::sigwait(&raw const only, &raw mut taken);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        }
        result
    }
}

#[cfg(not(unix))]
fn without_signals<T>(then: impl FnOnce() -> T) -> T {
    then()
}
