//! How the words that are text in JSON describe themselves to a reader of the schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Number, RunId, Timestamp, VersionId};

macro_rules! text {
    ($type:ident, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

text!(RunId, "RunId", { "type": "string", "format": "uuid" });
text!(Number, "Number", { "type": ["number", "string"] });
text!(Timestamp, "Timestamp", { "type": "string", "format": "date-time" });
text!(VersionId, "VersionId", { "type": "string", "pattern": "^(b3:[0-9a-f]{64}|v:.*|stat:.*|w:.*|none)$" });
