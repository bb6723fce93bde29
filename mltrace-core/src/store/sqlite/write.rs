//! A transaction on a SQLite file: names, components, runs.

use std::collections::BTreeSet;
use std::rc::Rc;

use foldhash::HashMap;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::SqliteStore;
use super::fresh::Fresh;
use super::held::Held;
use super::map::{Bytes, size, size_column, version_columns, version_id};
use super::places::Places;
use super::text::text;
use crate::model::{
    ArtifactKind, ArtifactName, Code, Declaration, Due, Git, Header, LabelFact, NoteFact, ProcessId, RunId, Timestamp,
    VersionId,
};
use crate::store::{
    ArtifactKey, CodeKey, ComponentField, ComponentKey, DeclarationKey, GitKey, InTransaction, ProcessKey, ProjectKey,
    Result, RunKey, VersionKey, VersionRow,
};

/// The statements in use, by where their text stands: the connection's own cache compares whole texts.
pub(super) type Statements<'c> = HashMap<(*const u8, usize), CachedStatement<'c>>;

/// An open transaction. What was looked up once is remembered until it ends.
pub(super) struct SqliteWriter<'c> {
    pub(super) connection: &'c Connection,
    pub(super) statements: Statements<'c>,
    pub(super) components: HashMap<(ProjectKey, String), ComponentKey>,
    artifacts: HashMap<ProjectKey, HashMap<String, (ArtifactKey, ArtifactKind)>>,
    /// With whether the size is known.
    versions: HashMap<(ArtifactKey, VersionId), (VersionKey, bool)>,
    pub(super) keys: HashMap<&'static str, HashMap<String, i64>>,
    pub(super) fresh: Fresh,
    /// The ids of runs that were made or asked for.
    pub(super) run_ids: HashMap<RunKey, RunId>,
    pub(super) places: Places,
    /// Whether artifacts are another thing on each host, as far as that was asked.
    pub(super) of_hosts: HashMap<ArtifactKey, bool>,
    /// All projects, once they were asked for.
    pub(super) projects: Option<Rc<[ProjectKey]>>,
    /// Whether retention removed anything yet.
    pub(super) has_removed: Option<bool>,
    /// Whether any run is inside another one.
    pub(super) has_nested: Option<bool>,
    /// Whether any read saw more than the write that it is bound to.
    pub(super) has_parts: Option<bool>,
    /// Keys that were given to runs that are not stored yet.
    pub(super) reserved: BTreeSet<RunKey>,
}

impl SqliteStore {
    /// Does `work` in one transaction, while no other writer does.
    pub(super) fn transact(&mut self, work: InTransaction<'_>) -> Result<()> {
        if !self.connection.is_whole() {
            return Err(super::explain::unreachable(&self.path, "this program has closed it"));
        }
        let _lock = self.lock()?;
        // While the lock is held nobody migrates; before, somebody may have.
        self.gate_again()?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = transaction.map_err(|error| super::explain::explain(&self.path, &error))?;
        work(&mut SqliteWriter::new(&transaction))?;
        transaction.commit().map_err(|error| super::explain::explain(&self.path, &error))?;
        match self.held.as_mut().is_none_or(Held::is_in_place) {
            true => Ok(()),
            false => Err(super::explain::unreachable(&self.path, "somebody replaced it while it was written")),
        }
    }
}

