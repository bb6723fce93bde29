//! What is in tables, by their contents.

use rusqlite::params;

use super::SqliteStore;
use super::write::SqliteWriter;
use crate::model::{ProfileFact, VersionId};
use crate::store::{Profiles, Result, StoreError};

const OF: &str = "SELECT hash, body FROM profile WHERE hash = $1";

const IN: &str = "SELECT p.hash, p.body FROM profile p WHERE EXISTS (SELECT 1 FROM version v
     JOIN artifact a ON a.id = v.artifact_id AND a.project_id = $1
     WHERE v.id_kind = 0 AND v.tail = substr(p.hash, -4) AND v.id_value = p.hash) ORDER BY p.hash";

impl SqliteStore {
    pub(super) fn find_profiles(&self, which: Profiles<'_>) -> Result<Vec<ProfileFact>> {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Vec<([u8; 32], String)> = match which {
            Profiles::Of(VersionId::Content(hash)) => self.all(OF, [hash.as_slice()], row)?,
            Profiles::Of(_) => Vec::new(),
            Profiles::In(project) => self.all(IN, [project], row)?,
        };
        let fact = |(hash, body): ([u8; 32], String)| {
            let profile = serde_json::from_str(&body).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            Ok(ProfileFact { version: VersionId::Content(hash), profile })
        };
        found.into_iter().map(fact).collect()
    }
}

impl SqliteWriter<'_> {
    /// Keeps a profile; of two of one content the one of the whole table, and of two such the one of more rows, so that the
    /// order in which they come is free.
    pub(super) fn keep_profile(&mut self, fact: &ProfileFact) -> Result<()> {
        let VersionId::Content(hash) = &fact.version else { return Ok(()) };
        let body = serde_json::to_string(&fact.profile).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let rows = i64::try_from(fact.profile.rows).unwrap_or(i64::MAX);
        let sql = "INSERT INTO profile (hash, rows, body) VALUES ($1, $2, $3)
             ON CONFLICT (hash) DO UPDATE SET rows = excluded.rows, body = excluded.body
             WHERE (json_extract(excluded.body, '$.is_whole'), excluded.rows, excluded.body)
                 > (json_extract(body, '$.is_whole'), rows, body)";
        self.execute(sql, params![hash.as_slice(), rows, body]).map(drop)
    }
}
