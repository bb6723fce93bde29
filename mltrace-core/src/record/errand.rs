//! Does beside the caller what there is to do.

use std::path::Path;
use std::time::Duration;

use super::job::{Job, Table};
use super::within::within;
use super::{Recorder, look};
use crate::disk::Fingerprint;
use crate::model::{CodeCheck, FingerprintFact, Git, Record, VersionId};
use crate::naming;
use crate::source::{code, git};

/// How long the others wait for git's answers: libgit2 waits at a pipe in the work tree, and reads each tag.
const GIT_PATIENCE: Duration = Duration::from_secs(2);

/// Hands a job over to the thread beside the caller.
pub(super) fn send(recorder: &'static Recorder, job: Job) {
    match job {
        // Nothing that is to be hashed waits behind a table.
        Job::Profile(_) => recorder.beside_tables(job, work),
        job => recorder.beside(job, work),
    }
}

fn ask_git(recorder: &'static Recorder, key: String, folder: &Path) {
    let Ok(_taken) = recorder.home.rights() else { return };
    // The commit first: a short process may not live until the slower answers are there.
    let Some(mut state) = git::head(folder) else { return };
    state.key = key;
    recorder.append(Record::Git(state.clone()));
    if git::is_large(folder) {
        let folder = folder.to_owned();
        return recorder.beside_git(Job::GitRest { state, folder }, work);
    }
    ask_git_rest(recorder, folder, state);
}

fn ask_git_rest(recorder: &'static Recorder, folder: &Path, mut state: Git) {
    let Ok(_taken) = recorder.home.rights() else { return };
    git::rest(folder, &mut state);
    recorder.append(Record::Git(state));
}

fn work(recorder: &'static Recorder, job: Job) {
    match job {
        Job::Hash { due, profiled } => {
            if let Some(found) = look::look_again(recorder, &naming::decode(&due.path), &due.state) {
                let Fingerprint { version, size, .. } = found;
                let fact = FingerprintFact { run: due.run, n: due.n, version: version.clone(), size: Some(size) };
                recorder.append(Record::Fingerprint(fact));
                if let Some(name) = profiled {
                    send(
                        recorder,
                        Job::Profile(Table {
                            run: due.run,
                            name,
                            path: naming::decode(&due.path),
                            version,
                            state: due.state,
                        }),
                    );
                }
            }
        }
        Job::Profile(table) => {
            let version = table.version.clone();
            let records = look::table(recorder, table);
            let is_told = records.is_empty() || recorder.append_all(records);
            if let (false, VersionId::Content(hash)) = (is_told, version) {
                recorder.profiled.forget(hash);
            }
        }
        Job::Git { key, folder } => {
            // What comes later is recorded all the same, if the process still lives.
            let _ = within(GIT_PATIENCE, move || ask_git(recorder, key, &folder));
        }
        Job::GitRest { state, folder } => {
            let _ = within(GIT_PATIENCE, move || ask_git_rest(recorder, &folder, state));
        }
        Job::Code { key, file, source, manifest_folder } => {
            let Ok(_taken) = recorder.home.rights() else { return };
            let folder = std::path::Path::new(manifest_folder);
            if let Some(is_in_work_tree) = code::is_in_work_tree(file, source, folder) {
                recorder.append(Record::CodeCheck(CodeCheck { code: key, is_in_work_tree }));
            }
        }
    }
}
