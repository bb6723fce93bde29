//! Where the code of a run comes from: its git state and its source, each under a key that is found out once.

use std::path::Path;
use std::time::Duration;

use super::job::Job;
use super::within::within;
use super::{Recorder, Site, errand};
use crate::model::{Git, Record};
use crate::source::{code, git};

/// How long a run waits once to learn whether its code lies in a work tree: libgit2 reads settings and `.gitignore`, which
/// may be pipes. Without an answer nothing is known of git.
const PATIENCE: Duration = Duration::from_secs(1);

/// Returns the key of the git state of a function's code, which is found out beside the caller.
pub(super) fn git(recorder: &'static Recorder, site: Option<&'static Site>) -> Option<String> {
    let manifest = site.map_or("", |site| site.manifest_folder);
    if let Some(known) = known(&recorder.surroundings.keys()?, manifest) {
        return known;
    }
    // Not found out under the lock: that takes as long as the file system likes.
    let (file, root) = (site.map_or("", |site| site.file), recorder.root.given().to_owned());
    let folder = within(PATIENCE, move || git::find(Path::new(manifest), file, &root)).flatten();
    let (key, folder) = folder.map(|folder| (Git::new_key(), folder)).unzip();
    let mut keys = recorder.surroundings.keys()?;
    if let Some(known) = known(&keys, manifest) {
        return known;
    }
    keys.push((manifest, key.clone()));
    drop(keys);
    if let (Some(key), Some(folder)) = (key.clone(), folder) {
        errand::send(recorder, Job::Git { key, folder });
    }
    key
}

/// Returns the key of a function's source, whose text is recorded at its first call.
pub(super) fn code(recorder: &'static Recorder, site: &'static Site) -> String {
    let describe = || {
        let code = code::code(site.file, site.line, site.source);
        let key = code.key.clone();
        recorder.append_inside(vec![Record::Code(code)]);
        let (file, source, manifest_folder) = (site.file, site.source, site.manifest_folder);
        errand::send(recorder, Job::Code { key: key.clone(), file, source, manifest_folder });
        key
    };
    if let Some(key) = site.state.code_key.get() {
        return key.clone();
    }
    let key = describe();
    site.state.code_key.offer(|| key.clone());
    key
}

fn known(keys: &[(&'static str, Option<String>)], manifest: &str) -> Option<Option<String>> {
    keys.iter().find(|(folder, _)| *folder == manifest).map(|(_, key)| key.clone())
}
