//! What a caller hands over as an artifact, before it has its canonical name.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::model::{ArtifactKind, ArtifactName, VersionId};

/// A name as the caller wrote it. What is typed as a path is a path; of text it is found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A local path.
    Path(PathBuf),
    /// A path, a URI or an identifier.
    Text(String),
    /// An identifier, whatever it looks like.
    Id(String),
}

/// An artifact as the caller handed it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its name.
    pub named: Named,
    /// The argument, binding or expression that named it.
    pub argument: Option<Cow<'static, str>>,
    /// Its kind, when declared.
    pub kind: Option<ArtifactKind>,
    /// Its version, when declared: the text behind `v:`.
    pub version: Option<String>,
    /// What was found out when it was loaded: as an input it is that, whatever lies on the disk by now.
    pub loaded: Option<Loaded>,
}

/// What was found out of an artifact when it was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its canonical name.
    pub name: ArtifactName,
    /// The content, when it could be known.
    pub version: Option<VersionId>,
    /// The content's size in bytes.
    pub size: Option<u64>,
}

impl Given {
    /// Returns an artifact about which nothing but the name is known.
    #[must_use]
    pub fn new(named: Named) -> Self {
        Self { named, argument: None, kind: None, version: None, loaded: None }
    }

    /// Returns the artifact as an identifier, whatever its name looks like.
    #[must_use]
    pub fn as_id(self) -> Self {
        let named = match self.named {
            Named::Path(path) => Named::Id(path.to_string_lossy().into_owned()),
            Named::Text(text) | Named::Id(text) => Named::Id(text),
        };
        Self { named, ..self }
    }
}
