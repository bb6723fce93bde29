//! A line of an import: what a person, another tool or an export may write, and the records that it means.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::alias_line::alias_line;
use super::batch::import_header;
use super::code_line::{CodeLine, GitLine, code_record, git_record};
use super::facts::Held;
use super::folder_line::folder_line;
use super::measured::{self, CheckLine, MetricLine};
use super::profile_line::profile_line;
use super::subject_line::{SubjectLine, retract_line};
use super::task_line::task_line;
use super::text::{artifact_name, within, without_place};
use crate::config::Home;
use crate::host;
use crate::model::{
    ArtifactKind, Bound, Chosen, ComponentFact, DataSubject, Declaration, End, Header, LabelFact, MOST_WEIGHT, Mark,
    NoteFact, Observation, ReadFact, Record, RunId, Start, Status, TaskSide, Timestamp, Verdict, VersionId, WriteFact,
    is_too_heavy, value,
};
use crate::naming::Root;
use crate::redact;

/// A line, ready to be stored.
pub(super) struct Parsed {
    pub(super) header: Header,
    pub(super) records: Vec<Record>,
    /// What of it nobody said.
    pub(super) chosen: Chosen,
    /// The line, when it says of a run neither when it began nor when it ended.
    pub(super) untimed: Option<Vec<u8>>,
    /// How many inputs, outputs, parameters and notes it has.
    pub(super) facts: usize,
}

/// What a line mentions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Run(RunId),
    Label(Uuid),
    Alias(Uuid),
    Component(String),
    Case(TaskSide, String),
    Retraction(DataSubject),
}

impl Parsed {
    pub(super) fn of(header: Header, records: Vec<Record>) -> Self {
        Self { header, records, chosen: Chosen::default(), untimed: None, facts: 0 }
    }

    /// Returns what the line mentions.
    pub(super) fn subject(&self) -> Option<Subject> {
        self.records.iter().find_map(|record| match record {
            Record::Start(start) => Some(Subject::Run(start.run)),
            Record::Label(label) => Some(Subject::Label(label.id)),
            Record::Alias(fact) => Some(Subject::Alias(fact.id)),
            Record::Component(fact) => Some(Subject::Component(fact.component.clone())),
            Record::Retract(fact) => Some(Subject::Retraction(fact.subject.clone())),
            Record::Task(fact) => Some(Subject::Case(fact.side, format!("{}:{}", fact.task, fact.id))),
            _ => None,
        })
    }
}

/// Whose lines they are that do not say it.
pub(super) struct Here<'h> {
    /// The project.
    pub(super) project: &'h str,
    identity: Option<&'h str>,
    /// What its names are relative to.
    root: Root,
    host: Option<String>,
}

impl<'h> Here<'h> {
    pub(super) fn of(home: &'h Home) -> Self {
        Self {
            project: &home.project,
            identity: home.identity.as_deref(),
            root: Root::new(&home.root),
            host: host::name(),
        }
    }

    /// Returns the header of a line that names a project, or else is of this one.
    fn header(&self, project: Option<&str>) -> Header {
        let identity = self.identity.filter(|_| project.is_none()).map(str::to_owned);
        Header { identity, ..import_header(project.unwrap_or(self.project)) }
    }

    /// Returns the root of the names in a line of a project and a host: where the folders of others lie is not known here.
    fn root(&self, project: Option<&str>, host: Option<&str>) -> Root {
        let is_here =
            project.is_none_or(|project| project == self.project) && (host.is_none() || host == self.host.as_deref());
        if is_here { self.root.clone() } else { Root::unknown() }
    }
}

/// Returns what a line says, without its secrets; `None` for an empty one. A run of which no time is said began at
/// `now`. One with more facts than so many is refused before it is taken into memory.
pub(super) fn parse(
    bytes: &[u8],
    here: &Here<'_>,
    now: Timestamp,
    most_facts: Option<usize>,
) -> Result<Option<Parsed>, String> {
    let mut parsed = parsed(bytes, here, now, most_facts)?;
    if let Some(Parsed { header, records, .. }) = &mut parsed {
        header.project = within("project", std::mem::take(&mut header.project))?;
        redact::header(header);
        records.iter_mut().for_each(redact::record);
    }
    Ok(parsed)
}

