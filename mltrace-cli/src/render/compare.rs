//! Runs side by side.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{Compare, ComparedField, RecordPart};
use mltrace_core::words;
use serde_json::Value;

use super::{paint, run, table};
use crate::time;

/// How many digits of a change are shown.
const DIGITS_OF_CHANGE: i32 = 4;

/// Returns a table for each sort of things; without `is_whole` only what differs.
pub(crate) fn text(answer: &Compare, is_whole: bool, columns: Option<u16>) -> String {
    let ids: Vec<String> = answer.runs.iter().map(|run| run.short()).collect();
    let mut text = String::new();
    for part in RecordPart::ALL {
        let fields = answer.fields.iter().filter(|field| field.part == part && (is_whole || field.differs));
        let fields: Vec<&ComparedField> = fields.collect();
        if fields.is_empty() {
            continue;
        }
        let is_measured = matches!(part, RecordPart::Metrics | RecordPart::Evaluations | RecordPart::Importances);
        let has_change = is_measured && ids.len() == 2;
        let heading = [part.as_str().to_uppercase()].into_iter().chain(ids.iter().cloned());
        let heading: Vec<String> = heading.chain(has_change.then(|| "CHANGE".to_owned())).collect();
        let rows = fields.into_iter().map(|field| {
            let cells = field.values.iter().map(|value| shown(field, value));
            let change = has_change.then(|| change(&field.values));
            [named(field)].into_iter().chain(cells).chain(change).collect::<Vec<String>>()
        });
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&table::draw_any(&heading, rows, columns));
    }
    if answer.is_cut {
        text.push_str("\nThere is more than is shown here: what differs is shown first\n");
    }
    let same = answer.fields.iter().filter(|field| !field.differs).count();
    if !is_whole && same > 0 {
        let said = format!("{same} more are the same in all of them: `--all` shows them");
        text.push_str(&format!("{}{}\n", if text.is_empty() { "" } else { "\n" }, paint::paint(paint::FAINT, said)));
    }
    text
}

fn named(field: &ComparedField) -> String {
    let split = field.split.as_ref().map(|split| format!("{split}/")).unwrap_or_default();
    let slice = field.slice.as_ref().map(|slice| format!("@{slice}")).unwrap_or_default();
    let about = field.about.as_ref().map(|about| format!(" of {about}")).unwrap_or_default();
    let name = match (field.part, field.name.as_str()) {
        (RecordPart::Run, "started_at") => "started",
        (RecordPart::Run, "ended_at") => "ended",
        (RecordPart::Run, "duration_ms") => "duration",
        (_, name) => name,
    };
    format!("{split}{name}{slice}{about}")
}

fn shown(field: &ComparedField, value: &Value) -> String {
    match (field.part, field.name.as_str(), value) {
        (_, _, Value::Null) => "-".to_owned(),
        (RecordPart::Run, "duration_ms", Value::Number(number)) => words::span(number.as_f64().unwrap_or_default()),
        (RecordPart::Run, "started_at" | "ended_at", Value::String(at)) => {
            at.parse::<Timestamp>().map_or_else(|_| at.clone(), time::show)
        }
        (RecordPart::Run, "commit" | "source", Value::String(hash)) => hash.chars().take(run::DIGITS).collect(),
        (RecordPart::Data | RecordPart::Outputs, _, Value::Array(several)) => {
            several.iter().map(version).collect::<Vec<_>>().join(", ")
        }
        (RecordPart::Data | RecordPart::Outputs, _, one) => version(one),
        (_, _, Value::String(text)) => text.clone(),
        (_, _, other) => other.to_string(),
    }
}

/// Returns a version as lists show it.
fn version(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let short = text.rsplit_once('@').and_then(|(name, id)| {
        Some(format!("{name}@{}", id.parse::<mltrace_core::model::VersionId>().ok()?.short(run::DIGITS)))
    });
    short.unwrap_or_else(|| text.to_owned())
}

/// Returns how much the second of two numbers is above the first.
fn change(values: &[Value]) -> String {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse::<f64>().ok(),
        _ => None,
    };
    let [Some(one), Some(other)] = [0, 1].map(|place| values.get(place).and_then(number)) else { return String::new() };
    let change = other - one;
    if !change.is_finite() || change == 0.0 {
        return String::new();
    }
    // What is left of a difference by the way in which computers hold numbers is not shown.
    let digits = DIGITS_OF_CHANGE - 1 - change.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits.clamp(-300, 300));
    format!("{:+}", (change * scale).round() / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_no_digits_of_chance() {
        let of = |one: f64, other: f64| change(&[one.into(), other.into()]);
        assert_eq!(of(0.91, 0.93), "+0.02");
        assert_eq!(of(0.3, 0.1), "-0.2");
        assert_eq!(of(1.0, 1_234_567.0), "+1235000");
        assert_eq!(of(5.0, 5.0), "");
        assert_eq!(change(&["NaN".into(), 1.into()]), "");
    }
}
