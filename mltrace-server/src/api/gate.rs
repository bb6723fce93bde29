//! Whether a version may be used, and runs side by side.

use mltrace_core::query::{Compare, Gate, MetricRequirement, NotWorseThan, Requirements, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many runs stand side by side.
const MOST_RUNS: usize = 20;
/// How many fields of them.
const MOST_FIELDS: usize = 2000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        // What they look at is known only once it is looked at, and it may be much: no short question waits behind them.
        .weigh(Demand::Long, "/api/v1/gate", "Whether all that is required of a version holds, and what does not", gate)
        .ask(Demand::Long, "/api/v1/compare", "Runs side by side: configuration, data, metrics", compare)
}

/// What is required of a version: something at least.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GateBody {
    /// `NAME`, the latest version, `NAME@VERSION` or `@ALIAS`.
    artifact: String,
    /// What its metrics must be: 500 at most.
    #[serde(default)]
    #[schemars(length(max = 500))]
    metrics: Vec<MetricBody>,
    /// A version or alias, than which it may be worse by none of these metrics.
    not_worse_than: Option<String>,
    /// How much worse: an amount, or a share such as `1%`.
    #[schemars(regex(pattern = r"^[0-9]+(?:\.[0-9]+)?%?$"))]
    tolerance: Option<String>,
    /// Whether it passes as the first while the alias was never set.
    #[serde(default)]
    or_first: bool,
    /// It was written at this moment or later.
    fresh: Option<Moment>,
    /// Whether neither it nor anything that it was made from may be flagged.
    #[serde(default)]
    unflagged: bool,
    /// Whether every check of it must have passed, and there must be one.
    #[serde(default)]
    checks: bool,
}

/// What a metric must be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MetricBody {
    /// The metric.
    name: String,
    /// `>= 0.9` or another comparison; `higher` or `lower` to compare it with the baseline alone.
    #[schemars(regex(pattern = r"^(?:(?:!=|<=|>=|=|<|>) ?-?[0-9]+(?:\.[0-9]+)?|higher|lower)$"))]
    condition: String,
}

fn gate(app: &App, told: &GateBody) -> Result<Gate, Failure> {
    let metrics = told.metrics.iter().map(|metric| MetricRequirement::parse(&metric.name, &metric.condition));
    let tolerance = told.tolerance.as_deref().map(Tolerance::parse).transpose().map_err(Failure::usage)?;
    if told.not_worse_than.is_none() && (tolerance.is_some() || told.or_first) {
        return Err(Failure::usage("`tolerance` and `or_first` are said of `not_worse_than`"));
    }
    let required = Requirements {
        metrics: metrics.collect::<Result<_, _>>().map_err(Failure::usage)?,
        baseline: told.not_worse_than.as_ref().map(|artifact| NotWorseThan {
            artifact: artifact.clone(),
            tolerance: tolerance.unwrap_or_default(),
            may_be_first: told.or_first,
        }),
        since: told.fresh.as_ref().map(|moment| moment.at),
        is_unflagged: told.unflagged,
        is_checked: told.checks,
    };
    required.check().map_err(Failure::usage)?;
    app.ask(|reader| reader.gate(&told.artifact, &required))
}

/// Which runs are meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompareQuery {
    /// Ids, unique starts or ends of them, `latest`, or artifacts, whose last writers are meant: parted by commas, twenty at
    /// most.
    #[schemars(regex(pattern = r"^[^,]+(?:,[^,]+){0,19}$"))]
    pub(crate) runs: String,
}

/// Returns runs side by side.
pub(crate) fn compare(app: &App, asked: &CompareQuery) -> Result<Compare, Failure> {
    let runs: Vec<&str> = asked.runs.split(',').collect();
    if runs.len() > MOST_RUNS || runs.iter().any(|run| run.is_empty()) {
        return Err(Failure::usage(format!("name from one to {MOST_RUNS} runs, parted by commas")));
    }
    app.ask(|reader| reader.compare_most(&runs, MOST_FIELDS))
}
