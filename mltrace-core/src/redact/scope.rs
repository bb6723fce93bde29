//! What a scan looks for.

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Text,
    /// All of the text is a command.
    Shell,
    Tokens,
    /// All of the text is one address.
    Uri,
}
