//! From values and surroundings to the model: names, fingerprints, git state, source text, parameters, redaction.

mod given;

pub mod value;

pub mod param;

pub mod outcome;

mod kept;

mod shown;

pub mod name;

pub mod redact;

pub mod fingerprint;

mod cache;

pub mod git;

pub mod host;

pub mod code;

pub mod place;

pub mod state;

pub use cache::Cache;
pub use fingerprint::{FileKind, Fingerprint, Hashing, Skip, Stat};
pub use given::{Given, Named};
pub use host::{Host, Liveness};
pub use kept::{kept, panic_text};
pub use name::{Naming, Root};
pub use outcome::Returned;
pub use param::Param;
pub use shown::shown;
pub use value::{Artifact, Artifacts, Declared, Probe, artifact, give, taken};
