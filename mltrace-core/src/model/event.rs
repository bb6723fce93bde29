//! An event of another tool, whole.

use serde::{Deserialize, Serialize};

/// How the process of a run is called that is built from events alone.
pub const PROCESS_OF_EVENTS: &str = "import openlineage";
/// How it begins where the events say on which host, or by whom: no other process is called so.
pub const PROCESS_OF_EVENTS_ON: &str = "openlineage on ";

/// An OpenLineage event as it came, without secrets. The rows of its run are built from all events of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFact {
    /// The project that it was sent to.
    pub project: String,
    /// The identity of that project in a store that several roots share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The folder that its paths are relative to.
    pub root: String,
    /// The event, as JSON.
    pub body: String,
}
