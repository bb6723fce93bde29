//! Records that a version of mltrace keeps for one that understands them.

use crate::model::Header;

/// A record that is kept whole until a version of mltrace comes that understands it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadRow {
    /// The file that it stood in.
    pub journal: String,
    /// Where it stood.
    pub place: u64,
    /// Who wrote it.
    pub header: Header,
    /// Its bytes.
    pub record: Vec<u8>,
    /// Whether what was understood of it is stored.
    pub is_applied: bool,
    /// Whether its process is gone.
    pub is_over: bool,
}
