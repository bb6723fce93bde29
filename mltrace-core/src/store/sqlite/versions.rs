//! The versions of one artifact, which may be two or a hundred thousand.

use rusqlite::params;

use super::SqliteStore;
use super::find::version_at;
use super::keys::{among, ascending};
use super::last::last_write;
use super::map::{version_columns, version_id};
use super::write::FIND_VERSION;
use crate::model::{ArtifactName, Timestamp, Version, VersionId};
use crate::store::{ArtifactKey, Result, VersionAt, VersionKey, VersionName};

/// Of so many versions, all are found and sorted at once. Of more, those that were written are found one after the other
/// by their last writes, so that the first of many cost as much as the first of few.
const FEW: i64 = 1_000;

// Parameters are numbered (`?1`): those that are named (`$1`) count by where they appear first.

/// The last write of version `v` at or before ?1.
const LAST_WRITE: &str = last_write!("q.version_id = v.id AND q.at <= ?1");

/// When version `v` was first read, or else first written. A version that nobody wrote or read, such as one that has but
/// a verdict, has no time before which it was not.
const FIRST_SEEN: &str = "coalesce((SELECT min(d.at) FROM read d WHERE d.seen_id = v.id),
     (SELECT min(w.at) FROM write w WHERE w.version_id = v.id), ?1)";

/// Whether artifact ?2 was read by then without any known write.
const IS_READ_UNWRITTEN: &str = "EXISTS (SELECT 1 FROM read d
     WHERE d.artifact_id = ?2 AND d.seen_id IS NULL AND d.write_id IS NULL AND d.at <= ?1)";

const NAMED: &str = concat!(
    "SELECT v.id, a.name, v.id_kind, v.id_value, a.place <> 0 FROM json_each($1) AS asked CROSS JOIN version v ON ",
    among!("v.id"),
    " CROSS JOIN artifact a ON a.id = v.artifact_id"
);

impl SqliteStore {
    pub(super) fn versions_named(&self, versions: &[VersionKey]) -> Result<Vec<VersionName>> {
        self.each(NAMED, &ascending(versions.iter().copied()), |row| {
            let version = version_id(row, 2)?.unwrap_or(VersionId::None);
            let version = Version { name: ArtifactName(row.get(1)?), version };
            Ok(VersionName { key: row.get(0)?, version, is_nested: row.get(4)? })
        })
    }

    pub(super) fn versions_of(
        &self,
        artifact: ArtifactKey,
        at: Timestamp,
        (after, limit): (Option<&VersionAt>, usize),
        tell: &mut dyn FnMut(VersionAt) -> bool,
    ) -> Result<()> {
        let _one_look = self.look()?;
        let count = "SELECT count(*) FROM (SELECT 1 FROM version WHERE artifact_id = ?1 LIMIT ?2)";
        let versions = self.one(count, params![artifact, FEW + 1], |row| row.get::<_, i64>(0))?.unwrap_or_default();
        if versions <= FEW {
            let all = self.few_versions(artifact, at)?;
            let first = after.map_or(0, |after| {
                all.iter().position(|version| version.id == after.id).map_or(all.len(), |place| place.saturating_add(1))
            });
            all.into_iter().skip(first).take(limit).all(tell);
            return Ok(());
        }
        self.many_versions(artifact, at, (after, limit), tell)
    }

    fn many_versions(
        &self,
        artifact: ArtifactKey,
        at: Timestamp,
        (after, limit): (Option<&VersionAt>, usize),
        tell: &mut dyn FnMut(VersionAt) -> bool,
    ) -> Result<()> {
        let mut left = limit;
        let mut tell = |version| {
            left = left.saturating_sub(1);
            tell(version) && left > 0
        };
        let was_written = after.is_none_or(|after| after.written.is_some());
        let goes_on = !was_written || self.tell_written(artifact, at, after, &mut tell)?;
        if goes_on { self.tell_unwritten(artifact, at, after.filter(|_| !was_written), &mut tell) } else { Ok(()) }
    }

    pub(super) fn version_of(&self, artifact: ArtifactKey, id: &VersionId, at: Timestamp) -> Result<Option<VersionAt>> {
        if *id == VersionId::None {
            let sql = format!("SELECT NULL, NULL, NULL, NULL, NULL WHERE {IS_READ_UNWRITTEN}");
            return self.one(&sql, params![at, artifact], version_at);
        }
        let (kind, value) = version_columns(id);
        let key: Option<VersionKey> = self.one(FIND_VERSION, params![artifact, kind, value], |row| row.get(0))?;
        let Some(key) = key else { return Ok(None) };
        let sql = format!(
            "SELECT v.id, v.id_kind, v.id_value, w.run_id, w.at FROM version v LEFT JOIN write w ON w.id = {LAST_WRITE}
             WHERE v.id = ?2 AND (w.id IS NOT NULL OR {FIRST_SEEN} <= ?1)"
        );
        self.one(&sql, params![at, key], version_at)
    }

    fn few_versions(&self, artifact: ArtifactKey, at: Timestamp) -> Result<Vec<VersionAt>> {
        let sql = format!(
            "SELECT v.id, v.id_kind, v.id_value, w.run_id, w.at FROM version v LEFT JOIN write w ON w.id = {LAST_WRITE}
             WHERE v.artifact_id = ?2 AND (w.id IS NOT NULL OR {FIRST_SEEN} <= ?1)
             UNION ALL
             SELECT NULL, NULL, NULL, NULL, NULL WHERE {IS_READ_UNWRITTEN}
             ORDER BY 5 DESC, 2, 3"
        );
        self.all(&sql, params![at, artifact], version_at)
    }

