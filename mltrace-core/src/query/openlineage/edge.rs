//! What a run read and wrote, as datasets.

use foldhash::{HashMap, HashSet};
use serde_json::{Value, json};

use super::facet::{assertions, facet, own, put};
use crate::model::{ArtifactKind, ArtifactName, Bound, FolderFact, Metric, RunId, Timestamp, VersionId};
use crate::naming::{self, Root};
use crate::openlineage::{NotWritten, OF_EDGE, OwnEdge, OwnFolder};
use crate::store::{ReadDetail, RunDetail, WriteDetail};

/// What names and contents mean outside.
pub(super) struct Names<'n> {
    /// The namespace of the project.
    pub(super) project: &'n str,
    /// What relative names are relative to.
    pub(super) root: &'n Root,
    /// What lies in folders, by their contents.
    pub(super) folders: HashMap<VersionId, FolderFact>,
    /// The folders that were reported.
    pub(super) told: HashSet<VersionId>,
}

/// Whether something was read or written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Input,
    Output,
}

/// A read or write before it is reported.
struct Edge<'d> {
    side: Side,
    name: &'d ArtifactName,
    version: Option<VersionId>,
    own: OwnEdge,
}

/// What a run read, and what it wrote, as JSON; and the outputs that it did not write.
pub(super) fn edges(detail: &RunDetail, names: &mut Names<'_>) -> (Vec<Value>, Vec<Value>, Vec<NotWritten>) {
    let started_at = detail.row.started_at.unwrap_or(Timestamp::MIN);
    let inputs = detail.reads.iter().map(|edge| names.dataset(read(edge, started_at), detail)).collect();
    let (mut outputs, mut not_written) = (Vec::new(), Vec::new());
    for output in &detail.writes {
        let edge = write(output, detail.row.id);
        if output.mark.is_none() && (output.version.is_some() || output.echo.is_some()) {
            outputs.push(names.dataset(edge, detail));
        } else {
            not_written.push(names.not_written(edge));
        }
    }
    (inputs, outputs, not_written)
}

/// Returns a read with the version that it reported: not the one that it was bound to by time alone.
fn read(read: &ReadDetail, started_at: Timestamp) -> Edge<'_> {
    let written = read.write.as_ref().filter(|_| read.bound != Bound::Copy).map(|write| &write.version);
    let version = read.seen.as_ref().or(written).filter(|version| match version {
        VersionId::None => false,
        VersionId::Write(_) => !matches!(read.bound, Bound::UnknownWriter | Bound::Time),
        _ => read.bound != Bound::Time,
    });
    let own = OwnEdge {
        n: read.n,
        argument: read.argument.clone(),
        kind: unless_guessed(read.kind, &read.name),
        at: Some(read.at).filter(|at| *at != started_at),
        size: read.size,
        ..OwnEdge::default()
    };
    Edge { side: Side::Input, name: &read.name, version: version.cloned(), own }
}

/// Returns a write with the version that it reported: not the one that is named after its run, nor that of a run inside.
fn write(write: &WriteDetail, run: RunId) -> Edge<'_> {
    let version = write.version.as_ref().or(write.echo.as_ref().map(|echo| &echo.version));
    let version = version.filter(|version| match version {
        VersionId::None => false,
        VersionId::Write(writer) => *writer != run && write.echo.is_none(),
        _ => true,
    });
    let own = OwnEdge {
        n: write.n,
        argument: write.argument.clone(),
        kind: unless_guessed(write.kind, &write.name),
        at: write.said_at.or(write.at),
        size: write.size,
        mark: write.mark,
        ..OwnEdge::default()
    };
    Edge { side: Side::Output, name: &write.name, version: version.cloned(), own }
}

fn unless_guessed(kind: ArtifactKind, name: &ArtifactName) -> Option<ArtifactKind> {
    Some(kind).filter(|kind| *kind != ArtifactKind::guess(name.as_str()))
}

