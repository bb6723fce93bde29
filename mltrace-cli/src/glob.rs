//! Patterns that the shell left as they are: `data/*.csv`, `out/**/part-?.parquet`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use mltrace_core::model::Pattern;

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
    let is_one = text.contains('*') || (text.contains(std::path::is_separator) && Pattern::of(text).is_wild());
    is_one && !mltrace_core::naming::is_uri(text) && Path::new(text).symlink_metadata().is_err()
}

/// Returns the files and folders that a pattern means. Names that begin with a dot are meant only by those that do.
pub(crate) fn expand(pattern: &str) -> Expansion {
    let root = if pattern.starts_with('/') { "/" } else { "" };
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let pattern = Pattern::of_files(&format!("{root}{}", parts.join("/")));
    let mut found = Expansion::default();
    let beginning = pattern.beginning();
    let folder = beginning.rfind('/').map_or("", |end| &beginning[..=end]);
    // Where any folder is meant, a link may lead back.
    let of_any = parts.iter().position(|part| part.contains("**")).unwrap_or(usize::MAX);
    let asked = Asked { pattern, of_any, is_of_files: parts.last().is_some_and(|last| last.ends_with("**")) };
    asked.walk(folder, Path::new(folder), &mut found);
    found.paths.sort();
    found.paths.dedup();
    found
}

/// What is looked for.
struct Asked {
    pattern: Pattern,
    /// From which part on any folder is meant.
    of_any: usize,
    /// Whether files alone are meant.
    is_of_files: bool,
}

impl Asked {
    /// Looks through a folder, which is spelt so with a `/` at its end; what is no text is spelt as far as it is.
    fn walk(&self, spelt: &str, folder: &Path, found: &mut Expansion) {
        let depth = spelt.split('/').filter(|part| !part.is_empty()).count();
        for name in inside(folder, found) {
            if found.paths.len() >= MOST || found.names >= MOST_NAMES {
                found.is_cut = true;
                return;
            }
            let (path, spelt) = (folder.join(&name), format!("{spelt}{}", name.to_string_lossy()));
            let inner = format!("{spelt}/");
            let is_itself = || path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
            let is_folder = || if depth < self.of_any { path.is_dir() } else { is_itself() };
            if self.pattern.may_begin(&inner) && is_folder() {
                self.walk(&inner, &path, found);
            }
            if self.pattern.fits(&spelt) && !(self.is_of_files && is_folder()) {
                found.paths.push(path);
            }
        }
    }
}

fn inside(folder: &Path, found: &mut Expansion) -> Vec<OsString> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names.take(MOST_NAMES).collect();
    found.is_cut |= names.len() >= MOST_NAMES;
    found.names += names.len();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("**/b/*", vec!["a/b/y.csv"]),
            ("a/**/y.csv", vec!["a/b/y.csv"]),
            ("a/b/.*", vec!["a/b/.z.csv"]),
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
        let asked = Asked { pattern: Pattern::of_files("*"), of_any: usize::MAX, is_of_files: false };
        asked.walk("", Path::new(""), &mut found);
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
