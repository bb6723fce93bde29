//! What can be found in a SQLite file.

use foldhash::HashMap;
use rusqlite::{OptionalExtension, Params, Row, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::SqliteStore;
use super::last::last_write;
use super::map::{Bytes, version_columns, version_id};
use crate::model::{ArtifactName, Due, RunId, Timestamp, VersionId, is_for_all};
use crate::store::{
    ArtifactKey, ComponentKey, ComponentRow, MarkedRow, ProjectKey, Result, RunKey, StoreError, VersionAt,
};

impl SqliteStore {
    /// Refuses a store in which the time of a run is text: SQLite sorts that behind all numbers, so whatever asks for runs
    /// up to a time leaves it out, and the answer looks whole.
    fn check_started(&self, project: ProjectKey) -> Result<()> {
        let sql = "SELECT 1 FROM run WHERE project_id = $1 AND started_at > 9223372036854775807 LIMIT 1";
        match self.one(sql, [project], |row| row.get::<_, i64>(0))? {
            Some(_) => Err(StoreError::Corrupt("the time at which a run started is no number".to_owned())),
            None => Ok(()),
        }
    }

    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.connection.prepare_cached(sql)?.query_row(params, map).optional()?)
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        mut map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            self.hold(row)?;
            found.push(map(row)?);
        }
        Ok(found)
    }

    pub(super) fn ids_of(&self, runs: &[RunKey]) -> Result<HashMap<RunKey, RunId>> {
        let sql = "SELECT r.id, r.uuid FROM json_each($1) AS asked JOIN run r ON r.id = asked.value";
        Ok(self.all(sql, [key_list(runs)], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
    }

    /// Begins to read the store as it stands now, until the value is dropped: what several statements find fits
    /// together, and the locks are taken once.
    pub(super) fn look(&self) -> Result<Option<Transaction<'_>>> {
        // Inside a transaction the store stands as it stands already.
        let begin = || Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred);
        Ok(if self.connection.is_autocommit() { Some(begin()?) } else { None })
    }

    pub(super) fn component_rows(&self, project: ProjectKey, with_runs: bool) -> Result<Vec<ComponentRow>> {
        let sql = "SELECT id FROM component WHERE project_id = $1 ORDER BY name";
        let keys: Vec<ComponentKey> = self.all(sql, [project], |row| row.get(0))?;
        keys.into_iter().filter_map(|key| self.component_row(key, with_runs).transpose()).collect()
    }

    pub(super) fn component_row(&self, key: ComponentKey, with_runs: bool) -> Result<Option<ComponentRow>> {
        let find = "SELECT name, owner, description, stale_after_s,
             (SELECT max(at) FROM (SELECT owner_at AS at UNION ALL SELECT description_at UNION ALL SELECT stale_after_at
                 UNION ALL SELECT at FROM component_tag WHERE component_id = component.id) AS said)
             FROM component WHERE id = $1";
        let tags = "SELECT tag FROM component_tag WHERE component_id = $1 AND is_present ORDER BY tag";
        let Some(mut component) = self.one(find, [key], |row| {
            Ok(ComponentRow {
                key,
                name: row.get(0)?,
                owner: row.get(1)?,
                description: row.get(2)?,
                stale_after_s: row.get(3)?,
                tags: Vec::new(),
                said_at: row.get(4)?,
                runs: 0,
                last_run: None,
            })
        })?
        else {
            return Ok(None);
        };
        component.tags = self.all(tags, [key], |row| row.get(0))?;
        if with_runs {
            let count = "SELECT count(*) FROM run WHERE component_id = $1";
            component.runs = self.one(count, [key], |row| row.get::<_, i64>(0))?.map_or(0, i64::unsigned_abs);
            let last = "SELECT id FROM run WHERE component_id = $1 ORDER BY started_at DESC, uuid DESC LIMIT 1";
            component.last_run = self.one(last, [key], |row| row.get(0))?;
        }
        Ok(Some(component))
    }
}

fn artifact(row: &Row<'_>) -> rusqlite::Result<(ArtifactKey, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn marked(row: &Row<'_>) -> rusqlite::Result<MarkedRow> {
    Ok(MarkedRow { name: ArtifactName(row.get(0)?), run: row.get(1)?, mark: row.get(2)? })
}

pub(super) fn version_at(row: &Row<'_>) -> rusqlite::Result<VersionAt> {
    let run: Option<RunKey> = row.get(3)?;
    let at: Option<Timestamp> = row.get(4)?;
    Ok(VersionAt { key: row.get(0)?, id: version_id(row, 1)?.unwrap_or(VersionId::None), written: run.zip(at) })
}

