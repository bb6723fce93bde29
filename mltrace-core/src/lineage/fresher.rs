//! What is fresher than a write that somebody read: a later version of the same thing, or the work behind it done again.

use std::hash::Hash;

use foldhash::HashSet;

use super::inside::Moment;
use crate::model::{RunId, Timestamp};

/// The last run that had written another version of something by the time that a run began which read an earlier one: takes
/// writes at or before that time, the latest first, and of one moment in any order.
#[derive(Clone, Copy, Debug)]
pub struct Superseding<R, V> {
    seen: (Timestamp, RunId),
    version: V,
    reader: R,
    found: Option<(Timestamp, RunId)>,
}

impl<R: PartialEq, V: PartialEq> Superseding<R, V> {
    /// Returns what takes the writes of an artifact, of which `reader` saw the one that made this version, as of a moment and
    /// by a run.
    #[must_use]
    pub fn of(seen: (Timestamp, RunId), version: V, reader: R) -> Self {
        Self { seen, version, reader, found: None }
    }

    /// Takes a write; returns whether another one may supersede what was seen.
    pub fn offer(&mut self, run: &R, version: &V, (at, id, _): Moment) -> bool {
        let is_earlier = self.found.is_some_and(|(latest, _)| at < latest) || at < self.seen.0;
        let later = Some((at, id)).max(self.found);
        if !is_earlier && *version != self.version && *run != self.reader && (at, id) > self.seen {
            self.found = later;
        }
        !is_earlier
    }

    /// Returns the run, and when it wrote.
    #[must_use]
    pub fn found(&self) -> Option<(RunId, Timestamp)> {
        self.found.map(|(at, run)| (run, at))
    }
}

/// Returns whether the last write of an artifact is fresher than one that made another version of it.
#[must_use]
pub fn is_fresher<V: PartialEq>((last, made): (Moment, &V), (at, version): (Timestamp, &V)) -> bool {
    made != version && last.0 >= at
}

/// A completed run of the work that another one did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rerun<R> {
    /// The run.
    pub run: R,
    /// Its id.
    pub id: RunId,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
}

/// The last run of some work after one that did it: takes runs at or before a moment, those that ended last first, and of
/// one moment in any order.
#[derive(Clone, Copy, Debug)]
pub struct LastRerun<R> {
    after: (Timestamp, RunId),
    passed_over: Option<R>,
    found: Option<Rerun<R>>,
}

impl<R: Copy + PartialEq> LastRerun<R> {
    /// Returns what takes the runs of some work after the one with this id, which ended then; one of them does not count.
    #[must_use]
    pub fn of(after: (Timestamp, RunId), passed_over: Option<R>) -> Self {
        Self { after, passed_over, found: None }
    }

    /// Takes a run; returns whether another one may be the last.
    pub fn offer(&mut self, run: &Rerun<R>) -> bool {
        let last = self.found.map(|found| (found.ended, found.id));
        let moment = (run.ended, run.id);
        if last.is_some_and(|last| moment.0 < last.0) || moment.0 < self.after.0 {
            return false;
        }
        if Some(run.run) != self.passed_over && moment > self.after && Some(moment) > last {
            self.found = Some(*run);
        }
        true
    }

    /// Returns the last of them.
    #[must_use]
    pub fn found(&self) -> Option<Rerun<R>> {
        self.found
    }
}

/// What a run worked on, as far as it is known, and what it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work<V> {
    /// When it began.
    pub began: Option<Timestamp>,
    /// The versions that it reported to have read, each with whether it had written that itself; `None`: a content that
    /// nobody knows.
    pub read: Vec<(Option<V>, bool)>,
    /// What it made.
    pub made: Vec<V>,
    /// The commit of its code.
    pub commit: Option<String>,
    /// Its code.
    pub code: Option<WorkCode>,
}

/// A function's source, as far as it says whether two runs ran the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkCode {
    /// Its file.
    pub file: Option<String>,
    /// The hash of its text.
    pub hash: Option<String>,
    /// Its line; that of a command is 0: another command is other work.
    pub line: Option<i64>,
}

/// Returns whether a later run, of the same component, input names and parameters, did the work behind a write again: it began
/// after the write, made something else, and is not known to have made it of the same contents by the same code.
#[must_use]
pub fn did_again<V: Eq + Hash>(first: &Work<V>, (at, version): (Timestamp, &V), later: &Work<V>) -> bool {
    let began_later = later.began.is_some_and(|began| began >= at);
    let has_news = || {
        let had_read: HashSet<&V> = first.read.iter().filter_map(|(known, _)| known.as_ref()).collect();
        let is_news = |(read, is_own): &(Option<V>, bool)| {
            !is_own && !read.as_ref().is_some_and(|version| had_read.contains(version))
        };
        later.read.is_empty() || later.read.iter().any(is_news)
    };
    let is_other_commit = || later.commit.is_some() && first.commit.is_some() && later.commit != first.commit;
    began_later && !later.made.contains(version) && (has_news() || is_other_commit() || is_other_code(first, later))
}

