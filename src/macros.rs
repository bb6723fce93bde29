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
        $($crate::__private::__tell!($crate input ($artifact));)+
    };
    () => {
        ::core::compile_error!("`input!` wants what was read: `mltrace::input!(path)`")
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
        $($crate::__private::__tell!($crate output ($artifact));)+
    };
    () => {
        ::core::compile_error!("`output!` wants what was written: `mltrace::output!(path)`")
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
        $crate::__private::__tell!($crate param ($name) ($value))
    };
    ($value:expr $(,)?) => {
        $crate::param!(::core::stringify!($value), $value)
    };
    () => {
        ::core::compile_error!("`param!` wants a name and a value: `mltrace::param!(\"lr\", rate)`")
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
    () => {
        ::core::compile_error!("`note!` wants a text: `mltrace::note!(\"dropped {n} rows\")`")
    };
}
