//! A drawing of runs with their reads and writes, and how it gets into a store.

use std::collections::BTreeMap;

use mltrace_core::model::{ArtifactName, Bound, Header, RunId, Status, Timestamp, VersionId};
use mltrace_core::store::{
    ArtifactKey, ComponentKey, Name, ProcessKey, ProjectKey, ReadRow, Result, RunKey, RunRow, Store, VersionAsked,
    VersionKey, WriteKey, WriteRow, Writer,
};
use uuid::Uuid;

pub(crate) const PROJECT: &str = "drawn";

/// A read or write of a drawing: `raw=x@20`, what is called `raw` with content `x` at 20; `raw@20`, of unknown content.
/// `!15`: the run made it known at 15. `<a`: the read saw what run `a` wrote under that name.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) name: String,
    pub(crate) content: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) said_at: Option<Timestamp>,
    pub(crate) saw: Option<char>,
}

/// A run of a drawing, a line such as `a prep 10-20 here : raw=x@10 -> clean=y@20`.
#[derive(Clone, Debug)]
pub(crate) struct DrawnRun {
    pub(crate) name: char,
    pub(crate) component: String,
    pub(crate) began: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) host: String,
    pub(crate) reads: Vec<Drawn>,
    pub(crate) writes: Vec<Drawn>,
}

/// The keys of what was drawn.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) project: Option<ProjectKey>,
    pub(crate) runs: BTreeMap<char, RunKey>,
    pub(crate) components: BTreeMap<String, ComponentKey>,
    pub(crate) artifacts: BTreeMap<String, ArtifactKey>,
    pub(crate) versions: BTreeMap<(String, String), VersionKey>,
    pub(crate) writes: BTreeMap<(char, String), WriteKey>,
}

fn moment(text: &str) -> Timestamp {
    Timestamp(text.parse().unwrap_or_else(|_| panic!("no moment: `{text}`")))
}

fn drawn(text: &str) -> Drawn {
    let (text, saw) = text.split_once('<').map_or((text, None), |(text, run)| (text, run.chars().next()));
    let (text, said_at) = text.split_once('!').map_or((text, None), |(text, at)| (text, Some(moment(at))));
    let (text, at) = text.split_once('@').unwrap();
    let (name, content) = text.split_once('=').map_or((text, None), |(name, content)| (name, Some(content.to_owned())));
    Drawn { name: name.to_owned(), content, at: moment(at), said_at, saw }
}

/// Returns the runs of a drawing, one a line.
pub(crate) fn runs(drawing: &str) -> Vec<DrawnRun> {
    let run = |line: &str| {
        let (head, edges) = line.split_once(" :").unwrap();
        let (reads, writes) = edges.split_once("->").unwrap_or((edges, ""));
        let [name, component, span, host] = head.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
        let (began, ended) = span.split_once('-').unwrap();
        DrawnRun {
            name: name.chars().next().unwrap(),
            component: component.to_owned(),
            began: moment(began),
            ended: moment(ended),
            host: host.to_owned(),
            reads: reads.split_whitespace().map(drawn).collect(),
            writes: writes.split_whitespace().map(drawn).collect(),
        }
    };
    drawing.lines().map(str::trim).filter(|line| !line.is_empty()).map(run).collect()
}

/// Returns the id of a run: by its name, so that `b` is the greater of `a` and `b`.
pub(crate) fn id(run: char) -> RunId {
    RunId(Uuid::from_u128(u128::from(u32::from(run)) << 64 | 7))
}

pub(crate) fn content(of: &str) -> VersionId {
    VersionId::Content(*blake3::hash(of.as_bytes()).as_bytes())
}

/// Returns the row of a run that completed.
pub(crate) fn row(id: RunId, project: ProjectKey, component: ComponentKey, span: (Timestamp, Timestamp)) -> RunRow {
    RunRow {
        id,
        project,
        component: Some(component),
        status: Status::Completed,
        started_at: Some(span.0),
        ended_at: Some(span.1),
        duration_us: Some(span.1.0 - span.0.0),
        process: None,
        parent: None,
        code: None,
        git: None,
        declaration: None,
        error: None,
        is_start_chosen: false,
        signature: None,
    }
}

