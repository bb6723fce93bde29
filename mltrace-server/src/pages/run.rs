//! One run with everything that is recorded of it.

use std::collections::BTreeSet;

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{Bound, RunId, Timestamp, Verdict, value};
use mltrace_core::query::{Against, Around, Difference, Input, NamedRun, QueryError, Reader, Run, Since};
use mltrace_core::words;
use serde::Deserialize;
use serde_json::Value;

use super::fields::{Field, hidden};
use super::series::{self, Last};
use super::verdicts::Verdicts;
use super::{beside, compare, layout, link, parts, subjects};
use crate::api::{self, NoteBody};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many inputs or outputs the page lists.
const MOST_EDGES: usize = 200;
/// How many parameters the page lists, and how many letters of each.
const MOST_PARAMS: usize = 1000;
const MOST_LETTERS: usize = 2000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/run", page).form("/note", note)
}

#[derive(Deserialize)]
struct RunQuery {
    run: String,
    /// What it is compared with: `ok`, a run, or else the run before.
    #[serde(default)]
    against: String,
    /// A note that was begun in the command bar.
    #[serde(default)]
    note: String,
}

/// What the page shows.
struct Found {
    run: Run,
    verdicts: Verdicts,
    around: Around,
    since: Option<Since>,
    /// What came of what it has otherwise.
    effects: Vec<Difference>,
    last: Last,
}

impl Found {
    fn of(reader: &mut Reader<'_>, asked: &RunQuery) -> Result<Self, QueryError> {
        let mut run = reader.inspect_among_others(&asked.run)?;
        let around = reader.around(run.id)?;
        let previous = run.changed.take().map(|since| *since);
        let since = match asked.against.as_str() {
            "" => previous,
            "ok" => reader.changed_against(run.id, Against::Ok)?,
            other => reader.changed_against(run.id, Against::Run(other))?,
        };
        let effects = match &since {
            Some(since) => reader.measured_against(run.id, since.run)?,
            None => Vec::new(),
        };
        Ok(Self { verdicts: Verdicts::of(reader)?, last: Last::of(reader, &run)?, around, since, effects, run })
    }
}

fn page(app: &App, asked: &RunQuery) -> Result<Markup, Failure> {
    let found = app.ask(|reader| Found::of(reader, asked))?;
    let Found { run, verdicts, around, since, effects, last } = &found;
    let back = link::run(run.id);
    let body = html! {
        (header(run, around))
        @if let Some(error) = &run.error { section aria-label="Error" { pre.error tabindex="0" { (escape::block(error)) } } }
        @if !run.stale.is_empty() { ul.notice { @for stale in &run.stale { li { (parts::sentence(&stale.message)) } } } }
        (changed(since.as_ref().map(|since| (since, effects.as_slice())), run, around, asked))
        @if !run.still_differs.is_empty() { (still_differs(&run.still_differs)) }
        (steps(around))
        (outputs(run, verdicts, &back))
        (inputs(run, verdicts, &back))
        (params(run, last))
        (beside::measured(run, last))
        (subjects::of_run(run))
        (notes(run, &asked.note))
        (surroundings(run))
    };
    let title = format!("{} {}", run.component, run.id.short());
    Ok(layout::page(app, &title, "/runs", &body))
}

/// What ran, how it stands, when, whom to ask; and the ways to the runs before and after it.
fn header(run: &Run, around: &Around) -> Markup {
    html! {
        p.path { "Run of " (parts::component(&run.component)) }
        div.title {
            h1 { (parts::name(&run.component)) " " code { (run.id.short()) } }
            nav.neighbours aria-label="Runs before and after" {
                @if let Some(previous) = around.previous { a rel="prev" href=(link::run(previous)) { "← run before" } }
                @if let Some(next) = around.next { a rel="next" href=(link::run(next)) { "run after →" } }
            }
        }
        div.facts {
            (parts::status(run.status)) (parts::stale(&run.stale))
            span { "started " (parts::exact(run.started_at)) " (" (parts::time(run.started_at, Timestamp::now())) ")" }
            @if let Some(took) = run.duration_ms { span { "took " (words::span(took)) } }
            @if let Some(owner) = &run.owner { span { "ask " a href=(link::owner(owner)) { (parts::name(owner)) } } }
            a href=(link::to("/impact", &[("run", &run.id.to_string())])) { "What was made from it?" }
        }
        @if let Some(description) = &run.description { p { (escape::block(description)) } }
    }
}

