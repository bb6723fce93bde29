//! What may make the outputs of runs differ, of many runs at once: less than everything, in a handful of statements.

use std::collections::BTreeMap;

use foldhash::HashMap;
use rusqlite::Row;

use super::SqliteStore;
use super::keys::{CHUNK, among, ascending, ranges};
use super::listed::{COMPARED, Most, OF_OTHERS, PARAMS, add_compared, param};
use super::map::version_id;
use super::measures::each_once;
use crate::model::{Timestamp, Version};
use crate::store::{CodeDetail, FactsCut, FactsRow, Measures, Result, RunKey, Told};

/// The parameters of these names, each of which is looked up by itself.
const NAMED_PARAMS: &str = concat!(
    "SELECT q.run_id, q.name, q.value FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id"),
    " CROSS JOIN json_each($2) AS named CROSS JOIN param q ON q.run_id = r.id AND q.name = named.value"
);

const RUNS: &str = concat!(
    "SELECT r.id, r.uuid, r.component_id, c.name, r.status, r.started_at, r.duration_us,
         g.commit_id, g.branch, g.dirty, p.host, p.user, c.stale_after_s, k.file, k.line, k.hash, h.is_in_work_tree
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

/// How many bytes of the names of what a run read are loaded, and of the versions of those, where nobody says.
const INPUTS: u64 = 64 << 10;
/// What a name takes beside its length.
const NAME: u64 = 16;

impl SqliteStore {
    pub(super) fn facts_of(&self, runs: &[RunKey], told: Told<'_>) -> Result<Vec<FactsRow>> {
        let _one_look = self.look()?;
        let mut found: HashMap<RunKey, FactsRow> = HashMap::default();
        for keys in ascending(runs.iter().copied()).chunks(CHUNK) {
            let list = ranges(keys);
            found.extend(self.all(RUNS, [&list], facts_row)?.into_iter().map(|row| (row.key, row)));
            let inputs = match told {
                Told::First(most) => {
                    self.add_first_facts((keys, &list), most, &mut found)?;
                    most
                }
                Told::All | Told::Named(_) => {
                    self.add_facts(&list, told, &mut found)?;
                    INPUTS
                }
            };
            self.add_inputs(&list, inputs, &mut found)?;
        }
        Ok(found.into_values().collect())
    }

    /// Adds what has names of its own: parameters, and what was measured and checked.
    fn add_facts(&self, list: &str, told: Told<'_>, found: &mut HashMap<RunKey, FactsRow>) -> Result<()> {
        let named = match told {
            Told::All | Told::First(_) => None,
            Told::Named(names) => Some(each_once(names)),
        };
        let mut params = self.connection.prepare_cached(if named.is_some() { NAMED_PARAMS } else { PARAMS })?;
        let mut rows = match &named {
            Some(names) => params.query([list, names])?,
            None => params.query([list])?,
        };
        while let Some(row) = rows.next()? {
            self.hold(row)?;
            if let Some(of) = found.get_mut(&row.get(0)?) {
                of.params.insert(row.get(1)?, param(self, row, 2)?);
            }
        }
        let mut measured = HashMap::default();
        self.add_evidence(list, told, &mut measured)?;
        for (run, measures) in measured {
            found.get_mut(&run).into_iter().for_each(|row| row.measures.clone_from(&measures));
        }
        Ok(())
    }

    /// Adds the first of these by name, and of what was observed.
    fn add_first_facts(&self, of: (&[RunKey], &str), most: u64, found: &mut HashMap<RunKey, FactsRow>) -> Result<()> {
        let sorts = [COMPARED.as_slice(), &OF_OTHERS].concat();
        self.first_of(&sorts, of, Most::compared(most), &mut |sort, run, listed| match found.get_mut(&run) {
            Some(FactsRow { params, measures, observations, cut, .. }) => {
                add_compared(self, (params, measures, observations, cut), sort, &listed)
            }
            None => Ok(()),
        })
    }

    /// Adds what the runs read, the first by name in so many bytes, and how old all of it was.
    fn add_inputs(&self, list: &str, most: u64, found: &mut HashMap<RunKey, FactsRow>) -> Result<()> {
        let mut statement = self.connection.prepare_cached(READS)?;
        let mut rows = statement.query([list])?;
        let (mut last, mut bytes) = (None, 0_u64);
        while let Some(row) = rows.next()? {
            let run: RunKey = row.get(0)?;
            let Some(of) = found.get_mut(&run) else { continue };
            if last.replace(run) != Some(run) {
                bytes = 0;
            }
            let written_at: Option<Timestamp> = row.get(4)?;
            let age_us = of.started_at.zip(written_at).map(|(began, written)| began.0.saturating_sub(written.0));
            of.oldest_input_us = of.oldest_input_us.max(age_us);
            of.is_superseded |= row.get::<_, bool>(5)?;
            let name = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            if of.cut.inputs.as_deref().is_some_and(|first| name >= first) {
                continue;
            }
            let version = version_id(row, 2)?;
            of.unwritten.extend(version.map(|version| Version { name: name.into(), version }));
            of.names.push(name.to_owned());
            let own = NAME.saturating_add(name.len() as u64);
            bytes = bytes.saturating_add(own);
            if bytes <= most {
                self.hold_bytes(|| usize::try_from(own).unwrap_or(usize::MAX))?;
            }
            // They come in the order of reading: now and then those are dropped that are not among the first.
            if bytes > most.saturating_mul(2) {
                bytes = keep_first_inputs(of, most);
            }
        }
        for of in found.values_mut() {
            keep_first_inputs(of, most);
            of.names.dedup();
        }
        Ok(())
    }
}

/// Sorts the names of what a run read and keeps the first of them; returns how many bytes these take. All reads of one name
/// are kept, or none.
fn keep_first_inputs(of: &mut FactsRow, most: u64) -> u64 {
    of.names.sort_unstable();
    let (mut kept, mut bytes) = (0_u64, 0_u64);
    for names in of.names.chunk_by(PartialEq::eq) {
        let own = names.iter().map(|name| NAME.saturating_add(name.len() as u64)).fold(0, u64::saturating_add);
        bytes = bytes.saturating_add(own);
        if bytes > most {
            of.cut.inputs = names.first().cloned();
            break;
        }
        kept = bytes;
    }
    if let Some(first) = &of.cut.inputs {
        of.names.truncate(of.names.partition_point(|name| name < first));
        of.unwritten.retain(|version| version.name.as_str() < first.as_str());
    }
    kept
}

/// Returns the row of a run, about which nothing else is known yet.
fn facts_row(row: &Row<'_>) -> rusqlite::Result<FactsRow> {
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
        host: row.get(10)?,
        user: row.get(11)?,
        stale_after_s: row.get(12)?,
        code: code(row, 13)?,
        params: BTreeMap::new(),
        measures: Measures::default(),
        observations: Vec::new(),
        names: Vec::new(),
        unwritten: Vec::new(),
        oldest_input_us: None,
        is_superseded: false,
        cut: FactsCut::default(),
    })
}

/// Returns a source, whose columns are the file and those after it; `None` where it has not arrived yet.
fn code(row: &Row<'_>, file: usize) -> rusqlite::Result<Option<CodeDetail>> {
    let [line, hash, is_in_work_tree] = [1, 2, 3].map(|place| file.saturating_add(place));
    Ok(match (row.get(file)?, row.get(line)?, row.get(hash)?) {
        (Some(file), Some(line), Some(hash)) => {
            Some(CodeDetail { file, line, hash, source: None, is_in_work_tree: row.get(is_in_work_tree)? })
        }
        _ => None,
    })
}
