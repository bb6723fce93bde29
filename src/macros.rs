//! `input!`, `output!`, `param!`, `note!`, `metric!`, `subject!`, `observe!`, `check!` and `require!`: what a run says from inside, at any depth of calls.

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

/// Records a metric of the current run: `metric!("rmse", error)`, or `metric!(rmse)` under the expression's own text.
///
/// The value is whatever `Display` shows as a number, with `NaN` and `inf`; it is kept as it is written. With
/// `step = epoch` there may be many values of one name, of which the last step counts. With `about = artifact` it is a metric
/// of something that the run reads or writes, and not of the run as a whole: the importance of a feature, the error on one
/// file. Outside any run it does nothing and says so once.
///
/// ```no_run
/// let rmse = 0.64;
/// mltrace::metric!(rmse);
/// mltrace::metric!("rows", 900);
/// for epoch in 0..3 {
///     mltrace::metric!("loss", 1.0 / f64::from(epoch + 1), step = epoch);
/// }
/// for (feature, share) in [("age", 0.3), ("zone", 0.7)] {
///     mltrace::metric!("importance", share, about = feature);
/// }
/// ```
#[macro_export]
macro_rules! metric {
    ($name:expr, $value:expr, step = $step:expr $(,)?) => {
        $crate::__private::metric(
            ::core::convert::AsRef::<str>::as_ref(&$name),
            ::core::format_args!("{}", $value),
            ::core::option::Option::Some($crate::__private::step($step)),
        )
    };
    ($name:expr, $value:expr, about = $about:expr $(, step = $step:expr)? $(,)?) => {
        $crate::__private::metric_about(
            ::core::convert::AsRef::<str>::as_ref(&$name),
            ::core::format_args!("{}", $value),
            ::core::option::Option::<i64>::None$(.or(::core::option::Option::Some($crate::__private::step($step))))?,
            &$about,
        )
    };
    ($name:expr, $value:expr, step = $step:expr, about = $about:expr $(,)?) => {
        $crate::metric!($name, $value, about = $about, step = $step)
    };
    ($name:expr, $value:expr $(,)?) => {
        $crate::__private::metric(
            ::core::convert::AsRef::<str>::as_ref(&$name),
            ::core::format_args!("{}", $value),
            ::core::option::Option::None,
        )
    };
    ($value:expr $(,)?) => {
        $crate::metric!(::core::stringify!($value), $value)
    };
    () => {
        ::core::compile_error!("`metric!` wants a name and a number: `mltrace::metric!(\"rmse\", rmse)`")
    };
}

/// Records that the current run takes in data of somebody, or of something, whose name is not kept.
///
/// `mltrace forget --subject NAME` then says what still holds these data. The name is shown by `Display`; what is recorded is a
/// pseudonym that follows from it. Outside any run it does nothing and says so once.
///
/// ```no_run
/// for customer in ["ada@example.com", "bob@example.com"] {
///     mltrace::subject!(customer);
/// }
/// ```
#[macro_export]
macro_rules! subject {
    ($name:expr $(,)?) => {
        $crate::__private::subject(::core::format_args!("{}", $name))
    };
    () => {
        ::core::compile_error!("`subject!` wants whose data it is: `mltrace::subject!(customer)`")
    };
}

/// Counts a value of the current run in a hot path: `observe!("prediction", value)`, or `observe!(prediction)`.
///
/// A value is a number, a text, a `bool`, or an `Option` of one ([`Observable`](crate::Observable)). Each call takes some ten
/// nanoseconds; how often there was a value, and how the values spread, is recorded with the end of the run, and is
/// shown by `mltrace observations`. Six names are kept in a run; what is beyond is counted. Outside any run it does
/// nothing and says so once.
///
/// ```no_run
/// for ride in 0..1_000 {
///     let fare = 2.5 + f64::from(ride % 40);
///     mltrace::observe!("fare", fare);
///     mltrace::observe!("zone", if ride % 3 == 0 { "JFK" } else { "EWR" });
/// }
/// ```
#[macro_export]
macro_rules! observe {
    ($name:expr, $value:expr $(,)?) => {
        $crate::__private::observe(::core::convert::AsRef::<str>::as_ref(&$name), &$value)
    };
    ($value:expr $(,)?) => {
        $crate::observe!(::core::stringify!($value), $value)
    };
    () => {
        ::core::compile_error!("`observe!` wants a name and a value: `mltrace::observe!(\"prediction\", value)`")
    };
}

