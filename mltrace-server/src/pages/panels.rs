//! What holds the parts of a page: panels, heads of tables, tabs, what is said where there is nothing.

use maud::{Markup, html};

/// A part of a page with its title; `more` stands beside the title.
pub(super) fn panel(title: &str, more: &Markup, body: &Markup) -> Markup {
    html! { section.panel { h2 { (title) } (more) (body) } }
}

/// What is said where there is nothing to list: what that means, and what to do.
pub(super) fn empty(title: &str, body: &Markup) -> Markup {
    html! { div.empty { p.strong { (title) } (body) } }
}

/// The head of a table; a title that begins with `>` is that of numbers, and an empty one of buttons.
pub(super) fn head(titles: &[&str]) -> Markup {
    html! {
        thead { tr { @for title in titles {
            @match title.strip_prefix('>') {
                Some(title) => th.right scope="col" { (title) },
                None if title.is_empty() => td {},
                None => th scope="col" { (title) },
            }
        } } }
    }
}

/// Ways to see the same thing: address and title; the one that is shown is `here`.
pub(super) fn tabs(label: &str, ways: &[(String, &str)], here: &str) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (address, title) in ways { a href=(address) aria-current=[(*title == here).then_some("page")] { (title) } }
        }
    }
}
