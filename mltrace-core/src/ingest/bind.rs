//! The rule that binds a read to the write it saw: content, declaration, time, copy, else a loud *unknown*.
//!
//! The numbers are those of the rules in `docs/design/semantics.md`. Reads are bound many at once: each round asks the store
//! for the writes that all of them may have seen.

use std::collections::{BTreeMap, BTreeSet};

use super::nearby::{NearRead, nearby};
use super::offered::{find_last, offered};
use crate::lineage::{After, ByName, FirstAfter, LastSeen, Moment, Reading, is_older};
use crate::model::{Bound, TELLING_BYTES, VersionId};
use crate::store::{
    Alike, Asked, Edges, Of, ProjectKey, ReadRow, Result, RowsOf, RunKey, VersionKey, VersionRow, When, WriteKey,
    Writer,
};

/// Content that is known under so many names says nothing, and is not looked for: or each of them would cost as much as
/// all before it.
pub(super) const COMMON: usize = 1000;

/// So far apart the clocks of two hosts may be: zones that were mistaken, and clocks that nobody sets.
pub(super) const MOST_SKEW_US: i64 = 86_400_000_000;

/// How many reads are bound at once.
const AT_ONCE: usize = 1 << 12;

/// Returns whether a version is a content that two runs do not make by chance.
fn is_telling(version: &VersionRow) -> bool {
    matches!(version.id, VersionId::Content(_)) && version.size.is_none_or(|size| size >= TELLING_BYTES)
}

/// How a read is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    bound: Bound,
    write: Option<WriteKey>,
    like: Option<WriteKey>,
    parts: Vec<WriteKey>,
    /// Whether it is bound to a later write, by a clock that went otherwise.
    pub(super) is_apart: bool,
}

impl Binding {
    /// Returns the read, bound so.
    pub(super) fn of(self, read: ReadRow) -> ReadRow {
        ReadRow { bound: self.bound, write: self.write, like: self.like, parts: self.parts, ..read }
    }

    /// Returns whether the read is bound so already.
    fn is_of(&self, read: &ReadRow) -> bool {
        (self.bound, self.write, self.like) == (read.bound, read.write, read.like) && self.parts == read.parts
    }

    fn to(bound: Bound, write: WriteKey) -> Self {
        Self { bound, write: Some(write), like: None, parts: Vec::new(), is_apart: false }
    }

    fn unknown(like: Option<WriteKey>) -> Self {
        Self { bound: Bound::UnknownWriter, write: None, like, parts: Vec::new(), is_apart: false }
    }

    /// Returns how its name said what was read.
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

/// Binds stored reads again by all that is known now.
pub(super) fn bind_again(writer: &mut dyn Writer, reads: &BTreeSet<(RunKey, u32)>) -> Result<()> {
    let places: Vec<(RunKey, u32)> = reads.iter().copied().collect();
    for places in places.chunks(AT_ONCE) {
        let (reads, _) = writer.edges(Edges::Reads(places))?;
        let bindings = bindings(writer, &reads)?;
        let changed = reads.into_iter().zip(bindings).filter(|(read, binding)| !binding.is_of(read));
        let changed: Vec<ReadRow> = changed.map(|(read, binding)| binding.of(read)).collect();
        if !changed.is_empty() {
            writer.put_reads(&changed)?;
        }
    }
    Ok(())
}

/// Returns how reads are bound by all that is known now: the same facts give the same answer in whatever order they came.
pub(super) fn bindings<'r>(
    writer: &mut dyn Writer,
    reads: impl IntoIterator<Item = &'r ReadRow>,
) -> Result<Vec<Binding>> {
    let mut unbound = seen(writer, reads)?;
    find_by_name(writer, &mut unbound)?;
    find_after(writer, &mut unbound)?;
    find_of_projects(writer, &mut unbound)?;
    let mut copies = copies(writer, &unbound)?;
    let named = unbound.iter().enumerate();
    let named = named.map(|(place, unbound)| unbound.binding(&copies.remove(&place).unwrap_or_default()));
    let named: Vec<Binding> = named.collect();
    let near_read = |(unbound, by_name): (&Unbound<'_>, &Binding)| NearRead {
        artifact: unbound.read.artifact,
        reading: unbound.reading(),
        seen: unbound.read.seen,
        is_open: by_name.write.is_none(),
        by_name: by_name.by_name(),
    };
    let near = nearby(writer, &unbound.iter().zip(&named).map(near_read).collect::<Vec<_>>())?;
    // Rule 7.
    let with_parts = named.into_iter().zip(near).map(|(by_name, near)| {
        let parts = near.parts(by_name.by_name());
        by_name.with(parts)
    });
    Ok(with_parts.collect())
}

/// A read, and what it saw as far as that is known.
struct Unbound<'r> {
    read: &'r ReadRow,
    /// What it reported of what it saw.
    seen: Option<VersionRow>,
    found: Option<(WriteKey, Option<After>)>,
}

