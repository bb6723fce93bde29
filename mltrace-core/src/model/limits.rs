//! How much one record may hold: a journal is whatever somebody wrote, and brings no more into a store than an import may.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    AliasFact, ArtifactName, Check, CheckFact, Code, CodeCheck, ComponentFact, Declaration, Due, End, EventFact,
    FingerprintFact, FolderFact, Git, Header, LIMIT_NAME, LIMIT_SOURCE, LIMIT_TEXT, LabelFact, Line, Metric,
    MetricFact, NoteFact, ObservationFact, ParamFact, ProfileFact, ReadFact, Record, RetractFact, Start, SubjectFact,
    TaskFact, TaskSide, Version, VersionId, WriteFact, alias_name, cut, task_id, task_name,
};

/// The most inputs, outputs, parameters, notes, metrics and checks of one record, and of one line of an import that
/// somebody else may send: about 75 MiB of memory, and some seconds of the store.
pub const MOST_FACTS: usize = 50_000;

/// The most tags that somebody else may put on a component at once: every list of components shows them.
pub const MOST_TAGS: usize = 1_000;

/// The most bytes of a line of an import, and of a parameter that is a list or an object: 16 MiB, more than any export
/// writes, and little enough to be refused for nothing.
pub const LIMIT_LINE: usize = 16 << 20;

/// A line says of one run that it began and ended, and its code and git, beside its facts.
const MOST_RECORDS: usize = MOST_FACTS + 8;

/// A record that is shorter holds nothing that is too long: as many tags as there may be are longer.
const SHORT: usize = 3 * MOST_TAGS;

impl Record {
    /// Keeps a record that was read from `length` bytes within the limits: what is longer is cut, and what is more is left
    /// out. Returns how much that was; `None` of a record that an import would refuse as a whole.
    pub fn keep_within_limits(&mut self, length: usize) -> Option<u64> {
        if length <= SHORT && !matches!(self, Self::Alias(_) | Self::Task(_) | Self::Line(_)) {
            return Some(0);
        }
        let mut beyond = Beyond(0);
        beyond.record(self).then_some(beyond.0)
    }
}

impl Header {
    /// Cuts what is longer than it may be.
    pub fn keep_within_limits(&mut self) {
        Beyond(0).header(self);
    }
}

impl FolderFact {
    /// Returns why an import refuses it.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let longest = self.entries.keys().map(String::len).max().unwrap_or_default();
        (longest > LIMIT_NAME)
            .then(|| format!("what lies in a folder has a name of {longest} bytes; the limit is {LIMIT_NAME}"))
    }
}

impl AliasFact {
    /// Returns why nothing can be called so.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        alias_name(&self.alias).err()
    }
}

impl TaskFact {
    /// Returns why no task says that.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        if self.side == TaskSide::Feedback && self.run.is_some() {
            return Some("`run` is the run that made an output, and no field of feedback".to_owned());
        }
        task_name(&self.task).and(task_id(&self.id)).err()
    }
}

/// How much was cut or left out.
struct Beyond(u64);

