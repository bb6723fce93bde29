//! What was made from a version, by a run, or by a component.

use std::cell::RefCell;

use foldhash::{HashMap, HashSet};
use serde::{Serialize, Serializer};

use super::answer::{Impact, ImpactRoot, ImpactState, Impacted, Run, RunAtDepth};
use super::told::{self, Tell, TellError, Told};
use super::view::AT_ONCE;
use super::{QueryError, Reader};
use crate::lineage::{self, Written};
use crate::model::{RunId, Version};
use crate::store::{Extent, Far, OutputRow, RunKey, RunSelection, VersionKey, WriteKey};

/// What an impact is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImpactOf<'q> {
    /// A version: `NAME`, the latest, or `NAME@VERSION`.
    Artifact(&'q str),
    /// A run: its id, a unique start or end of it, or `latest`.
    Run(&'q str),
    /// All runs of a component, or those at a commit.
    Component {
        /// The component.
        name: &'q str,
        /// The commit, or how it begins.
        commit: Option<&'q str>,
    },
}

/// Where an impact begins.
struct Roots {
    root: ImpactRoot,
    /// The version that was asked of.
    version: Option<VersionKey>,
    runs: Vec<RunKey>,
    /// How far the first runs are from what was asked.
    depth: u32,
}

/// What is downstream, before anything of it is shown.
struct Downstream {
    root: ImpactRoot,
    version: Option<VersionKey>,
    /// All runs with how far they are.
    runs: Vec<(RunKey, u32)>,
    /// How many of them are shown, the nearest: they come first, by their keys.
    shown: usize,
}

/// What the line of a version says of the run that wrote it, for all runs that are shown.
#[derive(Default)]
struct Writers {
    runs: HashMap<RunKey, (RunId, u32, Option<u32>)>,
    /// Each once, for few own much.
    owners: Vec<String>,
    places: HashMap<String, u32>,
}

/// The answer while it is found.
#[derive(Serialize)]
struct ToldImpact<'t> {
    root: &'t ImpactRoot,
    runs: Told<'t, RunAtDepth>,
    artifacts: Told<'t, Impacted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_cut: Option<bool>,
}

/// What became of a version, how far the run is that wrote it last, and both their keys.
type Line = (ImpactState, u32, VersionKey, RunKey);

impl Downstream {
    fn is_cut(&self) -> bool {
        self.runs.len() > self.shown
    }
}

impl Writers {
    fn impacted(&self, (state, .., run): &Line, Version { name, version }: Version) -> Option<Impacted> {
        let (written_by, _, owner) = *self.runs.get(run)?;
        let owner = owner.and_then(|place| self.owners.get(usize::try_from(place).ok()?)).cloned();
        Some(Impacted { name, version, written_by, state: *state, owner })
    }

    fn add(&mut self, key: RunKey, depth: u32, run: &Run) {
        let owner = run.owner.as_ref().map(|owner| {
            let next = u32::try_from(self.owners.len()).unwrap_or(u32::MAX);
            *self.places.entry(owner.clone()).or_insert_with(|| {
                self.owners.push(owner.clone());
                next
            })
        });
        self.runs.insert(key, (run.id, depth, owner));
    }
}

