//! Journals are folded in rounds: one transaction takes all that short ones hold, or some MiB of a long one.

use super::apply::Applier;
use super::piece::{Step, fold_piece, is_folded, is_rotated, last_of};
use super::report::FoldReport;
use crate::config::Home;
use crate::folder::Folder;
use crate::host::Host;
use crate::journal::{Journal, Part};
use crate::model::Header;
use crate::store::{Said, Store, StoreError};

/// A round ends once it has read so many bytes; others wait for the store meanwhile.
const ROUND: u64 = 2 << 20;

/// A journal that is being folded.
pub(super) struct Open<'j> {
    pub(super) journal: &'j Journal,
    pub(super) header: Header,
    /// Whether its process is gone.
    is_over: bool,
    /// What is still to be folded, the last first.
    ahead: Vec<&'j Part>,
    /// What is folded and will not grow.
    finished: Vec<&'j Part>,
    /// Whether the runs that its process left open are closed.
    is_buried: bool,
}

impl<'j> Open<'j> {
    /// Opens the journal of any process.
    pub(super) fn seen(home: &Home, store: &mut dyn Store, journal: &'j Journal, here: &Host) -> Self {
        let header = journal.header(&home.project);
        // Asked before the reading: what a process wrote before it went is then all there.
        let is_over = journal.is_over(&header, here);
        Self::new(store, journal, header, is_over)
    }

    /// Opens the journal of a process that is alive.
    pub(super) fn alive(home: &Home, store: &mut dyn Store, journal: &'j Journal) -> Self {
        Self::new(store, journal, journal.header(&home.project), false)
    }

    fn new(store: &mut dyn Store, journal: &'j Journal, header: Header, is_over: bool) -> Self {
        let (mut ahead, mut finished) = (Vec::new(), Vec::new());
        for part in &journal.parts {
            if is_over || !is_folded(store, part) {
                ahead.push(part);
            } else if is_rotated(&part.path) {
                finished.push(part);
            }
        }
        ahead.reverse();
        Self { journal, header, is_over, ahead, finished, is_buried: false }
    }

    fn is_done(&self) -> bool {
        self.ahead.is_empty() && (self.is_buried || !self.is_over)
    }

    /// Goes on behind the part that was folded to its end.
    fn pass(&mut self, is_finished: bool) {
        let passed = self.ahead.pop();
        self.finished.extend(passed.filter(|_| is_finished));
    }
}

/// Folds journals to their ends and removes what is committed and will not grow.
pub(super) fn fold_open(
    home: &Home,
    store: &mut dyn Store,
    open: &mut [Open<'_>],
    report: &mut FoldReport,
) -> Result<(), StoreError> {
    while open.iter().any(|open| !open.is_done()) {
        let mut round = Round::default();
        store.write(&mut |writer| {
            round = Round::default();
            let mut room = ROUND;
            for (at, open) in open.iter().enumerate().filter(|(_, open)| !open.is_done()) {
                for part in open.ahead.iter().rev() {
                    loop {
                        if room == 0 {
                            return Ok(());
                        }
                        let step = fold_piece(home, writer, &open.header, part, open.is_over)?;
                        room = room.saturating_sub(step.bytes);
                        if round.add(at, &step, open.is_over) {
                            break;
                        }
                    }
                }
                if open.is_over {
                    round.folded.died = round.folded.died.saturating_add(Applier::bury(writer, &open.header)?);
                    round.buried.push(at);
                }
            }
            Ok(())
        })?;
        round.settle(open, report);
    }
    unlink(home, store, open)
}

/// What one transaction did.
#[derive(Default)]
struct Round {
    folded: FoldReport,
    /// The journals of which a part was folded to its end, by their places, and whether it will not grow.
    passed: Vec<(usize, bool)>,
    buried: Vec<usize>,
}

impl Round {
    /// Adds what became of a piece; returns whether its part is at its end.
    fn add(&mut self, at: usize, step: &Step, is_over: bool) -> bool {
        let folded = &mut self.folded;
        folded.records = folded.records.saturating_add(step.records);
        folded.damaged = folded.damaged.saturating_add(step.damaged);
        folded.unread = folded.unread.saturating_add(step.unread);
        folded.beyond = folded.beyond.saturating_add(step.beyond);
        if step.is_end {
            self.passed.push((at, is_over || step.is_rotated));
        }
        step.is_end
    }

    /// Says what was done, once it is committed.
    fn settle(self, open: &mut [Open<'_>], report: &mut FoldReport) {
        report.records = report.records.saturating_add(self.folded.records);
        report.damaged = report.damaged.saturating_add(self.folded.damaged);
        report.unread = report.unread.saturating_add(self.folded.unread);
        report.beyond = report.beyond.saturating_add(self.folded.beyond);
        report.died = report.died.saturating_add(self.folded.died);
        for (at, is_finished) in self.passed {
            open.get_mut(at).into_iter().for_each(|open| open.pass(is_finished));
        }
        for at in self.buried {
            open.get_mut(at).into_iter().for_each(|open| open.is_buried = true);
        }
    }
}

/// Removes parts that are committed whole, and with the last part of a process that is gone its lock.
fn unlink(home: &Home, store: &mut dyn Store, open: &[Open<'_>]) -> Result<(), StoreError> {
    let is_due = |open: &Open<'_>| !open.finished.is_empty() || (open.is_over && open.journal.parts.is_empty());
    if !open.iter().any(is_due) {
        return Ok(());
    }
    let Ok(folder) = Folder::inside(&home.journal()) else { return Ok(()) };
    for open in open.iter().filter(|open| is_due(open)) {
        let removed = open.finished.iter().filter(|part| folder.remove(&part.name).is_ok()).count();
        if open.is_over && removed == open.journal.parts.len() {
            let _ = open.journal.lock.file_name().map(|lock| folder.remove(lock));
        }
    }
    // Without this sync, a file that comes back after a power loss is folded again, which changes nothing.
    let _ = folder.sync();
    let finished = open.iter().flat_map(|open| &open.finished);
    let gone: Vec<_> =
        finished.filter(|part| !folder.holds(&part.name)).map(|part| (&part.name, last_of(&part.name))).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let forgotten: Vec<_> =
        gone.iter().flat_map(|(name, last)| [Said::Offset(last, None), Said::Offset(name, None)]).collect();
    store.write(&mut |writer| writer.say(&forgotten))
}
