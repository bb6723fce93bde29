//! What `check!` and `require!` can check, and how `require!` stops a function.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display};

use mltrace_core::model::Outcome;
use mltrace_core::values::shown;

/// Something that says whether a check passed: a `bool`, or a `Result` of one or of `()`.
///
/// `Ok(true)` and `Ok(())` passed, `Ok(false)` and the error of a `Result<(), E>` mean that what was checked does not
/// hold, and the error of a `Result<bool, E>` that it could not be found out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a check passed",
    label = "this is neither a `bool` nor a `Result` of `bool` or `()`"
)]
pub trait Checked {
    /// Returns how the check came out, and why if it says so.
    fn outcome(self) -> (Passed, Option<String>);
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed(pub(crate) Outcome);

impl Passed {
    /// Returns whether it passed.
    #[must_use]
    pub fn is_passed(self) -> bool {
        self.0 == Outcome::Passed
    }
}

fn of_claim(holds: bool) -> Passed {
    Passed(if holds { Outcome::Passed } else { Outcome::Failed })
}

impl Checked for bool {
    fn outcome(self) -> (Passed, Option<String>) {
        (of_claim(self), None)
    }
}

impl<E: Display> Checked for Result<bool, E> {
    fn outcome(self) -> (Passed, Option<String>) {
        match self {
            Ok(holds) => (of_claim(holds), None),
            Err(error) => (Passed(Outcome::Errored), Some(shown(|to| write!(to, "{error}")))),
        }
    }
}

impl<E: Display> Checked for Result<(), E> {
    fn outcome(self) -> (Passed, Option<String>) {
        match self {
            Ok(()) => (of_claim(true), None),
            Err(error) => (of_claim(false), Some(shown(|to| write!(to, "{error}")))),
        }
    }
}

/// A check that a function requires and that did not pass.
///
/// `require!` turns it into the function's own error: it becomes a `Box<dyn Error>`, a `String`, a `std::io::Error`, and
/// whatever takes any error by `From`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckFailed {
    name: String,
    message: Option<String>,
}

impl CheckFailed {
    pub(crate) fn new(name: &str, message: Option<String>) -> Self {
        Self { name: name.to_owned(), message }
    }

    /// Returns what was checked.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Display for CheckFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = self.message.as_deref().map_or(Cow::Borrowed(""), |message| Cow::Owned(format!(": {message}")));
        write!(f, "the check `{}` did not pass{why}", self.name)
    }
}

impl Error for CheckFailed {}

impl From<CheckFailed> for String {
    fn from(failed: CheckFailed) -> Self {
        failed.to_string()
    }
}

impl From<CheckFailed> for std::io::Error {
    fn from(failed: CheckFailed) -> Self {
        Self::other(failed)
    }
}

/// What a function returns that a check stops: the error of its `Result`. Where it returns no `Result`, it panics, as
/// `assert!` does.
#[diagnostic::on_unimplemented(
    message = "a check cannot stop a function that returns `{Self}`",
    label = "return a `Result` whose error is `From<mltrace::CheckFailed>`",
    note = "`check!`, or `warn(…)` in the attribute, records the same and goes on"
)]
pub trait Stopped: Sized {
    /// Returns what the function returns then.
    fn stopped(failed: CheckFailed) -> Self;
}

impl<T, E: From<CheckFailed>> Stopped for Result<T, E> {
    fn stopped(failed: CheckFailed) -> Self {
        Err(failed.into())
    }
}

macro_rules! panics {
    ($(($($generic:ident)*) $type:ty,)+) => {$(
        impl<$($generic),*> Stopped for $type {
            #[track_caller]
            fn stopped(failed: CheckFailed) -> Self {
                panic!("{failed}")
            }
        }
    )+};
}

panics! {
    () (), () bool, () u8, () u16, () u32, () u64, () u128, () usize, () i8, () i16, () i32, () i64, () i128, () isize,
    () f32, () f64, () char, () String, () &str, () std::path::PathBuf, (T) Vec<T>, (T) Option<T>, (T) Box<T>,
    (T) std::sync::Arc<T>, (T U) (T, U), (T U V) (T, U, V), (T U V W) (T, U, V, W), (K V) std::collections::BTreeMap<K, V>,
    (K V S) std::collections::HashMap<K, V, S>, (T) std::collections::BTreeSet<T>, (T S) std::collections::HashSet<T, S>,
}
