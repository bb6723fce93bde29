//! `mltrace alias`: names that people move from version to version.

use mltrace_core::model::{Record, Timestamp, alias_name};
use mltrace_core::query::{Aliases, Pointing};

use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::alias;
use crate::session::Session;
use crate::time;

/// Give a version a name that moves on, such as `production`, and show what it names and named
///
/// Without a version it shows what the alias points to and its history, without a name all aliases. Wherever an artifact is
/// asked for, `@NAME` is the version that the alias points to; with `--as-of`, what it pointed to then. Each move is kept,
/// with who made it and why. Exit code 1 when it does not count because a later one is known.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace alias production model.json --reason 'passed the gate'
  mltrace alias production                     what it points to, and pointed to when
  mltrace alias production --as-of '2021-05-02 12:07'
  mltrace alias production --previous          back to what it pointed to before
  mltrace trace @production
  mltrace diff @production model.json")]
pub(crate) struct Args {
    /// The alias
    #[arg(value_name = "NAME", value_parser = named, add = complete::aliases())]
    alias: Option<String>,
    /// What it points to from now on
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifact: Option<String>,
    /// Go back to what it pointed to before; twice, further back
    #[arg(long, conflicts_with_all = ["artifact", "remove"], requires = "alias")]
    previous: bool,
    /// Let it point to nothing; its history stays
    #[arg(long, conflicts_with = "artifact", requires = "alias")]
    remove: bool,
    /// Say why
    #[arg(long, value_name = "TEXT", value_parser = crate::args::text)]
    reason: Option<String>,
    /// Say who, where it is not who types
    #[arg(long, value_name = "NAME", value_parser = crate::args::name)]
    by: Option<String>,
    /// Show what held at that time: `2021-05-02T12:07:26Z`, `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse, conflicts_with_all = ["artifact", "previous", "remove"])]
    as_of: Option<Timestamp>,
}

fn named(text: &str) -> Result<String, String> {
    alias_name(text.strip_prefix('@').unwrap_or(text))
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let pointing = match (&self.artifact, self.previous, self.remove) {
            (Some(artifact), ..) => {
                Some(Pointing::To(session.ask_of(artifact, |reader, artifact| reader.version(artifact, None))?))
            }
            (None, true, _) => Some(Pointing::Back),
            (None, _, true) => Some(Pointing::ToNothing),
            (None, false, false) => None,
        };
        if pointing.is_none() && (self.reason.is_some() || self.by.is_some()) {
            return Err(Error::usage("`--reason` and `--by` are said of a move")
                .hint("name a version, or say `--previous` or `--remove`"));
        }
        let Some(name) = &self.alias else {
            let answer = session.list(Aliases::default(), |reader| reader.aliases(self.as_of))?;
            session.output.answer(&answer, |answer| alias::all(answer, Output::columns()))?;
            return Ok(Exit::Done);
        };
        let answer = match pointing {
            None => session.ask(|reader| reader.alias(name, self.as_of))?,
            Some(pointing) => {
                let by = self.by.clone().or_else(|| session.user());
                let said = (self.reason.as_deref(), by.as_deref());
                let (fact, mut store) = session.say(
                    |reader| reader.pointed_now(name, pointing, said),
                    |fact| fact.iter().cloned().map(Record::Alias).collect(),
                )?;
                match &fact {
                    Some(fact) => session.ask_store(&mut *store, |reader| reader.alias_counts(fact))?,
                    None => session.output.say(&format!("`{name}` points there already")),
                }
                session.ask_store(&mut *store, |reader| reader.alias(name, None))?
            }
        };
        session.output.answer(&answer, |answer| alias::one(answer, Output::columns()))?;
        Ok(Exit::Done)
    }
}
