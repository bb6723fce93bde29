//! Puts the calls that record outputs into a body: after each `let` that binds one of them, and, for variables that
//! change, where they surely hold a newer value.
//!
//! ```text
//! let path = dir.join("clean.csv");      let path = dir.join("clean.csv");
//! write(&path)?;                     →   «bind path»;
//!                                        write(&path)?;
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprBlock, Local, Pat, PatIdent, Stmt, Token};

use crate::again::{Again, Holds};
use crate::expand::{Names, ours};
use crate::function::{Function, Reach, names_of, names_of_let};

/// An output that is the name of a variable.
pub(crate) struct Output {
    /// Its place in the attribute's list.
    pub(crate) slot: usize,
    /// The name, where the attribute says it.
    pub(crate) ident: Ident,
    /// Patterns other than `let` count too: nothing else binds the name.
    by_pattern: bool,
    /// Several of them do, and not each need be an artifact.
    by_patterns: bool,
    /// The parameter of that name, when its value may change in the body.
    changing_param: Option<Ident>,
}

impl Output {
    /// Returns the output for a name of the attribute's list, when the body has to be watched for it.
    pub(crate) fn new(slot: usize, ident: &Ident, function: &Function) -> Option<Self> {
        let name = ident.to_string();
        let param = function.params.iter().find(|param| param.ident == name);
        let reach = function.reach(&name);
        let by_pattern = reach == Some(Reach::Pattern) && param.is_none();
        let changing_param = param.filter(|param| param.may_change && reach != Some(Reach::Let));
        let changing_param = changing_param.map(|param| param.ident.clone());
        let is_watched = by_pattern || reach == Some(Reach::Let) || changing_param.is_some();
        let by_patterns = by_pattern && function.bound.iter().filter(|(bound, _)| *bound == name).count() > 1;
        is_watched.then(|| Self { slot, ident: ident.clone(), by_pattern, by_patterns, changing_param })
    }
}

/// Puts the calls for these outputs into the body.
pub(crate) fn capture(body: &mut Block, outputs: &[Output], names: &Names) {
    // Each call goes right behind its `let`, so the last output comes first to stand last.
    for output in outputs.iter().rev() {
        let meant = meant(body, &output.ident.to_string());
        let mut capturer = Capturer { output, names, loops: 0, meant, next: 0 };
        capturer.visit_block_mut(body);
        if let Some(param) = &output.changing_param {
            let variable = Variable { ident: param.clone(), is_meant: true };
            let again = Again { capturer: &capturer, variable: &variable, joins: "Replaces", in_loops: false };
            again.statements(&mut body.stmts, 0, &mut Holds { a_value: true, news: false, may_be_borrowed: false });
        }
    }
}

/// Returns the number of the `let` that surely means the output, in the order in which they are walked through: of
/// several variables of one name the last of the outermost. The others may be the rows before the file.
fn meant(body: &Block, name: &str) -> Option<usize> {
    let mut lets = Lets { name, depth: 0, depths: Vec::new() };
    lets.visit_block(body);
    let outermost = lets.depths.iter().min()?;
    lets.depths.iter().rposition(|depth| depth == outermost)
}

/// Finds how deep the `let`s of a name are.
struct Lets<'n> {
    name: &'n str,
    depth: usize,
    depths: Vec<usize>,
}

impl Visit<'_> for Lets<'_> {
    fn visit_block(&mut self, block: &Block) {
        self.depth += 1;
        for stmt in &block.stmts {
            self.visit_stmt(stmt);
            if binds(stmt, self.name).is_some() {
                self.depths.push(self.depth);
            }
        }
        self.depth -= 1;
    }

    fn visit_expr_closure(&mut self, _: &syn::ExprClosure) {}

    fn visit_expr_async(&mut self, _: &syn::ExprAsync) {}

    fn visit_expr_const(&mut self, _: &syn::ExprConst) {}

    fn visit_item(&mut self, _: &syn::Item) {}
}

/// A variable of the output's name.
pub(crate) struct Variable {
    /// The name, where it is bound.
    pub(crate) ident: Ident,
    /// It must be an artifact.
    is_meant: bool,
}

/// Walks through a body for one output.
pub(crate) struct Capturer<'a> {
    output: &'a Output,
    names: &'a Names,
    /// How many loops of the body it is inside of.
    loops: usize,
    /// The number of the `let` that must bind an artifact.
    meant: Option<usize>,
    /// The number of the next `let` of the name.
    next: usize,
}

