//! What still holds the data of a subject.

use mltrace_core::model::DataSubject;
use mltrace_core::query::{SubjectHeld, Whereabouts};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.ask(
        Demand::Long,
        "/api/v1/subject",
        "What was made from the data of a subject, and what of it is live; no disk is looked at",
        subject,
    )
}

/// Which subject is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectQuery {
    /// Its name, or the digits that are kept in place of it: `s:` and 32 of them.
    #[schemars(length(min = 1))]
    pub(crate) name: String,
}

/// Returns the subject of this name.
pub(crate) fn named(name: &str) -> Result<DataSubject, Failure> {
    DataSubject::of(name).map_err(Failure::usage)
}

/// Returns what was made from the data of a subject.
pub(crate) fn subject(app: &App, asked: &SubjectQuery) -> Result<SubjectHeld, Failure> {
    let subject = named(&asked.name)?;
    app.ask(|reader| reader.subject(&subject, Whereabouts::Nowhere))
}
