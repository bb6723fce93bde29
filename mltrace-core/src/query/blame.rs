//! Where a number that runs have changed its level, and what changed there.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use super::command::split_commands;
use super::diff::End;
use super::difference::{Difference, Since};
use super::number::{Measure, figure, metric, observed};
use super::past::{Past, most_of};
use super::tempo::DurationTrend;
use super::view::{AT_ONCE, milliseconds};
use super::{QueryError, Reader};
use crate::lineage::{self, Aspect, Aspects, Condition, Facts, Test};
use crate::model::{RunId, Status, Timestamp, Verdict, Version, VersionId};
use crate::store::{ComponentKey, Extent, FactsRow, ProjectKey, RunKey, RunSelection, Told};
use crate::words;

/// How many runs of a component a series has: the last ones.
const RUNS: usize = 200;
/// How many changes there are: the last ones.
const CHANGES: usize = 10;
/// Of how many of them it is known what differs there.
const COMPARED: usize = 5;
/// At how many runs it is asked how new their differences are.
const WEIGHED: usize = 256;

/// How many figures of an estimate count.
const FIGURES: usize = 4;
/// How many bytes of what each run was given are looked at.
const GIVEN: u64 = 4 << 10;
/// How many numbers are named to one who asked of another, at most.
const KNOWN: usize = 8;

/// The answer of `blame`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Blame {
    /// What was asked of: `duration`, `size`, `size:NAME`, `param:NAME`, `profile:FIGURE`,
    /// `observed:NAME.FIGURE` or `metric:NAME`.
    pub measure: String,
    /// The series that were looked at, by component.
    pub series: Vec<Series>,
    /// Where one changed its level, the last change first.
    pub changes: Vec<LevelChange>,
}

/// The numbers of one component that were looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Series {
    /// The component.
    pub component: String,
    /// How many runs have such a number: the last ones, 200 at most.
    pub runs: usize,
    /// The median of those on the last level.
    pub level: f64,
}

impl Series {
    /// From how many runs on a series can be said to have changed its level, or to be on one.
    pub const FEW: usize = lineage::FEW;

    /// Returns whether it has too few runs for that.
    #[must_use]
    pub fn is_too_short(&self) -> bool {
        self.runs < Self::FEW
    }
}

impl Blame {
    /// Returns in words, where nothing changed, what was looked at, and what was too little to say anything of.
    #[must_use]
    pub fn unchanged(&self) -> Vec<String> {
        let (short, long): (Vec<&Series>, Vec<&Series>) = self.series.iter().partition(|series| series.is_too_short());
        let counted = |series: &[&Series]| {
            let runs: usize = series.iter().map(|series| series.runs).sum();
            format!("{} of {}", words::counted(runs, "run"), words::counted(series.len(), "component"))
        };
        let mut told = Vec::new();
        if !long.is_empty() {
            told.push(format!("{} is on one level in the last {}", self.measure, counted(&long)));
        }
        if !short.is_empty() {
            let (few, least) = (counted(&short), Series::FEW);
            told.push(format!(
                "too few runs to say whether {} changed: {few}, and {least} of each are needed",
                self.measure
            ));
        }
        told
    }
}

/// A run at which a series changed its level, or from which on it crept to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LevelChange {
    /// The component.
    pub component: String,
    /// Whether it crept from run to run, so that no single one is to blame.
    #[serde(default)]
    pub is_creeping: bool,
    /// The first run on the new level, or the first that crept.
    pub run: RunId,
    /// When it began.
    pub at: Timestamp,
    /// The median on the level before, or where the line began along which it crept; where regions or hosts take turns, for those
    /// of the first run on the last level.
    pub before: f64,
    /// The median on the new level, or where that line ended.
    pub after: f64,
    /// How many runs are on the new level, or crept.
    pub runs: usize,
    /// The last of them, when another level follows or they crept.
    pub until: Option<RunId>,
    /// When that one began.
    #[serde(default)]
    pub until_at: Option<Timestamp>,
    /// In what share of shuffled series something as clear is found.
    pub chance: f64,
    /// What differs from the run before in the series, what is newest first.
    pub since_previous: Option<Since>,
    /// What differs from the last run before whose output somebody found fine, when that is another one.
    pub since_ok: Option<Since>,
}

