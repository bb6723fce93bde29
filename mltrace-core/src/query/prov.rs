//! Everything recorded of runs as a PROV document: versions are entities, runs activities, and owners agents.

use std::fmt::Write as _;

use foldhash::HashSet;
use serde_json::{Value, json};

use super::{QueryError, Reader};
use crate::model::{ArtifactName, Bound, RunId, Timestamp, VersionId};
use crate::store::{Extent, ReadDetail, RunDetail, RunKey, RunSelection};

/// How many runs are loaded at once.
const BATCH: usize = 500;

/// The parts of a document, in the order in which they stand there. Each is a pass over all runs: a document of many runs is
/// much larger than what is loaded of some.
const PARTS: [Part; 7] = [
    Part { name: "entity", extent: Extent::Edges, of: entities },
    Part { name: "activity", extent: Extent::Whole, of: activity },
    Part { name: "agent", extent: Extent::Edges, of: agent },
    Part { name: "used", extent: Extent::Edges, of: used },
    Part { name: "wasGeneratedBy", extent: Extent::Edges, of: generated },
    Part { name: "wasAssociatedWith", extent: Extent::Edges, of: associated },
    Part { name: "alternateOf", extent: Extent::Edges, of: copies },
];

struct Part {
    name: &'static str,
    extent: Extent,
    of: fn(&RunDetail) -> Vec<(String, Value)>,
}

impl Reader<'_> {
    /// Hands a PROV document in JSON to `write`, piece by piece, of the runs that began at or after `since`; `write` returns
    /// whether to go on.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn export_prov(
        &mut self,
        since: Option<Timestamp>,
        write: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), QueryError> {
        let prefixes = json!({
            "mltrace": "urn:mltrace:", "run": "urn:uuid:", "version": "urn:mltrace:version:", "owner": "urn:mltrace:owner:",
        });
        if !write(&format!("{{\"prefix\":{prefixes}")) {
            return Ok(());
        }
        let mut keys: Vec<RunKey> = match self.project()? {
            Some(project) => self.store.select(project, &RunSelection { since, ..RunSelection::default() })?,
            None => Vec::new(),
        };
        keys.reverse();
        for part in &PARTS {
            if !self.export_part(part, &keys, write)? {
                return Ok(());
            }
        }
        write("}");
        Ok(())
    }

    fn export_part(
        &mut self,
        part: &Part,
        keys: &[RunKey],
        write: &mut dyn FnMut(&str) -> bool,
    ) -> Result<bool, QueryError> {
        // What several runs name is reported once, by what is short enough to be kept of all.
        let mut met: HashSet<[u8; 16]> = HashSet::default();
        let mut goes_on = write(&format!(",\"{}\":{{", part.name));
        for batch in keys.chunks(BATCH) {
            for detail in self.store.details(batch, part.extent)? {
                for (id, said) in (part.of)(&detail) {
                    let mut digits = [0; 16];
                    digits.iter_mut().zip(blake3::hash(id.as_bytes()).as_bytes()).for_each(|(to, from)| *to = *from);
                    let comma = if met.is_empty() { "" } else { "," };
                    if met.insert(digits) {
                        goes_on &= write(&format!("{comma}{}:{said}", Value::from(id)));
                    }
                }
                if !goes_on {
                    return Ok(false);
                }
            }
        }
        Ok(write("}"))
    }
}

fn run_id(run: RunId) -> String {
    format!("run:{run}")
}

fn version_id(name: &ArtifactName, version: &VersionId) -> String {
    format!("version:{}@{}", encoded(name.as_str()), encoded(&version.to_string()))
}

fn owner_id(owner: &str) -> String {
    format!("owner:{}", encoded(owner))
}

/// Returns a text as a part of a URI.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to text does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Returns the version that a read saw, as an answer shows it.
fn seen(read: &ReadDetail) -> &VersionId {
    let written = read.write.as_ref().filter(|_| read.bound != Bound::Copy).map(|write| &write.version);
    read.seen.as_ref().or(written).unwrap_or(&VersionId::None)
}

