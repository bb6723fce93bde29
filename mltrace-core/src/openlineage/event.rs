//! One event as its sender wrote it. Facets are parsed when somebody asks for them.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::model::{RunId, Timestamp, is_too_heavy};

/// Values nested deeper than this are refused: anyone who parses them whole would run out of stack.
const DEEPEST: usize = 100;

/// The fields of an object as they come: most have few, and a list of them takes a fifth of the memory of a map.
#[derive(Debug, Default)]
struct Fields<'e>(Vec<(Cow<'e, str>, &'e RawValue)>);

impl<'e> Fields<'e> {
    /// Returns a field; of several with one name the last.
    fn get(&self, name: &str) -> Option<&'e RawValue> {
        self.0.iter().rfind(|(known, _)| known == name).map(|(_, raw)| *raw)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some(Words(name)) = map.next_key()? {
                    fields.push((name, map.next_value()?));
                }
                fields.shrink_to_fit();
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Words<'w>(#[serde(borrow)] Cow<'w, str>);

/// An event.
#[derive(Debug)]
pub struct Event<'e> {
    /// When it happened.
    pub at: Timestamp,
    /// Whether that time has a zone.
    pub has_zone: bool,
    /// What happened.
    pub kind: Kind,
    /// To what.
    pub about: About<'e>,
    /// What was read.
    pub inputs: Vec<Dataset<'e>>,
    /// What was written.
    pub outputs: Vec<Dataset<'e>>,
}

/// What an event is about.
#[derive(Debug)]
pub enum About<'e> {
    /// A run of a job.
    Run {
        /// The run.
        id: RunId,
        /// The facets of the run.
        facets: Facets<'e>,
        /// Its job.
        job: Job<'e>,
    },
    /// A job, whether or not it ever runs.
    Job(Job<'e>),
    /// A dataset.
    Dataset(Dataset<'e>),
}

/// What happened to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It began.
    Start,
    /// It goes on.
    Running,
    /// It ended as it should.
    Complete,
    /// Somebody ended it.
    Abort,
    /// It failed.
    Fail,
    /// Something else, or a type that this version does not know.
    Other,
}

impl Kind {
    fn of(word: &str) -> Self {
        match word {
            "START" => Self::Start,
            "RUNNING" => Self::Running,
            "COMPLETE" => Self::Complete,
            "ABORT" => Self::Abort,
            "FAIL" => Self::Fail,
            _ => Self::Other,
        }
    }

    /// Returns whether it ends a run.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Complete | Self::Abort | Self::Fail)
    }
}

/// A job.
#[derive(Debug)]
pub struct Job<'e> {
    /// The namespace of its name.
    pub namespace: Cow<'e, str>,
    /// Its name.
    pub name: Cow<'e, str>,
    /// Its facets.
    pub facets: Facets<'e>,
}

/// A dataset.
#[derive(Debug)]
pub struct Dataset<'e> {
    /// The namespace of its name.
    pub namespace: Cow<'e, str>,
    /// Its name.
    pub name: Cow<'e, str>,
    /// Its facets.
    pub facets: Facets<'e>,
    /// The facets that it has as an input or an output.
    pub edge: Facets<'e>,
}

/// Facets by name, parsed when they are asked for.
#[derive(Debug, Default)]
pub struct Facets<'e>(Fields<'e>);

#[derive(Deserialize)]
struct Deleted {
    #[serde(default, rename = "_deleted")]
    is_deleted: bool,
}

impl<'e> Facets<'e> {
    /// Returns whether a facet is there, also as deleted.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    /// Returns a facet; `None` when it is missing, deleted or malformed.
    #[must_use]
    pub fn get<T: Deserialize<'e>>(&self, name: &str) -> Option<T> {
        let raw = self.0.get(name)?.get();
        let is_deleted = serde_json::from_str::<Deleted>(raw).is_ok_and(|facet| facet.is_deleted);
        if is_deleted { None } else { serde_json::from_str(raw).ok() }
    }
}

/// Why an event can never be read: which field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, as `run.runId`; empty for the whole event.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, reason } = self;
        if field.is_empty() { write!(f, "the event {reason}") } else { write!(f, "`{field}` {reason}") }
    }
}

impl Fault {
    /// Returns that a text is read as an event, but not as JSON as a whole: a number in it has no end, say.
    #[must_use]
    pub fn unreadable() -> Self {
        fault("", "cannot be read: a number in it may be too large, or a text not Unicode")
    }
}

