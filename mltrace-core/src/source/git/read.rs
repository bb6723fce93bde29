//! Reads a repository with libgit2.

use std::io::Read;
use std::path::{Path, PathBuf};

use git2::{AttrCheckFlags, Config, ErrorCode, Repository, StatusOptions, SubmoduleIgnore, SubmoduleStatus};

use crate::folder;
use crate::folder::FOLDER;
use crate::model::Git;
use crate::redact;
use crate::source::code;

/// Files of git's that hold one name are shorter than this.
const LONGEST: u64 = 64 << 10;
/// Files of git's that hold something of everything in a repository are shorter than this.
const LONGEST_LIST: u64 = 256 << 20;
/// An index longer than this is that of some thousands of files, each of which is looked at.
const LARGE_INDEX: u64 = 256 << 10;
/// The most tags kept of one commit.
const MOST_TAGS: usize = 64;

/// Returns the git folder of the repository whose state is recorded: the one that holds the function's source, if that
/// is there at run time and not ignored, else the one that holds the project's root.
#[must_use]
pub fn find(manifest_folder: &Path, file: &str, root: &Path) -> Option<PathBuf> {
    let holds = |source: &PathBuf| {
        let git = discover(source.parent()?)?;
        // A registry's copy of a package below a home folder that is itself a repository is none of its files.
        let is_ignored = open(&git).is_some_and(|repository| repository.status_should_ignore(source).unwrap_or(false));
        (!is_ignored).then_some(git)
    };
    code::locate(file, manifest_folder).as_ref().and_then(holds).or_else(|| discover(root))
}

/// Returns what is quick to know of the repository that `folder` lies in: commit, branch and remote.
///
/// The key is new each time, because of two processes at the same commit one may find the work tree changed.
#[must_use]
pub fn head(folder: &Path) -> Option<Git> {
    let folder = discover(folder)?;
    let mut git = Git { key: Git::new_key(), ..Git::default() };
    match open(&folder) {
        Some(repository) => {
            read_head(&repository, &mut git);
            git.remote = repository.config().ok().and_then(|config| remote(&config));
        }
        // A format that libgit2 does not know, such as SHA-256: the plain files still name the commit.
        None => {
            read_head_files(&folder, &mut git);
            let config = Some(common_folder(&folder).join("config")).filter(|config| is_within(config, LONGEST_LIST));
            git.remote = config.and_then(|config| Config::open(&config).ok()).and_then(|config| remote(&config));
        }
    }
    Some(git)
}

/// Returns whether [`rest`] looks at so many files that a short process does not wait for it.
#[must_use]
pub fn is_large(folder: &Path) -> bool {
    let index = discover(folder).map(|folder| folder.join("index"));
    index.and_then(|index| index.metadata().ok()).is_some_and(|found| found.len() > LARGE_INDEX)
}

/// Adds what takes time: the tags at the commit, and whether tracked files differ from it.
///
/// As for `git describe --dirty`, untracked files do not count; nor does anything in `.mltrace`. A file that only
/// differs because its content goes through a filter that is not run here (large file storage) leaves it unknown.
pub fn rest(folder: &Path, git: &mut Git) {
    let Some(repository) = discover(folder).and_then(|folder| open(&folder)) else {
        return;
    };
    git.tags = tags(&repository, git.commit.as_deref());
    git.dirty = is_dirty(&repository);
}

/// Returns the repository that a folder lies in.
#[must_use]
pub fn repository(folder: &Path) -> Option<Repository> {
    open(&discover(folder)?)
}

fn discover(folder: &Path) -> Option<PathBuf> {
    // On its way up, libgit2 reads these of each folder.
    let read = [".git", "HEAD", "commondir", "gitdir", ".git/HEAD", ".git/commondir", ".git/gitdir"];
    let mut files = folder.ancestors().flat_map(|folder| read.iter().map(|name| folder.join(name)));
    if !files.all(|file| is_within(&file, LONGEST)) {
        return None;
    }
    Repository::discover_path(folder, std::iter::empty::<&Path>()).ok()
}

