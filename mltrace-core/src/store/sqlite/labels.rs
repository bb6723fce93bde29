//! What people said of versions.

use rusqlite::Row;

use super::SqliteStore;
use super::keys::{among, ascending};
use super::map::{Bytes, version_id};
use crate::model::{ArtifactName, VersionId};
use crate::store::{ArtifactKey, LabelRow, ProjectKey, Result, VersionKey};

const COLUMNS: &str = "SELECT l.uuid, v.id, a.name, v.id_kind, v.id_value, l.verdict, l.reason, l.by, l.at";

const ON_VERSIONS: &str = concat!(
    "SELECT l.uuid, v.id, a.name, v.id_kind, v.id_value, l.verdict, l.reason, l.by, l.at
     FROM json_each($1) AS asked CROSS JOIN label l ON ",
    among!("l.version_id"),
    " CROSS JOIN version v ON v.id = l.version_id CROSS JOIN artifact a ON a.id = v.artifact_id"
);

impl SqliteStore {
    pub(super) fn labels_in(&self, project: ProjectKey) -> Result<Vec<LabelRow>> {
        let sql = format!(
            "{COLUMNS} FROM label l CROSS JOIN version v ON v.id = l.version_id
             CROSS JOIN artifact a ON a.id = v.artifact_id WHERE a.project_id = $1
             OR EXISTS (SELECT 1 FROM also_in o WHERE o.project_id = $1 AND o.artifact_id = a.id)"
        );
        self.all(&sql, [project], label)
    }

    pub(super) fn labels_on_versions(&self, versions: &[VersionKey]) -> Result<Vec<LabelRow>> {
        self.each(ON_VERSIONS, &ascending(versions.iter().copied()), label)
    }

    pub(super) fn labels_of_artifact(&self, artifact: ArtifactKey) -> Result<Vec<LabelRow>> {
        // From the labels, of which people give few, to what they are on.
        let sql = format!(
            "{COLUMNS} FROM label l CROSS JOIN version v ON v.id = l.version_id AND v.artifact_id = $1
             CROSS JOIN artifact a ON a.id = v.artifact_id"
        );
        self.all(&sql, [artifact], label)
    }
}

fn label(row: &Row<'_>) -> rusqlite::Result<LabelRow> {
    Ok(LabelRow {
        id: row.get::<_, Bytes>(0)?.0,
        version: row.get(1)?,
        name: ArtifactName(row.get(2)?),
        version_id: version_id(row, 3)?.unwrap_or(VersionId::None),
        verdict: row.get(5)?,
        reason: row.get(6)?,
        by: row.get(7)?,
        at: row.get(8)?,
    })
}
