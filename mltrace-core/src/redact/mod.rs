//! Takes secrets out of text before the first byte of it is written anywhere.

mod known;

mod name;

mod plain;

mod scope;

mod shape;

mod assign;

mod call;

mod block;

mod quote;

mod url;

mod option;

mod line;

mod word;

mod shell;

mod sql;

mod command;

mod scan;

mod clean;

mod tree;

mod json;

mod pair;

mod value;

mod event;

mod record;

pub use name::is_secret_name;
pub use record::{event, header, is_kept, profile, record};
pub use scan::{project, remote, text, tokens, uri};
pub use value::{arguments, param};
pub(crate) use value::{is_given, is_naming, is_secret, is_valued};

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

#[cfg(test)]
mod command_tests;

#[cfg(test)]
mod door_tests;

#[cfg(test)]
mod form_tests;

#[cfg(test)]
mod source_tests;

#[cfg(test)]
mod slow_tests;
