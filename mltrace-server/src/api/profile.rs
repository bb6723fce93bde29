//! The question what is in a table.

use mltrace_core::query::Profiled;
use schemars::JsonSchema;
use serde::Deserialize;

use super::values::blank;
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.ask(
        Demand::Short,
        "/api/v1/profile",
        "What is in a table, and how it differs from another version of it",
        profile,
    )
}

/// Which table is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileQuery {
    /// `NAME`, the latest version, or `NAME@VERSION`.
    pub(crate) artifact: String,
    /// An earlier version that it is compared with.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) before: Option<String>,
}

/// Returns what is in a table, as far as a run reported it; no file is read for that.
pub(crate) fn profile(app: &App, asked: &ProfileQuery) -> Result<Profiled, Failure> {
    app.ask(|reader| reader.profile(&asked.artifact, asked.before.as_deref(), false))
}
