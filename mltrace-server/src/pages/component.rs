//! One component: how long its runs took, what was measured, where something changed, its runs.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{RunId, Timestamp, value};
use mltrace_core::query::{Component, ComponentHealth, Run};
use mltrace_core::words;
use serde::Deserialize;
use serde_json::Value;

use super::components::tag_links;
use super::fields::{Field, hidden};
use super::figures::{self, Change, Point};
use super::{layout, link, panels, parts, runs};
use crate::api::{self, ComponentBody, HealthQuery, RecentQuery, blank, run_id};
use crate::app::App;
use crate::failure::Failure;
use crate::moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many small charts the page has.
const MOST_CHARTS: usize = 24;
/// How many changes are listed.
const MOST_CHANGES: usize = 8;
/// A parameter that changes in more than one of so many runs is no mark.
const RARELY: usize = 4;
/// How many times the usual duration is slow, and how many of the slow runs are named.
const SLOW: f64 = 2.0;
const MOST_SLOW: usize = 5;
/// How many letters of a value are shown.
const LETTERS: usize = 40;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/component", one).form("/component", amend)
}

#[derive(Deserialize)]
struct OneQuery {
    name: String,
    #[serde(default, deserialize_with = "run_id")]
    before: Option<RunId>,
}

fn one(app: &App, asked: &OneQuery) -> Result<Markup, Failure> {
    let component = app.ask(|reader| reader.component(&asked.name))?;
    let query = RecentQuery { component: Some(asked.name.clone()), before: asked.before, ..RecentQuery::default() };
    let page = query.history(app, &asked.name)?;
    let of = HealthQuery { component: Some(asked.name.clone()) };
    let health = api::health(app, &of)?;
    let all: Vec<&Run> = page.history.runs.iter().rev().collect();
    let changes = changes(&all);
    let search = link::term("component", &asked.name);
    let body = html! {
        p.path { "Component" }
        h1 { (parts::name(&component.name)) }
        @if let Some(description) = &component.description { p { (escape::block(description)) } }
        div.facts {
            (how_it_goes(health.components.first(), health.problems.first().map(|problem| problem.message.as_str())))
            span { (words::counted(component.runs, "run")) }
            @if let Some(owner) = &component.owner { span { "ask " a href=(link::owner(owner)) { (parts::name(owner)) } } }
            (tag_links(&component.tags))
            @if let Some(run) = &component.last_run { span { "last run " (parts::time(run.started_at, Timestamp::now())) " " (parts::status(run.status)) " " (parts::stale(&run.stale)) } }
            a href=(link::to("/blame", &[("number", "duration"), ("component", &asked.name)])) { "When did it become slower or faster?" }
        }
        (durations(&all, &changes))
        (listed(&changes))
        (numbers(&all, &changes))
        (panels::panel("Runs", &html! {}, &html! {
            p {
                a href=(link::runs(&search)) { "Search them, choose columns, flag many" } " · "
                a href=(link::runs(&format!("{search} status:failed,died"))) { "those that failed or died" }
            }
            (runs::brief(&page.history.runs))
            @if let Some(next) = page.next {
                nav.paging aria-label="Pages" {
                    a rel="next" href=(link::to("/component", &[("name", &asked.name), ("before", &next.to_string())])) { "Older runs →" }
                }
            }
        }))
        (form(&component))
    };
    Ok(layout::page(app, &component.name, "/components", &body))
}

fn how_it_goes(health: Option<&ComponentHealth>, problem: Option<&str>) -> Markup {
    html! {
        @if let Some(problem) = problem { (parts::badge("warn", "◷", "not as usual", problem)) span { (parts::words(problem)) } }
        @if let Some(health) = health {
            @if let Some(every) = health.every_ms { span { "every " (words::span(every)) } }
            @if let Some(usual) = health.usual { span { "usually takes " (usual.says()) } }
        }
    }
}