/// The keys as the JSON list that `json_each` takes.
pub(super) fn key_list<K: Copy + Into<i64>>(keys: &[K]) -> String {
    super::write::json(&keys.iter().map(|key| (*key).into()).collect::<Vec<i64>>())
}

impl SqliteStore {
    pub(super) fn project_called(&self, name: &str, identity: Option<&str>) -> Result<Option<ProjectKey>> {
        let found = self.find_project(name, identity)?;
        if let Some(project) = found {
            self.check_started(project)?;
        }
        Ok(found)
    }

    pub(super) fn project_of_root(&self) -> Result<Option<(ProjectKey, String)>> {
        let own = self.own()?;
        if let Some((project, _)) = &own {
            self.check_started(*project)?;
        }
        Ok(own)
    }

    pub(super) fn component_named(
        &self,
        project: ProjectKey,
        name: &str,
        with_runs: bool,
    ) -> Result<Option<ComponentRow>> {
        let find = "SELECT id FROM component WHERE project_id = $1 AND name = $2";
        match self.one(find, params![project, name], |row| row.get(0))? {
            Some(key) => self.component_row(key, with_runs),
            None => Ok(None),
        }
    }

    pub(super) fn artifact_named(&self, project: ProjectKey, name: &str) -> Result<Vec<(ArtifactKey, String)>> {
        let sql = "SELECT id, name FROM artifact WHERE project_id = $1 AND name = $2";
        let found = self.all(sql, params![project, name], artifact)?;
        if !is_for_all(name) {
            // A name of another project, unless somebody wrote that here.
            let is_written = |artifact: &ArtifactKey| {
                let sql = "SELECT 1 FROM write WHERE artifact_id = $1 AND version_id IS NOT NULL LIMIT 1";
                Ok::<_, StoreError>(self.one(sql, [artifact], |_| Ok(()))?.is_some())
            };
            let other = match found.first() {
                Some((own, _)) if !name.contains("::") || is_written(own)? => None,
                _ => self.named_with_project(name)?,
            };
            return Ok(other.map_or(found, |other| vec![(other, name.to_owned())]));
        }
        if !found.is_empty() {
            return Ok(found);
        }
        // Another project may have been the first to name it.
        let sql = "SELECT a.id, a.name FROM project p CROSS JOIN artifact a ON a.project_id = p.id AND a.name = $1";
        self.all(sql, [name], artifact)
    }

    pub(super) fn artifacts_starting(
        &self,
        project: ProjectKey,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<(ArtifactKey, String)>> {
        // `substr` instead of LIKE: a prefix may hold `%` and `_`. The range lets the index find its start.
        let sql = "SELECT id, name FROM artifact WHERE project_id = $1 AND name >= $2
             AND substr(name, 1, length($2)) = $2
             UNION ALL SELECT a.id, a.name FROM also_in o CROSS JOIN artifact a ON a.id = o.artifact_id
             WHERE o.project_id = $1 AND substr(a.name, 1, length($2)) = $2 ORDER BY name LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![project, prefix, limit], artifact)
    }

    pub(super) fn short_artifacts(
        &self,
        project: ProjectKey,
        longest: usize,
        limit: usize,
    ) -> Result<Vec<(ArtifactKey, String)>> {
        let sql = "SELECT id, name FROM artifact WHERE project_id = $1 AND octet_length(name) <= $2
             UNION ALL SELECT a.id, a.name FROM also_in o CROSS JOIN artifact a ON a.id = o.artifact_id
             WHERE o.project_id = $1 AND octet_length(a.name) <= $2 ORDER BY name LIMIT $3";
        let [longest, limit] = [longest, limit].map(|most| i64::try_from(most).unwrap_or(i64::MAX));
        self.all(sql, params![project, longest, limit], artifact)
    }

    pub(super) fn short_components(
        &self,
        project: ProjectKey,
        longest: usize,
        limit: usize,
    ) -> Result<Vec<ComponentRow>> {
        let sql =
            "SELECT id, name FROM component WHERE project_id = $1 AND octet_length(name) <= $2 ORDER BY name LIMIT $3";
        let [longest, limit] = [longest, limit].map(|most| i64::try_from(most).unwrap_or(i64::MAX));
        self.all(sql, params![project, longest, limit], |row| {
            let (key, name) = (row.get(0)?, row.get(1)?);
            let (owner, description, stale_after_s, said_at, last_run) = (None, None, None, None, None);
            Ok(ComponentRow {
                key,
                name,
                owner,
                description,
                stale_after_s,
                tags: Vec::new(),
                said_at,
                runs: 0,
                last_run,
            })
        })
    }

