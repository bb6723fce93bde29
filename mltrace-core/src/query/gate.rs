//! Whether a version may be used: what is required of it, what was found, and what is not known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::measures::last_checks;
use super::name::Found;
use super::on_disk::There;
use super::required::{Better, MetricRequirement, NotWorseThan, Requirements};
use super::witness::{Sought, Witness, Witnesses};
use super::{QueryError, Reader};
use crate::disk::fingerprint::stat;
use crate::model::{Check, Number, Outcome, RunId, Status, Timestamp, Version, VersionId};
use crate::{naming, words};

/// How many of the reasons why a version is flagged a message names.
const SAID: usize = 3;
/// How many digits of a content are shown.
const DIGITS: usize = 12;

/// The answer of `gate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gate {
    /// The version.
    pub artifact: Version,
    /// Whether all that is required of it holds.
    pub passes: bool,
    /// The run that wrote it last.
    pub written_by: Option<RunId>,
    /// What it was compared with.
    pub baseline: Option<Version>,
    /// What was required, and what was found.
    pub requirements: Vec<Required>,
}

/// One thing that was required.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Required {
    /// What it is about.
    pub kind: RequiredKind,
    /// The metric or check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it holds; `null` when that is not known, which does not pass.
    pub holds: Option<bool>,
    /// What was found, in words.
    pub message: String,
    /// Each thing that stands against it, where there are several; the message names the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The metric's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Number>,
    /// What it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Number>,
    /// The run that measured or checked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

/// What something that is required is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RequiredKind {
    /// The run that wrote it completed: always required where it is known.
    Written,
    /// A metric and a number.
    Metric,
    /// A metric and that of the baseline.
    Baseline,
    /// When it was written.
    Fresh,
    /// Verdicts.
    Unflagged,
    /// A check.
    Check,
    /// What lies under its name on this disk: that version, where a local file or folder was asked for by its name alone.
    Disk,
}

impl Gate {
    /// Returns what keeps the version from passing, in words; nothing where it passes.
    #[must_use]
    pub fn reasons(&self) -> Vec<&str> {
        let kept = self.requirements.iter().filter(|required| required.holds != Some(true));
        kept.map(|required| required.message.as_str()).collect()
    }
}

/// Returns what is asked of those who can say something of a version.
fn sought(required: &Requirements) -> Sought<'_> {
    Sought { metrics: required.metrics.iter().map(|metric| &*metric.name).collect(), checks: required.is_checked }
}

impl Required {
    fn new(kind: RequiredKind, holds: Option<bool>, message: impl Into<String>) -> Self {
        Self {
            kind,
            name: None,
            holds,
            message: message.into(),
            reasons: Vec::new(),
            value: None,
            limit: None,
            run: None,
        }
    }
}

