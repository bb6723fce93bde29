//! What git tracks, told from its index alone: what a clone brought along was not recorded here.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use crate::folder;

/// A longer index is not read: more than ten million files.
const LONGEST: u64 = 2 << 30;

/// What git tracks of a folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracked {
    /// The paths of files below the folder. What is in here may be another's, and what is not is not tracked.
    inside: HashSet<Vec<u8>>,
    /// Whether git tracks the folder itself, as it does a link.
    is_itself: bool,
    /// Whether the index is there and cannot be understood.
    is_unknown: bool,
}

/// What was found last, and of which state of which index: a server asks every second, and an index may be long.
static LAST: Mutex<Option<(Asked, Tracked)>> = Mutex::new(None);

/// A folder, and an index with its length and when it was written.
type Asked = (PathBuf, PathBuf, Option<(u64, SystemTime)>);

impl Tracked {
    /// Reads what git tracks of `folder`; outside any work tree, nothing is tracked.
    pub(crate) fn around(folder: &Path) -> Self {
        // What leads to it may be a link; it may be one itself, and that is then what is asked for.
        let around = folder.parent().filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(around) = around.canonicalize() else { return Self::default() };
        let folder = around.join(folder.file_name().unwrap_or_default());
        let Some((root, git)) = folder.ancestors().skip(1).find_map(|root| Some((root, git_folder(root)?))) else {
            return Self::default();
        };
        let index = git.join("index");
        let state = index.metadata().ok().and_then(|index| Some((index.len(), index.modified().ok()?)));
        let asked = (folder.clone(), index, state);
        let mut last = LAST.try_lock().ok();
        if let Some((_, found)) = last.as_deref().and_then(Option::as_ref).filter(|(known, _)| *known == asked) {
            return found.clone();
        }
        let found = Self::read(&git, folder.strip_prefix(root).unwrap_or(&folder));
        if let Some(last) = last.as_deref_mut().filter(|_| state.is_some()) {
            *last = Some((asked, found.clone()));
        }
        found
    }

    /// Reads the index of a work tree for what lies below a path from its root.
    fn read(git: &Path, path: &Path) -> Self {
        let mut below = Vec::new();
        for part in path {
            below.extend_from_slice(part.as_encoded_bytes());
            below.push(b'/');
        }
        match names(git) {
            Ok(bytes) => {
                let itself = below.split_last().map_or(&[][..], |(_, itself)| itself);
                let mut found = Self::default();
                for name in bytes.split(|byte| *byte == 0) {
                    found.is_itself |= !itself.is_empty() && name.ends_with(itself);
                    // What stands before the first letter of a name differs from version to version.
                    let begins =
                        (0..name.len()).filter(|at| name.get(*at..).is_some_and(|rest| rest.starts_with(&below)));
                    let inside = begins.filter_map(|at| name.get(at.saturating_add(below.len())..));
                    found.inside.extend(inside.filter(|inside| !inside.is_empty()).map(<[u8]>::to_vec));
                }
                found
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(_) => Self { is_unknown: true, ..Self::default() },
        }
    }

    /// Returns whether git tracks the file of this path below the folder, or cannot be known not to.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.is_unknown || self.inside.contains(path.as_bytes())
    }

    /// Returns whether git tracks the folder itself, as it does a link.
    pub(crate) fn is_the_folder(&self) -> bool {
        self.is_unknown || self.is_itself
    }
}

/// Returns the git folder of the work tree whose root `folder` is.
fn git_folder(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let mut text = String::new();
    folder::open_to_read(&git).ok()?.take(1 << 16).read_to_string(&mut text).ok()?;
    Some(folder.join(text.strip_prefix("gitdir:")?.trim()))
}

