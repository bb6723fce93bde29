//! How often somebody may be wrong about the token: per peer, and in all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Peer;

/// Of one peer: ten at once, then ten a minute.
const OF_ONE: Rate = Rate { most: 10.0, a_second: 1.0 / 6.0 };
/// Of all peers together; and as many again of those that were not wrong before.
const OF_ALL: Rate = Rate { most: 60.0, a_second: 1.0 };
/// Of how many peers something is remembered; the others count as one.
const MOST_PEERS: usize = 4096;
/// How many of them are remembered because they knew the token.
const MOST_PROVEN: usize = 1024;

/// How often something may happen.
#[derive(Clone, Copy)]
struct Rate {
    most: f64,
    a_second: f64,
}

/// What is left of a rate, at a moment.
#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { left: rate.most, at: now }
    }

    fn at(self, rate: Rate, now: Instant) -> Self {
        let refilled = now.saturating_duration_since(self.at).as_secs_f64() * rate.a_second;
        Self { left: (self.left + refilled).min(rate.most), at: now }
    }

    /// Returns how long it takes until there is one; `None` when there is.
    fn wait(self, rate: Rate) -> Option<Duration> {
        (self.left < 1.0).then(|| Duration::from_secs_f64((1.0 - self.left) / rate.a_second))
    }
}

/// What is remembered of a peer.
#[derive(Clone, Copy)]
struct Record {
    bucket: Bucket,
    /// Whether it knew the token once.
    is_proven: bool,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It is the token.
    Right,
    /// It is not.
    Wrong,
    /// It was not looked at: there were too many wrong ones. Come back after so long.
    TooMany(Duration),
}

/// The attempts so far.
///
/// What is not looked at says nothing, so guessing is as slow as the buckets fill, however many ask at once. Only what
/// was wrong takes from them. Who is wrong too often keeps out no other peer: the bucket of all is for those that were
/// wrong before, those that were not have another, and those that knew the token once need neither.
pub(crate) struct Attempts(Mutex<State>);

struct State {
    peers: HashMap<Peer, Record>,
    /// Of all peers that are not remembered because there are too many.
    others: Record,
    all: Bucket,
    reserve: Bucket,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let others = Record { bucket: Bucket::full(OF_ONE, now), is_proven: false };
        let all = Bucket::full(OF_ALL, now);
        Self(Mutex::new(State { peers: HashMap::new(), others, all, reserve: all }))
    }

    /// Looks whether the peer `is_right`, unless it was wrong too often.
    pub(crate) fn attempt(&self, peer: Peer, is_right: impl FnOnce() -> bool) -> Attempt {
        let now = Instant::now();
        // One at a time: no crowd passes while the first of it is looked at.
        let mut state = self.lock();
        let mut record = state.of(peer, now);
        if let Some(wait) = record.bucket.wait(OF_ONE) {
            return Attempt::TooMany(wait);
        }
        let is_clean = record.bucket.left >= OF_ONE.most;
        state.all = state.all.at(OF_ALL, now);
        state.reserve = state.reserve.at(OF_ALL, now);
        let from_reserve = state.all.wait(OF_ALL).is_some() && is_clean;
        let wait = if from_reserve { state.reserve.wait(OF_ALL) } else { state.all.wait(OF_ALL) };
        if let Some(wait) = wait.filter(|_| !record.is_proven) {
            return Attempt::TooMany(wait);
        }
        if is_right() {
            record.is_proven = true;
            state.remember(peer, record, now);
            return Attempt::Right;
        }
        record.bucket.left -= 1.0;
        if !record.is_proven {
            let bucket = if from_reserve { &mut state.reserve } else { &mut state.all };
            bucket.left -= 1.0;
        }
        state.remember(peer, record, now);
        Attempt::Wrong
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&self, peer: Peer, now: Instant) -> Record {
        let is_full = self.peers.len() >= MOST_PEERS;
        let unknown =
            || if is_full { self.others } else { Record { bucket: Bucket::full(OF_ONE, now), is_proven: false } };
        let Record { bucket, is_proven } = self.peers.get(&peer).copied().unwrap_or_else(unknown);
        Record { bucket: bucket.at(OF_ONE, now), is_proven }
    }

    fn remember(&mut self, peer: Peer, record: Record, now: Instant) {
        let Record { bucket, is_proven } = record;
        let is_known = self.peers.get(&peer).is_some_and(|known| known.is_proven);
        let has_room = || self.peers.values().filter(|known| known.is_proven).count() < MOST_PROVEN;
        let is_proven = is_known || is_proven && has_room();
        if self.peers.len() >= MOST_PEERS && !self.peers.contains_key(&peer) {
            // Who has not been wrong for a minute has nothing to be remembered for.
            self.peers.retain(|_, known| known.is_proven || known.bucket.at(OF_ONE, now).left < OF_ONE.most);
            if self.peers.len() >= MOST_PEERS {
                self.others.bucket = bucket;
                return;
            }
        }
        if is_proven || bucket.left < OF_ONE.most {
            self.peers.insert(peer, Record { bucket, is_proven });
        }
    }
}

impl std::fmt::Debug for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attempts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> Peer {
        Peer::of(std::net::Ipv4Addr::from(number).into())
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_are_as_slow_as_one_in_six_seconds() {
        let attempts = Attempts::new();
        let looked =
            |count: usize| (0..count).filter(|_| attempts.attempt(peer(1), || false) == Attempt::Wrong).count();
        assert_eq!(looked(300), 10);
        assert_eq!(attempts.attempt(peer(1), || true), Attempt::TooMany(Duration::from_secs(6)), "it tells nothing");
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(looked(300), 10);
        assert_eq!(attempts.attempt(peer(2), || true), Attempt::Right, "from elsewhere it opens");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_right_may_ask_as_often_as_it_likes() {
        let attempts = Attempts::new();
        assert!((0..1000).all(|_| attempts.attempt(peer(1), || true) == Attempt::Right));
    }

    #[tokio::test(start_paused = true)]
    async fn many_peers_guess_no_faster_than_the_bucket_of_all_and_keep_nobody_out_who_knew_the_token() {
        let attempts = Attempts::new();
        assert_eq!(attempts.attempt(peer(1), || true), Attempt::Right);
        // Twelve peers, wrong before, empty the bucket of all.
        let looked =
            (0..12 * 10).filter(|at| attempts.attempt(peer(100 + at % 12), || false) == Attempt::Wrong).count();
        assert!(looked <= 60 + 12, "{looked}");
        assert_eq!(attempts.attempt(peer(2), || true), Attempt::Right, "who was not wrong before is looked at");
        // So many new ones that both are empty.
        let looked = (0..10_000).filter(|at| attempts.attempt(peer(1000 + at), || false) == Attempt::Wrong).count();
        assert!(looked <= 120, "{looked}");
        assert!(matches!(attempts.attempt(peer(3), || true), Attempt::TooMany(_)));
        assert_eq!(attempts.attempt(peer(1), || true), Attempt::Right, "who knew the token once still gets in");
        assert_eq!(attempts.attempt(peer(2), || true), Attempt::Right);
    }

    #[tokio::test(start_paused = true)]
    async fn no_crowd_of_peers_takes_the_memory() {
        let attempts = Attempts::new();
        for number in 0..20_000 {
            attempts.attempt(peer(number), || number % 2 == 0);
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        assert!(attempts.lock().peers.len() <= MOST_PEERS);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(attempts.attempt(peer(1_000_000), || true), Attempt::Right);
    }
}
