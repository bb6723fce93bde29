//! An artifact that a run names, with what a look at the disk says of it.

use std::path::PathBuf;

use super::look::{Looked, look};
use super::{Recorder, Site};
use crate::model::{ArtifactKind, ArtifactName, VersionId};
use crate::naming::{self, Naming};
use crate::values::Given;

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
    pub(super) fn new(recorder: &Recorder, given: Given) -> Option<Self> {
        let Naming { name, path } = naming::name(&given.named, &recorder.root)?;
        let looked = path.as_deref().map(|path| look(recorder, path)).unwrap_or_default();
        Some(Self { given, name, path, looked })
    }

    /// A declared version beats what was seen.
    pub(super) fn told(&self) -> Told {
        if let Some(declared) = &self.given.version {
            return Told { version: Some(VersionId::Declared(declared.clone())), size: None, pending: None };
        }
        let Looked { version, size, standing, is_pending } = self.looked.clone();
        Told { version, size, pending: standing.filter(|_| is_pending).map(|state| state.token) }
    }

    pub(super) fn kind(&self, site: Option<&'static Site>) -> Option<ArtifactKind> {
        self.given.kind.or_else(|| site?.kind_of(self.given.argument.as_deref()?))
    }
}
