//! The power goes at every change that SQLite makes to its files; what was committed, or is in a journal, comes back.
//!
//! What is left after a loss is worked out from the changes that were written down: what was synced is there; of what was
//! not, all, nothing, some changes or some sectors of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use mltrace_core::model::Record;
use mltrace_core::store::Mode;

use crate::disk::{Change, Event};
use crate::project::{Project, import_lines, story, verdicts};

const SECTOR: usize = 512;

/// What becomes of changes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// They are gone.
    All,
    /// They are there: the process died, the power stayed.
    Nothing,
    /// Each is there or not.
    Some,
    /// Each of their sectors is there or not.
    Torn,
}

/// What the simulation leaves out on purpose, to show that it would see the harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sabotage {
    None,
    /// The disk does nothing when it is asked to sync.
    SyncsIgnored,
    /// Journals are unlinked before their records are committed.
    UnlinkFirst,
}

/// Numbers that look random and are the same each time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 0
    }
}

/// A file's bytes as they are on the disk, and what was changed since.
#[derive(Clone, Debug, Default)]
struct Content {
    synced: Vec<u8>,
    changes: Vec<Change>,
}

/// A folder: which file has which name, on the disk and as it looks.
#[derive(Clone, Debug, Default)]
struct Model {
    contents: Vec<Content>,
    synced_names: BTreeMap<String, usize>,
    names: BTreeMap<String, usize>,
    /// Files whose first sync also syncs the folder: SQLite does so for the logs that it makes.
    fresh: BTreeSet<usize>,
}

impl Model {
    /// Returns the folder as it stands when the watch begins: all of it synced.
    fn of(project: &Project) -> Self {
        let mut model = Self::default();
        for entry in fs::read_dir(&project.home.folder).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with("mltrace.db") && !name.ends_with("-shm") {
                model.names.insert(name, model.contents.len());
                model.contents.push(Content { synced: fs::read(entry.path()).unwrap(), changes: Vec::new() });
            }
        }
        model.synced_names.clone_from(&model.names);
        model
    }

    fn apply(&mut self, event: &Event, sabotage: Sabotage) {
        // The copy before a migration is another file: what becomes of it changes no store.
        if event.name.contains(".backup") {
            return;
        }
        let is_made = matches!(event.change, Change::Made);
        let known = self.names.get(&event.name).copied();
        let file = known.unwrap_or_else(|| {
            // The store's own file is made, with nothing in it, before SQLite opens it.
            assert!(is_made || event.name == "mltrace.db", "{event:?}");
            self.names.insert(event.name.clone(), self.contents.len());
            if event.name.ends_with("-wal") || event.name.ends_with("-journal") {
                self.fresh.insert(self.contents.len());
            }
            self.contents.push(Content::default());
            self.contents.len() - 1
        });
        match event.change {
            Change::Made => assert_eq!(known, None, "{event:?}"),
            Change::Written { .. } | Change::Cut { .. } => self.contents[file].changes.push(event.change.clone()),
            Change::Synced if sabotage == Sabotage::SyncsIgnored => {}
            Change::Synced => {
                let changes = std::mem::take(&mut self.contents[file].changes);
                let synced = &mut self.contents[file].synced;
                changes.iter().for_each(|change| change_bytes(synced, change, &mut |_| true));
                if self.fresh.remove(&file) {
                    self.synced_names.clone_from(&self.names);
                }
            }
            Change::Deleted { is_synced } => {
                self.names.remove(&event.name);
                if is_synced && sabotage != Sabotage::SyncsIgnored {
                    self.synced_names.clone_from(&self.names);
                }
            }
        }
    }

    /// Returns the files that are there after the power went.
    fn after(&self, loss: Loss, noise: &mut Noise) -> BTreeMap<String, Vec<u8>> {
        let mut left = BTreeMap::new();
        let all: BTreeSet<&String> = self.names.keys().chain(self.synced_names.keys()).collect();
        for name in all {
            let (new, old) = (self.names.get(name), self.synced_names.get(name));
            let is_new = match loss {
                Loss::All => false,
                Loss::Nothing => true,
                Loss::Some | Loss::Torn => noise.coin(),
            };
            if let Some(&file) = if is_new { new } else { old } {
                left.insert(name.clone(), self.bytes_of(&self.contents[file], loss, noise));
            }
        }
        left
    }

    fn bytes_of(&self, content: &Content, loss: Loss, noise: &mut Noise) -> Vec<u8> {
        let mut bytes = content.synced.clone();
        for change in &content.changes {
            match loss {
                Loss::All => {}
                Loss::Nothing => change_bytes(&mut bytes, change, &mut |_| true),
                Loss::Some => {
                    let is_there = noise.coin();
                    change_bytes(&mut bytes, change, &mut |_| is_there);
                }
                Loss::Torn => change_bytes(&mut bytes, change, &mut |_| noise.coin()),
            }
        }
        bytes
    }
}