fn parsed(bytes: &[u8], here: &Here<'_>, now: Timestamp, most_facts: Option<usize>) -> Result<Option<Parsed>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(None);
    }
    let no_json = |error: serde_json::Error| format!("it is not JSON: {}", without_place(&error));
    if serde_json::from_str::<&RawValue>(text).map_err(no_json)?.get().as_bytes().first() != Some(&b'{') {
        return Err("it is not a JSON object".to_owned());
    }
    if is_too_heavy(text.as_bytes()) {
        return Err(format!("it holds too many values: an object counts four times, and the limit is {MOST_WEIGHT}"));
    }
    let (object, facts) = object_of(text, most_facts).map_err(no_json)??;
    let wrong = |error: serde_json::Error| without_place(&error);
    let kind = object.get("type").and_then(Value::as_str).unwrap_or("run");
    match kind {
        "run" => {
            let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, object.to_string().as_bytes());
            // In memory a line is many times as large as its text: it is not there twice.
            drop(object);
            let line: RunLine = serde_json::from_str(text).map_err(wrong)?;
            let untimed = (line.started_at.is_none() && line.ended_at.is_none()).then(|| bytes.to_vec());
            line.parsed(RunId(id), here, now).map(|parsed| Some(Parsed { untimed, facts, ..parsed }))
        }
        "label" => {
            let line: LabelLine = serde_json::from_value(object).map_err(wrong)?;
            let header = here.header(line.project.as_deref());
            let record = Record::Label(LabelFact {
                id: line.id,
                name: artifact_name(&line.name, &here.root(line.project.as_deref(), None))?,
                version: line.version,
                verdict: line.verdict,
                reason: line.reason.map(|text| within("reason", text)).transpose()?,
                by: line.by,
                at: line.at,
            });
            Ok(Some(Parsed { facts, ..Parsed::of(header, vec![record]) }))
        }
        "component" => {
            let line: ComponentLine = serde_json::from_value(object).map_err(wrong)?;
            let header = here.header(line.project.as_deref());
            let declared = Declaration {
                owner: line.owner,
                description: line.description,
                tags: line.tags,
                stale_after_s: line.stale_after_s,
            };
            let component = within("component", line.name)?;
            let record = Record::Component(ComponentFact { component, at: line.at, declared, untag: Vec::new() });
            Ok(Some(Parsed { facts, ..Parsed::of(header, vec![record]) }))
        }
        other => {
            let (project, record) = match other {
                "folder" => folder_line(object)?,
                "alias" => alias_line(object, |project| here.root(project, None))?,
                "profile" => profile_line(object)?,
                "retract" => retract_line(object)?,
                "output" => task_line(object, TaskSide::Output)?,
                "feedback" => task_line(object, TaskSide::Feedback)?,
                other => {
                    let types =
                        "`run`, `label`, `component`, `folder`, `alias`, `profile`, `retract`, `output` or `feedback`";
                    return Err(format!("`{other}` is not a type of line: {types}"));
                }
            };
            Ok(Some(Parsed { facts, ..Parsed::of(here.header(project.as_deref()), vec![record]) }))
        }
    }
}

/// Returns what a line holds, with how many facts; its parameters, metrics and values keep the texts of their numbers. The inner error is that
/// it holds too many.
fn object_of(text: &str, most_facts: Option<usize>) -> Result<Result<(Value, usize), String>, serde_json::Error> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
    let held = fields.iter().fold(Held::default(), |held, (name, raw)| held.add(name, raw));
    if let Err(reason) = held.check(most_facts) {
        return Ok(Err(reason));
    }
    let field = |(name, raw): (String, &RawValue)| {
        let parsed = if ["params", "metrics", "value"].contains(&name.as_str()) {
            value::of_json(raw)
        } else {
            serde_json::from_str(raw.get())
        };
        Ok((name, parsed?))
    };
    let object = fields.into_iter().map(field).collect::<Result<Value, serde_json::Error>>()?;
    Ok(Ok((object, held.facts)))
}

fn params<'de, D: Deserializer<'de>>(params: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let params = <BTreeMap<String, &RawValue>>::deserialize(params)?;
    let parsed = params.into_iter().map(|(name, raw)| Ok((name, value::of_json(raw)?)));
    parsed.collect::<Result<_, serde_json::Error>>().map_err(|error| D::Error::custom(without_place(&error)))
}

