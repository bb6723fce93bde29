//! A look at a local file or folder: its content if that can be reported at once, else what to hash beside the caller.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::job::Table;
use super::{Recorder, clock};
use crate::disk::fingerprint::{self, fingerprint};
use crate::disk::state::{State, state, unchanged};
use crate::disk::{FileKind, Fingerprint, Hashing, Skip, Stat};
use crate::model::{Check, CheckFact, ProfileFact, Record, VersionId};
use crate::profile::{self, Finding, Limits};

/// So many bytes are hashed at once: a few milliseconds.
const BYTES_AT_ONCE: u64 = 4 << 20;
/// So many files of a folder are hashed at once.
const FILES_AT_ONCE: u64 = 100;
/// So long a folder is looked through: the caller waits.
const PATIENCE: Duration = Duration::from_millis(250);

/// A local file's or folder's content, as far as it could be known at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Looked {
    pub(super) version: Option<VersionId>,
    pub(super) size: Option<u64>,
    /// How it stood before anything was read of it.
    pub(super) standing: Option<State>,
    /// Whether it is to be hashed beside the caller.
    pub(super) is_pending: bool,
}

/// What the file system says of a path, and how what lies there stands.
pub(super) struct Glance {
    stat: io::Result<Option<Stat>>,
}

impl Glance {
    /// Looks at a path, as the owner of the project may.
    pub(super) fn at(recorder: &Recorder, path: &Path) -> Self {
        Self { stat: recorder.rights_lately().and_then(|_taken| fingerprint::stat(path)) }
    }

    /// Returns whether surely nothing is there.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.stat, Ok(None))
    }

    fn stat(&self) -> Option<&Stat> {
        self.stat.as_ref().ok()?.as_ref()
    }

    /// Returns how a file or folder stands; `None` when nothing is there.
    pub(super) fn standing(&self, recorder: &Recorder, path: &Path) -> Option<State> {
        let stat = self.stat()?;
        // A folder's own times say nothing about the files in it.
        let told = match stat.kind {
            FileKind::Folder => stands(recorder, path, stat, &recorder.skip()),
            _ => None,
        };
        Some(told.unwrap_or_else(|| State::of(stat)))
    }

    /// Returns what a file or folder holds if that can be reported at once.
    pub(super) fn look(&self, recorder: &'static Recorder, path: &Path) -> Looked {
        let Some(stat) = self.stat() else { return Looked::default() };
        let known = if stat.kind == FileKind::File { recorder.cache.get(path, stat) } else { None };
        // Nothing is opened of what is known, so it is enough to know which files were ours a moment ago.
        if let Some(hash) = known.filter(|_| !recorder.skip_lately().holds(path, stat)) {
            let (version, size) = (Some(VersionId::Content(hash)), Some(stat.size));
            return Looked { version, size, standing: Some(State::of(stat)), is_pending: false };
        }
        let skip = recorder.skip();
        let Some(state) = stands(recorder, path, stat, &skip) else {
            return Looked { standing: Some(State::of(stat)), ..Looked::default() };
        };
        if state.bytes > BYTES_AT_ONCE || state.files > FILES_AT_ONCE {
            return Looked { standing: Some(state), is_pending: true, ..Looked::default() };
        }
        let (version, size) = whole(recorder, path, &skip).map(|found| (found.version, found.size)).unzip();
        Looked { version, size, standing: Some(state), is_pending: false }
    }
}

/// Returns what a file or folder holds if that can be reported at once.
pub(super) fn look(recorder: &'static Recorder, path: &Path) -> Looked {
    Glance::at(recorder, path).look(recorder, path)
}

/// Returns how a file or folder stands; `None` when nothing is there.
pub(super) fn standing(recorder: &Recorder, path: &Path) -> Option<State> {
    Glance::at(recorder, path).standing(recorder, path)
}

/// Returns how what lies there stands, as far as the project's owner may see and can be reported at once.
fn stands(recorder: &Recorder, path: &Path, stat: &Stat, skip: &Skip) -> Option<State> {
    // All that there is to say of a file is said by its own times.
    let _taken = if stat.kind == FileKind::Folder { Some(recorder.home.rights().ok()?) } else { None };
    state(path, stat, skip, PATIENCE).ok().flatten()
}

