//! A comma too few, and one too many.

#[mltrace::register(inputs = [raw] outputs = [clean])]
fn too_few(raw: &str) -> String {
    let clean = raw.to_owned();
    clean
}

#[mltrace::register(inputs = [raw],, owner = "shreya")]
fn too_many(raw: &str) -> usize {
    raw.len()
}

fn main() {}
