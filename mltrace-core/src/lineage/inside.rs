//! Which writes of a folder, and of what lies in it, are part of what was read.

use crate::model::{RunId, Timestamp};

/// When a write counts, and what is later of one moment: the order of all writes.
pub type Moment = (Timestamp, RunId, u32);

/// A write near what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Near<W> {
    /// The write.
    pub write: W,
    /// When it counts from.
    pub moment: Moment,
    /// Of a folder: whether it is known to have held the very content that was read.
    pub holds: bool,
}

/// What was written near what was read, at or before the read: the last write of each artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nearby<W> {
    /// Of what lies in it.
    pub members: Vec<Near<W>>,
    /// Of the folders around it.
    pub folders: Vec<Near<W>>,
    /// Of itself.
    pub own: Option<Near<W>>,
}

/// How what was read was bound under its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByName {
    /// To a write of the very content or version.
    Exactly,
    /// To the last write, whatever that made.
    ByTime,
    /// To none.
    Not,
}

impl<W: Copy + Ord> Nearby<W> {
    /// Returns the writes that are part of what was read beside the one that it was bound to by name, in order.
    ///
    /// All that lies in a folder is part of it. A folder around what was read is where it came from unless its own name
    /// says better: by its content, or by a later write; one that held what was read goes before one about which nobody knows.
    #[must_use]
    pub fn parts(&self, by_name: ByName) -> Vec<W> {
        let own = self.own.filter(|_| by_name == ByName::ByTime).map(|own| own.moment);
        let is_news = |folder: &&Near<W>| by_name != ByName::Exactly && Some(folder.moment) > own;
        let folder = self.folders.iter().filter(is_news).max_by_key(|folder| (folder.holds, folder.moment));
        let mut parts: Vec<W> = self.members.iter().chain(folder).map(|near| near.write).collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(write: i64, second: i64) -> Near<i64> {
        Near { write, moment: (Timestamp(second), RunId(uuid::Uuid::nil()), 0), holds: false }
    }

    fn check(members: &[i64], folders: &[i64], own: Option<i64>, by_name: ByName, parts: &[i64]) {
        let all = |moments: &[i64]| moments.iter().map(|at| near(*at, *at)).collect();
        let nearby = Nearby { members: all(members), folders: all(folders), own: own.map(|at| near(at, at)) };
        assert_eq!(nearby.parts(by_name), parts, "{nearby:?} {by_name:?}");
    }

    #[test]
    fn all_that_lies_in_a_folder_is_part_of_it() {
        check(&[3, 1, 2], &[], Some(9), ByName::Exactly, &[1, 2, 3]);
        check(&[3, 1, 2], &[], None, ByName::Not, &[1, 2, 3]);
    }

    #[test]
    fn the_last_of_the_folders_around_counts() {
        check(&[], &[4, 6, 5], None, ByName::Not, &[6]);
    }

    #[test]
    fn a_folder_that_held_what_was_read_goes_before_a_later_one() {
        let mut nearby = Nearby { folders: vec![near(4, 4), near(6, 6)], ..Nearby::default() };
        nearby.folders[0].holds = true;
        assert_eq!(nearby.parts(ByName::Not), [4]);
    }

    #[test]
    fn a_folder_tells_nothing_where_the_own_name_tells_the_content() {
        check(&[], &[6], Some(2), ByName::Exactly, &[]);
    }

    #[test]
    fn by_time_the_later_of_the_folder_and_the_own_name_counts() {
        check(&[], &[6], Some(7), ByName::ByTime, &[]);
        check(&[], &[6], Some(5), ByName::ByTime, &[6]);
        // What was written under the name is not what was read.
        check(&[], &[6], Some(7), ByName::Not, &[6]);
    }
}
