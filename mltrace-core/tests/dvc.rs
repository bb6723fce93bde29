//! The history of a DVC repository becomes runs, which join what else is recorded by content.

#![cfg(all(feature = "store", feature = "git"))]
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use git2::{Oid, Repository, Signature, Time};
use mltrace_core::config::{Environment, Home};
use mltrace_core::dvc::{self, DvcError, DvcOptions, DvcReport};
use mltrace_core::ingest;
use mltrace_core::query::{Reader, TraceOptions};
use mltrace_core::store::{self, Mode, Store};
use serde_json::{Value, json};

/// A repository, and the project whose root it is.
struct Project {
    folder: tempfile::TempDir,
    repository: Repository,
    home: Home,
    store: Box<dyn Store>,
    seconds: i64,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let repository = Repository::init(&root).unwrap();
        std::fs::create_dir_all(root.join(".mltrace")).unwrap();
        let home = Home::find(&root, None, &Environment::default());
        let store = store::open(&home, Mode::Write).unwrap();
        Self { folder, repository, home, store, seconds: 1_700_000_000 }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn write(&self, name: &str, text: &[u8]) {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Commits these files, a minute after the last commit, with these parents or the last one.
    fn commit(&mut self, files: &[(&str, &str)], parents: Option<&[Oid]>) -> Oid {
        let mut index = self.repository.index().unwrap();
        for (name, text) in files {
            self.write(name, text.as_bytes());
            index.add_path(Path::new(name)).unwrap();
        }
        index.write().unwrap();
        let tree = self.repository.find_tree(index.write_tree().unwrap()).unwrap();
        self.seconds += 60;
        let who = Signature::new("Ada", "ada@example.test", &Time::new(self.seconds, 0)).unwrap();
        let head = self.repository.head().ok().and_then(|head| head.target());
        let parents: Vec<Oid> = parents.map_or_else(|| head.into_iter().collect(), <[Oid]>::to_vec);
        let parents: Vec<_> = parents.into_iter().map(|parent| self.repository.find_commit(parent).unwrap()).collect();
        let made = self.repository.commit(None, &who, &who, "a change", &tree, &parents.iter().collect::<Vec<_>>());
        let made = made.unwrap();
        let head = self.repository.find_reference("HEAD").unwrap().symbolic_target().unwrap().unwrap().to_owned();
        self.repository.reference(&head, made, true, "a change").unwrap();
        made
    }

    /// Puts bytes into DVC's cache; of an MD5 only that it is one matters.
    fn keep(&self, md5: &str, bytes: &[u8]) {
        self.write(&format!(".dvc/cache/files/md5/{}/{}", &md5[..2], &md5[2..]), bytes);
    }

    fn import(&mut self) -> DvcReport {
        let root = self.root();
        let options = DvcOptions { repository: &root, cache: None, commits: &|_| {}, hashed: &|_| {} };
        dvc::import(&self.home, self.store.as_mut(), options).unwrap()
    }

    fn import_lines(&mut self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let report = ingest::import(&self.home, self.store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!(report.errors, []);
    }

    fn export(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        let mut keep = |line| {
            lines.push(line);
            true
        };
        Reader::new(self.store.as_mut(), &self.home, &self.home.root).export(None, &mut keep).unwrap();
        lines
    }

    fn runs(&mut self, component: &str) -> Vec<Value> {
        let mut runs = self.export();
        runs.retain(|line| line["type"] == "run" && line["component"] == component);
        runs
    }

    /// Returns the components upstream of an artifact, nearest first.
    fn upstream(&mut self, artifact: &str) -> Vec<String> {
        let mut reader = Reader::new(self.store.as_mut(), &self.home, &self.home.root);
        let trace = reader.trace(artifact, &TraceOptions::default()).unwrap();
        trace.runs.into_iter().map(|run| run.run.component).collect()
    }
}

fn md5(of: u8) -> String {
    format!("{of:032x}")
}

fn content(bytes: &[u8]) -> String {
    format!("b3:{}", blake3::hash(bytes).to_hex())
}

/// A lock file of two stages, whose outputs have these MD5s.
fn lock(raw: &str, clean: &str, model: &str, rate: &str) -> String {
    format!(
        "schema: '2.0'\nstages:\n  train:\n    cmd: python train.py\n    deps:\n    - path: data/clean.csv\n      hash: md5\n      md5: {clean}\n      size: 5\n    params:\n      params.yaml:\n        lr: {rate}\n      other.yaml:\n        depth: 3\n    outs:\n    - path: model.pkl\n      hash: md5\n      md5: {model}\n      size: 9\n  clean:\n    cmd:\n    - python clean.py\n    - wc data/clean.csv\n    deps:\n    - path: data/raw.csv\n      md5: {raw}\n    outs:\n    - path: data/clean.csv\n      md5: {clean}\n"
    )
}

const RAW: &[u8] = b"id,fare\n1,10.5\n2,12.25\n3,7.0\n4,9.75\n5,33.0\n6,12.5\n7,1.0\n8,4.25\n";
const CLEAN: &[u8] = b"fare\n10.5\n12.25\n7.0\n9.75\n33.0\n12.5\n1.0\n4.25\n8.5\n16.75\n2.0\n99.5\n";

/// Two commits of a pipeline; the cache holds what the first two steps read and wrote.
fn pipeline() -> Project {
    let mut project = Project::new();
    let file = format!("outs:\n- md5: {}\n  size: {}\n  path: raw.csv\n", md5(1), RAW.len());
    project.commit(&[("data/raw.csv.dvc", &file), ("dvc.lock", &lock(&md5(1), &md5(2), &md5(3), "0.1"))], None);
    project.commit(&[("dvc.lock", &lock(&md5(1), &md5(2), &md5(4), "0.2"))], None);
    project.keep(&md5(1), RAW);
    project.keep(&md5(2), CLEAN);
    project
}

#[test]
fn a_stage_that_a_commit_changed_is_a_run_of_that_commit() {
    let mut project = pipeline();
    let report = project.import();
    assert_eq!((report.commits, report.stages, report.runs.stored), (2, 4, 4), "{report:?}");
    assert_eq!((report.with_bytes, report.without_bytes), (5, 2));
    let [train, again] = &project.runs("train")[..] else { panic!() };
    assert_eq!((&train["params"]["lr"], &again["params"]["lr"]), (&json!(0.1), &json!(0.2)));
    assert_eq!(train["params"]["other.yaml:depth"], 3);
    assert_eq!(train["inputs"][0]["version"], content(CLEAN));
    assert_eq!(
        (&train["outputs"][0]["version"], &train["outputs"][0]["name"]),
        (&json!(format!("v:md5:{}", md5(3))), &json!("model.pkl"))
    );
    assert!(train["started_at"].as_str().unwrap().starts_with("2023-11-14T22:14:20"), "{train}");
    assert_eq!((train["user"].as_str(), train["code"]["file"].as_str()), (Some("Ada"), Some("command line")));
    assert_eq!(train["git"]["commit"].as_str().unwrap().len(), 40);
    assert_eq!(project.runs("clean")[0]["code"]["source"], "python clean.py\nwc data/clean.csv");
    assert_eq!(project.upstream("model.pkl"), ["train", "clean", "data/raw.csv.dvc"]);
}

#[test]
fn an_imported_version_joins_a_run_that_was_recorded_before_and_one_that_comes_later() {
    let mut project = pipeline();
    // A Rust step fetched the same bytes under another name before the first commit, and another one reads what DVC wrote.
    let fetched = json!({"component": "fetch", "started_at": "2023-01-01T00:00:00Z", "ended_at": "2023-01-01T00:00:05Z",
        "outputs": [{"name": "landing/raw.csv", "version": content(RAW), "size": RAW.len()}]});
    let predict = json!({"component": "predict", "started_at": "2024-01-01T00:00:00Z", "ended_at": "2024-01-01T00:00:05Z",
        "inputs": [{"name": "data/clean.csv", "version": content(CLEAN), "size": CLEAN.len()}], "outputs": ["p.csv"]});
    project.import_lines(&[fetched, predict]);
    project.import();
    assert_eq!(project.upstream("p.csv"), ["predict", "clean", "data/raw.csv.dvc"]);
    let raw = &project.runs("data/raw.csv.dvc")[0];
    assert_eq!(raw["outputs"][0]["version"], content(RAW));
}

#[test]
fn what_is_imported_again_changes_nothing_and_adds_what_is_new() {
    let mut project = pipeline();
    project.import();
    let before = project.export();
    // Whatever becomes of the cache.
    std::fs::remove_dir_all(project.root().join(".dvc")).unwrap();
    let report = project.import();
    assert_eq!((report.runs.stored, report.runs.known), (0, 4));
    assert_eq!(project.export(), before);
    project.commit(&[("dvc.lock", &lock(&md5(1), &md5(2), &md5(5), "0.3"))], None);
    let report = project.import();
    assert_eq!((report.runs.stored, report.runs.known), (1, 4));
}

#[test]
fn a_merge_repeats_no_run() {
    let mut project = pipeline();
    let base = project.repository.head().unwrap().target().unwrap();
    let (before, after) = (lock(&md5(1), &md5(2), &md5(4), "0.2"), lock(&md5(1), &md5(2), &md5(6), "0.4"));
    let left = project.commit(&[("dvc.lock", &after)], Some(&[base]));
    let right = project.commit(&[("dvc.lock", &before), ("notes.txt", "seen")], Some(&[base]));
    project.commit(&[("dvc.lock", &after)], Some(&[left, right]));
    assert_eq!(project.import().stages, 5);
}

#[test]
fn a_folder_has_the_content_that_a_step_that_reads_it_finds() {
    let mut project = Project::new();
    let files = [("a/1.csv", RAW), ("a/2.csv", CLEAN), ("b.csv", RAW)];
    files.iter().for_each(|(name, bytes)| project.write(&format!("parts/{name}"), bytes));
    let list = json!([{"md5": md5(1), "relpath": "a/1.csv"}, {"md5": md5(2), "relpath": "a/2.csv"}, {"md5": md5(1), "relpath": "b.csv"}]);
    project.keep(&md5(1), RAW);
    project.keep(&md5(2), CLEAN);
    project.keep(&format!("{}.dir", md5(9)), list.to_string().as_bytes());
    let file = format!("outs:\n- md5: {}.dir\n  nfiles: 3\n  path: parts\n", md5(9));
    project.commit(&[("parts.dvc", &file)], None);
    let report = project.import();
    assert_eq!((report.with_bytes, report.without_bytes), (1, 0), "{report:?}");
    let skip = mltrace_core::disk::Skip::default();
    let how = mltrace_core::disk::Hashing { limit: u64::MAX, skip: &skip, cache: None, progress: None, cancel: None };
    let found = mltrace_core::disk::fingerprint::fingerprint(&project.root().join("parts"), &how).unwrap().unwrap();
    assert_eq!(project.runs("parts.dvc")[0]["outputs"][0]["version"], json!(found.version));
    let folder = project.export().into_iter().find(|line| line["type"] == "folder").unwrap();
    assert_eq!(folder["entries"]["a/2.csv"], content(CLEAN));
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_taken() {
    let mut project = pipeline();
    project.commit(&[("sub/dvc.lock", "stages: ["), ("dvc.lock", &lock(&md5(1), &md5(2), &md5(7), "0.5"))], None);
    // A list of a folder that names what lies outside it, and an MD5 that is none.
    project.keep(&format!("{}.dir", md5(8)), json!([{"md5": md5(1), "relpath": "../x"}]).to_string().as_bytes());
    // A link that leads out of the cache.
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), CLEAN).unwrap();
    let link = project.root().join(format!(".dvc/cache/files/md5/{}/{}", &md5(7)[..2], &md5(7)[2..]));
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path(), link).unwrap();
    let file = format!("outs:\n- md5: {}.dir\n  path: parts\n- md5: ../../x\n  path: y\n", md5(8));
    project.commit(&[("parts.dvc", &file)], None);
    let report = project.import();
    assert_eq!((report.unread.len(), report.unread[0].path.as_str(), report.runs.stored), (1, "sub/dvc.lock", 6));
    let outputs = &project.runs("parts.dvc")[0]["outputs"];
    assert_eq!(
        (&outputs[0]["version"], &outputs[1]["version"]),
        (&json!(format!("v:md5:{}.dir", md5(8))), &json!("v:md5:../../x"))
    );
    let train = project.runs("train").pop().unwrap();
    assert_eq!(train["outputs"][0]["version"], format!("v:md5:{}", md5(7)));
    let nowhere = tempfile::tempdir().unwrap();
    let options = DvcOptions { repository: nowhere.path(), cache: None, commits: &|_| {}, hashed: &|_| {} };
    let refused = dvc::import(&project.home, project.store.as_mut(), options);
    assert!(matches!(refused, Err(DvcError::NoRepository(_))));
}

