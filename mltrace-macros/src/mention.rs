//! What a statement does with a variable, as far as its text says.
//!
//! A variable may only be looked at where it surely holds a value and nobody holds a mutable borrow of it. Neither is
//! known to a macro, so whatever is not plain here counts as a move or a borrow.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprPath, Local, Macro, Pat, PatIdent, Stmt, UnOp};

/// Methods of paths, text and collections that only look.
const READERS: &[&str] = &[
    "as_os_str",
    "as_path",
    "as_ref",
    "as_slice",
    "as_str",
    "as_bytes",
    "binary_search",
    "bytes",
    "canonicalize",
    "capacity",
    "chars",
    "clone",
    "components",
    "concat",
    "contains",
    "display",
    "ends_with",
    "eq",
    "exists",
    "extension",
    "file_name",
    "file_stem",
    "first",
    "get",
    "has_root",
    "is_absolute",
    "is_dir",
    "is_empty",
    "is_file",
    "is_none",
    "is_relative",
    "is_some",
    "iter",
    "join",
    "last",
    "len",
    "lines",
    "metadata",
    "parent",
    "read_dir",
    "split",
    "starts_with",
    "strip_prefix",
    "to_owned",
    "to_path_buf",
    "to_str",
    "to_string",
    "to_string_lossy",
    "to_vec",
    "trim",
    "try_exists",
    "with_extension",
    "with_file_name",
];

/// Methods of paths, text and collections that change the value in place. What they return may borrow from it, as
/// `Option::insert` does, so they keep no borrow only where that is dropped.
const WRITERS: &[&str] = &[
    "append",
    "clear",
    "dedup",
    "extend",
    "extend_from_slice",
    "insert",
    "insert_str",
    "pop",
    "pop_back",
    "pop_front",
    "push",
    "push_back",
    "push_front",
    "push_str",
    "remove",
    "reserve",
    "resize",
    "retain",
    "reverse",
    "rotate_left",
    "rotate_right",
    "set_extension",
    "set_file_name",
    "sort",
    "sort_by",
    "sort_by_key",
    "sort_unstable",
    "swap",
    "swap_remove",
    "truncate",
];

/// Macros that take their arguments by reference.
const BY_REFERENCE: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "error",
    "format",
    "format_args",
    "info",
    "log",
    "note",
    "panic",
    "print",
    "println",
    "trace",
    "warn",
    "write",
    "writeln",
];

/// What a statement does with a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    /// It surely uses the whole value.
    pub(crate) uses: bool,
    /// It may use it: inside a macro.
    pub(crate) may_use: bool,
    /// It assigns the whole value.
    pub(crate) assigns: bool,
    /// It changes the value in place.
    pub(crate) changes: bool,
    /// It may move the value or a part of it.
    pub(crate) may_move: bool,
    /// It may keep a mutable borrow.
    pub(crate) may_borrow: bool,
    /// It binds another variable of the same name.
    pub(crate) shadows: bool,
}

impl Mentions {
    /// Returns whether the statement has anything to do with the variable.
    pub(crate) fn is_any(self) -> bool {
        self != Self::default()
    }
}

/// Returns what the statement does with the variable; `is_last` of its block. The pattern of a `let` statement is not
/// looked at.
pub(crate) fn mentions(stmt: &Stmt, name: &str, is_last: bool) -> Mentions {
    let mut finder = Finder { name, found: Mentions::default() };
    match stmt {
        Stmt::Local(local) if !matches!(local.pat, Pat::Wild(_)) => {
            if let Some(init) = &local.init {
                visit::visit_local_init(&mut finder, init);
            }
        }
        stmt => finder.statement(stmt, is_last),
    }
    finder.found
}

/// Returns whether the expression mentions the variable as a whole.
pub(crate) fn uses(expr: &Expr, name: &str) -> bool {
    let mut finder = Finder { name, found: Mentions::default() };
    finder.visit_expr(expr);
    finder.found.uses && !finder.found.assigns && !finder.found.shadows
}

/// Returns whether the expression is nothing but the variable.
pub(crate) fn is_variable(expr: &Expr, name: &str) -> bool {
    match expr {
        Expr::Path(ExprPath { qself: None, path, .. }) => path.is_ident(name),
        Expr::Paren(inner) => is_variable(&inner.expr, name),
        Expr::Group(inner) => is_variable(&inner.expr, name),
        _ => false,
    }
}

/// Returns whether the variable is the first thing that the statement evaluates.
pub(crate) fn begins_with(stmt: &Stmt, name: &str) -> bool {
    match stmt {
        Stmt::Local(local) => local.init.as_ref().is_some_and(|init| expr_begins_with(&init.expr, name)),
        Stmt::Expr(expr, _) => expr_begins_with(expr, name),
        Stmt::Item(_) | Stmt::Macro(_) => false,
    }
}

