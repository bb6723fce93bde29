//! The command line: global options, and the values that several commands take.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};
use mltrace_core::model::{LIMIT_NAME, LIMIT_TEXT, value};
use mltrace_core::values::{Given, Named};
use serde_json::Value;

use crate::commands::Command;
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

/// Options that every command takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use this store: a file or a folder [env: MLTRACE_DB] [default: .mltrace under the project's root]
    #[arg(long, global = true, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub(crate) db: Option<PathBuf>,
    /// Print the answer in this format
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Use colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Say nothing but the answer and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show more
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One object, for programs
    Json,
    /// A drawing for Graphviz (only `trace`)
    Dot,
    /// A drawing for Mermaid (only `trace`)
    Mermaid,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
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

/// Returns a name that is neither empty nor longer than a name may be.
pub(crate) fn name(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("a name may not be empty".to_owned()),
        length if length > LIMIT_NAME => Err(format!("a name may have {LIMIT_NAME} bytes, this one has {length}")),
        _ => Ok(text.to_owned()),
    }
}

/// Returns a text that is not longer than a note, a parameter or an error may be.
pub(crate) fn text(text: &str) -> Result<String, String> {
    match text.len() {
        length if length > LIMIT_TEXT => Err(format!("a text may have {LIMIT_TEXT} bytes, this one has {length}")),
        _ => Ok(text.to_owned()),
    }
}

/// Returns an artifact that a run read or wrote; a name that is not UTF-8 can only be a path.
pub(crate) fn artifact(argument: &std::ffi::OsStr) -> Result<Given, String> {
    match argument.to_str() {
        Some(text) => Ok(Given::new(Named::Text(name(text)?))),
        None if argument.len() > LIMIT_NAME => Err(format!("a name may have {LIMIT_NAME} bytes")),
        None => Ok(Given::new(Named::Path(argument.into()))),
    }
}

/// Returns a clap parser for an artifact that is asked for: a name that is not UTF-8 is taken as answers write it.
pub(crate) fn asked() -> impl clap::builder::TypedValueParser<Value = String> {
    use clap::builder::{OsStringValueParser, TypedValueParser as _};
    OsStringValueParser::new().try_map(|argument| match argument.to_str() {
        Some(text) => name(text),
        None => name(&mltrace_core::naming::encode(&argument)),
    })
}

/// Returns a parameter from `NAME=VALUE`; what JSON writes so is a number or a truth value, all else is text.
pub(crate) fn param(argument: &str) -> Result<(String, Value), String> {
    let (key, value) = argument.split_once('=').ok_or_else(|| format!("`{argument}` is not `NAME=VALUE`"))?;
    Ok((name(key)?, value::typed(&text(value)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn parameters_keep_their_type() {
        assert_eq!(param("lr=0.1").unwrap(), ("lr".to_owned(), Value::from(0.1)));
        assert_eq!(param("deep=true").unwrap(), ("deep".to_owned(), Value::from(true)));
        assert_eq!(param("month=2020-01").unwrap(), ("month".to_owned(), Value::from("2020-01")));
        assert_eq!(param("id=007").unwrap(), ("id".to_owned(), Value::from("007")));
        assert_eq!(param("python=3.10").unwrap(), ("python".to_owned(), Value::from("3.10")));
        assert_eq!(param("commit=1234e56").unwrap(), ("commit".to_owned(), Value::from("1234e56")));
        assert_eq!(param("huge=1e400").unwrap(), ("huge".to_owned(), Value::from("1e400")));
        assert_eq!(param("sum=a=b").unwrap(), ("sum".to_owned(), Value::from("a=b")));
        assert_eq!(param("list=[1]").unwrap(), ("list".to_owned(), Value::from("[1]")));
    }

    #[test]
    fn names_have_limits() {
        assert!(name("").is_err() && param("=1").is_err() && param("lr").is_err());
        assert!(name(&"a".repeat(LIMIT_NAME)).is_ok() && name(&"a".repeat(LIMIT_NAME + 1)).is_err());
        assert!(text(&"a".repeat(LIMIT_TEXT)).is_ok() && text(&"a".repeat(LIMIT_TEXT + 1)).is_err());
    }
}
