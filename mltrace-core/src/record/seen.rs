//! An artifact that a run names, with what a look at the disk says of it.

use std::path::PathBuf;

use super::guard::ours;
use super::look::{Looked, look, look_whole};
use super::outputs::is_before;
use super::{Recorder, Site};
use crate::disk::FileKind;
use crate::disk::state::Token;
use crate::model::{ArtifactKind, ArtifactName, TELLING_BYTES, Timestamp, VersionId};
use crate::naming::{self, Here, Naming};
use crate::values::{Given, Loaded};

/// An artifact that was named and looked at.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) given: Given,
    pub(super) name: ArtifactName,
    pub(super) path: Option<PathBuf>,
    pub(super) looked: Looked,
}

/// What is recorded of a content.
pub(super) struct Told {
    pub(super) version: Option<VersionId>,
    pub(super) size: Option<u64>,
    /// How it stood, when it is to be hashed beside the caller.
    pub(super) pending: Option<String>,
}

impl Seen {
    pub(super) fn new(recorder: &'static Recorder, given: Given) -> Option<Self> {
        Self::here(recorder, given, &Here::default())
    }

    /// As [`new`](Self::new), for one of many artifacts of the same moment.
    pub(super) fn here(recorder: &'static Recorder, given: Given, here: &Here) -> Option<Self> {
        if let Some(loaded) = given.loaded.clone() {
            let Loaded { name, version, size } = loaded;
            return Some(Self { given, name, path: None, looked: Looked { version, size, ..Looked::default() } });
        }
        let Naming { name, path } = naming::name_here(&given.named, &recorder.root, here)?;
        let looked = path.as_deref().map(|path| look(recorder, path)).unwrap_or_default();
        Some(Self { given, name, path, looked })
    }

    /// Returns an artifact that is loaded now: it is looked at once, and read to its end if its content is not known.
    pub(super) fn loaded(recorder: &'static Recorder, given: Given) -> Given {
        let Some(Naming { name, path }) = naming::name(&given.named, &recorder.root) else { return given };
        let found = path.and_then(|path| look_whole(recorder, &path));
        let (version, size) = found.map(|found| (found.version, found.size)).unzip();
        Given { loaded: Some(Loaded { name, version, size }), ..given }
    }

    /// Returns the same as it is named where the links in its path lead, if the run has changed what lies there. A link that
    /// was laid anew leads to what others wrote.
    pub(super) fn behind_links(&self, recorder: &Recorder, started_at: Timestamp, here: &Here) -> Option<Self> {
        let path = self.path.as_deref().filter(|_| self.given.version.is_none())?;
        let standing = self.looked.standing.as_ref()?;
        if is_before(standing, started_at) {
            return None;
        }
        let name = naming::behind_links(path, &recorder.root, here).filter(|name| *name != self.name)?;
        Some(Self { name, ..self.clone() })
    }

    /// Returns the same as it is named where the links in its path lead, if its bytes are too few to say by which of all
    /// that have them it was written, or were not read. The content of a folder says nothing of what was written in it, and
    /// that of a file behind a link to a folder nothing of who wrote that folder.
    pub(super) fn read_behind_links(&self, recorder: &Recorder, here: &Here) -> Option<Self> {
        let Looked { version, size, .. } = &self.looked;
        let is_telling = match version {
            Some(VersionId::Content(_)) => size.is_none_or(|size| size >= TELLING_BYTES) && !self.is_folder(),
            Some(VersionId::Stat(_)) => false,
            _ => !self.is_folder(),
        };
        let path = self.path.as_deref().filter(|_| self.given.version.is_none() && self.looked.standing.is_some())?;
        let name = match is_telling {
            true => naming::behind_folder_links(path, &recorder.root, here),
            false => naming::behind_links(path, &recorder.root, here),
        };
        let name = name.filter(|name| *name != self.name)?;
        Some(Self { name, ..self.clone() })
    }

    fn is_folder(&self) -> bool {
        let token = self.looked.standing.as_ref().map(|state| &state.token);
        token.is_some_and(|token| match token {
            Token::File(stat) => stat.kind == FileKind::Folder,
            Token::Folder(_) => true,
        })
    }

    /// A declared version beats what was seen.
    pub(super) fn told(&self) -> Told {
        if let Some(declared) = &self.given.version {
            return Told { version: Some(VersionId::Declared(declared.clone())), size: None, pending: None };
        }
        let Looked { version, size, standing, is_pending } = self.looked.clone();
        Told { version, size, pending: standing.filter(|_| is_pending).map(|state| state.token.to_string()) }
    }

    pub(super) fn kind(&self, site: Option<&'static Site>) -> Option<ArtifactKind> {
        self.given.kind.or_else(|| site?.kind_of(self.given.argument.as_deref()?))
    }
}

impl Recorder {
    /// Returns an artifact that is loaded now with what it is: as an input it costs no further look at the disk.
    pub fn loaded(&'static self, given: Given) -> Given {
        let is_enabled = self.is_enabled();
        let loaded = is_enabled.then(|| ours(self, || Seen::loaded(self, given.clone()))).flatten();
        loaded.unwrap_or(given)
    }
}
