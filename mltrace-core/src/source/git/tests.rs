//! How repositories are read.

use std::fs;

use git2::{RepositoryInitOptions, Signature};
use tempfile::{TempDir, tempdir};

use super::*;

fn init(folder: &Path) -> Repository {
    let repository = Repository::init_opts(folder, RepositoryInitOptions::new().initial_head("main")).unwrap();
    fs::write(folder.join("a.rs"), "fn a() {}\n").unwrap();
    repository
}

fn commit(repository: &Repository, text: &str) -> String {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let signature = Signature::now("ada", "ada@example.org").unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &signature, &signature, text, &tree, &parents).unwrap().to_string()
}

fn repository() -> (TempDir, Repository, String) {
    let folder = tempdir().unwrap();
    let repository = init(folder.path());
    let id = commit(&repository, "first");
    (folder, repository, id)
}

fn dirty(folder: &Path) -> Option<bool> {
    let mut git = head(folder).unwrap();
    rest(folder, &mut git);
    git.dirty
}

#[test]
fn a_commit_its_branch_its_tags_and_its_remote_are_told() {
    let (folder, repository, id) = repository();
    let target = repository.revparse_single("HEAD").unwrap();
    let signature = Signature::now("ada", "ada@example.org").unwrap();
    repository.tag_lightweight("v2", &target, false).unwrap();
    repository.tag("v1", &target, &signature, "first", false).unwrap();
    repository.remote("origin", "https://ada:ghp_x@example.org/ml.git").unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();

    let mut git = head(&folder.path().join("sub")).unwrap();
    assert_eq!((git.commit.as_ref(), git.branch.as_deref()), (Some(&id), Some("main")));
    assert_eq!(git.remote.as_deref(), Some("https://example.org/ml.git"));
    assert_eq!(git.dirty, None);
    rest(folder.path(), &mut git);
    assert_eq!((git.tags, git.dirty), (vec!["v1".to_owned(), "v2".to_owned()], Some(false)));

    fs::write(folder.path().join("a.rs"), "fn b() {}\n").unwrap();
    commit(&repository, "second");
    let mut git = head(folder.path()).unwrap();
    rest(folder.path(), &mut git);
    assert!(git.tags.is_empty());
}

#[test]
fn two_looks_at_one_repository_have_keys_of_their_own() {
    let (folder, ..) = repository();
    assert_ne!(head(folder.path()).unwrap().key, head(folder.path()).unwrap().key);
}

#[test]
fn only_tracked_files_outside_the_store_make_it_dirty() {
    let (folder, repository, _) = repository();
    assert_eq!(dirty(folder.path()), Some(false));
    fs::write(folder.path().join("untracked"), "1").unwrap();
    assert_eq!(dirty(folder.path()), Some(false));
    fs::create_dir_all(folder.path().join(".mltrace")).unwrap();
    fs::write(folder.path().join(".mltrace/tracked"), "1").unwrap();
    commit(&repository, "second");
    fs::write(folder.path().join(".mltrace/tracked"), "22").unwrap();
    assert_eq!(dirty(folder.path()), Some(false));
    fs::write(folder.path().join("a.rs"), "fn changed() {}\n").unwrap();
    assert_eq!(dirty(folder.path()), Some(true));
    fs::remove_file(folder.path().join("a.rs")).unwrap();
    assert_eq!(dirty(folder.path()), Some(true));
}

#[test]
fn a_staged_change_is_dirty() {
    let (folder, repository, _) = repository();
    fs::write(folder.path().join("b.rs"), "1").unwrap();
    let mut index = repository.index().unwrap();
    index.add_path(Path::new("b.rs")).unwrap();
    index.write().unwrap();
    assert_eq!(dirty(folder.path()), Some(true));
}

#[test]
fn no_repository_is_nothing() {
    let folder = tempdir().unwrap();
    assert_eq!(head(folder.path()), None);
    assert_eq!(head(&folder.path().join("gone")), None);
    let mut git = Git::default();
    rest(folder.path(), &mut git);
    assert_eq!(git, Git::default());
}

#[test]
fn an_unborn_branch_has_no_commit() {
    let folder = tempdir().unwrap();
    init(folder.path());
    let git = head(folder.path()).unwrap();
    assert_eq!((git.commit, git.branch.as_deref()), (None, Some("main")));
    assert_eq!(dirty(folder.path()), Some(false));
}

#[test]
fn a_detached_head_has_no_branch() {
    let (folder, repository, id) = repository();
    repository.set_head_detached(git2::Oid::from_str(&id).unwrap()).unwrap();
    let git = head(folder.path()).unwrap();
    assert_eq!((git.commit, git.branch), (Some(id), None));
    assert_eq!(dirty(folder.path()), Some(false));
}

