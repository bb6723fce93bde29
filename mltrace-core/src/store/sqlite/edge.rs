//! A transaction on a SQLite file: the rows of reads and writes, and which reads a change may touch.

use rusqlite::{Row, params};

use super::candidates::UNCOMMON;
use super::map::{READ_COLUMNS, WRITE_COLUMNS, read_row, write_row};
use super::text::text;
use super::write::SqliteWriter;
use crate::model::{Bound, Timestamp};
use crate::store::{ArtifactKey, Change, Edges, ReadRow, Result, RunKey, StoredWork, VersionKey, WriteKey, WriteRow};

fn numbered(row: &Row<'_>) -> rusqlite::Result<(RunKey, u32)> {
    Ok((row.get(0)?, row.get(1)?))
}

impl SqliteWriter<'_> {
    pub(super) fn add_read(&mut self, read: &ReadRow) -> Result<()> {
        let argument = self.argument(read.argument.as_deref())?;
        let sql = "INSERT INTO read (run_id, n, artifact_id, seen_id, at, bound, write_id, like_id, argument_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        self.execute(
            sql,
            params![read.run, read.n, read.artifact, read.seen, read.at, read.bound, read.write, read.like, argument],
        )?;
        self.fresh.stored_read(read.artifact, read.seen);
        self.add_parts(read.run, read.n, &read.parts)?;
        if read.is_untimed {
            self.execute("INSERT INTO untimed (run_id, n) VALUES ($1, $2)", params![read.run, read.n])?;
        }
        Ok(())
    }

    pub(super) fn put_read(&mut self, read: &ReadRow) -> Result<()> {
        if let Some(seen) = read.seen {
            self.fresh.saw(seen);
        }
        let sql = "UPDATE read SET seen_id = $1, bound = $2, write_id = $3, like_id = $4 WHERE run_id = $5 AND n = $6";
        self.execute(sql, params![read.seen, read.bound, read.write, read.like, read.run, read.n])?;
        self.put_parts_of(read.run, read.n, &read.parts)
    }

    pub(super) fn add_write(&mut self, write: &WriteRow) -> Result<WriteKey> {
        let argument = self.argument(write.argument.as_deref())?;
        let sql = "INSERT INTO write (run_id, n, artifact_id, seen_id, said_at, version_id, at, argument_id, mark)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let params = params![
            write.run,
            write.n,
            write.artifact,
            write.seen,
            write.said_at,
            write.version,
            write.at,
            argument,
            write.mark
        ];
        let key = WriteKey(self.inserted(sql, params)?);
        self.fresh.stored_write(key, write);
        if write.echo.is_some() {
            self.put_echo_of(key, write.echo)?;
        }
        Ok(key)
    }

    pub(super) fn put_write(&mut self, write: &WriteRow) -> Result<()> {
        self.fresh.settled();
        if let Some(seen) = write.seen {
            self.fresh.saw(seen);
        }
        let argument = self.argument(write.argument.as_deref())?;
        let sql = "UPDATE write SET seen_id = $1, said_at = $2, version_id = $3, at = $4, argument_id = $5, mark = $6
             WHERE id = $7";
        let params = params![write.seen, write.said_at, write.version, write.at, argument, write.mark, write.key];
        self.execute(sql, params)?;
        if write.echo.is_some() || self.has_nested_runs()? {
            self.put_echo_of(write.key, write.echo)?;
        }
        Ok(())
    }

    pub(super) fn edges_of(&mut self, which: Edges<'_>) -> Result<(Vec<ReadRow>, Vec<WriteRow>)> {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        match which {
            Edges::Of(runs) => {
                for run in runs {
                    let sql = text!("SELECT {READ_COLUMNS} FROM read WHERE run_id = $1 ORDER BY n");
                    reads.extend(self.all(sql, [run], read_row)?);
                    let sql = text!("SELECT {WRITE_COLUMNS} FROM write WHERE run_id = $1 ORDER BY n");
                    writes.extend(self.all(sql, [run], write_row)?);
                }
            }
            Edges::Reads(places) => {
                let sql = text!("SELECT {READ_COLUMNS} FROM read WHERE run_id = $1 AND n = $2");
                for (run, n) in places {
                    reads.extend(self.one(sql, params![run, n], read_row)?);
                }
            }
        }
        if self.has_any_parts()? {
            for read in &mut reads {
                read.parts = self.parts_of(read.run, read.n)?;
            }
        }
        if self.has_nested_runs()? {
            for write in &mut writes {
                write.echo = self.echo_of(write.key)?;
            }
        }
        Ok((reads, writes))
    }

    pub(super) fn moved_reads(&mut self, run: RunKey, to: Timestamp, is_told: bool) -> Result<Vec<u32>> {
        let sql = "UPDATE read SET at = $1
             WHERE run_id = $2 AND n IN (SELECT n FROM untimed WHERE run_id = $2) RETURNING n";
        let moved = self.all(sql, params![to, run], |row| row.get(0))?;
        if is_told {
            self.execute("DELETE FROM untimed WHERE run_id = $1", [run])?;
        }
        Ok(moved)
    }

    pub(super) fn work_of(&mut self, run: RunKey) -> Result<StoredWork> {
        let inputs = "SELECT DISTINCT a.name, a.id FROM read d JOIN artifact a ON a.id = d.artifact_id
             WHERE d.run_id = $1 ORDER BY a.name";
        let params = "SELECT name, value FROM param WHERE run_id = $1 ORDER BY name";
        Ok(StoredWork {
            inputs: self.all(inputs, [run], |row| Ok((row.get(0)?, row.get(1)?)))?,
            params: self.all(params, [run], |row| Ok((row.get(0)?, row.get(1)?)))?,
        })
    }

    /// Adds the reads that a change may touch to `found`.
    pub(super) fn touched_by_one(&mut self, change: &Change, found: &mut Vec<(RunKey, u32)>) -> Result<()> {
        match *change {
            Change::Counts { artifact, version, at, from, early, by_name } => {
                self.reads_of_content(version, (early, from, at), found)?;
                if by_name {
                    self.reads_by_time(artifact, at, found)?;
                    found.extend(self.reads_near_to(artifact, at)?);
                    found.extend(self.reads_of_folder((artifact, version), at)?);
                    found.extend(self.reads_with_project(artifact)?);
                }
            }
            Change::Wrote(write) => {
                let sql = "SELECT run_id, n FROM read WHERE write_id = $1
                     UNION ALL SELECT run_id, n FROM part WHERE write_id = $1";
                found.extend(self.all(sql, [write], numbered)?);
            }
            Change::Nearby(artifact, at) => found.extend(self.reads_near_to(artifact, at)?),
            Change::Sighted(version, from) => {
                let sql = "SELECT run_id, n FROM read WHERE seen_id = $1 AND at >= $2 AND bound IN ($3, $4, $5)";
                let params = params![version, from, Bound::Copy, Bound::UnknownWriter, Bound::Inside];
                found.extend(self.all(sql, params, numbered)?);
            }
            Change::Weaker(version) => {
                let sql = "SELECT d.run_id, d.n FROM version me
                     JOIN version v ON v.id_kind = 0 AND v.tail = me.tail AND v.id_value = me.id_value
                     JOIN read d ON d.seen_id = v.id WHERE me.id = $1 AND me.id_kind = 0";
                found.extend(self.all(sql, [version], numbered)?);
            }
            Change::Rules => found.extend(self.reads_by_earlier_rules()?),
        }
        Ok(())
    }

    fn reads_by_time(&mut self, artifact: ArtifactKey, at: Timestamp, found: &mut Vec<(RunKey, u32)>) -> Result<()> {
        if self.fresh.is_unread(artifact) {
            return Ok(());
        }
        if self.is_of_host(artifact)? {
            found.extend(self.reads_on_any_host(artifact, at)?);
            return Ok(());
        }
        // Reads after the next write that counts saw that one, or a later one.
        let sql = "SELECT run_id, n FROM read WHERE artifact_id = $1 AND seen_id IS NULL AND at >= $2
             AND at <= coalesce((SELECT min(w.at) FROM write w
                 WHERE w.artifact_id = $1 AND w.version_id IS NOT NULL AND w.at > $2), 9223372036854775807)";
        found.extend(self.all(sql, params![artifact, at], numbered)?);
        Ok(())
    }

    fn reads_of_content(
        &mut self,
        version: VersionKey,
        (early, from, at): (Timestamp, Timestamp, Timestamp),
        found: &mut Vec<(RunKey, u32)>,
    ) -> Result<()> {
        if self.fresh.is_unseen(version) {
            return Ok(());
        }
        // Reads after the next write of the version saw that one, or a later one. For other names also the first counts.
        let next = "SELECT min(at) FROM write WHERE version_id = $1 AND at > $2";
        let last: Option<Timestamp> = self.one(next, params![version, at], |row| row.get(0))?.flatten();
        let last = last.unwrap_or(Timestamp::MAX);
        let same = "SELECT d.run_id, d.n FROM read d WHERE d.seen_id = $1 AND d.at >= $2 AND d.at <= $3
             AND (d.at >= $4 OR d.bound IN (2, 4, 5)
                  OR EXISTS (SELECT 1 FROM write w WHERE w.id = d.write_id AND w.at > d.at))";
        found.extend(self.all(same, params![version, early, last, from], numbered)?);
        let other = text!(
            "SELECT d.run_id, d.n FROM version me
             JOIN version v ON v.id_kind = 0 AND v.tail = me.tail AND v.id_value = me.id_value AND v.id <> me.id
             JOIN read d ON d.seen_id = v.id AND d.at >= $1
             WHERE me.id = $2 AND me.id_kind = 0 AND {UNCOMMON}"
        );
        found.extend(self.all(other, params![from, version], numbered)?);
        Ok(())
    }
}
