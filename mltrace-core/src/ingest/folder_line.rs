//! The line of an import that says what lies in folders of a content.

use serde::Deserialize;
use serde_json::Value;

use super::text::without_place;
use crate::model::{FolderFact, Record};

#[derive(Deserialize)]
struct FolderLine {
    project: Option<String>,
    #[serde(flatten)]
    fact: FolderFact,
}

/// Returns whose line it is, where it says so, and what it says.
pub(super) fn folder_line(object: Value) -> Result<(Option<String>, Record), String> {
    let FolderLine { project, fact } = serde_json::from_value(object).map_err(|error| without_place(&error))?;
    match fact.fault() {
        Some(fault) => Err(fault),
        None => Ok((project, Record::Folder(fact))),
    }
}
