//! How files and folders are hashed.

use std::sync::atomic::AtomicBool;

use super::Skip;
use crate::disk::Cache;

/// How to hash.
#[derive(Clone, Copy)]
pub struct Hashing<'a> {
    /// More bytes than this are not hashed, unless their hash is known.
    pub limit: u64,
    /// What belongs to the store and is never opened.
    pub skip: &'a Skip,
    /// Hashes that are known already.
    pub cache: Option<&'a Cache>,
    /// Receives, chunk by chunk, how many more bytes were hashed.
    pub progress: Option<&'a (dyn Fn(u64) + Sync)>,
    /// Once true, hashing ends early and without a result.
    pub cancel: Option<&'a AtomicBool>,
}
