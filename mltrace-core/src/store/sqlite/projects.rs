//! Which projects share a store: what distinguishes one from another, two that turn out to be one, one that is removed.

use rusqlite::params;

use super::SqliteStore;
use super::write::SqliteWriter;
use crate::store::{ProjectKey, ProjectRow, Result, RunKey};

const BY_IDENTITY: &str = "SELECT project_id FROM project_identity WHERE identity = ?1";

/// The project that has or had this name. Where an identity is given, a project with another identity does not count, nor
/// does the one that the store lies in.
const BY_NAME: &str = "SELECT n.project_id FROM project_name n WHERE n.name IN (?1, ?2)
     AND (?2 IS NULL OR NOT EXISTS (SELECT 1 FROM project_identity i WHERE i.project_id = n.project_id)
          AND NOT EXISTS (SELECT 1 FROM meta m WHERE m.key = 'own_project' AND m.value = n.project_id))
     ORDER BY n.name = ?1 LIMIT 1";

/// Each project with its names, the one that people read first, and with how much is recorded of it.
const ALL: &str = "SELECT p.id, p.name, (SELECT i.identity FROM project_identity i WHERE i.project_id = p.id LIMIT 1),
     (SELECT count(*) FROM run r WHERE r.project_id = p.id AND r.component_id IS NOT NULL),
     (SELECT min(r.started_at) FROM run r WHERE r.project_id = p.id),
     (SELECT max(r.started_at) FROM run r WHERE r.project_id = p.id),
     (SELECT json_group_array(n.name) FROM project_name n WHERE n.project_id = p.id AND n.name <> p.name),
     NOT EXISTS (SELECT 1 FROM run r JOIN process s ON s.id = r.process_id
                 WHERE r.project_id = p.id AND s.key NOT LIKE 'import %')
     FROM project p ORDER BY p.name";

/// Takes all that is known of project ?1 into project ?2; each name that both have is one thing.
const JOIN: [&str; 18] = [
    "UPDATE component AS n SET owner = o.owner, owner_at = o.owner_at FROM component o
     WHERE o.project_id = ?1 AND n.project_id = ?2 AND n.name = o.name AND o.owner_at IS NOT NULL
     AND (n.owner_at IS NULL OR (n.owner_at, n.owner) < (o.owner_at, o.owner))",
    "UPDATE component AS n SET description = o.description, description_at = o.description_at FROM component o
     WHERE o.project_id = ?1 AND n.project_id = ?2 AND n.name = o.name AND o.description_at IS NOT NULL
     AND (n.description_at IS NULL OR (n.description_at, n.description) < (o.description_at, o.description))",
    "UPDATE component AS n SET stale_after_s = o.stale_after_s, stale_after_at = o.stale_after_at FROM component o
     WHERE o.project_id = ?1 AND n.project_id = ?2 AND n.name = o.name AND o.stale_after_at IS NOT NULL
     AND (n.stale_after_at IS NULL OR (n.stale_after_at, n.stale_after_s) < (o.stale_after_at, o.stale_after_s))",
    "INSERT INTO component_tag (component_id, tag, at, is_present)
     SELECT n.id, t.tag, t.at, t.is_present FROM component o JOIN component n ON n.name = o.name AND n.project_id = ?2
     JOIN component_tag t ON t.component_id = o.id WHERE o.project_id = ?1
     ON CONFLICT (component_id, tag) DO UPDATE SET at = excluded.at, is_present = excluded.is_present
     WHERE at < excluded.at OR (at = excluded.at AND is_present < excluded.is_present)",
    "UPDATE run AS r SET component_id = n.id FROM component o JOIN component n ON n.name = o.name AND n.project_id = ?2
     WHERE o.project_id = ?1 AND r.component_id = o.id",
    "DELETE FROM component WHERE project_id = ?1 AND name IN (SELECT name FROM component WHERE project_id = ?2)",
    "UPDATE component SET project_id = ?2 WHERE project_id = ?1",
    // Versions that both have of one name: what refers to the one refers to the other.
    "CREATE TEMP TABLE same AS SELECT v.id AS old, k.id AS new, v.size AS size FROM artifact o
     JOIN artifact n ON n.project_id = ?2 AND n.name = o.name JOIN version v ON v.artifact_id = o.id
     JOIN version k ON k.artifact_id = n.id AND k.tail = v.tail AND k.id_kind = v.id_kind AND k.id_value = v.id_value
     WHERE o.project_id = ?1",
    "UPDATE version AS k SET size = s.size FROM temp.same s WHERE k.id = s.new AND k.size IS NULL",
    "UPDATE read AS d SET seen_id = s.new FROM temp.same s WHERE d.seen_id = s.old",
    "UPDATE write AS w SET seen_id = s.new FROM temp.same s WHERE w.seen_id = s.old",
    "UPDATE write AS w SET version_id = s.new FROM temp.same s WHERE w.version_id = s.old",
    "UPDATE label AS l SET version_id = s.new FROM temp.same s WHERE l.version_id = s.old",
    "UPDATE alias AS l SET version_id = s.new FROM temp.same s WHERE l.version_id = s.old",
    "DELETE FROM version WHERE id IN (SELECT old FROM temp.same)",
    "DROP TABLE temp.same",
    "CREATE TEMP TABLE same AS SELECT o.id AS old, n.id AS new, o.kind AS kind FROM artifact o
     JOIN artifact n ON n.project_id = ?2 AND n.name = o.name WHERE o.project_id = ?1",
    "UPDATE artifact AS n SET kind = s.kind FROM temp.same s WHERE n.id = s.new AND n.kind = 3",
];

