//! How a file or folder stands, in a few words that change whenever its content may have changed.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::fingerprint::{self, fingerprint};
use super::link::Links;
use super::{FileKind, Fingerprint, Hashing, Skip, Stat};

/// A folder with more entries than this is never recognised by its state.
const MOST_ENTRIES: usize = 200_000;
/// How many entries are looked at between two looks at the clock.
const ENTRIES_A_LOOK: usize = 64;

/// How a file or folder stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Equal for two looks when nothing has changed between them.
    pub token: Token,
    /// How many files it holds.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// The latest change to any of it, by ctime, in nanoseconds since 1970.
    pub changed_ns: i64,
    /// Whether all of it was looked at: of a folder that takes long, its own entry alone is.
    pub is_whole: bool,
}

/// What changes whenever the content of a file or folder may have changed: most are compared and few are written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Of a file.
    File(Stat),
    /// Of a folder: a hash over all that lies in it.
    Folder(blake3::Hash),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(Stat { device, inode, size, mtime_ns, ctime_ns, .. }) => {
                write!(f, "{device}-{inode}-{size}-{mtime_ns}-{ctime_ns}")
            }
            Self::Folder(hash) => f.write_str(&hash.to_hex()),
        }
    }
}

impl State {
    /// Returns how a file stands that has this `stat`, and of anything else what that says.
    #[must_use]
    pub fn of(stat: &Stat) -> Self {
        Self {
            token: Token::File(*stat),
            files: 1,
            bytes: stat.size,
            changed_ns: stat.ctime_ns,
            is_whole: stat.kind == FileKind::File,
        }
    }
}

/// Returns how a file or folder stands that has this `stat`; `None` for what has no content, and for a folder that takes
/// longer than `patience` to look through.
///
/// # Errors
/// When the file system does not answer.
pub fn state(path: &Path, stat: &Stat, skip: &Skip, patience: Duration) -> io::Result<Option<State>> {
    match stat.kind {
        FileKind::File => Ok(Some(State::of(stat))),
        FileKind::Folder => folder(path, stat, skip, patience),
        FileKind::Link | FileKind::Other => Ok(None),
    }
}

/// Returns what a file or folder holds, if it stands as `token` says before and after it is hashed; a folder that takes
/// longer than `patience` to look through does not.
#[must_use]
pub fn unchanged(path: &Path, token: &str, how: &Hashing<'_>, patience: Duration) -> Option<Fingerprint> {
    let stands = || {
        let stat = fingerprint::stat(path).ok().flatten()?;
        state(path, &stat, how.skip, patience).ok().flatten().filter(|state| state.token.to_string() == token)
    };
    stands()?;
    let found = fingerprint(path, how).ok().flatten()?;
    stands().map(|_| found)
}

fn token(stat: &Stat) -> String {
    Token::File(*stat).to_string()
}

/// Walks a folder without opening its files; the order of the walk does not matter.
fn folder(root: &Path, own: &Stat, skip: &Skip, patience: Duration) -> io::Result<Option<State>> {
    let begun = Instant::now();
    let mut changed_ns = own.ctime_ns;
    let links = Links::below(root);
    let mut waiting = vec![(root.to_owned(), false)];
    let mut lines = Vec::new();
    let (mut files, mut bytes) = (0_u64, 0_u64);
    while let Some((next, is_by_link)) = waiting.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            let mut stat = Stat::of(&fs::symlink_metadata(&path)?);
            if skip.holds(&path, &stat) {
                continue;
            }
            let is_time_to_look = lines.len() % ENTRIES_A_LOOK == 0;
            if lines.len() >= MOST_ENTRIES || (is_time_to_look && begun.elapsed() > patience) {
                return Ok(None);
            }
            changed_ns = changed_ns.max(stat.ctime_ns);
            let is_link = stat.kind == FileKind::Link;
            if is_link && let Some(behind) = links.behind(&path, is_by_link, skip) {
                // A link that leads elsewhere now changes the state, too.
                lines.push((path.as_os_str().as_encoded_bytes().to_vec(), token(&stat)));
                changed_ns = changed_ns.max(behind.ctime_ns);
                stat = behind;
            }
            if stat.kind == FileKind::File {
                files = files.saturating_add(1);
                bytes = bytes.saturating_add(stat.size);
            }
            lines.push((path.as_os_str().as_encoded_bytes().to_vec(), token(&stat)));
            if stat.kind == FileKind::Folder {
                waiting.push((path, is_by_link || is_link));
            }
        }
    }
    lines.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for (path, token) in &lines {
        hasher.update(path);
        hasher.update(&[0]);
        hasher.update(token.as_bytes());
        hasher.update(&[0]);
    }
    Ok(Some(State { token: Token::Folder(hasher.finalize()), files, bytes, changed_ns, is_whole: true }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::fingerprint::stat;

    fn look(path: &Path) -> State {
        state(path, &stat(path).unwrap().unwrap(), &Skip::default(), Duration::MAX).unwrap().unwrap()
    }

    #[test]
    fn a_folder_that_takes_long_is_not_told() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..2 * ENTRIES_A_LOOK {
            fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        let stat = stat(folder.path()).unwrap().unwrap();
        assert_eq!(state(folder.path(), &stat, &Skip::default(), Duration::ZERO).unwrap(), None);
    }

    #[test]
    fn a_change_deep_in_a_folder_changes_its_state() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a").join("b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), "one").unwrap();
        let before = look(folder.path());
        assert_eq!((before.files, before.bytes), (1, 3));
        assert_eq!(look(folder.path()), before);
        fs::write(deep.join("file"), "more").unwrap();
        assert_ne!(look(folder.path()).token, before.token);
    }

    #[cfg(unix)]
    #[test]
    fn a_change_behind_a_link_changes_the_state_of_the_folder_that_holds_it() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("d")).unwrap();
        fs::create_dir_all(at("store/inner")).unwrap();
        fs::write(at("store/x"), "one").unwrap();
        symlink("../store/x", at("d/x")).unwrap();
        symlink("../store/inner", at("d/inner")).unwrap();
        symlink("..", at("d/up")).unwrap();
        let before = look(&at("d"));
        assert_eq!((before.files, before.bytes), (1, 3));
        fs::write(at("store/x"), "more").unwrap();
        let after = look(&at("d"));
        assert_ne!(after.token, before.token);
        fs::write(at("store/inner/y"), "new").unwrap();
        assert_ne!(look(&at("d")).token, after.token);
    }
}
