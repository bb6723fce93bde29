//! Values that name nothing.

struct Rows(Vec<u8>);

#[mltrace::register(inputs = [count], outputs = [rows, return])]
fn clean(count: usize) -> Result<u64, String> {
    let rows = Rows(vec![0; count]);
    mltrace::output!(rows);
    Ok(rows.0.len() as u64)
}

fn main() {}
