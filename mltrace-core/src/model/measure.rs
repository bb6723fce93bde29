//! What is measured and checked of a run: metrics, which are numbers, and checks, which pass or fail.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{ArtifactName, RunId, Timestamp, value};

/// A number as it was written, also one that is none (`NaN`) or has no end (`inf`).
///
/// `3.10` stays `3.10`. In JSON it is a number where JSON would give it back as it was written, and text otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

/// The longest way to write a number: the smallest that a float can be takes some 330 digits.
const LONGEST: usize = 400;

impl Number {
    /// Returns the number that a text is; `None` when it is none, or longer than 400 bytes.
    ///
    /// ```
    /// # use mltrace_core::model::Number;
    /// assert_eq!(Number::parse(" 3.10 ").unwrap().as_str(), "3.10");
    /// assert!(Number::parse("-inf").unwrap().value() < 0.0 && Number::parse("about 3").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() <= LONGEST && text.parse::<f64>().is_ok()).then(|| Self(text.to_owned()))
    }

    /// Returns the number that JSON holds, as it is written there; `None` when it is neither a number nor the text of one.
    #[must_use]
    pub fn of_json(json: &RawValue) -> Option<Self> {
        match json.get().bytes().next() {
            Some(b'-' | b'0'..=b'9') => Self::parse(json.get()),
            Some(b'"') => Self::parse(&serde_json::from_str::<String>(json.get()).ok()?),
            _ => None,
        }
    }

    /// Returns it as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns its value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        value::typed(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Value::deserialize(deserializer)?;
        let parsed = match &given {
            Value::Number(_) | Value::String(_) => Self::parse(&value::text(&given)),
            _ => None,
        };
        parsed.ok_or_else(|| serde::de::Error::custom(format!("`{given}` is not a number")))
    }
}

/// A number that was measured of a run, or of what it read or wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Metric {
    /// What was measured.
    pub name: String,
    /// How much it is, as it was written: text where JSON has no such number, as `NaN`.
    pub value: Number,
    /// At which step of the run, such as an epoch of a training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<i64>,
    /// Of which artifact, when it is not of the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<ArtifactName>,
    /// When it was measured: of one name, step and artifact the last value counts.
    pub at: Timestamp,
}

/// A metric of a run. Reported twice, it is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricFact {
    /// The run.
    pub run: RunId,
    /// The metric.
    #[serde(flatten)]
    pub metric: Metric,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// What was checked holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It could not be found out.
    Errored,
}

impl Outcome {
    /// All outcomes, in the order of their codes in a store.
    pub const ALL: [Self; 3] = [Self::Passed, Self::Failed, Self::Errored];

    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
        }
    }
}

/// How much depends on a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should have a look.
    Warn,
    /// What the run made is not to be used.
    #[default]
    Error,
}

impl Severity {
    /// All severities, in the order of their codes in a store.
    pub const ALL: [Self; 2] = [Self::Warn, Self::Error];

    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// How a check of a run, or of what it read or wrote, came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// How it came out.
    pub outcome: Outcome,
    /// How much depends on it.
    #[serde(default)]
    pub severity: Severity,
    /// What was found, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Of which artifact, when it is not of the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<ArtifactName>,
    /// When it was checked: of one name and artifact the last outcome counts.
    pub at: Timestamp,
}

impl Check {
    /// Returns whether it did not pass, and only warns.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.severity == Severity::Warn && self.outcome != Outcome::Passed
    }
}

/// A check of a run. Reported twice, it is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckFact {
    /// The run.
    pub run: RunId,
    /// The check.
    #[serde(flatten)]
    pub check: Check,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_back_as_it_was_written() {
        for text in
            ["0.64", "3.10", "-1e-7", "1e400", "NaN", "inf", "-inf", "+1", ".5", "900", "12345678901234567890123"]
        {
            let number = Number::parse(text).unwrap();
            let json = serde_json::to_string(&number).unwrap();
            assert_eq!(serde_json::from_str::<Number>(&json).unwrap().as_str(), text, "{json}");
        }
        let raw: &RawValue = serde_json::from_str("3.10").unwrap();
        assert_eq!(Number::of_json(raw).unwrap().as_str(), "3.10");
        assert!(["", "x", "1,5", "0x10", "true"].iter().all(|text| Number::parse(text).is_none()));
        assert!(serde_json::from_str::<Number>("[1]").is_err() && serde_json::from_str::<Number>("null").is_err());
    }
}
