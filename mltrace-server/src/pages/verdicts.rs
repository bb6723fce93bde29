//! What people said of versions, looked up for a page that shows many.

use std::collections::HashMap;

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{ArtifactName, Verdict, VersionId};
use mltrace_core::query::{Labelled, QueryError, Reader};

use super::{link, parts};

/// The verdicts of a project, by version.
pub(super) struct Verdicts(HashMap<(ArtifactName, VersionId), (Verdict, Labelled)>);

impl Verdicts {
    /// Returns those that count.
    pub(super) fn of(reader: &mut Reader<'_>) -> Result<Self, QueryError> {
        let judged = reader.verdicts()?.into_iter();
        Ok(Self(
            judged.map(|(verdict, label)| ((label.name.clone(), label.version.clone()), (verdict, label))).collect(),
        ))
    }

    /// Returns whether any version has this verdict.
    pub(super) fn has(&self, verdict: Verdict) -> bool {
        self.0.values().any(|(given, _)| *given == verdict)
    }

    /// Shows the verdict on a version with its reason, and the buttons that give another; the browser comes back to
    /// `back`. Of no version nothing can be said.
    pub(super) fn judge(&self, name: &ArtifactName, version: Option<&VersionId>, back: &str) -> Markup {
        let Some(version) = version.filter(|version| **version != VersionId::None) else { return html! {} };
        let known = self.0.get(&(name.clone(), version.clone()));
        html! {
            @if let Some((verdict, label)) = known { (judged(Some(*verdict), label.reason.as_deref(), label.by.as_deref())) " " }
            (parts::judge(&link::named(name, Some(version)), known.map(|(verdict, _)| *verdict), back))
        }
    }
}

/// A verdict with why, and whose it is.
pub(super) fn judged(verdict: Option<Verdict>, reason: Option<&str>, by: Option<&str>) -> Markup {
    html! {
        (parts::verdict(verdict))
        @if let Some(reason) = reason { " " q.reason { (escape::line(reason)) } }
        @if let Some(by) = by { " " span.quiet-text { "by " (parts::name(by)) } }
    }
}
