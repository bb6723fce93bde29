//! Makes projects to measure: a temporary folder, a journal of so many runs, the store that it folds into.

use std::ops::Range;
use std::path::Path;

use mltrace_core::config::{Durability, Environment, Home};
use mltrace_core::ingest;
use mltrace_core::journal::Writer;
use mltrace_core::model::{
    ArtifactName, End, FolderFact, Header, LabelFact, ProcessId, ReadFact, Record, RunId, Start, Status, Timestamp,
    Verdict, VersionId, WriteFact,
};
use mltrace_core::store::{self, Mode};
use tempfile::TempDir;

/// A project in a folder of its own, removed with it.
pub(crate) struct World {
    /// Where it lies.
    pub(crate) home: Home,
    folder: TempDir,
    /// How many runs were journalled.
    runs: i64,
}

/// What a run reads and writes.
pub(crate) struct Step {
    component: u32,
    reads: Vec<Artifact>,
    writes: Artifact,
    /// What it writes besides.
    also: Vec<Artifact>,
}

/// An artifact by its number.
#[derive(Clone, Copy)]
enum Artifact {
    /// A file whose content is known.
    File(u32),
    /// The folder in which all files lie.
    Folder,
    /// An address that nobody looks into.
    Address(u32),
    /// An address that is drawn by chance, as the ids of requests are.
    Request(u32),
}

/// Returns so many runs, each of which reads the file that the one before it wrote.
pub(crate) fn chain(length: u32) -> Vec<Step> {
    (1..=length).map(|step| files(step - 1..step, step)).collect()
}

/// Returns so many levels of two runs, each of which reads what both runs of the level below wrote, and one run on top:
/// the paths through it double with every level.
pub(crate) fn ladder(levels: u32) -> Vec<Step> {
    let below = |level: u32| (2 * level).saturating_sub(2)..2 * level;
    let sides = |level: u32| [2 * level, 2 * level + 1].map(|writes| files(below(level), writes));
    (0..levels).flat_map(sides).chain([files(below(levels), 2 * levels)]).collect()
}

/// Returns so many runs, each of which writes a file, and one on top that reads all of them.
pub(crate) fn fan(width: u32) -> Vec<Step> {
    (0..width).map(|writes| files(0..0, writes)).chain([files(0..width, width)]).collect()
}

/// Returns so many runs, each of which reads the two addresses that the two runs before it wrote, and writes one.
pub(crate) fn addresses(runs: u32) -> Vec<Step> {
    more_addresses(0..runs)
}

/// Returns such runs by their numbers.
pub(crate) fn more_addresses(runs: Range<u32>) -> Vec<Step> {
    let reads = |run: u32| [run, run + 1].map(Artifact::Address).into();
    runs.map(|run| Step { component: 0, reads: reads(run), writes: Artifact::Address(run + 2), also: Vec::new() })
        .collect()
}

/// Returns runs by their numbers, each of which reads the same two addresses and writes one that is drawn by chance.
pub(crate) fn requests(runs: Range<u32>) -> Vec<Step> {
    let reads = || [0, 1].map(Artifact::Address).into();
    runs.map(|run| Step { component: 0, reads: reads(), writes: Artifact::Request(run), also: Vec::new() }).collect()
}

/// Returns days of a service: each day a model is made in four steps, and 96 predictions are made with it.
pub(crate) fn days(days: u32) -> Vec<Step> {
    let day = |day: u32| {
        let first = day * 100;
        let made = (0..4).map(move |step| files(first + step..first + step + 1, first + step + 1));
        made.chain((5..=100).map(move |number| files(first + 4..first + 5, DAYS + first + number)))
    };
    (0..days).flat_map(day).collect()
}

/// What the numbers of predictions begin with.
const DAYS: u32 = 1_000_000;

/// Returns the names of so many predictions, of the last days.
pub(crate) fn predictions(days: u32, count: u32) -> Vec<String> {
    (0..count).map(|place| name(DAYS + (days - 1 - place / 50) * 100 + 5 + place % 50)).collect()
}

