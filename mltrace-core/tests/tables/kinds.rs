//! What the types of Parquet are in a profile.

use mltrace_core::model::{ColumnType, Profile};
use parquet::data_type::{
    ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type, Int96,
    Int96Type,
};

use super::written::{Put, Way, of, optional, required};

/// Returns the type, the least number, and the most frequent value of a column that has a value twice.
fn told(found: &Profile, name: &str) -> (ColumnType, Option<f64>, String) {
    let column = found.column(name).unwrap_or_else(|| panic!("{name}: {found:?}"));
    (column.kind, column.min, column.top.first().map(|top| top.value.clone()).unwrap_or_default())
}

fn fixed(bytes: &[u8]) -> Vec<FixedLenByteArray> {
    vec![FixedLenByteArray::from(bytes.to_vec()); 2]
}

/// A column, what writes two rows of it, and what is known of it.
type Case = (&'static str, Put<'static>, (ColumnType, Option<f64>, &'static str));

/// Numbers in all their forms.
fn numbers() -> Vec<Case> {
    vec![
        (
            "int32 small (INTEGER(32,false))",
            required::<Int32Type>(vec![-1; 2]),
            (ColumnType::Integer, Some(4_294_967_295.0), "4294967295"),
        ),
        (
            "int64 large (INTEGER(64,false))",
            required::<Int64Type>(vec![-1; 2]),
            (ColumnType::Integer, Some(18_446_744_073_709_551_615.0), "18446744073709551615"),
        ),
        ("int32 tiny (INTEGER(8,true))", required::<Int32Type>(vec![-3; 2]), (ColumnType::Integer, Some(-3.0), "-3")),
        ("int32 price (DECIMAL(9,2))", required::<Int32Type>(vec![-5; 2]), (ColumnType::Number, Some(-0.05), "-0.05")),
        ("int64 whole (DECIMAL(18,0))", required::<Int64Type>(vec![12; 2]), (ColumnType::Integer, Some(12.0), "12")),
        (
            "fixed_len_byte_array(3) tax (DECIMAL(5,1))",
            required::<FixedLenByteArrayType>(fixed(&[0xff, 0xff, 0x01])),
            (ColumnType::Number, Some(-25.5), "-25.5"),
        ),
        (
            "binary vat (DECIMAL(30,3))",
            required::<ByteArrayType>(vec![ByteArray::from(vec![0x04, 0xd2]); 2]),
            (ColumnType::Number, Some(1.234), "1.234"),
        ),
        (
            "fixed_len_byte_array(2) half (FLOAT16)",
            required::<FixedLenByteArrayType>(fixed(&[0x00, 0xc1])),
            (ColumnType::Number, Some(-2.5), "-2.5"),
        ),
        ("double x", required::<DoubleType>(vec![2.0; 2]), (ColumnType::Number, Some(2.0), "2.0")),
    ]
}

/// Dates and times.
fn moments() -> Vec<Case> {
    let mut old = Int96::new();
    // The first day of 1970, and one and a half seconds.
    old.set_data(1_500_000_000, 0, 2_440_588);
    let moment = 1_620_036_000_250_i64;
    vec![
        ("int32 day (DATE)", required::<Int32Type>(vec![-1; 2]), (ColumnType::Date, None, "1969-12-31")),
        (
            "int64 at (TIMESTAMP(MILLIS,true))",
            required::<Int64Type>(vec![moment; 2]),
            (ColumnType::Date, None, "2021-05-03T10:00:00.250Z"),
        ),
        (
            "int64 local (TIMESTAMP(NANOS,false))",
            required::<Int64Type>(vec![-1; 2]),
            (ColumnType::Date, None, "1969-12-31T23:59:59.999999999"),
        ),
        (
            "int64 older (TIMESTAMP_MICROS)",
            required::<Int64Type>(vec![1; 2]),
            (ColumnType::Date, None, "1970-01-01T00:00:00.000001Z"),
        ),
        ("int96 oldest", required::<Int96Type>(vec![old; 2]), (ColumnType::Date, None, "1970-01-01T00:00:01.500")),
        (
            "int32 clock (TIME(MILLIS,true))",
            required::<Int32Type>(vec![3_723_004; 2]),
            (ColumnType::Text, None, "01:02:03.004"),
        ),
    ]
}

/// Bytes, of which most are text.
fn texts() -> Vec<Case> {
    vec![
        (
            "fixed_len_byte_array(16) id (UUID)",
            required::<FixedLenByteArrayType>(fixed(&[0x11; 16])),
            (ColumnType::Text, None, "11111111-1111-1111-1111-111111111111"),
        ),
        (
            "fixed_len_byte_array(2) raw",
            required::<FixedLenByteArrayType>(fixed(&[0xff, 0x00])),
            (ColumnType::Text, None, "0xff00"),
        ),
        ("binary plain", required::<ByteArrayType>(vec![ByteArray::from("hub"); 2]), (ColumnType::Text, None, "hub")),
        (
            "binary digits (STRING)",
            required::<ByteArrayType>(vec![ByteArray::from("12"); 2]),
            (ColumnType::Text, None, "12"),
        ),
        (
            "binary day_text (STRING)",
            required::<ByteArrayType>(vec![ByteArray::from("2021-05-03"); 2]),
            (ColumnType::Date, None, "2021-05-03"),
        ),
    ]
}

#[test]
fn each_type_is_what_it_would_be_as_text() {
    let columns: Vec<Case> = [numbers(), moments(), texts()].into_iter().flatten().collect();
    let fields: Vec<String> = columns.iter().map(|(field, ..)| format!("required {field};")).collect();
    let message = format!("message table {{ {} }}", fields.join(" "));
    let (puts, wanted): (Vec<_>, Vec<_>) =
        columns.into_iter().map(|(field, put, wanted)| (put, (field.split(' ').nth(1).unwrap(), wanted))).unzip();
    for is_second in [false, true] {
        let found = of(&message, 2, &puts, &Way { is_second, ..Way::default() });
        for (name, (kind, least, top)) in &wanted {
            assert_eq!(told(&found, name), (*kind, *least, (*top).to_owned()), "{name}");
        }
    }
}

#[test]
fn a_number_that_is_none_is_no_value_as_in_text() {
    let columns = [required::<DoubleType>(vec![f64::NAN, 1.5, f64::INFINITY, 1.5])];
    let found = of("message table { required double x; }", 4, &columns, &Way::default());
    let x = found.column("x").unwrap();
    assert_eq!((x.kind, x.nulls, x.max), (ColumnType::Mixed, 1, Some(1.5)));
}

#[test]
fn members_of_a_struct_are_columns_and_lists_and_maps_are_nested() {
    let message = "message table {
        optional group at { required int32 zone; optional int32 floor; }
        optional group tags (LIST) { repeated group list { optional binary element (STRING); } }
        required group counts (MAP) { repeated group key_value { required binary key (STRING); optional int32 value; } }
        repeated int32 bare;
        optional int32 n; }";
    let list = |levels: &'static [i16], heads: &'static [i16], texts: &'static [&'static str]| -> Put<'static> {
        Box::new(move |writer, _| {
            let values: Vec<ByteArray> = texts.iter().map(|text| ByteArray::from(*text)).collect();
            writer.typed::<ByteArrayType>().write_batch(&values, Some(levels), Some(heads)).unwrap();
        })
    };
    let numbers = |levels: &'static [i16], heads: Option<&'static [i16]>, values: &'static [i32]| -> Put<'static> {
        Box::new(move |writer, _| {
            writer.typed::<Int32Type>().write_batch(values, Some(levels), heads).unwrap();
        })
    };
    // Three rows: all there, the optional ones missing, and empty ones.
    let columns = [
        numbers(&[1, 0, 1], None, &[7, 7]),
        numbers(&[2, 0, 1], None, &[1]),
        list(&[3, 2, 0, 1], &[0, 1, 0, 0], &["a"]),
        list(&[1, 1, 0, 0], &[0, 1, 0, 0], &["k", "l"]),
        numbers(&[2, 1, 0, 0], Some(&[0, 1, 0, 0]), &[1]),
        numbers(&[1, 1, 0, 0], Some(&[0, 1, 0, 0]), &[1, 2]),
        optional::<Int32Type>(vec![Some(1), None, Some(2)]),
    ];
    for is_second in [false, true] {
        let found = of(message, 3, &columns, &Way { is_second, ..Way::default() });
        let told: Vec<_> = found.columns.iter().map(|column| (&*column.name, column.kind, column.nulls)).collect();
        let wanted = [
            ("at.zone", ColumnType::Integer, 1),
            ("at.floor", ColumnType::Integer, 2),
            ("tags", ColumnType::Nested, 1),
            ("counts", ColumnType::Nested, 0),
            ("bare", ColumnType::Nested, 0),
            ("n", ColumnType::Integer, 1),
        ];
        assert_eq!((found.rows, found.columns_left_out), (3, 0));
        assert_eq!(told, wanted);
    }
}

#[test]
fn of_very_many_columns_the_first_are_kept_and_of_a_name_that_is_there_twice_the_later_ones_have_a_number() {
    let fields: Vec<String> = (0..502).map(|n| format!("required int32 c{};", n % 501)).collect();
    let message = format!("message table {{ required int32 c0; {} }}", fields.join(" "));
    let columns: Vec<Put<'_>> = (0..503).map(|_| required::<Int32Type>(vec![1])).collect();
    let found = of(&message, 1, &columns, &Way::default());
    assert_eq!((found.columns.len(), found.columns_left_out), (500, 3));
    assert_eq!((&*found.columns[0].name, &*found.columns[1].name), ("c0", "c0 (2)"));
}