/// The runs one step up and down.
fn steps(around: &Around) -> Markup {
    let list = |title: &str, runs: &[NamedRun], all: usize| {
        html! { @if !runs.is_empty() {
            div {
                h2 { (title) }
                ul.plain { @for run in runs { li { a href=(link::run(run.run)) { (parts::name(&run.component)) " " code { (run.run.short()) } } } } }
                (parts::more(all, runs.len()))
            }
        } }
    };
    html! { @if !around.read_from.is_empty() || !around.read_by.is_empty() {
        div.steps {
            (list("One step up", &around.read_from, around.read_from.len()))
            (list("One step down", &around.read_by, around.readers))
        }
    } }
}

/// What differs from another run, the one before unless somebody chose: the first thing to look at in a suspect. What the run
/// was given comes first, and what came of it after that.
fn changed(since: Option<(&Since, &[Difference])>, run: &Run, around: &Around, asked: &RunQuery) -> Markup {
    let id = run.id.to_string();
    let to = |against: &str| link::to("/run", &[("run", &id), ("against", against)]);
    let way = |against: &str, title: &str| {
        html! { a href=(to(against)) aria-current=[(asked.against == against).then_some("page")] { (title) } }
    };
    let title = match asked.against.as_str() {
        "" => "Changed since the run before",
        "ok" => "Changed since the last one that is ok",
        _ => "Changed since another run",
    };
    if since.is_none() && asked.against.is_empty() && around.previous.is_none() {
        return html! {};
    }
    html! {
        section.changes {
            h2 { (title) }
            div.against {
                nav.tabs aria-label="Compare with" {
                    (way("", "run before"))
                    @if around.last_ok.is_some() { (way("ok", "last ok")) }
                }
                form action="/run" method="get" {
                    input type="hidden" name="run" value=(id);
                    label.quiet for="against" { "Compare with another run" }
                    input #against name="against" placeholder="id of another run" size="16" value=[(!matches!(asked.against.as_str(), "" | "ok")).then_some(&asked.against)];
                    button type="submit" { "Compare" }
                }
            }
            @match since {
                None => p { "There is no such run to compare with." },
                Some((since, effects)) => (differences(since, effects, run.id)),
            }
        }
    }
}

fn differences(since: &Since, measured: &[Difference], run: RunId) -> Markup {
    let Since { run: before, differences, is_cut, .. } = since;
    let (mut effects, causes): (Vec<&Difference>, Vec<&Difference>) =
        differences.iter().partition(|difference| series::is_effect(&difference.field));
    effects.extend(measured);
    let rows = |differences: &[&Difference]| {
        html! {
            tbody {
                @for difference in differences.iter().take(MOST_EDGES) {
                    tr {
                        th scope="row" { (compare::field(&difference.field)) }
                        td data-label="before" { (compare::value(&difference.field, difference.a.as_ref())) }
                        td.now data-label="now" { (compare::value(&difference.field, difference.b.as_ref())) }
                    }
                    (compare::source(difference))
                }
            }
        }
    };
    let head = html! { thead { tr { th scope="col" { "What" } th scope="col" { "Before, " (parts::run(*before)) } th scope="col" { "This run" } } } };
    let table = |title: &str, differences: &[&Difference]| {
        html! { @if !differences.is_empty() {
            h3 { (title) }
            table { (head) (rows(differences)) }
            (parts::more(differences.len(), MOST_EDGES))
        } }
    };
    html! {
        (parts::not_all(*is_cut))
        @if causes.is_empty() && effects.is_empty() { p { "Nothing that is recorded, since " (parts::run(*before)) "." } }
        (table("What it was given", &causes))
        (table("What came of it", &effects))
        p { a href=(link::to("/compare", &[("runs", &format!("{before},{run}"))])) { "See both side by side" } }
    }
}

