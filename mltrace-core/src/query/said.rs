//! A fact in words.

use serde_json::Value;

use super::fact::{Fact, FactSpan};
use crate::lineage;
use crate::lineage::Weakness;
use crate::model::{Outcome, Timestamp, VersionId};
use crate::words;

/// How many digits of a commit or a hash are shown.
const DIGITS: usize = 8;
/// How many of the values that took turns before are named.
const NAMED: usize = 3;
/// How many spans are told one by one.
const TOLD: usize = 3;
/// From how many times on it does not matter how many.
const MOST_TIMES: f64 = 1000.0;
/// How what is said of a run mostly begins.
const RAN: &str = "ran ";
/// How many digits of what was measured are shown.
const MEASURED: usize = 6;

impl Fact {
    /// Returns in words what the runs of the component did.
    #[must_use]
    pub fn says(&self) -> String {
        let value = plain(&self.value);
        let (aspects, values) = (self.aspect.split(" and "), value.split(" and "));
        let former = self.before.as_ref().map(|before| short(&self.aspect, &plain(before)));
        let one = |(aspect, value): (&str, &str)| {
            let value = words::beside(&short(aspect, value), former.as_deref());
            let value = value.as_str();
            match aspect.split_once(':') {
                Some(("param", name)) if value == "null" && (self.is_of_two() || self.value.is_null()) => {
                    format!("ran without {name}")
                }
                Some(("param", name)) if value.starts_with(['<', '>']) => format!("ran with {name} {value}"),
                Some(("param", name)) => format!("ran with {name} = {value}"),
                Some(("input", name)) if value == "null" && (self.is_of_two() || self.value.is_null()) => {
                    format!("did not read {name}")
                }
                // A place where something was read: no version is called so.
                Some(("input", place)) if value == "true" => format!("read {place}"),
                Some(("input", name)) if value == "none" => format!("read {name}, of unknown content"),
                Some(("input", name)) => format!("read {name} in version {value}"),
                Some(("check", name)) if value == Outcome::Failed.as_str() => format!("failed its check {name}"),
                Some(("check", name)) => format!("had its check {name} {value}"),
                Some(("metric", name)) if value.starts_with(['<', '>']) => format!("measured {name} {value}"),
                Some(("metric", name)) => format!("measured {name} = {value}"),
                Some(("profile", figure)) if value.starts_with(['<', '>']) => format!("saw {figure} {value}"),
                Some(("profile", figure)) => format!("saw {figure} = {value}"),
                _ => match aspect {
                    "git.commit" => format!("ran at commit {value}"),
                    "git.branch" => format!("ran on branch {value}"),
                    "git.dirty" if value == "true" => "ran in a work tree that differed from its commit".to_owned(),
                    "git.dirty" => "ran in a work tree as it was committed".to_owned(),
                    "code.is_in_work_tree" => "ran with a source text that its work tree did not hold".to_owned(),
                    "stale" if value == "age" => "read what was old".to_owned(),
                    "stale" => "read what another run had written over".to_owned(),
                    "code" => format!("ran with the source text {value}"),
                    "host" => format!("ran on {value}"),
                    "user" => format!("was run by {value}"),
                    "status" => format!("ended as {value}"),
                    "duration" => format!("took {value}"),
                    "component" if self.is_new => "ran for the first time".to_owned(),
                    "component" => "ran".to_owned(),
                    other => format!("had {other} = {value}"),
                },
            }
        };
        // A name or a value may hold the word that joins two.
        let now = short(&self.aspect, &value);
        let before = match &former {
            Some(before) => Some(format!(" (before: {})", words::beside(before, Some(&now)))),
            None => self.one_of(&now).map(|some| format!(" (before: {some})")),
        };
        if let (true, Some(Value::String(before))) =
            (self.value == true && self.aspect.starts_with("input:"), &self.before)
        {
            let end = if before.ends_with('/') { "\u{2026}" } else { "" };
            return format!("{} instead of {before}{end}", one((&self.aspect, &value)));
        }
        let joined = match &before {
            Some(_) => one((&self.aspect, &value)),
            None if self.is_of_two() => both(aspects.zip(values).map(one)),
            None => one((&self.aspect, &value)),
        };
        joined + &before.unwrap_or_default()
    }

    /// Returns in words how many of the judged versions have such a run upstream.
    #[must_use]
    pub fn counts(&self) -> String {
        let bad = format!("{} of {} bad", self.flagged, self.flagged_of);
        if self.ok_of == 0 { bad } else { format!("{bad}, {} of {} ok", self.ok, self.ok_of) }
    }

