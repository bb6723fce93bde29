//! Records from journals and imports become rows; every read is bound to the write it saw.

mod apply;

mod touched;

mod batch;

mod ends;

mod work;

mod settle;

mod bind;

mod fold;

mod round;

mod report;

mod piece;

mod folded;

mod forget;

mod forgotten;

mod room;

mod grown;

mod due;

pub(crate) mod lost;

mod facts;

mod line;

mod code_line;
mod folder_line;

mod alias_line;

mod profile_line;

mod subject_line;

mod task_line;

mod lines;

mod measured;

mod text;

mod named;
mod offered;

mod nearby;

mod stored;

mod number;

mod standing;

mod start;

mod ahead;

mod import;

mod events;
mod sent;

mod span_line;
mod spans;

mod projects;

mod slot;

mod worker;

pub use crate::model::{MOST_FACTS, MOST_TAGS};
pub use batch::{of_project, of_run};
pub use due::{Dues, hash_due};
pub(crate) use fold::own;
pub use fold::{fold, tracked};
pub use folded::{Folded, open_folded, open_folded_for};
pub use import::{ImportOptions, import, import_with, journaled};
pub use projects::{join, remove};
pub(crate) use report::{AHEAD, BEYOND, EARLY};
pub use report::{FoldReport, ImportReport, Left};
pub use sent::{event, import_events};
pub use spans::{SpanReport, import_spans, spans};
pub use worker::Worker;
