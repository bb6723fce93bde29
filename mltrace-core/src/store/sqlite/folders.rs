//! What lies in folders, by their contents, and what that says of writes near what was read.

use foldhash::HashMap;
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::keys::{CHUNK, among, ascending, ranges};
use super::write::SqliteWriter;
use crate::model::{FolderFact, Timestamp, VersionId};
use crate::store::{ArtifactKey, HeldAsked, HeldRows, ProjectKey, Result, RunKey, VersionKey};

/// Which versions are contents.
const CONTENTS: &str = concat!(
    "SELECT v.id, v.id_value FROM json_each($1) AS asked CROSS JOIN version v ON ",
    among!("v.id"),
    " WHERE v.id_kind = 0"
);

/// Returns what lies in a folder of this content, where that was reported: all of it, or what lies at a path.
fn folder_of(connection: &Connection, content: &[u8; 32], path: Option<&str>) -> Result<Option<FolderFact>> {
    let mut known = connection.prepare_cached("SELECT id, is_whole FROM folder WHERE hash = $1")?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1)?));
    let Some((id, is_whole)) = known.query_row([content.as_slice()], row).optional()? else { return Ok(None) };
    let sql = "SELECT name, hash FROM folder_entry WHERE folder_id = $1 AND ($2 IS NULL OR name = $2)";
    let mut named = connection.prepare_cached(sql)?;
    let entry = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, VersionId::Content(row.get(1)?)));
    let entries = named.query_map(params![id, path], entry)?.collect::<rusqlite::Result<_>>()?;
    Ok(Some(FolderFact { version: VersionId::Content(*content), entries, is_whole }))
}

/// Adds what lies in a folder at a path: as many things as `limit` says, all if that is negative.
fn add_below(connection: &Connection, folder: &mut FolderFact, path: &str, limit: i64) -> Result<()> {
    let VersionId::Content(hash) = &folder.version else { return Ok(()) };
    let below = "SELECT e.name, e.hash FROM folder f JOIN folder_entry e ON e.folder_id = f.id
         WHERE f.hash = $1 AND e.name > $2 || '/' AND e.name < $2 || '0' LIMIT $3";
    let mut below_it = connection.prepare_cached(below)?;
    let entry = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, VersionId::Content(row.get(1)?)));
    let found = below_it.query_map(params![hash.as_slice(), path, limit], entry)?;
    folder.entries.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
    Ok(())
}

impl SqliteStore {
    /// Returns what lies in folders of a content, all of it or what lies at a path, where that is known.
    pub(super) fn folder_with(&self, content: &VersionId, path: Option<&str>) -> Result<Option<FolderFact>> {
        let VersionId::Content(hash) = content else { return Ok(None) };
        let mut folder = folder_of(&self.connection, hash, path)?;
        if let (Some(path), Some(folder)) = (path, folder.as_mut().filter(|folder| folder.entries.is_empty())) {
            // A folder in it is there if something lies in that.
            add_below(&self.connection, folder, path, 1)?;
        }
        Ok(folder)
    }

