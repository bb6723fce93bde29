//! Where a store is: a file of this machine, or the address of a database.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::redact;

/// Where a store is. It shows itself without what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of this machine.
    File(PathBuf),
    /// A database that is reached over the network.
    Url(Url),
}

/// The address of a database, with all that opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

impl Place {
    /// Returns what somebody wrote as the place of a store, as seen from `folder`: an address begins with a scheme of two
    /// letters or more and `://`, all else is a path.
    #[must_use]
    pub fn parse(written: &Path, folder: &Path) -> Self {
        match written.to_str().filter(|text| is_address(text)) {
            Some(text) => Self::Url(Url(text.to_owned())),
            // What is empty names no place.
            None if written.as_os_str().is_empty() => Self::File(PathBuf::new()),
            None => Self::File(folder.join(written)),
        }
    }

    /// Returns the file that the store is, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Url(_) => None,
        }
    }
}

/// One letter and a colon are a drive.
fn is_address(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once("://") else { return false };
    let is_in_scheme = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.');
    scheme.len() > 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_in_scheme)
}

impl Url {
    /// Returns the address as it was written, for what connects to it: it may hold a password.
    #[must_use]
    pub fn with_secrets(&self) -> &str {
        &self.0
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold a password under any name, and says little of where the store is.
        let shown = redact::uri(&self.0);
        f.write_str(shown.split(['?', '#']).next().unwrap_or_default())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Url").field(&self.to_string()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(written: &str) -> Place {
        Place::parse(Path::new(written), Path::new("/project"))
    }

    #[test]
    fn an_address_is_told_from_a_path_by_its_scheme() {
        for address in ["postgres://h/db", "postgresql+ssl://h", "Postgres://h", "file:///a"] {
            assert!(matches!(parse(address), Place::Url(_)), "{address}");
        }
        for path in ["runs", "a/b.db", "postgres:/h/db", "c://runs", "://h", "1a://h", "a b://h", "x/y://h"] {
            assert_eq!(parse(path), Place::File(Path::new("/project").join(path)), "{path}");
        }
        assert_eq!(parse(""), Place::File(PathBuf::new()), "which names no place");
    }

    #[test]
    fn an_address_shows_neither_its_user_nor_its_query() {
        for address in [
            "postgres://ada:hunter2@db.example/runs",
            "postgres://db.example/runs?user=ada&password=hunter2",
            "postgres://db.example/runs?sslpassword=hunter2#hunter2",
            "postgres://ada:hun/ter2@db.example/runs",
        ] {
            let place = parse(address);
            let Place::Url(url) = &place else { panic!("{address} is an address") };
            assert_eq!(url.with_secrets(), address);
            for shown in [place.to_string(), format!("{place:?}")] {
                assert!(shown.contains("postgres://db.example/runs"), "{shown}");
                assert!(!shown.contains("ter2"), "{shown}");
            }
        }
        assert_eq!(parse("postgres://h:5432/a%20b?x=1").to_string(), "postgres://h:5432/a%20b");
        assert_eq!(parse("a").to_string(), "/project/a");
    }
}