/// Returns where the commit or a parameter changed, in runs from the oldest on. What changes all the time is no mark.
fn changes(runs: &[&Run]) -> Vec<Change> {
    let mut found: Vec<(String, Change)> = Vec::new();
    for pair in runs.windows(2) {
        let [before, after] = pair else { continue };
        let mut add = |of: &str, from: Option<String>, to: Option<String>| {
            if from != to {
                let [from, to] = [from, to].map(|text| text.unwrap_or_else(|| "none".to_owned()));
                let says = format!("{of} {} → {}", cut(&from), cut(&to));
                found.push((of.to_owned(), Change { at: after.started_at, run: after.id, says }));
            }
        };
        let commit = |run: &Run| Some(run.git.as_ref()?.commit.as_ref()?.chars().take(8).collect::<String>());
        add("commit", commit(before), commit(after));
        let names: BTreeSet<&String> = before.params.keys().chain(after.params.keys()).collect();
        for name in names {
            let text = |run: &Run| run.params.get(name).map(|of| value::text(of).into_owned());
            add(name, text(before), text(after));
        }
    }
    let mut often: BTreeMap<String, usize> = BTreeMap::new();
    found.iter().for_each(|(of, _)| *often.entry(of.clone()).or_default() += 1);
    found.retain(|(of, _)| often.get(of).is_some_and(|count| count * RARELY <= runs.len().max(RARELY * 2)));
    found.into_iter().map(|(_, change)| change).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn durations(runs: &[&Run], changes: &[Change]) -> Markup {
    let point = |run: &&Run| {
        let took = run.duration_ms.map_or("no end is known".to_owned(), words::span);
        let says = format!("{}: {}, {took}", moment::show(run.started_at), run.status.as_str());
        Point { at: run.started_at, value: run.duration_ms, status: run.status, says }
    };
    let points: Vec<Point> = runs.iter().map(point).collect();
    let usual = usual(runs);
    let slow = |run: &&&Run| run.duration_ms.is_some_and(|took| took > usual * SLOW && took > 1.0);
    let slow: Vec<&&Run> = runs.iter().filter(slow).collect();
    let says = html! {
        p.quiet-text {
            "The last " (words::counted(points.len(), "run")) ", usually " (words::span(usual)) "; " (slow.len()) " took more than twice as long"
            @for (place, run) in slow.iter().rev().take(MOST_SLOW).enumerate() { (if place == 0 { ": " } else { ", " }) (parts::run(run.id)) }
            "."
        }
    };
    html! {
        @if points.len() > 1 {
            (panels::panel("How long its runs took", &says, &figures::points("Durations", &points, changes, &words::span, true)))
        }
    }
}

/// Returns how long half of the runs took at most.
fn usual(runs: &[&Run]) -> f64 {
    let mut took: Vec<f64> = runs.iter().filter_map(|run| run.duration_ms).collect();
    took.sort_by(f64::total_cmp);
    took.get(took.len() / 2).copied().unwrap_or_default()
}

/// The last changes in words, with the run in which each was seen first.
fn listed(changes: &[Change]) -> Markup {
    html! {
        @if !changes.is_empty() {
            h2 { "What changed between its runs" }
            ul.plain { @for change in changes.iter().rev().take(MOST_CHANGES) {
                li { (parts::exact(change.at)) " " (parts::run(change.run)) " " code { (parts::name(&change.says)) } }
            } }
        }
    }
}

/// A small chart of each number that its runs have.
fn numbers(runs: &[&Run], changes: &[Change]) -> Markup {
    let mut series: BTreeMap<(bool, String), Vec<Point>> = BTreeMap::new();
    for run in runs {
        let mut add = |is_metric: bool, name: &str, number: f64| {
            let says = format!("{}: {}", moment::show(run.started_at), words::number(number));
            let point = Point { at: run.started_at, value: Some(number), status: run.status, says };
            series.entry((!is_metric, name.to_owned())).or_default().push(point);
        };
        for metric in run.metrics.iter().filter(|metric| metric.about.is_none()) {
            add(true, &metric.name, metric.value.value());
        }
        for (name, number) in run.params.iter().filter_map(|(name, of)| Some((name, number(of)?))) {
            add(false, name, number);
        }
    }
    // A number that is always the same says nothing as a curve.
    let varies =
        |points: &[Point]| points.windows(2).any(|pair| matches!(pair, [one, next] if one.value != next.value));
    series.retain(|_, points| points.len() > 1 && points.iter().all(|point| point.value.is_some_and(f64::is_finite)));
    let (moving, still): (Vec<_>, Vec<_>) = series.into_iter().partition(|(_, points)| varies(points));
    html! {
        @if !moving.is_empty() {
            h2 { "Its numbers" }
            div.small { @for ((is_parameter, name), points) in moving.iter().take(MOST_CHARTS) {
                @let last = points.last().and_then(|point| point.value).map(words::number).unwrap_or_default();
                div.figure {
                    h3 { (parts::name(name)) " " strong.number { (last) } @if *is_parameter { " " span.quiet-text { "parameter" } } }
                    (figures::points(name, points, changes, &words::number, false))
                }
            } }
            (parts::more(moving.len(), MOST_CHARTS))
        }
        @if !still.is_empty() {
            p.quiet-text {
                "The same in all of these runs: "
                @for (place, ((_, name), points)) in still.iter().take(MOST_CHARTS).enumerate() {
                    @if place > 0 { ", " }
                    code { (parts::name(name)) " = " (points.last().and_then(|point| point.value).map(words::number).unwrap_or_default()) }
                }
            }
        }
    }
}

/// Returns the number that a value is.
fn number(of: &Value) -> Option<f64> {
    of.as_f64()
}

fn form(component: &Component) -> Markup {
    let known_owner = component.owner.as_deref().unwrap_or_default();
    let known_text = component.description.as_deref().unwrap_or_default();
    let (owner, description) = (Field::of("owner", known_owner), Field::of_lines("description", known_text));
    let untag = Field::of_any("untag", component.tags.iter().map(String::as_str));
    html! {
        details {
            summary { "Say what this component is" }
            form.stack action="/component" method="post" {
                (hidden("name", &component.name))
                label for="owner" { "Whom to ask" }
                input #owner name=(owner.name()) value=(owner.value(known_owner));
                (owner.told())
                label for="description" { "What it does" }
                // A page loses the first line of such a field when it is empty, so there is one to lose.
                textarea #description name=(description.name()) rows="2" { "\n" (description.value(known_text)) }
                (description.told())
                label for="tag" { "Another tag" }
                input #tag name="tag" maxlength="4096";
                @if !component.tags.is_empty() {
                    label for="untag" { "A tag to take off" }
                    select #untag name=(untag.name()) {
                        option value="" { "none" }
                        @for tag in &component.tags { option value=(untag.value(tag)) { (escape::line(tag)) } }
                    }
                }
                p.quiet-text { "A field that is left empty changes nothing." }
                button type="submit" { "Save" }
            }
        }
    }
}

#[derive(Deserialize)]
struct AmendForm {
    name: String,
    #[serde(default, deserialize_with = "blank")]
    owner: Option<String>,
    #[serde(default, deserialize_with = "blank")]
    description: Option<String>,
    #[serde(default, deserialize_with = "blank")]
    tag: Option<String>,
    #[serde(default, deserialize_with = "blank")]
    untag: Option<String>,
}

fn amend(app: &App, told: &AmendForm) -> Result<String, Failure> {
    let known = app.ask(|reader| reader.component(&told.name))?;
    // Only what differs is said again: every word on a component has its time.
    let body = ComponentBody {
        name: told.name.clone(),
        owner: told.owner.clone().filter(|owner| known.owner.as_ref() != Some(owner)),
        description: told.description.clone().filter(|text| known.description.as_ref() != Some(text)),
        tags: told.tag.iter().cloned().collect(),
        untag: told.untag.iter().cloned().collect(),
        ..ComponentBody::default()
    };
    let component = api::amend(app, &body)?;
    Ok(link::component(&component.name))
}
