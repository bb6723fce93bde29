//! Wraps the function up: one literal that describes it, and calls into `mltrace::__private` around its body.
//!
//! ```text
//! fn clean(raw: &Path) -> Result<PathBuf> {
//!     let call = &begin({ static SITE: Site = Site { … }; &SITE }, |entry| { entry.input("raw", …); });
//!     let value = call.body(move || -> Result<PathBuf> { let raw = raw; let value: Result<PathBuf> = { … }; value });
//!     call.end(|| Returned(&value).__mltrace_error());
//!     value
//! }
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr, FnArg, Pat, PatIdent, ReceiverKind, ReturnType, Type};

use crate::args::{Args, plain};
use crate::capture::{Output, bind, capture};
use crate::check::name_of;
use crate::checks::{Checking, checking};
use crate::function::{Function, Reach, names_of};
use crate::mention::holds;
use crate::source::Place;

/// The names that the expansion uses; the user's code cannot see them.
pub(crate) struct Names {
    pub(crate) krate: TokenStream,
    /// The call under way.
    pub(crate) call: Ident,
}

/// What the call under way is called.
pub(crate) const CALL: &str = "__mltrace_call";

impl Names {
    pub(crate) fn new(krate: TokenStream) -> Self {
        Self { krate, call: Ident::new(CALL, Span::mixed_site()) }
    }

    /// Returns the expression that adds what `value`, a reference, names to `__mltrace_to`.
    pub(crate) fn give(&self, value: &TokenStream, span: Span) -> TokenStream {
        self.give_or(value, "ProbeAnything", span)
    }

    /// Returns the same expression for a value that need not name anything.
    pub(crate) fn give_any(&self, value: &TokenStream, span: Span) -> TokenStream {
        self.give_or(value, "ProbeNoArtifact", span)
    }

    fn give_or(&self, value: &TokenStream, last_resort: &str, span: Span) -> TokenStream {
        let (krate, span) = (&self.krate, ours(span));
        let last_resort = Ident::new(last_resort, span);
        quote_spanned! {span=>
            match #value {
                __mltrace_value => {
                    #[allow(unused_imports)]
                    use #krate::__private::{#last_resort as _, ProbeArtifact as _, ProbeText as _, ProbeTexts as _};
                    #krate::__private::give((&&&#krate::__private::Probe(__mltrace_value)).__mltrace_artifact(), __mltrace_to)
                }
            }
        }
    }

    /// Returns the expression that shows `value`, a reference.
    pub(crate) fn show(&self, value: &TokenStream, span: Span) -> TokenStream {
        let (krate, span) = (&self.krate, ours(span));
        quote_spanned! {span=>
            match #value {
                __mltrace_value => {
                    #[allow(unused_imports)]
                    use #krate::__private::{ProbeDebug as _, ProbeDisplay as _, ProbeNothing as _, ProbePath as _};
                    (&&&#krate::__private::Probe(__mltrace_value)).__mltrace_param()
                }
            }
        }
    }
}

