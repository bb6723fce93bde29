//! Events on their way to the journal: those that arrive while others are written go into the next write together.

use std::sync::{Arc, Mutex, PoisonError};

use mltrace_core::model::Record;
use mltrace_core::record::Recorder;
use tokio::sync::oneshot;

use crate::failure::Failure;

/// How many bytes of events may wait: what arrives beyond is to be sent again.
const MOST_BYTES: usize = 64 << 20;
/// How many bytes one write takes at most, and at least one request.
pub(crate) const AT_ONCE: usize = 4 << 20;

/// The events that wait to be written.
#[derive(Clone)]
pub(crate) struct Inbox {
    recorder: &'static Recorder,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    letters: Vec<Letter>,
    bytes: usize,
    /// Whether a thread writes them.
    is_open: bool,
}

/// The events of one request, without their secrets.
struct Letter {
    records: Vec<Record>,
    bytes: usize,
    written: oneshot::Sender<bool>,
}

impl Inbox {
    pub(crate) fn new(recorder: &'static Recorder) -> Self {
        Self { recorder, waiting: Arc::default() }
    }

    /// Writes events of about so many bytes into the journal; returns whether they are safe there.
    pub(crate) async fn keep(&self, records: Vec<Record>, bytes: usize) -> Result<bool, Failure> {
        if records.is_empty() {
            return Ok(true);
        }
        let (written, is_written) = oneshot::channel();
        if self.put(Letter { records, bytes, written })? {
            let inbox = self.clone();
            tokio::task::spawn_blocking(move || inbox.write());
        }
        Ok(is_written.await.unwrap_or(false))
    }

    /// Adds a letter; returns whether nobody writes them yet.
    fn put(&self, letter: Letter) -> Result<bool, Failure> {
        let mut waiting = self.lock();
        let bytes = waiting.bytes.saturating_add(letter.bytes);
        if bytes > MOST_BYTES && !waiting.letters.is_empty() {
            return Err(Failure::busy());
        }
        waiting.bytes = bytes;
        waiting.letters.push(letter);
        let is_first = !waiting.is_open;
        waiting.is_open = true;
        Ok(is_first)
    }

    /// Writes letters until there are none.
    fn write(&self) {
        while let Some(letters) = self.next() {
            let (mut records, mut senders) = (Vec::new(), Vec::with_capacity(letters.len()));
            for letter in letters {
                records.extend(letter.records);
                senders.push(letter.written);
            }
            let is_written = self.recorder.offer_clean(records);
            // A client that has gone does not wait for it.
            for sender in senders {
                let _ = sender.send(is_written);
            }
        }
    }

    /// Returns the letters of the next write; `None` when there are none, and the one who puts one in begins to write.
    fn next(&self) -> Option<Vec<Letter>> {
        let mut waiting = self.lock();
        if waiting.letters.is_empty() {
            waiting.is_open = false;
            return None;
        }
        let mut room = AT_ONCE;
        let fits = |letter: &&Letter| {
            let is_next = room > 0;
            room = room.saturating_sub(letter.bytes);
            is_next
        };
        let count = waiting.letters.iter().take_while(fits).count();
        let next: Vec<Letter> = waiting.letters.drain(..count).collect();
        let taken = next.iter().map(|letter| letter.bytes).sum();
        waiting.bytes = waiting.bytes.saturating_sub(taken);
        Some(next)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use mltrace_core::config::{Environment, Home};
    use mltrace_core::record::Hooks;

    use super::*;

    fn inbox() -> (Inbox, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".mltrace")).unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        let hooks = Hooks { warn: |_| {}, appended: || {}, here: || unreachable!("no test forks") };
        let recorder = Box::leak(Box::new(Recorder::new(home, &Environment::default(), hooks)));
        (Inbox::new(recorder), folder)
    }

    fn letter(bytes: usize) -> (Letter, oneshot::Receiver<bool>) {
        let (written, is_written) = oneshot::channel();
        (Letter { records: vec![Record::Lost(0)], bytes, written }, is_written)
    }

    #[test]
    fn more_than_may_wait_is_to_be_sent_again() {
        let (inbox, _folder) = inbox();
        let (first, _first) = letter(MOST_BYTES);
        assert!(inbox.put(first).unwrap(), "nobody writes yet");
        let (second, _second) = letter(1);
        let busy = inbox.put(second).unwrap_err();
        assert_eq!(busy.status, axum::http::StatusCode::SERVICE_UNAVAILABLE);
        inbox.write();
        let (third, is_written) = letter(1);
        assert!(inbox.put(third).unwrap(), "there is room again, and nobody writes");
        inbox.write();
        assert_eq!(is_written.blocking_recv(), Ok(true));
    }

    #[test]
    fn what_is_refused_is_not_lost_for_its_sender_has_it() {
        let (inbox, folder) = inbox();
        std::fs::write(folder.path().join(".mltrace/journal"), "").unwrap();
        let (refused, is_written) = letter(1);
        assert!(inbox.put(refused).unwrap());
        inbox.write();
        assert_eq!((is_written.blocking_recv(), inbox.recorder.has_lost()), (Ok(false), false));
    }

    #[test]
    fn one_write_takes_what_waits_up_to_a_limit() {
        let (inbox, _folder) = inbox();
        let waits: Vec<_> = (0..5).map(|_| letter(AT_ONCE / 2)).collect();
        let waits: Vec<_> = waits.into_iter().map(|(letter, waits)| (inbox.put(letter).unwrap(), waits)).collect();
        assert_eq!(waits.iter().filter(|(is_first, _)| *is_first).count(), 1);
        let sizes: Vec<usize> = std::iter::from_fn(|| inbox.next()).map(|letters| letters.len()).collect();
        assert_eq!(sizes, [2, 2, 1]);
    }
}
