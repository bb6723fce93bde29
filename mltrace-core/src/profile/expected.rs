//! Whether a table is as expected, column by column, and what to do where it is not.

use super::anomaly::anomalies;
use super::like::Likeness;
use super::table::Table;
use super::tally::{Known, LONGEST_VALUE, Value};
use crate::model::{Column, ColumnType, ExpectedColumn, ExpectedTable, Outcome, Profile, TableFormat};
use crate::redact;

/// How a column, or the table as a whole, compares with what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `schema:COLUMN`, or `schema` for the table as a whole.
    pub check: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What was found, and the nearest fix.
    pub message: Option<String>,
}

/// Returns how a table compares with what is expected of it: the table first, then each column.
#[must_use]
pub fn compare(expected: &ExpectedTable, table: &Table) -> Vec<Finding> {
    let profile = &table.profile;
    let mut findings: Vec<Finding> =
        expected.columns.iter().map(|(name, wanted)| of_column(name, wanted, expected, table)).collect();
    let others = profile.columns.iter().filter(|column| !expected.columns.contains_key(&column.name));
    if expected.closed {
        findings.extend(others.map(|column| {
            let name = &column.name;
            let kind = column.kind.as_str();
            failed(name, format!("it is not expected; `columns.{name:?} = {{ type = \"{kind}\" }}` expects it"))
        }));
    }
    findings.insert(0, of_table(expected, profile, &findings));
    findings
}

/// Returns what is known of a table that could not be read: nothing, which has not passed.
#[must_use]
pub fn unknown(expected: &ExpectedTable, why: &str) -> Finding {
    let message = Some(format!("schema {}: {why}", expected.version()));
    Finding { check: "schema".to_owned(), outcome: Outcome::Errored, message }
}

/// Sums up what was found of the columns. What nobody could compare has not passed.
fn of_table(expected: &ExpectedTable, profile: &Profile, findings: &[Finding]) -> Finding {
    let (version, all) = (expected.version(), findings.len());
    let count = |outcome: Outcome| findings.iter().filter(|finding| finding.outcome == outcome).count();
    let (wrong, unknown) = (count(Outcome::Failed), count(Outcome::Errored));
    let may_have_others = expected.closed && !profile.has_all_columns();
    let (outcome, message) = match (wrong, unknown) {
        (0, 0) if may_have_others => (
            Outcome::Errored,
            format!("schema {version}: whether there are other columns is not known: {}", cut(profile)),
        ),
        (0, 0) if profile.uneven_rows > 0 && profile.format == TableFormat::Ndjson => {
            (Outcome::Errored, format!("schema {version}: {}", profile.uneven_in_words().unwrap_or_default()))
        }
        (0, 0) if profile.uneven_rows > 0 && expected.closed => {
            (Outcome::Errored, format!("schema {version}: {}", profile.uneven_in_words().unwrap_or_default()))
        }
        (0, 0) if profile.is_whole => (Outcome::Passed, format!("schema {version}")),
        (0, 0) => (Outcome::Errored, format!("schema {version}: {}", only_first(profile))),
        (0, unknown) => {
            (Outcome::Errored, format!("schema {version}: {unknown} of {all} columns could not be compared"))
        }
        (wrong, _) => (Outcome::Failed, format!("schema {version}: {wrong} of {all} columns are not as expected")),
    };
    Finding { check: "schema".to_owned(), outcome, message: Some(message) }
}

fn of_column(name: &str, wanted: &ExpectedColumn, expected: &ExpectedTable, table: &Table) -> Finding {
    let profile = &table.profile;
    if let Some(why) = wanted.fault() {
        return errored(name, format!("what is expected of it cannot be: {why}"));
    }
    let Some((at, column)) = profile.columns.iter().enumerate().find(|(_, column)| column.name == name) else {
        if !profile.has_all_columns() {
            return errored(name, format!("whether it is there is not known: {}", cut(profile)));
        }
        if wanted.optional {
            return passed(name, Some("it is not there".to_owned()));
        }
        return failed(name, missing((name, wanted), expected, table));
    };
    let known = table.known.get(at);
    let anomalies = anomalies(wanted, (column, known), profile.rows);
    if !anomalies.is_empty() {
        return failed(name, anomalies.join("; "));
    }
    let is_ranged = wanted.min.is_some() || wanted.max.is_some();
    if column.is_secret && (is_ranged || !wanted.values.is_empty()) {
        return errored(name, "its values are not kept, as a name says that they are secret".to_owned());
    }
    let of_values = known.and_then(|known| of_values(name, wanted, column, known));
    if let Some(finding) = of_values {
        return finding;
    }
    let has_numbers = column.min.is_some() && column.max.is_some();
    if is_ranged && !has_numbers && column.kind != ColumnType::Empty {
        let kind = column.kind.as_str();
        return errored(name, format!("it is {kind}, and hardly a number is in it: its range is not known"));
    }
    let others = known.map_or(0, |known| known.others);
    if is_ranged && others > 0 {
        return errored(name, format!("{others} of its values are no numbers, and were not compared with its range"));
    }
    let is_any = ExpectedColumn { optional: wanted.optional, ..ExpectedColumn::default() } == *wanted;
    if !profile.is_whole && !is_any {
        return errored(name, only_first(profile));
    }
    passed(name, None)
}

