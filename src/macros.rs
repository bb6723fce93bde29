//! `input!`, `output!`, `param!` and `note!`: what a run tells from inside, at any depth of calls.

/// Records that the current run reads an artifact now.
///
/// It works at any depth of calls on the thread or in the task of a registered function; on other threads use
/// [`current`](crate::current). Outside any run it does nothing and says so once.
///
/// ```no_run
/// # fn lookup() -> String { String::new() }
/// mltrace::input!("s3://bucket/zones.parquet");
/// let table = lookup();
/// mltrace::input!(table);
/// ```
#[macro_export]
macro_rules! input {
    ($($artifact:expr),+ $(,)?) => {
        $($crate::__tell!(input, $artifact);)+
    };
}

/// Records that the current run has written an artifact by now.
///
/// For names that `outputs` cannot reach: those bound in closures, in inner `async` blocks and in functions further
/// down. Call it after the artifact is written. Outside any run it does nothing and says so once.
///
/// ```no_run
/// # use std::path::Path;
/// # fn shards() -> Vec<std::path::PathBuf> { Vec::new() }
/// for shard in shards() {
///     mltrace::output!(shard);
/// }
/// mltrace::output!(mltrace::artifact("s3://models/taxi").version("2021-05"));
/// ```
#[macro_export]
macro_rules! output {
    ($($artifact:expr),+ $(,)?) => {
        $($crate::__tell!(output, $artifact);)+
    };
}

/// Records a parameter of the current run: `param!("lr", rate)`, or `param!(lr)` under the expression's own text.
///
/// The value is shown by `Display`, else by `Debug`; the last value of a name counts. Outside any run it does nothing
/// and says so once.
///
/// ```no_run
/// let lr = 0.1;
/// mltrace::param!(lr);
/// mltrace::param!("depth", 7);
/// ```
#[macro_export]
macro_rules! param {
    ($name:expr, $value:expr $(,)?) => {
        match (&$name, &$value) {
            (name, value) => $crate::__private::param(::core::convert::AsRef::<str>::as_ref(name), || {
                #[allow(unused_imports)]
                use $crate::__private::{ProbeDebug as _, ProbeDisplay as _, ProbeNothing as _, ProbePath as _};
                (&&&$crate::__private::Probe(value)).__mltrace_param()
            }),
        }
    };
    ($value:expr $(,)?) => {
        $crate::param!(::core::stringify!($value), $value)
    };
}

/// Records a remark on the current run, written as `format!` does.
///
/// Outside any run it does nothing and says so once.
///
/// ```no_run
/// let dropped = 12;
/// mltrace::note!("dropped {dropped} rows with a fare of zero");
/// ```
#[macro_export]
macro_rules! note {
    ($($text:tt)+) => {
        $crate::__private::note(::core::format_args!($($text)+))
    };
}

/// Evaluates the expression once, as it is written, and names what it gives.
#[doc(hidden)]
#[macro_export]
macro_rules! __tell {
    ($what:ident, $artifact:expr) => {
        match &$artifact {
            artifact => $crate::__private::$what(::core::stringify!($artifact), |to| {
                #[allow(unused_imports)]
                use $crate::__private::{ProbeAnything as _, ProbeArtifact as _, ProbeText as _, ProbeTexts as _};
                $crate::__private::give((&&&$crate::__private::Probe(artifact)).__mltrace_artifact(), to);
            }),
        }
    };
}
