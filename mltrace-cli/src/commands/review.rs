//! `mltrace review`: all verdicts, and the runs that they point to.

use std::io::BufRead as _;
use std::num::NonZeroUsize;

use mltrace_core::model::{Verdict, Version};

use crate::error::{Error, Exit, Kind};
use crate::render::review;
use crate::session::Session;

/// Review the flagged artifacts, what they share, and the runs to suspect
///
/// First says what the runs upstream of flagged artifacts have in common and those upstream of ok ones have not: a
/// parameter, a commit, a host, an input. Then ranks the runs upstream of flagged artifacts by what the verdicts say and
/// by what changed at them, the likeliest culprit first, with the reasons. Runs that the verdicts cannot tell apart share a rank.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace review
  mltrace review --ask        look at one output after the other, the most telling first, and say what it is")]
pub(crate) struct Args {
    /// Show at most so many suspects [default: 3, as JSON 10]
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Ask for a verdict on one output after the other, the one first whose verdict says most, before the review
    ///
    /// Each answer is a line: `bad` or `ok` (with why, if one likes), `skip`, or `quit`; `b`, `o`, `s` and `q` do too.
    #[arg(long)]
    ask: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        if self.ask {
            ask(session)?;
        }
        show(session, self.limit.map(NonZeroUsize::get))
    }
}

/// What somebody says of an output.
#[derive(Debug, PartialEq, Eq)]
enum Said<'l> {
    Verdict(Verdict, Option<&'l str>),
    Skip,
    Quit,
}

impl<'l> Said<'l> {
    /// Returns what a line says; `None` when that is not understood.
    fn of(line: &'l str) -> Option<Self> {
        let (word, why) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let why = Some(why.trim()).filter(|why| !why.is_empty());
        match word.to_lowercase().as_str() {
            "b" | "bad" => Some(Self::Verdict(Verdict::Flagged, why)),
            "o" | "ok" => Some(Self::Verdict(Verdict::Ok, why)),
            "s" | "skip" if why.is_none() => Some(Self::Skip),
            "q" | "quit" if why.is_none() => Some(Self::Quit),
            _ => None,
        }
    }
}

/// Asks for a verdict on what is worth a look, records it, and goes on with what is worth a look then.
fn ask(session: &Session) -> Result<(), Error> {
    let mut lines = std::io::stdin().lock().lines();
    let mut skipped: Vec<Version> = Vec::new();
    loop {
        let review = session.list(review::empty(), |reader| reader.review_without(None, &skipped))?;
        let Some(next) = review.look_next.into_iter().next() else {
            session.output.ask("no other verdict is expected to tell more");
            return Ok(());
        };
        let version = Version { name: next.name.clone(), version: next.version.clone() };
        session.output.ask(&review::asked(&next));
        let said = loop {
            session.output.ask("bad, ok, skip or quit?");
            let Some(line) = lines.next() else { return Ok(()) };
            let line = line.map_err(|error| Error::new(Kind::Device, format!("the input cannot be read: {error}")))?;
            match Said::of(line.trim()) {
                Some(Said::Quit) => return Ok(()),
                Some(Said::Skip) => break None,
                Some(Said::Verdict(verdict, why)) => {
                    break Some((verdict, why.map(crate::args::text).transpose().map_err(Error::usage)?));
                }
                None => {}
            }
        };
        match said {
            None => skipped.push(version),
            Some((verdict, why)) => {
                super::many::record(session, &[version], verdict, why.as_deref())?;
            }
        }
    }
}

/// Shows the verdicts and the suspects.
pub(super) fn show(session: &Session, limit: Option<usize>) -> Result<Exit, Error> {
    let answer = session.list(review::empty(), |reader| reader.review(limit))?;
    session.output.limited(limit.is_some(), &answer, |answer| {
        limit.map_or_else(|| review::text(answer), |most| review::text_of(answer, most))
    })?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_word_and_why() {
        assert_eq!(Said::of("b all fares are zero"), Some(Said::Verdict(Verdict::Flagged, Some("all fares are zero"))));
        assert_eq!(Said::of("OK"), Some(Said::Verdict(Verdict::Ok, None)));
        assert_eq!((Said::of("s"), Said::of("quit")), (Some(Said::Skip), Some(Said::Quit)));
        assert_eq!([Said::of(""), Said::of("fine"), Said::of("skip it")], [None, None, None]);
    }
}