const JOIN_NAMES: [&str; 19] = [
    "UPDATE version AS v SET artifact_id = s.new FROM temp.same s WHERE v.artifact_id = s.old",
    "UPDATE read AS d SET artifact_id = s.new FROM temp.same s WHERE d.artifact_id = s.old",
    "UPDATE write AS w SET artifact_id = s.new FROM temp.same s WHERE w.artifact_id = s.old",
    "DELETE FROM artifact WHERE id IN (SELECT old FROM temp.same)",
    "DROP TABLE temp.same",
    // 3: there may be folders around it, and something in it: anyone who asks looks.
    "UPDATE artifact SET place = 3 WHERE project_id IN (?1, ?2)",
    "UPDATE artifact SET project_id = ?2 WHERE project_id = ?1",
    "UPDATE OR IGNORE also_in SET project_id = ?2 WHERE project_id = ?1",
    "DELETE FROM also_in WHERE project_id = ?1",
    OWN_NAMES,
    "UPDATE run SET project_id = ?2 WHERE project_id = ?1",
    "UPDATE alias SET project_id = ?2 WHERE project_id = ?1",
    "UPDATE OR IGNORE lineage_event SET project_id = ?2 WHERE project_id = ?1",
    "DELETE FROM lineage_event WHERE project_id = ?1",
    "INSERT INTO retracted (project_id, subject, at, by) SELECT ?2, subject, at, by FROM retracted WHERE project_id = ?1
     ON CONFLICT DO UPDATE SET at = excluded.at, by = excluded.by WHERE excluded.at < at",
    "DELETE FROM retracted WHERE project_id = ?1",
    "UPDATE project_name SET project_id = ?2 WHERE project_id = ?1",
    "UPDATE project_identity SET project_id = ?2 WHERE project_id = ?1",
    "UPDATE meta SET value = ?2 WHERE key = 'own_project' AND value = ?1",
];

/// A project that an artifact's row names is no further one.
const OWN_NAMES: &str = "DELETE FROM also_in AS o WHERE EXISTS
     (SELECT 1 FROM artifact a WHERE a.id = o.artifact_id AND a.project_id = o.project_id)";

