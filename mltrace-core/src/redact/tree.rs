//! JSON as it is looked through for secrets. An object is a list of its fields: of one field it takes a tenth of the memory of
//! a map.

use foldhash::{HashSet, HashSetExt as _};
use serde::ser::{Serialize, Serializer};
use serde_json::{Number, Value};

use super::REDACTED;

/// So many names are compared one by one.
const FEW: usize = 8;

/// A value of JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Json>),
    Object(Fields),
}

/// The fields of an object in their order, no two of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields(Vec<(String, Json)>);

impl Json {
    /// Returns a value; what is nested deeper than so many levels is left out.
    pub(super) fn of(value: Value, levels: usize) -> Self {
        let Some(below) = levels.checked_sub(1) else { return REDACTED.into() };
        match value {
            Value::Null => Self::Null,
            Value::Bool(given) => Self::Bool(given),
            Value::Number(given) => Self::Number(given),
            Value::String(given) => Self::String(given),
            Value::Array(items) => Self::Array(items.into_iter().map(|item| Self::of(item, below)).collect()),
            Value::Object(fields) => {
                Self::Object(Fields(fields.into_iter().map(|(name, value)| (name, Self::of(value, below))).collect()))
            }
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// Returns a field of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        if let Self::Object(fields) = self { fields.get(name) } else { None }
    }

    /// Returns whether it is neither text nor holds other values.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Null | Self::Bool(_) | Self::Number(_))
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(given) => Self::Bool(given),
            Json::Number(given) => Self::Number(given),
            Json::String(given) => Self::String(given),
            Json::Array(items) => items.into_iter().map(Self::from).collect(),
            Json::Object(Fields(fields)) => {
                Self::Object(fields.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(given) => serializer.serialize_bool(*given),
            Self::Number(given) => given.serialize(serializer),
            Self::String(given) => serializer.serialize_str(given),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(fields) => serializer.collect_map(fields.iter()),
        }
    }
}

impl std::fmt::Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

impl Fields {
    /// Returns these fields, of several with one name the last, and whether there were several.
    pub(super) fn of(mut fields: Vec<(String, Json)>) -> (Self, bool) {
        let is_twice = |place: usize, name: &String| {
            fields.get(..place).unwrap_or_default().iter().any(|(before, _)| before == name)
        };
        let has_twice = match fields.len() {
            0..=FEW => fields.iter().enumerate().any(|(place, (name, _))| is_twice(place, name)),
            _ => fields.iter().map(|(name, _)| name).collect::<HashSet<_>>().len() < fields.len(),
        };
        if has_twice {
            let mut seen = HashSet::new();
            fields.reverse();
            fields.retain(|(name, _)| seen.insert(name.clone()));
            fields.reverse();
        }
        fields.shrink_to_fit();
        (Self(fields), has_twice)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        self.0.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Returns the field at a place.
    pub(super) fn at(&self, place: usize) -> Option<(&str, &Json)> {
        self.0.get(place).map(|(name, value)| (name.as_str(), value))
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&String, &Json)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut Json)> {
        self.0.iter_mut().map(|(name, value)| (&*name, value))
    }

    /// Takes the fields out.
    pub(super) fn take(&mut self) -> Vec<(String, Json)> {
        std::mem::take(&mut self.0)
    }
}
