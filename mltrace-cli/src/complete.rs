//! Shell completion: the names that a store knows, offered while a user types.
//!
//! Nothing is folded, created or said here: a completion that fails offers nothing.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap_complete::PathCompleter;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use mltrace_core::config::{Environment, Home};
use mltrace_core::query::{NameKind, Reader};
use mltrace_core::store::{self, Mode};

use crate::escape::is_hidden;

/// The variable by which a shell asks for completions.
pub(crate) const VARIABLE: &str = "COMPLETE";
/// How many names are offered at once.
const MOST_NAMES: usize = 200;
/// What means the run that began last.
const LATEST: &str = "latest";

/// Returns a completer for names of components.
pub(crate) fn components() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| known(NameKind::Component, current))
}

/// Returns a completer for runs.
pub(crate) fn runs() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let is_begun = current.to_str().is_some_and(|begun| LATEST.starts_with(begun));
        let is_there = is_begun && !known(NameKind::Run, OsStr::new("")).is_empty();
        let latest = is_there.then(|| CompletionCandidate::new(LATEST));
        latest.into_iter().chain(known(NameKind::Run, current)).collect()
    })
}

/// Returns a completer for aliases.
pub(crate) fn aliases() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| known(NameKind::Alias, current))
}

/// Returns a completer for tasks.
pub(crate) fn tasks() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| known(NameKind::Task, current))
}

/// Returns a completer for names of artifacts.
pub(crate) fn artifacts() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| known(NameKind::Artifact, current))
}

/// Returns a completer for names of artifacts and paths of files that may become some.
pub(crate) fn artifacts_and_files() -> ArgValueCompleter {
    use clap_complete::engine::ValueCompleter as _;
    ArgValueCompleter::new(|current: &OsStr| {
        let mut candidates = known(NameKind::Artifact, current);
        candidates.extend(PathCompleter::any().complete(current));
        candidates
    })
}

fn known(kind: NameKind, current: &OsStr) -> Vec<CompletionCandidate> {
    let names = current.to_str().and_then(|prefix| names(kind, prefix)).unwrap_or_default();
    // A shell would print a control character, and take a new line for a new name.
    names.into_iter().filter(|name| !name.contains(is_hidden)).map(CompletionCandidate::new).collect()
}

fn names(kind: NameKind, prefix: &str) -> Option<Vec<String>> {
    let folder = std::env::current_dir().ok()?;
    let home = Home::find(&folder, typed_db().as_deref(), &Environment::read());
    let mut store = store::open(&home, Mode::Read).ok()?;
    Reader::new(&mut *store, &home, &folder).names(kind, prefix, MOST_NAMES).ok()
}

/// Returns the store that the line to complete names with `--db`.
fn typed_db() -> Option<PathBuf> {
    let mut words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    while let Some(word) = words.next() {
        if word == "--db" {
            return words.next().map(PathBuf::from);
        }
        if let Some(db) = word.to_str().and_then(|word| word.strip_prefix("--db=")) {
            return Some(OsString::from(db).into());
        }
    }
    None
}
