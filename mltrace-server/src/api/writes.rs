//! What the API writes: verdicts, notes, what components are, and runs recorded in any language.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::post;
use mltrace_core::desk::{self, TooLong};
use mltrace_core::ingest::MOST_TAGS;
use mltrace_core::model::{Declaration, LIMIT_NAME, LIMIT_TEXT, LabelFact, Record, Verdict, Version};
use mltrace_core::query::{Component, Judgement, Labelled, Many, Review, Run, RunCondition};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::conditions::{self, moment};
use crate::app::{App, Kept};
use crate::failure::Failure;
use crate::lines;
use crate::routes::{Routes, Steps};
use crate::turns::Demand;

/// Where runs are recorded.
pub(crate) const IMPORT_PATH: &str = "/api/v1/runs";
/// The longest import that one request may bring.
pub(crate) const IMPORT_LIMIT: usize = 16 << 20;
/// The longest import that takes a turn like a verb: many runs, but not for long.
const SHORT_IMPORT: usize = 256 << 10;
/// How many wrong lines are reported one by one.
const MOST_ERRORS: usize = 100;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .tell_of(
            "/api/v1/flag",
            "Mark versions as bad, or ok; answers with the suspects, or in `not_reviewed` why they are unknown. \
             409: a later verdict is known",
            Steps { find: to_flag, record: flag, answer: review, without: not_reviewed },
        )
        .tell_of(
            "/api/v1/unflag",
            "Take back verdicts; answers with the suspects, or in `not_reviewed` why they are unknown. \
             409: a later verdict is known",
            Steps { find: to_unflag, record: unflag, answer: review, without: not_reviewed },
        )
        .tell("/api/v1/note", "Add a note to a run; answers with the run", note)
        .tell("/api/v1/component", "Declare or amend a component", amend)
        .operation(Operation::import::<Imported>(
            IMPORT_PATH,
            "Record runs: import lines, one JSON object each. 202: the store is away and the journal keeps them. \
             422: some lines are wrong, as those are that tell of a time more than a day ahead; the rest is stored",
        ))
        .route(Method::POST, IMPORT_PATH, post(import))
}

/// Versions and a verdict.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = named(&["artifacts", "runs", "where"])))]
struct FlagBody {
    /// `NAME`, the latest version, `NAME@VERSION`, or a pattern of names with `*`, `**` or `?`.
    #[serde(default)]
    artifacts: Vec<String>,
    /// Runs, all of whose outputs are meant: ids, unique starts or ends of one, or `latest`.
    #[serde(default)]
    runs: Vec<String>,
    /// Conditions such as `component=clean` or `param.rows<=900`: all outputs of the runs of which all of them hold; beside `artifacts` or `runs`, those of them.
    #[serde(default, rename = "where")]
    #[schemars(inner(regex(pattern = conditions::ONE)))]
    conditions: Vec<String>,
    /// Whether they were found fine.
    #[serde(default)]
    ok: bool,
    /// Why, in at most 64 KiB.
    reason: Option<String>,
}

fn to_flag(app: &App, told: &FlagBody) -> Result<Vec<Version>, Failure> {
    fits("reason", told.reason.as_deref().map(str::trim), LIMIT_TEXT)?;
    let many = many(&told.artifacts, &told.runs, &told.conditions)?;
    app.ask(|reader| reader.many(&many))
}

#[expect(clippy::needless_pass_by_value, reason = "what was found is for this alone")]
fn flag(app: &App, told: &FlagBody, versions: Vec<Version>) -> Result<Vec<LabelFact>, Failure> {
    let verdict = if told.ok { Verdict::Ok } else { Verdict::Flagged };
    record_verdicts(app, &versions, verdict, told.reason.as_deref())
}

fn review(app: &App) -> Result<Review, Failure> {
    app.ask(|reader| reader.review(None))
}

/// Returns the answer when the review that follows verdicts fails: they are recorded.
fn not_reviewed(said: Vec<LabelFact>, failure: &Failure) -> Review {
    let mut answer = Review::default();
    for said in said {
        let LabelFact { name, version, reason, by, at, .. } = said;
        let labelled = Labelled { name, version, reason, by, at };
        match said.verdict {
            Verdict::Flagged => answer.flagged.push(labelled),
            Verdict::Ok => answer.ok.push(labelled),
            Verdict::None => {}
        }
    }
    answer.not_reviewed =
        Some(format!("the verdicts are recorded, but the suspects are unknown: {}", failure.told.message));
    answer
}

/// Returns how the document says that one of these lists names something.
fn named(lists: &[&str]) -> Value {
    let named = lists.iter().map(|list| json!({ "required": [list], "properties": { *list: { "minItems": 1 } } }));
    named.collect()
}

