//! What can be asked of a store: the trait is what a database implements, one verb a noun, and a `Which` where several questions
//! are about the same noun. What the rest of the code asks in its own words is put together from these below.

use std::sync::Arc;

use foldhash::HashMap;

use super::bounds::Bounds;
use super::candidate::{Asked, Offer, OfferRun, WorkKey, WorkRow};
use super::count::Count;
use super::error::Result;
use super::event::TellEvent;
use super::extent::{Extent, Told};
use super::facts::FactsRow;
use super::key::{ArtifactKey, ComponentKey, ProjectKey, RunKey, TaskKey, VersionKey, WriteKey};
use super::measure::{Measures, Profiles, TableRow, WhatOfRuns};
use super::near::NearNames;
use super::project::{ProjectRow, WrittenElsewhere};
use super::row::{
    AliasRow, ComponentRow, CurrentRow, Far, LabelRow, MarkedRow, OutputRow, Reached, RunDetail, RunName, RunSelection,
    VersionAt, VersionName,
};
use super::task::{CaseRow, Pair, PairsAsked, TaskRow};
use super::which::{
    Artifacts, Cases, Components, Direction, Folders, Labels, Marks, NearOf, Projects, Runs, Versions, Writes,
};
use crate::model::{
    ArtifactName, DataSubject, FolderFact, Observation, ProfileFact, RetractFact, RunId, Timestamp, Version, VersionId,
};

/// Takes a run and its neighbour.
pub type Met<'m> = &'m mut dyn FnMut(RunKey, RunKey);

