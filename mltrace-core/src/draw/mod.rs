//! A trace as it is drawn: which boxes there are, what leads from one to another, and where they stand.
//!
//! There are two ways to divide a trace into boxes and one model for both. How a box looks, and what is written into it,
//! is up to the one who shows it.

mod drawing;

mod runs;

mod versions;

mod layout;

mod letters;

pub use drawing::{Content, Drawing, DrawnVersion, Edge};
pub use layout::{Layout, layout};
pub use letters::Letters;
pub use runs::{Shared, Sharing, runs};
pub use versions::versions;
