//! The runs: one search over everything, one line a run, columns that somebody chose, and verdicts on many at once.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{RunId, Timestamp, Verdict, value};
use mltrace_core::query::{PageOf, Run, RunColumn, RunCondition, RunFilter, RunList, error_line};
use serde::Deserialize;

use super::fields::{Field, hidden};
use super::names::Names;
use super::overview::shortened;
use super::{layout, link, panels, parts, start};
use crate::api::{Limit, blank, limited, run_id, when};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many runs are counted, and put in order, at most.
const MOST: usize = 10_000;
/// How many columns somebody may add, and how many letters of a value one shows.
const MOST_COLUMNS: usize = 8;
const LETTERS: usize = 40;
/// How many names of columns are offered.
const OFFERED: usize = 200;
/// Searches that a person on call begins with.
const QUICK: [(&str, &str); 5] = [
    ("", "all"),
    ("status:failed,died", "failed"),
    ("status:running", "running"),
    ("since:24h", "last 24 h"),
    ("since:7d", "last 7 days"),
];

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/runs", page)
}

/// What is asked of the list; what the command bar and old addresses say in fields of their own is a part of the search.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RunsQuery {
    #[serde(deserialize_with = "blank")]
    pub(super) q: Option<String>,
    /// Columns beside the usual ones, parted by blanks.
    cols: String,
    /// A column that is added to them.
    col: String,
    /// The column by which the list is in order; it begins with `-` where what is least comes first.
    #[serde(deserialize_with = "blank")]
    sort: Option<String>,
    #[serde(deserialize_with = "run_id")]
    before: Option<RunId>,
    #[serde(deserialize_with = "blank")]
    limit: Option<Limit>,
    #[serde(deserialize_with = "blank")]
    component: Option<String>,
    #[serde(deserialize_with = "blank")]
    status: Option<String>,
    #[serde(deserialize_with = "blank")]
    since: Option<String>,
    #[serde(deserialize_with = "blank")]
    until: Option<String>,
    #[serde(deserialize_with = "blank")]
    tag: Option<String>,
    #[serde(deserialize_with = "blank")]
    owner: Option<String>,
    #[serde(deserialize_with = "blank", rename = "where")]
    conditions: Option<String>,
}

/// The list that somebody looks at: its links lead to the same search.
struct Here {
    search: String,
    columns: Vec<RunColumn>,
    column: RunColumn,
    is_rising: bool,
    limit: String,
    /// The page of which the list is a part, and what that adds to the search.
    path: &'static str,
}