/// A run as a person, another tool or an export writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunLine {
    #[serde(rename = "type")]
    _type: Option<String>,
    id: Option<RunId>,
    project: Option<String>,
    component: String,
    status: Option<Status>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    duration_ms: Option<f64>,
    #[serde(default)]
    inputs: Vec<EdgeLine>,
    #[serde(default)]
    outputs: Vec<EdgeLine>,
    #[serde(default, deserialize_with = "params")]
    params: BTreeMap<String, Value>,
    git_commit: Option<String>,
    git: Option<GitLine>,
    code: Option<CodeLine>,
    owner: Option<String>,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    stale_after_s: Option<i64>,
    #[serde(default)]
    notes: Vec<NoteLine>,
    #[serde(default)]
    metrics: Vec<MetricLine>,
    #[serde(default)]
    checks: Vec<CheckLine>,
    #[serde(default)]
    observations: Vec<Observation>,
    #[serde(default)]
    subjects: Vec<SubjectLine>,
    error: Option<String>,
    parent: Option<RunId>,
    host: Option<String>,
    user: Option<String>,
    last_seen: Option<Timestamp>,
    /// Written by an export: `started_at` is no more than a guess.
    #[serde(default)]
    is_start_chosen: bool,
    // What follows from the rest.
    #[serde(rename = "depends_on")]
    _depends_on: Option<IgnoredAny>,
    #[serde(rename = "stale")]
    _stale: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "an input or output is a name, or {\"name\": …} with `version` (such as `b3:` and 64 digits, or `v:1.0`), \
                 `kind` or `at`"
)]
enum EdgeLine {
    Name(String),
    Full(FullEdge),
}

#[derive(Deserialize)]
struct FullEdge {
    name: String,
    version: Option<VersionId>,
    kind: Option<ArtifactKind>,
    argument: Option<String>,
    at: Option<Timestamp>,
    bound: Option<Bound>,
    size: Option<u64>,
    n: Option<u32>,
    mark: Option<Mark>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a note is a text, or {\"text\": …, \"at\": …}")]
enum NoteLine {
    Text(String),
    Full { text: String, at: Timestamp, by: Option<String>, id: Option<Uuid> },
}

#[derive(Deserialize)]
struct LabelLine {
    id: Uuid,
    project: Option<String>,
    name: String,
    version: VersionId,
    verdict: Verdict,
    reason: Option<String>,
    by: Option<String>,
    at: Timestamp,
}

#[derive(Deserialize)]
struct ComponentLine {
    project: Option<String>,
    name: String,
    at: Timestamp,
    owner: Option<String>,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    stale_after_s: Option<i64>,
}

/// Outputs are numbered from here on where a line says no numbers, so that one which says of a further input later
/// still means the same outputs.
const FIRST_OUTPUT: u32 = 1 << 31;

