//! Hands over the writes that a read may have seen; which of them it saw is not decided here.

use rusqlite::{Row, Statement, params};

use super::SqliteStore;
use super::text::text;
use super::write::SqliteWriter;
use crate::model::{RunId, VersionId};
use crate::store::{Alike, ArtifactKey, Asked, Candidate, Of, Offer, Result, RunKey, VersionKey, When};

/// Holds for a content `me` that is worth looking for under other names.
pub(super) const UNCOMMON: &str = "NOT EXISTS (SELECT 1 FROM common WHERE common.id_value = me.id_value)";

/// A write with its run, and when that run first read version ?3. Parameters are numbered: those that are named count by
/// where they appear first.
const WRITES: &str = "SELECT w.id, w.run_id, r.uuid, w.at, w.n, w.said_at, w.version_id,
     CASE WHEN ?3 IS NOT NULL THEN (SELECT min(e.at) FROM read e WHERE e.run_id = w.run_id AND e.seen_id = ?3) END";

const BY: &str = "NULL, 0";
/// When the run began, and whether it is known to have run on another host than run ?5.
const AFTER: &str = "r.started_at,
     (SELECT p.host FROM process p WHERE p.id = r.process_id)
     <> (SELECT h.host FROM run m JOIN process h ON h.id = m.process_id WHERE m.id = ?5)";

/// Whether a write is that of another host than run ?5's, where the name is one of each host; which host a run of another
/// project was on must be known.
const BY_HOST: &str = "NULL, coalesce((SELECT coalesce(p.host <> h.host, r.project_id <> m.project_id)
         FROM run m LEFT JOIN process h ON h.id = m.process_id LEFT JOIN process p ON p.id = r.process_id
         WHERE m.id = ?5), 0) AND ?4 IS NULL";

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        write: row.get(0)?,
        run: row.get(1)?,
        run_id: row.get(2)?,
        at: row.get(3)?,
        n: row.get(4)?,
        said_at: row.get(5)?,
        version: row.get(6)?,
        read_at: row.get(7)?,
        began: row.get(8)?,
        is_elsewhere: row.get::<_, Option<bool>>(9)?.unwrap_or(false),
    })
}

/// Writes at or before ?2, and writes after it by runs that began at or before ?4.
const THEN: &str = "w.at <= ?2 ORDER BY w.at DESC";
const LATER: &str = "w.at > ?2 AND r.started_at <= ?4 ORDER BY w.at";

const OF_VERSION: &str = "FROM write w CROSS JOIN run r ON r.id = w.run_id WHERE w.version_id = ?1";
const OF_ARTIFACT: &str =
    "FROM write w CROSS JOIN run r ON r.id = w.run_id WHERE w.artifact_id = ?1 AND w.version_id IS NOT NULL";
/// With content ?6.
const OF_CONTENT: &str =
    "FROM write w CROSS JOIN run r ON r.id = w.run_id WHERE w.version_id = (SELECT v.id FROM version v
     WHERE v.artifact_id = ?1 AND v.tail = substr(?6, -4) AND v.id_kind = 0 AND v.id_value = ?6)";
/// Of a folder in which content ?6, or anything, lay at ?7.
const OF_FOLDER: &str = "FROM write w CROSS JOIN run r ON r.id = w.run_id
     WHERE w.artifact_id = ?1 AND w.version_id IS NOT NULL AND EXISTS (
     SELECT 1 FROM version v JOIN folder f ON f.hash = v.id_value
     JOIN folder_entry e ON e.folder_id = f.id AND e.name = ?7 AND (?6 IS NULL OR e.hash = ?6)
     WHERE v.id = w.version_id AND v.id_kind = 0)";
/// By the runs inside run ?6, of version ?7 if one is named. The writes of each of these runs are looked through: those of an
/// artifact may be many more.
const INSIDE: &str = "FROM (WITH RECURSIVE inside (id, uuid) AS (
         SELECT id, uuid FROM run WHERE parent = ?6
         UNION SELECT n.id, n.uuid FROM inside i JOIN run n ON n.parent = i.uuid)
     SELECT id FROM inside WHERE uuid <> ?6) i
     CROSS JOIN write w INDEXED BY write_by_run ON w.run_id = i.id CROSS JOIN run r ON r.id = w.run_id
     WHERE w.artifact_id = ?1 AND w.version_id IS NOT NULL AND (?7 IS NULL OR w.version_id = ?7)";

