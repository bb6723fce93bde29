//! The lines of an import that say what a task put out, and what became of it.

use serde::Deserialize;
use serde_json::Value;

use super::text::without_place;
use crate::model::{Record, RunId, TaskFact, TaskSide, TaskValue, Timestamp};
use crate::redact;

#[derive(Deserialize)]
struct TaskLine {
    project: Option<String>,
    task: String,
    id: Id,
    value: TaskValue,
    at: Timestamp,
    run: Option<RunId>,
}

/// An id, which many count.
#[derive(Deserialize)]
#[serde(untagged, expecting = "an id is a text or a whole number")]
enum Id {
    Text(String),
    Number(i64),
}

/// Returns whose line it is, where it says so, and what it says.
pub(super) fn task_line(object: Value, side: TaskSide) -> Result<(Option<String>, Record), String> {
    let line: TaskLine = serde_json::from_value(object).map_err(|error| without_place(&error))?;
    let id = match line.id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    };
    let fact = TaskFact { task: line.task, id, side, value: line.value, at: line.at, run: line.run };
    if let Some(fault) = fact.fault() {
        return Err(fault);
    }
    for text in [&fact.task, &fact.id] {
        redact::is_kept(text).map_err(|why| format!("an output cannot be called so: {why}"))?;
    }
    Ok((line.project, Record::Task(fact)))
}
