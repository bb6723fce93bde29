//! What changed upstream between two versions.

use std::cell::RefCell;

use foldhash::{HashMap, HashSet};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::answer::{Input, Part, Run};
use super::command::Commands;
use super::difference::Difference;
use super::measures::{aspects_of, aspects_of_observations, aspects_of_tables};
use super::name::Found;
use super::past::{self, most_of};
use super::sibling::{Sibling, Siblings};
use super::source::COMPARED;
use super::told::{self, Tell, TellError, Told};
use super::view::{AT_ONCE, view};
use super::{QueryError, Reader};
use crate::lineage::{self, Aspect, Aspects, Cause, ComparedRun, Side, Source, Usual};
use crate::model::{RunId, Timestamp, Verdict, Version};
use crate::store::{ComponentKey, Extent, Far, Measures, RunKey, RunName, VersionAt, VersionKey};

/// How many runs of a component say what is usual for it.
const USUAL_RUNS: usize = 100;

/// The answer of `diff`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Diff {
    /// One version: the earlier, when only one was named.
    pub a: Version,
    /// The other: the one that was named, when only one was.
    pub b: Version,
    /// Why `a` was chosen; `None` when it was named.
    pub baseline: Option<Baseline>,
    /// Of what so many earlier runs wrote `a` was chosen, where there are more that were not looked at and might have written
    /// something that somebody found fine; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<usize>,
    /// How many flagged ones after `a` were passed over; absent when none was, and when `a` was named.
    #[serde(default, skip_serializing_if = "is_none")]
    pub passed_over: usize,
    /// What differs and follows from nothing else that does, first divergence first.
    pub differences: Vec<Difference>,
    /// How many runs differ only because of these.
    pub consequences: usize,
    /// What was measured and checked otherwise in pairs of runs (`metric:NAME`, `check:NAME`, `profile:FIGURE of ARTIFACT`, `observed:NAME.FIGURE`), the furthest upstream first:
    /// effects of the differences, and no causes; absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Difference>,
    /// Whether not all of it was compared: of runs with a great many parameters, metrics, checks or inputs only the first by
    /// name are. Absent when everything was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

/// Why a version was chosen to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Baseline {
    /// It is the last version of the artifact that somebody found fine.
    Ok,
    /// It is the last version that was written before and is not flagged.
    Previous,
    /// It is the last that a comparable run before wrote in the same place, under another name, and that is not flagged.
    Sibling,
}

/// A version that was chosen to compare with.
struct Chosen {
    found: Found,
    why: Why,
}

/// Why it was.
#[derive(Clone, Copy, Default)]
struct Why {
    baseline: Option<Baseline>,
    looked_at: Option<usize>,
    passed_over: usize,
}

/// What is compared, before it is.
struct Compared {
    a: Version,
    b: Version,
    why: Why,
    ends: [End; 2],
}

/// The answer while it is written.
#[derive(Serialize)]
struct ToldDiff<'t> {
    a: &'t Version,
    b: &'t Version,
    baseline: Option<Baseline>,
    #[serde(skip_serializing_if = "Option::is_none")]
    looked_at: Option<usize>,
    #[serde(skip_serializing_if = "is_none")]
    passed_over: usize,
    differences: Told<'t, Difference>,
    consequences: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    measures: Vec<Difference>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_cut: bool,
}

/// One end of a comparison: a version, and the runs whose traces are compared, its writer first.
pub(super) struct End {
    pub(super) version: Version,
    pub(super) makers: Vec<RunKey>,
}

