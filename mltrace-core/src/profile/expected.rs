//! Whether a table is as expected, column by column, and what to do where it is not.

use crate::model::{Column, ColumnType, ExpectedColumn, ExpectedTable, Outcome, Profile};

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
pub fn compare(expected: &ExpectedTable, profile: &Profile) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        expected.columns.iter().map(|(name, wanted)| of_column(name, wanted, expected, profile)).collect();
    let others = profile.columns.iter().filter(|column| !expected.columns.contains_key(&column.name));
    if expected.closed {
        findings.extend(others.map(|column| {
            let name = &column.name;
            let kind = column.kind.as_str();
            failed(name, format!("it is not expected; `columns.{name:?} = {{ type = \"{kind}\" }}` expects it"))
        }));
    }
    let wrong = findings.iter().filter(|finding| finding.outcome != Outcome::Passed).count();
    let version = expected.version();
    let message = match wrong {
        0 if profile.is_whole => format!("schema {version}"),
        0 => format!("schema {version}, of the first {} rows", profile.rows),
        wrong => format!("schema {version}: {wrong} of {} columns are not as expected", findings.len()),
    };
    let outcome = if wrong == 0 { Outcome::Passed } else { Outcome::Failed };
    findings.insert(0, Finding { check: "schema".to_owned(), outcome, message: Some(message) });
    findings
}

fn of_column(name: &str, wanted: &ExpectedColumn, expected: &ExpectedTable, profile: &Profile) -> Finding {
    let Some(column) = profile.column(name) else {
        if wanted.optional {
            return Finding {
                check: check_of(name),
                outcome: Outcome::Passed,
                message: Some("it is not there".into()),
            };
        }
        return failed(name, missing(name, expected, profile));
    };
    let anomalies: Vec<String> =
        [of_type(wanted, column), of_nulls(wanted, column, profile.rows), of_range(wanted, column)]
            .into_iter()
            .flatten()
            .collect();
    if !anomalies.is_empty() {
        return failed(name, anomalies.join("; "));
    }
    of_values(name, wanted, column)
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

/// Says that a column is missing, and which one may be it under another name.
fn missing(name: &str, expected: &ExpectedTable, profile: &Profile) -> String {
    let plain = |name: &str| name.chars().filter(|sign| sign.is_alphanumeric()).collect::<String>().to_lowercase();
    let others = profile.columns.iter().filter(|column| !expected.columns.contains_key(&column.name));
    match others.map(|column| &column.name).find(|other| plain(other) == plain(name)) {
        Some(other) => format!("it is missing; `{other}` is there: one of them is to be called as the other"),
        None => "it is missing; `optional = true` allows that".to_owned(),
    }
}

fn of_type(wanted: &ExpectedColumn, column: &Column) -> Option<String> {
    let kind = wanted.kind?;
    let fits = match column.kind {
        found if found == kind => true,
        ColumnType::Empty => true,
        ColumnType::Integer => kind == ColumnType::Number,
        _ => false,
    };
    let (found, kind) = (column.kind.as_str(), kind.as_str());
    (!fits).then(|| format!("it is {found} and not {kind}; `type = \"{found}\"` allows that"))
}

fn of_nulls(wanted: &ExpectedColumn, column: &Column, rows: u64) -> Option<String> {
    let most = wanted.nulls?;
    let share = column.null_share(rows);
    let nulls = column.nulls;
    (share > most).then(|| format!("{nulls} of {rows} rows have no value; `nulls = {share:.3}` allows that"))
}

fn of_range(wanted: &ExpectedColumn, column: &Column) -> Option<String> {
    match (column.min, column.max) {
        (Some(found), _) if wanted.min.is_some_and(|least| found < least) => {
            Some(format!("its least number is {found}; `min = {found}` allows that"))
        }
        (_, Some(found)) if wanted.max.is_some_and(|most| found > most) => {
            Some(format!("its greatest number is {found}; `max = {found}` allows that"))
        }
        _ => None,
    }
}

/// Looks whether there are other values than are expected. Of many only the most frequent are known.
fn of_values(name: &str, wanted: &ExpectedColumn, column: &Column) -> Finding {
    let is_ranged = wanted.min.is_some() || wanted.max.is_some();
    if column.is_secret && (is_ranged || !wanted.values.is_empty()) {
        return errored(name, "its values are not kept, as its name says that they are secret".to_owned());
    }
    if wanted.values.is_empty() {
        return Finding { check: check_of(name), outcome: Outcome::Passed, message: None };
    }
    let others: Vec<&str> = column.top.iter().map(|top| &*top.value).filter(|value| !is_among(wanted, value)).collect();
    if let Some(first) = others.first() {
        let count = others.len();
        return failed(
            name,
            format!("{count} values are not expected, such as `{first}`; add it to `values` to allow it"),
        );
    }
    let listed = u64::try_from(column.top.len()).unwrap_or(u64::MAX);
    if column.distinct > listed {
        let distinct = column.distinct;
        return errored(name, format!("it has {distinct} values, and only the {listed} most frequent are known"));
    }
    Finding { check: check_of(name), outcome: Outcome::Passed, message: None }
}

fn is_among(wanted: &ExpectedColumn, value: &str) -> bool {
    wanted.values.iter().any(|known| known == value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Limits, profile};

    fn check(table: &str, expected: &str, wanted: &[(&str, Outcome, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, table).unwrap();
        let profile = profile(&path, &Limits::default()).unwrap();
        let expected: ExpectedTable = toml::from_str(expected).unwrap();
        let findings = compare(&expected, &profile);
        let outcome = if wanted.is_empty() { Outcome::Passed } else { Outcome::Failed };
        assert_eq!(findings[0].outcome, outcome, "{findings:?}");
        let wrong: Vec<_> = findings[1..].iter().filter(|finding| finding.outcome != Outcome::Passed).collect();
        assert_eq!(wrong.len(), wanted.len(), "{wrong:?}");
        for (found, (check, outcome, said)) in wrong.iter().zip(wanted) {
            assert_eq!((found.check.as_str(), found.outcome), (*check, *outcome));
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
    fn what_cannot_be_found_out_is_no_pass() {
        let table = format!("zone\n{}", (0..30).map(|n| format!("z{}\n", n % 15)).collect::<String>());
        let values: Vec<String> = (0..15).map(|n| format!("'z{n}'")).collect();
        let expected = format!("columns.zone = {{ values = [{}] }}", values.join(", "));
        check(&table, &expected, &[("schema:zone", Outcome::Errored, "only the 10 most frequent are known")]);
        let secret = [("schema:api_key", Outcome::Errored, "its values are not kept")];
        check("api_key\n5\n", "columns.api_key = { max = 3 }", &secret);
    }
}
