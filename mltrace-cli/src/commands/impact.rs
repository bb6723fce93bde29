//! `mltrace impact`: everything that was made from something, and what became of it.

use mltrace_core::query::ImpactOf;

use crate::args::Format;
use crate::complete;
use crate::error::{Error, Exit};
use crate::render::impact;
use crate::session::Session;

/// Show everything that was made from an artifact, by a run or by a component
///
/// Lists what the runs downstream wrote, and what became of it: it is *current*, the latest version of its artifact;
/// *superseded*, a later version exists that was made from the same; or *rebuilt* since, by a run that has nothing of it
/// upstream. Then come the owners of the runs behind what is still current.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace impact data/raw.csv                        of the latest version
  mltrace impact data/raw.csv@b3:4e7a                of another version
  mltrace impact --run latest                        of everything that a run wrote
  mltrace impact --component clean --commit 1f2e3d   of all runs of a component at a commit")]
#[command(group(clap::ArgGroup::new("of").required(true).args(["artifact", "run", "component"])))]
pub(crate) struct Args {
    /// The artifact: a path, a URI or an identifier, and the version if not the latest
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifact: Option<String>,
    /// Ask of a run: its id, a unique start or end of it, or `latest`
    #[arg(long, value_name = "RUN", value_parser = crate::args::name, add = complete::runs())]
    run: Option<String>,
    /// Ask of all runs of this component
    #[arg(long, value_name = "NAME", value_parser = crate::args::name, add = complete::components())]
    component: Option<String>,
    /// Only its runs at this commit, or at commits that begin so
    #[arg(long, value_name = "COMMIT", value_parser = crate::args::name, requires = "component", conflicts_with_all = ["artifact", "run"])]
    commit: Option<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let of = match (&self.artifact, &self.run, &self.component) {
            (Some(artifact), ..) => ImpactOf::Artifact(artifact),
            (None, Some(run), _) => ImpactOf::Run(run),
            (None, None, Some(name)) => ImpactOf::Component { name, commit: self.commit.as_deref() },
            (None, None, None) => return Err(Error::usage("nothing is named whose impact is asked")),
        };
        if session.output.format == Format::Json {
            session.tell(|reader, to| reader.tell_impact(&of, None, to))?;
            return Ok(Exit::Done);
        }
        let answer = session.ask(|reader| reader.impact(&of))?;
        let is_whole = session.output.is_whole();
        session.output.answer(&answer, |answer| impact::text(answer, is_whole))?;
        Ok(Exit::Done)
    }
}
