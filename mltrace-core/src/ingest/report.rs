//! What a fold did, and what it left; what an import did.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::journal::Journal;
use crate::model::cut;

/// By what name a store counts what was cut or left out, as no import may bring as much.
pub(crate) const BEYOND: &str = "beyond";
/// By what name it counts the events that are dated ahead of the clock.
pub(crate) const AHEAD: &str = "ahead";
/// By what name it counts those that are ahead by so little that they count, and by more than a clock that is set.
pub(crate) const EARLY: &str = "early";

/// How many refused lines are reported one by one, and with how many bytes each: their number is not bounded.
const MOST_ERRORS: usize = 1000;
const LONGEST_ERROR: usize = 1 << 10;

/// What a fold did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoldReport {
    /// How many records were folded.
    pub records: u64,
    /// How many damaged records were put aside.
    pub damaged: u64,
    /// How many records of a newer version were kept for a version that understands them.
    pub unread: u64,
    /// How much of the records was cut or left out, for no import may bring as much.
    pub beyond: u64,
    /// How many runs were found to have died.
    pub died: u64,
    /// How many records were found to be lost, for they could not be written.
    pub lost: u64,
    /// The journals that could not be folded; a later fold takes them up again.
    pub left: Vec<Left>,
    /// How many journals are not folded because git tracks them: somebody else may have written them.
    pub tracked: usize,
}

/// A journal that could not be folded.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Left {
    /// Its first file.
    pub journal: PathBuf,
    /// Why.
    pub reason: String,
}

impl Left {
    pub(super) fn of(journal: &Journal, reason: String) -> Self {
        let file = journal.parts.first().map_or(&journal.lock, |part| &part.path);
        Self { journal: file.clone(), reason }
    }
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// How many lines were read.
    pub lines: u64,
    /// How many of them reported something new.
    pub stored: u64,
    /// How many were known already.
    pub known: u64,
    /// How many were refused.
    pub wrong: u64,
    /// The first thousand lines that were refused: number from 1, and why.
    pub errors: Vec<(u64, String)>,
    /// How many lines were refused because a time in them lies ahead of the clock.
    pub ahead: u64,
    /// How many lines belong to other projects than this one, by project.
    pub elsewhere: BTreeMap<String, u64>,
}

impl ImportReport {
    /// Adds what became of the lines that follow.
    pub fn add(&mut self, next: Self) {
        let errors = next.errors.into_iter().map(|(line, reason)| (line.saturating_add(self.lines), reason));
        self.errors.extend(errors);
        self.errors.truncate(MOST_ERRORS);
        self.lines = self.lines.saturating_add(next.lines);
        self.stored = self.stored.saturating_add(next.stored);
        self.known = self.known.saturating_add(next.known);
        self.wrong = self.wrong.saturating_add(next.wrong);
        self.ahead = self.ahead.saturating_add(next.ahead);
        for (project, count) in next.elsewhere {
            let sum = self.elsewhere.entry(project).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    pub(super) fn refuse(&mut self, line: u64, mut reason: String) {
        self.wrong = self.wrong.saturating_add(1);
        if self.errors.len() < MOST_ERRORS {
            // It may repeat what the line says.
            cut(&mut reason, LONGEST_ERROR);
            self.errors.push((line, reason));
        }
    }
}
