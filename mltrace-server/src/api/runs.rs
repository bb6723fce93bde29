//! The questions for lists of runs: of all components, and of one with what was measured.

use mltrace_core::model::{RunId, Status};
use mltrace_core::query::{History, RunFilter, Runs};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::conditions::Conditions;
use super::values::{Limit, blank, limited, run_id};
use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::routes::Routes;
use crate::turns::Demand;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.ask(Demand::Short, "/api/v1/recent", "The last runs, newest first", recent).ask(
        Demand::Short,
        "/api/v1/history",
        "The runs of one component, newest first, and what was measured of them",
        history,
    )
}

/// Which runs are meant.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RecentQuery {
    /// Of this component.
    #[serde(deserialize_with = "blank")]
    pub(crate) component: Option<String>,
    /// With this status.
    #[serde(deserialize_with = "blank")]
    pub(crate) status: Option<Status>,
    /// Started at or after.
    #[serde(deserialize_with = "blank")]
    pub(crate) since: Option<Moment>,
    /// Started before or at.
    #[serde(deserialize_with = "blank")]
    pub(crate) until: Option<Moment>,
    /// Of a component with this tag.
    #[serde(deserialize_with = "blank")]
    pub(crate) tag: Option<String>,
    /// Of a component with this owner.
    #[serde(deserialize_with = "blank")]
    pub(crate) owner: Option<String>,
    /// Of which all of this holds, as `flag` asks for it: conditions parted by blanks, in quotes where they hold blanks.
    #[serde(deserialize_with = "blank", rename = "where")]
    pub(crate) conditions: Option<Conditions>,
    /// At most so many; 50 unless said otherwise.
    #[serde(deserialize_with = "blank")]
    pub(crate) limit: Option<Limit>,
    /// Older than this run: the `next` of the page before.
    #[serde(deserialize_with = "run_id")]
    pub(crate) before: Option<RunId>,
}

/// A page of runs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Page {
    /// The runs.
    #[serde(flatten)]
    pub(crate) runs: Runs,
    /// What to send as `before` for the next page; `null` on the last one.
    pub(crate) next: Option<RunId>,
}

/// A page of the runs of one component, with what was measured of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HistoryPage {
    /// The runs.
    #[serde(flatten)]
    pub(crate) history: History,
    /// What to send as `before` for the next page; `null` on the last one.
    pub(crate) next: Option<RunId>,
}

impl RecentQuery {
    /// Returns the runs that are meant, and one more, which says whether there is a next page.
    fn filter(&self) -> RunFilter {
        RunFilter {
            component: self.component.clone(),
            owner: self.owner.clone(),
            tag: self.tag.clone(),
            status: self.status,
            since: self.since.as_ref().map(|moment| moment.at),
            until: self.until.as_ref().map(|moment| moment.at),
            conditions: self.conditions.as_ref().map(|conditions| conditions.all.clone()).unwrap_or_default(),
            before: self.before,
            limit: Some(limited(self.limit).saturating_add(1)),
        }
    }

    /// Returns one page of the runs that are meant.
    pub(crate) fn page(&self, app: &App) -> Result<Page, Failure> {
        let limit = limited(self.limit);
        let mut runs = app.ask(|reader| reader.recent(&self.filter()))?;
        let is_cut = runs.runs.len() > limit;
        runs.runs.truncate(limit);
        let next = runs.runs.last().map(|run| run.id).filter(|_| is_cut);
        Ok(Page { runs, next })
    }

    /// Returns one page of the runs of a component that are meant, with what was measured of them.
    pub(crate) fn history(&self, app: &App, component: &str) -> Result<HistoryPage, Failure> {
        let mut history = app.ask(|reader| reader.history(component, &self.filter()))?;
        let is_cut = history.keep_newest(limited(self.limit));
        let next = history.runs.last().map(|run| run.id).filter(|_| is_cut);
        Ok(HistoryPage { history, next })
    }
}

fn recent(app: &App, asked: &RecentQuery) -> Result<Page, Failure> {
    asked.page(app)
}

/// Which runs of one component are meant.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct HistoryQuery(RecentQuery);

impl JsonSchema for HistoryQuery {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HistoryQuery".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = RecentQuery::json_schema(generator);
        schema.insert("required".to_owned(), json!(["component"]));
        if let Some(component) = schema.pointer_mut("/properties/component").and_then(Value::as_object_mut) {
            component.insert("type".to_owned(), json!("string"));
            component.insert("minLength".to_owned(), json!(1));
        }
        schema
    }
}

fn history(app: &App, HistoryQuery(asked): &HistoryQuery) -> Result<HistoryPage, Failure> {
    match &asked.component {
        Some(component) => asked.history(app, component),
        None => Err(Failure::usage("`component` is missing")),
    }
}
