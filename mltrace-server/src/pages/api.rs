//! The page that shows the API: made from the same table as the OpenAPI document.

use maud::{Markup, html};

use super::{layout, parts};
use crate::api::Operation;

/// Returns the page.
pub(crate) fn page(operations: &[Operation]) -> Markup {
    let body = html! {
        h1 { "API" }
        p {
            "The verbs of the command over HTTP, with the same JSON. The whole of it for programs: "
            a href="/api/v1/openapi.json" { "openapi.json" } "."
        }
        p {
            "Where the server asks for a token, send it as " code { "Authorization: Bearer TOKEN" }
            ". Bodies are sent as " code { "application/json" } ". An error is " code { "{\"error\": {message, hint, candidates}}" }
            ", with the status 400, 404, 409 (several are meant), 413, or 503 with " code { "Retry-After" } "."
        }
        @for operation in operations {
            section.operation {
                h2 { code { (operation.method) " " (operation.path) } }
                p { (parts::sentence(operation.summary)) }
                @let parameters = operation.parameters();
                @if !parameters.is_empty() {
                    table {
                        thead { tr { th scope="col" { "Field" } th scope="col" { "Meaning" } } }
                        tbody {
                            @for parameter in &parameters {
                                tr {
                                    th scope="row" { code { (parameter.name) } @if parameter.is_required { " (needed)" } }
                                    td { (parts::words(&parameter.description)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    layout::bare("API", "/api", &body)
}
