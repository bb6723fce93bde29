//! Between rows of SQLite and the words of the model.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

use crate::model::{ArtifactKind, Bound, Mark, Outcome, RunId, Severity, Status, Timestamp, Verdict, VersionId};
use crate::store::{
    ArtifactKey, CodeKey, ComponentKey, DeclarationKey, GitKey, ProcessKey, ProjectKey, ReadRow, RunKey, TaskKey,
    VersionKey, WriteKey, WriteRow,
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
    ProjectKey ComponentKey ArtifactKey VersionKey RunKey WriteKey ProcessKey CodeKey GitKey DeclarationKey TaskKey
}

/// The moment that times are stored from: 2029-01-01T00:00:00Z. From mid-2024 to mid-2033 they take six bytes each, where
/// SQLite takes eight for microseconds since 1970. The promised views know it too.
const EPOCH: Timestamp = Timestamp(1_861_920_000_000_000);

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.micros_since(EPOCH).into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|micros| Self(EPOCH.0.saturating_add(micros)))
    }
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
    Mark: Mark::ALL;
    Outcome: Outcome::ALL;
    Severity: Severity::ALL;
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

/// What [`read_row`] takes, and what [`write_row`] does.
pub(super) const READ_COLUMNS: &str = "run_id, n, artifact_id, seen_id, at, bound, write_id, like_id,
    (SELECT name FROM argument WHERE id = argument_id)";
pub(super) const WRITE_COLUMNS: &str = "id, run_id, n, artifact_id, seen_id, said_at, version_id, at,
    (SELECT name FROM argument WHERE id = argument_id), mark";

pub(super) fn read_row(row: &Row<'_>) -> rusqlite::Result<ReadRow> {
    Ok(ReadRow {
        run: row.get(0)?,
        n: row.get(1)?,
        artifact: row.get(2)?,
        seen: row.get(3)?,
        at: row.get(4)?,
        bound: row.get(5)?,
        write: row.get(6)?,
        like: row.get(7)?,
        argument: row.get(8)?,
        parts: Vec::new(),
        is_untimed: false,
    })
}

pub(super) fn write_row(row: &Row<'_>) -> rusqlite::Result<WriteRow> {
    Ok(WriteRow {
        key: row.get(0)?,
        run: row.get(1)?,
        n: row.get(2)?,
        artifact: row.get(3)?,
        seen: row.get(4)?,
        said_at: row.get(5)?,
        version: row.get(6)?,
        at: row.get(7)?,
        echo: None,
        argument: row.get(8)?,
        mark: row.get(9)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    /// Returns the number that is stored for a time, and the time that is found for it.
    fn there_and_back(time: Timestamp) -> (i64, Timestamp) {
        let store = Connection::open_in_memory().unwrap();
        store.execute_batch("CREATE TABLE one (at INTEGER)").unwrap();
        store.execute("INSERT INTO one VALUES ($1)", [time]).unwrap();
        let both = "SELECT at, at FROM one";
        store.query_row(both, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }

    /// RFC 3339 writes an offset of up to a day.
    const DAY: i64 = 86_400_000_000;

    proptest! {
        #[test]
        fn a_time_is_found_as_it_was_stored(
            one in Timestamp::MIN.0 - DAY..=Timestamp::MAX.0 + DAY,
            other in Timestamp::MIN.0 - DAY..=Timestamp::MAX.0 + DAY,
        ) {
            let ((first, found), (second, _)) = (there_and_back(Timestamp(one)), there_and_back(Timestamp(other)));
            prop_assert_eq!(found, Timestamp(one));
            prop_assert_eq!(first.cmp(&second), one.cmp(&other));
        }
    }

    #[test]
    fn the_first_and_the_last_time_are_found_as_they_were_stored() {
        for time in [Timestamp::MIN, Timestamp(-1), Timestamp(0), Timestamp(EPOCH.0 - 1), EPOCH, Timestamp::MAX] {
            assert_eq!(there_and_back(time).1, time);
        }
        assert_eq!(there_and_back("2029-01-01T00:00:00Z".parse().unwrap()).0, 0);
    }

    #[test]
    fn a_time_of_these_years_takes_six_bytes() {
        for time in ["2024-07-18T00:00:00Z", "2026-05-28T20:26:40Z", "2033-06-17T00:00:00Z"] {
            let stored = there_and_back(time.parse().unwrap()).0;
            assert!((-1_i64 << 47..1 << 47).contains(&stored), "{time}: {stored}");
        }
    }
}
