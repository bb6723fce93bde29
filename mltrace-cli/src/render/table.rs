//! Tables without borders, no wider than the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use crate::escape;

/// The narrowest table: below it, folding words makes nothing more readable.
const LEAST_COLUMNS: u16 = 40;

/// Returns a table with a heading over each column; cells are folded to fit into `columns`, when given.
pub(crate) fn draw<const N: usize, T: AsRef<str>>(
    heading: [&str; N],
    rows: impl Iterator<Item = [T; N]>,
    columns: Option<u16>,
) -> String {
    draw_any(&heading, rows, columns)
}

/// Returns a table as [`draw`], of any number of columns.
pub(crate) fn draw_any<T: AsRef<str>, R: AsRef<[T]>>(
    heading: &[impl AsRef<str>],
    rows: impl Iterator<Item = R>,
    columns: Option<u16>,
) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(heading.iter().map(|cell| escape::line(cell.as_ref()).into_owned()));
    if let Some(columns) = columns {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns.max(LEAST_COLUMNS));
    }
    for row in rows {
        table.add_row(row.as_ref().iter().map(|cell| escape::line(cell.as_ref()).into_owned()));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    if text.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_lines_end_where_the_text_does() {
        let text = draw(["NAME", "OWNER"], [["a\x1b[2Jb", "x"], ["long enough", ""]].into_iter(), None);
        assert_eq!(text, "NAME         OWNER\na\\x1b[2Jb    x\nlong enough\n");
    }

    #[test]
    fn a_narrow_terminal_folds_cells() {
        let text = draw(["NAME", "OUTPUTS"], [["train", &*"wide ".repeat(30)]].into_iter(), Some(20));
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
    }
}