/// Stores a drawing as it stands, and returns the keys of what is in it.
pub(crate) fn store(store: &mut dyn Store, drawing: &str) -> Keys {
    let runs = runs(drawing);
    let mut keys = Keys::default();
    store
        .write(&mut |writer| {
            keys = Keys::default();
            write(writer, &runs, &mut keys)
        })
        .unwrap();
    keys
}

fn write(writer: &mut dyn Writer, runs: &[DrawnRun], keys: &mut Keys) -> Result<()> {
    let project = writer.project(PROJECT, None)?;
    keys.project = Some(project);
    let first = writer.new_runs(runs.len())?;
    for (run, key) in runs.iter().zip(first.0..) {
        let component = ComponentKey(writer.key(Name::Component(project, &run.component))?);
        let header = Header { host: Some(run.host.clone()), ..Header::default() };
        let process = ProcessKey(writer.key(Name::Process(&run.host, &header))?);
        let row = RunRow { process: Some(process), ..row(id(run.name), project, component, (run.began, run.ended)) };
        writer.put_runs(&[(RunKey(key), &row)])?;
        keys.components.insert(run.component.clone(), component);
        keys.runs.insert(run.name, RunKey(key));
    }
    // Writes before the reads that saw them.
    for run in runs {
        write_writes(writer, run, keys)?;
    }
    runs.iter().try_for_each(|run| write_reads(writer, run, keys))
}

/// Returns the keys of an artifact and of what was read or written of it.
fn touched(writer: &mut dyn Writer, edge: &Drawn, keys: &mut Keys) -> Result<(ArtifactKey, Option<VersionKey>)> {
    let project = keys.project.unwrap();
    let name = ArtifactName(edge.name.clone());
    let artifact = ArtifactKey(writer.key(Name::Artifact(project, &name, None))?);
    keys.artifacts.insert(edge.name.clone(), artifact);
    let Some(text) = &edge.content else { return Ok((artifact, None)) };
    let id = content(text);
    let asked = VersionAsked { artifact, id: &id, size: Some(100), asks_size: false };
    let version = writer.enter_versions(&[asked], 1000)?[0].key;
    keys.versions.insert((edge.name.clone(), text.clone()), version);
    Ok((artifact, Some(version)))
}

fn write_writes(writer: &mut dyn Writer, run: &DrawnRun, keys: &mut Keys) -> Result<()> {
    for (n, write) in (100..).zip(&run.writes) {
        let (artifact, version) = touched(writer, write, keys)?;
        let row = WriteRow {
            mark: None,
            key: WriteKey(0),
            run: keys.runs[&run.name],
            n,
            artifact,
            seen: version,
            said_at: write.said_at,
            version,
            at: version.map(|_| write.at),
            echo: None,
            argument: Some("output".to_owned()),
        };
        let key = writer.add_writes(&[row])?[0];
        keys.writes.insert((run.name, write.name.clone()), key);
    }
    Ok(())
}

fn write_reads(writer: &mut dyn Writer, run: &DrawnRun, keys: &mut Keys) -> Result<()> {
    for (n, read) in (0..).zip(&run.reads) {
        let (artifact, seen) = touched(writer, read, keys)?;
        let write = read.saw.map(|by| keys.writes[&(by, read.name.clone())]);
        let bound = if write.is_some() { Bound::Content } else { Bound::UnknownWriter };
        let run = keys.runs[&run.name];
        let argument = Some("input".to_owned());
        let row = ReadRow {
            run,
            n,
            artifact,
            seen,
            at: read.at,
            is_untimed: false,
            bound,
            write,
            like: None,
            argument,
            parts: Vec::new(),
        };
        writer.add_reads(&[row])?;
    }
    Ok(())
}
