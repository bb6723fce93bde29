//! Records a variable again where it changes.
//!
//! ```text
//! let mut files = Vec::new();            «bind files»
//! for part in parts { files.push(…); }   «bind files»: surely there, and changed
//! index(&mut files, &mut all);           (may keep a borrow)
//! Ok(files)                              «bind files» before it: a use finds a value
//! ```

use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, Stmt, Token};

use crate::capture::{Capturer, Variable, binds, in_block};
use crate::expand::ours;
use crate::mention::{Mentions, begins_with, expr_begins_with, is_variable, mentions, uses};

/// What is known of a variable between two statements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holds {
    /// It surely holds a value.
    pub(crate) a_value: bool,
    /// The value may differ from the one that was recorded.
    pub(crate) news: bool,
    /// Somebody may hold a mutable borrow of it.
    pub(crate) may_be_borrowed: bool,
}

/// Records a variable again where it changes: before later statements that mention it, after those that surely only
/// changed it, before `return` and `break` with it; never once per turn of an inner loop.
pub(crate) struct Again<'a> {
    pub(crate) capturer: &'a Capturer<'a>,
    pub(crate) variable: &'a Variable,
    pub(crate) joins: &'static str,
    /// It also looks into loops: the variable is assigned only once.
    pub(crate) in_loops: bool,
}

impl Again<'_> {
    fn statement(&self) -> Stmt {
        self.capturer.statement(self.variable, self.joins)
    }

    /// Goes through the statements from `from` on.
    pub(crate) fn statements(&self, stmts: &mut Vec<Stmt>, from: usize, holds: &mut Holds) {
        let name = self.variable.ident.to_string();
        let mut index = from;
        while let Some(stmt) = stmts.get(index) {
            let is_last = index + 1 == stmts.len();
            let found = mentions(stmt, &name, is_last);
            if found.is_any() {
                if self.is_due_before(stmt, found, holds, &name) {
                    stmts.insert(index, self.statement());
                    *holds = Holds { a_value: true, news: false, may_be_borrowed: holds.may_be_borrowed };
                    index += 1;
                }
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
