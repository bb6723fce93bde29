//! A moment, in microseconds since 1970 in UTC: what is compared and printed. A store may count from another year.

use std::time::SystemTime;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in microseconds since 1970-01-01T00:00:00Z.
///
/// It is an integer inside the project and RFC 3339 text at every surface.
///
/// ```
/// use mltrace_core::model::Timestamp;
///
/// let noon: Timestamp = "2021-05-02T12:07:26+02:00".parse().unwrap();
/// assert_eq!(noon.to_string(), "2021-05-02T10:07:26Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

impl Timestamp {
    /// The earliest moment that RFC 3339 can write: 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_167_219_200_000_000);
    /// The latest moment that RFC 3339 can write: 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// Returns the wall clock's time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one clock for what is recorded")]
    pub fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// Returns the moment that the system's clock says, kept within what RFC 3339 can write: a clock may stand before
    /// 1970, or where no calendar reaches.
    pub(crate) fn of(clock: SystemTime) -> Self {
        let micros = match clock.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, i64::saturating_neg),
        };
        Self(micros).clamp(Self::MIN, Self::MAX)
    }

    /// Returns the moment of something that is said now, after something that was said at `last`: the wall clock's time,
    /// or just after `last` when the clock is not beyond it. Nothing is later than the end of the calendar, [`Self::MAX`].
    #[must_use]
    pub fn now_after(last: Option<Self>) -> Self {
        last.map_or_else(Self::now, |last| Self::now().max(last.plus_micros(1)))
    }

    /// Returns whether this moment lies more than a day ahead of a clock that shows `now`, as that of no clock does which
    /// is merely fast or in another zone.
    #[must_use]
    pub fn is_ahead_of(self, now: Self) -> bool {
        self > now.a_day_later()
    }

    /// Returns this moment moved by a day.
    #[must_use]
    pub fn a_day_later(self) -> Self {
        self.plus_micros(DAY)
    }

    /// Returns the microseconds from `earlier` to `self`, negative when the clock went back.
    #[must_use]
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns this moment moved by `micros`, kept within what RFC 3339 can write.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros)).clamp(Self::MIN, Self::MAX)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(time) = DateTime::from_timestamp_micros(self.0) else { return write!(f, "{}us", self.0) };
        match Digits::of(time) {
            Some(digits) => f.write_str(digits.text()),
            None => f.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        }
    }
}

/// A time as RFC 3339 writes it, made without a formatter: every record holds one or two.
struct Digits {
    text: [u8; 27],
    length: usize,
}

impl Digits {
    /// `None` for a year that has not four digits.
    fn of(time: DateTime<Utc>) -> Option<Self> {
        let time = time.naive_utc();
        let (date, clock) = (time.date(), time.time());
        let year = u32::try_from(date.year()).ok().filter(|year| *year <= 9999)?;
        let micros = clock.nanosecond() / 1000;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put(&mut text[0..4], year);
        put(&mut text[5..7], date.month());
        put(&mut text[8..10], date.day());
        put(&mut text[11..13], clock.hour());
        put(&mut text[14..16], clock.minute());
        put(&mut text[17..19], clock.second());
        put(&mut text[20..26], micros);
        let length = match micros {
            0 => 20,
            micros if micros % 1000 == 0 => 24,
            _ => 27,
        };
        *text.get_mut(..length)?.last_mut()? = b'Z';
        Some(Self { text, length })
    }

