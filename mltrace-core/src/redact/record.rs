//! Takes the secrets out of a record, whatever it is about, and cuts what is too long.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::event as text_of_event;
use super::name::is_secret_name;
use super::value::{is_given, is_naming, is_valued};
use super::{REDACTED, is_secret, param, text, tokens, uri};
use crate::model::{
    AliasFact, ArtifactName, Check, CheckFact, Code, CodeCheck, Column, ColumnType, ComponentFact, Declaration, Due,
    End, EventFact, FingerprintFact, FolderFact, Git, Header, LIMIT_NAME, LIMIT_SOURCE, LIMIT_TEXT, LabelFact, Metric,
    MetricFact, NoteFact, Observation, ObservationFact, ParamFact, Profile, ProfileFact, ReadFact, Record, RetractFact,
    Start, TaskFact, TopValue, Version, VersionId, WriteFact, cut, written,
};

/// Makes a record fit to be written: the one place through which everything passes, journal and import alike.
///
/// Every field that is text is named here, so that a new one is not forgotten. What was cleaned before stays as it is:
/// names and keys by which records refer to each other still do.
pub fn record(record: &mut Record) {
    match record {
        Record::Process(found) => header(found),
        Record::Code(Code { key, file, line: _, hash, source }) => {
            [key, file, hash].into_iter().for_each(said);
            clean(source, text, LIMIT_SOURCE);
        }
        Record::CodeCheck(CodeCheck { code, is_in_work_tree: _ }) => said(code),
        Record::Git(found) => git(found),
        Record::Start(found) => start(found),
        Record::Read { run: _, read: found } => read(found),
        Record::Write { run: _, write: found } => write(found),
        // A path with a secret in it is not found again, and then not hashed.
        Record::Due(Due { run: _, n: _, path, state }) => {
            clean(path, tokens, usize::MAX);
            said(state);
        }
        Record::Fingerprint(FingerprintFact { run: _, n: _, version: found, size: _ }) => version(found),
        Record::Folder(FolderFact { version: found, entries, is_whole }) => {
            version(found);
            let before = entries.len();
            // As the names of artifacts are: what lies in a folder is found by both.
            *entries =
                std::mem::take(entries).into_iter().map(|(path, version)| (cleaned_path(path), version)).collect();
            // Names that differ in their secrets alone are one now.
            *is_whole &= entries.len() == before;
        }
        Record::Profile(ProfileFact { version: found, profile }) => {
            version(found);
            self::profile(profile);
        }
        Record::Param(ParamFact { run: _, at: _, name, value }) => {
            *value = cleaned_param(name, std::mem::take(value));
            called(name);
        }
        Record::Note(NoteFact { id: _, run: _, text, at: _, by }) => {
            said(text);
            each(by);
        }
        // A number holds no secret.
        Record::Metric(MetricFact { run: _, metric: Metric { name: found, value: _, step: _, about, at: _ } }) => {
            called(found);
            about.iter_mut().for_each(name);
        }
        Record::Observation(ObservationFact { run: _, observation }) => self::observation(observation),
        Record::Check(CheckFact { run: _, check }) => {
            let Check { name: found, outcome: _, severity: _, message, about, at: _ } = check;
            called(found);
            each(message);
            about.iter_mut().for_each(name);
        }
        Record::End(End { run: _, at: _, status: _, duration_us: _, error, outputs }) => {
            each(error);
            outputs.iter_mut().for_each(write);
        }
        Record::Component(ComponentFact { component, at: _, declared, untag }) => {
            called(component);
            declaration(declared);
            each(untag);
        }
        Record::Label(found) => label(found),
        Record::Alias(found) => alias(found),
        Record::Task(found) => task(found),
        Record::Line(line) => {
            header(&mut line.header);
            line.records.iter_mut().for_each(self::record);
        }
        Record::Event(found) => _ = event(found),
        Record::Retract(RetractFact { subject: _, by, at: _ }) => each(by),
        // Digits reveal nothing.
        Record::Subject(_) | Record::Rotated | Record::Lost(_) | Record::Forget(_) => {}
    }
}