#[test]
fn a_work_tree_of_its_own_has_its_own_branch() {
    let (folder, repository, id) = repository();
    let other = tempdir().unwrap();
    let path = other.path().join("side");
    repository.worktree("side", &path, None).unwrap();
    let git = head(&path).unwrap();
    assert_eq!((git.commit, git.branch.as_deref()), (Some(id), Some("side")));
    assert_eq!(dirty(&path), Some(false));
    fs::write(path.join("a.rs"), "changed").unwrap();
    assert_eq!((dirty(&path), dirty(folder.path())), (Some(true), Some(false)));
}

#[test]
fn a_bare_repository_is_neither_clean_nor_dirty() {
    let (folder, _, id) = repository();
    let bare = tempdir().unwrap();
    git2::build::RepoBuilder::new().bare(true).clone(folder.path().to_str().unwrap(), bare.path()).unwrap();
    let git = head(bare.path()).unwrap();
    assert_eq!((git.commit, git.branch.as_deref()), (Some(id), Some("main")));
    assert_eq!(dirty(bare.path()), None);
}

#[test]
fn a_shallow_repository_is_read_like_any_other() {
    let (folder, repository, _) = repository();
    let id = commit(&repository, "second");
    fs::write(folder.path().join(".git/shallow"), format!("{id}\n")).unwrap();
    assert_eq!(head(folder.path()).unwrap().commit, Some(id));
    assert_eq!(dirty(folder.path()), Some(false));
}

#[test]
fn a_submodule_is_a_repository_of_its_own_and_makes_the_outer_one_dirty() {
    let (inner, _, inner_id) = repository();
    let (outer, outer_repository, outer_id) = repository();
    let address = inner.path().to_str().unwrap();
    let mut submodule = outer_repository.submodule(address, Path::new("lib"), true).unwrap();
    submodule.clone(None).unwrap();
    submodule.add_finalize().unwrap();
    let id = commit(&outer_repository, "with a submodule");
    assert_ne!(id, outer_id);

    let lib = outer.path().join("lib");
    assert_eq!(head(&lib).unwrap().commit, Some(inner_id));
    assert_eq!(head(outer.path()).unwrap().commit, Some(id));
    assert_eq!((dirty(&lib), dirty(outer.path())), (Some(false), Some(false)));
    fs::write(lib.join("untracked"), "1").unwrap();
    assert_eq!(dirty(outer.path()), Some(false));
    fs::write(lib.join("a.rs"), "changed").unwrap();
    assert_eq!((dirty(&lib), dirty(outer.path())), (Some(true), Some(true)));
}

#[test]
fn damage_leaves_what_can_still_be_read() {
    for damage in ["", "rubbish", "ref: refs/heads/../../../x", "ref: \n", "\0\0", "ref: refs/heads/none"] {
        let (folder, repository, _) = repository();
        repository.remote("origin", "git@example.org:ml.git").unwrap();
        fs::write(folder.path().join(".git/HEAD"), damage).unwrap();
        let git = head(folder.path());
        assert_eq!(git.and_then(|git| git.commit), None, "{damage:?}");
        let _ = find(folder.path(), "a.rs", folder.path());
        rest(folder.path(), &mut Git::default());
    }
    for file in ["config", "index", "packed-refs", "objects/info/alternates"] {
        let (folder, ..) = repository();
        fs::write(folder.path().join(".git").join(file), [0xFF; 100]).unwrap();
        let mut git = head(folder.path()).unwrap();
        rest(folder.path(), &mut git);
    }
}

#[cfg(unix)]
#[test]
fn files_of_git_that_have_no_end_hold_nobody() {
    for file in ["HEAD", "commondir", "gitdir", "config", "index", "packed-refs", "refs/heads/main", "../commondir"] {
        for is_pipe in [true, false] {
            let (folder, ..) = repository();
            let path = folder.path().join(".git").join(file);
            let _ = fs::remove_file(&path);
            if is_pipe {
                let rights = rustix::fs::Mode::from_raw_mode(0o600);
                rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rights, 0).unwrap();
            } else {
                // Nothing of it takes room on the disk.
                fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
            }
            let (tell, told) = std::sync::mpsc::channel();
            let root = folder.path().to_owned();
            std::thread::spawn(move || {
                let _ = find(&root, "a.rs", &root);
                let mut git = head(&root).unwrap_or_default();
                rest(&root, &mut git);
                let _ = tell.send(());
            });
            let is_over = told.recv_timeout(std::time::Duration::from_secs(60)).is_ok();
            assert!(is_over, "{file} (a pipe: {is_pipe}) holds nobody");
        }
    }
}

