//! `mltrace serve`: the pages and the HTTP API, for this machine alone unless told otherwise.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mltrace_server::{AllowedHost, App, Guard, Server, Token};
use serde::Serialize;

use crate::error::{Error, Exit, Kind};
use crate::escape;
use crate::session::Session;

/// Serve pages to trace, flag and review in a browser, and an HTTP API
///
/// Only this machine can reach the server unless `--bind` names another address; then it asks for a token, which is
/// made anew at each start and printed, or read from a file. The API under `/api/v1` takes and gives the same JSON as
/// this command. Ends with Ctrl-C or SIGTERM; what was acknowledged is kept.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace serve --open
  mltrace serve --bind 0.0.0.0:8090 --allowed-host lineage.example --token-file token.txt")]
pub(crate) struct Args {
    /// Listen on this address; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8090))]
    bind: SocketAddr,
    /// Be asked under this name or address too: `lineage.example`, `10.0.0.7`
    #[arg(long = "allowed-host", value_name = "HOST")]
    allowed_hosts: Vec<AllowedHost>,
    /// Ask for the token in the first line of this file, on this machine's own address too
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    token_file: Option<PathBuf>,
    /// Open the pages in a browser
    #[arg(long)]
    open: bool,
}

/// The answer of `serve`, before it serves.
#[derive(Serialize)]
struct Serving {
    project: String,
    url: String,
    /// The token that was made for this start.
    token: Option<String>,
}

fn text(serving: &Serving) -> String {
    let token = serving.token.as_ref().map(|token| format!("its token, until it ends: {token}\n"));
    format!("serving {} at {}\n{}", escape::line(&serving.project), serving.url, token.unwrap_or_default())
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let (token, generated) = match &self.token_file {
            Some(path) => (Some(read_token(path)?), None),
            None if self.bind.ip().is_loopback() => (None, None),
            None => {
                let (token, text) = Token::generate().map_err(|error| Error::new(Kind::Device, error.to_string()))?;
                (Some(token), Some(text))
            }
        };
        let server = Server::bind(self.bind).map_err(|error| {
            Error::new(Kind::Device, error.to_string())
                .hint("name another address with `--bind`, such as `--bind 127.0.0.1:0`")
        })?;
        let guard = Guard::new(server.address(), self.allowed_hosts.clone(), token)
            .map_err(|error| Error::usage(error.to_string()).hint("name a file that holds one with `--token-file`"))?;
        let serving = Serving { project: session.home.project.clone(), url: guard.url(), token: generated };
        let app = App::new(session.recorder(), guard);
        session.output.answer(&serving, text)?;
        session.output.finish()?;
        if self.open {
            open(session, &serving.url);
        }
        server.run(app, std::future::pending()).map_err(|error| Error::new(Kind::Device, error.to_string()))?;
        Ok(Exit::Done)
    }
}

fn read_token(path: &Path) -> Result<Token, Error> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::new(Kind::NotFound, format!("`{shown}` cannot be read: {error}")))?;
    Token::new(text.lines().next().unwrap_or_default())
        .map_err(|error| Error::usage(format!("`{shown}` holds no token: {error}")))
}

/// Opens a browser, which may not be there; the server goes on either way.
fn open(session: &Session, address: &str) {
    let command = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut opener = std::process::Command::new(command);
    if cfg!(windows) {
        opener = std::process::Command::new("explorer");
    }
    let quiet = std::process::Stdio::null;
    if opener.arg(address).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().is_err() {
        session.output.warn(&format!("no browser could be opened; the pages are at {address}"));
    }
}
