//! News by server-sent events: a page that is open learns that runs began or ended.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::time::Instant;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt as _};

use crate::api;
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::safety;
use crate::turns::Demand;

/// How often journals are folded and the newest runs looked at.
const PACE: Duration = Duration::from_secs(1);
/// How often an idle stream says that it is still there: a client that has gone is noticed then.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How long a stream lasts: a page that is still looked at begins another, and what was forgotten ends.
const LIFE: Duration = Duration::from_secs(600);
/// After how long a client that found no place may come back.
const LATER: Duration = Duration::from_secs(30);

pub(crate) fn routes(routes: Routes) -> Routes {
    routes.route(Method::GET, "/live", get(stream))
}

async fn stream(State(app): State<Arc<App>>, request: Request) -> Response {
    let Some(place) = app.guard.streams.take(safety::peer(&request)) else {
        let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "too many pages listen for news");
        let mut response = failure.hint("close some, or look again in a moment").into_response();
        safety::retry_after(LATER, &mut response);
        return response;
    };
    // It has a place of its own; the connection ends with it, and so never asks for the other again.
    if let Some(connection) = safety::connection(&request) {
        connection.listens();
    }
    let events = news(&app, place).map(|news| match news {
        Some(count) => format!("event: runs\ndata: {count}\n\n"),
        None => ": still here\n\n".to_owned(),
    });
    let body = Body::from_stream(events.map(Ok::<_, Infallible>));
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CONNECTION, HeaderValue::from_static("close")),
    ];
    (head, body).into_response()
}

/// Returns what is new for as long as a stream lasts, by a number that changes; `None` says that it still goes on. The first comes
/// at once: what happened between the page and its stream is not missed.
pub(crate) fn news<P: Send + 'static>(app: &App, place: P) -> impl Stream<Item = Option<u64>> + Send + use<P> {
    let end = Instant::now() + LIFE;
    let news = WatchStream::new(app.news.subscribe()).timeout_repeating(tokio::time::interval(HEARTBEAT));
    news.map_while(move |news| {
        let _place = &place;
        match news {
            _ if Instant::now() >= end => None,
            // The server stops: an open stream would keep it.
            Ok(None) => None,
            Ok(count) => Some(count),
            Err(_) => Some(None),
        }
    })
}

/// Folds journals and reports open pages of new runs, until the server stops.
pub(crate) async fn watch(app: Arc<App>) {
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut known = None;
    loop {
        pace.tick().await;
        let is_watched = app.news.receiver_count() > 0;
        let look = app.in_turn(Demand::Verb, move |app| {
            app.fold();
            app.give_back();
            if is_watched { api::newest(app).map(Some) } else { Ok(None) }
        });
        // A store that is away has no news.
        let Ok(newest) = look.await else { continue };
        // Anyone who begins to listen is notified once, because nobody looked before.
        if newest.is_some() && newest != known {
            app.news.send_modify(|news| *news = news.map(|count| count.wrapping_add(1)));
        }
        known = newest;
    }
}
