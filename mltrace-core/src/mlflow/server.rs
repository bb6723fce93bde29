//! The runs behind a tracking server: what to ask of its REST API, and what its answers say.

use std::collections::VecDeque;

use foldhash::HashMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::run::{Alias, CONTEXT, DELETED, Dataset, Measured, Registered, Registry, Run};
use super::source::{BATCH, MlflowError, MlflowOptions, Source};

/// Where the API lies below the address of a server.
const API: &str = "api/2.0/mlflow";
/// So many experiments are asked about at once.
const EXPERIMENTS: usize = 200;
/// No list of a server has more pages: one may answer the same page for ever.
const MOST_PAGES: usize = 100_000;

/// The mark of the next page, where there is one.
type Next = Result<Option<String>, MlflowError>;

/// A connection to a server.
pub trait Ask: Send {
    /// Returns the answer to a request for a path below the address of the server: a POST where it has a body.
    ///
    /// # Errors
    /// When there is none, or another than that all is well.
    fn ask(&mut self, path: &str, body: Option<&str>) -> Result<String, Unasked>;
}

/// Why a server did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// It does not know what was asked for.
    Unknown(String),
    /// It answers something else, or not at all.
    Failed(String),
}

/// A server, read page by page.
pub(super) struct Server<'s> {
    ask: &'s mut dyn Ask,
    experiments: HashMap<String, (String, bool)>,
    /// The ids of the experiments that are to be asked about.
    left: VecDeque<Vec<String>>,
    page: Option<String>,
    pages: usize,
    takes_deleted: bool,
}

