//! What the values of a Parquet column mean: the same column as text and as Parquet has the same profile.

use chrono::{DateTime, NaiveTime};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::schema::types::ColumnDescriptor;

use crate::model::written;
use crate::profile::cell::{Cell, is_date};
use crate::profile::sample::Sample;
use crate::profile::tally::Tally;

/// What the values of a column mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What they are.
    Plain,
    /// Numbers that are never negative.
    Unsigned,
    /// Numbers with so many digits behind the point.
    Decimal(u32),
    /// Days since 1970.
    Days,
    /// A time of the day.
    Time(Unit),
    /// A moment since 1970, in UTC where that is said.
    Moment(Unit, bool),
    /// A unique id.
    Uuid,
    /// A number in two bytes.
    Half,
}

/// How many of it make a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Milli,
    Micro,
    Nano,
}

/// The day of 1970-01-01 as astronomers count.
const JULIAN: i64 = 2_440_588;
const SECONDS_A_DAY: i64 = 86_400;
const NANOS_A_SECOND: i64 = 1_000_000_000;

impl Meaning {
    /// Returns what the values of a column mean.
    pub(super) fn of(column: &ColumnDescriptor) -> Self {
        let scale = u32::try_from(column.type_scale()).unwrap_or(0);
        match column.logical_type_ref() {
            Some(LogicalType::Integer(kind)) => {
                if kind.is_signed {
                    Self::Plain
                } else {
                    Self::Unsigned
                }
            }
            Some(LogicalType::Decimal(kind)) => Self::Decimal(u32::try_from(kind.scale).unwrap_or(0)),
            Some(LogicalType::Date) => Self::Days,
            Some(LogicalType::Time(kind)) => Unit::of(&kind.unit).map_or(Self::Plain, Self::Time),
            Some(LogicalType::Timestamp(kind)) => {
                Unit::of(&kind.unit).map_or(Self::Plain, |unit| Self::Moment(unit, kind.is_adjusted_to_u_t_c))
            }
            Some(LogicalType::Uuid) => Self::Uuid,
            Some(LogicalType::Float16) => Self::Half,
            Some(_) => Self::Plain,
            None => match column.converted_type() {
                ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
                    Self::Unsigned
                }
                ConvertedType::DECIMAL => Self::Decimal(scale),
                ConvertedType::DATE => Self::Days,
                ConvertedType::TIME_MILLIS => Self::Time(Unit::Milli),
                ConvertedType::TIME_MICROS => Self::Time(Unit::Micro),
                ConvertedType::TIMESTAMP_MILLIS => Self::Moment(Unit::Milli, true),
                ConvertedType::TIMESTAMP_MICROS => Self::Moment(Unit::Micro, true),
                _ => Self::Plain,
            },
        }
    }

    pub(super) fn int32(self, value: i32, tally: &mut Tally, sample: &Sample) {
        match self {
            Self::Unsigned => integer(i128::from(value.cast_unsigned()), tally, sample),
            _ => self.int64(i64::from(value), tally, sample),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a profile's numbers are floats")]
    pub(super) fn int64(self, value: i64, tally: &mut Tally, sample: &Sample) {
        let bytes = value.to_le_bytes();
        match self {
            Self::Unsigned => integer(i128::from(value.cast_unsigned()), tally, sample),
            Self::Decimal(scale) => decimal(i128::from(value), scale, tally, sample),
            Self::Days => {
                let seconds = value.saturating_mul(SECONDS_A_DAY);
                tally.add_made(&bytes, Cell::Date, sample, || moment(seconds, 0, "%Y-%m-%d"));
            }
            Self::Time(unit) => tally.add_made(&bytes, Cell::Text, sample, || time(value, unit)),
            Self::Moment(unit, is_utc) => {
                tally.add_made(&bytes, Cell::Date, sample, || {
                    let (seconds, nanos) = unit.split(value);
                    moment(seconds, nanos, if is_utc { "%Y-%m-%dT%H:%M:%S%.fZ" } else { "%Y-%m-%dT%H:%M:%S%.f" })
                });
            }
            Self::Plain | Self::Uuid | Self::Half => {
                tally.add_made(&bytes, Cell::Integer(value as f64), sample, || value.to_string());
            }
        }
    }

    pub(super) fn bytes(self, value: &[u8], tally: &mut Tally, sample: &Sample) {
        match (self, value) {
            (Self::Decimal(scale), value) if value.len() <= 16 => {
                let is_negative = value.first().is_some_and(|first| first & 0x80 != 0);
                let start = if is_negative { -1_i128 } else { 0 };
                let unscaled = value.iter().fold(start, |sum, byte| sum.wrapping_shl(8) | i128::from(*byte));
                decimal(unscaled, scale, tally, sample);
            }
            (Self::Uuid, value) if value.len() == 16 => tally.add_made(value, Cell::Text, sample, || uuid(value)),
            (Self::Half, [low, high]) => double(half(u16::from_le_bytes([*low, *high])), tally, sample),
            // Lines of JSON hold dates in the same way.
            _ => tally.add_as(if is_date(value) { Cell::Date } else { Cell::Text }, value, sample),
        }
    }
}

impl Unit {
    fn of(unit: &TimeUnit) -> Option<Self> {
        match unit {
            TimeUnit::MILLIS => Some(Self::Milli),
            TimeUnit::MICROS => Some(Self::Micro),
            TimeUnit::NANOS => Some(Self::Nano),
        }
    }

    /// Returns the seconds and the nanoseconds of so many of it.
    fn split(self, value: i64) -> (i64, u32) {
        let in_second = match self {
            Self::Milli => 1_000,
            Self::Micro => 1_000_000,
            Self::Nano => NANOS_A_SECOND,
        };
        let rest = value.checked_rem_euclid(in_second).unwrap_or(0);
        let nanos = rest.saturating_mul(NANOS_A_SECOND.checked_div(in_second).unwrap_or(1));
        (value.checked_div_euclid(in_second).unwrap_or(0), u32::try_from(nanos).unwrap_or(0))
    }
}

/// Counts `true` or `false`.
pub(super) fn boolean(value: bool, tally: &mut Tally, sample: &Sample) {
    tally.add_as(Cell::Boolean, if value { b"true" } else { b"false" }, sample);
}

/// Counts a moment as old writers have it: nanoseconds of a day, and the day.
pub(super) fn int96(parts: &[u32], tally: &mut Tally, sample: &Sample) {
    let [low, high, day] = parts else { return tally.add_nulls(1) };
    let nanos = i64::try_from(u64::from(*high).wrapping_shl(32) | u64::from(*low)).unwrap_or(i64::MAX);
    let (in_day, nanos) = Unit::Nano.split(nanos);
    let seconds = i64::from(*day).saturating_sub(JULIAN).saturating_mul(SECONDS_A_DAY).saturating_add(in_day);
    let bytes = [seconds.to_le_bytes(), i64::from(nanos).to_le_bytes()].concat();
    tally.add_made(&bytes, Cell::Date, sample, || moment(seconds, nanos, "%Y-%m-%dT%H:%M:%S%.f"));
}

pub(super) fn float(value: f32, tally: &mut Tally, sample: &Sample) {
    number(f64::from(value), &value.to_le_bytes(), tally, sample, || format!("{value:?}"));
}

pub(super) fn double(value: f64, tally: &mut Tally, sample: &Sample) {
    number(value, &value.to_le_bytes(), tally, sample, || format!("{value:?}"));
}

/// Counts a number. What is no number stands for no value, as in tables of text, and what has no end is text there.
fn number(value: f64, bytes: &[u8], tally: &mut Tally, sample: &Sample, text: impl FnOnce() -> String) {
    if value.is_nan() {
        tally.add_nulls(1);
    } else if value.is_infinite() {
        tally.add_made(bytes, Cell::Text, sample, text);
    } else if value == 0.0 {
        // Zero has a sign here, and is one value nevertheless.
        tally.add_made(&[0; 8], Cell::Number(0.0), sample, || "0.0".to_owned());
    } else {
        tally.add_made(bytes, Cell::Number(value), sample, text);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a profile's numbers are floats")]
fn integer(value: i128, tally: &mut Tally, sample: &Sample) {
    tally.add_made(&value.to_le_bytes(), Cell::Integer(value as f64), sample, || value.to_string());
}

#[expect(clippy::cast_precision_loss, reason = "a profile's numbers are floats")]
fn decimal(unscaled: i128, scale: u32, tally: &mut Tally, sample: &Sample) {
    let value = unscaled as f64 / 10_f64.powf(f64::from(scale));
    let held = if scale == 0 { Cell::Integer(value) } else { Cell::Number(value) };
    tally.add_made(&unscaled.to_le_bytes(), held, sample, || {
        with_point(unscaled, scale).unwrap_or_else(|| written(value))
    });
}

/// Returns a number with a point before its last digits.
fn with_point(unscaled: i128, scale: u32) -> Option<String> {
    if scale == 0 {
        return Some(unscaled.to_string());
    }
    let unit = 10_u128.checked_pow(scale)?;
    let (whole, rest) = (unscaled.unsigned_abs().checked_div(unit)?, unscaled.unsigned_abs().checked_rem(unit)?);
    let width = usize::try_from(scale).ok()?;
    Some(format!("{}{whole}.{rest:0width$}", if unscaled < 0 { "-" } else { "" }))
}

/// Returns a moment as text; one that no calendar has as the seconds since 1970.
fn moment(seconds: i64, nanos: u32, format: &str) -> String {
    DateTime::from_timestamp(seconds, nanos).map_or_else(|| seconds.to_string(), |at| at.format(format).to_string())
}

fn time(value: i64, unit: Unit) -> String {
    let (seconds, nanos) = unit.split(value);
    let at =
        u32::try_from(seconds).ok().and_then(|seconds| NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos));
    at.map_or_else(|| value.to_string(), |at| at.format("%H:%M:%S%.f").to_string())
}

fn uuid(bytes: &[u8]) -> String {
    uuid::Uuid::from_slice(bytes).map(|id| id.to_string()).unwrap_or_default()
}

/// Returns the number that two bytes hold: a sign, five bits of an exponent, and ten of a fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from((bits >> 10) & 0x1F), f64::from(bits & 0x3FF) / 1024.0);
    sign * match exponent {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction) * 2_f64.powi(exponent.saturating_sub(15)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_moments_are_written_as_text_has_them() {
        for (unscaled, scale, wanted) in [
            (1234, 2, "12.34"),
            (-5, 3, "-0.005"),
            (7, 0, "7"),
            (-100, 2, "-1.00"),
            (i128::MIN, 0, &i128::MIN.to_string()),
        ] {
            assert_eq!(with_point(unscaled, scale).as_deref(), Some(wanted));
        }
        assert_eq!(with_point(1, 60), None);
        assert_eq!(moment(1_620_036_000, 500_000_000, "%Y-%m-%dT%H:%M:%S%.fZ"), "2021-05-03T10:00:00.500Z");
        assert_eq!(moment(i64::MAX, 0, "%Y"), i64::MAX.to_string());
        assert_eq!(Unit::Milli.split(-1), (-1, 999_000_000));
        assert_eq!(time(36_000_250, Unit::Milli), "10:00:00.250");
        assert_eq!(time(-1, Unit::Milli), "-1");
        for (bits, wanted) in [(0x3C00, 1.0), (0xC000, -2.0), (0x3555, 0.333_251_953_125), (0x0001, 2_f64.powi(-24))] {
            assert_eq!(half(bits), wanted);
        }
        assert!(half(0x7C00).is_infinite() && half(0x7E00).is_nan());
    }
}
