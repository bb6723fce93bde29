//! Everything recorded, as lines that another store imports.

use serde_json::{Value, json};

use super::fresher::Detail;
use super::{QueryError, Reader, view};
use crate::model::{ProfileFact, RunId, TaskValue, Timestamp, VersionId};
use crate::store::{Cases, Extent, Folders, Profiles, RunKey, RunSelection};

/// How many runs are loaded at once.
const BATCH: usize = 500;

impl Reader<'_> {
    /// Hands every run that started, every verdict that was given, every alias that was moved and all that was said of
    /// tasks at or after `since` to `line`, oldest first, then the components; `line` returns whether to go on.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn export(&mut self, since: Option<Timestamp>, line: &mut dyn FnMut(Value) -> bool) -> Result<(), QueryError> {
        let Some(project) = self.project()? else { return Ok(()) };
        let project_name = self.project_name(project)?;
        let selection = RunSelection { since, ..RunSelection::default() };
        let mut keys: Vec<RunKey> = self.store.select(project, &selection)?;
        keys.reverse();
        for batch in keys.chunks(BATCH) {
            for detail in self.details(batch, Extent::Full)? {
                if !line(run_line(detail)) {
                    return Ok(());
                }
            }
        }
        for folder in self.store.folders(Folders::In(project))? {
            let folder = json!({
                "type": "folder", "project": project_name, "version": folder.version, "entries": folder.entries,
                "is_whole": folder.is_whole,
            });
            if !line(folder) {
                return Ok(());
            }
        }
        for ProfileFact { version, profile } in self.store.profiles(Profiles::In(project))? {
            let profile = json!({ "type": "profile", "project": project_name, "version": version, "profile": profile });
            if !line(profile) {
                return Ok(());
            }
        }
        for label in self.store.labels(project, false)? {
            if since.is_some_and(|since| label.at < since) {
                continue;
            }
            let label = json!({
                "type": "label", "id": label.id, "project": project_name, "name": label.name,
                "version": label.version_id, "verdict": label.verdict, "reason": label.reason, "by": label.by,
                "at": label.at,
            });
            if !line(label) {
                return Ok(());
            }
        }
        for entry in self.store.aliases(project)? {
            if since.is_some_and(|since| entry.at < since) {
                continue;
            }
            let entry = json!({
                "type": "alias", "id": entry.id, "project": project_name, "alias": entry.alias,
                "artifact": entry.artifact, "reason": entry.reason, "by": entry.by, "at": entry.at,
            });
            if !line(entry) {
                return Ok(());
            }
        }
        if !self.export_retracted(&project_name, since, line)? || !self.export_tasks(&project_name, since, line)? {
            return Ok(());
        }
        for component in self.store.components(project)? {
            // Of a component nobody said anything: its runs bring it along.
            let Some(said_at) = component.said_at else { continue };
            let component = json!({
                "type": "component", "project": project_name, "name": component.name, "at": said_at,
                "owner": component.owner, "description": component.description, "tags": component.tags,
                "stale_after_s": component.stale_after_s,
            });
            if !line(component) {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// Hands which subjects are retracted to `line`; returns whether to go on.
    fn export_retracted(
        &mut self,
        project_name: &str,
        since: Option<Timestamp>,
        line: &mut dyn FnMut(Value) -> bool,
    ) -> Result<bool, QueryError> {
        let Some(project) = self.project()? else { return Ok(true) };
        let mut facts = self.store.retracted(project)?;
        facts.retain(|fact| since.is_none_or(|since| fact.at >= since));
        let mut said = facts.into_iter().map(|fact| {
            json!({
                "type": "retract", "project": project_name, "subject": fact.subject, "by": fact.by, "at": fact.at,
            })
        });
        Ok(said.all(line))
    }

    /// Hands what tasks put out and what became of it to `line`, by task and id; returns whether to go on.
    fn export_tasks(
        &mut self,
        project_name: &str,
        since: Option<Timestamp>,
        line: &mut dyn FnMut(Value) -> bool,
    ) -> Result<bool, QueryError> {
        let Some(project) = self.project()? else { return Ok(true) };
        let mut goes_on = true;
        for task in self.store.tasks(project)? {
            self.store.find_cases(Cases::Of(task.key), &mut |case| {
                let said = |kind: &str, value: &TaskValue, at: Timestamp, run: Option<RunId>| {
                    json!({
                        "type": kind, "project": project_name, "task": task.name, "id": case.id, "value": value, "at": at,
                        "run": run,
                    })
                };
                let output = case.output.as_ref().map(|(value, at)| (*at, said("output", value, *at, case.run)));
                let feedback = case.feedback.as_ref().map(|(value, at)| (*at, said("feedback", value, *at, None)));
                let wanted = output.into_iter().chain(feedback);
                goes_on = wanted.filter(|(at, _)| since.is_none_or(|since| *at >= since)).all(|(_, said)| line(said));
                goes_on
            })?;
            if !goes_on {
                break;
            }
        }
        Ok(goes_on)
    }
}

/// A run as `inspect` shows it, with what only another store needs: numbers, sizes, the ids of notes, the run's own words on its
/// component instead of the component's.
fn run_line(of: Detail) -> Value {
    let detail = &of.run;
    let inputs: Vec<(u32, Option<u64>)> = detail.reads.iter().map(|read| (read.n, read.size)).collect();
    let outputs: Vec<_> = detail.writes.iter().map(|write| (write.n, write.size, write.said_at.or(write.at))).collect();
    let note_ids: Vec<_> = detail.notes.iter().map(|note| note.id).collect();
    let declared = detail.declared.clone().unwrap_or_default();
    let is_start_chosen = detail.row.is_start_chosen;
    let run = view::view(of);
    let mut line = serde_json::to_value(&run).unwrap_or_default();
    put(&mut line, "type", json!("run"));
    if is_start_chosen {
        put(&mut line, "is_start_chosen", json!(true));
    }
    put(&mut line, "owner", json!(declared.owner));
    put(&mut line, "description", json!(declared.description));
    put(&mut line, "tags", json!(declared.tags));
    put(&mut line, "stale_after_s", json!(declared.stale_after_s));
    put_each(&mut line, "inputs", "n", inputs.iter().map(|(n, _)| json!(n)));
    put_each(&mut line, "inputs", "size", inputs.iter().map(|(_, size)| json!(size)));
    put_each(&mut line, "outputs", "n", outputs.iter().map(|(n, ..)| json!(n)));
    put_each(&mut line, "outputs", "size", outputs.iter().map(|(_, size, _)| json!(size)));
    put_each(&mut line, "outputs", "at", outputs.iter().map(|(.., at)| json!(at)));
    put_each(&mut line, "notes", "id", note_ids.into_iter().map(|id| json!(id)));
    // What a run only named has no version of its own that is not a content.
    for output in line.get_mut("outputs").and_then(Value::as_array_mut).into_iter().flatten() {
        let is_opaque = output.get("version").and_then(Value::as_str).is_some_and(|version| version.starts_with("w:"));
        if is_opaque && output.get("inner").is_some() {
            put(output, "version", Value::Null);
        }
    }
    if let Some(inputs) = line.get_mut("inputs").and_then(Value::as_array_mut) {
        // A read that nothing is known of has no version to hand on.
        for input in inputs.iter_mut().filter(|input| input.get("version") == Some(&json!(VersionId::None))) {
            put(input, "version", Value::Null);
        }
    }
    line
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

fn put_each(line: &mut Value, list: &str, key: &str, values: impl Iterator<Item = Value>) {
    let items = line.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
    for (item, value) in items.zip(values) {
        put(item, key, value);
    }
}