impl Beyond {
    /// Keeps a record within the limits. Every field is named here, so that a new one is not forgotten. Returns whether
    /// something is left of it.
    fn record(&mut self, record: &mut Record) -> bool {
        match record {
            Record::Process(header) => self.header(header),
            Record::Code(Code { key, file, line: _, hash, source }) => {
                self.texts([key, file, hash]);
                self.cut(source, LIMIT_SOURCE);
            }
            Record::CodeCheck(CodeCheck { code, is_in_work_tree: _ }) => self.texts([code]),
            Record::Git(Git { key, commit, branch, tags, dirty: _, remote }) => {
                self.texts([key].into_iter().chain(commit).chain(branch).chain(remote));
                self.list(tags, MOST_TAGS);
                self.texts(tags);
            }
            Record::Start(start) => self.start(start),
            Record::Read { run: _, read } => self.read(read),
            Record::Write { run: _, write } => self.write(write),
            Record::Due(Due { run: _, n: _, path, state }) => self.texts([path, state]),
            Record::Fingerprint(FingerprintFact { run: _, n: _, version, size: _ }) => self.version(version),
            Record::Folder(fact) => self.folder(fact),
            Record::Profile(ProfileFact { version, profile }) => {
                self.version(version);
                self.add(profile.keep_within_limits());
            }
            Record::Param(ParamFact { run: _, at: _, name, value }) => {
                self.name(name);
                self.value(value);
            }
            Record::Note(NoteFact { id: _, run: _, text, at: _, by }) => self.texts([text].into_iter().chain(by)),
            Record::Metric(MetricFact { run: _, metric: Metric { name, value: _, step: _, about, at: _ } }) => {
                self.name(name);
                self.artifacts(about);
            }
            Record::Observation(ObservationFact { run: _, observation }) => {
                self.name(&mut observation.name);
                // Whether it holds together is seen where it is stored.
                observation.top.iter_mut().for_each(|top| self.name(&mut top.value));
            }
            Record::Check(CheckFact { run: _, check }) => {
                let Check { name, outcome: _, severity: _, message, about, at: _ } = check;
                self.name(name);
                self.texts(message);
                self.artifacts(about);
            }
            Record::End(End { run: _, at: _, status: _, duration_us: _, error, outputs }) => {
                self.texts(error);
                self.list(outputs, MOST_FACTS);
                outputs.iter_mut().for_each(|write| self.write(write));
            }
            Record::Component(ComponentFact { component, at: _, declared, untag }) => {
                self.name(component);
                self.declaration(declared);
                self.list(untag, MOST_TAGS);
                self.texts(untag);
            }
            Record::Label(LabelFact { id: _, name, version, verdict: _, reason, by, at: _ }) => {
                self.artifacts([name]);
                self.version(version);
                self.texts(reason.iter_mut().chain(by));
            }
            Record::Alias(fact) => return self.alias(fact),
            Record::Task(fact) => return self.holds(fact.fault().is_none()),
            Record::Line(line) => self.line(line),
            Record::Event(event) => return self.event(event),
            Record::Retract(RetractFact { subject: _, by, at: _ }) => self.texts(by),
            // Digits, of one length.
            Record::Subject(SubjectFact { run: _, subject: _ })
            | Record::Rotated
            | Record::Lost(_)
            | Record::Forget(_) => {}
        }
        true
    }

    fn event(&mut self, event: &mut EventFact) -> bool {
        let EventFact { project, identity, root, body } = event;
        [project].into_iter().chain(identity).for_each(|name| self.name(name));
        self.texts([root]);
        // A part of an event is none; without its secrets it may be longer than it came.
        self.holds(body.len() <= 2 * LIMIT_LINE)
    }

    fn header(&mut self, header: &mut Header) {
        let Header {
            format: _,
            minor: _,
            process: _,
            project,
            identity,
            host,
            user,
            pid: _,
            pid_start: _,
            boot,
            pid_namespace,
            at: _,
            writer,
        } = header;
        [project].into_iter().chain(identity).for_each(|name| self.name(name));
        self.texts([host, user, boot, pid_namespace].into_iter().flatten().chain([writer]));
    }

    fn start(&mut self, start: &mut Start) {
        let Start { run: _, component, at: _, parent: _, code, git, declared, params, inputs, host, user } = start;
        self.name(component);
        self.texts([code, git, host, user].into_iter().flatten());
        declared.iter_mut().for_each(|declared| self.declaration(declared));
        let count = params.len();
        let kept = std::mem::take(params).into_iter().take(MOST_FACTS);
        let within = kept.map(|(mut name, mut value)| {
            self.name(&mut name);
            self.value(&mut value);
            (name, value)
        });
        *params = within.collect();
        self.add(missing(count, MOST_FACTS));
        self.list(inputs, MOST_FACTS);
        inputs.iter_mut().for_each(|read| self.read(read));
    }

