//! How many events of a run count.

/// How many, and how many bytes of them: anyone who sends one more has all of them looked at again.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 32 << 20;

/// Whether there is room for one more of the events that count.
#[derive(Clone, Copy, Default)]
pub(super) struct Room {
    events: usize,
    bytes: usize,
}

impl Room {
    /// Takes room for an event, if there is any.
    pub(super) fn take(&mut self, body: &str) -> bool {
        self.events = self.events.saturating_add(1);
        self.bytes = self.bytes.saturating_add(body.len());
        self.events <= MOST_EVENTS && self.bytes <= MOST_BYTES
    }
}