/// What can be asked of a store. What is asked for by several keys comes in any order, unless it says otherwise.
pub trait Look: Count {
    /// Keeps all that is asked from now on within `bounds`.
    fn bound(&mut self, bounds: &Arc<Bounds>) -> Result<()>;
    /// Ends [`hold_still`](super::Upkeep::hold_still). Anything that takes long calls this first, because the log of a store that is
    /// held still grows with all that others write.
    fn let_go(&mut self);
    /// Returns projects with their names.
    fn find_projects(&mut self, which: Projects<'_>) -> Result<Vec<(ProjectKey, String)>>;
    /// Returns where the store was first written, as [`config::place_of`](crate::config::place_of) tells it.
    fn own_place(&mut self) -> Result<Option<String>>;
    /// Returns all projects by name, with what is known of each.
    fn project_rows(&mut self) -> Result<Vec<ProjectRow>>;
    /// Returns the other projects in which an artifact of this name was written, each with its last writer. `PROJECT::NAME`
    /// means the artifact `NAME` of that project.
    fn written_elsewhere(&mut self, project: ProjectKey, name: &ArtifactName) -> Result<Vec<WrittenElsewhere>>;
    /// Returns components.
    fn find_components(&mut self, which: Components<'_>) -> Result<Vec<ComponentRow>>;
    /// Returns artifacts with their names.
    fn find_artifacts(&mut self, which: Artifacts<'_>) -> Result<Vec<(ArtifactKey, String)>>;
    /// Hands versions of an artifact to `tell`, which returns whether to go on.
    fn find_versions(
        &mut self,
        artifact: ArtifactKey,
        which: Versions<'_>,
        tell: &mut dyn FnMut(VersionAt) -> bool,
    ) -> Result<()>;
    /// Returns what versions are called, in the order of their keys.
    fn version_names(&mut self, versions: &[VersionKey]) -> Result<Vec<VersionName>>;
    /// Returns runs.
    fn find_runs(&mut self, which: Runs<'_>) -> Result<Vec<RunKey>>;
    /// Returns when runs began, and their ids, in the order of their keys.
    fn moments(&mut self, runs: &[RunKey]) -> Result<Vec<(Timestamp, RunId, RunKey)>>;
    /// Returns what runs are called.
    fn run_names(&mut self, runs: &[RunKey]) -> Result<Vec<RunName>>;
    /// Returns runs, in the order asked for.
    fn details(&mut self, runs: &[RunKey], extent: Extent) -> Result<Vec<RunDetail>>;
    /// Returns what may make the outputs of runs differ.
    fn facts(&mut self, runs: &[RunKey], told: Told<'_>) -> Result<Vec<FactsRow>>;
    /// Returns what these metrics were at their last step, and how these checks came out, of runs about which anything is known.
    fn measures(&mut self, runs: &[RunKey], metrics: Told<'_>, checks: Told<'_>) -> Result<HashMap<RunKey, Measures>>;
    /// Returns what was observed in those of these runs in which anything was.
    fn observations(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, Vec<Observation>>>;
    /// Returns what runs worked on.
    fn works(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, WorkRow>>;
    /// Returns pairs (run, an earlier completed run of its component), the latest first: for each of `runs` the last
    /// ones, and the last ones that read one of the same artifacts, at most `limit` of either.
    fn earlier(&mut self, runs: &[RunKey], limit: usize) -> Result<Vec<(RunKey, RunKey)>>;
    /// Follows runs, nearest first, and hands `met` every pair of a run and its neighbour, to be held.
    fn walk(&mut self, direction: Direction, runs: &[RunKey], far: Far, met: Option<Met<'_>>) -> Result<Reached>;
    /// Offers what [`Writer::candidates`](super::Writer::candidates) does.
    fn candidates(&mut self, asked: &[Asked<'_>], offer: Offer<'_>) -> Result<()>;
    /// Offers for each work the completed runs that did it and ended at or before that moment, those that ended last first,
    /// until `offer` has enough.
    fn reruns(&mut self, asked: &[(WorkKey, Timestamp)], offer: OfferRun<'_>) -> Result<()>;
    /// Returns the folders in which an absolute path is the same file on every host.
    fn shared_folders(&mut self) -> Result<Vec<String>>;
    /// Returns the name of what last held a content in a folder that was written at or before then.
    fn held_somewhere(&mut self, content: &VersionId, at: Timestamp) -> Result<Option<ArtifactName>>;
    /// Returns whether runs of several hosts or of several projects are known.
    fn has_neighbours(&mut self) -> Result<bool>;
    /// Returns the artifacts that lie in something or are a folder around it: too many maybe, and never too few.
    fn near(&mut self, of: NearOf<'_>) -> Result<NearNames>;
    /// Returns what lies in folders.
    fn folders(&mut self, which: Folders<'_>) -> Result<Vec<FolderFact>>;
    /// Returns whether as much is known of what lies in folders of a content.
    fn knows_folder(&mut self, fact: &FolderFact) -> Result<bool>;
    /// Returns what is known of what is in tables, by their contents.
    fn profiles(&mut self, which: Profiles<'_>) -> Result<Vec<ProfileFact>>;
    /// Returns the tables with a profile of those of these runs that have any.
    fn tables(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, Vec<TableRow>>>;
    /// Returns writes.
    fn find_writes(&mut self, which: Writes<'_>) -> Result<Vec<OutputRow>>;
    /// Returns every artifact, by name, with its latest version: the one written last, else the one read last; and the run
    /// that last made that version by `at`, which is another one when its last write lies in the future.
    fn find_current(&mut self, project: ProjectKey, at: Timestamp) -> Result<Vec<CurrentRow>>;
    /// Returns runs that were to write something and did not.
    fn find_marks(&mut self, which: Marks<'_>) -> Result<Vec<MarkedRow>>;
    /// Returns all verdicts that were ever given, in any order.
    fn find_labels(&mut self, which: Labels<'_>) -> Result<Vec<LabelRow>>;
    /// Returns all entries of the aliases of a project, in any order.
    fn find_aliases(&mut self, project: ProjectKey) -> Result<Vec<AliasRow>>;
    /// Returns which subjects of a project are retracted, by their digits.
    fn retracted(&mut self, project: ProjectKey) -> Result<Vec<RetractFact>>;
    /// Hands the events that other tools sent to a project, of what happened then or later, to `tell`, by time.
    fn events(&mut self, project: ProjectKey, since: Option<Timestamp>, tell: TellEvent<'_>) -> Result<()>;
    /// Hands the events of a project that are about no run to `tell`, by time.
    fn events_of_no_run(&mut self, project: ProjectKey, tell: TellEvent<'_>) -> Result<()>;
    /// Returns the tasks of a project, by name.
    fn tasks(&mut self, project: ProjectKey) -> Result<Vec<TaskRow>>;
    /// Returns a task by name, and how much feedback is known whose output is not.
    fn find_task(&mut self, project: ProjectKey, name: &str) -> Result<Option<(TaskKey, u64)>>;
    /// Returns the names of the tasks of a project, sorted.
    fn task_names(&mut self, project: ProjectKey) -> Result<Vec<String>>;
    /// Hands what is known of outputs of a task, by id, to `tell`, which returns whether to go on.
    fn find_cases(&mut self, which: Cases<'_>, tell: &mut dyn FnMut(CaseRow) -> bool) -> Result<()>;
    /// Returns of each of these runs how many outputs of which task it made, by run in the order of these, then by task.
    fn outputs_of_tasks(&mut self, runs: &[RunId]) -> Result<Vec<(RunId, String, u64)>>;
    /// Hands the outputs of a task, each with what became of it, to `tell`, which returns whether to go on.
    fn task_pairs(&mut self, asked: PairsAsked, tell: &mut dyn FnMut(Pair<'_>) -> bool) -> Result<()>;
    /// Returns how long the last runs of a component took that completed, in milliseconds, at most `limit`.
    fn durations(&mut self, component: ComponentKey, limit: usize) -> Result<Vec<f64>>;
    /// Returns after how many seconds an input is old for the component that last read each of these artifacts.
    fn age_limits(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<Option<i64>>>;
}

/// What the rest of the code asks in its own words. Each fails when the store does not answer.
#[allow(clippy::missing_errors_doc, reason = "what is said of all of them stands above")]
impl dyn Look + '_ {
    /// Returns the project of this identity, else the one of this name.
    pub fn project(&mut self, name: &str, identity: Option<&str>) -> Result<Option<ProjectKey>> {
        Ok(self.find_projects(Projects::Called(name, identity))?.pop().map(|(project, _)| project))
    }

    /// Returns the project of the root that the store lies in, where somebody said so.
    pub fn own_project(&mut self) -> Result<Option<ProjectKey>> {
        Ok(self.find_projects(Projects::Own)?.pop().map(|(project, _)| project))
    }

    /// Returns all projects with their names.
    pub fn projects(&mut self) -> Result<Vec<(ProjectKey, String)>> {
        self.find_projects(Projects::All)
    }

    /// Returns what is said of a component, by name, and nothing of its runs, which may be many.
    pub fn component(&mut self, project: ProjectKey, name: &str) -> Result<Option<ComponentRow>> {
        Ok(self.find_components(Components::Named(project, name))?.pop())
    }

    /// Returns a component by name, with how many runs it has and which is its last.
    pub fn component_with_runs(&mut self, project: ProjectKey, name: &str) -> Result<Option<ComponentRow>> {
        Ok(self.find_components(Components::WithRuns(project, name))?.pop())
    }

    /// Returns what is said of all components, by name, and nothing of their runs, which may be many.
    pub fn said_of_components(&mut self, project: ProjectKey) -> Result<Vec<ComponentRow>> {
        self.find_components(Components::Said(project))
    }

    /// Returns names of components that have no more than so many bytes, sorted, at most so many.
    pub fn short_components(&mut self, project: ProjectKey, longest: usize, limit: usize) -> Result<Vec<String>> {
        let components = self.find_components(Components::Short(project, longest, limit))?;
        Ok(components.into_iter().map(|component| component.name).collect())
    }

    /// Returns all components, by name, with how many runs each has and which is its last.
    pub fn components(&mut self, project: ProjectKey) -> Result<Vec<ComponentRow>> {
        self.find_components(Components::All(project))
    }

    /// Returns an artifact by name.
    pub fn artifact(&mut self, project: ProjectKey, name: &str) -> Result<Option<ArtifactKey>> {
        Ok(self.find_artifacts(Artifacts::Named(project, name))?.pop().map(|(artifact, _)| artifact))
    }

    /// Returns names of artifacts that have no more than so many bytes, sorted, at most so many.
    pub fn short_artifacts(&mut self, project: ProjectKey, longest: usize, limit: usize) -> Result<Vec<String>> {
        Ok(names(self.find_artifacts(Artifacts::Short(project, longest, limit))?).collect())
    }

    /// Returns up to `limit` names of artifacts that start with `prefix`, sorted.
    pub fn artifact_names(&mut self, project: ProjectKey, prefix: &str, limit: usize) -> Result<Vec<String>> {
        Ok(names(self.find_artifacts(Artifacts::Starting(project, prefix, limit))?).collect())
    }

    /// Returns up to `limit` names of artifacts that hold `text`, whatever the case of its ASCII letters; shortest first.
    pub fn artifact_names_holding(&mut self, project: ProjectKey, text: &str, limit: usize) -> Result<Vec<String>> {
        Ok(names(self.find_artifacts(Artifacts::Holding(project, text, limit))?).collect())
    }

    /// Returns the names of artifacts that had this content, the one that was written or read last first.
    pub fn names_of(&mut self, project: ProjectKey, content: &VersionId) -> Result<Vec<ArtifactName>> {
        Ok(names(self.find_artifacts(Artifacts::With(project, content))?).map(ArtifactName).collect())
    }

    /// Hands the versions of an artifact that were written or read at or before `at`, or never, newest first, to `tell`,
    /// which returns whether to go on: those after the one that `from` names, if it does, at most so many.
    pub fn versions(
        &mut self,
        artifact: ArtifactKey,
        at: Timestamp,
        (after, limit): (Option<&VersionAt>, usize),
        tell: &mut dyn FnMut(VersionAt) -> bool,
    ) -> Result<()> {
        self.find_versions(artifact, Versions::By { at, after, limit }, tell)
    }

    /// Returns a version of an artifact by id, when `versions` would hand it over.
    pub fn version_at(&mut self, artifact: ArtifactKey, id: &VersionId, at: Timestamp) -> Result<Option<VersionAt>> {
        self.only_version(artifact, Versions::Of(id, at))
    }

    /// Returns the version of an artifact whose last write at or before `at` is the latest; when nobody had written it,
    /// the one that was read last by then.
    pub fn latest(&mut self, artifact: ArtifactKey, at: Timestamp) -> Result<Option<VersionAt>> {
        self.only_version(artifact, Versions::Latest(at))
    }

    fn only_version(&mut self, artifact: ArtifactKey, which: Versions<'_>) -> Result<Option<VersionAt>> {
        let mut found = None;
        self.find_versions(artifact, which, &mut |version| {
            found = Some(version);
            false
        })?;
        Ok(found)
    }

    /// Returns every artifact by name with its latest version: the one written last, else the one read last.
    pub fn latest_of_all(&mut self, project: ProjectKey) -> Result<Vec<(ArtifactName, Option<VersionAt>)>> {
        let current = self.find_current(project, Timestamp::MAX)?;
        Ok(current.into_iter().map(|row| (row.name, row.latest)).collect())
    }

    /// Returns versions by their keys, in the order of these.
    pub fn named(&mut self, versions: &[VersionKey]) -> Result<Vec<(VersionKey, Version)>> {
        Ok(self.version_names(versions)?.into_iter().map(|row| (row.key, row.version)).collect())
    }

    /// Returns a version by key, with the name of its artifact.
    pub fn version(&mut self, key: VersionKey) -> Result<Option<Version>> {
        Ok(self.version_names(&[key])?.pop().map(|row| row.version))
    }

    /// Returns those of these versions whose artifact may lie in a known folder, or be one.
    pub fn nested(&mut self, versions: &[VersionKey]) -> Result<Vec<VersionKey>> {
        let names = self.version_names(versions)?.into_iter();
        Ok(names.filter(|row| row.is_nested).map(|row| row.key).collect())
    }

    /// Returns a run by id.
    pub fn run(&mut self, id: RunId) -> Result<Option<RunKey>> {
        Ok(self.find_runs(Runs::Of(id))?.pop())
    }

    /// Returns the ids of runs.
    pub fn run_ids(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, RunId>> {
        Ok(self.moments(runs)?.into_iter().map(|(_, id, run)| (run, id)).collect())
    }

    /// Returns up to `limit` runs whose id, written without hyphens, starts or ends with `digits`; newest first.
    pub fn runs_like(&mut self, project: ProjectKey, digits: &str, limit: usize) -> Result<Vec<RunId>> {
        let runs = self.find_runs(Runs::Like(project, digits, limit))?;
        self.ids_in_order(&runs)
    }

    /// Returns the runs that read a version of an artifact, oldest first, at most `limit`.
    pub fn readers(&mut self, artifact: ArtifactKey, version: &VersionId, limit: usize) -> Result<Vec<RunId>> {
        let runs = self.find_runs(Runs::FirstReading(artifact, version, limit))?;
        self.ids_in_order(&runs)
    }

    /// Returns the ids of runs, in the order of these.
    pub fn ids_in_order(&mut self, runs: &[RunKey]) -> Result<Vec<RunId>> {
        let ids = self.run_ids(runs)?;
        Ok(runs.iter().filter_map(|run| ids.get(run)).copied().collect())
    }

    /// Returns the runs of a project that took in data of a subject.
    pub fn runs_of_subject(&mut self, project: ProjectKey, subject: &DataSubject) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::OfSubject(project, subject))
    }

    /// Returns what is known of one output of a task, by the task's name and its id.
    pub fn task_case(&mut self, project: ProjectKey, task: &str, id: &str) -> Result<Option<CaseRow>> {
        let mut found = None;
        self.find_cases(Cases::One(project, task, id), &mut |case| {
            found = Some(case);
            false
        })?;
        Ok(found)
    }

    /// Returns the selected runs, newest first.
    pub fn select(&mut self, project: ProjectKey, selection: &RunSelection) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::Selected(project, selection))
    }

    /// Returns the selected runs with metrics or checks, newest first.
    pub fn measured(&mut self, of: ProjectKey, which: &RunSelection, what: WhatOfRuns<'_>) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::Measured(of, which, what))
    }

    /// Returns the runs of a component that began at `since` or later, newest first.
    pub fn since(&mut self, component: ComponentKey, since: Timestamp) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::Since(component, since))
    }

    /// Returns the first runs of a component that began after `since`, oldest first, at most `limit`.
    pub fn next(&mut self, component: ComponentKey, since: Timestamp, limit: usize) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::After(component, since, limit))
    }

    /// Returns the runs that read a version of an artifact, under its own name or as a copy, each once.
    pub fn read_by(&mut self, artifact: ArtifactKey, version: &VersionId) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::Reading(artifact, version))
    }

    /// Returns the runs that named an artifact as theirs and left no version of it, newest first, at most `limit`.
    pub fn claims(&mut self, artifact: ArtifactKey, limit: usize) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::Claiming(artifact, limit))
    }

    /// Returns the runs inside `runs` that wrote what these name too.
    pub fn wrote_inside(&mut self, runs: &[RunKey]) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::WritingInside(runs))
    }

    /// Returns the runs that wrote what the last reader by `at` saw of a version that nobody wrote under its name: what it is
    /// a copy of, folders around it, what lies in it.
    pub fn makers_read(&mut self, artifact: ArtifactKey, version: &VersionId, at: Timestamp) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::ReadBeside(artifact, version, at))
    }

    /// Returns the runs that read what these writes made, each once.
    pub fn saw(&mut self, writes: &[WriteKey]) -> Result<Vec<RunKey>> {
        self.find_runs(Runs::Seeing(writes))
    }

    /// Returns every pair (run, a run that wrote what it read) upstream of `runs`, nearest first.
    pub fn pairs_upstream(&mut self, runs: &[RunKey]) -> Result<Vec<(RunKey, RunKey)>> {
        let mut pairs = Vec::new();
        self.walk(Direction::Upstream, runs, Far::default(), Some(&mut |run, writer| pairs.push((run, writer))))?;
        Ok(pairs)
    }

    /// Returns `runs` and those that wrote what they read, and so on.
    pub fn upstream(&mut self, runs: &[RunKey], far: Far) -> Result<Reached> {
        self.walk(Direction::Upstream, runs, far, None)
    }

    /// Returns `runs` and those that read what they wrote, and so on.
    pub fn downstream(&mut self, runs: &[RunKey], far: Far) -> Result<Reached> {
        self.walk(Direction::Downstream, runs, far, None)
    }

    /// Returns the writes of `runs` that count, in the order of writing, beside the last write of each artifact.
    pub fn outputs(&mut self, runs: &[RunKey]) -> Result<Vec<OutputRow>> {
        self.find_writes(Writes::BesideLast(runs))
    }

    /// Returns the versions that these runs wrote, run by run in the order of writing.
    pub fn written(&mut self, runs: &[RunKey]) -> Result<Vec<(RunKey, VersionKey)>> {
        Ok(self.find_writes(Writes::By(runs))?.into_iter().map(|row| (row.run, row.version)).collect())
    }

    /// Returns for each of these versions the run that wrote it first.
    pub fn first_writers(&mut self, versions: &[VersionKey]) -> Result<Vec<(VersionKey, RunKey)>> {
        Ok(self.find_writes(Writes::First(versions))?.into_iter().map(|row| (row.version, row.run)).collect())
    }

    /// Returns the runs that ended after `since` and named an artifact as theirs without writing it, newest first, at most
    /// `limit`: those that left this version as it was, and, if wanted, those of which it is not known what they left.
    pub fn marked(
        &mut self,
        artifact: ArtifactKey,
        since: Timestamp,
        (version, with_unknown): (&VersionId, bool),
        limit: usize,
    ) -> Result<Vec<MarkedRow>> {
        self.find_marks(Marks::Left { artifact, since, version, with_unknown, limit })
    }

    /// Returns the artifacts of which the last word is that they were missing at the end of a run, with that run.
    pub fn missing(&mut self, project: ProjectKey) -> Result<Vec<(ArtifactName, RunKey)>> {
        Ok(self.find_marks(Marks::Missing(project))?.into_iter().map(|row| (row.name, row.run)).collect())
    }
}

fn names(artifacts: Vec<(ArtifactKey, String)>) -> impl Iterator<Item = String> {
    artifacts.into_iter().map(|(_, name)| name)
}
