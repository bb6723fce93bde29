//! How a parameter's value becomes text: `Display`, else the path that it is, else `Debug`.

use std::fmt::{Debug, Display};
use std::path::Path;

pub use serde_json::Value;

use super::{Probe, shown};

/// A value that can be recorded as a parameter. It says no more than the error that names it: what is `Display` or
/// `Debug` never needs it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded as a parameter",
    label = "this is neither `Display` nor `Debug`",
    note = "derive `Debug` for it, or record a part of it: `params = [value.part]`"
)]
pub trait Param {}

/// The tries of `(&&&Probe(&value)).__mltrace_param()`, as traits to be brought into scope; the strongest one that
/// applies is called.
pub mod probe {
    use super::{Debug, Display, Param, Path, Probe, Value, shown};

    /// The first try.
    pub trait ProbeDisplay {
        /// Returns the value as it is recorded.
        fn __mltrace_param(self) -> Value;
    }

    /// The second try.
    pub trait ProbePath {
        /// Returns the value as it is recorded.
        fn __mltrace_param(self) -> Value;
    }

    /// The third try.
    pub trait ProbeDebug {
        /// Returns the value as it is recorded.
        fn __mltrace_param(self) -> Value;
    }

    /// The last resort: an error that names the value's type, as its bound cannot hold.
    pub trait ProbeNothing<T: ?Sized> {
        /// Never called.
        fn __mltrace_param(self) -> Value
        where
            T: Param;
    }

    impl<T: Display + ?Sized> ProbeDisplay for &&&Probe<'_, T> {
        fn __mltrace_param(self) -> Value {
            Value::String(shown(|to| write!(to, "{}", self.0)))
        }
    }

    impl<T: AsRef<Path> + ?Sized> ProbePath for &&Probe<'_, T> {
        fn __mltrace_param(self) -> Value {
            // `Debug` would put quotes around it.
            Value::String(shown(|to| write!(to, "{}", self.0.as_ref().display())))
        }
    }

    impl<T: Debug + ?Sized> ProbeDebug for &Probe<'_, T> {
        fn __mltrace_param(self) -> Value {
            Value::String(shown(|to| write!(to, "{:?}", self.0)))
        }
    }

    impl<T: ?Sized> ProbeNothing<T> for Probe<'_, T> {
        fn __mltrace_param(self) -> Value
        where
            T: Param,
        {
            Value::Null
        }
    }
}
