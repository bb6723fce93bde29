//! Which versions are meant where many are judged at once: by a pattern of names, by a run, by what runs have in common.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use super::measures::{last_checks, last_metrics, metrics_of};
use super::view::AT_ONCE;
use super::{QueryError, Reader};
use crate::lineage;
use crate::model::{Check, Outcome, Pattern, Status, Timestamp, Version, VersionId};
use crate::store::{ComponentKey, FactsRow, ProjectKey, RunKey, RunSelection};

/// Which versions are meant: those that any of these names, each once, of which all of the conditions hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Many {
    /// Artifacts: `NAME`, the latest version, `NAME@VERSION`, or a pattern of names, of each of which the latest is meant.
    /// In a pattern `*` stands for any letters but `/`, `**` for any letters, `?` for one.
    pub artifacts: Vec<String>,
    /// Runs, all of whose outputs are meant: ids, unique prefixes or suffixes of one, or `latest`.
    pub runs: Vec<String>,
    /// What has to hold of the runs that wrote them, all of it; alone: all outputs of these runs.
    pub conditions: Vec<RunCondition>,
}

/// Something that a run is asked for: `component=train`, `since=2d`, `param.rows<=900`.
#[derive(Clone, Debug, PartialEq)]
pub enum RunCondition {
    /// It began at that time or later.
    Since(Timestamp),
    /// It began at that time or earlier.
    Until(Timestamp),
    /// It stands so.
    Status(Status),
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
    /// A metric: the value of its last step.
    Metric(String),
    /// A check: how it came out at last.
    Check(String),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// They are equal.
    Is,
    /// They are not.
    IsNot,
    /// The first is a number below the second.
    Below,
    /// The first is a number up to the second.
    AtMost,
    /// The first is a number above the second.
    Above,
    /// The first is a number from the second on.
    AtLeast,
}

/// What can be asked of runs.
const FIELDS: &str = "`component`, `since`, `until`, `status`, `commit`, `branch`, `host`, `user`, `param.NAME`, \
                      `metric.NAME` or `check.NAME`";

impl Comparison {
    /// The longer signs first: one begins like another.
    const ALL: [(&'static str, Self); 6] = [
        ("!=", Self::IsNot),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Is),
        ("<", Self::Below),
        (">", Self::Above),
    ];

