//! A question, the part of the graph that it needs, an algorithm, an answer.
//!
//! The answers are plain structs whose serialised form is the promised JSON.

mod answer;

mod measures;

mod reader;

mod name;

#[cfg(feature = "near")]
mod near;

mod number;

mod makers;

mod view;

mod told;

mod trace;

mod runs;

mod components;

mod review;

mod said;
mod say;

mod against;
mod alias;

mod around;

mod many;

mod comparison;

mod run_condition;

mod narrow;

mod run_list;

mod impact;

mod inside;

mod diff;

mod difference;

mod sibling;

mod command;
mod doubt;

mod blame;

mod last_good;

mod gate;

mod required;

mod witness;

mod evaluations;

mod tempo;

mod error_line;
mod health;
mod held;

mod counts;

mod monitor;

mod overview;

mod compare;

mod decimal;

mod observations;

mod profile;

mod stale;

mod evidence;

mod past;

mod projects;

mod source;

mod fact;
mod facts;

mod fresher;

mod on_disk;

mod verify;

mod report;

mod browse;

mod export;

mod openlineage;

mod prov;

mod case;
mod causes;
mod removed;
mod subject;
mod task;
pub use crate::model::{
    Check, Column, ColumnType, Metric, Observation, Profile, RunSubject, Spread, TableFormat, TopValue, UnevenRow,
};
pub use crate::profile::{ColumnDrift, Drift, Renamed};
pub use against::{Doubt, DoubtReason};
pub use alias::{Alias, AliasHistory, Aliases, Pointing};
pub use answer::{
    Code, Component, Components, Fact, FactSpan, Git, Impact, ImpactRoot, ImpactState, Impacted, Input, Labelled,
    LeftOut, LookNext, Note, Output, Part, Rest, Review, Run, RunAtDepth, Runs, Stale, StaleReason, Strength, Suspect,
    Tags, Trace, Weakness, Within,
};
pub use around::{AboutVersion, Against, Around, NamedRun};
pub use blame::{Blame, LevelChange, Series};
pub use browse::{Search, VersionOf, Versions};
pub use compare::{Compare, ComparedField, RecordPart, parts_of_metric};
pub use comparison::Comparison;
pub use components::Choices;
pub use counts::{BUCKETS, ENDED, RunCounts};
pub use diff::{Baseline, Diff};
pub use difference::{Difference, Since};
pub use error_line::error_line;
pub use evidence::percent;
pub use gate::{Gate, Required, RequiredKind};
pub use health::{ComponentHealth, Health, HealthProblem, ProblemKind, RETIRED};
pub use impact::ImpactOf;
pub use last_good::{DoubtedVersion, GoodVersion, LastGood};
pub use many::Many;
pub use measures::{CheckOfRun, Checks, MeasureFilter, MetricOfRun, MetricSeries, Metrics, Span};
pub use monitor::{MOST_COMPONENTS, MOST_INPUTS, Monitor, Monitored, MonitoredComponent};
pub use name::NameKind;
pub use number::Measure;
pub use observations::{ObservationSeries, Observations, Observed};
pub use on_disk::OnDisk;
pub use openlineage::Followed;
pub use overview::{ComponentOverview, Day, Failures, Overview, RunInBrief, Wrong};
pub use profile::Profiled;
pub use projects::{Project, Projects};
pub use reader::{QueryError, Reader};
pub use report::{Evaluation, Report, RunMeasures, Tell};
pub use required::{Better, MetricRequirement, NotWorseThan, Requirements, Tolerance};
pub use run_condition::{RunCondition, RunField};
pub use run_list::{PageOf, RunColumn, RunList};
pub use runs::{History, RunFilter};
pub use say::Judgement;
pub use stale::{StaleRun, StaleRuns};
pub use subject::{HeldOutputs, HeldVersion, HoldState, SubjectHeld, Whereabouts};
pub use task::{Confused, Lag, Task, TaskKind, TaskMetric, TaskOptions, TaskSummary, TaskWindow, Tasks};
pub use tempo::{DurationTrend, TimedRun, Timing, UpperLevel, UsualDuration};
pub use told::TellError;
pub use trace::TraceOptions;
pub use verify::{DiskState, Verified, Verify, VerifyOptions};
