//! What is in a table, and how it differs from another version of it.

use mltrace_core::model::{Column, Profile, written};
use mltrace_core::profile::{ColumnDrift, Drift};
use mltrace_core::query::Profiled;

use super::table;
use crate::escape::line;

/// How many digits of a version are shown.
const DIGITS: usize = 12;
/// How many of the most frequent values are shown.
const VALUES: usize = 3;
/// From this index on values moved, and from the other far.
const MOVED: f64 = 0.1;
const FAR: f64 = 0.25;

/// Returns the answer as text: the differences if it was compared, else what is in it.
pub(crate) fn text(answer: &Profiled, columns: Option<u16>) -> String {
    let name = line(answer.artifact.name.as_str());
    let profile = &answer.profile;
    let mut text = format!("{name}@{}  {}\n", answer.artifact.version.short(DIGITS), profile.in_words());
    if answer.is_read_now {
        text.push_str("no run told this profile: it was read now, from the file\n");
    }
    match (&answer.drift, &answer.before) {
        (Some(drift), Some(before)) => {
            text += &format!("compared with {}@{}\n", line(before.name.as_str()), before.version.short(DIGITS));
            text += &differences(drift, columns);
        }
        _ => text += &of_columns(profile, columns),
    }
    text
}

fn of_columns(profile: &Profile, columns: Option<u16>) -> String {
    let rows = profile.columns.iter().map(|column| {
        let number = |number: Option<f64>| number.map(written).unwrap_or_default();
        [
            column.name.clone(),
            column.kind.as_str().to_owned(),
            share(column.null_share(profile.rows)),
            column.distinct.to_string(),
            number(column.min),
            number(column.median()),
            number(column.max),
            frequent(column),
        ]
    });
    table::draw(["COLUMN", "TYPE", "NULL", "DISTINCT", "MIN", "MEDIAN", "MAX", "MOST FREQUENT"], rows, columns)
}

fn frequent(column: &Column) -> String {
    if column.is_secret {
        return "not kept: a name says that it is secret".to_owned();
    }
    let values = column.top.iter().take(VALUES).map(|top| format!("{} ({})", top.value, top.count));
    values.collect::<Vec<_>>().join(", ")
}

fn differences(drift: &Drift, columns: Option<u16>) -> String {
    let mut text = format!("rows: {} before, {} now\n", drift.rows_before, drift.rows);
    if let Some(caution) = drift.caution() {
        text += &format!("{caution}\n");
    }
    for (word, names) in [("came", &drift.came), ("went", &drift.went)] {
        if !names.is_empty() {
            let names: Vec<_> = names.iter().map(|name| line(name)).collect();
            text += &format!("columns that {word}: {}\n", names.join(", "));
        }
    }
    for renamed in &drift.renamed {
        text += &format!("{}\n", line(&renamed.says()));
    }
    let rows = drift.columns.iter().map(|column| {
        let number = |number: Option<f64>| number.map(written).unwrap_or_default();
        [
            column.name.clone(),
            both(column.type_before.as_str(), column.kind.as_str()),
            both(&share(column.null_share_before), &share(column.null_share)),
            both(&number(column.median_before), &number(column.median)),
            column.psi.map(|psi| format!("{psi:.3}")).unwrap_or_default(),
            column.shift.map(|shift| format!("{shift:+.2} sd")).unwrap_or_default(),
            said(column).to_owned(),
        ]
    });
    text + &table::draw(["COLUMN", "TYPE", "NULL", "MEDIAN", "PSI", "MEAN", ""], rows, columns)
}

fn said(column: &ColumnDrift) -> &'static str {
    match column.psi {
        _ if column.kind != column.type_before => "another type",
        Some(psi) if psi >= FAR => "moved far",
        Some(psi) if psi >= MOVED => "moved",
        Some(_) => "",
        None => "values not compared",
    }
}

fn both(before: &str, now: &str) -> String {
    if before == now { now.to_owned() } else { format!("{before} → {now}") }
}

fn share(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0 %".to_owned(),
        percent if percent < 0.1 => "< 0.1 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}
