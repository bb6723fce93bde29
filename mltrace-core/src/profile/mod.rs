//! What is in a table: profiles of files, and how one profile differs from another.
//!
//! A file is read once, from its start, in bounded memory and within limits of time and bytes.

mod anomaly;

mod cell;

mod csv;

mod distinct;

mod drift;

mod like;

mod expected;

mod limits;

mod pair;

#[cfg(feature = "parquet")]
mod parquet;

mod ndjson;

mod sample;

mod spread;

mod stability;

mod table;

mod tally;

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::model::{Profile, TableFormat};
use crate::{folder, redact};

pub use drift::{ColumnDrift, Drift, Renamed, drift};
pub use expected::{Finding, compare, unknown};
pub use limits::Limits;
pub use spread::{SHARES, psi};
pub use table::Table;

/// A file is read in pieces of so many bytes.
const PIECE: usize = 256 << 10;

/// Returns how the table in a file of this name is written; `None` when it is none. Whether this build can read it is for
/// [`is_readable`] to say.
///
/// ```
/// use mltrace_core::model::TableFormat;
/// use mltrace_core::profile::format_of;
///
/// assert_eq!(format_of("data/rides.CSV".as_ref()), Some(TableFormat::Csv));
/// assert_eq!(format_of("model.bin".as_ref()), None);
/// ```
#[must_use]
pub fn format_of(path: &Path) -> Option<TableFormat> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" | "tsv" => Some(TableFormat::Csv),
        "ndjson" | "jsonl" => Some(TableFormat::Ndjson),
        "parquet" | "pq" => Some(TableFormat::Parquet),
        _ => None,
    }
}

/// Returns whether this build reads such tables: Parquet only with the feature of that name.
#[must_use]
pub fn is_readable(format: TableFormat) -> bool {
    cfg!(feature = "parquet") || format != TableFormat::Parquet
}

/// Returns the profile of the table in a file, as far as it can be read within the limits; `None` when there is no table.
#[must_use]
pub fn profile(path: &Path, limits: &Limits) -> Option<Profile> {
    read(path, limits).map(|table| table.profile)
}

/// Returns what is in the table in a file as [`profile`] does, with what [`compare`] needs to know.
#[must_use]
pub fn read(path: &Path, limits: &Limits) -> Option<Table> {
    let format = format_of(path)?;
    let file = folder::open_to_read(path).ok()?;
    let length = file.metadata().ok()?.len();
    let size = length.min(limits.bytes);
    let reader = BufReader::with_capacity(PIECE, file);
    let mut found = match format {
        TableFormat::Csv => {
            let is_tsv = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("tsv"));
            csv::profile(reader, size, is_tsv.then_some(b'\t'), limits)
        }
        TableFormat::Ndjson => ndjson::profile(reader, size, limits),
        #[cfg(feature = "parquet")]
        TableFormat::Parquet => parquet::profile(reader.get_ref(), length, limits),
        #[cfg(not(feature = "parquet"))]
        TableFormat::Parquet => None,
    }?;
    redact::profile(&mut found.profile);
    Some(found)
}

/// Returns why no table could be read from a file of which [`read`] returns none.
#[must_use]
pub fn obstacle(path: &Path) -> &'static str {
    let format = format_of(path);
    if format.is_some_and(|format| !is_readable(format)) {
        return "it is Parquet, which this build of mltrace does not read";
    }
    let Ok(mut file) = folder::open_to_read(path) else { return "the file cannot be opened" };
    match (file.metadata().map(|metadata| metadata.len()), format) {
        (Ok(0), _) => "the file is empty",
        (_, Some(TableFormat::Csv)) => "it is not text",
        (_, Some(TableFormat::Ndjson)) => "its first line is no JSON object",
        (_, Some(TableFormat::Parquet)) if !has_ends_of_parquet(&mut file) => {
            "it is no Parquet file, or not all of one: a mark at its start or its end is missing"
        }
        (_, Some(TableFormat::Parquet)) => "it is a Parquet file that is damaged, or written in a way that is not read",
        (_, None) => "nothing is known of such a file",
    }
}

