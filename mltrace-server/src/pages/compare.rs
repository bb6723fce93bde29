//! What changed upstream between two versions, and what was made from something.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{ArtifactName, RunId, Timestamp, Version, VersionId};
use mltrace_core::query::{Diff, Difference, Impact, ImpactState, QueryError, Reader, Run, RunFilter, VersionOf};
use mltrace_core::words;
use serde_json::Value;

use super::{brief, layout, link, names, parts};
use crate::api::{self, DiffQuery, ImpactQuery, NearImpact};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many versions the page of an impact lists.
const MOST: usize = 300;
/// How many lines of a difference between source texts a page shows.
const MOST_LINES: usize = 400;
/// How many other versions and runs are offered to compare with.
const MOST_OTHERS: usize = 10;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/diff", diff).page(Demand::Long, "/impact", impact)
}

/// What is compared, where there is something to compare with; else why there is not.
enum Compared {
    Diff(Box<Diff>),
    Nothing(String),
}

fn diff(app: &App, asked: &DiffQuery) -> Result<Markup, Failure> {
    let (found, others) = app.ask(|reader| {
        let compared = match reader.diff(&asked.a, asked.b.as_deref()) {
            Ok(diff) => Compared::Diff(Box::new(diff)),
            // To somebody who looks for a version to compare with, this is an answer.
            Err(error @ (QueryError::NothingBefore { .. } | QueryError::OnlyFlagged { .. })) => {
                Compared::Nothing(error.to_string())
            }
            Err(error) => return Err(error),
        };
        let named = match &compared {
            Compared::Diff(diff) => link::named(&diff.b.name, Some(&diff.b.version)),
            Compared::Nothing(_) => asked.a.clone(),
        };
        Ok((compared, Others::of(reader, &named)?))
    })?;
    let (title, body) = match &found {
        Compared::Diff(diff) => (format!("Changes of {}", diff.b.name), changes(diff, &others)),
        Compared::Nothing(why) => (format!("Changes of {}", asked.a), nothing(&asked.a, why, &others)),
    };
    Ok(layout::page(app, &title, "", &body))
}

/// What a version can be compared with.
struct Others {
    named: String,
    /// Other versions of its name.
    versions: Vec<VersionOf>,
    name: ArtifactName,
    /// The run that wrote it, and others of its component.
    writer: Option<RunId>,
    runs: Vec<Run>,
}

impl Others {
    fn of(reader: &mut Reader<'_>, named: &str) -> Result<Self, QueryError> {
        let found = reader.versions(named, None, MOST_OTHERS)?;
        let (own, versions): (Vec<VersionOf>, Vec<VersionOf>) = found
            .versions
            .into_iter()
            .filter(|version| version.written_at.is_some())
            .partition(|version| named.ends_with(&format!("@{}", version.version)));
        let writer = own.first().or(versions.first());
        let mut runs = Vec::new();
        if let Some(component) = writer.and_then(|writer| writer.component.clone()) {
            let filter = RunFilter { component: Some(component), limit: Some(MOST_OTHERS), ..RunFilter::default() };
            runs = reader.recent(&filter)?.runs;
        }
        let writer = writer.and_then(|writer| writer.written_by);
        runs.retain(|run| Some(run.id) != writer);
        Ok(Self { named: named.to_owned(), versions, name: found.name, writer, runs })
    }