impl<'e> Event<'e> {
    /// Returns the event that a text is.
    ///
    /// # Errors
    /// When it is not JSON, or lacks a field without which it can never be understood.
    pub fn parse(text: &'e str) -> Result<Self, Fault> {
        if !is_shallow(text.as_bytes()) {
            return Err(fault("", format!("is nested deeper than {DEEPEST} levels")));
        }
        if is_too_heavy(text.as_bytes()) {
            return Err(fault("", "holds more values than one event may".to_owned()));
        }
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| fault("", format!("is not JSON: {error}")))?;
        let fields = object("", raw)?;
        for required in ["producer", "schemaURL"] {
            words(required, fields.get(required))?;
        }
        let (at, has_zone) = time("eventTime", fields.get("eventTime"))?;
        let kind = match given(&fields, "eventType") {
            Some(raw) => Kind::of(&words("eventType", Some(raw))?),
            None => Kind::Other,
        };
        let job = fields.get("job").map(job).transpose()?;
        let alone = fields.get("dataset").map(|raw| dataset("dataset", raw, None)).transpose()?;
        let about = match (given(&fields, "run"), alone, job) {
            (Some(raw), _, Some(job)) => {
                let run = object("run", raw)?;
                let id = words("run.runId", run.get("runId"))?;
                let id = Uuid::parse_str(&id).map_err(|_| fault("run.runId", "is not a UUID"))?;
                About::Run { id: RunId(id), facets: facets("run.facets", &run, "facets")?, job }
            }
            (Some(_), _, None) => return Err(fault("job", "is missing")),
            (None, Some(dataset), _) => About::Dataset(dataset),
            (None, None, Some(job)) => About::Job(job),
            (None, None, None) => return Err(fault("run", "is missing")),
        };
        let inputs = datasets(&fields, "inputs", "inputFacets")?;
        let outputs = datasets(&fields, "outputs", "outputFacets")?;
        Ok(Self { at, has_zone, kind, about, inputs, outputs })
    }

    /// Returns an event of a run of which only this is known.
    #[must_use]
    pub fn bare(id: RunId, at: Timestamp, kind: Kind) -> Self {
        let job = Job { namespace: Cow::default(), name: Cow::default(), facets: Facets::default() };
        let about = About::Run { id, facets: Facets::default(), job };
        Self { at, has_zone: true, kind, about, inputs: Vec::new(), outputs: Vec::new() }
    }

    /// Returns the run that the event is about.
    #[must_use]
    pub fn run(&self) -> Option<RunId> {
        if let About::Run { id, .. } = &self.about { Some(*id) } else { None }
    }

    /// Returns the facets of the run.
    #[must_use]
    pub fn run_facets(&self) -> Option<&Facets<'e>> {
        if let About::Run { facets, .. } = &self.about { Some(facets) } else { None }
    }

    /// Returns the job that the event is about.
    #[must_use]
    pub fn job(&self) -> Option<&Job<'e>> {
        match &self.about {
            About::Run { job, .. } | About::Job(job) => Some(job),
            About::Dataset(_) => None,
        }
    }
}

fn fault(field: impl Into<String>, reason: impl Into<String>) -> Fault {
    Fault { field: field.into(), reason: reason.into() }
}

/// Returns whether no value is nested too deeply; text that is no JSON is left to the parser.
fn is_shallow(text: &[u8]) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth = depth.saturating_add(1),
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

fn given<'e>(fields: &Fields<'e>, name: &str) -> Option<&'e RawValue> {
    fields.get(name).filter(|raw| raw.get() != "null")
}

fn object<'e>(field: &str, raw: &'e RawValue) -> Result<Fields<'e>, Fault> {
    serde_json::from_str(raw.get()).map_err(|_| fault(field, "is not an object"))
}

fn words<'e>(field: &str, raw: Option<&'e RawValue>) -> Result<Cow<'e, str>, Fault> {
    let raw = raw.filter(|raw| raw.get() != "null").ok_or_else(|| fault(field, "is missing"))?;
    serde_json::from_str(raw.get()).map(|Words(words)| words).map_err(|_| fault(field, "is not a text"))
}

/// Returns a time, and whether it has a zone; without one it is UTC.
fn time(field: &str, raw: Option<&RawValue>) -> Result<(Timestamp, bool), Fault> {
    let text = words(field, raw)?;
    let text = text.trim();
    let without_zone = || format!("{text}Z").parse().ok().map(|at| (at, false));
    let parsed = text.parse().ok().map(|at| (at, true)).or_else(without_zone);
    parsed.ok_or_else(|| fault(field, "is not a time as RFC 3339 writes it"))
}

fn facets<'e>(field: &str, fields: &Fields<'e>, name: &str) -> Result<Facets<'e>, Fault> {
    given(fields, name).map_or_else(|| Ok(Facets::default()), |raw| object(field, raw).map(Facets))
}

fn job<'e>(raw: &'e RawValue) -> Result<Job<'e>, Fault> {
    let job = object("job", raw)?;
    Ok(Job {
        namespace: words("job.namespace", job.get("namespace"))?,
        name: words("job.name", job.get("name"))?,
        facets: facets("job.facets", &job, "facets")?,
    })
}

fn datasets<'e>(fields: &Fields<'e>, name: &str, edge: &str) -> Result<Vec<Dataset<'e>>, Fault> {
    let Some(raw) = given(fields, name) else { return Ok(Vec::new()) };
    let all: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| fault(name, "is not a list"))?;
    (0..).zip(all).map(|(place, raw): (usize, _)| dataset(&format!("{name}[{place}]"), raw, Some(edge))).collect()
}

fn dataset<'e>(field: &str, raw: &'e RawValue, edge: Option<&str>) -> Result<Dataset<'e>, Fault> {
    let fields = object(field, raw)?;
    Ok(Dataset {
        namespace: words(&format!("{field}.namespace"), fields.get("namespace"))?,
        name: words(&format!("{field}.name"), fields.get("name"))?,
        facets: facets(&format!("{field}.facets"), &fields, "facets")?,
        edge: edge.map_or_else(|| Ok(Facets::default()), |edge| facets(&format!("{field}.{edge}"), &fields, edge))?,
    })
}
