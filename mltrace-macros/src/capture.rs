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

use crate::expand::{Names, ours};
use crate::function::{Function, Reach, names_of, names_of_let};
use crate::mention::{Mentions, begins_with, expr_begins_with, is_variable, mentions, uses};

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
    for output in outputs {
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
struct Variable {
    /// The name, where it is bound.
    ident: Ident,
    /// It must be an artifact.
    is_meant: bool,
}

/// Walks through a body for one output.
struct Capturer<'a> {
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
    fn statement(&self, variable: &Variable, joins: &str) -> Stmt {
        // Errors about the value's type point at the name in the attribute; the variable is the one bound here.
        let span = self.output.ident.span();
        let ident = Ident::new(&variable.ident.to_string(), variable.ident.span().located_at(span));
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

/// What is known of a variable between two statements.
#[derive(Clone, Copy, Debug)]
struct Holds {
    /// It surely holds a value.
    a_value: bool,
    /// The value may differ from the one that was recorded.
    news: bool,
    /// Somebody may hold a mutable borrow of it.
    may_be_borrowed: bool,
}

/// Records a variable again where it changes: before later statements that mention it, after those that surely only
/// changed it, before `return` and `break` with it; never once per turn of an inner loop.
struct Again<'a> {
    capturer: &'a Capturer<'a>,
    variable: &'a Variable,
    joins: &'static str,
    /// It also looks into loops: the variable is assigned only once.
    in_loops: bool,
}

impl Again<'_> {
    fn statement(&self) -> Stmt {
        self.capturer.statement(self.variable, self.joins)
    }

    /// Goes through the statements from `from` on.
    fn statements(&self, stmts: &mut Vec<Stmt>, from: usize, holds: &mut Holds) {
        let name = self.variable.ident.to_string();
        let mut index = from;
        while let Some(stmt) = stmts.get(index) {
            let found = mentions(stmt, &name);
            if found.is_any() {
                if self.is_due_before(stmt, found, holds, &name) {
                    stmts.insert(index, self.statement());
                    *holds = Holds { a_value: true, news: false, may_be_borrowed: holds.may_be_borrowed };
                    index += 1;
                }
                let is_last = index + 1 == stmts.len();
                let Some(stmt) = stmts.get_mut(index) else { return };
                if !found.shadows {
                    let may_be_borrowed = holds.may_be_borrowed || found.may_borrow;
                    let holds = Holds { a_value: holds.a_value && !found.may_move, news: holds.news, may_be_borrowed };
                    Inside { again: self, holds, name: &name, exits_only: false }.visit_stmt_mut(stmt);
                }
                if self.is_due_after(stmt, found, holds, is_last, &name) {
                    if let Stmt::Expr(Expr::Assign(_), end @ None) = stmt {
                        *end = Some(Token![;](ours(self.variable.ident.span())));
                    }
                    index += 1;
                    stmts.insert(index, self.statement());
                    holds.news = false;
                }
            }
            if stmts.get(index).is_some_and(|stmt| binds(stmt, &name).is_some()) {
                // From here on the name is another variable's.
                return;
            }
            index += 1;
        }
    }

    /// Returns whether the variable has news before the statement, and may be looked at.
    fn is_due_before(&self, stmt: &Stmt, found: Mentions, holds: &Holds, name: &str) -> bool {
        // A statement that uses the variable and does not assign it finds a value in it, or would not compile.
        let finds_a_value = found.uses && !found.assigns && !found.shadows;
        let has_a_value = finds_a_value || (holds.a_value && (found.uses || found.may_use));
        holds.news && has_a_value && (!holds.may_be_borrowed || begins_with(stmt, name))
    }

    /// Works out what is known after the statement; returns whether the variable can be looked at, and has news.
    fn is_due_after(&self, stmt: &Stmt, found: Mentions, holds: &mut Holds, is_last: bool, name: &str) -> bool {
        if assigns(stmt, name) {
            *holds = Holds { a_value: true, news: true, may_be_borrowed: false };
            return true;
        }
        let was_borrowed = holds.may_be_borrowed;
        holds.a_value = !found.may_move && (holds.a_value || (found.uses && !found.assigns && !found.shadows));
        holds.news |= found.changes || found.assigns || found.may_move || found.may_borrow;
        holds.may_be_borrowed |= found.may_borrow;
        let is_surely_free = !found.may_borrow && (!was_borrowed || is_simple(stmt));
        let is_changed = found.changes || found.assigns;
        is_changed && holds.a_value && is_surely_free && goes_on(stmt, is_last)
    }
}

