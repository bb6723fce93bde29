//! Facets as the specification has them, and our own beside them.

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{Check, Code, Outcome, Severity, value};
use crate::store::{CodeDetail, RunDetail};

/// Who says so: a name of its own, for mltrace has no address that every build of it could name.
pub(super) const PRODUCER: &str = concat!("urn:mltrace:", env!("CARGO_PKG_VERSION"));

/// Returns the address of the schema of an event.
pub(super) fn schema(of: &str) -> String {
    format!("https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/{of}")
}

/// Returns a facet of the specification.
pub(super) fn facet((version, of): (&str, &str), said: Value) -> Value {
    based(&format!("https://openlineage.io/spec/facets/{version}/{of}.json#/$defs/{of}"), said)
}

/// Returns a facet of our own.
pub(super) fn own(name: &str, said: &impl Serialize) -> Value {
    based(&format!("{PRODUCER}:{name}"), serde_json::to_value(said).unwrap_or_default())
}

fn based(schema: &str, mut said: Value) -> Value {
    if let Some(fields) = said.as_object_mut() {
        fields.insert("_producer".to_owned(), json!(PRODUCER));
        fields.insert("_schemaURL".to_owned(), json!(schema));
    }
    said
}

/// Adds a facet, if there is anything to say.
pub(super) fn put(facets: &mut Value, name: &str, facet: Option<Value>) {
    if let (Some(facets), Some(facet)) = (facets.as_object_mut(), facet) {
        facets.insert(name.to_owned(), facet);
    }
}

/// Returns the facets of the job of a run: whom to ask, what it does, and where its code is.
pub(super) fn of_job(detail: &RunDetail) -> Value {
    let said = detail.declared.clone().unwrap_or_default();
    let owner = said.owner.as_ref().or(detail.component.owner.as_ref());
    let description = said.description.as_ref().or(detail.component.description.as_ref());
    let mut tags: Vec<&String> = detail.component.tags.iter().chain(&said.tags).collect();
    tags.sort_unstable();
    tags.dedup();
    let mut facets = declared(owner, description, &tags);
    put(&mut facets, "sourceCodeLocation", location(detail));
    let source = detail.code.as_ref().and_then(|code| Some((code, code.source.as_deref()?)));
    let source = source.filter(|(_, source)| !source.is_empty()).map(|(code, source)| {
        let said = json!({"language": language(code), "sourceCode": source});
        facet(("1-0-1", "SourceCodeJobFacet"), said)
    });
    put(&mut facets, "sourceCode", source);
    facets
}

/// Returns the facets of what is declared of a component.
pub(super) fn declared(owner: Option<&String>, description: Option<&String>, tags: &[&String]) -> Value {
    let mut facets = json!({});
    let owner = owner.map(|owner| facet(("1-0-1", "OwnershipJobFacet"), json!({"owners": [{"name": owner}]})));
    put(&mut facets, "ownership", owner);
    let described = |text| facet(("1-1-0", "DocumentationJobFacet"), json!({"description": text}));
    put(&mut facets, "documentation", description.map(described));
    let word = |tag| json!({"key": tag, "value": "true", "source": "mltrace"});
    let words: Vec<Value> = tags.iter().map(word).collect();
    let tags = (!words.is_empty()).then(|| facet(("1-0-0", "TagsJobFacet"), json!({"tags": words})));
    put(&mut facets, "tags", tags);
    facets
}

/// Returns where the code of a run is; `None` where no address is known.
fn location(detail: &RunDetail) -> Option<Value> {
    let git = detail.git.as_ref()?;
    let remote = git.remote.as_deref()?;
    let mut said = json!({"type": "git", "url": address(remote)?, "repoUrl": remote});
    let file = detail.code.as_ref().map(|code| code.file.clone()).filter(|file| file != Code::COMMAND_LINE);
    put(&mut said, "path", file.map(Value::from));
    put(&mut said, "version", git.commit.clone().map(Value::from));
    put(&mut said, "branch", git.branch.clone().map(Value::from));
    put(&mut said, "tag", git.tags.first().cloned().map(Value::from));
    Some(facet(("1-1-0", "SourceCodeLocationJobFacet"), said))
}

/// Returns the address of a repository as a URI: git takes `host:path`, too, and paths.
fn address(remote: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte);
    if !remote.bytes().all(is_plain) {
        return None;
    }
    if remote.contains("://") {
        return Some(remote.to_owned());
    }
    if remote.starts_with('/') {
        return Some(format!("file://{remote}"));
    }
    let (host, path) = remote.split_once(':')?;
    Some(format!("ssh://{host}/{}", path.trim_start_matches('/')))
}

/// Returns the language of a source, as far as the name of its file says.
pub(super) fn language(code: &CodeDetail) -> &str {
    if code.file == Code::COMMAND_LINE {
        return "shell";
    }
    match code.file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => "rust",
        Some("py") => "python",
        Some(extension) if !extension.contains('/') => extension,
        _ => "unknown",
    }
}

/// Returns parameters as texts.
pub(super) fn parameters(detail: &RunDetail) -> Option<Value> {
    let told = |(name, given): (&String, &Value)| json!({"key": name, "value": value::text(given)});
    let all: Vec<Value> = detail.params.iter().map(told).collect();
    (!all.is_empty()).then(|| facet(("1-0-0", "ExecutionParametersRunFacet"), json!({"parameters": all})))
}

/// Returns why a run failed.
pub(super) fn error(detail: &RunDetail) -> Option<Value> {
    let message = detail.row.error.as_ref()?;
    let language = detail.code.as_ref().map_or("unknown", language);
    let said = json!({"message": message, "programmingLanguage": language});
    Some(facet(("1-0-1", "ErrorMessageRunFacet"), said))
}

/// Returns the checks of a run as a whole.
pub(super) fn tests(detail: &RunDetail) -> Option<Value> {
    let of_run = detail.measures.checks.iter().filter(|check| check.about.is_none());
    let all: Vec<Value> = of_run
        .map(|check| {
            let status = match check.outcome {
                Outcome::Passed => "pass",
                Outcome::Failed => "fail",
                Outcome::Errored => "error",
            };
            let mut said = json!({"name": check.name, "status": status, "severity": severity(check)});
            put(&mut said, "description", check.message.clone().map(Value::from));
            said
        })
        .collect();
    (!all.is_empty()).then(|| facet(("1-0-1", "TestRunFacet"), json!({"tests": all})))
}

/// Returns the checks of an artifact.
pub(super) fn assertions<'c>(checks: impl Iterator<Item = &'c Check>) -> Option<Value> {
    let all: Vec<Value> = checks
        .map(|check| {
            let success = check.outcome == Outcome::Passed;
            let mut said =
                json!({"assertion": check.name, "name": check.name, "success": success, "severity": severity(check)});
            put(&mut said, "description", check.message.clone().map(Value::from));
            said
        })
        .collect();
    (!all.is_empty()).then(|| facet(("1-1-0", "DataQualityAssertionsDatasetFacet"), json!({"assertions": all})))
}

fn severity(check: &Check) -> &'static str {
    if check.severity == Severity::Warn { "warn" } else { "error" }
}
