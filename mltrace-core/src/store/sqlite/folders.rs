//! What lies in folders, by their contents, and which of the writes nearby a read can have seen by that.

use std::collections::BTreeMap;

use rusqlite::params;

use super::SqliteStore;
use super::write::SqliteWriter;
use crate::model::{FolderFact, Timestamp, VersionId, path_inside};
use crate::store::{ArtifactKey, NearAsked, NearRow, NearRows, ProjectKey, Result, RunKey, VersionKey, WriteKey};

/// The last write at or before ?1 of artifact ?4, with content ?5, that reader ?2 may have seen at its place ?3.
const OF_CONTENT: &str = "SELECT w.id, w.run_id, o.uuid, w.at, w.n FROM version v JOIN write w ON w.version_id = v.id
     JOIN run o ON o.id = w.run_id
     WHERE w.at <= ?1 AND (w.run_id <> ?2 OR (w.said_at, w.n) < (?1, ?3))
     AND v.artifact_id = ?4 AND v.tail = substr(?5, -4) AND v.id_kind = 0 AND v.id_value = ?5
     ORDER BY w.at DESC, o.uuid DESC, w.n DESC LIMIT 1";

/// The last such write of the folder ?4 of project ?5 in which content ?7 lay at ?6.
const HOLDING: &str = "SELECT w.id, w.run_id, o.uuid, w.at, w.n FROM artifact a JOIN write w ON w.artifact_id = a.id
     JOIN run o ON o.id = w.run_id JOIN version v ON v.id = w.version_id AND v.id_kind = 0
     JOIN folder f ON f.hash = v.id_value JOIN folder_entry e ON e.folder_id = f.id AND e.name = ?6 AND e.hash = ?7
     WHERE a.project_id = ?5 AND a.name = ?4
     AND w.at <= ?1 AND (w.run_id <> ?2 OR (w.said_at, w.n) < (?1, ?3))
     ORDER BY w.at DESC, o.uuid DESC, w.n DESC LIMIT 1";

/// Whether the folder that write ?1 left held nothing else at ?2 than it did: another content, or nothing.
const HELD_ANOTHER: &str = "SELECT 1 FROM write w JOIN version v ON v.id = w.version_id AND v.id_kind = 0
     JOIN folder f ON f.hash = v.id_value WHERE w.id = ?1
     AND (f.is_whole OR EXISTS (SELECT 1 FROM folder_entry e WHERE e.folder_id = f.id AND e.name = ?2))";

fn near_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<NearRow> {
    let (write, run, run_id) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(NearRow { write, run, run_id, at: row.get(3)?, n: row.get(4)?, holds: false })
}

impl SqliteStore {
    pub(super) fn folders_of(&self, project: ProjectKey) -> Result<Vec<FolderFact>> {
        let sql = "SELECT f.id, f.hash, f.is_whole FROM folder f WHERE EXISTS (SELECT 1 FROM version v
             JOIN artifact a ON a.id = v.artifact_id AND a.project_id IN (0, $1)
             WHERE v.id_kind = 0 AND v.tail = substr(f.hash, -4) AND v.id_value = f.hash) ORDER BY f.hash";
        let found: Vec<(i64, [u8; 32], bool)> =
            self.all(sql, [project], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let entries = "SELECT name, hash FROM folder_entry WHERE folder_id = $1";
        let fact = |(id, hash, is_whole): (i64, [u8; 32], bool)| {
            let entry = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, VersionId::Content(row.get(1)?)));
            let entries = self.all(entries, [id], entry)?.into_iter().collect();
            Ok(FolderFact { version: VersionId::Content(hash), entries, is_whole })
        };
        found.into_iter().map(fact).collect()
    }

    pub(super) fn is_folder_known(&self, fact: &FolderFact) -> Result<bool> {
        let VersionId::Content(hash) = &fact.version else { return Ok(true) };
        let known: Option<bool> =
            self.one("SELECT is_whole FROM folder WHERE hash = $1", [hash.as_slice()], |row| row.get(0))?;
        Ok(known.is_some_and(|is_whole| is_whole || !fact.is_whole))
    }
}

