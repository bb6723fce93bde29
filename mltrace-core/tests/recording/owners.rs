//! What the superuser records in somebody's folder is that person's.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use mltrace_core::ingest;
use mltrace_core::model::Status;
use mltrace_core::values::{Given, Named};

use crate::project::Project;

/// Nobody's number.
const OTHER: u32 = 65534;

fn is_superuser() -> bool {
    let probe = tempfile::tempfile().unwrap();
    probe.metadata().unwrap().uid() == 0
}

/// Returns a project of somebody else, without a store.
fn somebodys() -> Project {
    let project = Project::new();
    fs::remove_dir(project.path(".mltrace")).unwrap();
    chown(project.folder.path(), Some(OTHER), Some(OTHER)).unwrap();
    project
}

fn record(project: &Project) {
    fs::write(project.path("raw.csv"), "r".repeat(100)).unwrap();
    let run = project.begin("clean", vec![project.file("raw.csv")]);
    run.end(Status::Completed, None, None);
    assert_eq!(project.run("clean").status, Status::Completed);
}

fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.symlink_metadata().unwrap().is_dir() {
            true => found.extend(all_below(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn what_the_superuser_makes_belongs_to_the_owner_of_the_folder() {
    if !is_superuser() {
        return;
    }
    let project = somebodys();
    record(&project);
    let made = all_below(&project.path(".mltrace"));
    assert!(made.len() >= 6, "{made:?}");
    let kept: Vec<_> = made.iter().filter(|path| path.symlink_metadata().unwrap().uid() != OTHER).collect();
    assert!(kept.is_empty(), "{kept:?}");
    assert!(made.iter().all(|path| path.symlink_metadata().unwrap().gid() == OTHER));
}

#[test]
fn what_was_there_is_never_given_away() {
    if !is_superuser() {
        return println!("this is not the superuser: nothing can be given away");
    }
    let project = somebodys();
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("secret");
    fs::write(&secret, "").unwrap();
    fs::create_dir(project.path(".mltrace")).unwrap();
    chown(project.path(".mltrace"), Some(OTHER), Some(OTHER)).unwrap();
    // A link to a file of the superuser's, and such a file that was moved here.
    symlink(&secret, project.path(".mltrace/write.lock")).unwrap();
    let moved: Vec<_> = ["fingerprints", "mltrace.db"].map(|name| project.path(".mltrace").join(name)).into();
    moved.iter().for_each(|path| fs::write(path, "").unwrap());
    fs::write(project.path("raw.csv"), "r".repeat(100)).unwrap();
    let run = project.begin("clean", vec![project.file("raw.csv")]);
    assert!(run.end(Status::Completed, None, None), "the journal is that person's");
    assert!(ingest::open_folded(&project.home, &|_| {}).is_err(), "the superuser's store is not");
    for path in moved.iter().chain([&secret]) {
        let found = fs::metadata(path).unwrap();
        assert_eq!((found.uid(), found.len()), (0, 0), "{}", path.display());
    }
}

#[test]
fn the_superuser_says_nothing_of_a_file_that_the_owner_of_the_project_may_not_see() {
    if !is_superuser() {
        return println!("this is not the superuser: nothing is hidden from the owner alone");
    }
    let project = somebodys();
    // A folder that only its owner, the superuser, may enter; the file is too large to be hashed at once.
    let hidden = tempfile::tempdir().unwrap();
    fs::set_permissions(hidden.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let file = hidden.path().join("large.bin");
    fs::File::create(&file).unwrap().set_len(8 << 20).unwrap();
    let run = project.begin("clean", vec![Given::new(Named::Path(file))]);
    assert!(run.end(Status::Completed, None, None));
    let journal = fs::read(project.journal()).unwrap();
    let text = String::from_utf8_lossy(&journal);
    assert!(text.contains("large.bin") && !text.contains("\"due\""), "how it stands is not told: {text}");
    let input = project.run("clean").inputs.remove(0);
    assert_eq!(input.version.to_string(), "none");
}