impl LevelChange {
    /// Returns in words how the number moved, as in "crept up from 1 to 2, in no single step"; `show` writes a number.
    #[must_use]
    pub fn moved(&self, show: impl Fn(f64) -> String) -> String {
        let (before, after) = (show(self.before), show(self.after));
        match self.is_creeping {
            true if self.after > self.before => format!("crept up from {before} to {after}, in no single step"),
            true => format!("crept down from {before} to {after}, in no single step"),
            false => format!("went from {before} to {after}"),
        }
    }
}

/// A run with its number.
struct Point {
    key: RunKey,
    id: RunId,
    at: Timestamp,
    number: f64,
    /// What its inputs are called, what it was given, and where it ran.
    facts: Facts,
}

/// The numbers of a component while they are looked into.
struct Numbers {
    points: Vec<Point>,
    /// Of what kind each is.
    kinds: Vec<usize>,
    levels: Vec<lineage::Level>,
    moves: Vec<lineage::Move>,
}

/// A change while it is looked into.
struct Found {
    change: LevelChange,
    run: RunKey,
    /// The runs before, the latest first.
    before: Vec<RunKey>,
}

impl Reader<'_> {
    /// Returns where a number of the completed runs of a component, or of all components, changed its level, and what
    /// changed there.
    ///
    /// # Errors
    /// When the component is unknown, no run has such a number, or the store does not answer.
    pub fn blame(&mut self, measure: &Measure, component: Option<&str>) -> Result<Blame, QueryError> {
        let no_number = |known: Vec<String>| {
            let (measure, component) = (measure.to_string(), component.map(str::to_owned));
            QueryError::NoNumber { measure, component, known }
        };
        let project = self.project()?.ok_or_else(|| no_number(Vec::new()))?;
        let components: Vec<(ComponentKey, String)> = match component {
            Some(name) => {
                let not_found = || QueryError::NotFound { kind: "component", name: name.to_owned() };
                let row = self.store.component(project, name)?.ok_or_else(not_found)?;
                vec![(row.key, row.name)]
            }
            None => self.store.said_of_components(project)?.into_iter().map(|row| (row.key, row.name)).collect(),
        };
        let mut answer = Blame { measure: measure.to_string(), series: Vec::new(), changes: Vec::new() };
        let mut all: Vec<Found> = Vec::new();
        for (key, component) in &components {
            let numbers = self.numbers(project, *key, measure)?;
            let Some(last) = numbers.levels.last() else { continue };
            let runs = numbers.points.len();
            answer.series.push(Series { component: component.clone(), runs, level: last.median });
            all.extend(numbers.changes(component));
        }
        if answer.series.is_empty() {
            return Err(no_number(self.known_numbers(project, components.iter().map(|(key, _)| *key))?));
        }
        all.sort_by_key(|found| std::cmp::Reverse((found.change.at, found.change.run)));
        all.truncate(CHANGES);
        let ok = self.ok_versions(project)?;
        for (place, mut found) in all.into_iter().enumerate() {
            if place < COMPARED {
                let previous = found.before.first().copied();
                let fine = self.last_ok(&found.before, &ok)?;
                found.change.since_previous = self.since(measure, previous, found.run)?;
                found.change.since_ok = self.since(measure, fine.filter(|fine| Some(*fine) != previous), found.run)?;
            }
            answer.changes.push(found.change);
        }
        Ok(answer)
    }

    /// Returns how the durations of a component moved to what they are; `None` where they did not, or nobody can tell.
    pub(super) fn duration_trend(
        &mut self,
        project: ProjectKey,
        component: ComponentKey,
    ) -> Result<Option<DurationTrend>, QueryError> {
        let Numbers { points, moves, .. } = self.numbers(project, component, &Measure::Duration)?;
        let Some(trend) = lineage::trend(&moves) else { return Ok(None) };
        let Some(first) = points.get(trend.first) else { return Ok(None) };
        // What creeps from its first run on has none before.
        let before = trend.first.checked_sub(1).and_then(|place| points.get(place)).unwrap_or(first);
        let commits = self.store.facts(&[before.key, first.key], Told::Named(&[]))?;
        let commit = |key: RunKey| commits.iter().find(|row| row.key == key).and_then(|row| row.commit.clone());
        Ok(Some(DurationTrend {
            is_creeping: trend.is_creeping,
            before_ms: trend.before,
            after_ms: trend.after,
            run: first.id,
            at: first.at,
            commit: commit(first.key).filter(|now| Some(now) != commit(before.key).as_ref()),
        }))
    }

    /// Returns how such a number of the last completed runs of a component moved.
    fn numbers(
        &mut self,
        project: ProjectKey,
        component: ComponentKey,
        measure: &Measure,
    ) -> Result<Numbers, QueryError> {
        let points = self.points(project, component, measure)?;
        let (numbers, facts): (Vec<f64>, Vec<&Facts>) = points.iter().map(|point| (point.number, &point.facts)).unzip();
        let measured = match measure {
            Measure::Parameter(name) => Some(Aspect::Parameter(name.clone())),
            _ => None,
        };
        let kinds = lineage::kinds(&facts, &numbers, measured.as_ref());
        let (levels, moves) = lineage::moves(&numbers, &kinds);
        Ok(Numbers { points, kinds, levels, moves })
    }

    /// Returns the last completed runs of a component that have such a number, oldest first.
    fn points(
        &mut self,
        project: ProjectKey,
        component: ComponentKey,
        measure: &Measure,
    ) -> Result<Vec<Point>, QueryError> {
        let (component, status) = (Some(component), Some(Status::Completed));
        let selection = RunSelection { component, status, limit: Some(RUNS), ..RunSelection::default() };
        let runs = self.store.select(project, &selection)?;
        let beside: HashMap<RunKey, f64> = match measure {
            Measure::Duration | Measure::Parameter(_) | Measure::Metric(_) => HashMap::default(),
            Measure::Size(name) => self.sizes(&runs, name.as_deref())?,
            Measure::Profile(asked) => {
                let tables = self.store.tables(&runs)?.into_iter();
                tables.filter_map(|(run, tables)| Some((run, figure(&tables, asked)?))).collect()
            }
            Measure::Observed(asked) => {
                let found = self.store.observations(&runs)?.into_iter();
                found.filter_map(|(run, found)| Some((run, observed(&found, asked)?))).collect()
            }
        };
        let number = |row: &FactsRow| match measure {
            Measure::Duration => row.duration_us.map(milliseconds),
            Measure::Parameter(name) => row.params.get(name).and_then(lineage::number),
            Measure::Metric(name) => metric(&row.measures, name),
            Measure::Size(_) | Measure::Profile(_) | Measure::Observed(_) => beside.get(&row.key).copied(),
        };
        let named: Vec<&str> = match measure {
            Measure::Parameter(name) | Measure::Metric(name) => vec![name],
            Measure::Duration | Measure::Size(_) | Measure::Profile(_) | Measure::Observed(_) => Vec::new(),
        };
        let mut points = Vec::with_capacity(runs.len());
        for some in runs.chunks(AT_ONCE) {
            for row in self.in_passing(|reader| reader.facts_named(some, &named))? {
                if let (Some(number), Some(at)) = (number(&row), row.started_at) {
                    let facts = Facts::new(row.names, Aspects::new());
                    points.push(Point { key: row.key, id: row.id, at, number, facts });
                }
            }
        }
        points.sort_by_key(|point| (point.at, point.id));
        self.add_given(&mut points)?;
        Ok(points)
    }

    /// Adds to each run what it was given and where it ran: of a great many parameters the first by name.
    fn add_given(&mut self, points: &mut [Point]) -> Result<(), QueryError> {
        for some in points.chunks_mut(AT_ONCE) {
            let keys: Vec<RunKey> = some.iter().map(|point| point.key).collect();
            let rows = self.in_passing(|reader| {
                let mut rows = reader.store.facts(&keys, Told::First(GIVEN))?;
                split_commands(reader.store, &mut rows)?;
                Ok(rows)
            })?;
            let mut rows: HashMap<RunKey, FactsRow> = rows.into_iter().map(|row| (row.key, row)).collect();
            for point in some {
                let Some(FactsRow { host, params, .. }) = rows.remove(&point.key) else { continue };
                let params = params.into_iter().map(|(name, value)| (Aspect::Parameter(name), value));
                point.facts.aspects.extend(host.map(|host| (Aspect::Host, host.into())).into_iter().chain(params));
            }
        }
        Ok(())
    }

    /// Returns which numbers the last completed run of each component has.
    fn known_numbers(
        &mut self,
        project: ProjectKey,
        components: impl Iterator<Item = ComponentKey>,
    ) -> Result<Vec<String>, QueryError> {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for component in components {
            let (component, status) = (Some(component), Some(Status::Completed));
            let selection = RunSelection { component, status, limit: Some(1), ..RunSelection::default() };
            let last = self.store.select(project, &selection)?;
            for row in self.in_passing(|reader| {
                let mut rows = reader.store.facts(&last, Told::First(most_of(last.len())))?;
                split_commands(reader.store, &mut rows)?;
                Ok(rows)
            })? {
                known.extend(row.duration_us.map(|_| Measure::Duration.to_string()));
                let metrics =
                    row.measures.metrics.iter().map(|metric| Measure::Metric(metric.name.clone()).to_string());
                known.extend(metrics);
                let numbers = row.params.into_iter().filter(|(_, value)| lineage::number(value).is_some());
                known.extend(numbers.map(|(name, _)| Measure::Parameter(name).to_string()));
            }
            let has_tables = !self.store.tables(&last)?.is_empty();
            known.extend(has_tables.then(|| Measure::Profile("rows".to_owned()).to_string()));
            let observed = self.store.observations(&last)?.into_values().flatten().filter(|of| of.is_whole);
            known.extend(observed.map(|of| {
                let figure = if of.spread.is_some() { "p50" } else { "count" };
                Measure::Observed(format!("{}.{figure}", of.name)).to_string()
            }));
            let sizes = self.sizes(&last, None)?;
            known.extend((!sizes.is_empty()).then(|| Measure::Size(None).to_string()));
            if known.len() >= KNOWN {
                break;
            }
        }
        Ok(known.into_iter().take(KNOWN).collect())
    }

    /// Returns how many bytes each run wrote that reported so, to what has that name or is the value of that argument.
    #[expect(clippy::cast_precision_loss, reason = "a size beyond 2^53 bytes is none")]
    fn sizes(&mut self, runs: &[RunKey], name: Option<&str>) -> Result<HashMap<RunKey, f64>, QueryError> {
        let mask = name.map(|name| {
            // As it was recorded, and as it is meant from here.
            self.meant(name).iter().map(|name| lineage::mask(name.as_str())).collect::<HashSet<_>>()
        });
        let mut sizes = HashMap::default();
        for some in runs.chunks(AT_ONCE) {
            for detail in self.in_passing(|reader| Ok(reader.store.details(some, Extent::Edges)?))? {
                let is_meant = |write: &crate::store::WriteDetail| {
                    write.argument.as_deref() == name && name.is_some()
                        || mask.as_ref().is_none_or(|mask| mask.contains(&lineage::mask(write.name.as_str())))
                };
                let told = detail.writes.iter().filter(|write| is_meant(write)).map(|write| write.size);
                let told: Vec<u64> = told.flatten().collect();
                if !told.is_empty() {
                    sizes.insert(detail.key, told.iter().fold(0_u64, |sum, size| sum.saturating_add(*size)) as f64);
                }
            }
        }
        Ok(sizes)
    }

    pub(super) fn ok_versions(&mut self, project: ProjectKey) -> Result<HashSet<crate::store::VersionKey>, QueryError> {
        let labels = self.store.labels(project, true)?.into_iter();
        Ok(labels.filter(|label| label.verdict == Verdict::Ok).map(|label| label.version).collect())
    }

    /// Returns the first of these runs that wrote one of these versions.
    pub(super) fn last_ok(
        &mut self,
        runs: &[RunKey],
        ok: &HashSet<crate::store::VersionKey>,
    ) -> Result<Option<RunKey>, QueryError> {
        if ok.is_empty() {
            return Ok(None);
        }
        let written = self.store.written(runs)?.into_iter();
        let fine: HashSet<RunKey> = written.filter(|(_, version)| ok.contains(version)).map(|(run, _)| run).collect();
        Ok(runs.iter().copied().find(|run| fine.contains(run)))
    }

    /// Returns what differs between two runs and upstream of them.
    fn since(&mut self, measure: &Measure, before: Option<RunKey>, run: RunKey) -> Result<Option<Since>, QueryError> {
        let Some(before) = before else { return Ok(None) };
        let ids = self.store.run_ids(&[before])?;
        let Some(id) = ids.get(&before).copied() else { return Ok(None) };
        let ends = [self.end_of(before)?, self.end_of(run)?];
        let (mut differences, lineage::Differences { followers: consequences, is_cut, .. }) =
            self.compare_ends(&ends)?;
        // That it took as long as it took is no news.
        let is_news = |difference: &Difference| *measure != Measure::Duration || difference.field != "duration";
        differences.retain(is_news);
        self.newest_first(&mut differences)?;
        Ok(Some(Since { run: id, differences, consequences, is_cut }))
    }

    /// Sorts differences by how new they were at the later run, so that what changes every round comes last; equal ones stay
    /// as they are, upstream first.
    fn newest_first(&mut self, differences: &mut Vec<Difference>) -> Result<(), QueryError> {
        let mut keys: HashMap<RunId, RunKey> = HashMap::default();
        for run in differences.iter().filter_map(|difference| difference.runs[1]) {
            if keys.len() < WEIGHED && !keys.contains_key(&run) {
                keys.extend(self.store.run(run)?.map(|key| (run, key)));
            }
        }
        let mut past = Past::default();
        past.look_back(&mut *self.store, &keys.values().copied().collect::<Vec<_>>())?;
        let weigh = |difference: &Difference| {
            let [Some(_), Some(run)] = difference.runs else {
                // A run on one side only.
                return f64::INFINITY;
            };
            let novelty = || {
                let key = *keys.get(&run)?;
                let (earlier, now) = (past.earlier(key), &past.run(key)?.facts);
                let all = earlier.line().iter().copied().chain([now]).flat_map(|run| run.aspects.keys());
                let aspect = all.into_iter().find(|aspect| aspect.field() == difference.field)?.clone();
                let (component, tests) = (String::new(), vec![(aspect, Test::Is(serde_json::Value::Null))]);
                Some(Condition { component, tests }.novelty(now, &earlier).factor)
            };
            novelty().unwrap_or(1.0)
        };
        let mut weighed: Vec<(f64, Difference)> =
            std::mem::take(differences).into_iter().map(|difference| (weigh(&difference), difference)).collect();
        weighed.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        differences.extend(weighed.into_iter().map(|(_, difference)| difference));
        Ok(())
    }

    /// Returns a run as an end of a comparison: by the first thing that it wrote, if it wrote any.
    fn end_of(&mut self, run: RunKey) -> Result<End, QueryError> {
        let first = self.store.written(&[run])?.into_iter().map(|(_, version)| version).next();
        let version = match first {
            Some(version) => self.store.version(version)?,
            None => None,
        };
        let version = version.unwrap_or_else(|| Version { name: "".into(), version: VersionId::None });
        Ok(End { version, makers: vec![run] })
    }
}

