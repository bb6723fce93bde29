//! A page as Markdown, in which no name is markup.

use super::page::{Block, Page, Span};
use crate::escape::{block, line};

/// Returns the page.
pub(super) fn page(page: &Page) -> String {
    let mut text = format!("# {}\n", spans(&page.title, false));
    for block in &page.blocks {
        text.push('\n');
        text.push_str(&written(block));
    }
    text
}

fn written(part: &Block) -> String {
    match part {
        Block::Heading(heading) => format!("## {heading}\n"),
        Block::Text(text) => format!("{}\n", spans(text, false)),
        Block::List(points) => {
            let mut text = String::new();
            for (point, below) in points {
                text.push_str(&format!("- {}\n", spans(point, false)));
                for point in below {
                    text.push_str(&format!("  - {}\n", spans(point, false)));
                }
            }
            text
        }
        Block::Table(heading, rows) => {
            let row =
                |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
            let mut text = row(&mut heading.iter().map(|cell| (*cell).to_owned()));
            text.push_str(&row(&mut heading.iter().map(|_| "---".to_owned())));
            for cells in rows {
                text.push_str(&row(&mut cells.iter().map(|cell| spans(cell, true))));
            }
            text
        }
        Block::Trace { text, .. } => fenced("text", &block(text.trim_end())),
        Block::Source(lines) => fenced("diff", &joined(lines)),
    }
}

/// Returns text between more backticks than it holds.
fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

/// Returns lines of which none becomes two, and of which a tab is no escape.
fn joined(lines: &[String]) -> String {
    let tabbed = |text: &String| text.split('\t').map(line).collect::<Vec<_>>().join("\t");
    lines.iter().map(tabbed).collect::<Vec<_>>().join("\n")
}

fn spans(spans: &[Span], is_in_table: bool) -> String {
    let text = spans.iter().map(|span| match span {
        Span::Words(words) => plain(words),
        Span::Name(name) => code(name, is_in_table),
    });
    text.collect()
}

/// Returns words with everything written out that Markdown would take for markup, a link or a mention.
fn plain(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for character in line(words).chars() {
        match character {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '@' => text.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => text.extend(['\\', character]),
            _ => text.push(character),
        }
    }
    // A bare address would become a link.
    let schemes = ["http", "https", "ftp"].iter();
    let unlinked =
        schemes.fold(text, |text, scheme| text.replace(&format!("{scheme}://"), &format!("{scheme}&#58;//")));
    unlinked.replace("www.", "www&#46;")
}

/// Returns a name between more backticks than it holds, in which nothing is markup; in a table only `|` would be.
fn code(name: &str, is_in_table: bool) -> String {
    let mut name = line(name).into_owned();
    if name.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&name, '`') + 1);
    if name.starts_with('`') || name.ends_with('`') || name.trim().is_empty() {
        name = format!(" {name} ");
    }
    if is_in_table {
        name = name.replace('|', "\\|");
    }
    format!("{fence}{name}{fence}")
}

fn longest_run(text: &str, character: char) -> usize {
    text.split(|other| other != character).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        assert_eq!(code("a`b``c", false), "```a`b``c```");
        assert_eq!(code("`a`", false), "`` `a` ``");
        assert_eq!(code("a|b", true), "`a\\|b`");
        assert_eq!(code("a\n# b\u{202e}", false), "`a\\n# b\\u{202e}`");
    }

    #[test]
    fn words_are_no_markup() {
        assert_eq!(plain("<b>*x* @ada [a](http://b) | #1"), "&lt;b&gt;\\*x\\* &#64;ada \\[a\\](http&#58;//b) \\| \\#1");
    }
}
