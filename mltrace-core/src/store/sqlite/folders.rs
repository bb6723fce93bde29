//! What lies in folders, by their contents, and what that tells of writes near what was read.

use foldhash::HashMap;
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use super::keys::{CHUNK, among, ascending, ranges};
use super::near::{NOBODY, last_named, members};
use super::write::SqliteWriter;
use crate::model::{FolderFact, Timestamp, VersionId, folders_around, path_inside};
use crate::store::{
    AroundRow, ArtifactKey, HeldRows, MemberRow, NearAsked, NearRow, NearRows, ProjectKey, Result, RunKey, VersionKey,
    WithAsked, WriteKey,
};

/// The last write at or before ?1 of artifact ?4, with content ?5, that reader ?2 may have seen at its place ?3.
const OF_CONTENT: &str = "SELECT w.id, w.run_id, o.uuid, w.at, w.n FROM version v JOIN write w ON w.version_id = v.id
     JOIN run o ON o.id = w.run_id
     WHERE w.at <= ?1 AND (w.run_id <> ?2 OR (w.said_at, w.n) < (?1, ?3))
     AND v.artifact_id = ?4 AND v.tail = substr(?5, -4) AND v.id_kind = 0 AND v.id_value = ?5
     ORDER BY w.at DESC, o.uuid DESC, w.n DESC LIMIT 1";

/// The last such write of the folder ?4 in which content ?5 lay at ?6.
const OF_FOLDER: &str = "SELECT w.id, w.run_id, o.uuid, w.at, w.n FROM write w JOIN run o ON o.id = w.run_id
     JOIN version v ON v.id = w.version_id AND v.id_kind = 0
     JOIN folder f ON f.hash = v.id_value JOIN folder_entry e ON e.folder_id = f.id AND e.name = ?6 AND e.hash = ?5
     WHERE w.artifact_id = ?4
     AND w.at <= ?1 AND (w.run_id <> ?2 OR (w.said_at, w.n) < (?1, ?3))
     ORDER BY w.at DESC, o.uuid DESC, w.n DESC LIMIT 1";

/// The last such write of the folder ?4 of project ?5 in which content ?7, or anything, lay at ?6, and what lay there.
const HOLDING: &str =
    "SELECT w.id, w.run_id, o.uuid, w.at, w.n, e.hash FROM artifact a JOIN write w ON w.artifact_id = a.id
     JOIN run o ON o.id = w.run_id JOIN version v ON v.id = w.version_id AND v.id_kind = 0
     JOIN folder f ON f.hash = v.id_value JOIN folder_entry e ON e.folder_id = f.id AND e.name = ?6
     WHERE (?7 IS NULL OR e.hash = ?7) AND a.project_id = ?5 AND a.name = ?4
     AND w.at <= ?1 AND (w.run_id <> ?2 OR (w.said_at, w.n) < (?1, ?3))
     ORDER BY w.at DESC, o.uuid DESC, w.n DESC LIMIT 1";

/// What writes made: the artifact, its name, and the content where that is known.
const MADE: &str = concat!(
    "SELECT w.id, a.id, a.name, CASE v.id_kind WHEN 0 THEN v.id_value END FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.id"),
    " JOIN artifact a ON a.id = w.artifact_id LEFT JOIN version v ON v.id = w.version_id"
);

/// What a write made.
struct Made {
    artifact: ArtifactKey,
    name: String,
    content: Option<[u8; 32]>,
}

fn near_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<NearRow> {
    Ok(NearRow { write: row.get(0)?, run: row.get(1)?, run_id: row.get(2)?, at: row.get(3)?, n: row.get(4)? })
}

/// Returns what lies in a folder of this content, where that was told: all of it, or what lies at a path.
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

