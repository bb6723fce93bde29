//! `mltrace man`: the manual, as `man` reads it.

use crate::error::{Error, Exit};
use crate::session::Session;

/// Print the manual page of mltrace, or of one of its commands
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace man | man -l -
  mltrace man trace > /usr/local/share/man/man1/mltrace-trace.1")]
pub(crate) struct Args {
    /// The command
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let mut program = (session.program)();
        program.build();
        let page = match &self.command {
            None => program,
            Some(name) => {
                let command = program.find_subcommand(name).cloned().ok_or_else(|| {
                    Error::usage(format!("there is no command `{name}`"))
                        .hint("run `mltrace --help` to see all commands")
                })?;
                // The page of a command is found as `man mltrace trace`.
                let full = format!("mltrace-{}", command.get_name());
                command.name(full)
            }
        };
        let mut text = Vec::new();
        clap_mangen::Man::new(page).render(&mut text).map_err(|error| Error::from_writing(&error))?;
        session.output.bytes(&text)?;
        Ok(Exit::Done)
    }
}