impl Unbound<'_> {
    fn reading(&self) -> Reading<RunKey> {
        Reading { run: self.read.run, at: self.read.at, n: self.read.n }
    }

    fn asks<'a>(&self, of: Of<'a>, when: When, like: Option<VersionKey>) -> Asked<'a> {
        Asked { of, when, reader: Some(self.read.run), like }
    }

    fn binding(&self, copies: &[Copied]) -> Binding {
        let Some(seen) = &self.seen else {
            // Rules 3 and 6: the version last written at or before the read.
            return self.found.map_or_else(|| Binding::unknown(None), |(write, _)| Binding::to(Bound::Time, write));
        };
        match (self.found, seen.id.is_known_content()) {
            // Rule 2.
            (Some((write, _)), false) => Binding::to(Bound::Declaration, write),
            (None, false) => Binding { bound: Bound::Declaration, ..Binding::unknown(None) },
            // Rule 1.
            (Some((write, after)), true) => {
                Binding { is_apart: after == Some(After::ClocksApart), ..Binding::to(Bound::Content, write) }
            }
            (None, true) => copy_or_unknown(copies, seen),
        }
    }
}

/// Returns reads with what they reported of what they saw.
fn seen<'r>(writer: &mut dyn Writer, reads: impl IntoIterator<Item = &'r ReadRow>) -> Result<Vec<Unbound<'r>>> {
    let mut unbound: Vec<Unbound<'r>> =
        reads.into_iter().map(|read| Unbound { read, seen: None, found: None }).collect();
    let versions: Vec<VersionKey> = unbound.iter().filter_map(|unbound| unbound.read.seen).collect();
    let rows = if versions.is_empty() { Vec::new() } else { writer.version_rows(&versions)? };
    let mut rows = rows.into_iter();
    for unbound in unbound.iter_mut().filter(|unbound| unbound.read.seen.is_some()) {
        unbound.seen = rows.next();
    }
    Ok(unbound)
}

/// Rules 1, 2 and 3: the last write at or before the read, of what it saw or of anything under its name.
fn find_by_name(writer: &mut dyn Writer, unbound: &mut [Unbound<'_>]) -> Result<()> {
    let asked = |unbound: &Unbound<'_>| {
        let of = unbound.read.seen.map_or(Of::Artifact(unbound.read.artifact), Of::Version);
        unbound.asks(of, When::By(unbound.read.at), None)
    };
    let asked: Vec<Asked<'_>> = unbound.iter().map(asked).collect();
    let mut last: Vec<_> = unbound.iter().map(|unbound| LastSeen::of(unbound.reading())).collect();
    find_last(writer, &asked, &mut last, |candidate| candidate.write)?;
    for (unbound, last) in unbound.iter_mut().zip(last) {
        unbound.found = last.found().map(|(_, write, _)| (write, None));
    }
    Ok(())
}

/// Rules 1 and 3 for `project::name`: the last write, at or before the read, of that name of another project.
fn find_of_projects(writer: &mut dyn Writer, unbound: &mut [Unbound<'_>]) -> Result<()> {
    let is_open = |unbound: &&mut Unbound<'_>| {
        let is_known = unbound.seen.as_ref().is_none_or(|seen| matches!(seen.id, VersionId::Content(_)));
        unbound.found.is_none() && is_known
    };
    let mut open: Vec<&mut Unbound<'_>> = unbound.iter_mut().filter(is_open).collect();
    if open.is_empty() {
        return Ok(());
    }
    let artifacts: Vec<_> = open.iter().map(|unbound| unbound.read.artifact).collect();
    let meant = writer.of_projects(&artifacts)?;
    let mut named: Vec<_> =
        open.iter_mut().zip(meant).filter_map(|(unbound, artifact)| Some((&mut **unbound, artifact?))).collect();
    let mut last: Vec<_> = named.iter().map(|(unbound, _)| LastSeen::of(unbound.reading())).collect();
    let contents: Vec<Option<VersionId>> =
        named.iter().map(|(unbound, _)| unbound.seen.as_ref().map(|seen| seen.id.clone())).collect();
    let asked: Vec<Asked<'_>> = named
        .iter()
        .zip(&contents)
        .map(|((unbound, artifact), content)| {
            let of = content.as_ref().map_or(Of::Artifact(*artifact), |content| Of::Content(*artifact, content));
            unbound.asks(of, When::By(unbound.read.at), None)
        })
        .collect();
    find_last(writer, &asked, &mut last, |candidate| candidate.write)?;
    for ((unbound, _), last) in named.iter_mut().zip(last) {
        unbound.found = last.found().map(|(_, write, _)| (write, None));
    }
    Ok(())
}

