//! `mltrace export openlineage`: everything recorded of runs, as the events that other tools take.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, Write as _};
use std::time::Duration;

use mltrace_core::model::Timestamp;
use mltrace_core::query::{Followed, QueryError, Reader};
use serde::Serialize;

use super::event_receiver::{Receiver, pause};
use crate::error::{Error, Exit, Kind};
use crate::output::Output;
use crate::render::json;
use crate::session::Session;
use crate::time;

/// How often one looks for what is new.
const TICK: Duration = Duration::from_secs(1);

/// Export runs as OpenLineage events
///
/// One event a line: two of each run, its start and its end, with versions, git, source, owner, parameters, checks and
/// error, and one of each component that somebody described. What OpenLineage has no place for is in facets of our own, so
/// `mltrace import openlineage` gives the same answers. Events that other tools sent come first, as they came.
///
/// With `--to` they are sent to a receiver such as Marquez or `mltrace serve`, and with `--follow` the command goes on
/// and sends what begins and ends from now on. `OPENLINEAGE_API_KEY` is shown to the receiver.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace export openlineage > events.ndjson
  mltrace export openlineage --to http://localhost:5000 --since 1d
  OPENLINEAGE_URL=https://lineage.example mltrace export openlineage --to --follow")]
pub(super) struct Args {
    /// Export only what happened at or after that time: `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Timestamp>,
    /// Export all projects of a store that several share, not this one alone
    #[arg(long, conflicts_with = "follow")]
    all_projects: bool,
    /// Send the events to the receiver at this address, or at that of `OPENLINEAGE_URL`, instead of printing them
    #[arg(long, value_name = "URL", num_args = 0..=1)]
    to: Option<Option<String>>,
    /// Go on until you are ended, and send what begins and ends: from now on, or since the given time
    #[arg(long, requires = "to")]
    follow: bool,
}

/// The answer where events were sent.
#[derive(Serialize)]
struct Sent {
    sent: u64,
    refused: u64,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let Some(to) = &self.to else { return self.print(session) };
        let url = to.as_ref().or(session.environment.openlineage_url.as_ref()).ok_or_else(|| {
            Error::usage("no receiver is named").hint("pass its address to `--to`, or set `OPENLINEAGE_URL`")
        })?;
        let mut receiver = Receiver::of(session, url, self.follow)?;
        match self.follow {
            true => self.send_new(session, &mut receiver)?,
            false => {
                let mut gathered = Gathered::new()?;
                session.list((), |reader| self.export(reader, &mut |event| gathered.add(&event)))?;
                gathered.send(&mut receiver)?;
            }
        }
        let Receiver { sent, refused, failure, .. } = receiver;
        if let Some(error) = failure {
            session.output.say(&format!("{sent} events were sent"));
            return Err(error);
        }
        session.output.answer(&Sent { sent, refused }, |answer| {
            let refused = if answer.refused == 0 { String::new() } else { format!(", {} refused", answer.refused) };
            format!("{} events sent{refused}\n", answer.sent)
        })?;
        Ok(if refused == 0 { Exit::Done } else { Exit::Wrong })
    }

    fn print(&self, session: &Session) -> Result<Exit, Error> {
        let mut writer = Output::pieces();
        let mut failure = None;
        session.list((), |reader| {
            self.export(reader, &mut |event| {
                failure = json::text_line(&event, &mut writer).err();
                failure.is_none()
            })
        })?;
        match failure.map_or_else(|| writer.flush(), Err) {
            Ok(()) => Ok(Exit::Done),
            Err(error) => Err(Error::from_writing(&error)),
        }
    }

    fn export(&self, reader: &mut Reader<'_>, line: &mut dyn FnMut(String) -> bool) -> Result<(), QueryError> {
        match self.all_projects {
            true => reader.export_openlineage_of_all(self.since, line),
            false => reader.export_openlineage(self.since, line),
        }
    }

    /// Sends what begins and ends until nothing more can be sent.
    fn send_new(&self, session: &Session, receiver: &mut Receiver<'_>) -> Result<(), Error> {
        let mut followed = Followed::since(self.since.unwrap_or_else(Timestamp::now));
        session.output.say("sending what begins and ends; end it with Ctrl-C");
        while receiver.failure.is_none() {
            // Before the first run there is no store.
            if let Some(mut store) = session.open_to_answer()? {
                let mut gathered = Gathered::new()?;
                session.ask_store(&mut *store, |reader| {
                    reader.follow_openlineage(&mut followed, &mut |event| gathered.add(&event))
                })?;
                drop(store);
                gathered.send(receiver)?;
            }
            pause(TICK);
        }
        Ok(())
    }
}

/// Events that wait in a file to be sent: a receiver may be slow or away, and a store that is read meanwhile keeps all that
/// others write in its log.
struct Gathered {
    file: BufWriter<File>,
    failure: Option<io::Error>,
}

impl Gathered {
    fn new() -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(|error| Self::unwritten(&error))?;
        Ok(Self { file: BufWriter::new(file), failure: None })
    }

    /// Adds an event; returns whether more can be added.
    fn add(&mut self, event: &str) -> bool {
        self.failure = writeln!(self.file, "{event}").err();
        self.failure.is_none()
    }

    /// Sends the events, as far as any can be sent.
    fn send(mut self, receiver: &mut Receiver<'_>) -> Result<(), Error> {
        let file =
            self.failure.take().map_or_else(|| self.file.into_inner().map_err(io::IntoInnerError::into_error), Err);
        let mut file = file.map_err(|error| Self::unwritten(&error))?;
        file.rewind().map_err(|error| Self::unwritten(&error))?;
        for event in BufReader::new(file).lines() {
            if !receiver.take(&event.map_err(|error| Self::unwritten(&error))?) {
                break;
            }
        }
        Ok(())
    }

    fn unwritten(error: &io::Error) -> Error {
        Error::new(Kind::Device, format!("the events cannot be gathered in a temporary file: {error}"))
    }
}
