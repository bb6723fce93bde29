//! Runs side by side, and what was measured and checked of one.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{ArtifactName, Outcome, RunId, Status, Timestamp, written};
use mltrace_core::query::{Against, Compare, ComparedField, Observation, RecordPart, Run};
use mltrace_core::words;
use serde::Deserialize;
use serde_json::Value;

use super::series::{self, Last};
use super::{compare, layout, link, names, parts};
use crate::api::{self, CompareQuery, blank};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many metrics and checks a page lists of each.
const MOST: usize = 200;
/// Of how many runs the source texts are compared with that of the first.
const MOST_SOURCES: usize = 4;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/compare", page)
}

/// Which runs are meant: all of them, with commas between, or two.
#[derive(Deserialize)]
struct BesideQuery {
    #[serde(default)]
    runs: String,
    #[serde(default, deserialize_with = "blank")]
    a: Option<String>,
    #[serde(default, deserialize_with = "blank")]
    b: Option<String>,
    /// Another one, that somebody types.
    #[serde(default, deserialize_with = "blank")]
    with: Option<String>,
    /// Show what is the same, too.
    #[serde(default)]
    all: String,
}

impl BesideQuery {
    /// Returns the runs that are meant, with commas between.
    fn runs(&self) -> String {
        let named = [Some(&self.runs), self.a.as_ref(), self.b.as_ref(), self.with.as_ref()];
        named.into_iter().flatten().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(",")
    }
}

/// How the source text of a run differs from that of the first.
struct Sources {
    runs: [RunId; 2],
    diff: String,
}

fn page(app: &App, asked: &BesideQuery) -> Result<Markup, Failure> {
    let runs = asked.runs();
    let found = api::side_by_side(app, &CompareQuery { runs: runs.clone() })?;
    let (heads, sources) = app.ask(|reader| {
        let heads: Vec<Run> =
            found.runs.iter().map(|run| reader.inspect(&run.to_string())).collect::<Result<_, _>>()?;
        let mut sources = Vec::new();
        if let Some((first, others)) = found.runs.split_first() {
            for other in others.iter().take(MOST_SOURCES) {
                let since = reader.changed_against(*other, Against::Run(&first.to_string()))?;
                let diffs = since.into_iter().flat_map(|since| since.differences);
                let diff = diffs.filter_map(|difference| difference.source_diff).find(|diff| !diff.is_empty());
                sources.extend(diff.map(|diff| Sources { runs: [*first, *other], diff }));
            }
        }
        Ok((heads, sources))
    })?;
    let is_whole = !asked.all.is_empty();
    let differing = found.fields.iter().filter(|field| field.differs).count();
    let same = found.fields.len().saturating_sub(differing);
    let body = html! {
        h1 { "Runs side by side" }
        form.filters action="/compare" method="get" {
            input type="hidden" name="runs" value=(runs);
            label { "Compare with one more" input name="with" placeholder="run, latest, or artifact" required; }
            button type="submit" { "Add" }
        }
        @if found.runs.len() > 1 && differing == 0 { p.lead { "Nothing that is recorded differs." } }
        @if found.is_cut { p.notice { "There is more than is shown here: what differs is shown first. The command shows all." } }
        (columns(&found, &heads, is_whole || found.runs.len() == 1))
        @if same > 0 && found.runs.len() > 1 {
            p {
                @if is_whole { a href=(link::to("/compare", &[("runs", &runs)])) { "Show only what differs" } }
                @else { (words::counted(same, "field")) " that are the same are not shown. " a href=(link::to("/compare", &[("runs", &runs), ("all", "1")])) { "Show everything" } }
            }
        }
        @for Sources { runs: [a, b], diff } in &sources {
            h2 { "Source text of " (parts::run(*a)) " → " (parts::run(*b)) }
            (compare::source_text(diff))
        }
    };
    Ok(layout::page(app, "Runs side by side", "", &body))
}

