//! The OpenAPI document: made from the table of routes and the types behind them, so it cannot say anything else.

use axum::http::{Method, StatusCode};
use axum::routing::get;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::{Map, Value, json};

use super::lineage::MOST_EVENTS;
use super::traces::{Refused, SPANS};
use crate::failure::ErrorAnswer;
use crate::routes::Routes;

/// Describes a type, and those that it is made of.
type Describe = fn(&mut SchemaGenerator) -> Schema;

/// What the document says of one route.
#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    /// Parameters in the address.
    query: Option<Describe>,
    /// The body, and of which types.
    body: Option<(&'static [&'static str], Describe)>,
    answer: Answered,
    /// Whether what is wrong with a part of the body is reported in the answer, with the status 422.
    is_partial: bool,
}

/// What an answer is.
#[derive(Clone, Copy)]
enum Answered {
    /// JSON.
    Json(Describe),
    /// Text of one of these types.
    Text(&'static [&'static str]),
    /// No body: what was sent is recorded, and the status is 201.
    Recorded,
}

impl Answered {
    fn document(self, generator: &mut SchemaGenerator) -> Value {
        let content: Map<String, Value> = match self {
            Self::Json(describe) => {
                [("application/json".to_owned(), json!({ "schema": describe(generator) }))].into_iter().collect()
            }
            Self::Text(types) => {
                types.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": { "type": "string" } }))).collect()
            }
            Self::Recorded => return json!({ "description": "It is recorded" }),
        };
        json!({ "description": "The answer", "content": content })
    }
}

/// A parameter as a page shows it.
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) is_required: bool,
}

impl Operation {
    pub(crate) fn get<Q: JsonSchema, A: JsonSchema>(path: &'static str, summary: &'static str) -> Self {
        let answer = Answered::Json(SchemaGenerator::subschema_for::<A>);
        Self { method: Method::GET, path, summary, query: Some(Q::json_schema), body: None, answer, is_partial: false }
    }

    pub(crate) fn post<B: JsonSchema, A: JsonSchema>(path: &'static str, summary: &'static str) -> Self {
        let answer = Answered::Json(SchemaGenerator::subschema_for::<A>);
        let body = Some((&["application/json"][..], SchemaGenerator::subschema_for::<B> as Describe));
        Self { method: Method::POST, path, summary, query: None, body, answer, is_partial: false }
    }

    /// An import brings lines of JSON, each of which the JSON page of the documentation describes.
    pub(crate) fn import<A: JsonSchema>(path: &'static str, summary: &'static str) -> Self {
        let answer = Answered::Json(SchemaGenerator::subschema_for::<A>);
        let types = &["application/x-ndjson", "application/json"][..];
        let body = Some((types, (|_: &mut SchemaGenerator| lines()) as Describe));
        Self { method: Method::POST, path, summary, query: None, body, answer, is_partial: true }
    }

    /// Events of other tools, one in a request.
    pub(crate) fn event(path: &'static str, summary: &'static str) -> Self {
        let body = Some((&["application/json"][..], (|_: &mut SchemaGenerator| event()) as Describe));
        Self { method: Method::POST, path, summary, query: None, body, answer: Answered::Recorded, is_partial: false }
    }

    /// Events of other tools, many in a request.
    pub(crate) fn events<A: JsonSchema>(path: &'static str, summary: &'static str) -> Self {
        let answer = Answered::Json(SchemaGenerator::subschema_for::<A>);
        // More than a batch may have is too large a body, and not one of another shape.
        let most = |_: &mut SchemaGenerator| {
            let description = format!("At most {MOST_EVENTS} events.");
            json_schema!({ "type": "array", "items": {}, "description": description })
        };
        let body = Some((&["application/json"][..], most as Describe));
        Self { method: Method::POST, path, summary, query: None, body, answer, is_partial: false }
    }

