//! What lies near a name: the folders around it, and what lies inside it.
//!
//! A column of each artifact says whether there may be any, so that all others cost nothing.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::map::version_columns;
use super::write::{FIND_VERSION, SqliteWriter};
use crate::model::{Timestamp, VersionId, folders_around, is_for_all, path_inside, range_inside};
use crate::store::{ArtifactKey, NearName, NearNames, ProjectKey, Result, RunKey, WriteKey};

/// In the column `place`: a folder around it may be known, something in it may be known.
const AROUND: i64 = 1;
const HOLDS: i64 = 2;
/// The place of what nobody named, of which none is kept.
pub(super) const ANYWHERE: i64 = AROUND | HOLDS;

const NAMED: &str = "SELECT id FROM artifact WHERE project_id = $1 AND name = $2";
const MEMBERS: &str = "SELECT id, name FROM artifact WHERE project_id = $1 AND name > $2 AND name < $3";
const ANY_MEMBERS: &str = "SELECT id, name FROM artifact WHERE project_id = $1";
const WHERE: &str = "SELECT project_id, name, place FROM artifact WHERE id = $1";

/// Returns the artifacts near what is called so, where its place says that there may be any.
pub(super) fn near_named(
    connection: &Connection,
    (project, name): (ProjectKey, &str),
    place: i64,
) -> Result<NearNames> {
    let mut near = NearNames::default();
    let around = if place & AROUND == 0 { Vec::new() } else { folders_around(name) };
    let projects = if is_for_all(name) { projects(connection)? } else { vec![project] };
    for folder in around {
        let path = || path_inside(folder, name).unwrap_or_default().to_owned();
        for project in &projects {
            let found =
                connection.prepare_cached(NAMED)?.query_row(params![project, folder], |row| row.get(0)).optional()?;
            near.folders.extend(found.map(|artifact| NearName { artifact, path: path() }));
        }
    }
    if place & HOLDS != 0 {
        for project in projects {
            near.members.extend(members(connection, (project, name))?);
        }
    }
    Ok(near)
}

/// Returns all projects: of a name that means the same thing for all of them, each may have named what is near it.
fn projects(connection: &Connection) -> Result<Vec<ProjectKey>> {
    let mut all = connection.prepare_cached("SELECT id FROM project ORDER BY id")?;
    Ok(all.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Returns what lies in what is called so.
fn members(connection: &Connection, (project, name): (ProjectKey, &str)) -> Result<Vec<NearName>> {
    let (mut bounded, mut any);
    let mut rows = match range_inside(name) {
        Some((from, to)) => {
            bounded = connection.prepare_cached(MEMBERS)?;
            bounded.query(params![project, from, to])?
        }
        None => {
            any = connection.prepare_cached(ANY_MEMBERS)?;
            any.query([project])?
        }
    };
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let member = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        if let Some(path) = path_inside(name, member) {
            found.push(NearName { artifact: row.get(0)?, path: path.to_owned() });
        }
    }
    Ok(found)
}

/// Returns the artifacts near one.
pub(super) fn near(connection: &Connection, artifact: ArtifactKey) -> Result<NearNames> {
    let place = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found: Option<(ProjectKey, String, i64)> =
        connection.prepare_cached(WHERE)?.query_row([artifact], place).optional()?;
    match found.filter(|(.., place)| *place != 0) {
        Some((project, name, place)) => near_named(connection, (project, &name), place),
        None => Ok(NearNames::default()),
    }
}

impl SqliteStore {
    pub(super) fn makers_of_what_was_read(
        &self,
        artifact: ArtifactKey,
        version: &VersionId,
        at: Timestamp,
    ) -> Result<Vec<RunKey>> {
        let (kind, value) = version_columns(version);
        // d: the last read by then of this version; kind 4 is that of a read whose content nobody knows. Bound 2: a copy.
        let sql = format!(
            "WITH asked (id) AS ({FIND_VERSION}), last (run_id, n, bound, write_id) AS (
                 SELECT d.run_id, d.n, d.bound, d.write_id FROM read d JOIN run r ON r.id = d.run_id
                 WHERE d.artifact_id = $1 AND d.at <= $4
                 AND (d.seen_id = (SELECT id FROM asked) OR $2 = 4 AND d.seen_id IS NULL AND d.write_id IS NULL)
                 ORDER BY d.at DESC, r.uuid DESC, d.n DESC LIMIT 1)
             SELECT w.run_id AS run_id FROM last JOIN write w ON w.id = last.write_id WHERE last.bound = 2 UNION
             SELECT w.run_id FROM last JOIN part p ON p.run_id = last.run_id AND p.n = last.n
             JOIN write w ON w.id = p.write_id ORDER BY run_id"
        );
        self.all(&sql, params![artifact, kind, value, at], |row| row.get(0))
    }
}

