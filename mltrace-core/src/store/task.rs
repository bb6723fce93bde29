//! Outputs of tasks and what became of them, as a store keeps them.

use std::borrow::Cow;

use super::key::TaskKey;
use crate::model::{RunId, TaskValue, Timestamp};

/// A task, with how much is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Its key.
    pub key: TaskKey,
    /// Its name.
    pub name: String,
    /// How many outputs are known.
    pub outputs: u64,
    /// Of how many of them it is known what became of them.
    pub with_feedback: u64,
    /// How much feedback is known whose output is not.
    pub without_output: u64,
    /// When the first of the outputs was made.
    pub first: Option<Timestamp>,
    /// When the last one was.
    pub last: Option<Timestamp>,
}

/// What is known of one output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// Its id.
    pub id: String,
    /// What was put out, and when; `None` where only its feedback is known.
    pub output: Option<(TaskValue, Timestamp)>,
    /// The run that put it out.
    pub run: Option<RunId>,
    /// What became of it, and when that was known.
    pub feedback: Option<(TaskValue, Timestamp)>,
}

/// A value as it is stored: a number is one where it comes back as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text, or a number that is written in another way.
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// Returns a value as it is stored.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        if let Ok(number) = text.parse::<i64>()
            && number.to_string() == text
        {
            return Self::Integer(number);
        }
        match text.parse::<f64>() {
            // What is no number, has no end, or is nothing below zero is not kept apart by every database.
            Ok(number) if number.is_finite() && number != 0.0 && format!("{number:?}") == text => Self::Real(number),
            _ => Self::Text(text),
        }
    }

    /// Returns it as it was written.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        match self {
            Self::Integer(number) => number.to_string().into(),
            Self::Real(number) => format!("{number:?}").into(),
            Self::Text(text) => text.into(),
        }
    }

    /// Returns the number that it is, if it is one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 a whole number is as near as any other")]
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(number as f64),
            Self::Real(number) => Some(number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// An output and what became of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair<'a> {
    /// When it was made.
    pub at: Timestamp,
    /// The output.
    pub output: Cell<'a>,
    /// What became of it, and when that was known.
    pub feedback: Option<(Cell<'a>, Timestamp)>,
}

/// In which order outputs are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairOrder {
    /// As they were made.
    Time,
    /// By the number that was put out, the least first; only those whose feedback is known.
    Output,
    /// By how far the feedback is from the output, the least first; only those whose feedback is known.
    Error,
    /// By how long the feedback took, the least first; only those whose feedback is known.
    Lag,
}

/// Which outputs of a task are meant.
#[derive(Clone, Copy, Debug)]
pub struct PairsAsked {
    /// The task.
    pub task: TaskKey,
    /// Those made then or later.
    pub since: Timestamp,
    /// Those made before; `None`: all.
    pub until: Option<Timestamp>,
    /// In which order.
    pub order: PairOrder,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_stored_as_a_number_only_where_it_comes_back() {
        for text in
            ["3", "-7", "0.64", "1e21", "3.0", "0.70", "+1", "NaN", "inf", "1e400", "-0", "-0.0", "0.0", "cat", "007"]
        {
            assert_eq!(Cell::of(text).text(), text);
        }
        assert_eq!(Cell::of("0.64"), Cell::Real(0.64));
        assert_eq!(Cell::of("3"), Cell::Integer(3));
        assert_eq!(Cell::of("0.70"), Cell::Text("0.70"));
        assert_eq!(Cell::of("0.70").number(), Some(0.7));
        assert_eq!(Cell::of("cat").number(), None);
    }
}
