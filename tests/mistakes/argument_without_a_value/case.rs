//! A name without its value.

#[mltrace::register(owner)]
fn nothing() {}

#[mltrace::register(inputs =)]
fn unfinished() {}

#[mltrace::register(kind = "model")]
fn kind() {}

fn main() {}