/// Returns what a file or folder holds, if it still stands as `token` says.
pub(super) fn look_again(recorder: &'static Recorder, path: &Path, token: &str) -> Option<Fingerprint> {
    let skip = recorder.skip();
    let _taken = recorder.home.rights().ok()?;
    let found = unchanged(path, token, &how(recorder, &skip), Duration::MAX)?;
    tell_folder(recorder, &found);
    Some(found)
}

/// Returns what is in a table that still stands as it did when its content was found out, unless that is reported already, and
/// whether it is as expected.
pub(super) fn table(recorder: &'static Recorder, table: Table) -> Vec<Record> {
    let Table { run, name, path, version, state } = table;
    let settings = &recorder.home.profile;
    let expected = || settings.expected.iter().filter(|(pattern, _)| pattern.fits(name.as_str()));
    let VersionId::Content(hash) = &version else { return Vec::new() };
    let is_new = recorder.profiled.is_new(*hash);
    if !is_new && expected().next().is_none() {
        return Vec::new();
    }
    let stands =
        || fingerprint::stat(&path).ok().flatten().is_some_and(|stat| State::of(&stat).token.to_string() == state);
    let taken = recorder.home.rights().ok();
    let table = match taken.as_ref().and_then(|_| profile::read(&path, &Limits::of(settings))) {
        Some(table) if stands() => Ok(table),
        Some(_) => Err("the file was changed before its table was read"),
        None => Err(profile::obstacle(&path)),
    };
    let mut records = Vec::new();
    for (_, expected) in expected() {
        let severity = expected.severity;
        let findings = match &table {
            Ok(table) => profile::compare(expected, table),
            Err(why) => vec![profile::unknown(expected, why)],
        };
        records.extend(findings.into_iter().map(|finding| {
            let Finding { check: name_of_check, outcome, message } = finding;
            let about = Some(name.clone());
            let check = Check { name: name_of_check, outcome, severity, message, about, at: clock::now() };
            Record::Check(CheckFact { run, check })
        }));
    }
    match table {
        Ok(table) if is_new => records.push(Record::Profile(ProfileFact { version, profile: table.profile })),
        Ok(_) => {}
        Err(_) => recorder.profiled.forget(*hash),
    }
    records
}

/// Returns what a file or folder holds, however long that takes.
pub(super) fn look_whole(recorder: &'static Recorder, path: &Path) -> Option<Fingerprint> {
    whole(recorder, path, &recorder.skip())
}

fn whole(recorder: &'static Recorder, path: &Path, skip: &Skip) -> Option<Fingerprint> {
    let _taken = recorder.home.rights().ok()?;
    let found = fingerprint(path, &how(recorder, skip)).ok().flatten()?;
    tell_folder(recorder, &found);
    Some(found)
}

/// Says what lies in a folder that was hashed.
fn tell_folder(recorder: &'static Recorder, found: &Fingerprint) {
    if let Some(fact) = recorder.folders.news(found) {
        let VersionId::Content(hash) = fact.version else { return };
        // Who looks may be behind the door already.
        if !recorder.append_inside(vec![Record::Folder(fact)]) {
            recorder.folders.forget(hash);
        }
    }
}

fn how<'a>(recorder: &'a Recorder, skip: &'a Skip) -> Hashing<'a> {
    Hashing { limit: recorder.home.hash_limit, skip, cache: Some(&recorder.cache), progress: None, cancel: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Home};
    use crate::record::Hooks;

    fn no_fork() -> &'static Recorder {
        unreachable!("nobody forks here")
    }

    #[test]
    fn a_file_of_the_store_that_has_just_come_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".mltrace")).unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        let log = home.store.file().unwrap().with_file_name("mltrace.db-wal");
        let hooks = Hooks { warn: |_| {}, appended: || {}, here: no_fork };
        let recorder: &'static Recorder = Box::leak(Box::new(Recorder::new(home, &Environment::default(), hooks)));
        let before = recorder.skip_lately();
        std::fs::write(&log, "what is committed").unwrap();
        let stat = fingerprint::stat(&log).unwrap().unwrap();
        assert!(!before.holds(&log, &stat) && !recorder.skip_lately().holds(&log, &stat), "it is not known yet");
        let looked = look(recorder, &log);
        assert_eq!((looked.version, looked.is_pending), (None, false));
    }
}
