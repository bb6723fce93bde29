//! A moment, in microseconds since 1970 in UTC: what is stored, compared and printed.

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
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

impl Timestamp {
    /// The earliest moment that RFC 3339 can write: 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_167_219_200_000_000);
    /// The latest moment that RFC 3339 can write: 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// Returns the wall clock's time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one clock for what is recorded")]
    pub fn now() -> Self {
        Self(Utc::now().timestamp_micros()).clamp(Self::MIN, Self::MAX)
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
        text[length - 1] = b'Z';
        Some(Self { text, length })
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

/// Writes the last digits of a number that there is room for.
fn put(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789"[(number % 10) as usize];
        number /= 10;
    }
}

impl std::str::FromStr for Timestamp {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(|time| Self(time.timestamp_micros()))
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
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|error| serde::de::Error::custom(format!("`{text}` is not a time as RFC 3339 writes it: {error}")))
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
                assert_eq!(serde_json::to_value(Timestamp(micros)).unwrap(), expected);
            }
            step = (step * 31 + 17) % 600_000_000_011;
            micros += 100_000_000_000 + step * 997;
        }
    }
}
