//! What changed at a run that may be to blame, and the words for it.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::view::{milliseconds, staleness_of};
use super::{QueryError, Reader};
use crate::lineage::{self, Aspect, Evidence, Facts, Fault, Finding, Findings, Usual};
use crate::model::{Status, VersionId};
use crate::store::{ReadDetail, RunDetail, RunKey, WriteDetail};
use crate::words;

/// How many earlier runs a run is compared with: the last one for what changed, the others for how usual that is.
const EARLIER: usize = 8;
/// How many earlier runs those are chosen from.
const CHOICE: usize = 32;
/// How many digits of a commit or a hash are shown.
const DIGITS: usize = 8;

impl Reader<'_> {
    /// Returns what changed at each of these runs since earlier runs of its component over the same input names.
    pub(super) fn findings(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, Findings>, QueryError> {
        let chosen = self.comparable(runs)?;
        let mut all: Vec<RunKey> = chosen.values().flatten().chain(runs).copied().collect();
        all.sort_unstable();
        all.dedup();
        let details = self.store.details(&all, false)?;
        let facts: HashMap<RunKey, Facts> = details.iter().map(|detail| (detail.key, facts(detail))).collect();
        let found = runs.iter().filter_map(|run| {
            let earlier: Vec<&Facts> =
                chosen.get(run).into_iter().flatten().filter_map(|earlier| facts.get(earlier)).collect();
            Some((*run, lineage::evidence(facts.get(run)?, &earlier)))
        });
        Ok(found.collect())
    }

    /// Returns for each run the earlier ones that it can be compared with, the latest first: those over the same input
    /// names; where there are none, those over names that differ in digits alone, such as a date, with parameters of the
    /// same names, or else of any.
    fn comparable(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, Vec<RunKey>>, QueryError> {
        let pairs = self.store.earlier(runs, CHOICE)?;
        let mut all: Vec<RunKey> = pairs.iter().map(|(_, earlier)| *earlier).chain(runs.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        let inputs = by_run(self.store.names_read(&all)?);
        let params = by_run(self.store.param_names(&all)?);
        let shapes: HashMap<RunKey, Vec<String>> =
            inputs.iter().map(|(run, names)| (*run, names.iter().map(|name| without_digits(name)).collect())).collect();
        let mut like: HashMap<RunKey, [Vec<RunKey>; 3]> = HashMap::default();
        for (run, earlier) in pairs {
            let is_alike = shapes.get(&run) == shapes.get(&earlier);
            let closeness = [
                inputs.get(&run) == inputs.get(&earlier),
                is_alike && params.get(&run) == params.get(&earlier),
                is_alike,
            ];
            for (runs, _) in like.entry(run).or_default().iter_mut().zip(closeness).filter(|(_, is_close)| *is_close) {
                runs.push(earlier);
            }
        }
        let closest = |likes: [Vec<RunKey>; 3]| likes.into_iter().find(|runs| !runs.is_empty()).unwrap_or_default();
        let first = |runs: Vec<RunKey>| runs.into_iter().take(EARLIER).collect();
        Ok(like.into_iter().map(|(run, likes)| (run, first(closest(likes)))).collect())
    }
}

/// Returns a probability as people read it; never none and never all, which no record could justify.
#[must_use]
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        share if share >= 99.5 => "over 99 %".to_owned(),
        share if share < 0.5 => "under 1 %".to_owned(),
        share => format!("{share:.0} %"),
    }
}

fn by_run(named: Vec<(RunKey, String)>) -> HashMap<RunKey, Vec<String>> {
    let mut names: HashMap<RunKey, Vec<String>> = HashMap::default();
    for (run, name) in named {
        names.entry(run).or_default().push(name);
    }
    names
}

fn without_digits(name: &str) -> String {
    let mut shape = String::with_capacity(name.len());
    for letter in name.chars() {
        let letter = if letter.is_ascii_digit() { '#' } else { letter };
        if letter != '#' || !shape.ends_with('#') {
            shape.push(letter);
        }
    }
    shape
}