impl Reader<'_> {
    /// Returns what differs upstream of two versions (`NAME`, the latest, or `NAME@VERSION`), causes only.
    ///
    /// Without `b`, `a` is compared with the last version of the artifact that somebody found fine, else with the one
    /// before it.
    ///
    /// # Errors
    /// When no such artifact or version is known, there is nothing to compare with, or the store does not answer.
    pub fn diff(&mut self, a: &str, b: Option<&str>) -> Result<Diff, QueryError> {
        let Compared { a, b, why, ends } = self.compared(a, b)?;
        let lineage::Differences { causes, followers: consequences, effects, is_cut } = self.causes(&ends)?;
        let (differences, measures) = (self.differences(causes)?, effects.into_iter().map(difference).collect());
        let Why { baseline, looked_at, passed_over } = why;
        Ok(Diff { a, b, baseline, looked_at, passed_over, differences, consequences, measures, is_cut })
    }

    /// Writes what `diff` returns, each difference when it is looked up.
    ///
    /// # Errors
    /// As `diff`, and when nothing more can be written.
    pub fn tell_diff<S: Serializer>(&mut self, a: &str, b: Option<&str>, to: S) -> Result<S::Ok, TellError<S::Error>> {
        let Compared { a, b, why, ends } = self.compared(a, b)?;
        let lineage::Differences { causes, followers: consequences, effects, is_cut } = self.causes(&ends)?;
        let failure = RefCell::new(None);
        let differences = Told::new(&failure, |tell| self.each_difference(causes, tell));
        let measures = effects.into_iter().map(difference).collect();
        let (a, b, Why { baseline, looked_at, passed_over }) = (&a, &b, why);
        let answer = ToldDiff { a, b, baseline, looked_at, passed_over, differences, consequences, measures, is_cut };
        told::tell(&answer, &failure, to)
    }

    /// Finds the versions that are meant, and who made them.
    fn compared(&mut self, a: &str, b: Option<&str>) -> Result<Compared, QueryError> {
        let named = self.find_version(a, None)?;
        let (a, b, why) = match b {
            Some(b) => (named, self.find_version(b, None)?, Why::default()),
            None => {
                let Chosen { found, why } = self.baseline(&named, a)?;
                (found, named, why)
            }
        };
        let makers = [self.makers(&a, None)?, self.makers(&b, None)?];
        let [of_a, of_b] = makers;
        let ends = [(&a, of_a), (&b, of_b)].map(|(found, makers)| End { version: found.version.clone(), makers });
        Ok(Compared { a: a.version, b: b.version, why, ends })
    }

    /// Returns what differs upstream of two ends, and the rest of the comparison.
    pub(super) fn compare_ends(
        &mut self,
        ends: &[End; 2],
    ) -> Result<(Vec<Difference>, lineage::Differences), QueryError> {
        let mut found = self.causes(ends)?;
        Ok((self.differences(std::mem::take(&mut found.causes))?, found))
    }

    fn differences(&mut self, causes: Vec<Cause>) -> Result<Vec<Difference>, QueryError> {
        let mut differences = Vec::with_capacity(causes.len());
        self.each_difference(causes, &mut |difference| {
            differences.push(difference);
            true
        })?;
        Ok(differences)
    }

    /// Reports each difference, of the first ones in source texts with the lines that changed.
    fn each_difference(&mut self, causes: Vec<Cause>, tell: Tell<'_, Difference>) -> Result<(), QueryError> {
        let mut left = COMPARED;
        for cause in causes {
            let mut difference = difference(cause);
            self.compare_source(&mut difference, &mut left)?;
            if !tell(difference) {
                break;
            }
        }
        Ok(())
    }

    /// Returns what differs upstream of two ends.
    fn causes(&mut self, [a, b]: &[End; 2]) -> Result<lineage::Differences, QueryError> {
        let (mut left, mut right) = (self.above(a)?, self.above(b)?);
        let all: HashSet<RunKey> = left.iter().map(|(run, _)| *run).collect();
        let shared: HashSet<RunKey> = right.iter().map(|(run, _)| *run).filter(|run| all.contains(run)).collect();
        drop(all);
        for side in [&mut left, &mut right] {
            side.retain(|(run, _)| !shared.contains(run));
        }
        let mut usual = HashMap::default();
        let (mut left, mut right) = (self.side(a, &left, &mut usual)?, self.side(b, &right, &mut usual)?);
        self.add_shared([(a, &mut left), (b, &mut right)], &shared)?;
        Ok(lineage::diff(&left, &right))
    }

    /// Returns the version to compare with when none is named: the last that somebody found fine, else the last that is not
    /// flagged.
    fn baseline(&mut self, found: &Found, text: &str) -> Result<Chosen, QueryError> {
        // What was made later is no news to compare with: nothing has changed since.
        let then = found.written.map_or(Timestamp::MAX, |(_, at)| at);
        let labels = self.store.labels_of(found.artifact)?;
        let judged: HashMap<VersionKey, Verdict> = labels.iter().map(|label| (label.version, label.verdict)).collect();
        let may_be_ok = labels.iter().any(|label| label.verdict == Verdict::Ok);
        let (mut chosen, mut passed_over): (Option<(VersionAt, Why)>, usize) = (None, 0);
        self.store.versions(found.artifact, then, (None, usize::MAX), &mut |version| {
            if version.id == found.version.version || version.written.is_none() {
                return true;
            }
            let verdict = version.key.and_then(|key| judged.get(&key)).copied().unwrap_or(Verdict::None);
            chosen = Chosen::next(chosen.take(), version, (verdict, Baseline::Previous), &mut passed_over);
            let is_ok = chosen.as_ref().is_some_and(|(_, why)| why.baseline == Some(Baseline::Ok));
            // Without a verdict that it is ok, the one before is as good as any.
            !is_ok && (chosen.is_none() || may_be_ok)
        })?;
        let Some((version, why)) = chosen else { return self.sibling(found, passed_over, text) };
        let name = found.version.name.clone();
        let found = Found {
            key: version.key,
            artifact: found.artifact,
            version: Version { name, version: version.id },
            written: version.written,
            beside: Vec::new(),
        };
        Ok(Chosen { found, why })
    }

    /// Returns what stands in the place of an artifact that is written once: what the last comparable run before its writer
    /// wrote there, of those the last that somebody found fine. Nothing flagged stands there: it may have what is looked for.
    fn sibling(&mut self, found: &Found, mut passed_over: usize, text: &str) -> Result<Chosen, QueryError> {
        let Siblings { found: siblings, looked_at } = self.siblings(found)?;
        let verdicts = self.last_verdicts(
            siblings.iter().map(|Sibling { found, .. }| (&found.version.name, &found.version.version)),
        )?;
        let mut chosen: Option<(Found, Why)> = None;
        for Sibling { found, .. } in siblings {
            let Version { name, version } = found.version.clone();
            let verdict = verdicts.get(&(name, version)).map_or(Verdict::None, |label| label.verdict);
            chosen = Chosen::next(chosen, found, (verdict, Baseline::Sibling), &mut passed_over);
            if chosen.as_ref().is_some_and(|(_, why)| why.baseline == Some(Baseline::Ok)) {
                break;
            }
        }
        let name = text.to_owned();
        let nothing = || match passed_over {
            0 => QueryError::NothingBefore { name },
            flagged => QueryError::OnlyFlagged { name, flagged, looked_at },
        };
        let (found, mut why) = chosen.ok_or_else(nothing)?;
        why.looked_at = looked_at.filter(|_| why.baseline != Some(Baseline::Ok));
        Ok(Chosen { found, why })
    }

    /// Returns the trace of a version as a comparison needs it, of its `own` runs: those that both traces have differ in
    /// nothing, and neither does what is further up.
    fn side(
        &mut self,
        end: &End,
        own: &[(RunKey, u32)],
        usual: &mut HashMap<ComponentKey, Option<Usual>>,
    ) -> Result<Side, QueryError> {
        let (name, version) = (end.version.name.clone(), end.version.version.clone());
        let mut asked = Source { name, argument: None, version, writer: None };
        let (mut steps, mut depths) = (Vec::with_capacity(own.len()), own.iter());
        let keys: Vec<RunKey> = own.iter().map(|(run, _)| *run).collect();
        let extent = Extent::Compared(most_of(keys.len()));
        for some in keys.chunks(AT_ONCE) {
            let mut tables = self.store.tables(some)?;
            let details = self.details(some, extent)?;
            let files = details.iter().map(|of| (of.run.key, of.run.code.as_ref().map(|code| code.file.as_str())));
            let mut commands = Commands::of(self.store, files)?;
            for mut detail in details {
                let (component, key) = (detail.run.component.key, detail.run.key);
                if let std::collections::hash_map::Entry::Vacant(entry) = usual.entry(component) {
                    entry.insert(Usual::of(&self.store.durations(component, USUAL_RUNS)?));
                }
                // Those whose start has not arrived are left out.
                let depth = depths.find(|(run, _)| *run == key).map_or(0, |(_, depth)| *depth);
                if end.makers.first() == Some(&key) {
                    asked.writer = Some(detail.run.row.id);
                }
                let observed = aspects_of_observations(&detail.run.observations);
                let cut = detail.run.cut.take().map(|cut| *cut).unwrap_or_default();
                let mut run = view(detail);
                commands.split(key, &mut run.params, &mut run.code);
                let mut step = step(run, depth, usual.get(&component).copied().flatten());
                step.aspects.extend(observed);
                step.aspects.extend(aspects_of_tables(tables.remove(&key).unwrap_or_default()));
                past::cut(&mut step.aspects, cut);
                steps.push(step);
            }
        }
        Ok(Side { asked, steps })
    }

    /// Adds to both sides the runs that both traces have and that the others read from, or that wrote what was asked for:
    /// of them, who they are is enough.
    fn add_shared(&mut self, mut sides: [(&End, &mut Side); 2], shared: &HashSet<RunKey>) -> Result<(), QueryError> {
        let mut ids: HashSet<RunId> = HashSet::default();
        let mut keys: HashSet<RunKey> = HashSet::default();
        for (end, side) in &sides {
            ids.extend(side.steps.iter().flat_map(|step| &step.inputs).filter_map(|input| input.writer));
            keys.extend(end.makers.first());
        }
        for id in ids {
            keys.extend(self.store.run(id)?);
        }
        let keys: Vec<RunKey> = keys.into_iter().filter(|run| shared.contains(run)).collect();
        for RunName { key, id, component, started_at, .. } in self.store.run_names(&keys)? {
            for (end, side) in &mut sides {
                if end.makers.first() == Some(&key) {
                    side.asked.writer = Some(id);
                }
                side.steps.push(shared_step(id, component.clone(), started_at));
            }
        }
        Ok(())
    }

    /// Returns the runs upstream of a version, nearest first.
    fn above(&mut self, end: &End) -> Result<Vec<(RunKey, u32)>, QueryError> {
        Ok(self.store.upstream(&end.makers, Far::default())?.runs)
    }
}

