//! What a list shows of runs: of each sort the first rows, some KiB a run, and how many more there are.
//!
//! What is left out is not read: a run that has a sort in full ends the statement, and the runs after it are asked for anew.

use std::borrow::Cow;

use rusqlite::{Row, params};
use serde_json::Value;

use super::SqliteStore;
use super::bound::bytes_of;
use super::keys::{among, ranges};
use super::map::Bytes;
use super::measures::{check, metric};
use super::observations::observation;
use crate::store::{LeftOut, NoteDetail, Result, RunDetail, RunKey};

/// How many bytes of rows of one sort a list shows of a run.
const MOST: u64 = 32 << 10;
/// How far what is left out is counted.
const COUNTED: i64 = LeftOut::COUNTED.cast_signed();

pub(super) const PARAMS: &str =
    concat!("SELECT q.run_id, q.name, q.value FROM json_each($1) AS asked CROSS JOIN param q ON ", among!("q.run_id"));

/// What is listed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Params,
    Notes,
    Metrics,
    Checks,
    Observations,
}

/// A row of a sort, or how many more there are, and whether that is all.
pub(super) enum Listed<'r> {
    Row(&'r Row<'r>),
    Left(u64, bool),
}

/// Takes what is listed of a run.
type Take<'t> = &'t mut dyn FnMut(Sort, RunKey, Listed<'_>) -> Result<()>;

const SORTS: [Sort; 5] = [Sort::Params, Sort::Notes, Sort::Metrics, Sort::Checks, Sort::Observations];

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
                "SELECT q.run_id, q.body FROM json_each($1) AS asked CROSS JOIN observation q ON ",
                among!("q.run_id")
            ),
        }
    }

    fn count(self) -> &'static str {
        match self {
            Self::Params => "SELECT count(*) FROM (SELECT 1 FROM param WHERE run_id = $1 LIMIT $2)",
            Self::Notes => "SELECT count(*) FROM (SELECT 1 FROM note WHERE run_id = $1 LIMIT $2)",
            Self::Metrics => "SELECT count(*) FROM (SELECT 1 FROM metric WHERE run_id = $1 LIMIT $2)",
            Self::Checks => "SELECT count(*) FROM (SELECT 1 FROM check_result WHERE run_id = $1 LIMIT $2)",
            Self::Observations => "SELECT count(*) FROM (SELECT 1 FROM observation WHERE run_id = $1 LIMIT $2)",
        }
    }
}

impl SqliteStore {
    /// Hands what a list shows of these runs, whose keys ascend, to `take`. `list` has the same runs as ranges.
    pub(super) fn first_of(&self, runs: &[RunKey], list: &str, take: Take<'_>) -> Result<()> {
        for sort in SORTS {
            let (mut rest, mut list) = (runs, Cow::Borrowed(list));
            while let Some((run, taken)) = self.first_rows(sort, &list, take)? {
                let limit = taken.saturating_add(COUNTED).saturating_add(1);
                let count = self.one(sort.count(), params![run, limit], |row| row.get::<_, i64>(0))?;
                let left = count.unwrap_or_default().saturating_sub(taken);
                take(sort, run, Listed::Left(left.min(COUNTED).unsigned_abs(), left <= COUNTED))?;
                rest = rest.get(rest.partition_point(|key| *key <= run)..).unwrap_or_default();
                if rest.is_empty() {
                    break;
                }
                list = Cow::Owned(ranges(rest));
            }
        }
        Ok(())
    }

    /// Hands the first rows of a sort to `take`, until a run has more of them than a list shows; returns which one, and how
    /// many rows of it were taken.
    fn first_rows(&self, sort: Sort, list: &str, take: Take<'_>) -> Result<Option<(RunKey, i64)>> {
        let mut statement = self.connection.prepare_cached(sort.rows())?;
        let mut rows = statement.query([list])?;
        let (mut of, mut bytes, mut taken) = (None, 0_u64, 0_i64);
        while let Some(row) = rows.next()? {
            let run: RunKey = row.get(0)?;
            if of != Some(run) {
                (of, bytes, taken) = (Some(run), 0, 0);
            }
            // Beside the key of the run.
            bytes = bytes.saturating_add(bytes_of(row, 1)?);
            if bytes > MOST {
                return Ok(Some((run, taken)));
            }
            taken = taken.saturating_add(1);
            self.hold(row)?;
            take(sort, run, Listed::Row(row))?;
        }
        Ok(None)
    }
}

/// Adds what is listed of a run to it.
pub(super) fn add(store: &SqliteStore, detail: &mut RunDetail, sort: Sort, listed: Listed<'_>) -> Result<()> {
    match (listed, sort) {
        (Listed::Row(row), Sort::Params) => _ = detail.params.insert(row.get(1)?, param(store, row, 2)?),
        (Listed::Row(row), Sort::Notes) => {
            let note = note(row)?;
            let place = detail.notes.partition_point(|other| (other.at, other.id) < (note.at, note.id));
            detail.notes.insert(place, note);
        }
        (Listed::Row(row), Sort::Metrics) => detail.measures.metrics.push(metric(row)?),
        (Listed::Row(row), Sort::Checks) => detail.measures.checks.push(check(row)?),
        (Listed::Row(row), Sort::Observations) => detail.observations.push(observation(row)?),
        (Listed::Left(left, is_all), sort) => {
            let out = detail.left_out.get_or_insert_default();
            out.is_at_least |= !is_all;
            *match sort {
                Sort::Params => &mut out.params,
                Sort::Notes => &mut out.notes,
                Sort::Metrics => &mut out.metrics,
                Sort::Checks => &mut out.checks,
                Sort::Observations => &mut out.observations,
            } = left;
        }
    }
    Ok(())
}

/// Returns the value of a parameter.
pub(super) fn param(store: &SqliteStore, row: &Row<'_>, at: usize) -> Result<Value> {
    let text = row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?;
    // Of many small numbers, each takes as much as a text.
    let is_nested = text.starts_with(['[', '{']);
    store.hold_bytes(|| if is_nested { text.len().saturating_mul(size_of::<Value>() / 2) } else { 0 })?;
    Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
}

pub(super) fn note(row: &Row<'_>) -> rusqlite::Result<NoteDetail> {
    Ok(NoteDetail { id: row.get::<_, Bytes>(1)?.0, text: row.get(2)?, at: row.get(3)?, by: row.get(4)? })
}