impl Reader<'_> {
    /// Returns whether all that is required of a version holds.
    ///
    /// # Errors
    /// When no such artifact or version is known, or the baseline is none, or the store does not answer.
    pub fn gate(&mut self, artifact: &str, required: &Requirements) -> Result<Gate, QueryError> {
        let found = self.find_version(artifact, None)?;
        let (mut baseline, mut first) = (None, None);
        if let Some(asked) = &required.baseline {
            match self.find_baseline(&asked.artifact) {
                Ok(other) => baseline = Some(other),
                // A name that was never set is no version that it could be worse than.
                Err(QueryError::NotFound { kind: "alias", name }) => first = Some((name, asked.may_be_first)),
                Err(other) => return Err(other),
            }
        }
        let sought = sought(required);
        let witnesses = self.witnesses(&found, baseline.as_ref().map(|other| &other.version), &sought)?;
        let mut requirements: Vec<Required> = is_written(&witnesses).into_iter().collect();
        requirements.extend(required.metrics.iter().filter_map(|metric| bounded(metric, &witnesses)));
        if let (Some(asked), Some(other)) = (&required.baseline, &baseline) {
            let theirs = self.witnesses(other, Some(&found.version), &sought)?;
            requirements.extend(required.metrics.iter().map(|metric| not_worse(metric, &witnesses, &theirs, asked)));
        }
        if let Some((alias, may_be_first)) = first {
            // The next version will be compared with what was measured of this one.
            let measured = required.metrics.iter().filter(|_| may_be_first);
            requirements.extend(measured.map(|metric| is_measured(metric, &witnesses)));
            let message = format!("no alias is called `{alias}`: there is nothing to compare with");
            requirements.push(Required::new(RequiredKind::Baseline, may_be_first.then_some(true), message));
        }
        if let Some(since) = required.since {
            requirements.push(self.fresh(&found, since)?);
        }
        if required.is_unflagged {
            requirements.push(self.unflagged(&found)?);
        }
        if required.is_checked {
            requirements.extend(checked(&found, &witnesses));
        }
        let passes = requirements.iter().all(|required| required.holds == Some(true));
        let written_by = witnesses.writer().map(|run| run.id);
        let baseline = baseline.map(|other| other.version);
        Ok(Gate { artifact: found.version, passes, written_by, baseline, requirements })
    }

    /// As [`gate`](Self::gate), where whoever asks means what lies on this disk: of a local file or folder that is asked for
    /// by its name alone, the version must be the one that lies there, since that is what will be used.
    ///
    /// # Errors
    /// As [`gate`](Self::gate).
    pub fn gate_here(&mut self, artifact: &str, required: &Requirements) -> Result<Gate, QueryError> {
        let mut gate = self.gate(artifact, required)?;
        if let Some(disk) = self.on_this_disk(artifact, &gate.artifact)? {
            gate.passes &= disk.holds == Some(true);
            gate.requirements.push(disk);
        }
        Ok(gate)
    }

    /// Returns whether this disk holds the version that `text` names; nothing where the text is no name alone, or names
    /// nothing that lies there, or the caller declared what the version is.
    fn on_this_disk(&mut self, text: &str, version: &Version) -> Result<Option<Required>, QueryError> {
        let (name, id) = (version.name.as_str(), &version.version);
        // Another project lies elsewhere.
        let is_elsewhere = self.chosen.is_some() || text.starts_with('@') || naming::is_uri(name);
        let Some(project) = self.project()?.filter(|_| !is_elsewhere && !matches!(id, VersionId::Declared(_))) else {
            return Ok(None);
        };
        let path = match self.find_artifact(project, text)? {
            Some((_, name)) => Some(self.home.root.join(naming::decode(name.as_str()))),
            // What lies in a folder that was recorded; a path with a version names nothing on a disk.
            None => naming::path_from(text, &self.folder),
        };
        let Some(path) = path else { return Ok(None) };
        let told = |holds, message: String| Ok(Some(Required::new(RequiredKind::Disk, holds, message)));
        match stat(&path) {
            Ok(None) => return Ok(None),
            Err(error) => return told(None, format!("what lies on this disk cannot be looked at: {error}")),
            Ok(Some(found)) => {
                if matches!(id, VersionId::Stat(_)) && VersionId::Stat(found.triple()) == *id {
                    return told(Some(true), "this disk holds it, by size, time and file number".to_owned());
                }
            }
        }
        let recorded = format!("`{name}@latest` asks for what was recorded");
        match (self.look(&path), id) {
            (There::Content(found), VersionId::Content(_)) if found == *id => {
                told(Some(true), "this disk holds it".to_owned())
            }
            (There::Content(found), VersionId::Content(_)) => {
                told(Some(false), format!("this disk holds something else: {}; {recorded}", found.short(DIGITS)))
            }
            (There::Content(_), _) => {
                told(None, format!("its content is not known, so this disk may hold something else; {recorded}"))
            }
            (There::Large, _) => {
                told(None, format!("what lies on this disk is too large to be read for this; {recorded}"))
            }
            (There::Nothing, _) => told(None, format!("what lies on this disk cannot be read; {recorded}")),
        }
    }

    /// Returns the version that `text` names, or that the alias of this name points to.
    fn find_baseline(&mut self, text: &str) -> Result<Found, QueryError> {
        match (self.find_version(text, None), self.project()?) {
            (Err(QueryError::NotFound { kind: "artifact", .. }), Some(project)) if !text.contains('@') => {
                self.find_alias(project, text, None)
            }
            (found, _) => found,
        }
    }

    /// Returns whether a version was written since a moment; an output of a task may have a time and no run.
    fn fresh(&mut self, found: &Found, since: Timestamp) -> Result<Required, QueryError> {
        let at = match found.written {
            Some((_, at)) => Some(at),
            None => self.put_out_at(&found.version.name)?,
        };
        Ok(is_fresh(at, since))
    }

    fn unflagged(&mut self, found: &Found) -> Result<Required, QueryError> {
        let (doubts, is_cut) = self.flags_on(found)?;
        if doubts.is_empty() {
            let message = "neither it is flagged, nor anything that it was made from";
            return Ok(Required::new(RequiredKind::Unflagged, Some(true), message));
        }
        let reasons: Vec<String> = doubts.into_iter().map(|doubt| doubt.message).collect();
        let (said, more) = reasons.split_at(reasons.len().min(SAID));
        let at_least = if is_cut { "at least " } else { "" };
        let more = if more.is_empty() { String::new() } else { format!("; and {at_least}{} more", more.len()) };
        let message = format!("{}{more}", said.join("; "));
        let several = if reasons.len() > 1 { reasons } else { Vec::new() };
        Ok(Required { reasons: several, ..Required::new(RequiredKind::Unflagged, Some(false), message) })
    }
}

