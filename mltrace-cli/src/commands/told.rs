//! What `log-output` and `log-feedback` do alike.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use mltrace_core::model::{Record, RunId, TaskFact, TaskSide, TaskValue, Timestamp, task_id};
use mltrace_core::redact;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{import, imported};
use crate::error::{Error, Exit};
use crate::session::Session;
use crate::time;

/// No line of a file is longer.
const LONGEST: u64 = 16 << 20;

/// Returns an id that is recorded as it is typed.
pub(super) fn id(text: &str) -> Result<String, String> {
    redact::is_kept(text)?;
    task_id(text)
}

/// Returns a value that is recorded as it is typed.
pub(super) fn value(text: &str) -> Result<TaskValue, String> {
    redact::is_kept(text)?;
    TaskValue::parse(text)
}

/// Refuses a moment that is dated ahead.
pub(super) fn check_time(allows_future: bool, at: Timestamp) -> Result<(), Error> {
    if allows_future || !at.is_ahead_of(Timestamp::now()) {
        return Ok(());
    }
    let message = format!("{} is more than a day ahead of the clock", time::show(at));
    Err(Error::usage(message).hint("pass `--allow-future` if that is meant"))
}

/// What is said of outputs.
pub(super) struct Told<'a> {
    /// The task.
    pub(super) task: &'a str,
    /// Which of the two it is.
    pub(super) side: TaskSide,
    /// When, where nothing else is said.
    pub(super) at: Timestamp,
    /// The run that made them, where nothing else is said.
    pub(super) run: Option<RunId>,
}

/// The answer of both commands.
#[derive(Serialize)]
struct Logged {
    artifact: String,
}

