//! What became of everything that was made from something bad.

use std::hash::Hash;

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

/// What became of a version since it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ImpactState {
    /// It is its artifact's latest version.
    Current,
    /// A later version exists, and was made from the same.
    Superseded,
    /// The artifact was written again since by a run that has nothing of it upstream.
    Rebuilt,
}

/// A version that a run downstream wrote, and the last write of its artifact by anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<N, V> {
    /// The run.
    pub run: N,
    /// The version.
    pub version: V,
    /// The run that last wrote the artifact.
    pub last_run: N,
    /// Whether that write made this same version.
    pub is_last: bool,
}

/// Returns each version once, as the last of the runs that wrote it did, with what became of it. `written` is in the
/// order of writing, and so is the answer.
///
/// The last write counts, not the last version: a clean run that makes the same bytes again has rebuilt them. What is another
/// thing on each host is current if it is so on one of them.
#[must_use]
pub fn states<N: Copy, V: Clone + Eq + Hash>(
    is_downstream: impl Fn(&N) -> bool,
    written: &[Written<N, V>],
) -> Vec<(V, N, ImpactState)> {
    let mut places: HashMap<&V, usize> = HashMap::default();
    let mut found: Vec<(V, N, ImpactState)> = Vec::with_capacity(written.len());
    for write in written {
        let state = match (is_downstream(&write.last_run), write.is_last) {
            (false, _) => ImpactState::Rebuilt,
            (true, true) => ImpactState::Current,
            (true, false) => ImpactState::Superseded,
        };
        let place = *places.entry(&write.version).or_insert(found.len());
        match found.get_mut(place) {
            Some(known) => (known.1, known.2) = (write.run, known.2.min(state)),
            None => found.push((write.version.clone(), write.run, state)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(
        run: &'static str,
        version: &'static str,
        last_run: &'static str,
        is_last: bool,
    ) -> Written<&'static str, &'static str> {
        Written { run, version, last_run, is_last }
    }

    #[test]
    fn the_last_write_decides_what_became_of_a_version() {
        let found = states(
            |run| ["clean", "train", "retrain"].contains(run),
            &[
                written("clean", "rows@1", "redone", false),
                written("train", "model@1", "retrain", false),
                written("retrain", "model@2", "retrain", true),
                written("train", "report@1", "redone", true),
            ],
        );
        let shown: Vec<_> = found.iter().map(|(version, _, state)| (*version, *state)).collect();
        let expected = [
            ("rows@1", ImpactState::Rebuilt),
            ("model@1", ImpactState::Superseded),
            ("model@2", ImpactState::Current),
            ("report@1", ImpactState::Rebuilt),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_version_written_twice_is_listed_once_with_its_last_writer() {
        let found = states(
            |run| ["one", "two"].contains(run),
            &[written("one", "v", "two", true), written("two", "v", "two", true)],
        );
        assert_eq!(found, [("v", "two", ImpactState::Current)]);
        let on_hosts = [written("one", "v", "two", true), written("two", "v", "redone", false)];
        let found = states(|run| ["one", "two"].contains(run), &on_hosts);
        assert_eq!(found, [("v", "two", ImpactState::Current)], "on one host it still lies there");
    }
}
