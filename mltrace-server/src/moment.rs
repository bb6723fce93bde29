//! Moments and spans: as a request names them, and as a page shows them, in UTC.

use std::time::Duration;

use mltrace_core::model::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// A moment in a request: RFC 3339, `2021-05-02`, `2021-05-02T12:07`, `today`, `yesterday` (UTC), or a span ago such as `2d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The moment.
    pub(crate) at: Timestamp,
    /// As it was named.
    pub(crate) text: String,
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl std::str::FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = parse(text, Timestamp::now());
        let at = at.ok_or_else(|| format!("`{text}` is neither a time nor a span such as `2d`"))?;
        Ok(Self { at, text: text.to_owned() })
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        const DAY: &str = "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";
        const TIME: &str = "([01][0-9]|2[0-3]):[0-5][0-9]";
        const UNIT: &str = "(ms|s|sec|seconds?|m|min|minutes?|h|hr|hours?|d|days?|w|weeks?|months?|y|years?)";
        json_schema!({
            "type": "string",
            "anyOf": [
                { "format": "date-time" },
                { "format": "date" },
                { "pattern": format!("^{DAY}[T ]{TIME}(:[0-5][0-9])?$") },
                { "pattern": format!("^[0-9]{{1,4}} ?{UNIT}( ?[0-9]{{1,4}} ?{UNIT})?( ago)?$") },
            ],
            "examples": ["2021-05-02T12:07:26Z", "2021-05-02", "2d"],
        })
    }
}

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    let day = |back: i64| now.plus_micros((now.0.rem_euclid(DAY) + back * DAY).saturating_neg());
    match text {
        "now" => return Some(now),
        "today" => return Some(day(0)),
        "yesterday" => return Some(day(1)),
        _ => {}
    }
    // As a page shows it: a blank between the day and the time.
    let joined = text.replacen(' ', "T", 1);
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{joined}:00Z"),
        19 => format!("{joined}Z"),
        _ => text.to_owned(),
    };
    if let Ok(moment) = whole.parse() {
        return Some(moment);
    }
    // A number alone is of no unit, not even nought.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let span: Duration = humantime::parse_duration(text.strip_suffix("ago").unwrap_or(text).trim()).ok()?;
    let micros = i64::try_from(span.as_micros()).ok()?;
    Some(now.plus_micros(micros.saturating_neg()))
}

/// Returns a moment to the second, as sentences have it, where it is known that it is in UTC: `2021-05-02 12:07:26`.
pub(crate) fn show(moment: Timestamp) -> String {
    let text = mltrace_core::words::second(moment);
    text.strip_suffix(" UTC").map_or(text.clone(), str::to_owned)
}

/// Returns how long ago a moment was, and from a week on when it was, to the minute.
pub(crate) fn show_near(moment: Timestamp, now: Timestamp) -> String {
    if now.micros_since(moment) < 7 * DAY {
        return show_ago(moment, now);
    }
    let text = show(moment);
    text.rsplit_once(':').map_or(text.clone(), |(minute, _)| minute.to_owned())
}

/// Returns how long ago a moment was, in one unit.
fn show_ago(moment: Timestamp, now: Timestamp) -> String {
    let seconds = now.micros_since(moment) / 1_000_000;
    match seconds {
        i64::MIN..0 => "in the future".to_owned(),
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let now: Timestamp = "2021-05-03T12:00:00Z".parse().unwrap();
        for (text, meant) in [
            ("2021-05-02T12:07:26Z", "2021-05-02T12:07:26Z"),
            ("2021-05-02T14:07:26+02:00", "2021-05-02T12:07:26Z"),
            ("2021-05-02", "2021-05-02T00:00:00Z"),
            ("2021-05-02T12:07", "2021-05-02T12:07:00Z"),
            ("2021-05-02 12:07:26", "2021-05-02T12:07:26Z"),
            ("2021-05-02 12:07", "2021-05-02T12:07:00Z"),
            ("1d", "2021-05-02T12:00:00Z"),
            (" 2h ago ", "2021-05-03T10:00:00Z"),
            ("now", "2021-05-03T12:00:00Z"),
            ("today", "2021-05-03T00:00:00Z"),
            ("yesterday", "2021-05-02T00:00:00Z"),
        ] {
            assert_eq!(parse(text, now).unwrap().to_string(), meant, "{text}");
        }
        assert_eq!(parse("tomorrow", now), None);
        assert_eq!(parse("", now), None);
        assert_eq!((parse("0", now), parse("60", now)), (None, None));
    }
}
