//! From a name as the caller wrote it to the artifact's canonical name, which is the same from any directory.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use path_clean::PathClean;

use crate::host;
use crate::model::{ArtifactKind, ArtifactName, LIMIT_NAME};
use crate::redact;
use crate::values::Named;

/// The project's root, both as it was given and with its symbolic links resolved. Made once per process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    given: PathBuf,
    canonical: Option<PathBuf>,
    /// What distinguishes the folder from others whatever it is called.
    identity: Option<(u64, u64)>,
    met: Met,
}

/// How much of a path leads to the root through a link, by the folders that were looked at: each would cost a look at all
/// the folders around it whenever something in it is named.
#[derive(Clone, Debug, Default)]
struct Met(Arc<Mutex<HashMap<PathBuf, Look>>>);

/// What was found of a folder, and when.
type Look = (Option<PathBuf>, Instant);

/// What is remembered says nothing of which root it is.
impl PartialEq for Met {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Met {}

/// So many folders are remembered, for so long: links are turned.
const MOST_MET: usize = 1024;
const LATELY: Duration = Duration::from_secs(1);

impl Met {
    /// Returns what was found of a folder a moment ago, if it `still` holds, or finds it; anyone who would have to wait looks for
    /// itself.
    fn of(
        &self,
        folder: &Path,
        still: impl FnOnce(&Path) -> bool,
        find: impl FnOnce() -> Option<PathBuf>,
    ) -> Option<PathBuf> {
        let Ok(mut met) = self.0.try_lock() else { return find() };
        if let Some((known, at)) = met.get(folder)
            && at.elapsed() < LATELY
            && known.as_deref().is_none_or(still)
        {
            return known.clone();
        }
        let found = find();
        if met.len() >= MOST_MET {
            met.clear();
        }
        met.insert(folder.to_owned(), (found.clone(), Instant::now()));
        found
    }
}

/// An artifact's canonical name and, for a local file or folder, where to look for its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The canonical name, without secrets and within the limit.
    pub name: ArtifactName,
    /// The local path; `None` for URIs and identifiers.
    pub path: Option<PathBuf>,
}

/// What is known of folders at one moment, asked for once and only where a name needs it.
#[derive(Debug, Default)]
pub struct Here {
    folder: OnceCell<Option<PathBuf>>,
    /// The folder that was looked at last, and whether a link leads to it: many files of one moment lie in one folder.
    last: RefCell<Option<(PathBuf, bool)>>,
}

impl Here {
    /// Returns the working directory; `None` when it has no path, as one that was deleted.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.get_or_init(|| std::env::current_dir().ok()).as_deref()
    }

    /// Returns whether one of the last `parts` parts of a folder is a link.
    fn is_behind_link(&self, folder: &Path, parts: usize) -> bool {
        let mut last = self.last.borrow_mut();
        if let Some((_, is_behind)) = last.as_ref().filter(|(known, _)| known == folder) {
            return *is_behind;
        }
        let is_behind = folder.ancestors().take(parts).any(is_link);
        *last = Some((folder.to_owned(), is_behind));
        is_behind
    }
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_symlink())
}

impl Root {
    /// Returns the root that `folder` is.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let given = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).clean();
        let canonical = std::fs::canonicalize(folder).ok().map(without_verbatim).filter(|path| *path != given);
        Self { given, canonical, identity: identity(folder), met: Met::default() }
    }

    /// Returns the root that is written so: nobody looks for it, nor where a name under it leads.
    #[must_use]
    pub fn as_written(folder: &Path) -> Self {
        Self { given: folder.clean(), ..Self::unknown() }
    }

    /// Returns the root of names that are relative to a folder nobody knows: nothing lies under it.
    #[must_use]
    pub fn unknown() -> Self {
        Self { given: PathBuf::new(), canonical: None, identity: None, met: Met::default() }
    }

    /// Returns the folder as it was given, made absolute.
    #[must_use]
    pub fn given(&self) -> &Path {
        &self.given
    }

    /// Returns what of `path` lies under the root.
    fn strip<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        let under_canonical = || path.strip_prefix(self.canonical.as_ref()?).ok();
        path.strip_prefix(&self.given).ok().or_else(under_canonical).or_else(|| self.strip_link(path))
    }

    /// Returns what of an absolute path lies under the root, where it reaches the root through a link.
    fn strip_link<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        let own = self.identity.filter(|_| path.is_absolute())?;
        let is_root = |folder: &&Path| folder.parent().is_some() && identity(folder) == Some(own);
        let folder = path.parent()?;
        let still = |link: &Path| is_root(&link);
        match self.met.of(folder, still, || folder.ancestors().filter(is_root).last().map(Path::to_owned)) {
            Some(link) => path.strip_prefix(link).ok(),
            // The path itself may be the link.
            None => is_root(&path).then(|| Path::new("")),
        }
    }
}

