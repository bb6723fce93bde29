//! Hands over the writes that a read may have seen; which of them it saw is not decided here.

use rusqlite::{Row, Statement, params};

use super::SqliteStore;
use super::text::text;
use super::write::SqliteWriter;
use crate::model::RunId;
use crate::store::{Alike, ArtifactKey, Asked, Candidate, Of, Offer, Result, RunKey, VersionKey, When};

/// Tells of a content `me` that it is worth looking for under other names.
pub(super) const UNCOMMON: &str = "NOT EXISTS (SELECT 1 FROM common WHERE common.id_value = me.id_value)";

/// A write with its run, and when that run first read version ?3. Parameters are numbered: those that are named count by
/// where they appear first.
const WRITES: &str = "SELECT w.id, w.run_id, r.uuid, w.at, w.n, w.said_at, w.version_id,
     CASE WHEN ?3 IS NOT NULL THEN (SELECT min(e.at) FROM read e WHERE e.run_id = w.run_id AND e.seen_id = ?3) END";

const BY: &str = "NULL, 0 FROM write w CROSS JOIN run r ON r.id = w.run_id";

/// With when the run began, and whether it is known to have run on another host than run ?5.
const AFTER: &str =
    "r.started_at, p.host <> (SELECT h.host FROM run m JOIN process h ON h.id = m.process_id WHERE m.id = ?5)
     FROM write w CROSS JOIN run r ON r.id = w.run_id LEFT JOIN process p ON p.id = r.process_id";

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

/// Returns the statement that finds what is asked for.
fn statement_for(asked: &Asked) -> &'static str {
    match (asked.of, asked.when) {
        (Of::Version(_), When::By(_)) => {
            text!("{WRITES}, {BY} WHERE w.version_id = ?1 AND w.at <= ?2 ORDER BY w.at DESC")
        }
        (Of::Version(_), When::After { .. }) => {
            text!("{WRITES}, {AFTER} WHERE w.version_id = ?1 AND w.at > ?2 AND r.started_at <= ?4 ORDER BY w.at")
        }
        (Of::Artifact(_), When::By(_)) => text!(
            "{WRITES}, {BY} WHERE w.artifact_id = ?1 AND w.version_id IS NOT NULL AND w.at <= ?2 ORDER BY w.at DESC"
        ),
        (Of::Artifact(_), When::After { .. }) => text!(
            "{WRITES}, {AFTER} WHERE w.artifact_id = ?1 AND w.version_id IS NOT NULL AND w.at > ?2
             AND r.started_at <= ?4 ORDER BY w.at"
        ),
    }
}

/// Offers what the statement of [`statement_for`] finds.
fn offer_stored(
    statement: &mut Statement<'_>,
    Asked { of, when, reader, like }: &Asked,
    offer: &mut dyn FnMut(Candidate) -> bool,
) -> Result<()> {
    let of = match of {
        Of::Version(version) => version.0,
        Of::Artifact(artifact) => artifact.0,
    };
    let mut rows = match when {
        When::By(at) => statement.query(params![of, at, like])?,
        When::After { at, by } => statement.query(params![of, at, like, by, reader])?,
    };
    while let Some(row) = rows.next()? {
        if !offer(candidate(row)?) {
            break;
        }
    }
    Ok(())
}

impl SqliteStore {
    pub(super) fn offer_candidates(&self, asked: &[Asked], offer: Offer<'_>) -> Result<()> {
        for (place, asked) in asked.iter().enumerate() {
            let mut statement = self.connection.prepare_cached(statement_for(asked))?;
            offer_stored(&mut statement, asked, &mut |candidate| offer(place, candidate))?;
        }
        Ok(())
    }
}

impl SqliteWriter<'_> {
    pub(super) fn offer_candidates(&mut self, asked: &[Asked], offer: Offer<'_>) -> Result<()> {
        for (place, asked) in asked.iter().enumerate() {
            let mut offer = |candidate| offer(place, candidate);
            match (asked.of, asked.when) {
                (Of::Artifact(of), When::By(_)) if self.fresh.knows_writes(of) => self.offer_made(of, &mut offer),
                _ => offer_stored(self.statement(statement_for(asked))?, asked, &mut offer),
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
             JOIN artifact mine ON mine.id = me.artifact_id
             JOIN version v ON v.id_kind = 0 AND v.tail = me.tail AND v.id_value = me.id_value AND v.id <> me.id
             JOIN artifact other ON other.id = v.artifact_id AND other.project_id = mine.project_id
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
