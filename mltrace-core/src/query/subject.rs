//! What still holds the data of a subject: everything that was made from what took them in, and what became of it.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use super::on_disk::There;
use super::view::AT_ONCE;
use super::{QueryError, Reader};
use crate::config;
use crate::disk::FileKind;
use crate::lineage::{self, Written};
use crate::model::{DataSubject, RetractFact, RunId, Timestamp, Version, VersionId};
use crate::naming;
use crate::store::{Extent, Far, OutputRow, ProjectKey, RunKey, VersionKey};

/// The answer of `forget --subject`: what holds the data of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubjectHeld {
    /// The subject.
    pub subject: DataSubject,
    /// Since when it is retracted; `null` while it is not.
    pub retracted_at: Option<Timestamp>,
    /// By whom it was.
    pub retracted_by: Option<String>,
    /// Whether any version is live or there, or nobody knows of one, or the store has an output of a task that was made from
    /// the data: none is left only where this is false.
    pub is_left: bool,
    /// The runs that took its data in.
    pub taken_in_by: Vec<RunId>,
    /// What these read that no recorded run wrote. Which of it holds the data nobody said.
    pub sources: Vec<Version>,
    /// What was made from the data, what is left first.
    pub versions: Vec<HeldVersion>,
    /// The outputs of tasks that this store has from runs that took the data in or were downstream of these, by task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<HeldOutputs>,
}

/// Outputs of a task that were made from the data of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeldOutputs {
    /// The task.
    pub task: String,
    /// How many.
    pub count: u64,
    /// The runs that made them. Such a run takes its outputs along when it is taken back.
    pub made_by: Vec<RunId>,
}

/// A version that was made from the data of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeldVersion {
    /// The version.
    #[serde(flatten)]
    pub artifact: Version,
    /// The run that wrote it last, of those that took the data in or were downstream of these.
    pub written_by: RunId,
    /// Whether it is still around.
    pub state: HoldState,
    /// Why, in words.
    pub because: String,
    /// The aliases that point to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// Whether a version is still around.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HoldState {
    /// An alias points to it.
    Live,
    /// This disk holds it.
    There,
    /// Nobody can look.
    Unknown,
    /// It is not around any more.
    Gone,
}

impl HoldState {
    /// Returns it in one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::There => "there",
            Self::Unknown => "unknown",
            Self::Gone => "gone",
        }
    }
}

impl SubjectHeld {
    /// Returns in words whether any of it is left.
    #[must_use]
    pub fn says(&self) -> String {
        let all = self.versions.len();
        let count = |state| self.versions.iter().filter(|held| held.state == state).count();
        let made = match all {
            0 => String::new(),
            1 => "1 version was made from these data".to_owned(),
            all => format!("{all} versions were made from these data"),
        };
        let are_gone = if all == 1 { "it is gone" } else { "all are gone" };
        if !self.is_left {
            return match all {
                0 => "nothing that is recorded was made from these data".to_owned(),
                _ => format!("none is left: {made}, and {are_gone}"),
            };
        }
        let [live, there, unknown, gone] =
            [HoldState::Live, HoldState::There, HoldState::Unknown, HoldState::Gone].map(count);
        let versions = match all {
            0 => None,
            all if all == gone => Some(format!("{made}, and {are_gone}")),
            _ => Some(format!("{made}: {live} live, {there} there, {unknown} unknown, {gone} gone")),
        };
        [versions, self.outputs_say()].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// Returns in words how many outputs of tasks the store has, if any.
    fn outputs_say(&self) -> Option<String> {
        let count = self.outputs.iter().fold(0_u64, |sum, of| sum.saturating_add(of.count));
        let (outputs, are) = if count == 1 { ("output", "is") } else { ("outputs", "are") };
        match self.outputs.as_slice() {
            [] => None,
            [only] => Some(format!("{count} {outputs} of the task `{}` {are} in this store", only.task)),
            several => Some(format!("{count} {outputs} of {} tasks {are} in this store", several.len())),
        }
    }
}

/// Where somebody looks who asks what is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whereabouts<'h> {
    /// Nowhere: what lies on a disk is unknown.
    #[default]
    Nowhere,
    /// On this disk, which is that of the host of this name.
    Here(Option<&'h str>),
}

/// Who wrote a version, as far as it tells where that lay.
#[derive(Clone, Debug, Default)]
struct Writer {
    host: Option<String>,
    /// Nobody of this project recorded the run.
    is_imported: bool,
}

/// What lies under a name.
enum Lies {
    Content(VersionId),
    /// A folder of this content, among which things may be that lay there before.
    Folder(VersionId),
    Nothing,
    Unknown(String),
}

impl Reader<'_> {
    /// Returns what still holds the data of a subject.
    ///
    /// # Errors
    /// When no run took in data of such a subject, or the store does not answer.
    pub fn subject(&mut self, subject: &DataSubject, whereabouts: Whereabouts<'_>) -> Result<SubjectHeld, QueryError> {
        let unknown = || QueryError::NotFound { kind: "subject", name: subject.short().to_owned() };
        let project = self.project()?.ok_or_else(unknown)?;
        let taking = self.store.runs_of_subject(project, subject)?;
        let retracted: Option<RetractFact> =
            self.store.retracted(project)?.into_iter().find(|fact| fact.subject == *subject);
        if taking.is_empty() && retracted.is_none() {
            return Err(unknown());
        }
        // Another project lies elsewhere.
        let whereabouts = if self.chosen.is_none() { whereabouts } else { Whereabouts::Nowhere };
        let downstream = self.holding(&taking)?;
        let versions = self.versions_held(project, &downstream, whereabouts)?;
        let outputs = self.outputs_held(&downstream)?;
        let sources = self.sources(&taking)?;
        let ids = self.store.run_ids(&taking)?;
        let mut taken_in_by: Vec<RunId> = ids.values().copied().collect();
        taken_in_by.sort_unstable();
        let (retracted_at, retracted_by) = retracted.map_or((None, None), |fact| (Some(fact.at), fact.by));
        let is_left = !outputs.is_empty() || versions.iter().any(|held| held.state != HoldState::Gone);
        let subject = subject.clone();
        Ok(SubjectHeld { subject, retracted_at, retracted_by, is_left, taken_in_by, sources, versions, outputs })
    }