/// Changes those sectors that are kept.
fn change_bytes(bytes: &mut Vec<u8>, change: &Change, is_kept: &mut dyn FnMut(usize) -> bool) {
    match change {
        Change::Written { at, bytes: new } => {
            let mut from = *at;
            while from < at + new.len() {
                let to = ((from / SECTOR + 1) * SECTOR).min(at + new.len());
                if is_kept(from / SECTOR) {
                    bytes.resize(bytes.len().max(to), 0);
                    bytes[from..to].copy_from_slice(&new[from - at..to - at]);
                }
                from = to;
            }
        }
        Change::Cut { size } => {
            if is_kept(0) {
                bytes.resize(*size, 0);
            }
        }
        Change::Made | Change::Synced | Change::Deleted { .. } => unreachable!("these are changes of names"),
    }
}

/// Something that was promised, and from which change on.
struct Promise {
    from: usize,
    /// Runs and verdicts that must be there.
    ids: BTreeSet<String>,
}

/// A project's life, with every change that SQLite made in it.
struct Life {
    /// The project as it is called.
    project: Project,
    before: Model,
    events: Vec<Event>,
    promises: Vec<Promise>,
    /// Every journal that ever was, and from which change on.
    journals: BTreeMap<String, (usize, Vec<u8>)>,
    /// How the rows of each run ever stood when something was done.
    rows: BTreeSet<(String, String)>,
}

/// Returns the ids of the runs and verdicts that lines mention: their other facts may depend on what comes later.
fn ids(lines: &BTreeSet<String>) -> BTreeSet<String> {
    let id = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().map(str::to_owned);
    lines.iter().filter_map(id).collect()
}

fn id_of(record: &Record) -> Option<String> {
    match record {
        Record::Start(start) => Some(start.run.to_string()),
        Record::Label(label) => Some(label.id.to_string()),
        _ => None,
    }
}

/// Lives `rounds` times: journals are folded by recording processes, commands ask, lines are imported.
fn live(project: &Project, rounds: u32) -> Life {
    let before = Model::of(project);
    let (mut promises, mut journals, mut rows) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    if fs::exists(project.home.store.file().unwrap()).unwrap() {
        rows.extend(project.copy().rows());
        promises.push(Promise { from: 0, ids: ids(&project.copy().lines()) });
    }
    project.disk.trace();
    let leave = |journals: &mut BTreeMap<_, _>, promises: &mut Vec<Promise>, records: &[Record]| {
        let path = project.leave(records);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        journals.insert(name, (project.disk.count(), fs::read(path).unwrap()));
        promises.push(Promise { from: project.disk.count(), ids: records.iter().filter_map(id_of).collect() });
    };
    for round in 0..rounds {
        let first = round * 4;
        leave(&mut journals, &mut promises, &story(first..first + 3));
        // A reader that goes on keeps the log from being emptied and removed.
        let reader = (round % 3 == 1).then(|| project.open(Mode::Read));
        project.fold().unwrap();
        rows.extend(project.copy().rows());
        if round % 2 == 1 {
            leave(&mut journals, &mut promises, &verdicts(first..first + 1));
            project.ask().unwrap();
        }
        drop(reader);
        if round % 4 == 2 {
            project.import(&import_lines(first..first + 3)).unwrap();
        }
        rows.extend(project.copy().rows());
        // Reading it is part of life too: it may empty the log.
        let from = project.disk.count();
        promises.push(Promise { from, ids: ids(&project.lines()) });
    }
    Life { project: project.emptied(), before, events: project.disk.events(), promises, journals, rows }
}

