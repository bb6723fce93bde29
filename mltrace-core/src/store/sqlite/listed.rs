//! What a question shows or compares of runs: of each sort the first rows, some KiB a run.
//!
//! What is left out is not read: a run that has a sort in full ends the statement, and the runs after it are asked for anew.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rusqlite::{Row, params};
use serde_json::Value;
use serde_json::value::RawValue;

use super::SqliteStore;
use super::bound::bytes_of;
use super::keys::{among, ranges};
use super::map::Bytes;
use super::measures::{CHECKS_BY_OTHERS, METRICS_BY_OTHERS, check, metric};
use super::observations::observation;
use crate::model::{self, Observation};
use crate::store::{Extent, FactsCut, LeftOut, Measures, NoteDetail, Result, RunDetail, RunKey};

/// How many bytes of rows of one sort a list shows of a run.
pub(super) const SHOWN: Most = Most { bytes: 32 << 10, longest: u64::MAX };
/// How many bytes of a parameter are compared as they are.
const LONGEST: usize = 8 << 10;
/// How many digits of the hash of a longer one stand for all of it.
const DIGITS: usize = 16;
/// How far what is left out is counted.
const COUNTED: i64 = LeftOut::COUNTED.cast_signed();

pub(super) const PARAMS: &str =
    concat!("SELECT q.run_id, q.name, q.value FROM json_each($1) AS asked CROSS JOIN param q ON ", among!("q.run_id"));

/// What is loaded of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Params,
    Notes,
    Metrics,
    Checks,
    Observations,
    /// Of each metric what was measured at its last step.
    LastMetrics,
    /// The checks without what they say.
    Outcomes,
    /// What other runs measured and checked of what it wrote.
    OthersMetrics,
    OthersChecks,
}

/// How much of each sort is loaded of a run: so many bytes of rows, of which a value counts for no more than `longest`.
#[derive(Clone, Copy)]
pub(super) struct Most {
    bytes: u64,
    longest: u64,
}

impl Most {
    /// Returns that so many bytes of what runs are compared by are loaded.
    pub(super) fn compared(bytes: u64) -> Self {
        Self { bytes, longest: LONGEST as u64 }
    }
}

/// How many reads, and how many writes, a list shows of all its runs and of one; of those that come when all are shown, so
/// many each.
const ALL_EDGES: usize = 60_000;
const MOST_EDGES: usize = 10_000;
const LEAST_EDGES: usize = 100;
/// How many bytes of tags a list shows of a component, of what a run says of it, and of a commit.
const TAGS: usize = 2 << 10;

/// Runs that may have more than was taken, each with how much that is.
pub(super) type Full = Vec<(RunKey, i64)>;

/// How many reads or writes may still be loaded; `None`: all.
pub(super) struct Room(Option<usize>);

impl Room {
    pub(super) fn of(extent: Extent) -> Self {
        Self(matches!(extent, Extent::Listed | Extent::FewEdges).then_some(ALL_EDGES))
    }

    fn of_one(&self) -> usize {
        self.0.map_or(usize::MAX, |left| left.clamp(LEAST_EDGES, MOST_EDGES))
    }

    fn take(&mut self, count: usize) {
        self.0 = self.0.map(|left| left.saturating_sub(count));
    }
}

/// A row of a sort, or the first one that is left out, after so many.
pub(super) enum Listed<'r> {
    Row(&'r Row<'r>),
    Rest(&'r Row<'r>, i64),
}

