//! Which stages the commits of a repository changed.

use std::collections::BTreeMap;
use std::rc::Rc;

use foldhash::HashMap;
use git2::{Commit, ObjectType, Oid, Repository, Sort};

use super::lock::{LONGEST, Stage, stages};
use crate::model::Timestamp;

/// Folders nested deeper than this are not looked into.
const DEEPEST: usize = 64;
/// So many bytes may the paths of the files below one folder have: a tree may hold one folder again and again, and that again.
const MOST_PATHS: usize = 4 << 20;
/// So many folders, with so many bytes of paths, and so many files are remembered: what is forgotten is read again.
const MOST_REMEMBERED: usize = 50_000;
const MOST_BYTES: usize = 64 << 20;
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
    pub(super) stage: Rc<Stage>,
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

/// The files of DVC's below a folder, by path from there.
#[derive(Default)]
struct Files {
    found: Vec<(String, Oid)>,
    /// How many bytes their paths have.
    bytes: usize,
    /// What was left out first, and why.
    left_out: Option<(String, String)>,
}

impl Files {
    fn add(&mut self, path: String, blob: Oid) {
        self.bytes = self.bytes.saturating_add(path.len());
        if self.bytes <= MOST_PATHS {
            self.found.push((path, blob));
        } else if self.left_out.is_none() {
            self.left_out =
                Some((path, format!("the paths before it have {MOST_PATHS} bytes, and no more are looked at")));
        }
    }

    fn leave_out(&mut self, path: String, reason: String) {
        self.left_out.get_or_insert((path, reason));
    }

    fn of(&self, path: &str) -> Option<Oid> {
        let place = self.found.binary_search_by(|(known, _)| known.as_str().cmp(path)).ok()?;
        self.found.get(place).map(|(_, blob)| *blob)
    }
}

type Stages = Rc<Result<BTreeMap<String, Rc<Stage>>, String>>;

/// Reads a repository commit by commit.
pub(super) struct History<'r> {
    repository: &'r Repository,
    /// By how deep they lie, too: what is below the deepest is left out.
    folders: HashMap<(Oid, usize), Rc<Files>>,
    /// How many bytes their paths have.
    bytes: usize,
    parsed: HashMap<Oid, Stages>,
}

impl<'r> History<'r> {
    pub(super) fn of(repository: &'r Repository) -> Self {
        Self { repository, folders: HashMap::default(), bytes: 0, parsed: HashMap::default() }
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
        if let Some((path, reason)) = files.left_out.clone()
            && parents.iter().all(|parent| parent.left_out != files.left_out)
        {
            unread.push(Unread { commit: commit.id().to_string(), path, reason });
        }
        let mut changes = Vec::new();
        for (path, blob) in &files.found {
            let before: Vec<Option<Oid>> = parents.iter().map(|files| files.of(path)).collect();
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
            let is_known = |name: &String, stage: &Rc<Stage>| {
                known.iter().any(|known| known.as_ref().as_ref().is_ok_and(|known| known.get(name) == Some(stage)))
            };
            let changed = now.iter().filter(|(name, stage)| !is_known(name, stage));
            changes.extend(changed.map(|(name, stage)| change(&commit, path, name, stage)));
        }
        Ok(changes)
    }

    fn files(&mut self, folder: Oid, depth: usize) -> Result<Rc<Files>, git2::Error> {
        if let Some(known) = self.folders.get(&(folder, depth)) {
            return Ok(Rc::clone(known));
        }
        let mut files = Files::default();
        let tree = self.repository.find_tree(folder)?;
        for entry in &tree {
            // No stage has a name that is not text.
            let Ok(name) = entry.name() else { continue };
            match entry.kind() {
                Some(ObjectType::Tree) if depth < DEEPEST => {
                    let below = self.files(entry.id(), depth.saturating_add(1))?;
                    below.found.iter().for_each(|(path, blob)| files.add(format!("{name}/{path}"), *blob));
                    if let Some((path, reason)) = &below.left_out {
                        files.leave_out(format!("{name}/{path}"), reason.clone());
                    }
                }
                Some(ObjectType::Tree) => {
                    files.leave_out(
                        name.to_owned(),
                        format!("folders nested deeper than {DEEPEST} are not looked into"),
                    );
                }
                Some(ObjectType::Blob) if name == "dvc.lock" || (name.ends_with(".dvc") && name.len() > 4) => {
                    files.add(name.to_owned(), entry.id());
                }
                _ => {}
            }
        }
        files.found.sort();
        if self.folders.len() >= MOST_REMEMBERED || self.bytes >= MOST_BYTES {
            self.folders.clear();
            self.bytes = 0;
        }
        self.bytes = self.bytes.saturating_add(files.bytes.min(MOST_PATHS));
        let files = Rc::new(files);
        self.folders.insert((folder, depth), Rc::clone(&files));
        Ok(files)
    }

    fn stages(&mut self, path: &str, blob: Oid) -> Result<Stages, git2::Error> {
        if let Some(known) = self.parsed.get(&blob) {
            return Ok(Rc::clone(known));
        }
        let (size, _) = self.repository.odb()?.read_header(blob)?;
        let read = match size > LONGEST {
            true => Err(format!("it has {size} bytes; the limit is {LONGEST}")),
            false => stages(path, self.repository.find_blob(blob)?.content())
                .map(|stages| stages.into_iter().map(|(name, stage)| (name, Rc::new(stage))).collect()),
        };
        let read = Rc::new(read);
        if self.parsed.len() >= MOST_PARSED {
            self.parsed.clear();
        }
        self.parsed.insert(blob, Rc::clone(&read));
        Ok(read)
    }
}

fn change(commit: &Commit<'_>, path: &str, name: &str, stage: &Rc<Stage>) -> Change {
    let seconds = commit.time().seconds();
    Change {
        commit: commit.id().to_string(),
        at: Timestamp(seconds.saturating_mul(1_000_000)),
        author: commit.author().name().ok().map(str::to_owned),
        path: path.to_owned(),
        name: name.to_owned(),
        stage: Rc::clone(stage),
    }
}