/// Returns runs that write so many files between them, and one that reads the folder in which these lie.
pub(crate) fn folder(count: u32, runs: u32) -> Vec<Step> {
    let top = Step { reads: vec![Artifact::Folder], ..files(0..0, count) };
    parts(count, runs).chain([top]).collect()
}

/// Returns runs that write so many files between them, and one that reads each of these.
pub(crate) fn inputs(count: u32, runs: u32) -> Vec<Step> {
    parts(count, runs).chain([files(0..count, count)]).collect()
}

fn parts(count: u32, runs: u32) -> impl Iterator<Item = Step> {
    let part = move |run: u32| {
        let also = (run..count).step_by(runs as usize).skip(1).map(Artifact::File).collect();
        Step { also, ..files(0..0, run) }
    };
    (0..runs).map(part)
}

fn files(reads: Range<u32>, writes: u32) -> Step {
    Step { component: 0, reads: reads.map(Artifact::File).collect(), writes: Artifact::File(writes), also: Vec::new() }
}

/// Returns such runs as [`chain`] does, with the runs of nine other chains between any two of them.
pub(crate) fn scattered(length: u32) -> Vec<Step> {
    let first = |chain: u32| chain * (length + 1);
    (1..=length)
        .flat_map(|step| {
            (0..10).map(move |chain| files(first(chain) + step - 1..first(chain) + step, first(chain) + step))
        })
        .collect()
}

/// Returns such runs as [`chain`] does, of artifacts whose contents nobody knows.
pub(crate) fn unknown(length: u32) -> Vec<Step> {
    let step = |step: u32| Step {
        component: 0,
        reads: vec![Artifact::Address(step - 1)],
        writes: Artifact::Address(step),
        also: Vec::new(),
    };
    (1..=length).map(step).collect()
}

/// Returns such runs as [`chain`] does, each of a component of its own.
pub(crate) fn components(length: u32) -> Vec<Step> {
    chain(length).into_iter().zip(0..).map(|(step, component)| Step { component, ..step }).collect()
}

/// Returns the name of an address.
pub(crate) fn address(number: u32) -> String {
    Artifact::Address(number).name().0
}

/// Returns the name of a file.
pub(crate) fn name(number: u32) -> String {
    format!("data/step-{number:05}.parquet")
}

impl Artifact {
    fn name(self) -> ArtifactName {
        ArtifactName(match self {
            Self::File(number) => name(number),
            Self::Folder => "data".to_owned(),
            Self::Address(number) => format!("pred://{number:07}"),
            Self::Request(number) => format!("req://{}", &blake3::hash(&number.to_le_bytes()).to_hex()[..32]),
        })
    }

    fn version(self) -> Option<VersionId> {
        match self {
            Self::File(number) => Some(VersionId::Content(*blake3::hash(&number.to_le_bytes()).as_bytes())),
            Self::Folder => Some(VersionId::Content(*blake3::hash(b"folder").as_bytes())),
            Self::Address(_) | Self::Request(_) => None,
        }
    }
}

