//! The checks before and after the body: what they may speak of, and the calls that make them.
//!
//! ```text
//! before = [not_empty(raw)]
//!   →  for raw in paths.known() { if let Some(failed) = verify(call, …, || not_empty(raw)) { return stopped(failed); } }
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprPath, ExprReturn, ReturnType};

use crate::args::{Args, plain};
use crate::check::{Mistakes, check_twice, name_of};
use crate::expand::{Names, ours};
use crate::function::{Function, Reach, leaving, names_of_closure};
use crate::mention::holds;

/// When a check is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// One check of the attribute's list.
pub(crate) struct Check {
    /// What is called.
    pub(crate) call: Expr,
    /// It was written `warn(…)`: it is recorded, and the function goes on.
    pub(crate) is_warning: bool,
}

impl Check {
    /// Returns the check that an expression of the list is.
    pub(crate) fn new(written: Expr) -> Self {
        match written {
            Expr::Call(mut warned)
                if warned.args.len() == 1 && name_of(&warned.func).is_some_and(|name| name == "warn") =>
            {
                match warned.args.pop() {
                    Some(inner) => Self { call: inner, is_warning: true },
                    None => Self { call: Expr::Call(warned), is_warning: false },
                }
            }
            call => Self { call, is_warning: false },
        }
    }
}

/// A name of the attribute's lists that checks speak of: it stands for the paths of the artifact.
struct Artifact<'a> {
    name: &'a Ident,
    /// Its place among the outputs.
    slot: Option<usize>,
    /// Its value is there before the body.
    is_known: bool,
}

/// Returns the artifacts that checks of this moment may speak of.
fn artifacts<'a>(args: &'a Args, function: &Function, when: When) -> Vec<Artifact<'a>> {
    let mut all: Vec<Artifact<'a>> = Vec::new();
    for name in args.inputs.iter().filter_map(name_of) {
        all.push(Artifact { name, slot: None, is_known: true });
    }
    for (slot, output) in args.outputs.iter().enumerate() {
        let Some(name) = name_of(output) else { continue };
        let text = name.to_string();
        let is_param = function.has_param(&text);
        let is_known = match function.reach(&text) {
            Some(reach) => reach != Reach::Let && is_param,
            None => true,
        };
        if when == When::After {
            // After the body the name is what was written, whatever was read under it.
            all.retain(|known| known.name != name);
            all.push(Artifact { name, slot: Some(slot), is_known });
        } else if is_param && !all.iter().any(|known| known.name == name) {
            all.push(Artifact { name, slot: None, is_known: true });
        }
    }
    all
}

/// Returns those of them that the check speaks of, as it names them.
fn spoken<'a, 'b>(artifacts: &'b [Artifact<'a>], call: &Expr) -> Vec<&'b Artifact<'a>> {
    artifacts.iter().filter(|artifact| holds(call.to_token_stream(), &artifact.name.to_string())).collect()
}

/// Finds what is wrong with the checks.
pub(crate) fn check(args: &Args, function: &Function, mistakes: &mut Mistakes) {
    for (list, when) in [(&args.before, When::Before), (&args.after, When::After)] {
        let calls: Vec<Expr> = list.iter().map(|check| check.call.clone()).collect();
        check_twice(&calls, mistakes);
        for call in &calls {
            match call {
                Expr::Path(_) | Expr::Lit(_) | Expr::Return(_) => {
                    let text = plain(&call.to_token_stream());
                    let (key, example) = match when {
                        When::Before => ("before", "not_empty(raw)"),
                        When::After => ("after", "no_nulls(clean)"),
                    };
                    let message = format!(
                        "`{text}` is no check: write the call that tells whether it passed, as in `{key} = [{example}]`"
                    );
                    mistakes.at(call, message);
                }
                call => Spoken { args, function, mistakes, when, own: Vec::new() }.visit_expr(call),
            }
        }
    }
}

/// Looks through a check.
struct Spoken<'a> {
    args: &'a Args,
    function: &'a Function,
    mistakes: &'a mut Mistakes,
    when: When,
    /// Names that the expression binds itself.
    own: Vec<String>,
}

impl Visit<'_> for Spoken<'_> {
    fn visit_expr(&mut self, value: &Expr) {
        if let Expr::Return(ExprReturn { expr: None, .. }) = value {
            let name = &self.function.item.sig.ident;
            match (self.when, &self.function.item.sig.output) {
                (When::Before, _) => {
                    self.mistakes.at(value, "nothing is returned yet: `return` has a place in `after`".to_owned());
                }
                (When::After, ReturnType::Default) => {
                    self.mistakes.at(value, format!("`{name}` returns nothing"));
                }
                (When::After, ReturnType::Type(..)) => {}
            }
            return;
        }
        let Some(what) = leaving(value) else { return visit::visit_expr(self, value) };
        let message = format!("`{what}` has no place here: a check says by what it returns whether it passed");
        self.mistakes.at(value, message);
    }

    fn visit_expr_closure(&mut self, closure: &syn::ExprClosure) {
        let before = self.own.len();
        self.own.extend(names_of_closure(closure));
        visit::visit_expr_closure(self, closure);
        self.own.truncate(before);
    }

