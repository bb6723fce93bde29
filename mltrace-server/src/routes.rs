//! The table of routes: what the router, the OpenAPI document and the tests of access are all made from.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, RawFormRejection};
use axum::extract::{DefaultBodyLimit, RawForm, RawPathParams, RawQuery, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use maud::Markup;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

use crate::api::{self, Operation};
use crate::app::App;
use crate::failure::{ALL, Failure, mark_for_retry};
#[cfg(feature = "grpc")]
use crate::grpc;
use crate::pieces::{self, Pieces};
use crate::safety::Asker;
use crate::turns::Demand;
use crate::{asked, assets, live, marquez, metrics, pages, safety};

/// A form or a question is never longer.
pub(crate) const BODY_LIMIT: usize = 256 << 10;
/// How long a request may take in all.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How long after its beginning a request that has recorded something may look for an answer to it.
const ANSWER_TIME: Duration = Duration::from_secs(25);

/// How long somebody who has not shown the token yet may take to send it.
const LOGIN_TIME: Duration = Duration::from_secs(2);

/// What a request may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: &'static str,
}

/// The table while it is filled.
#[derive(Default)]
pub(crate) struct Routes {
    router: Router<Arc<App>>,
    table: Vec<Route>,
    operations: Vec<Operation>,
}

/// A verb in steps. Only what records takes a turn of what records: the others are questions.
pub(crate) struct Steps<B, F, R, A> {
    /// Finds what the verb is about.
    pub(crate) find: fn(&App, &B) -> Result<F, Failure>,
    /// Records what is said of that.
    pub(crate) record: fn(&App, &B, F) -> Result<R, Failure>,
    /// Finds the answer.
    pub(crate) answer: fn(&App) -> Result<A, Failure>,
    /// Makes an answer of what was recorded when there is no other: that stays recorded, so the request has not failed.
    pub(crate) without: fn(R, &Failure) -> A,
}

impl<B, F, R, A> Clone for Steps<B, F, R, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B, F, R, A> Copy for Steps<B, F, R, A> {}

impl<B, F, R, A> Steps<B, F, R, A>
where
    B: Send + Sync + 'static,
    F: Send + 'static,
    R: Send + 'static,
    A: Send + 'static,
{
    /// Takes the steps; returns the answer, and whether the store did not take yet what was recorded.
    async fn take(self, app: Arc<App>, told: B, begun: Begun) -> Result<(A, bool), Failure> {
        let Self { find, record, answer, without } = self;
        let told = Arc::new(told);
        let asked = Arc::clone(&told);
        let found = Arc::clone(&app).question(Demand::Short, move |app| find(app, &asked)).await?;
        let verb = move |app: &App| record(app, &told, found).map(|said| (said, app.is_behind()));
        let (said, is_behind) = Arc::clone(&app).work(verb).await?;
        let answered = tokio::time::timeout_at(begun.0 + ANSWER_TIME, app.question(Demand::Long, answer)).await;
        let answer = answered.unwrap_or_else(|_| Err(Failure::late()));
        Ok((answer.unwrap_or_else(|failure| without(said, &failure)), is_behind))
    }
}

/// When a request began.
#[derive(Clone, Copy)]
pub(crate) struct Begun(Instant);

