//! What a read saw, as an answer shows it.

use super::SqliteStore;
use super::known::{Known, Read, Writer, Written};
use crate::model::{Timestamp, VersionId};
use crate::store::{ArtifactKey, ReadDetail, Result, StoreError, WriteOf};

impl Known {
    /// Returns a read as an answer shows it.
    pub(super) fn read_detail(&mut self, store: &SqliteStore, read: &Read) -> Result<ReadDetail> {
        let argument = self.argument(store, read.argument)?;
        let (name, kind) =
            self.artifacts.get(&read.artifact).cloned().ok_or_else(|| lost("artifact", read.artifact))?;
        let (seen, size) = read.seen.and_then(|version| self.versions.get(&version)).cloned().unzip();
        let of = |key| self.writes.get(&key).map(|write| self.write_of(write, read.artifact));
        Ok(ReadDetail {
            n: read.n,
            artifact: read.artifact,
            name,
            kind,
            argument,
            at: read.at,
            seen,
            size: size.flatten(),
            bound: read.bound,
            write: read.write.and_then(of).transpose()?,
            like: read.like.and_then(of).transpose()?.map(Box::new),
            parts: read.parts.iter().filter_map(|key| of(*key)).collect::<Result<_>>()?,
        })
    }

    fn write_of(&self, write: &Written, read: ArtifactKey) -> Result<WriteOf> {
        let name = (write.artifact != read).then(|| self.artifacts.get(&write.artifact)).flatten();
        let version = write.version.and_then(|version| self.versions.get(&version));
        let Writer { id, work, began, ended, is_completed, next_at } =
            *self.runs.get(&write.run).ok_or_else(|| lost("run", write.run))?;
        Ok(WriteOf {
            run: write.run,
            run_id: id,
            artifact: write.artifact,
            name: name.map(|(name, _)| name.clone()),
            version: version.map_or(VersionId::None, |(id, _)| id.clone()),
            made: write.version,
            at: write.at.unwrap_or(Timestamp::MIN),
            next_at: write.next_at,
            began,
            ended,
            is_completed,
            work,
            rerun_at: next_at,
        })
    }
}

/// Rows refer to no others than are there, as long as the file is whole.
fn lost(what: &str, key: impl Into<i64>) -> StoreError {
    StoreError::Corrupt(format!("{what} {} is missing", key.into()))
}
