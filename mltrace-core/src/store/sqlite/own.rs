//! Which project a store in a project's root is of, whatever that root is called.

use rusqlite::params;

use super::SqliteStore;
use super::write::SqliteWriter;
use crate::store::{ProjectKey, Result};

const OWN: &str = "SELECT p.id, p.name FROM meta m JOIN project p ON p.id = m.value WHERE m.key = 'own_project'";

/// The project of a name, else the only one there is of which a process recorded something: what was imported may be
/// anybody's.
const FIRST: &str = "SELECT project_id FROM project_name WHERE name = $1
     UNION ALL SELECT p.id FROM project p WHERE (SELECT count(*) FROM project) = 1 AND EXISTS (
         SELECT 1 FROM run r JOIN process s ON s.id = r.process_id
         WHERE r.project_id = p.id AND s.key NOT LIKE 'import %')
     LIMIT 1";

impl SqliteStore {
    /// Returns the project of the root that the store lies in, if anything of it is recorded.
    pub(super) fn own(&self) -> Result<Option<(ProjectKey, String)>> {
        self.one(OWN, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Returns where the store was first written by a version that says so.
    pub(super) fn place(&self) -> Result<Option<String>> {
        self.one("SELECT value FROM meta WHERE key = 'own_place'", [], |row| row.get(0))
    }

    /// Returns whether the project of the root is known by this name.
    pub(super) fn is_own_known_as(&self, name: &str) -> Result<bool> {
        Ok(self.own()?.is_some_and(|(_, known)| known == name))
    }
}

impl SqliteWriter<'_> {
    /// Keeps where the store is, unless it was written before: a copy says where it was copied from.
    pub(super) fn keep_place(&mut self, place: &str) -> Result<()> {
        let sql = "INSERT INTO meta (key, value) VALUES ('own_place', $1) ON CONFLICT (key) DO NOTHING";
        self.execute(sql, [place]).map(drop)
    }

    /// Keeps that the project of the root that the store lies in is called so now.
    pub(super) fn call_own(&mut self, name: &str) -> Result<()> {
        let own: Option<ProjectKey> = self.one(OWN, [], |row| row.get(0))?;
        let own = match own {
            Some(own) => Some(own),
            None => self.one(FIRST, [name], |row| row.get(0))?,
        };
        let Some(own) = own else { return Ok(()) };
        let owner: Option<ProjectKey> =
            self.one("SELECT project_id FROM project_name WHERE name = $1", [name], |row| row.get(0))?;
        self.execute(
            "INSERT INTO meta (key, value) VALUES ('own_project', $1) ON CONFLICT (key) DO NOTHING",
            params![own.0.to_string()],
        )?;
        match owner {
            // Another project of the store has that name: each keeps its own.
            Some(owner) if owner != own => return Ok(()),
            Some(_) => {}
            None => {
                self.execute("INSERT INTO project_name (name, project_id) VALUES ($1, $2)", params![name, own])?;
            }
        }
        self.execute("UPDATE project SET name = $1 WHERE id = $2", params![name, own]).map(drop)
    }
}
