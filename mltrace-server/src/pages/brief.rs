//! Names as titles, and sizes as people read them.

use maud::{Markup, html};
use mltrace_core::escape;

use super::names;

/// Shows a name as the title of a page: its last part large, and the folder before it quiet. The text is whole.
pub(super) fn title(name: &str) -> Markup {
    let last = names::end(name);
    let folder = name.get(..name.len() - last.len()).unwrap_or_default();
    html! { bdi.name { @if !folder.is_empty() { span.folder { (escape::line(folder)) } } (escape::line(last)) } }
}

/// Returns a size as people read it: `812 B`, `1.2 MB`.
pub(super) fn bytes(size: u64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.into_iter().find(|(unit, _)| size as f64 >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", size as f64 / unit),
        None => format!("{size} B"),
    }
}
