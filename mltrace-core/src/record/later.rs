//! What is done beside the caller with what a run reads and writes: hashing what is large, and reading tables for their
//! profiles.

use std::path::Path;

use super::job::Table;
use super::seen::{Seen, Told};
use super::{Recorder, Site};
use crate::model::{ArtifactName, Due, RunId, VersionId};
use crate::{naming, profile};

/// What is to be done later.
pub(super) struct Later {
    recorder: &'static Recorder,
    site: Option<&'static Site>,
    /// Whether each output is to have a profile.
    are_outputs_profiled: bool,
    /// What is to be hashed, and under which name it is to have a profile then.
    pub(super) hash: Vec<(Due, Option<ArtifactName>)>,
    /// What is known by its content and is to have a profile.
    pub(super) tables: Vec<Table>,
}

impl Later {
    pub(super) fn new(recorder: &'static Recorder, site: Option<&'static Site>, are_outputs_profiled: bool) -> Self {
        Self { recorder, site, are_outputs_profiled, hash: Vec::new(), tables: Vec::new() }
    }

    /// Adds what there is to do with what a run reads or writes.
    pub(super) fn add(&mut self, run: RunId, n: u32, seen: &Seen, told: &Told, is_output: bool) {
        let Some(path) = seen.path.as_deref() else { return };
        let is_profiled = self.is_profiled(seen, path, is_output);
        if let Some(due) = due(run, n, path, told.pending.as_deref()) {
            self.hash.push((due, is_profiled.then(|| seen.name.clone())));
            return;
        }
        if !is_profiled {
            return;
        }
        let (Some(version @ VersionId::Content(_)), Some(standing)) = (&told.version, &seen.looked.standing) else {
            return;
        };
        let Ok(path) = std::path::absolute(path) else { return };
        self.tables.push(Table {
            run,
            name: seen.name.clone(),
            path,
            version: version.clone(),
            state: standing.token.to_string(),
        });
    }

    fn is_profiled(&self, seen: &Seen, path: &Path, is_output: bool) -> bool {
        let argument = seen.given.argument.as_deref();
        let is_listed = || self.site.zip(argument).is_some_and(|(site, argument)| site.profiles.contains(&argument));
        let settings = &self.recorder.home.profile;
        let is_told = (is_output && self.are_outputs_profiled) || is_listed();
        if !is_told && !settings.names_tables() {
            return false;
        }
        // Whether something is expected is asked of what is no table, too: that it is none has to be said.
        match profile::format_of(path).is_some_and(profile::is_readable) {
            true => is_told || settings.is_asked_for(seen.name.as_str()),
            false => settings.is_expected(seen.name.as_str()),
        }
    }
}

fn due(run: RunId, n: u32, path: &Path, pending: Option<&str>) -> Option<Due> {
    let state = pending?.to_owned();
    let path = std::path::absolute(path).ok()?;
    Some(Due { run, n, path: naming::encode(path.as_os_str()).into_owned(), state })
}