    /// Spans of OpenTelemetry, many in a request.
    pub(crate) fn spans<A: JsonSchema>(path: &'static str, summary: &'static str) -> Self {
        let answer = Answered::Json(SchemaGenerator::subschema_for::<A>);
        let body = Some((&["application/json"][..], (|_: &mut SchemaGenerator| export()) as Describe));
        Self { method: Method::POST, path, summary, query: None, body, answer, is_partial: false }
    }

    pub(crate) fn text(path: &'static str, summary: &'static str, types: &'static [&'static str]) -> Self {
        let answer = Answered::Text(types);
        Self { method: Method::GET, path, summary, query: None, body: None, answer, is_partial: false }
    }

    /// Returns the parameters in the address, or the fields of the body.
    pub(crate) fn parameters(&self) -> Vec<Parameter> {
        let mut generator = generator();
        let schema = match (self.query, self.body) {
            (Some(query), _) => query(&mut generator),
            (None, Some((_, body))) => {
                let schema = body(&mut generator);
                let definitions = generator.take_definitions(true);
                let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
                let named = name.and_then(|name| definitions.get(name)).cloned();
                named.and_then(|schema| schema.try_into().ok()).unwrap_or(schema)
            }
            (None, None) => return Vec::new(),
        };
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let parameters = properties.into_iter().map(|(name, schema)| Parameter {
            is_required: required.contains(&Value::String(name.clone())),
            description: schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            name,
        });
        parameters.collect()
    }

    /// Returns the schema of an answer that there is none. An export is refused in the words of its protocol, unless the door
    /// refuses it.
    fn error(&self, generator: &mut SchemaGenerator) -> Value {
        let ours = generator.subschema_for::<ErrorAnswer>().to_value();
        match self.path {
            SPANS => json!({ "anyOf": [ours, generator.subschema_for::<Refused>()] }),
            _ => ours,
        }
    }

    fn document(&self, generator: &mut SchemaGenerator) -> Value {
        let mut operation = Map::new();
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let id = format!("{}_{name}", self.method.as_str().to_lowercase());
        operation.insert("operationId".to_owned(), id.into());
        operation.insert("summary".to_owned(), self.summary.into());
        if let Some(query) = self.query {
            let schema = query(generator);
            operation.insert("parameters".to_owned(), parameters(&schema));
        }
        if let Some((kinds, body)) = self.body {
            let content: Map<String, Value> =
                kinds.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": body(generator) }))).collect();
            operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        }
        let answer = self.answer.document(generator);
        let error = json!({ "description": "Why there is none",
            "content": { "application/json": { "schema": self.error(generator) } } });
        let status = if matches!(self.answer, Answered::Recorded) { "201" } else { "2XX" };
        let mut responses = json!({ status: answer.clone(), "default": error });
        if let (true, Some(responses)) = (self.is_partial, responses.as_object_mut()) {
            responses.insert("422".to_owned(), answer);
        }
        operation.insert("responses".to_owned(), responses);
        Value::Object(operation)
    }
}

/// Returns what is required of an event; the rest is described at <https://openlineage.io/spec>.
fn event() -> Schema {
    let text = json!({ "type": "string" });
    let facets = json!({ "type": ["object", "null"] });
    let kind = json!({ "type": ["string", "null"] });
    let named = json!({ "type": "object", "required": ["namespace", "name"],
        "properties": { "namespace": text, "name": text, "facets": facets } });
    let run = json!({ "type": ["object", "null"], "required": ["runId"],
        "properties": { "runId": { "type": "string", "format": "uuid" }, "facets": facets } });
    json_schema!({
        "type": "object",
        "required": ["eventTime", "producer", "schemaURL"],
        "properties": {
            "eventTime": { "type": "string", "format": "date-time" }, "eventType": kind, "producer": text,
            "schemaURL": text, "run": run, "job": named, "dataset": named,
            "inputs": { "type": ["array", "null"], "items": named }, "outputs": { "type": ["array", "null"], "items": named },
        },
        "anyOf": [{ "required": ["job"] }, { "required": ["dataset"] }],
        "dependentRequired": { "run": ["job"] },
    })
}