/// Returns the bytes of the index in which every name stands whole.
fn names(git: &Path) -> io::Result<Vec<u8>> {
    let index = read(&git.join("index"))?;
    let version = index.get(4..8).and_then(|version| version.first_chunk()).map(|bytes| u32::from_be_bytes(*bytes));
    match version {
        Some(2 | 3) if index.starts_with(b"DIRC") => with_shared(git, index),
        // Each name leaves out what it has in common with the one before.
        Some(4) if index.starts_with(b"DIRC") => {
            let is_sha256 = read(&git.join("config")).is_ok_and(|config| find_word(&config, b"sha256"));
            let names = expand(&index, if is_sha256 { 32 } else { 20 });
            with_shared(git, names.ok_or(io::ErrorKind::InvalidData)?)
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Adds the shared part of an index that git has split.
fn with_shared(git: &Path, mut names: Vec<u8>) -> io::Result<Vec<u8>> {
    let entries = std::fs::read_dir(git)?;
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b"sharedindex.") {
            names.extend(read(&entry.path())?);
        }
    }
    Ok(names)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    folder::open_to_read(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the names of an index of version 4, with a zero before and after each.
fn expand(index: &[u8], hash: usize) -> Option<Vec<u8>> {
    /// What stands before the hash of an entry: times, device, number, mode, owner and size.
    const STAT: usize = 40;
    let (mut names, mut name) = (vec![0], Vec::new());
    let count = u32::from_be_bytes(*index.get(8..)?.first_chunk()?);
    let mut rest = index.get(12..)?;
    for _ in 0..count {
        let flags = u16::from_be_bytes(*rest.get(STAT.checked_add(hash)?..)?.first_chunk()?);
        let is_extended = flags & 0x4000 != 0;
        rest = rest.get(STAT.checked_add(hash)?.checked_add(if is_extended { 4 } else { 2 })?..)?;
        let (left_out, after) = number(rest)?;
        let end = after.iter().position(|byte| *byte == 0)?;
        let (new, after) = after.split_at_checked(end)?;
        name.truncate(name.len().checked_sub(left_out)?);
        name.extend_from_slice(new);
        names.extend_from_slice(&name);
        names.push(0);
        rest = after.get(1..)?;
    }
    Some(names)
}

/// Reads a number of seven bits a byte, each of which but the last has its highest bit set and counts one more.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let mut byte = *first;
    let mut value = usize::from(byte & 0x7F);
    while byte & 0x80 != 0 {
        let (next, after) = rest.split_first()?;
        (byte, rest) = (*next, after);
        value = value.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7F))?;
    }
    Some((value, rest))
}

fn find_word(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|found| found.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(version: &str, files: &[&str]) -> Option<tempfile::TempDir> {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let mut command = std::process::Command::new("git");
            command.args(arguments).current_dir(folder.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
            command.output().is_ok_and(|output| output.status.success())
        };
        if !git(&["init", "-q"]) {
            // Said aloud by the test of a repository with journals in it.
            return None;
        }
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        let set = ["-c", version, "add", "-f", "--", "."];
        assert!(git(&set));
        if version.contains("split") {
            assert!(git(&["update-index", "--split-index"]));
        }
        Some(folder)
    }

    #[test]
    fn what_git_tracks_is_told_in_every_version_of_its_index() {
        let files = [
            "a",
            "sub/.mltrace/journal/1.loa",
            "sub/.mltrace/journal/1.log",
            "sub/.mltrace/journal/1.log.x",
            "sub/b/.mltrace/journal/2.log",
        ];
        for version in ["index.version=2", "index.version=3", "index.version=4", "core.splitIndex=true"] {
            let Some(folder) = repository(version, &files) else { return };
            let ours = folder.path().join("sub/.mltrace");
            std::fs::write(ours.join("journal/3.log"), "").unwrap();
            let tracked = Tracked::around(&ours);
            let found = ["1.log", "2.log", "3.log", "1.lo"].map(|name| tracked.holds(&format!("journal/{name}")));
            assert_eq!(found, [true, false, false, false], "{version}");
        }
    }

    #[test]
    fn outside_a_work_tree_nothing_is_tracked_and_by_a_damaged_index_all() {
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join(".mltrace");
        assert!(!Tracked::around(&ours).holds("journal/1.log"));
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        assert!(!Tracked::around(&ours).holds("journal/1.log"), "nothing was added yet");
        for damage in ["", "DIRC", "DIRC\0\0\0\x04\0\0\0\x09", "DIRC\0\0\0\x07\0\0\0\0"] {
            std::fs::write(folder.path().join(".git/index"), damage).unwrap();
            assert!(Tracked::around(&ours).holds("journal/1.log"), "{damage:?}");
        }
    }
}