impl RunLine {
    fn parsed(self, derived: RunId, here: &Here<'_>, now: Timestamp) -> Result<Parsed, String> {
        let run = self.id.unwrap_or(derived);
        let header = Header { at: self.last_seen, ..here.header(self.project.as_deref()) };
        let root = here.root(self.project.as_deref(), self.host.as_deref());
        let is_start_told = self.started_at.is_some() && !self.is_start_chosen;
        let started_at = self.started_at.or(self.ended_at).unwrap_or(now);
        let status = self.status.unwrap_or(if self.ended_at.is_some() { Status::Completed } else { Status::Running });
        if self.ended_at.is_some_and(|ended| ended < started_at) {
            return Err("`ended_at` is before `started_at`".to_owned());
        }
        let mut records = Vec::new();
        let git = self.git.or_else(|| {
            let commit = self.git_commit?;
            Some(GitLine { commit: Some(commit), branch: None, tags: Vec::new(), dirty: None, remote: None })
        });
        let git = git.map(|git| git_record(git, &mut records));
        let code = self.code.map(|code| code_record(code, &mut records));
        let numbered = (0..).zip(self.inputs.iter()).chain((FIRST_OUTPUT..).zip(self.outputs.iter()));
        let counted = numbered.filter(|(_, edge)| !edge.is_numbered()).map(|(n, _)| n);
        let chosen = Chosen { start: !is_start_told, numbers: counted.collect() };
        let inputs = (0..).zip(self.inputs).map(|(n, input)| input.read(n, self.started_at, &root));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let outputs = (FIRST_OUTPUT..).zip(self.outputs).map(|(n, output)| output.write(n, run, &root));
        let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
        let mut numbers = BTreeSet::new();
        let all = inputs.iter().map(|read| read.n).chain(outputs.iter().map(|write| write.n));
        if let Some(n) = all.into_iter().find(|n| !numbers.insert(*n)) {
            return Err(format!("two of its inputs and outputs have the number {n}"));
        }
        let declared = Declaration {
            owner: self.owner.map(|text| within("owner", text)).transpose()?,
            description: self.description.map(|text| within("description", text)).transpose()?,
            tags: self.tags,
            stale_after_s: self.stale_after_s,
        };
        records.push(Record::Start(Start {
            run,
            component: within("component", self.component)?,
            at: started_at,
            parent: self.parent,
            code,
            git,
            declared: (declared != Declaration::default()).then_some(declared),
            params: self.params,
            inputs,
            host: self.host,
            user: self.user,
        }));
        let duration_us = self.duration_ms.map(|ms| (ms * 1000.0).round() as i64);
        if status != Status::Running && status != Status::Died {
            let at = self.ended_at.unwrap_or(started_at);
            let error = self.error.map(|text| within("error", text)).transpose()?;
            let duration_us = duration_us.or_else(|| is_start_told.then(|| at.micros_since(started_at)));
            records.push(Record::End(End { run, at, status, duration_us, error, outputs }));
        } else {
            records.extend(outputs.into_iter().map(|write| Record::Write { run, write }));
        }
        if status == Status::Died {
            // A process that is gone never says of an end: the run is ended as it was found.
            let at = self.ended_at.unwrap_or(started_at);
            records.push(Record::End(End { run, at, status, duration_us, error: None, outputs: Vec::new() }));
        }
        for note in self.notes {
            records.push(note.record(run, started_at)?);
        }
        records.extend(self.subjects.into_iter().map(|subject| subject.record(run)));
        let measured_at = self.ended_at.unwrap_or(started_at);
        measured::add((self.metrics, self.checks, self.observations), (run, measured_at, &root), &mut records)?;
        Ok(Parsed { chosen, ..Parsed::of(header, records) })
    }
}

impl EdgeLine {
    fn is_numbered(&self) -> bool {
        matches!(self, Self::Full(edge) if edge.n.is_some())
    }

    fn full(self) -> FullEdge {
        match self {
            Self::Full(edge) => edge,
            Self::Name(name) => FullEdge {
                name,
                version: None,
                kind: None,
                argument: None,
                at: None,
                bound: None,
                size: None,
                n: None,
                mark: None,
            },
        }
    }

    /// An export reports the version that a read was bound to; where only time decided, the content stays unknown here too.
    fn read(self, n: u32, started_at: Option<Timestamp>, root: &Root) -> Result<ReadFact, String> {
        let edge = self.full();
        let is_told = match (&edge.version, edge.bound) {
            (Some(VersionId::None), _) | (_, Some(Bound::Time)) => false,
            (Some(VersionId::Write(_)), bound) => bound != Some(Bound::UnknownWriter),
            _ => true,
        };
        Ok(ReadFact {
            n: edge.n.unwrap_or(n),
            name: artifact_name(&edge.name, root)?,
            argument: edge.argument,
            kind: edge.kind,
            at: edge.at.filter(|at| Some(*at) != started_at),
            version: edge.version.filter(|_| is_told),
            size: edge.size,
        })
    }

    fn write(self, n: u32, run: RunId, root: &Root) -> Result<WriteFact, String> {
        let edge = self.full();
        let is_told = !matches!(&edge.version, Some(VersionId::None)) && edge.version != Some(VersionId::Write(run));
        Ok(WriteFact {
            n: edge.n.unwrap_or(n),
            name: artifact_name(&edge.name, root)?,
            argument: edge.argument,
            kind: edge.kind,
            at: edge.at,
            version: edge.version.filter(|_| is_told),
            size: edge.size,
            mark: edge.mark,
        })
    }
}

impl NoteLine {
    fn record(self, run: RunId, started_at: Timestamp) -> Result<Record, String> {
        let (text, at, by, id) = match self {
            Self::Text(text) => (text, started_at, None, None),
            Self::Full { text, at, by, id } => (text, at, by, id),
        };
        let text = within("notes", text)?;
        let id = id.unwrap_or_else(|| Uuid::new_v5(&run.0, format!("{} {text}", at.0).as_bytes()));
        Ok(Record::Note(NoteFact { id, run, text, at, by }))
    }
}
