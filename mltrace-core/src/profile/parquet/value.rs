//! What a value of a Parquet file is, and how it is written in a table of text.

use std::borrow::Cow;
use std::fmt::Write as _;

use ::parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::profile::cell::{Cell, is_date};

/// What the values of a column mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What they are: numbers, `true` or `false`, text, or bytes.
    Plain,
    /// Whole numbers that are not negative.
    Unsigned,
    /// Days since 1970.
    Date,
    /// A time since midnight.
    Time(Unit),
    /// A time since 1970.
    Moment {
        unit: Unit,
        is_utc: bool,
    },
    /// A whole number, of which so many digits are behind the point.
    Decimal {
        scale: u32,
    },
    /// Text, though it may look like bytes.
    Text,
    Uuid,
    /// A number in two bytes.
    Half,
}

/// What a time is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Milli,
    Micro,
    Nano,
}

/// A value as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stored<'v> {
    Flag(bool),
    Int(i32),
    Long(i64),
    Single(f32),
    Double(f64),
    Bytes(&'v [u8]),
    /// A time in the form of old writers: a day, and nanoseconds of it.
    Old {
        day: u32,
        nanos: u64,
    },
}

/// Returns a value as it is stored.
pub(super) trait AsStored {
    fn stored(&self) -> Stored<'_>;
}

macro_rules! as_stored {
    ($($type:ty: $value:ident => $stored:expr;)*) => {$(
        impl AsStored for $type {
            fn stored(&self) -> Stored<'_> {
                let $value = self;
                $stored
            }
        }
    )*};
}

as_stored! {
    bool: value => Stored::Flag(*value);
    i32: value => Stored::Int(*value);
    i64: value => Stored::Long(*value);
    f32: value => Stored::Single(*value);
    f64: value => Stored::Double(*value);
    ByteArray: value => Stored::Bytes(value.data());
    FixedLenByteArray: value => Stored::Bytes(value.data());
    Int96: value => match *value.data() {
        [low, high, day] => Stored::Old { day, nanos: (u64::from(high) << 32) | u64::from(low) },
        _ => Stored::Bytes(&[]),
    };
}

/// The day of 1970-01-01 in the form of old writers.
const EPOCH: u32 = 2_440_588;

impl Unit {
    fn in_second(self) -> i64 {
        match self {
            Self::Milli => 1_000,
            Self::Micro => 1_000_000,
            Self::Nano => 1_000_000_000,
        }
    }

    /// Returns whole seconds and the nanoseconds behind them.
    fn split(self, time: i64) -> (i64, u32) {
        let unit = self.in_second();
        let rest = time.rem_euclid(unit).saturating_mul(1_000_000_000_i64.checked_div(unit).unwrap_or(1));
        (time.div_euclid(unit), u32::try_from(rest).unwrap_or(0))
    }
}

impl Stored<'_> {
    /// Returns whether it is a number that is none.
    pub(super) fn is_nan(self) -> bool {
        match self {
            Self::Single(value) => value.is_nan(),
            Self::Double(value) => value.is_nan(),
            _ => false,
        }
    }

    /// Returns the whole number that is stored.
    fn whole(self, meaning: Meaning) -> Option<i128> {
        Some(match (self, meaning) {
            (Self::Int(value), Meaning::Unsigned) => value.cast_unsigned().into(),
            (Self::Long(value), Meaning::Unsigned) => value.cast_unsigned().into(),
            (Self::Int(value), _) => value.into(),
            (Self::Long(value), _) => value.into(),
            (Self::Bytes(bytes), Meaning::Decimal { .. }) => big(bytes)?,
            _ => return None,
        })
    }

    /// Hands over its bytes, by which it is told apart from others.
    pub(super) fn with_bytes<T>(self, take: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Flag(value) => take(&[u8::from(value)]),
            Self::Int(value) => take(&value.to_le_bytes()),
            Self::Long(value) => take(&value.to_le_bytes()),
            Self::Single(value) => take(&value.to_le_bytes()),
            Self::Double(value) => take(&value.to_le_bytes()),
            Self::Bytes(bytes) => take(bytes),
            Self::Old { day, nanos } => take(&((u128::from(day) << 64) | u128::from(nanos)).to_le_bytes()),
        }
    }

    /// Returns what a cell of a table that holds it would hold.
    #[expect(clippy::cast_precision_loss, reason = "what is counted with is a float")]
    pub(super) fn held(self, meaning: Meaning) -> Cell {
        match (self, meaning) {
            (Self::Flag(_), _) => Cell::Boolean,
            (Self::Int(_), Meaning::Date) | (Self::Long(_), Meaning::Moment { .. }) | (Self::Old { .. }, _) => {
                Cell::Date
            }
            (Self::Int(_) | Self::Long(_), Meaning::Time(_)) => Cell::Text,
            (Self::Int(_) | Self::Long(_), Meaning::Plain | Meaning::Unsigned) => {
                Cell::Integer(self.whole(meaning).unwrap_or(0) as f64)
            }
            (Self::Double(value), _) if value.is_finite() => Cell::Number(value),
            // As it is written it is nearer to what was meant than as it is stored.
            (Self::Single(_) | Self::Double(_), _) | (Self::Bytes(_), Meaning::Half) | (_, Meaning::Decimal { .. }) => {
                Cell::parse(self.text(meaning).as_bytes())
            }
            (Self::Int(_) | Self::Long(_), _) => Cell::parse(self.text(meaning).as_bytes()),
            (Self::Bytes(bytes), Meaning::Plain | Meaning::Text) if is_date(bytes) => Cell::Date,
            (Self::Bytes(_), _) => Cell::Text,
        }
    }

    /// Returns it as text.
    pub(super) fn text(self, meaning: Meaning) -> Cow<'static, str> {
        match (self, meaning) {
            (Self::Flag(true), _) => "true".into(),
            (Self::Flag(false), _) => "false".into(),
            // With a point even where nothing is behind it, as it is no whole number by its type.
            (Self::Single(value), _) => format!("{value:?}").into(),
            (Self::Double(value), _) => format!("{value:?}").into(),
            (Self::Int(days), Meaning::Date) => date(days).into(),
            (Self::Long(time), Meaning::Moment { unit, is_utc }) => {
                let (seconds, nanos) = unit.split(time);
                moment(seconds, nanos, is_utc).into()
            }
            (Self::Old { day, nanos }, _) => {
                let days = i64::from(day).saturating_sub(i64::from(EPOCH));
                let (seconds, nanos) = Unit::Nano.split(i64::try_from(nanos).unwrap_or(0));
                moment(days.saturating_mul(86_400).saturating_add(seconds), nanos, false).into()
            }
            (Self::Int(time), Meaning::Time(unit)) => clock(unit, time.into()).into(),
            (Self::Long(time), Meaning::Time(unit)) => clock(unit, time).into(),
            (Self::Int(_) | Self::Long(_) | Self::Bytes(_), Meaning::Decimal { scale })
                if self.whole(meaning).is_some() =>
            {
                decimal(self.whole(meaning).unwrap_or(0), scale).into()
            }
            (Self::Int(_) | Self::Long(_), _) => self.whole(meaning).unwrap_or(0).to_string().into(),
            (Self::Bytes(bytes), _) => bytes_as_text(bytes, meaning).into(),
        }
    }
}