/// What runs before this one changed and it still has.
fn still_differs(lasting: &[String]) -> Markup {
    html! {
        section.changes {
            h2 { "Still differs from earlier runs" }
            ul { @for words in lasting { li { (parts::words(words)) } } }
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value::text(value);
    match text.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

fn outputs(run: &Run, verdicts: &Verdicts, back: &str) -> Markup {
    html! {
        h2 { "Wrote" }
        @if run.outputs.is_empty() { p { "Nothing that is recorded." } } @else {
            table {
                thead { tr { th scope="col" { "Artifact" } th scope="col" { "Version" } th scope="col" { "Verdict" } } }
                tbody {
                    @for output in run.outputs.iter().take(MOST_EDGES) {
                        tr {
                            td { (parts::version(&output.name, output.version.as_ref())) }
                            td {
                                @if let Some(version) = &output.version { (parts::version_id(version, 8)) }
                                @if let Some(mark) = output.mark { " " (mark.says()) }
                                @if output.version.is_none() && output.mark.is_none() { "none: the run did not complete" }
                             }
                            td { (verdicts.judge(&output.name, output.version.as_ref(), back)) }
                        }
                    }
                }
            }
            (parts::more(run.outputs.len(), MOST_EDGES))
            @if run.outputs.iter().filter(|output| output.version.is_some()).nth(1).is_some() { (judge_all(run, back)) }
        }
    }
}

/// The buttons by which a person says what all outputs of a run are.
fn judge_all(run: &Run, back: &str) -> Markup {
    html! {
        form.judge action="/flag" method="post" {
            input type="hidden" name="run" value=(run.id);
            (hidden("back", back))
            button.flagged type="submit" name="verdict" value=(parts::value(Verdict::Flagged)) { span aria-hidden="true" { "⚑" } " Flag all as bad" } " "
            button.ok type="submit" name="verdict" value=(parts::value(Verdict::Ok)) { span aria-hidden="true" { "✔" } " Mark all as ok" }
        }
    }
}

fn inputs(run: &Run, verdicts: &Verdicts, back: &str) -> Markup {
    html! {
        h2 { "Read" }
        @if run.inputs.is_empty() { p { "Nothing that is recorded." } } @else {
            table {
                thead { tr { th scope="col" { "Artifact" } th scope="col" { "Version" } th scope="col" { "Written by" } th scope="col" { "Known by" } th scope="col" { "Verdict" } } }
                tbody {
                    @for input in run.inputs.iter().take(MOST_EDGES) {
                        tr {
                            td { (parts::version(&input.name, Some(&input.version))) }
                            td { (parts::version_id(&input.version, 8)) }
                            td { @match input.written_by { Some(writer) => (parts::run(writer)), None => "nobody known" } }
                            td { (bound(input)) }
                            td { (verdicts.judge(&input.name, Some(&input.version), back)) }
                        }
                    }
                }
            }
            (parts::more(run.inputs.len(), MOST_EDGES))
        }
    }
}

/// How it is known which write was read.
fn bound(input: &Input) -> Markup {
    html! {
        @match input.bound {
            Bound::Content => "its content",
            Bound::Declaration => "the declared version",
            Bound::Time => span.weak { "the time alone: its content is not known" },
            Bound::Copy => span.weak { "a copy: the same content under another name" },
            Bound::UnknownWriter => span.weak { "nothing: no recorded run wrote it" },
            Bound::Inside => "where it lies",
        }
        @if let Some(first) = input.inside.first() {
            @let runs: BTreeSet<RunId> = input.inside.iter().map(|part| part.written_by).collect();
            ", with "
            @if input.inside.len() == 1 { (parts::version(&first.name, Some(&first.version))) }
            @else { (input.inside.len()) " files" }
            " by "
            @if runs.len() == 1 { "run " (parts::run(first.written_by)) } @else { (runs.len()) " runs" }
        }
        @if let Some(other) = input.elsewhere.first() {
            @if let Some(host) = &other.host { ", on host " (host) } @else { ", in the project " (other.project) }
            " run " (other.run.short()) " wrote it"
        }
        @if let Some(other) = &input.same_content_as { ", same content as " (parts::version(&other.name, Some(&other.version))) }
        @if let Some(changed) = input.changed_since { ", changed since run " (parts::run(changed)) " wrote it" }
    }
}

fn params(run: &Run, last: &Last) -> Markup {
    html! {
        @if !run.params.is_empty() {
            h2 { "Parameters" }
            dl.params { @for (name, value) in run.params.iter().take(MOST_PARAMS) { dt { (parts::name(name)) } dd { code { (parts::name(&shown(value))) } " " (last.parameter(name)) } } }
            (parts::more(run.params.len(), MOST_PARAMS))
        }
    }
}

fn notes(run: &Run, begun: &str) -> Markup {
    let text = Field::of_lines("text", begun);
    html! {
        h2 { "Notes" }
        @for note in &run.notes {
            blockquote.note { (escape::block(&note.text)) footer { (parts::exact(note.at)) @if let Some(by) = &note.by { " by " (parts::name(by)) } } }
        }
        form.stack action="/note" method="post" {
            input type="hidden" name="run" value=(run.id);
            label for="note" { "Add a note" }
            textarea #note name=(text.name()) rows="2" required maxlength="65536" { "\n" (text.value(begun)) }
            (text.told())
            button type="submit" { "Add note" }
        }
    }
}

fn surroundings(run: &Run) -> Markup {
    html! {
        h2 { "Surroundings" }
        dl {
            dt { "Id" } dd { code { (run.id) } }
            @if let Some(parent) = run.parent { dt { "Inside of" } dd { (parts::run(parent)) } }
            @if let Some(ended) = run.ended_at { dt { "Ended" } dd { (parts::exact(ended)) } }
            @if let Some(host) = &run.host { dt { "Host" } dd { (parts::name(host)) } }
            @if let Some(user) = &run.user { dt { "User" } dd { (parts::name(user)) } }
            @if !run.tags.is_empty() { dt { "Tags" } dd { @for tag in &run.tags { a.tag href=(link::tag(tag)) { (parts::name(tag)) } " " } } }
            @if let Some(git) = &run.git {
                dt { "Commit" } dd {
                    code { (parts::name(git.commit.as_deref().unwrap_or("none yet"))) }
                    @if git.dirty == Some(true) { span.weak { " with changes that are not committed" } }
                }
                @if let Some(branch) = &git.branch { dt { "Branch" } dd { (parts::name(branch)) } }
            }
        }
        @if let Some(code) = &run.code {
            h2 { "Code" }
            p { code { (parts::name(&format!("{}:{}", code.file, code.line))) }
                @if code.is_in_work_tree == Some(false) { span.weak { " (the file held another text when it ran)" } } }
            @if let Some(source) = &code.source { pre.source tabindex="0" { code { (escape::block(source)) } } }
        }
    }
}

#[derive(Deserialize)]
struct NoteForm {
    run: String,
    text: String,
}

fn note(app: &App, told: &NoteForm) -> Result<String, Failure> {
    let run = api::note(app, &NoteBody { run: told.run.clone(), text: told.text.clone() })?;
    Ok(link::run(run.id))
}
