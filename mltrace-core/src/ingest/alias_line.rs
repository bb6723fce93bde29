//! The line of an import that says what an alias points to.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::text::{artifact_name, within, without_place};
use crate::model::{AliasFact, Record, Timestamp, Version, VersionId};
use crate::naming::Root;
use crate::redact;

#[derive(Deserialize)]
struct AliasLine {
    id: Uuid,
    project: Option<String>,
    alias: String,
    artifact: Option<Pointed>,
    reason: Option<String>,
    by: Option<String>,
    at: Timestamp,
}

#[derive(Deserialize)]
struct Pointed {
    name: String,
    version: VersionId,
}

/// Returns whose line it is, where it says so, and what it says; `root` returns that of the names of a project.
pub(super) fn alias_line(
    object: Value,
    root: impl Fn(Option<&str>) -> Root,
) -> Result<(Option<String>, Record), String> {
    let line: AliasLine = serde_json::from_value(object).map_err(|error| without_place(&error))?;
    let names = root(line.project.as_deref());
    let pointed =
        |Pointed { name, version }: Pointed| Ok::<_, String>(Version { name: artifact_name(&name, &names)?, version });
    redact::is_kept(&line.alias).map_err(|why| format!("that is no alias: {why}"))?;
    let fact = AliasFact {
        id: line.id,
        alias: line.alias,
        artifact: line.artifact.map(pointed).transpose()?,
        reason: line.reason.map(|text| within("reason", text)).transpose()?,
        by: line.by,
        at: line.at,
    };
    match fact.fault() {
        Some(fault) => Err(fault),
        None => Ok((line.project, Record::Alias(fact))),
    }
}
