//! What records name, entered into the store for all of them at once.

use foldhash::{HashMap, HashSet};

use super::apply::Applier;
use super::bind::COMMON;
use super::stored::stored;
use crate::model::{
    AliasFact, ArtifactKind, ArtifactName, Declaration, ReadFact, Record, RunId, TELLING_BYTES, VersionId, WriteFact,
};
use crate::store::{
    Among, ArtifactKey, CodeKey, ComponentKey, DeclarationKey, GitKey, Name, Result, RowsOf, RunKey, RunRow,
    VersionAsked, VersionKey,
};

/// A version that a record reports of an artifact.
struct Told<'r> {
    name: &'r ArtifactName,
    kind: Option<ArtifactKind>,
    version: Option<&'r VersionId>,
    size: Option<u64>,
    /// Where it stands in its run.
    place: Option<(RunId, u32)>,
}

/// Returns the run that a record takes back.
fn taken_back(record: &Record) -> Option<RunId> {
    if let Record::Forget(fact) = record { Some(fact.run) } else { None }
}

/// Returns whether what is known of a run's reads and writes matters to a record of it.
fn moves_edges(record: &Record) -> bool {
    !matches!(
        record,
        Record::Param(_)
            | Record::Note(_)
            | Record::Metric(_)
            | Record::Observation(_)
            | Record::Check(_)
            | Record::Subject(_)
            | Record::Due(_)
    )
}

/// Returns the run that a record mentions.
fn run_of(record: &Record) -> Option<RunId> {
    match record {
        Record::Start(start) => Some(start.run),
        Record::Read { run, .. } | Record::Write { run, .. } => Some(*run),
        Record::Due(due) => Some(due.run),
        Record::Fingerprint(fact) => Some(fact.run),
        Record::Param(fact) => Some(fact.run),
        Record::Note(fact) => Some(fact.run),
        Record::Metric(fact) => Some(fact.run),
        Record::Observation(fact) => Some(fact.run),
        Record::Check(fact) => Some(fact.run),
        Record::Subject(fact) => Some(fact.run),
        Record::End(end) => Some(end.run),
        Record::Forget(fact) => Some(fact.run),
        _ => None,
    }
}

fn told(record: &Record) -> impl Iterator<Item = Told<'_>> {
    let no_run = RunId(uuid::Uuid::nil());
    let (run, reads, writes, said): (RunId, &[ReadFact], &[WriteFact], _) = match record {
        Record::Start(start) => (start.run, &start.inputs, &[], None),
        Record::Read { run, read } => (*run, std::slice::from_ref(read), &[], None),
        Record::Write { run, write } => (*run, &[], std::slice::from_ref(write), None),
        Record::End(end) => (end.run, &[], &end.outputs, None),
        Record::Label(label) => (no_run, &[], &[], Some((&label.name, &label.version))),
        Record::Alias(AliasFact { artifact: Some(of), .. }) => (no_run, &[], &[], Some((&of.name, &of.version))),
        _ => (no_run, &[], &[], None),
    };
    let said = said.map(|(name, id)| Told { name, kind: None, version: Some(id), size: None, place: None });
    let reads = reads.iter().map(move |read| of_read(run, read));
    reads.chain(writes.iter().map(move |write| of_write(run, write))).chain(said)
}

fn of_read(run: RunId, read: &ReadFact) -> Told<'_> {
    let (name, kind, version, size) = (&read.name, read.kind, read.version.as_ref(), read.size);
    Told { name, kind, version, size, place: Some((run, read.n)) }
}

fn of_write(run: RunId, write: &WriteFact) -> Told<'_> {
    let (name, kind, version, size) = (&write.name, write.kind, write.version.as_ref(), write.size);
    Told { name, kind, version, size, place: Some((run, write.n)) }
}

fn is_short(id: &VersionId, size: Option<u64>) -> bool {
    size.is_some_and(|size| size < TELLING_BYTES) && matches!(id, VersionId::Content(_))
}

