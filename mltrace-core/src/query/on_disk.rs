//! What a name means by what lies on this disk: the version that is there, also under a name that nobody recorded.

use std::path::Path;
use std::time::Duration;

use super::name::Found;
use super::{QueryError, Reader};
use crate::disk::fingerprint::{fingerprint, stat};
use crate::disk::state::state;
use crate::disk::{Cache, FileKind, Hashing, Skip};
use crate::model::{ArtifactName, RunId, TELLING_BYTES, Timestamp, Version, VersionId};
use crate::naming::{self, Here, Root};
use crate::store::RunKey;

/// So many bytes are read to see what lies there, so many files of a folder opened, and so long a folder is looked through:
/// who asks waits.
const MOST_BYTES: u64 = 256 << 20;
const MOST_FILES: u64 = 1_000;
const PATIENCE: Duration = Duration::from_millis(250);
/// How many digits of a content are shown.
const DIGITS: usize = 12;

/// What a name means by what lies on this disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDisk {
    /// What to ask for in place of what was typed.
    pub asked: String,
    /// What there is to say of that, in a line; `None` when the last recorded version is there, or nothing is.
    pub says: Option<String>,
}

/// What was found on the disk.
pub(super) enum There {
    /// This content.
    Content(VersionId),
    /// Too much to read while somebody waits.
    Large,
    /// Nothing that has a content.
    Nothing,
}

