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
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    let pairs: &[[u8; 2]; 32] = pairs.try_into().ok()?;
    let digit = |letter: u8| DIGITS.get(usize::from(letter)).copied().unwrap_or(NO_DIGIT);
    // Every fold reads thousands of these: what is no digit is noticed once, at the end.
    let mut wrong = 0;
    let hash = pairs.map(|[high, low]| {
        let (high, low) = (digit(high), digit(low));
        wrong |= high | low;
        high << 4 | low & 0xf
    });
    (wrong < NO_DIGIT).then_some(hash)
}

/// Stands for a letter that is no digit: no digit has this bit.
const NO_DIGIT: u8 = 0x10;

/// The values of hexadecimal digits, by letter.
#[expect(clippy::indexing_slicing, reason = "the compiler makes it, and would not compile what is out of bounds")]
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse_hex;

    proptest! {
        #[test]
        fn a_hash_is_sixty_four_digits_and_nothing_else(
            text in prop_oneof!["[0-9a-fA-F]{64}", "[0-9a-fA-F]{63}[^0-9a-fA-F]", "[0-9a-fA-F]{0,70}", any::<String>()]
        ) {
            let digits: Option<Vec<u8>> = text.chars().map(|letter| Some(u8::try_from(letter.to_digit(16)?).unwrap())).collect();
            let expected = digits.filter(|digits| digits.len() == 64);
            let expected = expected.map(|digits| digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect::<Vec<u8>>());
            prop_assert_eq!(parse_hex(&text).map(|hash| hash.to_vec()), expected);
        }
    }
}
