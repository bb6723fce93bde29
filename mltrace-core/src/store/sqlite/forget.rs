//! A run that is taken back.

use std::collections::BTreeSet;

use rusqlite::params;

use super::write::SqliteWriter;
use crate::model::{RunId, Timestamp};
use crate::store::{ArtifactKey, Result, RunKey};

/// What refers to the writes of a run from outside of it; 4: unknown writer.
pub(super) const LOOSEN: [&str; 4] = [
    "UPDATE read SET write_id = NULL, bound = 4 WHERE write_id IN (SELECT id FROM write WHERE run_id = $1)",
    "UPDATE read SET like_id = NULL WHERE like_id IN (SELECT id FROM write WHERE run_id = $1)",
    "DELETE FROM part WHERE write_id IN (SELECT id FROM write WHERE run_id = $1)",
    "DELETE FROM echo WHERE inner_id IN (SELECT id FROM write WHERE run_id = $1)",
];

/// The versions of an artifact to which nothing refers any more; of the contents among them whose size was known, the hash.
const UNNAMED_VERSIONS: &str = "DELETE FROM version AS v WHERE v.artifact_id = $1
     AND NOT EXISTS (SELECT 1 FROM write w WHERE w.version_id = v.id)
     AND NOT EXISTS (SELECT 1 FROM read d WHERE d.artifact_id = v.artifact_id AND d.seen_id = v.id)
     AND NOT EXISTS (SELECT 1 FROM write w WHERE w.seen_id = v.id AND w.artifact_id = v.artifact_id)
     AND NOT EXISTS (SELECT 1 FROM label l WHERE l.version_id = v.id)
     AND NOT EXISTS (SELECT 1 FROM alias l WHERE l.version_id = v.id)
     RETURNING CASE WHEN id_kind = 0 AND size IS NOT NULL THEN id_value END";
const UNNAMED: &str =
    "DELETE FROM artifact AS a WHERE a.id = $1 AND NOT EXISTS (SELECT 1 FROM version v WHERE v.artifact_id = a.id)
     AND NOT EXISTS (SELECT 1 FROM read d WHERE d.artifact_id = a.id)
     AND NOT EXISTS (SELECT 1 FROM write w WHERE w.artifact_id = a.id)";

impl SqliteWriter<'_> {
    pub(super) fn bury_run(&mut self, id: RunId, at: Timestamp) -> Result<()> {
        self.has_removed = Some(true);
        let sql = "INSERT INTO tombstone (uuid, at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.execute(sql, params![id, at])?;
        // What is removed is not to be found in what the file leaves free.
        self.connection.execute_batch("PRAGMA secure_delete = ON")?;
        self.forget_outputs(id)
    }

    /// Drops what nothing refers to, and returns the reads of contents whose size it was that said it: they may be long enough
    /// again to tell one file from another.
    pub(super) fn drop_unnamed(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<(RunKey, u32)>> {
        let mut sized: BTreeSet<[u8; 32]> = BTreeSet::new();
        for artifact in artifacts {
            let contents: Vec<Option<[u8; 32]>> = self.all(UNNAMED_VERSIONS, [artifact], |row| row.get(0))?;
            sized.extend(contents.into_iter().flatten());
            self.execute(UNNAMED, [artifact])?;
        }
        // What was looked up may be gone.
        self.forget_keys();
        let mut found = Vec::new();
        for content in sized {
            found.extend(self.reads_of_bytes(&content)?);
        }
        Ok(found)
    }

    pub(super) fn remove_run(&mut self, run: RunKey) -> Result<()> {
        self.fresh.settled();
        // Another run may be given its key.
        self.run_ids.remove(&run);
        for sql in LOOSEN {
            self.connection.prepare_cached(sql)?.execute([run])?;
        }
        // All that is known of a run goes with it.
        self.execute("DELETE FROM run WHERE id = $1", [run]).map(drop)
    }
}
