//! Ids that nobody else gives out, made from the clamped clock and without a call to the system for each.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use uuid::Uuid;

use super::Timestamp;
use crate::fork;

/// The process that the seed was drawn in: a forked child draws its own.
static SEEDED_IN: AtomicU32 = AtomicU32::new(0);
static SEED: AtomicU64 = AtomicU64::new(0);
/// The moment of the last id, in microseconds since 1970.
static LAST: AtomicI64 = AtomicI64::new(-1);

/// Returns a new UUID: the time in microseconds, of which a process gives out each once, and 62 random bits.
///
/// It is a UUID of version 7 with the fraction of its millisecond after method 3 of RFC 9562, section 6.2. The ids of a
/// process sort in the order in which they were made, whatever becomes of the wall clock; one that stands before 1970,
/// which no such id can hold, counts as 1970.
#[must_use]
pub(crate) fn uuid() -> Uuid {
    let micros = u64::try_from(moment(Timestamp::now())).unwrap_or_default();
    let below = u16::try_from(micros % 1000).unwrap_or_default().to_be_bytes();
    let random = random().to_be_bytes();
    let mut rest = [0; 10];
    for (to, from) in rest.iter_mut().zip(below.into_iter().chain(random)) {
        *to = from;
    }
    uuid::Builder::from_unix_timestamp_millis(micros / 1000, &rest).into_uuid()
}

/// Returns the microseconds since 1970 of an id that is made at `now`: after those of every id before, and never
/// negative.
fn moment(now: Timestamp) -> i64 {
    let mut given = now.0;
    let _ = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
        given = now.0.max(last.saturating_add(1));
        Some(given)
    });
    given
}

/// Returns the next number of a sequence whose beginning nobody can guess (Steele, Lea and Flood: "Fast splittable
/// pseudorandom number generators", 2014: SplitMix64).
fn random() -> u64 {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let process = fork::id();
    if SEEDED_IN.load(Ordering::Acquire) != process {
        // Two threads may both draw one: either will do. A child has its parent's random keys, but not its number and
        // its moment.
        let drawn = RandomState::new().hash_one((process, Timestamp::now(), Instant::now()));
        SEED.store(drawn, Ordering::Relaxed);
        SEEDED_IN.store(process, Ordering::Release);
    }
    let mut mixed = SEED.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_they_are_made_and_tell_their_time() {
        let seconds = || u64::try_from(Timestamp::now().0 / 1_000_000).unwrap();
        let before = seconds();
        let ids: Vec<Uuid> = (0..10_000).map(|_| uuid()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        for id in [ids[0], ids[9_999]] {
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
            let told = id.get_timestamp().unwrap().to_unix().0;
            assert!((before..=seconds()).contains(&told), "{told} is not now, {before}");
        }
    }

    #[test]
    fn a_clock_before_1970_still_gives_each_id_a_moment_of_its_own() {
        let moments = [Timestamp::MIN, Timestamp(-1), Timestamp(0), Timestamp::MIN].map(moment);
        assert!(moments[0] >= 0 && moments.windows(2).all(|pair| pair[0] < pair[1]), "{moments:?}");
    }

    #[test]
    fn ids_of_threads_differ_in_their_random_bits() {
        let make = || (0..1_000).map(|_| uuid().as_u128() as u64).collect::<Vec<_>>();
        let made: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let distinct: std::collections::HashSet<u64> = made.iter().copied().collect();
        assert_eq!(distinct.len(), made.len());
    }
}