/// Removes all that is known of a project, and what only it referred to.
const REMOVE: [&str; 34] = [
    "UPDATE read SET write_id = NULL, bound = 4 WHERE write_id IN
     (SELECT w.id FROM run r JOIN write w ON w.run_id = r.id WHERE r.project_id = ?1)",
    "UPDATE read SET like_id = NULL WHERE like_id IN
     (SELECT w.id FROM run r JOIN write w ON w.run_id = r.id WHERE r.project_id = ?1)",
    "DELETE FROM part WHERE write_id IN (SELECT w.id FROM run r JOIN write w ON w.run_id = r.id WHERE r.project_id = ?1)",
    "DELETE FROM echo WHERE inner_id IN (SELECT w.id FROM run r JOIN write w ON w.run_id = r.id WHERE r.project_id = ?1)",
    "DELETE FROM run WHERE project_id = ?1",
    "DELETE FROM alias WHERE project_id = ?1",
    "DELETE FROM lineage_event WHERE project_id = ?1",
    "DELETE FROM retracted WHERE project_id = ?1",
    "DELETE FROM task_case WHERE task_id IN (SELECT id FROM task WHERE project_id = ?1)",
    "DELETE FROM task WHERE project_id = ?1",
    // What other projects named, too, is theirs, but for the versions that nobody else knows.
    "CREATE TEMP TABLE gone AS SELECT v.id FROM version v WHERE v.artifact_id IN (SELECT o.artifact_id FROM also_in o)
     AND ?1 IN (SELECT a.project_id FROM artifact a WHERE a.id = v.artifact_id
                UNION ALL SELECT o.project_id FROM also_in o WHERE o.artifact_id = v.artifact_id)
     AND v.id NOT IN (SELECT seen_id FROM read WHERE seen_id IS NOT NULL UNION ALL SELECT version_id FROM alias
         WHERE version_id IS NOT NULL UNION ALL SELECT seen_id FROM write WHERE seen_id IS NOT NULL
         UNION ALL SELECT version_id FROM write WHERE version_id IS NOT NULL)",
    "DELETE FROM label WHERE version_id IN (SELECT id FROM temp.gone)",
    "DELETE FROM version WHERE id IN (SELECT id FROM temp.gone)",
    "DROP TABLE temp.gone",
    "DELETE FROM also_in WHERE project_id = ?1",
    "UPDATE artifact AS a SET project_id = (SELECT min(o.project_id) FROM also_in o WHERE o.artifact_id = a.id)
     WHERE project_id = ?1 AND EXISTS (SELECT 1 FROM also_in o WHERE o.artifact_id = a.id)",
    OWN_NAMES,
    "DELETE FROM label WHERE version_id IN
     (SELECT v.id FROM artifact a JOIN version v ON v.artifact_id = a.id WHERE a.project_id = ?1)",
    "DELETE FROM version WHERE artifact_id IN (SELECT id FROM artifact WHERE project_id = ?1)",
    "DELETE FROM artifact WHERE project_id = ?1",
    "DELETE FROM component WHERE project_id = ?1",
    "DELETE FROM unread WHERE coalesce(
         (SELECT i.project_id FROM project_identity i WHERE i.identity = json_extract(unread.header, '$.identity')),
         (SELECT n.project_id FROM project_name n WHERE n.name = json_extract(unread.header, '$.project'))) = ?1",
    "DELETE FROM project_name WHERE project_id = ?1",
    "DELETE FROM project_identity WHERE project_id = ?1",
    "DELETE FROM meta WHERE key = 'own_project' AND value = ?1",
    "DELETE FROM project WHERE id = ?1",
    "DELETE FROM folder AS f WHERE NOT EXISTS (SELECT 1 FROM version v
     WHERE v.id_kind = 0 AND v.tail = substr(f.hash, -4) AND v.id_value = f.hash)",
    "DELETE FROM profile AS p WHERE NOT EXISTS (SELECT 1 FROM version v
     WHERE v.id_kind = 0 AND v.tail = substr(p.hash, -4) AND v.id_value = p.hash)",
    "DELETE FROM argument WHERE id NOT IN (SELECT argument_id FROM read WHERE argument_id IS NOT NULL)
     AND id NOT IN (SELECT argument_id FROM write WHERE argument_id IS NOT NULL)",
    "DELETE FROM code_check WHERE code_id NOT IN (SELECT code_id FROM run WHERE code_id IS NOT NULL)",
    "DELETE FROM code WHERE id NOT IN (SELECT code_id FROM run WHERE code_id IS NOT NULL)",
    "DELETE FROM git WHERE id NOT IN (SELECT git_id FROM run WHERE git_id IS NOT NULL)",
    "DELETE FROM declaration WHERE id NOT IN (SELECT declaration_id FROM run WHERE declaration_id IS NOT NULL)",
    "DELETE FROM process WHERE id NOT IN (SELECT process_id FROM run WHERE process_id IS NOT NULL)
     AND id NOT IN (SELECT process_id FROM code_check)",
];

impl SqliteStore {
    pub(super) fn find_project(&self, name: &str, identity: Option<&str>) -> Result<Option<ProjectKey>> {
        let found = match identity {
            Some(identity) => self.one(BY_IDENTITY, [identity], |row| row.get(0))?,
            None => None,
        };
        match found {
            Some(found) => Ok(Some(found)),
            None => self.one(BY_NAME, params![name, identity], |row| row.get(0)),
        }
    }

    pub(super) fn all_projects(&self) -> Result<Vec<ProjectRow>> {
        self.all(ALL, [], |row| {
            let former: String = row.get(6)?;
            Ok(ProjectRow {
                key: row.get(0)?,
                name: row.get(1)?,
                identity: row.get(2)?,
                runs: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                first: row.get(4)?,
                last: row.get(5)?,
                former: serde_json::from_str(&former).unwrap_or_default(),
                is_imported: row.get(7)?,
            })
        })
    }
}