impl Routes {
    /// Adds a question of the API: parameters in the address, an answer in JSON.
    pub(crate) fn ask<Q, A>(
        self,
        demand: Demand,
        path: &'static str,
        summary: &'static str,
        question: fn(&App, &Q) -> Result<A, Failure>,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + Sync + 'static,
        A: Serialize + JsonSchema + Send + 'static,
    {
        let handler = move |State(app): State<Arc<App>>, RawQuery(text): RawQuery| async move {
            let asked = asked::pairs(text.unwrap_or_default().as_bytes());
            let answer = answered(app, demand, asked, question).await?;
            Ok::<_, Failure>(api::json(StatusCode::OK, &answer))
        };
        self.operation(Operation::get::<Q, A>(path, summary)).route(Method::GET, path, get(handler))
    }

    /// Adds a question of the API that says too much for an address: one JSON object in, an answer in JSON out.
    pub(crate) fn weigh<B, A>(
        self,
        demand: Demand,
        path: &'static str,
        summary: &'static str,
        question: fn(&App, &B) -> Result<A, Failure>,
    ) -> Self
    where
        B: DeserializeOwned + JsonSchema + Send + Sync + 'static,
        A: Serialize + JsonSchema + Send + 'static,
    {
        let handler = move |State(app): State<Arc<App>>, headers: HeaderMap, body: Result<Bytes, BytesRejection>| {
            let asked = api::body(&headers, body, &["application/json"]).and_then(|bytes| asked::json(&bytes));
            async move {
                let answer = answered(app, demand, asked, question).await?;
                Ok::<_, Failure>(api::json(StatusCode::OK, &answer))
            }
        };
        self.operation(Operation::post::<B, A>(path, summary)).route(Method::POST, path, post(handler))
    }

    /// Adds a question of the API whose answer `A` may be long: it is written while it is found.
    pub(crate) fn write<Q, A>(
        self,
        path: &'static str,
        summary: &'static str,
        question: fn(&App, &Q, &mut Pieces) -> Result<(), Failure>,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        A: JsonSchema + 'static,
    {
        let handler = move |State(app): State<Arc<App>>, RawQuery(text): RawQuery| async move {
            let asked: Q = asked::pairs(text.unwrap_or_default().as_bytes())?;
            pieces::answer(app, move |app, pieces| question(app, &asked, pieces)).await
        };
        self.operation(Operation::get::<Q, A>(path, summary)).route(Method::GET, path, get(handler))
    }

    /// Adds a question as another tool puts it: in the path and behind it, with an answer in JSON.
    pub(crate) fn mirror(
        self,
        demand: Demand,
        path: &'static str,
        question: fn(&App, &marquez::Asked) -> Result<Value, Failure>,
    ) -> Self {
        let handler = move |State(app): State<Arc<App>>, parts: RawPathParams, RawQuery(text): RawQuery| async move {
            let parts = parts.iter().map(|(_, part)| part.to_owned()).collect();
            let query = asked::pairs(text.unwrap_or_default().as_bytes());
            let answer = answered(app, demand, query.map(|query| marquez::Asked { parts, query }), question).await?;
            Ok::<_, Failure>(api::json(StatusCode::OK, &answer))
        };
        self.route(Method::GET, path, get(handler))
    }

    /// Adds a verb of the API: one JSON object in, an answer in JSON out.
    pub(crate) fn tell<B, A>(
        self,
        path: &'static str,
        summary: &'static str,
        verb: fn(&App, &B) -> Result<A, Failure>,
    ) -> Self
    where
        B: DeserializeOwned + JsonSchema + Send + 'static,
        A: Serialize + JsonSchema + Send + 'static,
    {
        let handler = move |State(app): State<Arc<App>>, headers: HeaderMap, body: Result<Bytes, BytesRejection>| {
            let told = api::body(&headers, body, &["application/json"]).and_then(|bytes| asked::json(&bytes));
            async move {
                let told = told?;
                let verb = move |app: &App| verb(app, &told).map(|answer| (answer, app.is_behind()));
                Ok::<_, Failure>(recorded(app.work(verb).await?))
            }
        };
        self.operation(Operation::post::<B, A>(path, summary)).route(Method::POST, path, post(handler))
    }

    /// Adds a verb of the API in steps: what it is about has to be looked for, and its answer too, either of which may take
    /// long.
    pub(crate) fn tell_of<B, F, R, A>(self, path: &'static str, summary: &'static str, steps: Steps<B, F, R, A>) -> Self
    where
        B: DeserializeOwned + JsonSchema + Send + Sync + 'static,
        F: Send + 'static,
        R: Send + 'static,
        A: Serialize + JsonSchema + Send + 'static,
    {
        let handler = move |State(app): State<Arc<App>>,
                            Extension(begun): Extension<Begun>,
                            headers: HeaderMap,
                            body: Result<Bytes, BytesRejection>| {
            let told = api::body(&headers, body, &["application/json"]).and_then(|bytes| asked::json::<B>(&bytes));
            async move { Ok::<_, Failure>(recorded(steps.take(app, told?, begun).await?)) }
        };
        self.operation(Operation::post::<B, A>(path, summary)).route(Method::POST, path, post(handler))
    }

    /// Adds a page.
    pub(crate) fn page<Q>(
        self,
        demand: Demand,
        path: &'static str,
        page: fn(&App, &Q) -> Result<Markup, Failure>,
    ) -> Self
    where
        Q: DeserializeOwned + Send + Sync + 'static,
    {
        let handler = move |State(app): State<Arc<App>>, RawQuery(text): RawQuery| async move {
            let asked = asked::fields(text.unwrap_or_default().as_bytes());
            answered(app, demand, asked, page).await.map_or_else(pages::failed, pages::shown)
        };
        self.route(Method::GET, path, get(handler))
    }

    /// Adds an address that leads to a page.
    pub(crate) fn lead<Q>(self, path: &'static str, find: fn(&Q) -> String) -> Self
    where
        Q: DeserializeOwned + Send + 'static,
    {
        let handler = move |RawQuery(text): RawQuery| async move {
            match asked::fields(text.unwrap_or_default().as_bytes()) {
                Ok(asked) => Redirect::to(&find(&asked)).into_response(),
                Err(wrong) => pages::failed(wrong),
            }
        };
        self.route(Method::GET, path, get(handler))
    }

    /// Adds a form: what it does returns where the browser goes next.
    pub(crate) fn form<F>(self, path: &'static str, verb: fn(&App, &F) -> Result<String, Failure>) -> Self
    where
        F: DeserializeOwned + Send + 'static,
    {
        let handler = move |State(app): State<Arc<App>>, told: Result<RawForm, RawFormRejection>| async move {
            let done = worked(app, asked::form(told), verb).await;
            done.map_or_else(pages::failed, |next| Redirect::to(&next).into_response())
        };
        self.route(Method::POST, path, post(handler))
    }

    /// Adds a form that is answered by a page.
    pub(crate) fn answer<F>(self, path: &'static str, page: fn(&App, &F) -> Result<Markup, Failure>) -> Self
    where
        F: DeserializeOwned + Send + 'static,
    {
        let handler = move |State(app): State<Arc<App>>, told: Result<RawForm, RawFormRejection>| async move {
            worked(app, asked::form(told), page).await.map_or_else(pages::failed, pages::shown)
        };
        self.route(Method::POST, path, post(handler))
    }

    /// Adds what fits no other form.
    pub(crate) fn route(mut self, method: Method, path: &'static str, handler: MethodRouter<Arc<App>>) -> Self {
        self.router = self.router.route(path, handler);
        self.table.push(Route { method, path });
        self
    }

    /// Adds what the API's document says of a route.
    pub(crate) fn operation(mut self, operation: Operation) -> Self {
        self.operations.push(operation);
        self
    }
}

/// Returns the answer of a verb: what is recorded may be safe in the journal, while the store, from which the answer came, is
/// away.
fn recorded<A: Serialize>((answer, is_behind): (A, bool)) -> Response {
    api::json(if is_behind { StatusCode::ACCEPTED } else { StatusCode::OK }, &answer)
}

/// Returns what comes of a question that was understood.
async fn answered<Q, A>(
    app: Arc<App>,
    demand: Demand,
    asked: Result<Q, Failure>,
    question: fn(&App, &Q) -> Result<A, Failure>,
) -> Result<A, Failure>
where
    Q: Send + Sync + 'static,
    A: Send + 'static,
{
    let asked = asked?;
    app.question(demand, move |app| question(app, &asked)).await
}

/// Returns what comes of a verb that was understood.
async fn worked<T, A>(
    app: Arc<App>,
    told: Result<T, Failure>,
    work: fn(&App, &T) -> Result<A, Failure>,
) -> Result<A, Failure>
where
    T: Send + 'static,
    A: Send + 'static,
{
    let told = told?;
    app.work(move |app| work(app, &told)).await
}

/// Returns all that is served for `app`, and the table of it.
pub fn service(app: Arc<App>) -> (Router, Vec<Route>) {
    let routes = [api::routes, metrics::routes, marquez::routes, pages::routes, live::routes, assets::routes];
    let routes = routes.into_iter().fold(Routes::default(), |routes, add| add(routes));
    #[cfg(feature = "grpc")]
    let routes = grpc::routes(routes);
    let Routes { router, table, .. } = api::document_routes(routes);
    let router = router
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), safety::check))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| pages::failed(Failure::bug())))
        .layer(middleware::from_fn(dress))
        .with_state(app);
    (router, table)
}

