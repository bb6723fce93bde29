//! The records of each try of a run, from its events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::attempt::{Attempt, attempts};
use super::edges::edges;
use super::event::{About, Dataset, Job, Kind};
use super::facets::{
    CodeLocation, Documentation, Engine, ErrorMessage, ExecutionParameters, Node, NominalTime, Owners, Parent,
    SourceCode, Sql, Tags,
};
use super::measures::measures;
use super::own::{OF_JOB, OF_RUN, OwnJob, parent_of};
use super::own_records::own_records;
use super::run::RunRecords;
use super::sent::Sent;
use crate::model::{
    ArtifactName, Code, ComponentFact, Declaration, End, Git, NoteFact, Record, RunId, Start, Status, Timestamp, value,
};
use crate::naming;

/// Returns the records of each try of a run, the first try first; the order of `events` does not matter.
#[must_use]
pub fn run_records<'a, 'e: 'a>(id: RunId, events: impl Iterator<Item = &'a Sent<'e>>) -> Vec<RunRecords> {
    let mut events: Vec<&Sent<'_>> = events.collect();
    events.sort_by_key(|sent| (sent.event.at, sent.key));
    events.dedup_by_key(|sent| sent.key);
    attempts(id, &events).iter().filter_map(records_of).collect()
}

/// Returns the records of an event about a job or a dataset, and the artifacts that it names.
#[must_use]
pub fn declared_records(sent: &Sent<'_>) -> (Vec<Record>, Vec<ArtifactName>) {
    let name = |dataset: &Dataset<'_>| naming::dataset(&dataset.namespace, &dataset.name, sent.root);
    let mut names: Vec<ArtifactName> = sent.event.inputs.iter().chain(&sent.event.outputs).filter_map(name).collect();
    let records = match &sent.event.about {
        About::Run { .. } => Vec::new(),
        About::Dataset(dataset) => {
            names.extend(name(dataset));
            Vec::new()
        }
        About::Job(job) => {
            let declared = declaration(job);
            let component = sent.component(job);
            vec![Record::Component(ComponentFact { component, at: sent.event.at, declared, untag: Vec::new() })]
        }
    };
    (records, names)
}

/// Returns the component of a job that was declared without a run, and what it was said to write.
#[must_use]
pub fn declared_outputs(sent: &Sent<'_>) -> Option<(String, Vec<ArtifactName>)> {
    let About::Job(job) = &sent.event.about else { return None };
    let name = |dataset: &Dataset<'_>| naming::dataset(&dataset.namespace, &dataset.name, sent.root);
    Some((sent.component(job), sent.event.outputs.iter().filter_map(name).collect()))
}

fn records_of(attempt: &Attempt<'_, '_>) -> Option<RunRecords> {
    // The end says all, also where it has the time of the start.
    let at_end = attempt.end().and_then(|end| end.run_facets()?.get(OF_RUN));
    if let Some(own) = at_end.or_else(|| attempt.of_run(OF_RUN)) {
        return own_records(attempt, own);
    }
    let first = attempt.events.first()?;
    let component = first.component(first.event.job()?);
    let run = attempt.run;
    let (at, is_start_chosen) = attempt.start();
    let edges = edges(attempt, attempt.sort());
    let mut records = Vec::new();
    let git = git(attempt, &mut records);
    let code = code(attempt, &component, &mut records);
    records.extend(declarations(attempt, &component));
    let parent = attempt.of_run::<Parent>("parent").and_then(|parent| parent_of(run, &parent.run.id));
    records.push(Record::Start(Start {
        run,
        component,
        at,
        parent,
        code,
        git,
        declared: None,
        params: params(attempt),
        inputs: edges.reads,
        host: None,
        user: None,
    }));
    records.extend(edges.writes.into_iter().map(|write| Record::Write { run, write }));
    if let Some(end) = attempt.end() {
        let status = match end.kind {
            Kind::Fail => Status::Failed,
            Kind::Abort => Status::Cancelled,
            _ => Status::Completed,
        };
        let error = attempt.of_run::<ErrorMessage>("errorMessage").map(|error| error.message);
        let duration_us = Some(end.at.micros_since(at)).filter(|_| !is_start_chosen && at <= end.at);
        let outputs = edges.outputs;
        records.push(Record::End(End { run, at: end.at, status, duration_us, error, outputs }));
    }
    records.extend(measures(attempt, run));
    records
        .extend(attempt.events.iter().find(|sent| !sent.event.has_zone).map(|sent| without_zone(run, sent.event.at)));
    Some(RunRecords { run, is_start_chosen, records })
}

fn without_zone(run: RunId, at: Timestamp) -> Record {
    note(run, at, "its events have no time zone: their times are taken as UTC")
}

/// Returns what is said of a run of which not all events count.
#[must_use]
pub fn cut_short(run: RunId, at: Timestamp) -> Record {
    note(run, at, "it has more events than count: what the later ones say it read, wrote or measured is not shown")
}

