//! Answers that are written while they are found: a long list takes no more memory than a few of its items.

use std::cell::{Cell, RefCell};

use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use super::QueryError;

/// Why an answer was not written to its end.
#[derive(Debug)]
pub enum TellError<E> {
    /// The question has no answer, or none any more.
    Query(QueryError),
    /// What it is written to takes no more.
    Write(E),
}

impl<E> From<QueryError> for TellError<E> {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

/// Hands items to the one who takes them, for as long as that returns true.
pub(super) type Tell<'t, T> = &'t mut dyn FnMut(T) -> bool;

type Find<'t, T> = Box<dyn FnOnce(Tell<'_, T>) -> Result<(), QueryError> + 't>;

/// A list whose items are found when it is written, which can be done once.
pub(super) struct Told<'t, T> {
    find: Cell<Option<Find<'t, T>>>,
    failure: &'t RefCell<Option<QueryError>>,
}

impl<'t, T> Told<'t, T> {
    /// Returns the list of what `find` finds; why it could not is left in `failure`.
    pub(super) fn new(
        failure: &'t RefCell<Option<QueryError>>,
        find: impl FnOnce(Tell<'_, T>) -> Result<(), QueryError> + 't,
    ) -> Self {
        Self { find: Cell::new(Some(Box::new(find))), failure }
    }
}

impl<T: Serialize> Serialize for Told<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut written = Ok(());
        if let Some(find) = self.find.take() {
            let found = find(&mut |item| {
                written = list.serialize_element(&item);
                written.is_ok()
            });
            if let Err(error) = found {
                *self.failure.borrow_mut() = Some(error);
                return Err(S::Error::custom("the answer broke off"));
            }
        }
        written?;
        list.end()
    }
}

/// Something that is known once the lists before it are written.
pub(super) struct Later<'t, T>(pub(super) &'t Cell<T>);

impl<T: Copy + Serialize> Serialize for Later<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.get().serialize(serializer)
    }
}

/// Writes an answer whose lists leave in `failure` why they broke off.
pub(super) fn tell<S: Serializer>(
    answer: &impl Serialize,
    failure: &RefCell<Option<QueryError>>,
    to: S,
) -> Result<S::Ok, TellError<S::Error>> {
    answer.serialize(to).map_err(|error| failure.take().map_or(TellError::Write(error), TellError::Query))
}
