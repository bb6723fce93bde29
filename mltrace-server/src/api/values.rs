//! The values that questions hold, as a request writes them.

use mltrace_core::model::RunId;
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Deserializer};

/// The longest list that one request gets.
pub(super) const MOST: usize = 500;
/// How long a list is unless a request says so.
pub(super) const USUAL: usize = 50;

/// Nothing is asked further.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Reads a parameter that a form may send empty.
pub(crate) fn blank<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    match text.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => T::deserialize(text.into_deserializer()).map(Some),
    }
}

/// Reads the whole id of a run that a form may send empty.
pub(crate) fn run_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RunId>, D::Error> {
    let wrong = |text: &str| serde::de::Error::custom(format!("`{text}` is no id of a run"));
    let text: Option<String> = blank(deserializer)?;
    text.map(|text| text.parse().map_err(|_| wrong(&text))).transpose()
}

/// Returns how many a list may hold.
pub(crate) fn limited(limit: Option<Limit>) -> usize {
    limit.map_or(USUAL, |limit| limit.0)
}

/// How long a list may be.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub(crate) struct Limit(#[schemars(range(min = 1, max = 500))] pub(super) usize);

/// Reads a whole number as the document says that it is written: digits alone.
fn digits<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let limit = digits(&text).filter(|limit| (1..=MOST).contains(limit));
        limit.map(Self).ok_or_else(|| serde::de::Error::custom(format!("a limit is from 1 to {MOST}, not `{text}`")))
    }
}

/// How many steps of a trace are followed.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub(crate) struct Depth(#[schemars(range(min = 0, max = 4_294_967_295_u32))] pub(crate) u32);

impl<'de> Deserialize<'de> for Depth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("a depth is a whole number from 0, not `{text}`"));
        digits(&text).map(Self).ok_or_else(wrong)
    }
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Truth {
    True,
    False,
}

/// How long something lasts, in seconds.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub(crate) struct Seconds(#[schemars(range(min = 1, max = 4_294_967_295_u32))] pub(crate) u32);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("a span is a whole number of seconds from 1, not `{text}`"));
        digits(&text).filter(|seconds| *seconds > 0).map(Self).ok_or_else(wrong)
    }
}

/// A score.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub(crate) struct Score(pub(crate) f64);

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("a score is a number, not `{text}`"));
        text.parse().ok().filter(|score: &f64| score.is_finite()).map(Self).ok_or_else(wrong)
    }
}
