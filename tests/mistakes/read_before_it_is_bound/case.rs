//! Names of the body where only what is known at entry can be read.

use std::path::Path;

#[mltrace::register(inputs = [table, folder.join(table)], params = [rows])]
fn clean(folder: &Path) {
    let table = "zones.csv";
    let rows = 3;
    let _ = (folder, table, rows);
}

fn main() {}
