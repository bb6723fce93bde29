//! The last runs: the first page that a person sees.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{Status, Timestamp};
use mltrace_core::query::{Choices, Run};
use mltrace_core::words;

use super::fields::Field;
use super::{layout, link, parts, start};
use crate::api::RecentQuery;
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// The spans that the filter offers.
const SPANS: &[(&str, &str)] =
    &[("", "any time"), ("1h", "last hour"), ("1d", "last day"), ("7d", "last week"), ("30d", "last 30 days")];
/// How many names a filter offers; nobody finds one among more, who types it instead.
const MOST_CHOICES: usize = 200;
/// How many outputs of a run a list shows.
const MOST_OUTPUTS: usize = 3;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/", page)
}

fn page(app: &App, asked: &RecentQuery) -> Result<Markup, Failure> {
    let page = asked.page(app)?;
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is not general enough")]
    let known = app.ask(|reader| reader.choices())?;
    let body = html! {
        h1 { "Recent runs" }
        @if known.components.is_empty() {
            (start::steps(app))
        } @else {
            p.quiet-text { "Is an output wrong? Open it and flag it as bad: the review then tells which runs to suspect." }
            (filters(asked, &known))
            // The script asks for this page again when there is news, unless an older page is looked at.
            div #runs data-live=[asked.before.is_none().then_some("runs")] aria-live="off" {
                (table(&page.runs.runs, true))
                (next(asked, page.next.map(|run| run.to_string()).as_deref()))
            }
        }
    };
    Ok(layout::page(app, "Recent runs", "/", &body))
}

fn filters(asked: &RecentQuery, known: &Choices) -> Markup {
    let since = asked.since.as_ref().map(|moment| moment.text.as_str()).unwrap_or_default();
    let span = Field::of("since", since);
    let conditions = asked.conditions.as_ref().map(|conditions| conditions.text.as_str()).unwrap_or_default();
    let where_field = Field::of("where", conditions);
    html! {
        form.filters action="/" method="get" aria-label="Filter" {
            (choice("component", "Component", asked.component.as_deref(), known.components.iter().map(String::as_str)))
            (choice("status", "Status", asked.status.map(Status::as_str), Status::ALL.into_iter().map(Status::as_str)))
            label { "Since"
                select name=(span.name()) {
                    @if !SPANS.iter().any(|(value, _)| *value == since) { option value=(span.value(since)) selected { (escape::line(since)) } }
                    @for (value, word) in SPANS { option value=(value) selected[*value == since] { (word) } }
                }
            }
            (choice("tag", "Tag", asked.tag.as_deref(), known.tags.iter().map(String::as_str)))
            (choice("owner", "Owner", asked.owner.as_deref(), known.owners.iter().map(String::as_str)))
            label { "Where"
                input name=(where_field.name()) value=(where_field.value(conditions)) placeholder="param.lr=0.1 metric.rmse<0.7" autocomplete="off" spellcheck="false";
            }
            // What the command bar asked for, and this form has no field for.
            @if let Some(until) = &asked.until { input type="hidden" name="until" value=(until.at); }
            @if let Some(limit) = asked.limit { input type="hidden" name="limit" value=(limit); }
            button type="submit" { "Filter" }
            a href="/" { "Clear" }
        }
    }
}

fn choice<'n>(name: &str, title: &str, chosen: Option<&str>, values: impl Iterator<Item = &'n str>) -> Markup {
    let values: Vec<&str> = values.take(MOST_CHOICES + 1).collect();
    let chosen = chosen.unwrap_or_default();
    let is_typed = values.len() > MOST_CHOICES;
    let field = Field::of_any(name, std::iter::once(chosen).chain(values.iter().copied().filter(|_| !is_typed)));
    html! {
        label { (title)
            @if is_typed {
                input name=(field.name()) value=(field.value(chosen)) placeholder="any" autocomplete="off" spellcheck="false";
            } @else {
                select name=(field.name()) {
                    option value="" { "any" }
                    @for value in values {
                        option value=(field.value(value)) selected[chosen == value] { (escape::line(value)) }
                    }
                }
            }
        }
    }
}

/// Returns the link to the next page.
pub(super) fn next(asked: &RecentQuery, next: Option<&str>) -> Markup {
    let Some(next) = next else { return html! {} };
    let limit = asked.limit.map(|limit| limit.to_string()).unwrap_or_default();
    let until = asked.until.as_ref().map(|moment| moment.at.to_string()).unwrap_or_default();
    let pairs = [
        ("component", asked.component.as_deref().unwrap_or_default()),
        ("status", asked.status.map(Status::as_str).unwrap_or_default()),
        ("since", asked.since.as_ref().map(|moment| moment.text.as_str()).unwrap_or_default()),
        ("until", &until),
        ("tag", asked.tag.as_deref().unwrap_or_default()),
        ("owner", asked.owner.as_deref().unwrap_or_default()),
        ("where", asked.conditions.as_ref().map(|conditions| conditions.text.as_str()).unwrap_or_default()),
        ("limit", &limit),
        ("before", next),
    ];
    html! { nav.paging aria-label="Pages" { a rel="next" href=(link::to("/", &pairs)) { "Older runs →" } } }
}

/// Returns runs as a table.
pub(super) fn table(runs: &[Run], with_component: bool) -> Markup {
    if runs.is_empty() {
        return html! { p { "No run passes." } };
    }
    let now = Timestamp::now();
    html! {
        table.runs {
            thead { tr {
                th scope="col" { "Run" }
                th scope="col" { "Status" }
                @if with_component { th scope="col" { "Component" } }
                th scope="col" { "Wrote" }
                th scope="col" { "Started" }
                th scope="col" { "Took" }
            } }
            tbody {
                @for run in runs {
                    tr {
                        td { (parts::run(run.id)) }
                        td { (parts::status(run.status)) " " (parts::stale(&run.stale)) }
                        @if with_component { td { (parts::component(&run.component)) } }
                        td { (parts::outputs(run, MOST_OUTPUTS)) }
                        td { (parts::time(run.started_at, now)) }
                        td.number data-label="took" { @if let Some(took) = run.duration_ms { (words::span(took)) } }
                    }
                }
            }
        }
    }
}
