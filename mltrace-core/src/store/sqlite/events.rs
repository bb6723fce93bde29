//! Events of other tools, stored whole and deflated.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rusqlite::params;

use super::forget::LOOSEN;
use super::write::SqliteWriter;
use crate::model::RunId;
use crate::store::{EventRow, ProjectKey, Result, RunKey, StoreError};

/// No event is taken that is nearly as long as this; a store of somebody else may hold any.
const LONGEST: u64 = 64 << 20;

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
        let made = self.execute(sql, params![event.project, event.hash.as_slice(), event.run, event.root, body])?;
        Ok(made > 0)
    }

    pub(super) fn events_of_run(&mut self, project: ProjectKey, run: RunId) -> Result<Vec<EventRow>> {
        // hash | root | body
        let sql = "SELECT hash, root, body FROM lineage_event WHERE run = $1 AND project_id = $2";
        let rows = self.all(sql, params![run, project], |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        let event = |(hash, root, body): (_, String, Vec<u8>)| {
            Ok(EventRow { project, hash, run: Some(run), root, body: inflated(&body)? })
        };
        rows.into_iter().map(event).collect()
    }

    pub(super) fn empty_run(&mut self, run: RunKey) -> Result<()> {
        self.fresh.settled();
        for sql in LOOSEN.into_iter().chain(EMPTY) {
            self.connection.prepare_cached(sql)?.execute([run])?;
        }
        Ok(())
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
