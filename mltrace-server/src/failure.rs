//! Why a request has no answer, in the words and the status that the client gets.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::Markup;
use mltrace_core::config::Home;
use mltrace_core::model::{RunId, cut};
use mltrace_core::query::QueryError;
use mltrace_core::store::StoreError;
use mltrace_core::words;
use schemars::JsonSchema;
use serde::Serialize;

/// After how many seconds a client may ask a store again that was away.
const RETRY_AFTER_S: u32 = 5;

/// How many bytes a message has at most: a name, and what is said of it.
const LONGEST: usize = 10 << 10;

/// Where everything that can be queried and recorded is described.
pub(crate) const ALL: &str = "`/api` shows what can be asked and told";

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) told: Told,
    /// What the candidates are.
    pub(crate) candidates: Candidates,
    /// Whether the question went as far as it may: further in a turn of another kind.
    pub(crate) is_out_of_bounds: bool,
    /// The page that says so, where one can say it better than the usual one.
    pub(crate) page: Option<Box<Markup>>,
}

/// What may have been meant.
#[derive(Debug, Default)]
pub(crate) enum Candidates {
    /// Artifacts.
    #[default]
    Artifacts,
    /// Components.
    Components,
    /// Runs.
    Runs,
    /// Aliases.
    Aliases,
    /// Tasks.
    Tasks,
    /// Versions of this artifact.
    VersionsOf(String),
}

/// What a client learns of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Told {
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// What may have been meant.
    pub(crate) candidates: Vec<String>,
}

/// The answer to a request that has none.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorAnswer {
    /// Why.
    error: Told,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let mut message = message.into();
        // It may repeat what the request says.
        cut(&mut message, LONGEST);
        let told = Told { message, hint: None, candidates: Vec::new() };
        Self { status, told, candidates: Candidates::default(), is_out_of_bounds: false, page: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.told.hint = Some(hint.into());
        self
    }

    /// Says it on this page.
    pub(crate) fn on(mut self, page: impl FnOnce(&Self) -> Markup) -> Self {
        self.page = Some(Box::new(page(&self)));
        self
    }

    /// Returns whether another request may have an answer.
    pub(crate) fn is_of_the_asker(&self) -> bool {
        self.status.is_client_error()
    }

    /// Adds names that may have been meant, where it knows of none.
    pub(crate) fn or_one_of(mut self, names: Vec<String>) -> Self {
        if self.told.candidates.is_empty() {
            self.told.candidates = names;
        }
        self
    }

    /// The request itself makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message).hint(ALL)
    }

    /// Too many requests wait for the store.
    pub(crate) fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests wait for the store").hint("try again in a moment")
    }

    /// Other long bodies have all the room.
    pub(crate) fn no_room() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too many long bodies are sent at once")
            .hint("try again in a moment")
    }

    /// The request took longer than any may.
    pub(crate) fn late() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the request took too long").hint("ask for less, or try again")
    }

    /// The answer needs more of the store at once than a question may hold.
    fn too_much(error: &StoreError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
            .hint("ask for less, or ask `mltrace` on the command line, which holds as much as there is memory for")
    }

    /// Another request reads the disk already.
    pub(crate) fn checking() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "another check is going on").hint("try again in a moment")
    }

    /// The server has a bug; its own log says more.
    pub(crate) fn bug() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "this is a bug of mltrace: the request could not be worked out")
    }

    /// The journal did not take what was to be recorded.
    pub(crate) fn unrecorded(home: &Home) -> Self {
        let message = if home.is_enabled {
            format!("nothing can be written to `{}`", home.folder.display())
        } else {
            words::SWITCHED_OFF.to_owned()
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).hint("run `mltrace doctor` to see what is wrong")
    }

    /// Returns what is wrong, and what to do about it, in one text.
    pub(crate) fn text(&self) -> String {
        let hint = self.told.hint.iter().map(|hint| format!("; {hint}"));
        hint.fold(self.told.message.clone(), |text, hint| text + &hint)
    }

    /// Returns the number that gRPC has for its status.
    pub(crate) fn grpc_code(&self) -> i32 {
        match self.status {
            StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE => 3,
            StatusCode::FORBIDDEN => 7,
            StatusCode::NOT_FOUND => 5,
            StatusCode::CONFLICT => 9,
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => 8,
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => 12,
            StatusCode::UNAUTHORIZED => 16,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => 14,
            _ => 13,
        }
    }

    /// Returns the answer for a client of gRPC, which reads all of it from the head.
    pub(crate) fn into_grpc(self) -> Response {
        let kind = HeaderValue::from_static("application/grpc");
        let mut response = [(header::CONTENT_TYPE, kind)].into_response();
        response.headers_mut().insert("grpc-status", HeaderValue::from(self.grpc_code()));
        let message = in_head(&self.text()).map(|message| (HeaderName::from_static("grpc-message"), message));
        response.headers_mut().extend(message);
        response
    }

    /// Returns the answer for a program.
    pub(crate) fn into_json(self) -> Response {
        let status = self.status;
        let mut response = crate::api::json(status, &ErrorAnswer { error: self.told });
        mark_for_retry(status, &mut response);
        response
    }
}

