//! What runs are asked for: `component=train`, `param.rows<=900`, `error:SlowDown`, and words alone.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use super::comparison::{Comparison, compared};
use super::measures::{last_checks, last_metrics};
use crate::model::{Check, Metric, Outcome, Status, Timestamp};
use crate::store::{FactsRow, Measures};

/// Something that a run is asked for: `component=train`, `since=2d`, `param.rows<=900`.
#[derive(Clone, Debug, PartialEq)]
pub enum RunCondition {
    /// It began at that time or later.
    Since(Timestamp),
    /// It began at that time or earlier.
    Until(Timestamp),
    /// It stands so.
    Status(Status),
    /// It stands in one of these ways.
    Statuses(Vec<Status>),
    /// Its component, its error, what it wrote, its id or its commit holds this.
    Word(String),
    /// A field compares so with a value.
    Field {
        /// Which field.
        field: RunField,
        /// How.
        comparison: Comparison,
        /// With what.
        value: String,
    },
}

/// A field of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunField {
    /// The name of its component.
    Component,
    /// Whom to ask about its component.
    Owner,
    /// A tag of its component.
    Tag,
    /// Its error: a value is a part of it.
    Error,
    /// The name of something that it wrote: a value is a part of it.
    Output,
    /// The name of something that it read: a value is a part of it.
    Input,
    /// The commit of its code; a value may be the beginning of one.
    Commit,
    /// The branch of its code.
    Branch,
    /// Its host.
    Host,
    /// Its user.
    User,
    /// A parameter.
    Parameter(String),
    /// A metric: the value of its last step, of the run as a whole, or else of any artifact.
    Metric(String),
    /// A check: how it came out at last, of the run as a whole, or else of any artifact.
    Check(String),
}

/// What can be asked of runs.
const FIELDS: &str = "`component`, `since`, `until`, `status`, `commit`, `branch`, `host`, `user`, `owner`, `tag`, `error`, \
                      `output`, `input`, `param.NAME`, `metric.NAME` or `check.NAME`";
/// Those that have no name after them.
const PLAIN: [&str; 13] = [
    "component",
    "since",
    "until",
    "status",
    "commit",
    "branch",
    "host",
    "user",
    "owner",
    "tag",
    "error",
    "output",
    "input",
];
/// What those begin with that have one.
const NAMED: [&str; 3] = ["param.", "metric.", "check."];

/// Returns the field, the comparison and the value of a condition. The names of metrics and checks may hold signs, as in
/// `auc@city=nyc` and `rows > 900`, and what they are compared with holds none: so the last sign counts there. A colon is an
/// equals sign, unless it may be a part of a name.
fn parted(text: &str) -> Option<(&str, Comparison, &str)> {
    let is_named = NAMED.iter().any(|kind| text.starts_with(kind));
    let is_last = is_named && !text.starts_with("param.");
    let signs: &[char] = if text.starts_with("check.") { &['='] } else { &['=', '<', '>'] };
    let last = text.rfind(signs).filter(|_| is_last);
    let first = || Comparison::ALL.iter().filter_map(|(sign, _)| text.find(sign)).min();
    let (sign, colon) = (last.or_else(first), if is_last { text.rfind(':') } else { text.find(':') });
    if let Some(colon) = colon.filter(|colon| sign.is_none_or(|sign| !is_named && *colon < sign)) {
        let (name, value) = text.split_at(colon);
        return Some((name.trim(), Comparison::Is, value.strip_prefix(':')?));
    }
    let (before, from) = text.split_at(sign?);
    let longer =
        ['!', '<', '>'].into_iter().find(|sign| last.is_some() && from.starts_with('=') && before.ends_with(*sign));
    let name = longer.and_then(|sign| before.strip_suffix(sign)).unwrap_or(before);
    let (comparison, value) = Comparison::split(text.get(name.len()..)?)?;
    Some((name.trim(), comparison, value))
}

/// Returns the words of a line, as a shell takes it apart: they are parted by blanks, and what stands in quotes is one.
fn words_of(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in text.chars() {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (_, None) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err(format!("`{text}`: a quotation mark is not closed"));
    }
    words.extend(word);
    Ok(words)
}

/// Returns the statuses that a text lists.
fn statuses(text: &str) -> Result<Vec<Status>, String> {
    let one = |word: &str| serde_json::from_value(Value::from(word)).ok();
    let found: Option<Vec<Status>> = text.split(',').map(|word| one(word.trim())).collect();
    found.ok_or_else(|| {
        format!("`{text}` is no status: `running`, `completed`, `failed`, `cancelled`, `died` or `unknown`")
    })
}

