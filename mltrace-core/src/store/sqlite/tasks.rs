//! What tasks put out, and what became of it.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Params, Row, params};

use super::SqliteStore;
use super::write::SqliteWriter;
use crate::model::{RunId, TaskFact, TaskSide, TaskValue, Timestamp};
use crate::store::{CaseRow, Cell, Pair, PairOrder, PairsAsked, ProjectKey, Result, StoreError, TaskKey, TaskRow};

const TASKS: &str = "SELECT t.id, t.name, count(c.made_at), count(c.told_at + c.made_at),
     count(CASE WHEN c.made_at IS NULL THEN c.told_at END), min(c.made_at), max(c.made_at)
     FROM task t JOIN task_case c ON c.task_id = t.id WHERE t.project_id = ?1 GROUP BY t.id ORDER BY t.name";

/// How many outputs of each task a run made.
const MADE_BY: &str = "SELECT t.name, count(*) FROM task_case c JOIN task t ON t.id = c.task_id
     WHERE c.run = ?1 AND c.made_at IS NOT NULL GROUP BY t.id ORDER BY t.name";

/// What [`case`] takes.
pub(super) const CASE: &str = "SELECT c.name, c.made, c.made_at, c.run, c.told, c.told_at FROM task t
     JOIN task_case c ON c.task_id = t.id WHERE t.project_id = ?1 AND t.name = ?2 AND c.name = ?3";
pub(super) const CASES: &str =
    "SELECT name, made, made_at, run, told, told_at FROM task_case WHERE task_id = ?1 ORDER BY name";

const BY_TIME: &str = "SELECT made_at, made, told_at, told FROM task_case
     WHERE task_id = ?1 AND made_at >= ?2 AND made_at < ?3 ORDER BY made_at";

/// Numbers that were written in another way than they are stored are texts; `true` and `false` count as 1 and 0.
macro_rules! number {
    ($column:literal) => {
        concat!("CASE ", $column, " WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0 ELSE CAST(", $column, " AS REAL) END")
    };
}
const BY_OUTPUT: &str = concat!(
    "SELECT made_at, made, told_at, told FROM task_case WHERE task_id = ?1 AND made_at >= ?2 AND made_at < ?3
     AND told_at IS NOT NULL ORDER BY ",
    number!("made")
);
const BY_ERROR: &str = concat!(
    "SELECT made_at, made, told_at, told FROM task_case WHERE task_id = ?1 AND made_at >= ?2 AND made_at < ?3
     AND told_at IS NOT NULL ORDER BY abs(",
    number!("made"),
    " - ",
    number!("told"),
    ")"
);
const BY_LAG: &str = "SELECT made_at, made, told_at, told FROM task_case WHERE task_id = ?1 AND made_at >= ?2
     AND made_at < ?3 AND told_at IS NOT NULL ORDER BY told_at - made_at";

/// The last word on an output: when, what, and which run made it.
type Word = (Timestamp, String, Option<RunId>);

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Returns a value, if there is one.
fn cell<'r>(row: &'r Row<'_>, at: usize) -> Result<Option<Cell<'r>>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(Cell::Integer(number)),
        ValueRef::Real(number) => Some(Cell::Real(number)),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            Some(Cell::Text(std::str::from_utf8(text).map_err(|error| StoreError::Corrupt(error.to_string()))?))
        }
    })
}

fn said(row: &Row<'_>, at: usize) -> Result<Option<(TaskValue, Timestamp)>> {
    let (Some(cell), Some(moment)) = (cell(row, at)?, row.get(at.saturating_add(1))?) else { return Ok(None) };
    let value = TaskValue::parse(&cell.text()).map_err(StoreError::Corrupt)?;
    Ok(Some((value, moment)))
}

fn case(row: &Row<'_>) -> Result<CaseRow> {
    Ok(CaseRow { id: row.get(0)?, output: said(row, 1)?, run: row.get(3)?, feedback: said(row, 4)? })
}

