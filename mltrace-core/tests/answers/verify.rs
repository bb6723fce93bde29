//! Verify finds exactly the damage that was done to files and folders.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use mltrace_core::disk::fingerprint::{fingerprint, stat};
use mltrace_core::disk::{Cache, Hashing, Skip};
use mltrace_core::query::{DiskState, Verify, VerifyOptions};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::story::{Story, at, cases, id};

/// What happens to an artifact after it was recorded.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Nothing,
    /// The same bytes are written again.
    Rewritten,
    /// One byte differs, and neither size nor time shows it.
    Flipped,
    Longer,
    Deleted,
    /// Something of another kind took its place.
    Replaced,
}

fn damages() -> impl Strategy<Value = Vec<(Damage, bool, bool)>> {
    let damage = prop::sample::select(vec![
        Damage::Nothing,
        Damage::Rewritten,
        Damage::Flipped,
        Damage::Longer,
        Damage::Deleted,
        Damage::Replaced,
    ]);
    prop::collection::vec((damage, any::<bool>(), any::<bool>()), 1..12)
}

/// The file that is damaged: the artifact itself, or a file inside it.
fn file_of(path: &Path, is_folder: bool) -> std::path::PathBuf {
    if is_folder { path.join("deep").join("part") } else { path.to_owned() }
}

fn do_damage(path: &Path, is_folder: bool, damage: Damage) {
    let file = file_of(path, is_folder);
    let bytes = fs::read(&file).unwrap();
    let remove = |path: &Path| if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match damage {
        Damage::Nothing => {}
        Damage::Rewritten => fs::write(&file, &bytes).unwrap(),
        Damage::Flipped => {
            let modified = fs::metadata(&file).unwrap().modified().unwrap();
            let mut flipped = bytes;
            flipped[7] ^= 1;
            fs::write(&file, flipped).unwrap();
            fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
        }
        Damage::Longer => fs::write(&file, [&bytes[..], b"!"].concat()).unwrap(),
        Damage::Deleted => remove(path).unwrap(),
        Damage::Replaced => {
            remove(path).unwrap();
            if is_folder { fs::write(path, "a file now").unwrap() } else { fs::create_dir(path).unwrap() }
        }
    }
}

fn expected(damage: Damage, is_written: bool) -> DiskState {
    match damage {
        Damage::Nothing | Damage::Rewritten if is_written => DiskState::Unchanged,
        Damage::Nothing | Damage::Rewritten => DiskState::UnknownWriter,
        Damage::Flipped | Damage::Longer | Damage::Replaced => DiskState::Changed,
        Damage::Deleted => DiskState::Missing,
    }
}

fn content(path: &Path) -> Value {
    let skip = Skip::default();
    let how = Hashing { limit: u64::MAX, skip: &skip, cache: None, progress: None, cancel: None };
    let found = fingerprint(path, &how).unwrap().unwrap();
    json!({"version": found.version.to_string(), "size": found.size})
}

fn verify(story: &mut Story, artifacts: &[&str]) -> Verify {
    story.reader().verify(artifacts, &mut |_| {}, &VerifyOptions::default()).unwrap()
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn damage_is_found_exactly(damages in damages()) {
        let mut story = Story::told(&[]);
        let mut lines = Vec::new();
        for (number, (_, is_folder, is_written)) in damages.iter().enumerate() {
            let name = format!("artifact {number:02}");
            let file = file_of(&story.path(&name), *is_folder);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, format!("content of number {number}").repeat(5)).unwrap();
            let mut artifact = content(&story.path(&name));
            artifact["name"] = json!(name);
            let edge = if *is_written { "outputs" } else { "inputs" };
            lines.push(json!({"id": id(number), "component": "c", "started_at": at(number), "ended_at": at(number),
                              edge: [artifact]}));
        }
        story.tell(&lines);
        for (number, (damage, is_folder, _)) in damages.iter().enumerate() {
            do_damage(&story.path(&format!("artifact {number:02}")), *is_folder, *damage);
        }
        let found = verify(&mut story, &[]);
        let states: Vec<DiskState> = found.artifacts.iter().map(|artifact| artifact.state).collect();
        let expected: Vec<DiskState> = damages.iter().map(|(damage, _, is_written)| expected(*damage, *is_written)).collect();
        prop_assert_eq!(states, expected);
    }
}