/// Says that rows were left out, of which nobody knows whether they are as expected.
fn only_first(profile: &Profile) -> String {
    format!("the first {} rows are as expected, and the others were not read", profile.rows)
}

/// Says why not all columns are known.
fn cut(profile: &Profile) -> String {
    match profile.columns_left_out {
        0 => "not all rows were read".to_owned(),
        _ => format!("of more than {} columns the others were left out", profile.columns.len()),
    }
}

fn passed(name: &str, message: Option<String>) -> Finding {
    Finding { check: check_of(name), outcome: Outcome::Passed, message }
}

fn check_of(name: &str) -> String {
    format!("schema:{name}")
}

fn failed(name: &str, message: String) -> Finding {
    Finding { check: check_of(name), outcome: Outcome::Failed, message: Some(message) }
}

fn errored(name: &str, message: String) -> Finding {
    Finding { check: check_of(name), outcome: Outcome::Errored, message: Some(message) }
}

/// Says that a column is missing, and which one may be it under another name: by its name, or by what is in it.
fn missing((name, wanted): (&str, &ExpectedColumn), expected: &ExpectedTable, table: &Table) -> String {
    let profile = &table.profile;
    let others = profile.columns.iter().enumerate().filter(|(_, column)| !expected.columns.contains_key(&column.name));
    let likeness = |(at, column): (usize, &'_ Column)| {
        let known = table.known.get(at);
        let is_against = !anomalies(wanted, (column, known), profile.rows).is_empty()
            || known.is_some_and(|known| of_values(name, wanted, column, known).is_some());
        (column.name.clone(), Likeness::of((name, wanted), (column, known), is_against))
    };
    let all: Vec<(String, Likeness)> = others.map(likeness).collect();
    let fitting = all.iter().filter(|(_, like)| like.fits).count();
    let telling = all.iter().filter(|(_, like)| like.is_telling(fitting.saturating_sub(usize::from(like.fits))));
    // Of equals the first counts.
    let best = telling.rev().max_by(|(_, one), (_, other)| {
        (one.spelling >= 1.0, one.fits)
            .cmp(&(other.spelling >= 1.0, other.fits))
            .then(one.spelling.total_cmp(&other.spelling))
    });
    match best {
        Some((other, like)) => {
            let common = like.common.join(" and ");
            format!("it is missing; `{other}` is there, with {common}: one of them is to be called as the other")
        }
        None => "it is missing; `optional = true` allows that".to_owned(),
    }
}

/// Looks whether there are other values than are expected; `None` when there are none.
fn of_values(name: &str, wanted: &ExpectedColumn, column: &Column, known: &Known) -> Option<Finding> {
    if wanted.values.is_empty() {
        return None;
    }
    if known.has_nested {
        return Some(failed(name, "lists or objects are not among its `values`".to_owned()));
    }
    // A value that was cut is another one for sure only where none that is expected is so long.
    let may_be_long = wanted.values.iter().any(|value| value.len() > LONGEST_VALUE);
    let is_other = |value: &&Value| if value.is_cut { !may_be_long } else { !is_among(wanted, &value.text) };
    let mut others = known.values.iter().filter(is_other);
    if let Some(first) = others.next() {
        let count = others.count().saturating_add(1);
        let are = if count == 1 { "1 value is".to_owned() } else { format!("{count} values are") };
        let least = if known.is_all { "" } else { "at least " };
        let example = match redact::is_secret(name, &(&*first.text).into()) {
            true => String::new(),
            false => format!(", such as `{}`; add it to `values` to allow it", redact::text(&first.text)),
        };
        return Some(failed(name, format!("{least}{are} not expected{example}")));
    }
    if !known.is_all {
        let (distinct, counted) = (column.distinct, known.values.len());
        return Some(errored(name, format!("it has about {distinct} values, and only {counted} are known")));
    }
    let is_cut = known.values.iter().any(|value| value.is_cut);
    is_cut.then(|| errored(name, format!("of values of more than {LONGEST_VALUE} bytes only the start is known")))
}

