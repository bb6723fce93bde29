//! What aliases point to, and pointed to.

use mltrace_core::model::Version;
use mltrace_core::query::{AliasHistory, Aliases};

use super::{paint, run, table};
use crate::escape::line;
use crate::time;

/// Returns all aliases, a line each.
pub(crate) fn all(answer: &Aliases, columns: Option<u16>) -> String {
    if answer.aliases.is_empty() {
        return "no aliases\n".to_owned();
    }
    let rows = answer.aliases.iter().map(|of| {
        [
            of.alias.clone(),
            pointed(of.artifact.as_ref()),
            time::show(of.at),
            of.by.clone().unwrap_or_default(),
            of.reason.clone().unwrap_or_default(),
        ]
    });
    table::draw(["ALIAS", "ARTIFACT", "SINCE", "BY", "REASON"], rows, columns)
}

/// Returns what one alias points to, then its history, the last first.
pub(crate) fn one(answer: &AliasHistory, columns: Option<u16>) -> String {
    let alias = line(&answer.current.alias);
    let named = pointed(answer.current.artifact.as_ref());
    let before = match &answer.previous {
        Some(version) => format!("; `--previous` leads to {}", line(&pointed(Some(version)))),
        None => String::new(),
    };
    let mut text = format!(
        "{} points to {}{}\n",
        paint::paint(paint::STRONG, alias),
        line(&named),
        paint::paint(paint::FAINT, before)
    );
    let rows = answer.history.iter().map(|entry| {
        [
            time::show(entry.at),
            pointed(entry.artifact.as_ref()),
            entry.by.clone().unwrap_or_default(),
            entry.reason.clone().unwrap_or_default(),
        ]
    });
    text.push_str(&table::draw(["SINCE", "ARTIFACT", "BY", "REASON"], rows, columns));
    text
}

fn pointed(version: Option<&Version>) -> String {
    let named = version.map(|version| format!("{}@{}", version.name, version.version.short(run::DIGITS)));
    named.unwrap_or_else(|| "nothing".to_owned())
}
