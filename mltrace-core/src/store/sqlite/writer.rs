//! The transaction's side of a SQLite file: which method does what is asked for. Sets are loops over kept statements, which
//! costs SQLite less than statements over sets would.

use super::write::SqliteWriter;
use crate::model::{FolderFact, ProcessId, RunId, Timestamp, VersionId};
use crate::store::{
    Alike, Among, ArtifactKey, Asked, Change, Edges, EventRow, EventsFrom, HeldAsked, HeldRows, Name, NearNames, Offer,
    ProcessKey, ProjectKey, ReadRow, Removed, Result, RowsOf, RunKey, RunRow, Said, StoredWork, VersionAsked,
    VersionEntered, VersionKey, VersionRow, WriteKey, WriteRow, Writer,
};

impl SqliteWriter<'_> {
    fn enter_one(&mut self, name: Name<'_>) -> Result<i64> {
        Ok(match name {
            Name::Project(name, identity) => self.project(name, identity)?.0,
            Name::Component(project, name) => self.component(project, name)?.0,
            Name::Artifact(project, name, declared) => self.artifact(project, name, declared)?.0,
            Name::Process(key, header) => self.process(key, header)?.0,
            Name::Code(key) => self.code(key)?.0,
            Name::Git(key) => self.git(key)?.0,
            Name::Declaration(declared) => self.declaration(declared)?.0,
        })
    }

    fn enter_version(&mut self, asked: &VersionAsked<'_>, common: usize) -> Result<VersionEntered> {
        let VersionAsked { artifact, id, size, asks_size } = *asked;
        let is_first_size = asks_size && !self.is_size_known(id)?;
        let (key, is_new) = self.version(artifact, id, size)?;
        let is_common_now = is_new && matches!(id, VersionId::Content(_)) && self.make_common(key, common)?;
        Ok(VersionEntered { key, is_first_size, is_common_now })
    }

    fn say_one(&mut self, said: &Said<'_>) -> Result<()> {
        match said {
            Said::Field(component, field, at) => self.amend(*component, field, *at),
            Said::Seen(process, at) => self.saw_process(*process, *at),
            Said::Gone(process) => self.bury(*process),
            Said::Code(code) => self.keep_code(code),
            Said::CodeCheck(process, code, is_in_work_tree) => self.keep_code_check(*process, *code, *is_in_work_tree),
            Said::Git(git) => self.keep_git(git),
            Said::Param(run, name, value, at) => self.param(*run, name, value, *at),
            Said::Note(run, note) => self.note(*run, note),
            Said::Metric(run, metric) => self.metric(*run, metric),
            Said::Observation(run, observation) => self.observation(*run, observation),
            Said::Check(run, check) => self.check(*run, check),
            Said::Subject(run, subject) => self.subject(*run, subject),
            Said::Retracted(project, fact) => self.retract(*project, fact),
            Said::Profile(fact) => self.keep_profile(fact),
            Said::Label(version, label) => self.label(*version, label),
            Said::Alias(project, version, alias) => self.alias(*project, *version, alias),
            Said::Task(project, fact) => self.keep_task(*project, fact),
            Said::Due(run, due) => self.add_due(*run, due),
            Said::Done(run, n) => self.drop_due(*run, *n),
            Said::Forgotten(run, at) => self.bury_run(*run, *at),
            Said::EventForgotten(project, key, left) => self.forget_event(*project, key, left),
            Said::EventsForgotten(project, run, after) => self.forget_events(*project, *run, after.as_ref()),
            Said::Offset(journal, offset) => self.put_offset(journal, *offset),
            Said::Unread(row, minor) => self.keep_unread(row, *minor),
            Said::Read(row) => self.drop_unread(row),
            Said::Tally(name, count) => self.add_tally(name, *count),
            Said::TallyDone(name) => self.execute("DELETE FROM tally WHERE name = $1", [name]).map(drop),
            Said::OwnProject(name) => self.call_own(name),
            Said::NotesMoved(from, to) => self.move_notes(*from, *to),
            Said::Shared(folder) => self.share(folder),
            Said::OwnPlace(place) => self.keep_place(place),
            Said::Joined(from, into) => self.join_projects(*from, *into),
        }
    }
}

