//! What runs are asked for in a request: `param.lr=0.1 metric.rmse<0.7`.

use mltrace_core::model::Timestamp;
use mltrace_core::query::RunCondition;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::moment::Moment;

/// What a condition looks like; times may also be written as the command line takes them, and names may hold signs.
pub(super) const ONE: &str = r"^(?:(?:component|commit|branch|host|user|param\.[^=!<>\s]+)!?=\S*|param\.[^=!<>\s]+[<>]=?-?[0-9]+(?:\.[0-9]+)?|metric\.[^=!<>\s]+(?:[<>]=?|!?=)-?[0-9]+(?:\.[0-9]+)?|check\.[^=!<>\s]+!?=(?:passed|failed|errored)|status=(?:running|completed|failed|cancelled|died|unknown)|(?:since|until)=20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8]))$";
/// What several look like in one text, without blanks and quotes in names and values.
const SEVERAL: &str = r#"^(?:(?:param\.[^=!<>\s"']+!?=[^\s"']*|metric\.[^=!<>\s"']+(?:[<>]=?|!?=)-?[0-9]+(?:\.[0-9]+)?|check\.[^=!<>\s"']+!?=(?:passed|failed|errored)|status=(?:running|completed|failed|cancelled|died|unknown))(?: |$))*$"#;

/// Returns the moment that a condition names.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse::<Moment>().map(|moment| moment.at)
}

/// Conditions in one text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conditions {
    /// The conditions.
    pub(crate) all: Vec<RunCondition>,
    /// As they were written.
    pub(crate) text: String,
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let all = RunCondition::parse_all(&text, moment).map_err(serde::de::Error::custom)?;
        Ok(Self { all, text })
    }
}

impl JsonSchema for Conditions {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Conditions".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": SEVERAL,
            "examples": ["param.lr=0.1 metric.rmse<0.7"],
        })
    }
}