impl Here {
    fn of(asked: &RunsQuery) -> Result<Self, Failure> {
        let mut columns: Vec<RunColumn> = Vec::new();
        for text in asked.cols.split_whitespace().chain(asked.col.split_whitespace()) {
            let column: RunColumn = text.parse().map_err(Failure::usage)?;
            if !columns.contains(&column) && columns.len() < MOST_COLUMNS {
                columns.push(column);
            }
        }
        let sort = asked.sort.as_deref().unwrap_or_default();
        let (is_rising, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
        let column = if name.is_empty() { Ok(RunColumn::Started) } else { name.parse() };
        Ok(Self {
            search: asked.search(),
            columns,
            column: column.map_err(Failure::usage)?,
            is_rising,
            limit: asked.limit.map(|limit| limit.to_string()).unwrap_or_default(),
            path: "/runs",
        })
    }

    fn columns(&self, without: Option<&RunColumn>) -> String {
        let kept = self.columns.iter().filter(|column| Some(*column) != without);
        kept.map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn sort(&self) -> String {
        match (&self.column, self.is_rising) {
            (RunColumn::Started, false) => String::new(),
            (column, is_rising) => format!("{}{column}", if is_rising { "-" } else { "" }),
        }
    }

    /// Returns the address of this list with some things otherwise.
    fn with(&self, otherwise: &[(&str, &str)]) -> String {
        let (columns, sort) = (self.columns(None), self.sort());
        let own =
            [("q", self.search.as_str()), ("cols", &columns), ("sort", &sort), ("limit", &self.limit), ("before", "")];
        let other = |name: &str| otherwise.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        link::to(self.path, &own.map(|(name, value)| (name, other(name).unwrap_or(value))))
    }
}

impl RunsQuery {
    /// Returns all that is asked for as one search.
    fn search(&self) -> String {
        let mut terms: Vec<String> = self.q.iter().map(|text| text.trim().to_owned()).collect();
        let fields = [
            ("component", &self.component),
            ("status", &self.status),
            ("tag", &self.tag),
            ("owner", &self.owner),
            ("since", &self.since),
            ("until", &self.until),
        ];
        terms.extend(fields.into_iter().filter_map(|(name, value)| Some(link::term(name, value.as_deref()?))));
        terms.extend(self.conditions.clone());
        terms.join(" ")
    }
}

fn page(app: &App, asked: &RunsQuery) -> Result<Markup, Failure> {
    let here = Here::of(asked)?;
    let found = RunCondition::parse_search(&here.search, when).map_err(Failure::usage).and_then(|conditions| {
        let filter = RunFilter { conditions, ..RunFilter::default() };
        let page = PageOf {
            column: here.column.clone(),
            is_rising: here.is_rising,
            after: asked.before,
            limit: limited(asked.limit),
            most: MOST,
        };
        app.ask(|reader| reader.run_list(&filter, &page))
    });
    // A search that is not understood is mended where it was typed.
    let found = found.map_err(|wrong| match wrong.is_of_the_asker() {
        true => wrong.on(|wrong| layout::page(app, "Runs", "/runs", &wrong_search(&here, wrong))),
        false => wrong,
    })?;
    let is_empty = found.count == 0 && here.search.is_empty();
    let body = html! {
        h1 { "Runs" }
        @if is_empty { (start::steps(app)) }
        @else {
            (search(&here))
            div #live data-live=[asked.before.is_none().then_some("live")] aria-live="off" { (list(&here, &found)) }
        }
    };
    Ok(layout::page(app, "Runs", "/runs", &body))
}

fn wrong_search(here: &Here, wrong: &Failure) -> Markup {
    html! {
        h1 { "Runs" }
        (search(here))
        p.notice role="alert" { (parts::sentence(&wrong.told.message)) }
        @if let Some(hint) = &wrong.told.hint { p.hint { (parts::sentence(hint)) } }
        @if !wrong.told.candidates.is_empty() {
            p { "It may be: " @for candidate in &wrong.told.candidates { a.chip href=(link::runs(&link::term("component", candidate))) { (parts::name(candidate)) } " " } }
        }
    }
}

/// The box in which everything can be searched for, and searches to begin with.
fn search(here: &Here) -> Markup {
    let field = Field::of("q", &here.search);
    html! {
        form.search action=(here.path) method="get" role="search" aria-label="Runs" {
            label.quiet for="search" { "Search the runs" }
            input #search name=(field.name()) type="search" value=(field.value(&here.search)) autocomplete="off" spellcheck="false" maxlength="9000"
                placeholder="status:failed component:clean param.scale=1 metric.rmse>1 commit:deadb error:SlowDown since:2d words";
            (hidden("cols", &here.columns(None))) (hidden("sort", &here.sort()))
            button type="submit" { "Search" }
        }
        (field.told())
        ul.chips {
            @for (terms, word) in QUICK {
                li { a.chip href=(here.with(&[("q", terms)])) aria-current=[(here.search == terms).then_some("true")] { (word) } }
            }
            li { details.why { summary { "How to search" } (how()) } }
        }
    }
}

fn how() -> Markup {
    html! {
        dl {
            dt { code { "status:failed,died" } } dd { "how it stands" }
            dt { code { "component:clean owner:ada tag:etl" } } dd { "whose it is" }
            dt { code { "since:2d until:2026-03-01" } } dd { "when it began" }
            dt { code { "param.scale=1 metric.rmse>1.2 check.rows:failed" } } dd { "its numbers; also " code { "!= < <= >=" } }
            dt { code { "commit:deadb branch:main host:node7 user:ada" } } dd { "its code and its machine" }
            dt { code { "error:SlowDown output:model.json input:raw" } } dd { "a part of its error, or of a name" }
            dt { code { "words" } } dd { "in its component, its error, its outputs, its id or its commit" }
        }
        p.quiet-text { "All of it has to hold. Quotes keep blanks: " code { "\"error:no such file\"" } "." }
    }
}

/// The list with its count, its columns and the buttons for what is ticked.
fn list(here: &Here, found: &RunList) -> Markup {
    let shown: Vec<String> = found.runs.iter().map(|run| run.id.to_string()).collect();
    html! {
        @if found.runs.is_empty() { (panels::empty("No run is like that.", &html! { p { a href="/runs" { "All runs" } } })) }
        @else {
            form #ticked action="/judge" method="post" data-stay {
                (hidden("back", &here.with(&[]))) (hidden("shown", &shown.join(",")))
                div.bulk {
                    strong #count { (count(found)) }
                    label { input type="checkbox" name="all" value="1" data-all; " all " (found.runs.len()) " shown" }
                    button type="submit" formmethod="get" title="Put those that are ticked side by side" { "Compare" }
                    button.flagged type="submit" name="verdict" value=(parts::value(Verdict::Flagged)) { span aria-hidden="true" { "⚑" } " Flag outputs" }
                    button.ok type="submit" name="verdict" value=(parts::value(Verdict::Ok)) { span aria-hidden="true" { "✔" } " Mark ok" }
                    button type="submit" name="verdict" value=(parts::value(Verdict::None)) { span aria-hidden="true" { "↺" } " Take back" }
                }
                (table(here, &found.runs))
            }
            (columns(here, &found.runs))
            @if let Some(next) = found.next {
                nav.paging aria-label="Pages" { a rel="next" href=(here.with(&[("before", &next.to_string())])) { "More runs →" } }
            }
        }
    }
}

fn count(found: &RunList) -> String {
    let count = mltrace_core::words::counted(found.count, "run");
    if found.has_more { format!("more than {count}") } else { count }
}

/// The form that adds a column, with what the runs of the page have.
fn columns(here: &Here, runs: &[Run]) -> Markup {
    let mut known: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    for run in runs {
        known.extend(run.params.keys().map(|name| format!("param.{name}")));
        known.extend(
            run.metrics.iter().filter(|metric| metric.about.is_none()).map(|metric| format!("metric.{}", metric.name)),
        );
    }
    // A column is named by one word.
    known.retain(|name| {
        !name.contains(char::is_whitespace) && !here.columns.iter().any(|column| column.to_string() == *name)
    });
    let field = Field::of_any("col", known.iter().map(String::as_str));
    html! {
        @if !known.is_empty() || !here.columns.is_empty() {
            form.filters action=(here.path) method="get" aria-label="Columns" {
                (hidden("q", &here.search)) (hidden("cols", &here.columns(None))) (hidden("sort", &here.sort()))
                @if !known.is_empty() {
                    label { "Add a column"
                        select name=(field.name()) { @for name in known.iter().take(OFFERED) { option value=(field.value(name)) { (escape::line(name)) } } }
                    }
                    button type="submit" { "Add" }
                }
                @for column in &here.columns {
                    a href=(here.with(&[("cols", &here.columns(Some(column)))])) { "Without " (parts::name(&column.to_string())) }
                }
            }
        }
    }
}

/// A head by which the list is put in order.
fn sorted(here: &Here, column: &RunColumn, title: &str) -> Markup {
    let is_by = here.column == *column;
    // First what is most, then what is least.
    let next = if is_by && !here.is_rising { format!("-{column}") } else { column.to_string() };
    let order = is_by.then_some(if here.is_rising { "ascending" } else { "descending" });
    html! {
        th scope="col" aria-sort=[order] {
            a href=(here.with(&[("sort", &next)])) { (title) @if is_by { span aria-hidden="true" { @if here.is_rising { " ▲" } @else { " ▼" } } } }
        }
    }
}

fn table(here: &Here, runs: &[Run]) -> Markup {
    let now = Timestamp::now();
    let names = Names::of(runs.iter().filter_map(|run| run.outputs.first()).map(|output| output.name.as_str()));
    let columns = 6 + here.columns.len();
    html! {
        @if let Some(common) = names.common() { p.quiet-text { "Outputs in " (parts::name(common)) } }
        table.runs {
            thead { tr {
                td { span.quiet { "Tick" } }
                th scope="col" { "Status" } th scope="col" { "Component" } th scope="col" { "Wrote" }
                (sorted(here, &RunColumn::Started, "Started")) (sorted(here, &RunColumn::Took, "Took"))
                @for column in &here.columns { (sorted(here, column, &column.to_string())) }
                th scope="col" { "Run" }
            } }
            tbody { @for run in runs {
                @let error = run.error.as_deref().map(error_line).filter(|line| !line.is_empty());
                tr.has-error[error.is_some()] data-row {
                    td { input type="checkbox" name={ "run-" (run.id) } aria-label={ "Tick run " (run.id.short()) }; }
                    td { (parts::status(run.status)) " " (parts::stale(&run.stale)) }
                    td { (parts::component(&run.component)) }
                    td.long-name { (wrote(run, &names)) }
                    td { (parts::time(run.started_at, now)) }
                    td data-label="took" { (parts::took(run.duration_ms)) }
                    @for column in &here.columns { td.number data-label=(escape::line(&column.to_string())) { (cell(run, column)) } }
                    td { (parts::run(run.id)) }
                }
                @if let Some(error) = error {
                    tr.error-line { td {} td colspan=(columns) { a.says href=(link::run(run.id)) { (escape::line(&shortened(error))) } } }
                }
            } }
        }
    }
}

/// Returns runs of one component, one line each.
pub(super) fn brief(runs: &[Run]) -> Markup {
    let now = Timestamp::now();
    let names = Names::of(runs.iter().filter_map(|run| run.outputs.first()).map(|output| output.name.as_str()));
    html! {
        table.runs {
            (panels::head(&["Status", "Wrote", "Started", "Took", "Run"]))
            tbody { @for run in runs {
                @let error = run.error.as_deref().map(error_line).filter(|line| !line.is_empty());
                tr.has-error[error.is_some()] data-row {
                    td { (parts::status(run.status)) " " (parts::stale(&run.stale)) }
                    td.long-name { (wrote(run, &names)) }
                    td { (parts::time(run.started_at, now)) }
                    td data-label="took" { (parts::took(run.duration_ms)) }
                    td { (parts::run(run.id)) }
                }
                @if let Some(error) = error { tr.error-line { td colspan="5" { a.says href=(link::run(run.id)) { (escape::line(&shortened(error))) } } } }
            } }
        }
    }
}

/// The first output of a run with its verdict, and how many more there are.
fn wrote(run: &Run, names: &Names<'_>) -> Markup {
    let more = run.outputs.len().saturating_sub(1);
    html! {
        @if let Some(output) = run.outputs.first() {
            (parts::version_of(names, &output.name, output.version.as_ref())) " " (parts::verdict(output.label))
            @if output.version.is_none() { span.quiet-text { " no version" } }
            @if more > 0 { " " a href=(link::run(run.id)) { "+" (more) span.quiet { " more outputs" } } }
        }
    }
}

fn cell(run: &Run, column: &RunColumn) -> Markup {
    let text = match column {
        RunColumn::Started => None,
        RunColumn::Took => run.duration_ms.map(mltrace_core::words::span),
        RunColumn::Parameter(name) => run.params.get(name).map(|of| value::text(of).into_owned()),
        RunColumn::Metric(name) => {
            let mut of = run.metrics.iter().filter(|metric| metric.name == *name && metric.about.is_none());
            of.next_back().map(|metric| metric.value.to_string())
        }
    };
    let Some(text) = text else { return html! {} };
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => {
            html! { span title=(escape::line(&text)) { (escape::line(text.get(..end).unwrap_or_default())) "…" } }
        }
        None => html! { (escape::line(&text)) },
    }
}
