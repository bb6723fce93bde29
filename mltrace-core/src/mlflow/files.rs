//! The runs in a folder of files, as MLflow keeps them there.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::run::{Alias, CONTEXT, DELETED, Dataset, Measured, Registered, Registry, Run};
use super::source::{BATCH, MlflowError, Source};
use crate::config;

/// A file may be so long; of a longer metric the last values are read.
const LONGEST: u64 = 1 << 20;
/// How many values a file of YAML may have, and how deeply they, and folders, may be nested.
const MOST_NODES: usize = 100_000;
const DEEPEST: usize = 16;

/// A folder, read run by run.
pub(super) struct Files {
    /// The folders of the runs that are to be read, the next one last.
    left: Vec<Folder>,
    root: PathBuf,
}

/// The folder of a run.
struct Folder {
    path: PathBuf,
    experiment: String,
    is_deleted: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Experiment {
    name: Option<String>,
    lifecycle_stage: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Info {
    run_id: Option<String>,
    run_uuid: Option<String>,
    run_name: Option<String>,
    user_id: Option<String>,
    /// A number, or the word of an older MLflow.
    status: Value,
    start_time: Option<i64>,
    end_time: Option<i64>,
    artifact_uri: Option<String>,
    lifecycle_stage: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Edge {
    source_id: String,
    destination_id: String,
    destination_type: String,
    tags: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DatasetFile {
    name: String,
    digest: String,
    source: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ModelVersion {
    name: String,
    version: Value,
    creation_timestamp: Option<i64>,
    run_id: Option<String>,
    source: Option<String>,
}

impl Files {
    pub(super) fn open(root: PathBuf) -> Result<Self, MlflowError> {
        let folders =
            folders(&root).map_err(|error| MlflowError::NoRuns { place: root.clone(), reason: error.to_string() })?;
        let trashed = self::folders(&root.join(".trash")).unwrap_or_default();
        let mut left = Vec::new();
        let mut has_any = false;
        for (folder, is_trashed) in
            folders.into_iter().map(|path| (path, false)).chain(trashed.into_iter().map(|path| (path, true)))
        {
            let Ok(experiment) = yaml::<Experiment>(&folder.join("meta.yaml")) else { continue };
            // The folder of registered models has no name.
            let Some(name) = experiment.name else { continue };
            has_any = true;
            let is_deleted = is_trashed || experiment.lifecycle_stage == DELETED;
            let runs = self::folders(&folder).unwrap_or_default().into_iter();
            let runs = runs.filter(|path| path.join("meta.yaml").is_file());
            left.extend(runs.map(|path| Folder { path, experiment: name.clone(), is_deleted }));
        }
        if !has_any {
            return Err(MlflowError::NoRuns { place: root, reason: "no experiment lies in it".to_owned() });
        }
        left.reverse();
        Ok(Self { left, root })
    }

    fn run(folder: &Folder) -> Result<Option<Run>, String> {
        let info: Info = yaml(&folder.path.join("meta.yaml"))?;
        // A folder of something else: of a dataset, a model.
        let Some(id) = info.run_id.or(info.run_uuid) else { return Ok(None) };
        let mut run = Run {
            id,
            experiment: folder.experiment.clone(),
            name: info.run_name,
            user: info.user_id,
            status: info.status.as_str().map_or_else(|| info.status.to_string(), str::to_owned),
            start_ms: info.start_time,
            end_ms: info.end_time,
            artifacts: info.artifact_uri,
            is_deleted: folder.is_deleted || info.lifecycle_stage == DELETED,
            ..Run::default()
        };
        values(&folder.path.join("params"), &mut |name, text| {
            run.params.insert(name, text);
        });
        values(&folder.path.join("tags"), &mut |name, text| {
            run.tags.insert(name, text);
        });
        values(&folder.path.join("metrics"), &mut |name, text| {
            run.metrics.extend(latest(&text).map(|measured| (name, measured)));
        });
        let experiment = folder.path.parent().unwrap_or(&folder.path);
        for edge in edges(&folder.path.join("inputs")) {
            if edge.destination_type.starts_with("MODEL") {
                run.models_read.push(edge.source_id);
                continue;
            }
            let place = experiment.join("datasets").join(inside(&edge.source_id)).join("meta.yaml");
            let Ok(DatasetFile { name, digest, source }) = yaml(&place) else { continue };
            run.datasets.push(Dataset { name, digest, source, context: edge.tags.get(CONTEXT).cloned() });
        }
        run.datasets.sort_by(|a, b| (&a.name, &a.digest).cmp(&(&b.name, &b.digest)));
        run.models_written = edges(&folder.path.join("outputs")).into_iter().map(|edge| edge.destination_id).collect();
        Ok(Some(run))
    }
}

impl Source for Files {
    fn registry(&mut self) -> Result<Registry, MlflowError> {
        let mut registry = Registry::default();
        for model in folders(&self.root.join("models")).unwrap_or_default() {
            let Some(name) = model.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            for folder in folders(&model).unwrap_or_default() {
                let Ok(version) = yaml::<ModelVersion>(&folder.join("meta.yaml")) else { continue };
                let number = version.version.as_str().map_or_else(|| version.version.to_string(), str::to_owned);
                if version.name == name {
                    let (at_ms, source) = (version.creation_timestamp, version.source);
                    let told = Registered { model: name.clone(), version: number, at_ms, source };
                    registry.add(version.run_id.as_deref().unwrap_or_default(), told);
                }
            }
            values(&model.join("aliases"), &mut |alias, version| {
                registry.aliases.push(Alias { model: name.clone(), alias, version: version.trim().to_owned() });
            });
            registry.models.push(name);
        }
        Ok(registry.sorted())
    }

    fn next(&mut self) -> Result<Vec<Run>, MlflowError> {
        let mut runs = Vec::new();
        while runs.len() < BATCH {
            let Some(folder) = self.left.pop() else { break };
            let unread = |reason| MlflowError::Unread(format!("`{}`: {reason}", folder.path.display()));
            runs.extend(Self::run(&folder).map_err(unread)?);
        }
        Ok(runs)
    }
}

/// Returns the folders in a folder, by name.
fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = folder.read_dir()?.filter_map(Result::ok);
    let is_folder = |kind: io::Result<std::fs::FileType>| kind.is_ok_and(|kind| kind.is_dir());
    let mut found: Vec<PathBuf> =
        entries.filter(|entry| is_folder(entry.file_type())).map(|entry| entry.path()).collect();
    found.sort();
    Ok(found)
}

/// Returns a name as one that leads nowhere else than below the folder that it is joined to.
fn inside(name: &str) -> &str {
    if name.contains(['/', '\\']) || name == ".." { "." } else { name }
}

/// Returns the edges that lie in a folder, each in a folder of its own.
fn edges(folder: &Path) -> Vec<Edge> {
    let folders = folders(folder).unwrap_or_default();
    folders.into_iter().filter_map(|folder| yaml(&folder.join("meta.yaml")).ok()).collect()
}

/// Passes the texts of the files below a folder, by their paths from there: a slash in a name is a folder.
fn values(folder: &Path, each: &mut dyn FnMut(String, String)) {
    let mut left = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((folder, before, depth)) = left.pop() {
        let Ok(entries) = folder.read_dir() else { continue };
        for entry in entries.filter_map(Result::ok) {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            let name = format!("{before}{name}");
            if kind.is_dir() && depth < DEEPEST {
                left.push((entry.path(), format!("{name}/"), depth.saturating_add(1)));
            } else if kind.is_file()
                && let Ok(text) = read(&entry.path())
            {
                each(name, text);
            }
        }
    }
}

/// Returns the last bytes of a file, as far as one may be long.
fn read(path: &Path) -> io::Result<String> {
    use std::io::{Seek as _, SeekFrom};
    let mut file = config::open_named(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST)))?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn yaml<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = read(path).map_err(|error| error.to_string())?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MOST_NODES,
            max_depth: DEEPEST,
            max_aliases: 0,
        },
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(&text, options).map_err(|error| error.to_string())
}

/// Returns the latest of the values of a metric, one a line: `TIME VALUE STEP`. The step counts first, as in MLflow.
fn latest(text: &str) -> Option<Measured> {
    let values = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (at_ms, value) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let step = words.next().and_then(|step| step.parse().ok()).unwrap_or(0);
        Some(Measured { value, step, at_ms })
    });
    values.reduce(|last, next| {
        let is_later = (next.step, next.at_ms) > (last.step, last.at_ms);
        let is_greater =
            (next.step, next.at_ms) == (last.step, last.at_ms) && (last.value.is_nan() || next.value > last.value);
        if is_later || is_greater { next } else { last }
    })
}
