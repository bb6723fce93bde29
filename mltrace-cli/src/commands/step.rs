//! What `log` and `run` are both told of a run.

use std::borrow::Cow;

use mltrace_core::capture::Given;
use mltrace_core::record::Opening;
use serde_json::Value;

use crate::args;
use crate::complete;

/// What a run is and what it reads and writes.
#[derive(Debug, clap::Args)]
pub(super) struct Step {
    /// The component that ran
    #[arg(long, value_name = "NAME", value_parser = args::name, add = complete::components())]
    pub(super) component: String,
    /// Artifacts that it read: paths, URIs or identifiers
    #[arg(
        short,
        long = "input",
        value_name = "ARTIFACT",
        num_args = 1..,
        value_parser = args::artifact_parser(),
        add = complete::artifacts_and_files()
    )]
    pub(super) inputs: Vec<Given>,
    /// Artifacts that it wrote
    #[arg(
        short,
        long = "output",
        value_name = "ARTIFACT",
        num_args = 1..,
        value_parser = args::artifact_parser(),
        add = complete::artifacts_and_files()
    )]
    pub(super) outputs: Vec<Given>,
    /// A parameter
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = args::param)]
    pub(super) params: Vec<(String, Value)>,
}

impl Step {
    /// Returns the opening of the run.
    pub(super) fn opening(&self) -> Opening {
        Opening {
            component: Cow::Owned(self.component.clone()),
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
            params: self.params.clone(),
            ..Opening::default()
        }
    }
}
