//! Hashes of files that were hashed before, in memory and in a file beside the store.
//!
//! The file is a row of records of one size, each with its own checksum and appended by one write, so that many processes
//! may add to it at once and a damaged record costs only itself. Whatever goes wrong, files are merely hashed again.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, TryLockError};

use foldhash::HashMap;

use super::{FileKind, Stat};
use crate::folder::{self, Folder};

/// Hashes that are known, by path and stat.
pub struct Cache {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_loaded: bool,
    known: HashMap<Key, Hashed>,
}

/// The hash of a path: sixteen bytes of it distinguish all paths, and the file gives no name away.
type Key = [u8; 16];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hashed {
    device: u64,
    inode: u64,
    size: u64,
    mtime_ns: i64,
    ctime_ns: i64,
    hash: [u8; 32],
}

/// The name of the file that keeps the cache.
const FILE: &str = "fingerprints";

/// What a record begins with: the format's name and version.
const MARK: [u8; 4] = *b"mfp1";

/// The size of a record: mark, key, five numbers, hash, checksum.
const RECORD: usize = 4 + 16 + 5 * 8 + 32 + 4;

/// With more records than this the file is written anew, with the last half of them.
const MOST_RECORDS: usize = 50_000;

/// Fewer superseded records than this do not make the file worth rewriting.
const FEW_RECORDS: usize = 1_000;

/// A larger file was not written by this module.
const LARGEST_FILE: u64 = 64 << 20;

/// A change this close to the moment of hashing may be followed by another one within the same tick of the file
/// system's clock, which then goes unseen.
const RECENT_NS: i64 = 2_000_000_000;

/// How often a thread asks for a cache that another one has.
const PATIENCE: usize = 100;

impl Cache {
    /// Returns the cache that is kept in `folder`; its file is read at the first use.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), state: Mutex::default() }
    }

    /// Returns the hash of `path` if it is known for this stat.
    #[must_use]
    pub fn get(&self, path: &Path, stat: &Stat) -> Option<[u8; 32]> {
        let known = self.with_state(|state| state.known.get(&key_of(path)).copied()).flatten()?;
        (known == Hashed::new(stat, known.hash)).then_some(known.hash)
    }

    /// Keeps the hash of the file at `path`, which had this stat before and after it was hashed; the hashing began at
    /// `hashed_ns` after 1970.
    ///
    /// Nothing is kept of a file that changed within two seconds before, or is dated later than that moment.
    pub fn put(&self, path: &Path, stat: &Stat, hash: [u8; 32], hashed_ns: i64) {
        let trusted_ns = hashed_ns.saturating_sub(RECENT_NS);
        if stat.kind != FileKind::File || stat.mtime_ns > trusted_ns || stat.ctime_ns > trusted_ns {
            return;
        }
        let (key, known) = (key_of(path), Hashed::new(stat, hash));
        let is_new = self.with_state(|state| {
            let is_new = state.known.insert(key, known) != Some(known);
            if state.known.len() > MOST_RECORDS {
                state.known = std::iter::once((key, known)).collect();
            }
            is_new
        });
        if is_new == Some(true) {
            // Without the file the next process hashes again.
            let _ = self.append(&known.to_record(&key));
        }
    }

    /// Looks at the state unless another thread has it for long: it may be reading the file, or, in a forked child, it
    /// may not exist any more. The caller is not kept waiting for a hash that it can make itself.
    fn with_state<T>(&self, look: impl FnOnce(&mut State) -> T) -> Option<T> {
        let mut state = (0..PATIENCE).find_map(|_| match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                std::thread::yield_now();
                None
            }
        })?;
        if !state.is_loaded {
            state.is_loaded = true;
            state.known = self.read().unwrap_or_default();
        }
        Some(look(&mut state))
    }

    fn append(&self, record: &[u8]) -> io::Result<()> {
        // Opened each time: another process may have put a new file in its place, and a hash costs far more.
        let mut file = Folder::open(&self.folder)?.append(FILE)?;
        folder::check_room(file.metadata()?.len(), record, folder::longest_file())?;
        file.write_all(record)
    }

    fn read(&self) -> io::Result<HashMap<Key, Hashed>> {
        let mut file = Folder::open(&self.folder)?.read(FILE)?;
        let mut bytes = Vec::new();
        let is_ours = file.metadata()?.len() <= LARGEST_FILE;
        if is_ours {
            file.read_to_end(&mut bytes)?;
        }
        let records = parse(&bytes);
        let known: HashMap<Key, Hashed> = records.iter().copied().collect();
        let superseded = records.len().saturating_sub(known.len());
        let is_mostly_superseded = superseded > FEW_RECORDS && superseded > known.len();
        let is_damaged = bytes.len() > records.len().saturating_mul(RECORD).saturating_add(RECORD.saturating_mul(64));
        if !is_ours || records.len() > MOST_RECORDS || is_mostly_superseded || is_damaged {
            let _ = self.rewrite(&records, &known);
        }
        Ok(known)
    }

    /// Puts a new file in place, with the later half of the records at most. What other processes append meanwhile is
    /// lost, and hashed again.
    fn rewrite(&self, records: &[(Key, Hashed)], known: &HashMap<Key, Hashed>) -> io::Result<()> {
        let is_live = |(key, record): &&(Key, Hashed)| known.get(key) == Some(record);
        let latest = records.iter().rev().filter(is_live).take(MOST_RECORDS / 2);
        let mut bytes = Vec::new();
        for (key, record) in latest.collect::<Vec<_>>().into_iter().rev() {
            bytes.extend_from_slice(&record.to_record(key));
        }
        Folder::open(&self.folder)?.replace(FILE, &bytes)
    }
}

