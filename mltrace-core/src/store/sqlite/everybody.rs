//! What is everybody's: artifacts that mean the same thing to all projects of a store.

use crate::model::is_everybodys;
use crate::store::ProjectKey;

/// Whose the names are that mean the same thing to everybody: a row of `project` that is no project.
const EVERYBODY: ProjectKey = ProjectKey(0);

/// Returns under whom an artifact is kept that a project names so.
pub(super) fn space(project: ProjectKey, name: &str) -> ProjectKey {
    if is_everybodys(name) { EVERYBODY } else { project }
}

/// Returns the project whose an artifact is that is kept under `space`; `None`: it is everybody's.
pub(super) fn owner(space: ProjectKey) -> Option<ProjectKey> {
    (space != EVERYBODY).then_some(space)
}