impl RunCondition {
    /// Returns the condition that `text` says: `FIELD=VALUE`, `!=` where it is another, `<`, `<=`, `>` and `>=` between
    /// numbers. `moment` understands times.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str, moment: impl Fn(&str) -> Result<Timestamp, String>) -> Result<Self, String> {
        Self::parsed(text, &moment)
    }

    fn parsed(text: &str, moment: &dyn Fn(&str) -> Result<Timestamp, String>) -> Result<Self, String> {
        let Some((name, comparison, value)) = parted(text) else {
            return Err(format!("`{text}` is not `FIELD=VALUE`, where a field is {FIELDS}"));
        };
        let is = |condition: Self| match comparison {
            Comparison::Is => Ok(condition),
            _ => Err(format!("`{name}` can only be asked for with `=`")),
        };
        let field = match name {
            "since" => return is(Self::Since(moment(value)?)),
            "until" => return is(Self::Until(moment(value)?)),
            "status" => {
                let mut all = statuses(value)?;
                return is(if all.len() == 1 { Self::Status(all.remove(0)) } else { Self::Statuses(all) });
            }
            "component" => RunField::Component,
            "commit" => RunField::Commit,
            "branch" => RunField::Branch,
            "host" => RunField::Host,
            "user" => RunField::User,
            "owner" => RunField::Owner,
            "tag" => RunField::Tag,
            "error" => RunField::Error,
            "output" => RunField::Output,
            "input" => RunField::Input,
            _ => match name.split_once('.') {
                Some(("param", parameter)) if !parameter.is_empty() => RunField::Parameter(parameter.to_owned()),
                Some(("metric", metric)) if !metric.is_empty() => RunField::Metric(metric.to_owned()),
                Some(("check", check)) if !check.is_empty() => RunField::Check(check.to_owned()),
                _ => return Err(format!("`{name}` is no field of a run: ask for {FIELDS}")),
            },
        };
        let is_of_numbers = !matches!(comparison, Comparison::Is | Comparison::IsNot);
        let is_number = value.parse::<f64>().is_ok();
        let wrong = match &field {
            RunField::Metric(_) if !is_number => Some("a metric is a number"),
            RunField::Check(_) if !Outcome::ALL.iter().any(|outcome| outcome.as_str() == value) => {
                Some("a check is `passed`, `failed` or `errored`")
            }
            RunField::Parameter(_) | RunField::Metric(_) if is_number => None,
            _ => is_of_numbers.then_some("only numbers can be above or below others"),
        };
        if let Some(wrong) = wrong {
            return Err(format!("`{text}`: {wrong}"));
        }
        // A value with a blank is one, unless what follows the blank was meant as the next condition.
        if let Some(next) = value.split_whitespace().skip(1).find(|word| Self::parsed(word, moment).is_ok()) {
            return Err(format!("`{text}`: `{next}` is a condition of its own, which is to be given apart"));
        }
        Ok(Self::Field { field, comparison, value: value.to_owned() })
    }

    /// Returns the conditions that a line of text says, as a shell would take it apart: they are parted by blanks, and what
    /// stands in quotes is not taken apart.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse_all(text: &str, moment: impl Fn(&str) -> Result<Timestamp, String>) -> Result<Vec<Self>, String> {
        words_of(text)?.iter().map(|word| Self::parsed(word, &moment)).collect()
    }

    /// Returns what a line of a search says: conditions, and words alone.
    ///
    /// # Errors
    /// What is wrong with a condition, in words.
    pub fn parse_search(text: &str, moment: impl Fn(&str) -> Result<Timestamp, String>) -> Result<Vec<Self>, String> {
        let is_condition = |word: &str| {
            let field = parted(word).map(|(field, ..)| field);
            field.is_some_and(|field| PLAIN.contains(&field) || NAMED.iter().any(|kind| field.starts_with(kind)))
        };
        let words = words_of(text)?.into_iter().filter(|word| !word.trim().is_empty());
        words
            .map(|word| if is_condition(&word) { Self::parsed(&word, &moment) } else { Ok(Self::Word(word)) })
            .collect()
    }

    /// Returns the name of the parameter, metric or check that is asked for.
    pub(super) fn named(&self) -> Option<&str> {
        match self {
            Self::Field {
                field: RunField::Parameter(name) | RunField::Metric(name) | RunField::Check(name), ..
            } => Some(name),
            Self::Field { .. }
            | Self::Since(_)
            | Self::Until(_)
            | Self::Status(_)
            | Self::Statuses(_)
            | Self::Word(_) => None,
        }
    }

    /// Returns whether it holds of what was measured and checked; `None` where it asks for something else.
    pub(super) fn holds_of(&self, measures: &Measures) -> Option<bool> {
        let Self::Field { field, comparison, value } = self else { return None };
        let held: Vec<bool> = match field {
            RunField::Metric(name) => {
                let value = value.parse().unwrap_or(f64::NAN);
                let numbers = numbers_of(&measures.metrics, name).into_iter();
                numbers.map(|number| comparison.holds_between(number, value)).collect()
            }
            RunField::Check(name) => {
                let outcomes = outcomes_of(&measures.checks, name).into_iter();
                outcomes.map(|outcome| comparison.holds(outcome.as_str().cmp(value))).collect()
            }
            _ => return None,
        };
        Some(if held.is_empty() { *comparison == Comparison::IsNot } else { held.contains(&true) })
    }

    pub(super) fn holds(&self, run: &FactsRow) -> bool {
        match self {
            Self::Since(since) => run.started_at.is_some_and(|at| at >= *since),
            Self::Until(until) => run.started_at.is_some_and(|at| at <= *until),
            Self::Status(status) => run.status == *status,
            Self::Statuses(all) => all.contains(&run.status),
            // The store decides it.
            Self::Word(_) => true,
            Self::Field { field, comparison, value } => {
                let text = |of: Option<&str>| of.map(|of| comparison.holds(of.cmp(value)));
                let held = match field {
                    RunField::Component => text(Some(&run.component)),
                    RunField::Branch => text(run.branch.as_deref()),
                    RunField::Host => text(run.host.as_deref()),
                    RunField::User => text(run.user.as_deref()),
                    RunField::Commit => run.commit.as_ref().map(|commit| {
                        let begins = commit.starts_with(&value.to_lowercase());
                        comparison.holds(if begins { Ordering::Equal } else { Ordering::Less })
                    }),
                    RunField::Parameter(name) => run.params.get(name).map(|of| compared(of, *comparison, value)),
                    RunField::Metric(_) | RunField::Check(_) => return self.holds_of(&run.measures) != Some(false),
                    RunField::Owner | RunField::Tag | RunField::Error | RunField::Output | RunField::Input => {
                        return true;
                    }
                };
                // What is not there is not equal, and neither above nor below.
                held.unwrap_or(*comparison == Comparison::IsNot)
            }
        }
    }
}

