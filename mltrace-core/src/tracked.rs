//! What git tracks, told from its index alone: what a clone brought along was not recorded here.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::folder;

/// A longer index is not read: more than ten million files.
const LONGEST: u64 = 2 << 30;

/// The index of the work tree that a folder lies in.
#[derive(Debug, Default)]
pub(crate) struct Tracked {
    /// The names that it may hold, one after the other, as bytes: a name that is not in there is not tracked.
    bytes: Vec<u8>,
    /// The folder's path below the root of the work tree, with a `/` behind each part.
    below: Vec<u8>,
    /// Whether the index is there and cannot be understood.
    is_unknown: bool,
}

impl Tracked {
    /// Reads what git tracks of the work tree that `folder` lies in; outside any, nothing is tracked.
    ///
    /// Which files are tracked is asked rarely, and the index of ten thousand files is a megabyte.
    pub(crate) fn around(folder: &Path) -> Self {
        // What leads to it may be a link; it may be one itself, and that is then what is asked for.
        let around = folder.parent().filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(around) = around.canonicalize() else { return Self::default() };
        let folder = around.join(folder.file_name().unwrap_or_default());
        let Some((root, git)) = folder.ancestors().skip(1).find_map(|root| Some((root, git_folder(root)?))) else {
            return Self::default();
        };
        let mut below = Vec::new();
        for part in folder.strip_prefix(root).unwrap_or(&folder) {
            below.extend_from_slice(part.as_encoded_bytes());
            below.push(b'/');
        }
        match names(&git) {
            Ok(bytes) => Self { bytes, below, is_unknown: false },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(_) => Self { bytes: Vec::new(), below, is_unknown: true },
        }
    }

    /// Returns whether git tracks the file of this path below the folder, or cannot be known not to.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let name = [&self.below, path.as_bytes()].concat();
        self.is_unknown || find(&self.bytes, &name)
    }

    /// Returns whether git tracks the folder itself, as it does a link.
    pub(crate) fn is_the_folder(&self) -> bool {
        self.is_unknown || self.below.split_last().is_some_and(|(_, name)| find(&self.bytes, name))
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

/// Returns whether a name stands in `bytes` with a zero behind it. One that is longer and ends like this one is found too:
/// what stands before the first letter differs from version to version.
fn find(bytes: &[u8], name: &[u8]) -> bool {
    let Some((last, _)) = name.split_last() else { return false };
    let mut from = 0_usize;
    while let Some(rest) = bytes.get(from..) {
        let Some(zero) = rest.iter().position(|byte| *byte == 0) else { return rest.ends_with(name) };
        let end = from.saturating_add(zero);
        if zero > 0
            && bytes.get(end.saturating_sub(1)) == Some(last)
            && bytes.get(..end).is_some_and(|b| b.ends_with(name))
        {
            return true;
        }
        from = end.saturating_add(1);
    }
    false
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