/// Records whether something holds of the current run, goes on in any case, and returns whether it holds.
///
/// What is checked is a `bool`, or a `Result` of `bool` or `()` ([`Checked`](crate::Checked)). The check is called as it is
/// written, unless `name = "…"` comes first; `about = artifact` before it says of what the check is, if not of the run as a
/// whole; a message follows as `format!` takes it. `warn(…)` around what is checked records that it only warns, as in the lists
/// `before` and `after` of the attribute. Outside any run it is not recorded, which is said once.
///
/// ```no_run
/// let rows = 900;
/// mltrace::check!(rows > 800, "{rows} rows");
/// mltrace::check!(warn(rows > 1_000), "{rows} rows");
/// let is_fine = mltrace::check!(name = "header", about = "raw.csv", std::fs::exists("raw.csv"));
/// ```
#[macro_export]
macro_rules! check {
    () => {
        ::core::compile_error!("`check!` wants what is to hold: `mltrace::check!(rows > 0, \"{rows} rows\")`")
    };
    ($($check:tt)+) => {
        $crate::__private::is_passed(::core::option::Option::as_ref(&$crate::__check!(check [] [] $($check)+)))
    };
}

/// What every form of `check!` and `require!` becomes: what stops a function, if it did not pass. The lists hold what was said of
/// the name and of the artifact so far. What is required does not only warn.
#[doc(hidden)]
#[macro_export]
macro_rules! __check {
    ($call:ident [] [$($about:tt)*] name = $name:expr, $($check:tt)+) => {
        $crate::__check!($call [$name] [$($about)*] $($check)+)
    };
    ($call:ident [$($name:tt)*] [] about = $about:expr, $($check:tt)+) => {
        $crate::__check!($call [$($name)*] [$about] $($check)+)
    };
    (check [$($name:tt)*] [$($about:tt)*] warn($holds:expr) $(, $($message:tt)*)?) => {
        $crate::__checked!([$($name)*] [$($about)*] Warn, $holds, $($($message)*)?)
    };
    ($call:ident [$($name:tt)*] [$($about:tt)*] $holds:expr $(, $($message:tt)*)?) => {
        $crate::__checked!([$($name)*] [$($about)*] Error, $holds, $($($message)*)?)
    };
}

/// Records a check.
#[doc(hidden)]
#[macro_export]
macro_rules! __checked {
    ([] $about:tt $severity:ident, $holds:expr, $($message:tt)*) => {
        $crate::__checked!([::core::stringify!($holds)] $about $severity, $holds, $($message)*)
    };
    ([$name:expr] [] $severity:ident, $holds:expr, $($message:tt)*) => {
        $crate::__private::checked_as(
            ::core::convert::AsRef::<str>::as_ref(&$name),
            $crate::__private::Severity::$severity,
            $holds,
            $crate::__message!($($message)*),
        )
    };
    ([$name:expr] [$about:expr] $severity:ident, $holds:expr, $($message:tt)*) => {
        $crate::__private::checked_about(
            ::core::convert::AsRef::<str>::as_ref(&$name),
            $crate::__private::Severity::$severity,
            $holds,
            $crate::__message!($($message)*),
            &$about,
        )
    };
}

/// The message of a check, if it has one.
#[doc(hidden)]
#[macro_export]
macro_rules! __message {
    () => {
        ::core::option::Option::None
    };
    ($($message:tt)+) => {
        ::core::option::Option::Some(::core::format_args!($($message)+))
    };
}

/// Records whether something holds of the current run, as [`check!`](crate::check!) does, and stops the function if it does not: with
/// the error of its `Result`, which is to be `From<CheckFailed>`, or with a panic where it returns none.
///
/// So a pipeline breaks before it makes something of bad data, also where nothing is recorded.
///
/// ```no_run
/// fn train(rows: usize) -> Result<f64, Box<dyn std::error::Error>> {
///     mltrace::require!(rows > 800, "{rows} rows");
///     Ok(0.64)
/// }
/// ```
#[macro_export]
macro_rules! require {
    () => {
        ::core::compile_error!("`require!` wants what is to hold: `mltrace::require!(rows > 0, \"{rows} rows\")`")
    };
    ($($check:tt)+) => {
        if let ::core::option::Option::Some(failed) = $crate::__check!(require [] [] $($check)+) {
            return $crate::__private::stopped(failed);
        }
    };
}