impl Names<'_> {
    fn pair(&self, edge: &mut Edge<'_>) -> (String, String) {
        let is_file = matches!(edge.version, Some(VersionId::Content(_) | VersionId::Stat(_)));
        let pair = naming::pair(edge.name, is_file, self.root, self.project);
        let is_told = naming::dataset(&pair.0, &pair.1, &Root::unknown()).as_ref() == Some(edge.name);
        edge.own.name = (!is_told).then(|| edge.name.0.clone());
        pair
    }

    fn dataset(&mut self, mut edge: Edge<'_>, detail: &RunDetail) -> Value {
        let (namespace, name) = self.pair(&mut edge);
        let told = edge.version.as_ref().and_then(shown);
        // What is read back from that text is the version, or our own facet says what it is.
        let is_plain = match (&edge.version, &told) {
            (Some(VersionId::Content(_)), _) | (None, _) => true,
            (Some(VersionId::Declared(text)), Some(_)) => {
                !text.parse().is_ok_and(|version| matches!(version, VersionId::Content(_)))
            }
            _ => false,
        };
        edge.own.version = edge.version.clone().filter(|_| !is_plain);
        edge.own.folder = edge.version.as_ref().and_then(|version| self.folder(version));
        let mut facets = json!({});
        let version = |text| facet(("1-0-1", "DatasetVersionDatasetFacet"), json!({"datasetVersion": text}));
        put(&mut facets, "version", told.map(version));
        let mut of_edge = json!({OF_EDGE: own(OF_EDGE, &edge.own)});
        let checks = detail.measures.checks.iter().filter(|check| check.about.as_ref() == Some(edge.name));
        let statistics = statistics(&edge, &detail.measures.metrics);
        let (edge_facets, with_checks) = match edge.side {
            Side::Input => {
                put(
                    &mut of_edge,
                    "inputStatistics",
                    statistics.map(|said| facet(("1-0-0", "InputStatisticsInputDatasetFacet"), said)),
                );
                ("inputFacets", &mut of_edge)
            }
            Side::Output => {
                put(
                    &mut of_edge,
                    "outputStatistics",
                    statistics.map(|said| facet(("1-0-2", "OutputStatisticsOutputDatasetFacet"), said)),
                );
                ("outputFacets", &mut facets)
            }
        };
        put(with_checks, "dataQualityAssertions", assertions(checks));
        json!({"namespace": namespace, "name": name, "facets": facets, edge_facets: of_edge})
    }

    fn not_written(&self, mut edge: Edge<'_>) -> NotWritten {
        let (namespace, name) = self.pair(&mut edge);
        NotWritten { namespace, name, edge: OwnEdge { version: edge.version, ..edge.own } }
    }

    /// Returns what lies in a folder of this content, unless it was reported already.
    fn folder(&mut self, version: &VersionId) -> Option<OwnFolder> {
        let fact = self.folders.get(version).filter(|_| !self.told.contains(version))?;
        let folder = OwnFolder { entries: fact.entries.clone(), is_whole: fact.is_whole };
        self.told.insert(version.clone());
        Some(folder)
    }
}

/// Returns a version as other tools see it; one that is named after a run says nothing to them.
fn shown(version: &VersionId) -> Option<String> {
    match version {
        VersionId::Content(_) | VersionId::Stat(_) => Some(version.to_string()),
        VersionId::Declared(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        VersionId::Write(_) | VersionId::None => None,
    }
}

/// Returns the numbers that the specification has a place for.
fn statistics(edge: &Edge<'_>, metrics: &[Metric]) -> Option<Value> {
    let mut said = json!({});
    put(&mut said, "size", edge.own.size.map(Value::from));
    for (name, place) in [("rows", "rowCount"), ("bytes", "size"), ("files", "fileCount")] {
        let of_name =
            |metric: &&Metric| metric.name == name && metric.step.is_none() && metric.about.as_ref() == Some(edge.name);
        let last = metrics.iter().filter(of_name).max_by_key(|metric| metric.at);
        put(&mut said, place, last.and_then(|metric| metric.value.as_str().parse::<u64>().ok()).map(Value::from));
    }
    said.as_object().is_some_and(|said| !said.is_empty()).then_some(said)
}