    /// Reports the versions that somebody wrote, the one written last first; returns whether to go on.
    fn tell_written(
        &self,
        artifact: ArtifactKey,
        at: Timestamp,
        after: Option<&VersionAt>,
        tell: &mut dyn FnMut(VersionAt) -> bool,
    ) -> Result<bool> {
        let sql = format!(
            "SELECT v.id, v.id_kind, v.id_value, w.run_id, w.at FROM write w CROSS JOIN version v ON v.id = w.version_id
             WHERE w.artifact_id = ?2 AND w.version_id IS NOT NULL AND w.at <= ?3
             AND (?4 IS NULL OR w.at < ?3 OR (v.id_kind, v.id_value) > (?4, ?5)) AND w.id = {LAST_WRITE}
             ORDER BY w.at DESC, v.id_kind, v.id_value"
        );
        let from = after.and_then(|after| after.written).map_or(at, |(_, written)| written.min(at));
        let (kind, value) = after.map(|after| version_columns(&after.id)).unzip();
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![at, artifact, from, kind, value])?;
        while let Some(row) = rows.next()? {
            if !tell(version_at(row)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reports the versions that nobody wrote by then; the first is `none`: what was read without any known write.
    fn tell_unwritten(
        &self,
        artifact: ArtifactKey,
        at: Timestamp,
        after: Option<&VersionAt>,
        tell: &mut dyn FnMut(VersionAt) -> bool,
    ) -> Result<()> {
        let sql = format!(
            "SELECT NULL, NULL, NULL, NULL, NULL WHERE ?3 AND {IS_READ_UNWRITTEN}
             UNION ALL
             SELECT v.id, v.id_kind, v.id_value, NULL, NULL FROM version v WHERE v.artifact_id = ?2
             AND (?4 IS NULL OR (v.id_kind, v.id_value) > (?4, ?5))
             AND {LAST_WRITE} IS NULL AND {FIRST_SEEN} <= ?1
             ORDER BY 2, 3"
        );
        let (kind, value) = after.filter(|after| after.key.is_some()).map(|after| version_columns(&after.id)).unzip();
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![at, artifact, after.is_none(), kind, value])?;
        while let Some(row) = rows.next()? {
            if !tell(version_at(row)?) {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::sqlite::Schema;

    /// How many runs, versions and moments there are.
    const FEW_OF_ALL: i64 = 6;

    fn told(ask: impl FnOnce(&mut dyn FnMut(VersionAt) -> bool) -> Result<()>) -> Vec<VersionAt> {
        let mut told = Vec::new();
        ask(&mut |version| {
            told.push(version);
            true
        })
        .unwrap();
        told
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn many_versions_are_told_as_few_are_from_wherever_one_goes_on(
            writes in prop::collection::vec((0..FEW_OF_ALL, 0..FEW_OF_ALL, 0..FEW_OF_ALL), 0..20),
            reads in prop::collection::vec((0..FEW_OF_ALL, prop::option::of(0..FEW_OF_ALL), 0..FEW_OF_ALL), 0..6),
        ) {
            let store = SqliteStore::empty(&Schema::CURRENT).unwrap();
            store.connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
            let insert = |sql: &str, values: &[&dyn rusqlite::ToSql]| store.connection.execute(sql, values).unwrap();
            for at in 0..FEW_OF_ALL {
                // In another order than their keys.
                let id = [u8::try_from(FEW_OF_ALL - at).unwrap(); 16];
                insert("INSERT INTO run (id, uuid, project_id, status) VALUES ($1, $2, 1, 1)", &[&at, &id]);
                let version = "INSERT INTO version (id, artifact_id, id_kind, id_value) VALUES ($1, 1, $2, $3)";
                insert(version, &[&at, &(1 + at % 2), &format!("{}", at * 7 % 5).as_bytes()]);
            }
            for (n, (run, version, at)) in writes.iter().enumerate() {
                let sql = "INSERT INTO write (run_id, n, artifact_id, version_id, at) VALUES ($1, $2, 1, $3, $4)";
                insert(sql, &[run, &i64::try_from(n).unwrap(), version, &Timestamp(*at)]);
            }
            for (n, (run, seen, at)) in reads.iter().enumerate() {
                let sql = "INSERT INTO read (run_id, n, artifact_id, seen_id, at, bound) VALUES ($1, $2, 1, $3, $4, 4)";
                insert(sql, &[run, &i64::try_from(100 + n).unwrap(), seen, &Timestamp(*at)]);
            }
            let artifact = ArtifactKey(1);
            for at in (-1..=FEW_OF_ALL).map(Timestamp) {
                let few = store.few_versions(artifact, at).unwrap();
                let many = told(|tell| store.many_versions(artifact, at, (None, usize::MAX), tell));
                prop_assert_eq!(&many, &few);
                for (place, version) in few.iter().enumerate() {
                    let found = store.version_of(artifact, &version.id, at).unwrap();
                    prop_assert_eq!(found.as_ref(), Some(version));
                    for limit in 1..3 {
                        let rest: Vec<_> = few.iter().skip(place + 1).take(limit).cloned().collect();
                        let many = told(|tell| store.many_versions(artifact, at, (Some(version), limit), tell));
                        prop_assert_eq!(many, rest);
                    }
                }
            }
        }
    }
}