fn open(folder: &Path) -> Option<Repository> {
    if !is_sane(folder) {
        return None;
    }
    match Repository::open(folder) {
        Ok(repository) => Some(repository),
        // A mounted checkout in a container often belongs to another user. Opened as a bare repository the owner is not
        // asked for, and what the check protects from, running the repository's programs, does not happen here.
        Err(error) if error.code() == ErrorCode::Owner => {
            let repository = Repository::open_bare(folder).ok()?;
            if let Some(work_tree) = work_tree(&repository, folder) {
                repository.set_workdir(&work_tree, false).ok()?;
            }
            Some(repository)
        }
        Err(_) => None,
    }
}

/// Returns whether libgit2 may look at a repository: it takes these files whole into memory, and waits at a pipe.
fn is_sane(folder: &Path) -> bool {
    let common = common_folder(folder);
    let head = text_of(&folder.join("HEAD"), LONGEST).unwrap_or_default();
    let reference = head.trim_end().strip_prefix("ref: ").unwrap_or("HEAD");
    let names = [folder.join("HEAD"), folder.join(reference), common.join(reference)];
    let lists = [folder.join("index"), common.join("config"), common.join("packed-refs")];
    names.iter().all(|file| is_within(file, LONGEST)) && lists.iter().all(|file| is_within(file, LONGEST_LIST))
}

/// Returns whether what is at a path, if anything, is a folder or a file of at most so many bytes.
fn is_within(path: &Path, most: u64) -> bool {
    path.metadata().map_or(true, |found| found.is_dir() || (found.is_file() && found.len() <= most))
}

/// Returns what a file of the repository says, unless it is longer than any that git writes, or no file.
fn text_of(path: &Path, most: u64) -> Option<String> {
    let mut text = String::new();
    let read = folder::open_to_read(path).ok()?.take(most.saturating_add(1)).read_to_string(&mut text).ok()?;
    u64::try_from(read).is_ok_and(|read| read <= most).then_some(text)
}

/// Returns the work tree of a repository that was opened as if it had none.
fn work_tree(repository: &Repository, folder: &Path) -> Option<PathBuf> {
    let config = repository.config().ok()?;
    if config.get_bool("core.bare").unwrap_or(false) && !folder.join("commondir").exists() {
        return None;
    }
    if let Some(named) = text_of(&folder.join("gitdir"), LONGEST) {
        // `…/.git/worktrees/NAME/gitdir` names the file `.git` of the work tree.
        return Path::new(named.trim_end()).parent().map(Path::to_owned);
    }
    match config.get_path("core.worktree") {
        Ok(path) => Some(folder.join(path)),
        Err(_) if folder.file_name()? == ".git" => folder.parent().map(Path::to_owned),
        Err(_) => None,
    }
}

fn read_head(repository: &Repository, git: &mut Git) {
    let Ok(head) = repository.find_reference("HEAD") else {
        return;
    };
    git.branch = head.symbolic_target_bytes().map(branch_of);
    let commit = head.resolve().ok().and_then(|head| head.target());
    git.commit = commit.map(|commit| commit.to_string());
}

fn branch_of(reference: &[u8]) -> String {
    let reference = String::from_utf8_lossy(reference);
    reference.strip_prefix("refs/heads/").unwrap_or(&reference).to_owned()
}

fn common_folder(folder: &Path) -> PathBuf {
    let common = text_of(&folder.join("commondir"), LONGEST);
    common.map_or_else(|| folder.to_owned(), |common| folder.join(common.trim_end()))
}

