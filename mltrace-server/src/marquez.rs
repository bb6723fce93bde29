//! What the pages and clients of Marquez read, from what is recorded here; nothing can be written this way.
//!
//! A component is a job in the namespace that the project names, and an artifact the dataset that an event of ours names. As
//! in Marquez, what a job reads and writes is what its last run did.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use axum::http::StatusCode;
use mltrace_core::model::{ArtifactName, RunId, Status, Timestamp, VersionId};
use mltrace_core::naming::{self, Root};
use mltrace_core::query::{Component, NameKind, Run, RunFilter};
use serde_json::{Value, json};

use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many of a list are answered when nobody says otherwise, and at most.
const USUAL: usize = 100;
const MOST: usize = 1000;
/// How far a graph goes when nobody says otherwise, and how many nodes it has at most.
const DEPTH: usize = 20;
const MOST_NODES: usize = 2000;

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .mirror(Demand::Short, "/marquez/api/v1/namespaces", namespaces)
        .mirror(Demand::Short, "/marquez/api/v1/namespaces/{namespace}/jobs", jobs)
        .mirror(Demand::Short, "/marquez/api/v1/namespaces/{namespace}/jobs/{job}", job)
        .mirror(Demand::Short, "/marquez/api/v1/namespaces/{namespace}/jobs/{job}/runs", runs)
        .mirror(Demand::Short, "/marquez/api/v1/jobs/runs/{run}", run)
        .mirror(Demand::Short, "/marquez/api/v1/namespaces/{namespace}/datasets", datasets)
        .mirror(Demand::Short, "/marquez/api/v1/namespaces/{namespace}/datasets/{dataset}", dataset)
        .mirror(Demand::Short, "/marquez/api/v1/namespaces/{namespace}/datasets/{dataset}/versions", versions)
        .mirror(Demand::Long, "/marquez/api/v1/lineage", lineage)
        .mirror(Demand::Long, "/marquez/api/v1/events/lineage", events)
        .mirror(Demand::Short, "/marquez/api/v1/search", search)
}

/// What a request asks for.
pub(crate) struct Asked {
    /// The parts of the path that the route leaves open, in their order.
    pub(crate) parts: Vec<String>,
    /// The parameters behind it.
    pub(crate) query: BTreeMap<String, String>,
}

impl Asked {
    fn part(&self, place: usize) -> &str {
        self.parts.get(place).map_or("", String::as_str)
    }

    fn number(&self, name: &str, usual: usize) -> Result<usize, Failure> {
        let Some(text) = self.query.get(name).filter(|text| !text.is_empty()) else { return Ok(usual) };
        text.parse().map_err(|_| Failure::usage(format!("`{name}` is no number")))
    }

    fn limit(&self) -> Result<usize, Failure> {
        Ok(self.number("limit", USUAL)?.min(MOST))
    }

    /// Cuts a list to what is asked for; the answer counts all of it.
    fn page<T>(&self, name: &str, all: Vec<T>, shown: impl Fn(T) -> Value) -> Result<Value, Failure> {
        let count = all.len();
        let page = all.into_iter().skip(self.number("offset", 0)?).take(self.limit()?);
        Ok(json!({ name: page.map(shown).collect::<Vec<_>>(), "totalCount": count }))
    }
}

/// How artifacts are called elsewhere.
struct Names {
    root: Root,
    project: String,
}

impl Names {
    fn of(app: &App) -> Result<Self, Failure> {
        let root = Root::as_written(&app.home.root);
        app.ask(|reader| Ok(Self { root, project: reader.answering_project()? }))
    }

    fn dataset(&self, name: &ArtifactName) -> Value {
        let (namespace, name) = naming::pair(name, false, &self.root, &self.project);
        json!({ "namespace": namespace, "name": name })
    }

    fn node_of_dataset(&self, name: &ArtifactName) -> String {
        let (namespace, name) = naming::pair(name, false, &self.root, &self.project);
        format!("dataset:{namespace}:{name}")
    }

    fn node_of_job(&self, job: &str) -> String {
        format!("job:{}:{job}", self.project)
    }

    /// Returns the artifact that is called so.
    fn artifact(&self, namespace: &str, name: &str) -> Result<ArtifactName, Failure> {
        let namespace = if namespace == self.project { "" } else { namespace };
        naming::dataset(namespace, name, &self.root).ok_or_else(|| unknown("dataset", name))
    }

    fn shown_job(&self, component: &Component) -> Value {
        let last = component.last_run.as_ref();
        let (inputs, outputs) = last.map_or((Vec::new(), Vec::new()), sides);
        let list = |names: Vec<&ArtifactName>| names.into_iter().map(|name| self.dataset(name)).collect::<Vec<_>>();
        let at = last.map_or(Timestamp(0), |run| run.started_at);
        json!({
            "id": { "namespace": self.project, "name": component.name },
            "type": "BATCH", "name": component.name, "simpleName": component.name, "parentJobName": null,
            "namespace": self.project, "createdAt": at, "updatedAt": at, "inputs": list(inputs), "outputs": list(outputs),
            "location": null, "description": component.description, "latestRun": last.map(shown_run),
            "latestRuns": last.iter().map(|run| shown_run(run)).collect::<Vec<_>>(),
            "tags": component.tags, "labels": [], "facets": {},
        })
    }

