//! Whether a SQLite file is in order: its pages, its references, and what its rows say of each other.

use std::time::{Duration, Instant};

use super::SqliteStore;
use crate::escape;
use crate::model::{LOOSE, Timestamp};
use crate::store::{Checkup, Result, StoreError};

/// How long a check may take: what is asked first when something is odd is answered soon.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_FULL: Duration = Duration::from_secs(600);
/// After so many of SQLite's steps the clock is looked at.
const STEPS: i32 = 10_000;

/// Counts of what no fold leaves behind, with what each is in words.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        "SELECT count(*) FROM version v JOIN version o ON o.artifact_id = v.artifact_id AND o.tail = v.tail
         AND o.id_kind = v.id_kind AND o.id_value = v.id_value AND o.id < v.id",
        "versions are there twice",
    ),
    (
        "SELECT count(*) FROM write w JOIN run r ON r.id = w.run_id AND w.id NOT IN (SELECT write_id FROM echo)
         WHERE r.status = 1 AND r.component_id IS NOT NULL AND w.mark IS NULL
         AND (w.version_id IS NULL OR w.at IS NULL)",
        "outputs of completed runs have no version",
    ),
    (
        "SELECT count(*) FROM write WHERE mark IS NOT NULL AND version_id IS NOT NULL",
        "outputs that nobody wrote have a version",
    ),
    (
        "SELECT count(*) FROM write w JOIN version v ON v.id = w.version_id OR v.id = w.seen_id
         WHERE v.artifact_id <> w.artifact_id",
        "outputs have the version of another artifact",
    ),
    (
        "SELECT count(*) FROM read d JOIN version v ON v.id = d.seen_id WHERE v.artifact_id <> d.artifact_id",
        "inputs have the version of another artifact",
    ),
    (
        "SELECT (SELECT count(*) FROM read d JOIN write w ON w.id = d.write_id WHERE w.version_id IS NULL)
             + (SELECT count(*) FROM part p JOIN write w ON w.id = p.write_id WHERE w.version_id IS NULL)",
        "inputs are bound to an output that does not count",
    ),
    ("SELECT count(*) FROM read WHERE bound IN (0, 2, 3) AND write_id IS NULL", "inputs are bound to nothing"),
    (
        "SELECT count(*) FROM read d JOIN write w ON w.run_id = d.run_id AND w.n = d.n",
        "inputs have the number of an output",
    ),
];

/// Counts of what is dated later than a moment, with what it is in words.
const AHEAD: &[(&str, &str)] = &[
    (
        "SELECT count(*) FROM run r WHERE r.started_at > $1 OR r.ended_at > $1
         OR EXISTS (SELECT 1 FROM write w WHERE w.run_id = r.id AND w.at > $1)
         OR EXISTS (SELECT 1 FROM read d WHERE d.run_id = r.id AND d.at > $1)",
        "runs",
    ),
    ("SELECT count(*) FROM label WHERE at > $1", "verdicts"),
    ("SELECT count(*) FROM alias WHERE at > $1", "moves of aliases"),
    ("SELECT count(*) FROM retracted WHERE at > $1", "retractions of subjects"),
    ("SELECT count(*) FROM task_case WHERE made_at > $1 OR told_at > $1", "outputs of tasks and feedback"),
    (
        "SELECT count(*) FROM component c WHERE owner_at > $1 OR description_at > $1 OR stale_after_at > $1
         OR EXISTS (SELECT 1 FROM component_tag t WHERE t.component_id = c.id AND t.at > $1)",
        "declarations",
    ),
    ("SELECT count(*) FROM note WHERE at > $1", "notes"),
];

impl SqliteStore {
    /// Returns what is fine and what is wrong with the file; `is_full` reads every page and compares every row.
    pub(super) fn check_up(&mut self, is_full: bool) -> Result<Checkup> {
        self.check_up_within(is_full, if is_full { PATIENCE_FULL } else { PATIENCE })
    }

