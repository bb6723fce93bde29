//! Events of other tools, stored whole and deflated.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rusqlite::params;

use super::SqliteStore;
use super::forget::LOOSEN;
use super::keys::{CHUNK, among, ascending, ranges};
use super::write::SqliteWriter;
use crate::model::{LIMIT_LINE, PROCESS_OF_EVENTS, PROCESS_OF_EVENTS_ON, RunId, Timestamp};
use crate::store::{EventRow, EventsFrom, ProcessKey, ProjectKey, Result, RunKey, StoreError, TellEvent};

/// No event is taken that is longer than half of this; a store of somebody else may hold any.
const LONGEST: u64 = 2 * LIMIT_LINE as u64;

/// Removes all rows of a run but its own and its notes.
const EMPTY: [&str; 9] = [
    "DELETE FROM untimed WHERE run_id = $1",
    "DELETE FROM part WHERE run_id = $1",
    "DELETE FROM due WHERE run_id = $1",
    "DELETE FROM param WHERE run_id = $1",
    "DELETE FROM metric WHERE run_id = $1",
    "DELETE FROM check_result WHERE run_id = $1",
    "DELETE FROM observation WHERE run_id = $1",
    "DELETE FROM read WHERE run_id = $1",
    "DELETE FROM write WHERE run_id = $1",
];

impl SqliteWriter<'_> {
    pub(super) fn keep_event(&mut self, event: &EventRow) -> Result<bool> {
        let sql = "INSERT INTO lineage_event (project_id, hash, run, root, body) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING";
        let body = deflated(&event.body)?;
        let made = self.execute(sql, params![event.project, event.key.as_slice(), event.run, event.root, body])?;
        Ok(made > 0)
    }

    pub(super) fn events_of_run(
        &mut self,
        project: ProjectKey,
        run: RunId,
        from: EventsFrom,
        take: &mut dyn FnMut(EventRow) -> bool,
    ) -> Result<()> {
        let sql = match from {
            EventsFrom::First => "SELECT id, hash FROM lineage_event WHERE run = $1 AND project_id = $2 ORDER BY hash",
            EventsFrom::Last => {
                "SELECT id, hash FROM lineage_event WHERE run = $1 AND project_id = $2 ORDER BY hash DESC"
            }
        };
        let keys =
            self.all(sql, params![run, project], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?)))?;
        let mut event = self.connection.prepare_cached("SELECT root, body FROM lineage_event WHERE id = $1")?;
        for (id, key) in keys {
            let (root, body) = event.query_row([id], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)))?;
            // One that nobody can read any more says nothing: it was forgotten, or somebody else wrote it.
            let Ok(body) = inflated(&body) else { continue };
            if !take(EventRow { project, key, run: Some(run), root, body }) {
                break;
            }
        }
        Ok(())
    }

    /// Removes what an event says. Its key stays, so that it is not taken for a new one when it is sent again.
    pub(super) fn forget_event(&mut self, project: ProjectKey, key: &[u8; 32], left: &str) -> Result<()> {
        let sql = "UPDATE lineage_event SET root = '', body = $1 WHERE project_id = $2 AND hash = $3";
        self.execute(sql, params![deflated(left)?, project, key.as_slice()]).map(drop)
    }

    /// Removes what events of a run say.
    pub(super) fn forget_events(
        &mut self,
        project: Option<ProjectKey>,
        run: RunId,
        after: Option<&[u8; 32]>,
    ) -> Result<()> {
        let sql = "UPDATE lineage_event SET root = '', body = x'' WHERE run = $1 AND length(body) > 0
             AND ($2 IS NULL OR project_id = $2) AND ($3 IS NULL OR hash > $3)";
        self.execute(sql, params![run, project, after.map(<[u8; 32]>::as_slice)]).map(drop)
    }

    pub(super) fn event_runs(&mut self, run: RunId, at: Option<Timestamp>) -> Result<Vec<(ProjectKey, RunId)>> {
        let sql = "SELECT DISTINCT project_id, run FROM lineage_event WHERE run = $1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let mut found = self.all(sql, [run], read)?;
        if let Some(at) = at {
            let sql = "SELECT DISTINCT e.project_id, e.run FROM project p CROSS JOIN lineage_event e
                 ON e.project_id = p.id AND e.hash >= $1 AND e.hash < $2 WHERE e.run IS NOT NULL";
            let (first, next) = (EventRow::first_key(at), EventRow::first_key(at.plus_micros(1)));
            found.extend(self.all(sql, params![first.as_slice(), next.as_slice()], read)?);
        }
        Ok(found)
    }

    pub(super) fn built_from_events(&mut self, among: &[ProcessKey]) -> Result<Vec<ProcessKey>> {
        let sql = "SELECT id FROM process WHERE id = $1 AND (key = $2 OR substr(key, 1, length($3)) = $3)";
        let mut found = Vec::new();
        for process in ascending(among.iter().copied()) {
            let asked = params![process, PROCESS_OF_EVENTS, PROCESS_OF_EVENTS_ON];
            found.extend(self.one(sql, asked, |row| row.get::<_, ProcessKey>(0))?);
        }
        Ok(found)
    }

    pub(super) fn move_notes(&mut self, from: RunId, to: RunId) -> Result<()> {
        let sql = "UPDATE note SET run_id = (SELECT id FROM run WHERE uuid = ?2)
             WHERE run_id = (SELECT id FROM run WHERE uuid = ?1) AND EXISTS (SELECT 1 FROM run WHERE uuid = ?2)";
        self.execute(sql, params![from, to]).map(drop)
    }

    pub(super) fn empty_run(&mut self, run: RunKey) -> Result<()> {
        self.fresh.settled();
        for sql in LOOSEN.into_iter().chain(EMPTY) {
            self.connection.prepare_cached(sql)?.execute([run])?;
        }
        Ok(())
    }
}

