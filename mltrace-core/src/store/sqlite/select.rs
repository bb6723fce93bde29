//! Which runs are selected.

use rusqlite::types::Value;
use rusqlite::{ToSql, params_from_iter};

use super::SqliteStore;
use super::find::key_list;
use crate::model::Timestamp;
use crate::store::{AnyOf, ProjectKey, Result, RunKey, RunSelection, Touched};

impl SqliteStore {
    pub(super) fn selected_runs(&self, project: ProjectKey, selection: &RunSelection) -> Result<Vec<RunKey>> {
        let since = selection.since.unwrap_or(Timestamp::MIN);
        let until = selection.until.unwrap_or(Timestamp::MAX);
        // With a component its own index is the short way, without one the project's.
        let (place, key) = match selection.component {
            Some(component) => ("component_id = ?1", component.0),
            None => ("project_id = ?1 AND component_id IS NOT NULL", project.0),
        };
        let components = selection.components.as_deref().map(key_list);
        let (at, id) = selection.before.unzip();
        let until = at.map_or(until, |at| until.min(at));
        let limit = selection.limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1);
        let mut asked: Vec<&dyn ToSql> =
            vec![&key, &since, &until, &selection.status, &selection.commit, &components, &at, &id, &limit];
        let mut parts = Parts { sql: String::new(), values: Vec::new(), first: asked.len() };
        selection.all_of.iter().for_each(|any| parts.add(any));
        let Parts { sql: parts, values, .. } = parts;
        asked.extend(values.iter().map(AsRef::as_ref));
        // Numbered places, because those with names count in the order in which they are written.
        let sql = format!(
            "SELECT id FROM run WHERE {place} AND started_at >= ?2 AND started_at <= ?3
             AND (?4 IS NULL OR status = ?4)
             AND (?5 IS NULL OR git_id IN (SELECT id FROM git WHERE substr(commit_id, 1, length(?5)) = ?5))
             AND (?6 IS NULL OR component_id IN (SELECT value FROM json_each(?6)))
             AND (?7 IS NULL OR started_at < ?7 OR uuid < ?8){parts} ORDER BY started_at DESC, uuid DESC LIMIT ?9"
        );
        self.all(&sql, params_from_iter(asked), |row| row.get(0))
    }

    pub(super) fn runs_touching(&self, touched: Touched<'_>) -> Result<Vec<RunKey>> {
        // One index holds the writes that count, another those that were to be.
        let sql = if touched.is_written {
            "SELECT run_id FROM write WHERE artifact_id IN (SELECT value FROM json_each($1)) AND version_id IS NOT NULL
             UNION SELECT run_id FROM write WHERE artifact_id IN (SELECT value FROM json_each($1)) AND mark IS NOT NULL
             LIMIT $2"
        } else {
            "SELECT DISTINCT run_id FROM read WHERE artifact_id IN (SELECT value FROM json_each($1)) LIMIT $2"
        };
        let limit = i64::try_from(touched.limit).unwrap_or(i64::MAX);
        self.all(sql, (key_list(touched.artifacts), limit), |row| row.get(0))
    }
}

/// Conditions while they are put together.
struct Parts {
    sql: String,
    values: Vec<Box<dyn ToSql>>,
    /// How many values come before.
    first: usize,
}

impl Parts {
    fn add(&mut self, any: &AnyOf) {
        let mut ways: Vec<String> = Vec::new();
        if !any.components.is_empty() {
            let components = self.value(key_list(&any.components));
            ways.push(format!("component_id IN (SELECT value FROM json_each({components}))"));
        }
        if !any.statuses.is_empty() {
            let statuses: Vec<String> = any.statuses.iter().map(|status| self.value(*status)).collect();
            ways.push(format!("status IN ({})", statuses.join(", ")));
        }
        if !any.runs.is_empty() {
            let runs = self.value(key_list(&any.runs));
            ways.push(format!("id IN (SELECT value FROM json_each({runs}))"));
        }
        if let Some(commit) = &any.commit {
            let commit = self.value(commit.clone());
            ways.push(format!(
                "coalesce(git_id IN (SELECT id FROM git WHERE substr(commit_id, 1, length({commit})) = {commit}), 0)"
            ));
        }
        if let Some(error) = &any.error {
            let error = self.value(like(error));
            ways.push(format!("coalesce(error LIKE {error} ESCAPE '\\', 0)"));
        }
        let edge = |table: &str, name: String| {
            format!(
                "EXISTS (SELECT 1 FROM {table} e JOIN artifact a ON a.id = e.artifact_id
                 WHERE e.run_id = run.id AND a.name LIKE {name} ESCAPE '\\')"
            )
        };
        if let Some(output) = &any.output {
            let name = self.value(like(output));
            ways.push(edge("write", name));
        }
        if let Some(input) = &any.input {
            let name = self.value(like(input));
            ways.push(edge("read", name));
        }
        let holds = if ways.is_empty() { "0".to_owned() } else { ways.join(" OR ") };
        self.sql.push_str(if any.is_not { "\n AND NOT (" } else { "\n AND (" });
        self.sql.push_str(&holds);
        self.sql.push(')');
    }

    /// Takes a value, and returns its place in the statement.
    fn value(&mut self, value: impl ToSql + 'static) -> String {
        self.values.push(Box::new(value));
        format!("?{}", self.first.saturating_add(self.values.len()))
    }
}

/// Returns the pattern of what holds a text.
fn like(text: &str) -> Value {
    let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Value::Text(format!("%{text}%"))
}
