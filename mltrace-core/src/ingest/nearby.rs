//! Which writes near what was read are part of it, by time and by what contents show: a few questions for many reads at once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::offered::find_last;
use crate::lineage::{ByName, LastSeen, Member, Moment, Near, Nearby, Reading, held_another, member, unexplained};
use crate::model::{FolderFact, VersionId};
use crate::store::{
    ArtifactKey, Asked, HeldAsked, HeldRows, NearName, NearNames, Of, Result, RunKey, VersionKey, When, WriteKey,
    Writer,
};

/// How many artifacts are looked at at once: a folder may hold a hundred thousand, and be read by each run.
const AT_ONCE: usize = 1 << 16;

/// A read, near which others may have written.
#[derive(Clone, Copy, Debug)]
pub(super) struct NearRead {
    /// The artifact.
    pub(super) artifact: ArtifactKey,
    /// Who read it, and when.
    pub(super) reading: Reading<RunKey>,
    /// The version that it reported to have read.
    pub(super) seen: Option<VersionKey>,
    /// Whether no write of that is known: of a folder it matters then what lay in it, also where nothing was written there.
    pub(super) is_open: bool,
    /// How its name said what was read.
    pub(super) by_name: ByName,
}

impl NearRead {
    fn asks<'a>(&self, of: Of<'a>) -> Asked<'a> {
        Asked { of, when: When::By(self.reading.at), reader: Some(self.reading.run), like: None }
    }
}

/// Returns what was written near each of these reads, as far as the read can have seen it.
pub(super) fn nearby(writer: &mut dyn Writer, reads: &[NearRead]) -> Result<Vec<Nearby<WriteKey>>> {
    let mut places: BTreeMap<ArtifactKey, usize> = BTreeMap::new();
    let mut artifacts = Vec::new();
    for read in reads {
        places.entry(read.artifact).or_insert_with(|| {
            artifacts.push(read.artifact);
            artifacts.len().saturating_sub(1)
        });
    }
    let names = writer.near(&artifacts)?;
    let nowhere = NearNames::default();
    let near = |read: &NearRead| places.get(&read.artifact).and_then(|place| names.get(*place)).unwrap_or(&nowhere);
    let mut found = Vec::with_capacity(reads.len());
    let mut group = Vec::new();
    let mut size = 0_usize;
    for read in reads {
        let names = near(read);
        let own = names.members.len().saturating_add(names.folders.len());
        size = size.saturating_add(own);
        if size > AT_ONCE && !group.is_empty() {
            found.extend(nearby_group(writer, &group)?);
            group.clear();
            size = own;
        }
        group.push((read, names));
    }
    found.extend(nearby_group(writer, &group)?);
    Ok(found)
}

/// The last write of an artifact near what was read.
#[derive(Clone, Copy)]
struct Last<'n> {
    name: &'n NearName,
    write: WriteKey,
    version: VersionKey,
    moment: Moment,
}

impl Last<'_> {
    fn by_time(&self) -> Near<WriteKey> {
        Near { write: self.write, moment: self.moment, holds: false }
    }
}

/// The last writes near what was read, by time.
#[derive(Default)]
struct Around<'n> {
    members: Vec<Last<'n>>,
    folders: Vec<Last<'n>>,
    own: Option<Near<WriteKey>>,
}

