//! What lies in a folder, and the hash of it all.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::{FileKind, Hashing, Stat, file};
use crate::disk::link::Links;
use crate::model::{FolderFact, VersionId};

/// More entries than this in one folder are not listed: the list is kept in memory.
const MOST_ENTRIES: usize = 4 << 20;

/// So many bytes are kept of what lies in a folder, and so many of each file beside its name: some 10,000 files.
const MOST_BYTES: usize = 1 << 20;
const MORE_BYTES: usize = 64;

/// The files of a folder with their contents, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The path of each in the folder, and the hash of its content.
    pub files: Vec<(String, [u8; 32])>,
    /// Whether these are all: of more than so many the others are left out.
    pub is_whole: bool,
}

/// A file, folder or link inside a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path from the folder, as bytes with `/` between the parts: what entries are sorted by.
    pub(super) name: Vec<u8>,
    /// What the file system says of it. A folder's times are left out: they change with things that are skipped.
    pub(super) stat: Stat,
    /// Of a link that stands for itself, its text.
    target: Option<Vec<u8>>,
    path: PathBuf,
}

/// What was found in a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Everything below it, sorted by name.
    pub(super) entries: Vec<Entry>,
    /// The latest change, by ctime, to anything in it and to itself.
    pub(super) changed_ns: i64,
}

/// Lists everything below `folder`, and what links in it lead to in their places. `None`: told to stop.
pub(super) fn list(folder: &Path, own: &Stat, how: &Hashing<'_>) -> io::Result<Option<Listing>> {
    let mut listing = Listing { entries: Vec::new(), changed_ns: own.ctime_ns };
    let links = Links::below(folder);
    let mut open = vec![(folder.to_owned(), Vec::new(), false)];
    while let Some((folder, prefix, is_by_link)) = open.pop() {
        for found in std::fs::read_dir(&folder)? {
            if how.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
                return Ok(None);
            }
            let found = found?;
            let path = found.path();
            // Gone since the folder was read: the second listing will say that the folder is changing.
            let Ok(metadata) = found.metadata() else {
                continue;
            };
            let mut stat = Stat::of(&metadata);
            if how.skip.holds(&path, &stat) {
                continue;
            }
            if listing.entries.len() >= MOST_ENTRIES {
                return Err(io::Error::other("the folder holds too many files to be hashed"));
            }
            let mut name: Vec<u8> = prefix.clone();
            name.extend_from_slice(found.file_name().as_encoded_bytes());
            listing.changed_ns = listing.changed_ns.max(stat.ctime_ns);
            let mut target = None;
            let is_link = stat.kind == FileKind::Link;
            if is_link && how.skip.leads_out(&path) {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "a link in it leads out of the project"));
            }
            if is_link && let Some(behind) = links.behind(&path, is_by_link, how.skip) {
                listing.changed_ns = listing.changed_ns.max(behind.ctime_ns);
                stat = behind;
            }
            match stat.kind {
                FileKind::Folder => {
                    stat = Stat { size: 0, mtime_ns: 0, ctime_ns: 0, ..stat };
                    let mut inner = name.clone();
                    inner.push(b'/');
                    open.push((path.clone(), inner, is_by_link || is_link));
                }
                FileKind::Link => target = Some(std::fs::read_link(&path)?.into_os_string().into_encoded_bytes()),
                FileKind::File | FileKind::Other => {}
            }
            listing.entries.push(Entry { name, stat, target, path });
        }
    }
    listing.entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    remove_lock_tables(&mut listing.entries);
    Ok(Some(listing))
}

/// Takes out the files beside a database in which processes keep their locks: they hold no data, and closing one after
/// reading it would drop the user's locks.
fn remove_lock_tables(entries: &mut Vec<Entry>) {
    let is_there = |name: &[u8]| entries.binary_search_by(|entry| entry.name.as_slice().cmp(name)).is_ok();
    let is_kept: Vec<bool> = entries
        .iter()
        .map(|entry| match lock_table_of(&entry.name) {
            Some(database) => !is_there(&database),
            None => true,
        })
        .collect();
    let mut is_kept = is_kept.into_iter();
    entries.retain(|_| is_kept.next().unwrap_or(true));
}

/// Returns the database whose lock table a file of this name would be: `x.db` of `x.db-shm`, `data.mdb` of `lock.mdb`.
pub(super) fn lock_table_of(name: &[u8]) -> Option<Vec<u8>> {
    if let Some(database) = name.strip_suffix(b"-shm") {
        return Some(database.to_owned());
    }
    let folder = name.strip_suffix(b"lock.mdb").filter(|folder| folder.is_empty() || folder.ends_with(b"/"))?;
    Some([folder, b"data.mdb"].concat())
}

