//! Finding things: a search over all names, and the command bar, which takes the words of the command.

use maud::{Markup, html};
use mltrace_core::query::Search;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::Field;
use super::{layout, link, parts};
use crate::app::App;
use crate::asked;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many names of a kind are found.
const MOST: usize = 50;
/// How many lines the command bar completes.
const MOST_COMPLETIONS: usize = 12;
/// The words that the command bar takes, and what follows each.
const WORDS: &[(&str, Follows)] = &[
    ("trace", Follows::Artifact),
    ("diff", Follows::Artifact),
    ("impact", Follows::Artifact),
    ("blame", Follows::Nothing),
    ("report", Follows::Artifact),
    ("flag", Follows::Artifact),
    ("unflag", Follows::Artifact),
    ("versions", Follows::Artifact),
    ("last-good", Follows::Artifact),
    ("profile", Follows::Artifact),
    ("stale", Follows::Artifact),
    ("verify", Follows::Artifact),
    ("history", Follows::Component),
    ("component", Follows::Component),
    ("inspect", Follows::Run),
    ("note", Follows::Run),
    ("compare", Follows::Run),
    ("recent", Follows::Nothing),
    ("review", Follows::Nothing),
    ("components", Follows::Nothing),
    ("tags", Follows::Nothing),
    ("health", Follows::Component),
    ("alias", Follows::Nothing),
    ("task", Follows::Nothing),
];

#[derive(Clone, Copy, PartialEq)]
enum Follows {
    Artifact,
    Component,
    Run,
    Nothing,
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/search", search).lead("/go", go).ask(
        Demand::Short,
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
    let (names, options) = parted(rest);
    let name = unquoted(names);
    let option = |name: &str| options.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| *value);
    let runs = |component: &str| {
        let known = ["component", "status", "since", "until", "tag", "owner", "where", "limit"];
        link::to("/runs", &known.map(|name| (name, if name == "component" { component } else { option(name) })))
    };
    match (word, name) {
        ("" | "overview", "") => "/".to_owned(),
        ("recent" | "runs", "") => runs(option("component")),
        ("review" | "flag", "") => "/review".to_owned(),
        ("components", "") => link::to("/components", &["owner", "tag"].map(|name| (name, option(name)))),
        ("compare", runs) if !runs.is_empty() => {
            link::to("/compare", &[("runs", &names.split_whitespace().collect::<Vec<_>>().join(","))])
        }
        ("health", name) => link::to("/health", &[("component", name)]),
        ("task" | "tasks", "") => "/tasks".to_owned(),
        ("task", name) => link::task(name, ""),
        ("tags", "") => "/tags".to_owned(),
        ("alias" | "aliases", name) => link::to("/aliases", &[("name", name), ("as_of", option("as-of"))]),
        ("stale" | "verify", name) => link::to(&format!("/{word}"), &[("artifact", name)]),
        ("last-good", name) if !name.is_empty() => {
            link::to("/last-good", &[("artifact", name), ("as_of", option("as-of"))])
        }
        ("profile", name) if !name.is_empty() => link::to("/profile", &[("artifact", name)]),
        ("blame", number) if !number.is_empty() => {
            link::to("/blame", &[("number", number), ("component", option("component"))])
        }
        ("impact", "") if !option("run").is_empty() => link::to("/impact", &[("run", option("run"))]),
        ("impact", "") if !option("component").is_empty() => {
            link::to("/impact", &["component", "commit"].map(|name| (name, option(name))))
        }
        ("trace", name) if !name.is_empty() => {
            link::to("/trace", &[("artifact", name), ("depth", option("depth")), ("as_of", option("as-of"))])
        }
        ("flag" | "unflag" | "report", name) if !name.is_empty() => {
            link::to("/trace", &[("artifact", name), ("reason", option("reason"))])
        }
        ("impact", name) if !name.is_empty() => link::to("/impact", &[("artifact", name)]),
        ("diff", name) if !name.is_empty() => {
            let (a, b) = pair(names);
            link::to("/diff", &[("a", a), ("b", b)])
        }
        ("versions", name) if !name.is_empty() => link::artifact(name),
        ("history" | "component", name) if !name.is_empty() => {
            // A page of its own shows all of it; a part of it is a list.
            let is_part = ["since", "until", "where", "limit"].iter().any(|name| !option(name).is_empty());
            if is_part { runs(name) } else { link::component(name) }
        }
        ("inspect", run) if !run.is_empty() => link::to("/run", &[("run", run)]),
        ("note", run) if !run.is_empty() => {
            let (run, note) = names.split_once(' ').unwrap_or((run, ""));
            link::to("/run", &[("run", run), ("note", unquoted(note.trim()))]) + "#note"
        }
        _ => link::search(text),
    }
}