/// Returns a span at the same place, for tokens that the user's code cannot see and did not write.
pub(crate) fn ours(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// Returns the recorded function.
pub(crate) fn expand(args: &Args, function: Function, place: &Place) -> TokenStream {
    let krate = args.krate.as_ref().map_or_else(|| quote!(::mltrace), ToTokens::to_token_stream);
    let names = Names::new(krate);
    let site = site(args, &function, place, &names);
    let entry = entry(args, &function, &names);
    let end = end(args, &names);
    let Checking { paths, kept, before, after } = checking(args, &function, &names);
    let outputs: Vec<Output> = watched(args).filter_map(|(slot, ident)| Output::new(slot, ident, &function)).collect();
    let mut item = function.item;
    capture(&mut item.block, &outputs, &names);
    let rebound = rebind(&mut item, args);
    let body = body(&item, &quote!(#rebound #before), &names);
    let after = after.map(|checks| after_body(&item, &checks, &names));
    let Names { krate, call } = &names;
    let keeping = (!kept.is_empty()).then(|| quote!(.keeping(&[#(#kept),*])));
    let value = Ident::new("__mltrace_value", Span::mixed_site());
    let block = quote! {{
        let #call = &#krate::__private::begin(#site, #entry)#keeping;
        #paths
        let #value = #body;
        #after
        #end
        #value
    }};
    item.block = Box::new(Block { brace_token: item.block.brace_token, stmts: vec![verbatim(block)] });
    item.into_token_stream()
}

fn verbatim(tokens: TokenStream) -> syn::Stmt {
    syn::Stmt::Expr(Expr::Verbatim(tokens), None)
}

/// Returns the outputs that are names, with their places in the list.
fn watched(args: &Args) -> impl Iterator<Item = (usize, &Ident)> {
    args.outputs.iter().enumerate().filter_map(|(slot, output)| Some((slot, name_of(output)?)))
}

/// Returns the literal that describes the function.
fn site(args: &Args, function: &Function, place: &Place, names: &Names) -> TokenStream {
    let krate = &names.krate;
    let component = match &args.component {
        Some(component) => component.to_token_stream(),
        None => syn::ext::IdentExt::unraw(&function.item.sig.ident).to_string().into_token_stream(),
    };
    let optional = |value: Option<&Expr>| match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    };
    let (owner, description) = (optional(args.owner.as_ref()), optional(args.description.as_ref()));
    let stale_after_s = match args.stale_after_s {
        Some(seconds) => quote!(::core::option::Option::Some(#seconds)),
        None => quote!(::core::option::Option::None),
    };
    let tags = &args.tags;
    let kinds = args.kinds.iter().map(|kind| {
        let (argument, variant) = (text_of(&kind.artifact), Ident::new(kind.variant, Span::mixed_site()));
        quote!((#argument, #krate::__private::Kind::#variant))
    });
    let ids = args.ids.iter().map(text_of);
    let profiles = args.profiles.iter().map(text_of);
    let Place { line, text } = place;
    quote! {{
        static __MLTRACE_SITE: #krate::__private::Site = #krate::__private::Site {
            component: #component,
            file: ::core::file!(),
            line: #line,
            source: #text,
            manifest_folder: match ::core::option_env!("CARGO_MANIFEST_DIR") {
                ::core::option::Option::Some(folder) => folder,
                ::core::option::Option::None => "",
            },
            owner: #owner,
            description: #description,
            tags: &[#(#tags),*],
            stale_after_s: #stale_after_s,
            kinds: &[#(#kinds),*],
            ids: &[#(#ids),*],
            profiles: &[#(#profiles),*],
            state: #krate::__private::SiteState::new(),
        };
        &__MLTRACE_SITE
    }}
}

/// Returns an argument as it is shown beside an artifact or as a parameter's name.
fn text_of(value: &Expr) -> String {
    plain(&value.to_token_stream())
}

/// Returns the closure that says what is known before the body.
fn entry(args: &Args, function: &Function, names: &Names) -> TokenStream {
    let entry = Ident::new("__mltrace_entry", Span::mixed_site());
    let mut told = TokenStream::new();
    if args.component.is_none() && function.is_method() {
        told.extend(quote!(#entry.of_type(::core::any::type_name::<Self>());));
    }
    for input in &args.inputs {
        let (span, argument) = (ours(input.span()), text_of(input));
        let give = names.give(&quote_spanned!(span=> &(#input)), span);
        told.extend(quote_spanned!(span=> #entry.input(#argument, |__mltrace_to| #give);));
    }
    for (slot, output) in args.outputs.iter().enumerate() {
        let is_known = match name_of(output) {
            // A `let` of the same name says later what is written.
            Some(name) => match function.reach(&name.to_string()) {
                Some(reach) => reach != Reach::Let && function.has_param(&name.to_string()),
                None => true,
            },
            None => !matches!(output, Expr::Return(_)),
        };
        if is_known {
            let (span, argument) = (ours(output.span()), text_of(output));
            let give = names.give(&quote_spanned!(span=> &(#output)), span);
            told.extend(quote_spanned!(span=> #entry.output(#slot, #argument, |__mltrace_to| #give);));
        }
    }
    for param in &args.params {
        let (span, argument) = (ours(param.span()), text_of(param));
        let show = names.show(&quote_spanned!(span=> &(#param)), span);
        told.extend(quote_spanned!(span=> #entry.param(#argument, || #show);));
    }
    for subject in &args.subjects {
        let (span, argument) = (ours(subject.span()), text_of(subject));
        told.extend(
            quote_spanned!(span=> #entry.subject(#argument, || ::std::string::ToString::to_string(&(#subject)));),
        );
    }
    match told.is_empty() {
        true => quote!(|_| {}),
        false => quote!(|#entry| { #told }),
    }
}

/// Returns the statements between the body and the function's own end.
fn end(args: &Args, names: &Names) -> TokenStream {
    let Names { krate, call } = names;
    let value = Ident::new("__mltrace_value", Span::mixed_site());
    let returned = args.outputs.iter().enumerate().filter(|(_, output)| matches!(output, Expr::Return(_)));
    let bound = returned.map(|(slot, output)| {
        let span = ours(output.span());
        let inner = quote_spanned!(span=> __mltrace_returned);
        let bind = bind(names, slot, "return", "Replaces", &names.give(&inner, span), span);
        quote_spanned! {span=> {
            #[allow(unused_imports)]
            use #krate::__private::{ReturnsPlain as _, ReturnsResult as _};
            if let ::core::option::Option::Some(#inner) = (&#krate::__private::Returned(&#value)).__mltrace_value() {
                #bind
            }
        }}
    });
    quote! {
        #(#bound)*
        #call.end(|| {
            #[allow(unused_imports)]
            use #krate::__private::{
                EndsByDebug as _, EndsByDisplay as _, EndsByError as _, EndsByHeldError as _, EndsByHeldSendError as _,
                EndsByType as _, EndsWell as _,
            };
            (&&&&&&#krate::__private::Returned(&#value)).__mltrace_error()
        });
    }
}

/// Returns the statement that makes the checks after a body that did what it was to do: as a part of the call, so that
/// a panic of a check is one of the function.
fn after_body(item: &syn::ItemFn, checks: &TokenStream, names: &Names) -> TokenStream {
    let Names { krate, call } = names;
    let returned = returned(&item.sig.output);
    let value = Ident::new("__mltrace_value", Span::mixed_site());
    let inner = Ident::new("__mltrace_returned", Span::mixed_site());
    quote! {
        let #value = #call.body(move || -> #returned {
            #[allow(unused_imports)]
            use #krate::__private::{ReturnsPlain as _, ReturnsResult as _};
            #[allow(unused_variables)]
            if let ::core::option::Option::Some(#inner) =
                (&#krate::__private::Returned(&#value)).__mltrace_value()
            {
                #checks
            }
            #value
        });
    }
}

/// Returns the `let` statements that bind the parameters again inside the body.
///
/// So they are dropped as parameters are: after the body's own variables, the last one first.
fn rebind(item: &mut syn::ItemFn, args: &Args) -> TokenStream {
    let mut rebound = TokenStream::new();
    for (at, input) in item.sig.inputs.iter_mut().enumerate() {
        match input {
            // The closure around the body is to take all of it, not the fields that the body uses.
            FnArg::Receiver(receiver) => {
                if !matches!(receiver.kind, ReceiverKind::Reference(..)) {
                    rebound.extend(quote!(let _ = &self;));
                }
            }
            FnArg::Typed(input) => {
                let attributes: Vec<Attribute> =
                    input.attrs.iter().filter(|attribute| !attribute.path().is_ident("doc")).cloned().collect();
                let mut bound = Vec::new();
                names_of(&input.pat, &mut |ident| bound.push(ident.clone()));
                let is_plain = matches!(&*input.pat, Pat::Ident(name) if name.by_ref.is_none());
                let tokens = match is_plain || bound.iter().any(|bound| is_named(args, &bound.ident)) {
                    true => rebind_names(&mut input.pat, &bound, &attributes, args),
                    false => rebind_whole(&mut input.pat, at, &attributes),
                };
                rebound.extend(tokens);
            }
        }
    }
    rebound
}

/// Binds each name of a parameter again and takes `mut` off it.
fn rebind_names(pattern: &mut Pat, bound: &[PatIdent], attributes: &[Attribute], args: &Args) -> TokenStream {
    let lets = bound.iter().map(|bound| {
        let ident = &bound.ident;
        let mutability = bound.mutability.filter(|_| bound.by_ref.is_none());
        // A parameter that is recorded is not unused, even if the body does nothing with it.
        let used = is_named(args, ident).then(|| quote!(let _ = &#ident;));
        quote! {
            #(#attributes)*
            #[allow(clippy::redundant_locals, clippy::used_underscore_binding, clippy::no_effect_underscore_binding)]
            let #mutability #ident = #ident;
            #used
        }
    });
    let lets = lets.collect();
    Unmut.visit_pat_mut(pattern);
    lets
}

/// Gives a parameter a hidden name and takes it apart inside the body, so that what its pattern leaves unbound, as `_`
/// does, is dropped in its turn.
fn rebind_whole(pattern: &mut Pat, at: usize, attributes: &[Attribute]) -> TokenStream {
    let hidden = Ident::new(&format!("__mltrace_parameter_{at}"), Span::mixed_site().located_at(pattern.span()));
    let parts = std::mem::replace(pattern, syn::parse_quote!(#hidden));
    let apart = match &parts {
        Pat::Wild(_) => TokenStream::new(),
        parts => quote! {
            #(#attributes)*
            #[allow(clippy::toplevel_ref_arg, clippy::ignored_unit_patterns, clippy::let_unit_value)]
            let #parts = #hidden;
        },
    };
    quote! {
        // `ref mut` may be bound to a parameter as it is.
        #(#attributes)*
        #[allow(unused_mut, clippy::redundant_locals, clippy::let_unit_value)]
        let mut #hidden = #hidden;
        #apart
    }
}

/// Returns whether the attribute lists the parameter.
fn is_named(args: &Args, ident: &Ident) -> bool {
    args.inputs
        .iter()
        .chain(&args.outputs)
        .chain(&args.params)
        .chain(&args.subjects)
        .chain(args.before.iter().chain(&args.after).map(|check| &check.call))
        .any(|value| holds(value.to_token_stream(), &ident.to_string()))
}

/// Takes `mut` off the names of a pattern.
struct Unmut;

impl VisitMut for Unmut {
    fn visit_pat_ident_mut(&mut self, ident: &mut PatIdent) {
        if ident.by_ref.is_none() {
            ident.mutability = None;
        }
        visit_mut::visit_pat_ident_mut(self, ident);
    }
}

/// Returns the expression that runs the body.
fn body(item: &syn::ItemFn, rebound: &TokenStream, names: &Names) -> TokenStream {
    let call = &names.call;
    let returned = returned(&item.sig.output);
    let value = Ident::new("__mltrace_value", Span::mixed_site());
    let mut block = (*item.block).clone();
    // Braces that are ours are no braces that the compiler finds unnecessary.
    block.brace_token = syn::token::Brace(Span::mixed_site().located_at(block.brace_token.span.join()));
    let inner = quote! {
        #rebound
        #[allow(clippy::diverging_sub_expression)]
        let #value: #returned = #block;
        #[allow(unreachable_code)]
        #value
    };
    if item.sig.asyncness.is_none() {
        return quote!(#call.body(move || -> #returned { #inner }));
    }
    // An `async` block cannot say what it returns, but a first `return` can.
    let first_return = match &returned {
        Type::Infer(_) => TokenStream::new(),
        returned => quote! {
            if let ::core::option::Option::Some(#value) = ::core::option::Option::None::<#returned> {
                return #value;
            }
        },
    };
    quote!(#call.drive(::core::pin::pin!(async move { #first_return #inner })).await)
}

/// Returns the returned type as a `let` can name it: `impl Trait` becomes `_`.
fn returned(output: &ReturnType) -> Type {
    struct Unopaque;
    impl VisitMut for Unopaque {
        fn visit_type_mut(&mut self, returned: &mut Type) {
            match returned {
                Type::ImplTrait(_) => {
                    let underscore_token = syn::Token![_](Span::mixed_site());
                    *returned = Type::Infer(syn::TypeInfer { attrs: Vec::new(), underscore_token });
                }
                returned => visit_mut::visit_type_mut(self, returned),
            }
        }
    }
    let mut returned = match output {
        ReturnType::Default => syn::parse_quote!(()),
        ReturnType::Type(_, returned) => (**returned).clone(),
    };
    Unopaque.visit_type_mut(&mut returned);
    returned
}
