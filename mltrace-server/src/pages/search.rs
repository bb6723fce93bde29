//! Finding things: a search over all names, and the command bar, which takes the words of the command.

use maud::{Markup, html};
use mltrace_core::query::Search;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{layout, link, parts};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;

/// How many names of a kind are found.
const MOST: usize = 50;
/// How many lines the command bar completes.
const MOST_COMPLETIONS: usize = 12;
/// The words that the command bar takes, and what follows each.
const WORDS: &[(&str, Follows)] = &[
    ("trace", Follows::Artifact),
    ("diff", Follows::Artifact),
    ("impact", Follows::Artifact),
    ("flag", Follows::Artifact),
    ("unflag", Follows::Artifact),
    ("versions", Follows::Artifact),
    ("history", Follows::Component),
    ("component", Follows::Component),
    ("inspect", Follows::Run),
    ("note", Follows::Run),
    ("recent", Follows::Nothing),
    ("review", Follows::Nothing),
    ("components", Follows::Nothing),
    ("tags", Follows::Nothing),
];

#[derive(Clone, Copy, PartialEq)]
enum Follows {
    Artifact,
    Component,
    Run,
    Nothing,
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page("/search", search).lead("/go", go).ask(
        "/api/v1/complete",
        "Commands that the command bar could mean",
        complete,
    )
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Text {
    /// What was typed.
    #[serde(default)]
    q: String,
}

/// Returns where a command leads; what is no command is searched for.
///
/// Nothing changes by following it: `flag` and `note` lead to the page whose buttons do.
fn go(asked: &Text) -> String {
    let text = asked.q.trim();
    let text = text.strip_prefix("mltrace ").unwrap_or(text).trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = unquoted(rest.trim());
    match (word, rest) {
        ("", _) => "/".to_owned(),
        ("recent", "") => "/".to_owned(),
        ("review" | "flag", "") => "/review".to_owned(),
        ("components" | "tags", "") => format!("/{word}"),
        ("trace" | "flag" | "unflag", name) if !name.is_empty() => link::trace(name),
        ("impact", name) if !name.is_empty() => link::to("/impact", &[("artifact", name)]),
        ("diff", names) if !names.is_empty() => {
            // Two names, unless there is one with a blank inside.
            let (a, b) = names.split_once(' ').unwrap_or((names, ""));
            link::to("/diff", &[("a", a), ("b", b.trim())])
        }
        ("versions", name) if !name.is_empty() => link::artifact(name),
        ("history" | "component", name) if !name.is_empty() => link::component(name),
        ("inspect", run) if !run.is_empty() => link::to("/run", &[("run", run)]),
        ("note", run) if !run.is_empty() => link::to("/run", &[("run", run)]) + "#note",
        _ => link::search(text),
    }
}

fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inside('\'').or_else(|| inside('"')).unwrap_or(text)
}

/// Whole lines for the command bar.
#[derive(Serialize, JsonSchema)]
struct Completions {
    /// The likeliest first.
    lines: Vec<String>,
}

fn complete(app: &App, asked: &Text) -> Result<Completions, Failure> {
    let text = asked.q.trim_start();
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let known = WORDS.iter().find(|(known, _)| *known == word && text.len() > word.len());
    let mut lines: Vec<String> = Vec::new();
    match known {
        Some((_, Follows::Nothing)) => {}
        Some((word, follows)) => {
            let found = app.ask(|reader| reader.search(rest, MOST_COMPLETIONS))?;
            let names: Vec<String> = match follows {
                Follows::Artifact => found.artifacts.into_iter().map(|name| name.0).collect(),
                Follows::Component => found.components,
                Follows::Run | Follows::Nothing => found.runs.iter().map(ToString::to_string).collect(),
            };
            lines.extend(names.into_iter().map(|name| format!("{word} {name}")));
        }
        None => {
            let words = WORDS.iter().filter(|(known, _)| known.starts_with(word) && rest.is_empty());
            lines.extend(words.map(|(word, _)| (*word).to_owned()));
            if text.len() >= 2 {
                let found = app.ask(|reader| reader.search(text, MOST_COMPLETIONS))?;
                lines.extend(found.artifacts.iter().map(|name| format!("trace {name}")));
                lines.extend(found.components.iter().map(|name| format!("history {name}")));
            }
        }
    }
    lines.truncate(MOST_COMPLETIONS);
    Ok(Completions { lines })
}

fn search(app: &App, asked: &Text) -> Result<Markup, Failure> {
    let text = asked.q.trim();
    let Search { artifacts, components, tags, owners, runs } =
        if text.is_empty() { Search::default() } else { app.ask(|reader| reader.search(text, MOST))? };
    let is_empty =
        artifacts.is_empty() && components.is_empty() && tags.is_empty() && owners.is_empty() && runs.is_empty();
    let body = html! {
        h1 { "Search" }
        form.stack action="/search" method="get" role="search" {
            label for="text" { "A part of a name, or of a run's id" }
            input #text name="q" type="search" value=(text);
            button type="submit" { "Search" }
        }
        @if is_empty && !text.is_empty() { p { "No name holds " strong { (parts::name(text)) } "." } }
        @if !artifacts.is_empty() { h2 { "Artifacts" } ul { @for name in &artifacts { li { a href=(link::trace(name.as_str())) { (parts::name(name.as_str())) } " · " a href=(link::artifact(name.as_str())) { "versions" } } } } }
        @if !components.is_empty() { h2 { "Components" } ul { @for name in &components { li { (parts::component(name)) } } } }
        @if !runs.is_empty() { h2 { "Runs" } ul { @for run in &runs { li { (parts::run(*run)) } } } }
        @if !tags.is_empty() { h2 { "Tags" } ul { @for tag in &tags { li { a.tag href=(link::tag(tag)) { (parts::name(tag)) } } } } }
        @if !owners.is_empty() { h2 { "Owners" } ul { @for owner in &owners { li { a href=(link::owner(owner)) { (parts::name(owner)) } } } } }
    };
    Ok(layout::page(app, "Search", "", &body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_quoted() {
        assert_eq!((unquoted("'a b'"), unquoted("\"a\""), unquoted("'a"), unquoted("")), ("a b", "a", "'a", ""));
    }
}
