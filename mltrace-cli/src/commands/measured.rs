//! What `log` and `run` are given as measured and checked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mltrace_core::record::OpenRun;

use super::metrics_file;
use super::typed::{understood, utf8};
use crate::args::{self, Checked};
use crate::error::Error;
use crate::output::Output;

/// What was measured and checked, as it was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Measured {
    /// A number that was measured, `NaN` and `inf` too; `NAME=NUMBER@ARTIFACT` is one of an artifact, such as an importance
    #[arg(long = "metric", value_name = "NAME=NUMBER")]
    metrics: Vec<OsString>,
    /// A JSON file of numbers that were measured, read when the run has ended; `{"test": {"rmse": 1}}` is `test.rmse`
    #[arg(long = "metrics-from", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Something that was checked, and whether it `passed`, `failed` or `errored`; `NAME=failed,warn` only warns,
    /// `NAME=failed@ARTIFACT` is a check of an artifact, and a message follows a colon: `NAME=failed:7 rows`
    #[arg(long = "check", value_name = "NAME=OUTCOME")]
    checks: Vec<OsString>,
}

/// What was measured and checked.
#[derive(Debug, Default)]
pub(super) struct Facts {
    metrics: Vec<args::Measured>,
    checks: Vec<Checked>,
    /// What was left out of a file, in words.
    left_out: Option<String>,
}

impl Measured {
    /// Returns each thing that was typed, without what stands in files, or why it makes no sense.
    pub(super) fn typed(&self) -> Vec<Result<Facts, Error>> {
        let metric = |typed: &OsString| {
            let metric = understood("--metric", typed, |metric| args::metric(utf8(metric)?))?;
            Ok(Facts { metrics: vec![metric], ..Facts::default() })
        };
        let check = |typed: &OsString| {
            let check = understood("--check", typed, |check| args::check(utf8(check)?))?;
            Ok(Facts { checks: vec![check], ..Facts::default() })
        };
        self.metrics.iter().map(metric).chain(self.checks.iter().map(check)).collect()
    }

    /// Returns how the files that were named stand now: what is there before a command runs is not what it measured.
    pub(super) fn standing(&self) -> Vec<Option<(u64, SystemTime)>> {
        self.files.iter().map(|path| standing(path)).collect()
    }

    /// Returns what stands in the files that were named; of one that cannot be understood, or that stands as it stood
    /// `before`, why.
    pub(super) fn of_files(&self, before: &[Option<(u64, SystemTime)>]) -> Vec<Result<Facts, Error>> {
        let read = |(number, path): (usize, &PathBuf)| {
            let is_old = standing(path).is_some_and(|now| before.get(number) == Some(&Some(now)));
            let numbers = match is_old {
                true => Err("was there before and was not written by the command".to_owned()),
                false => metrics_file::read(path),
            };
            let path = path.display();
            let numbers = numbers.map_err(|reason| {
                let hint = match path.to_string().ends_with("yaml") || path.to_string().ends_with("yml") {
                    true => "only JSON is read; `dvc metrics show --json` writes what is in such a file as JSON",
                    false => "it is to be a JSON object of numbers, such as {\"rmse\": 0.64}",
                };
                Error::usage(format!("`--metrics-from`: `{path}` {reason}")).hint(hint)
            })?;
            let left_out = numbers.says().map(|said| format!("of `{path}` was left out: {said}"));
            let metrics =
                numbers.found.into_iter().map(|(name, value)| args::Measured { name, value, about: None }).collect();
            Ok(Facts { metrics, left_out, ..Facts::default() })
        };
        self.files.iter().enumerate().map(read).collect()
    }
}

fn standing(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = path.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

impl Facts {
    /// Records them, and warns of what was left out.
    pub(super) fn record(self, run: &OpenRun, output: &Output) {
        self.left_out.iter().for_each(|said| output.warn(said));
        for args::Measured { name, value, about } in self.metrics {
            run.metric_about(&name, value, None, about.as_ref().map(|given| &given.named));
        }
        for Checked { name, outcome, severity, about, message } in self.checks {
            run.check_about(&name, outcome, severity, message, about.as_ref().map(|given| &given.named));
        }
    }
}
