//! The text of a settings file, however odd the file is.

use std::path::Path;

use crate::folder;

/// Settings are shorter than this.
const LONGEST: u64 = 1 << 20;

/// A pipe or a device in the place of a file would keep the caller waiting, or give it bytes without end.
pub(super) fn text_of(path: &Path) -> std::io::Result<String> {
    use std::io::{Error, Read};

    let mut text = String::new();
    folder::open_to_read(path)?.take(LONGEST).read_to_string(&mut text)?;
    if text.len() >= usize::try_from(LONGEST).unwrap_or(usize::MAX) {
        return Err(Error::other("it is too long for settings"));
    }
    Ok(text)
}
