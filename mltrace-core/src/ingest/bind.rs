//! The rule that binds a read to the write it saw: content, declaration, time, copy, else a loud *unknown*.
//!
//! The numbers are those of the rules in `docs/design/semantics.md`.

use crate::model::{Bound, VersionId};
use crate::store::{Candidate, Reading, Result, RunKey, WriteKey, Writer};

/// Content below this many bytes is too common to link runs that share it.
const TELLING_BYTES: u64 = 64;

/// So many copies are looked at before content is taken for common.
const COPIES: usize = 1000;

/// How a read is bound.
struct Binding {
    bound: Bound,
    write: Option<WriteKey>,
    like: Option<WriteKey>,
}

impl Binding {
    fn to(bound: Bound, found: Candidate) -> Self {
        Self { bound, write: Some(found.write), like: None }
    }

    fn unknown(like: Option<WriteKey>) -> Self {
        Self { bound: Bound::UnknownWriter, write: None, like }
    }
}

/// Binds one read by all that is known now; the same facts give the same binding in whatever order they came.
pub(super) fn bind(writer: &mut dyn Writer, run: RunKey, n: u32) -> Result<()> {
    let Some(read) = writer.read(run, n)? else { return Ok(()) };
    let reader = Reading { run, n };
    let binding = match read.seen {
        // Rules 3 and 6: the version last written at or before the read.
        None => match writer.last_write_of_artifact(read.artifact, read.at, reader)? {
            Some(found) => Binding::to(Bound::Time, found),
            None => Binding::unknown(None),
        },
        Some(seen) => {
            let version = writer.version_row(seen)?;
            let is_declared = !version.id.is_known_content();
            let mut found = writer.last_write_of_version(seen, read.at, reader)?;
            if found.is_none() {
                found = writer.open_write_of_version(seen, read.at, reader)?;
            }
            match (found, is_declared) {
                // Rule 2.
                (Some(found), true) => Binding::to(Bound::Declaration, found),
                (None, true) => Binding { bound: Bound::Declaration, write: None, like: None },
                // Rule 1.
                (Some(found), false) => Binding::to(Bound::Content, found),
                (None, false) if matches!(version.id, VersionId::Content(_)) => {
                    let copies = writer.copies(seen, read.at, reader, COPIES)?;
                    copy_or_unknown(&copies, version.size)
                }
                (None, false) => Binding::unknown(None),
            }
        }
    };
    if (read.bound, read.write, read.like) == (binding.bound, binding.write, binding.like) {
        return Ok(());
    }
    writer.bind(run, n, binding.bound, binding.write, binding.like)
}

/// Rules 4 and 5: a copy of what one run wrote under another name, unless that says too little.
fn copy_or_unknown(copies: &[Candidate], size: Option<u64>) -> Binding {
    let Some(last) = copies.first() else { return Binding::unknown(None) };
    let is_one_run = copies.iter().all(|copy| copy.run == last.run);
    let is_telling = size.is_none_or(|size| size >= TELLING_BYTES);
    if is_one_run && is_telling { Binding::to(Bound::Copy, *last) } else { Binding::unknown(Some(last.write)) }
}