    fn visit_expr_path(&mut self, path: &ExprPath) {
        let Some(name) = path.path.get_ident().map(ToString::to_string) else { return };
        if self.own.contains(&name) {
            return;
        }
        if name == "self"
            && self.args.inputs.iter().chain(&self.args.outputs).filter_map(name_of).any(|of| of == "self")
        {
            let message = "`self` cannot be checked here: check it by `mltrace::require!(…)` in the body".to_owned();
            return self.mistakes.at(path, message);
        }
        let is_bound_later = matches!(self.function.reach(&name), Some(Reach::Let | Reach::Pattern));
        match self.when {
            When::Before if is_bound_later && !self.function.has_param(&name) => {
                let message = format!(
                    "`{name}` is bound in the body: check it in `after`, or by `mltrace::require!(…)` where it is bound"
                );
                self.mistakes.at(path, message);
            }
            When::After if is_bound_later => {
                let is_output = self.args.outputs.iter().filter_map(name_of).any(|output| *output == name);
                if !is_output {
                    let message = format!(
                        "`{name}` is no output: list it in `outputs`, or check it by `mltrace::require!(…)` where it is \
                         bound"
                    );
                    self.mistakes.at(path, message);
                }
            }
            When::Before | When::After => {}
        }
    }
}

/// The tokens that the checks add to a function.
pub(crate) struct Checking {
    /// What stands before the body: the paths that are known by then.
    pub(crate) paths: TokenStream,
    /// The places of the outputs whose paths the call is to keep.
    pub(crate) kept: Vec<usize>,
    /// What stands first in the body.
    pub(crate) before: TokenStream,
    /// What stands between the body and the end, with the value at hand; `None` when there is nothing to check.
    pub(crate) after: Option<TokenStream>,
}

/// Returns what the checks add.
pub(crate) fn checking(args: &Args, function: &Function, names: &Names) -> Checking {
    let krate = &names.krate;
    let mut paths = TokenStream::new();
    let mut kept = Vec::new();
    let mut lists = Vec::new();
    for (list, when) in [(&args.before, When::Before), (&args.after, When::After)] {
        let artifacts = artifacts(args, function, when);
        for artifact in artifacts.iter().filter(|artifact| list.iter().any(|check| speaks(check, artifact))) {
            let (hidden, span) = (paths_of(artifact.name, when), ours(artifact.name.span()));
            let name = artifact.name;
            if artifact.is_known {
                let give = names.give(&quote_spanned!(span=> &(#name)), span);
                paths.extend(quote_spanned!(span=> let #hidden = &#krate::__private::Paths::of(|__mltrace_to| #give);));
            } else {
                paths.extend(quote_spanned!(span=> let #hidden = &#krate::__private::Paths::unknown();));
            }
            kept.extend(artifact.slot);
        }
        let calls: TokenStream = list.iter().map(|check| verified(check, &artifacts, when, names)).collect();
        lists.push(calls);
    }
    let after = lists.pop().filter(|after| !after.is_empty());
    Checking { paths, kept, before: lists.pop().unwrap_or_default(), after }
}

fn speaks(check: &Check, artifact: &Artifact<'_>) -> bool {
    holds(check.call.to_token_stream(), &artifact.name.to_string())
}

fn paths_of(name: &Ident, when: When) -> Ident {
    let moment = if when == When::Before { "before" } else { "after" };
    Ident::new(&format!("__mltrace_{moment}_{}", name.unraw()), Span::mixed_site())
}

/// Returns the path as one that is written there, so that the compiler points there.
fn at(path: &TokenStream, span: Span) -> TokenStream {
    let moved = path.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(span));
        token
    });
    moved.collect()
}

fn found_of(name: &Ident) -> Ident {
    Ident::new(&format!("__mltrace_found_{}", name.unraw()), Span::mixed_site())
}

/// Returns the statement that makes one check, for each of the paths that it speaks of.
fn verified(check: &Check, artifacts: &[Artifact<'_>], when: When, names: &Names) -> TokenStream {
    let call = &names.call;
    let written = check.call.to_token_stream();
    // The compiler points at one token only: at the first one rather than at the whole attribute.
    let span = ours(written.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span()));
    let text = plain(&written);
    let krate = at(&names.krate, span);
    let is_warning = check.is_warning;
    let mut made = check.call.clone();
    Returned.visit_expr_mut(&mut made);
    let spoken = spoken(artifacts, &check.call);
    let about = match spoken.first() {
        Some(Artifact { name, .. }) => {
            let found = found_of(name);
            quote!(::core::option::Option::Some((#found, #name)))
        }
        None => quote!(::core::option::Option::None),
    };
    let failed = Ident::new("__mltrace_failed", Span::mixed_site());
    let stop = match is_warning {
        true => TokenStream::new(),
        false => quote_spanned!(span=> return #krate::__private::stopped(#failed);),
    };
    let mut statement = quote_spanned! {span=>
        if let ::core::option::Option::Some(#failed) =
            #krate::__private::verify(#call, #text, #is_warning, #about, || #made)
        {
            let _ = &#failed;
            #stop
        }
    };
    for artifact in spoken.iter().rev() {
        let (name, hidden) = (artifact.name, paths_of(artifact.name, when));
        let (named, found_paths) = (name.unraw().to_string(), found_of(name));
        let found = match artifact.slot {
            Some(slot) => quote!(#krate::__private::written(#call, #slot, #hidden)),
            None => quote!(#hidden),
        };
        statement = quote_spanned! {span=>
            match &#found {
                #found_paths => {
                    if let ::core::option::Option::Some(#failed) =
                        #krate::__private::unknown(#call, #text, #is_warning, #named, #found_paths)
                    {
                        let _ = &#failed;
                        #stop
                    }
                    #[allow(unused_variables)]
                    for #name in #found_paths.each() {
                        #statement
                    }
                }
            }
        };
    }
    statement
}

/// Puts the value that was returned in the place of `return`.
struct Returned;

impl VisitMut for Returned {
    fn visit_expr_mut(&mut self, value: &mut Expr) {
        match value {
            Expr::Return(returned) if returned.expr.is_none() => {
                let ident = Ident::new("__mltrace_returned", ours(value.span()));
                *value = syn::parse_quote!(#ident);
            }
            value => visit_mut::visit_expr_mut(self, value),
        }
    }
}