#[derive(Deserialize)]
struct Experiments {
    #[serde(default)]
    experiments: Vec<Experiment>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Experiment {
    experiment_id: String,
    name: String,
    #[serde(default)]
    lifecycle_stage: String,
}

#[derive(Deserialize)]
struct Runs {
    #[serde(default)]
    runs: Vec<Told>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    info: Info,
    #[serde(default)]
    data: Data,
    #[serde(default)]
    inputs: Inputs,
    #[serde(default)]
    outputs: Outputs,
}

#[derive(Deserialize)]
struct Info {
    run_id: Option<String>,
    /// Its name before the second version of the API.
    run_uuid: Option<String>,
    experiment_id: String,
    run_name: Option<String>,
    user_id: Option<String>,
    #[serde(default)]
    status: String,
    start_time: Option<Whole>,
    end_time: Option<Whole>,
    artifact_uri: Option<String>,
    #[serde(default)]
    lifecycle_stage: String,
}

/// A whole number, which other implementations of the API write as text.
#[derive(Clone, Copy, Deserialize)]
#[serde(from = "Value")]
struct Whole(i64);

impl From<Value> for Whole {
    fn from(value: Value) -> Self {
        Self(value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    params: Vec<Pair>,
    tags: Vec<Pair>,
    metrics: Vec<Metric>,
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct Metric {
    key: String,
    /// A number, or `NaN`, `Infinity` or `-Infinity` as text.
    value: Value,
    timestamp: Option<Whole>,
    step: Option<Whole>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Inputs {
    dataset_inputs: Vec<DatasetInput>,
    model_inputs: Vec<Model>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Outputs {
    model_outputs: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    model_id: String,
}

#[derive(Deserialize)]
struct DatasetInput {
    #[serde(default)]
    tags: Vec<Pair>,
    dataset: DatasetTold,
}

#[derive(Deserialize)]
struct DatasetTold {
    name: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    source: String,
}

#[derive(Deserialize)]
struct Models {
    #[serde(default)]
    registered_models: Vec<RegisteredModel>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct RegisteredModel {
    name: String,
    #[serde(default)]
    aliases: Vec<AliasTold>,
}

#[derive(Deserialize)]
struct AliasTold {
    alias: String,
    version: String,
}

#[derive(Deserialize)]
struct Versions {
    #[serde(default)]
    model_versions: Vec<ModelVersion>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct ModelVersion {
    name: String,
    version: String,
    creation_timestamp: Option<Whole>,
    run_id: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct ArtifactList {
    #[serde(default)]
    files: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    path: String,
}

impl<'s> Server<'s> {
    pub(super) fn of(ask: &'s mut dyn Ask, options: MlflowOptions) -> Result<Self, MlflowError> {
        let (mut experiments, mut ids) = (HashMap::default(), Vec::new());
        let takes_deleted = options.takes_deleted;
        let view = if takes_deleted { "ALL" } else { "ACTIVE_ONLY" };
        let mut server =
            Self { ask, experiments: HashMap::default(), left: VecDeque::new(), page: None, pages: 0, takes_deleted };
        server.pages(&mut |server, page| {
            let asked = json!({"max_results": BATCH, "view_type": view, "page_token": page});
            let answer: Experiments = server.post("experiments/search", &asked)?;
            for Experiment { experiment_id, name, lifecycle_stage } in answer.experiments {
                ids.push(experiment_id.clone());
                experiments.insert(experiment_id, (name, lifecycle_stage == DELETED));
            }
            Ok(answer.next_page_token)
        })?;
        server.experiments = experiments;
        server.left = ids.chunks(EXPERIMENTS).map(<[String]>::to_vec).collect();
        Ok(server)
    }

    fn post<T: DeserializeOwned>(&mut self, what: &str, asked: &Value) -> Result<T, MlflowError> {
        let text = self.ask.ask(&format!("{API}/{what}"), Some(&asked.to_string()));
        parsed(what, &text.map_err(unread)?)
    }

    /// Returns the answer to a question, or nothing where a server does not know it.
    fn get<T: DeserializeOwned>(&mut self, what: &str, asked: &str) -> Result<Option<T>, MlflowError> {
        match self.ask.ask(&format!("{API}/{what}?{asked}"), None) {
            Ok(text) => parsed(what, &text).map(Some),
            Err(Unasked::Unknown(_)) => Ok(None),
            Err(error) => Err(unread(error)),
        }
    }

    /// Asks for page after page; `page` takes the mark of one and returns that of the next.
    fn pages(&mut self, page: &mut dyn FnMut(&mut Self, Option<&str>) -> Next) -> Result<(), MlflowError> {
        let mut mark: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let next = page(self, mark.as_deref())?.filter(|mark| !mark.is_empty());
            // One that answers its last page with its own mark has no further ones.
            if next.is_none() || next == mark {
                break;
            }
            mark = next;
        }
        Ok(())
    }

    fn run(&self, told: Told) -> Run {
        let Told { info, data, inputs, outputs } = told;
        let experiment = self.experiments.get(&info.experiment_id).cloned();
        let (experiment, is_gone) = experiment.unwrap_or_else(|| (format!("experiment {}", info.experiment_id), false));
        let pairs = |pairs: Vec<Pair>| pairs.into_iter().map(|pair| (pair.key, pair.value)).collect();
        let mut datasets: Vec<Dataset> = inputs.dataset_inputs.into_iter().map(dataset).collect();
        datasets.sort_by(|a, b| (&a.name, &a.digest).cmp(&(&b.name, &b.digest)));
        let ids = |models: Vec<Model>| {
            let mut ids: Vec<String> = models.into_iter().map(|model| model.model_id).collect();
            ids.sort();
            ids
        };
        Run {
            id: info.run_id.or(info.run_uuid).unwrap_or_default(),
            experiment,
            name: info.run_name,
            user: info.user_id,
            status: info.status,
            start_ms: info.start_time.map(|ms| ms.0),
            end_ms: info.end_time.map(|ms| ms.0),
            artifacts: info.artifact_uri,
            is_deleted: is_gone || info.lifecycle_stage == DELETED,
            params: pairs(data.params),
            tags: pairs(data.tags),
            metrics: data.metrics.into_iter().map(metric).collect(),
            datasets,
            models_read: ids(inputs.model_inputs),
            models_written: ids(outputs.model_outputs),
        }
    }
}

fn dataset(told: DatasetInput) -> Dataset {
    let DatasetTold { name, digest, source } = told.dataset;
    let context = told.tags.into_iter().find(|tag| tag.key == CONTEXT).map(|tag| tag.value);
    Dataset { name, digest, source, context }
}

fn metric(told: Metric) -> (String, Measured) {
    let value = told.value.as_f64().or_else(|| told.value.as_str()?.parse().ok()).unwrap_or(f64::NAN);
    let whole = |number: Option<Whole>| number.map_or(0, |number| number.0);
    (told.key, Measured { value, step: whole(told.step), at_ms: whole(told.timestamp) })
}

fn unread(error: Unasked) -> MlflowError {
    let (Unasked::Unknown(reason) | Unasked::Failed(reason)) = error;
    MlflowError::Unread(reason)
}

fn parsed<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, MlflowError> {
    serde_json::from_str(text)
        .map_err(|error| MlflowError::Unread(format!("the answer to `{what}` is not MLflow's: {error}")))
}

/// Returns a value as it stands behind a `=` in an address.
fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

impl Source for Server<'_> {
    fn registry(&mut self) -> Result<Registry, MlflowError> {
        let mut registry = Registry::default();
        let mark = |page: Option<&str>| page.map_or_else(String::new, |page| format!("&page_token={}", encoded(page)));
        self.pages(&mut |server, page| {
            let asked = format!("max_results={BATCH}{}", mark(page));
            let Some(answer) = server.get::<Models>("registered-models/search", &asked)? else { return Ok(None) };
            for RegisteredModel { name, aliases } in answer.registered_models {
                let alias = |AliasTold { alias, version }| Alias { model: name.clone(), alias, version };
                registry.aliases.extend(aliases.into_iter().map(alias));
                registry.models.push(name);
            }
            Ok(answer.next_page_token)
        })?;
        self.pages(&mut |server, page| {
            let asked = format!("max_results={BATCH}{}", mark(page));
            let Some(answer) = server.get::<Versions>("model-versions/search", &asked)? else { return Ok(None) };
            for ModelVersion { name, version, creation_timestamp, run_id, source } in answer.model_versions {
                let at_ms = creation_timestamp.map(|ms| ms.0);
                let told = Registered { model: name, version, at_ms, source };
                registry.add(run_id.as_deref().unwrap_or_default(), told);
            }
            Ok(answer.next_page_token)
        })?;
        Ok(registry.sorted())
    }

    fn next(&mut self) -> Result<Vec<Run>, MlflowError> {
        while let Some(ids) = self.left.front() {
            let view = if self.takes_deleted { "ALL" } else { "ACTIVE_ONLY" };
            // In this order what begins meanwhile comes last, and moves no page.
            let asked = json!({
                "experiment_ids": ids, "run_view_type": view, "max_results": BATCH,
                "order_by": ["attributes.start_time ASC"], "page_token": self.page,
            });
            let answer: Runs = self.post("runs/search", &asked)?;
            self.pages = self.pages.saturating_add(1);
            let next = answer.next_page_token.filter(|mark| !mark.is_empty());
            if next.is_none() || next == self.page || self.pages >= MOST_PAGES {
                self.left.pop_front();
                (self.page, self.pages) = (None, 0);
            } else {
                self.page = next;
            }
            if !answer.runs.is_empty() {
                return Ok(answer.runs.into_iter().map(|told| self.run(told)).collect());
            }
        }
        Ok(Vec::new())
    }

    fn artifacts(&mut self, run: &Run) -> Result<Vec<String>, MlflowError> {
        let list: Option<ArtifactList> = self.get("artifacts/list", &format!("run_id={}", encoded(&run.id)))?;
        Ok(list.map_or_else(Vec::new, |list| list.files.into_iter().map(|file| file.path).collect()))
    }
}
