//! What git tracks, read from its index alone: what a clone brought along was not recorded here.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use crate::folder;

/// A longer index is not read: more than ten million files.
const LONGEST: u64 = 1 << 30;
/// No path is longer, with what stands before it.
const LONGEST_NAME: usize = 8 << 10;
/// An index that git has split shares one file with the others of its time.
const MOST_SHARED: usize = 16;

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

/// Returns whether git tracks a file, or cannot be known not to.
pub(crate) fn holds(file: &Path) -> bool {
    let around = file.parent().filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
    file.file_name().is_some_and(|name| Tracked::around(around).holds(&name.to_string_lossy()))
}

impl Tracked {
    /// Reads what git tracks of `folder`; outside any work tree, nothing is tracked.
    pub(crate) fn around(folder: &Path) -> Self {
        // What leads to it may be a link; it may be one itself, and that is then what is asked for.
        let around = folder.parent().filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(around) = around.canonicalize() else { return Self::default() };
        let folder = around.join(folder.file_name().unwrap_or_default());
        // A submodule may lie in the place of the folder: what it holds is recognised by its index, and that it is there by the
        // outer one.
        let repository =
            |skipped: usize| folder.ancestors().skip(skipped).find_map(|root| Some((root, git_folder(root)?)));
        let Some((root, git)) = repository(0) else { return Self::default() };
        let index = git.join("index");
        let state = index.metadata().ok().and_then(|index| Some((index.len(), index.modified().ok()?)));
        let asked = (folder.clone(), index, state);
        let mut last = LAST.try_lock().ok();
        if let Some((_, found)) = last.as_deref().and_then(Option::as_ref).filter(|(known, _)| *known == asked) {
            return found.clone();
        }
        let mut found = Self::read(&git, folder.strip_prefix(root).unwrap_or(&folder));
        if root == folder {
            let outer = repository(1).map(|(root, git)| Self::read(&git, folder.strip_prefix(root).unwrap_or(&folder)));
            let outer = outer.unwrap_or_default();
            found.is_itself = outer.is_itself || outer.is_unknown;
        }
        // Of two indexes the state of one says nothing.
        if let Some(last) = last.as_deref_mut().filter(|_| state.is_some() && root != folder) {
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
        let itself = below.split_last().map_or(&[][..], |(_, itself)| itself);
        let mut found = Self::default();
        let read = each_name(git, &mut |name| {
            found.is_itself |= !itself.is_empty() && name == itself;
            found
                .inside
                .extend(name.strip_prefix(&*below).filter(|inside| is_ours(inside, &below)).map(<[u8]>::to_vec));
        });
        match read {
            Ok(()) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(_) => Self { is_unknown: true, ..Self::default() },
        }
    }

    /// Returns whether git tracks the file of this path below the folder, or cannot be known not to.
    pub(crate) fn holds(&self, path: &str) -> bool {
        // A submodule, or a link, stands for all that lies in its place.
        let mut ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        self.is_unknown
            || self.is_itself
            || ends.any(|end| path.get(..end).is_some_and(|above| self.inside.contains(above.as_bytes())))
    }
}

/// Returns the git folder of the work tree whose root `folder` is.
pub(crate) fn git_folder(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    let found = git.symlink_metadata().ok()?;
    if found.is_dir() || (found.is_symlink() && git.is_dir()) {
        return Some(git);
    }
    let mut text = String::new();
    folder::open_to_read(&git).ok()?.take(1 << 16).read_to_string(&mut text).ok()?;
    Some(folder.join(text.strip_prefix("gitdir:")?.trim()))
}

/// Returns whether a path may be one that is asked for. Below the root of a work tree there may be millions.
fn is_ours(inside: &[u8], below: &[u8]) -> bool {
    !inside.is_empty() && (!below.is_empty() || inside.starts_with(b"journal/") || !inside.contains(&b'/'))
}

/// Reports each name of an index; none is kept, for there may be millions.
fn each_name(git: &Path, tell: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    names_of(&git.join("index"), tell)?;
    // The shared part of an index that git has split.
    let is_shared = |entry: &std::fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(b"sharedindex.");
    for (number, entry) in std::fs::read_dir(git)?.flatten().filter(is_shared).enumerate() {
        if number >= MOST_SHARED {
            return Err(io::ErrorKind::InvalidData.into());
        }
        names_of(&entry.path(), tell)?;
    }
    Ok(())
}

fn names_of(path: &Path, tell: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    // How long its hashes are stands in a file that may lie elsewhere; of two lengths one ends where entries end.
    for hash in [20, 32] {
        let (mut index, is_shortened, count) = opened(path)?;
        if entries(&mut index, (is_shortened, count), hash, &mut |_| {}).is_ok() && is_end_of_entries(&mut index, hash)?
        {
            let (mut index, ..) = opened(path)?;
            return entries(&mut index, (is_shortened, count), hash, tell);
        }
    }
    Err(invalid())
}

/// Opens an index; returns also whether its names leave out what they have in common with the one before, and how many
/// entries it says that it has.
fn opened(path: &Path) -> io::Result<(impl BufRead + use<>, bool, u32)> {
    let mut index = BufReader::new(folder::open_to_read(path)?.take(LONGEST));
    let mut head = [0; 12];
    index.read_exact(&mut head).map_err(|_| invalid())?;
    let [b'D', b'I', b'R', b'C', v0, v1, v2, v3, count @ ..] = head else { return Err(invalid()) };
    let is_shortened = match u32::from_be_bytes([v0, v1, v2, v3]) {
        2 | 3 => false,
        4 => true,
        _ => return Err(invalid()),
    };
    Ok((index, is_shortened, u32::from_be_bytes(count)))
}

fn invalid() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

fn entries(
    index: &mut impl BufRead,
    (is_shortened, count): (bool, u32),
    hash: usize,
    tell: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    /// What stands before the hash of an entry: times, device, number, mode, owner and size.
    const STAT: usize = 40;
    let (mut name, mut new) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let mut head = [0; STAT + 32 + 2];
        let head = head.get_mut(..hash.saturating_add(STAT).saturating_add(2)).ok_or_else(invalid)?;
        index.read_exact(head).map_err(|_| invalid())?;
        let flags = head.last_chunk().map_or(0, |flags| u16::from_be_bytes(*flags));
        let more = if flags & 0x4000 != 0 { 2 } else { 0 };
        skip(index, more)?;
        let left_out = if is_shortened { number(index)? } else { name.len() };
        new.clear();
        if up_to_zero(index, &mut new)? == End::Of || is_shortened && new.is_empty() && left_out > 0 {
            return Err(invalid());
        }
        name.truncate(name.len().checked_sub(left_out).ok_or_else(invalid)?);
        name.extend_from_slice(&new);
        // An entry that stands for one of the shared part of a split index has no name, or a name only there.
        if name.len() > LONGEST_NAME || name.is_empty() && is_shortened {
            return Err(invalid());
        }
        if !is_shortened {
            // Zeros fill each entry up to a multiple of eight bytes.
            let length = head.len().saturating_add(more).saturating_add(name.len()).saturating_add(1);
            skip(index, length.wrapping_neg() % 8)?;
        }
        tell(&name);
    }
    Ok(())
}