#[test]
fn what_this_disk_cannot_hold_is_not_local() {
    let version = format!("b3:{}", "1".repeat(64));
    let mut story = Story::told(&[json!({
        "id": id(1), "component": "c", "started_at": at(0), "ended_at": at(1), "inputs": ["raw"],
        "outputs": ["s3://x/a", {"name": "s3://x/b", "version": version}, {"name": "registry", "version": "v:3"}],
    })]);
    let found = verify(&mut story, &[]);
    assert_eq!(found.artifacts.len(), 4);
    assert!(found.artifacts.iter().all(|artifact| artifact.state == DiskState::NotLocal), "{found:?}");
}

#[test]
fn what_lies_outside_is_not_looked_at_where_nobody_may() {
    let mut story = Story::told(&[]);
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), "a secret".repeat(20)).unwrap();
    fs::create_dir_all(story.path("data")).unwrap();
    fs::write(story.path("data/inside"), "no secret".repeat(20)).unwrap();
    let mut lines = Vec::new();
    let absolute = outside.path().display().to_string();
    let up = format!("{}{absolute}", "../".repeat(30));
    let beside = tempfile::tempdir().unwrap();
    #[cfg(unix)]
    let linked = {
        fs::write(beside.path().join("file"), "a secret".repeat(20)).unwrap();
        fs::create_dir(story.path("folder")).unwrap();
        fs::write(story.path("folder/beside"), "no secret either".repeat(20)).unwrap();
        let link = |to: &std::path::Path, name: &str| std::os::unix::fs::symlink(to, story.path(name)).unwrap();
        link(&beside.path().join("file"), "link");
        link(beside.path(), "through");
        link(&beside.path().join("file"), "folder/link");
        ["link", "through", "through/file", "folder"]
    };
    #[cfg(not(unix))]
    let linked = [""; 0];
    for (number, name) in [absolute.as_str(), &up, "data/inside"].into_iter().chain(linked).enumerate() {
        let mut artifact = content(&story.path(name));
        artifact["name"] = json!(name);
        lines.push(json!({"id": id(number), "component": "c", "started_at": at(number), "ended_at": at(number),
                          "outputs": [artifact]}));
    }
    story.tell(&lines);
    let mut states = |options: &VerifyOptions<'_>| {
        let found = story.reader().verify(&[], &mut |_| {}, options).unwrap().artifacts;
        found.into_iter().map(|artifact| (artifact.name.to_string(), artifact.state)).collect::<Vec<_>>()
    };
    assert!(states(&VerifyOptions::default()).iter().all(|(_, state)| *state == DiskState::Unchanged));
    let inside = states(&VerifyOptions { is_inside_only: true, ..VerifyOptions::default() });
    let seen: Vec<&str> =
        inside.iter().filter(|(_, state)| *state != DiskState::NotLocal).map(|(name, _)| name.as_str()).collect();
    assert_eq!(seen, ["data/inside"], "{inside:?}");
}

#[test]
fn a_check_that_is_ended_tells_what_it_saw() {
    let mut story = Story::told(&[]);
    let mut lines = Vec::new();
    for number in 0..5 {
        let name = format!("file {number}");
        fs::write(story.path(&name), "x".repeat(100 + number)).unwrap();
        let mut artifact = content(&story.path(&name));
        artifact["name"] = json!(name);
        lines.push(json!({"id": id(number), "component": "c", "started_at": at(number), "ended_at": at(number),
                          "outputs": [artifact]}));
    }
    story.tell(&lines);
    let cancel = AtomicBool::new(false);
    let mut count = 0;
    let mut each = |_: &_| {
        count += 1;
        cancel.store(count == 2, Ordering::Relaxed);
    };
    let options = VerifyOptions { cancel: Some(&cancel), ..VerifyOptions::default() };
    let found = story.reader().verify(&[], &mut each, &options).unwrap();
    let states: Vec<_> = found.artifacts.iter().map(|artifact| artifact.state).collect();
    assert_eq!(states, [DiskState::Unchanged; 2]);
}

