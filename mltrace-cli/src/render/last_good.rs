//! The newest version that nothing stands against.

use std::fmt::Write as _;

use mltrace_core::model::{ArtifactName, VersionId};
use mltrace_core::query::{DiskState, LastGood};
use mltrace_core::words;

use super::{paint, run};
use crate::escape::line;
use crate::time;

/// How many newer versions are reported.
const MOST_NEWER: usize = 7;
/// How many doubts are reported of each.
const MOST_DOUBTS: usize = 3;

/// Returns the version, then each newer one with what stands against it.
pub(crate) fn text(answer: &LastGood) -> String {
    let mut text = String::new();
    let name = |other: &Option<ArtifactName>, version: &VersionId| {
        let name = other.as_ref().unwrap_or(&answer.name);
        format!("{}@{}", line(name.as_str()), line(&version.short(run::DIGITS)))
    };
    match &answer.good {
        Some(good) => {
            let mut about = format!("written {} by run {}", time::show(good.written_at), good.written_by.short());
            about.push_str(if good.is_ok { ", found ok" } else { "" });
            about.push_str(match good.disk {
                Some(DiskState::Unchanged) => ", on disk",
                Some(DiskState::Changed | DiskState::Missing) => ", no longer on disk",
                Some(DiskState::UnknownWriter | DiskState::NotLocal) | None => "",
            });
            let named = paint::paint(paint::STRONG, name(&good.name, &good.version));
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{named}  {}", paint::paint(paint::FAINT, about));
            for doubt in good.beside.iter().take(MOST_DOUBTS) {
                let _ = writeln!(text, "  but {}", line(&doubt.message));
            }
        }
        None if answer.newer.is_empty() => {
            let _ = writeln!(text, "no recorded run wrote {}", line(answer.name.as_str()));
        }
        None => {
            let looked = if answer.is_cut { " that were looked at" } else { "" };
            let each = match answer.newer.len() {
                1 => "the only version".to_owned(),
                count => format!("each of the {count} versions"),
            };
            let _ = writeln!(text, "something stands against {each}{looked}");
        }
    }
    if !answer.newer.is_empty() && answer.good.is_some() {
        let _ = writeln!(text, "what stands against {}", words::counted(answer.newer.len(), "newer version"));
    }
    for newer in answer.newer.iter().take(MOST_NEWER) {
        let at = paint::paint(paint::FAINT, time::show(newer.written_at));
        let _ = writeln!(text, "  {}  {at}", name(&newer.name, &newer.version));
        for doubt in newer.against.iter().take(MOST_DOUBTS) {
            let _ = writeln!(text, "    {}", line(&doubt.message));
        }
        let more = newer.against.len().saturating_sub(MOST_DOUBTS);
        if more > 0 {
            let _ = writeln!(text, "    … and {more} more");
        }
    }
    let more = answer.newer.len().saturating_sub(MOST_NEWER);
    if more > 0 {
        let _ = writeln!(text, "  … and {more} more: use `--format json`");
    }
    text
}
