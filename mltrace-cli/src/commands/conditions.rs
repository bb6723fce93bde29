//! `--where`: what has to hold of the runs that are meant.

use mltrace_core::query::RunCondition;

use crate::time;

/// Which runs are shown.
#[derive(Debug, clap::Args)]
pub(super) struct Conditions {
    /// Show only runs of which all of this holds: `param.lr=0.1 'metric.rmse<0.7'`
    ///
    /// A field is `component`, `since`, `until`, `status`, `commit`, `branch`, `host`, `user`, `param.NAME`, `metric.NAME`
    /// or `check.NAME`. `!=` asks for another value, `<`, `<=`, `>` and `>=` compare numbers.
    #[arg(long = "where", value_name = "FIELD=VALUE", num_args = 1.., value_parser = condition)]
    pub(super) conditions: Vec<RunCondition>,
}

/// Returns what is asked of runs.
pub(super) fn condition(text: &str) -> Result<RunCondition, String> {
    RunCondition::parse(text, time::parse)
}
