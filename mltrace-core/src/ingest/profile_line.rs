//! The line of an import that tells what is in a table of a content.

use serde::Deserialize;
use serde_json::Value;

use super::text::without_place;
use crate::model::{LIMIT_NAME, MOST_COLUMNS, MOST_VALUES, ProfileFact, Record};

#[derive(Deserialize)]
struct ProfileLine {
    project: Option<String>,
    #[serde(flatten)]
    fact: ProfileFact,
}

/// Returns whose line it is, where it says so, and what it tells.
pub(super) fn profile_line(object: Value) -> Result<(Option<String>, Record), String> {
    let ProfileLine { project, fact } = serde_json::from_value(object).map_err(|error| without_place(&error))?;
    let columns = &fact.profile.columns;
    if columns.len() > MOST_COLUMNS {
        return Err(format!("a profile has {} columns; the limit is {MOST_COLUMNS}", columns.len()));
    }
    for column in columns {
        let longest = column.top.iter().map(|top| top.value.len()).chain([column.name.len()]).max().unwrap_or_default();
        if longest > LIMIT_NAME || column.top.len().max(column.quantiles.len()) > MOST_VALUES {
            return Err(format!("a column of a profile is too large: {LIMIT_NAME} bytes are the limit of a value"));
        }
        let counted = column.top.iter().fold(column.nulls, |sum, top| sum.saturating_add(top.count));
        if counted > fact.profile.rows {
            let rows = fact.profile.rows;
            return Err(format!("a column of a profile counts {counted} values and nulls in {rows} rows"));
        }
    }
    Ok((project, Record::Profile(fact)))
}