impl<'c> SqliteWriter<'c> {
    fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            statements: Statements::default(),
            components: HashMap::default(),
            artifacts: HashMap::default(),
            versions: HashMap::default(),
            keys: HashMap::default(),
            fresh: Fresh::default(),
            run_ids: HashMap::default(),
            places: Places::default(),
            of_hosts: HashMap::default(),
            projects: None,
            has_removed: None,
            has_nested: None,
            has_parts: None,
            reserved: BTreeSet::new(),
        }
    }

    /// Forgets what was looked up of artifacts and versions.
    pub(super) fn forget_keys(&mut self) {
        self.keys.clear();
        self.components.clear();
        self.artifacts.clear();
        self.versions.clear();
        self.places = Places::default();
        self.of_hosts.clear();
        self.projects = None;
        self.fresh = Fresh::default();
        self.fresh.settled();
    }

    /// Returns the row of `table` whose `column` is `key`, made with nothing else in it when it is new.
    fn keyed(&mut self, table: &'static str, column: &'static str, key: &str) -> Result<i64> {
        if let Some(found) = self.keys.get(table).and_then(|keys| keys.get(key)) {
            return Ok(*found);
        }
        let find = format!("SELECT id FROM {table} WHERE {column} = $1");
        let known = self.connection.prepare_cached(&find)?.query_row([key], |row| row.get(0)).optional()?;
        let id = match known {
            Some(id) => id,
            None => {
                let add = format!("INSERT INTO {table} ({column}) VALUES ($1)");
                self.connection.prepare_cached(&add)?.insert([key])?
            }
        };
        self.keys.entry(table).or_default().insert(key.to_owned(), id);
        Ok(id)
    }

    pub(super) fn component(&mut self, project: ProjectKey, name: &str) -> Result<ComponentKey> {
        let cached = (project, name.to_owned());
        if let Some(found) = self.components.get(&cached) {
            return Ok(*found);
        }
        let find = "SELECT id FROM component WHERE project_id = $1 AND name = $2";
        let add = "INSERT INTO component (project_id, name) VALUES ($1, $2)";
        let key = match self.one(find, params![project, name], |row| row.get(0))? {
            Some(key) => key,
            None => ComponentKey(self.inserted(add, params![project, name])?),
        };
        self.components.insert(cached, key);
        Ok(key)
    }

    pub(super) fn amend(&mut self, component: ComponentKey, field: &ComponentField, at: Timestamp) -> Result<()> {
        // Of two words at the same time the larger counts, so that their order of arrival does not matter.
        macro_rules! set {
            ($column:literal, $at:literal) => {
                text!(
                    "UPDATE component SET {column} = $1, {at} = $2 WHERE id = $3
                     AND ({at} IS NULL OR {at} < $2 OR ({at} = $2 AND {column} < $1))",
                    column = $column,
                    at = $at,
                )
            };
        }
        match field {
            ComponentField::Owner(owner) => self.execute(set!("owner", "owner_at"), params![owner, at, component]),
            ComponentField::Description(text) => {
                self.execute(set!("description", "description_at"), params![text, at, component])
            }
            ComponentField::StaleAfter(seconds) => {
                self.execute(set!("stale_after_s", "stale_after_at"), params![seconds, at, component])
            }
            ComponentField::Tag { tag, is_present } => self.execute(
                "INSERT INTO component_tag (component_id, tag, at, is_present) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (component_id, tag) DO UPDATE SET at = excluded.at, is_present = excluded.is_present
                 WHERE at < excluded.at OR (at = excluded.at AND is_present < excluded.is_present)",
                params![component, tag, at, is_present],
            ),
        }?;
        Ok(())
    }

    pub(super) fn artifact(
        &mut self,
        project: ProjectKey,
        name: &ArtifactName,
        declared: Option<ArtifactKind>,
    ) -> Result<ArtifactKey> {
        let declared = declared.filter(|kind| *kind != ArtifactKind::Unknown);
        let cached = self.artifacts.get(&project).and_then(|artifacts| artifacts.get(&name.0)).copied();
        let (key, kind) = match cached {
            Some(known) => known,
            None => self.named(project, name, declared.unwrap_or_else(|| ArtifactKind::guess(&name.0)))?,
        };
        // Of two different declarations the one that sorts first counts, whichever came first.
        let better =
            declared.filter(|declared| kind != *declared && (kind == ArtifactKind::guess(&name.0) || *declared < kind));
        if let Some(better) = better {
            self.execute("UPDATE artifact SET kind = $1 WHERE id = $2", params![better, key])?;
        }
        let kind = better.unwrap_or(kind);
        if cached != Some((key, kind)) {
            self.artifacts.entry(project).or_default().insert(name.0.clone(), (key, kind));
        }
        Ok(key)
    }

    /// Returns the artifact of a name, made with this kind when it is new, and its kind. Most of the names that come up
    /// for the first time are new: so it is made at once, and looked for when that did nothing.
    fn named(
        &mut self,
        project: ProjectKey,
        name: &ArtifactName,
        kind: ArtifactKind,
    ) -> Result<(ArtifactKey, ArtifactKind)> {
        if let Some(known) = self.named_by_others(project, name)? {
            return Ok(known);
        }
        let add = "INSERT INTO artifact (project_id, name, kind) VALUES ($1, $2, $3)
             ON CONFLICT (project_id, name) DO NOTHING";
        if self.execute(add, params![project, name.0, kind])? > 0 {
            let key = ArtifactKey(self.connection.last_insert_rowid());
            self.fresh.made_artifact(key);
            self.place_new(project, key, &name.0)?;
            return Ok((key, kind));
        }
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let (key, kind, place) = self.statement(FIND_NAMED)?.query_row(params![project, name.0], row)?;
        self.places.know(key, place);
        Ok((key, kind))
    }

    /// Returns the artifact that another project named so, where the name means the same thing for all of them; this one names
    /// it, too, from now on.
    fn named_by_others(
        &mut self,
        project: ProjectKey,
        name: &ArtifactName,
    ) -> Result<Option<(ArtifactKey, ArtifactKind)>> {
        if !name.is_for_all() {
            return Ok(None);
        }
        for other in self.all_projects()?.iter().copied().filter(|other| *other != project) {
            let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            if let Some((key, kind, place)) = self.one(FIND_NAMED, params![other, name.0], row)? {
                self.places.know(key, place);
                let sql = "INSERT INTO also_in (project_id, artifact_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                self.execute(sql, params![project, key])?;
                return Ok(Some((key, kind)));
            }
        }
        Ok(None)
    }

    /// Returns all projects.
    pub(super) fn all_projects(&mut self) -> Result<Rc<[ProjectKey]>> {
        if let Some(known) = &self.projects {
            return Ok(Rc::clone(known));
        }
        let found: Rc<[ProjectKey]> = self.all("SELECT id FROM project ORDER BY id", [], |row| row.get(0))?.into();
        self.projects = Some(Rc::clone(&found));
        Ok(found)
    }

    pub(super) fn version(
        &mut self,
        artifact: ArtifactKey,
        id: &VersionId,
        size: Option<u64>,
    ) -> Result<(VersionKey, bool)> {
        let cached = (artifact, id.clone());
        if let Some((found, has_size)) = self.versions.get(&cached)
            && (*has_size || size.is_none())
        {
            return Ok((*found, false));
        }
        let (kind, value) = version_columns(id);
        let add = "INSERT INTO version (artifact_id, id_kind, id_value, size) VALUES ($1, $2, $3, $4)";
        let known = match self.fresh.is_made(artifact) && !self.versions.contains_key(&cached) {
            true => None,
            false => self.one(FIND_VERSION, params![artifact, kind, value], |row| row.get(0))?,
        };
        let key = match known {
            Some(key) => {
                if let Some(size) = size_column(size) {
                    self.execute("UPDATE version SET size = $1 WHERE id = $2 AND size IS NULL", params![size, key])?;
                }
                key
            }
            None => {
                let key = VersionKey(self.inserted(add, params![artifact, kind, value, size_column(size)])?);
                self.fresh.made_version(key, id);
                key
            }
        };
        self.versions.insert(cached, (key, size.is_some()));
        Ok((key, known.is_none()))
    }

    pub(super) fn make_common(&mut self, version: VersionKey, names: usize) -> Result<bool> {
        // What is common already is not counted again.
        let sql = "INSERT INTO common SELECT me.id_value FROM version me WHERE me.id = $1 AND me.id_kind = 0
             AND CASE WHEN EXISTS (SELECT 1 FROM common WHERE common.id_value = me.id_value) THEN 0
                 ELSE $2 <= (SELECT count(*) FROM (SELECT 1 FROM version v WHERE v.id_kind = 0 AND v.tail = me.tail
                     AND v.id_value = me.id_value LIMIT $2)) END";
        Ok(self.execute(sql, params![version, i64::try_from(names).unwrap_or(i64::MAX)])? > 0)
    }

    pub(super) fn is_size_known(&mut self, content: &VersionId) -> Result<bool> {
        let (kind, value) = version_columns(content);
        let sql =
            "SELECT 1 FROM version v WHERE $1 = 0 AND v.id_kind = 0 AND v.tail = substr($2, -4) AND v.id_value = $2
             AND v.size IS NOT NULL LIMIT 1";
        Ok(self.one(sql, params![kind, value], |_| Ok(()))?.is_some())
    }

    pub(super) fn version_row(&mut self, version: VersionKey) -> Result<VersionRow> {
        let sql = "SELECT v.artifact_id, v.id_kind, v.id_value, coalesce(v.size, (SELECT o.size FROM version o
                 WHERE v.id_kind = 0 AND o.id_kind = 0 AND o.tail = v.tail AND o.id_value = v.id_value
                 AND o.size IS NOT NULL LIMIT 1))
             FROM version v WHERE v.id = $1";
        Ok(self.statement(sql)?.query_row([version], |row| {
            let id = version_id(row, 1)?.unwrap_or(VersionId::None);
            Ok(VersionRow { key: version, artifact: row.get(0)?, id, size: size(row, 3)? })
        })?)
    }

    pub(super) fn process(&mut self, key: &str, header: &Header) -> Result<ProcessKey> {
        if let Some(found) = self.keys.get("process").and_then(|keys| keys.get(key)) {
            return Ok(ProcessKey(*found));
        }
        let id = self.keyed("process", "key", key)?;
        self.execute(
            "UPDATE process SET host = coalesce($1, host), user = coalesce($2, user), pid = coalesce($3, pid),
                 pid_start = coalesce($4, pid_start), boot = coalesce($5, boot),
                 pid_namespace = coalesce($6, pid_namespace)
             WHERE id = $7",
            params![
                header.host,
                header.user,
                header.pid,
                header.pid_start.and_then(|ticks| i64::try_from(ticks).ok()),
                header.boot,
                header.pid_namespace,
                id
            ],
        )?;
        Ok(ProcessKey(id))
    }

    pub(super) fn saw_process(&mut self, process: ProcessKey, at: Timestamp) -> Result<()> {
        let sql = "UPDATE process SET last_seen = $1 WHERE id = $2 AND (last_seen IS NULL OR last_seen < $1)";
        self.execute(sql, params![at, process]).map(drop)
    }

    pub(super) fn bury(&mut self, process: ProcessId) -> Result<()> {
        self.execute("UPDATE process SET is_over = 1 WHERE key = $1", [process.to_string()]).map(drop)
    }

    pub(super) fn code(&mut self, key: &str) -> Result<CodeKey> {
        self.keyed("code", "key", key).map(CodeKey)
    }

    pub(super) fn keep_code(&mut self, code: &Code) -> Result<()> {
        let id = self.code(&code.key)?;
        let sql = "UPDATE code SET file = $1, line = $2, hash = $3, source = coalesce(nullif($4, ''), source)
             WHERE id = $5";
        // An import may know the function, and not its text.
        self.execute(sql, params![code.file, code.line, code.hash, code.source, id]).map(drop)
    }

    pub(super) fn keep_code_check(&mut self, process: ProcessKey, code: CodeKey, is_in_work_tree: bool) -> Result<()> {
        let sql = "INSERT INTO code_check (process_id, code_id, is_in_work_tree) VALUES ($1, $2, $3)
             ON CONFLICT (process_id, code_id) DO UPDATE SET is_in_work_tree = excluded.is_in_work_tree";
        self.execute(sql, params![process, code, is_in_work_tree]).map(drop)
    }

    pub(super) fn git(&mut self, key: &str) -> Result<GitKey> {
        self.keyed("git", "key", key).map(GitKey)
    }

    pub(super) fn keep_git(&mut self, git: &Git) -> Result<()> {
        let id = self.git(&git.key)?;
        let tags = (!git.tags.is_empty()).then(|| json(&git.tags));
        let sql = "UPDATE git SET commit_id = coalesce($1, commit_id), branch = coalesce($2, branch),
             tags = coalesce($3, tags), dirty = coalesce($4, dirty), remote = coalesce($5, remote) WHERE id = $6";
        self.execute(sql, params![git.commit, git.branch, tags, git.dirty, git.remote, id]).map(drop)
    }

    pub(super) fn declaration(&mut self, declared: &Declaration) -> Result<DeclarationKey> {
        self.keyed("declaration", "content", &json(declared)).map(DeclarationKey)
    }

    /// Returns the key of what an argument, binding or expression is called.
    pub(super) fn argument(&mut self, name: Option<&str>) -> Result<Option<i64>> {
        name.map(|name| self.keyed("argument", "name", name)).transpose()
    }

    pub(super) fn param(&mut self, run: RunKey, name: &str, value: &str, at: Timestamp) -> Result<()> {
        let sql = "INSERT INTO param (run_id, name, value, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (run_id, name) DO UPDATE SET value = excluded.value, at = excluded.at
             WHERE at <= excluded.at";
        self.execute(sql, params![run, name, value, at]).map(drop)
    }

    pub(super) fn note(&mut self, run: RunKey, note: &NoteFact) -> Result<()> {
        let sql = "INSERT INTO note (uuid, run_id, text, at, by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        self.execute(sql, params![Bytes(note.id), run, note.text, note.at, note.by]).map(drop)
    }

    pub(super) fn label(&mut self, version: VersionKey, label: &LabelFact) -> Result<()> {
        let sql = "INSERT INTO label (uuid, version_id, verdict, reason, by, at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT DO NOTHING";
        let id = Bytes(label.id);
        self.execute(sql, params![id, version, label.verdict, label.reason, label.by, label.at]).map(drop)
    }

    pub(super) fn add_due(&mut self, run: RunKey, due: &Due) -> Result<()> {
        let sql = "INSERT INTO due (run_id, n, path, state) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        self.execute(sql, params![run, due.n, due.path, due.state]).map(drop)
    }

    pub(super) fn drop_due(&mut self, run: RunKey, n: u32) -> Result<()> {
        self.execute("DELETE FROM due WHERE run_id = $1 AND n = $2", params![run, n]).map(drop)
    }

    pub(super) fn offset(&mut self, journal: &str) -> Result<u64> {
        let sql = "SELECT offset FROM journal WHERE name = $1";
        let offset = self.one(sql, [journal], |row| row.get::<_, i64>(0))?.unwrap_or_default();
        Ok(u64::try_from(offset).unwrap_or_default())
    }

    pub(super) fn put_offset(&mut self, journal: &str, offset: Option<u64>) -> Result<()> {
        let put = "INSERT INTO journal (name, offset) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET offset = excluded.offset";
        match offset {
            Some(offset) => self.execute(put, params![journal, size_column(Some(offset))]),
            None => self.execute("DELETE FROM journal WHERE name = $1", [journal]),
        }
        .map(drop)
    }

    pub(super) fn add_tally(&mut self, name: &str, count: u64) -> Result<()> {
        // What cannot be counted any further stays at the end: a wrong number must not keep rows out.
        let sql = "INSERT INTO tally (name, count) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET
             count = CASE WHEN count > $3 - excluded.count THEN $3 ELSE count + excluded.count END";
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.execute(sql, params![name, count, i64::MAX]).map(drop)
    }
}

/// Finds an artifact that a project was the first to name.
const FIND_NAMED: &str = "SELECT id, kind, place FROM artifact WHERE project_id = $1 AND name = $2";

/// Finds a version of an artifact by the two columns of its id.
pub(super) const FIND_VERSION: &str = "SELECT id FROM version WHERE artifact_id = $1 AND id_kind = $2 AND id_value = $3
     AND tail = CASE WHEN $2 IN (0, 3) THEN substr($3, -4) ELSE $3 END";

/// Returns plain data as JSON text.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