fn key_of(path: &Path) -> Key {
    let hash = blake3::hash(path.as_os_str().as_encoded_bytes());
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Returns the whole records in `bytes`, in order; what is no record is stepped over byte by byte.
fn parse(mut bytes: &[u8]) -> Vec<(Key, Hashed)> {
    let mut records = Vec::with_capacity(bytes.len() / RECORD);
    while let Some(record) = bytes.first_chunk::<RECORD>() {
        let found = if record.starts_with(&MARK) { Hashed::from_record(record) } else { None };
        records.extend(found);
        bytes = bytes.get(if found.is_some() { RECORD } else { 1 }..).unwrap_or_default();
    }
    records
}

impl Hashed {
    fn new(stat: &Stat, hash: [u8; 32]) -> Self {
        let Stat { device, inode, size, mtime_ns, ctime_ns, .. } = *stat;
        Self { device, inode, size, mtime_ns, ctime_ns, hash }
    }

    fn to_record(self, key: &Key) -> Vec<u8> {
        let mut record = Vec::with_capacity(RECORD);
        record.extend_from_slice(&MARK);
        record.extend_from_slice(key);
        for number in [self.device, self.inode, self.size] {
            record.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.mtime_ns, self.ctime_ns] {
            record.extend_from_slice(&number.to_le_bytes());
        }
        record.extend_from_slice(&self.hash);
        let checksum = crc32fast::hash(&record);
        record.extend_from_slice(&checksum.to_le_bytes());
        record
    }

    fn from_record(record: &[u8; RECORD]) -> Option<(Key, Self)> {
        let (body, checksum) = record.split_last_chunk::<4>()?;
        if crc32fast::hash(body).to_le_bytes() != *checksum {
            return None;
        }
        let rest = body.get(MARK.len()..)?;
        let (key, rest) = rest.split_first_chunk::<16>()?;
        let (device, rest) = rest.split_first_chunk::<8>()?;
        let (inode, rest) = rest.split_first_chunk::<8>()?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let (mtime_ns, rest) = rest.split_first_chunk::<8>()?;
        let (ctime_ns, rest) = rest.split_first_chunk::<8>()?;
        let known = Self {
            device: u64::from_le_bytes(*device),
            inode: u64::from_le_bytes(*inode),
            size: u64::from_le_bytes(*size),
            mtime_ns: i64::from_le_bytes(*mtime_ns),
            ctime_ns: i64::from_le_bytes(*ctime_ns),
            hash: *rest.first_chunk()?,
        };
        Some((*key, known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASHED_NS: i64 = 1_000_000_000_000;

    fn stat(inode: u64) -> Stat {
        Stat { kind: FileKind::File, device: 1, inode, size: 3, mtime_ns: 5, ctime_ns: 6 }
    }

    fn path(number: u64) -> PathBuf {
        PathBuf::from(format!("/data/{number}.csv"))
    }

    fn put(cache: &Cache, number: u64) {
        cache.put(&path(number), &stat(number), [7; 32], HASHED_NS);
    }

    fn knows(cache: &Cache, number: u64) -> bool {
        cache.get(&path(number), &stat(number)) == Some([7; 32])
    }

    #[test]
    fn another_process_knows_what_one_has_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Cache::new(folder.path()), Cache::new(folder.path()));
        put(&one, 1);
        put(&other, 2);
        assert!(knows(&one, 1) && !knows(&one, 2));
        let third = Cache::new(folder.path());
        assert!(knows(&third, 1) && knows(&third, 2) && !knows(&third, 3));
        assert_eq!(std::fs::metadata(folder.path().join(FILE)).unwrap().len(), 2 * RECORD as u64);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        put(&Cache::new(folder.path()), 1);
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn any_difference_in_the_stat_makes_a_hash_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        put(&cache, 1);
        let same = stat(1);
        for other in [
            Stat { device: 2, ..same },
            Stat { inode: 2, ..same },
            Stat { size: 4, ..same },
            Stat { mtime_ns: 6, ..same },
            Stat { ctime_ns: 7, ..same },
        ] {
            assert_eq!(cache.get(&path(1), &other), None);
        }
        assert!(knows(&cache, 1));
    }

    #[test]
    fn a_file_that_changed_just_now_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let old = HASHED_NS - RECENT_NS;
        for (mtime_ns, ctime_ns, is_trusted) in [
            (old, old, true),
            (old + 1, old, false),
            (old, old + 1, false),
            (HASHED_NS + 1, old, false),
            (old, i64::MAX, false),
        ] {
            let stat = Stat { mtime_ns, ctime_ns, ..stat(1) };
            cache.put(&path(1), &stat, [7; 32], HASHED_NS);
            assert_eq!(cache.get(&path(1), &stat).is_some(), is_trusted, "{mtime_ns} {ctime_ns}");
        }
    }

    #[test]
    fn a_damaged_or_torn_record_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let cache = Cache::new(folder.path());
        (0..4).for_each(|number| put(&cache, number));
        let whole = std::fs::read(&file).unwrap();

        let mut flipped = whole.clone();
        flipped[RECORD + 40] ^= 1;
        std::fs::write(&file, &flipped).unwrap();
        let cache = Cache::new(folder.path());
        assert_eq!([0, 1, 2, 3].map(|number| knows(&cache, number)), [true, false, true, true]);

        let torn = [&whole[..RECORD + 17], &whole[2 * RECORD..]].concat();
        std::fs::write(&file, &torn).unwrap();
        let cache = Cache::new(folder.path());
        assert_eq!([0, 1, 2, 3].map(|number| knows(&cache, number)), [true, false, true, true]);
    }

    #[test]
    fn a_file_of_superseded_records_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let mut bytes = Vec::new();
        for mtime_ns in 0..2_500 {
            let known = Hashed::new(&Stat { mtime_ns, ..stat(1) }, [7; 32]);
            bytes.extend(known.to_record(&key_of(&path(1))));
        }
        bytes.extend(Hashed::new(&stat(2), [7; 32]).to_record(&key_of(&path(2))));
        std::fs::write(&file, &bytes).unwrap();
        let cache = Cache::new(folder.path());
        assert!(knows(&cache, 2));
        assert!(cache.get(&path(1), &Stat { mtime_ns: 2_499, ..stat(1) }).is_some());
        assert_eq!(std::fs::metadata(&file).unwrap().len(), 2 * RECORD as u64);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_full_file_keeps_its_later_half() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let mut bytes = Vec::new();
        let count = MOST_RECORDS as u64 + 1;
        for number in 0..count {
            bytes.extend(Hashed::new(&stat(number), [7; 32]).to_record(&key_of(&path(number))));
        }
        std::fs::write(&file, &bytes).unwrap();
        // The first use writes it anew.
        let _ = knows(&Cache::new(folder.path()), 0);
        let cache = Cache::new(folder.path());
        assert!(knows(&cache, count - 1) && !knows(&cache, 0));
        assert_eq!(std::fs::metadata(&file).unwrap().len(), (MOST_RECORDS / 2 * RECORD) as u64);
    }

    #[test]
    fn without_a_folder_or_with_a_folder_in_place_of_the_file_it_works_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let gone = Cache::new(&folder.path().join("gone"));
        put(&gone, 1);
        assert!(knows(&gone, 1));
        std::fs::create_dir(folder.path().join(FILE)).unwrap();
        let blocked = Cache::new(folder.path());
        put(&blocked, 1);
        assert!(knows(&blocked, 1));
    }

    #[test]
    fn rubbish_is_no_cache() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), MARK.repeat(30_000)).unwrap();
        let cache = Cache::new(folder.path());
        assert!(!knows(&cache, 1));
        put(&cache, 1);
        assert!(knows(&Cache::new(folder.path()), 1));
    }
}
