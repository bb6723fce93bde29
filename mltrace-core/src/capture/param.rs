//! How a parameter's value becomes text: `Display`, else the path that it is, else `Debug`.

use std::fmt::{Debug, Display};
use std::path::Path;

pub use serde_json::Value;

use super::{Probe, shown};

/// A value that can be recorded as a parameter: anything that is `Display` or `Debug`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded as a parameter",
    label = "this is neither `Display` nor `Debug`",
    note = "derive `Debug` for it, or record a part of it: `params = [value.part]`"
)]
pub trait Param {
    /// Returns the value as it is recorded.
    fn value(&self) -> Value;
}

/// Shows by `Display`.
#[derive(Debug)]
pub struct ByDisplay<'a, T: ?Sized>(&'a T);

/// Shows a path without the quotes that `Debug` puts.
#[derive(Debug)]
pub struct ByPath<'a, T: ?Sized>(&'a T);

/// Shows by `Debug`.
#[derive(Debug)]
pub struct ByDebug<'a, T: ?Sized>(&'a T);

impl<T: Display + ?Sized> Param for ByDisplay<'_, T> {
    fn value(&self) -> Value {
        Value::String(shown(|to| write!(to, "{}", self.0)))
    }
}

impl<T: AsRef<Path> + ?Sized> Param for ByPath<'_, T> {
    fn value(&self) -> Value {
        Value::String(shown(|to| write!(to, "{}", self.0.as_ref().display())))
    }
}

impl<T: Debug + ?Sized> Param for ByDebug<'_, T> {
    fn value(&self) -> Value {
        Value::String(shown(|to| write!(to, "{:?}", self.0)))
    }
}

impl<T: Param + ?Sized> Param for &T {
    fn value(&self) -> Value {
        (**self).value()
    }
}

/// Returns the value of a parameter as it is recorded.
#[expect(clippy::needless_pass_by_value, reason = "a probe yields either a way to show or a reference")]
pub fn param(value: impl Param) -> Value {
    value.value()
}

/// The first try of `(&&&Probe(&value)).__mltrace_param()`.
pub trait ProbeDisplay<'a> {
    /// What is shown.
    type Found;
    /// Returns how to show it.
    fn __mltrace_param(self) -> Self::Found;
}

/// The second try.
pub trait ProbePath<'a> {
    /// What is shown.
    type Found;
    /// Returns how to show it.
    fn __mltrace_param(self) -> Self::Found;
}

/// The third try.
pub trait ProbeDebug<'a> {
    /// What is shown.
    type Found;
    /// Returns how to show it.
    fn __mltrace_param(self) -> Self::Found;
}

/// The last resort: the value itself, which is no [`Param`], so that the error names its type.
pub trait ProbeNothing<'a> {
    /// What is shown.
    type Found: ?Sized;
    /// Returns the value.
    fn __mltrace_param(self) -> &'a Self::Found;
}

impl<'a, T: Display + ?Sized> ProbeDisplay<'a> for &&&Probe<'a, T> {
    type Found = ByDisplay<'a, T>;

    fn __mltrace_param(self) -> ByDisplay<'a, T> {
        ByDisplay(self.0)
    }
}

impl<'a, T: AsRef<Path> + ?Sized> ProbePath<'a> for &&Probe<'a, T> {
    type Found = ByPath<'a, T>;

    fn __mltrace_param(self) -> ByPath<'a, T> {
        ByPath(self.0)
    }
}

impl<'a, T: Debug + ?Sized> ProbeDebug<'a> for &Probe<'a, T> {
    type Found = ByDebug<'a, T>;

    fn __mltrace_param(self) -> ByDebug<'a, T> {
        ByDebug(self.0)
    }
}

impl<'a, T: ?Sized> ProbeNothing<'a> for Probe<'a, T> {
    type Found = T;

    fn __mltrace_param(self) -> &'a T {
        self.0
    }
}