fn is_other_code<V>(first: &Work<V>, later: &Work<V>) -> bool {
    let (Some(one), Some(other)) = (&first.code, &later.code) else { return false };
    let is_same_file = one.file.is_some() && one.file == other.file;
    let is_other_text = one.hash.is_some() && other.hash.is_some() && one.hash != other.hash;
    is_same_file && is_other_text && other.line.is_some_and(|line| line > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(run: char) -> RunId {
        RunId(uuid::Uuid::from_u128(u128::from(u32::from(run))))
    }

    /// Takes writes such as `b7x`: run `b` made version `x` at 7. Run `r` read what `a` made at 4, version `v`.
    fn superseded(drawing: &str, expected: Option<(char, i64)>) {
        let mut rule = Superseding::of((Timestamp(4), id('a')), 'v', 'r');
        let offers = drawing.split_whitespace().map(|text| {
            let [run, at, version] = text.chars().collect::<Vec<_>>().try_into().unwrap();
            (run, version, Timestamp(i64::from(at.to_digit(10).unwrap())))
        });
        let _ =
            offers.into_iter().take_while(|(run, version, at)| rule.offer(run, version, (*at, id(*run), 0))).count();
        let expected = expected.map(|(run, at)| (id(run), Timestamp(at)));
        assert_eq!(rule.found(), expected, "{drawing}");
    }

    #[test]
    fn a_later_write_of_another_version_supersedes() {
        superseded("b7x", Some(('b', 7)));
        superseded("b7x c6y", Some(('b', 7)));
        superseded("b7x c7y", Some(('c', 7)));
        superseded("c7y b7x", Some(('c', 7)));
        superseded("b7v", None);
        superseded("b7v c6x", Some(('c', 6)));
        superseded("r7x", None);
        superseded("b3x", None);
        // At the moment of what was read the greater run is the later one.
        superseded("b4x", Some(('b', 4)));
        superseded("Z4x", None);
    }

    #[test]
    fn the_last_write_is_fresher_unless_it_made_the_same_or_is_older() {
        let last = |at, version| is_fresher(((Timestamp(at), id('b'), 0), &version), (Timestamp(4), &'v'));
        assert!(last(5, 'x') && last(4, 'x') && !last(5, 'v') && !last(3, 'x'));
    }

    fn rerun(drawing: &str, expected: Option<char>) {
        let mut rule = LastRerun::of((Timestamp(4), id('b')), Some('r'));
        let runs = drawing.split_whitespace().map(|text| {
            let [run, ended] = text.chars().collect::<Vec<_>>().try_into().unwrap();
            let ended = Timestamp(i64::from(ended.to_digit(10).unwrap()));
            Rerun { run, id: id(run), began: None, ended }
        });
        let _ = runs.into_iter().take_while(|run| rule.offer(run)).count();
        assert_eq!(rule.found().map(|run| run.run), expected, "{drawing}");
    }

    #[test]
    fn the_last_run_of_the_work_is_the_one_that_may_have_done_it_again() {
        rerun("c7 d6", Some('c'));
        rerun("c7 d7", Some('d'));
        rerun("d7 c7", Some('d'));
        rerun("r7 c6", Some('c'));
        rerun("a4", None);
        rerun("c4", Some('c'));
        rerun("c3", None);
    }

    /// Takes what a run read, such as `x y? z!`: content `x`, one that nobody knows, and its own `z`; and what it made.
    fn work(read: &str, made: &str) -> Work<char> {
        let read = read.split_whitespace().map(|text| {
            let version = text.chars().next().filter(|_| !text.ends_with('?'));
            (version, text.ends_with('!'))
        });
        let made = made.chars().collect();
        Work { began: Some(Timestamp(5)), read: read.collect(), made, commit: None, code: None }
    }

    fn again(first: &Work<char>, later: &Work<char>) -> bool {
        did_again(first, (Timestamp(5), &'v'), later)
    }

    #[test]
    fn work_is_done_again_over_other_contents_or_none() {
        assert!(again(&work("x", "v"), &work("y", "w")));
        assert!(again(&work("x", "v"), &work("y?", "w")));
        assert!(again(&work("x", "v"), &work("", "w")));
        assert!(!again(&work("x", "v"), &work("x", "w")), "shards of one file are no news of each other");
        assert!(!again(&work("x", "v"), &work("x y!", "w")), "what it made itself is no news");
        assert!(!again(&work("x", "v"), &work("y", "v")), "it made the same");
        assert!(!again(&work("x", "v"), &Work { began: Some(Timestamp(4)), ..work("y", "w") }), "it began before");
        assert!(!again(&work("x", "v"), &Work { began: None, ..work("y", "w") }));
    }

    #[test]
    fn work_is_done_again_by_other_code() {
        let by = |commit: Option<&str>, hash: &str, line| {
            let code = WorkCode { file: Some("train.rs".to_owned()), hash: Some(hash.to_owned()), line };
            Work { commit: commit.map(str::to_owned), code: Some(code), ..work("x", "w") }
        };
        let first = by(Some("c1"), "h1", Some(7));
        assert!(again(&first, &by(Some("c2"), "h1", Some(7))));
        assert!(again(&first, &by(Some("c1"), "h2", Some(7))));
        assert!(!again(&first, &by(Some("c1"), "h1", Some(9))) && !again(&first, &by(None, "h1", Some(7))));
        assert!(!again(&first, &by(Some("c1"), "h2", Some(0))), "another command is other work");
    }
}
