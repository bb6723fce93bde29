//! What came before a run: earlier runs of its component.

use std::cmp::Reverse;

use foldhash::HashMap;
use rusqlite::params;

use super::SqliteStore;
use super::find::key_list;
use super::keys::{CHUNK, among, ascending};
use crate::model::{RunId, Timestamp};
use crate::store::{ArtifactKey, ComponentKey, Result, RunKey, RunName, VersionKey};

/// How many reads of an artifact are looked through for runs of the component.
const READS: i64 = 200;

/// How many inputs of a run are considered.
const INPUTS: i64 = 16;

/// The completed runs of a component, latest first.
const LAST: &str = "SELECT id, started_at, uuid FROM run WHERE component_id = $1 AND status = 1 AND started_at <= $2
 ORDER BY started_at DESC";

/// Those of them that read an artifact before a run began, the latest read first.
const LAST_READERS: &str = "SELECT y.id, y.started_at, y.uuid
 FROM (SELECT run_id FROM read WHERE artifact_id = $1 AND at <= $2 ORDER BY at DESC LIMIT $3) AS seen
 CROSS JOIN run y ON y.id = seen.run_id WHERE y.component_id = $4 AND y.status = 1";

/// Who wrote versions at the first moment that anybody did.
const FIRST_WRITERS: &str = "SELECT w.version_id, w.run_id FROM json_each($1) AS asked
 CROSS JOIN write w ON w.version_id = asked.value
 AND w.at = (SELECT min(q.at) FROM write q WHERE q.version_id = asked.value)";

const NAMES_OF_RUNS: &str = concat!(
    "SELECT r.id, r.uuid, c.id, c.name, r.started_at FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id"),
    " JOIN component c ON c.id = r.component_id"
);

const BEGINNINGS: &str =
    concat!("SELECT r.started_at, r.uuid, r.id FROM json_each($1) AS asked CROSS JOIN run r ON ", among!("r.id"));

/// When a run began, and its id: how runs follow each other.
type Moment = (Timestamp, RunId);

impl SqliteStore {
    pub(super) fn earlier_runs(&self, runs: &[RunKey], limit: usize) -> Result<Vec<(RunKey, RunKey)>> {
        let _one_look = self.look()?;
        let mut places: Vec<(ComponentKey, Moment, RunKey)> = Vec::with_capacity(runs.len());
        for run in runs {
            let own = "SELECT component_id, started_at, uuid FROM run WHERE id = $1";
            let found = self.one(own, [run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let Some((Some(component), Some(began), id)) = found else { continue };
            places.push((component, (began, id), *run));
        }
        // From the latest on: what came before one mostly came before the next as well.
        places.sort_unstable_by(|a, b| b.cmp(a));
        let mut pairs = Vec::new();
        let mut readers = HashMap::default();
        let (mut last, mut of) = (Vec::new(), None);
        for (component, place, run) in places {
            if of.replace(component) != Some(component) {
                last.clear();
            }
            let mut earlier = self.last_before(place, component, limit, &mut last)?.to_vec();
            if let Some(input) = self.rarest_input(run, &mut readers)? {
                earlier.extend(self.last_readers_before(place, component, input, limit)?);
            }
            earlier.sort_unstable_by(|a, b| b.cmp(a));
            earlier.dedup();
            pairs.extend(earlier.into_iter().map(|(_, earlier)| (run, earlier)));
        }
        Ok(pairs)
    }

    /// Returns the last runs of a component before a moment. `known` holds the last ones before a later moment, and is read
    /// further where they are too few.
    fn last_before<'k>(
        &self,
        place: Moment,
        component: ComponentKey,
        limit: usize,
        known: &'k mut Vec<(Moment, RunKey)>,
    ) -> Result<&'k [(Moment, RunKey)]> {
        let mut from = known.partition_point(|(other, _)| *other >= place);
        match known.last().filter(|_| from < known.len()).map(|(last, _)| *last) {
            Some(last) => {
                let missing = limit.saturating_sub(known.len().saturating_sub(from));
                if missing > 0 {
                    known.extend(self.read_before(last, component, missing)?);
                }
            }
            None => (from, *known) = (0, self.read_before(place, component, limit)?),
        }
        let rest = known.get(from..).unwrap_or_default();
        Ok(rest.get(..limit).unwrap_or(rest))
    }

