//! What `log` and `run` are both given about a run.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use mltrace_core::model::DataSubject;
use mltrace_core::record::Opening;
use mltrace_core::values::{Given, Named};

use super::measured::Measured;
use super::typed::{all, understood, utf8};
use crate::args;
use crate::complete;
use crate::error::Error;
use crate::glob;

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
    /// Artifacts that it wrote and that are no files, whatever they look like: a table, a record
    #[arg(long = "out-id", value_name = "NAME", num_args = 1..)]
    output_ids: Vec<OsString>,
    /// A parameter
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    params: Vec<OsString>,
    /// Record what is in the tables that it wrote (CSV, NDJSON, Parquet): rows, and of each column type, nulls and how values spread
    #[arg(long)]
    profile: bool,
    /// Somebody whose data it took in: the name is not kept, and `mltrace forget --subject` asks by it
    #[arg(long = "subject", value_name = "NAME")]
    subjects: Vec<OsString>,
    #[command(flatten)]
    pub(super) measured: Measured,
}

impl Step {
    /// Returns the opening of the run.
    ///
    /// # Errors
    /// When a name or a parameter makes no sense.
    pub(super) fn opening(&self) -> Result<Opening, Error> {
        let mut outputs = Vec::new();
        for output in &self.outputs {
            if pattern(output).is_none() {
                outputs.push(understood("--output", output, args::artifact)?);
            }
        }
        outputs.extend(
            all("--out-id", &self.output_ids, |id| args::name(utf8(id)?))?
                .into_iter()
                .map(|id| Given::new(Named::Id(id))),
        );
        Ok(Opening {
            component: Cow::Owned(understood("--component", &self.component, |name| args::name(utf8(name)?))?),
            inputs: self.inputs()?,
            outputs,
            are_outputs_profiled: self.profile,
            subjects: all("--subject", &self.subjects, |name| subject(utf8(name)?))?,
            params: all("--param", &self.params, |param| args::param(utf8(param)?))?,
            ..Opening::default()
        })
    }
}

impl Step {
    /// Returns what it reads, with patterns expanded that the shell left as they are.
    ///
    /// # Errors
    /// When a name makes no sense, or a pattern means nothing.
    pub(super) fn inputs(&self) -> Result<Vec<Given>, Error> {
        let mut inputs = Vec::new();
        for input in &self.inputs {
            let Some(pattern) = pattern(input) else {
                inputs.push(understood("--input", input, args::artifact)?);
                continue;
            };
            let found = meant(&pattern)?;
            inputs.extend(found.into_iter().map(|path| Given::new(Named::Path(path))));
        }
        Ok(inputs)
    }

    /// Finds patterns that mean no input, or too many, before a command runs for hours without them.
    ///
    /// # Errors
    /// When there is one.
    pub(super) fn check_patterns(&self) -> Result<(), Error> {
        let mut patterns = self.inputs.iter().filter_map(|input| pattern(input));
        patterns.try_for_each(|pattern| meant(&pattern).map(drop))
    }

    /// Returns the outputs that are patterns: what the run makes does not change which of them are.
    pub(super) fn output_patterns(&self) -> Vec<String> {
        self.outputs.iter().filter_map(|output| pattern(output)).collect()
    }
}

/// Returns the name of a subject, if it may be one.
fn subject(name: &str) -> Result<String, String> {
    DataSubject::of(name).map(|_| name.to_owned())
}

/// Returns the outputs that patterns mean now, and the warnings for patterns that mean nothing, or too many.
pub(super) fn found(patterns: &[String]) -> (Vec<Given>, Vec<String>) {
    let (mut outputs, mut warnings) = (Vec::new(), Vec::new());
    for pattern in patterns {
        let found = glob::expand(pattern);
        if found.is_cut {
            warnings.push(format!("`--output`: `{pattern}` means too many files, and not all of them are recorded"));
        } else if found.paths.is_empty() {
            let what = format!("`--output`: nothing is there that `{pattern}` means, so no output is recorded for it");
            warnings.push(what);
        }
        outputs.extend(found.paths.into_iter().map(|path| Given::new(Named::Path(path))));
    }
    (outputs, warnings)
}

/// Returns the inputs that a pattern means.
fn meant(pattern: &str) -> Result<Vec<PathBuf>, Error> {
    let found = glob::expand(pattern);
    if found.is_cut {
        let hint = "name a folder, or a pattern within one";
        return Err(Error::usage(format!("`--input`: `{pattern}` means too many files")).hint(hint));
    }
    if found.paths.is_empty() {
        return Err(Error::usage(format!("`--input`: nothing is there that `{pattern}` means"))
            .hint("a pattern is looked up from the working directory, before the command runs"));
    }
    Ok(found.paths)
}

/// Returns what was typed if it is a pattern that the shell left as it is.
fn pattern(typed: &OsStr) -> Option<String> {
    let text = args::from_home(typed.to_str()?).into_owned();
    glob::is_pattern(&text).then_some(text)
}
