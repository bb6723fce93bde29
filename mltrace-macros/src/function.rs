//! What the attribute stands on: a function, its parameters, and the names that its body binds.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprClosure, FnArg, ItemFn, Local, Pat, PatIdent, Stmt, Type};

/// A function as it was written.
pub(crate) struct Function {
    pub(crate) item: ItemFn,
    pub(crate) has_receiver: bool,
    /// The names that its parameters bind, in order.
    pub(crate) params: Vec<Param>,
    /// The names that its body binds, and where.
    pub(crate) bound: Vec<(String, Reach)>,
}

/// A name that a parameter binds.
pub(crate) struct Param {
    pub(crate) ident: Ident,
    /// `mut` or `&mut`: its value may change in the body.
    pub(crate) may_change: bool,
}

/// Where a name is bound; the best place to follow it first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// By a `let` statement of the body's own code.
    Let,
    /// By another pattern of the body's own code: `if let`, `while let`, `for`, an arm of a `match`.
    Pattern,
    /// Inside a closure.
    Closure,
    /// Inside an inner `async` block.
    AsyncBlock,
    /// Inside what a macro was given.
    Macro,
}

impl Function {
    /// Returns whether it surely belongs to a type: it takes `self`, or speaks of `Self`.
    pub(crate) fn is_method(&self) -> bool {
        struct Speaks(bool);
        impl Visit<'_> for Speaks {
            fn visit_ident(&mut self, ident: &Ident) {
                self.0 |= ident == "Self";
            }
        }
        let mut speaks = Speaks(self.has_receiver);
        speaks.visit_signature(&self.item.sig);
        speaks.0
    }

    /// Returns whether a parameter binds the name.
    pub(crate) fn has_param(&self, name: &str) -> bool {
        (self.has_receiver && name == "self") || self.params.iter().any(|param| param.ident == name)
    }

    /// Returns where the body binds the name, best first.
    pub(crate) fn reach(&self, name: &str) -> Option<Reach> {
        self.bound.iter().filter(|(bound, _)| bound == name).map(|(_, reach)| *reach).min()
    }
}

/// Reads the item; anything but a function with a body is a mistake.
pub(crate) fn parse(tokens: &TokenStream) -> syn::Result<Function> {
    let item: ItemFn = syn::parse2(tokens.clone()).map_err(|error| not_a_function(tokens, error))?;
    let mut params = Vec::new();
    let mut has_receiver = false;
    for input in &item.sig.inputs {
        match input {
            FnArg::Receiver(_) => has_receiver = true,
            FnArg::Typed(typed) => {
                let by_reference = matches!(&*typed.ty, Type::Reference(reference) if reference.mutability.is_some());
                names_of(&typed.pat, &mut |ident| {
                    let may_change = ident.mutability.is_some() || by_reference;
                    params.push(Param { ident: ident.ident.clone(), may_change });
                });
            }
        }
    }
    let mut bindings = Bindings { reach: Reach::Pattern, bound: Vec::new() };
    bindings.visit_block(&item.block);
    Ok(Function { has_receiver, params, bound: bindings.bound, item })
}

/// Says what the attribute stands on instead of a function; errors inside a function's body are left as they are.
fn not_a_function(item: &TokenStream, error: syn::Error) -> syn::Error {
    let mut words = Vec::new();
    let mut ends_in_semicolon = false;
    for token in item.clone() {
        ends_in_semicolon = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';');
        if let TokenTree::Ident(word) = token {
            words.push(word);
        }
    }
    let Some(word) = words.iter().find(|word| *word == "fn") else {
        let known = ["struct", "enum", "union", "trait", "impl", "mod", "static", "type", "use", "const", "let"];
        let word = words.iter().find(|word| known.contains(&word.to_string().as_str()));
        let span = word.map_or_else(Span::call_site, Ident::span);
        return syn::Error::new(span, "`#[register]` stands on a function");
    };
    match ends_in_semicolon {
        true => syn::Error::new(
            word.span(),
            "this function has no body: put `#[register]` on the functions that implement it",
        ),
        false => error,
    }
}

