//! What a page says where nothing is recorded yet: how to begin.

use maud::{Markup, html};

use super::parts;
use crate::app::App;

/// Returns the first steps.
pub(super) fn steps(app: &App) -> Markup {
    let token = if app.guard.has_token() { "-H 'Authorization: Bearer TOKEN' " } else { "" };
    html! {
        section.start {
            h2 { "Nothing is recorded yet" }
            p { "Runs appear here by themselves as soon as one is recorded in " code { (parts::name(&app.home.root.to_string_lossy())) } "." }
            ol {
                li {
                    p { "In Rust, put the attribute on a function and run it:" }
                    pre { code {
                        "#[mltrace::register(inputs = [raw], outputs = [clean])]\n"
                        "fn clean_up(raw: &Path) -> Result<PathBuf, Error> { … }"
                    } }
                }
                li {
                    p { "From any shell, run a command as a step:" }
                    pre { code { "mltrace run --component clean -i raw.csv -o clean.csv -- python clean.py" } }
                }
                li {
                    p { "From any language, send a line to this server:" }
                    pre { code {
                        "curl -H 'Content-Type: application/json' " (token) (app.guard.url()) "api/v1/runs -d \\\n"
                        "  '{\"component\": \"clean\", \"inputs\": [\"raw.csv\"], \"outputs\": [\"clean.csv\"],\n"
                        "    \"ended_at\": \"2026-01-31T12:00:00Z\"}'"
                    } }
                }
            }
        }
    }
}
