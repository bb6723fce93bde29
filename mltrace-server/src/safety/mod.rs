//! Who may ask: the checks that every request passes, and the headers that every response carries.

mod host;

mod token;

mod origin;

mod programs;

mod peer;

mod queue;

mod attempts;

mod streams;

mod length;

mod headers;

mod guard;

pub use guard::{Guard, MissingToken};
pub use host::{AllowedHost, WrongHost};
pub use token::{Token, WrongToken};

pub(crate) use attempts::Attempt;
pub(crate) use guard::{LOGIN, SESSION, check, cookies, retry_after, session_cookie};
pub(crate) use headers::add as add_headers;
pub(crate) use peer::{Connection, Leave, Peer, Scarce, connection, peer};
pub(crate) use programs::{Asker, METRICS, is_grpc};
pub(crate) use queue::Queue;
#[cfg(feature = "grpc")]
pub(crate) use streams::StreamPlace;
pub(crate) use streams::Streams;
