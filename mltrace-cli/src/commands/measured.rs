//! What `log` and `run` are given as measured and checked.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mltrace_core::config;
use mltrace_core::model::{Number, Outcome, Severity};
use mltrace_core::record::OpenRun;
use serde_json::value::RawValue;

use super::typed::{understood, utf8};
use crate::args;
use crate::error::Error;

/// The longest file of metrics, and the most metrics of one.
const LONGEST_FILE: u64 = 16 << 20;
const MOST: usize = 10_000;
/// The deepest object of one.
const DEEPEST: usize = 32;

/// What was measured and checked, as it was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Measured {
    /// A number that was measured; `NaN` and `inf` are kept too
    #[arg(long = "metric", value_name = "NAME=NUMBER")]
    metrics: Vec<OsString>,
    /// A JSON file of numbers that were measured, read when the run has ended; `{"test": {"rmse": 1}}` is `test.rmse`
    #[arg(long = "metrics-from", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Something that was checked, and whether it `passed`, `failed` or `errored`
    #[arg(long = "check", value_name = "NAME=OUTCOME")]
    checks: Vec<OsString>,
}

/// What was measured and checked.
#[derive(Debug, Default)]
pub(super) struct Facts {
    metrics: Vec<(String, Number)>,
    checks: Vec<(String, Outcome)>,
}

impl Measured {
    /// Returns each thing that was typed, without what stands in files, or why it makes no sense.
    pub(super) fn typed(&self) -> Vec<Result<Facts, Error>> {
        let metric = |typed: &OsString| {
            let metric = understood("--metric", typed, |metric| args::metric(utf8(metric)?))?;
            Ok(Facts { metrics: vec![metric], checks: Vec::new() })
        };
        let check = |typed: &OsString| {
            let check = understood("--check", typed, |check| args::check(utf8(check)?))?;
            Ok(Facts { metrics: Vec::new(), checks: vec![check] })
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
            match if is_old {
                Err("was there before and was not written by the command".to_owned())
            } else {
                read(path)
            } {
                Ok(metrics) => Ok(Facts { metrics, checks: Vec::new() }),
                Err(reason) => Err(Error::usage(format!("`--metrics-from`: `{}` {reason}", path.display()))
                    .hint("it is to be a JSON object of numbers, such as {\"rmse\": 0.64}")),
            }
        };
        self.files.iter().enumerate().map(read).collect()
    }
}

fn standing(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = path.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

impl Facts {
    /// Records them.
    pub(super) fn record(self, run: &OpenRun) {
        self.metrics.into_iter().for_each(|(name, value)| run.metric(&name, value, None));
        self.checks.into_iter().for_each(|(name, outcome)| run.check(&name, outcome, Severity::default(), None));
    }
}

/// Returns the numbers in a file, by name.
fn read(path: &Path) -> Result<Vec<(String, Number)>, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    // A pipe or a device might keep anyone who opens it waiting.
    if !path.metadata().map_err(cannot)?.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut text = String::new();
    config::open_named(path).map_err(cannot)?.take(LONGEST_FILE + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(format!("is longer than {} MiB", LONGEST_FILE >> 20));
    }
    let json: &RawValue = serde_json::from_str(&text).map_err(|error| format!("is not JSON: {error}"))?;
    let mut found = Vec::new();
    gather(None, json, DEEPEST, &mut found)?;
    Ok(found)
}

/// Gathers the numbers of an object and of those in it; what is no number is left out.
fn gather(
    name: Option<&str>,
    json: &RawValue,
    deepest: usize,
    found: &mut Vec<(String, Number)>,
) -> Result<(), String> {
    let Some(below) = deepest.checked_sub(1) else { return Err("is nested too deeply".to_owned()) };
    if found.len() >= MOST {
        return Err(format!("holds more than {MOST} numbers"));
    }
    if json.get().starts_with('{') {
        let fields: BTreeMap<String, &RawValue> =
            serde_json::from_str(json.get()).map_err(|error| format!("is not JSON: {error}"))?;
        for (field, value) in fields {
            let inner = name.map_or_else(|| field.clone(), |name| format!("{name}.{field}"));
            gather(Some(&inner), value, below, found)?;
        }
        return Ok(());
    }
    let Some(name) = name else { return Err("is not an object".to_owned()) };
    if let Some(number) = Number::of_json(json) {
        found.push((args::name(name)?, number));
    }
    Ok(())
}