/// Returns how the document says that versions are named, or all are meant.
fn named_or_all() -> Value {
    let none = json!({ "maxItems": 0 });
    json!([
        { "anyOf": named(&["artifacts", "runs", "where"]), "properties": { "all": { "const": false } } },
        { "required": ["all"],
          "properties": { "artifacts": none, "runs": none, "where": none, "all": { "const": true } } },
    ])
}

/// Returns which versions are meant.
fn many(artifacts: &[String], runs: &[String], conditions: &[String]) -> Result<Many, Failure> {
    let conditions = conditions.iter().map(|text| RunCondition::parse(text, moment)).collect::<Result<Vec<_>, _>>();
    let conditions = conditions.map_err(Failure::usage)?;
    if artifacts.is_empty() && runs.is_empty() && conditions.is_empty() {
        return Err(Failure::usage("`artifacts` is empty, and neither `runs` nor `where` names any"));
    }
    Ok(Many { artifacts: artifacts.to_vec(), runs: runs.to_vec(), conditions })
}

/// Versions whose verdict is taken back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = named_or_all()))]
struct UnflagBody {
    /// `NAME`, the latest version, `NAME@VERSION`, or a pattern of names with `*`, `**` or `?`.
    #[serde(default)]
    artifacts: Vec<String>,
    /// Runs, all of whose outputs are meant.
    #[serde(default)]
    runs: Vec<String>,
    /// Conditions such as `component=clean`: all outputs of the runs of which all of them hold.
    #[serde(default, rename = "where")]
    #[schemars(inner(regex(pattern = conditions::ONE)))]
    conditions: Vec<String>,
    /// Whether all verdicts are taken back.
    #[serde(default)]
    all: bool,
}

fn to_unflag(app: &App, told: &UnflagBody) -> Result<Vec<Version>, Failure> {
    if told.all != (told.artifacts.is_empty() && told.runs.is_empty() && told.conditions.is_empty()) {
        return Err(Failure::usage("name `artifacts`, `runs` or `where`, or say `all`"));
    }
    if told.all {
        return app.ask(desk::all_judged);
    }
    let many = many(&told.artifacts, &told.runs, &told.conditions)?;
    app.ask(|reader| reader.many(&many))
}

#[expect(clippy::needless_pass_by_value, reason = "what was found is for this alone")]
fn unflag(app: &App, _: &UnflagBody, versions: Vec<Version>) -> Result<Vec<LabelFact>, Failure> {
    record_verdicts(app, &versions, Verdict::None, None)
}

/// Records a verdict on each version; nothing is recorded unless all are known.
pub(crate) fn judge(app: &App, many: &Many, verdict: Verdict, reason: Option<&str>) -> Result<(), Failure> {
    fits("reason", reason.map(str::trim), LIMIT_TEXT)?;
    let versions = app.ask(|reader| reader.many(many))?;
    record_verdicts(app, &versions, verdict, reason).map(drop)
}

/// Records a verdict on each version; returns what was recorded.
fn record_verdicts(
    app: &App,
    versions: &[Version],
    verdict: Verdict,
    reason: Option<&str>,
) -> Result<Vec<LabelFact>, Failure> {
    let by = app.user();
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    let judgement = Judgement { verdict, reason, by: by.as_deref() };
    let said = app.ask(|reader| reader.judged_now(versions, judgement))?;
    app.record(said.iter().cloned().map(Record::Label).collect())?;
    // What waits in the journal counts as soon as the store is back. What is recorded stays so when the store cannot
    // say now whether it counts.
    let counted = if app.is_behind() { Ok(()) } else { app.ask(|reader| reader.count(&said)) };
    match counted {
        Err(outdone) if outdone.status == StatusCode::CONFLICT => Err(outdone),
        _ => Ok(said),
    }
}

/// A remark on a run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteBody {
    /// Its id, a unique start or end of it, or `latest`.
    pub(crate) run: String,
    /// The remark, of at most 64 KiB.
    #[schemars(regex(pattern = r"\S"))]
    pub(crate) text: String,
}

/// Records a remark and returns the run.
pub(crate) fn note(app: &App, told: &NoteBody) -> Result<Run, Failure> {
    if told.text.trim().is_empty() {
        return Err(Failure::usage("a note may not be empty"));
    }
    fits("text", Some(&told.text), LIMIT_TEXT)?;
    let run = app.ask(|reader| reader.run_id(&told.run))?;
    app.record(vec![desk::note(run, &told.text, app.user())])?;
    app.ask(|reader| reader.inspect(&run.to_string()))
}

