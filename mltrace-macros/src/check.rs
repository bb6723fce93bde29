//! Finds every mistake of an attribute at once, each on its own token and with what to write instead.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprPath, ReturnType, Type, TypeParamBound};

use crate::args::{Args, list, plain};
use crate::checks;
use crate::function::{Function, Reach, boxes_a_future, leaving, names_of_closure};

/// The mistakes that were found so far.
#[derive(Default)]
pub(crate) struct Mistakes {
    errors: Vec<syn::Error>,
}

impl Mistakes {
    /// Adds a mistake at `tokens`.
    pub(crate) fn at(&mut self, tokens: &impl ToTokens, message: String) {
        self.errors.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds a mistake.
    pub(crate) fn take(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Returns a `compile_error!` for each.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }
}

/// Finds what is wrong with an attribute on this function.
pub(crate) fn check(args: &Args, function: &Function, mistakes: &mut Mistakes) {
    check_shape(function, mistakes);
    for (list, way_out) in [(&args.inputs, "input"), (&args.params, "param"), (&args.subjects, "subject")] {
        check_twice(list, mistakes);
        for value in list {
            check_at_entry(value, way_out, function, mistakes);
        }
    }
    check_twice(&args.outputs, mistakes);
    for output in &args.outputs {
        check_output(output, function, mistakes);
    }
    let artifacts = args.inputs.iter().chain(&args.outputs).map(|value| (value, true));
    for (value, is_artifact) in artifacts.chain(args.params.iter().chain(&args.subjects).map(|value| (value, false))) {
        check_quotes(value, is_artifact, args, function, mistakes);
    }
    for kind in &args.kinds {
        check_kind(&kind.artifact, args, mistakes);
    }
    for listed in args.ids.iter().chain(&args.profiles) {
        check_kind(listed, args, mistakes);
    }
    checks::check(args, function, mistakes);
}

/// Finds functions that cannot be recorded.
fn check_shape(function: &Function, mistakes: &mut Mistakes) {
    let sig = &function.item.sig;
    for attribute in function.item.attrs.iter().filter(|attribute| attribute.path().is_ident("track_caller")) {
        let message = "`#[track_caller]` does not reach through the recording, so every location would be wrong: take \
                       it off, or put `#[register]` on a function of its own that this one calls for the work";
        mistakes.at(attribute, message.to_owned());
    }
    if let Some(token) = &sig.constness {
        let message = "a `const fn` cannot be recorded: it may run while compiling; record the function that calls it, \
                       and use `mltrace::input!(x)` and `mltrace::output!(x)` there";
        mistakes.at(token, message.to_owned());
    }
    let ReturnType::Type(_, returned) = &sig.output else { return };
    if matches!(**returned, Type::Never(_)) {
        let message = "a function that never returns has no end to record: record the functions that it calls, or use \
                       `mltrace::input!(x)` and `mltrace::output!(x)` in them";
        mistakes.at(returned, message.to_owned());
    }
    let makes_future =
        sig.asyncness.is_none() && (is_future(returned) || boxes_a_future(&function.item.block).is_some());
    if makes_future {
        let message = "this function only makes a future, so its run would end before the work begins: put `#[register]` \
                       on an `async fn` that does the work and call it here (also under `#[async_trait]`), or use \
                       `mltrace::input!(x)` and `mltrace::output!(x)` inside the future";
        mistakes.at(returned, message.to_owned());
    }
}

/// Returns whether the type is, by its looks, a future.
fn is_future(returned: &Type) -> bool {
    let of_bounds = |bounds: &syn::punctuated::Punctuated<TypeParamBound, syn::Token![+]>| {
        bounds.iter().any(|bound| matches!(bound, TypeParamBound::Trait(bound) if ends_in(&bound.path, &["Future"])))
    };
    match returned {
        Type::ImplTrait(returned) => of_bounds(&returned.bounds),
        Type::TraitObject(returned) => of_bounds(&returned.bounds),
        Type::Paren(inner) => is_future(&inner.elem),
        Type::Group(inner) => is_future(&inner.elem),
        Type::Path(path) if ends_in(&path.path, &["BoxFuture", "LocalBoxFuture"]) => true,
        Type::Path(path) if ends_in(&path.path, &["Pin", "Box"]) => path.path.segments.last().is_some_and(|last| {
            let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
            arguments.args.iter().any(|inner| matches!(inner, syn::GenericArgument::Type(inner) if is_future(inner)))
        }),
        _ => false,
    }
}

fn ends_in(path: &syn::Path, names: &[&str]) -> bool {
    path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
}

/// Finds what is listed twice.
pub(crate) fn check_twice(list: &[Expr], mistakes: &mut Mistakes) {
    for (at, value) in list.iter().enumerate() {
        if list.iter().take(at).any(|earlier| earlier == value) {
            mistakes.at(value, format!("`{}` is listed twice", plain(&value.to_token_stream())));
        }
    }
}

/// Returns the name when the expression is nothing but a name.
pub(crate) fn name_of(value: &Expr) -> Option<&syn::Ident> {
    match value {
        Expr::Path(ExprPath { qself: None, path, .. }) => path.get_ident(),
        Expr::Group(group) => name_of(&group.expr),
        _ => None,
    }
}

/// Finds names that are not there yet at entry, and what cannot be done at entry.
fn check_at_entry(value: &Expr, way_out: &str, function: &Function, mistakes: &mut Mistakes) {
    let Some(name) = name_of(value) else {
        AtEntry { function, mistakes, way_out, own: Vec::new() }.visit_expr(value);
        return;
    };
    let text = name.to_string();
    // A name in capitals is a constant: the compiler knows better.
    if function.has_param(&text) || text.starts_with(char::is_uppercase) {
        return;
    }
    if text == "self" {
        mistakes.at(value, format!("`{}` takes no `self`", function.item.sig.ident));
    } else if function.reach(&text).is_some() {
        mistakes.at(value, bound_later(&text, way_out));
    } else {
        let names: Vec<String> = function.params.iter().map(|param| param.ident.to_string()).collect();
        let near = match hint(&text, names.iter().map(String::as_str)) {
            near if function.has_receiver && !near.contains(DID_YOU_MEAN) => format!("{DID_YOU_MEAN}`self.{text}`?"),
            near => near,
        };
        mistakes.at(value, format!("`{}` has no parameter `{text}`{near}", function.item.sig.ident));
    }
}

fn bound_later(name: &str, way_out: &str) -> String {
    format!(
        "`{name}` is bound in the body, and this is read at entry: use `mltrace::{way_out}!({name})` where it is bound"
    )
}

/// Looks through an expression over parameters.
struct AtEntry<'a> {
    function: &'a Function,
    mistakes: &'a mut Mistakes,
    way_out: &'a str,
    /// Names that the expression binds itself.
    own: Vec<String>,
}

