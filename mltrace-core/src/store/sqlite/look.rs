//! What can be asked of a SQLite file, and what keeps it in order: which statement answers which question.

use std::sync::Arc;

use foldhash::HashMap;

use super::SqliteStore;
use super::held::Held;
use super::near::{ANYWHERE, near, near_named};
use super::tasks::{CASE, CASES};
use super::unread;
use super::walk::{DOWNSTREAM, UPSTREAM};
use crate::model::{ArtifactName, Due, FolderFact, Observation, ProfileFact, RetractFact, RunId, Timestamp, VersionId};
use crate::store::{
    AliasRow, ArtifactKey, Artifacts, Asked, Bounds, CaseRow, Cases, Checkup, ComponentKey, ComponentRow, Components,
    CurrentRow, Direction, Extent, FactsRow, Far, Folders, InTransaction, LabelRow, Labels, Look, MarkedRow, Marks,
    Measures, Met, NearNames, NearOf, Offer, OfferRun, OutputRow, Pair, PairsAsked, Profiles, ProjectKey, ProjectRow,
    Projects, Reached, Result, RunDetail, RunKey, RunName, Runs, Said, Store, TableRow, TaskKey, TaskRow, TellEvent,
    Told, UnreadRow, Upkeep, VersionAt, VersionKey, VersionName, Versions, WorkKey, WorkRow, Writes, WrittenElsewhere,
};

impl Store for SqliteStore {
    fn look(&mut self) -> &mut dyn Look {
        self
    }

    fn write(&mut self, work: InTransaction<'_>) -> Result<()> {
        self.transact(work)
    }

    fn upkeep(&mut self) -> &mut dyn Upkeep {
        self
    }
}

impl Upkeep for SqliteStore {
    fn is_in_place(&mut self) -> bool {
        self.connection.may_stay() && self.held.as_mut().is_some_and(Held::is_in_place) && self.gate_again().is_ok()
    }

    fn may_move(&self) -> bool {
        self.taken.as_ref().is_none_or(|taken| !taken.is_of_thread())
    }

    fn hold_still(&mut self) -> Result<()> {
        self.connection.prepare_cached("BEGIN")?.execute([])?;
        // With a rollback journal anyone who reads keeps others from committing.
        let mode = self.connection.prepare_cached("PRAGMA journal_mode")?.query_row([], |row| row.get::<_, String>(0));
        if mode.is_ok_and(|mode| mode != "wal") {
            Look::let_go(self);
        }
        Ok(())
    }

    fn call_own_project(&mut self, name: &str) -> Result<()> {
        if self.is_own_known_as(name)? {
            return Ok(());
        }
        self.transact(&mut |writer| writer.keep(Said::OwnProject(name)))
    }

    fn is_forgotten(&mut self, id: RunId) -> Result<bool> {
        Ok(self.one("SELECT 1 FROM tombstone WHERE uuid = $1", [id], |_| Ok(()))?.is_some())
    }

    fn dues(&mut self, host: Option<&str>) -> Result<Vec<Due>> {
        self.all_dues(host)
    }

    fn offset(&mut self, journal: &str) -> Result<u64> {
        self.offset_of(journal)
    }

    fn has_unread(&mut self, minor: u32) -> Result<bool> {
        unread::is_any_before(self, minor)
    }

    fn unread(&mut self, minor: u32) -> Result<Vec<UnreadRow>> {
        unread::before(self, minor)
    }

    fn tally(&mut self, name: &str) -> Result<u64> {
        self.tally_of(name)
    }

    fn check(&mut self, is_full: bool) -> Result<Checkup> {
        self.check_up(is_full)
    }
}

impl Look for SqliteStore {
    fn bound(&mut self, bounds: &Arc<Bounds>) -> Result<()> {
        self.keep_within(bounds)
    }

    fn let_go(&mut self) {
        if !self.connection.is_autocommit() {
            // A transaction that only reads has nothing to lose.
            let _ = self.connection.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
        }
    }

    fn find_projects(&mut self, which: Projects<'_>) -> Result<Vec<(ProjectKey, String)>> {
        match which {
            Projects::Called(name, identity) => {
                Ok(self.project_called(name, identity)?.map(|project| (project, name.to_owned())).into_iter().collect())
            }
            Projects::Own => Ok(self.project_of_root()?.into_iter().collect()),
            Projects::All => {
                self.all("SELECT id, name FROM project ORDER BY name", [], |row| Ok((row.get(0)?, row.get(1)?)))
            }
        }
    }

    fn own_place(&mut self) -> Result<Option<String>> {
        self.place()
    }

    fn project_rows(&mut self) -> Result<Vec<ProjectRow>> {
        self.all_projects()
    }

    fn written_elsewhere(&mut self, project: ProjectKey, name: &ArtifactName) -> Result<Vec<WrittenElsewhere>> {
        self.find_elsewhere(project, name)
    }