/// Returns whether the run that wrote it completed; nothing where nobody knows who did.
fn is_written(witnesses: &Witnesses) -> Option<Required> {
    let writer = witnesses.writer()?;
    let by = format!("run {} of `{}`, which wrote it,", writer.id.short(), writer.component);
    let (holds, how) = match writer.status {
        Status::Completed => (Some(true), "completed"),
        Status::Running => (None, "has not ended"),
        Status::Unknown => (None, "ended as only a newer version of mltrace knows"),
        Status::Failed | Status::Cancelled | Status::Died => (Some(false), writer.status.as_str()),
    };
    Some(Required { run: Some(writer.id), ..Required::new(RequiredKind::Written, holds, format!("{by} {how}")) })
}

/// Returns how a metric compares with its bound, if it has one.
fn bounded(required: &MetricRequirement, witnesses: &Witnesses) -> Option<Required> {
    let (comparison, limit) = required.bound.as_ref()?;
    let name = &required.name;
    let of = RequiredKind::Metric;
    let Some((metric, run)) = witnesses.measured(name) else {
        let told = Required::new(of, None, witnesses.unmeasured(name, "it"));
        return Some(Required { name: Some(name.clone()), limit: Some(limit.clone()), ..told });
    };
    let holds = comparison.holds_between(metric.value.value(), limit.value());
    let is = if holds { "is" } else { "is not" };
    let message = format!("`{name}` = {} {is} {} {limit}", metric.value, comparison.sign());
    Some(Required {
        name: Some(name.clone()),
        value: Some(metric.value.clone()),
        limit: Some(limit.clone()),
        run: Some(run.id),
        ..Required::new(of, Some(holds), message)
    })
}

/// Returns whether a metric of a version that nothing can be compared with was measured.
fn is_measured(required: &MetricRequirement, witnesses: &Witnesses) -> Required {
    let name = Some(required.name.clone());
    let Some((metric, run)) = witnesses.measured(&required.name) else {
        let told = Required::new(RequiredKind::Baseline, None, witnesses.unmeasured(&required.name, "it"));
        return Required { name, ..told };
    };
    let is_number = !metric.value.value().is_nan();
    let what = if is_number { ", the first" } else { " is no number" };
    let message = format!("`{}` = {}{what}", required.name, metric.value);
    let told = Required::new(RequiredKind::Baseline, is_number.then_some(true), message);
    Required { name, value: Some(metric.value.clone()), run: Some(run.id), ..told }
}

