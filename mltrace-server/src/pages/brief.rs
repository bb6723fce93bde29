//! Names in short, and ways to see the same thing.

use maud::{Markup, html};
use mltrace_core::escape;

/// Returns the last part of a name.
pub(super) fn last_part(name: &str) -> &str {
    let end = name.trim_end_matches('/').rfind('/').map_or(0, |slash| slash + 1);
    name.get(end..).unwrap_or(name)
}

/// Shows a name as the title of a page: its last part large, and the folder before it quiet. The text is whole.
pub(super) fn title(name: &str) -> Markup {
    let last = last_part(name);
    let folder = name.get(..name.len() - last.len()).unwrap_or_default();
    html! { bdi.name { @if !folder.is_empty() { span.folder { (escape::line(folder)) } } (escape::line(last)) } }
}

/// Shows ways to see the same thing: address and title; the one that is shown is `here`.
pub(super) fn tabs(label: &str, ways: &[(String, &str)], here: &str) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (address, title) in ways { a href=(address) aria-current=[(*title == here).then_some("page")] { (title) } }
        }
    }
}

/// Returns a size as people read it: `812 B`, `1.2 MB`.
pub(super) fn bytes(size: u64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.into_iter().find(|(unit, _)| size as f64 >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", size as f64 / unit),
        None => format!("{size} B"),
    }
}