impl Listing {
    /// Returns how many bytes all files have together.
    pub(super) fn size(&self) -> u64 {
        self.files().fold(0, |sum: u64, entry| sum.saturating_add(entry.stat.size))
    }

    /// Returns how many bytes would have to be read to hash all files.
    pub(super) fn unknown_size(&self, how: &Hashing<'_>) -> u64 {
        let unknown = self.files().filter(|entry| file::known(&entry.path, &entry.stat, how).is_none());
        unknown.fold(0, |sum, entry| sum.saturating_add(entry.stat.size))
    }

    fn files(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.stat.kind == FileKind::File)
    }

    /// Returns the hash of the content, and that of each file. `None`: a file changed, or told to stop.
    pub(super) fn hash(&self, how: &Hashing<'_>) -> io::Result<Option<([u8; 32], Entries)>> {
        let mut entries = Entries { files: Vec::new(), is_whole: true };
        let mut bytes = 0_usize;
        let mut tree = Tree::new(CONTENT);
        for entry in &self.entries {
            let child = match (entry.stat.kind, &entry.target) {
                (FileKind::File, _) => match file::hash(&entry.path, &entry.stat, how) {
                    Ok(Some(hash)) => hash,
                    Ok(None) => return Ok(None),
                    // Gone since it was listed.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(error),
                },
                (FileKind::Link, Some(target)) => *blake3::hash(target).as_bytes(),
                _ => [0; 32],
            };
            tree.add(entry, &child);
            if entry.stat.kind == FileKind::File {
                bytes = bytes.saturating_add(entry.name.len()).saturating_add(MORE_BYTES);
                match String::from_utf8(entry.name.clone()) {
                    Ok(name) if bytes <= MOST_BYTES && entries.is_whole => entries.files.push((name, child)),
                    _ => entries.is_whole = false,
                }
            }
        }
        Ok(Some((tree.finish(), entries)))
    }

    /// Returns the hash of what the file system says of all files, without reading any.
    pub(super) fn hash_of_stats(&self) -> [u8; 32] {
        let mut tree = Tree::new("mltrace 2026-11 sizes and times of a folder");
        for entry in &self.entries {
            let Stat { size, mtime_ns, inode, .. } = entry.stat;
            let mut child = blake3::Hasher::new();
            child.update(&size.to_le_bytes()).update(&mtime_ns.to_le_bytes()).update(&inode.to_le_bytes());
            child.update(entry.target.as_deref().unwrap_or_default());
            tree.add(entry, child.finalize().as_bytes());
        }
        tree.finish()
    }
}

/// What the hash of the content of a folder is derived with.
const CONTENT: &str = "mltrace 2026-11 content of a folder";

/// Returns the content of a folder in which these files lie, by their paths there, and nothing else.
#[must_use]
pub fn of_files(files: &BTreeMap<String, [u8; 32]>) -> FolderFact {
    let folders = files.keys().flat_map(|path| path.match_indices('/').filter_map(|(end, _)| path.get(..end)));
    let mut all: BTreeMap<&[u8], Option<&[u8; 32]>> = folders.map(|folder| (folder.as_bytes(), None)).collect();
    all.extend(files.iter().map(|(path, hash)| (path.as_bytes(), Some(hash))));
    let mut tree = Tree::new(CONTENT);
    for (name, hash) in all {
        let kind = if hash.is_some() { FileKind::File } else { FileKind::Folder };
        tree.add_named(name, kind, hash.unwrap_or(&[0; 32]));
    }
    let mut bytes = 0_usize;
    let mut is_kept = |(path, _): &(&String, &[u8; 32])| {
        bytes = bytes.saturating_add(path.len()).saturating_add(MORE_BYTES);
        bytes <= MOST_BYTES
    };
    let entries = files.iter().take_while(&mut is_kept).map(|(path, hash)| (path.clone(), VersionId::Content(*hash)));
    let entries: BTreeMap<String, VersionId> = entries.collect();
    FolderFact { version: VersionId::Content(tree.finish()), is_whole: entries.len() == files.len(), entries }
}

/// A hash over a sorted list of (path, kind, hash of the content), which no file's own bytes can imitate.
struct Tree(blake3::Hasher);

impl Tree {
    fn new(context: &str) -> Self {
        Self(blake3::Hasher::new_derive_key(context))
    }

    fn add(&mut self, entry: &Entry, child: &[u8; 32]) {
        self.add_named(&entry.name, entry.stat.kind, child);
    }

    fn add_named(&mut self, name: &[u8], kind: FileKind, child: &[u8; 32]) {
        let kind = match kind {
            FileKind::File => b'f',
            FileKind::Folder => b'd',
            FileKind::Link => b'l',
            FileKind::Other => b'o',
        };
        // The length keeps a path from running into what follows it.
        self.0.update(&(name.len() as u64).to_le_bytes()).update(name).update(&[kind]).update(child);
    }

    fn finish(self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}