/// Reads at most eight bytes of which nothing is asked.
fn skip(index: &mut impl BufRead, bytes: usize) -> io::Result<()> {
    index.read_exact([0; 8].get_mut(..bytes).unwrap_or_default()).map_err(|_| invalid())
}

/// Returns whether an extension follows, or the hash of the whole alone.
fn is_end_of_entries(index: &mut impl BufRead, hash: usize) -> io::Result<bool> {
    let mut rest = Vec::new();
    index.take(hash.saturating_add(1) as u64).read_to_end(&mut rest)?;
    let is_extension = rest.get(..4).is_some_and(|name| name.iter().all(u8::is_ascii_alphabetic));
    Ok(rest.len() == hash || (is_extension && rest.len() > hash))
}

/// Where a part of an index ends.
#[derive(PartialEq, Eq)]
enum End {
    Zero,
    /// Of the index.
    Of,
}

/// Reads what stands before the next zero, of which the first bytes are kept.
fn up_to_zero(index: &mut impl BufRead, part: &mut Vec<u8>) -> io::Result<End> {
    loop {
        let bytes = index.fill_buf()?;
        if bytes.is_empty() {
            return Ok(End::Of);
        }
        let zero = bytes.iter().position(|byte| *byte == 0);
        let read = zero.unwrap_or(bytes.len());
        let room = LONGEST_NAME.saturating_sub(part.len());
        part.extend(bytes.get(..read.min(room)).unwrap_or_default());
        index.consume(zero.map_or(read, |zero| zero.saturating_add(1)));
        if zero.is_some() {
            return Ok(End::Zero);
        }
    }
}

