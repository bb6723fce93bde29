//! What is looked up once per process: the git state of each folder that code comes from.

use std::path::Path;

use super::beside::Job;
use super::lock::Lock;
use super::{Recorder, Site};
use crate::model::{Git, Record};
use crate::source::{code, git};

/// The keys of the git states that were asked for, by folder.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// A program has code from few folders, and asks at each call.
    keys: Lock<Vec<(&'static str, Option<String>)>>,
    /// The process that it was made in.
    pid: u32,
}

impl Surroundings {
    pub(super) const fn new(pid: u32) -> Self {
        Self { keys: Lock::new(Vec::new()), pid }
    }

    /// Returns the key of the git state of a function's code, which is found out beside the caller.
    pub(super) fn git(&self, recorder: &'static Recorder, site: Option<&'static Site>) -> Option<String> {
        let manifest = site.map_or("", |site| site.manifest_folder);
        if let Some(known) = known(&self.keys.take(self.pid)?, manifest) {
            return known;
        }
        // Not found out under the lock: that takes as long as the file system likes.
        let folder = git::find(Path::new(manifest), site.map_or("", |site| site.file), recorder.root.given());
        let (key, folder) = folder.map(|folder| (Git::new_key(), folder)).unzip();
        let mut keys = self.keys.take(self.pid)?;
        if let Some(known) = known(&keys, manifest) {
            return known;
        }
        keys.push((manifest, key.clone()));
        drop(keys);
        if let (Some(key), Some(folder)) = (key.clone(), folder) {
            recorder.beside(Job::Git { key, folder });
        }
        key
    }

    /// Returns the key of a function's source, whose text is recorded at its first call.
    pub(super) fn code(&self, recorder: &'static Recorder, site: &'static Site) -> String {
        let describe = || {
            let code = code::code(site.file, site.line, site.source);
            let key = code.key.clone();
            recorder.append_inside(vec![Record::Code(code)]);
            recorder.beside(Job::Code {
                key: key.clone(),
                file: site.file,
                source: site.source,
                manifest_folder: site.manifest_folder,
            });
            key
        };
        if let Some(key) = site.state.code_key.get() {
            return key.clone();
        }
        let key = describe();
        site.state.code_key.offer(|| key.clone());
        key
    }
}

fn known(keys: &[(&'static str, Option<String>)], manifest: &str) -> Option<Option<String>> {
    keys.iter().find(|(folder, _)| *folder == manifest).map(|(_, key)| key.clone())
}