/// Takes what is loaded of a run.
type Take<'t> = &'t mut dyn FnMut(Sort, RunKey, Listed<'_>) -> Result<()>;

pub(super) const LISTED: [Sort; 5] = [Sort::Params, Sort::Notes, Sort::Metrics, Sort::Checks, Sort::Observations];

/// What runs are compared by.
pub(super) const COMPARED: [Sort; 4] = [Sort::Params, Sort::LastMetrics, Sort::Outcomes, Sort::Observations];

/// What is added where others count, too.
pub(super) const OF_OTHERS: [Sort; 2] = [Sort::OthersMetrics, Sort::OthersChecks];

/// The rows of each sort, those of a run beside each other and runs in ascending order, as the key or an index of each table
/// has them. Sorted by a statement they would all be read before the first is seen.
impl Sort {
    fn rows(self) -> &'static str {
        match self {
            Self::Params => PARAMS,
            Self::Notes => concat!(
                "SELECT q.run_id, q.uuid, q.text, q.at, q.by FROM json_each($1) AS asked CROSS JOIN note q ON ",
                among!("q.run_id")
            ),
            Self::Metrics => concat!(
                "SELECT q.run_id, q.name, q.about, q.step, q.at, q.value
                 FROM json_each($1) AS asked CROSS JOIN metric q ON ",
                among!("q.run_id")
            ),
            Self::Checks => concat!(
                "SELECT q.run_id, q.name, q.about, q.at, q.outcome, q.severity, q.message
                 FROM json_each($1) AS asked CROSS JOIN check_result q ON ",
                among!("q.run_id")
            ),
            Self::Observations => concat!(
                "SELECT q.run_id, q.name, q.body FROM json_each($1) AS asked CROSS JOIN observation q ON ",
                among!("q.run_id")
            ),
            Self::LastMetrics => concat!(
                "SELECT q.run_id, q.name, q.about, q.step, q.at, q.value
                 FROM json_each($1) AS asked CROSS JOIN metric q ON ",
                among!("q.run_id"),
                " WHERE NOT EXISTS (SELECT 1 FROM metric l WHERE l.run_id = q.run_id AND l.name = q.name
                     AND l.about = q.about AND l.step > q.step)"
            ),
            Self::OthersMetrics => METRICS_BY_OTHERS,
            Self::OthersChecks => CHECKS_BY_OTHERS,
            Self::Outcomes => concat!(
                "SELECT q.run_id, q.name, q.about, q.at, q.outcome, q.severity, NULL
                 FROM json_each($1) AS asked CROSS JOIN check_result q ON ",
                among!("q.run_id")
            ),
        }
    }

    fn count(self) -> &'static str {
        match self {
            Self::Params => "SELECT count(*) FROM (SELECT 1 FROM param WHERE run_id = $1 LIMIT $2)",
            Self::Notes => "SELECT count(*) FROM (SELECT 1 FROM note WHERE run_id = $1 LIMIT $2)",
            Self::Metrics | Self::LastMetrics | Self::OthersMetrics => {
                "SELECT count(*) FROM (SELECT 1 FROM metric WHERE run_id = $1 LIMIT $2)"
            }
            Self::Checks | Self::Outcomes | Self::OthersChecks => {
                "SELECT count(*) FROM (SELECT 1 FROM check_result WHERE run_id = $1 LIMIT $2)"
            }
            Self::Observations => "SELECT count(*) FROM (SELECT 1 FROM observation WHERE run_id = $1 LIMIT $2)",
        }
    }
}

impl SqliteStore {
    /// Hands what is loaded of these runs, whose keys ascend, to `take`. `list` has the same runs as ranges.
    pub(super) fn first_of(
        &self,
        sorts: &[Sort],
        (runs, list): (&[RunKey], &str),
        most: Most,
        take: Take<'_>,
    ) -> Result<()> {
        for sort in sorts {
            let (mut rest, mut list) = (runs, Cow::Borrowed(list));
            while let Some(run) = self.first_rows(*sort, &list, most, take)? {
                rest = rest.get(rest.partition_point(|key| *key <= run)..).unwrap_or_default();
                if rest.is_empty() {
                    break;
                }
                list = Cow::Owned(ranges(rest));
            }
        }
        Ok(())
    }

    /// Hands the first rows of a sort to `take`, until a run has more of them than are loaded; returns which one.
    fn first_rows(&self, sort: Sort, list: &str, most: Most, take: Take<'_>) -> Result<Option<RunKey>> {
        let longest = if sort == Sort::Params { most.longest } else { u64::MAX };
        let mut statement = self.connection.prepare_cached(sort.rows())?;
        let mut rows = statement.query([list])?;
        let (mut of, mut bytes, mut taken) = (None, 0_u64, 0_i64);
        while let Some(row) = rows.next()? {
            let run: RunKey = row.get(0)?;
            if of != Some(run) {
                (of, bytes, taken) = (Some(run), 0, 0);
            }
            // Beside the key of the run.
            let own = bytes_of(row, 1, longest)?;
            bytes = bytes.saturating_add(own);
            if bytes > most.bytes {
                take(sort, run, Listed::Rest(row, taken))?;
                return Ok(Some(run));
            }
            taken = taken.saturating_add(1);
            self.hold_bytes(|| usize::try_from(own).unwrap_or(usize::MAX))?;
            take(sort, run, Listed::Row(row))?;
        }
        Ok(None)
    }

