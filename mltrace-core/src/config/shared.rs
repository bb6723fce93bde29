//! The folders that all hosts share, as the settings list them.

use super::{Home, Origin, Setting};

impl Home {
    /// Returns it with the folders that all hosts share, and with what is to be said of what is none.
    pub(super) fn sharing(mut self, (folders, origin): (Option<Vec<String>>, Origin)) -> Self {
        for folder in folders.into_iter().flatten() {
            let clean = path_clean::clean(&folder).to_string_lossy().into_owned();
            if folder.starts_with('/') && clean != "/" {
                self.shared.push(clean);
            } else {
                self.warnings.push(format!("`shared` lists {folder:?}, which is not the absolute path of a folder"));
            }
        }
        if !self.shared.is_empty() {
            self.settings.push(Setting { name: "shared", value: self.shared.join(", "), origin });
        }
        self
    }
}
