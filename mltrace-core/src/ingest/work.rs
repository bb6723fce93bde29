//! What a run works on, and how runs that do the same work are recognised.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::Timestamp;
use crate::store::{ArtifactKey, StoredWork};

/// The bits of a signature that hold the hash, those above that hold the place, and how many artifacts share one.
const HASH: i64 = (1 << 48) - 1;
const PLACE: i64 = (1 << 15) - 1;
const NEAR: i64 = 256;

/// What a run works on: its input names and parameters, each with when it was reported last.
#[derive(Debug, Default)]
pub(super) struct Work<'r> {
    pub(super) inputs: BTreeMap<Cow<'r, str>, ArtifactKey>,
    pub(super) params: BTreeMap<Cow<'r, str>, (Timestamp, String)>,
}

impl Work<'static> {
    /// Returns what a run works on that is in the store already.
    pub(super) fn stored(work: StoredWork) -> Self {
        let inputs = work.inputs.into_iter().map(|(name, artifact)| (name.into(), artifact)).collect();
        let params = work.params.into_iter().map(|(name, value)| (name.into(), (Timestamp::MIN, value))).collect();
        Self { inputs, params }
    }
}

impl Work<'_> {
    /// Returns a hash over the input names and parameters: equal for runs that do the same work.
    ///
    /// A run with neither has none: nothing says what it worked on, so no other run redoes its work. The bits above the hash
    /// say how new the newest input is: runs that follow each other are neighbours in the store's index then, where whole
    /// hashes would change another page of it with every run.
    pub(super) fn signature(&self) -> Option<i64> {
        if self.inputs.is_empty() && self.params.is_empty() {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher.update(text.as_bytes());
            hasher.update(&[0xff]);
        };
        self.inputs.keys().for_each(|name| add(name));
        add("");
        for (name, (_, value)) in &self.params {
            add(name);
            add(value);
        }
        let newest = self.inputs.values().map(|artifact| artifact.0).max().unwrap_or(0).max(0);
        let hash = hasher.finalize();
        let (first, _) = hash.as_bytes().split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        Some((i64::from_le_bytes(*first) & HASH) | ((newest / NEAR) & PLACE) << HASH.count_ones())
    }
}