/// Returns those that are of the run as a whole, or else those of each artifact.
fn of_run_or_artifacts<T>(all: Vec<T>, is_of_run: impl Fn(&T) -> bool) -> impl Iterator<Item = T> {
    let wanted = all.iter().any(&is_of_run);
    all.into_iter().filter(move |of| is_of_run(of) == wanted)
}

/// Returns what counts of a metric.
fn numbers_of(metrics: &[Metric], name: &str) -> Vec<f64> {
    let last = last_metrics(metrics.iter().filter(|metric| metric.name == name).cloned().collect());
    of_run_or_artifacts(last, |metric| metric.about.is_none()).map(|metric| metric.value.value()).collect()
}

/// Returns how a check came out at last.
fn outcomes_of(checks: &[Check], name: &str) -> Vec<Outcome> {
    let last = last_checks(checks.iter().filter(|check| check.name == name).cloned().collect());
    of_run_or_artifacts(last, |check| check.about.is_none()).map(|check| check.outcome).collect()
}

/// As [`RunCondition::parse`], with times as RFC 3339 writes them.
impl std::str::FromStr for RunCondition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, |time| time.parse().map_err(|_| format!("`{time}` is not a time as RFC 3339 writes it")))
    }
}

impl fmt::Display for RunCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Since(at) => write!(f, "since={at}"),
            Self::Until(at) => write!(f, "until={at}"),
            Self::Status(status) => write!(f, "status={}", status.as_str()),
            Self::Statuses(all) => {
                write!(f, "status={}", all.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(","))
            }
            Self::Word(word) => f.write_str(word),
            Self::Field { field, comparison, value } => {
                let sign = comparison.sign();
                match field {
                    RunField::Component => write!(f, "component{sign}{value}"),
                    RunField::Commit => write!(f, "commit{sign}{value}"),
                    RunField::Branch => write!(f, "branch{sign}{value}"),
                    RunField::Host => write!(f, "host{sign}{value}"),
                    RunField::User => write!(f, "user{sign}{value}"),
                    RunField::Owner => write!(f, "owner{sign}{value}"),
                    RunField::Tag => write!(f, "tag{sign}{value}"),
                    RunField::Error => write!(f, "error{sign}{value}"),
                    RunField::Output => write!(f, "output{sign}{value}"),
                    RunField::Input => write!(f, "input{sign}{value}"),
                    RunField::Parameter(name) => write!(f, "param.{name}{sign}{value}"),
                    RunField::Metric(name) => write!(f, "metric.{name}{sign}{value}"),
                    RunField::Check(name) => write!(f, "check.{name}{sign}{value}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_understood_or_refused_with_a_reason() {
        let parse = |text: &str| {
            RunCondition::parse(text, |text| text.parse().map(Timestamp).map_err(|_| "no time".to_owned()))
        };
        assert_eq!(parse("since=5").unwrap(), RunCondition::Since(Timestamp(5)));
        assert!(parse("metric.rmse>=high").is_err() && parse("check.whole<2").is_err() && parse("metric.").is_err());
        let told = [
            "component=a=b",
            "component=a:b",
            "param.a:b=3",
            "error=no such file",
            "status=failed,died",
            "param.rows<=900",
            "param.lr!=0.1",
            "commit=abc",
            "status=failed",
            "metric.rmse>1.2",
            "check.x=failed",
            // Of what is measured and checked, the name may hold signs.
            "metric.test/auc@city=nyc<=0.9",
            "metric.gap>=0=NaN",
            "check.rows > 900=failed",
            "check.kind(raw) != \"x\"!=passed",
            // A value may hold blanks.
            "param.note=rows above = 3",
        ];
        assert_eq!(told.map(|text| parse(text).unwrap().to_string()), told);
        for wrong in
            ["p1", "rows=3", "param.=3", "since<5", "host<a", "param.x<a", "status=bad", "since=x", "status!=failed"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["metric.rmse=high", "check.x=bad", "check.x", "param.x=1 metric.rmse>1", "host=a check.x=failed"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let field = |text: &str| match parse(text) {
            Ok(RunCondition::Field { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field("check.rows > 900 = failed"), RunField::Check("rows > 900".to_owned()));
        assert_eq!(field("metric.auc@city=nyc>=.9"), RunField::Metric("auc@city=nyc".to_owned()));
    }

    #[test]
    fn a_colon_is_an_equals_sign() {
        let told = |text: &str| text.parse::<RunCondition>().map(|condition| condition.to_string());
        for (text, meant) in [
            ("status:failed", "status=failed"),
            ("component:a=b", "component=a=b"),
            ("since:2026-03-01T10:00:00Z", "since=2026-03-01T10:00:00Z"),
            ("error:key=7: no such", "error=key=7: no such"),
            ("param.scale:1", "param.scale=1"),
            ("metric.auc:0.9", "metric.auc=0.9"),
            ("metric.a:b>0.9", "metric.a:b>0.9"),
            ("check.rows > 900:failed", "check.rows > 900:failed"),
        ] {
            let expected = if text.starts_with("check.") { None } else { Some(meant.to_owned()) };
            assert_eq!(told(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_search_holds_conditions_and_words() {
        let parse = |text: &str| RunCondition::parse_search(text, |_| Err("no time".to_owned()));
        let told = |text: &str| parse(text).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            told("status:failed Slow param.x>=2 'a b' x=1"),
            ["status=failed", "Slow", "param.x>=2", "a b", "x=1"]
        );
        let words = parse("clean s3://a/b").unwrap();
        assert_eq!(words, ["clean", "s3://a/b"].map(|word| RunCondition::Word(word.to_owned())));
        assert!(parse("status:bad").is_err() && parse("param.x>a").is_err() && told(" '' ").is_empty());
    }

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        let parse = |text: &str| RunCondition::parse_all(text, |_| Err("no time".to_owned()));
        let told = |text: &str| parse(text).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told("  param.x=1  metric.rmse>1 "), ["param.x=1", "metric.rmse>1"]);
        assert_eq!(told("'check.a > 3=failed' param.note=\"it's so\""), ["check.a > 3=failed", "param.note=it's so"]);
        assert!(told(" ").is_empty() && parse("param.x='1").is_err() && parse("param.x=1 ''").is_err());
    }
}
