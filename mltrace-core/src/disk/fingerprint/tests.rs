//! What fingerprints tell apart, and what they leave alone.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::prelude::*;
use tempfile::{TempDir, tempdir};

use super::*;
use crate::disk::Cache;
use crate::model::VersionId;

fn how(skip: &Skip) -> Hashing<'_> {
    Hashing { limit: u64::MAX, skip, cache: None, progress: None, cancel: None }
}

fn version(path: &Path) -> Option<VersionId> {
    fingerprint(path, &how(&Skip::default())).unwrap().map(|fingerprint| fingerprint.version)
}

/// Writes files given as `path=content`; a path that ends in `/` is an empty folder.
fn folder_of(files: &[&str]) -> TempDir {
    let folder = tempdir().unwrap();
    for file in files {
        let (path, content) = file.split_once('=').unwrap_or((file, ""));
        let full = folder.path().join(path);
        if path.ends_with('/') {
            fs::create_dir_all(full).unwrap();
        } else {
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, content).unwrap();
        }
    }
    folder
}

#[test]
fn a_file_is_told_by_the_hash_of_its_bytes() {
    for size in [0, 1, 63, 64, 4096, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 1_000_003] {
        let content: Vec<u8> = (0..size).map(|at: u32| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
        let folder = tempdir().unwrap();
        let path = folder.path().join("a.bin");
        fs::write(&path, &content).unwrap();
        let found = fingerprint(&path, &how(&Skip::default())).unwrap().unwrap();
        assert_eq!(found.version, VersionId::Content(*blake3::hash(&content).as_bytes()), "{size}");
        assert_eq!(found.size, u64::from(size));
        assert_eq!(Some(found.stat), stat(&path).unwrap());
    }
}

#[test]
fn nothing_there_is_no_error() {
    let folder = folder_of(&["a=1"]);
    for path in ["b", "a/b", "no/such/thing"] {
        assert_eq!(version(&folder.path().join(path)), None);
        assert_eq!(stat(&folder.path().join(path)).unwrap(), None);
    }
}

#[test]
fn a_folder_is_told_by_everything_in_it_and_not_by_where_it_lies() {
    let one = version(folder_of(&["x/a=1", "b=2", "e/"]).path());
    assert!(matches!(one, Some(VersionId::Content(_))));
    assert_eq!(one, version(folder_of(&["b=2", "e/", "x/a=1"]).path()));
    for other in [
        &["x/a=1", "b=3", "e/"][..],
        &["x/a=1", "b=2"],
        &["x/a=1", "c=2", "e/"],
        &["a=1", "b=2", "e/"],
        &["x/a=1", "b=2", "e/", "n="],
        &["x/a=1", "b=2", "e="],
        &["x-a=1", "b=2", "e/"],
    ] {
        assert_ne!(one, version(folder_of(other).path()), "{other:?}");
    }
    assert_ne!(version(folder_of(&[]).path()), None);
    let folder = folder_of(&["a=12", "x/b=345"]);
    assert_eq!(fingerprint(folder.path(), &how(&Skip::default())).unwrap().unwrap().size, 5);
}

#[cfg(unix)]
#[test]
fn a_folder_of_links_is_what_the_links_lead_to() {
    use std::os::unix::fs::symlink;
    let folder = folder_of(&["plain/a=1", "plain/deep/b=22", "links/a=1", "store/x=22", "store/y=1"]);
    let at = |name: &str| folder.path().join(name);
    let plain = version(&at("plain"));
    symlink(at("plain"), at("link")).unwrap();
    assert_eq!(version(&at("link")), plain);

    fs::create_dir(at("links/deep")).unwrap();
    symlink("../../store/x", at("links/deep/b")).unwrap();
    assert_eq!(version(&at("links")), plain, "a link to a file");
    fs::write(at("store/x"), "333").unwrap();
    assert_ne!(version(&at("links")), plain);
    fs::write(at("plain/deep/b"), "333").unwrap();
    assert_eq!(version(&at("links")), version(&at("plain")));

    fs::remove_dir_all(at("links/deep")).unwrap();
    fs::create_dir(at("elsewhere")).unwrap();
    symlink("../store/x", at("elsewhere/b")).unwrap();
    symlink("../elsewhere", at("links/deep")).unwrap();
    assert_eq!(version(&at("links")), version(&at("plain")), "a link to a folder of links");
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_or_around_stand_for_themselves() {
    use std::os::unix::fs::symlink;
    let folder = folder_of(&["d/a=1", "outside=2", "e/f=3"]);
    let inner = folder.path().join("d");
    let before = version(&inner);
    symlink(&inner, inner.join("cycle")).unwrap();
    symlink("..", inner.join("up")).unwrap();
    symlink("nowhere", inner.join("dangling")).unwrap();
    symlink("self", inner.join("self")).unwrap();
    let with_links = version(&inner);
    assert_ne!(with_links, before);
    fs::write(folder.path().join("outside"), "3").unwrap();
    assert_eq!(version(&inner), with_links);
    fs::remove_file(inner.join("dangling")).unwrap();
    symlink("elsewhere", inner.join("dangling")).unwrap();
    assert_ne!(version(&inner), with_links);

    // Two folders that lead to each other: what lies in the second one counts, and there the search ends.
    symlink("../e", inner.join("e")).unwrap();
    symlink("../d", folder.path().join("e/d")).unwrap();
    let both = version(&inner);
    fs::write(folder.path().join("e/f"), "4").unwrap();
    assert_ne!(version(&inner), both);
}

#[cfg(unix)]
#[test]
fn pipes_and_sockets_are_never_opened() {
    use std::os::unix::net::UnixListener;
    let folder = folder_of(&["a=1"]);
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(version(&pipe), None);
    let socket = folder.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    assert_eq!(version(&socket), None);
    assert_eq!(version(Path::new("/dev/zero")), None);
    // As parts of a folder they count by name.
    assert!(matches!(version(folder.path()), Some(VersionId::Content(_))));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_a_real_size_has_no_content() {
    assert_eq!(version(Path::new("/proc/self/status")).filter(|found| *found != empty()), None);
    assert_eq!(version(Path::new("/sys/kernel/mm/transparent_hugepage/enabled")), None);
}

#[cfg(target_os = "linux")]
fn empty() -> VersionId {
    VersionId::Content(*blake3::hash(b"").as_bytes())
}

#[test]
fn the_store_and_its_journals_are_skipped() {
    let plain = version(folder_of(&["a=1"]).path());
    let folder = folder_of(&["a=1", ".mltrace/mltrace.db=store", "deep/.mltrace/journal/x=1"]);
    fs::remove_dir_all(folder.path().join("deep")).unwrap();
    assert_eq!(version(folder.path()), plain, "a folder of the usual name");
    assert_eq!(version(&folder.path().join(".mltrace")), None);

    let files = ["a=1", "mltrace.db=store", "mltrace.db-wal=w", "journal/x.log=1", "write.lock=", "fingerprints=f"];
    let folder = folder_of(&files);
    let (store, home) = (folder.path().join("mltrace.db"), folder.path());
    let skip = Skip::of(Some(&store), home);
    let of = |path: &Path| fingerprint(path, &how(&skip)).unwrap().map(|found| found.version);
    assert_eq!(of(home), plain, "a store among other people's files");
    fs::hard_link(&store, folder.path().join("other-name")).unwrap();
    assert_eq!(of(home), plain, "the store by another name");
    assert_eq!(of(&store), None);
    assert_eq!(of(&folder.path().join("journal")), None);
    let theirs = folder.path().join("journal_2020.csv");
    fs::write(&theirs, "rows").unwrap();
    assert!(
        Skip::of(Some(&store), home) == skip && of(&theirs).is_some(),
        "a name that merely begins like one of ours"
    );

    let folder = folder_of(&["a=1", "team.db=store", "team.db.d/journal/x=1"]);
    let skip = Skip::of(Some(&folder.path().join("team.db")), &folder.path().join("team.db.d"));
    assert_eq!(fingerprint(folder.path(), &how(&skip)).unwrap().map(|found| found.version), plain);
}

#[test]
fn lock_tables_beside_databases_are_not_opened() {
    let plain = version(folder_of(&["x.db=1", "m/data.mdb=2", "z-shm=3"]).path());
    let folder = folder_of(&["x.db=1", "x.db-shm=locks", "m/data.mdb=2", "m/lock.mdb=locks", "z-shm=3"]);
    assert_eq!(version(folder.path()), plain);
    assert_eq!(version(&folder.path().join("x.db-shm")), None);
    assert_ne!(version(&folder.path().join("z-shm")), None);
}

#[test]
fn what_exceeds_the_limit_is_told_by_its_stat_unless_its_hash_is_known() {
    let folder = folder_of(&["a=12345", "d/b=123", "d/c=456"]);
    let home = tempdir().unwrap();
    let cache = Cache::new(home.path());
    let skip = Skip::default();
    let how = |limit| Hashing { limit, cache: Some(&cache), ..how(&skip) };
    let of = |path: &str, limit| fingerprint(&folder.path().join(path), &how(limit)).unwrap().unwrap();

    let found = of("a", 4);
    let Stat { size, mtime_ns, inode, .. } = found.stat;
    assert_eq!(found.version, VersionId::Stat(format!("{size}-{mtime_ns}-{inode}")));
    assert!(matches!(of("a", 5).version, VersionId::Content(_)));
    let tree = of("d", 5).version;
    assert!(matches!(&tree, VersionId::Stat(text) if text.starts_with("6-")));
    assert_eq!(of("d", 5).version, tree);
    assert!(matches!(of("d", 6).version, VersionId::Content(_)));

    let content = of("a", 5);
    let VersionId::Content(hash) = content.version else { panic!("no content") };
    cache.put(&folder.path().join("a"), &content.stat, hash, i64::MAX);
    assert_eq!(of("a", 4).version, content.version);
}

#[test]
fn progress_adds_up_and_hashing_can_be_stopped() {
    let folder = folder_of(&[]);
    fs::write(folder.path().join("a"), vec![1; 700_000]).unwrap();
    fs::write(folder.path().join("b"), vec![2; 10]).unwrap();
    let (skip, done) = (Skip::default(), AtomicU64::new(0));
    let progress = |bytes| {
        done.fetch_add(bytes, Ordering::Relaxed);
    };
    let found = fingerprint(folder.path(), &Hashing { progress: Some(&progress), ..how(&skip) }).unwrap();
    assert!(found.is_some());
    assert_eq!(done.load(Ordering::Relaxed), 700_010);

    let cancel = AtomicBool::new(false);
    let stop = |_| cancel.store(true, Ordering::Relaxed);
    let stopped = Hashing { progress: Some(&stop), cancel: Some(&cancel), ..how(&skip) };
    assert_eq!(fingerprint(folder.path(), &stopped).unwrap(), None);
    assert_eq!(fingerprint(&folder.path().join("a"), &stopped).unwrap(), None);
}

#[test]
fn a_file_that_changes_while_it_is_hashed_is_tried_once_more() {
    let folder = folder_of(&[]);
    let path = folder.path().join("a");
    fs::write(&path, vec![1; 300_000]).unwrap();
    let skip = Skip::default();
    let times = |changes: u32| {
        let left = Mutex::new(changes);
        let change = |_| {
            let mut left = left.lock().unwrap();
            if *left > 0 {
                *left -= 1;
                let mut content = fs::read(&path).unwrap();
                content.extend(b"more");
                fs::write(&path, &content).unwrap();
            }
        };
        fingerprint(&path, &Hashing { progress: Some(&change), ..how(&skip) }).unwrap().map(|found| found.version)
    };
    let once = times(1);
    assert_eq!(once, Some(VersionId::Content(*blake3::hash(&fs::read(&path).unwrap()).as_bytes())));
    assert_eq!(times(10), None);
}

#[test]
fn a_file_that_is_replaced_while_it_is_hashed_is_told_by_its_new_content() {
    let folder = folder_of(&["b=new"]);
    let (path, new) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&path, vec![1; 300_000]).unwrap();
    let replace = |_| {
        let _ = fs::rename(&new, &path);
    };
    let skip = Skip::default();
    let found = fingerprint(&path, &Hashing { progress: Some(&replace), ..how(&skip) }).unwrap().unwrap();
    assert_eq!(found.version, VersionId::Content(*blake3::hash(b"new").as_bytes()));
}

#[test]
fn a_folder_that_changes_while_it_is_hashed_is_tried_once_more() {
    let folder = folder_of(&["a=1"]);
    let skip = Skip::default();
    let left = Mutex::new(1);
    let change = |_| {
        let mut left = left.lock().unwrap();
        fs::write(folder.path().join(format!("new{left}")), "2").unwrap();
        *left -= 1;
    };
    let found = fingerprint(folder.path(), &Hashing { progress: Some(&change), ..how(&skip) }).unwrap();
    assert_eq!(found, None, "every attempt found another folder");
    assert_eq!(version(folder.path()), version(folder.path()));
}

#[cfg(unix)]
#[test]
fn non_utf8_names_count_byte_by_byte() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let of = |name: &[u8]| {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join(OsStr::from_bytes(name)), "1").unwrap();
        version(folder.path())
    };
    assert_ne!(of(b"a\xff"), of(b"a\xfe"));
    assert_eq!(of(b"a\xff\n"), of(b"a\xff\n"));
}

#[test]
fn a_folder_nested_deeply_needs_no_deep_stack() {
    let folder = tempdir().unwrap();
    let deep = folder.path().join("d/".repeat(900));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("a"), "1").unwrap();
    assert!(version(folder.path()).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn two_folders_are_told_apart_exactly_when_they_differ(
        one in prop::collection::btree_map("[ab]{1,2}", "[xy]{0,2}", 0..4),
        other in prop::collection::btree_map("[ab]{1,2}", "[xy]{0,2}", 0..4),
    ) {
        let of = |files: &std::collections::BTreeMap<String, String>| {
            let files: Vec<String> = files.iter().map(|(name, content)| format!("{name}={content}")).collect();
            version(folder_of(&files.iter().map(String::as_str).collect::<Vec<_>>()).path())
        };
        prop_assert_eq!(of(&one) == of(&other), one == other);
    }
}
