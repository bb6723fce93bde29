//! What lies behind a border: a name of another project, the same name in other projects, and that of another host.

use rusqlite::{Row, params};

use super::SqliteStore;
use super::map::Bytes;
use super::write::SqliteWriter;
use crate::model::{ArtifactName, RunId, Timestamp, VersionId};
use crate::store::{ArtifactKey, ProjectKey, Result, RunKey, WrittenElsewhere};

/// Each other project with the last write of ?1.
const IN_PROJECTS: &str = "SELECT p.name, r.uuid, NULL FROM project p
     CROSS JOIN artifact a ON a.project_id = p.id AND a.name = ?1
     CROSS JOIN write w ON w.id = (SELECT q.id FROM write q JOIN run o ON o.id = q.run_id
         WHERE q.artifact_id = a.id AND q.version_id IS NOT NULL ORDER BY q.at DESC, o.uuid DESC, q.n DESC LIMIT 1)
     CROSS JOIN run r ON r.id = w.run_id
     WHERE p.id <> ?2 ORDER BY p.name";

/// Each host, and each project of an unknown one, with the last write of artifact ?1 there, the last one first.
const ON_HOSTS: &str = "SELECT project, uuid, host FROM (
         SELECT p.name AS project, r.uuid AS uuid, s.host AS host, w.at AS at,
             row_number() OVER (PARTITION BY p.id, s.host ORDER BY w.at DESC, r.uuid DESC, w.n DESC) AS place
         FROM write w JOIN run r ON r.id = w.run_id JOIN project p ON p.id = r.project_id
         LEFT JOIN process s ON s.id = r.process_id WHERE w.artifact_id = ?1 AND w.version_id IS NOT NULL)
     WHERE place = 1 ORDER BY at DESC, uuid DESC";

/// The artifact ?2 of the project that has or had the name or identity ?1.
const OF_PROJECT: &str = "SELECT a.id FROM artifact a WHERE a.name = ?2 AND a.project_id IN (
         SELECT n.project_id FROM project_name n WHERE n.name = ?1
         UNION ALL SELECT i.project_id FROM project_identity i WHERE i.identity = ?1) LIMIT 1";

/// By what names other projects know an artifact of theirs.
const CALLED: &str =
    "SELECT n.name || '::' || a.name FROM artifact a JOIN project_name n ON n.project_id = a.project_id
     WHERE a.id = ?1
     UNION SELECT i.identity || '::' || a.name FROM artifact a JOIN project_identity i ON i.project_id = a.project_id
     WHERE a.id = ?1";

/// What last held content ?1 by moment ?2, of all folders that were written: nothing if so many hold it that it says nothing.
const HOLDING: &str = "SELECT a.name || '/' || e.name FROM folder_entry e JOIN folder f ON f.id = e.folder_id
     JOIN version v ON v.id_kind = 0 AND v.tail = substr(f.hash, -4) AND v.id_value = f.hash
     JOIN write w ON w.version_id = v.id AND w.at <= ?2 JOIN run r ON r.id = w.run_id
     JOIN artifact a ON a.id = w.artifact_id
     WHERE substr(e.hash, -4) = substr(?1, -4) AND e.hash = ?1
     AND (SELECT count(*) FROM (SELECT 1 FROM folder_entry o
         WHERE substr(o.hash, -4) = substr(?1, -4) AND o.hash = ?1 LIMIT 1001)) <= 1000
     ORDER BY w.at DESC, r.uuid DESC, w.n DESC, e.name LIMIT 1";

fn written(row: &Row<'_>) -> rusqlite::Result<WrittenElsewhere> {
    Ok(WrittenElsewhere { project: row.get(0)?, run: RunId(row.get::<_, Bytes>(1)?.0), host: row.get(2)? })
}

impl SqliteStore {
    pub(super) fn find_elsewhere(&self, project: ProjectKey, name: &ArtifactName) -> Result<Vec<WrittenElsewhere>> {
        if !name.is_for_all() {
            return self.all(IN_PROJECTS, params![name.as_str(), project], written);
        }
        let artifacts = self.artifact_named(project, name.as_str())?;
        let Some((artifact, _)) = artifacts.first() else { return Ok(Vec::new()) };
        if self.is_of_host(*artifact)? { self.all(ON_HOSTS, [artifact], written) } else { Ok(Vec::new()) }
    }

    pub(super) fn find_holding(&self, content: &VersionId, at: Timestamp) -> Result<Option<ArtifactName>> {
        let VersionId::Content(hash) = content else { return Ok(None) };
        self.one(HOLDING, params![hash.as_slice(), at], |row| Ok(ArtifactName(row.get(0)?)))
    }

    /// Returns the artifact that `project::name` means, a name of another project.
    pub(super) fn named_with_project(&self, name: &str) -> Result<Option<ArtifactKey>> {
        let Some((project, name)) = name.split_once("::") else { return Ok(None) };
        self.one(OF_PROJECT, params![project, name], |row| row.get(0))
    }
}

impl SqliteWriter<'_> {
    /// Returns the artifact of another project that one is named after, `project::name`.
    pub(super) fn meant_of_project(&mut self, artifact: ArtifactKey) -> Result<Option<ArtifactKey>> {
        let sql = "SELECT name FROM artifact WHERE id = $1 AND name LIKE '%_::_%'";
        let Some(name) = self.one(sql, [artifact], |row| row.get::<_, String>(0))? else { return Ok(None) };
        let Some((project, name)) = name.split_once("::") else { return Ok(None) };
        let found: Option<ArtifactKey> = self.one(OF_PROJECT, params![project, name], |row| row.get(0))?;
        Ok(found.filter(|found| *found != artifact))
    }

    /// Returns the reads of other projects that name an artifact with its project.
    pub(super) fn reads_with_project(&mut self, artifact: ArtifactKey) -> Result<Vec<(RunKey, u32)>> {
        let projects = self.all_projects()?;
        let mut found = Vec::new();
        if projects.len() < 2 {
            return Ok(found);
        }
        let names: Vec<String> = self.all(CALLED, [artifact], |row| row.get(0))?;
        let reads = "SELECT d.run_id, d.n FROM artifact a JOIN read d ON d.artifact_id = a.id
             WHERE a.project_id = $1 AND a.name = $2";
        for project in projects.iter() {
            for name in &names {
                found.extend(self.all(reads, params![project, name], |row| Ok((row.get(0)?, row.get(1)?)))?);
            }
        }
        Ok(found)
    }
}