impl Capturer<'_> {
    fn name(&self) -> String {
        self.output.ident.to_string()
    }

    /// Returns the statement that records the variable.
    pub(crate) fn statement(&self, variable: &Variable, joins: &str) -> Stmt {
        // Errors about the value's type point at the name in the attribute; the variable is the one bound here.
        let span = self.output.ident.span();
        let mut ident = variable.ident.clone();
        ident.set_span(variable.ident.span().located_at(span));
        let value = quote_spanned!(ours(span)=> &#ident);
        let (slot, name) = (self.output.slot, self.name());
        let tokens = match variable.is_meant {
            true => bind(self.names, slot, &name, joins, &self.names.give(&value, span), span),
            false => bind_any(self.names, slot, &name, joins, &self.names.give_any(&value, span), span),
        };
        Stmt::Expr(Expr::Verbatim(tokens), Some(Token![;](ours(span))))
    }

    /// Records the name after the `let` at `index`, and again where it changes.
    fn after_let(&mut self, block: &mut Block, index: usize, bound: &PatIdent, is_initialised: bool) {
        let variable = Variable { ident: bound.ident.clone(), is_meant: self.meant == Some(self.next) };
        self.next += 1;
        let is_mutable = bound.mutability.is_some();
        let (first, later) = match (self.loops > 0, is_mutable && is_initialised) {
            (false, _) => ("Replaces", "Replaces"),
            (true, false) => ("Appends", "Appends"),
            (true, true) => ("AppendsForNow", "Overwrites"),
        };
        let mut next = index + 1;
        if is_initialised {
            block.stmts.insert(next, self.statement(&variable, first));
            next += 1;
        }
        if is_mutable || !is_initialised {
            // A variable that is assigned once may be assigned anywhere, also in a loop that ends there.
            let again = Again { capturer: self, variable: &variable, joins: later, in_loops: !is_mutable };
            let mut holds = Holds { a_value: is_initialised, news: false, may_be_borrowed: false };
            again.statements(&mut block.stmts, next, &mut holds);
        }
    }

    fn bound_in(&self, pattern: &Pat) -> Option<Variable> {
        let mut found = None;
        names_of(pattern, &mut |ident| {
            if self.output.ident == ident.ident {
                found = Some(ident.ident.clone());
            }
        });
        let is_meant = !self.output.by_patterns;
        found.filter(|_| self.output.by_pattern).map(|ident| Variable { ident, is_meant })
    }

    /// Records the name at the start of a block whose condition binds it.
    fn at_start(&self, condition: &Expr, block: &mut Block, joins: &str) {
        match condition {
            Expr::Let(binding) => {
                if let Some(variable) = self.bound_in(&binding.pat) {
                    block.stmts.insert(0, self.statement(&variable, joins));
                }
            }
            Expr::Binary(both) => {
                self.at_start(&both.left, block, joins);
                self.at_start(&both.right, block, joins);
            }
            _ => {}
        }
    }

    fn joins(&self) -> &'static str {
        if self.loops > 0 { "Appends" } else { "Replaces" }
    }

    fn in_loop(&mut self, walk: impl FnOnce(&mut Self)) {
        self.loops += 1;
        walk(self);
        self.loops -= 1;
    }
}

impl VisitMut for Capturer<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        let mut index = 0;
        while let Some(stmt) = block.stmts.get_mut(index) {
            self.visit_stmt_mut(stmt);
            if let Some((bound, is_initialised)) = binds(stmt, &self.name()) {
                self.after_let(block, index, &bound, is_initialised);
            }
            index += 1;
        }
    }

    fn visit_expr_if_mut(&mut self, branch: &mut syn::ExprIf) {
        visit_mut::visit_expr_if_mut(self, branch);
        self.at_start(&branch.cond, &mut branch.then_branch, self.joins());
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        visit_mut::visit_arm_mut(self, arm);
        if let Some(variable) = self.bound_in(&arm.pat) {
            let statement = self.statement(&variable, self.joins());
            in_block(&mut arm.body).stmts.insert(0, statement);
        }
    }

    fn visit_expr_while_mut(&mut self, repeated: &mut syn::ExprWhile) {
        self.visit_expr_mut(&mut repeated.cond);
        self.in_loop(|this| this.visit_block_mut(&mut repeated.body));
        self.at_start(&repeated.cond, &mut repeated.body, "Appends");
    }

    fn visit_expr_for_loop_mut(&mut self, repeated: &mut syn::ExprForLoop) {
        self.visit_expr_mut(&mut repeated.expr);
        self.in_loop(|this| this.visit_block_mut(&mut repeated.body));
        if let Some(variable) = self.bound_in(&repeated.pat) {
            repeated.body.stmts.insert(0, self.statement(&variable, "Appends"));
        }
    }

    fn visit_expr_loop_mut(&mut self, repeated: &mut syn::ExprLoop) {
        self.in_loop(|this| this.visit_block_mut(&mut repeated.body));
    }

    // What is bound in here lives elsewhere: on another thread, later, or never.
    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}

    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}

    fn visit_expr_const_mut(&mut self, _: &mut syn::ExprConst) {}

    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}

