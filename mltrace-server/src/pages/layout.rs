//! The frame of every page: head, command bar, navigation.

use maud::{DOCTYPE, Markup, html};

use super::parts;
use crate::app::App;
use crate::assets;

/// The pages that the navigation leads to.
const PLACES: &[(&str, &str)] = &[
    ("/", "Runs"),
    ("/components", "Components"),
    ("/review", "Review"),
    ("/aliases", "Aliases"),
    ("/stale", "Stale"),
    ("/health", "Health"),
    ("/tasks", "Tasks"),
    ("/subject", "Subjects"),
    ("/verify", "Verify"),
    ("/tags", "Tags"),
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
    frame(title, Some(&app.home.project), here, &html! { (notice.unwrap_or_default()) (body) })
}

/// Returns a page that needs no store; `here` is the place in the navigation.
pub(super) fn bare(title: &str, here: &str, body: &Markup) -> Markup {
    frame(title, None, here, body)
}

fn frame(title: &str, project: Option<&str>, here: &str, body: &Markup) -> Markup {
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
                link rel="icon" type="image/svg+xml" href=(mark);
                script src=(script) defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/" { "mltrace" @if let Some(project) = project { " " (parts::name(project)) } }
                    nav aria-label="Main" {
                        @for (path, name) in PLACES {
                            a href=(path) aria-current=[(*path == here).then_some("page")] { (name) }
                        }
                    }
                    form.command action="/go" method="get" role="search" {
                        label.quiet for="command" { "Command" }
                        input #command name="q" type="search" autocomplete="off" spellcheck="false" maxlength="9000"
                            placeholder="trace NAME, history COMPONENT, flag NAME, review …" list="completions";
                        datalist #completions {}
                        button type="submit" { "Go" }
                    }
                }
                main #main tabindex="-1" { (body) }
                footer { "Times are in UTC. " a href="/api" { "API" } }
            }
        }
    }
}