#[test]
fn what_lies_too_deep_or_again_and_again_is_left_out_and_said() {
    let mut project = Project::new();
    let folder = format!("{}a", "a/".repeat(64));
    project.commit(&[(&format!("{folder}/deep.dvc"), "outs: []")], None);
    let report = project.import();
    let said: Vec<(&str, &str)> = report.unread.iter().map(|left| (&*left.path, &*left.reason)).collect();
    assert_eq!(said, [(folder.as_str(), "folders nested deeper than 64 are not looked into")]);
    // Sixteen folders that are one, nine times within each other: no memory holds the paths of all these files.
    let mut tree = {
        let mut file = project.repository.treebuilder(None).unwrap();
        file.insert("dvc.lock", project.repository.blob(b"stages: [").unwrap(), 0o100_644).unwrap();
        file.write().unwrap()
    };
    for _ in 0..9 {
        let mut folders = project.repository.treebuilder(None).unwrap();
        for number in 0..16 {
            folders.insert(format!("folder-{number:02}"), tree, 0o040_000).unwrap();
        }
        tree = folders.write().unwrap();
    }
    {
        let tree = project.repository.find_tree(tree).unwrap();
        let head = project.repository.head().unwrap().peel_to_commit().unwrap();
        let who = Signature::new("Ada", "ada@example.test", &Time::new(1_800_000_000, 0)).unwrap();
        project.repository.commit(Some("HEAD"), &who, &who, "a change", &tree, &[&head]).unwrap();
    }
    let report = project.import();
    assert!(report.unread.iter().any(|left| left.reason.ends_with("and no more are looked at")), "{:?}", report.unread);
}

#[test]
#[ignore = "a thousand commits, for the figure: run it with `--release -- --ignored --nocapture`"]
fn a_thousand_commits_take_seconds() {
    let mut project = Project::new();
    for commit in 0..1000_u32 {
        let model = format!("{commit:032x}");
        project.keep(&model, format!("model {commit} {}", "x".repeat(10_000)).as_bytes());
        let files = [("dvc.lock", lock(&md5(1), &md5((commit / 10 % 200) as u8), &model, &format!("0.{commit}1")))];
        project.commit(&files.each_ref().map(|(name, text)| (*name, text.as_str())), None);
    }
    let begun = Instant::now();
    let report = project.import();
    let first = begun.elapsed();
    assert_eq!((report.commits, report.runs.wrong), (1000, 0));
    let begun = Instant::now();
    let again = project.import();
    assert_eq!((again.runs.stored, again.runs.known), (0, report.runs.stored));
    println!("1000 commits, {} runs: {first:?}, again: {:?}", report.runs.stored, begun.elapsed());
}
