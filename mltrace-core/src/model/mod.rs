//! The words of the project as plain data: components, runs, artifacts, versions, labels, aliases, tasks.

mod time;

mod id;

mod unique;

mod text;

mod artifact;

mod folder;

mod run;

mod label;

mod limits;

mod alias;

mod measure;

mod event;

mod expected;

mod observation;

mod pattern;

mod profile;

mod record;

mod subject;

mod task;

#[cfg(feature = "schema")]
mod schema;

pub use alias::{AliasFact, alias_name};
#[cfg(feature = "store")]
pub(crate) use artifact::is_for_all;
pub use artifact::{ArtifactKind, ArtifactName};
pub use event::{EventFact, PROCESS_OF_EVENTS, PROCESS_OF_EVENTS_ON};
pub use expected::{ExpectedColumn, ExpectedTable};
pub use folder::{folders_around, path_inside, range_inside};
pub use id::{ParseIdError, ProcessId, RunId};
pub use label::Verdict;
pub use limits::{LIMIT_LINE, MOST_FACTS, MOST_TAGS};
pub use measure::{Check, CheckFact, Metric, MetricFact, Number, Outcome, Severity};
pub use observation::{Observation, ObservationFact, Spread};
pub use pattern::Pattern;
pub use profile::{
    Column, ColumnType, MOST_COLUMNS, MOST_VALUES, Profile, ProfileFact, TableFormat, TopValue, UnevenRow, written,
};
pub use record::{
    Chosen, Code, CodeCheck, ComponentFact, Declaration, Due, End, FingerprintFact, FolderFact, Forget, Git, Header,
    LabelFact, Line, NoteFact, ParamFact, ReadFact, Record, Start, WriteFact,
};
pub use run::{Bound, Mark, Status};
pub use subject::{DataSubject, RetractFact, RunSubject, SubjectFact};
pub use task::{TaskFact, TaskSide, TaskValue, task_id, task_name};
pub use text::{CUT, LIMIT_NAME, LIMIT_SOURCE, LIMIT_TEXT, LOOSE, REMOVED, cut};
pub use time::Timestamp;
pub use version::{TELLING_BYTES, Version, VersionId};
pub(crate) use weight::behind_string;
pub use weight::{MOST_WEIGHT, bytes_beside_texts, is_too_heavy};

pub mod value;

mod version;

mod weight;
