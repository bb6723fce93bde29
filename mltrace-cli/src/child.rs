//! A command that is waited for without dying of the signals that are meant for it.

use std::io;
use std::process::{Child, Command, ExitStatus};

/// A command that runs, and the signals that come meanwhile.
///
/// What a terminal sends, such as ctrl-C, reaches the command by itself: it is in the same process group.
pub(crate) struct Attended {
    child: Child,
    #[cfg(unix)]
    signals: Option<signal_hook::iterator::Signals>,
    /// Whether signals end this process again.
    #[cfg(unix)]
    is_over: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

#[cfg(unix)]
mod unix {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{Attended, Child, Command, ExitStatus, io};

    use rustix::process::{Pid, Signal};
    use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::flag::register_conditional_default;
    use signal_hook::iterator::Signals;

    impl Attended {
        /// Starts the command; from then on this process no longer dies of the signals that it passes on.
        pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
            // What the caller ignores, as under `nohup`, the command is to ignore too: a handler would undo that.
            let is_ignored = ignored();
            let (late, early): (Vec<_>, Vec<_>) =
                [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().partition(|signal| is_ignored(*signal) != Some(false));
            let is_over = Arc::new(AtomicBool::new(false));
            // Before what catches them: once it is over they end the process, and nothing else hears of them.
            let ends = |signal: i32| register_conditional_default(signal, Arc::clone(&is_over)).is_ok();
            let early = early.into_iter().filter(|signal| ends(*signal));
            let mut signals = Signals::new(early.chain([SIGCHLD])).ok();
            let child = command.spawn()?;
            for signal in late.into_iter().filter(|signal| is_ignored(*signal).is_none()) {
                signals = signals.filter(|signals| ends(signal) && signals.add_signal(signal).is_ok());
            }
            Ok(Self { child, signals, is_over })
        }

        /// Waits for the end of the command and passes on to it the signals that this process gets.
        pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
            let Some(signals) = &mut self.signals else { return self.child.wait() };
            // Signals and the end are seen by one thread, so none is sent to a process that took over the number.
            loop {
                if let Some(status) = self.child.try_wait()? {
                    return Ok(status);
                }
                for signal in signals.wait() {
                    if signal != SIGCHLD && self.child.try_wait()?.is_none() {
                        pass_on(signal, &self.child);
                    }
                }
            }
        }

        /// Lets signals end this process again: what is left to do is safe without it.
        pub(crate) fn let_go(&self) {
            self.is_over.store(true, Ordering::SeqCst);
        }

        /// Returns whether this process was told to stop since its signals were last looked at.
        pub(crate) fn is_told_to_stop(&mut self) -> bool {
            self.signals.as_mut().is_some_and(|signals| signals.pending().any(|signal| signal != SIGCHLD))
        }
    }

    /// Returns who says whether this process ignores a signal: `None` where that cannot be known.
    #[expect(clippy::disallowed_methods, reason = "a file of the system")]
    fn ignored() -> impl Fn(i32) -> Option<bool> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        move |signal| mask.map(|mask| mask >> (signal - 1) & 1 == 1)
    }

    fn pass_on(signal: i32, child: &Child) {
        let signal = match signal {
            SIGINT | SIGQUIT if is_in_the_foreground() => return,
            SIGINT => Signal::INT,
            SIGQUIT => Signal::QUIT,
            SIGHUP => Signal::HUP,
            _ => Signal::TERM,
        };
        if let Some(process) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended on its own just now.
            let _ = rustix::process::kill_process(process, signal);
        }
    }

    /// Returns whether a terminal sends its signals to this process' group.
    fn is_in_the_foreground() -> bool {
        let group = rustix::process::getpgrp();
        [rustix::termios::tcgetpgrp(io::stdin()), rustix::termios::tcgetpgrp(io::stderr())]
            .into_iter()
            .any(|foreground| foreground == Ok(group))
    }
}

#[cfg(not(unix))]
impl Attended {
    /// Starts the command.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(|child| Self { child })
    }

    /// Waits for the end of the command.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// Lets signals end this process again, which they do here all the time.
    pub(crate) fn let_go(&self) {}

    /// Returns whether this process was told to stop: here it ends at once when it is.
    pub(crate) fn is_told_to_stop(&mut self) -> bool {
        false
    }
}