/// Returns under which project it is remembered whether a name is known: one that means the same thing for all of them belongs
/// to none.
fn scope(project: ProjectKey, name: &str) -> ProjectKey {
    if is_for_all(name) { ProjectKey(0) } else { project }
}

impl SqliteWriter<'_> {
    /// Finds out where a new artifact lies, and keeps it for those around it and in it too.
    pub(super) fn place_new(&mut self, project: ProjectKey, artifact: ArtifactKey, name: &str) -> Result<()> {
        let mut place = 0;
        for folder in folders_around(name) {
            if let Some(folder) = self.folder(project, folder)? {
                place |= AROUND;
                self.put_place(folder, HOLDS)?;
            }
        }
        place |= self.place_members(project, name)?;
        self.places.of.insert(artifact, 0);
        self.put_place(artifact, place)?;
        let scope = scope(project, name);
        if let Some(known) = self.places.folders.get_mut(&scope).and_then(|folders| folders.get_mut(name)) {
            *known = Some(artifact);
        }
        Ok(())
    }

    /// Marks all that lies in a new artifact as lying in a known folder, and returns the mark of the new artifact itself.
    fn place_members(&mut self, project: ProjectKey, name: &str) -> Result<i64> {
        const ANY: &str = "SELECT id FROM artifact WHERE project_id = $1 AND name > $2 AND name < $3 LIMIT 1";
        const PUT: &str = "UPDATE artifact SET place = place | 1
             WHERE project_id = $1 AND name > $2 AND name < $3 AND place & 1 = 0";
        // What lies in the project's root is scattered: more are marked than lie there.
        const PUT_ALL: &str = "UPDATE artifact SET place = place | 1 WHERE project_id = $1 AND place & 1 = 0";
        let Some((from, to)) = range_inside(name) else {
            self.places.of.clear();
            self.execute(PUT_ALL, [project])?;
            return Ok(HOLDS);
        };
        let mut place = 0;
        let all = if is_for_all(name) { Some(self.all_projects()?) } else { None };
        for project in all.as_deref().unwrap_or(std::slice::from_ref(&project)) {
            if self.one(ANY, params![project, from, to], |row| row.get::<_, i64>(0))?.is_some() {
                self.places.of.clear();
                self.execute(PUT, params![project, from, to])?;
                place = HOLDS;
            }
        }
        Ok(place)
    }

    /// Returns the artifact that a folder is, if it is one.
    fn folder(&mut self, project: ProjectKey, name: &str) -> Result<Option<ArtifactKey>> {
        let scope = scope(project, name);
        if let Some(known) = self.places.folders.get(&scope).and_then(|folders| folders.get(name)) {
            return Ok(*known);
        }
        let mut found = None;
        let all = if is_for_all(name) { Some(self.all_projects()?) } else { None };
        for project in all.as_deref().unwrap_or(std::slice::from_ref(&project)) {
            found = found.or(self.one(NAMED, params![project, name], |row| row.get(0))?);
        }
        self.places.folders.entry(scope).or_default().insert(name.to_owned(), found);
        Ok(found)
    }

    /// Returns where an artifact lies.
    fn place(&mut self, artifact: ArtifactKey) -> Result<i64> {
        if let Some(place) = self.places.of.get(&artifact) {
            return Ok(*place);
        }
        let place = self.one("SELECT place FROM artifact WHERE id = $1", [artifact], |row| row.get(0))?;
        let place = place.unwrap_or_default();
        self.places.of.insert(artifact, place);
        Ok(place)
    }

    fn put_place(&mut self, artifact: ArtifactKey, place: i64) -> Result<()> {
        let known = self.place(artifact)?;
        if known | place != known {
            self.execute("UPDATE artifact SET place = $1 WHERE id = $2", params![known | place, artifact])?;
            self.places.of.insert(artifact, known | place);
        }
        Ok(())
    }

    pub(super) fn near_names(&mut self, artifact: ArtifactKey) -> Result<NearNames> {
        match self.place(artifact)? {
            0 => Ok(NearNames::default()),
            _ => near(self.connection, artifact),
        }
    }

    pub(super) fn reads_near_to(&mut self, artifact: ArtifactKey, from: Timestamp) -> Result<Vec<(RunKey, u32)>> {
        const OF: &str = "SELECT run_id, n FROM read WHERE artifact_id = $1 AND at >= $2";
        const IN: &str = "SELECT d.run_id, d.n FROM artifact a JOIN read d ON d.artifact_id = a.id AND d.at >= $1
             WHERE a.project_id = $2 AND a.name > $3 AND a.name < $4";
        const IN_ROOT: &str = "SELECT d.run_id, d.n FROM artifact a JOIN read d ON d.artifact_id = a.id AND d.at >= $1
             WHERE a.project_id = $2";
        let place = self.place(artifact)?;
        let mut found = Vec::new();
        if place == 0 {
            return Ok(found);
        }
        let numbered = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (project, name): (ProjectKey, String) =
            self.statement(WHERE)?.query_row([artifact], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for folder in folders_around(&name) {
            if let Some(folder) = self.folder(project, folder)? {
                found.extend(self.all(OF, params![folder, from], numbered)?);
            }
        }
        if place & HOLDS != 0 {
            let all = if is_for_all(&name) { Some(self.all_projects()?) } else { None };
            for project in all.as_deref().unwrap_or(std::slice::from_ref(&project)) {
                found.extend(match range_inside(&name) {
                    Some((first, after)) => self.all(IN, params![from, project, first, after], numbered)?,
                    None => self.all(IN_ROOT, params![from, project], numbered)?,
                });
            }
        }
        Ok(found)
    }

    /// Returns the reads that a migration left to be bound again, once.
    pub(super) fn reads_by_earlier_rules(&mut self) -> Result<Vec<(RunKey, u32)>> {
        if self.execute("DELETE FROM tally WHERE name = 'to bind'", [])? == 0 {
            return Ok(Vec::new());
        }
        self.all("SELECT run_id, n FROM read", [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub(super) fn parts_of(&mut self, run: RunKey, n: u32) -> Result<Vec<WriteKey>> {
        let sql = "SELECT write_id FROM part WHERE run_id = $1 AND n = $2 ORDER BY write_id";
        self.all(sql, params![run, n], |row| row.get(0))
    }

    /// Returns whether any read saw more than the write that it is bound to.
    pub(super) fn has_any_parts(&mut self) -> Result<bool> {
        if let Some(known) = self.has_parts {
            return Ok(known);
        }
        let found = self.one("SELECT EXISTS (SELECT 1 FROM part)", [], |row| row.get(0))?.unwrap_or(false);
        self.has_parts = Some(found);
        Ok(found)
    }

    pub(super) fn put_parts_of(&mut self, run: RunKey, n: u32, parts: &[WriteKey]) -> Result<()> {
        if self.has_any_parts()? {
            self.execute("DELETE FROM part WHERE run_id = $1 AND n = $2", params![run, n])?;
        }
        self.add_parts(run, n, parts)
    }

    pub(super) fn add_parts(&mut self, run: RunKey, n: u32, parts: &[WriteKey]) -> Result<()> {
        if parts.is_empty() {
            return Ok(());
        }
        self.has_parts = Some(true);
        let sql = "INSERT INTO part (run_id, n, write_id) VALUES ($1, $2, $3)";
        parts.iter().try_for_each(|part| self.execute(sql, params![run, n, part]).map(drop))
    }
}