/// What is said of a component; what is left out stays as it is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name"]))]
pub(crate) struct ComponentBody {
    /// Its name.
    #[schemars(regex(pattern = r"\S"))]
    pub(crate) name: String,
    /// Whom to ask.
    #[schemars(regex(pattern = r"\S"))]
    pub(crate) owner: Option<String>,
    /// What it does.
    pub(crate) description: Option<String>,
    /// Tags that are put on.
    #[schemars(length(max = 1_000), inner(regex(pattern = r"\S")))]
    pub(crate) tags: Vec<String>,
    /// Tags that are taken off.
    #[schemars(inner(regex(pattern = r"\S")))]
    pub(crate) untag: Vec<String>,
    /// After how many seconds an input counts as old.
    #[serde(deserialize_with = "whole")]
    #[schemars(range(min = 0, max = 9_223_372_036_854_775_807_i64))]
    pub(crate) stale_after_s: Option<i64>,
}

/// Reads a whole number, which JSON may write as `60.0` too.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else { return Ok(None) };
    let as_float = || number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < EXACT);
    let whole = number.as_i64().or_else(|| as_float().map(|number| number as i64));
    whole.map(Some).ok_or_else(|| serde::de::Error::custom(format!("`{number}` is no whole number that fits")))
}

/// Records what a component is and returns it.
pub(crate) fn amend(app: &App, told: &ComponentBody) -> Result<Component, Failure> {
    let tags = told.tags.iter().chain(&told.untag).map(|tag| ("tag", tag));
    for (what, name) in
        [("name", &told.name)].into_iter().chain(told.owner.iter().map(|owner| ("owner", owner))).chain(tags)
    {
        if name.trim().is_empty() {
            return Err(Failure::usage(format!("`{what}` is empty")));
        }
        fits(what, Some(name), LIMIT_NAME)?;
    }
    if told.tags.len() > MOST_TAGS {
        return Err(Failure::usage(format!("`tags` has {}; the limit is {MOST_TAGS}", told.tags.len())));
    }
    fits("description", told.description.as_deref(), LIMIT_TEXT)?;
    if told.stale_after_s.is_some_and(|seconds| seconds < 0) {
        return Err(Failure::usage("`stale_after_s` is below 0"));
    }
    let declared = Declaration {
        owner: told.owner.clone(),
        description: told.description.clone(),
        tags: told.tags.clone(),
        stale_after_s: told.stale_after_s,
    };
    let fact = app.ask(|reader| reader.declared_now(&told.name, declared, told.untag.clone()))?;
    app.record(vec![Record::Component(fact)])?;
    app.ask(|reader| reader.component(&told.name))
}

pub(super) fn fits(what: &str, text: Option<&str>, limit: usize) -> Result<(), Failure> {
    let told = |TooLong { length, limit }| format!("`{what}` is {length} bytes long; the limit is {limit}");
    desk::check_length(text.unwrap_or_default(), limit).map_err(|long| Failure::usage(told(long)))
}

/// What became of the lines of an import.
#[derive(Debug, Serialize, JsonSchema)]
struct Imported {
    /// How many lines were read.
    lines: u64,
    /// How many of them reported something new.
    stored: u64,
    /// How many were known already.
    known: u64,
    /// How many the journal keeps until the store is back.
    journaled: u64,
    /// How many were refused.
    wrong: u64,
    /// The first wrong lines.
    errors: Vec<WrongLine>,
    /// How many lines belong to other projects than this one, by project.
    elsewhere: BTreeMap<String, u64>,
}

/// A line that was refused.
#[derive(Debug, Serialize, JsonSchema)]
struct WrongLine {
    /// Its number, from 1.
    line: u64,
    /// What is wrong.
    message: String,
}

/// Records runs; the same lines sent again change nothing.
async fn import(State(app): State<Arc<App>>, request: Request) -> Result<Response, Failure> {
    super::check_type(request.headers(), &["application/json", "application/x-ndjson"])?;
    let body = app.room.read(request, IMPORT_LIMIT).await?;
    let demand = if body.bytes.len() <= SHORT_IMPORT { Demand::Verb } else { Demand::Import };
    let kept = app.work_as(demand, move |app| app.import(&lines::of_body(&body.bytes), demand)).await?;
    let (report, is_stored) = match kept {
        Kept::Stored(report) => (report, true),
        Kept::Journaled(report) => (report, false),
    };
    let wrong = report.wrong;
    let journaled = if is_stored { 0 } else { report.lines.saturating_sub(wrong) };
    let errors = report.errors.into_iter().take(MOST_ERRORS);
    let answer = Imported {
        lines: report.lines,
        stored: report.stored,
        known: report.known,
        journaled,
        wrong,
        errors: errors.map(|(line, message)| WrongLine { line, message }).collect(),
        elsewhere: report.elsewhere,
    };
    let status = match (wrong, is_stored) {
        (0, true) => StatusCode::OK,
        (0, false) => StatusCode::ACCEPTED,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok(super::json(status, &answer))
}