    fn shown_dataset(&self, name: &ArtifactName, version: Option<(&VersionId, Option<Timestamp>)>) -> Value {
        let id = self.dataset(name);
        let at = version.and_then(|(_, at)| at).unwrap_or(Timestamp(0));
        json!({
            "id": id, "type": "DB_TABLE", "name": id["name"], "physicalName": id["name"], "namespace": id["namespace"],
            "sourceName": id["namespace"], "createdAt": at, "updatedAt": at, "lastModifiedAt": at, "fields": [], "tags": [],
            "description": null, "currentVersion": version.map(|(version, _)| version.to_string()), "facets": {},
            "deleted": false,
        })
    }
}

/// Returns what a run read and wrote, each once.
fn sides(run: &Run) -> (Vec<&ArtifactName>, Vec<&ArtifactName>) {
    let (mut inputs, mut outputs): (Vec<_>, Vec<_>) =
        (run.inputs.iter().map(|input| &input.name).collect(), run.outputs.iter().map(|output| &output.name).collect());
    for side in [&mut inputs, &mut outputs] {
        let mut met = BTreeSet::new();
        side.retain(|name| met.insert(*name));
    }
    (inputs, outputs)
}

fn shown_run(run: &Run) -> Value {
    let state = match run.status {
        Status::Running => "RUNNING",
        Status::Completed => "COMPLETED",
        Status::Failed | Status::Died => "FAILED",
        _ => "ABORTED",
    };
    json!({
        "id": run.id, "state": state, "createdAt": run.started_at, "updatedAt": run.ended_at.unwrap_or(run.started_at),
        "nominalStartTime": null, "nominalEndTime": null, "startedAt": run.started_at, "endedAt": run.ended_at,
        "durationMs": run.duration_ms, "args": run.params, "jobName": run.component, "facets": {},
    })
}

fn unknown(what: &str, name: &str) -> Failure {
    Failure::new(StatusCode::NOT_FOUND, format!("no {what} is called `{name}`"))
}

fn namespaces(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let names = Names::of(app)?;
    let artifacts = app.ask(|reader| reader.names(NameKind::Artifact, "", MOST))?;
    let of_artifact = |name: String| naming::pair(&ArtifactName(name), false, &names.root, &names.project).0;
    let mut all: BTreeSet<String> = artifacts.into_iter().map(of_artifact).collect();
    all.insert(names.project);
    let shown = |name| json!({ "name": name, "ownerName": "", "description": null, "isHidden": false });
    asked.page("namespaces", all.into_iter().collect(), shown)
}

/// Returns the components of the namespace that a request names.
fn components(app: &App, asked: &Asked, names: &Names) -> Result<Vec<Component>, Failure> {
    if asked.part(0) != names.project {
        return Ok(Vec::new());
    }
    Ok(app.ask(|reader| reader.components(None, None))?.components)
}

fn jobs(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let names = Names::of(app)?;
    asked.page("jobs", components(app, asked, &names)?, |component| names.shown_job(&component))
}

/// Returns the component that a request names.
fn component(app: &App, asked: &Asked, names: &Names) -> Result<Component, Failure> {
    match asked.part(0) == names.project {
        true => app.ask(|reader| reader.component(asked.part(1))),
        false => Err(unknown("job", asked.part(1))),
    }
}

fn job(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let names = Names::of(app)?;
    Ok(names.shown_job(&component(app, asked, &names)?))
}

fn runs(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let component = component(app, asked, &Names::of(app)?)?;
    let filter = RunFilter { limit: Some(asked.limit()?), ..RunFilter::default() };
    let found = app.ask(|reader| reader.history(&component.name, &filter))?;
    let runs: Vec<Value> = found.runs.iter().map(shown_run).collect();
    Ok(json!({ "runs": runs, "totalCount": component.runs }))
}

fn run(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let id: RunId = asked.part(0).parse().map_err(|_| unknown("run", asked.part(0)))?;
    Ok(shown_run(&app.ask(|reader| reader.inspect(&id.to_string()))?))
}

fn datasets(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let names = Names::of(app)?;
    let all = app.ask(|reader| reader.names(NameKind::Artifact, "", MOST))?.into_iter().map(ArtifactName);
    let is_asked = |name: &ArtifactName| names.dataset(name)["namespace"] == asked.part(0);
    asked.page("datasets", all.filter(is_asked).collect(), |name| names.shown_dataset(&name, None))
}

fn dataset(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let names = Names::of(app)?;
    let name = names.artifact(asked.part(0), asked.part(1))?;
    let found = app.ask(|reader| reader.versions(name.as_str(), None, 1))?;
    let version = found.versions.first().map(|version| (&version.version, version.written_at));
    Ok(names.shown_dataset(&name, version))
}

