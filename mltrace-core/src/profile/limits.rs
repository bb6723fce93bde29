//! How much of a table is read, and for how long.

use std::io::{self, BufRead, Read};
use std::time::{Duration, Instant};

pub(super) use crate::model::MOST_COLUMNS;

use crate::config::ProfileSettings;

/// No row is longer: what seems to be is most likely no table, or a quote that nobody closed.
pub(super) const LONGEST_ROW: u64 = 16 << 20;

/// How much of a table is read, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many bytes at most.
    pub bytes: u64,
    /// So long at most.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(&ProfileSettings::default())
    }
}

impl Limits {
    /// Returns how far the settings let a table be read.
    #[must_use]
    pub fn of(settings: &ProfileSettings) -> Self {
        Self { bytes: settings.bytes, time: Duration::from_secs(settings.seconds) }
    }
}

/// Sees to it that reading ends in time.
pub(super) struct Watch {
    begun: Instant,
    time: Duration,
}

impl Watch {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { begun: Instant::now(), time: limits.time }
    }

    pub(super) fn is_over(&mut self) -> bool {
        self.begun.elapsed() >= self.time
    }
}

/// Reads a file within the limits: what is beyond them seems to be its end, and is said.
pub(super) struct Within<R> {
    from: R,
    watch: Watch,
    left: u64,
    left_of_row: u64,
    is_cut: bool,
}

impl<R: BufRead> Within<R> {
    pub(super) fn new(from: R, limits: &Limits) -> Self {
        Self { from, watch: Watch::new(limits), left: limits.bytes, left_of_row: LONGEST_ROW, is_cut: false }
    }

    /// Goes on to the next row.
    pub(super) fn next_row(&mut self) {
        self.left_of_row = LONGEST_ROW;
    }

    /// Returns whether something was not read.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl<R: BufRead> Read for Within<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_cut {
            return Ok(0);
        }
        let left = self.left.min(self.left_of_row);
        if left == 0 || self.watch.is_over() {
            self.is_cut = !self.from.fill_buf()?.is_empty();
            return Ok(0);
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.from.read(buffer.get_mut(..most).unwrap_or_default())?;
        let count = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(count);
        self.left_of_row = self.left_of_row.saturating_sub(count);
        Ok(read)
    }
}