/// Returns what is required of an export of spans; the rest is described at <https://opentelemetry.io/docs/specs/otlp>.
fn export() -> Schema {
    let list = |items: Value| json!({ "type": ["array", "null"], "items": items });
    let of_scope = json!({ "type": "object", "properties": { "spans": list(json!({})) } });
    let of_resource = json!({ "type": "object", "properties": { "resource": {}, "scopeSpans": list(of_scope) } });
    let description = "An ExportTraceServiceRequest; also as `application/x-protobuf`.";
    json_schema!({
        "type": "object",
        "description": description,
        "properties": { "resourceSpans": list(of_resource) },
    })
}

/// Returns the parameters that a schema of an address describes.
fn parameters(schema: &Schema) -> Value {
    let list = |key: &str| schema.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let required = list("required");
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let properties = properties.into_iter().map(|(name, schema)| {
        let is_required = required.contains(&Value::String(name.clone()));
        let described = if is_required { schema } else { or_empty(schema) };
        (name, described, is_required)
    });
    if schema.get("oneOf").is_some() {
        // Which of them go together is reported by the schema of all: each of its properties is a parameter.
        let properties: Map<String, Value> = properties.map(|(name, schema, _)| (name, schema)).collect();
        let schema = json!({ "type": "object", "properties": properties, "additionalProperties": false,
                             "oneOf": list("oneOf") });
        return json!([{ "name": "asked", "in": "query", "style": "form", "explode": true, "required": true,
                        "schema": schema }]);
    }
    let parameters = properties.map(|(name, schema, is_required)| {
        json!({ "name": name, "in": "query", "required": is_required,
                "description": schema.get("description"), "schema": schema })
    });
    parameters.collect()
}

/// Returns the schema of a parameter that may be left out: an address knows no `null`, and what a form sends empty counts
/// as left out.
fn or_empty(mut schema: Value) -> Value {
    let Some(object) = schema.as_object_mut() else { return schema };
    let description = object.remove("description");
    if let Some(kinds) = object.get_mut("type").filter(|kinds| kinds.is_array()) {
        *kinds = kinds.as_array().and_then(|kinds| kinds.first()).cloned().unwrap_or_default();
    }
    if let Some(others) = object.get_mut("anyOf").and_then(Value::as_array_mut) {
        others.retain(|other| other.get("type").is_none_or(|kind| kind != "null"));
    }
    object.remove("default");
    let is_any_text = object.get("type").is_some_and(|kind| kind == "string") && object.len() == 1;
    let mut described = if is_any_text { schema } else { json!({ "anyOf": [schema, { "const": "" }] }) };
    if let (Some(object), Some(description)) = (described.as_object_mut(), description) {
        object.insert("description".to_owned(), description);
    }
    described
}

fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

/// Returns the schema of an import: the lines of one are reported in `docs/json.md`.
fn lines() -> Schema {
    json_schema!({ "anyOf": [{ "type": "object" }, { "type": "array", "items": { "type": "object" } }] })
}

/// Returns the document of these operations.
fn document(operations: &[Operation]) -> Value {
    let mut generator = generator();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let described = operation.document(&mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.method.as_str().to_lowercase(), described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "mltrace",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "How any output of a pipeline came to be. The answers are those of the command's JSON.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }, {}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// Adds the document and the page that shows it; called when all operations are known.
pub(crate) fn routes(routes: Routes) -> Routes {
    let operations = routes.operations().to_vec();
    let document = document(&operations);
    let page = crate::pages::api(&operations);
    routes
        .route(Method::GET, "/api/v1/openapi.json", get(async move || crate::api::json(StatusCode::OK, &document)))
        .route(Method::GET, "/api", get(async move || crate::pages::shown(page)))
}
