//! Between rows of SQLite and the words of the model.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

use crate::model::{ArtifactKind, Bound, RunId, Status, Timestamp, Verdict, VersionId};
use crate::store::{
    ArtifactKey, CodeKey, ComponentKey, DeclarationKey, GitKey, ProcessKey, ProjectKey, RunKey, VersionKey, WriteKey,
};

macro_rules! integers {
    ($($name:ident)*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }
        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }
    )*};
}

integers! {
    ProjectKey ComponentKey ArtifactKey VersionKey RunKey WriteKey ProcessKey CodeKey GitKey DeclarationKey Timestamp
}

impl ToSql for RunId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_bytes().as_slice().into())
    }
}

impl FromSql for RunId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        uuid(value.as_blob()?).map(Self)
    }
}

/// A UUID as its sixteen bytes.
pub(super) struct Bytes(pub(super) Uuid);

impl ToSql for Bytes {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_bytes().as_slice().into())
    }
}

impl FromSql for Bytes {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        uuid(value.as_blob()?).map(Self)
    }
}

fn uuid(bytes: &[u8]) -> FromSqlResult<Uuid> {
    Uuid::from_slice(bytes).map_err(|error| FromSqlError::Other(Box::new(error)))
}

macro_rules! codes {
    ($($name:ident: $all:expr;)*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let code = $all.iter().position(|other| other == self).unwrap_or_default();
                Ok(i64::try_from(code).unwrap_or_default().into())
            }
        }
        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let code = i64::column_result(value)?;
                let found = usize::try_from(code).ok().and_then(|code| $all.get(code).copied());
                found.ok_or(FromSqlError::OutOfRange(code))
            }
        }
    )*};
}

const KINDS: [ArtifactKind; 4] =
    [ArtifactKind::Data, ArtifactKind::Model, ArtifactKind::Endpoint, ArtifactKind::Unknown];

codes! {
    Status: Status::ALL;
    Bound: Bound::ALL;
    Verdict: Verdict::ALL;
    ArtifactKind: KINDS;
}

/// Returns the two columns that hold a version's id.
pub(super) fn version_columns(id: &VersionId) -> (i64, &[u8]) {
    match id {
        VersionId::Content(hash) => (0, hash),
        VersionId::Declared(text) => (1, text.as_bytes()),
        VersionId::Stat(text) => (2, text.as_bytes()),
        VersionId::Write(run) => (3, run.0.as_bytes()),
        VersionId::None => (4, &[]),
    }
}

/// Returns the version's id in the columns `at` and `at + 1`, or `None` when they are NULL.
pub(super) fn version_id(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<VersionId>> {
    let Some(kind) = row.get::<_, Option<i64>>(at)? else { return Ok(None) };
    let value = row.get_ref(at.saturating_add(1))?.as_bytes()?;
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let wrong = || rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Blob, "no version id".into());
    let id = match kind {
        0 => VersionId::Content(value.try_into().map_err(|_| wrong())?),
        1 => VersionId::Declared(text(value)),
        2 => VersionId::Stat(text(value)),
        3 => VersionId::Write(RunId(Uuid::from_slice(value).map_err(|_| wrong())?)),
        _ => VersionId::None,
    };
    Ok(Some(id))
}

/// Returns a size that SQLite's signed integers hold.
pub(super) fn size_column(size: Option<u64>) -> Option<i64> {
    size.and_then(|size| i64::try_from(size).ok())
}

/// Returns the size in column `at`.
pub(super) fn size(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(at)?.and_then(|size| u64::try_from(size).ok()))
}