/// Returns whether something may be put after the statement.
fn goes_on(stmt: &Stmt, is_last: bool) -> bool {
    match stmt {
        Stmt::Local(_) => true,
        Stmt::Expr(Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) | Expr::Verbatim(_), _) => false,
        Stmt::Expr(_, Some(_)) => true,
        // A block's value comes last; loops and assignments have none worth the name.
        Stmt::Expr(Expr::ForLoop(_) | Expr::While(_) | Expr::Assign(_), None) => true,
        Stmt::Expr(_, None) => !is_last,
        Stmt::Macro(mac) => mac.semi_token.is_some(),
        Stmt::Item(_) => false,
    }
}

/// Returns whether the statement is a single call or assignment, with no course of its own.
fn is_simple(stmt: &Stmt) -> bool {
    fn is_call(expr: &Expr) -> bool {
        match expr {
            Expr::MethodCall(_) | Expr::Call(_) | Expr::Assign(_) | Expr::Binary(_) => true,
            Expr::Try(inner) => is_call(&inner.expr),
            Expr::Await(inner) => is_call(&inner.base),
            _ => false,
        }
    }
    matches!(stmt, Stmt::Expr(expr, _) if is_call(expr))
}

/// Returns whether the statement is an assignment of the whole variable.
fn assigns(stmt: &Stmt, name: &str) -> bool {
    matches!(stmt, Stmt::Expr(expr, _) if is_assignment(expr, name))
}

fn is_assignment(expr: &Expr, name: &str) -> bool {
    let Expr::Assign(assign) = expr else { return false };
    match &*assign.left {
        Expr::Tuple(tuple) => tuple.elems.iter().any(|place| is_variable(place, name)),
        place => is_variable(place, name),
    }
}

/// Goes into the blocks of one statement.
struct Inside<'a> {
    again: &'a Again<'a>,
    holds: Holds,
    name: &'a str,
    /// In a loop: only where it is left with the variable.
    exits_only: bool,
}

impl Inside<'_> {
    /// Records the variable before the expression that leaves with it.
    fn before_exit(&self, exit: &mut Expr) {
        let value = match exit {
            Expr::Return(exit) => exit.expr.as_deref(),
            Expr::Break(exit) => exit.expr.as_deref(),
            _ => None,
        };
        if value.is_some_and(|value| uses(value, self.name) && expr_begins_with(value, self.name)) {
            let statement = self.again.statement();
            in_block(exit).stmts.insert(0, statement);
        }
    }

    fn in_loop(&mut self, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.exits_only, !self.again.in_loops);
        walk(self);
        self.exits_only = outer;
    }
}

impl VisitMut for Inside<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        if self.exits_only {
            return visit_mut::visit_block_mut(self, block);
        }
        let mut holds = self.holds;
        self.again.statements(&mut block.stmts, 0, &mut holds);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Return(_) | Expr::Break(_) if self.exits_only || self.holds.news => self.before_exit(expr),
            expr if !self.exits_only && is_assignment(expr, self.name) => {}
            expr => visit_mut::visit_expr_mut(self, expr),
        }
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        // `A => path = b,` becomes `A => { path = b; «bind path»; }`.
        if !self.exits_only && is_assignment(&arm.body, self.name) {
            in_block(&mut arm.body);
        }
        visit_mut::visit_arm_mut(self, arm);
    }

    fn visit_expr_for_loop_mut(&mut self, repeated: &mut syn::ExprForLoop) {
        self.in_loop(|this| this.visit_block_mut(&mut repeated.body));
    }

    fn visit_expr_while_mut(&mut self, repeated: &mut syn::ExprWhile) {
        self.in_loop(|this| this.visit_block_mut(&mut repeated.body));
    }

    fn visit_expr_loop_mut(&mut self, repeated: &mut syn::ExprLoop) {
        self.in_loop(|this| this.visit_block_mut(&mut repeated.body));
    }

    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}

    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}

    fn visit_expr_const_mut(&mut self, _: &mut syn::ExprConst) {}

    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}

/// Returns the name as the `let` statement binds it, and whether it has a value from there on.
fn binds(stmt: &Stmt, name: &str) -> Option<(PatIdent, bool)> {
    let Stmt::Local(local) = stmt else { return None };
    let bound = names_of_let(local).into_iter().find(|bound| bound.ident == name)?;
    Some((bound, has_value(local)))
}

fn has_value(local: &Local) -> bool {
    local.init.is_some()
}

/// Returns the block that the expression is, after making one of it.
fn in_block(expr: &mut Expr) -> &mut Block {
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
