//! Aliases of registered models, which MLflow keeps without the time at which they were moved.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use uuid::Uuid;

use super::run::{Registry, model_uri};
use crate::config::Home;
use crate::ingest::{self, ImportReport};
use crate::model::{ArtifactName, Timestamp, Version, VersionId};
use crate::naming::{self, Root};
use crate::store::{Store, StoreError};

/// Who moves an alias that MLflow moved.
const BY: &str = "mlflow";

/// What an alias points to, and who moved it there.
type Entry = (Option<Version>, Option<String>);

/// Moves the aliases that point elsewhere than in MLflow, and removes those that an import had set and MLflow has no longer;
/// returns how many these are.
pub(super) fn move_all(
    home: &Home,
    store: &mut dyn Store,
    registry: &Registry,
    report: &mut ImportReport,
) -> Result<u64, StoreError> {
    let known = known(home, store)?;
    let mut wanted: BTreeMap<String, Option<Version>> = BTreeMap::new();
    let models: BTreeSet<ArtifactName> = registry.models.iter().filter_map(|model| canonical(model)).collect();
    for (alias, (artifact, by)) in &known {
        if by.as_deref() == Some(BY) && artifact.as_ref().is_some_and(|artifact| models.contains(&artifact.name)) {
            wanted.insert(alias.clone(), None);
        }
    }
    for alias in &registry.aliases {
        let version = VersionId::Declared(alias.version.clone());
        let Some(name) = canonical(&alias.model) else { continue };
        wanted.insert(name_of(&alias.model, &alias.alias), Some(Version { name, version }));
    }
    let now = Timestamp::now();
    let mut text = String::new();
    for (alias, artifact) in wanted {
        if known.get(&alias).is_some_and(|(known, _)| *known == artifact) {
            continue;
        }
        let told = format!("mlflow {alias} {} {}", json!(artifact), now.0);
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, told.as_bytes());
        let line = json!({"type": "alias", "id": id, "alias": alias, "artifact": artifact, "by": BY, "at": now});
        text.push_str(&format!("{line}\n"));
    }
    let ImportReport { stored, wrong, errors, .. } = ingest::import(home, store, &mut text.as_bytes(), &mut |_| {})?;
    let refused = ImportReport { wrong, errors, ..ImportReport::default() };
    report.add(refused);
    Ok(stored)
}

/// Returns what each alias points to, and who moved it there.
fn known(home: &Home, store: &mut dyn Store) -> Result<BTreeMap<String, Entry>, StoreError> {
    let look = store.look();
    let Some(project) = look.project(&home.project, home.identity.as_deref())? else { return Ok(BTreeMap::new()) };
    let mut entries = look.aliases(project)?;
    entries.sort_by_key(|entry| (entry.at, entry.id));
    Ok(entries.into_iter().map(|entry| (entry.alias, (entry.artifact, entry.by))).collect())
}

/// Returns what the versions of a model are versions of.
fn canonical(model: &str) -> Option<ArtifactName> {
    naming::in_line(&model_uri(model), &Root::unknown())
}

/// Returns what an alias of a model is called: an alias has no blanks, and nothing that has a meaning beside a name.
fn name_of(model: &str, alias: &str) -> String {
    let is_wrong = |letter: char| letter.is_whitespace() || letter.is_control() || "@:*?".contains(letter);
    format!("{model}/{alias}").replace(is_wrong, "_")
}
