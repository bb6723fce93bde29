//! `mltrace component`: what a component is, shown or said.

use mltrace_core::model::{Declaration, Record};

use crate::complete;
use crate::error::{Error, Exit};
use crate::render::components;
use crate::session::Session;
use crate::time;

/// Show a component, or declare or amend it
///
/// Without options, shows what is known. With options, the component is created when it is new, and what is said
/// replaces what was said before; tags are added.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace component train
  mltrace component train --owner shreya --description 'fits the fare model' --tag training")]
pub(crate) struct Args {
    /// The component
    #[arg(value_name = "NAME", value_parser = crate::args::name, add = complete::components())]
    name: String,
    /// Say whom to ask
    #[arg(long, value_name = "OWNER", value_parser = crate::args::name)]
    owner: Option<String>,
    /// Say what it does
    #[arg(long, value_name = "TEXT", value_parser = crate::args::text)]
    description: Option<String>,
    /// Add a tag
    #[arg(long = "tag", value_name = "TAG", value_parser = crate::args::name)]
    tags: Vec<String>,
    /// Take off a tag
    #[arg(long = "untag", value_name = "TAG", value_parser = crate::args::name)]
    untag: Vec<String>,
    /// Say after how long an input counts as old, such as `30 days`
    #[arg(long, value_name = "SPAN", value_parser = time::parse_span)]
    stale_after: Option<i64>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let declared = Declaration {
            owner: self.owner.clone(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            stale_after_s: self.stale_after,
        };
        let answer = if declared == Declaration::default() && self.untag.is_empty() {
            session.ask_at_once(|reader| reader.component(&self.name))?
        } else {
            let (_, mut store) = session.say(
                |reader| reader.declared_now(&self.name, declared, self.untag.clone()),
                |fact| vec![Record::Component(fact.clone())],
            )?;
            session.ask_store(&mut *store, |reader| reader.component(&self.name))?
        };
        session.output.answer(&answer, components::one)?;
        Ok(Exit::Done)
    }
}