    /// Hands what `sql` finds for these runs to `take`, which returns of which run it is, as far as there is room. Returns the
    /// runs that may have more, each with how much of it was taken.
    pub(super) fn edges_of(
        &self,
        sql: &str,
        (runs, list): (&[RunKey], &str),
        room: &mut Room,
        take: &mut impl FnMut(&Row<'_>) -> Result<RunKey>,
    ) -> Result<Full> {
        let (mut rest, mut list, mut full) = (runs, Cow::Borrowed(list), Vec::new());
        while let Some((run, taken)) = self.first_edges(sql, &list, room, take)? {
            full.push((run, i64::try_from(taken).unwrap_or(i64::MAX)));
            rest = rest.get(rest.partition_point(|key| *key <= run)..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            list = Cow::Owned(ranges(rest));
        }
        Ok(full)
    }

    fn first_edges(
        &self,
        sql: &str,
        list: &str,
        room: &mut Room,
        take: &mut impl FnMut(&Row<'_>) -> Result<RunKey>,
    ) -> Result<Option<(RunKey, usize)>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([list])?;
        let (mut of, mut taken, mut most) = (None, 0_usize, 0);
        while let Some(row) = rows.next()? {
            self.hold(row)?;
            let run = take(row)?;
            if of != Some(run) {
                room.take(taken);
                (of, taken, most) = (Some(run), 0, room.of_one());
            }
            taken = taken.saturating_add(1);
            if taken >= most {
                room.take(taken);
                return Ok(Some((run, taken)));
            }
        }
        room.take(taken);
        Ok(None)
    }

    /// Returns how many more rows than so many `sql` counts of a run, as far as they are counted, and whether these are all.
    pub(super) fn count_after(&self, sql: &str, run: RunKey, taken: i64) -> Result<(u64, bool)> {
        let limit = taken.saturating_add(COUNTED).saturating_add(1);
        let count = self.one(sql, params![run, limit], |row| row.get::<_, i64>(0))?;
        let left = count.unwrap_or_default().saturating_sub(taken);
        Ok((left.min(COUNTED).unsigned_abs(), left <= COUNTED))
    }
}

/// Keeps the first tags, in some KiB, and returns how many there are beside.
pub(super) fn keep_first_tags(tags: &mut Vec<String>) -> u64 {
    let fitting = fitting(tags.iter().map(String::len));
    let left = tags.len().saturating_sub(fitting);
    tags.truncate(fitting);
    left as u64
}

/// Returns the first tags of a JSON list of them, in some KiB, and how many there are beside: not all of them are parsed.
pub(super) fn first_tags(json: &str) -> (Vec<String>, u64) {
    let all: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    let fitting = fitting(all.iter().map(|tag| tag.get().len()));
    let left = all.len().saturating_sub(fitting);
    (all.iter().take(fitting).filter_map(|tag| serde_json::from_str(tag.get()).ok()).collect(), left as u64)
}

fn fitting(lengths: impl Iterator<Item = usize>) -> usize {
    let sums = lengths.scan(0_usize, |sum, length| {
        *sum = sum.saturating_add(length);
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= TAGS).count()
}

/// Adds what is listed of a run to it.
pub(super) fn add(store: &SqliteStore, detail: &mut RunDetail, sort: Sort, listed: &Listed<'_>) -> Result<()> {
    match (listed, sort) {
        (Listed::Row(row), Sort::Params) => _ = detail.params.insert(row.get(1)?, param(store, row, 2)?),
        (Listed::Row(row), Sort::Notes) => {
            let note = note(row)?;
            let place = detail.notes.partition_point(|other| (other.at, other.id) < (note.at, note.id));
            detail.notes.insert(place, note);
        }
        (Listed::Row(row), Sort::Metrics | Sort::LastMetrics | Sort::OthersMetrics) => {
            detail.measures.metrics.push(metric(row)?);
        }
        (Listed::Row(row), Sort::Checks | Sort::Outcomes | Sort::OthersChecks) => {
            detail.measures.checks.push(check(row)?);
        }
        (Listed::Row(row), Sort::Observations) => detail.observations.push(observation(row)?),
        (Listed::Rest(_, taken), sort) => {
            let (left, is_all) = store.count_after(sort.count(), detail.key, *taken)?;
            let out = detail.left_out.get_or_insert_default();
            out.is_at_least |= !is_all;
            *match sort {
                Sort::Params => &mut out.params,
                Sort::Notes => &mut out.notes,
                Sort::Metrics | Sort::LastMetrics | Sort::OthersMetrics => &mut out.metrics,
                Sort::Checks | Sort::Outcomes | Sort::OthersChecks => &mut out.checks,
                Sort::Observations => &mut out.observations,
            } = left;
        }
    }
    Ok(())
}

/// Where what a run is compared by is kept.
type Kept<'k> = (&'k mut BTreeMap<String, Value>, &'k mut Measures, &'k mut Vec<Observation>, &'k mut FactsCut);

/// Adds what a run is compared by to what is kept of it. Of a metric or a check all rows are kept, or none.
pub(super) fn add_compared(
    store: &SqliteStore,
    (params, measures, observations, cut): Kept<'_>,
    sort: Sort,
    listed: &Listed<'_>,
) -> Result<()> {
    match (listed, sort) {
        (Listed::Row(row), Sort::Params) => _ = params.insert(row.get(1)?, compared(store, row, 2)?),
        (Listed::Row(row), Sort::LastMetrics) => measures.metrics.push(metric(row)?),
        (Listed::Row(row), Sort::Outcomes) => measures.checks.push(check(row)?),
        (Listed::Row(row), Sort::Observations) => observations.push(observation(row)?),
        (Listed::Rest(row, _), Sort::Params) => cut.params = row.get(1)?,
        (Listed::Rest(row, _), Sort::Observations) => cut.observations = row.get(1)?,
        (Listed::Rest(row, _), Sort::LastMetrics) => {
            let first = row.get(1)?;
            measures.metrics.retain(|metric| metric.name < first);
            cut.metrics = Some(first);
        }
        (Listed::Rest(row, _), Sort::Outcomes) => {
            let first = row.get(1)?;
            measures.checks.retain(|check| check.name < first);
            cut.checks = Some(first);
        }
        // These come in any order: of the names that are left out there are none either, and where they are too many, nothing
        // is known.
        (Listed::Row(row), Sort::OthersMetrics) => {
            let metric = metric(row)?;
            measures.metrics.extend(Some(metric).filter(|metric| is_before(&metric.name, cut.metrics.as_ref())));
        }
        (Listed::Row(row), Sort::OthersChecks) => {
            let check = check(row)?;
            measures.checks.extend(Some(check).filter(|check| is_before(&check.name, cut.checks.as_ref())));
        }
        (Listed::Rest(..), Sort::OthersMetrics) => {
            measures.metrics.clear();
            cut.metrics = Some(String::new());
        }
        (Listed::Rest(..), Sort::OthersChecks) => {
            measures.checks.clear();
            cut.checks = Some(String::new());
        }
        (_, Sort::Notes | Sort::Metrics | Sort::Checks) => {}
    }
    Ok(())
}

fn is_before(name: &str, first: Option<&String>) -> bool {
    first.is_none_or(|first| name < first.as_str())
}

/// Returns the value of a parameter.
pub(super) fn param(store: &SqliteStore, row: &Row<'_>, at: usize) -> Result<Value> {
    let text = row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?;
    // Of many small numbers, each takes as much as a text.
    let most = text.len().saturating_mul(size_of::<Value>() / 2);
    let is_nested = text.starts_with(['[', '{']);
    store.hold_bytes(|| if is_nested { model::bytes_beside_texts(text, most) } else { 0 })?;
    Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
}

/// Returns the value of a parameter as it is compared.
pub(super) fn compared(store: &SqliteStore, row: &Row<'_>, at: usize) -> Result<Value> {
    let json = row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?;
    if json.len() <= LONGEST {
        return param(store, row, at);
    }
    let mut text: String = serde_json::from_str(json).unwrap_or_else(|_| json.to_owned());
    let (length, hash) = (text.len(), blake3::hash(text.as_bytes()).to_hex());
    model::cut(&mut text, LONGEST);
    let digits = hash.get(..DIGITS).unwrap_or_default();
    Ok(Value::String(format!("{text} ({length} bytes, {digits})")))
}

pub(super) fn note(row: &Row<'_>) -> rusqlite::Result<NoteDetail> {
    Ok(NoteDetail { id: row.get::<_, Bytes>(1)?.0, text: row.get(2)?, at: row.get(3)?, by: row.get(4)? })
}