    /// Shows what else it can be compared with.
    fn shown(&self) -> Markup {
        let now = Timestamp::now();
        html! {
            @if !self.versions.is_empty() {
                h3 { "Other versions of it" }
                ul.plain { @for version in &self.versions {
                    li {
                        a href=(link::to("/diff", &[("a", &link::named(&self.name, Some(&version.version))), ("b", &self.named)])) { (escape::line(&version.version.short(8))) }
                        @if let Some(at) = version.written_at { ", written " (parts::time(at, now)) } " " (parts::verdict(version.label))
                    }
                } }
            }
            @if let Some(writer) = self.writer && !self.runs.is_empty() {
                h3 { "What other runs of " (parts::component(&self.runs[0].component)) " wrote" }
                ul.plain { @for run in &self.runs {
                    li {
                        a href=(link::to("/compare", &[("runs", &format!("{},{writer}", run.id))])) { (run.id.short()) }
                        " " (parts::status(run.status)) ", " (parts::time(run.started_at, now))
                        @for output in run.outputs.iter().take(1) {
                            @if let Some(version) = &output.version {
                                ", "
                                a href=(link::to("/diff", &[("a", &link::named(&output.name, Some(version))), ("b", &self.named)])) { "all that is behind " (parts::name(output.name.as_str())) }
                                " " (parts::verdict(output.label))
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// Says that there is nothing before it, and what it can be compared with all the same.
fn nothing(named: &str, why: &str, others: &Others) -> Markup {
    html! {
        p.path { "What changed upstream?" }
        h1 { (brief::title(others.name.as_str())) }
        p.lead { (parts::sentence(why)) }
        p { a href=(link::trace(named)) { "How did it come to be?" } }
        (others.shown())
        @if others.versions.is_empty() && others.runs.is_empty() { p { "No other run of its component is recorded: this is the first." } }
    }
}

fn changes(diff: &Diff, others: &Others) -> Markup {
    let side = |version: &Version| {
        html! {
            (parts::version(&version.name, Some(&version.version)))
            @if version.version != VersionId::None { " " (parts::version_id(&version.version, 8)) }
        }
    };
    html! {
        p.path { "What changed upstream?" }
        h1 { (brief::title(diff.b.name.as_str())) }
        @if let Some(why) = diff.why() { p { "Compared with " (why) "." } }
        (parts::not_all(diff.is_cut))
        @if diff.differences.is_empty() {
            p.lead { "Nothing that is recorded differs between " (side(&diff.a)) " and " (side(&diff.b)) "." }
        } @else {
            (table(&diff.differences, diff, &side(&diff.a), &side(&diff.b)))
        }
        @if diff.consequences > 0 { p { (diff.consequences) " more runs differ only because of these." } }
        @if !diff.measures.is_empty() {
            h2 { "Measured otherwise" }
            (table(&diff.measures, diff, &side(&diff.a), &side(&diff.b)))
        }
        details.others { summary { "Compare with something else" } (others.shown()) }
    }
}

fn table(differences: &[Difference], diff: &Diff, a: &Markup, b: &Markup) -> Markup {
    let sides = [&diff.a, &diff.b].map(|side| escape::line(&side.version.short(8)).into_owned());
    html! {
        table {
            thead { tr { th scope="col" { "What" } th scope="col" { (a) } th scope="col" { (b) } } }
            tbody { @for difference in differences { (row(difference, &sides)) } }
        }
    }
}

pub(super) fn row(difference: &Difference, sides: &[String; 2]) -> Markup {
    let ([then, now], [a, b]) = (&difference.runs, sides);
    html! {
        tr {
            th scope="row" {
                @if let Some(component) = &difference.component { (parts::component(component)) " " }
                (field(&difference.field))
            }
            td data-label=(a) { (value(&difference.field, difference.a.as_ref())) @if let Some(run) = then { " " (parts::run(*run)) } }
            td.now data-label=(b) { (value(&difference.field, difference.b.as_ref())) @if let Some(run) = now { " " (parts::run(*run)) } }
        }
        (source(difference))
    }
}

/// How the source texts differ, in a row of its own.
pub(super) fn source(difference: &Difference) -> Markup {
    html! {
        @if let Some(diff) = &difference.source_diff { tr.source { td colspan="3" { (source_text(diff)) } } }
    }
}

/// A unified diff: what was added and what was taken away, each with its sign and its colour.
pub(super) fn source_text(diff: &str) -> Markup {
    html! {
        pre.diff tabindex="0" aria-label="How the source texts differ" { code {
            @for line in diff.lines().take(MOST_LINES) {
                @match line.chars().next() {
                    Some('+') => ins.line { (escape::block(line)) "\n" },
                    Some('-') => del.line { (escape::block(line)) "\n" },
                    Some('@') => span.line.hunk { (escape::block(line)) "\n" },
                    _ => span.line { (escape::block(line)) "\n" },
                }
            }
            @if diff.lines().count() > MOST_LINES { "… and " (diff.lines().count() - MOST_LINES) " more lines" }
        } }
    }
}

/// What differs, in words where the command has a short form.
pub(super) fn field(field: &str) -> Markup {
    match field.split_once(':') {
        Some(("param", name)) => html! { "parameter " code { (parts::name(name)) } },
        Some(("input", name)) => {
            html! { "input " code title=(escape::line(name)) { (parts::name(names::end(name))) } }
        }
        Some(("check", name)) => html! { "check " code { (parts::name(name)) } },
        Some(("metric", name)) => html! { "metric " code { (parts::name(name)) } },
        _ => html! { (parts::name(words::field(field))) },
    }
}

/// Its value on one side.
pub(super) fn value(field: &str, value: Option<&Value>) -> Markup {
    let version = || value?.as_str()?.parse::<VersionId>().ok();
    // A run may read several versions of a name.
    let short = |text: &str| match (text.parse::<VersionId>(), text.rsplit_once('@')) {
        (Ok(version), _) => version.short(12),
        (Err(_), Some((name, version))) => match version.parse::<VersionId>() {
            Ok(version) => format!("{}@{}", names::end(name), version.short(12)),
            Err(_) => text.to_owned(),
        },
        (Err(_), None) => text.to_owned(),
    };
    match (field, value) {
        ("missing", None) => html! { "did not run" },
        ("missing", Some(_)) => html! { "ran" },
        (_, None) if field.starts_with("input:") => html! { (words::NOT_READ) },
        (_, None) => html! { "—" },
        ("duration", Some(took)) => html! { (took.as_f64().map(words::span).unwrap_or_default()) },
        ("code", Some(Value::String(hash))) => {
            let short: String = hash.chars().take(12).collect();
            html! { code title=(escape::line(hash)) { (parts::name(&short)) } }
        }
        (_, Some(Value::String(text))) => match version().filter(|_| !field.starts_with("param:")) {
            Some(VersionId::None) if field.starts_with("input:") => html! { (words::READ_UNKNOWN) },
            Some(version) => parts::version_id(&version, 12),
            None if field.starts_with("input:") => {
                html! { code title=(escape::line(text)) { (parts::name(&text.split(", ").map(short).collect::<Vec<_>>().join(", "))) } }
            }
            None => html! { code { (parts::name(text)) } },
        },
        (_, Some(other)) => html! { code { (parts::name(&other.to_string())) } },
    }
}

fn impact(app: &App, asked: &ImpactQuery) -> Result<Markup, Failure> {
    let NearImpact { impact, is_cut } = api::impact(app, asked)?;
    let named = asked.artifact.as_ref().or(asked.run.as_ref()).or(asked.component.as_ref());
    let body = html! {
        p.path { "What was made from this?" }
        h1 { (parts::name(named.map_or("", String::as_str))) }
        @if impact.artifacts.is_empty() { p.lead { "Nothing that is recorded." } }
        @else {
            @if is_cut { p.notice { "Only the nearest runs: there are more." } }
            p { (impact.runs.len()) " runs downstream wrote " (impact.artifacts.len()) " versions. " (owners(&impact)) }
            table {
                thead { tr {
                    th scope="col" { "Artifact" } th scope="col" { "Version" } th scope="col" { "Now" }
                    th scope="col" { "Written by" } th scope="col" { "Ask" }
                } }
                tbody { @for made in impact.artifacts.iter().take(MOST) {
                    tr {
                        td { (parts::version(&made.name, Some(&made.version))) }
                        td { (parts::version_id(&made.version, 8)) }
                        td { @match made.state {
                            ImpactState::Current => strong { "in use" },
                            ImpactState::Superseded => "superseded, by one made from the same",
                            ImpactState::Rebuilt => "rebuilt since without it",
                        } }
                        td { (parts::run(made.written_by)) }
                        td { @if let Some(owner) = &made.owner { a href=(link::owner(owner)) { (parts::name(owner)) } } }
                    }
                } }
            }
            (parts::more(impact.artifacts.len(), MOST))
        }
    };
    Ok(layout::page(app, "Impact", "", &body))
}

/// whom to notify of what is in use.
fn owners(impact: &Impact) -> Markup {
    let current = impact.artifacts.iter().filter(|made| made.state == ImpactState::Current);
    let owners: std::collections::BTreeSet<&String> = current.filter_map(|made| made.owner.as_ref()).collect();
    html! {
        @if !owners.is_empty() {
            "To tell of what is in use: "
            @for (number, owner) in owners.iter().enumerate() {
                @if number > 0 { ", " }
                a href=(link::owner(owner)) { (parts::name(owner)) }
            }
            "."
        }
    }
}