impl SqliteStore {
    pub(super) fn events_of_project(
        &self,
        project: ProjectKey,
        since: Option<Timestamp>,
        tell: TellEvent<'_>,
    ) -> Result<()> {
        let sql = "SELECT id FROM lineage_event WHERE project_id = $1 AND hash >= $2 ORDER BY hash";
        let first = EventRow::first_key(since.unwrap_or(Timestamp::MIN));
        let ids: Vec<i64> = self.all(sql, params![project, first.as_slice()], |row| row.get(0))?;
        self.tell_events(project, ids, tell)
    }

    pub(super) fn events_without_run(&self, project: ProjectKey, tell: TellEvent<'_>) -> Result<()> {
        // Both are read from an index: of the others the bodies are not passed over.
        let sql = "SELECT id FROM lineage_event WHERE project_id = $1
             AND id NOT IN (SELECT id FROM lineage_event WHERE run IS NOT NULL) ORDER BY hash";
        let ids: Vec<i64> = self.all(sql, [project], |row| row.get(0))?;
        self.tell_events(project, ids, tell)
    }

    fn tell_events(&self, project: ProjectKey, ids: Vec<i64>, tell: TellEvent<'_>) -> Result<()> {
        // Anyone who takes them may be slow: nothing is kept from being written meanwhile.
        let sql = "SELECT hash, run, root, body FROM lineage_event WHERE id = $1";
        for id in ids {
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?));
            let Some((key, run, root, body)) = self.one(sql, [id], read)? else { continue };
            // One that nobody can read any more says nothing: it was forgotten, or somebody else wrote it.
            let Ok(body) = inflated(&body) else { continue };
            let event = EventRow { project, key, run, root, body };
            if !event.is_forgotten() && !tell(event) {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn runs_of_events(&self, runs: &[RunKey]) -> Result<Vec<RunKey>> {
        const SQL: &str = concat!(
            "SELECT r.id FROM json_each($1) AS asked CROSS JOIN run r ON ",
            among!("r.id"),
            // All that begins so lies before what goes on with the last character there is.
            " WHERE r.process_id IN (SELECT p.id FROM process p
                 WHERE p.key = $2 OR (p.key >= $3 AND p.key < $3 || char(1114111)))"
        );
        let mut found = Vec::new();
        for list in ascending(runs.iter().copied()).chunks(CHUNK).map(ranges) {
            found.extend(
                self.all(SQL, params![list, PROCESS_OF_EVENTS, PROCESS_OF_EVENTS_ON], |row| row.get::<_, RunKey>(0))?,
            );
        }
        Ok(found)
    }
}

fn deflated(text: &str) -> Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let done = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    done.map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn inflated(bytes: &[u8]) -> Result<String> {
    let mut text = String::new();
    let read = DeflateDecoder::new(bytes).take(LONGEST).read_to_string(&mut text);
    read.map(|_| text).map_err(|error| StoreError::Corrupt(format!("an event cannot be read: {error}")))
}