impl Writer for SqliteWriter<'_> {
    fn enter(&mut self, names: &[Name<'_>]) -> Result<Vec<i64>> {
        names.iter().map(|name| self.enter_one(*name)).collect()
    }

    fn enter_versions(&mut self, versions: &[VersionAsked<'_>], common: usize) -> Result<Vec<VersionEntered>> {
        versions.iter().map(|asked| self.enter_version(asked, common)).collect()
    }

    fn version_rows(&mut self, versions: &[VersionKey]) -> Result<Vec<VersionRow>> {
        versions.iter().map(|version| self.version_row(*version)).collect()
    }

    fn run_rows(&mut self, which: RowsOf<'_>) -> Result<Vec<(RunKey, RunRow)>> {
        self.rows_of(which)
    }

    fn among(&mut self, ids: &[RunId], which: Among) -> Result<Vec<RunId>> {
        let mut found = Vec::new();
        for id in ids {
            let is_meant = match which {
                Among::Forgotten => self.is_removed(*id),
                Among::Parents => self.is_parent_of_any(*id),
            };
            if is_meant? {
                found.push(*id);
            }
        }
        Ok(found)
    }

    fn new_runs(&mut self, count: usize) -> Result<RunKey> {
        self.reserve_runs(count)
    }

    fn put_runs(&mut self, rows: &[(RunKey, &RunRow)]) -> Result<()> {
        rows.iter().try_for_each(|(run, row)| match self.reserved.remove(run) {
            true => self.add_run(*run, row),
            false => self.put_run(*run, row),
        })
    }

    fn say(&mut self, said: &[Said<'_>]) -> Result<()> {
        said.iter().try_for_each(|said| self.say_one(said))
    }

    fn stored_works(&mut self, runs: &[RunKey]) -> Result<Vec<StoredWork>> {
        runs.iter().map(|run| self.work_of(*run)).collect()
    }

    fn edges(&mut self, which: Edges<'_>) -> Result<(Vec<ReadRow>, Vec<WriteRow>)> {
        self.edges_of(which)
    }

    fn add_reads(&mut self, reads: &[ReadRow]) -> Result<()> {
        reads.iter().try_for_each(|read| self.add_read(read))
    }

    fn put_reads(&mut self, reads: &[ReadRow]) -> Result<()> {
        reads.iter().try_for_each(|read| self.put_read(read))
    }

    fn add_writes(&mut self, writes: &[WriteRow]) -> Result<Vec<WriteKey>> {
        writes.iter().map(|write| self.add_write(write)).collect()
    }

    fn put_writes(&mut self, writes: &[WriteRow]) -> Result<()> {
        writes.iter().try_for_each(|write| self.put_write(write))
    }

    fn move_untimed(&mut self, run: RunKey, to: Timestamp, is_told: bool) -> Result<Vec<u32>> {
        self.moved_reads(run, to, is_told)
    }

    fn candidates(&mut self, asked: &[Asked<'_>], offer: Offer<'_>) -> Result<()> {
        self.offer_candidates(asked, offer)
    }

    fn of_projects(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<Option<ArtifactKey>>> {
        if self.all_projects()?.len() < 2 {
            return Ok(vec![None; artifacts.len()]);
        }
        artifacts.iter().map(|artifact| self.meant_of_project(*artifact)).collect()
    }

    fn alike(&mut self, versions: &[VersionKey]) -> Result<Vec<Alike>> {
        versions.iter().map(|version| self.alike_to(*version)).collect()
    }

    fn near(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<NearNames>> {
        artifacts.iter().map(|artifact| self.near_names(*artifact)).collect()
    }

    fn held(&mut self, asked: &[HeldAsked<'_>]) -> Result<Vec<Option<HeldRows>>> {
        asked.iter().map(|asked| self.held_near(asked)).collect()
    }

    fn touched_by(&mut self, changes: &[Change]) -> Result<Vec<(RunKey, u32)>> {
        let mut found = Vec::new();
        changes.iter().try_for_each(|change| self.touched_by_one(change, &mut found))?;
        Ok(found)
    }

    fn keep_events(&mut self, events: &[EventRow]) -> Result<Vec<bool>> {
        events.iter().map(|event| self.keep_event(event)).collect()
    }

    fn events_of(
        &mut self,
        project: ProjectKey,
        run: RunId,
        from: EventsFrom,
        take: &mut dyn FnMut(EventRow) -> bool,
    ) -> Result<()> {
        self.events_of_run(project, run, from, take)
    }

    fn runs_with_events(&mut self, run: RunId, at: Option<Timestamp>) -> Result<Vec<(ProjectKey, RunId)>> {
        self.event_runs(run, at)
    }

    fn processes_of_events(&mut self, among: &[ProcessKey]) -> Result<Vec<ProcessKey>> {
        self.built_from_events(among)
    }

    fn keep_folders(&mut self, folders: &[&FolderFact]) -> Result<Vec<(RunKey, u32)>> {
        let mut found = Vec::new();
        for fact in folders {
            if self.keep_folder(fact)? {
                found.extend(self.reads_by_folder(&fact.version)?);
            }
        }
        Ok(found)
    }

    fn remove(&mut self, what: Removed<'_>) -> Result<Vec<(RunKey, u32)>> {
        match what {
            Removed::Run(run) => self.remove_run(run)?,
            Removed::WhatOf(run) => self.empty_run(run)?,
            Removed::Unnamed(artifacts) => return self.drop_unnamed(artifacts),
            Removed::Project(project) => return self.remove_project(project),
        }
        Ok(Vec::new())
    }

    fn offset(&mut self, journal: &str) -> Result<u64> {
        SqliteWriter::offset(self, journal)
    }

    fn has_unread(&mut self, process: ProcessId) -> Result<bool> {
        SqliteWriter::has_unread(self, process)
    }
}