    /// Returns in words which values took turns before, where some did.
    fn one_of(&self, now: &str) -> Option<String> {
        let named = self.before_one_of.iter().take(NAMED);
        let named: Vec<String> =
            named.map(|value| words::beside(&short(&self.aspect, &plain(value)), Some(now))).collect();
        let more = self.before_one_of.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" or {more} more") } else { String::new() };
        (!named.is_empty()).then(|| format!("one of {}{more}", named.join(", ")))
    }

    /// Returns in words in how many runs that was, and when, as `show` shows a moment.
    #[must_use]
    pub fn when(&self, show: impl Fn(Timestamp) -> String) -> String {
        let since = show(self.since);
        let at_least = if self.has_more { "at least " } else { "" };
        let end = if self.is_over { format!("from {since} to {}", show(self.until)) } else { format!("since {since}") };
        match (self.runs.len(), self.spans.len()) {
            (1, _) if !self.has_more => format!("in one run at {since}"),
            (1, _) => format!("in at least one run, at {since}"),
            (runs, 0) => format!("in {at_least}{runs} runs {end}"),
            (runs, spans) if spans > TOLD => format!("in {at_least}{runs} runs, {spans} spans, {end}"),
            (runs, spans) => {
                let last = self.spans.len().saturating_sub(1);
                let span = |(place, span): (usize, &FactSpan)| {
                    let (since, until) = (show(span.since), show(span.until));
                    match span.runs {
                        runs if place == last && !self.is_over => format!("{runs} since {since}"),
                        1 => format!("1 at {since}"),
                        runs => format!("{runs} from {since} to {until}"),
                    }
                };
                let told: Vec<String> = self.spans.iter().enumerate().map(span).collect();
                format!("in {at_least}{runs} runs, {spans} spans: {}", told.join(", "))
            }
        }
    }

    /// Returns in words how far it can be relied on, with the figure behind that or why it is no further.
    #[must_use]
    pub fn how_sure(&self) -> String {
        let (word, why) = (self.strength.as_str(), self.why_no_stronger());
        match (self.odds, why) {
            (Some(odds), Some(why)) => format!("{word}, {}, but {why}", times(odds)),
            (Some(odds), None) => format!("{word}, {}", times(odds)),
            (None, Some(why)) => format!("{word}, as {why}"),
            (None, None) => word.to_owned(),
        }
    }

    /// Returns in words why it is no stronger, where there is more to say than how likely it is.
    fn why_no_stronger(&self) -> Option<&'static str> {
        Some(match self.weakness? {
            Weakness::Time => "it tells when something ran, and no more",
            Weakness::Habit => "runs before had it, or it often changes",
            Weakness::Few if self.ok_of == 0 => "nothing is ok yet that it could be compared with",
            Weakness::Few => "there are few verdicts for all that was compared",
            Weakness::Day => "all that was bad with it was so within one day",
        })
    }

    fn is_of_two(&self) -> bool {
        let parts = |text: &str| text.split(" and ").count();
        parts(&self.aspect) == 2 && parts(&plain(&self.value)) == 2
    }
}

/// Returns in words how many times likelier than chance something is.
fn times(odds: f64) -> String {
    match odds {
        odds if odds >= MOST_TIMES => format!("over {MOST_TIMES} times likelier than chance"),
        odds if odds >= 9.95 => format!("{odds:.0} times likelier than chance"),
        odds => format!("{odds:.1} times likelier than chance"),
    }
}

/// Returns two statements as one: `ran with a = 1 and with b = 2`.
fn both(told: impl Iterator<Item = String>) -> String {
    let told: Vec<String> = told.collect();
    let is_said = told.iter().all(|told| told.starts_with(RAN));
    let other = |(place, told): (usize, &String)| match told.strip_prefix(RAN) {
        Some(short) if is_said && place > 0 => short.to_owned(),
        _ => told.clone(),
    };
    told.iter().enumerate().map(other).collect::<Vec<_>>().join(" and ")
}

/// Returns a value as people read it.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns a hash or a version in short.
fn short(aspect: &str, value: &str) -> String {
    match value.parse::<VersionId>() {
        Ok(version) if aspect.starts_with("input:") => version.short(DIGITS),
        _ if aspect == "duration" => duration(value),
        _ if ["git.commit", "code"].contains(&aspect) => value.chars().take(DIGITS).collect(),
        _ if ["metric:", "profile:", "observed:"].iter().any(|measure| aspect.starts_with(measure)) => measured(value),
        _ => value.to_owned(),
    }
}

/// Returns what was measured, with the digits that count.
fn measured(value: &str) -> String {
    let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
    number.map_or_else(|| value.to_owned(), |number| lineage::rounded(number, MEASURED).to_string())
}