/// Returns whether a file begins and ends as a whole Parquet file does.
fn has_ends_of_parquet(file: &mut File) -> bool {
    let mut is_mark_at = |from: SeekFrom| {
        let mut mark = [0; 4];
        file.seek(from).and_then(|_| file.read_exact(&mut mark)).is_ok_and(|()| mark == *b"PAR1")
    };
    is_mark_at(SeekFrom::Start(0)) && is_mark_at(SeekFrom::End(-4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ColumnType;

    fn of(name: &str, text: &str) -> Profile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        profile(&path, &Limits::default()).unwrap()
    }

    fn of_rows(name: &str, rows: impl Iterator<Item = String>) -> Profile {
        of(name, &rows.map(|row| row + "\n").collect::<String>())
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 32, ..Default::default() })]

        #[test]
        fn nothing_of_extreme_numbers_is_without_end(
            numbers in proptest::collection::vec(proptest::num::f64::NORMAL, 2..60),
            others in proptest::collection::vec(proptest::num::f64::NORMAL, 2..60),
        ) {
            let table = |numbers: &[f64]| {
                let rows = numbers.iter().map(|number| format!("{number:e}"));
                of_rows("x.csv", ["fare".to_owned()].into_iter().chain(rows))
            };
            let (one, other) = (table(&numbers), table(&others));
            let fare = one.column("fare").unwrap();
            let told = [fare.min, fare.max, fare.mean, fare.sd].into_iter().flatten();
            assert!(told.chain(fare.quantiles.iter().map(|(_, value)| *value)).all(f64::is_finite), "{fare:?}");
            // A square of what is nearly nothing is nothing.
            let is_small = numbers.iter().all(|number| number.abs() < 1e100);
            assert!(is_small || fare.sd != Some(0.0) || fare.distinct == 1, "{fare:?}");
            let moved = drift(&one, &other).columns.remove(0);
            assert!([moved.psi, moved.shift, moved.median].into_iter().flatten().all(f64::is_finite), "{moved:?}");
        }
    }

    /// Returns the index of the one column of two tables.
    fn index(before: &[f64], after: &[f64]) -> Option<f64> {
        let table =
            |numbers: &[f64]| of("x.csv", &numbers.iter().fold("n\n".to_owned(), |text, n| format!("{text}{n}\n")));
        drift(&table(before), &table(after)).columns.remove(0).psi
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, ..Default::default() })]

        #[test]
        fn columns_that_have_no_number_in_common_are_far_apart(
            numbers in proptest::collection::vec(0_u32..40, 1..60),
            often in 0_usize..200,
            below in proptest::collection::vec(1_u32..40, 1..60),
        ) {
            let before: Vec<f64> = numbers.iter().chain(&vec![numbers[0]; often]).map(|n| f64::from(*n) - 20.0).collect();
            let least = before.iter().copied().fold(f64::INFINITY, f64::min);
            let after: Vec<f64> = below.iter().map(|n| least - f64::from(*n) / 10.0).collect();
            assert!(index(&before, &after).unwrap() > 1.0, "{before:?} {after:?}");
            assert!(index(&after, &before).unwrap() > 1.0, "{after:?} {before:?}");
        }
    }

    #[test]
    fn what_leaves_a_frequent_number_is_seen_on_either_side_of_it() {
        let around = |value: f64, times: usize| {
            let mut numbers: Vec<f64> = (1..=100).map(f64::from).collect();
            numbers.extend(std::iter::repeat_n(value, times));
            numbers
        };
        for mode in [0.0, 1.0, 50.0, 101.0] {
            let before = around(mode, 900);
            assert!(index(&before, &before).unwrap() < 1e-9, "{mode}");
            for moved in [mode - 3.5, mode + 3.5] {
                assert!(index(&before, &around(moved, 900)).unwrap() > 1.0, "from {mode} to {moved}");
            }
        }
        let ones = drift(&of("x.csv", "n\n1\n1\n"), &of("x.csv", "n\n1.0\n1.0\n"));
        assert_eq!(ones.columns[0].psi, Some(0.0), "`1` and `1.0` are one number");
    }

    #[test]
    fn a_table_of_text_is_told_column_by_column() {
        let found =
            of("x.csv", "zone,fare,paid,on,note\n1,2.5,true,2021-05-03,a\n2,,false,2021-05-04,b\n2,4.5,NA,,a\n");
        assert_eq!((found.rows, found.is_whole, found.uneven_rows), (3, true, 0));
        let told: Vec<_> =
            found.columns.iter().map(|column| (&*column.name, column.kind, column.nulls, column.distinct)).collect();
        let wanted = [
            ("zone", ColumnType::Integer, 0, 2),
            ("fare", ColumnType::Number, 1, 2),
            ("paid", ColumnType::Boolean, 1, 2),
            ("on", ColumnType::Date, 1, 2),
            ("note", ColumnType::Text, 0, 2),
        ];
        assert_eq!(told, wanted);
        let fare = found.column("fare").unwrap();
        assert_eq!((fare.min, fare.max, fare.mean, fare.sd), (Some(2.5), Some(4.5), Some(3.5), Some(1.0)));
        let top: Vec<_> = found.column("note").unwrap().top.iter().map(|top| (&*top.value, top.count)).collect();
        assert_eq!(top, [("a", 2), ("b", 1)]);
    }

    #[test]
    fn separators_and_tables_without_names_are_found_out() {
        for (name, text) in [("x.csv", "a;b\n1,5;2\n"), ("x.tsv", "a\tb\n1;5\t2\n"), ("x.csv", "a|\"b,c\"|\n1|2|3\n")] {
            assert!(of(name, text).columns.len() > 1, "{text}");
        }
        let found = of("x.csv", "1,2\n3,4\n");
        assert_eq!((found.rows, &*found.columns[1].name), (2, "column 2"));
        assert_eq!(of("x.csv", "").rows, 0);
    }

    #[test]
    fn rows_of_other_lengths_are_counted_and_what_they_lack_is_no_value() {
        let found = of("x.csv", "a,b\n1,2\n3\n4,5,6\n");
        assert_eq!((found.rows, found.uneven_rows, found.column("b").unwrap().nulls), (3, 2, 1));
    }

    #[test]
    fn lines_of_json_are_a_table_whose_columns_may_come_late() {
        let text = "{\"a\": 1, \"b\": \"x\"}\n\n{\"a\": 2.5, \"c\": [1]}\n{\"a\": null, \"b\": \"12\"}\nno row\n";
        let found = of("x.jsonl", text);
        assert_eq!((found.rows, found.uneven_rows, found.is_whole), (3, 1, true));
        let told: Vec<_> = found.columns.iter().map(|column| (&*column.name, column.kind, column.nulls)).collect();
        let wanted = [("a", ColumnType::Number, 1), ("b", ColumnType::Text, 1), ("c", ColumnType::Nested, 2)];
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_long_value_is_cleaned_of_secrets_before_it_is_cut() {
        let secret = "hunter2hunter2".repeat(5);
        let token = format!("{}ghp_{}", "see the log of may ".repeat(3), "a1B2c3D4".repeat(5));
        let key = format!("{}AKIAIOSFODNN7EXAMPLE", "z ".repeat(25));
        for value in [format!("postgres://app:{secret}@db/x"), token, key] {
            let csv = format!("at,n\n{value},1\n{value},2\n");
            let json = format!("{{\"at\": \"{value}\"}}\n").repeat(2);
            for found in [of("x.csv", &csv), of("x.ndjson", &json)] {
                let told = serde_json::to_string(&found).unwrap();
                assert!(!["hunter2", "ghp_a", "AKIA"].iter().any(|start| told.contains(start)), "{told}");
                assert_eq!(found.column("at").unwrap().top.len(), 1, "{told}");
            }
        }
        let long = "word ".repeat(1000);
        let found = of("x.csv", &format!("at\n{long}\n{long}\nx\n"));
        let column = found.column("at").unwrap();
        assert_eq!((column.distinct, column.top.len()), (2, 0), "{column:?}");
    }

    #[test]
    fn lines_of_json_are_read_as_json_is() {
        let found = of("x.jsonl", "\u{FEFF}{\"a\": 1, \"b\": 1, \"a\": 3}\n{\"a\": \"\\ud800x\", \"a\": null}\n");
        assert_eq!((found.rows, found.uneven_rows, found.columns.len()), (2, 0, 2));
        let a = found.column("a").unwrap();
        assert_eq!((a.max, a.min, a.nulls, a.kind), (Some(3.0), Some(3.0), 1, ColumnType::Integer));
        assert_eq!(found.column("b").unwrap().nulls, 1);
        let found = of("x.jsonl", &"{\"a\": \"\\ud800x\"}\n".repeat(2));
        let a = found.column("a").unwrap();
        assert_eq!((a.kind, a.nulls, a.distinct, a.top[0].count), (ColumnType::Text, 0, 1, 2));
        let fields: Vec<String> = (0..502).map(|n| format!("\"c{n}\": 1")).collect();
        assert_eq!(of("x.jsonl", &format!("{{{}}}\n", fields.join(","))).columns_left_out, 2);
        let long = format!("{{\"a\": 1}}\n{}{{\"a\": 2}}\n{{\"a\": 3}}\n", "x".repeat(16 << 20));
        let found = of("x.jsonl", &long);
        assert_eq!((found.rows, found.uneven_rows), (2, 1), "the end of a line that is too long is no row");
    }

    #[test]
    fn quantiles_of_many_numbers_are_within_one_in_a_hundred_and_distinct_values_are_about_right() {
        let found = of_rows("x.csv", ["n".to_owned()].into_iter().chain((1..=50_000).map(|n| n.to_string())));
        let column = &found.columns[0];
        for (share, value) in &column.quantiles {
            assert!((value - share * 50_000.0).abs() <= share * 50_000.0 * 0.011 + 1.0, "{share}: {value}");
        }
        assert!(column.distinct.abs_diff(50_000) < 2_500 && column.top.is_empty(), "{}", column.distinct);
    }

    #[test]
    fn a_frequent_value_is_counted_exactly_among_many() {
        let rows = (0..30_000).map(|n| if n % 3 == 0 { "hub".to_owned() } else { format!("id-{n}") });
        let found = of_rows("x.csv", ["zone".to_owned()].into_iter().chain(rows));
        let top = &found.columns[0].top[0];
        assert_eq!((&*top.value, top.count), ("hub", 10_000));
    }

    #[test]
    fn what_is_beyond_the_limits_is_not_read_and_the_profile_says_so() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["x.csv", "x.ndjson"] {
            let path = folder.path().join(name);
            let row = if name == "x.csv" { "1,2\n" } else { "{\"a\": 1}\n" };
            std::fs::write(&path, row.repeat(5_000)).unwrap();
            let few = Limits { bytes: 1_000, ..Limits::default() };
            let found = profile(&path, &few).unwrap();
            assert!(!found.is_whole && found.rows < 300, "{name}: {found:?}");
            let soon = Limits { time: std::time::Duration::ZERO, ..Limits::default() };
            let found = profile(&path, &soon).unwrap();
            assert!(!found.is_whole && found.rows < 2_000, "{name}: {}", found.rows);
        }
        assert!(profile(&folder.path().join("model.bin"), &Limits::default()).is_none());
    }

    #[test]
    fn a_row_without_an_end_is_not_read_and_the_profile_says_so() {
        let endless = format!("x,\"{}", "y\n".repeat(9 << 20));
        let found = of("x.csv", &format!("a,b\n1,2\n{endless}"));
        assert_eq!((found.rows, found.is_whole, found.columns.len()), (1, false, 2));
        assert!(found.in_words().contains("a row is too long"));
        let found = of("x.csv", &endless);
        assert_eq!((found.rows, found.is_whole, found.columns.len()), (0, false, 0));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        let enough = profile(&path, &Limits { bytes: 8, ..Limits::default() }).unwrap();
        assert_eq!((enough.rows, enough.is_whole), (1, true));
        let few = profile(&path, &Limits { bytes: 7, ..Limits::default() }).unwrap();
        assert_eq!((few.rows, few.is_whole), (0, false));
    }

    #[test]
    fn a_column_with_two_meanings_is_secret_as_a_parameter_is() {
        for name in ["pw", "pass", "pwd", "auth", "bearer", "GITHUB_PAT", "db_password"] {
            let found = of("x.csv", &format!("{name},n\nhunterP1,1\nhunterP1,1\n"));
            assert!(found.columns[0].is_secret && found.columns[0].top.is_empty(), "{name}: {found:?}");
        }
        let drawn = "q8Zx2LmV0pRt7KcW4nYb9HsD3fGj6Qe1";
        assert!(of("x.csv", &format!("key,n\n{drawn},1\n{drawn},2\n")).columns[0].is_secret);
        assert!(of("x.csv", "pass,n\n87654321,1\n").columns[0].is_secret);
        for (name, value) in [("pass", "3"), ("auth", "true"), ("key", "zone-7"), ("fare", "87654321")] {
            assert!(!of("x.csv", &format!("{name},n\n{value},1\n")).columns[0].is_secret, "{name}");
        }
    }

    /// Makes the profile of a table from the name of a column, and a name and a value in it.
    type Made<'t> = &'t dyn Fn(&str, &str, &str) -> Profile;

    #[test]
    fn a_value_that_a_name_beside_it_calls_a_secret_is_not_kept() {
        let csv = |naming: &str, name: &str, value: &str| {
            let row = format!("{name},{value},7\n").repeat(2);
            of("x.csv", &format!("{naming},Value,n\nhost,db-1,7\nhost,db-1,7\n{row}"))
        };
        let lines = |naming: &str, name: &str, value: &str| {
            let line =
                |name: &str, value: &str| format!("{{\"{naming}\": \"{name}\", \"Value\": \"{value}\", \"n\": 7}}\n");
            of("x.ndjson", &(line("host", "db-1") + &line(name, value).repeat(2)))
        };
        let tables: [Made<'_>; 2] = [&csv, &lines];
        for table in tables {
            for naming in ["name", "Key", "VARIABLE", "parameter", "setting"] {
                for (name, value) in [
                    ("db_password", "hunterP1"),
                    ("DB_PASS", "hunterP1"),
                    ("hf_token", "hunterP1"),
                    ("auth", "hunterP1"),
                ] {
                    let found = table(naming, name, value);
                    let told = serde_json::to_string(&found).unwrap();
                    assert!(!told.contains("hunterP1") && found.column("Value").unwrap().is_secret, "{naming}: {told}");
                    assert!(
                        !found.column("n").unwrap().top.is_empty() && !found.column(naming).unwrap().top.is_empty()
                    );
                }
            }
            for (naming, name, value) in [
                ("name", "max_tokens", "512"),
                ("name", "pass", "3"),
                ("key", "sort_key", "id"),
                ("who", "db_password", "x1"),
            ] {
                let found = table(naming, name, value);
                assert!(!found.column("Value").unwrap().is_secret, "{naming} {name} {value}: {found:?}");
            }
        }
        let found = of("x.csv", "value,name\nhunterP1,a\nhunterP1,password\n");
        assert!(found.column("value").unwrap().top.is_empty(), "in any order: {found:?}");
    }

    #[test]
    fn of_a_name_as_long_as_a_row_the_start_is_kept() {
        let long = "n".repeat(100_000);
        let found = of("x.csv", &format!("a,{long}\n1,2\n"));
        assert!(found.columns.len() == 2 && found.columns[1].name.len() < 10_000);
        let found = of("x.ndjson", &format!("{{\"a\": 1, \"{long}\": 2}}\n"));
        assert_eq!((found.columns.len(), found.columns_left_out), (1, 1));
    }

    #[test]
    fn different_values_are_counted_within_two_in_a_hundred() {
        let forms: [fn(u32) -> String; 3] = [|n| n.to_string(), |n| format!("user{n}"), |n| format!("{n}.5")];
        for (form, write) in forms.into_iter().enumerate() {
            for count in [3_000_u32, 10_000, 30_000] {
                let error = |first: u32| {
                    let found =
                        of_rows("x.csv", ["id".to_owned()].into_iter().chain((first..first + count).map(write)));
                    let found = found.columns[0].distinct as f64;
                    assert!(found <= f64::from(count), "{found} of {count} values");
                    (found / f64::from(count) - 1.0).powi(2)
                };
                let errors = (0..10).map(|n| error(n * 7_919)).sum::<f64>() / 10.0;
                assert!(errors.sqrt() < 0.02, "{count} values of form {form} are {} off", errors.sqrt());
            }
        }
    }

    #[test]
    fn no_column_came_or_went_where_not_all_are_known() {
        let wide = |count: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("c{n}")).collect();
            of("x.csv", &format!("{}\n{}1\n", names.join(","), "1,".repeat(count - 1)))
        };
        let (all, cut) = (wide(500), of("x.csv", "c0,other\n1,2\n"));
        assert_eq!((drift(&all, &cut).went.len(), drift(&all, &cut).caution()), (499, None));
        let found = drift(&cut, &wide(501));
        assert_eq!((found.went.len(), found.came.len(), found.is_part_before, found.is_part), (0, 499, false, true));
        assert!(found.caution().unwrap().starts_with("this table was not read as a whole"));
        let found = drift(&wide(501), &cut);
        assert_eq!((found.went.len(), found.came.len(), found.is_part_before, found.is_part), (499, 0, true, false));
        assert!(serde_json::to_string(&found).unwrap().contains("\"is_part_before\":true"));
    }

    #[test]
    fn drift_tells_what_came_and_went_and_how_far_values_moved() {
        let numbers = |from: u32, to: u32| {
            let rows = (from..to).map(|n| format!("{n},{}", if n % 2 == 0 { "a" } else { "b" }));
            of_rows("x.csv", ["n,kind".to_owned()].into_iter().chain(rows))
        };
        let same = drift(&numbers(0, 10_000), &numbers(0, 10_000));
        assert!(same.columns.iter().all(|column| column.psi.unwrap() < 1e-6), "{same:?}");
        let moved = drift(&numbers(0, 10_000), &numbers(5_000, 15_000));
        let n = &moved.columns[0];
        assert_eq!(n.name, "n");
        assert!(n.psi.unwrap() > 0.25 && (n.shift.unwrap() - 1.73).abs() < 0.05, "{n:?}");
        let other = drift(&of("x.csv", "a,b\n1,x\n2,x\n"), &of("x.csv", "b,c\n,1\n7,2\n"));
        assert_eq!((other.came, other.went), (vec!["c".to_owned()], vec!["a".to_owned()]));
        let b = &other.columns[0];
        assert_eq!((b.type_before, b.kind, b.null_share), (ColumnType::Text, ColumnType::Integer, 0.5));
    }

    #[test]
    fn any_column_of_names_may_name_what_is_in_any_column_of_values() {
        for (file, table) in [
            ("a.csv", "name,value,name\nzone,hunter2,password\nzone,hunter2,password\n"),
            ("a.csv", "settingKey,name,defaultValue,value\npassword,x,hunter2,hunter2\npassword,x,hunter2,hunter2\n"),
            (
                "a.ndjson",
                "{\"a\":1,\"variable_name\":\"password\",\"stringValue\":\"hunter2\",\"value\":\"hunter2\"}\n",
            ),
        ] {
            let found = of(file, table);
            assert!(!format!("{found:?}").contains("hunter2"), "{table} became {found:?}");
        }
    }
}
