//! The questions: one for each command that answers one.

use mltrace_core::model::{RunId, Status, Timestamp, VersionId};
use mltrace_core::query::{
    Blame, Component, Components, Diff, Impact, ImpactOf, LastGood, Measure, NameKind, QueryError, Review, Run,
    RunFilter, Search, StaleRuns, Tags, TellError, Trace, TraceOptions, Versions,
};
use mltrace_core::store::StoreError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::values::{Depth, Limit, Nothing, USUAL, blank, limited};
use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::pieces::Pieces;
use crate::routes::Routes;
use crate::turns::Demand;

/// The largest graph that one request gets, in runs.
const MOST_OF_A_GRAPH: usize = 5000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .ask(Demand::Short, "/api/v1/inspect", "One run in full, with its source text", inspect)
        .ask(Demand::Long, "/api/v1/trace", "How a version came to be: everything upstream", trace)
        .write::<ImpactQuery, NearImpact>(
            "/api/v1/impact",
            "What was made from a version, by a run or by a component, and what became of it",
            write_impact,
        )
        .write::<DiffQuery, Diff>("/api/v1/diff", "What changed upstream between two versions, causes only", write_diff)
        .write::<StaleQuery, LastStale>(
            "/api/v1/stale",
            "What was stale when it ran, and what would be if it were used now",
            write_stale,
        )
        .ask(
            Demand::Long,
            "/api/v1/blame",
            "The runs at which a number of runs changed its level, and what changed there",
            blame,
        )
        .ask(
            Demand::Long,
            "/api/v1/last-good",
            "The newest version that nothing stands against, and what stands against each newer one",
            last_good,
        )
        .ask(Demand::Short, "/api/v1/versions", "The versions of an artifact, the last first", versions)
        .ask(Demand::Long, "/api/v1/review", "All verdicts, and the runs to suspect", review)
        .ask(Demand::Short, "/api/v1/components", "The components, by name", components)
        .ask(Demand::Short, "/api/v1/component", "One component", component)
        .ask(Demand::Short, "/api/v1/tags", "The tags in use", tags)
        .ask(Demand::Short, "/api/v1/search", "All names that hold a text", search)
        .ask(Demand::Short, "/api/v1/names", "Names that begin with a text: what a command bar completes", names)
}

/// Which run is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunQuery {
    /// Its id, a unique start or end of it, or `latest`.
    run: String,
}

fn inspect(app: &App, asked: &RunQuery) -> Result<Run, Failure> {
    app.ask(|reader| reader.inspect_among_others(&asked.run))
}

/// Which version is traced, and how far.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceQuery {
    /// `NAME`, the latest version, or `NAME@VERSION`.
    artifact: String,
    /// How many steps to follow.
    #[serde(default, deserialize_with = "blank")]
    depth: Option<Depth>,
    /// What was current at this moment.
    #[serde(default, deserialize_with = "blank")]
    as_of: Option<Moment>,
}

pub(crate) fn trace(app: &App, asked: &TraceQuery) -> Result<Trace, Failure> {
    let as_of = asked.as_of.as_ref().map(|moment| moment.at);
    let options = TraceOptions { depth: asked.depth.map(|depth| depth.0), as_of, most: Some(MOST_OF_A_GRAPH) };
    app.ask(|reader| reader.trace(&asked.artifact, &options))
}

/// Returns how the document says that one of three is named, and the others are left out.
fn one_of_three() -> Value {
    let [artifact, run, component] = ["artifact", "run", "component"].map(|named| {
        let empty = ["artifact", "run", "component"].into_iter().filter(|other| *other != named);
        let empty = empty.map(|other| (other.to_owned(), json!({ "maxLength": 0 })));
        let named_one = std::iter::once((named.to_owned(), json!({ "minLength": 1 })));
        let properties: serde_json::Map<String, Value> = empty.chain(named_one).collect();
        json!({ "required": [named], "properties": properties })
    });
    json!([artifact, run, component])
}

/// What an impact is asked of: one of `artifact`, `run` and `component`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = one_of_three()))]
pub(crate) struct ImpactQuery {
    /// `NAME`, the latest version, or `NAME@VERSION`.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) artifact: Option<String>,
    /// A run: its id, a unique start or end of it, or `latest`.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) run: Option<String>,
    /// All runs of a component.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) component: Option<String>,
    /// Those runs of the component at this commit, or how it begins.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) commit: Option<String>,
}

