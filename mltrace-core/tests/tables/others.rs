//! A table as other tools write it: `cases/tables/make_tables.py` made the files.

use std::path::Path;

use mltrace_core::model::Profile;
use mltrace_core::profile::{Limits, profile};

fn read(name: &str) -> Profile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/tables").join(name);
    profile(&path, &Limits::default()).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn a_table_has_one_profile_whoever_wrote_it() {
    let text = read("table.csv");
    assert_eq!((text.rows, text.columns.len()), (300, 8));
    for (name, columns) in [
        ("pyarrow.parquet", 8),
        ("pyarrow-second.parquet", 8),
        ("pyarrow-old.parquet", 8),
        ("polars.parquet", 8),
        ("duckdb.parquet", 8),
        ("fastparquet.parquet", 5),
    ] {
        let found = read(name);
        assert_eq!((found.rows, found.is_whole, found.columns.len()), (300, true, columns), "{name}");
        for column in &found.columns {
            assert_eq!(Some(column), text.column(&column.name), "{name}");
        }
    }
}