/// Reads a number of seven bits a byte, each of which but the last has its highest bit set and counts one more.
fn number(index: &mut impl BufRead) -> io::Result<usize> {
    let mut next = || {
        let mut byte = [0];
        index.read_exact(&mut byte).map(|()| byte[0])
    };
    let mut byte = next()?;
    let mut value = usize::from(byte & 0x7F);
    while byte & 0x80 != 0 {
        byte = next()?;
        let more = value.checked_add(1).and_then(|value| value.checked_mul(128)?.checked_add(usize::from(byte & 0x7F)));
        value = more.filter(|value| *value <= LONGEST_NAME).ok_or(io::ErrorKind::InvalidData)?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

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
            "sub/x.mltrace",
            "xsub/.mltrace/journal/3.log",
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
        let zeros = format!("DIRC\0\0\0\x02\0\0\0\x09{}", "\0".repeat(1 << 20));
        for damage in [zeros.as_str(), "", "DIRC", "DIRC\0\0\0\x04\0\0\0\x09", "DIRC\0\0\0\x07\0\0\0\0"] {
            std::fs::write(folder.path().join(".git/index"), damage).unwrap();
            assert!(Tracked::around(&ours).holds("journal/1.log"), "{damage:?}");
        }
    }

    #[test]
    fn of_an_index_that_is_cut_all_is_tracked() {
        for version in ["index.version=2", "index.version=4"] {
            let Some(folder) = repository(version, &["a", ".mltrace/journal/1.log", "z/z.log"]) else { return };
            let path = folder.path().join(".git/index");
            let mut index = Vec::new();
            File::open(&path).unwrap().read_to_end(&mut index).unwrap();
            let ours = folder.path().join(".mltrace");
            assert!(!Tracked::around(&ours).holds("journal/2.log"), "{version}");
            for length in 0..index.len() {
                std::fs::write(&path, &index[..length]).unwrap();
                assert!(Tracked::around(&ours).holds("journal/2.log"), "{version} up to {length}");
            }
        }
    }

    #[test]
    fn what_a_submodule_brings_along_is_tracked() {
        let Some(theirs) = repository("index.version=2", &["journal/1.log"]) else { return };
        let Some(folder) = repository("index.version=2", &["a"]) else { return };
        let git = |arguments: &[&str], at: &Path| {
            let mut command = std::process::Command::new("git");
            command.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"]);
            command.args(arguments).current_dir(at).env("GIT_CONFIG_GLOBAL", "/dev/null");
            assert!(command.output().unwrap().status.success(), "{arguments:?}");
        };
        git(&["commit", "-qm", "m"], theirs.path());
        let address = theirs.path().display().to_string();
        for (place, name) in [(".mltrace", "journal/1.log"), ("sub/.mltrace", "journal/1.log")] {
            git(&["submodule", "-q", "add", &address, place], folder.path());
            let ours = folder.path().join(place);
            let tracked = Tracked::around(&ours);
            assert!(tracked.holds(name), "{place}");
            // Nor is anything written there taken for ours, which a clone of the submodule might bring along.
            assert!(tracked.holds("journal/2.log"), "{place}");
        }
        git(&["submodule", "-q", "add", &address, "x/.mltrace/journal"], folder.path());
        assert!(Tracked::around(&folder.path().join("x/.mltrace")).holds("journal/lost"));
    }

    #[test]
    fn names_that_grow_cost_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        let mut index = b"DIRC\0\0\0\x04\0\x01\0\0".to_vec();
        for _ in 0..1 << 16 {
            index.extend([0; 62]);
            index.extend(b"\0aaaaaaaa\0");
        }
        std::fs::write(folder.path().join(".git/index"), index).unwrap();
        assert!(Tracked::around(&folder.path().join(".mltrace")).holds("journal/1.log"), "no path is so long");
    }
}