/// What is downstream, as far as one request gets it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NearImpact {
    /// The nearest runs, and what they wrote.
    #[serde(flatten)]
    pub(crate) impact: Impact,
    /// Whether runs further down were left out.
    pub(crate) is_cut: bool,
}

impl ImpactQuery {
    fn of(&self) -> Result<ImpactOf<'_>, Failure> {
        match (&self.artifact, &self.run, &self.component) {
            (Some(artifact), None, None) => Ok(ImpactOf::Artifact(artifact)),
            (None, Some(run), None) => Ok(ImpactOf::Run(run)),
            (None, None, Some(name)) => Ok(ImpactOf::Component { name, commit: self.commit.as_deref() }),
            _ => Err(Failure::usage("name one of `artifact`, `run` and `component`")),
        }
    }
}

/// Returns what is downstream, as far as a page shows it.
pub(crate) fn impact(app: &App, asked: &ImpactQuery) -> Result<NearImpact, Failure> {
    let of = asked.of()?;
    let (impact, is_cut) = app.ask(|reader| reader.impact_of_nearest(&of, MOST_OF_A_GRAPH))?;
    Ok(NearImpact { impact, is_cut })
}

fn write_impact(app: &App, asked: &ImpactQuery, pieces: &mut Pieces) -> Result<(), Failure> {
    let of = asked.of()?;
    let mut to = serde_json::Serializer::new(pieces);
    app.ask(|reader| told(reader.tell_impact(&of, Some(MOST_OF_A_GRAPH), &mut to)))
}

/// Returns why an answer was not written to its end: who does not take it does not wait for it either.
fn told<E>(told: Result<(), TellError<E>>) -> Result<(), QueryError> {
    told.map_err(|error| match error {
        TellError::Query(error) => error,
        TellError::Write(_) => StoreError::Stopped.into(),
    })
}

/// Which versions are compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiffQuery {
    /// `NAME`, the latest version, or `NAME@VERSION`.
    pub(crate) a: String,
    /// The other; without it, the last version found ok, else the one before.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) b: Option<String>,
}

fn write_diff(app: &App, asked: &DiffQuery, pieces: &mut Pieces) -> Result<(), Failure> {
    let mut to = serde_json::Serializer::new(pieces);
    app.ask(|reader| told(reader.tell_diff(&asked.a, asked.b.as_deref(), &mut to)))
}

/// Which number of which runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlameQuery {
    /// `duration`, `size`, `size:NAME`, `param:NAME`, `profile:FIGURE`, `observed:NAME.FIGURE`, or a metric: `metric:NAME` or its
    /// name.
    #[schemars(regex(pattern = r"^((size|param|profile|metric):.+|observed:.*[.].*|[^:]+)$"))]
    pub(crate) number: String,
    /// Of the runs of this component; without it, of each component.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) component: Option<String>,
}

/// Returns where a number changed its level.
pub(crate) fn blame(app: &App, asked: &BlameQuery) -> Result<Blame, Failure> {
    let measure: Measure = asked.number.parse().map_err(Failure::usage)?;
    app.ask(|reader| reader.blame(&measure, asked.component.as_deref()))
}

/// Which artifact is meant, and when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LastGoodQuery {
    /// Its name.
    pub(crate) artifact: String,
    /// Only what was written by this moment.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) as_of: Option<Moment>,
}

/// Returns the newest version that nothing stands against; the disk is not asked, which `verify` does.
pub(crate) fn last_good(app: &App, asked: &LastGoodQuery) -> Result<LastGood, Failure> {
    let as_of = asked.as_of.as_ref().map(|moment| moment.at);
    app.ask(|reader| reader.last_good(&asked.artifact, as_of, None))
}

/// What is looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaleQuery {
    /// The trace of this version; without it, all that is current.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) artifact: Option<String>,
}

/// What is stale, as far as one request gets it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LastStale {
    /// The last runs.
    #[serde(flatten)]
    pub(crate) found: StaleRuns,
    /// Whether older runs were left out.
    pub(crate) is_cut: bool,
}

/// Returns what is stale of the `most` runs that began last.
pub(crate) fn stale(app: &App, asked: &StaleQuery, most: usize) -> Result<LastStale, Failure> {
    let now = Timestamp::now();
    let (found, is_cut) = app.ask(|reader| reader.last_stale(asked.artifact.as_deref(), now, most))?;
    Ok(LastStale { found, is_cut })
}

