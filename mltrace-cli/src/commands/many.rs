//! Which versions a verdict is given on: artifacts, patterns of names, the outputs of runs, names on standard input; and how
//! it is recorded.

use std::io::BufRead as _;

use mltrace_core::model::{Record, Verdict, Version};
use mltrace_core::query::{Judgement, RunCondition};
use mltrace_core::store::{Store, StoreError};

use super::conditions::condition;
use crate::complete;
use crate::error::{Error, Kind};
use crate::session::Session;

/// What stands for the names on standard input.
const INPUT: &str = "-";

/// Which versions are meant.
#[derive(Debug, clap::Args)]
pub(super) struct Many {
    /// The artifacts: paths, URIs or identifiers; patterns with `*`, `**`, `?` or `[a-c]`; `-` for one on each line of the input
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifacts: Vec<String>,
    /// All that this run wrote: its id, a unique start or end of it, or `latest`
    #[arg(long = "run", value_name = "RUN", value_parser = crate::args::name, add = complete::runs())]
    runs: Vec<String>,
    /// All that the runs wrote of which all of this holds, or of what is named only that: `component=clean since=2d`
    ///
    /// A field is `component`, `since`, `until`, `status`, `commit`, `branch`, `host`, `user`, `param.NAME`, `metric.NAME`
    /// or `check.NAME`, as in `param.rows<=900`. `!=` asks for another value, `<`, `<=`, `>` and `>=` compare numbers.
    #[arg(long = "where", value_name = "FIELD=VALUE", num_args = 1.., value_parser = condition)]
    conditions: Vec<RunCondition>,
    /// The same by a metric or a check, which is the reason then: `--from metric:rmse '>1.2'`
    #[arg(long, value_names = ["metric:NAME", "CONDITION"], num_args = 2, action = clap::ArgAction::Append)]
    from: Vec<String>,
}

impl Many {
    /// Returns whether nothing is named.
    pub(super) fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.runs.is_empty() && self.conditions.is_empty() && self.from.is_empty()
    }

    /// Returns what a metric or a check gives as the reason.
    pub(super) fn reason(&self) -> Option<String> {
        let each: Vec<String> = self.from.chunks(2).map(|from| from.join(" ")).collect();
        (!each.is_empty()).then(|| each.join(", "))
    }

    /// Returns all that has to hold of the runs.
    fn conditions(&self) -> Result<Vec<RunCondition>, Error> {
        let mut conditions = self.conditions.clone();
        for from in self.from.chunks(2) {
            let [of, rest] = from else { continue };
            let is_measure = ["metric:", "check:"].iter().any(|kind| of.starts_with(kind));
            let text = of.replacen(':', ".", 1) + &rest.split_whitespace().collect::<String>();
            let parsed = if is_measure { condition(&text) } else { Err(format!("`{of}` is neither metric nor check")) };
            let wrong = |reason| {
                Error::usage(format!("`--from`: {reason}"))
                    .hint("such as `--from metric:rmse '>1.2'` or `--from check:whole =failed`")
            };
            conditions.push(parsed.map_err(wrong)?);
        }
        Ok(conditions)
    }

    /// Returns whether one has to be shown how many versions these are.
    pub(super) fn is_to_count(&self, versions: &[Version]) -> bool {
        let is_plain = self.runs.is_empty()
            && self.conditions.is_empty()
            && self.from.is_empty()
            && !self.artifacts.iter().any(|text| text == INPUT);
        !is_plain || versions.len() > self.artifacts.len()
    }

    /// Returns the versions that are meant, each once; all that is named must stand for one.
    pub(super) fn versions(&self, session: &Session) -> Result<Vec<Version>, Error> {
        let (artifacts, conditions) = (self.artifacts()?, self.conditions()?);
        let mut store = session.open_to_answer()?.ok_or_else(|| StoreError::Missing(session.home.store.clone()))?;
        let mut versions: Vec<Version> = Vec::new();
        let mut errors: Vec<Error> = Vec::new();
        let mut take = |found: Result<Vec<Version>, Error>| {
            match found {
                Ok(found) => versions.extend(found),
                Err(error) if error.kind == Kind::NotFound => errors.push(error),
                Err(error) => return Err(error),
            }
            Ok(())
        };
        for artifact in &artifacts {
            take(session.ask_store(&mut *store, |reader| {
                let meant = reader.on_disk(artifact)?;
                meant.says.iter().for_each(|said| session.output.say(said));
                reader.versions_like(&meant.asked)
            }))?;
        }
        for run in &self.runs {
            take(session.ask_store(&mut *store, |reader| reader.outputs_of_run(run)))?;
        }
        // Where something that is named is unknown, that is the answer.
        if !conditions.is_empty() && errors.is_empty() {
            let is_named = !artifacts.is_empty() || !self.runs.is_empty();
            let named = is_named.then(|| std::mem::take(&mut versions));
            match session.ask_store(&mut *store, |reader| reader.outputs_where(named.as_deref(), &conditions)) {
                Ok(found) => versions = found,
                Err(error) if error.kind == Kind::NotFound => errors.push(error),
                Err(error) => return Err(error),
            }
        }
        let last = errors.pop();
        for error in &errors {
            session.output.error(&Error { hint: None, ..error.clone() });
        }
        match last {
            // The same version twice is one verdict.
            None => {
                let mut seen = std::collections::HashSet::new();
                versions.retain(|version| seen.insert((version.name.clone(), version.version.clone())));
                Ok(versions)
            }
            Some(error) if artifacts.len() + self.runs.len() + conditions.len() == 1 => Err(error),
            Some(error) => {
                let hint = error.hint.clone().unwrap_or_default();
                Err(error.hint(format!("{hint}; no verdict was recorded")))
            }
        }
    }

    /// Returns the artifacts as they are named, those of the input in their place.
    fn artifacts(&self) -> Result<Vec<String>, Error> {
        let mut artifacts = Vec::with_capacity(self.artifacts.len());
        for artifact in &self.artifacts {
            if artifact != INPUT {
                artifacts.push(artifact.clone());
                continue;
            }
            let before = artifacts.len();
            for line in std::io::stdin().lock().lines() {
                let line =
                    line.map_err(|error| Error::new(Kind::Device, format!("the input cannot be read: {error}")))?;
                let line = line.trim();
                if !line.is_empty() {
                    artifacts.push(crate::args::name(line).map_err(Error::usage)?);
                }
            }
            if artifacts.len() == before {
                return Err(Error::usage("the input names no artifact")
                    .hint("write one on each line, such as `NAME` or `NAME@VERSION`"));
            }
        }
        Ok(artifacts)
    }
}

/// Records the verdict on each version and returns the store with it.
pub(super) fn record(
    session: &Session,
    versions: &[Version],
    verdict: Verdict,
    reason: Option<&str>,
) -> Result<Box<dyn Store>, Error> {
    let by = session.user();
    let judgement = Judgement { verdict, reason, by: by.as_deref() };
    let (said, mut store) = session.say(
        |reader| reader.judged_now(versions, judgement),
        |said| said.iter().cloned().map(Record::Label).collect(),
    )?;
    session.ask_store(&mut *store, |reader| reader.count(&said))?;
    Ok(store)
}