/// Returns whether the variable is the first thing that the expression evaluates.
pub(crate) fn expr_begins_with(expr: &Expr, name: &str) -> bool {
    let first = match expr {
        Expr::Path(_) => return is_variable(expr, name),
        Expr::Call(call) if matches!(*call.func, Expr::Path(_)) => call.args.first(),
        Expr::Tuple(tuple) => tuple.elems.first(),
        Expr::Array(array) => array.elems.first(),
        Expr::Struct(value) => value.fields.first().map(|field| &field.expr),
        Expr::Return(exit) => exit.expr.as_deref(),
        Expr::Break(exit) => exit.expr.as_deref(),
        Expr::MethodCall(call) => Some(&*call.receiver),
        Expr::Reference(inner) => Some(&*inner.expr),
        Expr::Paren(inner) => Some(&*inner.expr),
        Expr::Group(inner) => Some(&*inner.expr),
        Expr::Try(inner) => Some(&*inner.expr),
        Expr::Await(inner) => Some(&*inner.base),
        Expr::Index(inner) => Some(&*inner.expr),
        Expr::Match(inner) => Some(&*inner.expr),
        Expr::ForLoop(inner) => Some(&*inner.expr),
        Expr::Assign(inner) => Some(&*inner.right),
        _ => None,
    };
    first.is_some_and(|first| expr_begins_with(first, name))
}

/// Returns whether the tokens hold the name.
pub(crate) fn holds(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => holds(group.stream(), name),
        TokenTree::Ident(word) => word == name,
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

struct Finder<'n> {
    name: &'n str,
    found: Mentions,
}

impl Finder<'_> {
    fn is_variable(&self, expr: &Expr) -> bool {
        is_variable(expr, self.name)
    }

    fn moves(&mut self) {
        self.found.uses = true;
        self.found.may_move = true;
    }

    fn looks(&mut self) {
        self.found.uses = true;
    }

    fn changes(&mut self) {
        self.found.uses = true;
        self.found.changes = true;
    }

    fn borrows(&mut self) {
        self.found.uses = true;
        self.found.may_borrow = true;
        self.found.changes = true;
    }

    /// A closure or an `async` block takes the variable in whatever way its body needs.
    fn within(&mut self, inner: &impl ToTokens) {
        if holds(inner.to_token_stream(), self.name) {
            self.moves();
            self.borrows();
        }
    }

    fn method_call(&mut self, call: &syn::ExprMethodCall) {
        if !self.is_variable(&call.receiver) {
            return visit::visit_expr_method_call(self, call);
        }
        match call.method.to_string().as_str() {
            method if READERS.contains(&method) => self.looks(),
            method if WRITERS.contains(&method) => self.borrows(),
            _ => {
                self.moves();
                self.borrows();
            }
        }
        call.args.iter().for_each(|argument| self.visit_expr(argument));
    }

    /// An expression whose value is dropped at once: a call that writes keeps no borrow there.
    fn dropped(&mut self, expr: &Expr) {
        match expr {
            expr if self.only_fills(expr) => self.changes(),
            Expr::MethodCall(call)
                if self.is_variable(&call.receiver) && WRITERS.contains(&call.method.to_string().as_str()) =>
            {
                self.changes();
                call.args.iter().for_each(|argument| self.visit_expr(argument));
            }
            Expr::Try(inner) => self.dropped(&inner.expr),
            Expr::Await(inner) => self.dropped(&inner.base),
            Expr::Block(inner) => self.block(&inner.block, false),
            Expr::Unsafe(inner) => self.block(&inner.block, false),
            Expr::If(branch) => {
                self.visit_expr(&branch.cond);
                self.block(&branch.then_branch, false);
                if let Some((_, otherwise)) = &branch.else_branch {
                    self.dropped(otherwise);
                }
            }
            Expr::Match(branches) => {
                self.visit_expr(&branches.expr);
                for arm in &branches.arms {
                    self.visit_pat(&arm.pat);
                    self.dropped(&arm.body);
                }
            }
            expr => self.visit_expr(expr),
        }
    }

    fn block(&mut self, block: &Block, has_value: bool) {
        for (index, stmt) in block.stmts.iter().enumerate() {
            self.statement(stmt, has_value && index + 1 == block.stmts.len());
        }
    }

    /// A statement; `is_value` when the block that it ends hands on what it gives.
    fn statement(&mut self, stmt: &Stmt, is_value: bool) {
        match stmt {
            Stmt::Expr(expr, end) if end.is_some() || !is_value || self.only_fills(expr) => self.dropped(expr),
            Stmt::Local(Local { pat: Pat::Wild(_), init: Some(init), .. }) if init.diverge.is_none() => {
                self.dropped(&init.expr);
            }
            stmt => self.visit_stmt(stmt),
        }
    }

    /// The place on the left of `=` and `+=`.
    fn assigned(&mut self, place: &Expr, is_whole: bool) {
        match place {
            place if self.is_variable(place) => match is_whole {
                true => self.found.assigns = true,
                false => self.changes(),
            },
            Expr::Index(index) if self.is_variable(&index.expr) => {
                self.changes();
                self.visit_expr(&index.index);
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) && self.is_variable(&unary.expr) => self.changes(),
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|place| self.assigned(place, is_whole)),
            Expr::Paren(inner) => self.assigned(&inner.expr, is_whole),
            place => self.visit_expr(place),
        }
    }

    /// Returns whether the call, whose result is dropped, can only have changed the variable: `fill(dir, &mut files)?`.
    ///
    /// Nothing of the variable's borrow is left when no other argument could keep it.
    fn only_fills(&self, expr: &Expr) -> bool {
        let arguments = match expr {
            Expr::Try(inner) => return self.only_fills(&inner.expr),
            Expr::Await(inner) => return self.only_fills(&inner.base),
            Expr::Call(call) if matches!(*call.func, Expr::Path(_)) => &call.args,
            Expr::MethodCall(call) if is_variable(&call.receiver, "self") => &call.args,
            _ => return false,
        };
        let is_filled = |argument: &&Expr| matches!(argument, Expr::Reference(inner) if inner.mutability.is_some() && self.is_variable(&inner.expr));
        let is_plain = |argument: &Expr| {
            let tokens = argument.to_token_stream();
            !holds(tokens.clone(), "mut") && !holds(tokens, self.name)
        };
        arguments.iter().filter(is_filled).count() == 1
            && arguments.iter().filter(|argument| !is_filled(argument)).all(is_plain)
    }
}

