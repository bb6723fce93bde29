//! Which writes near what was read are part of it, by time and by what contents show: a few questions for many reads at once.

use std::collections::{BTreeMap, BTreeSet};

use super::offered::find_last;
use crate::lineage::{LastSeen, Member, Moment, Near, Nearby, Reading, held_another, member, unexplained};
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
                    with_entries: read.is_open || !around.members.is_empty(),
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
        let mut want = |want, of| wanted.push(Wanted { place, want, asked: read.asks(of), reading: read.reading });
        found.members = seen_members(held, &around.members, read, &mut want);
        found.folders.clear();
        look_for_folders(held, &around.folders, want);
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
    /// Nobody is known to have written what lies there: who wrote the folder when it held that.
    Folder,
    /// The same, unless the member that was asked for just before is found.
    Else,
    /// What was read lay in a folder around it: who wrote the folder when it held that, else this write of it.
    Around(Option<Near<WriteKey>>),
}

/// An earlier write that is looked for.
struct Wanted<'a> {
    place: usize,
    want: Want,
    asked: Asked<'a>,
    reading: Reading<RunKey>,
}

/// Adds the earlier writes that are wanted, where there are any.
fn add_earlier(writer: &mut dyn Writer, wanted: &[Wanted<'_>], found: &mut [Nearby<WriteKey>]) -> Result<()> {
    let asked: Vec<Asked<'_>> = wanted.iter().map(|wanted| wanted.asked).collect();
    let mut last: Vec<_> = wanted.iter().map(|wanted| LastSeen::of(wanted.reading)).collect();
    find_last(writer, &asked, &mut last, |candidate| candidate.write)?;
    let mut is_found = false;
    for (Wanted { place, want, .. }, last) in wanted.iter().zip(last) {
        let earlier = last.found().map(|(moment, write, _)| Near { write, moment, holds: false });
        let earlier = earlier.filter(|_| *want != Want::Else || !is_found);
        is_found = earlier.is_some();
        let Some(nearby) = found.get_mut(*place) else { continue };
        match want {
            Want::Around(last) => {
                nearby.folders.extend(earlier.map(|holding| Near { holds: true, ..holding }).or(*last));
            }
            Want::Member | Want::Folder | Want::Else => nearby.members.extend(earlier),
        }
    }
    Ok(())
}

/// Returns the last writes of what was still there, and asks `want` for the earlier ones of what was put back, and for those
/// of the folder itself that explain the rest of what lay in it.
fn seen_members<'a>(
    held: &'a HeldRows,
    last: &[Last<'a>],
    read: &NearRead,
    want: &mut impl FnMut(Want, Of<'a>),
) -> Vec<Near<WriteKey>> {
    let Some(entries) = &held.entries else { return last.iter().map(Last::by_time).collect() };
    let mut seen = Vec::with_capacity(last.len());
    let mut written: BTreeSet<&str> = BTreeSet::new();
    for (last, content) in last.iter().zip(&held.members) {
        let NearName { artifact, path } = last.name;
        match member(entries, path, content.as_ref()) {
            Member::Last => seen.push(last.by_time()),
            Member::With(content) => {
                want(Want::Member, Of::Content(*artifact, content));
                if read.is_open {
                    want(Want::Else, Of::Folder(read.artifact, path, Some(content)));
                }
            }
            Member::Not => continue,
        }
        written.insert(path);
    }
    for (path, there) in unexplained(entries, &written).filter(|_| read.is_open) {
        want(Want::Folder, Of::Folder(read.artifact, path, Some(there)));
    }
    seen
}

/// Asks `want` of each folder around what was read for the last write that held it, else the last one unless that held
/// something else.
fn look_for_folders<'a>(held: &'a HeldRows, last: &[Last<'a>], mut want: impl FnMut(Want, Of<'a>)) {
    for (last, folder) in last.iter().zip(&held.folders) {
        let NearName { artifact, path } = last.name;
        let is_another = folder.as_ref().is_some_and(|folder| held_another(folder, path, &held.content));
        let by_time = Some(last.by_time()).filter(|_| !is_another);
        want(Want::Around(by_time), Of::Folder(*artifact, path, Some(&held.content)));
    }
}
