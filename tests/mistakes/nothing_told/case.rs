//! Macros that are told nothing.

fn main() {
    mltrace::input!();
    mltrace::output!();
    mltrace::param!();
    mltrace::note!();
}
