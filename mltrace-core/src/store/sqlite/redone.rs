//! Runs that did the same work, and what they worked on: whether one did it again is not decided here.

use foldhash::HashMap;
use rusqlite::params;

use super::SqliteStore;
use super::keys::{CHUNK, among, ascending, ranges};
use super::last::last_read;
use crate::model::Timestamp;
use crate::store::{ArtifactKey, OfferRun, RerunRow, Result, RunKey, VersionKey, WorkKey, WorkRow};

/// The completed runs of some work, those that ended last first.
const RERUNS: &str = "SELECT id, uuid, started_at, ended_at FROM run
     WHERE component_id = $1 AND signature = $2 AND signature IS NOT NULL AND ended_at <= $3 AND status = 1
     ORDER BY ended_at DESC";

const RUNS: &str = concat!(
    "SELECT r.id, r.started_at, g.commit_id, c.id, c.file, c.hash, c.line
     FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id"),
    " LEFT JOIN git g ON g.id = r.git_id LEFT JOIN code c ON c.id = r.code_id"
);

const READ: &str = concat!(
    "SELECT d.run_id, d.seen_id, w.run_id FROM json_each($1) AS asked CROSS JOIN read d ON ",
    among!("d.run_id"),
    " LEFT JOIN write w ON w.id = d.write_id"
);

const MADE: &str = concat!(
    "SELECT w.run_id, w.version_id FROM json_each($1) AS asked CROSS JOIN write w ON ",
    among!("w.run_id"),
    " WHERE w.version_id IS NOT NULL"
);

/// The limit of the component whose run read an artifact last.
const LIMIT: &str = concat!(
    "SELECT c.stale_after_s FROM run y JOIN component c ON c.id = y.component_id WHERE y.id = ",
    last_read!("q.run_id", "q.artifact_id = $1")
);

impl SqliteStore {
    pub(super) fn offer_reruns(&self, asked: &[(WorkKey, Timestamp)], offer: OfferRun<'_>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(RERUNS)?;
        for (place, (work, by)) in asked.iter().enumerate() {
            let mut rows = statement.query(params![work.component, work.signature, by])?;
            while let Some(row) = rows.next()? {
                let run = RerunRow { run: row.get(0)?, id: row.get(1)?, began: row.get(2)?, ended: row.get(3)? };
                if !offer(place, run) {
                    break;
                }
            }
        }
        Ok(())
    }

    pub(super) fn works_of(&self, runs: &[RunKey]) -> Result<HashMap<RunKey, WorkRow>> {
        let mut works: HashMap<RunKey, WorkRow> = HashMap::default();
        for list in ascending(runs.iter().copied()).chunks(CHUNK).map(ranges) {
            works.extend(self.all(RUNS, [&list], |row| {
                let code = match row.get::<_, Option<i64>>(3)? {
                    Some(_) => Some((row.get(4)?, row.get(5)?, row.get(6)?)),
                    None => None,
                };
                Ok((row.get(0)?, WorkRow { began: row.get(1)?, commit: row.get(2)?, code, ..WorkRow::default() }))
            })?);
            let read: Vec<(RunKey, Option<VersionKey>, Option<RunKey>)> =
                self.all(READ, [&list], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            for (run, seen, by) in read {
                works.entry(run).or_default().read.push((seen, by == Some(run)));
            }
            for (run, made) in self.all(MADE, [&list], |row| Ok((row.get(0)?, row.get(1)?)))? {
                works.entry(run).or_default().made.push(made);
            }
        }
        Ok(works)
    }

    pub(super) fn limits_of(&self, artifacts: &[ArtifactKey]) -> Result<Vec<Option<i64>>> {
        let limit = |artifact| Ok(self.one(LIMIT, [artifact], |row| row.get(0))?.flatten());
        artifacts.iter().map(limit).collect()
    }
}
