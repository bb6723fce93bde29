//! The records of a run whose events mltrace itself wrote: as they were, from our own facets.

use std::collections::BTreeMap;

use super::attempt::Attempt;
use super::event::{Dataset, Kind};
use super::facets::{DatasetVersion, ErrorMessage, Parent, SourceCode};
use super::own::{NotWritten, OF_EDGE, OwnCode, OwnEdge, OwnGit, OwnNote, OwnRun, parent_of};
use super::run::RunRecords;
use super::sent::Sent;
use crate::model::{
    ArtifactName, CheckFact, Code, CodeCheck, End, FolderFact, Git, MetricFact, NoteFact, ObservationFact, ReadFact,
    Record, RunId, Start, Status, SubjectFact, VersionId, WriteFact,
};
use crate::naming::{self, Root};

/// Returns the records of a try of which our own facet is known.
pub(super) fn own_records(attempt: &Attempt<'_, '_>, own: OwnRun) -> Option<RunRecords> {
    let first = attempt.events.first()?;
    let (run, (at, is_chosen)) = (attempt.run, attempt.start());
    let edges = Edges::of(attempt, &own.not_written);
    let mut records = edges.folders;
    let git = own.git.map(|git| git_record(git, &mut records));
    let source = attempt.of_job::<SourceCode>("sourceCode").map(|code| code.source_code);
    let code = own.code.map(|code| code_record(code, source, &mut records));
    let parent = attempt.of_run::<Parent>("parent").and_then(|parent| parent_of(run, &parent.run.id));
    records.push(Record::Start(Start {
        run,
        component: first.component(first.event.job()?),
        at,
        parent,
        code,
        git,
        declared: own.declared,
        params: own.params,
        inputs: edges.reads.into_values().collect(),
        host: own.host,
        user: own.user,
    }));
    let outputs: Vec<WriteFact> = edges.writes.into_values().collect();
    let status = own.status.or_else(|| attempt.end().map(|end| status_of(end.kind)));
    let is_known_at_end = status.is_some_and(|status| !matches!(status, Status::Running | Status::Died));
    let (early, late) = if is_known_at_end { (Vec::new(), outputs) } else { (outputs, Vec::new()) };
    records.extend(early.into_iter().map(|write| Record::Write { run, write }));
    if let Some(status) = status.filter(|status| *status != Status::Running) {
        let at = own.ended_at.or_else(|| attempt.end().map(|end| end.at)).unwrap_or(at);
        let error = attempt.of_run::<ErrorMessage>("errorMessage").map(|error| error.message);
        records.push(Record::End(End { run, at, status, duration_us: own.duration_us, error, outputs: late }));
    }
    let about = |name: Option<ArtifactName>| name.map(|name| edges.called.get(&name.0).cloned().unwrap_or(name));
    let metrics = own.metrics.into_iter().map(|mut metric| {
        metric.about = about(metric.about);
        Record::Metric(MetricFact { run, metric })
    });
    records.extend(metrics);
    let checks = own.checks.into_iter().map(|mut check| {
        check.about = about(check.about);
        Record::Check(CheckFact { run, check })
    });
    records.extend(checks);
    let observations = own.observations.into_iter().filter(|observation| observation.fault().is_none());
    records.extend(observations.map(|observation| Record::Observation(ObservationFact { run, observation })));
    records.extend(own.subjects.into_iter().map(|subject| Record::Subject(SubjectFact { run, subject })));
    records.extend(own.notes.into_iter().map(|note| note_record(run, note)));
    Some(RunRecords { run, is_start_chosen: own.is_start_chosen || is_chosen, records })
}

fn status_of(kind: Kind) -> Status {
    match kind {
        Kind::Fail => Status::Failed,
        Kind::Abort => Status::Cancelled,
        _ => Status::Completed,
    }
}

/// What a run read and wrote, by number: of several events the last word counts.
#[derive(Default)]
struct Edges {
    reads: BTreeMap<u32, ReadFact>,
    writes: BTreeMap<u32, WriteFact>,
    folders: Vec<Record>,
    /// What is called how in the project that it is from, and how here.
    called: BTreeMap<String, ArtifactName>,
}