fn is_among(wanted: &ExpectedColumn, value: &str) -> bool {
    wanted.values.iter().any(|known| known == value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Limits, read};

    fn check(table: &str, expected: &str, wanted: &[(&str, Outcome, &str)]) {
        check_within("x.csv", u64::MAX, table, expected, wanted);
    }

    fn check_within(file: &str, bytes: u64, table: &str, expected: &str, wanted: &[(&str, Outcome, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::write(&path, table).unwrap();
        let table = read(&path, &Limits { bytes, ..Limits::default() }).unwrap();
        let expected: ExpectedTable = toml::from_str(expected).unwrap();
        let findings = compare(&expected, &table);
        let outcomes = || wanted.iter().map(|(_, outcome, _)| *outcome);
        let outcome = outcomes().find(|outcome| *outcome == Outcome::Failed).or_else(|| outcomes().next());
        assert_eq!(
            (&*findings[0].check, findings[0].outcome),
            ("schema", outcome.unwrap_or(Outcome::Passed)),
            "{findings:?}"
        );
        let is_wrong = |finding: &&Finding| finding.outcome != Outcome::Passed;
        let wrong: Vec<_> = match wanted.first() {
            Some(("schema", ..)) => findings.iter().filter(is_wrong).collect(),
            _ => findings[1..].iter().filter(is_wrong).collect(),
        };
        assert_eq!(wrong.len(), wanted.len(), "{wrong:?}");
        for (found, (check, outcome, said)) in wrong.iter().zip(wanted) {
            assert_eq!((found.check.as_str(), found.outcome), (*check, *outcome), "{found:?}");
            assert!(found.message.as_ref().unwrap().contains(said), "{found:?} does not say `{said}`");
        }
    }

    #[test]
    fn a_table_that_is_as_expected_has_no_anomaly() {
        let expected = "closed = true\ncolumns.fare = { type = 'number', min = 0, max = 9, nulls = 0.5 }
                        columns.zone = { values = ['JFK', 'EWR'] }\ncolumns.tip = { optional = true }";
        check("fare,zone\n1,JFK\n2,EWR\n,JFK\n", expected, &[]);
    }

    #[test]
    fn each_anomaly_is_told_with_the_nearest_fix() {
        let expected = "closed = true\ncolumns.fare = { type = 'number', min = 0, nulls = 0.1 }
                        columns.zone = { values = ['JFK'] }\ncolumns.pickup_at = { type = 'date' }
                        columns.n = { type = 'integer', max = 2 }\ncolumns.tip = {}";
        let wanted = [
            ("schema:fare", Outcome::Failed, "2 of 3 rows have no value; `nulls = 0.667` allows that"),
            ("schema:n", Outcome::Failed, "its greatest number is 7; `max = 7` allows that"),
            ("schema:pickup_at", Outcome::Failed, "it is missing; `PickupAt` is there"),
            ("schema:tip", Outcome::Failed, "`optional = true` allows that"),
            ("schema:zone", Outcome::Failed, "such as `EWR`; add it to `values`"),
            ("schema:PickupAt", Outcome::Failed, "it is not expected"),
        ];
        check("fare,zone,n,PickupAt\n-1,JFK,1,2021-01-01\n,EWR,7,2021-01-02\n,EWR,7,2021-01-02\n", expected, &wanted);
        let of_type = [("schema:fare", Outcome::Failed, "it is text and not number; `type = \"text\"` allows that")];
        check("fare\nx\n", "columns.fare = { type = 'number' }", &of_type);
    }

    #[test]
    fn a_missing_column_is_looked_for_by_what_is_in_it() {
        let missing = |table: &str, expected: &str, said: &str| {
            check(
                table,
                &format!("columns.n = {{}}\ncolumns.fare = {expected}"),
                &[("schema:fare", Outcome::Failed, said)],
            );
        };
        let table = "n,amount,zone,at\n1,2.5,JFK,2021-01-01\n2,9.5,EWR,2021-01-02\n";
        let with = "it is missing; `amount` is there, with the same type and numbers in its range: one of them";
        missing(table, "{ type = 'number', min = 0, max = 10 }", with);
        missing(table, "{ values = ['JFK', 'EWR', 'LGA'] }", "`zone` is there, with none but its values:");
        // The only one of its type; of several the type says nothing.
        missing(table, "{ type = 'date' }", "`at` is there, with the same type:");
        missing("n,a,b\n1,x,y\n", "{ type = 'text' }", "it is missing; `optional = true` allows that");
        missing("n,a,b,fares\n1,x,y,z\n", "{ type = 'text' }", "`fares` is there, with a like name and the same type:");
        // A name alone is enough, and what is not as expected is not alike.
        missing("n,fares\n1,x\n", "{ type = 'number' }", "`fares` is there, with a like name:");
        missing("n,amount\n1,20\n", "{ type = 'number', max = 10 }", "it is missing; `optional = true` allows that");
    }

    #[test]
    fn both_ends_of_a_range_are_told_and_what_is_to_be_written_allows_them() {
        let of_range = "`min = -1e200` allows that; its greatest number is 7; `max = 7`";
        check("n\n-1e200\n7\n", "columns.n = { min = 0, max = 2 }", &[("schema:n", Outcome::Failed, of_range)]);
        let table = "n,m\n,1\n1,1\n1,1\n";
        check(table, "columns.n = { nulls = 0.1 }", &[("schema:n", Outcome::Failed, "`nulls = 0.334`")]);
        check(table, "columns.n = { nulls = 0.334 }", &[]);
    }

    #[test]
    fn a_range_that_no_number_was_compared_with_has_not_passed() {
        let unknown = [("schema:n", Outcome::Errored, "its range is not known")];
        for table in ["n,m\na,1\nb,1\n", "n,m\na,1\nb,1\n3,1\n"] {
            check(table, "columns.n = { min = 0 }", &unknown);
        }
        check("n,m\n,1\n", "columns.n = { min = 0, max = 2 }", &[]);
    }

    #[test]
    fn no_number_without_an_end_and_none_that_is_no_number_is_within_a_range() {
        let of_end = |ranged: &str, table: &str, is_wrong: bool| {
            let wanted = [("schema:n", Outcome::Failed, "without an end")];
            check(table, &format!("columns.n = {{ {ranged} }}"), if is_wrong { &wanted } else { &[] });
        };
        for end in ["inf", "+Infinity", "1e999", "-inf", "-Infinity"] {
            let table = format!("n,m\n1,1\n{end},1\n3,1\n");
            let is_below = end.starts_with('-');
            of_end("max = 9, min = 0", &table, true);
            of_end("max = 9", &table, !is_below);
            of_end("min = 0", &table, is_below);
        }
        for none in ["NaN", "nan", "-NaN"] {
            let table = format!("n,m\n1,1\n{none},1\n3,1\n");
            let wanted = [("schema:n", Outcome::Failed, "1 of its numbers are NaN; `nulls = 1` counts them")];
            check(&table, "columns.n = { min = 0 }", &wanted);
            check(&table, "columns.n = { min = 0, nulls = 1.0 }", &[]);
            check(&table, "columns.n = { type = 'integer' }", &[]);
        }
        let text = [("schema:n", Outcome::Errored, "1 of its values are no numbers")];
        check("n,m\n1,1\nx,1\n3,1\n", "columns.n = { min = 0 }", &text);
    }

    #[test]
    fn what_cannot_be_is_not_passed() {
        for (expected, why) in [
            ("min = 3, max = 2", "its `min` is greater"),
            ("min = nan", "no number"),
            ("nulls = 2.0", "no share from 0 to 1"),
            ("nulls = nan", "no share from 0 to 1"),
            ("type = 'text', max = 2", "its `type` is none of numbers"),
        ] {
            let wanted = [("schema:n", Outcome::Errored, why)];
            check("n,m\n1,1\n", &format!("columns.n = {{ {expected} }}"), &wanted);
        }
    }

    #[test]
    fn rows_that_nobody_read_have_not_passed() {
        let table = "n\n".to_owned() + &"1\n".repeat(100);
        let wanted =
            [("schema:n", Outcome::Errored, "the first 24 rows are as expected, and the others were not read")];
        for expected in ["max = 5", "type = 'integer'", "values = ['1']", "nulls = 0.0"] {
            check_within("x.csv", 51, &table, &format!("columns.n = {{ {expected} }}"), &wanted);
        }
        let of_table = [("schema", Outcome::Errored, "the first 24 rows are as expected")];
        check_within("x.csv", 51, &table, "columns.n = {}", &of_table);
        check_within("x.csv", 51, &table, "columns.n = { max = 0 }", &[("schema:n", Outcome::Failed, "`max = 1`")]);
    }

    #[test]
    fn all_values_that_were_counted_are_compared() {
        let expected = "columns.paid = { values = ['card', 'cash'] }";
        check("paid\ncard\ncash\n", expected, &[]);
        check(
            "paid\ncard\nSTOLEN\n",
            expected,
            &[("schema:paid", Outcome::Failed, "1 value is not expected, such as `STOLEN`")],
        );
        let rare = format!("paid\n{}STOLEN\n", (0..15).map(|n| format!("z{n}\nz{n}\n")).collect::<String>());
        let values: Vec<String> = (0..15).map(|n| format!("'z{n}'")).collect();
        let expected = format!("columns.paid = {{ values = [{}] }}", values.join(", "));
        check(&rare, &expected, &[("schema:paid", Outcome::Failed, "such as `STOLEN`")]);
        check(&rare.replace("STOLEN", "z1"), &expected, &[]);
        check_within(
            "x.ndjson",
            u64::MAX,
            "{\"paid\": [1]}\n",
            &expected,
            &[("schema:paid", Outcome::Failed, "lists")],
        );
    }

    #[test]
    fn no_secret_is_an_example_of_what_is_not_expected() {
        let unknown = [("schema:pw", Outcome::Errored, "secret")];
        check("pw,n\nhunterP1,1\nhunterP1,1\n", "columns.pw = { values = ['x'] }", &unknown);
        // Of a column of which no value is frequent the profile keeps none, and cannot say what they are.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let rows: String = (0..40).map(|n| format!("hunter{n},1\n")).collect();
        std::fs::write(&path, format!("pw,n\n{rows}")).unwrap();
        let table = read(&path, &Limits::default()).unwrap();
        let expected: ExpectedTable = toml::from_str("columns.pw = { values = ['x'] }").unwrap();
        let said = format!("{:?}", compare(&expected, &table));
        assert!(!said.contains("hunter"), "{said}");
    }

    #[test]
    fn rows_that_nobody_could_compare_have_not_passed() {
        let unknown = |said| [("schema", Outcome::Errored, said)];
        let lines = "{\"a\": 1}\nno row\nno row\n";
        check_within("x.ndjson", u64::MAX, lines, "columns.a = {}", &unknown("2 lines are no rows"));
        let ragged = "a,b\n1,2\n1,2,3\n";
        check(
            ragged,
            "closed = true\ncolumns.a = {}\ncolumns.b = {}",
            &unknown("1 row of another length: line 3, which has"),
        );
        check(ragged, "columns.a = {}", &[]);
    }

    #[test]
    fn a_long_value_is_another_one_only_where_no_such_long_one_is_expected() {
        let long = "z".repeat(80);
        let table = format!("a\n{long}\nx\n");
        check(&table, "columns.a = { values = ['x'] }", &[("schema:a", Outcome::Failed, "1 value is not expected")]);
        let expected = format!("columns.a = {{ values = ['x', '{long}'] }}");
        check(&table, &expected, &[("schema:a", Outcome::Errored, "only the start is known")]);
    }

    #[test]
    fn of_columns_that_nobody_read_it_is_not_known_whether_they_are_there() {
        let names: Vec<String> = (0..501).map(|n| format!("c{n}")).collect();
        let table = format!("{}\n{}1\n", names.join(","), "1,".repeat(500));
        let all: String = names.iter().take(500).map(|name| format!("columns.{name} = {{}}\n")).collect();
        let others =
            [("schema", Outcome::Errored, "whether there are other columns is not known: of more than 500 columns")];
        check(&table, &format!("closed = true\n{all}"), &others);
        let unknown = [("schema:c500", Outcome::Errored, "whether it is there is not known")];
        check(&table, "columns.c500 = {}", &unknown);
        check(&table, "columns.c500 = { optional = true }", &unknown);
        let late = "{\"a\": 1}\n".repeat(100) + "{\"b\": 1}\n";
        check_within(
            "x.ndjson",
            200,
            &late,
            "columns.b = {}",
            &[("schema:b", Outcome::Errored, "not all rows were read")],
        );
        check_within(
            "x.csv",
            50,
            &"a\n".repeat(100),
            "columns.b = {}",
            &[("schema:b", Outcome::Failed, "it is missing")],
        );
    }

    #[test]
    fn what_cannot_be_found_out_is_no_pass() {
        let table = format!("zone\n{}", (0..2000).map(|n| format!("z{n}\n")).collect::<String>());
        let values: Vec<String> = (0..2000).map(|n| format!("'z{n}'")).collect();
        let expected = format!("columns.zone = {{ values = [{}] }}", values.join(", "));
        check(&table, &expected, &[("schema:zone", Outcome::Errored, "only 1024 are known")]);
        let secret = [("schema:api_key", Outcome::Errored, "its values are not kept")];
        check("api_key\n5\n", "columns.api_key = { max = 3 }", &secret);
    }
}
