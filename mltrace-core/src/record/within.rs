//! Questions to a library that may never answer, such as one that opens a pipe: they are asked on a thread of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::kept::kept;
use crate::thread;
use crate::wait::{self, Slot};

/// Does `work`, and returns what it returns, or `None` when that takes longer than `patience` or it panics. It goes on
/// then, and nobody waits for it: a process that ends does not.
pub(super) fn within<T: Clone + Send + Sync + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let begun = Instant::now();
    let answer = Arc::new((AtomicU32::new(0), Slot::new()));
    let its = Arc::clone(&answer);
    let ask = move || {
        let (is_there, slot) = &*its;
        if let Ok(found) = kept(work) {
            slot.offer(|| found);
        }
        is_there.store(1, Ordering::Release);
        wait::wake(is_there, u32::MAX);
    };
    thread::spawn("mltrace-ask", ask).ok()?;
    let (is_there, slot) = &*answer;
    loop {
        let left = patience.saturating_sub(begun.elapsed());
        if is_there.load(Ordering::Acquire) == 1 || left.is_zero() {
            return slot.get().cloned();
        }
        wait::until_changed(is_there, 0, left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_answered_in_time_is_not_waited_for() {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let asked = within(Duration::from_millis(20), move || receiver.recv().is_ok());
        assert_eq!(asked, None);
        drop(sender);
        assert_eq!(within(Duration::from_secs(60), || 7), Some(7));
        assert_eq!(within(Duration::from_secs(60), || -> u8 { panic!("ours") }), None);
    }
}
