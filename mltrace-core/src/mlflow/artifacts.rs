//! What lies at the top of the folder of a run's artifacts.

use std::path::{Path, PathBuf};

use super::run::{Registered, Run};

/// So many entries of a folder are outputs.
const MOST: usize = 1000;

/// The artifacts of a run, by their paths or addresses.
pub(super) struct Artifacts(pub(super) Vec<String>);

impl Artifacts {
    /// Returns those that somebody was asked for, those that lie on this machine, and those that were registered as models.
    pub(super) fn of(run: &Run, asked: Vec<String>, registered: &[Registered]) -> Self {
        let Some(folder) = run.artifacts.as_deref().map(|folder| folder.trim_end_matches('/')) else {
            return Self(Vec::new());
        };
        let mut names = asked;
        if let Some(folder) = local(folder, &run.id) {
            names.extend(entries(&folder));
        }
        names.extend(registered.iter().filter_map(|version| below(version.source.as_deref()?, folder, &run.id)));
        names.sort();
        names.dedup();
        let folder = folder.strip_prefix("file://").unwrap_or(folder);
        Self(names.into_iter().map(|name| format!("{folder}/{name}")).collect())
    }
}

/// Returns the folder if it is one of this machine that MLflow made for the run: no other one is looked into.
fn local(folder: &str, run: &str) -> Option<PathBuf> {
    let path = Path::new(folder.strip_prefix("file://").unwrap_or(folder));
    let is_of_run = path.is_absolute() && path.ends_with(Path::new(run).join("artifacts"));
    (is_of_run && !run.is_empty()).then(|| path.to_owned())
}

fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = folder.read_dir() else { return Vec::new() };
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).take(MOST).collect();
    names.retain(|name| !name.starts_with('.'));
    names
}

/// Returns which entry of the folder holds what was registered as a model.
fn below(source: &str, folder: &str, run: &str) -> Option<String> {
    let rest = source.strip_prefix(folder).or_else(|| source.strip_prefix("runs:/")?.strip_prefix(run))?;
    let top = rest.strip_prefix('/')?.split('/').next()?;
    (!top.is_empty()).then(|| top.to_owned())
}