    /// Returns the comparison that a text begins with, and what follows.
    pub(super) fn split(text: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?.trim())))
    }

    /// Returns how it is written.
    pub(super) fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, other)| *other == self).map_or("=", |(sign, _)| sign)
    }

    /// Returns whether two numbers compare so; what is no number is neither equal to one, nor above, nor below.
    pub(super) fn holds_between(self, of: f64, value: f64) -> bool {
        of.partial_cmp(&value).map_or(self == Self::IsNot, |ordering| self.holds(ordering))
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Is => ordering.is_eq(),
            Self::IsNot => ordering.is_ne(),
            Self::Below => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Above => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

impl RunCondition {
    /// Returns the condition that `text` says: `FIELD=VALUE`, `!=` where it is another, `<`, `<=`, `>` and `>=` between
    /// numbers. `moment` understands times.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str, moment: impl Fn(&str) -> Result<Timestamp, String>) -> Result<Self, String> {
        let first = Comparison::ALL.iter().filter_map(|(sign, comparison)| {
            let place = text.find(sign)?;
            Some((place, std::cmp::Reverse(sign.len()), *comparison))
        });
        let Some((place, std::cmp::Reverse(length), comparison)) =
            first.min_by_key(|(place, length, _)| (*place, *length))
        else {
            return Err(format!("`{text}` is not `FIELD=VALUE`, where a field is {FIELDS}"));
        };
        let (name, rest) = text.split_at(place);
        let value = rest.get(length..).unwrap_or_default();
        let is = |condition: Self| match comparison {
            Comparison::Is => Ok(condition),
            _ => Err(format!("`{name}` can only be asked for with `=`")),
        };
        let field = match name {
            "since" => return is(Self::Since(moment(value)?)),
            "until" => return is(Self::Until(moment(value)?)),
            "status" => {
                let status = serde_json::from_value(Value::from(value));
                return is(Self::Status(status.map_err(|_| {
                    format!(
                        "`{value}` is no status: `running`, `completed`, `failed`, `cancelled`, `died` or `unknown`"
                    )
                })?));
            }
            "component" => RunField::Component,
            "commit" => RunField::Commit,
            "branch" => RunField::Branch,
            "host" => RunField::Host,
            "user" => RunField::User,
            _ => match name.split_once('.') {
                Some(("param", parameter)) if !parameter.is_empty() => RunField::Parameter(parameter.to_owned()),
                Some(("metric", metric)) if !metric.is_empty() => RunField::Metric(metric.to_owned()),
                Some(("check", check)) if !check.is_empty() => RunField::Check(check.to_owned()),
                _ => return Err(format!("`{name}` is no field of a run: ask for {FIELDS}")),
            },
        };
        let is_of_numbers = !matches!(comparison, Comparison::Is | Comparison::IsNot);
        let may_be_number = matches!(field, RunField::Parameter(_) | RunField::Metric(_));
        if is_of_numbers && (!may_be_number || value.parse::<f64>().is_err()) {
            return Err(format!("`{text}`: only numbers can be above or below others"));
        }
        Ok(Self::Field { field, comparison, value: value.to_owned() })
    }

    /// Returns the name of the parameter, metric or check that is asked for.
    fn named(&self) -> Option<&str> {
        match self {
            Self::Field {
                field: RunField::Parameter(name) | RunField::Metric(name) | RunField::Check(name), ..
            } => Some(name),
            Self::Field { .. } | Self::Since(_) | Self::Until(_) | Self::Status(_) => None,
        }
    }

    fn holds(&self, run: &FactsRow) -> bool {
        match self {
            Self::Since(since) => run.started_at.is_some_and(|at| at >= *since),
            Self::Until(until) => run.started_at.is_some_and(|at| at <= *until),
            Self::Status(status) => run.status == *status,
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
                    RunField::Metric(name) => {
                        let of = last_metrics(metrics_of(&run.measures.metrics, name, None)).pop();
                        of.map(|of| is_number(of.value.value(), *comparison, value))
                    }
                    RunField::Check(name) => {
                        let of = outcomes_of(&run.measures.checks, name);
                        (!of.is_empty()).then(|| of.iter().any(|of| text(Some(of.as_str())) == Some(true)))
                    }
                };
                // What is not there is not equal, and neither above nor below.
                held.unwrap_or(*comparison == Comparison::IsNot)
            }
        }
    }
}

/// Returns how a check came out at last: of the run as a whole, or else of each artifact that it is about.
fn outcomes_of(checks: &[Check], name: &str) -> Vec<Outcome> {
    let last = last_checks(checks.iter().filter(|check| check.name == name).cloned().collect());
    let is_of_run = last.iter().any(|check| check.about.is_none());
    let these = last.iter().filter(|check| check.about.is_none() == is_of_run);
    these.map(|check| check.outcome).collect()
}

/// Returns how a number compares; what is no number is neither equal to one, nor above, nor below.
fn is_number(of: f64, comparison: Comparison, value: &str) -> bool {
    comparison.holds_between(of, value.parse().unwrap_or(f64::NAN))
}

/// Numbers are equal however they are written.
fn compared(of: &Value, comparison: Comparison, value: &str) -> bool {
    let numbers = lineage::number(of).zip(value.parse::<f64>().ok());
    match (numbers, comparison) {
        (Some((one, other)), _) => one.partial_cmp(&other).is_some_and(|ordering| comparison.holds(ordering)),
        (None, Comparison::Is | Comparison::IsNot) => {
            let text = of.as_str().map_or_else(|| of.to_string(), str::to_owned);
            (text == value) == (comparison == Comparison::Is)
        }
        (None, _) => false,
    }
}

