//! What is in a table, and how it differs from another version of it.

use maud::{Markup, html};
use mltrace_core::model::{Column, Profile, written};
use mltrace_core::profile::{ColumnDrift, Drift};

use super::{layout, link, parts};
use crate::api::{self, ProfileQuery};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many of the most frequent values are shown.
const VALUES: usize = 3;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/profile", page)
}

fn page(app: &App, asked: &ProfileQuery) -> Result<Markup, Failure> {
    let found = api::profile(app, asked)?;
    let name = found.artifact.name.as_str();
    let body = html! {
        p.path { "What is in it?" }
        h1 { (parts::version(&found.artifact.name, Some(&found.artifact.version))) }
        p.lead { (found.profile.in_words()) }
        @if let (Some(drift), Some(before)) = (&found.drift, &found.before) {
            h2 { "Compared with " (parts::version(&before.name, Some(&before.version))) }
            (differences(drift))
        }
        h2 { "Columns (" (found.profile.columns.len()) ")" }
        (columns(&found.profile))
        p { a href=(link::artifact(name)) { "All versions" } }
    };
    Ok(layout::page(app, &format!("Profile: {name}"), "", &body))
}

fn columns(profile: &Profile) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Column" } th scope="col" { "Type" } th scope="col" { "Null" } th scope="col" { "Distinct" }
                th scope="col" { "Min" } th scope="col" { "Median" } th scope="col" { "Max" } th scope="col" { "Most frequent" }
            } }
            tbody { @for column in &profile.columns { (row(profile, column)) } }
        }
    }
}

fn row(profile: &Profile, column: &Column) -> Markup {
    html! {
        tr {
            td { (parts::words(&column.name)) }
            td { (column.kind.as_str()) }
            td { (share(column.null_share(profile.rows))) }
            td { (column.distinct) }
            td { (number(column.min)) }
            td { (number(column.median())) }
            td { (number(column.max)) }
            td {
                @if column.is_secret { "not kept: a name says that it is secret" }
                @for top in column.top.iter().take(VALUES) { div { (parts::words(&top.value)) " (" (top.count) ")" } }
            }
        }
    }
}

pub(super) fn differences(drift: &Drift) -> Markup {
    html! {
        p { (drift.rows_before) " rows before, " (drift.rows) " now." }
        @if let Some(caution) = drift.caution() { p { (caution) "." } }
        @if !drift.came.is_empty() { p { "Columns that came: " (parts::words(&drift.came.join(", "))) } }
        @if !drift.went.is_empty() { p { "Columns that went: " (parts::words(&drift.went.join(", "))) } }
        @for renamed in &drift.renamed { p { (parts::sentence(&renamed.says())) } }
        table {
            thead { tr {
                th scope="col" { "Column" } th scope="col" { "Type" } th scope="col" { "Null" } th scope="col" { "Median" }
                th scope="col" { "Stability index" } th scope="col" { "Mean, in sd" }
            } }
            tbody { @for column in &drift.columns { (difference(column)) } }
        }
    }
}

fn difference(column: &ColumnDrift) -> Markup {
    html! {
        tr {
            td { (parts::words(&column.name)) }
            td { (both(column.type_before.as_str(), column.kind.as_str())) }
            td { (both(&share(column.null_share_before), &share(column.null_share))) }
            td { (both(&number(column.median_before), &number(column.median))) }
            td { (number(column.psi)) }
            td { (number(column.shift)) }
        }
    }
}

fn both(before: &str, now: &str) -> String {
    if before == now { now.to_owned() } else { format!("{before} → {now}") }
}

fn number(number: Option<f64>) -> String {
    number.map(written).unwrap_or_default()
}

fn share(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
