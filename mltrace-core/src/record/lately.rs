//! What was found out a moment ago, and need not be found out again yet.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long it counts.
const MOMENT: Duration = Duration::from_millis(100);

/// A value with the time when it was found out.
pub(super) struct Lately<T> {
    found: Mutex<Option<(Instant, Arc<T>)>>,
}

impl<T> Default for Lately<T> {
    fn default() -> Self {
        Self { found: Mutex::new(None) }
    }
}

impl<T> Lately<T> {
    /// Returns what was found out a moment ago, or else what `find` finds now. Nobody waits for another thread, which may not
    /// exist any more in a forked child.
    pub(super) fn get(&self, find: impl FnOnce() -> T) -> Arc<T> {
        let now = Instant::now();
        let known = self.found.try_lock().ok().and_then(|found| found.clone());
        if let Some((at, value)) = known
            && now.saturating_duration_since(at) < MOMENT
        {
            return value;
        }
        // Not found out under the lock: that takes as long as the file system likes.
        let value = Arc::new(find());
        if let Ok(mut found) = self.found.try_lock() {
            *found = Some((now, Arc::clone(&value)));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_out_a_moment_ago_counts() {
        let lately = Lately::default();
        assert_eq!(*lately.get(|| 1), 1);
        assert_eq!(*lately.get(|| 2), 1);
        *lately.found.lock().unwrap() = Some((Instant::now().checked_sub(MOMENT).unwrap(), Arc::new(1)));
        assert_eq!(*lately.get(|| 3), 3);
    }
}