impl Reader<'_> {
    /// Returns what `text` means: of a local file without a version the one that lies on this disk, if it was recorded, and
    /// of a name that nobody recorded the one whose content it holds.
    ///
    /// # Errors
    /// When the store does not answer. What is not known is left to the question itself.
    pub fn on_disk(&mut self, text: &str) -> Result<OnDisk, QueryError> {
        let as_typed = OnDisk { asked: text.to_owned(), says: None };
        let Some(project) = self.project()? else { return Ok(as_typed) };
        if let Some((artifact, name)) = self.find_artifact(project, text)? {
            let Some(latest) = self.store.latest(artifact, Timestamp::MAX)? else { return Ok(as_typed) };
            if naming::is_uri(name.as_str()) || !matches!(latest.id, VersionId::Content(_)) {
                return Ok(as_typed);
            }
            let last = self.written(&latest.id, latest.written.map(|(run, _)| run))?;
            let path = self.home.root.join(naming::decode(name.as_str()));
            return Ok(match self.look(&path) {
                There::Nothing => as_typed,
                There::Content(found) if found == latest.id && latest.written.is_some() => as_typed,
                There::Content(found) if found == latest.id => self.led_to(text, &path, &found)?.unwrap_or(as_typed),
                There::Large => OnDisk {
                    says: Some(format!("on disk now: too large to be read for this; the last recorded is {last}")),
                    ..as_typed
                },
                There::Content(found) => match self.store.version_at(artifact, &found, Timestamp::MAX)? {
                    Some(known) => OnDisk {
                        asked: format!("{name}@{found}"),
                        says: Some(format!(
                            "on disk now: {}; the last recorded is {last}: `{name}@latest`",
                            self.written(&known.id, known.written.map(|(run, _)| run))?
                        )),
                    },
                    None => self.held_elsewhere((&path, &found), (&name, &last))?.unwrap_or_else(|| OnDisk {
                        says: Some(format!(
                            "on disk now: not recorded ({}); the last recorded is {last}",
                            found.short(DIGITS)
                        )),
                        ..as_typed
                    }),
                },
            });
        }
        match self.find_version(text, None) {
            Ok(found) if found.beside.is_empty() => Ok(as_typed),
            Ok(found) => self.on_disk_beside(text, &found.version),
            Err(QueryError::NotFound { .. }) => Ok(self.renamed(text)?.unwrap_or(as_typed)),
            Err(_) => Ok(as_typed),
        }
    }

    /// Returns what a name means that was read alone: what lies where it leads, if that has a known writer and it has none.
    fn led_to(&mut self, text: &str, path: &Path, content: &VersionId) -> Result<Option<OnDisk>, QueryError> {
        let Some(name) = naming::behind_links(path, &Root::new(&self.home.root), &Here::default()) else {
            return Ok(None);
        };
        let as_typed = self.find_version(text, None)?;
        if !self.makers(&as_typed, None)?.is_empty() {
            return Ok(None);
        }
        let asked = format!("{name}@{content}");
        let Ok(found) = self.find_version(&asked, None) else { return Ok(None) };
        let described = self.described(content, &found)?;
        Ok(Some(OnDisk { asked, says: Some(format!("`{text}` leads to `{name}`: {described}")) }))
    }

    /// Returns what a name means when only what lies around it or in it was recorded: what a folder around it held, else
    /// the name whose content it holds.
    fn on_disk_beside(&mut self, text: &str, known: &Version) -> Result<OnDisk, QueryError> {
        let as_typed = OnDisk { asked: text.to_owned(), says: None };
        let Version { name, version } = known;
        let path = naming::path_from(text, &self.folder).filter(|_| !naming::is_uri(name.as_str()));
        let There::Content(content) = path.map_or(There::Nothing, |path| self.look(&path)) else { return Ok(as_typed) };
        if *version == content {
            return Ok(as_typed);
        }
        let asked = format!("{name}@{content}");
        if let Ok(found) = self.find_version(&asked, None) {
            let there = self.described(&content, &found)?;
            return Ok(OnDisk {
                asked,
                says: Some(format!("on disk now: {there}; it is not the last: `{name}@latest`")),
            });
        }
        if let Some(renamed) = self.renamed(text)? {
            return Ok(renamed);
        }
        let says = format!("on disk now: not recorded ({})", content.short(DIGITS));
        Ok(OnDisk { says: Some(says).filter(|_| matches!(version, VersionId::Content(_))), ..as_typed })
    }

    /// Returns whose content a file holds that nobody recorded under its name.
    fn renamed(&mut self, text: &str) -> Result<Option<OnDisk>, QueryError> {
        let Some(path) = naming::path_from(text, &self.folder) else { return Ok(None) };
        let There::Content(content) = self.look(&path) else { return Ok(None) };
        let Some((asked, held)) = self.whose(&path, &content)? else { return Ok(None) };
        Ok(Some(OnDisk { asked, says: Some(format!("nobody recorded `{text}`; it holds what {held}")) }))
    }

    /// Returns whose content a file holds that was recorded under its name with others alone. Too few bytes do not say what
    /// is meant, and are reported all the same.
    fn held_elsewhere(
        &mut self,
        (path, content): (&Path, &VersionId),
        (name, last): (&ArtifactName, &str),
    ) -> Result<Option<OnDisk>, QueryError> {
        let Some((asked, held)) = self.whose(path, content)? else { return Ok(None) };
        let is_telling = stat(path).ok().flatten().is_some_and(|stat| stat.size >= TELLING_BYTES);
        let says = Some(format!("on disk now: what {held}; the last recorded of `{name}` is {last}: `{name}@latest`"));
        let asked = if is_telling { asked } else { name.to_string() };
        Ok(Some(OnDisk { asked, says }))
    }

    /// Returns under which other name a content was recorded, as it is asked for and in words: the one where the links in its
    /// path lead, else the one that had it last.
    fn whose(&mut self, path: &Path, content: &VersionId) -> Result<Option<(String, String)>, QueryError> {
        let Some(project) = self.project()? else { return Ok(None) };
        let names = self.store.names_of(project, content)?;
        let more = match names.len().saturating_sub(1) {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        let linked = naming::behind_links(path, &Root::new(&self.home.root), &Here::default());
        let linked = linked.map(|name| (format!("{name}@{content}"), name));
        if let Some((asked, name)) = linked
            && let Ok(found) = self.find_version(&asked, None)
        {
            let described = self.described(content, &found)?;
            return Ok(Some((asked, format!("`{name}` held, to which it leads: {described}"))));
        }
        let Some(name) = names.first() else { return Ok(None) };
        let asked = format!("{name}@{content}");
        let found = self.find_version(&asked, None)?;
        let described = self.described(content, &found)?;
        Ok(Some((asked, format!("`{name}`{more} held: {described}"))))
    }

    /// Returns a version in words: what it is, and who wrote it.
    fn described(&mut self, id: &VersionId, found: &Found) -> Result<String, QueryError> {
        let maker = self.makers(found, None)?.first().copied();
        self.written(id, maker)
    }

    fn written(&mut self, id: &VersionId, writer: Option<RunKey>) -> Result<String, QueryError> {
        let writer: Option<RunId> = match writer {
            Some(run) => self.store.run_ids(&[run])?.get(&run).copied(),
            None => None,
        };
        let by = writer
            .map_or_else(|| "no recorded run wrote it".to_owned(), |run| format!("written by run {}", run.short()));
        Ok(format!("{}, {by}", id.short(DIGITS)))
    }

    /// Returns the content of a local file or folder, unless it takes long to find out.
    pub(super) fn content_of(&self, path: &Path) -> Option<VersionId> {
        match self.look(path) {
            There::Content(found) => Some(found),
            There::Large | There::Nothing => None,
        }
    }

    /// Looks at a local file or folder, unless that takes long.
    pub(super) fn look(&self, path: &Path) -> There {
        let Ok(Some(found)) = stat(path) else { return There::Nothing };
        if !matches!(found.kind, FileKind::File | FileKind::Folder) {
            return There::Nothing;
        }
        let skip = Skip::of(self.home.store.file(), &self.home.folder);
        let cache = Cache::new(&self.home.folder);
        let is_known = found.kind == FileKind::File && cache.get(path, &found).is_some();
        let stands = state(path, &found, &skip, PATIENCE).ok().flatten();
        let is_small = stands.is_some_and(|state| state.bytes <= MOST_BYTES && state.files <= MOST_FILES);
        if !is_small && !is_known {
            return There::Large;
        }
        let how = Hashing { limit: u64::MAX, skip: &skip, cache: Some(&cache), progress: None, cancel: None };
        match fingerprint(path, &how) {
            Ok(Some(found)) => There::Content(found.version),
            Ok(None) | Err(_) => There::Nothing,
        }
    }
}