    /// Returns what was found until it took longer than `patience`: rows may be made to be compared without end.
    fn check_up_within(&mut self, is_full: bool, patience: Duration) -> Result<Checkup> {
        let begun = Instant::now();
        self.connection.progress_handler(STEPS, Some(move || begun.elapsed() > patience))?;
        let mut checkup = Checkup::default();
        let checked = self.check_all(is_full, &mut checkup);
        self.connection.progress_handler(0, None::<fn() -> bool>)?;
        // A question keeps its own bounds.
        if let Some(bounds) = self.bounds.take() {
            self.keep_within(&bounds)?;
        }
        match checked {
            Err(StoreError::Stopped) => {
                let took = patience.as_secs();
                checkup.wrong.push(format!("the check of the store was broken off after {took} s"));
                Ok(checkup)
            }
            checked => checked.map(|()| checkup),
        }
    }

    fn check_all(&self, is_full: bool, checkup: &mut Checkup) -> Result<()> {
        checkup.fine.push(format!("its schema is {}, by mltrace {}", self.found, self.writer()));
        self.check_pages(is_full, checkup)?;
        self.check_rows(checkup)?;
        self.check_times(Timestamp::now(), checkup)?;
        self.note_namesakes(checkup)?;
        self.note_untidy_names(checkup)?;
        self.note_loose(checkup)?;
        if is_full {
            self.check_contradictions(checkup)?;
        }
        Ok(())
    }

    fn check_pages(&self, is_full: bool, checkup: &mut Checkup) -> Result<()> {
        let pragma = if is_full { "PRAGMA integrity_check(10)" } else { "PRAGMA quick_check(10)" };
        let verdicts: Vec<String> = self.all(pragma, [], |row| row.get(0))?;
        if verdicts.iter().any(|verdict| verdict != "ok") {
            checkup.wrong.extend(verdicts.into_iter().map(|verdict| format!("the store is damaged: {verdict}")));
            return Ok(());
        }
        let what = if is_full { "every page and every index of it" } else { "every page of it" };
        checkup.fine.push(format!("{what} can be read"));
        Ok(())
    }

    fn check_rows(&self, checkup: &mut Checkup) -> Result<()> {
        let strays = self.count("SELECT count(*) FROM pragma_foreign_key_check")?;
        if strays == 0 {
            checkup.fine.push("every row's references hold".to_owned());
        } else {
            checkup.wrong.push(format!("{strays} rows refer to rows that are missing"));
        }
        let counts = [
            ("SELECT count(*) FROM run WHERE component_id IS NOT NULL", "runs"),
            ("SELECT count(*) FROM component", "components"),
            ("SELECT count(*) FROM version", "versions"),
            ("SELECT count(*) FROM artifact", "artifacts"),
            ("SELECT count(*) FROM label", "verdicts"),
            ("SELECT count(*) FROM run WHERE status = 4", "runs that died"),
        ];
        let told = counts.iter().map(|(sql, what)| Ok(format!("{what}: {}", self.count(sql)?)));
        checkup.fine.push(told.collect::<Result<Vec<_>>>()?.join(", "));
        let unborn = self.count("SELECT count(*) FROM run WHERE component_id IS NULL")?;
        if unborn > 0 {
            checkup
                .wrong
                .push(format!("{unborn} runs have an end but no start: part of a journal or an import is missing"));
        }
        let unread = self.count("SELECT count(*) FROM unread")?;
        if unread > 0 {
            checkup.wrong.push(format!("{unread} records wait for the newer version of mltrace that wrote them"));
        }
        Ok(())
    }

    /// Reports what is dated ahead of the clock: it is the latest, or the last word, until its time comes.
    fn check_times(&self, now: Timestamp, checkup: &mut Checkup) -> Result<()> {
        let mut told = Vec::new();
        for (sql, what) in AHEAD {
            let count: i64 = self.one(sql, [now.a_day_later()], |row| row.get(0))?.unwrap_or_default();
            told.extend((count > 0).then(|| format!("{count} {what}")));
        }
        if told.is_empty() {
            checkup.fine.push("nothing is dated ahead of the clock".to_owned());
        } else {
            let told = told.join(", ");
            checkup.wrong.push(format!("more than a day ahead of the clock, and the last word until then: {told}"));
        }
        Ok(())
    }

