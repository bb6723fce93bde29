//! Whether what lies on this machine's disk is what was recorded: a question that takes work, and so is sent as a change is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::routing::post;
use mltrace_core::query::{Verify, VerifyOptions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use crate::app::App;
use crate::asked;
use crate::failure::Failure;
use crate::routes::Routes;

/// How long a check may take: shorter than a request.
const TIME: Duration = Duration::from_secs(20);

pub(super) fn routes(routes: Routes) -> Routes {
    let path = "/api/v1/verify";
    let summary = "Compare what lies on this machine's disk with what was recorded, within the project's folder";
    routes.operation(Operation::post::<VerifyBody, Checked>(path, summary)).route(Method::POST, path, post(verify))
}

/// What is compared.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct VerifyBody {
    /// `NAME`, the latest version, or `NAME@VERSION`, or a folder; everything when the field is left out.
    #[schemars(length(min = 1))]
    artifacts: Option<Vec<String>>,
}

/// What a check found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Checked {
    /// The artifacts that were compared.
    #[serde(flatten)]
    pub(crate) found: Verify,
    /// Whether there was no time for all of them.
    pub(crate) is_cut: bool,
}

async fn verify(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let bytes = super::body(&headers, body, &["application/json"])?;
    let told: VerifyBody = asked::json(&bytes)?;
    // Who named nothing of a list that turned out empty does not mean everything.
    if told.artifacts.as_ref().is_some_and(Vec::is_empty) {
        return Err(Failure::usage("`artifacts` is empty").hint("leave it out to compare everything"));
    }
    let checked = app.work(move |app| verified(app, &told.artifacts.unwrap_or_default())).await?;
    Ok(super::json(StatusCode::OK, &checked))
}

/// Compares artifacts, or all when none is named, for as long as a request may take.
pub(crate) fn verified(app: &App, artifacts: &[String]) -> Result<Checked, Failure> {
    check(app, artifacts, TIME)
}

fn check(app: &App, artifacts: &[String], time: Duration) -> Result<Checked, Failure> {
    // Two checks would only wait for the same disk.
    let Ok(_alone) = app.checking.try_lock() else { return Err(Failure::checking()) };
    let (begun, cancel) = (Instant::now(), AtomicBool::new(false));
    let look = || cancel.store(begun.elapsed() >= time, Ordering::Relaxed);
    let progress = |_| look();
    let options = VerifyOptions { progress: Some(&progress), cancel: Some(&cancel), is_inside_only: true };
    let artifacts: Vec<&str> = artifacts.iter().map(String::as_str).collect();
    let found = app.ask(|reader| reader.verify(&artifacts, &mut |_| look(), &options))?;
    Ok(Checked { found, is_cut: cancel.load(Ordering::Relaxed) })
}

#[cfg(test)]
mod tests {
    use mltrace_core::config::{Environment, Home};
    use mltrace_core::record::{Hooks, Recorder};

    use super::*;
    use crate::safety::Guard;

    #[test]
    fn a_check_ends_in_time_and_there_is_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".mltrace")).unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        let hooks = Hooks { warn: |_| {}, appended: || {}, here: || unreachable!("no test forks") };
        let recorder = Box::leak(Box::new(Recorder::new(home, &Environment::default(), hooks)));
        let app = App::new(recorder, Guard::new("127.0.0.1:8090".parse().unwrap(), Vec::new(), None).unwrap());
        let version = format!("b3:{}", "0".repeat(64));
        let line = format!(r#"{{"component": "c", "outputs": [{{"name": "a", "version": "{version}"}}, "b", "c"]}}"#);
        assert!(app.import(line.as_bytes(), crate::turns::Demand::Verb).is_ok());

        let checked = check(&app, &[], TIME).unwrap();
        assert_eq!((checked.found.artifacts.len(), checked.is_cut), (3, false));
        let checked = check(&app, &[], Duration::ZERO).unwrap();
        assert_eq!((checked.found.artifacts.len(), checked.is_cut), (1, true), "no further than the first");
        let _other = app.checking.lock().unwrap();
        assert_eq!(check(&app, &[], TIME).unwrap_err().status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