/// Calls `found` for each name that a pattern binds, in order.
pub(crate) fn names_of(pattern: &Pat, found: &mut dyn FnMut(&PatIdent)) {
    struct Names<'f>(&'f mut dyn FnMut(&PatIdent));
    impl Visit<'_> for Names<'_> {
        fn visit_pat_ident(&mut self, ident: &PatIdent) {
            // Without more, a name in capitals is a constant or a variant.
            let is_constant = ident.ident.to_string().starts_with(char::is_uppercase);
            if !is_constant || ident.by_ref.is_some() || ident.mutability.is_some() || ident.subpat.is_some() {
                (self.0)(ident);
            }
            if let Some((_, pattern)) = &ident.subpat {
                self.visit_pat(pattern);
            }
        }

        fn visit_expr(&mut self, _: &Expr) {}
    }
    Names(found).visit_pat(pattern);
}

/// Finds the names that a body binds.
struct Bindings {
    reach: Reach,
    bound: Vec<(String, Reach)>,
}

impl Bindings {
    fn within(&mut self, reach: Reach, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.reach, reach);
        walk(self);
        self.reach = outer;
    }

    fn bind(&mut self, name: String) {
        self.bound.push((name, self.reach));
    }

    /// Finds `let x` and `let mut x` in what a macro was given.
    fn in_macro(&mut self, tokens: &TokenStream) {
        let mut after_let = false;
        for token in tokens.clone() {
            match token {
                TokenTree::Group(group) => {
                    self.in_macro(&group.stream());
                    after_let = false;
                }
                TokenTree::Ident(word) if word == "let" => after_let = true,
                TokenTree::Ident(word) if word == "mut" => {}
                TokenTree::Ident(word) => {
                    if after_let {
                        self.within(Reach::Macro, |this| this.bind(word.to_string()));
                    }
                    after_let = false;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => after_let = false,
            }
        }
    }
}

impl Visit<'_> for Bindings {
    fn visit_local(&mut self, local: &Local) {
        let reach = if self.reach == Reach::Pattern { Reach::Let } else { self.reach };
        self.within(reach, |this| this.visit_pat(&local.pat));
        if let Some(init) = &local.init {
            visit::visit_local_init(self, init);
        }
    }

    fn visit_pat_ident(&mut self, ident: &PatIdent) {
        self.bind(ident.ident.to_string());
        visit::visit_pat_ident(self, ident);
    }

    fn visit_expr_closure(&mut self, closure: &syn::ExprClosure) {
        self.within(Reach::Closure, |this| visit::visit_expr_closure(this, closure));
    }

    fn visit_expr_async(&mut self, block: &syn::ExprAsync) {
        self.within(Reach::AsyncBlock, |this| visit::visit_expr_async(this, block));
    }

    fn visit_macro(&mut self, mac: &syn::Macro) {
        self.in_macro(&mac.tokens);
    }

    // The names of inner functions and constants are their own.
    fn visit_item(&mut self, _: &syn::Item) {}

    fn visit_expr_const(&mut self, _: &syn::ExprConst) {}
}

/// Returns the names that the parameters of a closure bind.
pub(crate) fn names_of_closure(closure: &ExprClosure) -> Vec<String> {
    let mut names = Vec::new();
    for input in &closure.inputs {
        names_of(input, &mut |ident| names.push(ident.ident.to_string()));
    }
    names
}

/// Returns the word by which an expression leaves what stands around it, or waits; `None` for any other.
pub(crate) fn leaving(value: &Expr) -> Option<&'static str> {
    match value {
        Expr::Await(_) => Some(".await"),
        Expr::Try(_) => Some("?"),
        Expr::Return(_) => Some("return"),
        Expr::Break(_) | Expr::Continue(_) => Some("break"),
        Expr::Yield(_) => Some("yield"),
        _ => None,
    }
}

/// Returns the names that a `let` binds.
pub(crate) fn names_of_let(local: &Local) -> Vec<PatIdent> {
    let mut names = Vec::new();
    names_of(&local.pat, &mut |ident| names.push(ident.clone()));
    names
}

/// Returns whether the block is nothing but `Box::pin(async …)`, as `#[async_trait]` writes it.
pub(crate) fn boxes_a_future(block: &Block) -> Option<Span> {
    let Some(Stmt::Expr(Expr::Call(call), None)) = block.stmts.last() else { return None };
    let Expr::Path(function) = &*call.func else { return None };
    let mut segments = function.path.segments.iter().rev();
    let is_pin = segments.next().is_some_and(|last| last.ident == "pin");
    let of_box = segments.next().is_some_and(|owner| owner.ident == "Box");
    let is_async = matches!(call.args.first(), Some(Expr::Async(_)));
    (is_pin && of_box && is_async && call.args.len() == 1).then(|| function.span())
}
