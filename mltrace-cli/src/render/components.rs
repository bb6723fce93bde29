//! Components and tags.

use std::fmt::Write as _;

use mltrace_core::query::{Component, Components, Run, Tags};

use super::{paint, run, table};
use crate::escape::{self, line};
use crate::time;

/// Returns a table of components.
pub(crate) fn table(answer: &Components, columns: Option<u16>) -> String {
    if answer.components.is_empty() {
        return "no components\n".to_owned();
    }
    let rows = answer.components.iter().map(|component| {
        [
            component.name.clone(),
            component.runs.to_string(),
            component.last_run.as_ref().map(last_run).unwrap_or_default(),
            component.owner.clone().unwrap_or_default(),
            component.tags.join(" "),
            component.description.clone().unwrap_or_default(),
        ]
    });
    table::draw(["COMPONENT", "RUNS", "LAST RUN", "OWNER", "TAGS", "DESCRIPTION"], rows, columns)
}

/// Returns all that is known of one component.
pub(crate) fn one(component: &Component) -> String {
    let mut text = format!("{}\n", paint::paint(paint::STRONG, line(&component.name)));
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let value = if name == "description" { escape::block(value) } else { line(value) };
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "  {name:<12} {}", run::indent(&value, 15));
        }
    };
    row("description", component.description.as_deref().unwrap_or_default());
    row("owner", component.owner.as_deref().unwrap_or_default());
    row("tags", &component.tags.join(" "));
    row("runs", &component.runs.to_string());
    row(
        "last run",
        &component.last_run.as_ref().map(|run| format!("{} {}", run.id.short(), last_run(run))).unwrap_or_default(),
    );
    text
}

/// Returns the tags, one a line.
pub(crate) fn tags(answer: &Tags) -> String {
    if answer.tags.is_empty() {
        return "no tags\n".to_owned();
    }
    answer.tags.iter().map(|tag| format!("{}\n", line(tag))).collect()
}

fn last_run(run: &Run) -> String {
    format!("{} {}", time::show(run.started_at), run.status.as_str())
}
