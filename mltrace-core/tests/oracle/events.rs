//! A pipeline as the records of several processes, and what is known of it after each.

use std::collections::{BTreeSet, VecDeque};

use mltrace_core::model::{
    ArtifactName, ComponentFact, DataSubject, Declaration, End, FingerprintFact, Git, LabelFact, Metric, MetricFact,
    Number, ParamFact, ReadFact, Record, Start, Status, SubjectFact, Timestamp, Verdict, WriteFact,
};

use serde_json::Value;

use super::facts::{Edge, Facts, MetricFacts, Outcome, RunFacts};
use super::generator::Route;
use super::store::{Place, Process, folder_record};

/// What a record says to the model.
#[derive(Clone, Debug)]
enum Told {
    Start(RunFacts),
    Read(Edge),
    Write(Edge),
    /// The content of the edge with this number.
    Content(u32, String, Option<u64>),
    Param(String, i64),
    Metric(MetricFacts),
    Subject(&'static str),
    End(i64, Outcome, Vec<Edge>),
}

/// A record of one run.
#[derive(Clone, Debug)]
struct Event {
    run: String,
    told: Told,
}

/// A machine on which some runs of a pipeline happen, in several processes at once.
pub(crate) struct Machine {
    pub(crate) place: Place,
    /// What its processes recorded so far.
    pub(crate) told: Facts,
    processes: Vec<Process>,
    /// The runs with their processes, and what they have yet to report.
    runs: Vec<(usize, VecDeque<Event>)>,
    /// The runs of the process that dies.
    dying: BTreeSet<String>,
    /// What people have yet to say.
    said: Facts,
    route: Route,
    steps: usize,
}

/// So many processes live on.
const LIVING: usize = 2;

impl Machine {
    /// Returns a machine on which the runs that `is_here` chooses will happen.
    pub(crate) fn new(facts: &Facts, route: &Route, is_here: impl Fn(usize) -> bool) -> Self {
        let place = Place::new();
        let processes = (0..=LIVING).map(|_| place.process()).collect();
        let here = facts.runs.iter().enumerate().filter(|(number, _)| is_here(*number));
        let mut dying = BTreeSet::new();
        let runs = here.map(|(number, run)| {
            // The last process dies, and its runs with it.
            let dies = run.outcome == Outcome::Died || route.key(number).is_multiple_of(5);
            if dies {
                dying.insert(run.id.clone());
            }
            let process = if dies { LIVING } else { usize::from(route.key(number)) % LIVING };
            // All its processes are of one host.
            (process, events(&RunFacts { host: None, ..run.clone() }, route, number).into())
        });
        let runs = runs.collect();
        let said = Facts { runs: Vec::new(), ..facts.clone() };
        Self { place, told: Facts::default(), processes, runs, dying, said, route: route.clone(), steps: 0 }
    }

    /// Reports up to `count` things, now and then one of them twice; returns whether there was anything to report.
    pub(crate) fn tells(&mut self, count: usize) -> bool {
        let mut has_told = false;
        for _ in 0..count {
            self.steps += 1;
            let key = usize::from(self.route.key(self.steps));
            if key.is_multiple_of(7) && self.says() {
                has_told = true;
                continue;
            }
            let waiting: Vec<usize> = (0..self.runs.len()).filter(|run| !self.runs[*run].1.is_empty()).collect();
            if waiting.is_empty() {
                return self.says() || has_told;
            }
            let (process, events) = &mut self.runs[waiting[key % waiting.len()]];
            let event = events.pop_front().expect("a run that waits has something to tell");
            let times = if self.steps.is_multiple_of(self.route.twice) { 2 } else { 1 };
            for _ in 0..times {
                git_record(&event).iter().for_each(|git| self.processes[*process].tell(git));
                self.processes[*process].tell(&record(&event));
            }
            hear(&mut self.told, &event);
            has_told = true;
        }
        has_told
    }

    /// Lets somebody say something; returns whether there was anything to say.
    fn says(&mut self) -> bool {
        let (label, component) = (self.said.labels.pop(), self.said.components.pop());
        let folder = self.said.folders.pop();
        let said = Facts {
            labels: label.into_iter().collect(),
            components: component.into_iter().collect(),
            folders: folder.into_iter().collect(),
            ..Facts::default()
        };
        let mut records = said_records(&said);
        records.extend(said.folders.iter().map(folder_record));
        records.iter().for_each(|record| self.processes[0].tell(record));
        self.told.add(&said);
        !records.is_empty()
    }

