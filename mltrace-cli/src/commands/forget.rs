//! `mltrace forget`: a run, taken back; somebody's data, and what still holds them.

use mltrace_core::desk;
use mltrace_core::model::{DataSubject, Forget, Record, RetractFact, RunId, Timestamp};
use mltrace_core::query::Whereabouts;
use serde::Serialize;

use crate::args::Format;
use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::subject;
use crate::session::Session;

/// Forget a run, as if it had never been recorded, or see what still holds somebody's data
///
/// Its inputs, outputs, parameters and notes are removed for good, and what it explained has an unknown writer again. Its
/// id stays, so that nothing reported of the run later brings it back. Verdicts on what it wrote stay too. Without `--yes`,
/// says what would be removed. The artifacts themselves are not touched.
///
/// With `--subject`, lists every version that was made from what took the data of that subject in (`subject = [x]` in the
/// attribute, `--subject` of `log` and `run`), and whether it is live (an alias points to it), there (this disk holds it), unknown
/// (nobody can look) or gone, and the outputs of tasks in this store that were made from it. With `--yes` the subject is marked as
/// retracted, once. Nothing is deleted. What nobody can look for, such as a URI that was not written again, is unknown until you
/// say with `--removed` that you removed it there: a note on the run that wrote it keeps who said so and when. Exit code 0 when all versions are gone and there are no such outputs, 1 otherwise.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace forget latest
  mltrace forget 3f1d5c0b --yes
  mltrace forget --subject ada@example.com          what still holds her data
  mltrace forget --subject ada@example.com --yes    and mark them as retracted
  mltrace forget --subject ada@example.com --removed s3://lake/model.pkl    you removed it there")]
pub(crate) struct Args {
    /// The run: its id, a unique start or end of it, or `latest`
    #[arg(
        value_name = "RUN",
        value_parser = crate::args::name,
        add = complete::runs(),
        required_unless_present = "subject",
        conflicts_with = "subject"
    )]
    run: Option<String>,
    /// Somebody whose data runs took in, by name or by the digits that are kept in its place
    #[arg(long, value_name = "NAME", value_parser = named)]
    subject: Option<DataSubject>,
    /// You removed what nobody can look for: a URI, a file on another host; `NAME` with all its versions, or `NAME@VERSION`
    #[arg(
        long = "removed",
        value_name = "ARTIFACT",
        num_args = 1..,
        requires = "subject",
        value_parser = crate::args::asked(),
        add = complete::artifacts()
    )]
    removed: Vec<String>,
    /// Do it
    #[arg(long)]
    yes: bool,
}

/// The answer of `forget`.
#[derive(Serialize)]
struct Forgotten {
    run: RunId,
}

fn named(text: &str) -> Result<DataSubject, String> {
    DataSubject::of(text)
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        match (&self.subject, &self.run) {
            (Some(subject), _) => self.subject(session, subject),
            (None, run) => self.forget(session, run.as_deref().unwrap_or_default()),
        }
    }

    /// Shows what holds the data of a subject, and marks it as retracted if that is asked for.
    fn subject(&self, session: &Session, subject: &DataSubject) -> Result<Exit, Error> {
        let host = session.host();
        let here = Whereabouts::Here(host.as_deref());
        if !self.removed.is_empty() {
            let notes = |said: &Vec<(RunId, String)>| {
                said.iter().map(|(run, text)| desk::note(*run, text, session.user())).collect()
            };
            session.say(|reader| reader.removals(subject, here, &self.removed), notes)?;
        }
        let mut answer = session.ask(|reader| reader.subject(subject, here))?;
        if self.yes && answer.retracted_at.is_none() {
            let fact = RetractFact { subject: subject.clone(), by: session.user(), at: Timestamp::now() };
            let mut store = session.record(vec![Record::Retract(fact)])?;
            answer = session.ask_store(&mut *store, |reader| reader.subject(subject, here))?;
        }
        session.output.answer(&answer, |answer| subject::text(answer, Output::columns()))?;
        Ok(if answer.is_left { Exit::Wrong } else { Exit::Done })
    }

    fn forget(&self, session: &Session, run: &str) -> Result<Exit, Error> {
        let run = session.ask(|reader| reader.inspect(run))?;
        let what = format!("run {} of `{}`", run.id.short(), run.component);
        if !self.yes {
            let (inputs, outputs) = (run.inputs.len(), run.outputs.len());
            let edges = format!("with its {inputs} inputs and {outputs} outputs");
            return Err(Error::usage(format!("this would remove {what}, {edges}, for good")).hint(format!(
                "run `mltrace export > backup.ndjson` to keep it, then `mltrace forget {} --yes`",
                run.id
            )));
        }
        session.record(vec![Record::Forget(Forget { run: run.id, at: Timestamp::now() })])?;
        session.output.say(&format!("forgot {what}"));
        if session.output.format == Format::Json {
            session.output.json(&Forgotten { run: run.id })?;
        }
        Ok(Exit::Done)
    }
}