impl<'r> Applier<'_, 'r> {
    /// Looks up the runs that records mention, and enters what they name. What may not land is left out, so that nothing is
    /// made for it.
    pub(super) fn enter(&mut self, records: &'r [Record]) -> Result<()> {
        self.enter_runs(records)?;
        let forgotten: HashSet<RunId> = records.iter().filter_map(taken_back).collect();
        let (mut began, mut ended) = (HashSet::default(), HashSet::default());
        let is_meant = |record: &&'r Record| {
            let Some(run) = run_of(record) else { return true };
            let known = self.runs.get(&run).map(|(_, row)| row);
            let lands = (known.is_some() || self.named.runs.contains_key(&run)) && !forgotten.contains(&run);
            lands
                && match record {
                    // The first of several counts at once; the others only if they say more.
                    Record::Start(_) => known.is_none_or(|row| row.component.is_none()) && began.insert(run),
                    Record::End(_) => !known.is_some_and(RunRow::has_ended) && ended.insert(run),
                    _ => true,
                }
        };
        let meant: Vec<&'r Record> = records.iter().filter(is_meant).collect();
        self.enter_names(&meant)?;
        self.enter_versions(&meant)
    }

    fn enter_runs(&mut self, records: &'r [Record]) -> Result<()> {
        let mut met = HashSet::default();
        let ids: Vec<RunId> = records.iter().filter_map(run_of).filter(|run| met.insert(*run)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let known = self.writer.run_rows(RowsOf::Ids(&ids))?;
        // A run that only measures, or is remarked on, may have any number of reads and writes.
        let moving: HashSet<RunId> = match known.is_empty() {
            true => HashSet::default(),
            false => records.iter().filter(|record| moves_edges(record)).filter_map(run_of).collect(),
        };
        let keys: Vec<RunKey> = known.iter().filter(|(_, row)| moving.contains(&row.id)).map(|(key, _)| *key).collect();
        self.stored = stored(self.writer, &keys)?;
        self.runs.extend(known.into_iter().map(|(key, row)| (row.id, (key, row))));
        let new: Vec<RunId> = ids.into_iter().filter(|id| !self.runs.contains_key(id)).collect();
        self.named.removed = self.writer.among(&new, Among::Forgotten)?.into_iter().collect();
        let new: Vec<RunId> = new.into_iter().filter(|id| !self.named.removed.contains(id)).collect();
        if !new.is_empty() {
            let first = self.writer.new_runs(new.len())?;
            self.named.runs.extend(new.into_iter().zip((first.0..).map(RunKey)));
        }
        Ok(())
    }

    fn enter_names(&mut self, records: &[&'r Record]) -> Result<()> {
        let project = self.project;
        let (mut names, mut said): (Vec<Name<'r>>, Vec<&'r Declaration>) = (Vec::new(), Vec::new());
        let mut met = (HashSet::default(), HashSet::default(), HashSet::default(), HashSet::default());
        for record in records {
            if let Record::Start(start) = record {
                names.extend(met.0.insert(&start.component).then(|| Name::Component(project, &start.component)));
                names.extend(start.code.as_ref().filter(|code| met.1.insert(*code)).map(|code| Name::Code(code)));
                names.extend(start.git.as_ref().filter(|git| met.2.insert(*git)).map(|git| Name::Git(git)));
                let declared = start.declared.as_ref().filter(|declared| !said.contains(declared));
                said.extend(declared);
                names.extend(declared.map(Name::Declaration));
            }
            if let Record::CodeCheck(check) = record {
                names.extend(met.1.insert(&check.code).then(|| Name::Code(&check.code)));
            }
            for Told { name, kind, .. } in told(record) {
                names.extend(met.3.insert((name.as_str(), kind)).then_some(Name::Artifact(project, name, kind)));
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        let keys = self.writer.enter(&names)?;
        for (name, key) in names.into_iter().zip(keys) {
            match name {
                Name::Component(_, name) => self.named.components.extend([(name, ComponentKey(key))]),
                Name::Code(name) => self.named.codes.extend([(name, CodeKey(key))]),
                Name::Git(name) => self.named.gits.extend([(name, GitKey(key))]),
                Name::Declaration(declared) => self.named.declarations.push((declared, DeclarationKey(key))),
                Name::Artifact(_, name, kind) => {
                    self.named.artifacts.insert((name.as_str(), kind), ArtifactKey(key));
                }
                Name::Project(..) | Name::Process(..) => {}
            }
        }
        Ok(())
    }

    fn enter_versions(&mut self, records: &[&'r Record]) -> Result<()> {
        let mut places: HashMap<(RunId, u32), ArtifactKey> = HashMap::default();
        let mut asked: Vec<VersionAsked<'r>> = Vec::new();
        let mut met = HashSet::default();
        // Contents that come late are reported by the place of what has them.
        let has_late = records.iter().any(|record| matches!(record, Record::Fingerprint(_)));
        for record in records {
            for Told { name, kind, version, size, place } in told(record) {
                let Some(artifact) = self.named.artifacts.get(&(name.as_str(), kind)).copied() else { continue };
                places.extend(place.filter(|_| has_late).map(|place| (place, artifact)));
                asked.extend(
                    version.filter(|id| met.insert((artifact, *id, size))).map(|id| self.asks(artifact, id, size)),
                );
            }
            let Record::Fingerprint(fact) = record else { continue };
            let place = places.get(&(fact.run, fact.n)).copied();
            let Some(artifact) = place.or_else(|| self.stored_at(fact.run, fact.n)) else { continue };
            let is_new = met.insert((artifact, &fact.version, fact.size));
            asked.extend(is_new.then(|| self.asks(artifact, &fact.version, fact.size)));
        }
        if asked.is_empty() {
            return Ok(());
        }
        let entered = self.writer.enter_versions(&asked, COMMON)?;
        for (VersionAsked { artifact, id, size, .. }, entered) in asked.into_iter().zip(entered) {
            let is_weak = entered.is_first_size || entered.is_common_now;
            self.named.versions.insert((artifact, id, size), (entered.key, is_weak));
        }
        Ok(())
    }

    fn asks<'v>(&self, artifact: ArtifactKey, id: &'v VersionId, size: Option<u64>) -> VersionAsked<'v> {
        VersionAsked { artifact, id, size, asks_size: is_short(id, size) }
    }

    /// Returns what stands at a number of a run that is stored.
    fn stored_at(&self, run: RunId, n: u32) -> Option<ArtifactKey> {
        let stored = self.stored.get(&self.runs.get(&run)?.0)?;
        stored.read(n).map(|read| read.artifact).or_else(|| stored.write(n).map(|write| write.artifact))
    }

    /// Returns the artifact of a name.
    pub(super) fn artifact(&mut self, name: &ArtifactName, kind: Option<ArtifactKind>) -> Result<ArtifactKey> {
        match self.named.artifacts.get(&(name.as_str(), kind)) {
            Some(known) => Ok(*known),
            None => self.writer.key(Name::Artifact(self.project, name, kind)).map(ArtifactKey),
        }
    }

    /// Returns the version that a read or write reported.
    pub(super) fn version(&mut self, artifact: ArtifactKey, id: &VersionId, size: Option<u64>) -> Result<VersionKey> {
        let known = self.named.versions.get(&(artifact, id, size)).copied();
        let (version, is_weak) = match known {
            Some(known) => known,
            None => {
                let asked = self.asks(artifact, id, size);
                let entered = self.writer.enter_versions(&[asked], COMMON)?;
                let Some(entered) = entered.first() else { return Ok(VersionKey(0)) };
                (entered.key, entered.is_first_size || entered.is_common_now)
            }
        };
        if is_weak {
            self.touched.weak.insert(version);
        }
        Ok(version)
    }

    pub(super) fn component_key(&mut self, name: &str) -> Result<ComponentKey> {
        match self.named.components.get(name) {
            Some(known) => Ok(*known),
            None => self.writer.key(Name::Component(self.project, name)).map(ComponentKey),
        }
    }

    pub(super) fn code_key(&mut self, key: &str) -> Result<CodeKey> {
        match self.named.codes.get(key) {
            Some(known) => Ok(*known),
            None => self.writer.key(Name::Code(key)).map(CodeKey),
        }
    }

    pub(super) fn git_key(&mut self, key: &str) -> Result<GitKey> {
        match self.named.gits.get(key) {
            Some(known) => Ok(*known),
            None => self.writer.key(Name::Git(key)).map(GitKey),
        }
    }

    pub(super) fn declaration_key(&mut self, declared: &Declaration) -> Result<DeclarationKey> {
        match self.named.declarations.iter().find(|(known, _)| *known == declared) {
            Some((_, known)) => Ok(*known),
            None => self.writer.key(Name::Declaration(declared)).map(DeclarationKey),
        }
    }
}
