//! A kind that no artifact has, and a kind of what is not listed.

#[mltrace::register(inputs = [raw], kind(modle = [raw], model = [rwa], data = raw))]
fn clean(raw: &str) {
    let _ = raw;
}

fn main() {}