impl Life {
    /// Takes the power away after the first `count` changes, starts again, and returns how many promises were broken.
    fn cut(&self, model: &Model, count: usize, loss: Loss, sabotage: Sabotage, noise: &mut Noise) -> usize {
        let project = self.project.emptied();
        for (name, bytes) in model.after(loss, noise) {
            fs::write(project.home.folder.join(name), bytes).unwrap();
        }
        // The next change says which journals were unlinked on the way to it.
        let there = self.events.get(count).map(|event| &event.journals);
        for (name, (from, bytes)) in &self.journals {
            let is_there = *from <= count && sabotage != Sabotage::UnlinkFirst;
            let is_there = is_there && there.is_some_and(|there| there.contains(name));
            // An unlinking that was not synced may be undone: the records are folded again.
            let comes_back = *from <= count && sabotage == Sabotage::None && loss != Loss::Nothing && noise.coin();
            if is_there || comes_back {
                fs::write(project.home.journal().join(name), bytes).unwrap();
            }
        }
        let context = format!("after {count} changes, {loss:?}");
        if sabotage != Sabotage::None {
            let found =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.broken(&project, count, &context)));
            return found.unwrap_or(1);
        }
        let broken = self.broken(&project, count, &context);
        assert_eq!(broken, 0, "{context}: lost");
        broken
    }

    fn broken(&self, project: &Project, count: usize, context: &str) -> usize {
        if fs::exists(project.home.store.file().unwrap()).unwrap() {
            project.check_integrity(context);
        }
        if !project.journals().is_empty() {
            project.ask().unwrap_or_else(|error| panic!("{context}: {error}"));
            project.check_integrity(context);
        }
        for row in project.rows() {
            assert!(self.rows.contains(&row), "{context}: half a run: {row:?}");
        }
        let lines = ids(&project.lines());
        let promised = self.promises.iter().filter(|promise| promise.from <= count);
        let promised: BTreeSet<&String> = promised.flat_map(|promise| &promise.ids).collect();
        promised.into_iter().filter(|id| !lines.contains(*id)).count()
    }
}

/// Takes the power away after every `stride`th change, in every way, and returns how often and how many were lost.
fn cut_everywhere(project: &Project, rounds: u32, stride: usize, sabotage: Sabotage) -> (usize, usize) {
    let life = live(project, rounds);
    assert!(life.promises.iter().map(|promise| promise.ids.len()).sum::<usize>() > 20);
    let mut model = life.before.clone();
    let mut noise = Noise(7);
    let (mut cuts, mut lost) = (0, 0);
    for count in 0..=life.events.len() {
        if count % stride == 0 || count == life.events.len() {
            for loss in [Loss::All, Loss::Nothing, Loss::Some, Loss::Torn] {
                cuts += 1;
                lost += life.cut(&model, count, loss, sabotage, &mut noise);
            }
        }
        if let Some(event) = life.events.get(count) {
            model.apply(event, sabotage);
        }
    }
    (cuts, lost)
}

/// How many changes are passed over between two cuts: the long form leaves none out.
const SHORT: usize = 37;

fn check(name: &str, project: &Project, rounds: u32, stride: usize) {
    let (cuts, lost) = cut_everywhere(project, rounds, stride, Sabotage::None);
    println!("power loss, {name}: {cuts} cuts, {lost} lost");
    assert_eq!(lost, 0);
}

#[test]
fn what_was_committed_survives_power_loss() {
    check("write-ahead log", &Project::new(), 8, SHORT);
}

#[test]
fn what_was_committed_survives_power_loss_with_a_rollback_journal() {
    check("rollback journal", &Project::new().with_rollback_journal(), 8, SHORT);
}

#[test]
fn a_store_of_the_first_schema_survives_power_loss_in_its_migration() {
    check("migration of the first schema", &Project::of_the_first_schema(), 1, 5);
}

#[test]
fn a_disk_that_does_not_sync_loses_runs() {
    let (cuts, lost) = cut_everywhere(&Project::new(), 8, SHORT, Sabotage::SyncsIgnored);
    assert!(lost > 0, "{cuts} cuts without any sync, and nothing lost: the simulation is blind");
}

#[test]
fn journals_that_are_unlinked_before_the_commit_lose_runs() {
    let (cuts, lost) = cut_everywhere(&Project::new(), 8, SHORT, Sabotage::UnlinkFirst);
    assert!(lost > 0, "{cuts} cuts without journals, and nothing lost: the simulation is blind");
}

#[test]
#[ignore = "takes minutes"]
fn what_was_committed_survives_power_loss_at_every_change() {
    check("write-ahead log", &Project::new(), 6, 1);
    check("rollback journal", &Project::new().with_rollback_journal(), 6, 1);
    check("migration of the first schema", &Project::of_the_first_schema(), 2, 1);
}
