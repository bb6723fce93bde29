//! Writes of the same bytes that a read may have seen though its own name and clock tell none.

use rusqlite::params;

use super::edge::{UNCOMMON, VISIBLE, candidate};
use super::text::text;
use super::write::SqliteWriter;
use crate::model::Timestamp;
use crate::store::{Candidate, Reading, Result, VersionKey};

impl SqliteWriter<'_> {
    pub(super) fn first_by_another_clock(
        &mut self,
        version: VersionKey,
        at: Timestamp,
        by: Timestamp,
        reader: Reading,
    ) -> Result<Option<Candidate>> {
        let sql = "SELECT w.id, w.run_id, w.artifact_id FROM write w CROSS JOIN run r ON r.id = w.run_id
             CROSS JOIN process p ON p.id = r.process_id
             WHERE w.version_id = $1 AND w.at > $2 AND r.started_at > $2 AND r.started_at <= $3
             AND p.host <> (SELECT h.host FROM run m JOIN process h ON h.id = m.process_id WHERE m.id = $4)
             AND NOT EXISTS (SELECT 1 FROM read e WHERE e.run_id = w.run_id AND e.seen_id = $1 AND e.at <= w.at)
             ORDER BY w.at, r.uuid, w.n LIMIT 1";
        self.one(sql, params![version, at, by, reader.run], candidate)
    }

    pub(super) fn copies_of(
        &mut self,
        version: VersionKey,
        at: Timestamp,
        reader: Reading,
        limit: usize,
    ) -> Result<Vec<Candidate>> {
        // For each other version with these bytes that was there before anybody saw them here: its last write by then of
        // a run that had not read them here.
        let sql = text!(
            "SELECT w.id, w.run_id, w.artifact_id
             FROM (SELECT * FROM version me WHERE me.id = $1 AND me.id_kind = 0 AND {UNCOMMON}) AS me
             JOIN artifact mine ON mine.id = me.artifact_id
             JOIN version v ON v.id_kind = 0 AND v.tail = me.tail AND v.id_value = me.id_value AND v.id <> me.id
             JOIN artifact other ON other.id = v.artifact_id AND other.project_id = mine.project_id
             JOIN write w ON w.id = (
                 SELECT w.id FROM write w JOIN run r ON r.id = w.run_id
                 WHERE w.version_id = v.id AND w.at <= $2 AND {VISIBLE}
                 AND NOT EXISTS (
                     SELECT 1 FROM read e WHERE e.run_id = w.run_id AND e.seen_id = me.id AND e.at <= w.at)
                 ORDER BY w.at DESC, r.uuid DESC, w.n DESC LIMIT 1)
             JOIN run r ON r.id = w.run_id
             WHERE (SELECT min(f.at) FROM write f WHERE f.version_id = v.id)
                 <= coalesce((SELECT min(e.at) FROM read e WHERE e.seen_id = me.id), $2)
             ORDER BY w.at DESC, r.uuid DESC, other.name LIMIT $5"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, params![version, at, reader.run, reader.n, limit], candidate)
    }
}
