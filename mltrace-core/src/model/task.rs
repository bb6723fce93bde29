//! What a task puts out, and what became of it: by the task's name and an id.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{LIMIT_NAME, RunId, Timestamp, value};

/// A value of an output or of feedback, as it was written: a number, or the name of a class.
///
/// In JSON it is a number or a truth value where JSON would give it back as it was written, and text otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskValue(String);

impl TaskValue {
    /// Returns the value that a text is.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.len() {
            0 => Err("a value may not be empty".to_owned()),
            length if length > LIMIT_NAME => Err(format!("a value may have {LIMIT_NAME} bytes, this one has {length}")),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// Returns the value that JSON holds, as it is written there.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn of_json(json: &RawValue) -> Result<Self, String> {
        let no_value = || format!("`{}` is neither a number, a text, `true` nor `false`", json.get());
        match json.get().bytes().next() {
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => Self::parse(json.get()),
            Some(b'"') => Self::parse(&serde_json::from_str::<String>(json.get()).map_err(|_| no_value())?),
            _ => Err(no_value()),
        }
    }

    /// Returns it as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns its text to be cleaned of secrets.
    pub(crate) fn text_mut(&mut self) -> &mut String {
        &mut self.0
    }
}

impl Serialize for TaskValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        value::typed(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TaskValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Value::deserialize(deserializer)?;
        let text = match &given {
            Value::Number(_) | Value::String(_) | Value::Bool(_) => value::text(&given),
            _ => return Err(serde::de::Error::custom(format!("`{given}` is neither a number nor a text"))),
        };
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Which of the two is said of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskSide {
    /// What the task put out.
    Output,
    /// What became of it.
    Feedback,
}

/// An output of a task, or what became of one. Of two that are said of one id the later counts, and of two of one moment
/// the one whose value is greater as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskFact {
    /// The task.
    pub task: String,
    /// Which of its outputs.
    pub id: String,
    /// What is said of it.
    pub side: TaskSide,
    /// The value.
    pub value: TaskValue,
    /// When it was put out, or became known.
    pub at: Timestamp,
    /// The run that put it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

/// Returns a text that may be the name of a task: what stands before the first `:` of the name of an output.
///
/// # Errors
/// What is wrong with it, in words.
pub fn task_name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a task's name may not be empty".to_owned());
    }
    if text.len() > LIMIT_NAME / 2 {
        return Err(format!("a task's name may have {} bytes, this one has {}", LIMIT_NAME / 2, text.len()));
    }
    let is_wrong = |letter: char| letter.is_whitespace() || letter.is_control() || "@:/\\*?".contains(letter);
    match text.chars().find(|letter| is_wrong(*letter)) {
        Some(letter) => Err(format!("a task's name may not hold {letter:?}")),
        None => Ok(text.to_owned()),
    }
}

/// Returns a text that may be the id of an output.
///
/// # Errors
/// What is wrong with it, in words.
pub fn task_id(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("an id may not be empty".to_owned());
    }
    if text.len() > LIMIT_NAME / 2 {
        return Err(format!("an id may have {} bytes, this one has {}", LIMIT_NAME / 2, text.len()));
    }
    // `TASK:ID` is the same name at every door: no path, no URI, and no end that is cut off.
    let is_wrong = |letter: char| letter.is_control() || "/\\".contains(letter);
    if let Some(letter) = text.chars().find(|letter| is_wrong(*letter)) {
        return Err(format!("an id may not hold {letter:?}"));
    }
    if text.trim() != text {
        return Err("an id may neither begin nor end with a blank".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_given_back_as_it_was_written() {
        for text in ["12.5", "0.70", "3", "3.0", "-1e-7", "1e400", "NaN", "true", "cat", "12345678901234567890123"] {
            let value = TaskValue::parse(text).unwrap();
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<TaskValue>(&json).unwrap(), value, "{json}");
        }
        let raw = |text: &str| TaskValue::of_json(serde_json::from_str::<&RawValue>(text).unwrap());
        assert_eq!(raw("0.70").unwrap().as_str(), "0.70");
        assert_eq!(raw("\"0.70\"").unwrap(), raw("0.70").unwrap());
        assert_eq!(raw("true").unwrap().as_str(), "true");
        assert!(["null", "[1]", "{}", "\"\"", "\" \""].iter().all(|text| raw(text).is_err()));
    }

    #[test]
    fn what_names_an_output_is_one_name_at_every_door() {
        assert!(["fare", "fare-2", "Größe", "a.b"].iter().all(|text| task_name(text).is_ok()));
        assert!(["", "a b", "a:b", "a/b", "a@b", "a*"].iter().all(|text| task_name(text).is_err()));
        assert!(["17", "user 17", "2021-05-02T12:00", "a@b"].iter().all(|text| task_id(text).is_ok()));
        for wrong in ["", " 1", "a/b", "..\\x", "a\n", &"a".repeat(LIMIT_NAME)] {
            assert!(task_id(wrong).is_err(), "{wrong:?}");
        }
    }
}
