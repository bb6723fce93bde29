//! A name that people move from version to version, as `production`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{LIMIT_NAME, Timestamp, Version};

/// Returns a text that may be an alias: after an `@` it is no version.
///
/// # Errors
/// What is wrong with it, in words.
pub fn alias_name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("an alias may not be empty".to_owned());
    }
    if text.len() > LIMIT_NAME {
        return Err(format!("an alias may have {LIMIT_NAME} bytes, this one has {}", text.len()));
    }
    if text == "latest" {
        return Err("`latest` is the last version of an artifact and no alias".to_owned());
    }
    let is_wrong = |letter: char| letter.is_whitespace() || letter.is_control() || "@:*?".contains(letter);
    match text.chars().find(|letter| is_wrong(*letter)) {
        Some(letter) => Err(format!("an alias may not hold {letter:?}")),
        None => Ok(text.to_owned()),
    }
}

/// What an alias points to from a moment on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AliasFact {
    /// Its own id, so that it lands once; of two at the same time the larger counts.
    pub id: Uuid,
    /// The alias.
    pub alias: String,
    /// The version; `None`: to nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Version>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_no_version_and_no_pattern() {
        assert!(["production", "fare/production", "2026-11", "Größe"].iter().all(|text| alias_name(text).is_ok()));
        for wrong in ["", "latest", "a@b", "v:1", "two words", "a\n", "prod*", &"a".repeat(LIMIT_NAME + 1)] {
            assert!(alias_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
