//! The source of a registered function as it was compiled, and whether the work tree still holds it.

use std::path::{Path, PathBuf};

use crate::model::{Code, LIMIT_SOURCE, cut};
use crate::redact;

/// Files above this many bytes are not searched for a function.
const LARGEST_SOURCE_FILE: u64 = 16 << 20;

/// Returns the record of a function's source: the hash is of the text as compiled, the text itself is redacted and cut.
#[must_use]
pub fn code(file: &str, line: u32, source: &str) -> Code {
    let mut kept = redact::text(source).into_owned();
    cut(&mut kept, LIMIT_SOURCE);
    let mut key = blake3::Hasher::new();
    // The lengths keep two different triples from hashing alike.
    for part in [file.as_bytes(), &line.to_le_bytes(), source.as_bytes()] {
        key.update(&(part.len() as u64).to_le_bytes());
        key.update(part);
    }
    Code {
        key: key.finalize().to_hex().chars().take(16).collect(),
        file: file.to_owned(),
        line,
        hash: blake3::hash(source.as_bytes()).to_hex().to_string(),
        source: kept,
    }
}

/// Returns where `file`, as the compiler knew it, lies now.
///
/// The compiler names files from the folder in which it was started, which is the manifest's folder or one above it.
#[must_use]
pub fn locate(file: &str, manifest_folder: &Path) -> Option<PathBuf> {
    // A manifest folder that is relative, or gone, says nothing on the machine that runs the program.
    if file.is_empty() || !manifest_folder.is_absolute() || !manifest_folder.is_dir() {
        return None;
    }
    manifest_folder.ancestors().map(|folder| folder.join(file)).find(|path| path.is_file())
}

/// Returns whether the file in the work tree still holds the function as it was compiled; `None` when there is no such
/// file to read. Line ends and the space between words do not count.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the source of the program, wherever its links lead")]
pub fn is_in_work_tree(file: &str, source: &str, manifest_folder: &Path) -> Option<bool> {
    let path = locate(file, manifest_folder)?;
    if path.metadata().ok()?.len() > LARGEST_SOURCE_FILE {
        return None;
    }
    let text = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&text);
    Some(text.contains(source) || without_space(&text).contains(&without_space(source)))
}

fn without_space(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "fn clean(raw: &str) -> String {\n    raw.trim().to_owned()\n}";

    #[test]
    fn the_key_tells_file_line_and_text_apart() {
        let key = |file, line, source| code(file, line, source).key;
        let first = key("src/a.rs", 7, SOURCE);
        assert_eq!(first.len(), 16);
        assert_eq!(first, key("src/a.rs", 7, SOURCE));
        assert_ne!(first, key("src/b.rs", 7, SOURCE));
        assert_ne!(first, key("src/a.rs", 8, SOURCE));
        assert_ne!(first, key("src/a.rs", 7, "fn clean() {}"));
    }

    #[test]
    fn secrets_in_the_source_are_not_kept_and_long_source_is_cut() {
        let secret = format!("ghp_{}", "a1B2".repeat(9));
        let code = code("src/a.rs", 1, &format!("let t = \"{secret}\"; {}", "x ".repeat(LIMIT_SOURCE)));
        assert!(!code.source.contains(&secret));
        assert!(code.source.len() <= LIMIT_SOURCE);
        assert!(code.source.ends_with("[cut]"));
    }

    #[test]
    fn the_work_tree_is_found_from_a_folder_above_the_manifest() {
        let root = tempfile::tempdir().unwrap();
        let manifest = root.path().join("crates/a");
        std::fs::create_dir_all(manifest.join("src")).unwrap();
        let file = manifest.join("src/lib.rs");
        std::fs::write(&file, format!("use x;\r\n{}\r\n", SOURCE.replace('\n', "\r\n"))).unwrap();

        assert_eq!(is_in_work_tree("crates/a/src/lib.rs", SOURCE, &manifest), Some(true));
        assert_eq!(is_in_work_tree("src/lib.rs", SOURCE, &manifest), Some(true));
        assert_eq!(is_in_work_tree("src/none.rs", SOURCE, &manifest), None);
        assert_eq!(is_in_work_tree("src/lib.rs", SOURCE, &root.path().join("gone")), None);
        assert_eq!(is_in_work_tree("src/lib.rs", SOURCE, Path::new("")), None);

        std::fs::write(&file, SOURCE.replace("trim", "trim_start")).unwrap();
        assert_eq!(is_in_work_tree("src/lib.rs", SOURCE, &manifest), Some(false));
    }
}