/// Returns whether a metric of a version is not worse than that of another.
fn not_worse(required: &MetricRequirement, ours: &Witnesses, theirs: &Witnesses, asked: &NotWorseThan) -> Required {
    let (name, than) = (&required.name, format!("`{}`", asked.artifact));
    let unknown = |message: String| {
        let told = Required::new(RequiredKind::Baseline, None, message);
        Required { name: Some(name.clone()), ..told }
    };
    let Some(better) = required.better else {
        return unknown(format!("whether a higher or a lower `{name}` is better is not said"));
    };
    let Some((own, run)) = ours.measured(name) else { return unknown(ours.unmeasured(name, "it")) };
    let Some((before, _)) = theirs.measured(name) else { return unknown(theirs.unmeasured(name, &than)) };
    let (value, limit) = (own.value.value(), before.value.value());
    if limit.is_nan() {
        let message = format!("`{name}` = {} of {than} is no number: there is nothing to compare with", before.value);
        return Required {
            value: Some(own.value.clone()),
            limit: Some(before.value.clone()),
            run: Some(run.id),
            ..unknown(message)
        };
    }
    let slack = asked.tolerance.of(limit);
    // What is no number is not better than anything.
    let holds = match better {
        Better::Higher => value >= limit - slack,
        Better::Lower => value <= limit + slack,
    };
    let is = if holds { "is not worse than" } else { "is worse than" };
    let slack = if slack > 0.0 { format!(", by {} at most", words::number(slack)) } else { String::new() };
    let message = format!("`{name}` = {} {is} {} of {than}{slack}", own.value, before.value);
    Required {
        name: Some(name.clone()),
        value: Some(own.value.clone()),
        limit: Some(before.value.clone()),
        run: Some(run.id),
        ..Required::new(RequiredKind::Baseline, Some(holds), message)
    }
}

fn is_fresh(at: Option<Timestamp>, since: Timestamp) -> Required {
    let Some(at) = at else {
        return Required::new(RequiredKind::Fresh, None, "nobody knows when it was written");
    };
    let holds = at >= since;
    let message =
        if holds { format!("it was written at {at}") } else { format!("it was written at {at}, before {since}") };
    Required::new(RequiredKind::Fresh, Some(holds), message)
}

/// Returns how the checks of a version came out: those of its writer, and those of others that say that they are about it; of
/// one name the last. A check that only warns does not keep it from passing.
fn checked(found: &Found, witnesses: &Witnesses) -> Vec<Required> {
    let of = |witness: &Witness| -> Vec<(Check, RunId)> {
        let is_about = |check: &Check| match &check.about {
            Some(about) => witness.is_alone && *about == found.version.name,
            None => witness.is_writer,
        };
        let all = last_checks(witness.run.checks.clone()).into_iter().filter(is_about);
        all.map(|check| (check, witness.run.id)).collect()
    };
    let mut last: BTreeMap<String, (Check, RunId)> = BTreeMap::new();
    for (check, run) in witnesses.all.iter().flat_map(of) {
        let later = |(known, _): &(Check, RunId)| (known.at, known.outcome) < (check.at, check.outcome);
        if last.get(&check.name).is_none_or(later) {
            last.insert(check.name.clone(), (check, run));
        }
    }
    let mut required: Vec<Required> = last.into_values().map(|(check, run)| outcome(check, run)).collect();
    if witnesses.is_cut {
        let message = "what others checked of it was not looked at: too many runs read it";
        required.push(Required::new(RequiredKind::Check, None, message));
    }
    if required.is_empty() {
        return vec![Required::new(RequiredKind::Check, None, "nobody checked it")];
    }
    required
}

fn outcome(check: Check, run: RunId) -> Required {
    let is_warning = check.is_warning();
    let holds = match check.outcome {
        Outcome::Passed => Some(true),
        _ if is_warning => Some(true),
        Outcome::Failed => Some(false),
        Outcome::Errored => None,
    };
    let why = check.message.map(|message| format!(": {message}")).unwrap_or_default();
    let message = format!("`{}` {}{why}", check.name, words::outcome(check.outcome.as_str(), is_warning));
    Required { name: Some(check.name), run: Some(run), ..Required::new(RequiredKind::Check, holds, message) }
}
