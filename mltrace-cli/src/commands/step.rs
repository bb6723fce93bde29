//! What `log` and `run` are both told of a run.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use mltrace_core::record::Opening;

use crate::args;
use crate::complete;
use crate::error::Error;

/// What a run is and what it reads and writes, as it was typed: what makes no sense must not keep a command from running.
#[derive(Debug, clap::Args)]
pub(super) struct Step {
    /// The component that ran
    #[arg(long, value_name = "NAME", add = complete::components())]
    component: OsString,
    /// Artifacts that it read: paths, URIs or identifiers
    #[arg(
        short,
        long = "input",
        value_name = "ARTIFACT",
        num_args = 1..,
        add = complete::artifacts_and_files()
    )]
    inputs: Vec<OsString>,
    /// Artifacts that it wrote
    #[arg(
        short,
        long = "output",
        value_name = "ARTIFACT",
        num_args = 1..,
        add = complete::artifacts_and_files()
    )]
    outputs: Vec<OsString>,
    /// A parameter
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    params: Vec<OsString>,
}

impl Step {
    /// Returns the opening of the run.
    ///
    /// # Errors
    /// When a name or a parameter makes no sense.
    pub(super) fn opening(&self) -> Result<Opening, Error> {
        Ok(Opening {
            component: Cow::Owned(understood("--component", &self.component, |name| args::name(utf8(name)?))?),
            inputs: all("--input", &self.inputs, args::artifact)?,
            outputs: all("--output", &self.outputs, args::artifact)?,
            params: all("--param", &self.params, |param| args::param(utf8(param)?))?,
            ..Opening::default()
        })
    }
}

fn all<T>(option: &str, typed: &[OsString], read: fn(&OsStr) -> Result<T, String>) -> Result<Vec<T>, Error> {
    typed.iter().map(|typed| understood(option, typed, read)).collect()
}

fn understood<T>(option: &str, typed: &OsStr, read: fn(&OsStr) -> Result<T, String>) -> Result<T, Error> {
    read(typed).map_err(|reason| Error::usage(format!("`{option}`: {reason}")))
}

fn utf8(typed: &OsStr) -> Result<&str, String> {
    typed.to_str().ok_or_else(|| format!("`{}` is not UTF-8", typed.to_string_lossy()))
}
