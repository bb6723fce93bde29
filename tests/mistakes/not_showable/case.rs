//! A parameter that is neither `Display` nor `Debug`.

struct Rows(Vec<u8>);

#[mltrace::register(params = [rows])]
fn clean(rows: &Rows) -> usize {
    mltrace::param!("rows", rows);
    rows.0.len()
}

fn main() {}