#[test]
fn a_format_that_is_not_known_is_read_from_its_plain_files() {
    let (folder, _, _) = repository();
    let (git_folder, id) = (folder.path().join(".git"), "ab".repeat(32));
    let config = "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha256\n\
                  [remote \"origin\"]\nurl = https://u:p@example.org/x\n";
    fs::write(git_folder.join("config"), config).unwrap();
    fs::write(git_folder.join("refs/heads/main"), format!("{id}\n")).unwrap();
    let git = head(folder.path()).unwrap();
    assert_eq!((git.commit.as_ref(), git.branch.as_deref()), (Some(&id), Some("main")));
    assert_eq!(git.remote.as_deref(), Some("https://example.org/x"));
    assert_eq!(dirty(folder.path()), None);

    fs::remove_file(git_folder.join("refs/heads/main")).unwrap();
    fs::write(git_folder.join("packed-refs"), format!("# pack-refs\n{id} refs/heads/main\n")).unwrap();
    assert_eq!(head(folder.path()).unwrap().commit, Some(id));
}

#[cfg(unix)]
#[test]
fn nothing_in_the_repository_is_executed() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, repository, _) = repository();
    let proof = folder.path().join("executed");
    let program = folder.path().join(".git/program");
    fs::write(&program, format!("#!/bin/sh\ntouch '{}'\ncat\n", proof.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let hooks = folder.path().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in ["post-checkout", "post-index-change", "fsmonitor-watchman", "reference-transaction", "pre-commit"] {
        fs::copy(&program, hooks.join(hook)).unwrap();
    }
    let mut config = repository.config().unwrap();
    for name in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.editor",
        "core.pager",
        "core.gitProxy",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "diff.x.textconv",
        "diff.x.command",
        "diff.external",
        "credential.helper",
        "core.alternateRefsCommand",
        "uploadpack.packObjectsHook",
    ] {
        config.set_str(name, program.to_str().unwrap()).unwrap();
    }
    fs::write(folder.path().join(".gitattributes"), "*.rs filter=x diff=x\n").unwrap();
    commit(&repository, "with attributes");
    fs::write(folder.path().join("a.rs"), "fn changed() {}\n").unwrap();

    assert!(find(folder.path(), "a.rs", folder.path()).is_some());
    assert_eq!(dirty(folder.path()), None, "only the program could tell whether the content changed");
    fs::write(folder.path().join(".gitattributes"), "*.rs filter=x diff=x\n\n").unwrap();
    assert_eq!(dirty(folder.path()), Some(true));
    assert!(!proof.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_repository_of_another_user_is_read_all_the_same() {
    let (folder, repository, id) = repository();
    let side = tempdir().unwrap();
    let side = side.path().join("side");
    repository.worktree("side", &side, None).unwrap();
    let other = rustix::fs::Uid::from_raw(54_321);
    // Only root can give a file away.
    let given_away = [folder.path().to_owned(), folder.path().join(".git"), side.clone()]
        .iter()
        .all(|path| rustix::fs::chown(path, Some(other), None).is_ok());
    if !given_away || Repository::open(folder.path()).is_ok() {
        return;
    }
    let git = head(folder.path()).unwrap();
    assert_eq!((git.commit.as_ref(), git.branch.as_deref()), (Some(&id), Some("main")));
    assert_eq!((dirty(folder.path()), dirty(&side)), (Some(false), Some(false)));
    fs::write(folder.path().join("a.rs"), "changed").unwrap();
    fs::write(side.join("a.rs"), "changed").unwrap();
    assert_eq!((dirty(folder.path()), dirty(&side)), (Some(true), Some(true)));
    assert_eq!(head(&side).unwrap().branch.as_deref(), Some("side"));
}

#[test]
fn the_repository_of_the_source_counts_before_that_of_the_root() {
    let (code, ..) = repository();
    let (root, ..) = repository();
    let manifest = code.path().join("crates/a");
    fs::create_dir_all(manifest.join("src")).unwrap();
    fs::write(manifest.join("src/lib.rs"), "").unwrap();
    let git_of = |folder: &TempDir| Some(fs::canonicalize(folder.path().join(".git")).unwrap());
    let find =
        |manifest: &Path, file: &str| find(manifest, file, root.path()).map(|found| fs::canonicalize(found).unwrap());
    assert_eq!(find(&manifest, "crates/a/src/lib.rs"), git_of(&code));
    assert_eq!(find(&manifest, "src/lib.rs"), git_of(&code));
    assert_eq!(find(&manifest, "src/gone.rs"), git_of(&root));
    assert_eq!(find(Path::new("/no/such/folder"), "src/lib.rs"), git_of(&root));
    assert_eq!(find(Path::new(""), ""), git_of(&root));

    fs::write(code.path().join(".gitignore"), "crates/\n").unwrap();
    assert_eq!(find(&manifest, "src/lib.rs"), git_of(&root), "the source is ignored there");
}

#[test]
fn a_work_tree_of_thousands_of_files_is_large() {
    let (folder, repository, _) = repository();
    assert!(!is_large(folder.path()) && !is_large(tempdir().unwrap().path()));
    let mut index = repository.index().unwrap();
    for number in 0..4_000 {
        let path = format!("part-{number:04}").into_bytes();
        let entry = git2::IndexEntry { path, ..index.get(0).unwrap() };
        index.add(&entry).unwrap();
    }
    index.write().unwrap();
    assert!(is_large(folder.path()));
}
