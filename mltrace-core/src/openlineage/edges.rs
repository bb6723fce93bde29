//! What a run read and wrote, from all events of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::attempt::{Attempt, Sort};
use super::event::{Dataset, Facets, Kind};
use super::facets::{ColumnLineage, Condition, DatasetVersion, Lifecycle, Pair, Subset, Symlinks};
use super::sent::Sent;
use crate::model::{ArtifactName, Mark, ReadFact, Timestamp, VersionId, WriteFact};
use crate::naming;

/// Outputs are numbered from here on, as those of import lines are.
const FIRST_OUTPUT: u32 = 1 << 31;

/// What a run read and wrote.
#[derive(Default)]
pub(super) struct Edges {
    pub(super) reads: Vec<ReadFact>,
    /// What was known before the end.
    pub(super) writes: Vec<WriteFact>,
    /// What was known at the end.
    pub(super) outputs: Vec<WriteFact>,
}

/// A name under which something was read or written.
struct Called {
    name: ArtifactName,
    argument: Option<String>,
    version: Option<VersionId>,
    mark: Option<Mark>,
}

pub(super) fn edges(attempt: &Attempt<'_, '_>, sort: Sort) -> Edges {
    let mut edges = Edges { reads: reads(attempt, sort), ..Edges::default() };
    if !sort.is_test {
        write(attempt, &mut edges);
    }
    for (n, read) in (0..).zip(&mut edges.reads) {
        read.n = n;
    }
    for (n, write) in (FIRST_OUTPUT..).zip(edges.writes.iter_mut().chain(&mut edges.outputs)) {
        write.n = n;
    }
    edges
}

fn reads(attempt: &Attempt<'_, '_>, sort: Sort) -> Vec<ReadFact> {
    let has_edges = |sent: &&&Sent<'_>| !sent.event.inputs.is_empty() || !sent.event.outputs.is_empty();
    let last = attempt.events.iter().rposition(|sent| has_edges(&sent)).filter(|_| sort.is_snapshot);
    let events = attempt.events.get(last.unwrap_or_default()..).unwrap_or_default();
    let mut reads = Reads::default();
    for sent in events {
        let at = (sort.is_endless && sent.event.kind != Kind::Start).then_some(sent.event.at);
        for input in &sent.event.inputs {
            called(sent, input).into_iter().for_each(|called| reads.add(called, at));
        }
    }
    let outputs = || attempt.events.iter().filter(|_| !sort.is_test).flat_map(|sent| sent.outputs());
    for (sent, output) in outputs() {
        let previous = output.facets.get::<Lifecycle>("lifecycleStateChange").and_then(Lifecycle::renamed);
        previous.iter().for_each(|previous| reads.add_if_new(sent, previous, "renamed from"));
    }
    for (sent, output) in outputs() {
        let Some(columns) = output.facets.get::<ColumnLineage>("columnLineage") else { continue };
        let fields = columns.fields.values().flat_map(|column| &column.input_fields);
        fields.chain(&columns.dataset).for_each(|pair| reads.add_if_new(sent, pair, "column lineage"));
    }
    reads.all
}

#[derive(Default)]
struct Reads {
    all: Vec<ReadFact>,
    met: BTreeMap<(ArtifactName, Option<Timestamp>), usize>,
    names: BTreeSet<ArtifactName>,
}

impl Reads {
    fn add(&mut self, called: Called, at: Option<Timestamp>) {
        let Called { name, argument, version, mark: _ } = called;
        self.names.insert(name.clone());
        let next = self.all.len();
        let place = *self.met.entry((name.clone(), at)).or_insert(next);
        match self.all.get_mut(place) {
            None => self.all.push(ReadFact { n: 0, name, argument, kind: None, at, version, size: None }),
            Some(known) => {
                // The first version counts: it was read at the start.
                known.version = known.version.take().or(version);
                known.argument = known.argument.take().or(argument);
            }
        }
    }

    /// Adds a read that an output refers to, unless it is one of the inputs.
    fn add_if_new(&mut self, sent: &Sent<'_>, pair: &Pair, argument: &str) {
        let Some(name) = naming::dataset(&pair.namespace, &pair.name, sent.root) else { return };
        if !self.names.contains(&name) {
            self.add(Called { name, argument: Some(argument.to_owned()), version: None, mark: None }, None);
        }
    }
}

