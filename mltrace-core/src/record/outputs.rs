//! The outputs of an open run: what was bound so far, what was reported already, and how files stood before.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::Recorder;
use super::look::standing;
use crate::disk::local;
use crate::disk::state::State;
use crate::model::{ArtifactName, Mark, Timestamp};
use crate::naming::{self, Here, Naming, Root};
use crate::values::{Given, Named};

/// A file system's clock may lie behind the one that runs are dated by: within so many microseconds before the start a
/// change may as well have been made after it.
const CLOCK_US: i64 = 20_000;

/// The slot of the files that the run itself opened for writing, beside those of an attribute's `outputs`.
pub(super) const OPENED: usize = usize::MAX;

/// What an open run wrote, or will have written at its end.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// In the order of binding; a slot that is bound again replaces its own.
    bound: Vec<BoundOutput>,
    /// How files stood when the run first named them.
    before: HashMap<PathBuf, Option<State>>,
    /// Which of them were looked at before the body.
    from_start: BTreeSet<PathBuf>,
    /// How files stood when the run last reported that it had written them.
    told: HashMap<PathBuf, Option<State>>,
    /// What has no content to be reported by, and was reported: under its name alone, and with the version that was declared.
    told_names: BTreeSet<(ArtifactName, Option<String>)>,
}

/// A name that is an output of the run's end.
#[derive(Debug)]
pub(super) struct BoundOutput {
    slot: usize,
    given: Given,
    /// Its canonical name, where nothing that the run does can change it.
    naming: Option<Naming>,
    /// The working directory when the name was bound, for a name that is relative to it.
    folder: Option<PathBuf>,
    /// The local path, as far as it was known then, and how the file stood.
    file: Option<(PathBuf, Option<State>)>,
}

impl BoundOutput {
    /// Returns names as they stand now, which takes looks at the file system.
    pub(super) fn all(slot: usize, given: Vec<Given>, recorder: &Recorder, here: &Here) -> Vec<Self> {
        let bound = |given: Given| {
            let folder = if is_relative(&given.named) { here.folder() } else { None };
            let naming = named(&given.named, &recorder.root, folder);
            let file = naming.as_ref().and_then(|naming| naming.path.clone()).map(|path| {
                let standing = standing(recorder, &path);
                (path, standing)
            });
            let naming = naming.filter(|naming| naming::is_settled(&given.named, naming, &recorder.root));
            let folder = folder.filter(|_| naming.is_none()).map(Path::to_owned);
            Self { slot, given, naming, folder, file }
        };
        given.into_iter().map(bound).collect()
    }
}

/// An output at the end of its run.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) given: Given,
    pub(super) name: ArtifactName,
    pub(super) path: Option<PathBuf>,
    before: Option<Option<State>>,
    /// Whether that was before the body.
    is_from_start: bool,
    told: Option<Option<State>>,
}

impl Outputs {
    /// Remembers how a file stands when the run first names it.
    pub(super) fn stood(&mut self, path: PathBuf, standing: Option<State>) {
        self.before.entry(path).or_insert(standing);
    }

    /// Remembers how a file stands before the body, which begins after all that is known by now.
    pub(super) fn stood_at_start(&mut self, path: PathBuf, standing: Option<State>) {
        self.from_start.insert(path.clone());
        self.stood(path, standing);
    }

    /// Remembers how what was reported as written stood then.
    pub(super) fn told(&mut self, name: &ArtifactName, path: Option<&Path>, version: Option<&str>, at: Option<State>) {
        if let Some(path) = path {
            self.told.insert(path.to_owned(), at);
            return;
        }
        self.told_names.insert((name.clone(), None));
        self.told_names.insert((name.clone(), version.map(str::to_owned)));
    }

    /// Takes note of names that are outputs of the run's end, as they stand before the body.
    pub(super) fn bind_at_start(&mut self, slot: usize, bound: Vec<BoundOutput>) {
        for (path, standing) in bound.iter().filter_map(|bound| bound.file.clone()) {
            self.stood_at_start(path, standing);
        }
        self.bind(slot, bound, false);
    }

    /// Takes note of names that are outputs of the run's end.
    pub(super) fn bind(&mut self, slot: usize, bound: Vec<BoundOutput>, append: bool) {
        if !append {
            self.bound.retain(|bound| bound.slot != slot);
        }
        for bound in bound {
            if let Some((path, standing)) = &bound.file {
                self.stood(path.clone(), standing.clone());
            }
            self.bound.push(bound);
        }
    }

