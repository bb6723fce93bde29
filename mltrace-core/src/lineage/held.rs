//! What the content of a folder says of what was read of it, or in it.

use std::collections::BTreeSet;

use crate::model::{FolderFact, VersionId};

/// Which write of something in a folder a read of that folder saw, whose content is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member<'f> {
    /// The last one.
    Last,
    /// The last one with this content: what was written later is not there.
    With(&'f VersionId),
    /// None: it was not there.
    Not,
}

/// Returns which write of what lies at `path` was there, in a folder in which this lies, where `written` was written there
/// last. What nobody reported is seen by time.
#[must_use]
pub fn member<'f>(folder: &'f FolderFact, path: &str, written: Option<&VersionId>) -> Member<'f> {
    match (folder.entries.get(path), written) {
        (Some(there), Some(written)) if there != written => Member::With(there),
        (Some(_), _) => Member::Last,
        (None, _) if !folder.is_whole || holds_folder(folder, path) => Member::Last,
        (None, _) => Member::Not,
    }
}

/// Returns whether a folder whose entries are known cannot be where a content was read at `path`: it held another one
/// there, or nothing. What it held of a folder whose own entries are known as well, these tell one by one.
#[must_use]
pub fn held_another(folder: &FolderFact, path: &str, content: &VersionId, read: Option<&FolderFact>) -> bool {
    match folder.entries.get(path) {
        Some(there) => there != content,
        None => folder.is_whole && (!holds_folder(folder, path) || read.is_some_and(|read| read.is_whole)),
    }
}

/// Returns what lies in `folder` at none of these paths, and in no folder at one of them: what was written there explains
/// nothing of it.
pub fn unexplained<'f>(
    folder: &'f FolderFact,
    written: &BTreeSet<&str>,
) -> impl Iterator<Item = (&'f str, &'f VersionId)> {
    let is_written = |path: &str| {
        let around = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        around.chain([path]).any(|path| written.contains(path))
    };
    folder.entries.iter().filter(move |(path, _)| !is_written(path)).map(|(path, there)| (path.as_str(), there))
}

/// Returns whether what lies at `path` is a folder with something in it.
fn holds_folder(folder: &FolderFact, path: &str) -> bool {
    let inside = format!("{path}/");
    folder.entries.range(inside.clone()..).next().is_some_and(|(entry, _)| entry.starts_with(&inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(letter: u8) -> VersionId {
        VersionId::Content([letter; 32])
    }

    fn folder(entries: &[(&str, u8)], is_whole: bool) -> FolderFact {
        let entries = entries.iter().map(|(path, letter)| ((*path).to_owned(), content(*letter)));
        FolderFact { version: content(0), entries: entries.collect(), is_whole }
    }

    #[test]
    fn what_lies_in_a_folder_was_written_with_the_bytes_that_lie_there() {
        let whole = folder(&[("a", 1), ("d/b", 2)], true);
        assert_eq!(member(&whole, "a", Some(&content(1))), Member::Last);
        assert_eq!(member(&whole, "a", Some(&content(9))), Member::With(&content(1)));
        assert_eq!(member(&whole, "a", None), Member::Last, "nobody knows what was written");
        assert_eq!(member(&whole, "d", None), Member::Last, "a folder in it has something in it");
        assert_eq!(member(&whole, "removed", Some(&content(1))), Member::Not);
        assert_eq!(member(&whole, "d/", None), Member::Not);
        let part = folder(&[("a", 1)], false);
        assert_eq!(member(&part, "other", Some(&content(1))), Member::Last, "not all of it was told");
    }

    #[test]
    fn what_lies_beside_what_was_written_is_not_explained() {
        let whole = folder(&[("a", 1), ("d/b", 2), ("d/e/c", 3), ("da", 4)], true);
        let left = |written: &[&str]| {
            let written = written.iter().copied().collect();
            unexplained(&whole, &written).map(|(path, _)| path).collect::<Vec<_>>()
        };
        assert_eq!(left(&[]), ["a", "d/b", "d/e/c", "da"]);
        assert_eq!(left(&["a", "d"]), ["da"]);
        assert_eq!(left(&["d/e", "d/b/none"]), ["a", "d/b", "da"]);
    }

    #[test]
    fn a_folder_that_held_something_else_is_no_origin() {
        let whole = folder(&[("a", 1)], true);
        assert!(!held_another(&whole, "a", &content(1), None));
        assert!(held_another(&whole, "a", &content(2), None) && held_another(&whole, "b", &content(1), None));
        assert!(!held_another(&folder(&[("a", 1)], false), "b", &content(1), None), "not all of it was told");
    }

    #[test]
    fn a_folder_that_held_a_folder_may_be_its_origin_unless_the_entries_of_both_tell() {
        let around = folder(&[("d/a", 1)], true);
        let read = |is_whole| folder(&[("a", 2)], is_whole);
        assert!(!held_another(&around, "d", &content(9), None), "nobody knows what lay in what was read");
        assert!(!held_another(&around, "d", &content(9), Some(&read(false))), "not all of it was told");
        assert!(held_another(&around, "d", &content(9), Some(&read(true))));
        assert!(held_another(&around, "e", &content(9), None), "there was no such folder");
    }
}
