//! What changed at a run that may be to blame, and the words for it.

use std::collections::BTreeMap;

use foldhash::HashMap;
use serde_json::Value;

use super::answer::Run;
use super::fresher::Detail;
use super::past::Past;
use super::view::staleness_of;
use super::{QueryError, Reader};
use crate::lineage::{self, Aspect, Earlier, Evidence, Fault, Finding, Findings, Usual};
use crate::model::{Status, VersionId};
use crate::store::{Extent, ReadDetail, RunDetail, RunKey, WriteDetail};
use crate::words;

/// In how many runs upstream of one, the nearest, what explains an effect is looked for.
const ABOVE: usize = 32;
/// How many digits of a commit or a hash are shown.
const DIGITS: usize = 8;

impl Reader<'_> {
    /// Returns what changed at each of these runs since the earlier runs that it can be compared with.
    pub(super) fn findings(
        &mut self,
        runs: &[RunKey],
        past: &mut Past,
    ) -> Result<HashMap<RunKey, Findings>, QueryError> {
        past.look_back(&mut *self.store, runs)?;
        let mut all: Vec<RunKey> = runs.iter().flat_map(|run| past.before(*run).first()).chain(runs).copied().collect();
        all.sort_unstable();
        all.dedup();
        // What is wrong with a run by itself, and whether it wrote the same again, takes more than its facts.
        let details = self.details(&all, Extent::FewEdges)?;
        let details: HashMap<RunKey, &Detail> = details.iter().map(|detail| (detail.run.key, detail)).collect();
        let found = runs.iter().filter_map(|run| {
            let mut facts = past.run(*run)?.facts.clone();
            let detail = details.get(run)?;
            (facts.outputs, facts.faults) = (outputs(&detail.run), faults(detail));
            let last = past.before(*run).first().and_then(|last| details.get(last));
            let wrote = last.map(|last| outputs(&last.run)).unwrap_or_default();
            Some((*run, lineage::evidence(&facts, &past.earlier(*run), &wrote)))
        });
        Ok(found.collect())
    }

    /// Returns the same of runs with these edges upstream, where what came of a run counts only as far as nothing that
    /// was found further up explains it. No verdict moves that: at each run it is looked for in the same runs above.
    pub(super) fn causes_of(
        &mut self,
        runs: &[RunKey],
        edges: &[(RunKey, RunKey)],
        past: &mut Past,
    ) -> Result<HashMap<RunKey, Findings>, QueryError> {
        let mut findings = self.findings(runs, past)?;
        let is_effect = |run: &RunKey| findings.get(run).is_some_and(|of| of.pieces.iter().any(Evidence::is_effect));
        let mut with_effects: Vec<RunKey> = runs.iter().copied().filter(is_effect).collect();
        with_effects.sort_unstable();
        with_effects.dedup();
        let above = lineage::above(&with_effects, edges, ABOVE);
        let mut others: Vec<RunKey> = above.iter().flatten().copied().collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|run| !findings.contains_key(run));
        let others = self.findings(&others, past)?;
        let strongest = |run: &RunKey| findings.get(run).or_else(|| others.get(run)).map_or(1.0, Findings::strongest);
        let explained: Vec<f64> = above.iter().map(|above| above.iter().map(strongest).fold(1.0, f64::max)).collect();
        for (run, above) in with_effects.iter().zip(explained) {
            findings.get_mut(run).into_iter().for_each(|found| found.explain_effects(above));
        }
        Ok(findings)
    }
}

impl Reader<'_> {
    /// Returns a run in full, with what changed since the run before and what it still has otherwise than earlier ones.
    ///
    /// # Errors
    /// When no run, or more than one, is meant by `run`, or the store does not answer.
    pub fn inspect_among_others(&mut self, run: &str) -> Result<Run, QueryError> {
        let run = self.inspect(run)?;
        let Some(key) = self.store.run(run.id)? else { return Ok(run) };
        let mut past = Past::default();
        past.look_back(&mut *self.store, &[key])?;
        let changed = self.changes(key, &past)?.map(Box::new);
        Ok(Run { changed, still_differs: still_differs(key, &past), ..run })
    }
}

