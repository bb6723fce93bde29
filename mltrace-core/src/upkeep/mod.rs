//! A home is kept in order: whether it is, and how to empty it.

mod backups;

mod clear;

mod doctor;

mod standing;

pub use clear::{clear, clear_copies, is_anything_recorded};
pub use doctor::doctor;
pub use standing::{Standing, Waiting};