/// Returns what is compared of a run.
fn facts(detail: &RunDetail) -> Facts {
    let mut aspects = BTreeMap::new();
    let mut tell = |aspect: Aspect, value: Option<String>| {
        if let Some(value) = value {
            aspects.insert(aspect, value);
        }
    };
    if let Some(git) = &detail.git {
        tell(Aspect::Commit, git.commit.clone());
        tell(Aspect::WorkTree, git.dirty.filter(|dirty| *dirty).map(|_| String::new()));
    }
    tell(Aspect::Source, detail.code.as_ref().map(|code| code.hash.clone()));
    tell(Aspect::Host, detail.host.clone());
    for (name, value) in &detail.params {
        tell(Aspect::Parameter(name.clone()), Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    for read in detail.reads.iter().filter(|read| read.write.is_none()) {
        let version = read.seen.as_ref().map(ToString::to_string);
        tell(Aspect::Input(read.name.as_str().to_owned()), version);
    }
    let duration_ms = detail.row.duration_us.map(milliseconds);
    Facts { aspects, duration_ms, outputs: outputs(detail), faults: faults(detail) }
}

/// Returns what a run wrote, when the content of all of it is known.
fn outputs(detail: &RunDetail) -> BTreeMap<String, String> {
    let content = |write: &WriteDetail| match &write.version {
        Some(version @ VersionId::Content(_)) => Some((write.name.as_str().to_owned(), version.to_string())),
        _ => None,
    };
    detail.writes.iter().map(content).collect::<Option<_>>().unwrap_or_default()
}

fn faults(detail: &RunDetail) -> Vec<Fault> {
    let mut faults = Vec::new();
    let rare = |message: String| Fault { message, is_rare: true };
    match detail.row.status {
        Status::Failed | Status::Cancelled | Status::Died => {
            let error = detail.row.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            faults.push(rare(format!("it {}{error}", detail.row.status.as_str())));
        }
        Status::Running | Status::Completed | Status::Unknown => {}
    }
    let is_local = |read: &&ReadDetail| matches!(read.seen, Some(VersionId::Content(_) | VersionId::Stat(_)));
    for read in detail.reads.iter().filter(is_local) {
        if let Some(writer) = read.last_writer {
            let message =
                format!("`{}` was changed by nobody recorded since run {} wrote it", read.name, writer.short());
            faults.push(rare(message));
        }
    }
    faults.extend(staleness_of(detail).map(|stale| Fault { message: stale.message, is_rare: false }));
    faults
}

/// Returns a piece of evidence in words, with how much it counts.
pub(super) fn words(piece: &Evidence) -> String {
    let found = match &piece.finding {
        Finding::Fault(message) => message.clone(),
        Finding::SameOutputs => "wrote the same bytes as the run before".to_owned(),
        Finding::NoChange => "nothing changed since the run before".to_owned(),
        Finding::Duration { now, usual: Usual { low, high } } => {
            format!("took {}, usually {} to {}", words::span(*now), words::span(*low), words::span(*high))
        }
        Finding::Changed { aspect, now, before, times, of } => {
            let change = changed(aspect, now.as_deref(), before.as_deref());
            match (times, of) {
                (_, 0) => change,
                (times, of) => format!("{change}; in the runs before it changed {times} of {of} times"),
            }
        }
    };
    format!("{found} (\u{d7}{})", rounded(piece.factor))
}

/// Returns a factor with two digits that count.
fn rounded(factor: f64) -> String {
    match factor {
        factor if factor >= 9.95 => format!("{factor:.0}"),
        factor if factor >= 0.995 => format!("{factor:.1}"),
        factor => format!("{factor:.2}"),
    }
}

fn changed(aspect: &Aspect, now: Option<&str>, before: Option<&str>) -> String {
    let start = |text: Option<&str>| text.unwrap_or_default().chars().take(DIGITS).collect::<String>();
    let version = |text: Option<&str>| {
        let parsed: Option<VersionId> = text.and_then(|text| text.parse().ok());
        parsed.map_or_else(|| "unknown".to_owned(), |version| version.short(DIGITS))
    };
    match aspect {
        Aspect::Commit => format!("another commit: {}, before {}", start(now), start(before)),
        Aspect::WorkTree => "the work tree differed from the commit, before it did not".to_owned(),
        Aspect::Source => "another source text".to_owned(),
        Aspect::Host => format!("another host: {}, before {}", now.unwrap_or_default(), before.unwrap_or_default()),
        Aspect::Input(name) => {
            format!("another version of its input `{name}`: {}, before {}", version(now), version(before))
        }
        Aspect::Parameter(name) => match (now, before) {
            (Some(now), Some(before)) => format!("parameter `{name}` = {now}, before {before}"),
            (Some(now), None) => format!("parameter `{name}` = {now}, before there was none"),
            (None, before) => format!("no parameter `{name}`, before {}", before.unwrap_or_default()),
        },
    }
}
