//! The runs in a database of SQLite, as MLflow keeps them there.

use std::error::Error;
use std::path::Path;

use foldhash::HashMap;

use super::run::{Alias, CONTEXT, DELETED, Dataset, Measured, Registered, Registry, Run};
use super::source::{BATCH, MlflowError, Source};
use crate::store::sqlite::foreign::{Cells, Foreign};

/// What a question of the database failed of.
type Failed = Box<dyn Error + Send + Sync>;

/// A database, read in the order of its run ids.
pub(super) struct Database {
    rows: Foreign,
    /// What each experiment is called, and whether it was deleted.
    experiments: HashMap<String, (String, bool)>,
    last: String,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self, MlflowError> {
        let no_runs = |reason: String| MlflowError::NoRuns { place: path.to_owned(), reason };
        let rows = Foreign::open(path).map_err(|error| no_runs(error.to_string()))?;
        for table in ["experiments", "runs", "params", "tags", "latest_metrics"] {
            if !rows.has(table).map_err(|error| no_runs(error.to_string()))? {
                return Err(no_runs(format!("it has no table `{table}`")));
            }
        }
        let mut experiments = HashMap::default();
        let question = "SELECT experiment_id, name, lifecycle_stage FROM experiments";
        rows.each(question, &[], &mut |row| {
            let is_deleted = row.text(2).as_deref() == Some(DELETED);
            experiments.insert(text(row, 0), (text(row, 1), is_deleted));
        })
        .map_err(|error| no_runs(error.to_string()))?;
        Ok(Self { rows, experiments, last: String::new() })
    }

    fn runs(&mut self) -> Result<Vec<Run>, Failed> {
        let mut runs: Vec<Run> = Vec::new();
        let question = format!(
            "SELECT run_uuid, experiment_id, name, user_id, status, start_time, end_time, artifact_uri, lifecycle_stage \
             FROM runs WHERE run_uuid > ? ORDER BY run_uuid LIMIT {BATCH}"
        );
        let experiments = &self.experiments;
        self.rows.each(&question, &[&self.last], &mut |row| {
            let id = text(row, 1);
            let experiment = experiments.get(&id).cloned();
            let (experiment, is_gone) = experiment.unwrap_or_else(|| (format!("experiment {id}"), false));
            runs.push(Run {
                id: text(row, 0),
                experiment,
                name: row.text(2),
                user: row.text(3),
                status: text(row, 4),
                start_ms: row.integer(5),
                end_ms: row.integer(6),
                artifacts: row.text(7),
                is_deleted: is_gone || row.text(8).as_deref() == Some(DELETED),
                ..Run::default()
            });
        })?;
        if let (Some(first), Some(last)) = (runs.first(), runs.last()) {
            let (first, last) = (first.id.clone(), last.id.clone());
            self.fill(&mut runs, &first, &last)?;
            self.last = last;
        }
        Ok(runs)
    }

    /// Adds what else is said of the runs from the first id to the last.
    fn fill(&self, runs: &mut [Run], first: &str, last: &str) -> Result<(), Failed> {
        let places: HashMap<String, usize> = (0..).zip(runs.iter()).map(|(at, run)| (run.id.clone(), at)).collect();
        let mut each = |question: &str, add: &mut dyn FnMut(&mut Run, &Cells<'_>)| {
            self.rows.each(question, &[first, last], &mut |row| {
                let run = row.text(0).and_then(|id| runs.get_mut(*places.get(&id)?));
                if let Some(run) = run {
                    add(run, row);
                }
            })
        };
        each("SELECT run_uuid, key, value FROM params WHERE run_uuid BETWEEN ? AND ?", &mut |run, row| {
            run.params.insert(text(row, 1), text(row, 2));
        })?;
        each("SELECT run_uuid, key, value FROM tags WHERE run_uuid BETWEEN ? AND ?", &mut |run, row| {
            run.tags.insert(text(row, 1), text(row, 2));
        })?;
        let metrics = "SELECT run_uuid, key, value, is_nan, step, timestamp FROM latest_metrics \
                       WHERE run_uuid BETWEEN ? AND ?";
        each(metrics, &mut |run, row| {
            let is_nan = row.integer(3).is_some_and(|is_nan| is_nan != 0);
            let value = if is_nan { f64::NAN } else { row.number(2).unwrap_or(f64::NAN) };
            let (step, at_ms) = (row.integer(4).unwrap_or(0), row.integer(5).unwrap_or(0));
            run.metrics.insert(text(row, 1), Measured { value, step, at_ms });
        })?;
        // Before their third version neither datasets nor models were known.
        if self.rows.has("inputs")? && self.rows.has("datasets")? && self.rows.has("input_tags")? {
            let datasets = format!(
                "SELECT i.destination_id, d.name, d.digest, d.dataset_source, t.value FROM inputs i \
                 JOIN datasets d ON d.dataset_uuid = i.source_id \
                 LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = '{CONTEXT}' \
                 WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id BETWEEN ? AND ? \
                 ORDER BY d.name, d.digest"
            );
            each(&datasets, &mut |run, row| {
                let (name, digest, source) = (text(row, 1), text(row, 2), text(row, 3));
                run.datasets.push(Dataset { name, digest, source, context: row.text(4) });
            })?;
            let models = "SELECT source_id, destination_type, destination_id FROM inputs \
                          WHERE destination_type IN ('MODEL_INPUT', 'MODEL_OUTPUT') AND source_id BETWEEN ? AND ? \
                          ORDER BY destination_id";
            each(models, &mut |run, row| {
                let is_read = row.text(1).as_deref() == Some("MODEL_INPUT");
                let models = if is_read { &mut run.models_read } else { &mut run.models_written };
                models.push(text(row, 2));
            })?;
        }
        Ok(())
    }

    fn models(&self) -> Result<Registry, Failed> {
        let mut registry = Registry::default();
        if !self.rows.has("registered_models")? || !self.rows.has("model_versions")? {
            return Ok(registry);
        }
        self.rows.each("SELECT name FROM registered_models", &[], &mut |row| registry.models.push(text(row, 0)))?;
        let versions = "SELECT run_id, name, version, creation_time, source FROM model_versions \
                        WHERE current_stage IS NULL OR current_stage <> 'Deleted_Internal'";
        self.rows.each(versions, &[], &mut |row| {
            let (model, version) = (text(row, 1), text(row, 2));
            registry.add(&text(row, 0), Registered { model, version, at_ms: row.integer(3), source: row.text(4) });
        })?;
        if self.rows.has("registered_model_aliases")? {
            let aliases = "SELECT name, alias, version FROM registered_model_aliases";
            self.rows.each(aliases, &[], &mut |row| {
                registry.aliases.push(Alias { model: text(row, 0), alias: text(row, 1), version: text(row, 2) });
            })?;
        }
        Ok(registry.sorted())
    }
}

impl Source for Database {
    fn registry(&mut self) -> Result<Registry, MlflowError> {
        self.models().map_err(|error| MlflowError::Unread(error.to_string()))
    }

    fn next(&mut self) -> Result<Vec<Run>, MlflowError> {
        self.runs().map_err(|error| MlflowError::Unread(error.to_string()))
    }
}

/// Returns a cell as text, which is empty when there is nothing in it.
fn text(row: &Cells<'_>, column: usize) -> String {
    row.text(column).unwrap_or_default()
}
