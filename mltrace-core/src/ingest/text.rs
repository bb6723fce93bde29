//! The texts of a line of an import: names, and what is too long for one.

use crate::model::{ArtifactName, LIMIT_NAME, LIMIT_TEXT};
use crate::naming::{self, Root};

/// Refuses what is too long.
pub(super) fn within(what: &str, text: String) -> Result<String, String> {
    let limit = if matches!(what, "component" | "project") { LIMIT_NAME } else { LIMIT_TEXT };
    if text.len() > limit {
        return Err(format!("`{what}` is {} bytes long; the limit is {limit}", text.len()));
    }
    if text.is_empty() && matches!(what, "component" | "project") {
        return Err(format!("`{what}` is empty"));
    }
    Ok(text)
}

/// Returns the artifact that a line names.
pub(super) fn artifact_name(name: &str, root: &Root) -> Result<ArtifactName, String> {
    if name.len() > LIMIT_NAME {
        return Err(format!("an artifact's name is {} bytes long; the limit is {LIMIT_NAME}", name.len()));
    }
    naming::in_line(name, root).ok_or_else(|| "an artifact's name is empty".to_owned())
}

/// The place that the parser names is one within the line, not the line of the file.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line 1 column ").next().unwrap_or_default().to_owned()
}
