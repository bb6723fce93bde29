//! The bytes that DVC keeps: contents by their MD5, hashed once more so that they are versions like any other.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use foldhash::HashMap;
use serde::Deserialize;

use super::lock::Entry;
use crate::config::{self, Home};
use crate::disk::{self, Cache, Hashing, Skip};
use crate::model::{FolderFact, VersionId};

/// The list of a folder's files may be so long: some hundred thousand files.
const LONGEST_LIST: u64 = 64 << 20;

/// The cache of a repository, and what was found there.
pub(super) struct Bytes<'h> {
    folder: PathBuf,
    skip: Skip,
    hashes: Cache,
    limit: u64,
    found: HashMap<String, Option<VersionId>>,
    /// What lies in the folders that were found.
    pub(super) folders: Vec<FolderFact>,
    progress: &'h (dyn Fn(u64) + Sync),
}

/// A file in a folder.
#[derive(Deserialize)]
struct Listed {
    md5: String,
    relpath: String,
}

impl<'h> Bytes<'h> {
    pub(super) fn of(home: &Home, folder: PathBuf, progress: &'h (dyn Fn(u64) + Sync)) -> Self {
        let skip = Skip::of(home.store.file(), &home.folder).within(&folder);
        let (hashes, limit) = (Cache::new(&home.folder), home.hash_limit);
        Self { folder, skip, hashes, limit, found: HashMap::default(), folders: Vec::new(), progress }
    }

    /// Returns the content of an entry of which the bytes are there.
    pub(super) fn version(&mut self, entry: &Entry) -> Option<VersionId> {
        let md5 = entry.md5.as_ref().filter(|md5| is_md5(md5.strip_suffix(".dir").unwrap_or(md5)))?;
        if let Some(known) = self.found.get(md5) {
            return known.clone();
        }
        let version = if md5.ends_with(".dir") { self.folder(md5) } else { self.file(md5).map(VersionId::Content) };
        self.found.insert(md5.clone(), version.clone());
        version
    }

    /// Returns where the bytes of an MD5 lie: since its third version DVC keeps them one folder deeper.
    fn path(&self, md5: &str) -> Option<PathBuf> {
        let (first, rest) = md5.split_at_checked(2)?;
        let places = [self.folder.join("files/md5"), self.folder.clone()];
        let mut paths = places.into_iter().map(|place| place.join(first).join(rest));
        paths.find(|path| path.is_file() && !self.skip.leads_out(path))
    }

    fn file(&self, md5: &str) -> Option<[u8; 32]> {
        let how = Hashing {
            limit: self.limit,
            skip: &self.skip,
            cache: Some(&self.hashes),
            progress: Some(self.progress),
            cancel: None,
        };
        match disk::fingerprint::fingerprint(&self.path(md5)?, &how).ok()??.version {
            VersionId::Content(hash) => Some(hash),
            // It is too large to be hashed.
            _ => None,
        }
    }

    /// Returns the content of a folder of which the bytes of each file are there.
    fn folder(&mut self, md5: &str) -> Option<VersionId> {
        let mut text = String::new();
        let list = config::open_named(&self.path(md5)?).ok()?;
        list.take(LONGEST_LIST).read_to_string(&mut text).ok()?;
        let listed: Vec<Listed> = serde_json::from_str(&text).ok()?;
        let mut files: BTreeMap<String, [u8; 32]> = BTreeMap::new();
        for Listed { md5, relpath } in listed {
            let is_inside =
                Path::new(&relpath).components().all(|part| matches!(part, std::path::Component::Normal(_)));
            if !is_md5(&md5) || !is_inside {
                return None;
            }
            files.insert(relpath, self.file(&md5)?);
        }
        let fact = disk::fingerprint::of_files(&files);
        let version = fact.version.clone();
        self.folders.push(fact);
        Some(version)
    }
}

fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}