impl SqliteWriter<'_> {
    /// Returns whether anything is known of what lies in folders.
    pub(super) fn knows_folders(&mut self) -> Result<bool> {
        if let Some(known) = self.places.has_folders {
            return Ok(known);
        }
        let known = self.one("SELECT 1 FROM folder LIMIT 1", [], |_| Ok(()))?.is_some();
        self.places.has_folders = Some(known);
        Ok(known)
    }

    pub(super) fn keep_folder(&mut self, fact: &FolderFact) -> Result<bool> {
        let VersionId::Content(hash) = &fact.version else { return Ok(false) };
        let known: Option<(i64, bool)> =
            self.one("SELECT id, is_whole FROM folder WHERE hash = $1", [hash.as_slice()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let (folder, mut is_news) = match known {
            Some((_, true)) => return Ok(false),
            // Of two lists that are not whole, one may hold what the other lacks.
            Some((id, false)) => {
                let sql = "UPDATE folder SET is_whole = $1 WHERE id = $2 AND is_whole <> $1";
                (id, self.execute(sql, params![fact.is_whole, id])? > 0)
            }
            None => {
                let add = "INSERT INTO folder (hash, is_whole) VALUES ($1, $2)";
                (self.inserted(add, params![hash.as_slice(), fact.is_whole])?, true)
            }
        };
        for (name, version) in &fact.entries {
            if let VersionId::Content(hash) = version {
                let sql = "INSERT INTO folder_entry (folder_id, name, hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                is_news |= self.execute(sql, params![folder, name, hash.as_slice()])? > 0;
            }
        }
        self.places.has_folders = Some(true);
        Ok(is_news)
    }

    pub(super) fn reads_by_folder(&mut self, content: &VersionId) -> Result<Vec<(RunKey, u32)>> {
        let VersionId::Content(hash) = content else { return Ok(Vec::new()) };
        let seen = "SELECT d.run_id, d.n FROM version v JOIN read d ON d.seen_id = v.id
             WHERE v.id_kind = 0 AND v.tail = substr(?1, -4) AND v.id_value = ?1";
        let mut found = self.all(seen, [hash.as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let written = "SELECT v.artifact_id, min(w.at) FROM version v JOIN write w ON w.version_id = v.id
             WHERE v.id_kind = 0 AND v.tail = substr(?1, -4) AND v.id_value = ?1 GROUP BY v.artifact_id";
        let written: Vec<(ArtifactKey, Timestamp)> =
            self.all(written, [hash.as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (artifact, at) in written {
            found.extend(self.reads_near_to(artifact, at)?);
        }
        Ok(found)
    }

    /// Leaves of what was written nearby what a read of this content can have seen.
    pub(super) fn as_held(&mut self, asked: &NearAsked, seen: VersionKey, rows: &mut NearRows) -> Result<()> {
        let NearAsked { artifact, at, run, n, .. } = *asked;
        let sql = "SELECT v.id_value, a.name, a.project_id FROM version v JOIN artifact a ON a.id = v.artifact_id
             WHERE v.id = $1 AND v.id_kind = 0 AND a.id = $2";
        let found: Option<(Vec<u8>, String, ProjectKey)> =
            self.one(sql, params![seen, artifact], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let Some((content, name, project)) = found else { return Ok(()) };
        if !rows.members.is_empty() {
            let members = std::mem::take(&mut rows.members);
            rows.members = self.still_there(members, &content, &name, asked)?;
        }
        let mut folders = Vec::new();
        for folder in std::mem::take(&mut rows.folders) {
            let of: String = self
                .one(
                    "SELECT a.name FROM write w JOIN artifact a ON a.id = w.artifact_id WHERE w.id = $1",
                    [folder.write],
                    |row| row.get(0),
                )?
                .unwrap_or_default();
            let path = path_inside(&of, &name).unwrap_or_default();
            let holding = params![at, run, n, of, project, path, content];
            if let Some(row) = self.one(HOLDING, holding, near_row)? {
                folders.push(NearRow { holds: true, ..row });
            } else if self.one(HELD_ANOTHER, params![folder.write, path], |_| Ok(()))?.is_none() {
                folders.push(folder);
            }
        }
        rows.folders = folders;
        Ok(())
    }

    /// Leaves of what lies in a folder what is still there, or may be.
    fn still_there(
        &mut self,
        members: Vec<NearRow>,
        content: &[u8],
        folder: &str,
        asked: &NearAsked,
    ) -> Result<Vec<NearRow>> {
        let sql = "SELECT id, is_whole FROM folder WHERE hash = $1";
        let known: Option<(i64, bool)> = self.one(sql, [content], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let Some((id, is_whole)) = known else { return Ok(members) };
        let sql = "SELECT name, hash FROM folder_entry WHERE folder_id = $1";
        let entries: BTreeMap<String, Vec<u8>> =
            self.all(sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect();
        let holds_folder = |path: &str| {
            let inside = format!("{path}/");
            entries.range(inside.clone()..).next().is_some_and(|(entry, _)| entry.starts_with(&inside))
        };
        let mut left = Vec::new();
        for member in members {
            let (artifact, name, written) = self.member(member.write)?;
            let path = path_inside(folder, &name).unwrap_or_default();
            match (entries.get(path), written) {
                // Nobody knows what was written.
                (Some(_), None) => left.push(member),
                (Some(there), Some(written)) if *there == written => left.push(member),
                (Some(there), Some(_)) => {
                    let of_content = params![asked.at, asked.run, asked.n, artifact, there];
                    left.extend(self.one(OF_CONTENT, of_content, near_row)?);
                }
                (None, _) if !is_whole || holds_folder(path) => left.push(member),
                (None, _) => {}
            }
        }
        Ok(left)
    }

    /// Returns the artifact of a write, its name, and the content that was written where that is known.
    fn member(&mut self, write: WriteKey) -> Result<(ArtifactKey, String, Option<Vec<u8>>)> {
        let sql = "SELECT a.id, a.name, CASE v.id_kind WHEN 0 THEN v.id_value END FROM write w
             JOIN artifact a ON a.id = w.artifact_id LEFT JOIN version v ON v.id = w.version_id WHERE w.id = $1";
        let found = self.one(sql, [write], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(found.unwrap_or((ArtifactKey(-1), String::new(), None)))
    }
}
