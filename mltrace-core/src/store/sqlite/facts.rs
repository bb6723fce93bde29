//! What may make the outputs of runs differ, of many runs at once: less than everything, in a few statements.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::SqliteStore;
use super::keys::{CHUNK, among, ascending, ranges};
use super::listed::{PARAMS, param};
use super::map::version_id;
use super::measures::each_once;
use crate::model::{ArtifactName, Timestamp, Version};
use crate::store::{FactsRow, Measures, Result, RunKey, Told};

/// The parameters of these names, each of which is looked up by itself.
const NAMED_PARAMS: &str = concat!(
    "SELECT q.run_id, q.name, q.value FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id"),
    " CROSS JOIN json_each($2) AS named CROSS JOIN param q ON q.run_id = r.id AND q.name = named.value"
);

const RUNS: &str = concat!(
    "SELECT r.id, r.uuid, r.component_id, c.name, r.status, r.started_at, r.duration_us,
         g.commit_id, g.branch, g.dirty, k.hash, p.host, p.user, h.is_in_work_tree, c.stale_after_s
     FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id"),
    " JOIN component c ON c.id = r.component_id
     LEFT JOIN git g ON g.id = r.git_id LEFT JOIN code k ON k.id = r.code_id LEFT JOIN process p ON p.id = r.process_id
     LEFT JOIN code_check h ON h.process_id = r.process_id AND h.code_id = r.code_id"
);

/// With what was read where no recorded run wrote it; else when it was written, and whether another run had written over it by
/// the time that the run began, as [`Superseding`](crate::lineage::Superseding) says it: hundreds of runs are asked for, of which no
/// candidate is needed but that there is one.
const READS: &str = concat!(
    "SELECT d.run_id, a.name, v.id_kind, v.id_value, w.at, w.at IS NOT NULL AND EXISTS (
         SELECT 1 FROM write q WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL
         AND q.version_id <> w.version_id AND q.at >= w.at AND (q.at > w.at
             OR (SELECT m.uuid FROM run m WHERE m.id = q.run_id) > (SELECT o.uuid FROM run o WHERE o.id = w.run_id))
         AND q.at <= (SELECT r.started_at FROM run r WHERE r.id = d.run_id) AND q.run_id <> d.run_id)
     FROM json_each($1) AS asked CROSS JOIN read d ON ",
    among!("d.run_id"),
    " CROSS JOIN artifact a ON a.id = d.artifact_id
     LEFT JOIN version v ON v.id = d.seen_id AND d.write_id IS NULL AND d.bound <> 5
     LEFT JOIN write w ON w.id = d.write_id AND w.run_id <> d.run_id"
);

impl SqliteStore {
    pub(super) fn facts_of(&self, runs: &[RunKey], told: Told<'_>) -> Result<Vec<FactsRow>> {
        let _one_look = self.look()?;
        let named = match told {
            Told::All => None,
            Told::Named(names) => Some(each_once(names)),
        };
        let mut found: HashMap<RunKey, FactsRow> = HashMap::default();
        for list in ascending(runs.iter().copied()).chunks(CHUNK).map(ranges) {
            let rows = self.all(RUNS, [&list], |row| {
                Ok(FactsRow {
                    key: row.get(0)?,
                    id: row.get(1)?,
                    component_key: row.get(2)?,
                    component: row.get(3)?,
                    status: row.get(4)?,
                    started_at: row.get(5)?,
                    duration_us: row.get(6)?,
                    commit: row.get(7)?,
                    branch: row.get(8)?,
                    dirty: row.get(9)?,
                    code: row.get(10)?,
                    host: row.get(11)?,
                    user: row.get(12)?,
                    params: BTreeMap::new(),
                    names: Vec::new(),
                    unwritten: Vec::new(),
                    is_in_work_tree: row.get(13)?,
                    measures: Measures::default(),
                    oldest_input_us: None,
                    stale_after_s: row.get(14)?,
                    is_superseded: false,
                })
            })?;
            found.extend(rows.into_iter().map(|row| (row.key, row)));
            let mut params = self.connection.prepare_cached(if named.is_some() { NAMED_PARAMS } else { PARAMS })?;
            let mut rows = match &named {
                Some(names) => params.query([&list, names])?,
                None => params.query([&list])?,
            };
            while let Some(row) = rows.next()? {
                self.hold(row)?;
                if let Some(of) = found.get_mut(&row.get(0)?) {
                    of.params.insert(row.get(1)?, param(self, row, 2)?);
                }
            }
            let mut measured = HashMap::default();
            self.add_evidence(&list, told, &mut measured)?;
            for (run, measures) in measured {
                found.get_mut(&run).into_iter().for_each(|row| row.measures.clone_from(&measures));
            }
            let read = |row: &rusqlite::Row<'_>| {
                let written_at: Option<Timestamp> = row.get(4)?;
                Ok((row.get(0)?, row.get::<_, String>(1)?, version_id(row, 2)?, written_at, row.get::<_, bool>(5)?))
            };
            for (run, name, version, written_at, is_superseded) in self.all(READS, [&list], read)? {
                let Some(row) = found.get_mut(&run) else { continue };
                row.unwritten.extend(version.map(|version| Version { name: ArtifactName(name.clone()), version }));
                row.names.push(name);
                let age_us = row.started_at.zip(written_at).map(|(began, written)| began.0.saturating_sub(written.0));
                row.oldest_input_us = row.oldest_input_us.max(age_us);
                row.is_superseded |= is_superseded;
            }
        }
        let sorted = |mut row: FactsRow| {
            row.names.sort_unstable();
            row.names.dedup();
            row
        };
        Ok(found.into_values().map(sorted).collect())
    }
}
