//! In which ways a column is not as expected, its single values aside, and what would allow it.

use super::tally::Known;
use crate::model::{Column, ColumnType, ExpectedColumn, written};

/// Returns in which way a column is not as expected, its values aside.
pub(super) fn anomalies(wanted: &ExpectedColumn, (column, known): (&Column, Option<&Known>), rows: u64) -> Vec<String> {
    let of_shape = of_type(wanted, column).into_iter().chain(of_nulls(wanted, column, rows));
    let of_numbers = of_range(wanted, column).into_iter().chain(known.and_then(|known| of_no_numbers(wanted, known)));
    of_shape.chain(of_numbers).collect()
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
    // Rounded up, as less would not allow it.
    let allowed = (share * 1e3).ceil() / 1e3;
    (share > most).then(|| format!("{nulls} of {rows} rows have no value; `nulls = {allowed:.3}` allows that"))
}

fn of_range(wanted: &ExpectedColumn, column: &Column) -> Vec<String> {
    let below = column.min.filter(|found| wanted.min.is_some_and(|least| *found < least));
    let above = column.max.filter(|found| wanted.max.is_some_and(|most| *found > most));
    let said = |end: &str, word: &str, found: f64| {
        let found = written(found);
        format!("its {end} number is {found}; `{word} = {found}` allows that")
    };
    let below = below.map(|found| said("least", "min", found));
    below.into_iter().chain(above.map(|found| said("greatest", "max", found))).collect()
}

/// Says which numbers are in no range. Where nothing is said of missing values, a number that is none is no such value.
fn of_no_numbers(wanted: &ExpectedColumn, known: &Known) -> Option<String> {
    let [below, above] = known.has_infinite;
    let is_beyond = |is_there: bool, end: Option<f64>| is_there && end.is_some_and(f64::is_finite);
    for (is_beyond, said) in
        [(is_beyond(below, wanted.min), "`min = -inf`"), (is_beyond(above, wanted.max), "`max = inf`")]
    {
        if is_beyond {
            return Some(format!("a number without an end is in it; {said} allows that"));
        }
    }
    let is_ranged = wanted.min.is_some() || wanted.max.is_some();
    let are_missing = known.nans > 0 && is_ranged && wanted.nulls.is_none();
    are_missing.then(|| format!("{} of its numbers are NaN; `nulls = 1` counts them as missing values", known.nans))
}
