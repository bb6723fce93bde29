//! What is looked up once per process: the git state of each folder that code comes from.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::beside::Job;
use super::{Recorder, Site};
use crate::capture::{code, git};
use crate::model::{Git, Record};

/// The keys of the git states that were asked for, by folder.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// A program has code from few folders, and asks at each call.
    keys: Mutex<Vec<(&'static str, Option<String>)>>,
}

impl Surroundings {
    /// Returns the key of the git state of a function's code, which is found out beside the caller.
    pub(super) fn git(&self, recorder: &'static Recorder, site: Option<&'static Site>) -> Option<String> {
        let manifest = site.map_or("", |site| site.manifest_folder);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = keys.iter().find(|(folder, _)| *folder == manifest) {
            return known.clone();
        }
        let folder = git::find(Path::new(manifest), site.map_or("", |site| site.file), recorder.root.given());
        let key = folder.map(|folder| {
            let key = Git::new_key();
            recorder.beside(Job::Git { key: key.clone(), folder });
            key
        });
        keys.push((manifest, key.clone()));
        key
    }

    /// Returns the key of a function's source, whose text is recorded at its first call.
    pub(super) fn code(&self, recorder: &'static Recorder, site: &'static Site) -> String {
        let describe = || {
            let code = code::code(site.file, site.line, site.source);
            let key = code.key.clone();
            recorder.append(Record::Code(code));
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
        // Not made inside the cell: a child that is forked off meanwhile would wait for it for ever.
        let key = describe();
        site.state.code_key.get_or_init(|| key).clone()
    }
}
