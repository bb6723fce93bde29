//! Our own service: runs are recorded in a stream, and the questions of the API answered in promised JSON.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::post;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::server::{Grpc, ServerStreamingService, StreamingService};
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

use super::Call;
use super::message::{Answer, News, RecordReply, RecordRequest, Refused, ReviewRequest, TraceRequest, WatchRequest};
use crate::app::{App, Kept};
use crate::failure::Failure;
use crate::routes::{BODY_LIMIT, Routes};
use crate::safety::StreamPlace;
use crate::turns::Demand;
use crate::{api, asked, live, safety};

const RECORD: &str = "/mltrace.v1.Lineage/Record";
const TRACE: &str = "/mltrace.v1.Lineage/Trace";
const REVIEW: &str = "/mltrace.v1.Lineage/Review";
const WATCH: &str = "/mltrace.v1.Lineage/Watch";

/// How many replies wait for a client that does not take them: it is not read on meanwhile.
const WAITING: usize = 1;

type Replies<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = routes.route(Method::POST, RECORD, post(record)).route(Method::POST, WATCH, post(watch));
    routes.route(Method::POST, TRACE, post(trace)).route(Method::POST, REVIEW, post(review))
}

async fn trace(State(app): State<Arc<App>>, request: Request) -> Response {
    unary(request, |TraceRequest { artifact, depth, as_of }: TraceRequest| {
        let depth = depth.map(|depth| depth.to_string()).unwrap_or_default();
        ask(Arc::clone(&app), [("artifact", artifact), ("depth", depth), ("as_of", as_of)], api::trace)
    })
    .await
}

async fn review(State(app): State<Arc<App>>, request: Request) -> Response {
    unary(request, |ReviewRequest { limit }: ReviewRequest| {
        let limit = limit.map(|limit| limit.to_string()).unwrap_or_default();
        ask(Arc::clone(&app), [("limit", limit)], api::review)
    })
    .await
}

/// Answers a call with one message by another.
async fn unary<M, F, D>(request: Request, answer: F) -> Response
where
    M: prost::Message + Default + 'static,
    F: FnMut(M) -> D,
    D: Future<Output = Result<Answer, Failure>> + Send + 'static,
{
    if let Err(failure) = super::check(&request) {
        return failure.into_json();
    }
    let mut grpc = Grpc::new(ProstCodec::<Answer, M>::default()).max_decoding_message_size(BODY_LIMIT);
    super::response(grpc.unary(Call(answer), request).await)
}

/// Answers a question as the API does that has these fields in the address.
async fn ask<const N: usize, Q, A>(
    app: Arc<App>,
    fields: [(&'static str, String); N],
    question: fn(&App, &Q) -> Result<A, Failure>,
) -> Result<Answer, Failure>
where
    Q: DeserializeOwned + Send + Sync + 'static,
    A: Serialize + Send + 'static,
{
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let asked: Q = asked::pairs(fields.as_bytes())?;
    let answer = move |app: &App| {
        let answer = question(app, &asked)?;
        serde_json::to_string(&answer).map_err(|_| Failure::bug())
    };
    Ok(Answer { json: app.question(Demand::Long, answer).await? })
}

async fn record(State(app): State<Arc<App>>, request: Request) -> Response {
    if let Err(failure) = super::check(&request) {
        return failure.into_json();
    }
    let codec = ProstCodec::<RecordReply, RecordRequest>::default();
    let mut grpc = Grpc::new(codec).max_decoding_message_size(BODY_LIMIT);
    super::response(grpc.streaming(Recording(app), request).await)
}

/// Records the lines of a stream.
struct Recording(Arc<App>);

impl StreamingService<RecordRequest> for Recording {
    type Response = RecordReply;
    type ResponseStream = ReceiverStream<Result<RecordReply, Status>>;
    type Future = std::future::Ready<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<RecordRequest>>) -> Self::Future {
        let (replies, taken) = mpsc::channel(WAITING);
        let (app, lines) = (Arc::clone(&self.0), request.into_inner());
        tokio::spawn(async move {
            if let Err(status) = record_all(app, lines, &replies).await {
                let _ = replies.send(Err(status)).await;
            }
        });
        std::future::ready(Ok(tonic::Response::new(ReceiverStream::new(taken))))
    }
}

/// Records lines, as many at once as are there, and acknowledges them, until there are no more.
async fn record_all(
    app: Arc<App>,
    mut lines: Streaming<RecordRequest>,
    replies: &mpsc::Sender<Result<RecordReply, Status>>,
) -> Result<(), Status> {
    let mut through = 0_u64;
    while let Some(first) = lines.message().await? {
        let (mut text, mut count) = (line(&first), 1_u64);
        let mut rest = Ok(());
        while text.len() < BODY_LIMIT {
            let next = tokio::select! {
                biased;
                next = lines.next() => next,
                () = std::future::ready(()) => None,
            };
            match next {
                Some(Ok(next)) => text.push_str(&line(&next)),
                Some(Err(status)) => {
                    rest = Err(status);
                    break;
                }
                None => break,
            }
            count = count.saturating_add(1);
        }
        let import = move |app: &App| app.import(text.as_bytes(), Demand::Verb);
        let kept = Arc::clone(&app).work_as(Demand::Verb, import).await.map_err(|failure| super::status(&failure))?;
        let (report, is_journaled) = match kept {
            Kept::Stored(report) => (report, false),
            Kept::Journaled(report) => (report, true),
        };
        let number = |line: u64| through.saturating_add(line);
        let refused = report.errors.into_iter().map(|(line, message)| Refused { number: number(line), message });
        let refused = refused.collect();
        through = through.saturating_add(count);
        if replies.send(Ok(RecordReply { through, refused, is_journaled })).await.is_err() {
            // Nobody is there any more.
            return Ok(());
        }
        rest?;
    }
    Ok(())
}

/// Returns the text of a line: JSON needs no line ends, and here they end a line.
fn line(request: &RecordRequest) -> String {
    request.line.replace(['\n', '\r'], " ") + "\n"
}

async fn watch(State(app): State<Arc<App>>, request: Request) -> Response {
    if let Err(failure) = super::check(&request) {
        return failure.into_json();
    }
    let Some(place) = app.guard.streams.take(safety::peer(&request)) else {
        return Failure::new(StatusCode::TOO_MANY_REQUESTS, "too many listen for news").into_grpc();
    };
    if let Some(connection) = safety::connection(&request) {
        connection.listens();
    }
    let mut grpc = Grpc::new(ProstCodec::<News, WatchRequest>::default()).max_decoding_message_size(BODY_LIMIT);
    super::response(grpc.server_streaming(Watching { app, place: Some(place) }, request).await)
}

/// Reports news for as long as somebody listens.
struct Watching {
    app: Arc<App>,
    place: Option<StreamPlace>,
}

impl ServerStreamingService<WatchRequest> for Watching {
    type Response = News;
    type ResponseStream = Replies<News>;
    type Future = std::future::Ready<Result<tonic::Response<Replies<News>>, Status>>;

    fn call(&mut self, _: tonic::Request<WatchRequest>) -> Self::Future {
        let news = live::news(&self.app, self.place.take());
        let news = news.filter_map(|news| Some(Ok(News { count: news? })));
        std::future::ready(Ok(tonic::Response::new(Box::pin(news))))
    }
}
