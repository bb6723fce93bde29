//! News by server-sent events: a page that is open learns that runs began or ended.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::WatchStream;

use crate::api;
use crate::app::App;
use crate::routes::Routes;

/// How often journals are folded and the newest runs looked at.
const PACE: Duration = Duration::from_secs(1);
/// How often an idle stream says that it is still there: a client that has gone is noticed then.
const HEARTBEAT: Duration = Duration::from_secs(20);

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.route(Method::GET, "/live", get(stream))
}

async fn stream(State(app): State<Arc<App>>) -> Response {
    // The first event comes at once: what happened between the page and its stream is not missed.
    let news = WatchStream::new(app.news.subscribe());
    let events = news.timeout_repeating(tokio::time::interval(HEARTBEAT)).map_while(|news| match news {
        Ok(Some(count)) => Some(format!("event: runs\ndata: {count}\n\n")),
        // The server stops: an open stream would keep it.
        Ok(None) => None,
        Err(_) => Some(": still here\n\n".to_owned()),
    });
    let body = Body::from_stream(events.map(Ok::<_, Infallible>));
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))], body).into_response()
}

/// Folds journals and tells open pages of new runs, until the server stops.
pub(crate) async fn watch(app: Arc<App>) {
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut known = None;
    loop {
        pace.tick().await;
        let is_watched = app.news.receiver_count() > 0;
        let look = Arc::clone(&app).work(move |app| {
            app.fold();
            if is_watched { api::newest(app).map(Some) } else { Ok(None) }
        });
        // A store that is away has no news.
        let Ok(newest) = look.await else { continue };
        // Whoever begins to listen is told once, because nobody looked before.
        if newest.is_some() && newest != known {
            app.news.send_modify(|news| *news = news.map(|count| count.wrapping_add(1)));
        }
        known = newest;
    }
}
