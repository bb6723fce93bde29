//! Which folder is the root of the project that a folder belongs to.

use std::path::{Path, PathBuf};

use crate::folder::FOLDER;
use crate::tracked::{self, Tracked};

/// What a search upward found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ProjectRoot {
    pub(super) root: PathBuf,
    /// Whether something says that this is a project's root: a store's folder or a work tree.
    pub(super) is_marked: bool,
    /// Folders of other users that were passed over.
    pub(super) ignored: Vec<PathBuf>,
    /// A store's folder above the work tree, which is not used.
    pub(super) above: Option<PathBuf>,
}

impl ProjectRoot {
    /// Returns what there is to say of a store above the work tree.
    pub(super) fn say_above(&self) -> Option<String> {
        let (above, root) = (self.above.as_ref()?.display(), self.root.display());
        Some(format!(
            "`{above}` lies above the work tree `{root}` and is not used there: `MLTRACE_DB` names a store for all"
        ))
    }
}

/// Searches upward from `folder`, an absolute path: for the nearest `.mltrace/` of this user, up to the root of the git
/// work tree, or outside of one up to the user's home folder.
///
/// The search never leaves for a file system of another owner, nor looks into a folder where anybody may put things, such
/// as `/tmp`, nor into `/`: what lies there would capture the runs of everybody below. Only the file system is asked, so
/// that what the environment says of a repository (`GIT_DIR`) changes nothing.
pub(super) fn find(folder: &Path, home: Option<&Path>) -> ProjectRoot {
    let reached: Vec<&Path> = reach(folder).collect();
    let work_tree = reached.iter().position(|folder| folder.join(".git").exists());
    let home = home.map(|home| std::fs::canonicalize(home).unwrap_or_else(|_| home.to_owned()));
    let at_home = || reached.iter().position(|folder| Some(*folder) == home.as_deref());
    let searched = work_tree.or_else(at_home).map_or(reached.len(), |last| last.saturating_add(1));

    let mut found = ProjectRoot::default();
    for folder in reached.iter().take(searched) {
        let store = folder.join(FOLDER);
        if !store.is_dir() {
            continue;
        }
        if is_ours(&store) {
            found.is_marked = true;
            found.root = (*folder).to_owned();
            return found;
        }
        found.ignored.push(store);
    }
    let root = work_tree.and_then(|at| reached.get(at).copied());
    found.is_marked = root.is_some();
    if root.is_some() {
        let above = reached.iter().skip(searched).map(|folder| folder.join(FOLDER));
        found.above = above.filter(|store| store.is_dir()).find(|store| is_ours(store));
    }
    found.root = root.unwrap_or(folder).to_owned();
    found
}

/// Returns the folder and those above it that a search may look into.
fn reach(folder: &Path) -> impl Iterator<Item = &Path> {
    let mut is_over = false;
    folder.ancestors().take_while(move |ancestor| {
        // The caller's own folder is taken as it is, unless it is `/`.
        if is_over || ancestor.parent().is_none() || (*ancestor != folder && is_anybodys(ancestor)) {
            return false;
        }
        is_over = ancestor.parent().is_some_and(|above| is_foreign(ancestor, above));
        true
    })
}

/// Returns whether anybody may put things into a folder, as into `/tmp`.
fn is_anybodys(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        const STICKY_FOR_ALL: u32 = 0o1002;
        std::fs::metadata(folder).is_ok_and(|found| found.mode() & STICKY_FOR_ALL == STICKY_FOR_ALL)
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        false
    }
}

/// Returns whether the folder `above` lies on another file system and is another user's.
fn is_foreign(folder: &Path, above: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(here), Ok(above)) = (std::fs::metadata(folder), std::fs::metadata(above)) else { return false };
        here.dev() != above.dev() && above.uid() != rustix::process::geteuid().as_raw()
    }
    #[cfg(not(unix))]
    {
        let _ = (folder, above);
        false
    }
}

/// Returns whether a folder is this user's, or not there yet. The superuser may use everybody's.
pub(super) fn is_ours(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        let me = rustix::process::geteuid();
        let owner = std::fs::metadata(folder).map(|found| std::os::unix::fs::MetadataExt::uid(&found));
        owner.map_or(true, |owner| me.is_root() || owner == me.as_raw())
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        true
    }
}

/// Returns whether the link in the place of `.mltrace` is one that this user laid, as far as that can be known: it lies at the
/// root of a git work tree that does not track it, and what it leads to is this user's, no other project's own `.mltrace`
/// and nothing of git's.
pub(super) fn is_own_link(link: &Path) -> bool {
    // An outer work tree says nothing of an archive that was unpacked in it.
    let is_in_git = link.parent().is_some_and(|root| tracked::git_folder(root).is_some());
    let is_others = |target: &Path| {
        let is_gits = target.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git"));
        is_gits || target.file_name().is_none_or(|name| name == FOLDER)
    };
    let target = link.canonicalize().ok().filter(|target| !is_others(target));
    is_in_git && target.is_some_and(|target| is_mine(link) && is_mine(&target)) && !Tracked::around(link).holds("")
}