impl Visit<'_> for Finder<'_> {
    fn visit_block(&mut self, block: &Block) {
        self.block(block, true);
    }

    fn visit_expr(&mut self, expr: &Expr) {
        match expr {
            expr if self.is_variable(expr) => self.moves(),
            Expr::Reference(inner) if self.is_variable(&inner.expr) => match inner.mutability {
                None => self.looks(),
                Some(_) => self.borrows(),
            },
            // A part that is only looked at says nothing about the whole.
            Expr::Reference(inner) if inner.mutability.is_none() && is_part(&inner.expr, self.name) => {}
            Expr::Field(field) if self.is_variable(&field.base) => {
                self.found.may_move = true;
                self.found.changes = true;
            }
            Expr::Index(index) if self.is_variable(&index.expr) => {
                self.looks();
                self.visit_expr(&index.index);
            }
            Expr::MethodCall(call) => self.method_call(call),
            Expr::Assign(assign) => {
                self.visit_expr(&assign.right);
                self.assigned(&assign.left, true);
            }
            Expr::Binary(binary) if changes_left(&binary.op) => {
                self.visit_expr(&binary.right);
                self.assigned(&binary.left, false);
            }
            Expr::Binary(binary) if compares(&binary.op) => {
                for side in [&binary.left, &binary.right] {
                    match self.is_variable(side) {
                        true => self.looks(),
                        false => self.visit_expr(side),
                    }
                }
            }
            // The body of a loop has no value.
            Expr::ForLoop(repeated) => {
                self.visit_pat(&repeated.pat);
                self.visit_expr(&repeated.expr);
                self.block(&repeated.body, false);
            }
            Expr::While(repeated) => {
                self.visit_expr(&repeated.cond);
                self.block(&repeated.body, false);
            }
            Expr::Loop(repeated) => self.block(&repeated.body, false),
            Expr::Closure(closure) => self.within(closure),
            Expr::Async(block) => self.within(block),
            expr => visit::visit_expr(self, expr),
        }
    }

    fn visit_macro(&mut self, mac: &Macro) {
        if !holds(mac.tokens.clone(), self.name) {
            return;
        }
        self.found.may_use = true;
        let word = mac.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        // `write!(text, …)` changes what comes first.
        self.found.changes |= word.starts_with("write");
        if !BY_REFERENCE.contains(&word.as_str()) {
            self.found.may_move = true;
            self.found.may_borrow = true;
            self.found.changes = true;
        }
    }

    fn visit_pat_ident(&mut self, ident: &PatIdent) {
        self.found.shadows |= ident.ident == self.name;
        visit::visit_pat_ident(self, ident);
    }

    fn visit_item(&mut self, _: &syn::Item) {}
}

/// Returns whether the expression is a field of the variable, at any depth.
fn is_part(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Field(field) if is_variable(&field.base, name) || is_part(&field.base, name))
}

fn changes_left(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}

fn compares(op: &BinOp) -> bool {
    matches!(op, BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_))
}