#[cfg(unix)]
fn identity(folder: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(folder).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Names an artifact as seen from this process' working directory, which is asked for only when the name needs it.
///
/// Returns `None` for an empty name. Costs at most one look at the working directory and one at the file.
#[must_use]
pub fn name(named: &Named, root: &Root) -> Option<Naming> {
    name_here(named, root, &Here::default())
}

/// Returns what [`name`] does, for one of many names of the same moment.
#[must_use]
pub fn name_here(named: &Named, root: &Root, here: &Here) -> Option<Naming> {
    name_with(named, root, Path::new(""), || here.folder())
}

/// Names an artifact as seen from `folder`. Returns `None` for an empty name.
#[must_use]
pub fn name_from(named: &Named, root: &Root, folder: &Path) -> Option<Naming> {
    name_with(named, root, folder, || Some(folder))
}

/// Returns the canonical name of one that stands in a line of an import or of a request: there a path is relative to the
/// root, and bytes that are not UTF-8 are as [`encode`] writes them. Returns `None` for an empty name.
#[must_use]
pub fn in_line(text: &str, root: &Root) -> Option<ArtifactName> {
    let is_path = local_path(text).is_some() || (!is_uri(text) && text.contains(std::path::is_separator));
    if !is_path {
        // What may be a file that lies at the root has the name of an identifier.
        return (!text.is_empty()).then(|| if is_uri(text) { uri(text) } else { finish(redact::text(text)) });
    }
    let path = local_path(text).unwrap_or_else(|| decode(text));
    let folder = || Some(root.given.as_path()).filter(|folder| folder.is_absolute());
    Some(name_path(&path, root, folder, redact::text).name)
}

/// Returns the canonical names that a name typed by a person may stand for, the likeliest first: the name as given,
/// then as a path from `folder`, also of bytes that are not UTF-8 as [`encode`] writes them.
#[must_use]
pub fn on_command_line(text: &str, root: &Root, folder: &Path) -> Vec<ArtifactName> {
    let mut candidates = Vec::with_capacity(4);
    let mut add = |name: ArtifactName| {
        if !name.0.is_empty() && !candidates.contains(&name) {
            candidates.push(name);
        }
    };
    add(ArtifactName(text.to_owned()));
    add(finish(redact::text(text)));
    let as_path = if is_uri(text) && local_path(text).is_none() {
        Named::Text(text.to_owned())
    } else {
        Named::Path(local_path(text).unwrap_or_else(|| PathBuf::from(text)))
    };
    let as_shown = text.contains(ESCAPE).then(|| Named::Path(decode(text)));
    for path in [Some(as_path), as_shown].into_iter().flatten() {
        if let Some(naming) = name_from(&path, root, folder) {
            add(naming.name);
        }
    }
    candidates
}

/// Returns the canonical name of an absolute path.
#[must_use]
pub fn name_of(path: &Path, root: &Root) -> Option<ArtifactName> {
    path.is_absolute().then(|| name_path(path, root, || None, redact::text).name)
}

/// Returns the name of the place where the links in a local path lead, if there are any.
///
/// Costs a look at the path and at each folder of it below the root, or at each of a path that lies elsewhere.
#[must_use]
pub fn behind_links(path: &Path, root: &Root, here: &Here) -> Option<ArtifactName> {
    if is_link(path) { behind(path, root) } else { behind_folder_links(path, root, here) }
}

/// Returns what [`behind_links`] does, where a folder of the path is a link.
#[must_use]
pub fn behind_folder_links(path: &Path, root: &Root, here: &Here) -> Option<ArtifactName> {
    let folders = root.strip(path).unwrap_or(path).components().count().saturating_sub(1);
    here.is_behind_link(path.parent()?, folders).then(|| behind(path, root)).flatten()
}

fn behind(path: &Path, root: &Root) -> Option<ArtifactName> {
    name_of(&without_verbatim(path.canonicalize().ok()?), root)
}

/// Returns the local path that a text means as seen from `folder`; `None` for an address.
#[must_use]
pub fn path_from(text: &str, folder: &Path) -> Option<PathBuf> {
    let path = local_path(text).or_else(|| (!is_uri(text)).then(|| PathBuf::from(text)));
    path.map(|path| folder.join(path))
}

/// Returns whether a path was made of an address: as a path it would lose a slash, and keep its password.
fn is_address(text: &str, from: &Path) -> bool {
    text.contains("://") && is_uri(text) && from.join(text).symlink_metadata().is_err()
}

/// `from` is what a relative path is joined to for a look at the file: nothing when the process itself would do so.
fn name_with<'f>(named: &Named, root: &Root, from: &Path, folder: impl FnOnce() -> Option<&'f Path>) -> Option<Naming> {
    match named {
        Named::Path(path) if path.as_os_str().is_empty() => None,
        Named::Path(path) => match path.to_str().filter(|text| is_address(text, from)) {
            Some(address) => name_with(&Named::Text(address.to_owned()), root, from, folder),
            None => Some(name_path(path, root, folder, redact::tokens)),
        },
        Named::Text(text) | Named::Id(text) if text.is_empty() => None,
        Named::Id(text) => Some(Naming { name: finish(redact::text(text)), path: None }),
        Named::Text(text) => Some(if let Some(path) = local_path(text) {
            name_path(&path, root, folder, redact::text)
        } else if is_uri(text) {
            Naming { name: uri(text), path: None }
        } else if text.contains(std::path::is_separator)
            || is_file_name(text)
            || from.join(text).symlink_metadata().is_ok()
        {
            name_path(Path::new(text), root, folder, redact::text)
        } else {
            Naming { name: finish(redact::text(text)), path: None }
        }),
    }
}

