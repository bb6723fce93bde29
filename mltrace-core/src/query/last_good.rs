//! The newest version of an artifact that nothing stands against.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use super::against::{Above, Caused, Doubt, DoubtReason, Verdicts, in_words};
use super::measures::last_checks;
use super::name::Found;
use super::sibling::Sibling;
use super::verify::{DiskState, VerifyOptions};
use super::{QueryError, Reader};
use crate::lineage;
use crate::model::{ArtifactName, Outcome, RunId, Severity, Timestamp, Verdict, Version, VersionId};
use crate::store::{RunKey, RunSelection, Told, VersionAt, VersionKey, WhatOfRuns};

/// How many versions are looked at, the newest.
const VERSIONS: usize = 500;
/// How often it is asked what earlier runs wrote in the place of a version.
const STEPS_BACK: usize = 64;
/// How many flags upstream of one version are reported.
const FLAGS: usize = 10;
/// How many are reported where one version is asked of.
const FLAGS_OF_ONE: usize = 100;
/// How many times as many versions are looked at next when something stands against all before.
const GROWTH: usize = 4;

/// The answer of `last-good`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LastGood {
    /// The artifact.
    pub name: ArtifactName,
    /// The newest version that nothing stands against, else the newest of what earlier runs wrote in its place; `None`: there
    /// is none among those that were looked at.
    pub good: Option<GoodVersion>,
    /// The newer ones, the newest first, with what stands against each.
    pub newer: Vec<DoubtedVersion>,
    /// Whether older ones were not looked at, because all of so many are doubted.
    pub is_cut: bool,
}

/// A version that nothing stands against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GoodVersion {
    /// What it is called, where that is another name: an earlier run wrote it in the place of the artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ArtifactName>,
    /// The version.
    pub version: VersionId,
    /// The run that last wrote it.
    pub written_by: RunId,
    /// When.
    pub written_at: Timestamp,
    /// Whether somebody looked at it and found it fine.
    pub is_ok: bool,
    /// How the disk compares with it; `None` where that was not asked.
    pub disk: Option<DiskState>,
    /// What else its run wrote that is flagged: a mark, by which it is not passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Doubt>,
}

/// A version that something stands against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DoubtedVersion {
    /// What it is called, where that is another name: an earlier run wrote it in the place of the artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ArtifactName>,
    /// The version.
    pub version: VersionId,
    /// The run that last wrote it.
    pub written_by: RunId,
    /// When.
    pub written_at: Timestamp,
    /// What stands against it.
    pub against: Vec<Doubt>,
}

/// A version that was looked at, with its name, and what stands against it.
struct Looked {
    version: GoodVersion,
    /// Whether the disk is to hold it.
    is_latest: bool,
    against: Vec<Doubt>,
}