impl Visit<'_> for AtEntry<'_> {
    fn visit_expr(&mut self, value: &Expr) {
        let Some(what) = leaving(value) else { return visit::visit_expr(self, value) };
        let message = format!("`{what}` has no place here: the function's own course must not depend on its recording");
        self.mistakes.at(value, message);
    }

    fn visit_expr_closure(&mut self, closure: &syn::ExprClosure) {
        let before = self.own.len();
        self.own.extend(names_of_closure(closure));
        visit::visit_expr_closure(self, closure);
        self.own.truncate(before);
    }

    fn visit_expr_async(&mut self, _: &syn::ExprAsync) {}

    fn visit_expr_path(&mut self, path: &ExprPath) {
        let Some(name) = path.path.get_ident().map(ToString::to_string) else { return };
        if self.own.contains(&name) || self.function.has_param(&name) {
            return;
        }
        // Other names may be functions or statics: the compiler says when they are not.
        if matches!(self.function.reach(&name), Some(Reach::Let | Reach::Pattern)) {
            self.mistakes.at(path, bound_later(&name, self.way_out));
        }
    }
}

/// Finds the name of a variable in quotes: it would be recorded as an artifact of that name.
fn check_quotes(value: &Expr, is_artifact: bool, args: &Args, function: &Function, mistakes: &mut Mistakes) {
    let Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(literal), .. }) = value else { return };
    let text = literal.value();
    let what = match function.reach(&text) {
        _ if args.ids.contains(value) => return,
        _ if function.has_param(&text) => "a parameter",
        Some(Reach::Let | Reach::Pattern) => "a variable",
        Some(_) | None => return,
    };
    let mut message = format!("`{text}` is {what}: write `{text}` without quotes");
    if is_artifact {
        message += &format!(", or list `\"{text}\"` in `id` too if it is a name");
    }
    mistakes.at(value, message);
}