#[test]
fn an_older_version_is_compared_when_it_is_named() {
    let mut story = Story::told(&[]);
    let mut lines = Vec::new();
    for (number, text) in ["one", "two"].iter().enumerate() {
        fs::write(story.path("file"), text.repeat(50)).unwrap();
        let mut artifact = content(&story.path("file"));
        artifact["name"] = json!("file");
        lines.push(json!({"id": id(number), "component": "c", "started_at": at(number), "ended_at": at(number),
                          "outputs": [artifact]}));
    }
    story.tell(&lines);
    let older = lines[0]["outputs"][0]["version"].as_str().unwrap().to_owned();
    let found = verify(&mut story, &["file", &format!("file@{older}")]);
    let states: Vec<_> = found.artifacts.iter().map(|artifact| artifact.state).collect();
    assert_eq!(states, [DiskState::Unchanged, DiskState::Changed]);
    assert_eq!(found.artifacts[1].found, Some(found.artifacts[0].version.clone()));
    assert_eq!(found.artifacts[1].written_by, Some(id(0)));
}

#[test]
fn a_folder_stands_for_all_that_was_recorded_in_it() {
    let mut story = Story::told(&[]);
    fs::create_dir_all(story.path("data/deep")).unwrap();
    fs::create_dir_all(story.path("data-2")).unwrap();
    let mut tell = |number: usize, name: &str| {
        let path = story.path(name);
        if !path.is_dir() {
            fs::write(&path, format!("content of number {number}").repeat(5)).unwrap();
        }
        let mut artifact = content(&path);
        artifact["name"] = json!(name);
        story.tell(&[json!({"id": id(number), "component": "c", "started_at": at(number), "ended_at": at(number),
                            "outputs": [artifact]})]);
    };
    for (number, name) in ["data/a", "data/deep/b", "data.csv", "data-2/c"].into_iter().enumerate() {
        tell(number, name);
    }
    let names = |story: &mut Story, asked: &[&str]| {
        let found = verify(story, asked);
        found.artifacts.iter().map(|artifact| artifact.name.to_string()).collect::<Vec<_>>()
    };
    let inside = ["data/a", "data/deep/b"];
    let folder = story.path("data").display().to_string();
    for asked in ["data", "data/", &folder] {
        assert_eq!(names(&mut story, &[asked]), inside, "{asked}");
    }
    assert!(story.reader().verify(&["dat"], &mut |_| {}, &VerifyOptions::default()).is_err());
    fs::write(story.path("data/deep/b"), "other").unwrap();
    let states: Vec<_> = verify(&mut story, &["data"]).artifacts.iter().map(|artifact| artifact.state).collect();
    assert_eq!(states, [DiskState::Unchanged, DiskState::Changed]);
    let mut whole = content(&story.path("data"));
    whole["name"] = json!("data");
    story.tell(&[json!({"id": id(9), "component": "c", "started_at": at(9), "ended_at": at(9), "outputs": [whole]})]);
    assert_eq!(names(&mut story, &["data", "data.csv"]), ["data", "data/a", "data/deep/b", "data.csv"]);
}

#[test]
fn a_file_told_by_its_stat_is_compared_by_its_stat() {
    let mut story = Story::told(&[]);
    fs::write(story.path("large"), "x".repeat(100)).unwrap();
    let skip = Skip::default();
    let how = Hashing { limit: 10, skip: &skip, cache: None, progress: None, cancel: None };
    let version = fingerprint(&story.path("large"), &how).unwrap().unwrap().version.to_string();
    assert!(version.starts_with("stat:"), "{version}");
    story.tell(&[json!({"id": id(1), "component": "c", "started_at": at(0), "ended_at": at(1),
                        "outputs": [{"name": "large", "version": version}]})]);
    assert_eq!(verify(&mut story, &[]).artifacts[0].state, DiskState::Unchanged);
    fs::write(story.path("large"), "y".repeat(101)).unwrap();
    assert_eq!(verify(&mut story, &[]).artifacts[0].state, DiskState::Changed);
}

#[test]
fn a_hash_that_was_kept_is_not_believed() {
    let mut story = Story::told(&[]);
    let path = story.path("file");
    fs::write(&path, "x".repeat(100)).unwrap();
    let mut artifact = content(&path);
    artifact["name"] = json!("file");
    story
        .tell(&[json!({"id": id(1), "component": "c", "started_at": at(0), "ended_at": at(1), "outputs": [artifact]})]);
    Cache::new(&story.path(".mltrace")).put(&path, &stat(&path).unwrap().unwrap(), [7; 32], i64::MAX);
    assert_eq!(verify(&mut story, &[]).artifacts[0].state, DiskState::Unchanged);
}
