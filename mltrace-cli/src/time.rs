//! Moments as people type them and read them.

use chrono::{DateTime, Duration, Local, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use mltrace_core::model::Timestamp;

/// Returns the moment that `text` means: RFC 3339, local `YYYY-MM-DD[ HH:MM[:SS]]`, `2d`, `3h`, `2 weeks` ago, `now`, or the
/// local midnight at which `today` or `yesterday` began.
///
/// A local time that the clocks skipped counts as if they had not been put forward; one that they showed twice means
/// the first.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    parse_shown(text).map(|shown| shown.first)
}

/// What a clock showed, once or, in the hour before it was put back, twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    first: Timestamp,
    last: Timestamp,
}

impl Shown {
    /// Returns the first of its moments that is not before `begin`, else the last.
    pub(crate) fn from(self, begin: Timestamp) -> Timestamp {
        if self.first >= begin { self.first } else { self.last }
    }

    fn once(moment: Timestamp) -> Self {
        Self { first: moment, last: moment }
    }
}

/// Returns when a clock showed what `text` means, as [`parse`] understands it.
pub(crate) fn parse_shown(text: &str) -> Result<Shown, String> {
    parse_in(&Local, text, Timestamp::now())
}

/// Returns the span that `text` means in whole seconds: `30 days`, `12h`.
pub(crate) fn parse_span(text: &str) -> Result<i64, String> {
    let span = humantime::parse_duration(text.trim())
        .map_err(|error| format!("`{text}` is not a span such as `30 days` or `12h`: {error}"))?;
    i64::try_from(span.as_secs()).map_err(|_| format!("`{text}` is too long"))
}

/// Returns a moment in local time, to the second.
pub(crate) fn show(moment: Timestamp) -> String {
    DateTime::from_timestamp_micros(moment.0)
        .map_or_else(|| moment.to_string(), |utc| utc.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string())
}

/// Returns a moment in local time, to the minute.
pub(crate) fn show_minute(moment: Timestamp) -> String {
    let mut text = show(moment);
    text.truncate(text.rfind(':').unwrap_or(text.len()));
    text
}

fn parse_in<Z: TimeZone>(zone: &Z, text: &str, now: Timestamp) -> Result<Shown, String> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(Shown::once(within(time.timestamp_micros())));
    }
    // ISO 8601 lets the seconds go.
    let forms = ["%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M%#z"];
    if let Some(time) = forms.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()) {
        return Ok(Shown::once(within(time.timestamp_micros())));
    }
    if text == "now" {
        return Ok(Shown::once(now));
    }
    if let Some(local) = parse_local(text).or_else(|| parse_day(zone, text, now)) {
        return from_local(zone, local).ok_or_else(|| format!("`{text}` is no time in this time zone"));
    }
    let span = text.strip_suffix("ago").unwrap_or(text).trim();
    if let Ok(span) = humantime::parse_duration(span) {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        return Ok(Shown::once(now.plus_micros(micros.saturating_neg())));
    }
    Err(format!(
        "`{text}` is not a time: write `2021-05-02T12:07:26Z`, `2021-05-02`, `2021-05-02 12:07`, `yesterday`, or `2d` for two days ago"
    ))
}

/// Returns the midnight at which a day began that is named by its distance from now.
fn parse_day<Z: TimeZone>(zone: &Z, text: &str, now: Timestamp) -> Option<NaiveDateTime> {
    let back = match text {
        "today" => 0,
        "yesterday" => 1,
        _ => return None,
    };
    let today = DateTime::from_timestamp_micros(now.0)?.with_timezone(zone).date_naive();
    Some(today.checked_sub_days(chrono::Days::new(back))?.and_time(NaiveTime::MIN))
}

fn parse_local(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = match text.split_once([' ', 'T', 't']) {
        Some((date, time)) => (date, Some(time.trim())),
        None => (text, None),
    };
    // Four digits: chrono would also take a sign and more of them, which RFC 3339 cannot write.
    if date.find('-') != Some(4) {
        return None;
    }
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let time = match time {
        None => NaiveTime::MIN,
        Some(time) => ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(time, form).ok())?,
    };
    Some(date.and_time(time))
}

fn from_local<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> Option<Shown> {
    let micros = |time: DateTime<Z>| within(time.timestamp_micros());
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) => Some(Shown::once(micros(time))),
        // Of the system's own zone the later one may come first.
        LocalResult::Ambiguous(one, other) => {
            let (one, other) = (micros(one), micros(other));
            Some(Shown { first: one.min(other), last: one.max(other) })
        }
        LocalResult::None => {
            // Zones have skipped up to a whole day: look back for the last time that was shown.
            let skipped = (1..=26 * 4).map(|quarters| Duration::minutes(quarters * 15)).find_map(|back| {
                let before = zone.from_local_datetime(&local.checked_sub_signed(back)?).latest()?;
                before.checked_add_signed(back)
            })?;
            Some(Shown::once(micros(skipped)))
        }
    }
}