impl Chosen {
    /// Returns what is chosen once the one before the others was looked at, with the verdict on it: the last that is ok, else
    /// the last that is not flagged.
    fn next<T>(
        chosen: Option<(T, Why)>,
        one: T,
        (verdict, baseline): (Verdict, Baseline),
        passed_over: &mut usize,
    ) -> Option<(T, Why)> {
        let why = |baseline, passed_over: usize| Why { baseline: Some(baseline), passed_over, looked_at: None };
        match (verdict, chosen) {
            (Verdict::Ok, _) => Some((one, why(Baseline::Ok, *passed_over))),
            (Verdict::Flagged, chosen) => {
                *passed_over = passed_over.saturating_add(1);
                chosen
            }
            (Verdict::None, None) => Some((one, why(baseline, *passed_over))),
            (Verdict::None, chosen) => chosen,
        }
    }
}

impl Diff {
    /// Returns in words why `a` was chosen; `None` when it was named.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let is_passed_over = self.passed_over > 0;
        let why = match self.baseline? {
            Baseline::Ok => "the last one that somebody found fine",
            Baseline::Previous if is_passed_over => "the last one before that is not flagged",
            Baseline::Previous => "the one written before",
            Baseline::Sibling if is_passed_over => "the last one in its place that is not flagged",
            Baseline::Sibling => "what the run before wrote in its place",
        };
        let beyond = self.looked_at.map(|runs| format!("; only the {runs} runs before were looked at"));
        Some(format!("{why}{}", beyond.unwrap_or_default()))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

fn difference(Cause { component, field, values: [a, b], runs }: Cause) -> Difference {
    Difference { component, field, a, b, runs, source_diff: None }
}

/// Returns a run that both traces have.
fn shared_step(id: RunId, component: String, started_at: Option<Timestamp>) -> ComparedRun {
    ComparedRun {
        id,
        component,
        depth: 0,
        started_at: started_at.unwrap_or(Timestamp::MIN),
        aspects: Aspects::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        duration_ms: None,
        is_unusually_long_or_short: false,
    }
}

/// Returns an input, and what was read with it that other runs wrote.
fn sources(input: Input) -> Vec<Source> {
    let Input { name, argument, version, written_by: writer, inside, .. } = input;
    let others = inside.into_iter().filter(|part| Some(part.written_by) != writer);
    let part = |part: Part| Source {
        name: part.name,
        argument: argument.clone(),
        version: part.version,
        writer: Some(part.written_by),
    };
    let mut sources: Vec<Source> = others.map(part).collect();
    sources.insert(0, Source { name, argument, version, writer });
    sources
}

fn step(run: Run, depth: u32, usual: Option<Usual>) -> ComparedRun {
    let mut aspects = Aspects::new();
    let mut add = |aspect, value: Option<Value>| aspects.extend(value.map(|value| (aspect, value)));
    if let Some(git) = run.git {
        add(Aspect::Commit, git.commit.map(Value::from));
        add(Aspect::Branch, git.branch.map(Value::from));
        add(Aspect::WorkTree, git.dirty.map(Value::from));
    }
    add(Aspect::InWorkTree, run.code.as_ref().and_then(|code| code.is_in_work_tree).map(Value::from));
    add(Aspect::Source, run.code.map(|code| Value::from(code.hash)));
    add(Aspect::Status, Some(Value::from(run.status.as_str())));
    add(Aspect::Host, run.host.map(Value::from));
    add(Aspect::User, run.user.map(Value::from));
    aspects.extend(run.params.into_iter().map(|(name, value)| (Aspect::Parameter(name), value)));
    aspects.extend(aspects_of(&Measures { metrics: run.metrics, checks: run.checks }));
    // What a run reads of its own is no part of what it was made from.
    let inputs = run.inputs.into_iter().flat_map(sources).filter(|input| input.writer != Some(run.id));
    ComparedRun {
        inputs: inputs.collect(),
        outputs: run.outputs.into_iter().map(|output| output.name).collect(),
        is_unusually_long_or_short: usual
            .zip(run.duration_ms)
            .is_some_and(|(usual, duration)| usual.is_outside(duration)),
        id: run.id,
        component: run.component,
        depth,
        started_at: run.started_at,
        aspects,
        duration_ms: run.duration_ms,
    }
}