fn bytes_as_text(bytes: &[u8], meaning: Meaning) -> String {
    match (meaning, <[u8; 2]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
        (Meaning::Half, Ok(half), _) => format!("{:?}", single(u16::from_le_bytes(half))),
        (Meaning::Uuid, _, Ok(uuid)) => uuid::Uuid::from_bytes(uuid).to_string(),
        (Meaning::Text, ..) => String::from_utf8_lossy(bytes).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) if meaning == Meaning::Plain => text.to_owned(),
            _ => bytes.iter().fold("0x".to_owned(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            }),
        },
    }
}

/// Returns a number that stands in bytes, the highest first; `None` when it has too many.
fn big(bytes: &[u8]) -> Option<i128> {
    if bytes.len() > 16 {
        return None;
    }
    let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
    Some(bytes.iter().fold(sign, |number: i128, byte| number.wrapping_shl(8) | i128::from(*byte)))
}

fn decimal(number: i128, scale: u32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let scale = usize::try_from(scale).unwrap_or(0).min(64);
    let width = scale.saturating_add(1);
    let digits = format!("{:0>width$}", number.unsigned_abs());
    match digits.split_at_checked(digits.len().saturating_sub(scale)) {
        Some((whole, behind)) if scale > 0 => format!("{sign}{whole}.{behind}"),
        _ => format!("{sign}{digits}"),
    }
}

fn date(days: i32) -> String {
    let epoch = NaiveDate::default();
    let shift = Days::new(days.unsigned_abs().into());
    let date = if days < 0 { epoch.checked_sub_days(shift) } else { epoch.checked_add_days(shift) };
    date.map_or_else(|| format!("day {days}"), |date| date.to_string())
}

fn moment(seconds: i64, nanos: u32, is_utc: bool) -> String {
    let zone = if is_utc { "Z" } else { "" };
    match DateTime::<Utc>::from_timestamp(seconds, nanos) {
        Some(moment) => format!("{}{zone}", moment.format("%Y-%m-%dT%H:%M:%S%.f")),
        None => format!("second {seconds}"),
    }
}

fn clock(unit: Unit, time: i64) -> String {
    let (seconds, nanos) = unit.split(time);
    match u32::try_from(seconds)
        .ok()
        .and_then(|seconds| chrono::NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos))
    {
        Some(time) => time.format("%H:%M:%S%.f").to_string(),
        None => time.to_string(),
    }
}

/// Returns the number that stands in two bytes (IEEE 754).
fn single(half: u16) -> f32 {
    let sign = u32::from(half >> 15) << 31;
    let (exponent, fraction) = (u32::from((half >> 10) & 0x1f), u32::from(half & 0x3ff));
    match exponent {
        0 => {
            // As the fraction has ten bits, this is exact.
            let size = f32::from(half & 0x3ff) / 16_777_216.0;
            if sign == 0 { size } else { -size }
        }
        31 => f32::from_bits(sign | 0x7f80_0000 | (fraction << 13)),
        _ => f32::from_bits(sign | (exponent.saturating_add(112) << 23) | (fraction << 13)),
    }
}
