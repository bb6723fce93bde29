//! `mltrace tags`: the tags of all components.

use mltrace_core::query::Tags;

use crate::error::{Error, Exit};
use crate::render::components;
use crate::session::Session;

/// List all tags
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general over lifetimes")]
        let answer = session.list_at_once(Tags { tags: Vec::new() }, |reader| reader.tags())?;
        session.output.answer(&answer, components::tags)?;
        Ok(Exit::Done)
    }
}
