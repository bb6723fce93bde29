//! A state of an artifact, and the id that names it alike in every store.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ArtifactName, RunId};

/// Content below this many bytes is too common to link runs that share it.
pub const TELLING_BYTES: u64 = 64;

/// The id of a version. As text it carries its kind: `b3:…`, `v:…`, `stat:…`, `w:…` or `none`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VersionId {
    /// The BLAKE3 hash of a local file's or folder's content.
    Content([u8; 32]),
    /// A version that the caller declared.
    Declared(String),
    /// Size, modification time and file number of a file that is too large to hash.
    Stat(String),
    /// What a run wrote under a name whose content nobody knows.
    Write(RunId),
    /// Read, but no write is known.
    None,
}

/// A state of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Version {
    /// The artifact.
    pub name: ArtifactName,
    /// The state.
    pub version: VersionId,
}

impl VersionId {
    /// Returns whether the id says what the bytes were, so that equal ids mean equal content of one artifact.
    #[must_use]
    pub fn is_known_content(&self) -> bool {
        matches!(self, Self::Content(_) | Self::Stat(_))
    }

    /// Returns the id with its kind, its value cut to `digits`.
    #[must_use]
    pub fn short(&self, digits: usize) -> String {
        let text = self.to_string();
        match (self, text.split_once(':')) {
            // The last digits of a run's id are the ones that distinguish it.
            (Self::Write(run), _) => format!("w:{}", run.short()),
            (Self::Declared(_), _) | (_, None) => text,
            (_, Some((kind, value))) => format!("{kind}:{}", value.get(..digits).unwrap_or(value)),
        }
    }
}

impl std::fmt::Display for VersionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Content(hash) => {
                f.write_str("b3:")?;
                f.write_str(&blake3::Hash::from_bytes(*hash).to_hex())
            }
            Self::Declared(text) => write!(f, "v:{text}"),
            Self::Stat(text) => write!(f, "stat:{text}"),
            Self::Write(run) => write!(f, "w:{run}"),
            Self::None => f.write_str("none"),
        }
    }
}

impl std::str::FromStr for VersionId {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseVersionError(text.to_owned());
        match text.split_once(':') {
            Some(("b3", hex)) => parse_hex(hex).map(Self::Content).ok_or_else(wrong),
            Some(("v", declared)) => Ok(Self::Declared(declared.to_owned())),
            Some(("stat", stat)) => Ok(Self::Stat(stat.to_owned())),
            Some(("w", run)) => run.parse().map(Self::Write).map_err(|_| wrong()),
            None if text == "none" => Ok(Self::None),
            _ => Err(wrong()),
        }
    }
}

/// The text was no version id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version id (`b3:<64 hex digits>`, `v:<text>`, `stat:<text>`, `w:<run id>` or `none`)")]
pub struct ParseVersionError(pub String);

fn parse_hex(hex: &str) -> Option<[u8; 32]> {
    let bytes = hex.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut hash = [0_u8; 32];
    for (byte, pair) in hash.iter_mut().zip(bytes.chunks_exact(2)) {
        let digit = |index: usize| pair.get(index).and_then(|digit| char::from(*digit).to_digit(16));
        *byte = u8::try_from((digit(0)? << 4) | digit(1)?).ok()?;
    }
    Some(hash)
}

impl Serialize for VersionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VersionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