/// Returns whether a file, folder or link belongs to this user, who may be the superuser.
fn is_mine(path: &Path) -> bool {
    #[cfg(unix)]
    {
        let owner = std::fs::symlink_metadata(path).map(|found| std::os::unix::fs::MetadataExt::uid(&found));
        owner.is_ok_and(|owner| owner == rustix::process::geteuid().as_raw())
    }
    #[cfg(not(unix))]
    {
        path.exists()
    }
}

/// Returns whether a file belongs to this user or to the superuser: the home of a process may be somebody else's.
pub(super) fn is_by_who_may_trust(path: &Path) -> bool {
    #[cfg(unix)]
    {
        let owner = std::fs::metadata(path).map(|found| std::os::unix::fs::MetadataExt::uid(&found));
        owner.is_ok_and(|owner| owner == 0 || owner == rustix::process::geteuid().as_raw())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder with these folders and files in it; what ends in a slash is a folder.
    fn tree(names: &[&str]) -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        for name in names {
            let path = tree.path().join(name);
            fs::create_dir_all(if name.ends_with('/') { &path } else { path.parent().unwrap() }).unwrap();
            if !name.ends_with('/') {
                fs::write(path, "gitdir: elsewhere\n").unwrap();
            }
        }
        tree
    }

    /// Checks which root is found from `folder`, with `home` as the user's home, and what is said to lie above.
    fn check(names: &[&str], folder: &str, home: &str, root: &str, above: Option<&str>) {
        let tree = tree(names);
        // As the system reports a working directory.
        let top = fs::canonicalize(tree.path()).unwrap();
        fs::create_dir_all(top.join(folder)).unwrap();
        let home = Some(home).filter(|home| !home.is_empty()).map(|home| top.join(home));
        let found = find(&top.join(folder), home.as_deref());
        assert_eq!((found.root, found.above), (top.join(root), above.map(|above| top.join(above))), "{names:?}");
    }

    #[test]
    fn the_nearest_store_is_the_root_and_else_the_work_tree() {
        check(&["a/.mltrace/", "a/b/.mltrace/"], "a/b/c", "", "a/b", None);
        check(&["a/.git/", "a/b/.mltrace/"], "a/b/c", "", "a/b", None);
        check(&["a/.git/", "a/.mltrace/"], "a/b/c", "", "a", None);
        check(&["a/.git/"], "a/b/c", "", "a", None);
        check(&[], "a/b", "", "a/b", None);
    }

    #[test]
    fn the_search_ends_at_the_work_tree_and_what_lies_above_is_told() {
        check(&["a/.mltrace/", "a/b/.git/"], "a/b/c", "", "a/b", Some("a/.mltrace"));
        check(&["a/.mltrace/", "a/b/.git/", "a/b/.mltrace/"], "a/b/c", "", "a/b", None);
        // Submodules and further work trees have a file there, and are work trees of their own.
        check(&["a/.git/", "a/.mltrace/", "a/module/.git"], "a/module/src", "", "a/module", Some("a/.mltrace"));
    }

    #[test]
    fn outside_a_work_tree_the_search_ends_at_home() {
        check(&["a/.mltrace/"], "a/b/c", "a", "a", None);
        check(&["a/.mltrace/"], "a/b/c", "a/b", "a/b/c", None);
        check(&["a/.git/", "a/.mltrace/"], "a/b/c", "a/b", "a", None);
    }

    #[test]
    fn the_root_of_the_file_system_is_not_looked_into() {
        assert_eq!(reach(Path::new("/")).count(), 0);
        assert_eq!(reach(Path::new("/no/such")).collect::<Vec<_>>(), [Path::new("/no/such"), Path::new("/no")]);
        assert_eq!(find(Path::new("/"), None), ProjectRoot { root: "/".into(), ..ProjectRoot::default() });
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_where_anybody_may_put_things_is_not_looked_into() {
        use std::os::unix::fs::PermissionsExt;
        let tree = tree(&["open/.mltrace/", "open/.git/", "open/mine/"]);
        let (open, mine) = (tree.path().join("open"), tree.path().join("open/mine"));
        assert_eq!(find(&mine, None).root, open);
        fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(find(&mine, None), ProjectRoot { root: mine, ..ProjectRoot::default() });
        assert_eq!(find(&open, None).root, open, "who works there means it");
    }
}