impl Edges {
    fn of(attempt: &Attempt<'_, '_>, not_written: &[NotWritten]) -> Self {
        let mut edges = Self::default();
        for sent in &attempt.events {
            for dataset in &sent.event.inputs {
                if let Some((name, version, own)) = edges.edge(sent, dataset) {
                    let OwnEdge { n, argument, kind, at, size, .. } = own;
                    edges.reads.insert(n, ReadFact { n, name, argument, kind, at, version, size });
                }
            }
            for dataset in &sent.event.outputs {
                if let Some((name, version, own)) = edges.edge(sent, dataset) {
                    edges.writes.insert(own.n, own.write(name, version));
                }
            }
        }
        let last = attempt.events.last();
        for NotWritten { namespace, name, edge } in not_written {
            let name = last.and_then(|sent| edges.name(sent, (namespace, name), edge.name.as_deref()));
            if let Some(name) = name {
                let version = edge.version.clone();
                edges.writes.insert(edge.n, edge.clone().write(name, version));
            }
        }
        edges
    }

    /// Returns what a dataset is called here, its version, and what else we say of it.
    fn edge(&mut self, sent: &Sent<'_>, dataset: &Dataset<'_>) -> Option<(ArtifactName, Option<VersionId>, OwnEdge)> {
        let mut own: OwnEdge = dataset.edge.get(OF_EDGE)?;
        let name = self.name(sent, (&dataset.namespace, &dataset.name), own.name.as_deref())?;
        let told = || dataset.facets.get::<DatasetVersion>("version").and_then(DatasetVersion::version);
        let version = own.version.take().or_else(told);
        if let (Some(VersionId::Content(_)), Some(folder)) = (&version, own.folder.take()) {
            let version = version.clone().unwrap_or(VersionId::None);
            let fact = FolderFact { version, entries: folder.entries, is_whole: folder.is_whole };
            self.folders.extend(fact.fault().is_none().then_some(Record::Folder(fact)));
        }
        Some((name, version, own))
    }

    /// Returns what a dataset is called here: as in its own project where that is this one.
    fn name(&mut self, sent: &Sent<'_>, (namespace, name): (&str, &str), own: Option<&str>) -> Option<ArtifactName> {
        let is_ours = sent.event.job().is_some_and(|job| job.namespace == sent.project);
        let named = naming::dataset(namespace, name, sent.root);
        let here = own.filter(|_| is_ours).and_then(|own| naming::in_line(own, sent.root)).or(named)?;
        let there = match own {
            Some(own) => own.to_owned(),
            None => naming::dataset(namespace, name, &Root::unknown())?.0,
        };
        self.called.insert(there, here.clone());
        Some(here)
    }
}

fn git_record(git: OwnGit, records: &mut Vec<Record>) -> String {
    let OwnGit { commit, branch, tags, dirty, remote } = git;
    let state = Git { key: String::new(), commit, branch, tags, dirty, remote };
    let content = serde_json::to_string(&state).unwrap_or_default();
    let key = format!("import {}", blake3::hash(content.as_bytes()).to_hex());
    records.push(Record::Git(Git { key: key.clone(), ..state }));
    key
}

fn code_record(code: OwnCode, source: Option<String>, records: &mut Vec<Record>) -> String {
    let OwnCode { file, line, hash, is_in_work_tree } = code;
    let key = format!("{hash} {file} {line}");
    let source = source.unwrap_or_default();
    records.push(Record::Code(Code { key: key.clone(), file, line, hash, source }));
    let check = is_in_work_tree.map(|is_in_work_tree| CodeCheck { code: key.clone(), is_in_work_tree });
    records.extend(check.map(Record::CodeCheck));
    key
}

fn note_record(run: RunId, note: OwnNote) -> Record {
    let OwnNote { id, text, at, by } = note;
    Record::Note(NoteFact { id, run, text, at, by })
}
