//! What was typed after options that are understood late, because what makes no sense must not keep a command from running.

use std::ffi::{OsStr, OsString};

use crate::error::Error;

/// Returns all that was typed after an option.
pub(super) fn all<T>(option: &str, typed: &[OsString], read: fn(&OsStr) -> Result<T, String>) -> Result<Vec<T>, Error> {
    typed.iter().map(|typed| understood(option, typed, read)).collect()
}

/// Returns what was typed after an option.
pub(super) fn understood<T>(option: &str, typed: &OsStr, read: fn(&OsStr) -> Result<T, String>) -> Result<T, Error> {
    read(typed).map_err(|reason| Error::usage(format!("`{option}`: {reason}")))
}

/// Returns the text that was typed.
pub(super) fn utf8(typed: &OsStr) -> Result<&str, String> {
    typed.to_str().ok_or_else(|| format!("`{}` is not UTF-8", typed.to_string_lossy()))
}
