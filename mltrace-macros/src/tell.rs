//! What `input!`, `output!` and `param!` expand to: here, so that an error about a value points at the value.
//!
//! ```text
//! __tell!($crate output (path))    →    match &path { value => output("path", |to| give(…)) }
//! ```

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::args::plain;
use crate::expand::{Names, ours};

/// Returns the call that reports to the current run: of an artifact, or of a parameter's name and value.
pub(crate) fn tell(told: TokenStream) -> TokenStream {
    let told: Vec<TokenTree> = told.into_iter().collect();
    match told.as_slice() {
        [krate, TokenTree::Ident(what), TokenTree::Group(artifact)] => {
            self::artifact(&Names::new(quote!(#krate)), what, &artifact.stream())
        }
        [krate, TokenTree::Ident(_), TokenTree::Group(name), TokenTree::Group(value)] => {
            param(&Names::new(quote!(#krate)), &name.stream(), &value.stream())
        }
        _ => quote!(::core::compile_error!("this is called by the macros of `mltrace` only")),
    }
}

/// Evaluates the expression once, as it is written, and names what it gives.
fn artifact(names: &Names, what: &Ident, artifact: &TokenStream) -> TokenStream {
    let (krate, text, span) = (&names.krate, plain(artifact), written(artifact));
    let value = hidden("told");
    let give = names.give(&quote!(#value), span);
    quote_spanned! {ours(span)=>
        match &#artifact {
            #value => #krate::__private::#what(#text, |__mltrace_to| #give),
        }
    }
}

/// Evaluates both once, and shows the value.
fn param(names: &Names, name: &TokenStream, value: &TokenStream) -> TokenStream {
    let (krate, span) = (&names.krate, written(value));
    let (told_name, told) = (hidden("name"), hidden("told"));
    let show = names.show(&quote!(#told), span);
    let name_as_text = quote_spanned!(ours(written(name))=> ::core::convert::AsRef::<str>::as_ref(#told_name));
    quote! {
        match (&#name, &#value) {
            (#told_name, #told) => #krate::__private::param(#name_as_text, || #show),
        }
    }
}

/// Returns where an expression is written: inside the invisible brackets that `macro_rules!` puts around it.
fn written(value: &TokenStream) -> Span {
    let mut tokens = value.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => written(&group.stream()),
        _ => value.span(),
    }
}

fn hidden(name: &str) -> Ident {
    Ident::new(&format!("__mltrace_{name}"), Span::mixed_site())
}
