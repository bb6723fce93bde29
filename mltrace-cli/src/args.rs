//! Global options, and the values that several commands take.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::TypedValueParser as _;
use mltrace_core::config::Environment;
use mltrace_core::desk::{TooLong, check_length};
use mltrace_core::model::{LIMIT_NAME, LIMIT_TEXT, Number, Outcome, Severity, value};
use mltrace_core::values::{Given, Named};
use serde_json::Value;

/// Options that every command takes.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use this store: a file or a folder [env: MLTRACE_DB] [default: .mltrace under the project's root]
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        value_hint = clap::ValueHint::AnyPath,
        // An empty one keeps no command of `mltrace run` from running.
        value_parser = clap::builder::OsStringValueParser::new().map(PathBuf::from)
    )]
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

/// Returns a name that is neither empty nor longer than a name may be.
pub(crate) fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a name may not be empty".to_owned());
    }
    within("a name", text, LIMIT_NAME)
}

/// Returns a text that is not longer than a note, a parameter or an error may be.
pub(crate) fn text(text: &str) -> Result<String, String> {
    within("a text", text, LIMIT_TEXT)
}

fn within(what: &str, text: &str, limit: usize) -> Result<String, String> {
    let told = |TooLong { length, limit }| format!("{what} may have {limit} bytes, this one has {length}");
    check_length(text, limit).map_err(told)?;
    Ok(text.to_owned())
}

/// Returns a path in the user's home that a shell left as it was typed, as it leaves that of `--input=~/x`.
pub(crate) fn from_home(text: &str) -> Cow<'_, str> {
    let Some(rest) = text.strip_prefix("~/") else { return Cow::Borrowed(text) };
    let is_folder = || Path::new("~").symlink_metadata().is_ok();
    let home = Environment::read().home_folder.filter(|_| !is_folder());
    let path = home.map(|home| home.join(rest.trim_start_matches('/')));
    path.and_then(|path| path.to_str().map(str::to_owned)).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Returns an artifact that a run read or wrote; a name that is not UTF-8 can only be a path.
pub(crate) fn artifact(argument: &std::ffi::OsStr) -> Result<Given, String> {
    match argument.to_str() {
        Some(text) => Ok(Given::new(Named::Text(name(&from_home(text))?))),
        None if argument.len() > LIMIT_NAME => Err(format!("a name may have {LIMIT_NAME} bytes")),
        None => Ok(Given::new(Named::Path(argument.into()))),
    }
}

/// Returns a clap parser for an artifact that is asked for: a name that is not UTF-8 is taken as answers write it.
pub(crate) fn asked() -> impl clap::builder::TypedValueParser<Value = String> {
    use clap::builder::{OsStringValueParser, TypedValueParser as _};
    OsStringValueParser::new().try_map(|argument| match argument.to_str() {
        Some(text) => name(&from_home(text)),
        None => name(&mltrace_core::naming::encode(&argument)),
    })
}

/// Returns a parameter from `NAME=VALUE`; what JSON writes so is a number or a truth value, all else is text.
pub(crate) fn param(argument: &str) -> Result<(String, Value), String> {
    let (key, value) = argument.split_once('=').ok_or_else(|| format!("`{argument}` is not `NAME=VALUE`"))?;
    Ok((name(key)?, value::typed(&text(value)?)))
}

/// A metric, as it is typed.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// What was measured.
    pub(crate) name: String,
    /// How much it is.
    pub(crate) value: Number,
    /// Of what, when not of the run as a whole.
    pub(crate) about: Option<Given>,
}

/// Returns a metric from `NAME=NUMBER`, or `NAME=NUMBER@ARTIFACT` where it is one of an artifact.
pub(crate) fn metric(argument: &str) -> Result<Measured, String> {
    // The name may say a slice, with an equals sign of its own.
    let ends = argument.match_indices('=').filter_map(|(at, _)| argument.split_at_checked(at));
    let found = ends.filter_map(|(key, rest)| Some((key, measured(rest.strip_prefix('=')?)?))).next();
    let Some((key, (value, about))) = found else {
        let (_, word) = argument.rsplit_once('=').ok_or_else(|| format!("`{argument}` is not `NAME=NUMBER`"))?;
        return Err(format!("`{word}` is not a number, perhaps with `@ARTIFACT` behind"));
    };
    let about = about.map(|about| artifact(about.as_ref())).transpose()?;
    Ok(Measured { name: name(key)?, value, about })
}

/// Returns what stands behind the name of a metric, if that is a number.
fn measured(said: &str) -> Option<(Number, Option<&str>)> {
    let (number, about) = said.split_once('@').map_or((said, None), |(number, about)| (number, Some(about)));
    Some((Number::parse(number)?, about))
}

/// A check, and how it came out.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// What was checked.
    pub(crate) name: String,
    /// How it came out.
    pub(crate) outcome: Outcome,
    /// How much depends on it.
    pub(crate) severity: Severity,
    /// Of which artifact it is.
    pub(crate) about: Option<Given>,
    /// What was found.
    pub(crate) message: Option<String>,
}

/// Returns a check from `NAME=OUTCOME`, behind which may stand how much depends on it, of which artifact it is, and a message:
/// `NAME=failed,warn@ARTIFACT:why`.
pub(crate) fn check(argument: &str) -> Result<Checked, String> {
    // A name may be a condition, with an equals sign of its own.
    let ends = argument.match_indices('=').filter_map(|(at, _)| argument.split_at_checked(at));
    let found = ends.filter_map(|(key, rest)| Some((key, came_out(rest.strip_prefix('=')?)?))).next();
    let Some((key, found)) = found else {
        let (_, word) = argument.rsplit_once('=').ok_or_else(|| format!("`{argument}` is not `NAME=OUTCOME`"))?;
        return Err(format!(
            "`{word}` is not `passed`, `failed` or `errored`, perhaps with `,warn`, `@ARTIFACT` and `:MESSAGE` behind"
        ));
    };
    let CameOut { outcome, severity, about, message } = found;
    let about = about.map(|about| artifact(about.as_ref())).transpose()?;
    Ok(Checked { name: name(key)?, outcome, severity, about, message: message.map(text).transpose()? })
}

