//! Which writes near what was read are part of it, by time and by what contents tell: two questions for all reads at once.

use std::collections::BTreeSet;

use crate::lineage::{Member, Near, Nearby, held_another, member, unexplained};
use crate::model::VersionId;
use crate::store::{HeldRows, NearAsked, NearRow, NearRows, Result, WithAsked, WriteKey, Writer};

/// What a write of a content is part of a read for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    /// A file was put back: who wrote these bytes there.
    Member,
    /// Nobody is known to have written what lies there: who wrote the folder when it held that.
    Folder,
    /// The same, unless the member that was asked for just before is found.
    Else,
}

/// Returns what was written near each of these reads, as far as the read can have seen it.
pub(super) fn nearby(writer: &mut dyn Writer, asked: &[NearAsked]) -> Result<Vec<Nearby<WriteKey>>> {
    let rows = writer.near(asked)?;
    let mut wanted = Vec::new();
    let mut found = Vec::with_capacity(rows.len());
    for (place, (asked, rows)) in asked.iter().zip(rows).enumerate() {
        let NearRows { members, folders, own, held } = rows;
        let (members, folders) = match &held {
            Some(held) => {
                let members = seen_members(held, &members, asked, |want, with| wanted.push((place, want, with)));
                (members, seen_folders(held, &folders))
            }
            None => (members.into_iter().map(by_time).collect(), folders.into_iter().map(by_time).collect()),
        };
        found.push(Nearby { members, folders, own: own.map(by_time) });
    }
    if wanted.is_empty() {
        return Ok(found);
    }
    let (wants, asked): (Vec<(usize, Want)>, Vec<WithAsked>) =
        wanted.into_iter().map(|(place, want, with)| ((place, want), with)).unzip();
    let mut is_found = false;
    for ((place, want), earlier) in wants.into_iter().zip(writer.last_with(&asked)?) {
        let earlier = earlier.filter(|_| want != Want::Else || !is_found);
        is_found = earlier.is_some();
        if let (Some(nearby), Some(earlier)) = (found.get_mut(place), earlier) {
            nearby.members.push(by_time(earlier));
        }
    }
    Ok(found)
}

fn by_time(row: NearRow) -> Near<WriteKey> {
    Near { write: row.write, moment: (row.at, row.run_id, row.n), holds: false }
}

/// Returns the last writes of what was still there, and asks `want` for the earlier ones of what was put back, and for those
/// of the folder itself that explain the rest of what lay in it.
fn seen_members(
    held: &HeldRows,
    last: &[NearRow],
    asked: &NearAsked,
    mut want: impl FnMut(Want, WithAsked),
) -> Vec<Near<WriteKey>> {
    let Some(entries) = &held.entries else { return last.iter().copied().map(by_time).collect() };
    let NearAsked { artifact: folder, at, run, n, .. } = *asked;
    let with = |artifact, content: &VersionId, path| WithAsked { artifact, content: content.clone(), path, at, run, n };
    let mut seen = Vec::with_capacity(last.len());
    let mut written: BTreeSet<&str> = BTreeSet::new();
    for (row, made) in last.iter().zip(&held.members) {
        match member(entries, &made.path, made.written.as_ref()) {
            Member::Last => seen.push(by_time(*row)),
            Member::With(content) => {
                want(Want::Member, with(made.artifact, content, None));
                if asked.is_open {
                    want(Want::Else, with(folder, content, Some(made.path.clone())));
                }
            }
            Member::Not => continue,
        }
        written.insert(&made.path);
    }
    for (path, there) in unexplained(entries, &written).filter(|_| asked.is_open) {
        want(Want::Folder, with(folder, there, Some(path.to_owned())));
    }
    seen
}

/// Returns of each folder around what was read the last write that held it, else the last one unless that held something else.
fn seen_folders(held: &HeldRows, last: &[NearRow]) -> Vec<Near<WriteKey>> {
    let seen = last.iter().zip(&held.folders).filter_map(|(row, around)| {
        if let Some(holding) = around.holding {
            return Some(Near { holds: true, ..by_time(holding) });
        }
        let content = held.content.as_ref()?;
        let is_another = around.last.as_ref().is_some_and(|folder| held_another(folder, &around.path, content));
        (!is_another).then(|| by_time(*row))
    });
    seen.collect()
}