fn read_head_files(folder: &Path, git: &mut Git) {
    let is_commit = |text: &&str| text.len() >= 40 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let head = text_of(&folder.join("HEAD"), LONGEST).unwrap_or_default();
    let Some(reference) = head.trim_end().strip_prefix("ref: ") else {
        git.commit = Some(head.trim_end()).filter(is_commit).map(str::to_owned);
        return;
    };
    git.branch = Some(branch_of(reference.as_bytes()));
    // A reference is a path below the git folder; nothing else is opened.
    if !reference.starts_with("refs/") || reference.contains("..") {
        return;
    }
    let common = common_folder(folder);
    let loose = text_of(&common.join(reference), LONGEST);
    let packed = || {
        let packed = text_of(&common.join("packed-refs"), LONGEST_LIST)?;
        let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(_, name)| *name == reference).map(|(commit, _)| commit.to_owned())
    };
    git.commit = loose.or_else(packed).as_deref().map(str::trim_end).filter(is_commit).map(str::to_owned);
}

/// Returns the address of `origin`, else of the only remote there is, without credentials.
fn remote(config: &Config) -> Option<String> {
    let origin = config.get_string("remote.origin.url").ok();
    let address = origin.or_else(|| {
        let mut only = None;
        let mut entries = config.entries(Some(r"^remote\..*\.url$")).ok()?;
        while let Some(Ok(entry)) = entries.next() {
            if only.replace(entry.value().ok()?.to_owned()).is_some() {
                return None;
            }
        }
        only
    })?;
    Some(redact::remote(&address).into_owned())
}

fn tags(repository: &Repository, commit: Option<&str>) -> Vec<String> {
    let Some(commit) = commit.and_then(|commit| git2::Oid::from_str(commit).ok()) else {
        return Vec::new();
    };
    let mut tags = Vec::new();
    let Ok(references) = repository.references_glob("refs/tags/*") else {
        return tags;
    };
    for reference in references.flatten() {
        // An annotated tag points at the tag, which points at the commit.
        let points_at = reference.target().is_some_and(|target| {
            target == commit || repository.find_tag(target).is_ok_and(|tag| tag.target_id() == commit)
        });
        let name = String::from_utf8_lossy(reference.name_bytes());
        if let Some(name) = name.strip_prefix("refs/tags/").filter(|_| points_at) {
            tags.push(name.to_owned());
        }
    }
    tags.sort_unstable();
    tags.truncate(MOST_TAGS);
    tags
}

fn is_dirty(repository: &Repository) -> Option<bool> {
    if repository.is_bare() || repository.workdir().is_none() {
        return None;
    }
    let mut options = StatusOptions::new();
    options.include_untracked(false).include_ignored(false).exclude_submodules(true).update_index(false);
    let statuses = repository.statuses(Some(&mut options)).ok()?;
    let mut is_filtered = false;
    for entry in statuses.iter() {
        let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
        if path.split('/').any(|part| part == FOLDER) {
            continue;
        }
        let is_content = entry.status() == git2::Status::WT_MODIFIED;
        if is_content && is_filtered_elsewhere(repository, Path::new(&path)) {
            is_filtered = true;
        } else {
            return Some(true);
        }
    }
    if is_a_submodule_dirty(repository) {
        return Some(true);
    }
    (!is_filtered).then_some(false)
}

/// Returns whether the content of `path` goes through a program (`filter=lfs`) on its way into the repository.
fn is_filtered_elsewhere(repository: &Repository, path: &Path) -> bool {
    let filter = repository.get_attr(path, "filter", AttrCheckFlags::default());
    matches!(filter, Ok(Some(name)) if !name.is_empty())
}

fn is_a_submodule_dirty(repository: &Repository) -> bool {
    let changed = SubmoduleStatus::INDEX_ADDED
        | SubmoduleStatus::INDEX_DELETED
        | SubmoduleStatus::INDEX_MODIFIED
        | SubmoduleStatus::WD_MODIFIED
        | SubmoduleStatus::WD_INDEX_MODIFIED
        | SubmoduleStatus::WD_WD_MODIFIED;
    repository.submodules().unwrap_or_default().iter().any(|submodule| {
        let name = submodule.name().ok();
        let status = name.and_then(|name| repository.submodule_status(name, SubmoduleIgnore::Untracked).ok());
        status.is_some_and(|status| status.intersects(changed))
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
