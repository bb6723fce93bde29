//! What stands around a run or a version: where a page leads to from it, and what it is compared with.

use foldhash::HashMap;

use super::difference::{Difference, Since};
use super::past::{EARLIER, Past};
use super::{QueryError, Reader, Versions};
use crate::lineage;
use crate::model::{ArtifactName, Profile, RunId, VersionId};
use crate::store::{Extent, Far, Profiles, Reached, RunKey};

/// How many runs before a run, and how many after it, are named.
const NEAR: usize = 20;

/// What a run is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against<'a> {
    /// The last run before it that it can be compared with.
    Previous,
    /// The last run of its component before it of which somebody found an output fine.
    Ok,
    /// A run: its id, a unique prefix or suffix of it, or `latest`.
    Run(&'a str),
}

/// A run by its id and component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRun {
    /// The run.
    pub run: RunId,
    /// Its component.
    pub component: String,
}

/// What stands around a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The run of its component before it.
    pub previous: Option<RunId>,
    /// The one after it.
    pub next: Option<RunId>,
    /// The last one before it of which somebody found an output fine.
    pub last_ok: Option<RunId>,
    /// The first runs that wrote what it read.
    pub read_from: Vec<NamedRun>,
    /// The first runs that read what it wrote.
    pub read_by: Vec<NamedRun>,
    /// How many those are.
    pub readers: usize,
}

/// What is known of a version beside who wrote it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AboutVersion {
    /// The size of its content in bytes.
    pub size: Option<u64>,
    /// How many runs read it.
    pub readers: usize,
    /// What is in it, where that was recorded.
    pub profile: Option<Profile>,
}

impl Reader<'_> {
    /// Returns what stands around a run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn around(&mut self, run: RunId) -> Result<Around, QueryError> {
        let Some(key) = self.store.run(run)? else { return Ok(Around::default()) };
        let earlier = self.before(key)?;
        let own = self.store.run_names(&[key])?.pop();
        let next = match own.as_ref().and_then(|own| Some((own.component_key, own.started_at?))) {
            Some((component, at)) => self.store.next(component, at, 1)?.pop(),
            None => None,
        };
        let near = Far { depth: Some(1), ..Far::default() };
        let others = |reached: Reached| -> Vec<RunKey> {
            reached.runs.into_iter().map(|(run, _)| run).filter(|run| *run != key).collect()
        };
        let mut from = others(self.store.upstream(&[key], near)?);
        from.truncate(NEAR);
        let readers = others(self.store.downstream(&[key], near)?);
        let last_ok = self.found_ok(&earlier)?;
        let shown = readers.get(..NEAR.min(readers.len())).unwrap_or_default();
        let (read_from, read_by) = (self.named_runs(&from)?, self.named_runs(shown)?);
        let beside: Vec<RunKey> = earlier.first().copied().into_iter().chain(next).chain(last_ok).collect();
        let ids = self.store.run_ids(&beside)?;
        let id = |key: Option<RunKey>| key.and_then(|key| ids.get(&key).copied());
        Ok(Around {
            previous: id(earlier.first().copied()),
            next: id(next),
            last_ok: id(last_ok),
            read_from,
            read_by,
            readers: readers.len(),
        })
    }

    /// Returns the runs of its component before a run, the latest first.
    fn before(&mut self, run: RunKey) -> Result<Vec<RunKey>, QueryError> {
        Ok(self.store.earlier(&[run], EARLIER)?.into_iter().map(|(_, earlier)| earlier).collect())
    }

    /// Returns the first of these of which somebody found an output fine.
    fn found_ok(&mut self, runs: &[RunKey]) -> Result<Option<RunKey>, QueryError> {
        let Some(project) = self.project()? else { return Ok(None) };
        let ok = self.ok_versions(project)?;
        self.last_ok(runs, &ok)
    }

    fn named_runs(&mut self, runs: &[RunKey]) -> Result<Vec<NamedRun>, QueryError> {
        let names = self.store.run_names(runs)?;
        Ok(names.into_iter().map(|name| NamedRun { run: name.id, component: name.component }).collect())
    }

    /// Returns what a run has otherwise than another one; `None` where there is no such other.
    ///
    /// # Errors
    /// When no run, or more than one, is meant, or the store does not answer.
    pub fn changed_against(&mut self, run: RunId, against: Against<'_>) -> Result<Option<Since>, QueryError> {
        let Some(key) = self.store.run(run)? else { return Ok(None) };
        let mut past = Past::default();
        let other = match against {
            Against::Previous => {
                past.look_back(&mut *self.store, &[key])?;
                return self.changes(key, &past);
            }
            Against::Ok => {
                let earlier = self.before(key)?;
                self.found_ok(&earlier)?
            }
            Against::Run(text) => {
                let id = self.run_id(text)?;
                self.store.run(id)?
            }
        };
        let Some(other) = other else { return Ok(None) };
        past.learn(&mut *self.store, &[other, key])?;
        self.changes_since(key, other, &past)
    }

    /// Returns what was measured and checked otherwise in a run than in another one: what came of what it has otherwise.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn measured_against(&mut self, run: RunId, other: RunId) -> Result<Vec<Difference>, QueryError> {
        let (Some(now), Some(then)) = (self.store.run(run)?, self.store.run(other)?) else { return Ok(Vec::new()) };
        let mut past = Past::default();
        past.learn(&mut *self.store, &[then, now])?;
        let (Some(now), Some(then)) = (past.run(now), past.run(then)) else { return Ok(Vec::new()) };
        let effects = lineage::effects(&then.facts.aspects, &now.facts.aspects).into_iter();
        let difference = |lineage::Change { aspect, values: [a, b] }| Difference {
            component: Some(now.component.clone()),
            field: aspect.field(),
            a,
            b,
            runs: [Some(other), Some(run)],
            source_diff: None,
        };
        Ok(effects.map(difference).collect())
    }

    /// Returns what is known of each of these versions.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn about_versions(&mut self, of: &Versions) -> Result<Vec<AboutVersion>, QueryError> {
        let artifact = self.find_version(of.name.as_str(), None)?.artifact;
        let sizes = self.sizes_of(&of.name, of.versions.iter().filter_map(|version| version.written_by))?;
        let mut about = Vec::with_capacity(of.versions.len());
        for version in &of.versions {
            let readers = self.store.read_by(artifact, &version.version)?.len();
            let profile = self.store.profiles(Profiles::Of(&version.version))?.pop().map(|fact| fact.profile);
            let size = version.written_by.and_then(|run| sizes.get(&(run, version.version.clone())).copied());
            about.push(AboutVersion { size, readers, profile });
        }
        Ok(about)
    }

    /// Returns how many bytes these runs wrote of an artifact, by version.
    fn sizes_of(
        &mut self,
        name: &ArtifactName,
        runs: impl Iterator<Item = RunId>,
    ) -> Result<HashMap<(RunId, VersionId), u64>, QueryError> {
        let mut keys = Vec::new();
        for run in runs {
            keys.extend(self.store.run(run)?);
        }
        let details = self.store.details(&keys, Extent::Edges)?;
        let of_run = details.into_iter().flat_map(|detail| {
            let id = detail.row.id;
            let own = detail.writes.into_iter().filter(|write| write.name == *name);
            own.filter_map(move |write| Some(((id, write.version?), write.size?)))
        });
        Ok(of_run.collect())
    }
}
