//! Names that people move from version to version: asked for, and moved.

use mltrace_core::model::{LIMIT_TEXT, Record, alias_name};
use mltrace_core::query::{AliasHistory, Aliases, Pointing};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::values::blank;
use super::writes::fits;
use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// What may be an alias.
const NAME: &str = r"^(?!latest$)[^\s\x00-\x1f\x7f-\x9f@:*?]+$";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .ask(Demand::Short, "/api/v1/aliases", "The aliases, by name, and what they point to", aliases)
        .ask(Demand::Short, "/api/v1/alias", "What an alias points to, and all that it pointed to", alias)
        .tell(
            "/api/v1/alias",
            "Let an alias point to a version, back to the one before, or to nothing; answers with its history. \
             409: a later move is known",
            point,
        )
}

/// When.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AliasesQuery {
    /// As they stood at this moment.
    #[serde(deserialize_with = "blank")]
    pub(crate) as_of: Option<Moment>,
}

/// Returns all aliases.
pub(crate) fn aliases(app: &App, asked: &AliasesQuery) -> Result<Aliases, Failure> {
    app.ask(|reader| reader.aliases(asked.as_of.as_ref().map(|moment| moment.at)))
}

/// Which alias is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasQuery {
    /// The alias.
    pub(crate) name: String,
    /// What it pointed to at this moment.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) as_of: Option<Moment>,
}

/// Returns what an alias points to, and pointed to.
pub(crate) fn alias(app: &App, asked: &AliasQuery) -> Result<AliasHistory, Failure> {
    app.ask(|reader| reader.alias(&asked.name, asked.as_of.as_ref().map(|moment| moment.at)))
}

/// Where an alias is moved to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = one_of()))]
struct AliasBody {
    /// The alias; `latest` is none.
    #[schemars(regex(pattern = NAME))]
    name: String,
    /// `NAME`, the latest version, or `NAME@VERSION`: what it points to from now on.
    artifact: Option<String>,
    /// Whether it goes back to what it pointed to before.
    #[serde(default)]
    previous: bool,
    /// Whether it points to nothing from now on.
    #[serde(default)]
    remove: bool,
    /// Why, in at most 64 KiB.
    reason: Option<String>,
}

/// Returns how the document says that one of three ways is meant.
fn one_of() -> Value {
    let (no, yes) = (json!({ "const": false }), json!({ "const": true }));
    json!([
        { "required": ["artifact"],
          "properties": { "artifact": { "type": "string" }, "previous": no, "remove": no } },
        { "required": ["previous"],
          "properties": { "artifact": { "type": "null" }, "previous": yes, "remove": no } },
        { "required": ["remove"], "properties": { "artifact": { "type": "null" }, "previous": no, "remove": yes } },
    ])
}

fn point(app: &App, told: &AliasBody) -> Result<AliasHistory, Failure> {
    let name = alias_name(&told.name).map_err(Failure::usage)?;
    let reason = told.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    fits("reason", reason, LIMIT_TEXT)?;
    let pointing = match (&told.artifact, told.previous, told.remove) {
        (Some(artifact), false, false) => Pointing::To(app.ask(|reader| reader.version(artifact, None))?),
        (None, true, false) => Pointing::Back,
        (None, false, true) => Pointing::ToNothing,
        _ => return Err(Failure::usage("name an `artifact`, or say `previous` or `remove`")),
    };
    let by = app.user();
    let said = app.ask(|reader| reader.pointed_now(&name, pointing.clone(), (reason, by.as_deref())))?;
    if let Some(said) = said {
        app.record(vec![Record::Alias(said.clone())])?;
        // What waits in the journal counts as soon as the store is back.
        if !app.is_behind() {
            app.ask(|reader| reader.alias_counts(&said))?;
        }
    }
    app.ask(|reader| reader.alias(&name, None))
}
