//! A span of OpenTelemetry as the records of a run.

use uuid::Uuid;

use super::ahead;
use super::code_line::{GitLine, git_record};
use super::line::Parsed;
use super::text::{artifact_name, within};
use crate::model::{
    ArtifactName, End, Header, MOST_FACTS, ReadFact, Record, RunId, Start, Status, Timestamp, WriteFact,
};
use crate::naming::Root;
use crate::otlp::{Resource, Span};
use crate::redact;

/// What spans are told to.
pub(super) struct Place<'p> {
    /// The project: a service of that name needs no prefix.
    pub(super) project: &'p str,
    /// The folder that names of this host are relative to.
    pub(super) root: &'p Root,
    /// The folder of names of other hosts.
    pub(super) elsewhere: &'p Root,
    /// What this host is called.
    pub(super) host: Option<&'p str>,
}

/// Returns the records of a span that is a run, without its secrets.
///
/// # Errors
/// When an import would refuse it: why.
pub(super) fn records(
    mut span: Span,
    resource: &Resource,
    place: &Place<'_>,
    now: Timestamp,
) -> Result<Vec<Record>, String> {
    let run = run_id(&span.trace, &span.id);
    let is_here = resource.host.is_none() || resource.host.as_deref() == place.host;
    let root = if is_here { place.root } else { place.elsewhere };
    let (inputs, outputs) = (span.take_inputs(), span.take_outputs());
    let facts = inputs.len().saturating_add(outputs.len()).saturating_add(span.attributes.len());
    if facts > MOST_FACTS {
        return Err(format!("it has {facts} inputs, outputs and parameters; the limit is {MOST_FACTS}"));
    }
    let mut numbers = 0..;
    let mut numbered = |names: Vec<String>| -> Result<Vec<(u32, ArtifactName)>, String> {
        names.iter().map(|name| Ok((numbers.next().unwrap_or_default(), artifact_name(name, root)?))).collect()
    };
    let (inputs, outputs) = (numbered(inputs)?, numbered(outputs)?);
    let at = moment(span.start);
    let mut records = Vec::new();
    let commit = span.take_commit().or_else(|| resource.commit.clone());
    let git = commit.map(|commit| {
        let git = GitLine { commit: Some(commit), branch: None, tags: Vec::new(), dirty: None, remote: None };
        git_record(git, &mut records)
    });
    let component = span.take_component();
    let component = component.unwrap_or_else(|| in_service(&span.name, resource.service.as_deref(), place.project));
    records.push(Record::Start(Start {
        run,
        component: within("component", component)?,
        at,
        parent: span.parent.as_deref().map(|parent| run_id(&span.trace, parent)),
        code: None,
        git,
        declared: None,
        params: std::mem::take(&mut span.attributes),
        inputs: inputs.into_iter().map(read).collect(),
        host: resource.host.clone(),
        user: resource.user.clone(),
    }));
    let outputs = outputs.into_iter().map(write);
    if span.end == 0 {
        records.extend(outputs.map(|write| Record::Write { run, write }));
    } else {
        let (status, error) = match span.has_failed {
            true => (Status::Failed, span.exception.or(Some(span.message)).filter(|text| !text.is_empty())),
            false => (Status::Completed, None),
        };
        // A clock that went back says nothing of how long it took.
        let took = span.end.checked_sub(span.start).and_then(|nanos| i64::try_from(nanos / 1000).ok());
        let (at, outputs) = (moment(span.end), outputs.collect());
        records.push(Record::End(End { run, at, status, duration_us: took, error, outputs }));
    }
    records.iter_mut().for_each(redact::record);
    let line = Parsed::of(Header::default(), records);
    ahead::refuse(&line, now)?;
    Ok(line.records)
}

/// Returns the run that a span is.
fn run_id(trace: &[u8], span: &[u8]) -> RunId {
    RunId(Uuid::new_v5(&Uuid::NAMESPACE_OID, &[trace, span].concat()))
}

/// Returns the component that a span of a service is, as jobs of a namespace are called.
fn in_service(name: &str, service: Option<&str>, project: &str) -> String {
    match service {
        Some(service) if service != project && !name.is_empty() => format!("{service}/{name}"),
        _ => name.to_owned(),
    }
}

fn moment(nanos: u64) -> Timestamp {
    Timestamp(0).plus_micros(i64::try_from(nanos / 1000).unwrap_or(i64::MAX))
}

fn read((n, name): (u32, ArtifactName)) -> ReadFact {
    ReadFact { n, name, argument: None, kind: None, at: None, version: None, size: None }
}

fn write((n, name): (u32, ArtifactName)) -> WriteFact {
    WriteFact { n, name, argument: None, kind: None, at: None, version: None, size: None, mark: None }
}