/// Returns a duration, or a range of durations, as people read it.
fn duration(value: &str) -> String {
    let (bound, number) = match value.split_once(' ') {
        Some(("<=", number)) => (" or less", number),
        Some((">=", number)) => (" or more", number),
        _ => ("", value),
    };
    number.parse().map_or_else(|_| value.to_owned(), |number| words::span(number) + bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::Strength;
    use crate::model::RunId;

    #[test]
    fn a_duration_is_told_as_people_read_it() {
        let told = |value: Value, before: Option<Value>| {
            let aspect = "duration".to_owned();
            Fact { aspect, value, before, ..fact() }.says()
        };
        assert_eq!(told(">= 72000.0".into(), Some(61_000.0.into())), "took 1 min 12 s or more (before: 1 min 1 s)");
        assert_eq!(told("<= 900.0".into(), None), "took 900 ms or less");
        assert_eq!(told(5000.0.into(), None), "took 5.0 s");
        let two = Fact { aspect: "git.branch and duration".to_owned(), value: "main and >= 72000.0".into(), ..fact() };
        assert_eq!(two.says(), "ran on branch main and took 1 min 12 s or more");
    }

    #[test]
    fn each_of_two_at_once_is_told_as_it_is_alone() {
        let told = |aspect: &str, value: &str| Fact { aspect: aspect.to_owned(), value: value.into(), ..fact() }.says();
        let of_place = told("param:model and input:s3://lake/eu/\u{2026}", "v2 and true");
        assert_eq!(of_place, "ran with model = v2 and read s3://lake/eu/\u{2026}");
        assert_eq!(told("input:a and param:b", "null and null"), "did not read a and ran without b");
        assert_eq!(told("param:model and param:region", "v2 and eu"), "ran with model = v2 and with region = eu");
        assert_eq!(told("host and git.commit", "red and 0123456789"), "ran on red and at commit 01234567");
        assert_eq!(told("param:is_full and host", "true and red"), "ran with is_full = true and on red");
    }

    #[test]
    fn a_long_value_is_told_where_it_differs_from_the_one_before() {
        let sql = |fare: u32| {
            Value::from(format!("select {} fare * {fare} from rides {}", "a, ".repeat(400), "x ".repeat(400)))
        };
        let (aspect, value, before) = ("param:sql".to_owned(), sql(1), Some(sql(100)));
        let told = Fact { aspect, value, before, ..fact() }.says();
        assert!(told.contains("fare * 1 from") && told.contains("fare * 100 from") && told.len() < 200, "{told}");
    }

    #[test]
    fn how_sure_it_is_is_told_with_the_figure_behind_it_or_with_the_reason() {
        use Strength::{Fair, Strong, Weak};
        let told = |strength, odds, weakness, ok_of| Fact { strength, odds, weakness, ok_of, ..fact() }.how_sure();
        assert_eq!(told(Strong, Some(31_000.0), None, 9), "strong, over 1000 times likelier than chance");
        assert_eq!(told(Strong, Some(212.4), None, 9), "strong, 212 times likelier than chance");
        assert_eq!(told(Fair, Some(2.04), None, 9), "fair, 2.0 times likelier than chance");
        let of_day = told(Fair, Some(90.0), Some(Weakness::Day), 9);
        assert_eq!(of_day, "fair, 90 times likelier than chance, but all that was bad with it was so within one day");
        let few = |ok_of| told(Weak, None, Some(Weakness::Few), ok_of);
        assert_eq!(few(3), "weak, as there are few verdicts for all that was compared");
        assert_eq!(few(0), "weak, as nothing is ok yet that it could be compared with");
    }

    #[test]
    fn none_of_the_values_that_took_turns_before_is_told_alone() {
        let told = |hosts: &[&str]| {
            let before_one_of = hosts.iter().map(|host| Value::from(*host)).collect();
            Fact { aspect: "host".to_owned(), value: "bad".into(), before_one_of, ..fact() }.says()
        };
        assert_eq!(told(&["a", "b"]), "ran on bad (before: one of a, b)");
        assert_eq!(told(&["a", "b", "c", "d", "e"]), "ran on bad (before: one of a, b, c or 2 more)");
        assert_eq!(told(&[]), "ran on bad");
    }

    #[test]
    fn each_span_of_a_value_that_came_again_is_told() {
        let span = |since: i64, until: i64, runs| FactSpan { since: Timestamp(since), until: Timestamp(until), runs };
        let told = |spans: &[FactSpan], is_over| {
            let runs = spans.iter().flat_map(|span| vec![RunId(uuid::Uuid::nil()); span.runs]).collect();
            let (since, until) = (spans[0].since, spans[spans.len() - 1].until);
            let fact = Fact { runs, since, until, is_over, spans: spans.to_vec(), ..fact() };
            fact.when(|at| format!("#{}", at.0))
        };
        let two = [span(1, 3, 3), span(40, 44, 5)];
        assert_eq!(told(&two, true), "in 8 runs, 2 spans: 3 from #1 to #3, 5 from #40 to #44");
        assert_eq!(told(&two, false), "in 8 runs, 2 spans: 3 from #1 to #3, 5 since #40");
        assert_eq!(told(&[span(1, 1, 1), span(9, 9, 1)], true), "in 2 runs, 2 spans: 1 at #1, 1 at #9");
        let many = [1, 9, 19, 29].map(|at| span(at, at + 1, 2));
        assert_eq!(told(&many, true), "in 8 runs, 4 spans, from #1 to #30");
    }

    fn fact() -> Fact {
        let at = Timestamp(0);
        Fact {
            rank: 1,
            component: "clean".to_owned(),
            aspect: String::new(),
            value: Value::Null,
            before: None,
            before_one_of: Vec::new(),
            flagged: 1,
            flagged_of: 1,
            ok: 0,
            ok_of: 1,
            adds: 1,
            since: at,
            until: at,
            spans: Vec::new(),
            is_over: false,
            runs: Vec::new(),
            has_more: false,
            strength: Strength::Weak,
            odds: None,
            weakness: None,
            explained_by: None,
            is_new: false,
            score: 0.0,
        }
    }
}