/// Returns what a command names, and its options with their values.
fn parted(rest: &str) -> (&str, Vec<(&str, &str)>) {
    let mut pieces = rest.trim().split(" --");
    let first = pieces.next().unwrap_or_default();
    let (mut named, begun) = match first.strip_prefix("--") {
        Some(option) => ("", Some(option)),
        None => (first.trim(), None),
    };
    let mut options = Vec::new();
    for option in begun.into_iter().chain(pieces) {
        let (key, value) = option.trim().split_once([' ', '=']).unwrap_or((option.trim(), ""));
        match key {
            // The one option that takes no value: what follows is named.
            "ok" if named.is_empty() => named = value.trim(),
            // Its quotes part one condition from the next.
            "where" => options.push((key, value.trim())),
            _ => options.push((key, unquoted(value.trim()))),
        }
    }
    (named, options)
}

fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inside('\'').or_else(|| inside('"')).unwrap_or(text)
}

/// Returns two names; they may be quoted, and one that is not ends at a blank.
fn pair(text: &str) -> (&str, &str) {
    let quoted = ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.split_once(quote));
    let (a, b) = quoted.or_else(|| text.split_once(' ')).unwrap_or((text, ""));
    (a, unquoted(b.trim()))
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
    // A field of one line cannot hold every name, and shows some as what they are not; the search finds them.
    lines.retain(|line| !asked::is_to_be_coded(line));
    lines.truncate(MOST_COMPLETIONS);
    Ok(Completions { lines })
}

fn search(app: &App, asked: &Text) -> Result<Markup, Failure> {
    let text = asked.q.trim();
    let Search { artifacts, components, tags, owners, runs } =
        if text.is_empty() { Search::default() } else { app.ask(|reader| reader.search(text, MOST))? };
    let field = Field::of("q", text);
    let meant = meant(text);
    let is_empty =
        artifacts.is_empty() && components.is_empty() && tags.is_empty() && owners.is_empty() && runs.is_empty();
    let body = html! {
        h1 { "Search" }
        form.stack action="/search" method="get" role="search" {
            label for="text" { "A part of a name, or of a run's id" }
            input #text name=(field.name()) type="search" value=(field.value(text));
            button type="submit" { "Search" }
            (field.told())
        }
        @if let Some(command) = &meant {
            p.notice { "Did you mean " a.strong href=(link::to("/go", &[("q", command)])) { (parts::name(command)) } "?" }
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

/// Returns the command that was meant, where the first word is nearly one.
fn meant(text: &str) -> Option<String> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let is_known = WORDS.iter().any(|(known, _)| *known == word);
    let near = WORDS.iter().filter(|_| !is_known && word.len() > 2).find(|(known, _)| is_near(word, known))?;
    Some(format!("{} {}", near.0, rest.trim()).trim().to_owned())
}

/// Returns whether two words differ by one letter: another one, one more or less, or two that changed places.
fn is_near(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = if one.len() <= other.len() { (&one, &other) } else { (&other, &one) };
    let same = short.iter().zip(long).take_while(|(one, other)| one == other).count();
    let (short, long) = (short.get(same..).unwrap_or_default(), long.get(same..).unwrap_or_default());
    match (short, long) {
        (short, [_, long @ ..]) if short == long => true,
        ([_, short @ ..], [_, long @ ..]) if short == long => true,
        ([a, b, short @ ..], [c, d, long @ ..]) => a == d && b == c && short == long,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_nearly_right_is_offered() {
        let near = ["hstory train", "traec m", "reviw", "hisstory", "flig m"].map(meant);
        let expected = ["history train", "trace m", "review", "history", "flag m"].map(|text| Some(text.to_owned()));
        assert_eq!(near, expected);
        assert_eq!(["trace m", "clean", "x", ""].map(meant), [None, None, None, None]);
    }

    #[test]
    fn options_are_told_from_names() {
        assert_eq!(parted("a b"), ("a b", vec![]));
        assert_eq!(parted("m --depth 2"), ("m", vec![("depth", "2")]));
        assert_eq!(parted("--ok 'p 1'"), ("'p 1'", vec![]));
        let failed = vec![("status", "failed"), ("since", "2 d"), ("verbose", "")];
        assert_eq!(parted("--status=failed --since '2 d' --verbose"), ("", failed));
        let two = vec![("where", "'check.a > 3=failed' 'param.x=1'"), ("limit", "3")];
        assert_eq!(parted("--where 'check.a > 3=failed' 'param.x=1' --limit 3"), ("", two));
        assert_eq!(parted("a--b --reason all--fives"), ("a--b", vec![("reason", "all--fives")]));
        assert_eq!((parted(""), parted("--")), (("", vec![]), ("", vec![("", "")])));
    }

    #[test]
    fn names_may_be_quoted() {
        assert_eq!(
            ["a", "a b", "'a b' c", "\"a\" 'b c'"].map(pair),
            [("a", ""), ("a", "b"), ("a b", "c"), ("a", "b c")]
        );
        assert_eq!((unquoted("'a b'"), unquoted("\"a\""), unquoted("'a"), unquoted("")), ("a b", "a", "'a", ""));
    }
}
