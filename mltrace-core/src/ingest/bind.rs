//! The rule that binds a read to the write it saw: content, declaration, time, copy, else a loud *unknown*.
//!
//! The numbers are those of the rules in `docs/design/semantics.md`.

use crate::lineage::{ByName, Near, Nearby};
use crate::model::{Bound, VersionId};
use crate::store::{Candidate, NearRow, ReadRow, Reading, Result, RunKey, VersionRow, WriteKey, Writer};

/// Content below this many bytes is too common to link runs that share it.
pub(super) const TELLING_BYTES: u64 = 64;

/// Content that is known under so many names tells nothing, and is not looked for: or each of them would cost as much as
/// all before it.
pub(super) const COMMON: usize = 1000;

/// So far apart the clocks of two hosts may be: zones that were mistaken, and clocks that nobody sets.
pub(super) const MOST_SKEW_US: i64 = 86_400_000_000;

/// Returns whether a version is a content that two runs do not make by chance.
fn is_telling(version: &VersionRow) -> bool {
    matches!(version.id, VersionId::Content(_)) && version.size.is_none_or(|size| size >= TELLING_BYTES)
}

/// How a read is bound.
pub(super) struct Binding {
    bound: Bound,
    write: Option<WriteKey>,
    like: Option<WriteKey>,
    parts: Vec<WriteKey>,
}

impl Binding {
    /// Returns the read, bound so.
    pub(super) fn of(self, read: ReadRow) -> ReadRow {
        ReadRow { bound: self.bound, write: self.write, like: self.like, parts: self.parts, ..read }
    }

    fn to(bound: Bound, found: Candidate) -> Self {
        Self { bound, write: Some(found.write), like: None, parts: Vec::new() }
    }

    fn unknown(like: Option<WriteKey>) -> Self {
        Self { bound: Bound::UnknownWriter, write: None, like, parts: Vec::new() }
    }

    /// Returns how its name told what was read.
    fn by_name(&self) -> ByName {
        match (self.bound, self.write) {
            (Bound::Content | Bound::Declaration, Some(_)) => ByName::Exactly,
            (Bound::Time, Some(_)) => ByName::ByTime,
            _ => ByName::Not,
        }
    }

    /// Returns it with what else was read.
    fn with(self, parts: Vec<WriteKey>) -> Self {
        let is_told = self.bound == Bound::UnknownWriter && !parts.is_empty();
        let bound = if is_told { Bound::Inside } else { self.bound };
        Self { bound, parts, ..self }
    }
}

/// Binds a stored read again by all that is known now.
pub(super) fn bind_again(writer: &mut dyn Writer, run: RunKey, n: u32) -> Result<()> {
    let Some(read) = writer.read(run, n)? else { return Ok(()) };
    let Binding { bound, write, like, parts } = binding(writer, &read)?;
    if (read.bound, read.write, read.like) != (bound, write, like) {
        writer.bind(run, n, bound, write, like)?;
    }
    if writer.parts(run, n)? != parts {
        writer.put_parts(run, n, &parts)?;
    }
    Ok(())
}

/// Returns how a read is bound by all that is known now: the same facts give the same answer in whatever order they
/// came.
pub(super) fn binding(writer: &mut dyn Writer, read: &ReadRow) -> Result<Binding> {
    let by_name = binding_by_name(writer, read)?;
    let near = writer.near(read.artifact, read.at, Reading { run: read.run, n: read.n })?;
    let each = |rows: Vec<NearRow>| rows.into_iter().map(near_write).collect();
    let nearby = Nearby { members: each(near.members), folders: each(near.folders), own: near.own.map(near_write) };
    // Rule 7.
    let parts = nearby.parts(by_name.by_name());
    Ok(by_name.with(parts))
}

fn near_write(row: NearRow) -> Near<WriteKey> {
    Near { write: row.write, moment: (row.at, row.run_id, row.n) }
}

fn binding_by_name(writer: &mut dyn Writer, read: &ReadRow) -> Result<Binding> {
    let reader = Reading { run: read.run, n: read.n };
    let Some(seen) = read.seen else {
        // Rules 3 and 6: the version last written at or before the read.
        return Ok(match writer.last_write_of_artifact(read.artifact, read.at, reader)? {
            Some(found) => Binding::to(Bound::Time, found),
            None => Binding::unknown(None),
        });
    };
    let version = writer.version_row(seen)?;
    let mut found = writer.last_write_of_version(seen, read.at, reader)?;
    if found.is_none() {
        found = writer.open_write_of_version(seen, read.at, reader)?;
    }
    if found.is_none() && is_telling(&version) {
        let by = read.at.plus_micros(MOST_SKEW_US);
        found = writer.write_by_another_clock(seen, read.at, by, reader)?;
    }
    Ok(match (found, version.id.is_known_content()) {
        // Rule 2.
        (Some(found), false) => Binding::to(Bound::Declaration, found),
        (None, false) => Binding { bound: Bound::Declaration, ..Binding::unknown(None) },
        // Rule 1.
        (Some(found), true) => Binding::to(Bound::Content, found),
        (None, true) if matches!(version.id, VersionId::Content(_)) => {
            let copies = writer.copies(seen, read.at, reader, COMMON)?;
            copy_or_unknown(&copies, &version)
        }
        (None, true) => Binding::unknown(None),
    })
}

/// Rules 4 and 5: a copy of what one run wrote under another name, unless that says too little.
fn copy_or_unknown(copies: &[Candidate], version: &VersionRow) -> Binding {
    let Some(last) = copies.first() else { return Binding::unknown(None) };
    let is_one_run = copies.iter().all(|copy| copy.run == last.run);
    if is_one_run && is_telling(version) { Binding::to(Bound::Copy, *last) } else { Binding::unknown(Some(last.write)) }
}
