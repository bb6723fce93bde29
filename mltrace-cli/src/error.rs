//! What can go wrong as a user sees it: kind, message, hint and exit code, all in one place.

use std::process::ExitCode;

use mltrace_core::query::QueryError;
use mltrace_core::store::StoreError;

use crate::time;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done,
    /// What was asked for does not exist, or a check found something wrong.
    Wrong,
    /// The command line was not understood.
    Usage,
    /// The store cannot be reached, or is too new.
    Store,
    /// The status of a command that was run for the user.
    Child(u8),
}

impl Exit {
    /// Returns the code for the process.
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Wrong => ExitCode::from(1),
            Self::Usage => ExitCode::from(2),
            Self::Store => ExitCode::from(3),
            Self::Child(code) => ExitCode::from(code),
        }
    }
}

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing, or too much, has that name.
    NotFound,
    /// The command line was not understood.
    Usage,
    /// The store cannot be reached, or is too new.
    Store,
    /// What was said does not count.
    Outdone,
    /// Something else that was to be read or written could not be.
    Device,
    /// Nobody reads the answer any more.
    BrokenPipe,
}

/// An error as a user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// Its kind.
    pub(crate) kind: Kind,
    /// What is wrong: lower case, names in backticks, no full stop.
    pub(crate) message: String,
    /// Names that may have been meant.
    pub(crate) did_you_mean: Vec<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Error {
    /// Returns an error of that kind.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), did_you_mean: Vec::new(), hint: None }
    }

    /// Returns an error about how the command was used.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Returns the error with a hint on what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the error for an answer that could not be written.
    pub(crate) fn from_writing(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::new(Kind::BrokenPipe, "nobody reads the answer"),
            _ => Self::new(Kind::Device, format!("the answer cannot be written: {error}")),
        }
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error.kind {
            Kind::NotFound | Kind::Outdone | Kind::Device => Self::Wrong,
            Kind::Usage => Self::Usage,
            Kind::Store => Self::Store,
            Kind::BrokenPipe => Self::Done,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let message = with_sources(&error);
        match error {
            StoreError::Missing(_) => Self::new(Kind::NotFound, message).hint(HOW_TO_START),
            StoreError::TooNew { .. } => {
                Self::new(Kind::Store, message).hint("install that version of mltrace, or newer")
            }
            StoreError::Refused(_) => Self::new(Kind::Store, message).hint(
                "name a store with `--db` or `MLTRACE_DB`, or put the project's folder into `trusted-projects` in your own settings",
            ),
            StoreError::NoSuchBackend(_) => Self::new(Kind::Store, message)
                .hint("name a file or a folder with `--db`, with `MLTRACE_DB`, or as `db` in the settings"),
            StoreError::NotAStore { .. } => {
                Self::new(Kind::Store, message).hint("run `mltrace config` to see which store is used and why")
            }
            StoreError::Altered { .. } => Self::new(Kind::Store, message)
                .hint("take out what you put into it with an SQLite shell; move a file of somebody else's away"),
            _ => Self::new(Kind::Store, message).hint("run `mltrace doctor` to see what is wrong"),
        }
    }
}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        let message = with_sources(&error);
        match error {
            QueryError::Store(error) => error.into(),
            QueryError::NotFound { kind, .. } => Self::new(Kind::NotFound, message).hint(how_to_list(kind)),
            QueryError::IsComponent { last, .. } => {
                let last = last.map(|run| format!("; its last run is {}", run.short())).unwrap_or_default();
                let hint = format!("run `mltrace history COMPONENT` to see its runs{last}");
                Self::new(Kind::NotFound, message).hint(hint)
            }
            QueryError::StillThere { .. } => Self::new(Kind::Outdone, message)
                .hint("remove what lies there and move the alias first, then `mltrace forget --subject` says so by itself"),
            QueryError::NoMatch { .. } => {
                Self::new(Kind::NotFound, message).hint("run `mltrace recent` to see what the last runs wrote")
            }
            QueryError::NoNumber { known, .. } => Self::new(Kind::NotFound, message).hint(match known.as_slice() {
                [] => "run `mltrace recent` to see the last runs".to_owned(),
                known => format!("the last runs have {}", listed(known)),
            }),
            QueryError::NotYet { name, at } => {
                // People type and read local time.
                let message = format!("nothing is known of `{name}` at {}: it was first seen later", time::show(at));
                Self::new(Kind::NotFound, message).hint("leave out `--as-of`, or name a later time")
            }
            QueryError::NoProfile { .. } => Self::new(Kind::NotFound, message).hint(
                "have it told with `profile = [x]` in `#[register]`, `--profile` of `log` and `run`, or `[profile]` in \
                 `mltrace.toml`; a file that still holds the version is read at once",
            ),
            QueryError::NoParquet { .. } => Self::new(Kind::NotFound, message).hint(
                "install it with the feature `parquet`, which is on unless `--no-default-features` is said; a run that is \
                 recorded by a build with that feature tells the profile, too",
            ),
            QueryError::NoTable { .. } => Self::new(Kind::NotFound, message)
                .hint("`mltrace verify` says whether the file is still what a run wrote"),
            QueryError::NothingBefore { .. } | QueryError::OnlyFlagged { .. } => {
                Self::new(Kind::NotFound, message).hint("name two versions: `mltrace diff A B`")
            }
            QueryError::NoAlias { .. } => Self::usage(message),
            QueryError::NoFormer { .. } => {
                Self::new(Kind::NotFound, message).hint("run `mltrace alias NAME` to see what it pointed to")
            }
            QueryError::PointsNowhere { alias, at } => {
                let message = format!("the alias `{alias}` points to nothing since {}", time::show(at));
                Self::new(Kind::NotFound, message).hint("run `mltrace alias NAME` to see what it pointed to")
            }
            QueryError::Outdone { name, at } => {
                let message =
                    format!("what is said of `{name}` now does not count: the last word is of {}", time::show(at));
                Self::new(Kind::Outdone, message)
                    .hint("run `mltrace review`, `mltrace component NAME` or `mltrace alias NAME` to see what counts")
            }
            QueryError::TooManyWindows { .. } => {
                Self::usage(message).hint("name a longer `--window`, or a shorter time with `--since` and `--until`")
            }
            QueryError::NoTaskMetric { kind, .. } => {
                let names = kind.metrics().iter().map(|metric| metric.as_str().to_owned());
                Self::usage(message).hint(format!("there are {}", listed(&names.collect::<Vec<_>>())))
            }
            QueryError::NoTaskOption { .. } => {
                Self::usage(message).hint("a threshold is of scores, a positive class of classes: `--as` says what they are")
            }
            QueryError::Ambiguous { .. } => Self::new(Kind::NotFound, message).hint("give more of it"),
        }
    }
}

/// Returns what an error says, followed by what its sources say.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

/// What to do where nothing is recorded.
pub(crate) const HOW_TO_START: &str =
    "put `#[register]` on a function and run it, or run `mltrace run --component NAME -- COMMAND`";

fn how_to_list(kind: &str) -> &'static str {
    match kind {
        "component" => "run `mltrace components` to see all components",
        "alias" => "run `mltrace alias` to see all aliases",
        "subject" => {
            "names are compared letter by letter; `mltrace inspect RUN` shows the digits of the subjects of a run"
        }
        "task" => "run `mltrace task` to see all tasks",
        "commit" => "run `mltrace history COMPONENT` to see the commits of its runs",
        "run" => "run `mltrace recent` to see the last runs",
        "version" => "run `mltrace recent` to see what the last runs wrote, or leave out `@…` for the latest version",
        _ => "run `mltrace recent` to see what the last runs wrote, or `mltrace components` for the steps",
    }
}

/// Returns names in one list.
fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
