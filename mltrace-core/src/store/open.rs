//! Which database a store is, and how it is opened.

#[cfg(feature = "store")]
use super::sqlite::{Schema, SqliteStore};
use super::{Mode, Store, StoreError};
use crate::config::Home;

/// Opens the store of `home`.
///
/// # Errors
/// When it is missing (only to read), cannot be used, is too new or is no store.
pub fn open(home: &Home, mode: Mode) -> Result<Box<dyn Store>, StoreError> {
    if let Some(reason) = &home.refused {
        return Err(StoreError::Refused(reason.clone()));
    }
    #[cfg(feature = "store")]
    return SqliteStore::open(home, mode, &Schema::CURRENT).map(|store| Box::new(store) as Box<dyn Store>);
    #[cfg(not(feature = "store"))]
    {
        let _ = mode;
        Err(StoreError::Unreachable {
            place: home.store.clone(),
            reason: "this build records only: it lacks the feature `store`".to_owned(),
        })
    }
}

/// Returns whether this process must not open a store, because its parent had one open when it was forked.
#[must_use]
pub fn is_inherited() -> bool {
    #[cfg(feature = "store")]
    return super::sqlite::is_inherited();
    #[cfg(not(feature = "store"))]
    false
}

/// Returns a store that nobody ever wrote to, for answers where nothing is recorded yet.
///
/// # Errors
/// When there is no memory for it.
pub fn empty() -> Result<Box<dyn Store>, StoreError> {
    #[cfg(feature = "store")]
    return SqliteStore::empty(&Schema::CURRENT).map(|store| Box::new(store) as Box<dyn Store>);
    #[cfg(not(feature = "store"))]
    Err(StoreError::Missing(std::path::PathBuf::new().into()))
}
