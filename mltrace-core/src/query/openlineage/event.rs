//! The events of one run.

use serde_json::{Value, json};

use super::edge::{Names, edges};
use super::facet::{PRODUCER, error, facet, of_job, own, parameters, put, schema, tests};
use crate::model::{RunId, Status, Timestamp};
use crate::openlineage::{NotWritten, OF_RUN, OwnCode, OwnGit, OwnNote, OwnRun};
use crate::store::RunDetail;

/// About how many bytes of datasets stand in one event: an event of more than 16 MiB is not taken anywhere.
const MOST_BYTES: usize = 4 << 20;
/// And how many datasets, for each takes much more memory than its text.
const MOST_DATASETS: usize = 5_000;
/// Up to so many inputs are reported at the end of a run again, for those who look at that event alone.
const MOST_TOLD_TWICE: usize = 1_000;

/// What is known of a run besides its datasets.
struct Told<'d> {
    detail: &'d RunDetail,
    project: &'d str,
    parent: Option<(RunId, String)>,
}

/// Returns the events of a run in the order of time, each as one line of JSON.
pub(super) fn events(detail: &RunDetail, parent: Option<(RunId, String)>, names: &mut Names<'_>) -> Vec<String> {
    let (inputs, outputs, not_written) = edges(detail, names);
    let told = Told { detail, project: names.project, parent };
    let row = &detail.row;
    let started_at = row.started_at.unwrap_or(Timestamp::MIN);
    let (kind, is_over) = match row.status {
        Status::Running => ("RUNNING", false),
        Status::Completed => ("COMPLETE", true),
        Status::Failed => ("FAIL", true),
        // What nobody knows the end of is over, and nobody should wait for it.
        Status::Cancelled | Status::Died | Status::Unknown => ("ABORT", true),
    };
    let (own_at_start, own_at_end) = match is_over {
        true => (brief(detail), whole(detail, not_written)),
        false => (whole(detail, not_written), OwnRun::default()),
    };
    let mut events = Vec::new();
    let again: Vec<Value> = if inputs.len() <= MOST_TOLD_TWICE { inputs.clone() } else { Vec::new() };
    let mut inputs = portions(inputs).into_iter();
    events.push(told.start(started_at, &own_at_start, inputs.next().unwrap_or_default()));
    events.extend(inputs.map(|some| told.event("RUNNING", started_at, json!({}), (some, Vec::new()))));
    let last = detail.writes.iter().filter_map(|write| write.said_at.or(write.at)).max();
    let ended_at = if is_over { row.ended_at.or(detail.last_seen) } else { last };
    let ended_at = ended_at.unwrap_or(started_at).max(started_at);
    let mut outputs = portions(outputs);
    let at_end = outputs.pop().unwrap_or_default();
    events.extend(outputs.into_iter().map(|some| told.event("RUNNING", ended_at, json!({}), (Vec::new(), some))));
    if is_over {
        let mut facets = json!({OF_RUN: own(OF_RUN, &own_at_end)});
        put(&mut facets, "errorMessage", error(detail));
        put(&mut facets, "test", tests(detail));
        events.push(told.event(kind, ended_at, facets, (again, at_end)));
    } else if !at_end.is_empty() {
        events.push(told.event(kind, ended_at, json!({}), (Vec::new(), at_end)));
    }
    events
}

impl Told<'_> {
    fn start(&self, at: Timestamp, own_facet: &OwnRun, inputs: Vec<Value>) -> String {
        let mut facets = json!({OF_RUN: own(OF_RUN, own_facet)});
        put(&mut facets, "executionParameters", parameters(self.detail));
        let mut event = self.value("START", at, facets, (inputs, Vec::new()));
        put(&mut event, "job", Some(job(self.project, &self.detail.component.name, &of_job(self.detail))));
        event.to_string()
    }

    fn event(&self, kind: &str, at: Timestamp, facets: Value, edges: (Vec<Value>, Vec<Value>)) -> String {
        self.value(kind, at, facets, edges).to_string()
    }

    fn value(
        &self,
        kind: &str,
        at: Timestamp,
        mut facets: Value,
        (inputs, outputs): (Vec<Value>, Vec<Value>),
    ) -> Value {
        let parent = self.parent.as_ref().map(|(run, component)| {
            let said = json!({"run": {"runId": run}, "job": {"namespace": self.project, "name": component}});
            facet(("1-2-0", "ParentRunFacet"), said)
        });
        put(&mut facets, "parent", parent);
        json!({
            "eventType": kind, "eventTime": at, "producer": PRODUCER, "schemaURL": schema("RunEvent"),
            "run": {"runId": self.detail.row.id, "facets": facets},
            "job": job(self.project, &self.detail.component.name, &json!({})),
            "inputs": inputs, "outputs": outputs,
        })
    }
}

/// Returns a job.
pub(super) fn job(namespace: &str, name: &str, facets: &Value) -> Value {
    json!({"namespace": namespace, "name": name, "facets": facets})
}

/// Returns what is known of a run when it begins.
fn brief(detail: &RunDetail) -> OwnRun {
    OwnRun {
        is_start_chosen: detail.row.is_start_chosen,
        host: detail.host.clone(),
        user: detail.user.clone(),
        params: detail.params.clone(),
        ..OwnRun::default()
    }
}

fn whole(detail: &RunDetail, not_written: Vec<NotWritten>) -> OwnRun {
    let row = &detail.row;
    let started_at = row.started_at.unwrap_or(Timestamp::MIN);
    OwnRun {
        status: matches!(row.status, Status::Died | Status::Unknown).then_some(row.status),
        ended_at: row.ended_at.filter(|ended_at| *ended_at < started_at),
        duration_us: row.duration_us,
        git: detail.git.clone().map(|git| OwnGit {
            commit: git.commit,
            branch: git.branch,
            tags: git.tags,
            dirty: git.dirty,
            remote: git.remote,
        }),
        code: detail.code.as_ref().map(|code| OwnCode {
            file: code.file.clone(),
            line: code.line,
            hash: code.hash.clone(),
            is_in_work_tree: code.is_in_work_tree,
        }),
        declared: detail.declared.clone(),
        not_written,
        notes: detail.notes.iter().map(note).collect(),
        metrics: detail.measures.metrics.clone(),
        checks: detail.measures.checks.clone(),
        observations: detail.observations.clone(),
        subjects: detail.subjects.iter().map(|of| of.subject.clone()).collect(),
        ..brief(detail)
    }
}

fn note(note: &crate::store::NoteDetail) -> OwnNote {
    OwnNote { id: note.id, text: note.text.clone(), at: note.at, by: note.by.clone() }
}

/// Returns datasets in portions that fit into an event each.
fn portions(datasets: Vec<Value>) -> Vec<Vec<Value>> {
    let (mut all, mut some, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
    for dataset in datasets {
        bytes = bytes.saturating_add(dataset.to_string().len());
        some.push(dataset);
        if bytes >= MOST_BYTES || some.len() >= MOST_DATASETS {
            all.push(std::mem::take(&mut some));
            bytes = 0;
        }
    }
    if !some.is_empty() {
        all.push(some);
    }
    all
}