    /// Returns what runs read that no recorded run wrote, each once.
    fn sources(&mut self, runs: &[RunKey]) -> Result<Vec<Version>, QueryError> {
        let mut sources = Vec::new();
        self.each_view(runs, Extent::Edges, |_, run| {
            let unwritten = run.inputs.into_iter().filter(|input| input.written_by.is_none());
            sources.extend(unwritten.map(|input| Version { name: input.name, version: input.version }));
        })?;
        sources.sort_unstable_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
        sources.dedup();
        Ok(sources)
    }

    /// Returns the runs that took the data in, and all downstream of these.
    fn holding(&mut self, taking: &[RunKey]) -> Result<Vec<RunKey>, QueryError> {
        let roots = self.with_those_inside(taking.to_vec())?;
        Ok(self.store.downstream(&roots, Far::default())?.runs.into_iter().map(|(run, _)| run).collect())
    }

    /// Returns which outputs of tasks the store has from these runs. No file holds them, so nobody has to look elsewhere.
    fn outputs_held(&mut self, runs: &[RunKey]) -> Result<Vec<HeldOutputs>, QueryError> {
        let mut ids: Vec<RunId> = self.store.run_ids(runs)?.into_values().collect();
        ids.sort_unstable();
        let mut by_task: BTreeMap<String, HeldOutputs> = BTreeMap::new();
        for (run, task, count) in self.store.outputs_of_tasks(&ids)? {
            let held = by_task.entry(task.clone()).or_insert(HeldOutputs { task, count: 0, made_by: Vec::new() });
            held.count = held.count.saturating_add(count);
            held.made_by.push(run);
        }
        Ok(by_task.into_values().collect())
    }

    /// Returns what these runs wrote, with what became of it.
    fn versions_held(
        &mut self,
        project: ProjectKey,
        downstream: &[RunKey],
        whereabouts: Whereabouts<'_>,
    ) -> Result<Vec<HeldVersion>, QueryError> {
        let among: HashSet<RunKey> = downstream.iter().copied().collect();
        let written: Vec<Written<RunKey, VersionKey>> = self
            .store
            .outputs(downstream)?
            .into_iter()
            .map(|OutputRow { run, version, last }| {
                let (last_run, is_last) = last.unwrap_or((run, true));
                Written { run, version, last_run, is_last }
            })
            .collect();
        let overwritten: HashSet<VersionKey> =
            written.iter().filter(|write| !write.is_last).map(|write| write.version).collect();
        let states = lineage::states(|run| among.contains(run), &written);
        let names: HashMap<VersionKey, Version> =
            self.store.named(&states.iter().map(|(version, ..)| *version).collect::<Vec<_>>())?.into_iter().collect();
        let writers: Vec<RunKey> = states.iter().map(|(_, run, _)| *run).collect();
        let ids = self.store.run_ids(&writers)?;
        let origins = self.origins(&writers)?;
        let copied_from = self.store.own_place()?.and_then(|place| config::copied_from(&place, &self.home.folder));
        let live = self.live(project)?;
        let mut looked = HashMap::default();
        let mut held = Vec::with_capacity(states.len());
        for (version, run, _) in states {
            let (Some(artifact), Some(written_by)) = (names.get(&version).cloned(), ids.get(&run).copied()) else {
                continue;
            };
            let aliases = live.get(&artifact).cloned().unwrap_or_default();
            let writer = origins.get(&run).cloned().unwrap_or_default();
            let is_latest = !overwritten.contains(&version);
            let (state, because) = match aliases.first() {
                Some(alias) => (HoldState::Live, format!("`{alias}` points to it")),
                None => {
                    let asked = (whereabouts, &writer, copied_from.as_deref());
                    self.whether_around(&artifact, is_latest, asked, &mut looked)
                }
            };
            held.push(HeldVersion { artifact, written_by, state, because, aliases });
        }
        self.take_as_removed(&mut held)?;
        held.sort_by(|one, other| {
            let key = |held: &HeldVersion| (held.state, held.artifact.name.clone(), held.artifact.version.clone());
            key(one).cmp(&key(other))
        });
        Ok(held)
    }

