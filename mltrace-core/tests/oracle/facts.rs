//! What happened in an invented pipeline, as plain text and numbers: what the model receives, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How a run ended, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Running,
    Completed,
    Failed,
    Cancelled,
    Died,
}

impl Outcome {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Died => "died",
        }
    }
}

/// A read or a write.
#[derive(Clone, PartialEq)]
pub(crate) struct Edge {
    /// Its number among the run's reads and writes.
    pub(crate) n: u32,
    pub(crate) name: String,
    /// Its own time; `None`: the run's start for a read, the run's end for a write.
    pub(crate) at: Option<i64>,
    /// `b3:…`, `stat:…` or `v:…`; `None`: nothing but the name is known.
    pub(crate) version: Option<String>,
    pub(crate) size: Option<u64>,
}

/// A number that a run measured, of itself or of something that it read or wrote.
#[derive(Clone, PartialEq)]
pub(crate) struct MetricFacts {
    pub(crate) name: &'static str,
    pub(crate) value: u8,
    pub(crate) about: Option<String>,
    pub(crate) step: Option<i64>,
    pub(crate) at: i64,
}

/// All that is known of a run so far.
#[derive(Clone, PartialEq)]
pub(crate) struct RunFacts {
    pub(crate) id: String,
    pub(crate) component: String,
    pub(crate) started_at: i64,
    /// `None` while it runs, and when nobody knows when it died.
    pub(crate) ended_at: Option<i64>,
    pub(crate) outcome: Outcome,
    pub(crate) reads: Vec<Edge>,
    pub(crate) writes: Vec<Edge>,
    pub(crate) params: BTreeMap<String, i64>,
    pub(crate) commit: Option<String>,
    pub(crate) host: Option<String>,
    /// The run inside which it ran.
    pub(crate) parent: Option<String>,
    pub(crate) metrics: Vec<MetricFacts>,
    /// Whose data it took in.
    pub(crate) subjects: BTreeSet<&'static str>,
    /// Whether it is one of another project.
    pub(crate) is_next_door: bool,
}

/// How a name begins in the model that is one of another project: it is another thing than that of this name here.
pub(crate) const NEXT_DOOR: &str = "next door!";

/// Returns whether a name is the same thing for all projects.
pub(crate) fn is_for_all(name: &str) -> bool {
    name.contains("://") || name.starts_with('/')
}

/// Returns a name as that project calls it whose it is.
pub(crate) fn plain(name: &str) -> &str {
    name.strip_prefix(NEXT_DOOR).unwrap_or(name)
}

/// Returns whether a write is that of another thing than what is called the same for `run`: an absolute path is one of its
/// host, which must be known to be the same for another project.
pub(crate) fn is_of_other_host(name: &str, writer: &RunFacts, run: &RunFacts) -> bool {
    let differs = match (&writer.host, &run.host) {
        (Some(one), Some(other)) => one != other,
        _ => writer.is_next_door != run.is_next_door,
    };
    name.starts_with('/') && differs
}

impl RunFacts {
    /// Returns the same run in another project: a URI is the same thing there, and any other name is one of its own.
    pub(crate) fn next_door(&self) -> Self {
        let id = |id: &String| id.replacen("0190f3", "0190f4", 1);
        let edges = |edges: &[Edge]| {
            let edge = |edge: &Edge| match is_for_all(&edge.name) {
                true => edge.clone(),
                false => Edge { name: format!("{NEXT_DOOR}{}", edge.name), ..edge.clone() },
            };
            edges.iter().map(edge).collect()
        };
        Self {
            id: id(&self.id),
            component: format!("{NEXT_DOOR}{}", self.component),
            reads: edges(&self.reads),
            writes: edges(&self.writes),
            parent: self.parent.as_ref().map(id),
            metrics: Vec::new(),
            subjects: BTreeSet::new(),
            is_next_door: true,
            ..self.clone()
        }
    }

    /// When it read.
    pub(crate) fn read_at(&self, read: &Edge) -> i64 {
        read.at.unwrap_or(self.started_at)
    }

    /// From when a write of it counts; `None` while nobody knows.
    pub(crate) fn written_at(&self, write: &Edge) -> Option<i64> {
        write.at.or(self.ended_at)
    }
}

/// One line each, so that a story that failed can be read.
impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version: String = self.version.as_deref().unwrap_or("?").chars().take(8).collect();
        write!(f, "#{} {} {version}", self.n, self.name)?;
        self.size.map_or(Ok(()), |size| write!(f, " of {size} bytes"))?;
        self.at.map_or(Ok(()), |at| write!(f, " at {at}"))
    }
}

impl fmt::Debug for MetricFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, about, step, at } = self;
        write!(f, "{name} = {value} of {about:?}, step {step:?}, at {at}")
    }
}

impl fmt::Debug for RunFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, component, started_at, ended_at, outcome, reads, writes, params, commit, host, parent, .. } =
            self;
        let ended_at = ended_at.map(|at| at.to_string()).unwrap_or_default();
        write!(
            f,
            "{id} {component} {outcome:?} {started_at}..{ended_at} {reads:?} -> {writes:?} {params:?} {commit:?} {host:?}"
        )?;
        write!(f, " in {parent:?} {:?} {:?}", self.metrics, self.subjects)
    }
}

/// What is said of a component: after how many seconds its inputs are old.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ComponentFacts {
    pub(crate) name: String,
    pub(crate) at: i64,
    pub(crate) stale_after_s: i64,
}

/// A verdict on a version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LabelFacts {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// `flagged`, `ok` or `none`.
    pub(crate) verdict: &'static str,
    pub(crate) at: i64,
}

/// What lies in every folder of a content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FolderFacts {
    pub(crate) content: String,
    /// The content of each file, by its path in the folder.
    pub(crate) entries: BTreeMap<String, String>,
    /// Whether these are all.
    pub(crate) is_whole: bool,
}

/// Everything that was reported so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    pub(crate) runs: Vec<RunFacts>,
    pub(crate) components: Vec<ComponentFacts>,
    pub(crate) labels: Vec<LabelFacts>,
    pub(crate) folders: Vec<FolderFacts>,
    /// Contents that a run which was taken back knew to be short, with the name: that is no fact of the run.
    pub(crate) short: Vec<(String, String)>,
}

impl Facts {
    /// Returns the same pipeline with some of its paths outside the root.
    pub(crate) fn outside(mut self) -> Self {
        let move_out = |name: &mut String| {
            if name == "out" || name.starts_with("out/") || name == "rows.csv" {
                *name = format!("/mnt/{name}");
            }
        };
        for run in &mut self.runs {
            run.reads.iter_mut().chain(&mut run.writes).for_each(|edge| move_out(&mut edge.name));
            run.metrics.iter_mut().filter_map(|metric| metric.about.as_mut()).for_each(move_out);
        }
        self.labels.iter_mut().for_each(|label| move_out(&mut label.name));
        self
    }

    /// Adds what others reported, of other runs.
    pub(crate) fn add(&mut self, others: &Self) {
        self.runs.extend(others.runs.iter().cloned());
        let news = others.folders.iter().filter(|folder| !self.folders.contains(folder)).cloned().collect::<Vec<_>>();
        self.folders.extend(news);
        self.components.extend(
            others.components.iter().filter(|said| !self.components.contains(said)).cloned().collect::<Vec<_>>(),
        );
        self.labels
            .extend(others.labels.iter().filter(|label| !self.labels.contains(label)).cloned().collect::<Vec<_>>());
    }
}