fn within(micros: i64) -> Timestamp {
    Timestamp(micros).clamp(Timestamp::MIN, Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{FixedOffset, Utc};

    /// A zone that skips 02:00–03:00 on 2021-03-28 and shows 02:00–03:00 twice on 2021-10-31, as Berlin did.
    #[derive(Clone)]
    struct Berlin;

    impl Berlin {
        fn hours(hours: i32) -> FixedOffset {
            FixedOffset::east_opt(hours * 3600).unwrap()
        }
    }

    impl TimeZone for Berlin {
        type Offset = FixedOffset;

        fn from_offset(_: &FixedOffset) -> Self {
            Self
        }

        fn offset_from_local_date(&self, _: &NaiveDate) -> LocalResult<FixedOffset> {
            LocalResult::None
        }

        fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<FixedOffset> {
            let at = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
            match *local {
                t if t < at("2021-03-28 02:00") => LocalResult::Single(Self::hours(1)),
                t if t < at("2021-03-28 03:00") => LocalResult::None,
                t if t < at("2021-10-31 02:00") => LocalResult::Single(Self::hours(2)),
                t if t < at("2021-10-31 03:00") => LocalResult::Ambiguous(Self::hours(2), Self::hours(1)),
                _ => LocalResult::Single(Self::hours(1)),
            }
        }

        fn offset_from_utc_date(&self, _: &NaiveDate) -> FixedOffset {
            Self::hours(1)
        }

        fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
            let at = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
            Self::hours(if (at("2021-03-28 01:00")..at("2021-10-31 01:00")).contains(utc) { 2 } else { 1 })
        }
    }

    fn now() -> Timestamp {
        "2021-05-10T00:00:00Z".parse().unwrap()
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(parse_in(&Utc, text, now()).map(|time| time.first.to_string()), Ok(expected.to_owned()), "{text}");
    }

    fn check_berlin(text: &str, expected: &str) {
        assert_eq!(
            parse_in(&Berlin, text, now()).map(|time| time.first.to_string()),
            Ok(expected.to_owned()),
            "{text}"
        );
    }

    #[test]
    fn rfc_3339_and_local_times_are_understood() {
        check("2021-05-02T12:07:26Z", "2021-05-02T12:07:26Z");
        check("2021-05-02T12:07:26.5+02:00", "2021-05-02T10:07:26.500Z");
        check("2021-05-02", "2021-05-02T00:00:00Z");
        check("2021-05-02 12:07", "2021-05-02T12:07:00Z");
        check("2021-05-02T12:07:26", "2021-05-02T12:07:26Z");
    }

    #[test]
    fn a_time_with_an_offset_needs_no_seconds() {
        check("2021-05-02T12:07Z", "2021-05-02T12:07:00Z");
        check("2021-05-02T12:07+05:30", "2021-05-02T06:37:00Z");
        check("2021-05-02 12:07-03:00", "2021-05-02T15:07:00Z");
    }

    #[test]
    fn spans_count_back_from_now() {
        check("2d", "2021-05-08T00:00:00Z");
        check("3h", "2021-05-09T21:00:00Z");
        check("2 weeks", "2021-04-26T00:00:00Z");
        check("2 weeks ago", "2021-04-26T00:00:00Z");
        check("90000 years", "0000-01-01T00:00:00Z");
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_panic() {
        check("0000-01-01", "0000-01-01T00:00:00Z");
        check("9999-12-31 23:59", "9999-12-31T23:59:00Z");
        check("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.999999Z");
        check("0000-01-01T00:00:00+23:59", "0000-01-01T00:00:00Z");
        for text in ["0000-01-01", "9999-12-31 23:59", "0001-01-01"] {
            assert!(parse_in(&Local, text, now()).is_ok());
            let _ = show(parse_in(&Local, text, now()).unwrap().last);
        }
        let _ = (show(Timestamp(i64::MAX)), show(Timestamp(i64::MIN)));
    }

    #[test]
    fn days_begin_at_local_midnight() {
        check("now", "2021-05-10T00:00:00Z");
        check("today", "2021-05-10T00:00:00Z");
        check("yesterday", "2021-05-09T00:00:00Z");
        // Half past midnight in Berlin, on the day after the clocks were put forward.
        let now = "2021-03-28T22:30:00Z".parse().unwrap();
        let parsed = |text| parse_in(&Berlin, text, now).unwrap().first.to_string();
        assert_eq!(parsed("today"), "2021-03-28T22:00:00Z");
        assert_eq!(parsed("yesterday"), "2021-03-27T23:00:00Z");
    }

    #[test]
    fn a_time_that_the_clocks_skipped_counts_by_the_old_offset() {
        check_berlin("2021-03-28 01:59", "2021-03-28T00:59:00Z");
        check_berlin("2021-03-28 02:30", "2021-03-28T01:30:00Z");
        check_berlin("2021-03-28 03:00", "2021-03-28T01:00:00Z");
    }

    #[test]
    fn a_time_that_the_clocks_showed_twice_means_the_first() {
        check_berlin("2021-10-31 02:30", "2021-10-31T00:30:00Z");
    }

    #[test]
    fn what_ends_in_an_hour_that_came_twice_does_not_end_before_it_began() {
        for (began, ended, took) in [
            ("2021-10-31 02:30", "2021-10-31 02:10", 40),
            ("2021-10-31 02:10", "2021-10-31 02:30", 20),
            ("2021-10-31 01:50", "2021-10-31 02:30", 40),
            ("2021-10-31 02:30", "2021-10-31 03:10", 100),
            ("2021-10-31T01:05:00Z", "2021-10-31 02:10", 5),
            ("2021-10-31 03:30", "2021-10-31 02:10", -80),
        ] {
            let [began, ended] = [began, ended].map(|text| parse_in(&Berlin, text, now()).unwrap());
            let minutes = ended.from(began.first).micros_since(began.first) / 60_000_000;
            assert_eq!(minutes, took, "{began:?} to {ended:?}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "tomorrow", "2021-13-01", "12021-01-01", "+2021-01-01", "2021-02-30", "-5", "2021-05-02 25:00"]
        {
            assert!(parse_in(&Utc, text, now()).is_err(), "{text}");
        }
    }
}
