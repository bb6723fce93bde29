//! How things are found again by their keys.

/// What is known by key: as std's, whose hash costs several times as much and is for keys that an enemy chooses.
pub(crate) type KeyMap<K, V> = foldhash::HashMap<K, V>;