    pub(super) fn artifacts_with(
        &self,
        project: ProjectKey,
        content: &VersionId,
    ) -> Result<Vec<(ArtifactKey, String)>> {
        let VersionId::Content(hash) = content else { return Ok(Vec::new()) };
        let sql = "SELECT a.id, a.name FROM version v JOIN artifact a ON a.id = v.artifact_id
             WHERE v.id_kind = 0 AND v.tail = substr($1, -4) AND v.id_value = $1
             AND (a.project_id = $2 OR EXISTS (SELECT 1 FROM also_in o WHERE o.project_id = $2 AND o.artifact_id = a.id))
             ORDER BY coalesce((SELECT max(w.at) FROM write w WHERE w.version_id = v.id), -1 << 62) DESC, v.id DESC";
        self.all(sql, params![hash.as_slice(), project], artifact)
    }

    pub(super) fn artifacts_holding(
        &self,
        project: ProjectKey,
        text: &str,
        limit: usize,
    ) -> Result<Vec<(ArtifactKey, String)>> {
        // Unlike `lower`, this makes no text for every name.
        let sql = "SELECT id, name FROM (SELECT id, name FROM artifact WHERE project_id = $1
                 UNION ALL SELECT a.id, a.name FROM also_in o CROSS JOIN artifact a ON a.id = o.artifact_id
                 WHERE o.project_id = $1)
             WHERE name LIKE $2 ESCAPE '\\' ORDER BY length(name), name LIMIT $3";
        let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![project, format!("%{text}%"), limit], artifact)
    }

    pub(super) fn latest_of(&self, artifact: ArtifactKey, at: Timestamp) -> Result<Option<VersionAt>> {
        let written = concat!(
            "SELECT v.id, v.id_kind, v.id_value, w.run_id, w.at FROM write w JOIN version v ON v.id = w.version_id
             WHERE w.id = ",
            last_write!("q.artifact_id = $1 AND q.version_id IS NOT NULL AND q.at <= $2")
        );
        let found = self.one(written, params![artifact, at], version_at)?;
        if found.is_some() {
            return Ok(found);
        }
        // Nobody wrote it: the version that was read last, or `none` where no content is known.
        let read = "SELECT v.id, v.id_kind, v.id_value, NULL, NULL
             FROM read d JOIN run r ON r.id = d.run_id LEFT JOIN version v ON v.id = d.seen_id
             WHERE d.artifact_id = $1 AND d.at <= $2 ORDER BY v.id IS NULL, d.at DESC, r.uuid DESC, d.n DESC LIMIT 1";
        self.one(read, params![artifact, at], version_at)
    }

    pub(super) fn first_readers(
        &self,
        artifact: ArtifactKey,
        version: &VersionId,
        limit: usize,
    ) -> Result<Vec<RunKey>> {
        let (kind, value) = version_columns(version);
        let sql = "SELECT DISTINCT r.id FROM read d JOIN run r ON r.id = d.run_id
             LEFT JOIN write w ON w.id = d.write_id
             LEFT JOIN version v ON v.id = coalesce(d.seen_id, w.version_id)
             WHERE d.artifact_id = $1 AND r.component_id IS NOT NULL
             AND ((v.id_kind = $2 AND v.id_value = $3) OR (v.id IS NULL AND $2 = 4))
             ORDER BY r.started_at, r.uuid LIMIT $4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![artifact, kind, value, limit], |row| row.get(0))
    }

    pub(super) fn marked_runs(
        &self,
        artifact: ArtifactKey,
        since: Timestamp,
        (version, with_unknown): (&VersionId, bool),
        limit: usize,
    ) -> Result<Vec<MarkedRow>> {
        // name | run_id | mark; a mark of 1 is an artifact that stood as it was
        let sql = "SELECT a.name, w.run_id, w.mark FROM write w JOIN run r ON r.id = w.run_id
             JOIN artifact a ON a.id = w.artifact_id LEFT JOIN version v ON v.id = w.seen_id
             WHERE w.artifact_id = $1 AND w.mark IS NOT NULL AND r.component_id IS NOT NULL
             AND coalesce(w.said_at, r.ended_at, r.started_at) > $2
             AND CASE w.mark WHEN 1 THEN v.id_kind = $3 AND v.id_value = $4 ELSE $5 END
             ORDER BY coalesce(w.said_at, r.ended_at, r.started_at) DESC, r.uuid DESC LIMIT $6";
        let (kind, value) = version_columns(version);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![artifact, since, kind, value, with_unknown, limit], marked)
    }

    pub(super) fn missing_artifacts(&self, project: ProjectKey) -> Result<Vec<MarkedRow>> {
        let sql = "SELECT a.name, w.run_id, w.mark, coalesce(r.ended_at, r.started_at) AS told FROM write w
             JOIN artifact a ON a.id = w.artifact_id JOIN run r ON r.id = w.run_id
             WHERE w.mark = 0 AND r.project_id = $1 AND r.component_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM write q WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL
                 AND q.at >= coalesce(r.ended_at, r.started_at))
             ORDER BY a.name, told DESC, r.uuid DESC";
        let mut found = self.all(sql, [project], marked)?;
        found.dedup_by(|later, first| later.name == first.name);
        Ok(found)
    }

    pub(super) fn claiming_runs(&self, artifact: ArtifactKey, limit: usize) -> Result<Vec<RunKey>> {
        let sql = "SELECT r.id FROM run r WHERE r.component_id IS NOT NULL
             AND r.id IN (SELECT run_id FROM write WHERE artifact_id = $1 AND version_id IS NULL AND mark IS NULL
                 AND id NOT IN (SELECT write_id FROM echo))
             ORDER BY r.started_at DESC, r.uuid DESC LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![artifact, limit], |row| row.get(0))
    }

    pub(super) fn runs_by_digits(&self, project: ProjectKey, digits: &str, limit: usize) -> Result<Vec<RunKey>> {
        // The first digits are a range of the index on ids; for the last ones all of that index is read, and no row. What
        // stands in whole bytes is compared first: to write out every id costs several times as much.
        let fill = |digit: &str| digit.repeat(32_usize.saturating_sub(digits.len()));
        let id = |text: String| Uuid::parse_str(&text);
        let ids = (id(format!("{digits}{}", fill("0"))), id(format!("{digits}{}", fill("f"))), id(fill("0") + digits));
        let (Ok(first), Ok(last), Ok(ending)) = ids else { return Ok(Vec::new()) };
        let sql = "SELECT r.id FROM (
                 SELECT id FROM run WHERE uuid >= $1 AND uuid <= $2
                 UNION SELECT id FROM run
                     WHERE substr(uuid, 17 - length($3)) = $3 AND substr(hex(uuid), -length($4)) = upper($4)) AS found
             JOIN run r ON r.id = found.id WHERE r.project_id = $5 AND r.component_id IS NOT NULL
             ORDER BY r.started_at DESC, r.uuid DESC LIMIT $6";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (_, tail) = ending.as_bytes().split_at(16_usize.saturating_sub(digits.len() / 2));
        let params = params![Bytes(first), Bytes(last), tail, digits, project, limit];
        self.all(sql, params, |row| row.get(0))
    }

    pub(super) fn runs_after(&self, component: ComponentKey, since: Timestamp, limit: usize) -> Result<Vec<RunKey>> {
        let sql = "SELECT id FROM run WHERE component_id = $1 AND started_at > $2 ORDER BY started_at, uuid LIMIT $3";
        self.all(sql, params![component, since, i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get(0))
    }

    pub(super) fn all_dues(&self, host: Option<&str>) -> Result<Vec<Due>> {
        let sql = "SELECT r.uuid, d.n, d.path, d.state FROM due d JOIN run r ON r.id = d.run_id
             JOIN process s ON s.id = r.process_id WHERE s.is_over AND s.host IS $1 ORDER BY d.run_id, d.n";
        self.all(sql, [host], |row| Ok(Due { run: row.get(0)?, n: row.get(1)?, path: row.get(2)?, state: row.get(3)? }))
    }

    pub(super) fn offset_of(&self, journal: &str) -> Result<u64> {
        let sql = "SELECT offset FROM journal WHERE name = $1";
        let offset = self.one(sql, [journal], |row| row.get::<_, i64>(0))?;
        Ok(offset.and_then(|offset| u64::try_from(offset).ok()).unwrap_or_default())
    }

    pub(super) fn tally_of(&self, name: &str) -> Result<u64> {
        let count = self.one("SELECT count FROM tally WHERE name = $1", [name], |row| row.get::<_, i64>(0))?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }
}
