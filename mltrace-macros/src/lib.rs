//! The `#[register]` attribute: a small compiler from a function to the same function, recorded.
//!
//! The stages: `args` reads the attribute, `function` what it stands on, `check` finds every mistake, `capture`
//! puts the calls that record outputs into the body, and `expand` wraps it all up. The text for people is at
//! `mltrace::register`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};

mod args;

mod duration;

mod function;

mod check;

mod checks;

mod mention;

mod capture;

mod again;

mod expand;

mod source;

mod tell;

/// Records every call of the function as a run of a component.
///
/// ```ignore
/// #[register(component = "cleaning", inputs = [raw_path], outputs = [clean_path], params = [month])]
/// fn clean(raw_path: &Path, month: &str) -> Result<PathBuf, Error> {
///     let clean_path = raw_path.with_extension("clean.csv");
///     // …
///     Ok(clean_path)
/// }
/// ```
///
/// | argument | says |
/// |---|---|
/// | `component = "cleaning"` | the component; by default the function's name, of a method `Type::method` |
/// | `inputs = [raw_path, self.dir.join("in")]` | what is read: parameters or any expressions over them, evaluated at entry |
/// | `outputs = [clean_path, return]` | what is written: names bound by `let` in the body, parameters, the returned value (of a `Result` the `Ok` value), or expressions evaluated at entry |
/// | `params = [month, self.rate]` | parameters or expressions over them, shown by `Display`, else by `Debug` |
/// | `before = [not_empty(raw)]`, `after = [no_nulls(clean), warn(few(clean))]` | checks: calls that return a `bool`, or a `Result` of `bool` or `()`. A name of `inputs` or `outputs` stands for the path, `return` in `after` for the value. One that does not pass stops the function as `mltrace::require!` does, or with `warn(…)` is recorded only |
/// | `owner = "shreya"`, `description = "…"`, `tags = ["etl"]` | what the component is |
/// | `id = [table]` | inputs and outputs that are identifiers and no files, whatever they look like |
/// | `profile = [clean_path]` | inputs and outputs that are tables (CSV, NDJSON, and Parquet with the feature `parquet`) whose profiles are to be recorded: rows, and of each column type, nulls and how the values spread |
/// | `kind(model = [clean_path])` | the kind of an input or output, when its name does not say: `model`, `data` or `endpoint` |
/// | `subject = [customer]` | values that say whose data the function takes in, each shown by `Display`; what is recorded is a pseudonym, and `mltrace forget --subject` finds what was made of them |
/// | `stale_after = "30 days"` | after how long an input counts as old |
/// | `crate = path` | where the crate `mltrace` is found, when it was renamed |
///
/// It works on functions and methods, sync and async, generic or not. The function returns, fails and panics exactly as
/// without the attribute. A returned `Err` and a panic make a failed run, a future dropped early a cancelled one.
///
/// An output is recorded when its `let` binds it; a `let mut` also after it changed, so a list that grows counts with
/// what it held at last. A new binding in each turn of a loop is one more output. Names bound in closures, inner `async`
/// blocks and macros are out of reach: there, and in functions further down, use `mltrace::output!(name)`.
///
/// # Limits
/// A `const fn`, a function that returns `!`, and one that only makes a future (also under `#[async_trait]`) are refused
/// with a way out; so is `#[track_caller]`, whose location would be the recording's. Where the attribute lists a name that
/// a parameter's pattern binds, what else that pattern leaves unbound is dropped after the other parameters.
#[proc_macro_attribute]
pub fn register(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let place = source::place(&item);
    registered(arguments.into(), &item.into(), &place).into()
}

/// What `input!`, `output!` and `param!` of the crate `mltrace` call.
#[doc(hidden)]
#[proc_macro]
pub fn __tell(told: proc_macro::TokenStream) -> proc_macro::TokenStream {
    tell::tell(told.into()).into()
}

/// Returns the recorded function, or the function as it was beside every mistake that was found.
fn registered(arguments: TokenStream, item: &TokenStream, place: &source::Place) -> TokenStream {
    let mut mistakes = check::Mistakes::default();
    let args = args::parse(arguments, &mut mistakes);
    let function = match function::parse(item) {
        Ok(function) => function,
        Err(error) => {
            mistakes.take(error);
            let errors = mistakes.into_tokens();
            return quote!(#errors #item);
        }
    };
    if mention::holds(function.item.block.to_token_stream(), expand::CALL) {
        let twice =
            syn::Error::new(Span::call_site(), "this function is registered already: take one `#[register]` off");
        let error = twice.to_compile_error();
        return quote!(#error #item);
    }
    check::check(&args, &function, &mut mistakes);
    if mistakes.is_empty() {
        return expand::expand(&args, function, place);
    }
    let errors = mistakes.into_tokens();
    quote!(#errors #item)
}
