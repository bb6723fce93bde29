//! What every store must do, whatever database it is: one suite, run on each of them.
//!
//! What is stored is a small drawing, kept as rows and not by the rules, so that the suite asks the doors alone. Another
//! database adds one test here.
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod asked;
mod drawing;
mod folders;
mod kept;
mod offered;
mod subjects;
mod tasks;

use mltrace_core::config::{Environment, Home};
use mltrace_core::store::{self, Mode, Store};

/// A store that is empty, and what it stands on.
pub(crate) struct Made {
    pub(crate) store: Box<dyn Store>,
    _on: Box<dyn std::any::Any>,
}

/// Makes a store that is empty.
pub(crate) type Make<'m> = &'m dyn Fn() -> Made;

/// Tries everything that a store must do.
fn conformance(make: Make<'_>) {
    kept::try_all(make);
    offered::try_all(make);
    folders::try_all(make);
    asked::try_all(make);
    tasks::try_all(make);
    subjects::try_all(make);
}

fn sqlite() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    Made { store: store::open(&home, Mode::Write).unwrap(), _on: Box::new(folder) }
}

#[test]
fn sqlite_does_what_every_store_must() {
    conformance(&sqlite);
}
