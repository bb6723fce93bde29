//! The outputs of an open run: what was bound so far, what was told already, and how files stood before.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::capture::{Given, Named, Naming, Root, Stat, fingerprint, name};
use crate::model::{ArtifactName, Timestamp};

/// What an open run wrote, or will have written at its end.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// In the order of binding; a slot that is bound again replaces its own.
    bound: Vec<Bound>,
    /// How files stood when the run first named them.
    before: HashMap<PathBuf, Option<Stat>>,
    /// How files stood when the run last told that it had written them.
    told: HashMap<PathBuf, Option<Stat>>,
}

#[derive(Debug)]
struct Bound {
    slot: usize,
    given: Given,
    /// The working directory when the name was bound, for a name that is relative to it.
    folder: Option<PathBuf>,
}

/// An output at the end of its run.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) given: Given,
    pub(super) name: ArtifactName,
    pub(super) path: Option<PathBuf>,
    before: Option<Option<Stat>>,
    told: Option<Option<Stat>>,
}

impl Outputs {
    /// Remembers how a file stands before the body.
    pub(super) fn look_before(&mut self, path: PathBuf) {
        self.before.entry(path).or_insert_with_key(|path| fingerprint::stat(path).ok().flatten());
    }

    /// Remembers how a file stood when the run told that it had written it.
    pub(super) fn told(&mut self, path: &Path, stat: Option<Stat>) {
        self.told.insert(path.to_owned(), stat);
    }

    /// Takes note of names that are outputs of the run's end.
    pub(super) fn bind(&mut self, slot: usize, given: Vec<Given>, append: bool, root: &Root) {
        if !append {
            self.bound.retain(|bound| bound.slot != slot);
        }
        for given in given {
            let folder = if is_relative(&given.named) { std::env::current_dir().ok() } else { None };
            if let Some(Naming { path: Some(path), .. }) = named(&given.named, root, folder.as_deref()) {
                self.look_before(path);
            }
            self.bound.push(Bound { slot, given, folder });
        }
    }

    /// Returns every output once, in the order of binding, then the files that were told and changed again.
    pub(super) fn finish(self, root: &Root) -> Vec<Finished> {
        let Self { bound, before, mut told } = self;
        let mut seen = std::collections::HashSet::new();
        let mut finished = Vec::with_capacity(bound.len());
        for Bound { given, folder, .. } in bound {
            let Some(Naming { name, path }) = named(&given.named, root, folder.as_deref()) else { continue };
            if !seen.insert((name.clone(), given.version.clone())) {
                continue;
            }
            let before = path.as_ref().and_then(|path| before.get(path).copied());
            let told = path.as_ref().and_then(|path| told.remove(path));
            finished.push(Finished { given, name, path, before, told });
        }
        let mut again: Vec<_> = told.into_iter().collect();
        again.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (path, stat) in again {
            let given = Given::new(Named::Path(path));
            let Some(Naming { name, path }) = named(&given.named, root, None) else { continue };
            finished.push(Finished { given, name, path, before: None, told: Some(stat) });
        }
        finished
    }
}

impl Finished {
    /// Returns whether the run told this very state before its end.
    pub(super) fn is_told_as(&self, stat: Option<&Stat>) -> bool {
        self.told.as_ref().is_some_and(|told| stat.is_none() || told.as_ref() == stat)
    }

    /// Returns whether a file is there that differs from the run's start.
    pub(super) fn is_changed(&self, stat: Option<&Stat>, started_at: Timestamp) -> bool {
        let Some(now) = stat else { return false };
        match self.before.or(self.told) {
            Some(Some(before)) if before == *now => now.ctime_ns / 1000 >= started_at.0,
            _ => true,
        }
    }
}

fn is_relative(named: &Named) -> bool {
    match named {
        Named::Path(path) => path.is_relative(),
        Named::Text(text) => !text.starts_with('/') && !text.contains("://"),
    }
}

fn named(given: &Named, root: &Root, folder: Option<&Path>) -> Option<Naming> {
    match folder {
        Some(folder) => name::name_from(given, root, folder),
        None => name::name(given, root),
    }
}
