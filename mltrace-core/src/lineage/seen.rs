//! Which write a read saw, of the writes that a store hands over: what is visible, what is last, and what is no origin.
//!
//! A store hands writes over one after the other, in the order that is asked for, until enough of them are known. It may
//! hand over too many and never too few; what counts is decided here.

use super::inside::Moment;
use crate::model::Timestamp;

/// A read: who reads, when, and at which place of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<R> {
    /// The run that reads.
    pub run: R,
    /// When.
    pub at: Timestamp,
    /// The read's number among the run's reads and writes.
    pub n: u32,
}

/// A write that counts, as a store hands it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer<W, R> {
    /// The write.
    pub write: W,
    /// Who wrote.
    pub run: R,
    /// From when it counts.
    pub moment: Moment,
    /// When its run made it known, if before its end.
    pub said_at: Option<Timestamp>,
    /// When its run began.
    pub began: Option<Timestamp>,
    /// When its run first read the content in question under the name in question.
    pub read_at: Option<Timestamp>,
    /// Whether its run is known to have run on another host than the one that reads, where that matters: of writes after a
    /// moment, and of a name that is another thing on each host.
    pub is_elsewhere: bool,
}

impl<W, R> Offer<W, R> {
    /// A run that had already read a content is not its origin.
    fn is_origin(&self) -> bool {
        self.read_at.is_none_or(|read| read > self.moment.0)
    }
}

impl<R: PartialEq> Reading<R> {
    /// Returns whether a write is visible: a run sees its own only after it made them known, and at one moment by its own
    /// order.
    #[must_use]
    pub fn sees<W>(&self, write: &Offer<W, R>) -> bool {
        let (at, _, n) = write.moment;
        let is_known = || write.said_at.is_some_and(|said| (said, n) < (self.at, self.n));
        at <= self.at && (write.run != self.run || is_known())
    }
}

/// The last write that a read saw: takes writes at or before the read, the latest first, and of one moment in any order.
#[derive(Clone, Copy, Debug)]
pub struct LastSeen<W, R> {
    reading: Option<Reading<R>>,
    found: Option<(Moment, W, R)>,
}

impl<W: Copy, R: Copy + PartialEq> LastSeen<W, R> {
    /// Returns what takes the writes that this read may have seen.
    #[must_use]
    pub fn of(reading: Reading<R>) -> Self {
        Self { reading: Some(reading), found: None }
    }

    /// Returns what takes the writes that anybody sees who is none of their runs.
    #[must_use]
    pub fn of_all() -> Self {
        Self { reading: None, found: None }
    }

    /// Takes a write; returns whether another one may be the last.
    pub fn offer(&mut self, write: &Offer<W, R>) -> bool {
        let last = self.found.map(|(moment, ..)| moment);
        if last.is_some_and(|last| write.moment.0 < last.0) {
            return false;
        }
        let is_visible = self.reading.as_ref().is_none_or(|reading| reading.sees(write));
        // What another host wrote under its own name is another thing.
        if is_visible && !write.is_elsewhere && write.is_origin() && Some(write.moment) > last {
            self.found = Some((write.moment, write.write, write.run));
        }
        true
    }

    /// Returns the last write, when it counts from, and who wrote it.
    #[must_use]
    pub fn found(&self) -> Option<(Moment, W, R)> {
        self.found
    }
}

/// The first write after a read that made what the read saw: takes writes after the read, the earliest first, and of one
/// moment in any order.
///
/// A run that was under way may have written before it made that known; one of another host may have written before, by a
/// clock that went otherwise.
#[derive(Clone, Copy, Debug)]
pub struct FirstAfter<W, R> {
    reading: Reading<R>,
    by: Timestamp,
    open: Option<(Moment, W)>,
    apart: Option<(Moment, W)>,
}

/// How a write after a read made what the read saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Its run was under way.
    UnderWay,
    /// The clocks of two hosts were apart.
    ClocksApart,
}

impl<W: Copy, R: Copy + PartialEq> FirstAfter<W, R> {
    /// Returns what takes the writes after this read; runs of other hosts that began at or before `by` may have written
    /// before it.
    #[must_use]
    pub fn of(reading: Reading<R>, by: Timestamp) -> Self {
        Self { reading, by, open: None, apart: None }
    }

    /// Takes a write; returns whether another one may be the first.
    pub fn offer(&mut self, write: &Offer<W, R>) -> bool {
        if self.open.is_some_and(|(first, _)| write.moment.0 > first.0) {
            return false;
        }
        let Some(began) = write.began.filter(|_| write.run != self.reading.run) else { return true };
        let first = |known: Option<(Moment, W)>| known.is_none_or(|(moment, _)| write.moment < moment);
        if began <= self.reading.at {
            if first(self.open) {
                self.open = Some((write.moment, write.write));
            }
        } else if write.is_elsewhere && began <= self.by && write.is_origin() && first(self.apart) {
            self.apart = Some((write.moment, write.write));
        }
        true
    }