fn write(attempt: &Attempt<'_, '_>, edges: &mut Edges) {
    let is_over = attempt.end().is_some();
    let (mut planned, mut met) = (Vec::new(), BTreeSet::new());
    for (sent, output) in attempt.events.iter().flat_map(|sent| sent.outputs()) {
        let kind = sent.event.kind;
        let at = (kind == Kind::Running).then_some(sent.event.at);
        let list = match kind {
            Kind::Running => &mut edges.writes,
            Kind::Complete | Kind::Fail | Kind::Abort => &mut edges.outputs,
            Kind::Start => &mut planned,
            Kind::Other => continue,
        };
        for Called { name, argument, version, mark } in called(sent, output).into_iter().chain(gone(sent, output)) {
            if met.insert((kind == Kind::Running, kind == Kind::Start, name.clone(), version.clone())) {
                list.push(WriteFact { n: 0, name, argument, kind: None, at, version, size: None, mark });
            }
        }
    }
    if !edges.writes.is_empty() || !edges.outputs.is_empty() {
        return;
    }
    // Only the start names outputs.
    match is_over {
        true => edges.outputs = planned,
        false => {
            let maybe = |write| WriteFact { mark: Some(Mark::Maybe), ..write };
            edges.writes = planned.into_iter().map(maybe).collect();
        }
    }
}

/// Returns the names of a dataset: its own, those that it has elsewhere, and the file of the database that it lies in.
fn called(sent: &Sent<'_>, dataset: &Dataset<'_>) -> Vec<Called> {
    let Some(name) = naming::dataset(&dataset.namespace, &dataset.name, sent.root) else { return Vec::new() };
    let version = dataset.facets.get::<DatasetVersion>("version").and_then(DatasetVersion::version);
    let change = dataset.facets.get::<Lifecycle>("lifecycleStateChange");
    let mark = change.filter(|change| change.lifecycle_state_change == "DROP").map(|_| Mark::Missing);
    let links = dataset.facets.get::<Symlinks>("symlinks").map(|links| links.identifiers).unwrap_or_default();
    let links = links.iter().filter_map(|Pair { namespace, name }| naming::dataset(namespace, name, sent.root));
    let file = naming::database_file(&dataset.namespace, sent.root);
    let others = links.map(|link| (link, "another name of", version.clone(), mark));
    let others: Vec<_> = others.chain(file.map(|file| (file, "holds", None, None))).collect();
    let mut names = vec![Called { argument: subset(&dataset.edge), name: name.clone(), version, mark }];
    let mut met = BTreeSet::from([name.clone()]);
    for (other, what, version, mark) in others {
        if met.insert(other.clone()) {
            names.push(Called { argument: Some(format!("{what} {name}")), name: other, version, mark });
        }
    }
    names
}

/// Returns the former name of a dataset that was renamed: nothing has that name any more.
fn gone(sent: &Sent<'_>, dataset: &Dataset<'_>) -> Option<Called> {
    let previous = dataset.facets.get::<Lifecycle>("lifecycleStateChange")?.renamed()?;
    let name = naming::dataset(&previous.namespace, &previous.name, sent.root)?;
    Some(Called { name, argument: Some("renamed".to_owned()), version: None, mark: Some(Mark::Missing) })
}

impl Lifecycle {
    /// Returns what the dataset was called before.
    fn renamed(self) -> Option<Pair> {
        self.previous_identifier.filter(|_| self.lifecycle_state_change == "RENAME")
    }
}

/// Returns in words which part of a dataset is meant.
fn subset(edge: &Facets<'_>) -> Option<String> {
    let condition = edge.get::<Subset<'_>>("subset")?.input_condition.get();
    let parts = serde_json::from_str::<Condition>(condition).ok().map(|condition| {
        let dimensions = |partition: super::facets::Partition| {
            let dimension = |(name, value): (String, Value)| format!("{name}={}", crate::model::value::text(&value));
            let named = partition.dimensions.into_iter().map(dimension).collect::<Vec<_>>().join("/");
            partition.identifier.unwrap_or(named)
        };
        condition.partitions.into_iter().map(dimensions).chain(condition.locations).collect::<Vec<_>>()
    });
    let parts = parts.filter(|parts| !parts.is_empty()).map_or_else(|| condition.to_owned(), |parts| parts.join(", "));
    Some(format!("subset {parts}"))
}
