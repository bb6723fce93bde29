//! How a returned value ended its run: an `Err` failed, anything else completed.
//!
//! `Result` is recognised by the value's type and not by its name, so aliases work. Of an error the strongest way to
//! show it is tried first, by method calls on `(&&&&&&Returned(&value))`.

use std::any::type_name;
use std::error::Error;
use std::fmt::{Debug, Display};

use super::shown;

/// A value that a registered function returned.
#[derive(Debug)]
pub struct Returned<'a, R: ?Sized>(pub &'a R);

impl<R: ?Sized> Clone for Returned<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: ?Sized> Copy for Returned<'_, R> {}

/// Returns an error's text and those of its sources, each once.
fn chain(error: &dyn Error) -> String {
    const DEEPEST: usize = 32;
    shown(|to| {
        let mut last = shown(|to| write!(to, "{error}"));
        to.write_str(&last)?;
        let mut source = error.source();
        for _ in 0..DEEPEST {
            let Some(error) = source else { break };
            let text = shown(|to| write!(to, "{error}"));
            // Many errors put their source's text into their own.
            if !last.contains(&text) {
                write!(to, ": {text}")?;
            }
            last = text;
            source = error.source();
        }
        Ok(())
    })
}

/// One way to say why a run failed, and the values that it takes.
macro_rules! way {
    ($(#[$doc:meta])* $name:ident, for<$($generic:ident),*> $this:ty, ($value:ident) => $error:expr $(, $($bounds:tt)*)?) => {
        $(#[$doc])*
        pub trait $name {
            /// Returns why the run failed, when it did.
            fn __mltrace_error(self) -> Option<String>;
        }

        impl<$($generic),*> $name for $this $(where $($bounds)*)? {
            fn __mltrace_error(self) -> Option<String> {
                let $value = self.0;
                $error
            }
        }
    };
}

way!(
    /// By the error and its sources.
    EndsByError,
    for<T, E> &&&&&&Returned<'_, Result<T, E>>,
    (value) => value.as_ref().err().map(|error| chain(error)),
    E: Error
);

way!(
    /// By the error that it holds, such as `Box<dyn Error>` or `anyhow::Error`.
    EndsByHeldError,
    for<T, E> &&&&&Returned<'_, Result<T, E>>,
    (value) => value.as_ref().err().map(|error| chain(error.as_ref())),
    E: AsRef<dyn Error>
);

way!(
    /// By the error that it holds and that may cross threads, such as `Box<dyn Error + Send + Sync>`.
    EndsByHeldSendError,
    for<T, E> &&&&Returned<'_, Result<T, E>>,
    (value) => value.as_ref().err().map(|error| chain(error.as_ref())),
    E: AsRef<dyn Error + Send + Sync>
);

way!(
    /// By `Display`.
    EndsByDisplay,
    for<T, E> &&&Returned<'_, Result<T, E>>,
    (value) => value.as_ref().err().map(|error| shown(|to| write!(to, "{error}"))),
    E: Display
);

way!(
    /// By `Debug`.
    EndsByDebug,
    for<T, E> &&Returned<'_, Result<T, E>>,
    (value) => value.as_ref().err().map(|error| shown(|to| write!(to, "{error:?}"))),
    E: Debug
);

way!(
    /// By the error's type, when nothing shows it.
    EndsByType,
    for<T, E> &Returned<'_, Result<T, E>>,
    (value) => value.as_ref().err().map(|_| type_name::<E>().to_owned())
);

way!(
    /// What is no `Result` completes.
    EndsWell,
    for<R> Returned<'_, R>,
    (_value) => None
);

/// The value of `return` among the outputs: what `Ok` holds.
pub trait ReturnsResult<'a> {
    /// What was returned.
    type Value;
    /// Returns the value, unless the run failed.
    fn __mltrace_value(self) -> Option<&'a Self::Value>;
}

/// The value of `return` among the outputs: what was returned, when it is no `Result`.
pub trait ReturnsPlain<'a> {
    /// What was returned.
    type Value;
    /// Returns the value.
    fn __mltrace_value(self) -> Option<&'a Self::Value>;
}

impl<'a, T, E> ReturnsResult<'a> for &Returned<'a, Result<T, E>> {
    type Value = T;

    fn __mltrace_value(self) -> Option<&'a T> {
        self.0.as_ref().ok()
    }
}

impl<'a, R> ReturnsPlain<'a> for Returned<'a, R> {
    type Value = R;

    fn __mltrace_value(self) -> Option<&'a R> {
        Some(self.0)
    }
}
