//! A transaction on a SQLite file: reads, writes and the writes that a read may have seen.

use rusqlite::{Row, params};

use super::candidates::UNCOMMON;
use super::map::{READ_COLUMNS, WRITE_COLUMNS, read_row, write_row};
use super::text::text;
use super::write::SqliteWriter;
use crate::model::{
    ArtifactKind, ArtifactName, Bound, CheckFact, Code, Declaration, Due, Git, Header, LabelFact, MetricFact, NoteFact,
    ProcessId, RunId, Timestamp, VersionId,
};
use crate::store::{
    Alike, ArtifactKey, Asked, CodeKey, ComponentField, ComponentKey, DeclarationKey, Edge, GitKey, NearRows, Offer,
    ProcessKey, ProjectKey, ReadRow, Reading, Result, RunKey, RunRow, UnreadRow, VersionKey, VersionRow, WriteKey,
    WriteRow, Writer,
};

fn numbered(row: &Row<'_>) -> rusqlite::Result<(RunKey, u32)> {
    Ok((row.get(0)?, row.get(1)?))
}

impl Writer for SqliteWriter<'_> {
    fn add_read(&mut self, read: &ReadRow) -> Result<bool> {
        let argument = self.argument(read.argument.as_deref())?;
        let sql = "INSERT INTO read (run_id, n, artifact_id, seen_id, at, bound, write_id, like_id, argument_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (run_id, n) DO NOTHING";
        let added = self.execute(
            sql,
            params![read.run, read.n, read.artifact, read.seen, read.at, read.bound, read.write, read.like, argument],
        )?;
        self.fresh.stored_read(read.artifact, read.seen);
        if added > 0 {
            self.add_parts(read.run, read.n, &read.parts)?;
            if read.is_untimed {
                self.execute("INSERT INTO untimed (run_id, n) VALUES ($1, $2)", params![read.run, read.n])?;
            }
        }
        Ok(added > 0)
    }

    fn add_write(&mut self, write: &WriteRow) -> Result<Option<WriteKey>> {
        let argument = self.argument(write.argument.as_deref())?;
        let sql = "INSERT INTO write (run_id, n, artifact_id, seen_id, said_at, version_id, at, argument_id, mark)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (run_id, n) DO NOTHING";
        let added = self.execute(
            sql,
            params![
                write.run,
                write.n,
                write.artifact,
                write.seen,
                write.said_at,
                write.version,
                write.at,
                argument,
                write.mark
            ],
        )?;
        let key = (added > 0).then(|| WriteKey(self.connection.last_insert_rowid()));
        if let Some(key) = key {
            self.fresh.stored_write(key, write);
        }
        Ok(key)
    }

    fn unmark(&mut self, write: WriteKey, told: &WriteRow) -> Result<()> {
        let argument = self.argument(told.argument.as_deref())?;
        let sql = "UPDATE write SET seen_id = $1, said_at = $2, argument_id = $3, mark = $4 WHERE id = $5";
        self.execute(sql, params![told.seen, told.said_at, argument, told.mark, write])?;
        if let Some(seen) = told.seen {
            self.fresh.saw(seen);
        }
        Ok(())
    }

    fn edge(&mut self, run: RunKey, n: u32) -> Result<Option<(Edge, ArtifactKey)>> {
        let sql = "SELECT 0, artifact_id FROM read WHERE run_id = $1 AND n = $2
             UNION ALL SELECT 1, artifact_id FROM write WHERE run_id = $1 AND n = $2";
        self.one(sql, params![run, n], |row| Ok((if row.get(0)? { Edge::Write } else { Edge::Read }, row.get(1)?)))
    }

    fn put_seen(&mut self, run: RunKey, n: u32, edge: Edge, version: VersionKey) -> Result<()> {
        self.fresh.saw(version);
        let sql = match edge {
            Edge::Read => "UPDATE read SET seen_id = $1 WHERE run_id = $2 AND n = $3",
            Edge::Write => "UPDATE write SET seen_id = $1 WHERE run_id = $2 AND n = $3",
        };
        self.execute(sql, params![version, run, n]).map(drop)
    }

    fn move_untimed(&mut self, run: RunKey, to: Timestamp, is_told: bool) -> Result<Vec<u32>> {
        let sql = "UPDATE read SET at = $1
             WHERE run_id = $2 AND n IN (SELECT n FROM untimed WHERE run_id = $2) RETURNING n";
        let moved = self.all(sql, params![to, run], |row| row.get(0))?;
        if is_told {
            self.execute("DELETE FROM untimed WHERE run_id = $1", [run])?;
        }
        Ok(moved)
    }

    fn add_due(&mut self, run: RunKey, due: &Due) -> Result<()> {
        let sql = "INSERT INTO due (run_id, n, path, state) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        self.execute(sql, params![run, due.n, due.path, due.state]).map(drop)
    }

    fn drop_due(&mut self, run: RunKey, n: u32) -> Result<()> {
        self.execute("DELETE FROM due WHERE run_id = $1 AND n = $2", params![run, n]).map(drop)
    }

    fn reads(&mut self, run: RunKey) -> Result<Vec<ReadRow>> {
        self.all(text!("SELECT {READ_COLUMNS} FROM read WHERE run_id = $1 ORDER BY n"), [run], read_row)
    }

    fn writes(&mut self, run: RunKey) -> Result<Vec<WriteRow>> {
        self.all(text!("SELECT {WRITE_COLUMNS} FROM write WHERE run_id = $1 ORDER BY n"), [run], write_row)
    }

    fn write(&mut self, run: RunKey, n: u32) -> Result<Option<WriteRow>> {
        let sql = text!("SELECT {WRITE_COLUMNS} FROM write WHERE run_id = $1 AND n = $2");
        self.one(sql, params![run, n], write_row)
    }

    fn inputs(&mut self, run: RunKey) -> Result<Vec<(String, ArtifactKey)>> {
        let sql = "SELECT DISTINCT a.name, a.id FROM read d JOIN artifact a ON a.id = d.artifact_id WHERE d.run_id = $1
             ORDER BY a.name";
        self.all(sql, [run], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn reads_at(&mut self, places: &[(RunKey, u32)]) -> Result<Vec<ReadRow>> {
        let sql = text!("SELECT {READ_COLUMNS} FROM read WHERE run_id = $1 AND n = $2");
        let mut found = Vec::with_capacity(places.len());
        for (run, n) in places {
            if let Some(read) = self.one(sql, params![run, n], read_row)? {
                found.push(ReadRow { parts: self.parts_of(*run, *n)?, ..read });
            }
        }
        Ok(found)
    }

    fn settle(&mut self, write: WriteKey, counts: Option<(VersionKey, Timestamp)>) -> Result<()> {
        self.fresh.settled();
        let (version, at) = counts.unzip();
        self.execute("UPDATE write SET version_id = $1, at = $2 WHERE id = $3", params![version, at, write]).map(drop)
    }

    fn bind(&mut self, reads: &[ReadRow]) -> Result<()> {
        let sql = "UPDATE read SET bound = $1, write_id = $2, like_id = $3 WHERE run_id = $4 AND n = $5";
        for read in reads {
            self.execute(sql, params![read.bound, read.write, read.like, read.run, read.n])?;
            self.put_parts_of(read.run, read.n, &read.parts)?;
        }
        Ok(())
    }

    fn candidates(&mut self, asked: &[Asked], offer: Offer<'_>) -> Result<()> {
        self.offer_candidates(asked, offer)
    }

    fn alike(&mut self, versions: &[VersionKey]) -> Result<Vec<Alike>> {
        versions.iter().map(|version| self.alike_to(*version)).collect()
    }

    fn near(&mut self, artifact: ArtifactKey, at: Timestamp, reader: Reading) -> Result<NearRows> {
        self.near_rows(artifact, at, reader)
    }

    fn reads_near(&mut self, artifact: ArtifactKey, from: Timestamp) -> Result<Vec<(RunKey, u32)>> {
        self.reads_near_to(artifact, from)
    }

    fn inner_write(
        &mut self,
        run: RunId,
        artifact: ArtifactKey,
        at: Timestamp,
        version: Option<VersionKey>,
    ) -> Result<Option<WriteKey>> {
        self.inner_write_of(run, artifact, at, version)
    }

    fn echo(&mut self, write: WriteKey) -> Result<Option<WriteKey>> {
        self.echo_of(write)
    }

    fn put_echo(&mut self, write: WriteKey, inner: Option<WriteKey>) -> Result<()> {
        self.put_echo_of(write, inner)
    }

    fn is_parent(&mut self, run: RunId) -> Result<bool> {
        self.is_parent_of_any(run)
    }

    fn parents(&mut self) -> Result<Vec<RunKey>> {
        self.all_parents()
    }

    fn reads_to_bind(&mut self) -> Result<Vec<(RunKey, u32)>> {
        self.reads_by_earlier_rules()
    }

    fn reads_by_time(&mut self, artifact: ArtifactKey, at: Timestamp) -> Result<Vec<(RunKey, u32)>> {
        if self.fresh.is_unread(artifact) {
            return Ok(Vec::new());
        }
        // Reads after the next write that counts saw that one, or a later one.
        let sql = "SELECT run_id, n FROM read WHERE artifact_id = $1 AND seen_id IS NULL AND at >= $2
             AND at <= coalesce((SELECT min(w.at) FROM write w
                 WHERE w.artifact_id = $1 AND w.version_id IS NOT NULL AND w.at > $2), 9223372036854775807)";
        self.all(sql, params![artifact, at], numbered)
    }

    fn reads_of_content(
        &mut self,
        version: VersionKey,
        early: Timestamp,
        from: Timestamp,
        at: Timestamp,
    ) -> Result<Vec<(RunKey, u32)>> {
        if self.fresh.is_unseen(version) {
            return Ok(Vec::new());
        }
        // Reads after the next write of the version saw that one, or a later one. For other names also the first counts.
        let next = "SELECT min(at) FROM write WHERE version_id = $1 AND at > $2";
        let last: Option<Timestamp> = self.one(next, params![version, at], |row| row.get(0))?.flatten();
        let last = last.unwrap_or(Timestamp::MAX);
        let same = "SELECT d.run_id, d.n FROM read d WHERE d.seen_id = $1 AND d.at >= $2 AND d.at <= $3
             AND (d.at >= $4 OR d.bound IN (2, 4, 5)
                  OR EXISTS (SELECT 1 FROM write w WHERE w.id = d.write_id AND w.at > d.at))";
        let mut found = self.all(same, params![version, early, last, from], numbered)?;
        let other = text!(
            "SELECT d.run_id, d.n FROM version me
             JOIN version v ON v.id_kind = 0 AND v.tail = me.tail AND v.id_value = me.id_value AND v.id <> me.id
             JOIN read d ON d.seen_id = v.id AND d.at >= $1
             WHERE me.id = $2 AND me.id_kind = 0 AND {UNCOMMON}"
        );
        found.extend(self.all(other, params![from, version], numbered)?);
        Ok(found)
    }

    fn reads_of_bytes(&mut self, version: VersionKey) -> Result<Vec<(RunKey, u32)>> {
        let sql = "SELECT d.run_id, d.n FROM version me
             JOIN version v ON v.id_kind = 0 AND v.tail = me.tail AND v.id_value = me.id_value
             JOIN read d ON d.seen_id = v.id WHERE me.id = $1 AND me.id_kind = 0";
        self.all(sql, [version], numbered)
    }

    fn reads_unwritten(&mut self, version: VersionKey, from: Timestamp) -> Result<Vec<(RunKey, u32)>> {
        let sql = "SELECT run_id, n FROM read WHERE seen_id = $1 AND at >= $2 AND bound IN ($3, $4, $5)";
        self.all(sql, params![version, from, Bound::Copy, Bound::UnknownWriter, Bound::Inside], numbered)
    }

    fn reads_of_write(&mut self, write: WriteKey) -> Result<Vec<(RunKey, u32)>> {
        let sql = "SELECT run_id, n FROM read WHERE write_id = $1
             UNION ALL SELECT run_id, n FROM part WHERE write_id = $1";
        self.all(sql, [write], numbered)
    }

    fn project(&mut self, name: &str) -> Result<ProjectKey> {
        self.project(name)
    }
    fn component(&mut self, project: ProjectKey, name: &str) -> Result<ComponentKey> {
        self.component(project, name)
    }
    fn amend(&mut self, component: ComponentKey, field: &ComponentField, at: Timestamp) -> Result<()> {
        SqliteWriter::amend(self, component, field, at)
    }
    fn artifact(
        &mut self,
        project: ProjectKey,
        name: &ArtifactName,
        declared: Option<ArtifactKind>,
    ) -> Result<ArtifactKey> {
        self.artifact(project, name, declared)
    }
    fn version(&mut self, artifact: ArtifactKey, id: &VersionId, size: Option<u64>) -> Result<(VersionKey, bool)> {
        self.version(artifact, id, size)
    }
    fn make_common(&mut self, version: VersionKey, names: usize) -> Result<bool> {
        SqliteWriter::make_common(self, version, names)
    }
    fn is_size_known(&mut self, project: ProjectKey, content: &VersionId) -> Result<bool> {
        SqliteWriter::is_size_known(self, project, content)
    }
    fn version_rows(&mut self, versions: &[VersionKey]) -> Result<Vec<VersionRow>> {
        versions.iter().map(|version| self.version_row(*version)).collect()
    }
    fn process(&mut self, key: &str, header: &Header) -> Result<ProcessKey> {
        self.process(key, header)
    }
    fn saw_process(&mut self, process: ProcessKey, at: Timestamp) -> Result<()> {
        SqliteWriter::saw_process(self, process, at)
    }
    fn bury(&mut self, process: ProcessId) -> Result<Vec<RunKey>> {
        SqliteWriter::bury(self, process)
    }
    fn code(&mut self, key: &str) -> Result<CodeKey> {
        self.code(key)
    }
    fn keep_code(&mut self, code: &Code) -> Result<()> {
        self.keep_code(code)
    }
    fn keep_code_check(&mut self, process: ProcessKey, code: CodeKey, is_in_work_tree: bool) -> Result<()> {
        SqliteWriter::keep_code_check(self, process, code, is_in_work_tree)
    }
    fn git(&mut self, key: &str) -> Result<GitKey> {
        self.git(key)
    }
    fn keep_git(&mut self, git: &Git) -> Result<()> {
        self.keep_git(git)
    }
    fn declaration(&mut self, declared: &Declaration) -> Result<DeclarationKey> {
        self.declaration(declared)
    }
    fn run(&mut self, id: RunId) -> Result<Option<(RunKey, RunRow)>> {
        SqliteWriter::run(self, id)
    }
    fn run_row(&mut self, run: RunKey) -> Result<RunRow> {
        SqliteWriter::run_row(self, run)
    }
    fn is_removed(&mut self, id: RunId) -> Result<bool> {
        self.is_removed(id)
    }
    fn call_own_project(&mut self, name: &str) -> Result<()> {
        self.call_own(name)
    }
    fn bury_run(&mut self, id: RunId, at: Timestamp) -> Result<()> {
        SqliteWriter::bury_run(self, id, at)
    }
    fn drop_unnamed(&mut self, artifacts: &[ArtifactKey]) -> Result<()> {
        SqliteWriter::drop_unnamed(self, artifacts)
    }
    fn remove_run(&mut self, run: RunKey) -> Result<()> {
        SqliteWriter::remove_run(self, run)
    }
    fn add_run(&mut self, row: &RunRow) -> Result<Option<RunKey>> {
        SqliteWriter::add_run(self, row)
    }
    fn put_run(&mut self, run: RunKey, row: &RunRow) -> Result<()> {
        SqliteWriter::put_run(self, run, row)
    }
    fn param(&mut self, run: RunKey, name: &str, value: &str, at: Timestamp) -> Result<()> {
        SqliteWriter::param(self, run, name, value, at)
    }
    fn note(&mut self, run: RunKey, note: &NoteFact) -> Result<()> {
        SqliteWriter::note(self, run, note)
    }
    fn metric(&mut self, run: RunKey, metric: &MetricFact) -> Result<()> {
        SqliteWriter::metric(self, run, metric)
    }
    fn check(&mut self, run: RunKey, check: &CheckFact) -> Result<()> {
        SqliteWriter::check(self, run, check)
    }
    fn label(&mut self, version: VersionKey, label: &LabelFact) -> Result<()> {
        SqliteWriter::label(self, version, label)
    }
    fn params(&mut self, run: RunKey) -> Result<Vec<(String, String)>> {
        SqliteWriter::params(self, run)
    }
    fn offset(&mut self, journal: &str) -> Result<u64> {
        SqliteWriter::offset(self, journal)
    }
    fn put_offset(&mut self, journal: &str, offset: Option<u64>) -> Result<()> {
        SqliteWriter::put_offset(self, journal, offset)
    }
    fn keep_unread(&mut self, row: &UnreadRow, minor: u32) -> Result<()> {
        SqliteWriter::keep_unread(self, row, minor)
    }
    fn drop_unread(&mut self, row: &UnreadRow) -> Result<()> {
        SqliteWriter::drop_unread(self, row)
    }
    fn has_unread(&mut self, process: ProcessId) -> Result<bool> {
        SqliteWriter::has_unread(self, process)
    }
    fn add_tally(&mut self, name: &str, count: u64) -> Result<()> {
        SqliteWriter::add_tally(self, name, count)
    }
}