impl World {
    /// Returns an empty project.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home::find(folder.path(), Some(Path::new(".mltrace/")), &Environment::default());
        Self { home, folder, runs: 0 }
    }

    /// Returns a project whose journal holds these steps, not folded yet.
    pub(crate) fn with_journal(steps: &[Step]) -> Self {
        let mut world = Self::new();
        world.journal(steps);
        world
    }

    /// Returns a project whose store holds these steps.
    pub(crate) fn with_store(steps: &[Step]) -> Self {
        let world = Self::with_journal(steps);
        world.fold();
        world
    }

    /// Writes a journal of these steps.
    pub(crate) fn journal(&mut self, steps: &[Step]) {
        let mut writer = self.writer();
        for step in steps {
            self.runs += 1;
            let began = Timestamp(1_780_000_000_000_000 + self.runs * 1000);
            writer.append(&records(step, began)).expect("room for the journal");
            if step.reads.iter().any(|artifact| matches!(artifact, Artifact::Folder)) {
                writer.append(&[held(steps)]).expect("room for the journal");
            }
        }
    }

    /// Flags what these names stand for.
    pub(crate) fn flag(&self, names: &[String]) {
        let mut writer = self.writer();
        let mut store = store::open(&self.home, Mode::Read).expect("a store");
        let mut reader = mltrace_core::query::Reader::new(store.as_mut(), &self.home, self.folder());
        for name in names {
            let version = reader.version(name, None).expect("it was written").version;
            let label = LabelFact {
                id: RunId::new().0,
                name: ArtifactName(name.clone()),
                version,
                verdict: Verdict::Flagged,
                reason: None,
                by: None,
                at: Timestamp(1_785_000_000_000_000),
            };
            writer.append(&[Record::Label(label)]).expect("room for the journal");
        }
        drop((writer, reader));
        self.fold();
    }

    fn writer(&self) -> Writer {
        let header = Header {
            process: Some(ProcessId::new()),
            project: self.home.project.clone(),
            host: Some("bench".to_owned()),
            ..Header::default()
        };
        Writer::open(&self.home.journal(), header, Durability::Process).expect("a journal")
    }

    /// Folds the journal.
    pub(crate) fn fold(&self) {
        let mut store = store::open(&self.home, Mode::Write).expect("a store");
        ingest::fold(&self.home, store.as_mut()).expect("the journal folds");
    }

    /// Returns the project's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Returns what lies in the folder, of which these steps write all but what the last one makes.
fn held(steps: &[Step]) -> Record {
    let written = steps.iter().rev().skip(1).flat_map(|step| std::iter::once(&step.writes).chain(&step.also));
    let folder = Artifact::Folder.name();
    let entries = written.filter_map(|artifact| {
        let name = artifact.name();
        let path = mltrace_core::model::path_inside(folder.as_str(), name.as_str())?;
        Some((path.to_owned(), artifact.version()?))
    });
    let version = Artifact::Folder.version().expect("its content is known");
    Record::Folder(FolderFact { version, entries: entries.collect(), is_whole: true })
}

/// How many inputs stand in the record of a start; a long list is cut into records, as a pipeline writes it.
const INPUTS: usize = 4_000;

fn records(step: &Step, began: Timestamp) -> Vec<Record> {
    let run = RunId::new();
    let read = |(n, &artifact): (u32, &Artifact)| ReadFact {
        n,
        name: artifact.name(),
        argument: Some("input".to_owned()),
        kind: None,
        at: None,
        version: artifact.version(),
        size: artifact.version().map(|_| 1000),
    };
    let mut inputs: Vec<_> = (0..).zip(&step.reads).map(read).collect();
    let first = u32::try_from(inputs.len()).expect("few reads");
    let rest = inputs.split_off(inputs.len().min(INPUTS));
    let rest = rest.into_iter().map(|read| Record::Read { run, read: ReadFact { at: Some(began), ..read } });
    let write = |(n, artifact): (u32, &Artifact)| WriteFact {
        n,
        name: artifact.name(),
        argument: Some("output".to_owned()),
        kind: None,
        at: None,
        version: artifact.version(),
        size: artifact.version().map(|_| 1000),
        mark: None,
    };
    let outputs = (first..).zip(std::iter::once(&step.writes).chain(&step.also)).map(write).collect();
    let start = Start {
        run,
        component: if step.component == 0 { "step".to_owned() } else { format!("step-{}", step.component) },
        at: began,
        parent: None,
        code: None,
        git: None,
        declared: None,
        // Those that are compared with other tools' rows have none.
        params: step.writes.version().map(|_| ("seed".to_owned(), 7.into())).into_iter().collect(),
        inputs,
        host: None,
        user: None,
    };
    let end = End {
        run,
        at: began.plus_micros(500),
        status: Status::Completed,
        duration_us: Some(500),
        error: None,
        outputs,
    };
    std::iter::once(Record::Start(start)).chain(rest).chain([Record::End(end)]).collect()
}