/// Rule 1: the first write of the content after the read, by a run that was under way or whose clock went otherwise.
fn find_after(writer: &mut dyn Writer, unbound: &mut [Unbound<'_>]) -> Result<()> {
    let mut open: Vec<_> = unbound
        .iter_mut()
        .filter(|unbound| unbound.found.is_none())
        .filter_map(|unbound| {
            let (seen, at) = (unbound.seen.as_ref()?, unbound.read.at);
            let by = if is_telling(seen) { at.plus_micros(MOST_SKEW_US) } else { at };
            let asked = unbound.asks(Of::Version(seen.key), When::After { at, by }, Some(seen.key));
            Some((asked, FirstAfter::of(unbound.reading(), by), unbound))
        })
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let asked: Vec<Asked<'_>> = open.iter().map(|(asked, ..)| *asked).collect();
    writer.candidates(&asked, &mut |place, candidate| {
        open.get_mut(place).is_some_and(|(_, first, _)| first.offer(&offered(&candidate)))
    })?;
    for (_, first, unbound) in &mut open {
        unbound.found = first.found().map(|(write, after)| (write, Some(after)));
    }
    Ok(())
}

/// A write of the same bytes under another name, from which a read may have come.
struct Copied {
    moment: Moment,
    name: String,
    write: WriteKey,
    run: RunKey,
}

/// Rule 4: for each other name that had the same content before anybody read it here, its last write of it by a run that
/// had not read it here; latest first, by the place of the read.
fn copies(writer: &mut dyn Writer, unbound: &[Unbound<'_>]) -> Result<BTreeMap<usize, Vec<Copied>>> {
    let is_open = |unbound: &Unbound<'_>| {
        unbound.found.is_none() && matches!(&unbound.seen, Some(seen) if matches!(seen.id, VersionId::Content(_)))
    };
    let open: Vec<(usize, &Unbound<'_>)> = unbound.iter().enumerate().filter(|(_, unbound)| is_open(unbound)).collect();
    if open.is_empty() {
        return Ok(BTreeMap::new());
    }
    let versions: Vec<VersionKey> = open.iter().filter_map(|(_, unbound)| unbound.read.seen).collect();
    let mut asked = Vec::new();
    let mut last = Vec::new();
    for ((place, unbound), Alike { first_seen, others }) in open.into_iter().zip(writer.alike(&versions)?) {
        let at = unbound.read.at;
        for (version, _, name) in others.into_iter().filter(|(_, written, _)| is_older(*written, first_seen, at)) {
            asked.push(unbound.asks(Of::Version(version), When::By(at), unbound.read.seen));
            last.push((place, name, LastSeen::of(unbound.reading())));
        }
    }
    find_last(writer, &asked, last.iter_mut().map(|(.., last)| last), |candidate| candidate.write)?;
    let mut copies: BTreeMap<usize, Vec<Copied>> = BTreeMap::new();
    for (place, name, last) in last {
        let copy = last.found().map(|(moment, write, run)| Copied { moment, name, write, run });
        copies.entry(place).or_default().extend(copy);
    }
    keep_own(writer, unbound, &mut copies)?;
    // What one run wrote at once under several names is reported by the first of these.
    let order = |a: &Copied, b: &Copied| (b.moment.0, b.moment.1).cmp(&(a.moment.0, a.moment.1));
    copies.values_mut().for_each(|copies| copies.sort_by(|a, b| order(a, b).then_with(|| a.name.cmp(&b.name))));
    Ok(copies)
}

/// Keeps of what several runs wrote that of the reader's project, if there is any: other projects only explain what nobody
/// wrote in this one.
fn keep_own(writer: &mut dyn Writer, unbound: &[Unbound<'_>], copies: &mut BTreeMap<usize, Vec<Copied>>) -> Result<()> {
    let of_several =
        |copies: &[Copied]| copies.iter().zip(copies.iter().skip(1)).any(|(one, next)| one.run != next.run);
    let mut runs: BTreeSet<RunKey> = BTreeSet::new();
    for (place, copies) in copies.iter().filter(|(_, copies)| of_several(copies)) {
        runs.extend(unbound.get(*place).map(|unbound| unbound.read.run));
        runs.extend(copies.iter().map(|copy| copy.run));
    }
    if runs.is_empty() {
        return Ok(());
    }
    let runs: Vec<RunKey> = runs.into_iter().collect();
    let rows = writer.run_rows(RowsOf::Keys(&runs))?;
    let projects: BTreeMap<RunKey, ProjectKey> = rows.into_iter().map(|(run, row)| (run, row.project)).collect();
    for (place, copies) in copies.iter_mut().filter(|(_, copies)| of_several(copies)) {
        let own = unbound.get(*place).and_then(|unbound| projects.get(&unbound.read.run));
        let is_own = |copy: &Copied| projects.get(&copy.run) == own;
        if copies.iter().any(is_own) {
            copies.retain(is_own);
        }
    }
    Ok(())
}

/// Rules 4 and 5: a copy of what one run wrote under another name, unless that says too little.
fn copy_or_unknown(copies: &[Copied], version: &VersionRow) -> Binding {
    let Some(last) = copies.first() else { return Binding::unknown(None) };
    let is_one_run = copies.iter().all(|copy| copy.run == last.run);
    match is_one_run && is_telling(version) {
        true => Binding::to(Bound::Copy, last.write),
        false => Binding::unknown(Some(last.write)),
    }
}