fn note(run: RunId, at: Timestamp, text: &str) -> Record {
    let id = Uuid::new_v5(&run.0, text.as_bytes());
    Record::Note(NoteFact { id, run, text: text.to_owned(), at, by: None })
}

/// Returns the declarations of the jobs that the events name, each with the time of its event: in any order of arrival the
/// last one is the same, and so are the components. Most runs have one job.
fn declarations(attempt: &Attempt<'_, '_>, component: &str) -> Vec<Record> {
    let mut facts: Vec<ComponentFact> = Vec::new();
    for sent in &attempt.events {
        let Some(job) = sent.event.job() else { continue };
        let (of, declared) = (sent.component(job), declaration(job));
        if of == component && declared == Declaration::default() {
            continue;
        }
        match facts.iter_mut().find(|fact| fact.component == of && fact.declared == declared) {
            Some(fact) => fact.at = sent.event.at,
            None => facts.push(ComponentFact { component: of, at: sent.event.at, declared, untag: Vec::new() }),
        }
    }
    facts.into_iter().map(Record::Component).collect()
}

fn declaration(job: &Job<'_>) -> Declaration {
    let facets = &job.facets;
    let (owners, tags): (Option<Owners>, Option<Tags>) = (facets.get("ownership"), facets.get("tags"));
    let documentation: Option<Documentation> = facets.get("documentation");
    let names: Vec<String> = owners.into_iter().flat_map(|facet| facet.owners).map(|owner| owner.name).collect();
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let (mut words, mut met) = (Vec::new(), BTreeSet::new());
    for tag in tags.into_iter().flat_map(|facet| facet.tags) {
        let value = value::text(&tag.value).into_owned();
        let is_plain = tag.value.is_null() || value == tag.key || value == "true" || value.is_empty();
        let word = if is_plain { tag.key } else { format!("{}={value}", tag.key) };
        if !word.is_empty() && met.insert(word.clone()) {
            words.push(word);
        }
    }
    Declaration {
        owner: given(names.join(", ")),
        description: documentation.and_then(|documentation| given(documentation.description)),
        tags: words,
        stale_after_s: facets.get::<OwnJob>(OF_JOB).and_then(|own| own.stale_after_s),
    }
}

fn params(attempt: &Attempt<'_, '_>) -> BTreeMap<String, Value> {
    let mut params = BTreeMap::new();
    let mut add = |name: &str, value: Option<String>| {
        params.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    };
    if let Some(nominal) = attempt.of_run::<NominalTime>("nominalTime") {
        add("nominal_start", nominal.nominal_start_time);
        add("nominal_end", nominal.nominal_end_time);
    }
    if let Some(engine) = attempt.of_run::<Engine>("processing_engine") {
        add("engine", engine.name);
        add("engine_version", engine.version);
    }
    for tag in attempt.of_run::<Tags>("tags").into_iter().flat_map(|facet| facet.tags) {
        params.insert(tag.key, tag.value);
    }
    let given = attempt.of_run::<ExecutionParameters>("executionParameters");
    for parameter in given.into_iter().flat_map(|facet| facet.parameters) {
        let name = parameter.key.or(parameter.name);
        params.extend(name.zip(parameter.value));
    }
    params
}

/// Adds which commit it ran at, and returns the key by which the run refers to it.
fn git(attempt: &Attempt<'_, '_>, records: &mut Vec<Record>) -> Option<String> {
    let location = attempt.of_job::<CodeLocation>("sourceCodeLocation")?;
    if location.kind.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("git")) {
        return None;
    }
    let tags = location.tag.into_iter().collect();
    let (commit, branch, remote) = (location.version, location.branch, location.repo_url.or(location.url));
    let state = Git { key: String::new(), commit, branch, tags, dirty: None, remote };
    let content = serde_json::to_string(&state).unwrap_or_default();
    let key = format!("import {}", blake3::hash(content.as_bytes()).to_hex());
    records.push(Record::Git(Git { key: key.clone(), ..state }));
    Some(key)
}

/// Adds the text that it ran, and returns the key by which the run refers to it.
fn code(attempt: &Attempt<'_, '_>, component: &str, records: &mut Vec<Record>) -> Option<String> {
    let sql = || Some((attempt.of_job::<Sql>("sql")?.query, "sql".to_owned()));
    let (source, language) = attempt
        .of_job::<SourceCode>("sourceCode")
        .map(|code| (code.source_code, code.language.unwrap_or_default().to_lowercase()))
        .or_else(sql)?;
    let node = || attempt.of_job::<Node>("dbt_node")?.original_file_path;
    let path = attempt.of_job::<CodeLocation>("sourceCodeLocation").and_then(|location| location.path).or_else(node);
    let file = path
        .unwrap_or_else(|| if language.is_empty() { component.to_owned() } else { format!("{component}.{language}") });
    let hash = blake3::hash(source.as_bytes()).to_hex().to_string();
    let (line, key) = (1, format!("{hash} {file} 1"));
    records.push(Record::Code(Code { key: key.clone(), file, line, hash, source }));
    Some(key)
}