fn nearby_group(writer: &mut dyn Writer, reads: &[(&NearRead, &NearNames)]) -> Result<Vec<Nearby<WriteKey>>> {
    let around = last_writes(writer, reads)?;
    let mut found: Vec<Nearby<WriteKey>> = Vec::with_capacity(reads.len());
    let mut asked = Vec::new();
    for (place, ((read, _), around)) in reads.iter().zip(&around).enumerate() {
        let is_near = !around.members.is_empty() || !around.folders.is_empty();
        if let Some(seen) = read.seen.filter(|_| is_near || read.is_open) {
            asked.push((
                place,
                HeldAsked {
                    seen,
                    with_entries: read.by_name != ByName::Exactly || !around.members.is_empty(),
                    members: around.members.iter().map(|last| last.version).collect(),
                    folders: around.folders.iter().map(|last| (last.version, last.name.path.as_str())).collect(),
                },
            ));
        }
        let by_time = |last: &[Last<'_>]| last.iter().map(Last::by_time).collect();
        found.push(Nearby { members: by_time(&around.members), folders: by_time(&around.folders), own: around.own });
    }
    if asked.is_empty() {
        return Ok(found);
    }
    let (places, asked): (Vec<usize>, Vec<HeldAsked<'_>>) = asked.into_iter().unzip();
    let held = writer.held(&asked)?;
    let mut wanted = Vec::new();
    for (place, held) in places.into_iter().zip(&held) {
        let (Some(held), Some((read, _)), Some(around)) = (held, reads.get(place), around.get(place)) else { continue };
        let Some(found) = found.get_mut(place) else { continue };
        let sought = &mut Sought { place, read, wanted: &mut wanted, things: 0 };
        found.members = seen_members(held, around, sought);
        found.folders.clear();
        look_for_folders(held, &around.folders, sought);
    }
    add_earlier(writer, &wanted, &mut found)?;
    Ok(found)
}

/// Returns the last write that each read may have seen of each artifact near it.
fn last_writes<'n>(writer: &mut dyn Writer, reads: &[(&NearRead, &'n NearNames)]) -> Result<Vec<Around<'n>>> {
    let mut asked = Vec::new();
    let mut last = Vec::new();
    for (read, names) in reads {
        // What was written under the name itself only matters beside a folder around it.
        let own = Some(read.artifact).filter(|_| !names.folders.is_empty());
        let near = names.members.iter().chain(&names.folders).map(|name| name.artifact);
        asked.extend(near.chain(own).map(|artifact| read.asks(Of::Artifact(artifact))));
        last.resize_with(asked.len(), || LastSeen::of(read.reading));
    }
    find_last(writer, &asked, &mut last, |candidate| (candidate.write, candidate.version))?;
    let mut last = last.iter().map(|last: &LastSeen<(WriteKey, VersionKey), RunKey>| last.found());
    let each = |(_, names): &(&NearRead, &'n NearNames)| {
        let mut of = |names: &'n [NearName]| -> Vec<Last<'n>> {
            let found = names.iter().zip(&mut last);
            let found = found.filter_map(|(name, last)| {
                last.map(|(moment, (write, version), _)| Last { name, write, version, moment })
            });
            found.collect()
        };
        let (members, folders) = (of(&names.members), of(&names.folders));
        let own = if names.folders.is_empty() { None } else { last.next().flatten() };
        let own = own.map(|(moment, (write, _), _)| Near { write, moment, holds: false });
        Around { members, folders, own }
    };
    Ok(reads.iter().map(each).collect())
}

/// What a write of a content is part of a read for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    /// A file was put back: who wrote these bytes there.
    Member,
    /// Nobody is known to have written what lies there: who wrote the folder, or one around it, when it held that.
    Folder,
    /// What was read lay in a folder around it: who wrote the folder when it held that, else this write of it.
    Around(Option<Near<WriteKey>>),
}

/// An earlier write that is looked for: of an artifact with a content, or of one that held the content at a path.
struct Wanted<'a> {
    place: usize,
    /// Of what lies in one folder, several writes may be that of the same thing.
    thing: usize,
    want: Want,
    read: &'a NearRead,
    artifact: ArtifactKey,
    path: Option<Cow<'a, str>>,
    content: &'a VersionId,
}

impl Wanted<'_> {
    fn asks(&self) -> Asked<'_> {
        self.read.asks(match &self.path {
            Some(path) => Of::Folder(self.artifact, path, Some(self.content)),
            None => Of::Content(self.artifact, self.content),
        })
    }
}

/// What is looked for of one read.
struct Sought<'a, 'w> {
    place: usize,
    read: &'a NearRead,
    wanted: &'w mut Vec<Wanted<'a>>,
    things: usize,
}

impl<'a> Sought<'a, '_> {
    /// Looks for the next thing.
    fn next(&mut self) {
        self.things = self.things.saturating_add(1);
    }

    /// Looks for a write of the thing.
    fn want(&mut self, want: Want, artifact: ArtifactKey, path: Option<Cow<'a, str>>, content: &'a VersionId) {
        let Self { place, read, things: thing, .. } = *self;
        self.wanted.push(Wanted { place, thing, want, read, artifact, path, content });
    }
}

