//! Things that do not run.

#[mltrace::register]
struct Cleaning;

trait Step {
    #[mltrace::register]
    fn run(&self);
}

#[mltrace::register]
mod cleaning {}

fn main() {}
