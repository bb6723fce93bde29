//! Names that are another thing on each host: absolute paths, unless they lie in a folder that all hosts share.

use super::SqliteStore;
use super::write::SqliteWriter;
use crate::model::{Timestamp, path_inside};
use crate::store::{ArtifactKey, Result, RunKey};

/// Whether runs of several hosts, or of several projects, are known.
const SEVERAL: &str = "SELECT (SELECT count(DISTINCT host) FROM process) > 1 OR (SELECT count(*) FROM project) > 1";
const SHARED: &str = "SELECT path FROM shared_folder";
const NAME: &str = "SELECT name FROM artifact WHERE id = $1 AND name >= '/' AND name < '0'";

/// Returns whether a name is that of another thing on each host.
fn is_of_host(name: &str, shared: &[String]) -> bool {
    !shared.iter().any(|folder| name == folder || path_inside(folder, name).is_some())
}

impl SqliteStore {
    /// Returns whether runs of several hosts, or of several projects, are known.
    pub(super) fn has_hosts(&self) -> Result<bool> {
        Ok(self.one(SEVERAL, [], |row| row.get(0))?.unwrap_or(false))
    }

    /// Returns whether an artifact is another thing on each host.
    pub(super) fn is_of_host(&self, artifact: ArtifactKey) -> Result<bool> {
        let Some(name) = self.one(NAME, [artifact], |row| row.get::<_, String>(0))? else { return Ok(false) };
        Ok(is_of_host(&name, &self.shared()?))
    }

    pub(super) fn shared(&self) -> Result<Vec<String>> {
        self.all(SHARED, [], |row| row.get(0))
    }
}

impl SqliteWriter<'_> {
    /// Returns whether an artifact is another thing on each host.
    pub(super) fn is_of_host(&mut self, artifact: ArtifactKey) -> Result<bool> {
        if let Some(known) = self.of_hosts.get(&artifact) {
            return Ok(*known);
        }
        let found = match self.one(NAME, [artifact], |row| row.get::<_, String>(0))? {
            Some(name) => {
                let shared: Vec<String> = self.all(SHARED, [], |row| row.get(0))?;
                is_of_host(&name, &shared)
            }
            None => false,
        };
        self.of_hosts.insert(artifact, found);
        Ok(found)
    }

    /// Takes note that all hosts share a folder. What was bound otherwise is bound again by the next fold.
    pub(super) fn share(&mut self, folder: &str) -> Result<()> {
        self.of_hosts.clear();
        let sql = "INSERT INTO shared_folder (path) VALUES ($1) ON CONFLICT DO NOTHING";
        if self.execute(sql, [folder])? > 0 {
            self.add_tally("to bind", 1)?;
        }
        Ok(())
    }

    /// Returns the reads of an artifact from then on that reported nothing of what they saw: of a name that is another thing on
    /// each host, a write that follows on another one hides none.
    pub(super) fn reads_on_any_host(&mut self, artifact: ArtifactKey, from: Timestamp) -> Result<Vec<(RunKey, u32)>> {
        let sql = "SELECT run_id, n FROM read WHERE artifact_id = $1 AND seen_id IS NULL AND at >= $2";
        self.all(sql, rusqlite::params![artifact, from], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}
