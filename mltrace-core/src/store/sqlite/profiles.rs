//! What is in tables, by their contents.

use foldhash::HashMap;
use rusqlite::params;

use super::SqliteStore;
use super::keys::{CHUNK, among, ascending, ranges};
use super::write::SqliteWriter;
use crate::model::{ArtifactName, Profile, ProfileFact, VersionId};
use crate::store::{Profiles, Result, RunKey, StoreError, TableRow};

const OF: &str = "SELECT hash, body FROM profile WHERE hash = $1";

const IN: &str = "SELECT p.hash, p.body FROM profile p WHERE EXISTS (SELECT 1 FROM version v
     JOIN artifact a ON a.id = v.artifact_id AND (a.project_id = $1
         OR EXISTS (SELECT 1 FROM also_in o WHERE o.project_id = $1 AND o.artifact_id = a.id))
     WHERE v.id_kind = 0 AND v.tail = substr(p.hash, -4) AND v.id_value = p.hash) ORDER BY p.hash";

/// Returns a profile of its text: no more than one may hold, also where somebody else stored it.
fn parse(body: &str) -> Result<Profile> {
    let parsed = serde_json::from_str(body).map_err(|error| StoreError::Corrupt(error.to_string()));
    parsed.map(|mut profile: Profile| {
        profile.keep_within_limits();
        profile
    })
}

/// The profiles of what runs wrote, and of what they read where no recorded run wrote it.
const TABLES: &str = concat!(
    "SELECT e.run_id, a.name, p.body, e.is_written FROM (
         SELECT w.run_id, w.artifact_id, w.version_id, 1 AS is_written FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.run_id"),
    " UNION ALL
         SELECT d.run_id, d.artifact_id, d.seen_id, 0 FROM json_each($1) AS asked CROSS JOIN read d ON ",
    among!("d.run_id"),
    " WHERE d.write_id IS NULL AND d.bound <> 5
     ) e CROSS JOIN version v ON v.id = e.version_id AND v.id_kind = 0
     CROSS JOIN profile p ON p.hash = v.id_value CROSS JOIN artifact a ON a.id = e.artifact_id"
);

impl SqliteStore {
    pub(super) fn find_profiles(&self, which: Profiles<'_>) -> Result<Vec<ProfileFact>> {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Vec<([u8; 32], String)> = match which {
            Profiles::Of(VersionId::Content(hash)) => self.all(OF, [hash.as_slice()], row)?,
            Profiles::Of(_) => Vec::new(),
            Profiles::In(project) => self.all(IN, [project], row)?,
        };
        let fact = |(hash, body): ([u8; 32], String)| {
            Ok(ProfileFact { version: VersionId::Content(hash), profile: parse(&body)? })
        };
        found.into_iter().map(fact).collect()
    }

    pub(super) fn tables_of(&self, runs: &[RunKey]) -> Result<HashMap<RunKey, Vec<TableRow>>> {
        let mut found: HashMap<RunKey, Vec<TableRow>> = HashMap::default();
        // Most projects have none, and then nobody's runs are looked through.
        if self.all("SELECT 1 FROM profile LIMIT 1", [], |_| Ok(()))?.is_empty() {
            return Ok(found);
        }
        for list in ascending(runs.iter().copied()).chunks(CHUNK).map(ranges) {
            let table = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get(3)?));
            for (run, name, body, is_written) in self.all(TABLES, [&list], table)? {
                let figures = parse(&body)?.figures();
                found.entry(run).or_default().push(TableRow { name: ArtifactName(name), is_written, figures });
            }
        }
        Ok(found)
    }
}

impl SqliteWriter<'_> {
    /// Keeps a profile, no more of it than one may hold: an import refuses what is more, and a journal may hold it. Of two of one content the one of the whole table, and of two such the one of more rows, so that the
    /// order in which they come is free.
    pub(super) fn keep_profile(&mut self, fact: &ProfileFact) -> Result<()> {
        let VersionId::Content(hash) = &fact.version else { return Ok(()) };
        let mut profile = fact.profile.clone();
        profile.keep_within_limits();
        let body = serde_json::to_string(&profile).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let rows = i64::try_from(fact.profile.rows).unwrap_or(i64::MAX);
        let sql = "INSERT INTO profile (hash, rows, body) VALUES ($1, $2, $3)
             ON CONFLICT (hash) DO UPDATE SET rows = excluded.rows, body = excluded.body
             WHERE (json_extract(excluded.body, '$.is_whole'), excluded.rows, excluded.body)
                 > (json_extract(body, '$.is_whole'), rows, body)";
        self.execute(sql, params![hash.as_slice(), rows, body]).map(drop)
    }
}
