//! What a monitoring system asks for: `/metrics`.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mltrace_core::desk::{Watch, Watched};

use crate::api::Operation;
use crate::app::App;
use crate::exposition::Exposition;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::safety::METRICS;
use crate::turns::Demand;

/// What was found the last time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watching {
    /// Anyone who asks at the same time waits here, not in one of the turns that others need.
    alone: Arc<tokio::sync::Mutex<()>>,
    watch: Arc<Mutex<Watch>>,
}

pub(crate) fn routes(routes: Routes) -> Routes {
    const TYPES: &[&str] = &[Exposition::Text.content_type(), Exposition::OpenMetrics.content_type()];
    let summary = "How the pipeline does, for Prometheus: as OpenMetrics where `Accept` asks for that first";
    routes.operation(Operation::text(METRICS, summary, TYPES)).route(Method::GET, METRICS, get(told))
}

async fn told(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let accept: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Exposition::accepted(&accept.join(","));
    let watching = app.watching.clone();
    let _alone = watching.alone.lock().await;
    match app.question(Demand::Short, move |app| watched(app, format)).await {
        Ok(told) => {
            let kind = HeaderValue::from_static(format.content_type());
            ([(header::CONTENT_TYPE, kind)], told).into_response()
        }
        Err(failure) => failure.into_json(),
    }
}

fn watched(app: &App, format: Exposition) -> Result<String, Failure> {
    let mut watch = app.watching.watch.lock().unwrap_or_else(|broken| {
        // What a bug left half-way is found anew.
        app.watching.watch.clear_poison();
        let mut watch = PoisonError::into_inner(broken);
        *watch = Watch::default();
        watch
    });
    let told: Watched = app.watch(&mut watch)?;
    drop(watch);
    format.write_with(told, Some(app.spans.report())).map_err(|_| Failure::bug())
}