impl Routes {
    /// Returns what was added to the API so far.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

/// Gives every response its headers, no matter who made it.
async fn dress(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let status = response.status();
    if !response.headers().contains_key(header::RETRY_AFTER) {
        mark_for_retry(status, &mut response);
    }
    safety::add_headers(response.headers_mut());
    response
}

/// Ends what takes too long.
async fn in_time(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Begun(Instant::now()));
    let asker = Asker::of(&request);
    let limit = if request.uri().path() == safety::LOGIN { LOGIN_TIME } else { TIME_LIMIT };
    let answered = tokio::time::timeout(limit, next.run(request)).await;
    answered.unwrap_or_else(|_| refuse(asker, Failure::late()))
}

async fn nothing_here(request: Request) -> Response {
    let asker = Asker::of(&request);
    // To a client of gRPC what is not found is a thing, and not a method.
    let status = if asker == Asker::Grpc { StatusCode::NOT_IMPLEMENTED } else { StatusCode::NOT_FOUND };
    refuse(asker, Failure::new(status, format!("there is nothing at `{}`", request.uri().path())).hint(ALL))
}

async fn wrong_method(request: Request) -> Response {
    let message = format!("`{}` cannot be asked of `{}`", request.method(), request.uri().path());
    refuse(Asker::of(&request), Failure::new(StatusCode::METHOD_NOT_ALLOWED, message).hint(ALL))
}

/// Says no to a program in its words, to a person with a page.
fn refuse(asker: Asker, failure: Failure) -> Response {
    match asker {
        Asker::Grpc => failure.into_grpc(),
        Asker::Program => failure.into_json(),
        Asker::Person => pages::failed(failure),
    }
}