/// Makes an event fit to be written; returns `false`, and leaves nothing of what it says, where that cannot be read.
pub fn event(EventFact { project, identity, root, body }: &mut EventFact) -> bool {
    clean(project, super::project, LIMIT_NAME);
    identity.iter_mut().for_each(|identity| clean(identity, super::project, LIMIT_NAME));
    clean(root, tokens, usize::MAX);
    text_of_event::body(body)
}

fn label(LabelFact { id: _, name: found, version: told, verdict: _, reason, by, at: _ }: &mut LabelFact) {
    name(found);
    version(told);
    each(reason);
    each(by);
}

fn alias(AliasFact { id: _, alias, artifact, reason, by, at: _ }: &mut AliasFact) {
    called(alias);
    if let Some(Version { name: found, version: told }) = artifact {
        name(found);
        version(told);
    }
    each(reason);
    each(by);
}

fn task(TaskFact { task, id, side: _, value, at: _, run: _ }: &mut TaskFact) {
    let said = serde_json::from_str(value.as_str()).unwrap_or_else(|_| Value::from(value.as_str()));
    // As a parameter of that name would be.
    if is_secret(task, &said) {
        REDACTED.clone_into(value.text_mut());
    }
    [task, id, value.text_mut()].into_iter().for_each(called);
}

/// Fails where a name would be recorded as another one, under which nobody finds what is said of it.
///
/// # Errors
/// Why, in words that do not repeat it.
pub fn is_kept(name: &str) -> Result<(), String> {
    if text(name) == name { Ok(()) } else { Err("a secret stands in it, which is not recorded".to_owned()) }
}

/// Makes a profile fit to be written: of a column with a secret name, or beside one, no value is kept.
pub fn profile(profile: &mut Profile) {
    let Profile { format: _, rows: _, is_whole: _, uneven_rows: _, first_uneven: _, columns_left_out: _, columns } =
        profile;
    // Anyone who read the table knew which name stood beside which value; here it may be any.
    let tops = |is_meant: fn(&str) -> bool| {
        let meant = columns.iter().filter(move |column| is_meant(&column.name));
        meant.flat_map(|column| &column.top).map(|top| top.value.as_str())
    };
    let names = |name: &str| {
        let are_given = tops(is_valued).all(|value| is_given(name, value));
        is_secret_name(name) || (are_given && tops(is_valued).next().is_some())
    };
    let is_beside = tops(is_naming).any(names);
    for column in columns {
        if column.is_secret || is_of_secrets(column) || (is_beside && is_valued(&column.name)) {
            column.keep_secret();
        }
        for TopValue { value, count: _ } in &mut column.top {
            clean(value, text, LIMIT_NAME);
        }
        called(&mut column.name);
    }
}

/// Returns whether a number under this name is a secret, as a parameter's whole number is.
fn is_secret_number(name: &str, number: f64) -> bool {
    is_secret(name, &written(number.abs().trunc()).parse().unwrap_or(Value::from(number)))
}

/// Returns whether the values of a column are secrets: by its name, or by its name and what is known of them.
fn is_of_secrets(column: &Column) -> bool {
    let is_number = matches!(column.kind, ColumnType::Integer | ColumnType::Number);
    let is_secret_end = [column.min, column.max].into_iter().flatten().any(|end| is_secret_number(&column.name, end));
    let texts = column.top.iter().map(|top| Value::from(top.value.clone())).filter(|_| !is_number);
    is_secret_name(&column.name) || is_secret_end || texts.into_iter().any(|value| is_secret(&column.name, &value))
}

/// Makes an observation fit to be written: under a secret name no value is kept.
fn observation(found: &mut Observation) {
    let is_one = |top: &TopValue| is_secret(&found.name, &Value::from(top.value.clone()));
    let ends = found.spread.iter().flat_map(|spread| [spread.min, spread.max]);
    let is_number = ends.into_iter().any(|end| is_secret_number(&found.name, end));
    if is_secret_name(&found.name) || is_number || found.top.iter().any(is_one) {
        found.keep_secret();
    }
    let Observation { name, count: _, is_whole: _, missing: _, nans: _, infinite: _, spread: _, top, others: _ } =
        found;
    for TopValue { value, count: _ } in top {
        clean(value, text, LIMIT_NAME);
    }
    called(name);
}

