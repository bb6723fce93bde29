//! Patterns that the shell left as they are: `data/*.csv`, `out/**/part-?.parquet`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// So many files are found, and so many names looked at, at most: a pattern over a whole disk is a slip.
const MOST: usize = 100_000;
const MOST_NAMES: usize = 200_000;

/// What a pattern means.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expansion {
    /// The files and folders, sorted.
    pub(crate) paths: Vec<PathBuf>,
    /// Whether it means more than may be found, or looked at.
    pub(crate) is_cut: bool,
    /// How many names were looked at.
    names: usize,
}

/// Returns whether a text is a pattern over files and no name: nothing is called so, and it holds a `*`, or a `?` or `[…]`
/// within a path.
pub(crate) fn is_pattern(text: &str) -> bool {
    let is_one = text.contains('*') || (text.contains(std::path::is_separator) && text.contains(['?', '[']));
    is_one && !mltrace_core::naming::is_uri(text) && Path::new(text).symlink_metadata().is_err()
}

/// Returns the files and folders that a pattern means. Names that begin with a dot are meant only by those that do.
pub(crate) fn expand(pattern: &str) -> Expansion {
    let mut found = Expansion::default();
    let root = if pattern.starts_with('/') { PathBuf::from("/") } else { PathBuf::new() };
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    walk(&root, &parts, &mut found);
    found.paths.sort();
    found.paths.dedup();
    found
}

fn walk(folder: &Path, parts: &[&str], found: &mut Expansion) {
    if found.paths.len() >= MOST || found.names >= MOST_NAMES {
        found.is_cut = true;
        return;
    }
    let Some((part, rest)) = parts.split_first() else {
        found.paths.push(folder.to_owned());
        return;
    };
    if *part == "**" {
        if !rest.is_empty() {
            walk(folder, rest, found);
        }
        for inner in inside(folder, found).into_iter().filter(|inner| matches("*", inner)) {
            let path = folder.join(&inner);
            // A link may lead back.
            if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
                walk(&path, parts, found);
            } else if rest.is_empty() {
                found.paths.push(path);
            }
        }
        return;
    }
    if !part.contains(['*', '?', '[']) {
        let path = folder.join(part);
        if path.symlink_metadata().is_ok() {
            walk(&path, rest, found);
        }
        return;
    }
    for inner in inside(folder, found).into_iter().filter(|inner| matches(part, inner)) {
        let path = folder.join(&inner);
        if rest.is_empty() || path.is_dir() {
            walk(&path, rest, found);
        }
    }
}

fn inside(folder: &Path, found: &mut Expansion) -> Vec<std::ffi::OsString> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names.take(MOST_NAMES).collect();
    found.is_cut |= names.len() >= MOST_NAMES;
    found.names += names.len();
    names.sort();
    names
}

/// Returns whether a pattern means a name.
fn matches(pattern: &str, name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Where the last `*` stands, and what of the name it had taken.
    let mut last: Option<(usize, usize)> = None;
    let (mut at, mut place) = (0, 0);
    while place < name.len() {
        let class = class(pattern.get(at..).unwrap_or_default(), name[place]);
        let after = match (pattern.get(at), class) {
            (Some('*'), _) => {
                last = Some((at, place));
                at += 1;
                continue;
            }
            (Some('?'), _) => Some(1),
            (Some('['), Some((is_in, after))) => is_in.then_some(after),
            (Some(letter), _) => (*letter == name[place]).then_some(1),
            (None, _) => None,
        };
        if let Some(after) = after {
            (at, place) = (at + after, place + 1);
            continue;
        }
        let Some((star, taken)) = last else { return false };
        last = Some((star, taken + 1));
        (at, place) = (star + 1, taken + 1);
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

/// Returns whether a letter is one of those that `[…]` at the start of a pattern means, and how long that is; `None` when it
/// has no end and stands for itself.
fn class(pattern: &[char], letter: char) -> Option<(bool, usize)> {
    if pattern.first() != Some(&'[') {
        return None;
    }
    let is_not = matches!(pattern.get(1), Some('!' | '^'));
    let begin = if is_not { 2 } else { 1 };
    // A `]` that comes first is one of them.
    let end = begin + 1 + pattern.get(begin + 1..)?.iter().position(|letter| *letter == ']')?;
    let mut inner = &pattern[begin..end];
    let mut is_in = false;
    while let Some(first) = inner.first() {
        if let [from, '-', to, ..] = inner {
            is_in |= (*from..=*to).contains(&letter);
            inner = &inner[3..];
        } else {
            is_in |= *first == letter;
            inner = &inner[1..];
        }
    }
    Some((is_in != is_not, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_names() {
        for (pattern, name, is_meant) in [
            ("*", "a", true),
            ("*", ".a", false),
            (".*", ".a", true),
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?", "ü", true),
            ("??", "a", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]x", "]x", true),
            ("[a", "[a", true),
            ("[a]", "[", false),
            ("part-[0-9][0-9]", "part-17", true),
            ("part-[0-9][0-9]", "part-1a", false),
            ("*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, OsStr::new(name)), is_meant, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_finds_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a/x.csv", "a/b/y.csv", "a/b/.z.csv", "c.txt"] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "").unwrap();
        }
        for (pattern, expected) in [
            ("*", vec!["a", "c.txt"]),
            ("a/*.csv", vec!["a/x.csv"]),
            ("*/*.csv", vec!["a/x.csv"]),
            ("**/*.csv", vec!["a/b/y.csv", "a/x.csv"]),
            ("a/**", vec!["a/b/y.csv", "a/x.csv"]),
            ("a//b/y.[ct]sv", vec!["a/b/y.csv"]),
            ("n*", vec![]),
            ("c.txt/*", vec![]),
        ] {
            let found = expand(&format!("{}/{pattern}", folder.path().display()));
            let expected: Vec<PathBuf> = expected.into_iter().map(at).collect();
            assert_eq!((found.paths, found.is_cut), (expected, false), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_means_too_much_says_so() {
        let mut found = Expansion { names: MOST_NAMES, ..Expansion::default() };
        walk(Path::new("."), &["*"], &mut found);
        assert!(found.is_cut && found.paths.is_empty(), "{found:?}");
    }

    #[test]
    fn an_address_and_a_name_are_no_patterns() {
        for (text, is_one) in [
            ("*.csv", true),
            ("out/part-?", true),
            ("out/[ab]", true),
            ("what?", false),
            ("x[0]", false),
            ("s3://b/*.csv", false),
            ("https://h/a?x=1", false),
            ("out/a", false),
        ] {
            assert_eq!(is_pattern(text), is_one, "{text}");
        }
    }
}