/// Returns a text as the head of an answer holds it, by the rules of gRPC.
fn in_head(text: &str) -> Option<HeaderValue> {
    let mut written = String::new();
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => written.push(byte.into()),
            byte => written.push_str(&format!("%{byte:02X}")),
        }
    }
    HeaderValue::try_from(written).ok()
}

/// A client that comes back later may be served.
pub(crate) fn mark_for_retry(status: StatusCode, response: &mut Response) {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.into_json()
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        let message = error.to_string();
        match error {
            QueryError::NotFound { kind, .. } => {
                let candidates = match kind {
                    "component" => Candidates::Components,
                    "alias" => Candidates::Aliases,
                    "task" => Candidates::Tasks,
                    _ => Candidates::Artifacts,
                };
                Self { candidates, ..Self::new(StatusCode::NOT_FOUND, message).hint(how_to_find(kind)) }
            }
            QueryError::IsComponent { last, .. } => {
                let last = last.map(|run| format!("; its last run is {run}")).unwrap_or_default();
                Self::new(StatusCode::NOT_FOUND, message).hint(format!("`history COMPONENT` lists its runs{last}"))
            }
            QueryError::StillThere { .. } => Self::new(StatusCode::CONFLICT, message),
            QueryError::NoMatch { .. } => {
                Self::new(StatusCode::NOT_FOUND, message).hint("`recent` lists what the last runs wrote")
            }
            QueryError::NoNumber { known, .. } => {
                Self::new(StatusCode::NOT_FOUND, message).hint(match known.as_slice() {
                    [] => "`recent` lists the last runs".to_owned(),
                    known => {
                        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                        format!("the last runs have {}", known.join(", "))
                    }
                })
            }
            QueryError::NotYet { .. } => {
                Self::new(StatusCode::NOT_FOUND, message).hint("leave out `as_of`, or name a later time")
            }
            QueryError::NoProfile { .. } | QueryError::NoParquet { .. } | QueryError::NoTable { .. } => {
                Self::new(StatusCode::NOT_FOUND, message)
                    .hint("a run tells profiles with `profile = [x]`, `--profile`, or `[profile]` in `mltrace.toml`")
            }
            QueryError::NothingBefore { .. } | QueryError::OnlyFlagged { .. } => {
                Self::new(StatusCode::NOT_FOUND, message).hint("name two versions, the second as `b`")
            }
            QueryError::NoAlias { .. } => Self::usage(message),
            QueryError::NoFormer { .. } | QueryError::PointsNowhere { .. } => {
                Self::new(StatusCode::NOT_FOUND, message).hint("`alias NAME` shows what it pointed to")
            }
            QueryError::Outdone { .. } => Self::new(StatusCode::CONFLICT, message)
                .hint("`review`, `components` and `alias NAME` show what counts"),
            QueryError::TooManyWindows { .. } => {
                Self::usage(message).hint("name a longer `window_s`, or a shorter time with `since` and `until`")
            }
            QueryError::NoTaskMetric { .. } | QueryError::NoTaskOption { .. } => Self::usage(message),
            QueryError::Ambiguous { name, candidates, .. } => {
                let are_runs = candidates.iter().all(|id| id.parse::<RunId>().is_ok());
                let artifact = name.rsplit_once('@').map_or(name.as_str(), |(artifact, _)| artifact);
                let kind = if are_runs { Candidates::Runs } else { Candidates::VersionsOf(artifact.to_owned()) };
                let failure = Self::new(StatusCode::CONFLICT, message).hint("name it with more of its digits");
                Self { candidates: kind, ..failure.or_one_of(candidates) }
            }
            QueryError::Store(error) => error.into(),
        }
    }
}

/// Returns which word, of the command bar as of the API, finds what was meant.
fn how_to_find(kind: &str) -> &'static str {
    match kind {
        "component" => "`components` lists all components",
        "alias" => "`aliases` lists all aliases",
        "task" => "`tasks` lists all tasks",
        "commit" => "`history COMPONENT` shows the commits of its runs",
        "run" => "`recent` lists the last runs",
        "version" => "`versions NAME` lists the versions of an artifact; without `@…` the latest is meant",
        _ => "`recent` lists what the last runs wrote, `search` finds names by a part of them",
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stopped => return Self { is_out_of_bounds: true, ..Self::late() },
            StoreError::TooMuch => return Self { is_out_of_bounds: true, ..Self::too_much(&error) },
            _ => {}
        }
        let message = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
            .hint("run `mltrace doctor` to see what is wrong; what is recorded meanwhile is kept in the journal")
    }
}
