//! Names in short, and ways to see the same thing.

use maud::{Markup, html};

/// Returns the last part of a name.
pub(super) fn last_part(name: &str) -> &str {
    let end = name.trim_end_matches('/').rfind('/').map_or(0, |slash| slash + 1);
    name.get(end..).unwrap_or(name)
}

/// Shows ways to see the same thing: address and title; the one that is shown is `here`.
pub(super) fn tabs(label: &str, ways: &[(String, &str)], here: &str) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (address, title) in ways { a href=(address) aria-current=[(*title == here).then_some("page")] { (title) } }
        }
    }
}
