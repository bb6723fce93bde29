//! How a line of an import stands to a run that is known: it may repeat what is known, add to it, or contradict it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::line::Parsed;
use super::number::{Meant, Touch, meant};
use crate::model::{ArtifactName, End, Record, Start, Timestamp, VersionId, value};
use crate::store::RunDetail;

/// How a line stands to what is stored.
pub(super) enum Standing {
    New,
    Known,
    Conflict(String),
}

/// Returns how a line stands to a run. What it leaves out contradicts nothing, and what was not known is news. A run that is
/// built from events takes remarks alone: whatever else is said of it beside them would be gone with the next event.
pub(super) fn run_standing(
    known: &RunDetail,
    line: &Parsed,
    (start, project): (&Start, &str),
    is_of_events: bool,
) -> Standing {
    let end = line.records.iter().find_map(|record| match record {
        Record::End(end) => Some(end),
        _ => None,
    });
    let refused = |reason| Standing::Conflict(format!("run {} is known with {reason}; the first is kept", start.run));
    if let Some(reason) = conflict(known, line, (start, project), end) {
        return refused(reason);
    }
    let has_news = match touches(known, line, start) {
        Ok(has_news) => has_news,
        Err(name) => return refused(format!("another version of `{name}`")),
    };
    let is_said = |record: &Record| match record {
        Record::Note(note) => known.notes.iter().any(|known| known.id == note.id),
        Record::Metric(told) => known.measures.metrics.contains(&told.metric),
        Record::Observation(told) => known.observations.iter().any(|known| {
            let told = &told.observation;
            known.name == told.name && (known.is_whole, known.count) >= (told.is_whole, told.count)
        }),
        Record::Subject(told) => known.subjects.iter().any(|known| known.subject == told.subject),
        Record::Check(told) => known.measures.checks.iter().any(|known| {
            let told = &told.check;
            (&known.name, &known.about, known.at, known.outcome) == (&told.name, &told.about, told.at, told.outcome)
        }),
        _ => true,
    };
    let begins = known.row.is_start_chosen && !line.chosen.start;
    let has_param = start.params.keys().any(|name| !known.params.contains_key(name));
    let ends = end.is_some() && !known.row.has_ended();
    let has_parent = start.parent.is_some() && known.row.parent.is_none();
    let (notes, facts): (Vec<&Record>, Vec<&Record>) =
        line.records.iter().partition(|record| matches!(record, Record::Note(_)));
    let is_more = ends || begins || has_parent || has_param || has_news || !facts.into_iter().all(is_said);
    if is_more && is_of_events {
        let reason = "is built from the events that another tool sent: what else is known of it belongs into an event";
        return Standing::Conflict(format!("run {} {reason}", start.run));
    }
    if is_more || !notes.into_iter().all(is_said) { Standing::New } else { Standing::Known }
}

/// Returns what a line says of a run that is not so.
fn conflict(known: &RunDetail, line: &Parsed, (start, project): (&Start, &str), end: Option<&End>) -> Option<String> {
    if known.project != project || known.component.name != start.component {
        return Some("another component".to_owned());
    }
    let row = &known.row;
    let began = row.started_at.filter(|_| !row.is_start_chosen);
    if !line.chosen.start && began.is_some_and(|began| began != start.at) {
        return Some("another start".to_owned());
    }
    let differs = |(name, value): (&String, &Value)| {
        let known = known.params.get(name).filter(|known| !value::is_same(known, value))?;
        Some(format!("the parameter `{name}` as {known}, not {value}"))
    };
    if let Some(reason) = start.params.iter().find_map(differs) {
        return Some(reason);
    }
    if let Some(reason) = before_its_start(began, row.ended_at.filter(|_| row.has_ended()), line, start, end) {
        return Some(reason);
    }
    let end = end.filter(|_| row.has_ended())?;
    if row.status != end.status {
        return Some(format!("the status {}", row.status.as_str()));
    }
    if row.ended_at != Some(end.at) {
        return Some("another end".to_owned());
    }
    if end.error.is_some() && row.error.is_some() && row.error != end.error {
        return Some("another error".to_owned());
    }
    let told = line.records.iter().find_map(|record| match record {
        Record::Git(git) => git.commit.as_ref(),
        _ => None,
    });
    let commit = known.git.as_ref().and_then(|git| git.commit.as_ref());
    (told.is_some() && commit.is_some() && told != commit).then(|| "another commit".to_owned())
}

/// Returns that a run would end before it began, of which one line says when it began and another when it ended.
fn before_its_start(
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    line: &Parsed,
    start: &Start,
    end: Option<&End>,
) -> Option<String> {
    let began = if line.chosen.start { began? } else { start.at };
    let ended = end.map(|end| end.at).or(ended)?;
    (ended < began).then(|| match end {
        Some(_) => format!("a start at {began}, after this end"),
        None => format!("an end at {ended}, before this start"),
    })
}

/// Returns whether a line mentions a read or write, or a version of one, that is not known; the name of what it says
/// another version of.
fn touches<'l>(known: &RunDetail, line: &'l Parsed, start: &'l Start) -> Result<bool, &'l ArtifactName> {
    let own = VersionId::Write(known.row.id);
    let reads = known.reads.iter().map(|read| touch(read.n, false, &read.name, read.seen.as_ref()));
    // A write named after its run is one whose content nobody knows.
    let content = |version: &Option<VersionId>| version.as_ref().is_some_and(|version| *version != own);
    let writes = known
        .writes
        .iter()
        .map(|write| touch(write.n, true, &write.name, write.version.as_ref().filter(|_| content(&write.version))));
    let of_run: Vec<_> = reads.chain(writes).collect();
    let (mut used, mut has_news) = (BTreeSet::new(), false);
    let inputs = start.inputs.iter().map(|read| touch(read.n, false, &read.name, read.version.as_ref()));
    for told in inputs.chain(line.records.iter().flat_map(outputs)) {
        match meant(&of_run, &used, &told, line.chosen.numbers.contains(&told.n)) {
            Meant::Contradiction => return Err(told.name),
            Meant::New(n) => {
                has_news = true;
                used.insert(n);
            }
            Meant::Known(n) => {
                let version = of_run.iter().find(|touch| touch.n == n).and_then(|touch| touch.version);
                has_news |= version.is_none() && told.version.is_some();
                used.insert(n);
            }
        }
    }
    Ok(has_news)
}

fn outputs(record: &Record) -> Vec<Touch<&ArtifactName, &VersionId>> {
    match record {
        Record::End(end) => {
            end.outputs.iter().map(|write| touch(write.n, true, &write.name, write.version.as_ref())).collect()
        }
        Record::Write { write, .. } => vec![touch(write.n, true, &write.name, write.version.as_ref())],
        _ => Vec::new(),
    }
}

fn touch<'t>(
    n: u32,
    is_write: bool,
    name: &'t ArtifactName,
    version: Option<&'t VersionId>,
) -> Touch<&'t ArtifactName, &'t VersionId> {
    Touch { n, is_write, name, version }
}