/// Returns the name as the `let` statement binds it, and whether it has a value from there on.
pub(crate) fn binds(stmt: &Stmt, name: &str) -> Option<(PatIdent, bool)> {
    let Stmt::Local(local) = stmt else { return None };
    let bound = names_of_let(local).into_iter().find(|bound| bound.ident == name)?;
    Some((bound, has_value(local)))
}

fn has_value(local: &Local) -> bool {
    local.init.is_some()
}

/// Returns the block that the expression is, after making one of it.
pub(crate) fn in_block(expr: &mut Expr) -> &mut Block {
    let is_plain = matches!(expr, Expr::Block(block) if block.label.is_none() && block.attrs.is_empty());
    if !is_plain {
        let inner = std::mem::replace(expr, Expr::Verbatim(TokenStream::new()));
        let block = Block { brace_token: syn::token::Brace(Span::mixed_site()), stmts: vec![Stmt::Expr(inner, None)] };
        *expr = Expr::Block(ExprBlock { attrs: Vec::new(), label: None, block });
    }
    match expr {
        Expr::Block(block) => &mut block.block,
        _ => unreachable!("it was made a block just above"),
    }
}

/// Returns the call that records an output; `give` adds what is named to `__mltrace_to`.
///
/// ```text
/// Call::bind(call, 0, "path", Joins::Replaces, |to| give((&&&Probe(&path)).__mltrace_artifact(), to))
/// ```
pub(crate) fn bind(
    names: &Names,
    slot: usize,
    argument: &str,
    joins: &str,
    give: &TokenStream,
    span: Span,
) -> TokenStream {
    call(names, "bind", slot, argument, joins, give, span)
}

/// Returns the call for a variable that need not be an artifact.
fn bind_any(names: &Names, slot: usize, argument: &str, joins: &str, give: &TokenStream, span: Span) -> TokenStream {
    call(names, "bind_any", slot, argument, joins, give, span)
}

