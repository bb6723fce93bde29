//! A run from start to end: the recorder, the open run, the current run, and what happens when recording fails.
//!
//! Nothing here may panic, block or change what the caller's function does.

mod recorder;

mod beside;

mod job;

mod kept;

mod later;

mod errand;

mod within;

mod surroundings;

mod origin;

mod site;

mod observed;

mod open_run;

mod begin;

mod look;

mod folders;

mod lately;

mod outputs;

mod seen;

mod split;

mod clock;

mod lock;

mod guard;

mod context;

mod call;

pub use begin::Opening;
pub use call::{Call, Entry};
pub use clock::now;
pub use context::{Entered, current, enter, enter_none, is_apart};
pub use kept::Joins;
pub use observed::Sighting;
pub use open_run::OpenRun;
pub use recorder::{Hooks, Recorder, Warning};
pub use site::{Site, SiteState};
