//! A page as one HTML file without scripts and without anything from elsewhere.

use super::page::{Block, Page, Span};
use crate::escape::{block, line};

const STYLE: &str = "\
:root { color-scheme: light dark; --line: #8886; --faint: #777; --bad: #c22; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2rem; }
code, pre, text { font-family: ui-monospace, monospace; } code { font-size: .9em; overflow-wrap: anywhere; }
pre, figure { overflow: auto; border: 1px solid var(--line); border-radius: 6px; padding: .75rem; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
figure { margin-inline: calc(50% - 48vw); } svg { display: block; margin: auto; max-width: 100%; height: auto; } svg text { font-size: 12px; fill: currentColor; }
svg rect { fill: none; stroke: currentColor; } svg .version { stroke-dasharray: none; stroke: var(--faint); }
svg .asked { stroke-width: 3; } svg .bad { stroke: var(--bad); }
.source ins, .source del { text-decoration: none; } .source ins { color: #2a7; } .source del { color: var(--bad); }
svg polyline { fill: none; stroke: var(--faint); } svg .loose { stroke-dasharray: 4 3; }
";

/// Returns the page.
pub(super) fn page(page: &Page) -> String {
    let title: String = page
        .title
        .iter()
        .map(|span| match span {
            Span::Words(text) | Span::Name(text) => text.as_str(),
        })
        .collect();
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>{}</h1>\n",
        escaped(&title),
        spans(&page.title),
    );
    for block in &page.blocks {
        text.push_str(&written(block));
    }
    text.push_str("</body>\n</html>\n");
    text
}

fn written(part: &Block) -> String {
    match part {
        Block::Heading(heading) => format!("<h2>{heading}</h2>\n"),
        Block::Text(text) => format!("<p>{}</p>\n", spans(text)),
        Block::List(points) => {
            let point = |(point, below): &(Vec<Span>, Vec<Vec<Span>>)| {
                let below: String = below.iter().map(|point| format!("<li>{}</li>\n", spans(point))).collect();
                let below = if below.is_empty() { below } else { format!("\n<ul>\n{below}</ul>\n") };
                format!("<li>{}{below}</li>\n", spans(point))
            };
            format!("<ul>\n{}</ul>\n", points.iter().map(point).collect::<String>())
        }
        Block::Table(heading, rows) => {
            let heading: String = heading.iter().map(|cell| format!("<th>{cell}</th>")).collect();
            let row = |cells: &Vec<Vec<Span>>| {
                format!(
                    "<tr>{}</tr>\n",
                    cells.iter().map(|cell| format!("<td>{}</td>", spans(cell))).collect::<String>()
                )
            };
            format!("<table>\n<tr>{heading}</tr>\n{}</table>\n", rows.iter().map(row).collect::<String>())
        }
        Block::Trace { drawing: Some(drawing), .. } => format!("<figure>\n{drawing}</figure>\n"),
        Block::Trace { text, drawing: None } => format!("<pre>{}</pre>\n", escaped_block(text)),
        Block::Source(lines) => format!("<pre class=\"source\">{}</pre>\n", changed(lines)),
    }
}

/// Returns the lines of a unified diff, each as what it says: put in, taken out, or neither.
fn changed(lines: &[String]) -> String {
    let shown = lines.iter().map(|text| {
        let told = entities(&text.split('\t').map(line).collect::<Vec<_>>().join("\t"));
        match text.chars().next() {
            Some('+') => format!("<ins>{told}</ins>"),
            Some('-') => format!("<del>{told}</del>"),
            _ => told,
        }
    });
    shown.collect::<Vec<_>>().join("\n")
}

fn spans(spans: &[Span]) -> String {
    let text = spans.iter().map(|span| match span {
        Span::Words(words) => escaped(words),
        Span::Name(name) if name.is_empty() => String::new(),
        Span::Name(name) => format!("<code>{}</code>", escaped(name)),
    });
    text.collect()
}

/// Returns text on one line that is text wherever it stands: between tags, and between the quotes of an attribute.
pub(super) fn escaped(text: &str) -> String {
    entities(&line(text))
}

fn escaped_block(text: &str) -> String {
    entities(&block(text))
}

fn entities(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_neither_tags_nor_attributes() {
        assert_eq!(escaped("<script>'\"&\u{202e}"), "&lt;script&gt;&#39;&quot;&amp;\\u{202e}");
    }
}