/// What stands behind the name of a check.
struct CameOut<'a> {
    outcome: Outcome,
    severity: Severity,
    about: Option<&'a str>,
    message: Option<&'a str>,
}

/// Returns what stands behind the name of a check, if that is how one came out.
fn came_out(said: &str) -> Option<CameOut<'_>> {
    // An artifact may be an address.
    let is_end = |before: &str, rest: &str| !(before.contains('@') && rest.starts_with("://"));
    let mut ends = said.match_indices(':').map(|(at, _)| said.split_at(at));
    let (words, message) = match ends.find(|(before, rest)| is_end(before, rest)) {
        Some((before, rest)) => (before, rest.strip_prefix(':')),
        None => (said, None),
    };
    let (words, about) = words.split_once('@').map_or((words, None), |(words, about)| (words, Some(about)));
    let (outcome, severity) = words.split_once(',').unwrap_or((words, "error"));
    let outcome = Outcome::ALL.into_iter().find(|known| known.as_str() == outcome)?;
    let severity = Severity::ALL.into_iter().find(|known| known.as_str() == severity)?;
    let message = message.map(str::trim).filter(|message| !message.is_empty());
    Some(CameOut { outcome, severity, about, message })
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_check_has_an_outcome_and_perhaps_a_severity_and_a_message() {
        let of = |argument: &str| {
            let Checked { name, outcome, severity, message, about } = check(argument).unwrap();
            assert!(about.is_none(), "{argument}");
            (name, outcome, severity, message)
        };
        let about = |argument: &str| {
            let checked = check(argument).unwrap();
            let Some(Named::Text(about)) = checked.about.map(|given| given.named) else { panic!("{argument}") };
            (checked.name, about, checked.message.unwrap_or_default())
        };
        let owned = |name: &str, outcome, severity, message: Option<&str>| {
            (name.to_owned(), outcome, severity, message.map(str::to_owned))
        };
        use Outcome::{Errored, Failed, Passed};
        use Severity::{Error, Warn};
        assert_eq!(of("whole=passed"), owned("whole", Passed, Error, None));
        assert_eq!(of("rows >= 900=failed"), owned("rows >= 900", Failed, Error, None));
        assert_eq!(of("a=failed,warn"), owned("a", Failed, Warn, None));
        assert_eq!(of("a=errored:x=y: z"), owned("a", Errored, Error, Some("x=y: z")));
        assert_eq!(of("a=failed,warn: 7 = rows"), owned("a", Failed, Warn, Some("7 = rows")));
        assert_eq!(of("status=passed=failed"), owned("status=passed", Failed, Error, None));
        assert_eq!(of("a=passed:"), owned("a", Passed, Error, None));
        assert_eq!(of("a=failed:mail ada@x://y"), owned("a", Failed, Error, Some("mail ada@x://y")));
        assert_eq!(of("a=failed://y"), owned("a", Failed, Error, Some("//y")));
        let of_artifact =
            |name: &str, about: &str, message: &str| (name.to_owned(), about.to_owned(), message.to_owned());
        assert_eq!(about("a=failed@raw.csv"), of_artifact("a", "raw.csv", ""));
        assert_eq!(about("a@b=passed,warn@s3://bucket/x@2: 7 rows"), of_artifact("a@b", "s3://bucket/x@2", "7 rows"));
        for wrong in ["a=failed@", "a=@x", "a", "a=maybe", "=failed", "a=failed,loud", "a=warn", "a=passed warn"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        assert!(check(&format!("a=failed:{}", "x".repeat(LIMIT_TEXT + 1))).is_err());
    }

    #[test]
    fn a_metric_may_be_of_an_artifact_and_its_name_may_say_a_slice() {
        let of = |argument: &str| {
            let Measured { name, value, about } = metric(argument).unwrap();
            let about = about.map(|given| match given.named {
                Named::Text(text) => text,
                other => format!("{other:?}"),
            });
            (name, value.to_string(), about)
        };
        let owned = |name: &str, value: &str, about: Option<&str>| {
            (name.to_owned(), value.to_owned(), about.map(str::to_owned))
        };
        assert_eq!(of("rmse=0.70"), owned("rmse", "0.70", None));
        assert_eq!(of("importance=0.3@age"), owned("importance", "0.3", Some("age")));
        assert_eq!(of("rows=9@s3://lake/d=1/a@b.csv"), owned("rows", "9", Some("s3://lake/d=1/a@b.csv")));
        assert_eq!(of("test/auc@city=nyc=0.91"), owned("test/auc@city=nyc", "0.91", None));
        for wrong in ["rmse", "rmse=x", "=1", "a=1@", "a=@b", "a=1 @"] {
            assert!(metric(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_have_limits() {
        assert!(name("").is_err() && param("=1").is_err() && param("lr").is_err());
        assert!(name(&"a".repeat(LIMIT_NAME)).is_ok() && name(&"a".repeat(LIMIT_NAME + 1)).is_err());
        assert!(text(&"a".repeat(LIMIT_TEXT)).is_ok() && text(&"a".repeat(LIMIT_TEXT + 1)).is_err());
    }
}
