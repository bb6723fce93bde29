//! The profile of a table does not depend on the form in which it is stored.

use std::fmt::Write as _;
use std::time::Duration;

use mltrace_core::model::Profile;
use mltrace_core::profile::{Limits, profile};
use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::written::{Put, Way, of, optional, write};

const MESSAGE: &str = "message table {
    optional int64 n; optional double x; optional float y; optional boolean flag;
    optional int32 day (DATE); optional binary word (STRING); }";

/// A row of the table.
type Row = (Option<i64>, Option<f64>, Option<f32>, Option<bool>, Option<i32>, Option<&'static str>);

fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let number = prop_oneof![Just(0.0), Just(-2.5), proptest::num::f64::NORMAL];
    let word = select(vec!["hub", "zone", "a b", "é", "-", "12 Main St", "a,b", "\"", "2021-05-03x"]);
    let row = (
        option::of(prop_oneof![0..5_i64, any::<i64>()]),
        option::of(number),
        option::of(prop_oneof![Just(0.1_f32), proptest::num::f32::NORMAL]),
        option::of(any::<bool>()),
        option::of(-30_000..30_000_i32),
        option::of(word),
    );
    vec(row, 0..most)
}

fn ways() -> impl Strategy<Value = Way> {
    let compression = select(vec![
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ]);
    let encodings = select(vec![
        vec![],
        vec![("n", Encoding::DELTA_BINARY_PACKED), ("word", Encoding::DELTA_LENGTH_BYTE_ARRAY)],
        vec![
            ("word", Encoding::DELTA_BYTE_ARRAY),
            ("x", Encoding::BYTE_STREAM_SPLIT),
            ("day", Encoding::DELTA_BINARY_PACKED),
        ],
    ]);
    (compression, any::<bool>(), any::<bool>(), 1..200_usize, 1..300_usize, encodings).prop_map(
        |(compression, is_second, has_dictionary, rows_a_page, rows_a_group, encodings)| Way {
            compression,
            is_second,
            has_dictionary,
            rows_a_page,
            rows_a_group,
            encodings,
        },
    )
}

fn columns(rows: &[Row]) -> Vec<Put<'static>> {
    vec![
        optional::<Int64Type>(rows.iter().map(|row| row.0).collect()),
        optional::<DoubleType>(rows.iter().map(|row| row.1).collect()),
        optional::<FloatType>(rows.iter().map(|row| row.2).collect()),
        optional::<BoolType>(rows.iter().map(|row| row.3).collect()),
        optional::<Int32Type>(rows.iter().map(|row| row.4).collect()),
        optional::<ByteArrayType>(rows.iter().map(|row| row.5.map(ByteArray::from)).collect()),
    ]
}

fn as_text(rows: &[Row]) -> Profile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let mut text = "n,x,y,flag,day,word\n".to_owned();
    for (n, x, y, flag, day, word) in rows {
        let day = day.map(|day| {
            let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
            (epoch + chrono::Duration::days(day.into())).to_string()
        });
        let cell = |cell: Option<String>| cell.unwrap_or_default();
        let quoted = word.map(|word| format!("\"{}\"", word.replace('"', "\"\"")));
        let (n, flag) = (cell(n.map(|n| n.to_string())), cell(flag.map(|flag| flag.to_string())));
        let (x, y) = (cell(x.map(|x| format!("{x:?}"))), cell(y.map(|y| format!("{y:?}"))));
        writeln!(text, "{n},{x},{y},{flag},{},{}", cell(day), cell(quoted)).unwrap();
    }
    std::fs::write(&path, text).unwrap();
    profile(&path, &Limits::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..Default::default() })]

    #[test]
    fn a_table_has_the_profile_that_it_has_as_text(rows in rows(400), way in ways()) {
        let (text, found) = (as_text(&rows), of(MESSAGE, rows.len(), &columns(&rows), &way));
        prop_assert_eq!((found.rows, found.is_whole, found.columns_left_out), (text.rows, true, 0));
        prop_assert_eq!(found.columns, text.columns);
    }
}

#[test]
fn of_many_values_as_many_are_said_to_differ_in_either_form() {
    let row = |n: i64| {
        let x = n as f64 * 0.37;
        (Some(n * 7_919), Some(x), Some(x as f32), None, i32::try_from(n).ok(), None)
    };
    let rows: Vec<Row> = (0..6_000).map(row).collect();
    let (text, found) = (as_text(&rows), of(MESSAGE, rows.len(), &columns(&rows), &Way::default()));
    let told = |profile: &Profile| profile.columns.iter().map(|column| column.distinct).collect::<Vec<u64>>();
    assert_eq!(told(&found), told(&text));
}

#[test]
fn why_a_file_has_no_table_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, bytes: &[u8], why: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert!(profile(&path, &Limits::default()).is_none());
        let found = mltrace_core::profile::obstacle(&path);
        assert!(found.contains(why), "{name}: {found}");
    };
    check("x.parquet", b"", "the file is empty");
    check("x.parquet", b"a,b\n1,2\n", "no Parquet file");
    check("x.parquet", b"PAR1 and no end", "not all of one");
    check("x.parquet", b"PAR1\xff\xff\x02\0\0\0PAR1", "damaged");
    check("x.ndjson", b"a,b\n", "no JSON object");
    check("x.csv", b"a\0b,c\n1,2\n", "not text");
}

