//! What lies under a name in a folder.

/// What lies under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) length: u64,
    /// Under how many names it can be reached.
    pub(crate) links: u64,
    /// Device and number: what distinguishes it from another of its name. `None` where the system does not say.
    pub(crate) identity: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    Other,
}
