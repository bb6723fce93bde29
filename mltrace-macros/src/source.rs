//! The text and the line of the function, as far as the compiler says.

use std::path::Path;

use proc_macro::{Span, TokenStream, TokenTree};

/// The most bytes of a function's source that are kept.
const LIMIT: usize = 256 << 10;

/// What ends a source that was cut.
const MARK: &str = "… [cut]";

/// Where a function is written, and how.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) text: String,
}

/// Returns where the item is written: its lines in the file, with their comments, or else its tokens.
pub(crate) fn place(item: &TokenStream) -> Place {
    let spans: Vec<Span> = item.clone().into_iter().map(|token| token.span()).collect();
    let line = line_of_name(item).or_else(|| spans.first().map(|span| span.start().line())).unwrap_or_default();
    let mut text = written(&spans).unwrap_or_else(|| item.to_string());
    cut(&mut text);
    Place { line: u32::try_from(line).unwrap_or(u32::MAX), text }
}

/// Returns the line of `fn`.
fn line_of_name(item: &TokenStream) -> Option<usize> {
    let word =
        item.clone().into_iter().find(|token| matches!(token, TokenTree::Ident(word) if word.to_string() == "fn"));
    word.map(|token| token.span().start().line())
}

/// Returns the lines from the first to the last token, when all of them come from one file.
#[expect(clippy::disallowed_methods, reason = "the file that is being compiled")]
fn written(spans: &[Span]) -> Option<String> {
    let (first, last) = (spans.first()?, spans.last()?);
    let file = first.local_file()?;
    if last.local_file().as_deref() != Some(Path::new(&file)) {
        return None;
    }
    let (start, end) = (first.start(), last.end());
    let content = std::fs::read_to_string(file).ok()?;
    let count = end.line().checked_sub(start.line())?.checked_add(1)?;
    let mut lines: Vec<&str> = content.lines().skip(start.line().checked_sub(1)?).take(count).collect();
    let tail = lines.last_mut()?;
    *tail = upto(tail, end.column());
    let text = lines.join("\n");
    // The last token is the body. A file that was saved since the compiler read it may hold another one.
    if !text.ends_with(&last.source_text()?.replace("\r\n", "\n")) {
        return None;
    }
    let indent: String = text.chars().take_while(|c| c.is_whitespace()).collect();
    let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
    // What stands before the function on its first line, such as the attribute, is not the function's.
    let head = head.strip_prefix(upto(head, start.column())).unwrap_or(head);
    let dedented = rest.lines().map(|line| line.strip_prefix(&indent).unwrap_or(line));
    Some(std::iter::once(head).chain(dedented).collect::<Vec<_>>().join("\n"))
}

/// Returns the line up to a column, which counts characters from one.
fn upto(line: &str, column: usize) -> &str {
    let end = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    line.get(..end).unwrap_or(line)
}

fn cut(text: &mut String) {
    if text.len() <= LIMIT {
        return;
    }
    let mut end = LIMIT.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    text.push_str(MARK);
}
