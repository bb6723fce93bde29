//! `mltrace components`: the steps of the pipeline.

use mltrace_core::query::Components;

use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::components;
use crate::session::Session;

/// List the components with their owners, tags and last runs
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List only those of this owner
    #[arg(long, value_name = "OWNER", value_parser = crate::args::name)]
    owner: Option<String>,
    /// List only those with this tag
    #[arg(long, value_name = "TAG", value_parser = crate::args::name)]
    tag: Option<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let empty = Components { components: Vec::new() };
        let answer =
            session.list_at_once(empty, |reader| reader.components(self.owner.as_deref(), self.tag.as_deref()))?;
        session.output.answer(&answer, |answer| components::table(answer, Output::columns()))?;
        Ok(Exit::Done)
    }
}