fn name_path<'f>(
    given: &Path,
    root: &Root,
    folder: impl FnOnce() -> Option<&'f Path>,
    redacted: fn(&str) -> Cow<'_, str>,
) -> Naming {
    let joined: Cow<'_, Path> = if given.is_absolute() {
        Cow::Borrowed(given)
    } else {
        // Without a working directory (it may have been deleted) the name stays relative.
        folder().map_or(Cow::Borrowed(given), |folder| Cow::Owned(folder.join(given)))
    };
    let cleaned = joined.clean();
    let relative = root.strip(&cleaned).unwrap_or(&cleaned);
    let relative = if relative.as_os_str().is_empty() { OsStr::new(".") } else { relative.as_os_str() };
    let name = encode(relative);
    let name = finish(redacted(&name));
    // `link/..` is a different folder for the system than for a lexical reading: what is hashed is what the caller opens.
    let climbs = given.components().any(|component| component == Component::ParentDir);
    let path = if climbs { joined.into_owned() } else { cleaned };
    Naming { name, path: Some(path) }
}

/// Returns whether an artifact is called so whatever becomes of the files that there are: its name is an address, or a path
/// that lies under the root as it is written. Other texts may be the names of files, and other paths may lead there.
#[must_use]
pub fn is_settled(named: &Named, naming: &Naming, root: &Root) -> bool {
    let climbs = |path: &Path| path.components().any(|component| component == Component::ParentDir);
    let is_below = |path: &Path| path.starts_with(&root.given) && !climbs(path);
    match (named, &naming.path) {
        (Named::Id(_), _) => true,
        (Named::Text(text), None) => is_uri(text) && text.contains("://"),
        (Named::Text(text), Some(path)) => {
            (text.contains(std::path::is_separator) || is_file_name(text)) && is_below(path)
        }
        (Named::Path(given), Some(path)) => given.to_str().is_none_or(|text| !text.contains("://")) && is_below(path),
        (Named::Path(_), None) => false,
    }
}

