//! The forms by which people judge: one version, all that a run wrote, or all that the runs of a list wrote. None of them
//! leads away from where it stands.

use std::collections::BTreeMap;

use mltrace_core::model::Verdict;
use mltrace_core::query::Many;
use serde::Deserialize;

use super::link;
use crate::api::{self, blank};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;

/// What the name of a box begins with that stands for a run of a list.
const RUN: &str = "run-";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.form("/flag", one).form("/judge", many).lead("/judge", compare)
}

#[derive(Deserialize)]
struct JudgeForm {
    /// A version, or with `run` all that the run wrote.
    #[serde(default, deserialize_with = "blank")]
    artifact: Option<String>,
    #[serde(default, deserialize_with = "blank")]
    run: Option<String>,
    verdict: Verdict,
    #[serde(default, deserialize_with = "blank")]
    reason: Option<String>,
    #[serde(default)]
    back: String,
}

/// Records the verdict, and leads back.
fn one(app: &App, told: &JudgeForm) -> Result<String, Failure> {
    let many = match (&told.artifact, &told.run) {
        (Some(artifact), None) => Many { artifacts: vec![artifact.clone()], ..Many::default() },
        (None, Some(run)) => Many { runs: vec![run.clone()], ..Many::default() },
        _ => return Err(Failure::usage("name `artifact` or `run`")),
    };
    api::judge(app, &many, told.verdict, told.reason.as_deref())?;
    Ok(link::back(&told.back))
}

/// The runs of a list that are ticked, or all that are shown.
#[derive(Deserialize)]
struct Ticked {
    verdict: Verdict,
    #[serde(default, deserialize_with = "blank")]
    reason: Option<String>,
    #[serde(default)]
    back: String,
    /// Not empty where all that are shown are meant, whichever are ticked.
    #[serde(default)]
    all: String,
    /// The runs that are shown, parted by commas.
    #[serde(default)]
    shown: String,
    #[serde(flatten)]
    boxes: BTreeMap<String, String>,
}

/// Records the verdict of all outputs of the runs that are meant, and leads back.
fn many(app: &App, told: &Ticked) -> Result<String, Failure> {
    let runs: Vec<String> = if told.all.is_empty() {
        told.boxes.keys().filter_map(|name| name.strip_prefix(RUN)).map(str::to_owned).collect()
    } else {
        told.shown.split(',').filter(|run| !run.is_empty()).map(str::to_owned).collect()
    };
    if runs.is_empty() {
        return Err(Failure::usage("no run is ticked").hint("tick the runs that are meant, or “all that are shown”"));
    }
    // Runs that wrote nothing are no mistake among others that did.
    let outputs = app.ask(|reader| {
        let mut outputs = Vec::new();
        for run in &runs {
            match reader.outputs_of_run(run) {
                Err(mltrace_core::query::QueryError::NoMatch { .. }) => {}
                found => outputs.extend(found?),
            }
        }
        Ok(outputs)
    })?;
    if outputs.is_empty() {
        return Err(Failure::usage("these runs wrote nothing that could be judged"));
    }
    let artifacts = outputs.iter().map(|of| link::named(&of.name, Some(&of.version))).collect();
    api::judge(app, &Many { artifacts, ..Many::default() }, told.verdict, told.reason.as_deref())?;
    Ok(link::back(&told.back))
}

/// The runs of a list that are ticked to be compared.
#[derive(Deserialize)]
struct ToCompare {
    #[serde(flatten)]
    boxes: BTreeMap<String, String>,
}

/// Returns where runs that are ticked stand side by side.
fn compare(asked: &ToCompare) -> String {
    let runs: Vec<&str> = asked.boxes.keys().filter_map(|name| name.strip_prefix(RUN)).collect();
    if runs.is_empty() { "/runs".to_owned() } else { link::to("/compare", &[("runs", &runs.join(","))]) }
}
