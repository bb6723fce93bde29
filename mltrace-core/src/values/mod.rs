//! What a caller's values say: which artifacts they name, what a parameter is as text, how a result ended its run.

mod given;

pub mod artifacts;

pub mod param;

pub mod outcome;

mod shown;

pub use artifacts::{Artifact, Artifacts, Declared, Probe, artifact, give, taken};
pub use given::{Given, Loaded, Named};
pub use outcome::Returned;
pub use param::Param;
pub use shown::{PANICKED, shown};