    fn find_components(&mut self, which: Components<'_>) -> Result<Vec<ComponentRow>> {
        match which {
            Components::Named(project, name) => Ok(self.component_named(project, name, false)?.into_iter().collect()),
            Components::WithRuns(project, name) => Ok(self.component_named(project, name, true)?.into_iter().collect()),
            Components::All(project) => self.component_rows(project, true),
            Components::Said(project) => self.component_rows(project, false),
            Components::Short(project, longest, limit) => self.short_components(project, longest, limit),
        }
    }

    fn find_artifacts(&mut self, which: Artifacts<'_>) -> Result<Vec<(ArtifactKey, String)>> {
        match which {
            Artifacts::Named(project, name) => self.artifact_named(project, name),
            Artifacts::Starting(project, prefix, limit) => self.artifacts_starting(project, prefix, limit),
            Artifacts::Holding(project, text, limit) => self.artifacts_holding(project, text, limit),
            Artifacts::Short(project, longest, limit) => self.short_artifacts(project, longest, limit),
            Artifacts::With(project, content) => self.artifacts_with(project, content),
        }
    }

    fn find_versions(
        &mut self,
        artifact: ArtifactKey,
        which: Versions<'_>,
        tell: &mut dyn FnMut(VersionAt) -> bool,
    ) -> Result<()> {
        let only = match which {
            Versions::By { at, after, limit } => return self.versions_of(artifact, at, (after, limit), tell),
            Versions::Of(id, at) => self.version_of(artifact, id, at)?,
            Versions::Latest(at) => self.latest_of(artifact, at)?,
        };
        if let Some(version) = only {
            tell(version);
        }
        Ok(())
    }

    fn version_names(&mut self, versions: &[VersionKey]) -> Result<Vec<VersionName>> {
        self.versions_named(versions)
    }

    fn find_runs(&mut self, which: Runs<'_>) -> Result<Vec<RunKey>> {
        match which {
            Runs::Of(id) => {
                self.all("SELECT id FROM run WHERE uuid = $1 AND component_id IS NOT NULL", [id], |row| row.get(0))
            }
            Runs::OfEvents(runs) => self.runs_of_events(runs),
            Runs::Like(project, digits, limit) => self.runs_by_digits(project, digits, limit),
            Runs::Selected(project, selection) => self.selected_runs(project, selection),
            Runs::Since(component, since) => self.runs_since(component, since),
            Runs::After(component, since, limit) => self.runs_after(component, since, limit),
            Runs::Reading(artifact, version) => self.readers_of_version(artifact, version),
            Runs::FirstReading(artifact, version, limit) => self.first_readers(artifact, version, limit),
            Runs::Claiming(artifact, limit) => self.claiming_runs(artifact, limit),
            Runs::Measured(project, selection, what) => self.measured_runs(project, selection, what),
            Runs::Touching(touched) => self.runs_touching(touched),
            Runs::WritingInside(runs) => self.wrote_inside(runs),
            Runs::ReadBeside(artifact, version, at) => self.makers_of_what_was_read(artifact, version, at),
            Runs::Seeing(writes) => self.readers_of_writes(writes),
            Runs::OfSubject(project, subject) => self.subject_runs(project, subject),
        }
    }

    fn moments(&mut self, runs: &[RunKey]) -> Result<Vec<(Timestamp, RunId, RunKey)>> {
        self.beginnings_of(runs)
    }

    fn run_names(&mut self, runs: &[RunKey]) -> Result<Vec<RunName>> {
        self.names_of_runs(runs)
    }

    fn details(&mut self, runs: &[RunKey], extent: Extent) -> Result<Vec<RunDetail>> {
        self.run_details(runs, extent)
    }

    fn facts(&mut self, runs: &[RunKey], told: Told<'_>) -> Result<Vec<FactsRow>> {
        self.facts_of(runs, told)
    }

    fn measures(&mut self, runs: &[RunKey], metrics: Told<'_>, checks: Told<'_>) -> Result<HashMap<RunKey, Measures>> {
        self.measures_of(runs, metrics, checks)
    }

