//! Parquet as other programs write it, and as nobody should.

#![cfg(feature = "parquet")]
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod broken;

use std::path::{Path, PathBuf};

use mltrace_core::model::{ColumnType, ExpectedTable, Outcome, Profile, TableFormat};
use mltrace_core::profile::{Limits, compare, drift, profile, read};

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet").join(name)
}

fn of(name: &str) -> Profile {
    profile(&kept(name), &Limits::default()).unwrap_or_else(|| panic!("{name} is read"))
}

/// The tables that `make.py` made.
const ALL: [&str; 8] = [
    "arrow.parquet",
    "encoded-gzip-1.parquet",
    "encoded-zstd-2.parquet",
    "encoded-none-1.parquet",
    "encoded-none-2.parquet",
    "polars.parquet",
    "duckdb.parquet",
    "int96.parquet",
];

#[test]
fn tables_of_several_writers_are_told_column_by_column() {
    let wanted = [
        ("id", ColumnType::Integer, 0, 300),
        ("small", ColumnType::Integer, 0, 7),
        ("unsigned", ColumnType::Integer, 0, 2),
        ("fare", ColumnType::Number, 30, 270),
        ("tip", ColumnType::Number, 100, 200),
        ("price", ColumnType::Number, 0, 300),
        ("paid", ColumnType::Boolean, 0, 2),
        ("zone", ColumnType::Text, 0, 3),
        ("note", ColumnType::Text, 0, 300),
        ("on", ColumnType::Date, 0, 5),
        ("at", ColumnType::Date, 0, 4),
        ("none", ColumnType::Empty, 300, 0),
        ("tags", ColumnType::Nested, 0, 0),
        ("place", ColumnType::Nested, 0, 0),
    ];
    for name in ALL {
        let found = of(name);
        assert_eq!((found.format, found.rows, found.is_whole), (TableFormat::Parquet, 300, true), "{name}");
        for column in &found.columns {
            let told = (&*column.name, column.kind, column.nulls, column.distinct);
            assert!(wanted.contains(&told), "{name}: {told:?}");
            assert_eq!(column.is_unread, column.kind == ColumnType::Nested, "{name}");
        }
    }
    assert_eq!(of("arrow.parquet").columns.len(), wanted.len());
    assert_eq!(of("duckdb.parquet").columns.len(), wanted.len());
    assert!(of("arrow.parquet").in_words().ends_with("2 columns of lists or objects not read"));
}

#[test]
fn values_are_those_that_were_written() {
    for name in ["arrow.parquet", "encoded-gzip-1.parquet", "encoded-zstd-2.parquet", "duckdb.parquet"] {
        let found = of(name);
        let top =
            |column: &str| found.column(column).unwrap().top.clone().into_iter().map(|top| (top.value, top.count));
        assert_eq!(top("zone").next(), Some(("EWR".to_owned(), 100)), "{name}");
        assert_eq!(top("on").next(), Some(("2021-05-03".to_owned(), 60)), "{name}");
        assert_eq!(top("at").next(), Some(("2021-05-03T10:00:00.250".to_owned(), 75)), "{name}");
        assert_eq!(top("unsigned").next(), Some((u64::MAX.wrapping_sub(1).to_string(), 150)), "{name}");
        let price = found.column("price").unwrap();
        assert_eq!((price.min, price.max, price.median()), (Some(0.0), Some(2.99), Some(1.49)), "{name}");
        let fare = found.column("fare").unwrap();
        assert_eq!((fare.min, fare.max, fare.mean), (Some(0.25), Some(74.75), Some(37.5)), "{name}");
    }
}

#[test]
fn a_table_has_the_same_profile_as_text_and_as_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("x.csv");
    let rows = (0..300).map(|n| {
        let fare = if n % 10 == 0 { String::new() } else { format!("{:?}", f64::from(n) / 4.0) };
        let zone = ["JFK", "EWR", "LGA"][n as usize % 3];
        format!(
            "{n},{},{fare},{},{zone},a note of a ride, number {n},2021-05-{:02}\n",
            n % 7 - 3,
            n % 2 == 0,
            3 + n % 5
        )
        .replacen("ride, ", "ride; ", 1)
    });
    std::fs::write(&text, format!("id,small,fare,paid,zone,note,on\n{}", rows.collect::<String>())).unwrap();
    let as_text = profile(&text, &Limits::default()).unwrap();
    let as_parquet = of("arrow.parquet");
    for wanted in as_text.columns.iter().filter(|column| column.name != "note") {
        assert_eq!(as_parquet.column(&wanted.name), Some(wanted));
    }
}

#[test]
fn what_is_beyond_the_limits_is_not_read_and_the_profile_says_so() {
    let whole = of("arrow.parquet");
    let size = std::fs::metadata(kept("arrow.parquet")).unwrap().len();
    for bytes in 0..size / 500 {
        let few = Limits { bytes: bytes * 500, ..Limits::default() };
        let found = profile(&kept("arrow.parquet"), &few).unwrap();
        assert!(found.rows.is_multiple_of(100) && found.is_whole == (found.rows == 300), "{bytes}: {found:?}");
        assert_eq!(found.columns.is_empty(), found.rows == 0);
        assert!(found.columns.iter().all(|column| column.nulls <= found.rows && column.distinct <= found.rows));
    }
    let soon = Limits { time: std::time::Duration::ZERO, ..Limits::default() };
    let found = profile(&kept("arrow.parquet"), &soon).unwrap();
    assert_eq!((found.rows, found.is_whole, found.columns.len()), (0, false, 0));
    assert!(whole.is_whole);
}

#[test]
fn where_time_runs_out_all_columns_have_the_same_rows() {
    for micros in (0..10_000).step_by(50) {
        let soon = Limits { time: std::time::Duration::from_micros(micros), ..Limits::default() };
        let found = profile(&kept("arrow.parquet"), &soon).unwrap();
        for column in ["paid", "zone", "on"].into_iter().filter_map(|name| found.column(name)) {
            let counted: u64 = column.top.iter().map(|top| top.count).sum();
            assert_eq!(counted, found.rows, "{micros}: {}", column.name);
        }
        assert!(found.rows.is_multiple_of(100));
    }
}

#[test]
fn of_lists_and_objects_nothing_is_said_that_is_not_known() {
    let (before, after) = (of("arrow.parquet"), of("encoded-zstd-2.parquet"));
    let found = drift(&before, &after);
    let names: Vec<_> = found.columns.iter().map(|column| &*column.name).collect();
    assert_eq!((names.len(), names.contains(&"tags"), found.came.len(), found.went.len()), (12, false, 0, 0));
    assert!(found.columns.iter().all(|column| column.psi.is_none_or(|psi| psi < 1e-6)), "{found:?}");
    let table = read(&kept("arrow.parquet"), &Limits::default()).unwrap();
    let of_tags = |wanted: &str| {
        let expected: ExpectedTable =
            serde_json::from_str(&format!("{{\"columns\": {{\"tags\": {wanted}}}}}")).unwrap();
        compare(&expected, &table).pop().unwrap().outcome
    };
    assert_eq!(of_tags("{\"type\": \"nested\"}"), Outcome::Passed);
    assert_eq!(of_tags("{\"nulls\": 0}"), Outcome::Errored);
    assert_eq!(of_tags("{\"values\": [\"a\"]}"), Outcome::Errored);
    assert_eq!(of_tags("{\"type\": \"text\"}"), Outcome::Failed);
}
