//! Where code comes from: the source text of a function, and the state of the git work tree that it lies in.

pub mod code;

pub mod git;