/// Returns whether a name without a separator ends as those of files do. An identifier that does so is said to be one.
#[must_use]
pub fn is_file_name(text: &str) -> bool {
    const OTHERS: &[&str] = &[
        "7z", "bam", "bed", "bz2", "cfg", "conf", "css", "dat", "dta", "duckdb", "fa", "fasta", "fastq", "feather",
        "flac", "geojson", "gif", "h", "htm", "html", "hdf", "ini", "ipynb", "jpeg", "js", "las", "lmdb", "log", "mat",
        "md", "mdb", "mp3", "mp4", "nc", "nii", "ogg", "out", "pdf", "ply", "py", "r", "rda", "rds", "rs", "sav", "sh",
        "shp", "sql", "sqlite3", "svg", "tar", "tbl", "tgz", "tif", "tiff", "toml", "vcf", "webp", "xls", "xml", "xz",
        "yaml", "yml", "zarr", "zip",
    ];
    let is_known = |extension: &str| {
        let extension = extension.to_ascii_lowercase();
        OTHERS.contains(&extension.as_str()) || ArtifactKind::guess(&format!("x.{extension}")) != ArtifactKind::Unknown
    };
    text.rsplit_once('.').is_some_and(|(before, extension)| !before.is_empty() && is_known(extension))
}

/// Returns whether text is a URI: a scheme of two letters or more (one letter is a drive), a colon and a slash.
///
/// Schemes may be stacked (`jdbc:postgresql://…`). A scheme without a slash behind it (`sample:17`) is as likely an
/// identifier; both are kept as given.
#[must_use]
pub fn is_uri(text: &str) -> bool {
    let Some(end) = text.as_bytes().windows(2).position(|pair| pair == b":/") else {
        return false;
    };
    let is_scheme = |scheme: &str| {
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        scheme.len() >= 2
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(is_inner)
    };
    text.get(..end).is_some_and(|schemes| schemes.split(':').all(is_scheme))
}

/// Returns the name of a URI: a slash at its end says that it is a folder, not that it is another one.
///
/// Slashes inside stay, for an object store distinguishes `s3://b//k` from `s3://b/k`, and so does what a query ends in.
fn uri(text: &str) -> ArtifactName {
    let is_plain = !text.contains(['?', '#']);
    let short = text.strip_suffix('/').filter(|short| is_plain && !short.ends_with([':', '/']));
    finish(redact::uri(short.unwrap_or(text)))
}

/// Returns the path that a `file:` URI of this host names.
fn local_path(text: &str) -> Option<PathBuf> {
    let scheme = text.get(..5)?;
    let rest = text.get(5..).filter(|_| scheme.eq_ignore_ascii_case("file:"))?;
    let path = match rest.strip_prefix("//") {
        Some(rest) => match rest.split_at(rest.find('/')?) {
            (host, path) if host.is_empty() || is_here(host) => path,
            _ => return None,
        },
        None => rest,
    };
    let path = path.starts_with('/').then(|| from_percent(path))?;
    if cfg!(windows) {
        let text = path.to_string_lossy();
        return Some(text.strip_prefix('/').map_or_else(|| PathBuf::from(&*text), PathBuf::from));
    }
    Some(path.into())
}

fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host::name().is_some_and(|name| name.eq_ignore_ascii_case(host))
}

/// Canonical paths of Windows begin with `\\?\`, which nobody writes by hand.
fn without_verbatim(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(|text| text.strip_prefix(r"\\?\")).filter(|_| cfg!(windows)) {
        Some(text) => PathBuf::from(text),
        None => path,
    }
}

/// Keeps a name within the limit: a longer one is cut and ends in a hash of the whole, so that two stay different.
fn finish(name: Cow<'_, str>) -> ArtifactName {
    if name.len() <= LIMIT_NAME {
        return ArtifactName(name.into_owned());
    }
    let hash: String = blake3::hash(name.as_bytes()).to_hex().chars().take(16).collect();
    let mark = format!("… [cut {hash}]");
    let mut end = LIMIT_NAME.saturating_sub(mark.len());
    while !name.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let mut name = name.into_owned();
    name.truncate(end);
    name.push_str(&mark);
    ArtifactName(name)
}

mod bytes;
mod dataset;

use bytes::{ESCAPE, from_percent};
pub use bytes::{decode, encode};
pub use dataset::{database_file, dataset, pair};

#[cfg(test)]
mod tests;