impl Reader<'_> {
    /// Returns everything downstream of what is asked: runs by depth, and what they wrote, with what became of it.
    ///
    /// # Errors
    /// When no such artifact, version, run, component or commit is known, or the store does not answer.
    pub fn impact(&mut self, of: &ImpactOf<'_>) -> Result<Impact, QueryError> {
        self.impact_of_nearest(of, usize::MAX).map(|(impact, _)| impact)
    }

    /// Returns what `impact` does, of the `most` nearest runs, and whether there are more of them.
    ///
    /// # Errors
    /// As `impact`.
    pub fn impact_of_nearest(&mut self, of: &ImpactOf<'_>, most: usize) -> Result<(Impact, bool), QueryError> {
        let downstream = self.all_downstream(of, most)?;
        let (mut writers, mut runs, mut artifacts) = (Writers::default(), Vec::new(), Vec::new());
        self.each_run(&downstream, &mut writers, &mut |run| {
            runs.push(run);
            true
        })?;
        self.each_impacted(&downstream, &writers, &mut |impacted| {
            artifacts.push(impacted);
            true
        })?;
        let is_cut = downstream.is_cut();
        Ok((Impact { root: downstream.root, runs, artifacts }, is_cut))
    }

    /// Writes what `impact` returns while it is found; or, of the `most` nearest runs, what `impact` returns of them and
    /// `is_cut`, whether there are more.
    ///
    /// # Errors
    /// As `impact`, and when nothing more can be written.
    pub fn tell_impact<S: Serializer>(
        &mut self,
        of: &ImpactOf<'_>,
        most: Option<usize>,
        to: S,
    ) -> Result<S::Ok, TellError<S::Error>> {
        let downstream = self.all_downstream(of, most.unwrap_or(usize::MAX))?;
        let failure = RefCell::new(None);
        let state = RefCell::new((self, Writers::default()));
        let runs = Told::new(&failure, |tell| {
            let (reader, writers) = &mut *state.borrow_mut();
            reader.each_run(&downstream, writers, tell)
        });
        let artifacts = Told::new(&failure, |tell| {
            let (reader, writers) = &mut *state.borrow_mut();
            reader.each_impacted(&downstream, writers, tell)
        });
        let is_cut = most.map(|_| downstream.is_cut());
        told::tell(&ToldImpact { root: &downstream.root, runs, artifacts, is_cut }, &failure, to)
    }

    /// Returns what is downstream; of the runs at most so many are shown.
    fn all_downstream(&mut self, of: &ImpactOf<'_>, most: usize) -> Result<Downstream, QueryError> {
        let Roots { root, version, runs: roots, depth: first } = self.roots(of)?;
        // What became of a version is reported by all runs downstream, whether they are shown or not.
        let mut runs = self.store.downstream(&roots, Far::default())?.runs;
        for (_, depth) in &mut runs {
            *depth = depth.saturating_add(first);
        }
        let shown = runs.len().min(most);
        if let Some(shown) = runs.get_mut(..shown) {
            shown.sort_unstable();
        }
        Ok(Downstream { root, version, runs, shown })
    }

    /// Reports the runs that are shown: by depth, then start, then id.
    fn each_run(
        &mut self,
        downstream: &Downstream,
        writers: &mut Writers,
        tell: Tell<'_, RunAtDepth>,
    ) -> Result<(), QueryError> {
        let shown = downstream.runs.get(..downstream.shown).unwrap_or_default();
        let keys: Vec<RunKey> = shown.iter().map(|(run, _)| *run).collect();
        let began = self.store.moments(&keys)?.into_iter().zip(shown);
        let mut order: Vec<_> = began.map(|((at, id, run), (_, depth))| (*depth, at, id, run)).collect();
        drop(keys);
        order.sort_unstable();
        writers.runs.reserve(order.len());
        for some in order.chunks(AT_ONCE) {
            let keys: Vec<RunKey> = some.iter().map(|(.., run)| *run).collect();
            let (mut some, mut goes_on) = (some.iter(), true);
            self.in_passing(|reader| {
                reader.each_view(&keys, Extent::Listed, |key, run| {
                    // A run whose start has not arrived yet is reached, and not shown.
                    let Some((depth, ..)) = some.find(|(.., run)| *run == key) else { return };
                    writers.add(key, *depth, &run);
                    goes_on = goes_on && tell(RunAtDepth { run, depth: *depth });
                })
            })?;
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// Says what the runs that are shown wrote last: by what became of it, then by depth and name.
    fn each_impacted(
        &mut self,
        downstream: &Downstream,
        writers: &Writers,
        tell: Tell<'_, Impacted>,
    ) -> Result<(), QueryError> {
        let mut found = self.became(downstream, writers)?;
        found.sort_unstable();
        for like in found.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            let versions: Vec<VersionKey> = like.iter().map(|(.., version, _)| *version).collect();
            let mut named = self.in_passing(|reader| Ok(reader.store.named(&versions)?))?;
            named.sort_unstable_by(|(_, a), (_, b)| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
            let mut impacted = named.into_iter().filter_map(|(key, version)| {
                let place = like.binary_search_by_key(&key, |(.., version, _)| *version).ok()?;
                writers.impacted(like.get(place)?, version)
            });
            if !impacted.all(&mut *tell) {
                break;
            }
        }
        Ok(())
    }

    /// Returns what became of each version that a run wrote which is shown, how far that run is, and which it is.
    fn became(&mut self, downstream: &Downstream, writers: &Writers) -> Result<Vec<Line>, QueryError> {
        let mut keys: Vec<RunKey> = downstream.runs.iter().map(|(run, _)| *run).collect();
        let written: Vec<Written<RunKey, VersionKey>> = self
            .store
            .outputs(&keys)?
            .into_iter()
            .filter_map(|OutputRow { run, version, last }| {
                let (last_run, is_last) = last?;
                Some(Written { run, version, last_run, is_last })
            })
            .collect();
        keys.sort_unstable();
        let states = lineage::states(|run| keys.binary_search(run).is_ok(), &written).into_iter();
        let others = states.filter(|(version, ..)| downstream.version != Some(*version));
        let line = |(version, run, state)| Some((state, writers.runs.get(&run)?.1, version, run));
        Ok(others.filter_map(line).collect())
    }

    /// Adds the runs inside these that wrote what these only named: what was made from it was made by these.
    pub(super) fn with_those_inside(&mut self, mut runs: Vec<RunKey>) -> Result<Vec<RunKey>, QueryError> {
        let known: HashSet<RunKey> = runs.iter().copied().collect();
        runs.extend(self.store.wrote_inside(&runs)?.into_iter().filter(|run| !known.contains(run)));
        Ok(runs)
    }

    fn roots(&mut self, of: &ImpactOf<'_>) -> Result<Roots, QueryError> {
        let mut root = ImpactRoot { artifact: None, run: None, component: None, commit: None };
        match *of {
            ImpactOf::Artifact(artifact) => {
                let found = self.find_version(artifact, None)?;
                let mut runs = self.store.read_by(found.artifact, &found.version.version)?;
                if !found.beside.is_empty() {
                    // Who read the folder around it, or what lies in it, read it too.
                    let writes: Vec<WriteKey> = found.beside.iter().map(|(write, _)| *write).collect();
                    runs.extend(self.store.saw(&writes)?);
                    runs.sort_unstable();
                    runs.dedup();
                }
                root.artifact = Some(found.version);
                Ok(Roots { root, version: found.key, runs, depth: 1 })
            }
            ImpactOf::Run(run) => {
                let id = self.run_id(run)?;
                root.run = Some(id);
                let runs = self.store.run(id)?.into_iter().collect();
                let runs = self.with_those_inside(runs)?;
                Ok(Roots { root, version: None, runs, depth: 0 })
            }
            ImpactOf::Component { name, commit } => {
                let not_found = |kind, name: &str| QueryError::NotFound { kind, name: name.to_owned() };
                let project = self.project()?.ok_or_else(|| not_found("component", name))?;
                let component = self.store.component(project, name)?.ok_or_else(|| not_found("component", name))?;
                let commit_text = commit.map(str::to_lowercase);
                let selection =
                    RunSelection { component: Some(component.key), commit: commit_text, ..RunSelection::default() };
                let runs = self.store.select(project, &selection)?;
                if let (true, Some(commit)) = (runs.is_empty(), commit) {
                    return Err(not_found("commit", commit));
                }
                let runs = self.with_those_inside(runs)?;
                root.component = Some(component.name);
                root.commit = commit.map(str::to_owned);
                Ok(Roots { root, version: None, runs, depth: 0 })
            }
        }
    }
}