fn call(
    names: &Names,
    method: &str,
    slot: usize,
    argument: &str,
    joins: &str,
    give: &TokenStream,
    span: Span,
) -> TokenStream {
    let (krate, call, span) = (&names.krate, &names.call, ours(span));
    let (method, joins) = (Ident::new(method, span), Ident::new(joins, span));
    quote_spanned! {span=>
        #krate::__private::Call::#method(
            #call, #slot, #argument, #krate::__private::Joins::#joins, |__mltrace_to| #give
        )
    }
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens, quote};
    use syn::visit_mut::VisitMut;
    use syn::{Expr, parse_str};

    use super::*;
    use crate::function;

    /// Writes a recording call short: `replaces`, `appends`, … and a `?` behind it when the variable may be anything.
    struct Short;

    impl VisitMut for Short {
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            if let Expr::Verbatim(call) = expr {
                let call = call.to_string();
                let mut joins = ["Replaces", "AppendsForNow", "Appends", "Overwrites"].into_iter();
                let joins = joins.find(|joins| call.contains(&format!("Joins :: {joins} ,"))).unwrap();
                let any = if call.contains("bind_any") { "?" } else { "" };
                *expr = parse_str(&format!("{}{any}", joins.to_lowercase())).unwrap();
            }
            visit_mut::visit_expr_mut(self, expr);
        }
    }

    /// Checks where the body of a function records its output `x`.
    fn check(function: &str, expected: &str) {
        let function = function::parse(&function.parse().unwrap()).unwrap();
        let names = Names { krate: quote!(m), call: Ident::new("call", Span::call_site()) };
        let output = Output::new(0, &Ident::new("x", Span::call_site()), &function);
        let mut body = (*function.item.block).clone();
        capture(&mut body, output.as_slice(), &names);
        Short.visit_block_mut(&mut body);
        let expected: Block = parse_str(expected).unwrap();
        assert_eq!(body.to_token_stream().to_string(), expected.to_token_stream().to_string());
    }

    #[test]
    fn a_let_is_recorded_right_after_it() {
        check("fn f() -> P { let x = a(); w(&x); x }", "{ let x = a(); replaces; w(&x); x }");
        check(
            "fn f() { let (Some(x), y) = a() else { return }; }",
            "{ let (Some(x), y) = a() else { return }; replaces; }",
        );
        check("fn f() { if c { let x = 1; } }", "{ if c { let x = 1; replaces; } }");
    }

    #[test]
    fn each_turn_of_a_loop_adds_one() {
        check("fn f() { for a in b { let x = a; w(x) } }", "{ for a in b { let x = a; appends; w(x) } }");
        check(
            "fn f() { while c { let mut x = a; x.push(b); } }",
            "{ while c { let mut x = a; appendsfornow; x.push(b); overwrites; } }",
        );
    }

    #[test]
    fn of_several_variables_the_last_of_the_outermost_must_be_an_artifact() {
        check(
            "fn f() { let x = rows(); let x = path(x); { let x = 3; } }",
            "{ let x = rows(); replaces?; let x = path(x); replaces; { let x = 3; replaces?; } }",
        );
    }

    #[test]
    fn a_list_that_grows_is_recorded_after_the_loop_and_not_in_it() {
        check(
            "fn f() -> R { let mut x = Vec::new(); for a in b { x.push(a); } Ok(()) }",
            "{ let mut x = Vec::new(); replaces; for a in b { x.push(a); } replaces; Ok(()) }",
        );
        check(
            "fn f() -> R { let mut x = Vec::new(); loop { x.push(a); if c { return Ok(x); } } }",
            "{ let mut x = Vec::new(); replaces; loop { x.push(a); if c { { replaces; return Ok(x) }; } } }",
        );
        check(
            "fn f() -> R { let mut x = Vec::new(); fill(d, &mut x)?; Ok(()) }",
            "{ let mut x = Vec::new(); replaces; fill(d, &mut x)?; replaces; Ok(()) }",
        );
    }

    #[test]
    fn what_may_have_moved_or_be_borrowed_is_left_alone() {
        check(
            "fn f() { let mut x = a(); eat(x); if c { x = b(); } }",
            "{ let mut x = a(); replaces; eat(x); if c { x = b(); replaces; } }",
        );
        check(
            "fn f() { let mut x = a(); let r = &mut x; r.push(b); { r.push(c); x.push(d); } }",
            "{ let mut x = a(); replaces; let r = &mut x; r.push(b); { r.push(c); replaces; x.push(d); replaces; } }",
        );
        check(
            "fn f() { let mut x = a(); let mut add = |b| x.push(b); add(c); two(add(d), &x); }",
            "{ let mut x = a(); replaces; let mut add = |b| x.push(b); add(c); two(add(d), &x); }",
        );
        check(
            "fn f() -> P { let mut x = a(); let s = x.insert(b); s.push(c); x }",
            "{ let mut x = a(); replaces; let s = x.insert(b); s.push(c); replaces; x }",
        );
        check(
            "fn f() { let mut x = a(); if c { x.push(b) } match c { A => x.push(b), B => {} } let _ = x.pop(); w() }",
            "{ let mut x = a(); replaces; if c { x.push(b) } replaces; match c { A => x.push(b), B => {} } replaces; \
             let _ = x.pop(); replaces; w() }",
        );
        check(
            "fn f() { let mut x = a(); x.frobnicate(); let part = x.0; see(x.1); }",
            "{ let mut x = a(); replaces; x.frobnicate(); let part = x.0; see(x.1); }",
        );
    }

    #[test]
    fn a_use_finds_a_value_and_so_do_we_before_it() {
        check(
            "fn f() -> P { let mut x = a(); x.frobnicate(); x }",
            "{ let mut x = a(); replaces; x.frobnicate(); replaces; x }",
        );
    }

    #[test]
    fn a_deferred_variable_is_recorded_where_it_is_assigned() {
        check(
            "fn f() { let x; match c { A => x = a(), B => { x = b() } } }",
            "{ let x; match c { A => { x = a(); replaces; }, B => { x = b(); replaces; } } }",
        );
        check(
            "fn f() { let x; loop { if c { x = a(); break; } } }",
            "{ let x; loop { if c { x = a(); replaces; break; } } }",
        );
    }

    #[test]
    fn patterns_count_when_no_let_binds_the_name() {
        check("fn f() { for x in a { w(x); } }", "{ for x in a { appends; w(x); } }");
        check("fn f() { if let Some(x) = a && c { w(x); } }", "{ if let Some(x) = a && c { replaces; w(x); } }");
        check(
            "fn f() { match a { Some(x) => w(x), None => {} } }",
            "{ match a { Some(x) => { replaces; w(x) }, None => {} } }",
        );
    }

    #[test]
    fn parameters_are_recorded_again_when_they_can_change() {
        check("fn f(x: &Path) { w(x); }", "{ w(x); }");
        check("fn f(x: &mut Vec<P>) { x.push(a); w(&x); }", "{ x.push(a); replaces; w(&x); }");
        check("fn f(mut x: P) { x = a(); }", "{ x = a(); replaces; }");
    }

    #[test]
    fn closures_and_inner_functions_are_not_entered() {
        check(
            "fn f() { let x = a; go(|| { let x = b; }); fn g() { let x = c; } }",
            "{ let x = a; replaces; go(|| { let x = b; }); fn g() { let x = c; } }",
        );
    }
}
