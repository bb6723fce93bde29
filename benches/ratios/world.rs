//! Makes projects to measure: a temporary folder, a journal of so many runs, the store that it folds into.

use std::path::Path;

use mltrace_core::config::{Durability, Environment, Home};
use mltrace_core::ingest;
use mltrace_core::journal::Writer;
use mltrace_core::model::{
    ArtifactName, End, Header, ProcessId, ReadFact, Record, RunId, Start, Status, Timestamp, VersionId, WriteFact,
};
use mltrace_core::store::{self, Mode};
use tempfile::TempDir;

/// A project in a folder of its own, removed with it.
pub(crate) struct World {
    /// Where it lies.
    pub(crate) home: Home,
    folder: TempDir,
}

/// What a run reads and writes, by the numbers of artifacts.
pub(crate) struct Step {
    /// What it reads.
    pub(crate) reads: Vec<u32>,
    /// What it writes.
    pub(crate) writes: u32,
}

/// Returns so many runs, each of which reads what the one before it wrote.
pub(crate) fn chain(length: u32) -> Vec<Step> {
    (1..=length).map(|step| Step { reads: vec![step - 1], writes: step }).collect()
}

/// Returns so many levels of two runs, each of which reads what both runs of the level below wrote, and one run on top:
/// the paths through it double with every level.
pub(crate) fn ladder(levels: u32) -> Vec<Step> {
    let below = |level: u32| if level == 0 { vec![] } else { vec![2 * level - 2, 2 * level - 1] };
    let sides = |level: u32| [2 * level, 2 * level + 1].map(|writes| Step { reads: below(level), writes });
    (0..levels).flat_map(sides).chain([Step { reads: below(levels), writes: 2 * levels }]).collect()
}

/// Returns the name of an artifact.
pub(crate) fn name(number: u32) -> String {
    format!("data/step-{number:05}.parquet")
}

impl World {
    /// Returns a project whose journal holds these steps, not folded yet.
    pub(crate) fn with_journal(steps: &[Step]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home::find(folder.path(), Some(Path::new(".mltrace/")), &Environment::default());
        let header = Header {
            process: Some(ProcessId::new()),
            project: home.project.clone(),
            host: Some("bench".to_owned()),
            ..Header::default()
        };
        let mut writer = Writer::open(&home.journal(), header, Durability::Process).expect("a journal");
        for (place, step) in (1_i64..).zip(steps) {
            let began = Timestamp(1_600_000_000_000_000 + place * 1000);
            writer.append(&records(step, began)).expect("room for the journal");
        }
        Self { home, folder }
    }

    /// Returns a project whose store holds these steps.
    pub(crate) fn with_store(steps: &[Step]) -> Self {
        let world = Self::with_journal(steps);
        world.fold();
        world
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

fn records(step: &Step, began: Timestamp) -> [Record; 2] {
    let run = RunId::new();
    let read = |(n, &artifact): (u32, &u32)| ReadFact {
        n,
        name: ArtifactName(name(artifact)),
        argument: Some("input".to_owned()),
        kind: None,
        at: None,
        version: Some(content(artifact)),
        size: Some(1000),
    };
    let inputs: Vec<_> = (0..).zip(&step.reads).map(read).collect();
    let output = WriteFact {
        n: u32::try_from(inputs.len()).expect("few reads"),
        name: ArtifactName(name(step.writes)),
        argument: Some("output".to_owned()),
        kind: None,
        at: None,
        version: Some(content(step.writes)),
        size: Some(1000),
    };
    let start = Start {
        run,
        component: "step".to_owned(),
        at: began,
        parent: None,
        code: None,
        git: None,
        declared: None,
        params: [("seed".to_owned(), 7.into())].into(),
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
        outputs: vec![output],
    };
    [Record::Start(start), Record::End(end)]
}

fn content(artifact: u32) -> VersionId {
    let mut hash = [7; 32];
    hash[..4].copy_from_slice(&artifact.to_le_bytes());
    VersionId::Content(hash)
}