impl Told<'_> {
    /// Records one value of an id, or all of a file.
    pub(super) fn log(
        &self,
        session: &Session,
        one: Option<(&str, &TaskValue)>,
        file: Option<&Path>,
        allows_future: bool,
    ) -> Result<Exit, Error> {
        match (one, file) {
            (_, Some(file)) => self.all(session, file, allows_future),
            (Some((id, value)), None) => self.one(session, id, value),
            (None, None) => Err(Error::usage("an id and a value are to be given, or a file")),
        }
    }

    /// Records one value.
    fn one(&self, session: &Session, id: &str, value: &TaskValue) -> Result<Exit, Error> {
        let (task, id) = (self.task.to_owned(), id.to_owned());
        let artifact = format!("{task}:{id}");
        let fact = TaskFact { task, id, side: self.side, value: value.clone(), at: self.at, run: self.run };
        let said = Record::Task(fact.clone());
        let mut kept = said.clone();
        redact::record(&mut kept);
        if kept != said {
            return Err(Error::usage("a secret stands in it, which is not recorded"));
        }
        let mut store = session.record(vec![said])?;
        if let Some((value, at)) = session.ask_store(&mut *store, |reader| reader.outdone(&fact))? {
            let (value, at) = (value.as_str(), time::show(at));
            session.output.warn(&format!("what is logged of `{artifact}` does not count: it is `{value}` since {at}"));
        }
        session.output.answer(&Logged { artifact }, |logged| format!("{}\n", crate::escape::line(&logged.artifact)))?;
        Ok(Exit::Done)
    }

    /// Imports all values of a file.
    fn all(&self, session: &Session, file: &Path, allows_future: bool) -> Result<Exit, Error> {
        redact::is_kept(self.task).map_err(Error::usage)?;
        let mut lines = imported::opened(file)?;
        let is_json =
            lines.fill_buf().is_ok_and(|bytes| bytes.trim_ascii_start().first().is_none_or(|byte| *byte == b'{'));
        let next: Box<dyn FnMut() -> Option<Vec<u8>> + '_> =
            if is_json { Box::new(move || self.next_object(&mut *lines)) } else { Box::new(self.rows(lines)?) };
        import::import(session, &mut BufReader::new(Lines { next, line: Vec::new(), at: 0 }), allows_future)
    }

    fn next_object(&self, lines: &mut dyn BufRead) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        match lines.take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(self.of_json(line)),
            Err(error) => Some(error.to_string().into_bytes()),
        }
    }

    /// Returns the lines of an import for the rows of a table, which need names for their cells.
    fn rows(&self, lines: Box<dyn BufRead>) -> Result<impl FnMut() -> Option<Vec<u8>> + use<'_>, Error> {
        let mut rows = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(lines);
        let heading = rows.byte_headers().cloned().unwrap_or_default();
        let is_missing = |name: &&str| !heading.is_empty() && !heading.iter().any(|cell| cell == name.as_bytes());
        if let Some(missing) = ["id", "value"].into_iter().find(is_missing) {
            return Err(Error::usage(format!("the first line names no column `{missing}`"))
                .hint("it names the columns: `id,value`, and perhaps `at` and `run`"));
        }
        // The heading is a line too.
        let mut first = Some(Vec::new());
        let mut row = csv::ByteRecord::new();
        Ok(move || {
            if let Some(line) = first.take() {
                return Some(line);
            }
            match rows.read_byte_record(&mut row) {
                Ok(true) => Some(self.of_row(&heading, &row)),
                Ok(false) => None,
                Err(error) => Some(error.to_string().into_bytes()),
            }
        })
    }

    /// Returns the line of an import for an object that leaves out what all share; what is none is left as it is.
    fn of_json(&self, line: Vec<u8>) -> Vec<u8> {
        let Ok(fields) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(&line) else { return line };
        let shared = self.shared(fields.contains_key("at"), fields.contains_key("run"));
        let raw = |value: serde_json::Value| serde_json::value::to_raw_value(&value).ok();
        let shared: BTreeMap<&str, Box<RawValue>> =
            shared.into_iter().filter_map(|(name, value)| Some((name, raw(value)?))).collect();
        let mut all: BTreeMap<&str, &RawValue> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        all.extend(shared.iter().map(|(name, value)| (*name, &**value)));
        serde_json::to_vec(&all).unwrap_or(line)
    }

    /// Returns the line of an import for a row of a table.
    fn of_row(&self, heading: &csv::ByteRecord, row: &csv::ByteRecord) -> Vec<u8> {
        let mut line = serde_json::Map::new();
        for (name, cell) in heading.iter().zip(row) {
            let (name, cell) = (String::from_utf8_lossy(name), String::from_utf8_lossy(cell).into_owned());
            if cell.is_empty() || !["id", "value", "at", "run"].contains(&name.as_ref()) {
                continue;
            }
            let cell = match name.as_ref() {
                "at" => time::parse(&cell).map_or(json!(cell), |at| json!(at)),
                _ => json!(cell),
            };
            line.insert(name.into_owned(), cell);
        }
        let shared = self.shared(line.contains_key("at"), line.contains_key("run"));
        line.extend(shared.into_iter().map(|(name, value)| (name.to_owned(), value)));
        serde_json::to_vec(&line).unwrap_or_default()
    }

    /// Returns what a line of an import says beside its own.
    fn shared(&self, has_time: bool, has_run: bool) -> Vec<(&'static str, serde_json::Value)> {
        let kind = match self.side {
            TaskSide::Output => "output",
            TaskSide::Feedback => "feedback",
        };
        let mut shared = vec![("type", json!(kind)), ("task", json!(self.task))];
        if !has_time {
            shared.push(("at", json!(self.at)));
        }
        shared.extend(self.run.filter(|_| !has_run).map(|run| ("run", json!(run))));
        shared
    }
}

/// Lines that are made one by one, as they are read.
struct Lines<'a> {
    next: Box<dyn FnMut() -> Option<Vec<u8>> + 'a>,
    line: Vec<u8>,
    at: usize,
}

impl Read for Lines<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.line.len() {
            let Some(mut line) = (self.next)() else { return Ok(0) };
            // One that is made is one.
            line.retain(|byte| *byte != b'\n');
            line.push(b'\n');
            (self.line, self.at) = (line, 0);
        }
        let rest = self.line.get(self.at..).unwrap_or_default();
        let count = rest.len().min(to.len());
        to[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}
