//! What was made from a version, by a run, or by a component.

use foldhash::{HashMap, HashSet};

use super::answer::{Impact, ImpactRoot, Impacted, RunAtDepth};
use super::{QueryError, Reader};
use crate::lineage::{self, Written};
use crate::model::Version;
use crate::store::{Far, RunKey, RunSelection};

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
    runs: Vec<RunKey>,
    /// How far the first runs are from what was asked.
    depth: u32,
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
        let Roots { root, runs: roots, depth: first } = self.roots(of)?;
        let reached = self.store.downstream(&roots, Far::default())?.runs;
        // What became of a version is told by all runs downstream, whether they are shown or not.
        let keys: Vec<RunKey> = reached.iter().map(|(run, _)| *run).collect();
        let (shown, is_cut) = (keys.get(..most).unwrap_or(&keys), keys.len() > most);
        let depths: HashMap<RunKey, u32> =
            reached.into_iter().map(|(run, depth)| (run, depth.saturating_add(first))).collect();
        let written: Vec<_> = self
            .store
            .outputs(&keys)?
            .into_iter()
            .map(|output| Written {
                run: output.run,
                version: output.version,
                last_run: output.last_run,
                is_last: output.is_last,
            })
            .collect();
        let downstream: HashSet<RunKey> = keys.iter().copied().collect();
        let mut runs = HashMap::default();
        self.each_view(shown, |key, run| {
            let depth = depths.get(&key).copied().unwrap_or_default();
            runs.insert(key, RunAtDepth { run, depth });
        })?;
        let mut artifacts: Vec<(u32, Impacted)> = lineage::states(&downstream, &written)
            .into_iter()
            .filter(|(version, ..)| root.artifact.as_ref() != Some(version))
            .filter_map(|(Version { name, version }, run, state)| {
                let RunAtDepth { run, depth } = runs.get(&run)?;
                Some((*depth, Impacted { name, version, written_by: run.id, state, owner: run.owner.clone() }))
            })
            .collect();
        artifacts.sort_by(|(near_a, a), (near_b, b)| {
            (a.state, near_a, &a.name, &a.version).cmp(&(b.state, near_b, &b.name, &b.version))
        });
        let mut runs: Vec<RunAtDepth> = runs.into_values().collect();
        runs.sort_by_cached_key(|at| (at.depth, at.run.started_at, at.run.id));
        let artifacts = artifacts.into_iter().map(|(_, impacted)| impacted).collect();
        Ok((Impact { root, runs, artifacts }, is_cut))
    }

    fn roots(&mut self, of: &ImpactOf<'_>) -> Result<Roots, QueryError> {
        let mut root = ImpactRoot { artifact: None, run: None, component: None, commit: None };
        match *of {
            ImpactOf::Artifact(artifact) => {
                let found = self.find_version(artifact, None)?;
                let runs = self.store.read_by(found.artifact, &found.version.version)?;
                root.artifact = Some(found.version);
                Ok(Roots { root, runs, depth: 1 })
            }
            ImpactOf::Run(run) => {
                let id = self.run_id(run)?;
                root.run = Some(id);
                Ok(Roots { root, runs: self.store.run(id)?.into_iter().collect(), depth: 0 })
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
                root.component = Some(component.name);
                root.commit = commit.map(str::to_owned);
                Ok(Roots { root, runs, depth: 0 })
            }
        }
    }
}
