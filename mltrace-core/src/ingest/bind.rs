//! The rule that binds a read to the write it saw: content, declaration, time, copy, else a loud *unknown*.
//!
//! The numbers are those of the rules in `docs/design/semantics.md`.

use crate::model::{Bound, VersionId};
use crate::store::{Candidate, ReadRow, Reading, Result, RunKey, WriteKey, Writer};

/// Content below this many bytes is too common to link runs that share it.
pub(super) const TELLING_BYTES: u64 = 64;

/// Content that is known under so many names tells nothing, and is not looked for: or each of them would cost as much as
/// all before it.
pub(super) const COMMON: usize = 1000;

/// How a read is bound.
pub(super) struct Binding {
    bound: Bound,
    write: Option<WriteKey>,
    like: Option<WriteKey>,
}

impl Binding {
    /// Returns the read, bound so.
    pub(super) fn of(self, read: ReadRow) -> ReadRow {
        ReadRow { bound: self.bound, write: self.write, like: self.like, ..read }
    }

    fn to(bound: Bound, found: Candidate) -> Self {
        Self { bound, write: Some(found.write), like: None }
    }

    fn unknown(like: Option<WriteKey>) -> Self {
        Self { bound: Bound::UnknownWriter, write: None, like }
    }
}

/// Binds a stored read again by all that is known now.
pub(super) fn bind_again(writer: &mut dyn Writer, run: RunKey, n: u32) -> Result<()> {
    let Some(read) = writer.read(run, n)? else { return Ok(()) };
    let Binding { bound, write, like } = binding(writer, &read)?;
    if (read.bound, read.write, read.like) == (bound, write, like) {
        return Ok(());
    }
    writer.bind(run, n, bound, write, like)
}

/// Returns how a read is bound by all that is known now: the same facts give the same answer in whatever order they
/// came.
pub(super) fn binding(writer: &mut dyn Writer, read: &ReadRow) -> Result<Binding> {
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
    Ok(match (found, version.id.is_known_content()) {
        // Rule 2.
        (Some(found), false) => Binding::to(Bound::Declaration, found),
        (None, false) => Binding { bound: Bound::Declaration, write: None, like: None },
        // Rule 1.
        (Some(found), true) => Binding::to(Bound::Content, found),
        (None, true) if matches!(version.id, VersionId::Content(_)) => {
            let copies = writer.copies(seen, read.at, reader, COMMON)?;
            copy_or_unknown(&copies, version.size)
        }
        (None, true) => Binding::unknown(None),
    })
}

/// Rules 4 and 5: a copy of what one run wrote under another name, unless that says too little.
fn copy_or_unknown(copies: &[Candidate], size: Option<u64>) -> Binding {
    let Some(last) = copies.first() else { return Binding::unknown(None) };
    let is_one_run = copies.iter().all(|copy| copy.run == last.run);
    let is_telling = size.is_none_or(|size| size >= TELLING_BYTES);
    if is_one_run && is_telling { Binding::to(Bound::Copy, *last) } else { Binding::unknown(Some(last.write)) }
}