/// Makes a header fit to be written.
pub fn header(header: &mut Header) {
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
    // By these what is recorded is found again, and the settings clean them alike.
    clean(project, super::project, LIMIT_NAME);
    identity.iter_mut().for_each(|identity| clean(identity, super::project, LIMIT_NAME));
    each([host, user, boot, pid_namespace].into_iter().flatten());
    said(writer);
}

fn cleaned_path(path: String) -> String {
    match super::text(&path) {
        Cow::Owned(cleaned) => cleaned,
        Cow::Borrowed(_) => path,
    }
}

fn git(git: &mut Git) {
    let Git { key, commit, branch, tags, dirty: _, remote } = git;
    said(key);
    each(commit);
    remote.iter_mut().for_each(|address| clean(address, super::remote, LIMIT_TEXT));
    each(remote);
    // In a branch a slash begins no partition.
    for branch in branch.iter_mut() {
        let mut parts: Vec<String> = branch.split('/').map(str::to_owned).collect();
        each(&mut parts);
        *branch = parts.join("/");
        said(branch);
    }
    each(tags);
}

fn start(start: &mut Start) {
    let Start { run: _, component, at: _, parent: _, code, git, declared, params, inputs, host, user } = start;
    called(component);
    each([code, git, host, user].into_iter().flatten());
    declared.iter_mut().for_each(declaration);
    let cleaned = std::mem::take(params).into_iter().map(|(mut name, value)| {
        let value = cleaned_param(&name, value);
        called(&mut name);
        (name, value)
    });
    *params = cleaned.collect::<BTreeMap<_, _>>();
    inputs.iter_mut().for_each(read);
}

fn read(read: &mut ReadFact) {
    let ReadFact { n: _, name: found, argument, kind: _, at: _, version: told, size: _ } = read;
    name(found);
    each(argument);
    told.iter_mut().for_each(version);
}

fn write(write: &mut WriteFact) {
    let WriteFact { n: _, name: found, argument, kind: _, at: _, version: told, size: _, mark: _ } = write;
    name(found);
    each(argument);
    told.iter_mut().for_each(version);
}

fn declaration(declared: &mut Declaration) {
    let Declaration { owner, description, tags, stale_after_s: _ } = declared;
    each([owner, description].into_iter().flatten());
    each(tags);
}

/// What a path may hold (`token=1` is a partition) was decided where the name was made.
fn name(name: &mut ArtifactName) {
    let is_uri = name.0.as_bytes().windows(3).any(|part| part == b"://");
    clean(&mut name.0, if is_uri { uri } else { tokens }, LIMIT_NAME);
}

fn version(version: &mut VersionId) {
    match version {
        VersionId::Declared(told) | VersionId::Stat(told) => said(told),
        VersionId::Content(_) | VersionId::Write(_) | VersionId::None => {}
    }
}

fn cleaned_param(name: &str, mut value: Value) -> Value {
    if let Value::String(text) = &mut value {
        cut_before(text, LIMIT_TEXT);
    }
    match param(name, value) {
        Value::String(mut text) => {
            cut(&mut text, LIMIT_TEXT);
            Value::String(text)
        }
        other => other,
    }
}

fn each<'t>(texts: impl IntoIterator<Item = &'t mut String>) {
    texts.into_iter().for_each(said);
}

fn said(words: &mut String) {
    clean(words, text, LIMIT_TEXT);
}

fn called(name: &mut String) {
    clean(name, text, LIMIT_NAME);
}

fn clean(words: &mut String, redacted: fn(&str) -> Cow<'_, str>, limit: usize) {
    cut_before(words, limit);
    if let Cow::Owned(cleaned) = redacted(words) {
        *words = cleaned;
    }
    cut(words, limit);
}

/// Cuts what is far too long before it is looked at. What is left over reaches far enough for a secret that begins before
/// the limit to be known.
fn cut_before(text: &mut String, limit: usize) {
    const BEYOND: usize = 16 << 10;
    cut(text, limit.saturating_add(BEYOND));
}