    fn read_before(&self, place: Moment, component: ComponentKey, limit: usize) -> Result<Vec<(Moment, RunKey)>> {
        let mut statement = self.connection.prepare_cached(LAST)?;
        let mut rows = statement.query(params![component, place.0])?;
        let mut found: Vec<(Moment, RunKey)> = Vec::new();
        while let Some(row) = rows.next()? {
            let (run, other) = (row.get(0)?, (row.get(1)?, row.get(2)?));
            // Those that began at one moment come in any order.
            if found.len() >= limit && found.last().is_some_and(|((began, _), _)| *began > other.0) {
                break;
            }
            if other < place {
                found.push((other, run));
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.truncate(limit);
        Ok(found)
    }

    fn last_readers_before(
        &self,
        place: Moment,
        component: ComponentKey,
        input: ArtifactKey,
        limit: usize,
    ) -> Result<Vec<(Moment, RunKey)>> {
        let mut statement = self.connection.prepare_cached(LAST_READERS)?;
        let mut rows = statement.query(params![input, place.0, READS, component])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let other = (row.get(1)?, row.get(2)?);
            if other < place && found.len() < limit {
                found.push((other, row.get(0)?));
            }
        }
        Ok(found)
    }

    /// Returns the one of a run's first inputs that is read least often: a model is read by every prediction, a batch by
    /// few.
    fn rarest_input(&self, run: RunKey, readers: &mut HashMap<ArtifactKey, i64>) -> Result<Option<ArtifactKey>> {
        let inputs = "SELECT artifact_id FROM read WHERE run_id = $1 ORDER BY n LIMIT $2";
        let inputs: Vec<ArtifactKey> = self.all(inputs, params![run, INPUTS], |row| row.get(0))?;
        let count = "SELECT count(*) FROM (SELECT 1 FROM read WHERE artifact_id = $1 LIMIT $2)";
        for input in &inputs {
            if !readers.contains_key(input) {
                let found = self.one(count, params![input, READS], |row| row.get(0))?;
                readers.insert(*input, found.unwrap_or_default());
            }
        }
        Ok(inputs.into_iter().min_by_key(|input| readers.get(input).copied()))
    }

    pub(super) fn runs_since(&self, component: ComponentKey, since: Timestamp) -> Result<Vec<RunKey>> {
        // The index alone says when they began, and few began at one moment.
        let sql = "SELECT started_at, id FROM run WHERE component_id = $1 AND started_at >= $2
             ORDER BY started_at DESC";
        let mut found: Vec<(Timestamp, RunKey)> =
            self.all(sql, params![component, since], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut tied =
            found.chunk_by_mut(|one, other| one.0 == other.0).filter(|runs| runs.len() > 1).collect::<Vec<_>>();
        let keys: Vec<RunKey> = tied.iter().flat_map(|runs| runs.iter().map(|(_, run)| *run)).collect();
        let ids = if keys.is_empty() { HashMap::default() } else { self.ids_of(&keys)? };
        for runs in &mut tied {
            runs.sort_by_key(|(_, run)| Reverse(ids.get(run).copied()));
        }
        Ok(found.into_iter().map(|(_, run)| run).collect())
    }

    pub(super) fn first_writers_of(&self, versions: &[VersionKey]) -> Result<Vec<(VersionKey, RunKey)>> {
        let mut found = Vec::with_capacity(versions.len());
        for chunk in versions.chunks(CHUNK) {
            let written: Vec<(VersionKey, RunKey)> =
                self.all(FIRST_WRITERS, [key_list(chunk)], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for writes in written.chunk_by(|one, other| one.0 == other.0) {
                // A run's id is only looked up where several wrote at one moment.
                found.extend(match writes {
                    [only] => Some(*only),
                    several => {
                        let runs: Vec<RunKey> = several.iter().map(|(_, run)| *run).collect();
                        let first = self.ids_of(&runs)?.into_iter().min_by_key(|(_, id)| *id);
                        several.first().zip(first).map(|((version, _), (run, _))| (*version, run))
                    }
                });
            }
        }
        Ok(found)
    }

    pub(super) fn beginnings_of(&self, runs: &[RunKey]) -> Result<Vec<(Timestamp, RunId, RunKey)>> {
        self.each(BEGINNINGS, &ascending(runs.iter().copied()), |row| {
            Ok((row.get::<_, Option<_>>(0)?.unwrap_or(Timestamp::MIN), row.get(1)?, row.get(2)?))
        })
    }

    pub(super) fn names_of_runs(&self, runs: &[RunKey]) -> Result<Vec<RunName>> {
        self.each(NAMES_OF_RUNS, &ascending(runs.iter().copied()), |row| {
            Ok(RunName {
                key: row.get(0)?,
                id: row.get(1)?,
                component_key: row.get(2)?,
                component: row.get(3)?,
                started_at: row.get(4)?,
            })
        })
    }
}