    fn read(&mut self, read: &mut ReadFact) {
        let ReadFact { n: _, name, argument, kind: _, at: _, version, size: _ } = read;
        self.artifacts([name]);
        self.texts(argument);
        version.iter_mut().for_each(|version| self.version(version));
    }

    fn write(&mut self, write: &mut WriteFact) {
        let WriteFact { n: _, name, argument, kind: _, at: _, version, size: _, mark: _ } = write;
        self.artifacts([name]);
        self.texts(argument);
        version.iter_mut().for_each(|version| self.version(version));
    }

    fn declaration(&mut self, declared: &mut Declaration) {
        let Declaration { owner, description, tags, stale_after_s: _ } = declared;
        self.texts(owner.iter_mut().chain(description));
        self.list(tags, MOST_TAGS);
        self.texts(tags);
    }

    fn folder(&mut self, fact: &mut FolderFact) {
        let FolderFact { version, entries, is_whole } = fact;
        self.version(version);
        let count = entries.len();
        if count > MOST_FACTS || entries.keys().any(|name| name.len() > LIMIT_NAME) {
            let all = std::mem::take(entries).into_iter();
            *entries = all.filter(|(name, _)| name.len() <= LIMIT_NAME).take(MOST_FACTS).collect::<BTreeMap<_, _>>();
            *is_whole = false;
            self.add(missing(count, entries.len()));
        }
    }

    fn alias(&mut self, fact: &mut AliasFact) -> bool {
        let is_kept = self.holds(fact.fault().is_none());
        let AliasFact { id: _, alias: _, artifact, reason, by, at: _ } = fact;
        if let Some(Version { name, version }) = artifact {
            self.artifacts([name]);
            self.version(version);
        }
        self.texts(reason.iter_mut().chain(by));
        is_kept
    }

    fn line(&mut self, line: &mut Line) {
        let Line { header, records, chosen: _ } = line;
        self.header(header);
        self.list(records, MOST_RECORDS);
        records.retain_mut(|record| self.record(record));
    }

    /// Counts what is left out as a whole.
    fn holds(&mut self, is_kept: bool) -> bool {
        self.add(u64::from(!is_kept));
        is_kept
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => self.cut(text, LIMIT_TEXT),
            Value::Array(_) | Value::Object(_) => {
                let mut text = value.to_string();
                if text.len() > LIMIT_LINE {
                    self.cut(&mut text, LIMIT_TEXT);
                    *value = Value::String(text);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn version(&mut self, version: &mut VersionId) {
        match version {
            VersionId::Declared(text) | VersionId::Stat(text) => self.cut(text, LIMIT_TEXT),
            VersionId::Content(_) | VersionId::Write(_) | VersionId::None => {}
        }
    }

    fn artifacts<'t>(&mut self, names: impl IntoIterator<Item = &'t mut ArtifactName>) {
        names.into_iter().for_each(|name| self.name(&mut name.0));
    }

    fn name(&mut self, name: &mut String) {
        self.cut(name, LIMIT_NAME);
    }

    fn texts<'t>(&mut self, texts: impl IntoIterator<Item = &'t mut String>) {
        texts.into_iter().for_each(|text| self.cut(text, LIMIT_TEXT));
    }

    fn cut(&mut self, text: &mut String, limit: usize) {
        self.add(u64::from(text.len() > limit));
        cut(text, limit);
    }

    fn list<T>(&mut self, list: &mut Vec<T>, most: usize) {
        self.add(missing(list.len(), most));
        list.truncate(most);
    }

    fn add(&mut self, count: u64) {
        self.0 = self.0.saturating_add(count);
    }
}

/// Returns how many of so many are not among those that are kept.
fn missing(count: usize, kept: usize) -> u64 {
    u64::try_from(count.saturating_sub(kept)).unwrap_or(u64::MAX)
}
