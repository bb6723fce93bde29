//! What runs read and write: a name and a kind.

use serde::{Deserialize, Serialize};

/// The canonical name of an artifact: a path relative to the project's root, an absolute path, a URI, or an
/// identifier kept as given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ArtifactName(pub String);

impl ArtifactName {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the name means the same thing for every project: a URI with a scheme, and an absolute path.
    ///
    /// ```
    /// use mltrace_core::model::ArtifactName;
    ///
    /// assert!(ArtifactName::from("s3://lake/raw").is_for_all());
    /// assert!(ArtifactName::from("/mnt/data/raw.csv").is_for_all());
    /// assert!(!ArtifactName::from("out/raw.csv").is_for_all());
    /// assert!(!ArtifactName::from("pred-17").is_for_all());
    /// ```
    #[must_use]
    pub fn is_for_all(&self) -> bool {
        is_for_all(&self.0)
    }
}

/// Returns whether a name means the same thing for every project.
pub(crate) fn is_for_all(name: &str) -> bool {
    let bytes = name.as_bytes();
    // A scheme has no slash, so it ends before the first one. One letter is a drive.
    let of_scheme = |letter: &u8| letter.is_ascii_alphanumeric() || b"+.:-".contains(letter);
    let slash = bytes.iter().position(|letter| !of_scheme(letter)).filter(|end| bytes.get(*end) == Some(&b'/'));
    let scheme = slash.and_then(|slash| bytes.get(..slash)?.strip_suffix(b":"));
    slash == Some(0)
        || scheme.is_some_and(|scheme| scheme.len() > 1 && scheme.first().is_some_and(u8::is_ascii_alphabetic))
}

impl std::fmt::Display for ArtifactName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ArtifactName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// What an artifact is, declared by the caller or guessed from its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// Rows, features, files of records.
    Data,
    /// A trained model.
    Model,
    /// Something that serves: a URL of a service.
    Endpoint,
    /// Neither declared nor guessed.
    #[default]
    Unknown,
}

impl ArtifactKind {
    /// Returns the kind that the extension or the scheme of `name` suggests.
    #[must_use]
    pub fn guess(name: &str) -> Self {
        const DATA: &[&str] = &[
            "csv", "tsv", "parquet", "pq", "arrow", "feather", "json", "jsonl", "ndjson", "avro", "orc", "xlsx", "txt",
            "npy", "npz", "h5", "hdf5", "db", "sqlite", "gz", "zst", "tfrecord", "jpg", "png", "wav",
        ];
        const MODEL: &[&str] = &[
            "pkl",
            "pickle",
            "joblib",
            "pt",
            "pth",
            "ckpt",
            "onnx",
            "safetensors",
            "gguf",
            "bin",
            "pb",
            "tflite",
            "model",
            "mlmodel",
            "bst",
            "ubj",
            "keras",
        ];
        let end = name.bytes().rposition(|byte| matches!(byte, b'/' | b'\\' | b'.'));
        let extension = end.and_then(|end| name.get(end..)?.strip_prefix('.')).unwrap_or_default();
        let is_one_of = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(extension));
        if is_one_of(MODEL) {
            Self::Model
        } else if is_one_of(DATA) {
            Self::Data
        } else if name.starts_with("http://") || name.starts_with("https://") {
            Self::Endpoint
        } else {
            Self::Unknown
        }
    }

    /// Returns the word for this kind.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Model => "model",
            Self::Endpoint => "endpoint",
            Self::Unknown => "unknown",
        }
    }
}
