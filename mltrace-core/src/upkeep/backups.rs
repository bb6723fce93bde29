//! The copies of a store that were made before migrations.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::config::Home;
use crate::folder::Folder;

/// Returns the copies of the store that were made before migrations.
pub(super) fn backups(home: &Home) -> Vec<PathBuf> {
    let Some(store) = home.store.file() else { return Vec::new() };
    let Some((folder, name)) = store.parent().zip(store.file_name()) else { return Vec::new() };
    let start = format!("{}.schema-", name.to_string_lossy());
    let is_backup = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with(&start) && name.contains(".backup")
    };
    let names = Folder::around(store, &home.folder).and_then(|folder| folder.names()).unwrap_or_default();
    let mut found: Vec<PathBuf> = names.into_iter().filter(is_backup).map(|name| folder.join(name)).collect();
    found.sort();
    found
}