/// Returns the statement that finds what is asked for, whose name may be that of another thing on each host.
fn statement_for(asked: &Asked<'_>, is_of_host: bool) -> &'static str {
    match (asked.of, asked.when) {
        (Of::Artifact(_), When::By(_)) if is_of_host => text!("{WRITES}, {BY_HOST} {OF_ARTIFACT} AND {THEN}"),
        (Of::Version(_), When::By(_)) => text!("{WRITES}, {BY} {OF_VERSION} AND {THEN}"),
        (Of::Version(_), When::After { .. }) => text!("{WRITES}, {AFTER} {OF_VERSION} AND {LATER}"),
        (Of::Artifact(_), When::By(_)) => text!("{WRITES}, {BY} {OF_ARTIFACT} AND {THEN}"),
        (Of::Artifact(_), When::After { .. }) => text!("{WRITES}, {AFTER} {OF_ARTIFACT} AND {LATER}"),
        (Of::Content(..), When::By(_)) => text!("{WRITES}, {BY} {OF_CONTENT} AND {THEN}"),
        (Of::Content(..), When::After { .. }) => text!("{WRITES}, {AFTER} {OF_CONTENT} AND {LATER}"),
        (Of::Folder(..), When::By(_)) => text!("{WRITES}, {BY} {OF_FOLDER} AND {THEN}"),
        (Of::Folder(..), When::After { .. }) => text!("{WRITES}, {AFTER} {OF_FOLDER} AND {LATER}"),
        (Of::Inside(..), When::By(_)) => text!("{WRITES}, {BY} {INSIDE} AND {THEN}"),
        (Of::Inside(..), When::After { .. }) => text!("{WRITES}, {AFTER} {INSIDE} AND {LATER}"),
    }
}

fn hash(content: &VersionId) -> Option<&[u8]> {
    match content {
        VersionId::Content(hash) => Some(hash.as_slice()),
        _ => None,
    }
}

/// Offers what the statement of [`statement_for`] finds.
fn offer_stored(
    statement: &mut Statement<'_>,
    (Asked { of, when, reader, like }, is_of_host): (&Asked<'_>, bool),
    offer: &mut dyn FnMut(Candidate) -> bool,
) -> Result<()> {
    let (at, by) = match when {
        When::By(at) => (at, None),
        When::After { at, by } => (at, Some(by)),
    };
    let mut rows = match (of, by) {
        (Of::Version(of), None) => statement.query(params![of, at, like])?,
        (Of::Version(of), by) => statement.query(params![of, at, like, by, reader])?,
        (Of::Artifact(of), None) if !is_of_host => statement.query(params![of, at, like])?,
        (Of::Artifact(of), by) => statement.query(params![of, at, like, by, reader])?,
        (Of::Content(of, content), by) => statement.query(params![of, at, like, by, reader, hash(content)])?,
        (Of::Folder(of, path, content), by) => {
            statement.query(params![of, at, like, by, reader, content.and_then(hash), path])?
        }
        (Of::Inside(run, of, version), by) => statement.query(params![of, at, like, by, reader, run, version])?,
    };
    while let Some(row) = rows.next()? {
        if !offer(candidate(row)?) {
            break;
        }
    }
    Ok(())
}

impl SqliteStore {
    pub(super) fn offer_candidates(&self, asked: &[Asked<'_>], offer: Offer<'_>) -> Result<()> {
        for (place, asked) in asked.iter().enumerate() {
            let is_of_host = match (asked.of, asked.reader) {
                (Of::Artifact(of), Some(_)) if self.has_hosts()? => self.is_of_host(of)?,
                _ => false,
            };
            let mut statement = self.connection.prepare_cached(statement_for(asked, is_of_host))?;
            offer_stored(&mut statement, (asked, is_of_host), &mut |candidate| offer(place, candidate))?;
        }
        Ok(())
    }
}

impl SqliteWriter<'_> {
    pub(super) fn offer_candidates(&mut self, asked: &[Asked<'_>], offer: Offer<'_>) -> Result<()> {
        for (place, asked) in asked.iter().enumerate() {
            let mut offer = |candidate| offer(place, candidate);
            let is_of_host = match (asked.of, asked.reader) {
                (Of::Artifact(of), Some(_)) => self.is_of_host(of)?,
                _ => false,
            };
            match (asked.of, asked.when) {
                (Of::Artifact(of), When::By(_)) if !is_of_host && self.fresh.knows_writes(of) => {
                    self.offer_made(of, &mut offer)
                }
                (Of::Inside(..), _) if !self.has_nested_runs()? => Ok(()),
                _ => {
                    let statement = self.statement(statement_for(asked, is_of_host))?;
                    offer_stored(statement, (asked, is_of_host), &mut offer)
                }
            }?;
        }
        Ok(())
    }

    /// Offers the writes of an artifact that this transaction made, the latest first.
    fn offer_made(&mut self, artifact: ArtifactKey, offer: &mut dyn FnMut(Candidate) -> bool) -> Result<()> {
        for place in 0.. {
            let Some(stored) = self.fresh.last_but(artifact, place) else { break };
            let run_id = self.run_id(stored.run)?;
            if !offer(Candidate { run_id, ..stored }) {
                break;
            }
        }
        Ok(())
    }

    /// Returns the id of a run.
    fn run_id(&mut self, run: RunKey) -> Result<RunId> {
        if let Some(id) = self.run_ids.get(&run) {
            return Ok(*id);
        }
        let id = self.statement("SELECT uuid FROM run WHERE id = $1")?.query_row([run], |row| row.get(0))?;
        self.run_ids.insert(run, id);
        Ok(id)
    }

    pub(super) fn alike_to(&mut self, version: VersionKey) -> Result<Alike> {
        let others = text!(
            "SELECT v.id, (SELECT min(f.at) FROM write f WHERE f.version_id = v.id) AS first, other.name
             FROM (SELECT * FROM version me WHERE me.id = $1 AND me.id_kind = 0 AND {UNCOMMON}) AS me
             JOIN version v ON v.id_kind = 0 AND v.tail = me.tail AND v.id_value = me.id_value AND v.id <> me.id
             JOIN artifact other ON other.id = v.artifact_id
             WHERE first IS NOT NULL"
        );
        let others = self.all(others, [version], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let first = "SELECT min(at) FROM read WHERE seen_id = $1";
        let first_seen = match others.is_empty() {
            true => None,
            false => self.one(first, [version], |row| row.get(0))?.flatten(),
        };
        Ok(Alike { first_seen, others })
    }
}