impl fmt::Display for RunCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Since(at) => write!(f, "since={at}"),
            Self::Until(at) => write!(f, "until={at}"),
            Self::Status(status) => write!(f, "status={}", status.as_str()),
            Self::Field { field, comparison, value } => {
                let sign = comparison.sign();
                match field {
                    RunField::Component => write!(f, "component{sign}{value}"),
                    RunField::Commit => write!(f, "commit{sign}{value}"),
                    RunField::Branch => write!(f, "branch{sign}{value}"),
                    RunField::Host => write!(f, "host{sign}{value}"),
                    RunField::User => write!(f, "user{sign}{value}"),
                    RunField::Parameter(name) => write!(f, "param.{name}{sign}{value}"),
                    RunField::Metric(name) => write!(f, "metric.{name}{sign}{value}"),
                    RunField::Check(name) => write!(f, "check.{name}{sign}{value}"),
                }
            }
        }
    }
}

impl Reader<'_> {
    /// Returns all versions that are meant, each once.
    ///
    /// # Errors
    /// When something that is named is unknown or stands for no version, or the store does not answer.
    pub fn many(&mut self, many: &Many) -> Result<Vec<Version>, QueryError> {
        let mut found = Vec::new();
        for text in &many.artifacts {
            found.extend(self.versions_like(text)?);
        }
        for run in &many.runs {
            found.extend(self.outputs_of_run(run)?);
        }
        if !many.conditions.is_empty() {
            let is_named = !many.artifacts.is_empty() || !many.runs.is_empty();
            found = self.outputs_where(is_named.then_some(found.as_slice()), &many.conditions)?;
        }
        let mut seen = foldhash::HashSet::default();
        found.retain(|version| seen.insert((version.name.clone(), version.version.clone())));
        Ok(found)
    }

    /// Returns the version that `text` names as for [`Reader::version`]; where no artifact has that name and it is a
    /// pattern, the latest version of each artifact whose name is like it.
    ///
    /// # Errors
    /// When nothing has such a name, or the store does not answer.
    pub fn versions_like(&mut self, text: &str) -> Result<Vec<Version>, QueryError> {
        match self.version(text, None) {
            Err(QueryError::NotFound { .. }) if Pattern::of(text).is_wild() => {}
            named => return Ok(vec![named?]),
        }
        let Some(project) = self.project()? else {
            return Err(QueryError::NotFound { kind: "artifact", name: text.to_owned() });
        };
        for pattern in self.meant(text) {
            let pattern = Pattern::of(pattern.as_str());
            let mut names = self.store.artifact_names(project, &pattern.beginning(), usize::MAX)?;
            names.retain(|name| pattern.fits(name));
            let mut found = Vec::with_capacity(names.len());
            for name in names {
                let Some(artifact) = self.store.artifact(project, &name)? else { continue };
                let latest = self.store.latest(artifact, Timestamp::MAX)?.filter(|latest| latest.id != VersionId::None);
                found.extend(latest.map(|latest| Version { name: name.as_str().into(), version: latest.id }));
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Err(QueryError::NoMatch { kind: "artifact", text: text.to_owned() })
    }

    /// Returns the versions that a run wrote.
    ///
    /// # Errors
    /// When no run or more than one is meant, it wrote none, or the store does not answer.
    pub fn outputs_of_run(&mut self, run: &str) -> Result<Vec<Version>, QueryError> {
        let id = self.run_id(run)?;
        let key = self.store.run(id)?;
        let found = self.outputs_of(key.as_slice())?;
        if found.is_empty() {
            return Err(QueryError::NoMatch { kind: "output", text: format!("run {}", id.short()) });
        }
        Ok(found)
    }

    /// Returns the versions that the runs wrote of which all of this holds; where some are named, those of them.
    ///
    /// # Errors
    /// When a component that is named is unknown, no such run wrote anything, or none of those, or the store does not answer.
    pub fn outputs_where(
        &mut self,
        named: Option<&[Version]>,
        conditions: &[RunCondition],
    ) -> Result<Vec<Version>, QueryError> {
        let mut found = self.all_outputs_where(conditions)?;
        if let Some(named) = named {
            let key = |version: &Version| (version.name.clone(), version.version.clone());
            let named: foldhash::HashSet<_> = named.iter().map(key).collect();
            found.retain(|version| named.contains(&key(version)));
            if found.is_empty() {
                return Err(no_match("version that is named", conditions));
            }
        }
        Ok(found)
    }

    fn all_outputs_where(&mut self, conditions: &[RunCondition]) -> Result<Vec<Version>, QueryError> {
        let Some(project) = self.project()? else { return Err(no_match("output of a run", conditions)) };
        let selection = self.selection(project, conditions)?;
        let named: Vec<&str> = conditions.iter().filter_map(RunCondition::named).collect();
        let mut found = Vec::new();
        for runs in self.store.select(project, &selection)?.chunks(AT_ONCE) {
            let facts = self.in_passing(|reader| reader.facts_named(runs, &named))?;
            let fitting = facts.into_iter().filter(|run| conditions.iter().all(|condition| condition.holds(run)));
            let keys: Vec<RunKey> = fitting.map(|run| run.key).collect();
            found.extend(self.outputs_of(&keys)?);
        }
        if found.is_empty() { Err(no_match("output of a run", conditions)) } else { Ok(found) }
    }

    /// Returns what of the conditions the store can look for itself.
    fn selection(&mut self, project: ProjectKey, conditions: &[RunCondition]) -> Result<RunSelection, QueryError> {
        let mut selection = RunSelection::default();
        for condition in conditions {
            match condition {
                RunCondition::Since(at) => selection.since = selection.since.max(Some(*at)),
                RunCondition::Until(at) => {
                    selection.until = Some(selection.until.map_or(*at, |until| until.min(*at)));
                }
                RunCondition::Status(status) => selection.status = Some(*status),
                RunCondition::Field { field: RunField::Component, value, .. } => {
                    let component: Option<ComponentKey> = self.store.component(project, value)?.map(|row| row.key);
                    let not_found = || QueryError::NotFound { kind: "component", name: value.clone() };
                    let component = component.ok_or_else(not_found)?;
                    if matches!(condition, RunCondition::Field { comparison: Comparison::Is, .. }) {
                        selection.component = Some(component);
                    }
                }
                RunCondition::Field { .. } => {}
            }
        }
        Ok(selection)
    }

    fn outputs_of(&mut self, runs: &[RunKey]) -> Result<Vec<Version>, QueryError> {
        let written = self.store.written(runs)?.into_iter().map(|(_, version)| version).collect::<Vec<_>>();
        Ok(self.store.named(&written)?.into_iter().map(|(_, version)| version).collect())
    }
}

fn no_match(kind: &'static str, conditions: &[RunCondition]) -> QueryError {
    let text = conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    QueryError::NoMatch { kind, text }
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
            "param.rows<=900",
            "param.lr!=0.1",
            "commit=abc",
            "status=failed",
            "metric.rmse>1.2",
            "check.x=failed",
        ];
        assert_eq!(told.map(|text| parse(text).unwrap().to_string()), told);
        for wrong in
            ["p1", "rows=3", "param.=3", "since<5", "host<a", "param.x<a", "status=bad", "since=x", "status!=failed"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_compare_however_they_are_written() {
        let holds = |of: Value, text: &str| {
            let Ok(RunCondition::Field { comparison, value, .. }) = RunCondition::parse(text, |_| Err(String::new()))
            else {
                panic!("{text}")
            };
            compared(&of, comparison, &value)
        };
        assert!(
            holds(1.into(), "param.x=1.0")
                && holds("0.10".into(), "param.x=0.1")
                && holds("900".into(), "param.x<=900")
        );
        assert!(
            holds("mg".into(), "param.x!=g") && holds(true.into(), "param.x=true") && !holds("mg".into(), "param.x<3")
        );
    }
}