impl Reader<'_> {
    /// Returns the newest version of an artifact, of those written by `as_of`, that is not flagged and was made from nothing
    /// that is, by runs whose checks passed and that have nothing that `review` relies on as a cause, and what stands against each newer one. With `disk` the latest version must lie on
    /// this disk, too. Where something stands against all of them, or none was written by then, the same is reported of what
    /// earlier runs wrote in its place under other names, as `diff` finds it: what is written once has no earlier version.
    ///
    /// # Errors
    /// When no such artifact is known, neither it nor anything in its place was seen by then, or the store does not answer.
    pub fn last_good(
        &mut self,
        artifact: &str,
        as_of: Option<Timestamp>,
        disk: Option<&VerifyOptions<'_>>,
    ) -> Result<LastGood, QueryError> {
        let (found, not_yet) = match self.find_version(artifact, as_of) {
            // What is written once was written later, and others stood in its place.
            Err(error @ QueryError::NotYet { .. }) => (self.find_version(artifact, None)?, Some(error)),
            found => (found?, None),
        };
        let mut versions: Vec<VersionAt> = Vec::new();
        let most = VERSIONS.saturating_add(1);
        self.store.versions(found.artifact, as_of.unwrap_or(Timestamp::MAX), (None, most), &mut |version| {
            versions.push(version);
            true
        })?;
        let is_cut = versions.len() > VERSIONS;
        versions.truncate(VERSIONS);
        let own = self.written_versions(&found, &versions)?;
        let unchecked = self.all_unchecked()?;
        let verdicts = Verdicts { caused: self.caused()?, ..self.all_verdicts(unchecked)? };
        let name = found.version.name.clone();
        let mut looked_at: Vec<Looked> = Vec::new();
        let how = (as_of, disk.is_some(), &verdicts);
        let mut is_cut = is_cut;
        if !self.look_back(&mut looked_at, own, how)? && !is_cut {
            is_cut = self.look_beside(&mut looked_at, found, how)?;
        }
        if let Some(error) = not_yet.filter(|_| looked_at.is_empty()) {
            return Err(error);
        }
        if let Some(options) = disk {
            // What follows asks the store nothing, and reads files for as long as it takes.
            self.store.let_go();
            self.compare_with_disk(&mut looked_at, options);
        }
        let mut answer = LastGood { name, good: None, newer: Vec::new(), is_cut: false };
        for Looked { mut version, against, .. } in looked_at {
            version.name = version.name.filter(|name| *name != answer.name);
            if against.is_empty() {
                answer.good = Some(version);
                return Ok(answer);
            }
            let GoodVersion { name, version, written_by, written_at, beside, .. } = version;
            let against = [against, beside].concat();
            answer.newer.push(DoubtedVersion { name, version, written_by, written_at, against });
        }
        answer.is_cut = is_cut;
        Ok(answer)
    }

    /// Goes back through what earlier runs wrote in the place of a version, under other names; returns whether there is more
    /// than it looked at.
    fn look_beside(
        &mut self,
        looked_at: &mut Vec<Looked>,
        mut from: Found,
        how: (Option<Timestamp>, bool, &Verdicts),
    ) -> Result<bool, QueryError> {
        let (name, by) = (from.version.name.clone(), how.0.unwrap_or(Timestamp::MAX));
        for _ in 0..STEPS_BACK {
            let mut others = self.siblings(&from)?.found;
            let at = |of: &Found| of.written.map(|(_, at)| at);
            let Some(oldest) = others.iter().map(|other| &other.found).min_by_key(|other| at(other)) else {
                return Ok(false);
            };
            let is_further = at(oldest) < at(&from);
            from = oldest.clone();
            others.retain(|other| other.found.version.name != name && at(&other.found).is_some_and(|at| at <= by));
            if self.look_back(looked_at, others, how)? || !is_further {
                return Ok(false);
            }
            if looked_at.len() >= VERSIONS {
                return Ok(true);
            }
        }
        Ok(true)
    }

    /// Goes back through what was written, the newest first, to the first that nothing stands against; returns whether there is
    /// one.
    fn look_back(
        &mut self,
        looked_at: &mut Vec<Looked>,
        written: Vec<Sibling>,
        (as_of, asks_disk, verdicts): (Option<Timestamp>, bool, &Verdicts),
    ) -> Result<bool, QueryError> {
        let (mut rest, mut at_once) = (written.into_iter(), 1_usize);
        loop {
            let some: Vec<Sibling> = rest.by_ref().take(at_once).collect();
            if some.is_empty() {
                return Ok(false);
            }
            at_once = at_once.saturating_mul(GROWTH);
            let doubts = self.in_passing(|reader| {
                let versions: Vec<&Found> = some.iter().map(|sibling| &sibling.found).collect();
                reader.doubts_above(&versions, (as_of, FLAGS), verdicts)
            })?;
            let mut is_found = false;
            for (Sibling { found, written_by }, against) in some.into_iter().zip(doubts) {
                let Found { key, artifact, version: Version { name, version }, written, .. } = found;
                let Some((_, written_at)) = written else { continue };
                let is_latest = asks_disk
                    && self.store.latest(artifact, Timestamp::MAX)?.is_some_and(|latest| latest.id == version);
                let (beside, against): (Vec<Doubt>, Vec<Doubt>) =
                    against.into_iter().partition(|doubt| doubt.reason == DoubtReason::Beside);
                // The disk may stand against the latest, and the next one is looked for while the store is.
                is_found |= against.is_empty() && !is_latest;
                let is_ok = key.is_some_and(|key| verdicts.ok.contains(&key));
                let version =
                    GoodVersion { name: Some(name), version, written_by, written_at, is_ok, disk: None, beside };
                looked_at.push(Looked { version, is_latest, against });
            }
            if is_found {
                return Ok(true);
            }
        }
    }

    /// Lets the disk speak against the latest version under each name, which it is to hold, and mentions the first that nothing
    /// stands against whether it still does.
    fn compare_with_disk(&self, looked_at: &mut [Looked], options: &VerifyOptions<'_>) {
        for Looked { version: of, is_latest, against } in looked_at {
            let Some(name) = of.name.clone().filter(|_| *is_latest || against.is_empty()) else { continue };
            let state = self.disk_state(&name, &of.version, of.written_by, options);
            if *is_latest && state.is_wrong() {
                let there = if state == DiskState::Missing { "holds nothing" } else { "holds something else" };
                let message = format!("the disk {there} in its place");
                let artifact = Version { name, version: of.version.clone() };
                against.push(Doubt { reason: DoubtReason::Disk, artifact, run: None, message });
            }
            of.disk = Some(state);
            if against.is_empty() {
                break;
            }
        }
    }

    /// Returns what is flagged of a version, of what lies in it and of what it was made from, the nearest first, and whether
    /// there is more.
    pub(super) fn flags_on(&mut self, found: &Found) -> Result<(Vec<Doubt>, bool), QueryError> {
        // What was checked of it is asked by itself.
        let verdicts = self.all_verdicts(HashSet::default())?;
        let above = self.doubts_above(&[found], (None, FLAGS_OF_ONE.saturating_add(1)), &verdicts)?;
        let mut doubts = above.into_iter().next().unwrap_or_default();
        doubts.retain(|doubt| doubt.reason != DoubtReason::Beside);
        let is_cut = doubts.len() > FLAGS_OF_ONE;
        doubts.truncate(FLAGS_OF_ONE);
        Ok((doubts, is_cut))
    }

    /// Returns those of the versions of an artifact that somebody wrote, with the id of the run that did last.
    fn written_versions(&mut self, of: &Found, versions: &[VersionAt]) -> Result<Vec<Sibling>, QueryError> {
        let writers: Vec<RunKey> = versions.iter().filter_map(|version| Some(version.written?.0)).collect();
        let ids = self.store.run_ids(&writers)?;
        let written = |version: &VersionAt| {
            let written = version.written?;
            let id = *ids.get(&written.0)?;
            let whole = Version { name: of.version.name.clone(), version: version.id.clone() };
            let (key, artifact, written) = (version.key, of.artifact, Some(written));
            let found = Found { key, artifact, version: whole, written, beside: Vec::new() };
            Some(Sibling { found, written_by: id })
        };
        Ok(versions.iter().filter_map(written).collect())
    }

    /// Returns the runs that have a check that did not pass.
    fn all_unchecked(&mut self) -> Result<HashSet<RunKey>, QueryError> {
        let Some(project) = self.project()? else { return Ok(HashSet::default()) };
        let all = self.store.measured(project, &RunSelection::default(), WhatOfRuns::FailedCheck)?;
        Ok(all.into_iter().collect())
    }

    fn all_verdicts(&mut self, unchecked: HashSet<RunKey>) -> Result<Verdicts, QueryError> {
        let (mut flagged, mut ok) = (HashMap::default(), HashSet::default());
        let mut readers: HashMap<RunKey, Vec<VersionKey>> = HashMap::default();
        let Some(project) = self.project()? else {
            return Ok(Verdicts { flagged, ok, readers, unchecked, caused: HashMap::default() });
        };
        for label in self.store.labels(project, true)? {
            match label.verdict {
                Verdict::Ok => drop(ok.insert(label.version)),
                Verdict::Flagged => {
                    if let Some(artifact) = self.store.artifact(project, label.name.as_str())? {
                        for run in self.store.read_by(artifact, &label.version_id)? {
                            readers.entry(run).or_default().push(label.version);
                        }
                    }
                    flagged.insert(label.version, label);
                }
                Verdict::None => {}
            }
        }
        Ok(Verdicts { flagged, ok, readers, unchecked, caused: HashMap::default() })
    }

    /// Returns the runs that have what `review` says, strong or fair, that the flagged ones share, each with the likeliest
    /// cause in words.
    fn caused(&mut self) -> Result<Caused, QueryError> {
        let mut first: BTreeMap<RunId, (u32, String)> = BTreeMap::new();
        for fact in self.facts_to_rely_on()? {
            for run in &fact.runs {
                first.entry(*run).or_insert_with(|| {
                    let (of, says, strength) = (&fact.component, fact.says(), fact.strength.as_str());
                    let words = format!("{of} (run {}) {says}: {}, {strength} by `review`", run.short(), fact.counts());
                    (fact.rank, words)
                });
            }
        }
        let mut caused = HashMap::default();
        for (run, (rank, words)) in first {
            caused.extend(self.store.run(run)?.map(|key| (key, (rank, (run, words)))));
        }
        Ok(caused)
    }

    /// Returns what is flagged of each version, of what lies in it and of what it was made from, and which checks did not
    /// pass on the way, the nearest first: one walk for all of them.
    fn doubts_above(
        &mut self,
        versions: &[&Found],
        (as_of, limit): (Option<Timestamp>, usize),
        verdicts: &Verdicts,
    ) -> Result<Vec<Vec<Doubt>>, QueryError> {
        if verdicts.flagged.is_empty() && verdicts.unchecked.is_empty() {
            return Ok(versions.iter().map(|_| Vec::new()).collect());
        }
        let mut makers: Vec<Vec<RunKey>> = Vec::with_capacity(versions.len());
        for version in versions {
            makers.push(self.makers(version, as_of)?);
        }
        let all = makers.concat();
        let mut written: HashMap<RunKey, Vec<VersionKey>> = HashMap::default();
        for (run, version) in self.store.written(&all)? {
            written.entry(run).or_default().push(version);
        }
        let edges = self.store.pairs_upstream(&all)?;
        // What a version is itself, and what lies in it, is reported first, and not twice.
        let failed = self.failed_checks(&edges, &all, &verdicts.unchecked)?;
        let found = verdicts.read_at().into_iter().chain(failed.keys().map(|run| (*run, Above::Check(*run))));
        let found = found.chain(verdicts.caused.keys().map(|run| (*run, Above::Cause(*run))));
        let mut found: Vec<(RunKey, Above)> = found.collect();
        found.sort_unstable();
        let above = lineage::nearest(&found, &edges, limit.saturating_mul(4).saturating_add(2));
        let doubts = versions.iter().zip(&makers).map(|(version, makers)| {
            let outputs: Vec<VersionKey> =
                makers.iter().filter_map(|maker| written.get(maker)).flatten().copied().collect();
            let mut reached: Vec<(u32, Above)> =
                makers.iter().filter_map(|maker| above.get(maker)).flatten().copied().collect();
            reached.sort_by_key(|(distance, _)| *distance);
            verdicts.doubts_of(version, (&outputs, &reached), &failed, limit)
        });
        Ok(doubts.collect())
    }
}