/// Finds outputs that nothing binds.
fn check_output(output: &Expr, function: &Function, mistakes: &mut Mistakes) {
    if matches!(output, Expr::Return(value) if value.expr.is_none()) {
        if matches!(function.item.sig.output, ReturnType::Default) {
            mistakes.at(output, format!("`{}` returns nothing", function.item.sig.ident));
        }
        return;
    }
    let Some(name) = name_of(output) else {
        AtEntry { function, mistakes, way_out: "output", own: Vec::new() }.visit_expr(output);
        return;
    };
    let text = name.to_string();
    if text.eq_ignore_ascii_case("return") {
        return mistakes.at(output, format!("`{text}` is no name of a value{DID_YOU_MEAN}`return`?"));
    }
    if function.has_param(&text) || text.starts_with(char::is_uppercase) {
        return;
    }
    let place = match function.reach(&text) {
        Some(Reach::Let | Reach::Pattern) => return,
        Some(Reach::Closure) => "inside a closure",
        Some(Reach::AsyncBlock) => "inside an inner `async` block",
        Some(Reach::Macro) => "inside a macro",
        None => {
            mistakes.at(output, unbound(&text, function));
            return;
        }
    };
    mistakes.at(
        output,
        format!("`{text}` is bound {place}, where it cannot be followed: use `mltrace::output!({text})` there"),
    );
}

fn unbound(name: &str, function: &Function) -> String {
    if name == "self" {
        return format!("`{}` takes no `self`", function.item.sig.ident);
    }
    let lets = function.bound.iter().filter(|(_, reach)| *reach <= Reach::Pattern).map(|(name, _)| name.clone());
    let mut names: Vec<String> = lets.chain(function.params.iter().map(|param| param.ident.to_string())).collect();
    names.push("return".to_owned());
    let near = hint(name, names.iter().map(String::as_str));
    format!("no `let` in `{}` and none of its parameters binds `{name}`{near}", function.item.sig.ident)
}

/// Finds kinds and identifiers that are neither read nor written.
fn check_kind(artifact: &Expr, args: &Args, mistakes: &mut Mistakes) {
    let known = || args.inputs.iter().chain(&args.outputs);
    if known().any(|known| known == artifact) {
        return;
    }
    let names: Vec<String> = known().map(|known| plain(&known.to_token_stream())).collect();
    let text = plain(&artifact.to_token_stream());
    let near = hint(&text, names.iter().map(String::as_str));
    mistakes.at(artifact, format!("`{text}` is neither among `inputs` nor among `outputs`{near}"));
}

/// What stands before a name that may have been meant.
const DID_YOU_MEAN: &str = "; did you mean ";

/// Returns what to add to a message about a wrong name: the nearest of the right ones, or all of a few, or nothing.
pub(crate) fn hint<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.dedup();
    let nearest = names.iter().map(|name| (distance(wrong, name), name)).min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, name)) if distance <= (wrong.chars().count() / 3).max(1) => format!("{DID_YOU_MEAN}`{name}`?"),
        Some(_) if names.len() <= 16 => format!("; there is {}", list(names.into_iter())),
        _ => String::new(),
    }
}

/// Returns how many characters have to be put in, taken out, changed or swapped to come from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let change = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut least = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, hint};

    #[test]
    fn distance_counts_single_changes() {
        for (from, to, expected) in [
            ("raw", "raw", 0),
            ("raw_pth", "raw_path", 1),
            ("claen", "clean", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
            assert_eq!(distance(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn the_nearest_name_is_offered_else_all_of_a_few() {
        assert_eq!(hint("claen", ["clean", "raw"].into_iter()), "; did you mean `clean`?");
        assert_eq!(hint("model", ["clean", "raw", "return"].into_iter()), "; there is `clean`, `raw` and `return`");
        assert_eq!(hint("model", std::iter::empty()), "");
    }
}