/// Adds the earlier writes that are wanted, where there are any: of what lies in a folder the one of these bytes there, else
/// the last of the folder itself and of those around it.
fn add_earlier(writer: &mut dyn Writer, wanted: &[Wanted<'_>], found: &mut [Nearby<WriteKey>]) -> Result<()> {
    let asked: Vec<Asked<'_>> = wanted.iter().map(Wanted::asks).collect();
    let mut last: Vec<_> = wanted.iter().map(|wanted| LastSeen::of(wanted.read.reading)).collect();
    find_last(writer, &asked, &mut last, |candidate| candidate.write)?;
    let mut last = last.into_iter().map(|last| last.found());
    for thing in wanted.chunk_by(|one, next| (one.place, one.thing) == (next.place, next.thing)) {
        let (mut member, mut folder) = (None, None);
        for (wanted, last) in thing.iter().zip(&mut last) {
            let earlier = last.map(|(moment, write, _)| Near { write, moment, holds: false });
            match wanted.want {
                Want::Member => member = earlier,
                Want::Folder => folder = [folder, earlier].into_iter().flatten().max_by_key(|near| near.moment),
                Want::Around(last) => {
                    let around = earlier.map(|holding| Near { holds: true, ..holding }).or(last);
                    found.get_mut(wanted.place).into_iter().for_each(|nearby| nearby.folders.extend(around));
                }
            }
        }
        let nearby = thing.first().and_then(|wanted| found.get_mut(wanted.place));
        nearby.into_iter().for_each(|nearby| nearby.members.extend(member.or(folder)));
    }
    Ok(())
}

/// Returns the last writes of what was still there, and looks for the earlier ones of what was put back, and for those of the
/// folder itself, or of one around it, that explain the rest of what lay in it.
fn seen_members<'a>(held: &'a HeldRows, around: &Around<'a>, sought: &mut Sought<'a, '_>) -> Vec<Near<WriteKey>> {
    let Some(entries) = &held.entries else { return around.members.iter().map(Last::by_time).collect() };
    let holders = Holders::of(held, around, sought.read);
    let mut seen = Vec::with_capacity(around.members.len());
    let mut written: BTreeSet<&str> = BTreeSet::new();
    for (last, content) in around.members.iter().zip(&held.members) {
        let NearName { artifact, path } = last.name;
        match member(entries, path, content.as_ref()) {
            Member::Last => seen.push(last.by_time()),
            Member::With(content) => {
                sought.next();
                sought.want(Want::Member, *artifact, None, content);
                holders.look_for(path, content, sought);
            }
            Member::Not => continue,
        }
        written.insert(path);
    }
    for (path, there) in unexplained(entries, &written).filter(|_| sought.read.is_open) {
        match holders.last_with(path, there) {
            Some(last) => seen.push(last),
            None => {
                sought.next();
                holders.look_for(path, there, sought);
            }
        }
    }
    seen
}

/// Who may have written what lies in a folder with a folder as a whole: that itself, and those around it.
struct Holders<'a> {
    itself: Option<ArtifactKey>,
    around: Vec<(&'a NearName, Near<WriteKey>, Option<&'a FolderFact>)>,
    /// The place of the one that was written last, if that was one around.
    last: Option<usize>,
}

impl<'a> Holders<'a> {
    /// Returns those of a read of which no write is known, and none else.
    fn of(held: &'a HeldRows, near: &Around<'a>, read: &NearRead) -> Self {
        if !read.is_open {
            return Self { itself: None, around: Vec::new(), last: None };
        }
        let around = near.folders.iter().zip(&held.folders);
        let around: Vec<_> = around.map(|(last, held)| (last.name, last.by_time(), held.as_ref())).collect();
        // Its own writes are known where there is a folder around it.
        let itself = Some(read.artifact).filter(|_| near.own.is_some() || around.is_empty());
        let last = around.iter().enumerate().max_by_key(|(_, (_, near, _))| near.moment);
        let own = near.own.map(|own| own.moment);
        let last = last.filter(|(_, (_, near, _))| Some(near.moment) > own).map(|(place, _)| place);
        Self { itself, around, last }
    }

    /// Returns the last write of any, if it is known to have held this content there: no other can be later.
    fn last_with(&self, path: &str, there: &VersionId) -> Option<Near<WriteKey>> {
        let (name, write, folder) = self.around.get(self.last?)?;
        let held = folder.as_ref()?.entries.get(&inside(name, path))?;
        (held == there).then_some(*write)
    }

    /// Looks for the write of each that held this content there.
    fn look_for(&self, path: &'a str, there: &'a VersionId, sought: &mut Sought<'a, '_>) {
        if let Some(itself) = self.itself {
            sought.want(Want::Folder, itself, Some(Cow::Borrowed(path)), there);
        }
        for (name, ..) in &self.around {
            sought.want(Want::Folder, name.artifact, Some(Cow::Owned(inside(name, path))), there);
        }
    }
}

/// Returns where something that lies in a folder lies in one around it.
fn inside(folder: &NearName, path: &str) -> String {
    format!("{}/{path}", folder.path)
}

/// Looks in each folder around what was read for the last write that held it, else takes the last one unless that held
/// something else.
fn look_for_folders<'a>(held: &'a HeldRows, last: &[Last<'a>], sought: &mut Sought<'a, '_>) {
    for (last, folder) in last.iter().zip(&held.folders) {
        let NearName { artifact, path } = last.name;
        let is_another = |folder| held_another(folder, path, &held.content, held.entries.as_ref());
        let by_time = Some(last.by_time()).filter(|_| !folder.as_ref().is_some_and(is_another));
        sought.next();
        sought.want(Want::Around(by_time), *artifact, Some(Cow::Borrowed(path)), &held.content);
    }
}