impl Numbers {
    /// Returns each run at which the number of a component began to move.
    fn changes(&self, component: &str) -> Vec<Found> {
        self.moves.iter().filter_map(|step| self.change(component, step)).collect()
    }

    fn change(&self, component: &str, step: &lineage::Move) -> Option<Found> {
        let first = self.points.get(step.first)?;
        let next = step.first.saturating_add(step.count);
        let is_over = step.is_creeping || self.points.get(next).is_some();
        let until = self.points.get(next.checked_sub(1)?).filter(|_| is_over);
        // Where a line begins and ends is an estimate.
        let figure = |figure: f64| if step.is_creeping { lineage::rounded(figure, FIGURES) } else { figure };
        let change = LevelChange {
            component: component.to_owned(),
            is_creeping: step.is_creeping,
            run: first.id,
            at: first.at,
            before: figure(step.before),
            after: figure(step.after),
            runs: step.count,
            until: until.map(|last| last.id),
            until_at: until.map(|last| last.at),
            chance: step.chance,
            since_previous: None,
            since_ok: None,
        };
        // What is of its kind is what it is compared with.
        let kind = self.kinds.get(step.first);
        let earlier = self.points.get(..step.first)?.iter().zip(&self.kinds).rev();
        let (mut alike, others): (Vec<_>, Vec<_>) = earlier.partition(|(_, other)| Some(*other) == kind);
        alike.extend(others);
        Some(Found { change, run: first.key, before: alike.iter().map(|(point, _)| point.key).collect() })
    }
}