    /// Returns where runs ran.
    fn origins(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, Writer>, QueryError> {
        let mut origins = HashMap::default();
        let mut once = runs.to_vec();
        once.sort_unstable();
        once.dedup();
        for some in once.chunks(AT_ONCE) {
            for run in self.store.details(some, Extent::Edges)? {
                origins.insert(run.key, Writer { host: run.host, is_imported: run.is_imported });
            }
        }
        Ok(origins)
    }

    /// Returns the aliases that point to each version now.
    fn live(&mut self, project: ProjectKey) -> Result<HashMap<Version, Vec<String>>, QueryError> {
        let mut last: HashMap<String, Option<Version>> = HashMap::default();
        last.extend(self.store.aliases(project)?.into_iter().map(|entry| (entry.alias, entry.artifact)));
        let mut live: HashMap<Version, Vec<String>> = HashMap::default();
        for (alias, version) in last.into_iter().filter_map(|(alias, version)| Some((alias, version?))) {
            live.entry(version).or_default().push(alias);
        }
        live.values_mut().for_each(|aliases| aliases.sort_unstable());
        Ok(live)
    }

    /// Returns whether a version that no alias points to is around, and why.
    fn whether_around(
        &self,
        Version { name, version }: &Version,
        is_latest: bool,
        (whereabouts, writer, copied_from): (Whereabouts<'_>, &Writer, Option<&str>),
        looked: &mut HashMap<String, Lies>,
    ) -> (HoldState, String) {
        let is_local = !naming::is_uri(name.as_str()) && matches!(version, VersionId::Content(_) | VersionId::Stat(_));
        if !is_local {
            return match version {
                VersionId::Declared(_) => (HoldState::Unknown, "nobody can look for a declared version".to_owned()),
                _ if is_latest => {
                    (HoldState::Unknown, "nobody can look, and nothing was written there since".to_owned())
                }
                _ => (HoldState::Gone, "it was written again since".to_owned()),
            };
        }
        let Whereabouts::Here(here) = whereabouts else {
            return (HoldState::Unknown, "nobody looked at a disk for this".to_owned());
        };
        let lies = looked.entry(name.as_str().to_owned()).or_insert_with(|| self.lies(name.as_str()));
        if let Lies::Content(found) | Lies::Folder(found) = lies
            && found == version
        {
            return (HoldState::There, "this disk holds it".to_owned());
        }
        let unknown = |why: String| (HoldState::Unknown, why);
        match (lies, writer.host.as_deref()) {
            (_, None) => unknown("nobody knows on which host it was written".to_owned()),
            (_, host @ Some(name)) if host != here => {
                unknown(format!("it was written on `{name}`, which is another host"))
            }
            // Names are relative to the project, and the one who asks may stand elsewhere.
            _ if !self.home.has_own_store() => {
                unknown("the store lies outside the project that is asked in: ask where the files are".to_owned())
            }
            _ if writer.is_imported => {
                unknown("its run was imported, and nobody knows in which folder it was written".to_owned())
            }
            _ if copied_from.is_some() => unknown(format!(
                "the store was copied from `{}`, and what was written there may still be",
                copied_from.unwrap_or_default()
            )),
            (Lies::Unknown(why), _) => unknown(why.clone()),
            (Lies::Content(_) | Lies::Folder(_), _) if matches!(version, VersionId::Stat(_)) && is_latest => {
                unknown("its content is not known".to_owned())
            }
            (Lies::Folder(_), _) => {
                unknown("something in the folder is another, and the rest may be what it was".to_owned())
            }
            (Lies::Content(_), _) => (HoldState::Gone, "something else lies there".to_owned()),
            (Lies::Nothing, _) => (HoldState::Gone, "nothing lies there".to_owned()),
        }
    }

    /// Returns what lies under a name of this project on this disk.
    fn lies(&self, name: &str) -> Lies {
        let path = self.home.root.join(naming::decode(name));
        let kind = match crate::disk::fingerprint::stat(&path) {
            Ok(None) => return Lies::Nothing,
            Err(error) => return Lies::Unknown(format!("it cannot be looked at: {error}")),
            Ok(Some(found)) => found.kind,
        };
        match self.look(&path) {
            There::Content(found) if kind == FileKind::Folder => Lies::Folder(found),
            There::Content(found) => Lies::Content(found),
            There::Large => Lies::Unknown("what lies there is too large to be read for this".to_owned()),
            There::Nothing => Lies::Unknown("what lies there cannot be read".to_owned()),
        }
    }
}
