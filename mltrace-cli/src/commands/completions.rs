//! `mltrace completions`: the script that lets a shell complete commands and names.

use clap::ValueEnum;
use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Zsh};

use crate::complete::VARIABLE;
use crate::error::{Error, Exit};
use crate::session::Session;

/// Print the script that makes a shell complete commands, artifacts, components and runs
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  echo 'source <(mltrace completions bash)' >> ~/.bashrc
  echo 'source <(mltrace completions zsh)' >> ~/.zshrc
  echo 'mltrace completions fish | source' >> ~/.config/fish/config.fish")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Clap's own script gives up on names with colons, which bash takes for several words.
const BASH: &str = include_str!("completions.bash");

/// The shells that are known.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let completer: &dyn EnvCompleter = match self.shell {
            Shell::Bash => {
                session.output.bytes(BASH.as_bytes())?;
                return Ok(Exit::Done);
            }
            Shell::Elvish => &Elvish,
            Shell::Fish => &Fish,
            Shell::Powershell => &Powershell,
            Shell::Zsh => &Zsh,
        };
        let mut script = Vec::new();
        completer
            .write_registration(VARIABLE, "mltrace", "mltrace", "mltrace", &mut script)
            .map_err(|error| Error::from_writing(&error))?;
        session.output.bytes(&script)?;
        Ok(Exit::Done)
    }
}
