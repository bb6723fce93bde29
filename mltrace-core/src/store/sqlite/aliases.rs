//! What aliases point to.

use rusqlite::params;

use super::SqliteStore;
use super::map::{Bytes, version_id};
use super::write::SqliteWriter;
use crate::model::{AliasFact, ArtifactName, Version, VersionId};
use crate::store::{AliasRow, ProjectKey, Result, VersionKey};

/// Each entry, with the version that it points to, if there is one.
const ALIASES: &str = "SELECT l.uuid, l.name, a.name, v.id_kind, v.id_value, l.reason, l.by, l.at
     FROM alias l LEFT JOIN version v ON v.id = l.version_id LEFT JOIN artifact a ON a.id = v.artifact_id
     WHERE l.project_id = $1";

impl SqliteWriter<'_> {
    pub(super) fn alias(&mut self, project: ProjectKey, version: Option<VersionKey>, alias: &AliasFact) -> Result<()> {
        let sql = "INSERT INTO alias (uuid, project_id, name, version_id, reason, by, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let id = Bytes(alias.id);
        self.execute(sql, params![id, project, alias.alias, version, alias.reason, alias.by, alias.at]).map(drop)
    }
}

impl SqliteStore {
    pub(super) fn aliases_in(&self, project: ProjectKey) -> Result<Vec<AliasRow>> {
        self.all(ALIASES, [project], |row| {
            let name: Option<String> = row.get(2)?;
            let version = version_id(row, 3)?.unwrap_or(VersionId::None);
            Ok(AliasRow {
                id: row.get::<_, Bytes>(0)?.0,
                alias: row.get(1)?,
                artifact: name.map(|name| Version { name: ArtifactName(name), version }),
                reason: row.get(5)?,
                by: row.get(6)?,
                at: row.get(7)?,
            })
        })
    }
}