impl SqliteWriter<'_> {
    /// Returns the project of this identity, or else of a name that it has or had, made when it is new.
    pub(super) fn project(&mut self, name: &str, identity: Option<&str>) -> Result<ProjectKey> {
        let cached = identity.map_or_else(|| name.to_owned(), |identity| format!("{name}\0{identity}"));
        if let Some(found) = self.keys.get("project").and_then(|keys| keys.get(&cached)) {
            return Ok(ProjectKey(*found));
        }
        let mut known: Option<ProjectKey> = match identity {
            Some(identity) => self.one(BY_IDENTITY, [identity], |row| row.get(0))?,
            None => None,
        };
        if known.is_none() {
            known = self.one(BY_NAME, params![name, identity], |row| row.get(0))?;
            let key = match known {
                Some(key) => key,
                None => self.new_project(name, identity)?,
            };
            let sql = "INSERT INTO project_identity (identity, project_id) VALUES (?1, ?2)";
            identity.map_or(Ok(0), |identity| self.execute(sql, params![identity, key]))?;
            known = Some(key);
        }
        let key = known.unwrap_or(ProjectKey(0));
        self.keys.entry("project").or_default().insert(cached, key.0);
        Ok(key)
    }

    /// Makes a project. Where another one has its name, it is called by its identity; a name that settings give goes before
    /// one that a folder happens to have.
    fn new_project(&mut self, name: &str, identity: Option<&str>) -> Result<ProjectKey> {
        const ADD_NAME: &str = "INSERT INTO project_name (name, project_id) VALUES (?1, ?2)";
        const OF_NAME: &str = "SELECT project_id FROM project_name WHERE name = ?1";
        let taken: Option<ProjectKey> = self.one(OF_NAME, [name], |row| row.get(0))?;
        let is_given = identity == Some(name);
        if let Some(other) = taken.filter(|_| is_given) {
            self.execute("DELETE FROM project_name WHERE name = ?1", [name])?;
            let sql = "UPDATE project SET name = (SELECT identity FROM project_identity WHERE project_id = ?1 LIMIT 1)
                 WHERE id = ?1 AND name = ?2 AND EXISTS (SELECT 1 FROM project_identity WHERE project_id = ?1)";
            self.execute(sql, params![other, name])?;
            let sql = "INSERT INTO project_name (name, project_id) SELECT name, id FROM project WHERE id = ?1
                 ON CONFLICT DO NOTHING";
            self.execute(sql, [other])?;
        }
        let wanted = if taken.is_some() && !is_given { identity.unwrap_or(name) } else { name };
        // Whom only its name distinguishes from others keeps it.
        let is_free = "SELECT NOT EXISTS (SELECT 1 FROM project WHERE name = ?1)
             AND NOT EXISTS (SELECT 1 FROM project_name WHERE name = ?1)";
        let (mut shown, mut further) = (wanted.to_owned(), 1_u32);
        while self.one(is_free, [&shown], |row| row.get::<_, bool>(0))? == Some(false) {
            further = further.saturating_add(1);
            shown = format!("{wanted} ({further})");
        }
        let key = ProjectKey(self.inserted("INSERT INTO project (name) VALUES (?1)", [&shown])?);
        self.projects = None;
        self.execute(ADD_NAME, params![shown, key])?;
        Ok(key)
    }

    pub(super) fn join_projects(&mut self, from: ProjectKey, into: ProjectKey) -> Result<()> {
        self.join_tasks(from, into)?;
        for sql in JOIN.into_iter().chain(JOIN_NAMES) {
            // A statement that makes or drops a table takes no parameters it does not name.
            let mut statement = self.connection.prepare(sql)?;
            match statement.parameter_count() {
                0 => statement.execute([])?,
                1 => statement.execute([from])?,
                _ => statement.execute([from, into])?,
            };
        }
        self.execute("DELETE FROM project WHERE id = ?1", [from])?;
        self.forget_keys();
        Ok(())
    }

    /// Removes all that is known of a project, and returns the reads of others that had seen what it wrote.
    pub(super) fn remove_project(&mut self, project: ProjectKey) -> Result<Vec<(RunKey, u32)>> {
        let sql = "WITH gone (id) AS (SELECT w.id FROM run r JOIN write w ON w.run_id = r.id WHERE r.project_id = ?1),
             loose (run_id, n) AS (SELECT d.run_id, d.n FROM gone JOIN read d ON d.write_id = gone.id
                 UNION SELECT d.run_id, d.n FROM gone JOIN read d ON d.like_id = gone.id
                 UNION SELECT d.run_id, d.n FROM gone JOIN part d ON d.write_id = gone.id)
             SELECT l.run_id, l.n FROM loose l JOIN run o ON o.id = l.run_id WHERE o.project_id <> ?1";
        let loosened = self.all(sql, [project], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // What is removed is not to be found in what the file leaves free.
        self.connection.execute_batch("PRAGMA secure_delete = ON")?;
        for sql in REMOVE {
            let mut statement = self.connection.prepare(sql)?;
            if statement.parameter_count() == 0 {
                statement.execute([])?
            } else {
                statement.execute([project])?
            };
        }
        self.forget_keys();
        Ok(loosened)
    }
}
