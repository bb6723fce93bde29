//! Which writes near what was read are part of it, by time and by what contents tell: two questions for all reads at once.

use crate::lineage::{Member, Near, Nearby, held_another, member};
use crate::store::{HeldRows, NearAsked, NearRow, NearRows, Result, WithAsked, WriteKey, Writer};

/// Returns what was written near each of these reads, as far as the read can have seen it.
pub(super) fn nearby(writer: &mut dyn Writer, asked: &[NearAsked]) -> Result<Vec<Nearby<WriteKey>>> {
    let rows = writer.near(asked)?;
    let mut wanted = Vec::new();
    let mut found = Vec::with_capacity(rows.len());
    for (place, (asked, rows)) in asked.iter().zip(rows).enumerate() {
        let NearRows { members, folders, own, held } = rows;
        let (members, folders) = match &held {
            Some(held) => {
                let members = seen_members(held, &members, asked, |with| wanted.push((place, with)));
                (members, seen_folders(held, &folders))
            }
            None => (members.into_iter().map(by_time).collect(), folders.into_iter().map(by_time).collect()),
        };
        found.push(Nearby { members, folders, own: own.map(by_time) });
    }
    if wanted.is_empty() {
        return Ok(found);
    }
    let (places, asked): (Vec<usize>, Vec<WithAsked>) = wanted.into_iter().unzip();
    for (place, earlier) in places.into_iter().zip(writer.last_with(&asked)?) {
        if let (Some(nearby), Some(earlier)) = (found.get_mut(place), earlier) {
            nearby.members.push(by_time(earlier));
        }
    }
    Ok(found)
}

fn by_time(row: NearRow) -> Near<WriteKey> {
    Near { write: row.write, moment: (row.at, row.run_id, row.n), holds: false }
}

/// Returns the last writes of what was still there, and asks `want` for the earlier ones of what was put back.
fn seen_members(
    held: &HeldRows,
    last: &[NearRow],
    asked: &NearAsked,
    mut want: impl FnMut(WithAsked),
) -> Vec<Near<WriteKey>> {
    let Some(entries) = &held.entries else { return last.iter().copied().map(by_time).collect() };
    let NearAsked { at, run, n, .. } = *asked;
    let mut seen = Vec::with_capacity(last.len());
    for (row, made) in last.iter().zip(&held.members) {
        match member(entries, &made.path, made.written.as_ref()) {
            Member::Last => seen.push(by_time(*row)),
            Member::With(content) => {
                want(WithAsked { artifact: made.artifact, content: content.clone(), at, run, n });
            }
            Member::Not => {}
        }
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
