//! Which stages the commits of a repository changed.

use std::collections::BTreeMap;
use std::rc::Rc;

use foldhash::HashMap;
use git2::{Commit, ObjectType, Oid, Repository, Sort};

use super::lock::{LONGEST, Stage, stages};
use crate::model::Timestamp;

/// Folders nested deeper than this are not looked into.
const DEEPEST: usize = 64;
/// So many folders, and so many files, are remembered: what is forgotten is read again.
const MOST_REMEMBERED: usize = 50_000;
const MOST_PARSED: usize = 256;

/// A stage as a commit changed it.
pub(super) struct Change {
    pub(super) commit: String,
    pub(super) at: Timestamp,
    /// Whose commit it is.
    pub(super) author: Option<String>,
    /// The file that says so, from the root of the repository.
    pub(super) path: String,
    /// The name of the stage; empty in a file that ends in `.dvc`.
    pub(super) name: String,
    pub(super) stage: Stage,
}

/// A file that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The commit.
    pub commit: String,
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}

type Files = Rc<Vec<(String, Oid)>>;
type Stages = Rc<Result<BTreeMap<String, Stage>, String>>;

/// Reads a repository commit by commit.
pub(super) struct History<'r> {
    repository: &'r Repository,
    folders: HashMap<Oid, Files>,
    parsed: HashMap<Oid, Stages>,
}

impl<'r> History<'r> {
    pub(super) fn of(repository: &'r Repository) -> Self {
        Self { repository, folders: HashMap::default(), parsed: HashMap::default() }
    }

    /// Returns the commits that lead to the current one, parents first.
    pub(super) fn commits(&self) -> Result<Vec<Oid>, git2::Error> {
        let mut walk = self.repository.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
        walk.push_head()?;
        walk.collect()
    }

    /// Returns the stages that a commit has otherwise than each of its parents.
    pub(super) fn changes(&mut self, commit: Oid, unread: &mut Vec<Unread>) -> Result<Vec<Change>, git2::Error> {
        let commit = self.repository.find_commit(commit)?;
        let files = self.files(commit.tree_id(), 0)?;
        let mut parents = Vec::new();
        for parent in commit.parents() {
            parents.push(self.files(parent.tree_id(), 0)?);
        }
        let mut changes = Vec::new();
        for (path, blob) in files.iter() {
            let before: Vec<Option<Oid>> = parents.iter().map(|files| found(files, path)).collect();
            if before.contains(&Some(*blob)) {
                continue;
            }
            let now = self.stages(path, *blob)?;
            let now = match &*now {
                Ok(now) => now,
                Err(reason) => {
                    let (commit, path, reason) = (commit.id().to_string(), path.clone(), reason.clone());
                    unread.push(Unread { commit, path, reason });
                    continue;
                }
            };
            let mut known = Vec::new();
            for blob in before.into_iter().flatten() {
                known.push(self.stages(path, blob)?);
            }
            let is_known = |name: &String, stage: &Stage| {
                known.iter().any(|known| known.as_ref().as_ref().is_ok_and(|known| known.get(name) == Some(stage)))
            };
            let changed = now.iter().filter(|(name, stage)| !is_known(name, stage));
            changes.extend(changed.map(|(name, stage)| change(&commit, path, name, stage)));
        }
        Ok(changes)
    }

    /// Returns the files of DVC's below a folder, by path from there.
    fn files(&mut self, folder: Oid, depth: usize) -> Result<Files, git2::Error> {
        if let Some(known) = self.folders.get(&folder) {
            return Ok(Rc::clone(known));
        }
        let mut files = Vec::new();
        let tree = self.repository.find_tree(folder)?;
        for entry in &tree {
            // No stage has a name that is not text.
            let Ok(name) = entry.name() else { continue };
            match entry.kind() {
                Some(ObjectType::Tree) if depth < DEEPEST => {
                    let below = self.files(entry.id(), depth.saturating_add(1))?;
                    files.extend(below.iter().map(|(path, blob)| (format!("{name}/{path}"), *blob)));
                }
                Some(ObjectType::Blob) if name == "dvc.lock" || (name.ends_with(".dvc") && name.len() > 4) => {
                    files.push((name.to_owned(), entry.id()));
                }
                _ => {}
            }
        }
        files.sort();
        let files = Rc::new(files);
        if self.folders.len() >= MOST_REMEMBERED {
            self.folders.clear();
        }
        self.folders.insert(folder, Rc::clone(&files));
        Ok(files)
    }

    fn stages(&mut self, path: &str, blob: Oid) -> Result<Stages, git2::Error> {
        if let Some(known) = self.parsed.get(&blob) {
            return Ok(Rc::clone(known));
        }
        let (size, _) = self.repository.odb()?.read_header(blob)?;
        let read = match size > LONGEST {
            true => Err(format!("it has {size} bytes; the limit is {LONGEST}")),
            false => stages(path, self.repository.find_blob(blob)?.content()),
        };
        let read = Rc::new(read);
        if self.parsed.len() >= MOST_PARSED {
            self.parsed.clear();
        }
        self.parsed.insert(blob, Rc::clone(&read));
        Ok(read)
    }
}

fn found(files: &Files, path: &str) -> Option<Oid> {
    let place = files.binary_search_by(|(known, _)| known.as_str().cmp(path)).ok()?;
    files.get(place).map(|(_, blob)| *blob)
}

fn change(commit: &Commit<'_>, path: &str, name: &str, stage: &Stage) -> Change {
    let seconds = commit.time().seconds();
    Change {
        commit: commit.id().to_string(),
        at: Timestamp(seconds.saturating_mul(1_000_000)),
        author: commit.author().name().ok().map(str::to_owned),
        path: path.to_owned(),
        name: name.to_owned(),
        stage: stage.clone(),
    }
}