    /// Lets the process that dies do so when its runs have nothing more to report.
    pub(crate) fn bury(&mut self) {
        let is_done = self.runs.iter().all(|(process, events)| *process != LIVING || events.is_empty());
        if !is_done || self.processes[LIVING].is_dead() {
            return;
        }
        self.processes[LIVING].die();
        self.place.fold();
        for run in self.told.runs.iter_mut().filter(|run| self.dying.contains(&run.id)) {
            run.outcome = if run.outcome == Outcome::Running { Outcome::Died } else { run.outcome };
        }
    }

    /// Reports up to `count` things and returns what an export then says.
    pub(crate) fn tells_and_exports(&mut self, count: usize) -> Vec<Value> {
        while self.tells(count.min(1000)) && count == usize::MAX {}
        self.place.fold();
        self.bury();
        self.place.export()
    }
}

/// Returns what the process records of a run, in order; of some edges the content is hashed later.
fn events(run: &RunFacts, route: &Route, number: usize) -> Vec<Event> {
    let is_later = |edge: &Edge| {
        let is_hashed = edge.version.as_ref().is_some_and(|version| version.starts_with("b3:"));
        is_hashed && route.key(number + edge.n as usize).is_multiple_of(3)
    };
    let plain = |edge: &Edge| match is_later(edge) {
        true => Edge { version: None, size: None, ..edge.clone() },
        false => edge.clone(),
    };
    let (at_start, reads): (Vec<&Edge>, Vec<&Edge>) = run.reads.iter().partition(|read| read.at.is_none());
    let (at_end, writes): (Vec<&Edge>, Vec<&Edge>) = run.writes.iter().partition(|write| write.at.is_none());
    let params_late = route.key(number).is_multiple_of(4);
    let start = RunFacts {
        reads: at_start.into_iter().map(plain).collect(),
        writes: Vec::new(),
        outcome: Outcome::Running,
        ended_at: None,
        metrics: Vec::new(),
        subjects: BTreeSet::new(),
        params: if params_late { Default::default() } else { run.params.clone() },
        ..run.clone()
    };
    let mut told = vec![Told::Start(start)];
    if params_late {
        told.extend(run.params.iter().map(|(name, value)| Told::Param(name.clone(), *value)));
    }
    told.extend(run.subjects.iter().map(|subject| Told::Subject(subject)));
    told.extend(run.metrics.iter().cloned().map(Told::Metric));
    let mut timed: Vec<(Option<i64>, Told)> = Vec::new();
    timed.extend(reads.into_iter().map(|edge| (edge.at, Told::Read(plain(edge)))));
    timed.extend(writes.into_iter().map(|edge| (edge.at, Told::Write(plain(edge)))));
    timed.sort_by_key(|(at, _)| *at);
    told.extend(timed.into_iter().map(|(_, told)| told));
    let content = |edge: &Edge| Told::Content(edge.n, edge.version.clone().unwrap_or_default(), edge.size);
    let edges = run.reads.iter().chain(run.writes.iter().filter(|write| write.at.is_some()));
    told.extend(edges.filter(|edge| is_later(edge)).map(content));
    if let Some(at) = run.ended_at {
        told.push(Told::End(at, run.outcome, at_end.iter().map(|edge| plain(edge)).collect()));
        told.extend(at_end.into_iter().filter(|edge| is_later(edge)).map(content));
    }
    told.into_iter().map(|told| Event { run: run.id.clone(), told }).collect()
}

/// Takes an event into what is known so far.
fn hear(facts: &mut Facts, event: &Event) {
    if let Told::Start(start) = &event.told {
        if !facts.runs.iter().any(|run| run.id == event.run) {
            facts.runs.push(start.clone());
        }
        return;
    }
    let run = facts.runs.iter_mut().find(|run| run.id == event.run).expect("a run starts first");
    match &event.told {
        Told::Start(_) => {}
        Told::Read(edge) => add(&mut run.reads, edge),
        Told::Write(edge) => add(&mut run.writes, edge),
        Told::Content(n, version, size) => {
            for edge in run.reads.iter_mut().chain(&mut run.writes).filter(|edge| edge.n == *n) {
                edge.version = Some(version.clone());
                edge.size = *size;
            }
        }
        Told::Param(name, value) => {
            run.params.insert(name.clone(), *value);
        }
        Told::Metric(metric) => run.metrics.push(metric.clone()),
        Told::Subject(subject) => _ = run.subjects.insert(subject),
        Told::End(at, outcome, outputs) => {
            run.ended_at = Some(*at);
            run.outcome = *outcome;
            outputs.iter().for_each(|edge| add(&mut run.writes, edge));
        }
    }
}

fn add(edges: &mut Vec<Edge>, edge: &Edge) {
    if !edges.iter().any(|known| known.n == edge.n) {
        edges.push(edge.clone());
        edges.sort_by_key(|edge| edge.n);
    }
}

fn read_fact(edge: &Edge) -> ReadFact {
    ReadFact {
        n: edge.n,
        name: ArtifactName(edge.name.clone()),
        argument: None,
        kind: None,
        at: edge.at.map(Timestamp),
        version: edge.version.as_ref().map(|version| version.parse().unwrap()),
        size: edge.size,
    }
}

fn write_fact(edge: &Edge) -> WriteFact {
    let ReadFact { n, name, argument, kind, at, version, size } = read_fact(edge);
    WriteFact { n, name, argument, kind, at, version, size, mark: None }
}

fn status(outcome: Outcome) -> Status {
    Status::ALL.into_iter().find(|status| status.as_str() == outcome.word()).unwrap()
}

/// Returns the record of the commit at which a run starts: it is its own key.
fn git_record(event: &Event) -> Option<Record> {
    let Told::Start(RunFacts { commit: Some(commit), .. }) = &event.told else { return None };
    Some(Record::Git(Git { key: commit.clone(), commit: Some(commit.clone()), ..Git::default() }))
}

/// Returns the event as a journal holds it.
fn record(event: &Event) -> Record {
    let run = event.run.parse().unwrap();
    match &event.told {
        Told::Start(start) => Record::Start(Start {
            run,
            component: start.component.clone(),
            at: Timestamp(start.started_at),
            parent: start.parent.as_ref().map(|parent| parent.parse().unwrap()),
            code: None,
            git: start.commit.clone(),
            declared: None,
            params: start.params.iter().map(|(name, value)| (name.clone(), (*value).into())).collect(),
            inputs: start.reads.iter().map(read_fact).collect(),
            host: None,
            user: None,
        }),
        Told::Read(edge) => Record::Read { run, read: read_fact(edge) },
        Told::Write(edge) => Record::Write { run, write: write_fact(edge) },
        Told::Content(n, version, size) => {
            Record::Fingerprint(FingerprintFact { run, n: *n, version: version.parse().unwrap(), size: *size })
        }
        Told::Param(name, value) => {
            Record::Param(ParamFact { run, at: Timestamp(0), name: name.clone(), value: (*value).into() })
        }
        Told::Metric(MetricFacts { name, value, about, step, at }) => {
            let about = about.clone().map(ArtifactName);
            let value = Number::parse(&value.to_string()).unwrap();
            let metric = Metric { name: (*name).to_owned(), value, step: *step, about, at: Timestamp(*at) };
            Record::Metric(MetricFact { run, metric })
        }
        Told::Subject(name) => Record::Subject(SubjectFact { run, subject: DataSubject::of(name).unwrap() }),
        Told::End(at, outcome, outputs) => Record::End(End {
            run,
            at: Timestamp(*at),
            status: status(*outcome),
            duration_us: None,
            error: None,
            outputs: outputs.iter().map(write_fact).collect(),
        }),
    }
}

/// Returns what people said, as a journal holds it.
fn said_records(facts: &Facts) -> Vec<Record> {
    let labels = facts.labels.iter().map(|label| {
        Record::Label(LabelFact {
            id: label.id.parse().unwrap(),
            name: ArtifactName(label.name.clone()),
            version: label.version.parse().unwrap(),
            verdict: match label.verdict {
                "flagged" => Verdict::Flagged,
                "ok" => Verdict::Ok,
                _ => Verdict::None,
            },
            reason: None,
            by: None,
            at: Timestamp(label.at),
        })
    });
    let components = facts.components.iter().map(|said| {
        let declared = Declaration { stale_after_s: Some(said.stale_after_s), ..Declaration::default() };
        let component = said.name.clone();
        Record::Component(ComponentFact { component, at: Timestamp(said.at), declared, untag: Vec::new() })
    });
    labels.chain(components).collect()
}
