//! The places of streams of news, which are others than those of requests: so many in all, and so many of one peer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Peer;

/// How many streams may be open at the same time.
const MOST: usize = 256;
/// How many of them one peer may have: the windows of many people, where a proxy stands before the server.
const MOST_OF_ONE: usize = 64;

/// The open streams, by peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<Peer, usize>>>);

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct StreamPlace {
    streams: Streams,
    peer: Peer,
}

impl Streams {
    /// Takes a place for the peer; `None` when it has its share, or all are taken.
    pub(crate) fn take(&self, peer: Peer) -> Option<StreamPlace> {
        let mut open = self.lock();
        let own = open.get(&peer).copied().unwrap_or_default();
        if own >= MOST_OF_ONE || open.values().sum::<usize>() >= MOST {
            return None;
        }
        open.insert(peer, own + 1);
        Some(StreamPlace { streams: self.clone(), peer })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Peer, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        let left = open.get(&self.peer).map_or(0, |own| own.saturating_sub(1));
        // Nothing is kept of who has gone.
        if left == 0 {
            open.remove(&self.peer)
        } else {
            open.insert(self.peer, left)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_its_share_and_leaves_the_rest_to_others() {
        let streams = Streams::default();
        let peer = |last: u8| Peer::of([10, 0, 0, last].into());
        let mut own: Vec<_> = (0..MOST_OF_ONE).map(|_| streams.take(peer(1)).unwrap()).collect();
        assert!(streams.take(peer(1)).is_none());
        let others: Vec<_> =
            (0..MOST - MOST_OF_ONE).map(|number| streams.take(peer(2 + (number % 8) as u8)).unwrap()).collect();
        assert!(streams.take(peer(200)).is_none(), "all are taken");
        own.pop();
        assert!(streams.take(peer(1)).is_some());
        drop((own, others));
        assert!(streams.lock().is_empty(), "who has gone is forgotten");
    }
}