    fn observations(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, Vec<Observation>>> {
        self.observations_of(runs)
    }

    fn works(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, WorkRow>> {
        self.works_of(runs)
    }

    fn earlier(&mut self, runs: &[RunKey], limit: usize) -> Result<Vec<(RunKey, RunKey)>> {
        self.earlier_runs(runs, limit)
    }

    fn walk(&mut self, direction: Direction, runs: &[RunKey], far: Far, met: Option<Met<'_>>) -> Result<Reached> {
        let way = match direction {
            Direction::Upstream => &UPSTREAM,
            Direction::Downstream => &DOWNSTREAM,
        };
        let Some(met) = met else { return self.follow(way, runs, far, |_, _| Ok(())) };
        self.follow(way, runs, far, |run, next| {
            self.hold_bytes(size_of::<(RunKey, RunKey)>)?;
            met(run, next);
            Ok(())
        })
    }

    fn candidates(&mut self, asked: &[Asked<'_>], offer: Offer<'_>) -> Result<()> {
        self.offer_candidates(asked, offer)
    }

    fn reruns(&mut self, asked: &[(WorkKey, Timestamp)], offer: OfferRun<'_>) -> Result<()> {
        self.offer_reruns(asked, offer)
    }

    fn shared_folders(&mut self) -> Result<Vec<String>> {
        self.shared()
    }

    fn held_somewhere(&mut self, content: &VersionId, at: Timestamp) -> Result<Option<ArtifactName>> {
        self.find_holding(content, at)
    }

    fn has_neighbours(&mut self) -> Result<bool> {
        self.has_hosts()
    }

    fn near(&mut self, of: NearOf<'_>) -> Result<NearNames> {
        match of {
            NearOf::Artifact(artifact) => near(&self.connection, artifact),
            NearOf::Named(project, name) => near_named(&self.connection, (project, name), ANYWHERE),
        }
    }

    fn folders(&mut self, which: Folders<'_>) -> Result<Vec<FolderFact>> {
        match which {
            Folders::In(project) => self.folders_of(project),
            Folders::Of(content) => Ok(self.folder_with(content, None)?.into_iter().collect()),
            Folders::At(content, path) => Ok(self.folder_with(content, Some(path))?.into_iter().collect()),
        }
    }

    fn knows_folder(&mut self, fact: &FolderFact) -> Result<bool> {
        self.is_folder_known(fact)
    }

    fn tables(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, Vec<TableRow>>> {
        self.tables_of(runs)
    }

    fn profiles(&mut self, which: Profiles<'_>) -> Result<Vec<ProfileFact>> {
        self.find_profiles(which)
    }

    fn find_writes(&mut self, which: Writes<'_>) -> Result<Vec<OutputRow>> {
        let row = |(run, version)| OutputRow { run, version, last: None };
        Ok(match which {
            Writes::By(runs) => self.written_by(runs)?.into_iter().map(row).collect(),
            Writes::BesideLast(runs) => self.outputs_of(runs)?,
            Writes::First(versions) => {
                self.first_writers_of(versions)?.into_iter().map(|(version, run)| row((run, version))).collect()
            }
        })
    }

    fn find_current(&mut self, project: ProjectKey, at: Timestamp) -> Result<Vec<CurrentRow>> {
        self.all_current(project, at)
    }

    fn find_marks(&mut self, which: Marks<'_>) -> Result<Vec<MarkedRow>> {
        match which {
            Marks::Left { artifact, since, version, with_unknown, limit } => {
                self.marked_runs(artifact, since, (version, with_unknown), limit)
            }
            Marks::Missing(project) => self.missing_artifacts(project),
        }
    }

    fn find_labels(&mut self, which: Labels<'_>) -> Result<Vec<LabelRow>> {
        match which {
            Labels::In(project) => self.labels_in(project),
            Labels::On(versions) => self.labels_on_versions(versions),
            Labels::Of(artifact) => self.labels_of_artifact(artifact),
        }
    }

    fn find_aliases(&mut self, project: ProjectKey) -> Result<Vec<AliasRow>> {
        self.aliases_in(project)
    }

    fn retracted(&mut self, project: ProjectKey) -> Result<Vec<RetractFact>> {
        self.retractions(project)
    }

    fn events(&mut self, project: ProjectKey, since: Option<Timestamp>, tell: TellEvent<'_>) -> Result<()> {
        self.events_of_project(project, since, tell)
    }

    fn events_of_no_run(&mut self, project: ProjectKey, tell: TellEvent<'_>) -> Result<()> {
        self.events_without_run(project, tell)
    }

    fn tasks(&mut self, project: ProjectKey) -> Result<Vec<TaskRow>> {
        self.tasks_in(project)
    }

    fn find_task(&mut self, project: ProjectKey, name: &str) -> Result<Option<(TaskKey, u64)>> {
        self.task_of(project, name)
    }

    fn task_names(&mut self, project: ProjectKey) -> Result<Vec<String>> {
        self.all("SELECT name FROM task WHERE project_id = $1 ORDER BY name", [project], |row| row.get(0))
    }

    fn find_cases(&mut self, which: Cases<'_>, tell: &mut dyn FnMut(CaseRow) -> bool) -> Result<()> {
        match which {
            Cases::One(project, task, id) => self.cases(CASE, (project, task, id), tell),
            Cases::Of(task) => self.cases(CASES, [task], tell),
        }
    }

    fn outputs_of_tasks(&mut self, runs: &[RunId]) -> Result<Vec<(RunId, String, u64)>> {
        self.made_by(runs)
    }

    fn task_pairs(&mut self, asked: PairsAsked, tell: &mut dyn FnMut(Pair<'_>) -> bool) -> Result<()> {
        self.pairs_of(asked, tell)
    }

    fn durations(&mut self, component: ComponentKey, limit: usize) -> Result<Vec<f64>> {
        self.durations_of(component, limit)
    }

    fn age_limits(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<Option<i64>>> {
        self.limits_of(artifacts)
    }
}