impl SqliteStore {
    pub(super) fn tasks_in(&self, project: ProjectKey) -> Result<Vec<TaskRow>> {
        let count = |row: &Row<'_>, at| Ok::<_, rusqlite::Error>(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0));
        self.all(TASKS, [project], |row| {
            Ok(TaskRow {
                key: row.get(0)?,
                name: row.get(1)?,
                outputs: count(row, 2)?,
                with_feedback: count(row, 3)?,
                without_output: count(row, 4)?,
                first: row.get(5)?,
                last: row.get(6)?,
            })
        })
    }

    pub(super) fn task_of(&self, project: ProjectKey, name: &str) -> Result<Option<(TaskKey, u64)>> {
        let sql = "SELECT t.id, (SELECT count(*) FROM task_case c WHERE c.task_id = t.id AND c.made_at IS NULL)
             FROM task t WHERE t.project_id = ?1 AND t.name = ?2";
        self.one(sql, params![project, name], |row| {
            Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0)))
        })
    }

    pub(super) fn made_by(&self, runs: &[RunId]) -> Result<Vec<(RunId, String, u64)>> {
        let mut found = Vec::new();
        // Most projects have no tasks, and their runs are not looked up one by one for that.
        if self.one("SELECT 1 FROM task LIMIT 1", [], |row| row.get::<_, i64>(0))?.is_none() {
            return Ok(found);
        }
        for run in runs {
            let made: Vec<(String, i64)> = self.all(MADE_BY, [run], |row| Ok((row.get(0)?, row.get(1)?)))?;
            found.extend(made.into_iter().map(|(task, count)| (*run, task, u64::try_from(count).unwrap_or(0))));
        }
        Ok(found)
    }

    /// Hands what one of the statements of cases finds to `tell`.
    pub(super) fn cases(&self, sql: &str, params: impl Params, tell: &mut dyn FnMut(CaseRow) -> bool) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            if !tell(case(row)?) {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn pairs_of(&self, asked: PairsAsked, tell: &mut dyn FnMut(Pair<'_>) -> bool) -> Result<()> {
        let sql = match asked.order {
            PairOrder::Time => BY_TIME,
            PairOrder::Output => BY_OUTPUT,
            PairOrder::Error => BY_ERROR,
            PairOrder::Lag => BY_LAG,
        };
        let mut statement = self.connection.prepare_cached(sql)?;
        let until = asked.until.unwrap_or(Timestamp(i64::MAX));
        let mut rows = statement.query(params![asked.task, asked.since, until])?;
        while let Some(row) = rows.next()? {
            let Some(output) = cell(row, 1)? else { continue };
            let told: Option<Timestamp> = row.get(2)?;
            let feedback = match told {
                Some(at) => cell(row, 3)?.map(|cell| (cell, at)),
                None => None,
            };
            if !tell(Pair { at: row.get(0)?, output, feedback }) {
                break;
            }
        }
        Ok(())
    }
}

impl SqliteWriter<'_> {
    /// Keeps what is said of an output, unless a later word on it is known, so that the order in which words come is free.
    /// What a run put out that was taken back is not kept.
    pub(super) fn keep_task(&mut self, project: ProjectKey, fact: &TaskFact) -> Result<()> {
        if let Some(run) = fact.run
            && self.is_removed(run)?
        {
            return Ok(());
        }
        let task = self.task(project, &fact.task)?;
        let known = match fact.side {
            TaskSide::Output => "SELECT id, made_at, made, run FROM task_case WHERE task_id = ?1 AND name = ?2",
            TaskSide::Feedback => "SELECT id, told_at, told, NULL FROM task_case WHERE task_id = ?1 AND name = ?2",
        };
        let known: Option<(i64, Option<Word>)> = {
            let mut statement = self.connection.prepare_cached(known)?;
            let mut rows = statement.query(params![task, fact.id])?;
            match rows.next()? {
                None => None,
                Some(row) => {
                    let text = cell(row, 2)?.map(|cell| cell.text().into_owned());
                    let word = text.zip(row.get(1)?).map(|(text, at)| Ok::<_, StoreError>((at, text, row.get(3)?)));
                    Some((row.get(0)?, word.transpose()?))
                }
            }
        };
        let value = Cell::of(fact.value.as_str());
        match (known, fact.side) {
            (Some((_, Some(last))), _) if last >= (fact.at, fact.value.as_str().to_owned(), fact.run) => Ok(()),
            (Some((case, _)), TaskSide::Output) => {
                let sql = "UPDATE task_case SET made_at = ?2, made = ?3, run = ?4 WHERE id = ?1";
                self.execute(sql, params![case, fact.at, value, fact.run]).map(drop)
            }
            (Some((case, _)), TaskSide::Feedback) => {
                let sql = "UPDATE task_case SET told_at = ?2, told = ?3 WHERE id = ?1";
                self.execute(sql, params![case, fact.at, value]).map(drop)
            }
            (None, TaskSide::Output) => {
                let sql = "INSERT INTO task_case (task_id, name, made_at, made, run) VALUES (?1, ?2, ?3, ?4, ?5)";
                self.execute(sql, params![task, fact.id, fact.at, value, fact.run]).map(drop)
            }
            (None, TaskSide::Feedback) => {
                let sql = "INSERT INTO task_case (task_id, name, told_at, told) VALUES (?1, ?2, ?3, ?4)";
                self.execute(sql, params![task, fact.id, fact.at, value]).map(drop)
            }
        }
    }

    /// Returns a task, made when it is new.
    fn task(&mut self, project: ProjectKey, name: &str) -> Result<TaskKey> {
        let sql = "SELECT id FROM task WHERE project_id = ?1 AND name = ?2";
        match self.one(sql, params![project, name], |row| row.get(0))? {
            Some(known) => Ok(known),
            None => self
                .inserted("INSERT INTO task (project_id, name) VALUES (?1, ?2)", params![project, name])
                .map(TaskKey),
        }
    }

    /// Forgets what a run put out that is taken back; what became of it stays.
    pub(super) fn forget_outputs(&mut self, run: RunId) -> Result<()> {
        self.execute("DELETE FROM task_case WHERE run = ?1 AND told_at IS NULL", [run])?;
        let sql = "UPDATE task_case SET made_at = NULL, made = NULL, run = NULL WHERE run = ?1";
        self.execute(sql, [run]).map(drop)
    }

    /// Takes all that is known of the tasks of one project into another one.
    pub(super) fn join_tasks(&mut self, from: ProjectKey, into: ProjectKey) -> Result<()> {
        // What the other one has too.
        let both = "SELECT o.id, n.id FROM task o JOIN task n ON n.name = o.name AND n.project_id = ?2 WHERE o.project_id = ?1";
        let tasks: Vec<(TaskKey, TaskKey)> = self.all(both, [from, into], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (old, new) in tasks {
            self.execute("UPDATE OR IGNORE task_case SET task_id = ?2 WHERE task_id = ?1", [old, new])?;
            self.join_cases(old, into)?;
            self.execute("DELETE FROM task_case WHERE task_id = ?1", [old])?;
            self.execute("DELETE FROM task WHERE id = ?1", [old])?;
        }
        self.execute("UPDATE task SET project_id = ?2 WHERE project_id = ?1", [from, into]).map(drop)
    }

    /// Says of the project what is known of the cases that are left of a task, some at a time.
    fn join_cases(&mut self, task: TaskKey, into: ProjectKey) -> Result<()> {
        const SQL: &str = "SELECT t.name, c.name, c.made, c.made_at, c.run, c.told, c.told_at FROM task t
             JOIN task_case c ON c.task_id = t.id WHERE t.id = ?1 AND c.name > ?2 ORDER BY c.name LIMIT 1000";
        let mut last = String::new();
        loop {
            let mut facts = Vec::new();
            {
                let mut statement = self.connection.prepare_cached(SQL)?;
                let mut rows = statement.query(params![task, last])?;
                while let Some(row) = rows.next()? {
                    last = row.get(1)?;
                    let (task, id): (String, String) = (row.get(0)?, last.clone());
                    let of = |side, said: Option<(TaskValue, Timestamp)>, run| {
                        said.map(|(value, at)| TaskFact { task: task.clone(), id: id.clone(), side, value, at, run })
                    };
                    facts.extend(of(TaskSide::Output, said(row, 2)?, row.get(4)?));
                    facts.extend(of(TaskSide::Feedback, said(row, 5)?, None));
                }
            }
            if facts.is_empty() {
                return Ok(());
            }
            facts.iter().try_for_each(|fact| self.keep_task(into, fact))?;
        }
    }
}