fn versions(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let names = Names::of(app)?;
    let name = names.artifact(asked.part(0), asked.part(1))?;
    let found = app.ask(|reader| reader.versions(name.as_str(), None, asked.limit().unwrap_or(USUAL)))?;
    let id = names.dataset(&name);
    let shown = found.versions.iter().map(|of| {
        json!({
            "id": { "namespace": id["namespace"], "name": id["name"], "version": of.version }, "version": of.version,
            "namespace": id["namespace"], "name": id["name"], "type": "DB_TABLE", "createdAt": of.written_at,
            "createdByRun": of.written_by.map(|run| json!({ "id": run })), "fields": [], "tags": [], "facets": {},
        })
    });
    let shown: Vec<Value> = shown.collect();
    Ok(json!({ "totalCount": shown.len(), "versions": shown }))
}

/// The jobs and datasets around a node, by the last run of each job.
fn lineage(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let node = asked.query.get("nodeId").ok_or_else(|| Failure::usage("`nodeId` is missing"))?;
    let depth = asked.number("depth", DEPTH)?;
    let names = Names::of(app)?;
    let jobs = app.ask(|reader| reader.components(None, None))?.components;
    let mut data: BTreeMap<String, Value> = BTreeMap::new();
    let (mut into, mut out) =
        (BTreeMap::<String, BTreeSet<String>>::new(), BTreeMap::<String, BTreeSet<String>>::new());
    let mut edge = |from: &str, to: &str| {
        out.entry(from.to_owned()).or_default().insert(to.to_owned());
        into.entry(to.to_owned()).or_default().insert(from.to_owned());
    };
    for component in &jobs {
        let job = names.node_of_job(&component.name);
        let (inputs, outputs) = component.last_run.as_ref().map_or((Vec::new(), Vec::new()), sides);
        for name in inputs.iter().chain(&outputs) {
            data.entry(names.node_of_dataset(name)).or_insert_with(|| names.shown_dataset(name, None));
        }
        inputs.iter().for_each(|name| edge(&names.node_of_dataset(name), &job));
        outputs.iter().for_each(|name| edge(&job, &names.node_of_dataset(name)));
        data.insert(job, names.shown_job(component));
    }
    if !data.contains_key(node) {
        return Err(unknown("node", node));
    }
    let mut met = BTreeSet::from([node.clone()]);
    let mut next = VecDeque::from([(node.clone(), 0)]);
    while let Some((at, steps)) = next.pop_front() {
        if steps == depth || met.len() >= MOST_NODES {
            continue;
        }
        for other in into.get(&at).into_iter().chain(out.get(&at)).flatten() {
            if met.insert(other.clone()) {
                next.push_back((other.clone(), steps + 1));
            }
        }
    }
    let beside = |edges: &BTreeMap<String, BTreeSet<String>>, node: &str| -> Vec<String> {
        edges.get(node).into_iter().flatten().filter(|other| met.contains(*other)).cloned().collect()
    };
    let shown = met.iter().map(|node| {
        let kind = if node.starts_with("job:") { "JOB" } else { "DATASET" };
        let from = beside(&into, node).into_iter().map(|other| json!({ "origin": other, "destination": node }));
        let to = beside(&out, node).into_iter().map(|other| json!({ "origin": node, "destination": other }));
        json!({
            "id": node, "type": kind, "data": data.get(node), "inEdges": from.collect::<Vec<_>>(),
            "outEdges": to.collect::<Vec<_>>(),
        })
    });
    Ok(json!({ "graph": shown.collect::<Vec<_>>() }))
}

/// The events that other tools sent, and those that tell what was recorded otherwise.
fn events(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let after = asked.query.get("after").filter(|text| !text.is_empty());
    let after = after.map(|text| text.parse::<Timestamp>()).transpose();
    let after = after.map_err(|_| Failure::usage("`after` is no time"))?;
    let (limit, mut found) = (asked.limit()?, Vec::new());
    app.ask(|reader| {
        found.clear();
        reader.export_openlineage(after, &mut |event| {
            found.extend(serde_json::from_str::<Value>(&event).ok());
            found.len() < limit
        })
    })?;
    found.truncate(limit);
    Ok(json!({ "totalCount": found.len(), "events": found }))
}

fn search(app: &App, asked: &Asked) -> Result<Value, Failure> {
    let wanted = asked.query.get("q").ok_or_else(|| Failure::usage("`q` is missing"))?;
    let (names, limit) = (Names::of(app)?, asked.limit()?);
    let found = app.ask(|reader| reader.search(wanted, limit))?;
    let of_job = |job: &String| json!({ "name": job, "namespace": names.project, "type": "JOB", "nodeId": names.node_of_job(job) });
    let of_dataset = |name: &ArtifactName| {
        let id = names.dataset(name);
        json!({ "name": id["name"], "namespace": id["namespace"], "type": "DATASET", "nodeId": names.node_of_dataset(name) })
    };
    let mut results: Vec<Value> = found.components.iter().map(of_job).collect();
    results.extend(found.artifacts.iter().map(of_dataset));
    results.truncate(limit);
    Ok(json!({ "totalCount": results.len(), "results": results }))
}