    fn text(&self) -> &str {
        self.text.get(..self.length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

/// Writes the last digits of a number that there is room for.
fn put(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | (number % 10).to_le_bytes()[0];
        number /= 10;
    }
}

/// Reads a time in the form that this project writes it; `None` of every other form, and of what is no time.
fn printed(text: &[u8]) -> Option<Timestamp> {
    let (clock, rest) = text.split_first_chunk::<19>()?;
    let fraction = rest.strip_suffix(b"Z")?;
    if [clock[4], clock[7], clock[10], clock[13], clock[16]] != *b"--T::" {
        return None;
    }
    let micros = match fraction {
        [] => 0,
        [b'.', millis @ ..] if millis.len() == 3 => number(millis)?.wrapping_mul(1000),
        [b'.', micros @ ..] if micros.len() == 6 => number(micros)?,
        _ => return None,
    };
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(number(&clock[0..4])?).ok()?,
        number(&clock[5..7])?,
        number(&clock[8..10])?,
    )?;
    let (hour, minute, second) = (number(&clock[11..13])?, number(&clock[14..16])?, number(&clock[17..19])?);
    let time = date.and_hms_micro_opt(hour, minute, second, micros)?;
    Some(Timestamp(time.and_utc().timestamp_micros()))
}

/// Returns the number that at most six digits write.
fn number(digits: &[u8]) -> Option<u32> {
    let value = |digit: &u8| digit.checked_sub(b'0').filter(|value| *value <= 9).map(u32::from);
    digits.iter().try_fold(0_u32, |number, digit| Some(number.wrapping_mul(10).wrapping_add(value(digit)?)))
}

impl std::str::FromStr for Timestamp {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(time) = printed(text.as_bytes()) {
            return Ok(time);
        }
        // With a zone, the last day of the calendar reaches beyond its end.
        DateTime::parse_from_rfc3339(text).map(|time| Self(time.timestamp_micros()).clamp(Self::MIN, Self::MAX))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match DateTime::from_timestamp_micros(self.0).and_then(Digits::of) {
            Some(digits) => serializer.serialize_str(digits.text()),
            None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Takes a time from its text without a copy of it.
struct Text;

impl serde::de::Visitor<'_> for Text {
    type Value = Timestamp;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a time as RFC 3339 writes it")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(|error| E::custom(format!("`{text}` is not a time as RFC 3339 writes it: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_chrono_writes_it() {
        let mut micros = Timestamp::MIN.0 - 3_000_000_000_000;
        let mut step: i64 = 1;
        while micros < Timestamp::MAX.0 + 3_000_000_000_000 {
            for micros in [micros, micros - micros % 1000, micros - micros % 1_000_000] {
                let expected =
                    DateTime::from_timestamp_micros(micros).unwrap().to_rfc3339_opts(SecondsFormat::AutoSi, true);
                assert_eq!(Timestamp(micros).to_string(), expected);
                let read = printed(expected.as_bytes());
                let is_plain = (Timestamp::MIN..=Timestamp::MAX).contains(&Timestamp(micros));
                assert_eq!(read, is_plain.then_some(Timestamp(micros)), "{expected}");
                assert_eq!(serde_json::to_value(Timestamp(micros)).unwrap(), expected);
            }
            step = (step * 31 + 17) % 600_000_000_011;
            micros += 100_000_000_000 + step * 997;
        }
    }

    #[test]
    fn every_clock_tells_a_moment_that_can_be_written() {
        let second = std::time::Duration::from_secs(1);
        let at = |seconds: i64| match seconds {
            0.. => SystemTime::UNIX_EPOCH.checked_add(second * u32::try_from(seconds).unwrap()),
            _ => SystemTime::UNIX_EPOCH.checked_sub(second * u32::try_from(-seconds).unwrap()),
        };
        assert_eq!(Timestamp::of(at(7).unwrap()), Timestamp(7_000_000));
        assert_eq!(Timestamp::of(at(-86_400).unwrap()), Timestamp(-86_400_000_000));
        let end = std::time::Duration::from_secs(i64::MAX.unsigned_abs());
        let latest = SystemTime::UNIX_EPOCH.checked_add(end).unwrap();
        let earliest = SystemTime::UNIX_EPOCH.checked_sub(end).unwrap();
        assert_eq!([Timestamp::of(earliest), Timestamp::of(latest)], [Timestamp::MIN, Timestamp::MAX]);
    }

    #[test]
    fn what_is_said_now_is_later_than_what_was_said_last() {
        let now = Timestamp::now();
        assert!(Timestamp::now_after(None) >= now);
        assert!(Timestamp::now_after(Some(Timestamp::MIN)) >= now);
        let ahead = now.plus_micros(DAY * 365);
        assert_eq!(Timestamp::now_after(Some(ahead)).0, ahead.0 + 1);
        for last in [Timestamp::MAX, Timestamp(Timestamp::MAX.0 - 1), Timestamp(i64::MAX)] {
            assert_eq!(Timestamp::now_after(Some(last)), Timestamp::MAX, "{last}");
        }
    }

    #[test]
    fn a_zone_leads_to_no_moment_beyond_the_calendar() {
        for (text, wanted) in [
            ("9999-12-31T23:59:59-23:59", Timestamp::MAX),
            ("0000-01-01T00:00:00+23:59", Timestamp::MIN),
            ("2021-05-02T12:07:26+02:00", "2021-05-02T10:07:26Z".parse().unwrap()),
        ] {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn only_what_is_more_than_a_day_ahead_is_ahead() {
        let now: Timestamp = "2026-05-28T20:26:40Z".parse().unwrap();
        for (time, is_ahead) in [
            ("2026-05-28T20:26:40Z", false),
            ("2026-05-29T20:26:40Z", false),
            ("2026-05-29T20:26:40.000001Z", true),
            ("9999-12-31T23:59:59.999999Z", true),
            ("0000-01-01T00:00:00Z", false),
        ] {
            assert_eq!(time.parse::<Timestamp>().unwrap().is_ahead_of(now), is_ahead, "{time}");
        }
        assert!(!Timestamp::MAX.is_ahead_of(Timestamp::MAX));
    }

    #[test]
    fn what_is_not_written_here_is_read_as_chrono_reads_it() {
        let times = [
            "2021-05-02T10:07:26Z",
            "2021-05-02T10:07:26.1Z",
            "2021-05-02T10:07:26.123Z",
            "2021-05-02T10:07:26.1234Z",
            "2021-05-02T10:07:26.123456Z",
            "2021-05-02T10:07:26.1234567Z",
            "2021-05-02T10:07:26+00:00",
            "2021-05-02T10:07:26.123+02:00",
            "2021-05-02t10:07:26z",
            "2021-05-02 10:07:26Z",
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.500Z",
            "2021-02-29T10:07:26Z",
            "2020-02-29T10:07:26Z",
            "2021-13-01T10:07:26Z",
            "2021-05-02T24:00:00Z",
            "2021-05-02T10:60:00Z",
            "2021-05-02T10:07:61Z",
            "2021-05-02T10:07:26",
            "Z",
            "",
            "+021-05-02T10:07:26Z",
            "2021-05-02T10:07:26.Z",
            "2021-05-02T10:07:26.12 Z",
            "2021_05-02T10:07:26Z",
        ];
        for text in times {
            let expected = DateTime::parse_from_rfc3339(text).map(|time| Timestamp(time.timestamp_micros()));
            assert_eq!(text.parse::<Timestamp>(), expected, "{text}");
        }
    }
}