fn write_stale(app: &App, asked: &StaleQuery, pieces: &mut Pieces) -> Result<(), Failure> {
    let (artifact, now) = (asked.artifact.as_deref(), Timestamp::now());
    let mut to = serde_json::Serializer::new(pieces);
    app.ask(|reader| told(reader.tell_stale(artifact, now, Some(MOST_OF_A_GRAPH), &mut to)))
}

/// Which artifact is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct VersionsQuery {
    /// Its name.
    artifact: String,
    /// At most so many; 50 unless said otherwise.
    #[serde(default, deserialize_with = "blank")]
    limit: Option<Limit>,
    /// Older than this version: the `next` of the page before.
    #[serde(default, deserialize_with = "blank")]
    before: Option<VersionId>,
}

/// A page of versions.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct VersionsPage {
    /// The versions.
    #[serde(flatten)]
    pub(crate) found: Versions,
    /// What to send as `before` for the next page; `null` on the last one.
    pub(crate) next: Option<VersionId>,
}

fn versions(app: &App, asked: &VersionsQuery) -> Result<VersionsPage, Failure> {
    page_of_versions(app, &asked.artifact, asked.before.as_ref(), limited(asked.limit))
}

/// Returns one page of the versions of an artifact.
pub(crate) fn page_of_versions(
    app: &App,
    artifact: &str,
    before: Option<&VersionId>,
    limit: usize,
) -> Result<VersionsPage, Failure> {
    let found = app.ask(|reader| reader.versions(artifact, before, limit))?;
    let next = found.versions.last().map(|last| last.version.clone()).filter(|_| found.is_cut);
    Ok(VersionsPage { found, next })
}

/// How many suspects.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewQuery {
    /// At most so many suspects; 10 unless said otherwise.
    #[serde(default, deserialize_with = "blank")]
    limit: Option<Limit>,
}

pub(crate) fn review(app: &App, asked: &ReviewQuery) -> Result<Review, Failure> {
    app.ask(|reader| reader.review(asked.limit.map(|limit| limit.0)))
}

/// Which components are meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ComponentsQuery {
    /// With this owner.
    #[serde(default, deserialize_with = "blank")]
    owner: Option<String>,
    /// With this tag.
    #[serde(default, deserialize_with = "blank")]
    tag: Option<String>,
}

fn components(app: &App, asked: &ComponentsQuery) -> Result<Components, Failure> {
    app.ask(|reader| reader.components(asked.owner.as_deref(), asked.tag.as_deref()))
}

/// Which component is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ComponentQuery {
    /// Its name.
    name: String,
}

fn component(app: &App, asked: &ComponentQuery) -> Result<Component, Failure> {
    app.ask(|reader| reader.component(&asked.name))
}

fn tags(app: &App, _: &Nothing) -> Result<Tags, Failure> {
    Ok(Tags { tags: app.ask(|reader| Ok(reader.tags()?.tags))? })
}

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    /// The text, whatever its case.
    q: String,
    /// At most so many of each kind; 50 unless said otherwise.
    #[serde(default, deserialize_with = "blank")]
    limit: Option<Limit>,
}

fn search(app: &App, asked: &SearchQuery) -> Result<Search, Failure> {
    app.ask(|reader| reader.search(&asked.q, limited(asked.limit)))
}

/// Which names are meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamesQuery {
    /// Names of what.
    kind: Kind,
    /// How they begin.
    #[serde(default)]
    prefix: String,
    /// At most so many; 50 unless said otherwise.
    #[serde(default, deserialize_with = "blank")]
    limit: Option<Limit>,
}

/// What a name may stand for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Artifact,
    Component,
    Run,
}

/// Names.
#[derive(Debug, Serialize, JsonSchema)]
struct Names {
    /// Sorted; runs newest first.
    names: Vec<String>,
}

fn names(app: &App, asked: &NamesQuery) -> Result<Names, Failure> {
    let kind = match asked.kind {
        Kind::Artifact => NameKind::Artifact,
        Kind::Component => NameKind::Component,
        Kind::Run => NameKind::Run,
    };
    let names = app.ask(|reader| reader.names(kind, &asked.prefix, limited(asked.limit)))?;
    Ok(Names { names })
}

/// Returns the newest runs in a form that changes when one begins, ends or is new.
pub(crate) fn newest(app: &App) -> Result<Vec<(RunId, Status, Option<Timestamp>)>, Failure> {
    let filter = RunFilter { limit: Some(USUAL), ..RunFilter::default() };
    let runs = app.ask(|reader| reader.recent(&filter))?.runs;
    Ok(runs.into_iter().map(|run| (run.id, run.status, run.ended_at)).collect())
}
