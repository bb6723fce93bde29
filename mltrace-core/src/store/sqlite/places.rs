//! Where artifacts lie, as far as a transaction knows.

use foldhash::HashMap;

use crate::store::{ArtifactKey, ProjectKey};

/// Where artifacts lie, as far as a transaction knows.
#[derive(Default)]
pub(super) struct Places {
    pub(super) of: HashMap<ArtifactKey, i64>,
    /// Whether an artifact has this name, by project.
    pub(super) folders: HashMap<ProjectKey, HashMap<String, Option<ArtifactKey>>>,
    /// Whether it is known what lies in any folder.
    pub(super) has_folders: Option<bool>,
}

impl Places {
    pub(super) fn know(&mut self, artifact: ArtifactKey, place: i64) {
        self.of.insert(artifact, place);
    }
}
