//! `mltrace report`: one page about an artifact, for a ticket.

use mltrace_core::model::Timestamp;

use crate::args::Format;
use crate::complete;
use crate::error::{Error, Exit};
use crate::render::report;
use crate::session::Session;

/// Write a page about an artifact for a ticket
///
/// Of a local file the version that lies on disk is meant, if it was recorded; `@latest` names the last recorded.
/// How it came to be, what changed upstream since it was last fine, the runs to suspect, what is stale, what was made
/// from it, and whom to notify. Each statement names the run or the version that it rests on. The page is Markdown, or with
/// `--html` a file that needs neither network nor scripts, with the trace drawn.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace report out/p1.csv > ticket.md
  mltrace report out/p1.csv --html > ticket.html")]
pub(crate) struct Args {
    /// The artifact: a path, a URI or an identifier, and the version if not the latest
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifact: String,
    /// Write HTML
    #[arg(long)]
    html: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let output = &session.output;
        if self.html && output.format == Format::Json {
            return Err(Error::usage("a report is either HTML or JSON").hint("leave out `--html` or `--format json`"));
        }
        let answer = session.ask_of(&self.artifact, |reader, artifact| reader.report(artifact, Timestamp::now()))?;
        match output.format {
            Format::Json => output.json(&answer)?,
            _ if self.html => output.bytes(report::html(&answer).as_bytes())?,
            _ => output.bytes(report::markdown(&answer, output.is_whole()).as_bytes())?,
        }
        Ok(Exit::Done)
    }
}
