//! `mltrace serve`: the pages and the HTTP API, for this machine alone unless told otherwise.

use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mltrace_server::{AllowedHost, App, Guard, Server, Token};
use serde::Serialize;

use crate::error::{Error, Exit, Kind};
use crate::escape;
use crate::session::Session;

/// A token is one line.
const LONGEST_TOKEN_FILE: u64 = 4096;
const TOO_LONG: &str = "it is longer than 4096 bytes";

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
    /// Ask for the token in the first line of this file, which others must not read; on this machine's own address too
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

/// Returns the token in the first line of a file that nobody else can read; never waits for what is none.
fn read_token(path: &Path) -> Result<Token, Error> {
    let shown = escape::line(&path.to_string_lossy()).into_owned();
    let unread = |error: std::io::Error| Error::new(Kind::NotFound, format!("`{shown}` cannot be read: {error}"));
    let refused = |why: &str| {
        Error::usage(format!("`{shown}` cannot hold the token: {why}"))
            .hint("write it into a file of your own, such as with `umask 077; openssl rand -hex 32 > token.txt`")
    };
    let check = |found: &std::fs::Metadata| why_no_token_file(found).map_or(Ok(()), |why| Err(refused(why)));
    // Before it is opened, because that alone wakes a device; and after, because it may be another by then.
    check(&std::fs::metadata(path).map_err(unread)?)?;
    let file = open_at_once(path).map_err(unread)?;
    check(&file.metadata().map_err(unread)?)?;
    let mut text = Vec::new();
    file.take(LONGEST_TOKEN_FILE + 1).read_to_end(&mut text).map_err(unread)?;
    if text.len() as u64 > LONGEST_TOKEN_FILE {
        return Err(refused(TOO_LONG));
    }
    let text = String::from_utf8_lossy(&text);
    match text.lines().next() {
        None => Err(refused("it is empty")),
        Some(line) => Token::new(line).map_err(|error| Error::usage(format!("`{shown}` holds no token: {error}"))),
    }
}

/// Returns why a file is not what a token is kept in.
fn why_no_token_file(found: &std::fs::Metadata) -> Option<&'static str> {
    if found.is_dir() {
        return Some("it is a folder");
    }
    if !found.is_file() {
        return Some("it is a pipe, a socket or a device, not a file");
    }
    if found.len() > LONGEST_TOKEN_FILE {
        return Some(TOO_LONG);
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(found);
        if mode & 0o007 != 0 {
            return Some("every user of this machine can read or change it; `chmod o= FILE` keeps them out");
        }
        if mode & 0o020 != 0 {
            return Some("a group of users can change it; `chmod g-w FILE` keeps them from it");
        }
    }
    None
}

/// Opens a file without waiting, even where a pipe has taken its place.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the file is one that the user names, wherever links lead")]
fn open_at_once(path: &Path) -> std::io::Result<File> {
    use rustix::fs::{Mode, OFlags};

    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> std::io::Result<File> {
    File::open(path)
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
