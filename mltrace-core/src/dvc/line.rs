//! A stage that a commit changed, as a line of an import.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use foldhash::HashMap;
use path_clean::PathClean as _;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::history::Change;
use super::lock::Entry;
use crate::model::{Code, RunId, Timestamp, VersionId};
use crate::naming;

impl Change {
    /// Returns the run that this is, always the same one.
    pub(super) fn run(&self) -> RunId {
        let Self { commit, path, name, .. } = self;
        RunId(Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("dvc {commit} {path} {name}").as_bytes()))
    }

    /// Returns what the stage is called: by its name at the root, behind its folder elsewhere, and by its file where that
    /// mentions nothing else.
    fn component(&self) -> String {
        let folder = self.path.rsplit_once('/').map(|(folder, _)| folder);
        match (folder, self.name.as_str()) {
            (_, "") => self.path.clone(),
            (None, name) => name.to_owned(),
            (Some(folder), name) => format!("{folder}/{name}"),
        }
    }

    /// Returns where something lies that the stage names.
    pub(super) fn place(&self, entry: &Entry, work_tree: &Path) -> String {
        if naming::is_uri(&entry.path) {
            return entry.path.clone();
        }
        let mut folder = work_tree.join(&self.path);
        folder.pop();
        let folder = self.stage.wdir.iter().fold(folder, |folder, wdir| folder.join(wdir));
        let path: PathBuf = folder.join(&entry.path).clean();
        naming::encode(path.as_os_str()).into_owned()
    }

    /// Returns the line; `version` returns the content of an entry of which somebody has the bytes.
    pub(super) fn line(
        &self,
        work_tree: &Path,
        at: Timestamp,
        version: &mut dyn FnMut(&Entry) -> Option<VersionId>,
    ) -> Value {
        let mut edge = |entry: &Entry| {
            let told = version(entry).or_else(|| entry.declared().map(VersionId::Declared));
            let mut edge = json!({"name": self.place(entry, work_tree), "version": told, "argument": entry.path});
            // The size of what an address holds, or of a folder, is that of its list, or of nothing.
            if let (Some(size), Some(VersionId::Content(_))) = (entry.size, &told) {
                put(&mut edge, "size", json!(size));
            }
            edge
        };
        let inputs: Vec<Value> = self.stage.deps.iter().map(&mut edge).collect();
        let outputs: Vec<Value> = self.stage.outs.iter().map(&mut edge).collect();
        let mut line = json!({
            "id": self.run(), "component": self.component(), "started_at": at, "ended_at": Timestamp(at.0.saturating_add(1)),
            "inputs": inputs, "outputs": outputs, "params": self.params(), "git_commit": self.commit, "user": self.author,
            "description": self.stage.desc,
        });
        if let Some(command) = self.stage.cmd.as_ref().map(super::lock::Command::text) {
            let hash = blake3::hash(command.as_bytes()).to_hex();
            let code = json!({"file": Code::COMMAND_LINE, "line": 1, "hash": hash.as_str(), "source": command});
            put(&mut line, "code", code);
        }
        line
    }

    /// Returns the parameters: those of `params.yaml` by name, those of other files behind the name of the file, as DVC shows them.
    fn params(&self) -> Map<String, Value> {
        let mut params = Map::new();
        for (file, given) in &self.stage.params {
            let Value::Object(given) = given else { continue };
            for (name, value) in given {
                let name = if file == "params.yaml" { name.clone() } else { format!("{file}:{name}") };
                params.insert(name, value.clone());
            }
        }
        params
    }
}

fn put(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// Brings the stages of a commit into an order in which each comes after those that made what it reads; those that wait for
/// each other are taken as they come.
pub(super) fn in_order(changes: Vec<Change>, work_tree: &Path) -> Vec<Change> {
    let mut makers: HashMap<PathBuf, usize> = HashMap::default();
    for (place, change) in changes.iter().enumerate() {
        makers.extend(change.stage.outs.iter().map(|out| (change.place(out, work_tree).into(), place)));
    }
    let (mut waits, mut followers) = (BTreeMap::new(), BTreeMap::<usize, Vec<usize>>::new());
    for (place, change) in changes.iter().enumerate() {
        let reads = change.stage.deps.iter().map(|dep| PathBuf::from(change.place(dep, work_tree)));
        // Anyone who reads a file of a folder reads what the folder's maker made.
        let made =
            reads.flat_map(|path| path.ancestors().filter_map(|path| makers.get(path).copied()).collect::<Vec<_>>());
        let others: BTreeSet<usize> = made.filter(|maker| *maker != place).collect();
        others.iter().for_each(|maker| followers.entry(*maker).or_default().push(place));
        waits.insert(place, others);
    }
    let mut ready: BTreeSet<usize> =
        waits.iter().filter(|(_, others)| others.is_empty()).map(|(place, _)| *place).collect();
    let mut left: BTreeMap<usize, Change> = changes.into_iter().enumerate().collect();
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(next) = ready.pop_first().or_else(|| left.keys().next().copied()) {
        ordered.extend(left.remove(&next));
        for follower in followers.remove(&next).unwrap_or_default() {
            let is_ready = waits.get_mut(&follower).is_some_and(|others| others.remove(&next) && others.is_empty());
            if is_ready && left.contains_key(&follower) {
                ready.insert(follower);
            }
        }
    }
    ordered
}
