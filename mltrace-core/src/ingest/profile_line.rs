//! The line of an import that says what is in a table of a content.

use serde::Deserialize;
use serde_json::Value;

use super::text::without_place;
use crate::model::{ProfileFact, Record};

#[derive(Deserialize)]
struct ProfileLine {
    project: Option<String>,
    #[serde(flatten)]
    fact: ProfileFact,
}

/// Returns whose line it is, where it says so, and what it says.
pub(super) fn profile_line(object: Value) -> Result<(Option<String>, Record), String> {
    let ProfileLine { project, fact } = serde_json::from_value(object).map_err(|error| without_place(&error))?;
    match fact.profile.fault() {
        Some(fault) => Err(fault),
        None => Ok((project, Record::Profile(fact))),
    }
}
