//! A home is kept in order: whether it is, and how to empty it.

mod backups;

mod clear;

mod doctor;

pub use clear::{clear, clear_copies};
pub use doctor::doctor;