/// Returns in words, as a review says them, the changes that runs before this one made and that it still has: a fault that
/// lasts is no change since the run before. With how much they count as long as that is anything: the longer ago a change
/// was, the more harmless runs have it too.
fn still_differs(run: RunKey, past: &Past) -> Vec<String> {
    let Some(now) = past.run(run).map(|run| &run.facts) else { return Vec::new() };
    let told = |piece: &Evidence| {
        let words = words(piece);
        let short = without_factor(&words).filter(|_| !piece.counts());
        short.map(str::to_owned).unwrap_or(words)
    };
    lineage::lasting(now, &Earlier::whole(now, &past.all_before(run))).iter().map(told).collect()
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

/// Returns what a run wrote, when the content of all of it is known.
fn outputs(detail: &RunDetail) -> BTreeMap<String, String> {
    if detail.left_out.as_ref().is_some_and(|out| out.outputs > 0) {
        return BTreeMap::new();
    }
    let content = |write: &WriteDetail| match &write.version {
        Some(version @ VersionId::Content(_)) => Some((write.name.as_str().to_owned(), version.to_string())),
        _ => None,
    };
    detail.writes.iter().map(content).collect::<Option<_>>().unwrap_or_default()
}

fn faults(of: &Detail) -> Vec<Fault> {
    let (mut faults, detail) = (Vec::new(), &of.run);
    let rare = |message: String| Fault { message, is_rare: true };
    match detail.row.status {
        Status::Failed | Status::Cancelled | Status::Died => {
            let error = detail.row.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            faults.push(rare(format!("it {}{error}", detail.row.status.as_str())));
        }
        Status::Running | Status::Completed | Status::Unknown => {}
    }
    let is_local = |read: &&ReadDetail| matches!(read.seen, Some(VersionId::Content(_) | VersionId::Stat(_)));
    for (read, saw) in of.reads().filter(|(read, _)| is_local(read)) {
        if let Some(writer) = saw.last_writer {
            let message =
                format!("`{}` was changed by nobody recorded since run {} wrote it", read.name, writer.short());
            faults.push(rare(message));
        }
    }
    faults.extend(staleness_of(of).map(|stale| Fault { message: stale.message, is_rare: false }));
    faults
}

/// Returns a piece of evidence in words, with how much it counts; what speaks for a run is said without.
pub(super) fn words(piece: &Evidence) -> String {
    let found = match &piece.finding {
        Finding::Fault(message) => message.clone(),
        Finding::SameOutputs => return "wrote the same bytes as the run before".to_owned(),
        Finding::NoChange { is_habit: false } => return "nothing changed since the run before".to_owned(),
        Finding::NoChange { is_habit: true } => {
            return "nothing changed since the run before but what often does".to_owned();
        }
        Finding::Unusual { aspect, now, usual } => unusual(aspect, *now, usual),
        Finding::Changed { aspect, now, before, ago, times, of } => {
            let change = changed(aspect, now.as_ref(), before.as_ref());
            let since = match ago {
                0 => String::new(),
                1 => ", since the run before".to_owned(),
                ago => format!(", since {ago} runs before"),
            };
            match (times, of) {
                (_, 0) => format!("{change}{since}"),
                (times, of) => format!("{change}{since}; in the runs before it changed {times} of {of} times"),
            }
        }
    };
    format!("{found} (\u{d7}{})", rounded(piece.factor))
}

/// Returns in words what is out of line, if that is what was found.
pub(super) fn out_of_line(piece: &Evidence) -> Option<String> {
    match &piece.finding {
        Finding::Unusual { aspect, now, usual } => Some(unusual(aspect, *now, usual)),
        _ => None,
    }
}

/// Returns a number out of line in words.
fn unusual(aspect: &Aspect, now: f64, usual: &Usual) -> String {
    let of = match aspect {
        Aspect::Duration => return format!("took {}, usually {}", words::span(now), usual.words(words::span)),
        Aspect::Metric(name) => format!("measured {name} ="),
        Aspect::Profile { of, figure } => format!("{figure} of {of} was"),
        Aspect::Observed { name, figure } => format!("{figure} of the observed `{name}` was"),
        other => format!("{} was", other.field()),
    };
    format!("{of} {}, usually {}", digits(now), usual.words(digits))
}

/// Returns the words of a piece of evidence without how much it counts; `None` where it speaks for the run.
pub(super) fn without_factor(words: &str) -> Option<&str> {
    words.rsplit_once(" (\u{d7}").map(|(found, _)| found)
}

/// Returns a factor with two digits that count.
fn rounded(factor: f64) -> String {
    if factor >= 9.95 { format!("{factor:.0}") } else { format!("{factor:.1}") }
}

/// Returns a number with four digits that count.
fn digits(number: f64) -> String {
    lineage::rounded(number, 4).to_string()
}

/// Returns a value as people read it.
fn plain(value: Option<&Value>) -> String {
    value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default()
}

fn changed(aspect: &Aspect, now: Option<&Value>, before: Option<&Value>) -> String {
    let start = |value: Option<&Value>| plain(value).chars().take(DIGITS).collect::<String>();
    let version = |value: Option<&Value>| {
        let parsed: Option<VersionId> = value.and_then(Value::as_str).and_then(|text| text.parse().ok());
        let known = parsed.filter(|version| *version != VersionId::None);
        known.map_or_else(|| "of unknown content".to_owned(), |version| version.short(DIGITS))
    };
    let other = |what: &str| format!("another {what}: {}, before {}", plain(now), plain(before));
    match aspect {
        Aspect::Commit => format!("another commit: {}, before {}", start(now), start(before)),
        Aspect::WorkTree => "the work tree differed from the commit, before it did not".to_owned(),
        Aspect::Source => "another source text".to_owned(),
        Aspect::InWorkTree => "the work tree did not hold its source text, before it did".to_owned(),
        Aspect::Stale => other("age of what it read"),
        Aspect::Branch => other("branch"),
        Aspect::Host => other("host"),
        Aspect::User => other("user"),
        Aspect::Status => other("status"),
        Aspect::Duration => other("duration"),
        Aspect::Check(name) => format!("its check `{name}` {}, before it {}", plain(now), plain(before)),
        Aspect::Metric(name) => other(name),
        Aspect::Profile { of, figure } => other(&format!("{figure} of {of}")),
        Aspect::Observed { name, figure } => other(&format!("{figure} of the observed `{name}`")),
        Aspect::Input(name) => match (now, before) {
            (Some(_), None) => format!("read `{name}` ({}), before it did not", version(now)),
            (None, _) => format!("did not read `{name}`, before it did ({})", version(before)),
            (Some(_), Some(_)) => {
                format!("another version of its input `{name}`: {}, before {}", version(now), version(before))
            }
        },
        Aspect::Reads(place) => match now {
            Some(_) => format!("read `{place}`, before it did not"),
            None => format!("did not read `{place}`, before it did"),
        },
        Aspect::Component => "its component is new".to_owned(),
        Aspect::Parameter(name) => match (now, before) {
            (Some(_), Some(_)) => {
                let [now, before] = [plain(now), plain(before)];
                let [shown, former] = [words::beside(&now, Some(&before)), words::beside(&before, Some(&now))];
                format!("parameter `{name}` = {shown}, before {former}")
            }
            (Some(_), None) => {
                format!("parameter `{name}` = {}, before there was none", words::beside(&plain(now), None))
            }
            (None, _) => format!("no parameter `{name}`, before {}", words::beside(&plain(before), None)),
        },
    }
}
