//! Who receives OpenLineage events: another server, which may be slow, busy, away or of another opinion.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use mltrace_core::redact;
use ureq::Agent;
use ureq::http::StatusCode;

use crate::error::{Error, Kind};
use crate::session::Session;

/// How long a receiver may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// How long one waits before one tries again, at first and at most, and for how long in all unless one goes on for ever.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(60);
/// How many refused events are reported one by one, and how much of what the receiver says of each.
const MOST_REFUSED: u64 = 20;
const LONGEST_REASON: u64 = 1 << 10;

/// A receiver, and what it took.
pub(super) struct Receiver<'s> {
    session: &'s Session,
    agent: Agent,
    address: String,
    key: Option<String>,
    is_patient: bool,
    /// How many events it took.
    pub(super) sent: u64,
    /// How many it refused for good.
    pub(super) refused: u64,
    /// Why nothing more can be sent.
    pub(super) failure: Option<Error>,
}

/// What became of an event.
enum Answer {
    Taken,
    Refused(String),
    Later(String),
    Never(Error),
}

impl<'s> Receiver<'s> {
    /// Returns the receiver at an address such as `http://localhost:5000`. One that is patient tries for ever.
    pub(super) fn of(session: &'s Session, url: &str, is_patient: bool) -> Result<Self, Error> {
        let is_web = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
        if !is_web {
            return Err(Error::usage(format!("`{}` is no address of a receiver", redact::text(url)))
                .hint("name one such as `http://localhost:5000`"));
        }
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(ANSWER));
        let address = format!("{}/api/v1/lineage", url.trim_end_matches('/'));
        let key = session.environment.openlineage_api_key.clone().map(|key| key.0);
        let agent = config.build().new_agent();
        Ok(Self { session, agent, address, key, is_patient, sent: 0, refused: 0, failure: None })
    }

    /// Sends an event until it is taken or refused; returns whether more can be sent.
    pub(super) fn take(&mut self, event: &str) -> bool {
        let (begun, mut wait, mut is_told) = (Instant::now(), FIRST_WAIT, false);
        loop {
            match self.post(event) {
                Answer::Taken => {
                    self.sent = self.sent.saturating_add(1);
                    return true;
                }
                Answer::Refused(reason) => {
                    self.refused = self.refused.saturating_add(1);
                    if self.refused <= MOST_REFUSED {
                        self.session.output.error(&Error::usage(format!("an event was refused: {reason}")));
                    }
                    return true;
                }
                Answer::Never(error) => {
                    self.failure = Some(error);
                    return false;
                }
                Answer::Later(reason) if self.is_patient || begun.elapsed() < PATIENCE => {
                    if !std::mem::replace(&mut is_told, true) {
                        self.session.output.warn(&format!("{reason}; trying again"));
                    }
                    pause(wait);
                    wait = wait.saturating_mul(2).min(LONGEST_WAIT);
                }
                Answer::Later(reason) => {
                    let error = Error::new(Kind::Device, reason);
                    self.failure = Some(error.hint("run it again with `--since`: an event that comes twice is one"));
                    return false;
                }
            }
        }
    }

    fn post(&self, event: &str) -> Answer {
        let shown = redact::text(&self.address);
        let mut request = self.agent.post(&self.address).header("content-type", "application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let mut response = match request.send(event) {
            Ok(response) => response,
            Err(ureq::Error::BadUri(_) | ureq::Error::Http(_)) => {
                return Answer::Never(Error::usage(format!("`{shown}` is no address of a receiver")));
            }
            Err(error) => return Answer::Later(format!("`{shown}` does not answer: {error}")),
        };
        let status = response.status();
        if status.is_success() {
            return Answer::Taken;
        }
        let said = response.body_mut().with_config().limit(LONGEST_REASON).lossy_utf8(true).read_to_string();
        let said = said.unwrap_or_default();
        let reason = format!("`{shown}` answers {status}: {}", said.trim());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Answer::Never(
                Error::new(Kind::Device, reason).hint("put the receiver's key into `OPENLINEAGE_API_KEY`"),
            ),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Answer::Never(
                Error::new(Kind::Device, reason).hint("name the address that stands before `/api/v1/lineage`"),
            ),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Answer::Later(reason),
            _ if status.is_server_error() => Answer::Later(reason),
            _ if status.is_redirection() => Answer::Never(
                Error::new(Kind::Device, reason).hint("name the address that it leads to: redirects are not followed"),
            ),
            _ => Answer::Refused(reason),
        }
    }
}

/// Waits for so long.
pub(super) fn pause(wait: Duration) {
    // Nobody ever sends: what holds the sender waits for itself.
    let (_held, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(wait);
}
