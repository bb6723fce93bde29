//! What stands against a version.

use foldhash::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use super::name::Found;
use crate::model::{Check, RunId, Version, path_inside};
use crate::store::{LabelRow, RunKey, VersionKey};

/// What stands against a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Doubt {
    /// What it is.
    pub reason: DoubtReason,
    /// What is flagged, what the disk should hold, or the version that was made after a check that did not pass or below a cause.
    pub artifact: Version,
    /// The run whose check did not pass, or that has what the flagged ones share; absent for other reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The reason in words.
    pub message: String,
}

/// The kinds of doubts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DoubtReason {
    /// It is flagged itself.
    Flagged,
    /// Something in it is flagged.
    Inside,
    /// It was made from something that is flagged.
    Upstream,
    /// A check of the run that wrote it, or of one further up, did not pass, and what it made is not to be used.
    Check,
    /// The run that wrote it, or one further up, has what `review` says, strong or fair, that the flagged ones share.
    Cause,
    /// The run that wrote it wrote something else that is flagged.
    Beside,
    /// It is the latest version, and the disk holds something else or nothing in its place.
    Disk,
}

/// The runs that have what the flagged ones share, each with the rank of the likeliest cause and that cause in words.
pub(super) type Caused = HashMap<RunKey, (u32, (RunId, String))>;

/// What is known of all verdicts.
pub(super) struct Verdicts {
    pub(super) flagged: HashMap<VersionKey, LabelRow>,
    pub(super) ok: HashSet<VersionKey>,
    /// The runs that read what is flagged.
    pub(super) readers: HashMap<RunKey, Vec<VersionKey>>,
    /// The runs of which a check did not pass, warnings among them.
    pub(super) unchecked: HashSet<RunKey>,
    pub(super) caused: Caused,
}

/// What stands against what was made at a run or below it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Above {
    Read(VersionKey),
    Check(RunKey),
    Cause(RunKey),
}

/// Returns a check that did not pass in words.
pub(super) fn in_words(component: &str, run: RunId, check: &Check) -> String {
    let about = check.about.as_ref().map(|about| format!(" of `{about}`")).unwrap_or_default();
    let why = check.message.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("the check `{}`{about} of {component} (run {}) {}{why}", check.name, run.short(), check.outcome.as_str())
}

impl Verdicts {
    /// Returns what stands against a version, of what its makers wrote and of what was reached above them, the nearest first.
    /// That somebody looked at it and found it fine outweighs what is only inferred.
    pub(super) fn doubts_of(
        &self,
        of: &Found,
        (outputs, reached): (&[VersionKey], &[(u32, Above)]),
        failed: &HashMap<RunKey, Vec<(RunId, String)>>,
        limit: usize,
    ) -> Vec<Doubt> {
        let (mut seen, mut found) = (HashSet::default(), Vec::new());
        let own = of.key.and_then(|key| self.flagged.get(&key));
        found.extend(own.map(|label| doubt(DoubtReason::Flagged, label)));
        let is_ok = of.key.is_some_and(|key| self.ok.contains(&key));
        let (mut inside, mut beside) = (Vec::new(), Vec::new());
        for key in outputs.iter().filter(|key| Some(**key) != of.key) {
            let Some(label) = self.flagged.get(key).filter(|_| seen.insert(*key)) else { continue };
            match path_inside(of.version.name.as_str(), label.name.as_str()) {
                Some(_) => inside.push(doubt(DoubtReason::Inside, label)),
                None => beside.push(doubt(DoubtReason::Beside, label)),
            }
        }
        found.extend(inside.into_iter().take(limit));
        let (mut upstream, mut checks, mut causes) = (Vec::new(), Vec::new(), Vec::new());
        let mut met = HashSet::default();
        let of_run = |reason: DoubtReason, (run, message): &(RunId, String)| Doubt {
            reason,
            artifact: of.version.clone(),
            run: Some(*run),
            message: message.clone(),
        };
        for (_, above) in reached.iter().filter(|(_, above)| met.insert(*above)) {
            match above {
                Above::Read(key) if Some(*key) != of.key && seen.insert(*key) => {
                    upstream.extend(self.flagged.get(key).map(|label| doubt(DoubtReason::Upstream, label)));
                }
                Above::Read(_) => {}
                Above::Check(run) => {
                    let told = failed.get(run).into_iter().flatten();
                    checks.extend(told.map(|told| of_run(DoubtReason::Check, told)));
                }
                Above::Cause(run) => {
                    let told = self.caused.get(run).filter(|_| !is_ok);
                    causes.extend(told.map(|(rank, told)| (*rank, of_run(DoubtReason::Cause, told))));
                }
            }
        }
        beside.retain(|_| !is_ok);
        // The likeliest cause comes first, however near others are.
        causes.sort_by_key(|(rank, _)| *rank);
        let causes = causes.into_iter().map(|(_, cause)| cause).collect();
        found.extend([upstream, checks, causes, beside].into_iter().flat_map(|some| some.into_iter().take(limit)));
        found
    }

    /// Returns which runs read what is flagged, and what.
    pub(super) fn read_at(&self) -> Vec<(RunKey, Above)> {
        let read = self.readers.iter().flat_map(|(run, keys)| keys.iter().map(|key| (*run, Above::Read(*key))));
        read.collect()
    }
}

fn doubt(reason: DoubtReason, label: &LabelRow) -> Doubt {
    let artifact = Version { name: label.name.clone(), version: label.version_id.clone() };
    let what = match reason {
        DoubtReason::Upstream => format!("it was made from `{}`, which is flagged", label.name),
        DoubtReason::Inside => format!("`{}`, which lies in it, is flagged", label.name),
        DoubtReason::Beside => format!("`{}`, which the same run wrote, is flagged", label.name),
        DoubtReason::Flagged | DoubtReason::Check | DoubtReason::Cause | DoubtReason::Disk => {
            "it is flagged".to_owned()
        }
    };
    let by = label.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let why = label.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    Doubt { reason, artifact, run: None, message: format!("{what}{by}{why}") }
}
