//! What takes too long and what is late, and where a trace spent its time.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{Health, Overview, Timing, TraceOptions};
use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{Nothing, blank};
use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// The largest graph that is looked through, in runs.
const MOST_OF_A_GRAPH: usize = 5000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .ask(
            Demand::Short,
            "/api/v1/overview",
            "How the pipeline stands: what failed, runs, is flagged or late",
            overview,
        )
        .ask(Demand::Long, "/api/v1/health", "What is overdue or late, and how each component goes", health)
        .ask(Demand::Long, "/api/v1/timing", "The critical path of a trace, and what is usual of it", timing)
}

/// Returns how the pipeline stands now.
pub(crate) fn overview(app: &App, _: &Nothing) -> Result<Overview, Failure> {
    app.ask(|reader| reader.overview(Timestamp::now()))
}

/// Which components are meant.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HealthQuery {
    /// This one; without it, all.
    #[serde(deserialize_with = "blank")]
    pub(crate) component: Option<String>,
}

/// Returns what is overdue or late now.
pub(crate) fn health(app: &App, asked: &HealthQuery) -> Result<Health, Failure> {
    let components: Vec<&str> = asked.component.iter().map(String::as_str).collect();
    app.ask(|reader| reader.health(&components, Timestamp::now()))
}

/// Which trace is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TimingQuery {
    /// `NAME`, the latest version, `NAME@VERSION` or `@ALIAS`.
    artifact: String,
    /// What was current at this moment.
    #[serde(default, deserialize_with = "blank")]
    as_of: Option<Moment>,
}

fn timing(app: &App, asked: &TimingQuery) -> Result<Timing, Failure> {
    let as_of = asked.as_of.as_ref().map(|moment| moment.at);
    let options = TraceOptions { as_of, most: Some(MOST_OF_A_GRAPH), ..TraceOptions::default() };
    app.ask(|reader| {
        let trace = reader.trace(&asked.artifact, &options)?;
        reader.timing(&trace)
    })
}
