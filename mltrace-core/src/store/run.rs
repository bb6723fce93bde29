//! A run's own row.

use super::key::{CodeKey, ComponentKey, DeclarationKey, GitKey, ProcessKey, ProjectKey};
use crate::model::{RunId, Status, Timestamp};

/// A run's own row. Fields that are `None` are not known yet, or never will be.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// Its project.
    pub project: ProjectKey,
    /// Its component; `None` until its start arrives.
    pub component: Option<ComponentKey>,
    /// How it stands.
    pub status: Status,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How long it took, in microseconds.
    pub duration_us: Option<i64>,
    /// The process that recorded it.
    pub process: Option<ProcessKey>,
    /// The run inside which it ran.
    pub parent: Option<RunId>,
    /// Its source.
    pub code: Option<CodeKey>,
    /// The git state of its code.
    pub git: Option<GitKey>,
    /// What its code said of its component.
    pub declaration: Option<DeclarationKey>,
    /// Why it failed.
    pub error: Option<String>,
    /// Whether nobody said when it began: the time gives way to one that somebody says.
    pub is_start_chosen: bool,
    /// A hash over its input names and parameters, by how new the newest input is.
    pub signature: Option<i64>,
}

impl RunRow {
    /// Returns whether an end of the run is known: that of one that goes on, was found dead or has none that this version
    /// understands may still come.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        match self.status {
            Status::Running | Status::Died => false,
            Status::Unknown => self.ended_at.is_some(),
            Status::Completed | Status::Failed | Status::Cancelled => true,
        }
    }

    /// Takes over what another row of the same run says and this one does not; returns whether there was any.
    pub fn fill_in(&mut self, other: &Self) -> bool {
        let before = (self.parent, self.code, self.git, self.declaration);
        self.parent = self.parent.or(other.parent);
        self.code = self.code.or(other.code);
        self.git = self.git.or(other.git);
        self.declaration = self.declaration.or(other.declaration);
        before != (self.parent, self.code, self.git, self.declaration)
    }
}