impl Reader<'_> {
    /// Returns the checks that did not pass, in words, of those runs upstream and of those that wrote something. That of
    /// which a run only warns does not count.
    fn failed_checks(
        &mut self,
        edges: &[(RunKey, RunKey)],
        makers: &[RunKey],
        unchecked: &HashSet<RunKey>,
    ) -> Result<HashMap<RunKey, Vec<(RunId, String)>>, QueryError> {
        let all = edges.iter().flat_map(|(from, to)| [from, to]).chain(makers);
        let runs: HashSet<RunKey> = all.filter(|run| unchecked.contains(run)).copied().collect();
        let runs: Vec<RunKey> = runs.into_iter().collect();
        let mut failed = HashMap::default();
        if runs.is_empty() {
            return Ok(failed);
        }
        let mut found = self.store.measures(&runs, Told::NONE, Told::All)?;
        for of in self.store.run_names(&runs)? {
            let mut checks = last_checks(found.remove(&of.key).unwrap_or_default().checks);
            checks.retain(|check| check.outcome != Outcome::Passed && check.severity == Severity::Error);
            let told = checks.iter().map(|check| (of.id, in_words(&of.component, of.id, check)));
            failed.insert(of.key, told.collect());
        }
        failed.retain(|_, checks: &mut Vec<(RunId, String)>| !checks.is_empty());
        Ok(failed)
    }
}
