//! The frame of every page: head, command bar, navigation.

use maud::{DOCTYPE, Markup, html};

use super::{link, parts};
use crate::app::App;
use crate::assets;

/// The pages that the navigation leads to.
const PLACES: &[(&str, &str)] =
    &[("/", "Overview"), ("/runs", "Runs"), ("/outputs", "Outputs"), ("/graph", "Graph"), (REVIEW, "Review")];
/// The place whose link says how much is flagged.
const REVIEW: &str = "/review";
/// The pages that are not asked for every day, and the API.
const MORE: &[(&str, &str)] = &[
    ("/components", "Components"),
    ("/health", "Health"),
    ("/stale", "Stale"),
    ("/verify", "Verify"),
    ("/tags", "Tags"),
    ("/aliases", "Aliases"),
    ("/tasks", "Tasks"),
    ("/subject", "Subjects"),
    ("/api", "API"),
];

/// Returns a page of the project; `here` is the place in the navigation.
pub(super) fn page(app: &App, title: &str, here: &str, body: &Markup) -> Markup {
    let notice = app.is_behind().then(|| {
        html! {
            p.notice role="status" {
                "The store is away: what was recorded last is safe in the journal and not shown yet."
            }
        }
    });
    let of = Of { project: &app.home.project, flagged: app.flagged() };
    frame(title, Some(&of), here, &html! { (notice.unwrap_or_default()) (body) })
}

/// What the frame says of the project.
struct Of<'a> {
    project: &'a str,
    /// How many versions are flagged as bad.
    flagged: u64,
}

/// Returns a page that needs no store; `here` is the place in the navigation.
pub(super) fn bare(title: &str, here: &str, body: &Markup) -> Markup {
    frame(title, None, here, body)
}

fn frame(title: &str, of: Option<&Of<'_>>, here: &str, body: &Markup) -> Markup {
    let [style, script, mark] = assets::addresses();
    let title = mltrace_core::escape::line(title);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nobody else learns of an address; but without this a browser hides from the server itself which page
                // a form was sent from.
                meta name="referrer" content="same-origin";
                meta name="color-scheme" content="light dark";
                title { (title) " · mltrace" }
                link rel="stylesheet" href=(style);
                link rel="stylesheet" href=(link::THEME);
                link rel="icon" type="image/svg+xml" href=(mark);
                script src=(script) defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (top(of, here))
                main #main tabindex="-1" { (body) }
                footer {
                    nav aria-label="More" {
                        @for (path, name) in MORE {
                            a href=(path) aria-current=[(*path == here).then_some("page")] { (name) } " "
                        }
                    }
                    span #zone { "Times are in UTC." }
                }
            }
        }
    }
}

/// The bar above every page.
fn top(of: Option<&Of<'_>>, here: &str) -> Markup {
    let flagged = of.map_or(0, |of| of.flagged);
    html! {
        header.top {
            a.brand href="/" { "mltrace" @if let Some(of) = of { " " (parts::name(of.project)) } }
            nav #places aria-label="Main" {
                @for (path, name) in PLACES {
                    a href=(path) aria-current=[(*path == here).then_some("page")] {
                        (name)
                        @if *path == REVIEW && flagged > 0 { " " span.count { (flagged) span.quiet { " flagged" } } }
                    }
                }
            }
            form.command action="/go" method="get" role="search" {
                label.quiet for="command" { "Command or name" }
                input #command name="q" type="search" autocomplete="off" spellcheck="false" maxlength="9000"
                    placeholder="a name, or trace NAME, flag NAME, review …" list="completions";
                datalist #completions {}
                button type="submit" { "Go" }
            }
            @if of.is_some() { (theme()) }
        }
    }
}

/// The buttons by which somebody chooses light or dark.
fn theme() -> Markup {
    let themes = [("light", "☀", "Light"), ("dark", "☾", "Dark"), ("auto", "◐", "As the system")];
    html! {
        form.theme action="/theme" method="post" aria-label="Theme" {
            @for (value, sign, word) in themes {
                button type="submit" name="theme" value=(value) title=(word) {
                    span aria-hidden="true" { (sign) } span.quiet { (word) }
                }
            }
        }
    }
}