fn entities(detail: &RunDetail) -> Vec<(String, Value)> {
    let reads = detail.reads.iter().map(|read| (&read.name, seen(read), read.kind, read.size));
    let writes = detail.writes.iter();
    let writes = writes.filter_map(|write| Some((&write.name, write.version.as_ref()?, write.kind, write.size)));
    // What was copied was written in some project, and need not be written by a run that is reported.
    let copied =
        detail.reads.iter().filter_map(copied).map(|(name, version)| (name, version, Default::default(), None));
    let entity = |(name, version, kind, size): (&ArtifactName, &VersionId, crate::model::ArtifactKind, Option<u64>)| {
        let mut said = json!({
            "prov:label": name, "mltrace:name": name, "mltrace:version": version, "mltrace:kind": kind.as_str(),
        });
        put(&mut said, "mltrace:size", size.map(Value::from));
        (version_id(name, version), said)
    };
    reads.chain(writes).chain(copied).map(entity).collect()
}

fn activity(detail: &RunDetail) -> Vec<(String, Value)> {
    let row = &detail.row;
    let mut said = json!({
        "prov:label": detail.component.name, "mltrace:component": detail.component.name, "mltrace:status": row.status,
    });
    put(&mut said, "prov:startTime", row.started_at.map(|at| json!(at)));
    put(&mut said, "prov:endTime", row.ended_at.map(|at| json!(at)));
    put(&mut said, "mltrace:error", row.error.as_ref().map(|error| json!(error)));
    let parent = row.parent.map(|parent| json!({"$": run_id(parent), "type": "prov:QUALIFIED_NAME"}));
    put(&mut said, "mltrace:parent", parent);
    let commit = detail.git.as_ref().and_then(|git| git.commit.as_ref());
    put(&mut said, "mltrace:commit", commit.map(|commit| json!(commit)));
    put(&mut said, "mltrace:host", detail.host.as_ref().map(|host| json!(host)));
    for (name, value) in &detail.params {
        put(&mut said, &format!("mltrace:param.{}", encoded(name)), Some(crate::model::value::text(value).into()));
    }
    vec![(run_id(row.id), said)]
}

fn owner(detail: &RunDetail) -> Option<&String> {
    let declared = detail.declared.as_ref().and_then(|declared| declared.owner.as_ref());
    declared.or(detail.component.owner.as_ref())
}

fn agent(detail: &RunDetail) -> Vec<(String, Value)> {
    owner(detail).map(|owner| (owner_id(owner), json!({"prov:label": owner}))).into_iter().collect()
}

fn used(detail: &RunDetail) -> Vec<(String, Value)> {
    let run = detail.row.id;
    let used = |read: &ReadDetail| {
        let entity = version_id(&read.name, seen(read));
        let mut said = json!({"prov:activity": run_id(run), "prov:entity": entity, "prov:time": read.at});
        put(&mut said, "mltrace:argument", read.argument.as_ref().map(|argument| json!(argument)));
        (format!("_:u{}-{}", run, read.n), said)
    };
    detail.reads.iter().map(used).collect()
}

fn generated(detail: &RunDetail) -> Vec<(String, Value)> {
    let run = detail.row.id;
    let writes = detail.writes.iter().filter_map(|write| Some((write, write.version.as_ref()?)));
    let generated = writes.map(|(write, version)| {
        let mut said = json!({"prov:activity": run_id(run), "prov:entity": version_id(&write.name, version)});
        put(&mut said, "prov:time", write.at.map(|at| json!(at)));
        (format!("_:g{}-{}", run, write.n), said)
    });
    generated.collect()
}

fn associated(detail: &RunDetail) -> Vec<(String, Value)> {
    let run = detail.row.id;
    let said = owner(detail).map(|owner| json!({"prov:activity": run_id(run), "prov:agent": owner_id(owner)}));
    said.map(|said| (format!("_:a{run}"), said)).into_iter().collect()
}

/// Returns the version of another artifact with the same bytes that a read saw.
fn copied(read: &ReadDetail) -> Option<(&ArtifactName, &VersionId)> {
    let write = read.write.as_ref().filter(|_| read.bound == Bound::Copy)?;
    Some((write.name.as_ref()?, &write.version))
}

fn copies(detail: &RunDetail) -> Vec<(String, Value)> {
    let copies = detail.reads.iter().filter_map(|read| Some((read, copied(read)?)));
    let copies = copies.map(|(read, (name, version))| {
        let (one, other) = (version_id(&read.name, seen(read)), version_id(name, version));
        (format!("_:c{}-{}", detail.row.id, read.n), json!({"prov:alternate1": one, "prov:alternate2": other}))
    });
    copies.collect()
}

/// Adds a field, if there is anything to say.
fn put(said: &mut Value, field: &str, value: Option<Value>) {
    if let (Some(fields), Some(value)) = (said.as_object_mut(), value) {
        fields.insert(field.to_owned(), value);
    }
}
