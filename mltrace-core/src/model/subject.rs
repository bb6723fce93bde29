//! Whose data it is: the subjects of runs, whose names are never kept.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::{LIMIT_NAME, RunId, Timestamp};

/// What the digits are derived with, so that they are nobody else's.
const CONTEXT: &str = "mltrace 2026-11-30 subject of data";
/// How many digits there are.
const DIGITS: usize = 32;
/// How many bytes of it are shown: the sign and twelve digits.
const SHORT: usize = 14;
/// How digits begin, which distinguishes them from a name.
const SIGN: &str = "s:";

/// Somebody, or something, whose data it is: `s:` and 32 digits that follow from a name and reveal nothing to anybody who does not know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct DataSubject(String);

impl DataSubject {
    /// Returns the subject of a name, or the one whose digits these are.
    ///
    /// ```
    /// # use mltrace_core::model::DataSubject;
    /// let ada = DataSubject::of("ada@example.com").unwrap();
    /// assert_eq!(DataSubject::of(ada.as_str()), Ok(ada.clone()));
    /// assert!(!ada.as_str().contains("ada"));
    /// ```
    ///
    /// # Errors
    /// What is wrong with the name, in words that do not repeat it.
    pub fn of(name: &str) -> Result<Self, String> {
        if name.is_empty() {
            return Err("a subject has a name".to_owned());
        }
        if name.len() > LIMIT_NAME {
            return Err(format!("the name of a subject may have {LIMIT_NAME} bytes, this one has {}", name.len()));
        }
        if Self::is_digits(name) {
            return Ok(Self(name.to_owned()));
        }
        let mut digits =
            blake3::Hasher::new_derive_key(CONTEXT).update(name.as_bytes()).finalize().to_hex().to_string();
        digits.truncate(DIGITS);
        Ok(Self(format!("{SIGN}{digits}")))
    }

    /// Returns whether a text is what a name became.
    #[must_use]
    pub fn is_digits(text: &str) -> bool {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.strip_prefix(SIGN).is_some_and(|digits| digits.len() == DIGITS && digits.bytes().all(is_digit))
    }

    /// Returns all of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns enough of it to distinguish it from others.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..SHORT).unwrap_or(&self.0)
    }
}

impl fmt::Display for DataSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DataSubject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A run took in data of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectFact {
    /// The run.
    pub run: RunId,
    /// Whose data.
    pub subject: DataSubject,
}

/// A subject is not to be in anything any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetractFact {
    /// Whose data.
    pub subject: DataSubject,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When: of several times the first counts.
    pub at: Timestamp,
}

/// A subject of a run, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunSubject {
    /// Whose data the run took in.
    pub subject: DataSubject,
    /// Since when the subject is retracted; `null` while it is not.
    pub retracted_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_digits_that_stay_what_they_are() {
        let ada = DataSubject::of("ada").unwrap();
        // Fixed for ever: another context would mean nobody.
        assert_eq!(ada.as_str(), "s:e6d7749038bececd3b683681f56696ce");
        assert_ne!(DataSubject::of("Ada").unwrap(), ada);
        assert_eq!(DataSubject::of(ada.as_str()), Ok(ada.clone()));
        assert_eq!(serde_json::from_str::<DataSubject>("\"ada\"").unwrap(), ada);
        let almost = format!("{}0", ada.as_str());
        assert_ne!(DataSubject::of(&almost).unwrap().as_str(), almost, "a name that only looks like digits");
    }

    #[test]
    fn what_is_wrong_with_a_name_does_not_repeat_it() {
        assert!(DataSubject::of("").is_err());
        let long = "x".repeat(LIMIT_NAME + 1);
        assert!(DataSubject::of(&long).is_err_and(|message| !message.contains("xx")));
    }
}