/// A table with a column a run: what differs, and all else where that is asked for.
fn columns(found: &Compare, heads: &[Run], is_whole: bool) -> Markup {
    let now = Timestamp::now();
    let shown = |part: RecordPart| -> Vec<&ComparedField> {
        let fields = found.fields.iter().filter(|field| field.part == part);
        fields.filter(|field| is_whole || field.differs).collect()
    };
    html! {
        div.scrolled tabindex="0" role="region" aria-label="Runs side by side" {
            table.columns {
                thead { tr {
                    td {}
                    @for run in heads {
                        th scope="col" {
                            (parts::component(&run.component)) " " (parts::run(run.id)) " "
                            @if run.status != Status::Completed { (parts::status(run.status)) " " }
                            span.quiet-text { (parts::time(run.started_at, now)) }
                        }
                    }
                } }
                @for part in RecordPart::ALL {
                    @let fields = shown(part);
                    @if !fields.is_empty() {
                        tbody {
                            tr.part { th scope="rowgroup" colspan=(heads.len() + 1) { (parts::begun(part.as_str())) } }
                            @for field in fields { (row(field)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(field: &ComparedField) -> Markup {
    let split = field.split.as_ref().map(|split| format!("{split}/")).unwrap_or_default();
    let slice = field.slice.as_ref().map(|slice| format!("@{slice}")).unwrap_or_default();
    let is_read_or_written = matches!(field.part, RecordPart::Data | RecordPart::Outputs);
    let cell = |value: &Value| {
        html! { td.now[field.differs] {
            @match (value, field.name.as_str()) {
                (Value::Null, _) => "-",
                (Value::String(_), _) if is_read_or_written => (compare::value("input:", Some(value))),
                (Value::Array(some), _) if is_read_or_written => @for one in some { div { (compare::value("input:", Some(one))) } },
                (Value::String(moment), "started_at" | "ended_at") if field.part == RecordPart::Run => {
                    @match moment.parse::<Timestamp>() { Ok(moment) => (parts::exact(moment)), Err(_) => (parts::name(moment)) }
                },
                (Value::Number(took), "duration_ms") if field.part == RecordPart::Run => (took.as_f64().map(words::span).unwrap_or_default()),
                (Value::String(_), "source") if field.part == RecordPart::Run => (compare::value("code", Some(value))),
                (Value::String(text), _) => (parts::name(text)),
                (other, _) => (parts::name(&other.to_string())),
            }
        } }
    };
    let title = match (field.part, field.name.as_str()) {
        (RecordPart::Run, "started_at") => "started",
        (RecordPart::Run, "ended_at") => "ended",
        (RecordPart::Run, "duration_ms") => "took",
        (RecordPart::Run, "source") => "source text",
        (RecordPart::Data | RecordPart::Outputs, name) => names::end(name),
        (_, name) => name,
    };
    html! {
        tr {
            th scope="row" {
                span title=[(title != field.name).then(|| escape::line(&field.name))] { (parts::name(&format!("{split}{title}{slice}"))) }
                @if let Some(about) = &field.about { " of " (parts::name(about)) }
            }
            @for value in &field.values { (cell(value)) }
        }
    }
}

/// What was measured and checked of a run, where anything was.
pub(super) fn measured(run: &Run, last: &Last) -> Markup {
    let about = |about: Option<&mltrace_core::model::ArtifactName>| html! { @if let Some(about) = about { " of " (parts::version(about, None)) } };
    let more = |count: usize| html! { @if count > MOST { p.notice { "And " (count.saturating_sub(MOST)) " more." } } };
    html! {
        @if !run.metrics.is_empty() {
            h2 { "Measured" }
            table {
                thead { tr { th scope="col" { "Metric" } th scope="col" { "Value" } th scope="col" { "Last " (series::LAST) } th scope="col" { "Step" } th scope="col" { "At" } } }
                tbody {
                    @for metric in run.metrics.iter().take(MOST) {
                        tr {
                            th scope="row" { (parts::name(&metric.name)) (about(metric.about.as_ref())) }
                            td { (escape::line(metric.value.as_str())) }
                            td { (last.metric(&metric.name, metric.about.as_ref().map(ArtifactName::as_str))) }
                            td { @if let Some(step) = metric.step { (step) } }
                            td { (parts::exact(metric.at)) }
                        }
                    }
                }
            }
            (more(run.metrics.len()))
        }
        @if !run.observations.is_empty() {
            h2 { "Observed" }
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Values" } th scope="col" { "Median" } th scope="col" { "Most frequent" } } }
                tbody { @for of in run.observations.iter().take(MOST) { (observed(of)) } }
            }
            (more(run.observations.len()))
        }
        @if !run.checks.is_empty() {
            h2 { "Checked" }
            table {
                thead { tr { th scope="col" { "Check" } th scope="col" { "Outcome" } th scope="col" { "Last " (series::LAST) } th scope="col" { "What was found" } th scope="col" { "At" } } }
                tbody {
                    @for check in run.checks.iter().take(MOST) {
                        tr {
                            th scope="row" { (parts::name(&check.name)) (about(check.about.as_ref())) }
                            td.now[check.outcome != Outcome::Passed] {
                                (words::outcome(check.outcome.as_str(), check.is_warning()))
                            }
                            td { (last.check(&check.name, check.about.as_ref().map(ArtifactName::as_str))) }
                            td { @if let Some(message) = &check.message { (escape::block(message)) } }
                            td { (parts::exact(check.at)) }
                        }
                    }
                }
            }
            (more(run.checks.len()))
        }
    }
}

fn observed(of: &Observation) -> Markup {
    let quantiles = of.spread.as_ref().map(mltrace_core::query::Spread::quantiles).unwrap_or_default();
    let median = quantiles.iter().find(|(share, _)| (share - 0.5).abs() < 1e-9);
    html! {
        tr {
            th scope="row" { (parts::name(&of.name)) }
            td {
                (of.count)
                @if of.missing > 0 { ", " (of.missing) " missing" }
                @if of.nans > 0 { ", " (of.nans) " not a number" }
                @if of.infinite > 0 { ", " (of.infinite) " infinite" }
                @if !of.is_whole { "; the rest is not known" }
            }
            td { @if let Some((_, value)) = median { (written(*value)) } }
            td {
                @for top in of.top.iter().take(MOST) { div { (parts::words(&top.value)) " (" (top.count) ")" } }
                @if of.others > 0 { div { "others (" (of.others) ")" } }
            }
        }
    }
}