impl SqliteStore {
    /// Returns what was written in folders around what is called so, and in it, and what these folders held there: this
    /// content, if one is named.
    pub(super) fn near_named(
        &self,
        (project, name): (ProjectKey, &str),
        content: Option<&VersionId>,
        at: Timestamp,
    ) -> Result<NearRows> {
        let connection = &self.connection;
        let members = members(connection, (project, name), at, NOBODY)?;
        let (mut folders, mut around) = (Vec::new(), Vec::new());
        let content = match content {
            Some(VersionId::Content(hash)) => Some(hash.as_slice()),
            _ => None,
        };
        for folder in folders_around(name) {
            let Some(row) = last_named(connection, (project, folder), at, NOBODY)? else { continue };
            let path = path_inside(folder, name).unwrap_or_default().to_owned();
            let sql = "SELECT v.id_value FROM write w JOIN version v ON v.id = w.version_id AND v.id_kind = 0
                 WHERE w.id = $1";
            let left: Option<[u8; 32]> = self.one(sql, [row.write], |row| row.get(0))?;
            let mut last = left.map(|left| folder_of(connection, &left, Some(&path))).transpose()?.flatten();
            if let Some(last) = last.as_mut().filter(|last| last.entries.is_empty()) {
                // A folder in it is there if something lies in that.
                let below = "SELECT e.name, e.hash FROM folder f JOIN folder_entry e ON e.folder_id = f.id
                     WHERE f.hash = $1 AND e.name > $2 || '/' AND e.name < $2 || '0' LIMIT 1";
                let entry = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, VersionId::Content(row.get(1)?)));
                last.entries.extend(self.one(below, params![left.as_ref().map(<[u8; 32]>::as_slice), path], entry)?);
            }
            let held = |row: &rusqlite::Row<'_>| Ok((near_row(row)?, VersionId::Content(row.get(5)?)));
            let (run, n) = NOBODY;
            let (holding, there) =
                self.one(HOLDING, params![at, run, n, folder, project, path, content], held)?.unzip();
            folders.push(row);
            around.push(AroundRow { path, last, holding, there });
        }
        let held = HeldRows { folders: around, ..HeldRows::default() };
        Ok(NearRows { members, folders, own: None, held: Some(held) })
    }

    /// Returns what lies in folders of a content, where that was told.
    pub(super) fn folder_with(&self, content: &VersionId) -> Result<Option<FolderFact>> {
        let VersionId::Content(hash) = content else { return Ok(None) };
        folder_of(&self.connection, hash, None)
    }

    pub(super) fn folders_of(&self, project: ProjectKey) -> Result<Vec<FolderFact>> {
        let sql = "SELECT f.id, f.hash, f.is_whole FROM folder f WHERE EXISTS (SELECT 1 FROM version v
             JOIN artifact a ON a.id = v.artifact_id AND a.project_id = $1
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
            found.extend(self.open_reads_of(artifact, at)?);
        }
        Ok(found)
    }

    /// Returns the reads of a folder from then on of which no write is known: what it held before may be a part of them.
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

    /// Returns what contents tell of writes near what a read saw.
    pub(super) fn held_near(
        &mut self,
        asked: &NearAsked,
        seen: VersionKey,
        rows: &NearRows,
    ) -> Result<Option<HeldRows>> {
        let sql = "SELECT v.id_value, a.name, a.project_id FROM version v JOIN artifact a ON a.id = v.artifact_id
             WHERE v.id = $1 AND v.id_kind = 0 AND a.id = $2";
        let found: Option<([u8; 32], String, ProjectKey)> =
            self.one(sql, params![seen, asked.artifact], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let Some((content, name, project)) = found else { return Ok(None) };
        let mut held = HeldRows { content: Some(VersionId::Content(content)), ..HeldRows::default() };
        if asked.is_open || !rows.members.is_empty() {
            held.entries = folder_of(self.connection, &content, None)?;
        }
        if held.entries.is_some() {
            let mut made = self.made(&rows.members)?;
            let member = |row: &NearRow| {
                let Made { artifact, name: of, content } = made.remove(&row.write)?;
                let path = path_inside(&name, &of)?.to_owned();
                Some(MemberRow { artifact, path, written: content.map(VersionId::Content) })
            };
            let lost = || MemberRow { artifact: ArtifactKey(-1), path: String::new(), written: None };
            let members = rows.members.iter().map(member);
            held.members = members.map(|member| member.unwrap_or_else(lost)).collect();
        }
        let mut made = if rows.folders.is_empty() { HashMap::default() } else { self.made(&rows.folders)? };
        for folder in &rows.folders {
            let (of, left) = made.remove(&folder.write).map(|made| (made.name, made.content)).unwrap_or_default();
            let path = path_inside(&of, &name).unwrap_or_default().to_owned();
            let last = match left {
                Some(left) => folder_of(self.connection, &left, Some(&path))?,
                None => None,
            };
            let NearAsked { at, run, n, .. } = *asked;
            let holding = self.one(HOLDING, params![at, run, n, of, project, path, content], near_row)?;
            let there = holding.map(|_| VersionId::Content(content));
            held.folders.push(AroundRow { path, last, holding, there });
        }
        Ok(Some(held))
    }

    fn made(&mut self, rows: &[NearRow]) -> Result<HashMap<WriteKey, Made>> {
        let mut found = HashMap::default();
        for chunk in ascending(rows.iter().map(|row| row.write)).chunks(CHUNK) {
            let made = |row: &rusqlite::Row<'_>| {
                Ok((row.get(0)?, Made { artifact: row.get(1)?, name: row.get(2)?, content: row.get(3)? }))
            };
            found.extend(self.all(MADE, [ranges(chunk)], made)?);
        }
        Ok(found)
    }

    pub(super) fn last_of_content(&mut self, asked: &WithAsked) -> Result<Option<NearRow>> {
        let WithAsked { artifact, content, path, at, run, n } = asked;
        let VersionId::Content(content) = content else { return Ok(None) };
        match path {
            None => self.one(OF_CONTENT, params![at, run, n, artifact, content.as_slice()], near_row),
            Some(path) => self.one(OF_FOLDER, params![at, run, n, artifact, content.as_slice(), path], near_row),
        }
    }
}