    pub(super) fn folders_of(&self, project: ProjectKey) -> Result<Vec<FolderFact>> {
        let sql = "SELECT f.id, f.hash, f.is_whole FROM folder f WHERE EXISTS (SELECT 1 FROM version v
             JOIN artifact a ON a.id = v.artifact_id AND (a.project_id = $1
                 OR EXISTS (SELECT 1 FROM also_in o WHERE o.project_id = $1 AND o.artifact_id = a.id))
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

    /// Returns the reads that reported this content, under whatever name.
    pub(super) fn reads_of_bytes(&mut self, hash: &[u8; 32]) -> Result<Vec<(RunKey, u32)>> {
        let seen = "SELECT d.run_id, d.n FROM version v JOIN read d ON d.seen_id = v.id
             WHERE v.id_kind = 0 AND v.tail = substr(?1, -4) AND v.id_value = ?1";
        self.all(seen, [hash.as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    pub(super) fn reads_by_folder(&mut self, content: &VersionId) -> Result<Vec<(RunKey, u32)>> {
        let VersionId::Content(hash) = content else { return Ok(Vec::new()) };
        let mut found = self.reads_of_bytes(hash)?;
        let written = "SELECT v.artifact_id, min(w.at) FROM version v JOIN write w ON w.version_id = v.id
             WHERE v.id_kind = 0 AND v.tail = substr(?1, -4) AND v.id_value = ?1 GROUP BY v.artifact_id";
        let written: Vec<(ArtifactKey, Timestamp)> =
            self.all(written, [hash.as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (artifact, at) in written {
            found.extend(self.reads_near_to(artifact, at)?);
            found.extend(self.open_reads_of(artifact, at)?);
        }
        Ok(found)
    }

    /// Returns the reads of a folder from then on whose write is unknown: what it held before may be a part of them.
    fn open_reads_of(&mut self, artifact: ArtifactKey, from: Timestamp) -> Result<Vec<(RunKey, u32)>> {
        // 4: unknown writer, 5: inside.
        let sql = "SELECT run_id, n FROM read
             WHERE artifact_id = $1 AND at >= $2 AND seen_id IS NOT NULL AND bound IN (4, 5)";
        self.all(sql, params![artifact, from], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Returns the reads of a folder to which something may be added that a version of it held, written or no longer written
    /// from then on.
    pub(super) fn reads_of_folder(
        &mut self,
        (artifact, version): (ArtifactKey, VersionKey),
        from: Timestamp,
    ) -> Result<Vec<(RunKey, u32)>> {
        if !self.knows_folders()? || self.fresh.is_unread(artifact) {
            return Ok(Vec::new());
        }
        let sql = "SELECT 1 FROM version v JOIN folder f ON f.hash = v.id_value WHERE v.id = $1 AND v.id_kind = 0";
        match self.one(sql, [version], |_| Ok(()))? {
            Some(()) => self.open_reads_of(artifact, from),
            None => Ok(Vec::new()),
        }
    }

    /// Returns what is known of the contents near one that was read.
    pub(super) fn held_near(&mut self, asked: &HeldAsked<'_>) -> Result<Option<HeldRows>> {
        if !self.knows_folders()? {
            return Ok(None);
        }
        let folders = asked.folders.iter().map(|(version, _)| *version);
        let mut contents = self.contents([asked.seen].into_iter().chain(folders))?;
        let Some(content) = contents.get(&asked.seen).copied() else { return Ok(None) };
        let entries = if asked.with_entries { folder_of(self.connection, &content, None)? } else { None };
        let mut members = Vec::new();
        if entries.is_some() {
            contents.extend(self.contents(asked.members.iter().copied())?);
            members.extend(asked.members.iter().map(|member| contents.get(member).copied().map(VersionId::Content)));
        }
        let mut folders = Vec::with_capacity(asked.folders.len());
        for (folder, path) in &asked.folders {
            folders.push(match contents.get(folder) {
                Some(content) => {
                    let mut folder = folder_of(self.connection, content, Some(path))?;
                    let limit = if entries.is_some() { -1 } else { 1 };
                    if let Some(folder) = folder.as_mut().filter(|folder| folder.entries.is_empty()) {
                        add_below(self.connection, folder, path, limit)?;
                    }
                    folder
                }
                None => None,
            });
        }
        Ok(Some(HeldRows { content: VersionId::Content(content), entries, members, folders }))
    }

    /// Returns the contents of those of these versions that are one.
    fn contents(&mut self, of: impl Iterator<Item = VersionKey>) -> Result<HashMap<VersionKey, [u8; 32]>> {
        let mut found = HashMap::default();
        for chunk in ascending(of).chunks(CHUNK) {
            let content = |row: &rusqlite::Row<'_>| Ok((row.get::<_, VersionKey>(0)?, row.get::<_, [u8; 32]>(1)?));
            found.extend(self.all(CONTENTS, [ranges(chunk)], content)?);
        }
        Ok(found)
    }
}
