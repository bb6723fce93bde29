//! The command line as a whole: its commands, its help, and what is said when it is not understood.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use clap_complete::CompleteEnv;

use crate::args::Global;
use crate::commands::Command;
use crate::complete::VARIABLE;
use crate::escape::is_hidden;
use crate::output;

/// Trace how any output of a pipeline came to be, and find the runs to blame
///
/// A *component* is a named step of a pipeline, a *run* is one execution of it, and an *artifact* is what runs read and
/// write. `mltrace` knows which run wrote what, so that it can trace a prediction back to the raw data.
#[derive(Debug, Parser)]
#[command(name = "mltrace", version, max_term_width = 100, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  mltrace recent                            show the last runs
  mltrace trace out/model.json              show how the file came to be
  mltrace trace out/model.json --as-of 2d   show how the one of two days ago came to be
  mltrace flag out/p1.csv out/p2.csv        mark two bad outputs and show which runs to suspect
  mltrace run --component clean -i raw.csv -o clean.csv -- python clean.py

Exit codes:
  0  done
  1  not found, or a check found something wrong
  2  wrong usage
  3  the store cannot be reached or is too new

Environment:
  MLTRACE_DB         the store, when --db does not name one
  MLTRACE_DISABLED   record nothing, unless empty or 0
  NO_COLOR           print without colours";

/// Answers when a shell asks for completions, and returns the exit code then.
pub(crate) fn answer_the_shell() -> Option<ExitCode> {
    let folder = std::env::current_dir().ok();
    match CompleteEnv::with_factory(Cli::command).var(VARIABLE).try_complete(std::env::args_os(), folder.as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(ExitCode::SUCCESS),
        Err(error) => {
            let _ = error.print();
            Some(ExitCode::from(2))
        }
    }
}

impl Cli {
    /// Returns what the arguments ask for; when they are wrong or ask for help, says so and returns the exit code.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        let parsed = Self::command()
            .color(color_of_help(&arguments))
            .try_get_matches_from(&arguments)
            .and_then(|matches| Self::from_arg_matches(&matches));
        parsed.map_err(|error| {
            output::clap_error(&error, arguments.iter().any(|argument| argument.to_string_lossy().contains(is_hidden)));
            if let Some(hint) = hint_of(&error) {
                output::clap_hint(hint);
            }
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        })
    }
}

/// Returns what to type in place of a verb that other tools have and this one does not.
fn hint_of(error: &clap::Error) -> Option<&'static str> {
    let Some(ContextValue::String(verb)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    Some(match verb.as_str() {
        "list" | "ls" | "runs" => "`mltrace recent` shows the last runs, `mltrace components` the steps",
        "show" | "info" | "describe" => {
            "`mltrace inspect RUN` shows a run, `mltrace trace ARTIFACT` how an artifact came to be"
        }
        "init" | "setup" => "there is nothing to set up: the first run that is recorded makes `.mltrace`",
        "status" => "`mltrace recent` shows the last runs, `mltrace stale` what is old, `mltrace doctor` the store",
        "lineage" | "graph" | "upstream" => "`mltrace trace ARTIFACT` shows how an artifact came to be",
        "downstream" => "`mltrace impact ARTIFACT` shows everything that was made from it",
        "compare" => "`mltrace diff A B` shows what changed between two versions",
        "ok" | "good" | "accept" => "`mltrace flag --ok ARTIFACT` says that an output is fine",
        "bad" | "reject" => "`mltrace flag ARTIFACT` says that an output is bad",
        "exec" => "`mltrace run --component NAME -- COMMAND` runs a command and records it",
        "ui" | "web" | "server" => "`mltrace serve --open` shows the pages",
        "fsck" | "check" => "`mltrace doctor` checks the store, `mltrace verify` the files",
        _ => return None,
    })
}

/// Returns how clap's own texts are coloured: they may be printed before the arguments are understood.
fn color_of_help(arguments: &[OsString]) -> clap::ColorChoice {
    let mut values = arguments.iter().take_while(|argument| *argument != "--").filter_map(|argument| argument.to_str());
    while let Some(argument) = values.next() {
        let value = match argument.strip_prefix("--color") {
            Some("") => values.next(),
            Some(value) => value.strip_prefix('='),
            None => None,
        };
        match value {
            Some("always") => return clap::ColorChoice::Always,
            Some("never") => return clap::ColorChoice::Never,
            _ => {}
        }
    }
    clap::ColorChoice::Auto
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