    /// Reports runs that went on while threads without a run read or wrote something that may have been theirs.
    fn note_loose(&self, checkup: &mut Checkup) -> Result<()> {
        let sql = "SELECT c.name, count(DISTINCT r.id) FROM note q JOIN run r ON r.id = q.run_id
             JOIN component c ON c.id = r.component_id WHERE q.text LIKE '% ' || $1 GROUP BY c.name ORDER BY c.name";
        let found: Vec<(String, i64)> = self.all(sql, [LOOSE], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (name, count) in found {
            checkup.notes.push(format!(
                "{count} runs of `{name}` went on while threads without a run read or wrote: some inputs may be missing"
            ));
        }
        Ok(())
    }

    /// Reports functions of one program that have one component name: what is known of either counts for both.
    fn note_namesakes(&self, checkup: &mut Checkup) -> Result<()> {
        let sql = "SELECT DISTINCT c.name, x.file, x.line FROM
             (SELECT component_id, process_id FROM run WHERE code_id IS NOT NULL AND process_id IS NOT NULL
              GROUP BY component_id, process_id HAVING min(code_id) <> max(code_id)) AS several
             JOIN run r ON r.component_id = several.component_id AND r.process_id = several.process_id
             JOIN component c ON c.id = r.component_id JOIN code x ON x.id = r.code_id
             WHERE x.line > 0 ORDER BY c.name, x.file, x.line";
        let found: Vec<(String, String)> = self.all(sql, [], |row| {
            let (file, line): (Option<String>, Option<u32>) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, format!("{}:{}", file.unwrap_or_default(), line.unwrap_or_default())))
        })?;
        for same in found.chunk_by(|one, other| one.0 == other.0) {
            let places: Vec<&str> = same.iter().map(|(_, place)| place.as_str()).collect();
            let name = same.first().map(|(name, _)| name.as_str()).unwrap_or_default();
            let (count, places) = (places.len(), places.join(", "));
            checkup.notes.push(format!("`{name}` is the component of {count} functions of one program: {places}"));
        }
        Ok(())
    }

    /// Reports names that earlier versions stored as nobody names them now: they are found as they are written, and joined
    /// with nothing.
    fn note_untidy_names(&self, checkup: &mut Checkup) -> Result<()> {
        let sql = "SELECT count(*), min(name) FROM artifact WHERE name LIKE './%' OR name LIKE '%/./%'
             OR name LIKE '%/../%' AND name NOT LIKE '%:/%'
             OR name LIKE '%://%_/' AND name NOT LIKE '%?%' AND name NOT LIKE '%#%'";
        let found = self.one(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?)))?;
        if let Some((count, Some(first))) = found {
            let first = escape::line(&first).into_owned();
            checkup.notes.push(format!(
                "{count} names were stored by an earlier version as nobody names them now, such as `{first}`: a trace may end there"
            ));
        }
        Ok(())
    }

    fn check_contradictions(&self, checkup: &mut Checkup) -> Result<()> {
        let mut is_fine = true;
        for (sql, what) in CONTRADICTIONS {
            let count = self.count(sql)?;
            if count > 0 {
                is_fine = false;
                checkup.wrong.push(format!("{count} {what}"));
            }
        }
        if is_fine {
            checkup.fine.push("the rows do not contradict each other".to_owned());
        }
        Ok(())
    }

    fn count(&self, sql: &str) -> Result<i64> {
        Ok(self.one(sql, [], |row| row.get(0))?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::Schema;

    #[test]
    fn a_check_without_end_is_broken_off_and_tells_so() {
        let mut store = SqliteStore::empty(&Schema::CURRENT).unwrap();
        assert_eq!(store.check_up_within(true, PATIENCE).unwrap().wrong, [""; 0]);
        // Versions that an index holds to be alike: each is compared with each.
        let alike = "INSERT INTO project VALUES (1, 'p'); INSERT INTO artifact (id, project_id, name, kind) VALUES (1, 1, 'a', 0);
             INSERT INTO version (artifact_id, id_kind, id_value)
             WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100000)
             SELECT 1, 0, CAST(printf('%028dsame', x) AS BLOB) FROM n;";
        store.connection.execute_batch(alike).unwrap();
        let checkup = store.check_up_within(true, Duration::from_millis(200)).unwrap();
        assert_eq!(checkup.wrong, ["the check of the store was broken off after 0 s"]);
        // What is asked next is answered.
        assert_eq!(store.count("SELECT count(*) FROM version").unwrap(), 100_000);
    }
}
