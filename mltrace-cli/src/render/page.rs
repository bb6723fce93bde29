//! A page before it is Markdown or HTML: headings, sentences, tables. Anyone who writes it out escapes it.

/// A page.
pub(super) struct Page {
    /// What it is about.
    pub(super) title: Vec<Span>,
    /// What stands on it.
    pub(super) blocks: Vec<Block>,
}

/// A part of a page.
pub(super) enum Block {
    /// A heading over what follows.
    Heading(&'static str),
    /// A sentence or two.
    Text(Vec<Span>),
    /// Points, each with points below it.
    List(Vec<(Vec<Span>, Vec<Vec<Span>>)>),
    /// Rows under a heading.
    Table(Vec<&'static str>, Vec<Vec<Vec<Span>>>),
    /// The trace: text for who can show nothing else, and its drawing when there is one.
    Trace { text: String, drawing: Option<String> },
    /// How a source text changed, as the lines of a unified diff.
    Source(Vec<String>),
}

/// A piece of text.
#[derive(Clone)]
pub(super) enum Span {
    /// Our own words, or those of a person.
    Words(String),
    /// A name, an id or a value, as it was recorded.
    Name(String),
}

/// Returns our own words.
pub(super) fn words(text: impl Into<String>) -> Span {
    Span::Words(text.into())
}

/// Returns something that was recorded.
pub(super) fn name(text: impl Into<String>) -> Span {
    Span::Name(text.into())
}