    /// Returns what was given for a file that the run opened for writing, if it has written there what it has not reported.
    pub(super) fn written(&self, path: &Path, now: Option<&State>) -> Option<Given> {
        let is_it =
            |bound: &&BoundOutput| bound.slot == OPENED && bound.file.as_ref().is_some_and(|(file, _)| file == path);
        let opened = self.bound.iter().find(is_it)?;
        let last = self.told.get(path).or_else(|| self.before.get(path))?;
        (now.is_some() && last.as_ref() != now).then(|| opened.given.clone())
    }

    /// Returns every output once, in the order of binding, then the files that were reported and changed again.
    pub(super) fn finish(self, root: &Root) -> Vec<Finished> {
        let Self { bound, before, from_start, mut told, told_names } = self;
        let mut seen = BTreeSet::new();
        let mut finished = Vec::with_capacity(bound.len());
        for BoundOutput { given, naming, folder, .. } in bound {
            let naming = naming.or_else(|| named(&given.named, root, folder.as_deref()));
            let Some(Naming { name, path }) = naming else { continue };
            if !seen.insert((name.clone(), given.version.clone())) {
                continue;
            }
            if path.is_none() && told_names.contains(&(name.clone(), given.version.clone())) {
                continue;
            }
            let before = path.as_ref().and_then(|path| before.get(path).cloned());
            let told = path.as_ref().and_then(|path| told.remove(path));
            let is_from_start = path.as_ref().is_some_and(|path| from_start.contains(path));
            finished.push(Finished { given, name, path, before, is_from_start, told });
        }
        let mut again: Vec<_> = told.into_iter().collect();
        again.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (path, at) in again {
            let given = Given::new(Named::Path(path));
            let Some(Naming { name, path }) = named(&given.named, root, None) else { continue };
            finished.push(Finished { given, name, path, before: None, is_from_start: false, told: Some(at) });
        }
        finished
    }
}

impl Finished {
    /// Returns whether the run reported this very state before its end.
    pub(super) fn is_told_as(&self, now: Option<&State>) -> bool {
        self.told.as_ref().is_some_and(|told| now.is_none() || told.as_ref() == now)
    }

    /// Returns whether a file is there that differs from the run's start.
    pub(super) fn is_changed(&self, now: Option<&State>, started_at: Timestamp) -> bool {
        let Some(now) = now else { return false };
        match self.before.as_ref().or(self.told.as_ref()) {
            Some(Some(before)) if before == now => now.changed_ns / 1000 >= started_at.0,
            _ => true,
        }
    }
}

impl Finished {
    /// Returns why an output of a run that completed before our eyes is no write: nothing is there, or what is there stood
    /// the same when the run began.
    pub(super) fn mark(&self, now: Option<&State>, is_nothing: bool, started_at: Timestamp) -> Option<Mark> {
        let path = self.path.as_deref().filter(|_| self.given.version.is_none() && self.told.is_none())?;
        let Some(now) = now else {
            return is_nothing.then_some(Mark::Missing);
        };
        let is_same = || matches!(&self.before, Some(Some(before)) if before == now && now.is_whole);
        // Where another machine's clock dates the files, only those that were looked at before the body count.
        let is_sure = || self.is_from_start || local::is_local(path);
        (is_before(now, started_at) && is_same() && is_sure()).then_some(Mark::Unchanged)
    }
}

/// Returns whether a file has surely not changed since a run began.
pub(super) fn is_before(now: &State, started_at: Timestamp) -> bool {
    now.changed_ns / 1000 < started_at.0.saturating_sub(CLOCK_US)
}

fn is_relative(named: &Named) -> bool {
    match named {
        Named::Path(path) => path.is_relative(),
        Named::Text(text) => !text.starts_with('/') && !is_address(named),
        Named::Id(_) => false,
    }
}

fn is_address(named: &Named) -> bool {
    matches!(named, Named::Text(text) if naming::is_uri(text) && text.contains("://"))
}

fn named(given: &Named, root: &Root, folder: Option<&Path>) -> Option<Naming> {
    match folder {
        Some(folder) => naming::name_from(given, root, folder),
        None => naming::name(given, root),
    }
}
