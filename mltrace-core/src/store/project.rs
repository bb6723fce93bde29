//! What is known of a project.

use super::key::ProjectKey;
use crate::model::{RunId, Timestamp};

/// A write of a name behind a border, in another project or on another host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenElsewhere {
    /// The project's name.
    pub project: String,
    /// Who wrote it last there.
    pub run: RunId,
    /// On which host, where the name is another thing on each and it is known.
    pub host: Option<String>,
}

/// A project as a store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectRow {
    /// Its key.
    pub key: ProjectKey,
    /// The name that people read.
    pub name: String,
    /// What distinguishes it from others; `None` where the store lies in its root, or only earlier versions recorded.
    pub identity: Option<String>,
    /// How many runs it has.
    pub runs: u64,
    /// When its first run began.
    pub first: Option<Timestamp>,
    /// When its last run began.
    pub last: Option<Timestamp>,
    /// Other names that it has or had.
    pub former: Vec<String>,
    /// Whether no process recorded anything of it: all of it was imported.
    pub is_imported: bool,
}