    /// Returns the write, if any made what the read saw: of a run that was under way rather than by clocks that were apart.
    #[must_use]
    pub fn found(&self) -> Option<(W, After)> {
        let open = self.open.map(|(_, write)| (write, After::UnderWay));
        open.or(self.apart.map(|(_, write)| (write, After::ClocksApart)))
    }
}

/// Returns whether what is called otherwise may be the origin of what a read saw: it was written before anybody saw those
/// bytes under the name that was read.
#[must_use]
pub fn is_older(first_written: Timestamp, first_seen: Option<Timestamp>, read_at: Timestamp) -> bool {
    first_written <= first_seen.unwrap_or(read_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunId;

    /// Takes writes such as `a5`, by run `a` from 5 on. What follows says more: `!3` that it was made known at 3, `(4` that
    /// its run began at 4, `<2` that its run had read the bytes at 2, `*` that it ran on another host. The write of a
    /// drawing is its place in it.
    fn offers(drawing: &str) -> Vec<Offer<usize, char>> {
        let offer = |(place, text): (usize, &str)| {
            let run = text.chars().next().unwrap();
            let number = |from: &str| {
                let digits: String = from.chars().take_while(char::is_ascii_digit).collect();
                Timestamp(digits.parse().unwrap())
            };
            let after = |sign: char| text.split_once(sign).map(|(_, rest)| number(rest));
            let id = RunId(uuid::Uuid::from_u128(u128::from(u32::from(run))));
            Offer {
                write: place,
                run,
                moment: (number(&text[1..]), id, u32::try_from(place).unwrap()),
                said_at: after('!'),
                began: after('('),
                read_at: after('<'),
                is_elsewhere: text.ends_with('*'),
            }
        };
        drawing.split_whitespace().enumerate().map(offer).collect()
    }

    /// Checks which of the writes, and after how many, is the last that run `r` sees at 5, as its read of that number.
    fn last(drawing: &str, n: u32, expected: Option<usize>, taken: usize) {
        let mut seen = LastSeen::of(Reading { run: 'r', at: Timestamp(5), n });
        let offers = offers(drawing);
        let count = offers.iter().take_while(|offer| seen.offer(offer)).count();
        assert_eq!((seen.found().map(|(_, write, _)| write), count), (expected, taken), "{drawing}");
    }

    #[test]
    fn the_last_write_is_seen_and_of_one_moment_that_of_the_greater_run() {
        last("b4 a4 c3", 9, Some(0), 2);
        last("a4 b4 c3", 9, Some(1), 2);
        last("a4 a4 c3", 9, Some(1), 2);
        last("a5", 9, Some(0), 1);
        last("", 9, None, 0);
        last("a6 b4", 9, Some(1), 2);
    }

    #[test]
    fn a_run_sees_its_own_write_after_it_made_it_known() {
        last("r4 a3", 9, Some(1), 2);
        last("r4!4 a3", 9, Some(0), 1);
        last("r5!5 a3", 9, Some(0), 1);
        // At the moment of the read, by the run's own order.
        last("r5!5 a3", 0, Some(1), 2);
    }

    #[test]
    fn who_had_read_the_bytes_is_no_origin() {
        last("a4<4 b3", 9, Some(1), 2);
        last("a4<5 b3", 9, Some(0), 1);
    }

    fn first(drawing: &str, by: i64, expected: Option<(usize, After)>) {
        let mut after = FirstAfter::of(Reading { run: 'r', at: Timestamp(5), n: 0 }, Timestamp(by));
        let offers = offers(drawing);
        let _ = offers.iter().take_while(|offer| after.offer(offer)).count();
        assert_eq!(after.found(), expected, "{drawing}");
    }

    #[test]
    fn a_run_under_way_had_written() {
        first("a7(4 b8(3", 5, Some((0, After::UnderWay)));
        first("b7(4 a7(4", 5, Some((1, After::UnderWay)));
        first("r7(4 a8(5", 5, Some((1, After::UnderWay)));
        first("a7(6 b8", 5, None);
    }

    #[test]
    fn a_run_of_another_host_had_written_by_a_clock_that_went_otherwise() {
        first("a7(6*", 9, Some((0, After::ClocksApart)));
        first("a7(6", 9, None);
        first("a7(6*", 5, None);
        first("a7(6<7*", 9, None);
        first("b7(6* a7(6* c8(7*", 9, Some((1, After::ClocksApart)));
        // What was under way needs no such reason.
        first("a7(6* b8(4", 9, Some((1, After::UnderWay)));
    }

    #[test]
    fn what_was_seen_before_it_was_written_elsewhere_is_no_copy_of_that() {
        assert!(is_older(Timestamp(3), Some(Timestamp(3)), Timestamp(9)));
        assert!(!is_older(Timestamp(4), Some(Timestamp(3)), Timestamp(9)));
        assert!(is_older(Timestamp(9), None, Timestamp(9)) && !is_older(Timestamp(10), None, Timestamp(9)));
    }
}