#[test]
fn of_many_values_quantiles_are_as_exact_and_a_frequent_one_is_counted() {
    let count = 50_000;
    let message = "message table { optional int64 n; optional binary zone (STRING); }";
    let zone = |n: usize| if n.is_multiple_of(3) { "hub".to_owned() } else { format!("id-{n}") };
    let columns = [
        optional::<Int64Type>((0..count).map(|n| i64::try_from(n).ok()).collect()),
        optional::<ByteArrayType>((0..count).map(|n| Some(ByteArray::from(&*zone(n)))).collect()),
    ];
    let found = of(message, count, &columns, &Way { rows_a_group: 7_000, ..Way::default() });
    let n = found.column("n").unwrap();
    for (share, value) in &n.quantiles {
        assert!((value - share * 50_000.0).abs() <= share * 50_000.0 * 0.011 + 1.0, "{share}: {value}");
    }
    assert!(n.distinct.abs_diff(50_000) < 2_500 && n.top.is_empty(), "{}", n.distinct);
    assert_eq!((n.min, n.max), (Some(0.0), Some(49_999.0)));
    let top = &found.column("zone").unwrap().top[0];
    assert_eq!((&*top.value, top.count), ("hub", 16_667));
}

#[test]
fn what_is_beyond_the_limits_is_not_read_and_all_columns_have_the_rows_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let message = "message table { required int64 a; required int64 b; }";
    let columns = [
        super::written::required::<Int64Type>((0..250_000).collect()),
        super::written::required::<Int64Type>((0..250_000).rev().collect()),
    ];
    let way = Way { has_dictionary: false, rows_a_group: 50_000, ..Way::default() };
    write(&path, message, 250_000, &columns, &way);
    let size = std::fs::metadata(&path).unwrap().len();
    let found = profile(&path, &Limits { bytes: size / 2, ..Limits::default() }).unwrap();
    assert!(!found.is_whole && found.rows.abs_diff(125_000) < 2_000, "{}", found.rows);
    let last = i64::try_from(found.rows).unwrap() - 1;
    assert_eq!(found.column("a").unwrap().max, Some(last as f64));
    assert_eq!(found.column("b").unwrap().min, Some((249_999 - last) as f64));
    assert!(found.in_words().contains("the rest was not read"));
    let found = profile(&path, &Limits { time: Duration::ZERO, ..Limits::default() }).unwrap();
    assert_eq!((found.rows, found.is_whole, found.columns.len()), (0, false, 2));
}

#[test]
fn of_a_file_that_is_cut_off_or_damaged_in_its_midst_what_came_before_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let columns = [super::written::required::<Int64Type>((0..400_000).collect())];
    let way = Way { has_dictionary: false, rows_a_group: 100_000, rows_a_page: 10_000, ..Way::default() };
    write(&path, "message table { required int64 a; }", 400_000, &columns, &way);
    let mut bytes = std::fs::read(&path).unwrap();
    // The header of a page in the third group.
    let at = bytes.len() * 5 / 8;
    bytes[at..at + 100_000].fill(0xff);
    std::fs::write(&path, &bytes).unwrap();
    let found = profile(&path, &Limits::default()).unwrap();
    assert_eq!((found.rows, found.is_whole), (200_000, false));
    assert_eq!(found.column("a").unwrap().max, Some(199_999.0));
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(profile(&path, &Limits::default()).is_none(), "the description is at the end");
}

#[test]
fn a_value_that_a_name_beside_it_calls_a_secret_is_not_kept() {
    let message = "message table {
        optional binary name (STRING); optional binary value (STRING); optional int32 n; }";
    let text = |texts: &[&str]| texts.iter().map(|text| Some(ByteArray::from(*text))).collect();
    for (name, is_secret) in [("db_password", true), ("max_tokens", false)] {
        // The secret is not among the values that are reported, and others of its column might be secrets as well.
        let hosts: Vec<String> = (0..12).map(|n| format!("host-{n}")).collect();
        let mut names: Vec<&str> = (0..600).map(|n| hosts[n % 12].as_str()).collect();
        names[599] = name;
        let mut values: Vec<&str> = (0..600).map(|n| hosts[n % 12].as_str()).collect();
        values[599] = "hunterP1";
        let columns = [
            optional::<ByteArrayType>(text(&names)),
            optional::<ByteArrayType>(text(&values)),
            optional::<Int32Type>(vec![Some(7); 600]),
        ];
        let found = of(message, 600, &columns, &Way { rows_a_group: 250, ..Way::default() });
        assert_eq!(found.column("value").unwrap().is_secret, is_secret, "{found:?}");
        assert_eq!(found.column("value").unwrap().top.is_empty(), is_secret);
        assert!(!found.column("n").unwrap().top.is_empty() && !found.column("name").unwrap().top.is_empty());
    }
}
