//! Addresses of pages, with names of any kind inside.

use axum::http::{HeaderMap, header};
use mltrace_core::model::{ArtifactName, DataSubject, RunId, VersionId};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::failure::Candidates;

/// The style that a theme is.
pub(super) const THEME: &str = "/assets/theme.css";

fn with(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

pub(super) fn run(run: RunId) -> String {
    with("/run", &[("run", &run.to_string())])
}

pub(super) fn component(name: &str) -> String {
    with("/component", &[("name", name)])
}

/// Returns `NAME@VERSION`, which names this version for ever; `NAME` where there is no version to name.
pub(super) fn named(name: &ArtifactName, version: Option<&VersionId>) -> String {
    match version {
        None | Some(VersionId::None) => name.to_string(),
        Some(version) => format!("{name}@{version}"),
    }
}

pub(super) fn trace(artifact: &str) -> String {
    with("/trace", &[("artifact", artifact)])
}

pub(super) fn artifact(name: &str) -> String {
    with("/artifact", &[("name", name)])
}

pub(super) fn alias(name: &str) -> String {
    with("/aliases", &[("name", name)])
}

/// Returns the address of a task; `window_s` is empty where one window holds all.
pub(super) fn task(name: &str, window_s: &str) -> String {
    with("/task", &[("name", name), ("window_s", window_s)])
}

pub(super) fn subject(subject: &DataSubject) -> String {
    with("/subject", &[("name", &subject.to_string())])
}

pub(super) fn tag(tag: &str) -> String {
    with("/components", &[("tag", tag)])
}

pub(super) fn owner(owner: &str) -> String {
    with("/components", &[("owner", owner)])
}

/// Returns the list of the runs that a search finds.
pub(super) fn runs(search: &str) -> String {
    with("/runs", &[("q", search)])
}

/// Returns a term of a search; what holds blanks stands in quotes.
pub(super) fn term(field: &str, value: &str) -> String {
    let term = format!("{field}:{value}");
    if !term.contains(|letter: char| letter.is_whitespace() || matches!(letter, '\'' | '"')) {
        return term;
    }
    // As in a shell, a quotation mark stands in marks of the other kind.
    format!("\"{}\"", term.replace('"', "\"'\"'\""))
}

pub(super) fn search(text: &str) -> String {
    with("/search", &[("q", text)])
}

/// Returns where something leads that may have been meant.
pub(super) fn candidate(candidates: &Candidates, text: &str) -> String {
    match candidates {
        Candidates::Artifacts => trace(text),
        Candidates::Components => component(text),
        Candidates::Aliases => alias(text),
        Candidates::Tasks => task(text, ""),
        Candidates::Runs => with("/run", &[("run", text)]),
        Candidates::VersionsOf(artifact) => trace(&format!("{artifact}@{text}")),
    }
}

pub(super) fn to(path: &str, pairs: &[(&str, &str)]) -> String {
    with(path, pairs)
}

/// Returns where a form leads back to: a place of this server, and nowhere else.
pub(super) fn back(text: &str) -> String {
    let is_own = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains('\\')
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_own { text.to_owned() } else { "/".to_owned() }
}

/// Returns the page from which a form was sent, as the browser reports it.
pub(super) fn referer(headers: &HeaderMap) -> String {
    let address = headers.get(header::REFERER).and_then(|value| Url::parse(value.to_str().ok()?).ok());
    let place = address.map(|address| {
        address.query().map_or(address.path().to_owned(), |query| format!("{}?{query}", address.path()))
    });
    back(&place.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_kind_survive() {
        assert_eq!(trace("a b&c=d#e@f"), "/trace?artifact=a+b%26c%3Dd%23e%40f");
        assert_eq!(to("/", &[("status", "")]), "/");
    }

    #[test]
    fn a_form_leads_back_to_this_server_only() {
        assert_eq!(back("/trace?artifact=a"), "/trace?artifact=a");
        for foreign in ["//evil.example", "https://evil.example", "/\\evil.example", "", "javascript:x", "/a\r\nb"] {
            assert_eq!(back(foreign), "/", "{foreign}");
        }
    }
}
