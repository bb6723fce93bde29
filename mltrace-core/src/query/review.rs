//! The verdicts, the runs that they point to, and where to look next.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::answer::{Fact, Labelled, LookNext, Review, Suspect};
use super::causes::Causes;
use super::facts::{Shares, Verdicts};
use super::past::Past;
use super::{QueryError, Reader, evidence};
use crate::lineage::{self, Belief, Counts, Finding, Findings, Group, Judged, Observed, Outputs, Scale};
use crate::model::{RunId, Timestamp, Verdict, Version};
use crate::store::{ComponentKey, Extent, LabelRow, ProjectKey, RunKey, RunName, VersionKey};

/// How many suspects there are when nobody says.
const SUSPECTS: usize = 10;
/// How many sets that explain all flags there are.
const EXPLANATIONS: usize = 3;
/// How many outputs to look at next there are.
const LOOKS: usize = 3;
/// How many runs are named that a verdict would point to.
const POINTED: usize = 2;
/// In how many of the runs upstream of what is flagged, the nearest to it, changes are looked for. No ok moves these.
const EXAMINED: usize = 4_000;
/// To how many runs of a suspect, those with the most evidence, a verdict on another output may point.
const BELIEVED: usize = 200;
/// From how many runs of the components that people judge the output to look at next is chosen.
const CHOICE: usize = 200;

type Ranked = lineage::Suspect<RunKey>;

/// What the suspects of one answer are derived from.
struct Case {
    all: Counts,
    flagged: Outputs,
    observed: Observed,
    judged: HashSet<VersionKey>,
    writers: BTreeSet<RunKey>,
    edges: Vec<(RunKey, RunKey)>,
    /// The runs upstream of judged outputs, with which those are.
    reached: Vec<(RunKey, u32, Outputs)>,
    /// The runs in which changes are looked for.
    examined: HashSet<RunKey>,
    findings: HashMap<RunKey, Findings>,
    names: HashMap<RunKey, RunName>,
}

impl Reader<'_> {
    /// Returns all verdicts and the suspects that they point to, at most `limit` of them, or ten.
    ///
    /// A suspect is a group of runs upstream of the same judged outputs. The likeliest comes first, by the verdicts on
    /// those outputs and by what changed at its runs.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn review(&mut self, limit: Option<usize>) -> Result<Review, QueryError> {
        self.review_without(limit, &[])
    }

    /// Returns the same, where none of `skipped` is to be looked at next: somebody was asked of them already.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn review_without(&mut self, limit: Option<usize>, skipped: &[Version]) -> Result<Review, QueryError> {
        let Some(project) = self.project()? else { return Ok(Review::default()) };
        let labels = self.store.labels(project, true)?;
        let by = |verdict: Verdict| labels.iter().filter(move |label| label.verdict == verdict).map(labelled).collect();
        let mut answer = Review { flagged: by(Verdict::Flagged), ok: by(Verdict::Ok), ..Review::default() };
        if answer.flagged.is_empty() {
            return Ok(answer);
        }
        let limit = limit.unwrap_or(SUSPECTS);
        // How many are shown is no reason to weigh fewer.
        let weighed = limit.max(SUSPECTS);

        let (mut case, groups) = self.case(&labels)?;
        let mut scale = Scale::new(case.observed.all(&case.flagged));
        let mut past = Past::default();
        let (flagged, observed, reached) = (&case.flagged, &case.observed, case.reached.as_slice());
        let verdicts = Verdicts { all: case.all, flagged, observed, reached };
        let Shares { facts, rest, causes } = self.facts(project, &verdicts, &mut past)?;
        (answer.facts, answer.rest) = (facts, rest);
        answer.owners = self.owners(&answer.facts)?;
        let causes = Causes::of(&causes);
        // What the sentence names is suspected whatever else explains the same.
        let groups = lineage::worth_suspecting(groups, &case.flagged, |group| causes.fact(group).is_some());
        let all: Vec<&Group<RunKey>> = groups.iter().collect();
        let mut contenders = contenders(&all, &case.examined, &mut scale, weighed);
        for (_, caused) in causes.of_each(&all) {
            contenders.extend(self::contenders(&caused, &case.examined, &mut scale, weighed));
        }
        case.findings = self.causes_of(&contenders, &case.edges, &mut past)?;
        let weight = |run: RunKey| case.findings.get(&run).map_or(1.0, Findings::weight);
        let mut ranked = lineage::rank(groups, &mut scale, weight);
        // Sorting keeps the order of equal ones: those that have what the sentence says come first, and in the order of the facts.
        ranked.iter_mut().for_each(|suspect| suspect.group.runs.sort_by_key(|run| causes.place(*run)));
        let sets = lineage::explain(&ranked, &case.flagged, (&case.observed, &mut scale), EXPLANATIONS);
        let mut shown: Vec<&Ranked> = ranked.iter().collect();
        shown.sort_by_key(|suspect| causes.place_of(&suspect.group));
        shown.truncate(limit);

        let explaining = sets.iter().flatten().filter_map(|place| ranked.get(*place)?.group.runs.first());
        let weighed = ranked.get(..weighed).unwrap_or(&ranked);
        let named: Vec<RunKey> = weighed
            .iter()
            .chain(shown.iter().copied())
            .flat_map(|suspect| &suspect.group.runs)
            .chain(explaining)
            .copied()
            .collect();
        let names = self.store.run_names(&named)?;
        case.names = names.into_iter().map(|name| (name.key, name)).collect();

        if answer.ok.is_empty() {
            answer.newest_change = case.newest_change();
            answer.strongest_change = case.strongest_change();
        }
        let whole: f64 = 1.0 + ranked.iter().map(|suspect| 10_f64.powf(suspect.score)).sum::<f64>();
        answer.by_chance = 1.0 / whole;
        let ranks = shown.iter().zip(1_u32..);
        answer.suspects =
            ranks.map(|(suspect, rank)| case.suspect(suspect, (rank, causes.fact(&suspect.group)), whole)).collect();
        let first = |place: &usize| case.names.get(ranked.get(*place)?.group.runs.first()?).map(|name| name.id);
        answer.explains = sets.iter().map(|set| set.iter().filter_map(first).collect()).collect();
        case.judged.extend(self.keys_of(project, skipped)?);
        answer.look_next = self.look_next(&case, weighed, whole, &scale)?;
        answer.is_cut = past.is_cut();
        Ok(answer)
    }

    /// Returns the facts that the runs upstream of what is flagged share and that can be relied on, the likeliest cause first.
    pub(super) fn facts_to_rely_on(&mut self) -> Result<Vec<Fact>, QueryError> {
        let Some(project) = self.project()? else { return Ok(Vec::new()) };
        let labels = self.store.labels(project, true)?;
        if !labels.iter().any(|label| label.verdict == Verdict::Flagged) {
            return Ok(Vec::new());
        }
        let (case, _) = self.case(&labels)?;
        let (flagged, observed, reached) = (&case.flagged, &case.observed, case.reached.as_slice());
        let verdicts = Verdicts { all: case.all, flagged, observed, reached };
        let mut facts = self.facts(project, &verdicts, &mut Past::default())?.facts;
        facts.retain(Fact::is_relied_on);
        Ok(facts)
    }

    /// Returns the keys of versions, of those that are known.
    fn keys_of(&mut self, project: ProjectKey, versions: &[Version]) -> Result<Vec<VersionKey>, QueryError> {
        let mut keys = Vec::with_capacity(versions.len());
        for Version { name, version } in versions {
            if let Some(artifact) = self.store.artifact(project, name.as_str())? {
                keys.extend(self.store.version_at(artifact, version, Timestamp::MAX)?.and_then(|found| found.key));
            }
        }
        Ok(keys)
    }

    /// Returns whom to ask of the components that facts are of: as the first run of each says, or as is said of it.
    fn owners(&mut self, facts: &[Fact]) -> Result<BTreeMap<String, String>, QueryError> {
        let mut first: BTreeMap<&String, RunId> = BTreeMap::new();
        for fact in facts {
            if let Some(run) = fact.runs.first() {
                first.entry(&fact.component).or_insert(*run);
            }
        }
        let mut owners = BTreeMap::new();
        for (component, run) in first {
            let key = self.store.run(run)?;
            let run = self.views(key.as_slice(), Extent::FewEdges)?.pop();
            owners.extend(run.and_then(|run| run.owner).map(|owner| (component.clone(), owner)));
        }
        Ok(owners)
    }

    /// Returns the versions that people judged, each with the verdict that counts.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn verdicts(&mut self) -> Result<Vec<(Verdict, Labelled)>, QueryError> {
        let Some(project) = self.project()? else { return Ok(Vec::new()) };
        let labels = self.store.labels(project, true)?;
        let judged = labels.iter().filter(|label| label.verdict != Verdict::None);
        Ok(judged.map(|label| (label.verdict, labelled(label))).collect())
    }

    /// Returns what is known without looking at any run, and the groups of runs upstream of what is flagged.
    fn case(&mut self, labels: &[LabelRow]) -> Result<(Case, Vec<Group<RunKey>>), QueryError> {
        let labels = labels.iter().filter(|label| label.verdict != Verdict::None);
        let versions: Vec<VersionKey> = labels.clone().map(|label| label.version).collect();
        let mut first: HashMap<VersionKey, RunKey> = self.store.first_writers(&versions)?.into_iter().collect();
        let inside = self.makers_inside(&versions, &mut first)?;
        let judge = |label: &LabelRow| Judged {
            run: first.get(&label.version).copied(),
            is_flagged: label.verdict == Verdict::Flagged,
        };
        let outputs: Vec<Judged<RunKey>> = labels.map(judge).collect();
        let writers: BTreeSet<RunKey> = outputs.iter().filter_map(|output| output.run).collect();
        let roots: Vec<RunKey> = writers.iter().copied().collect();
        let mut edges = self.store.pairs_upstream(&roots)?;
        if !inside.is_empty() {
            let others: Vec<RunKey> = inside.iter().map(|(_, maker)| *maker).collect();
            edges.extend(self.store.pairs_upstream(&others)?);
            edges.extend(inside);
        }
        let flagged = lineage::flagged(&outputs);
        let examined = examined(&outputs, &edges);
        let writers_of: Vec<Option<RunKey>> = outputs.iter().map(|output| output.run).collect();
        let observed = Observed::of(&writers_of);
        let room = self.room();
        // Of each set there is one here, one of its group, and one beside what its run has.
        let reached = lineage::reach_within(&writers_of, &edges, |bytes| room(bytes.saturating_mul(3)))?;
        let groups = lineage::grouped(&flagged, &observed, &reached);
        let bad = flagged.count();
        let all = Counts { flagged: bad, ok: u32::try_from(outputs.len()).unwrap_or(u32::MAX).saturating_sub(bad) };
        let (findings, names) = (HashMap::default(), HashMap::default());
        let judged = versions.into_iter().collect();
        Ok((Case { all, flagged, observed, judged, writers, edges, reached, examined, findings, names }, groups))
    }

    /// Returns pairs (run, another that made the same version): who wrote what lies in a folder that people judged. Of a
    /// version that nobody wrote under its name, one of them stands for all.
    fn makers_inside(
        &mut self,
        versions: &[VersionKey],
        first: &mut HashMap<VersionKey, RunKey>,
    ) -> Result<Vec<(RunKey, RunKey)>, QueryError> {
        let mut pairs = Vec::new();
        // What nobody wrote under its name may be a copy.
        let mut asked = self.store.nested(versions)?;
        asked.extend(versions.iter().filter(|version| !first.contains_key(version)));
        asked.sort_unstable();
        asked.dedup();
        for version in asked {
            let Some(found) = self.found(version)? else { continue };
            let makers = self.makers(&found, None)?;
            let Some(one) = first.get(&version).copied().or_else(|| makers.first().copied()) else { continue };
            first.insert(version, one);
            pairs.extend(makers.into_iter().filter(|maker| *maker != one).map(|maker| (one, maker)));
        }
        Ok(pairs)
    }

    /// Returns the outputs without a verdict whose verdict would split the suspects best.
    fn look_next(
        &mut self,
        case: &Case,
        weighed: &[Ranked],
        whole: f64,
        scale: &Scale,
    ) -> Result<Vec<LookNext>, QueryError> {
        let weight = |run: &RunKey| case.findings.get(run).map_or(1.0, Findings::weight);
        let mut beliefs: Vec<Belief<RunKey>> = Vec::new();
        for suspect in weighed {
            let runs = suspect.group.runs.get(..BELIEVED).unwrap_or(&suspect.group.runs);
            let all: f64 = runs.iter().map(weight).sum();
            beliefs.extend(runs.iter().map(|run| Belief {
                run: Some(*run),
                share: 10_f64.powf(suspect.score) / whole * weight(run) / all,
                shown: suspect.blame.shown,
                elsewhere: suspect.blame.elsewhere,
            }));
        }
        let by_chance = scale.rate_by_chance();
        beliefs.push(Belief { run: None, share: 1.0 / whole, shown: by_chance, elsewhere: by_chance });

        let near: Vec<RunKey> = beliefs.iter().filter_map(|belief| belief.run).collect();
        let others = self.judged_components(case, &near)?;
        let mut edges = case.edges.clone();
        edges.extend(self.store.pairs_upstream(&others)?);
        let written = self.store.written(&[others, near].concat())?.into_iter();
        let (writers, versions): (Vec<RunKey>, Vec<VersionKey>) =
            written.filter(|(_, version)| !case.judged.contains(version)).unzip();
        let mut looks = Vec::new();
        for look in lineage::look_next(&beliefs, &writers, &edges, LOOKS) {
            let Some(version) = versions.get(look.output) else { continue };
            let Some(Version { name, version }) = self.store.version(*version)? else { continue };
            looks.push(LookNext { name, version, why: case.why(&beliefs, &look) });
        }
        Ok(looks)
    }

    /// Returns runs of the components whose outputs people judge: what they wrote is what people know to judge.
    fn judged_components(&mut self, case: &Case, suspects: &[RunKey]) -> Result<Vec<RunKey>, QueryError> {
        let began = |run: &RunKey| case.names.get(run).and_then(|name| name.started_at);
        let since = suspects.iter().filter_map(began).min().unwrap_or(Timestamp::MIN);
        let writers: Vec<RunKey> = case.writers.iter().copied().collect();
        let names = self.store.run_names(&writers)?;
        let components: BTreeMap<String, ComponentKey> =
            names.into_iter().map(|name| (name.component, name.component_key)).collect();
        let mut runs = Vec::new();
        for component in components.into_values() {
            runs.extend(self.store.since(component, since)?);
        }
        // Evenly spread over all of them.
        let step = runs.len().div_ceil(CHOICE).max(1);
        Ok(runs.into_iter().step_by(step).collect())
    }
}

impl Case {
    fn suspect(&self, suspect: &Ranked, (rank, fact): (u32, Option<u32>), whole: f64) -> Suspect {
        let group = &suspect.group;
        let names = group.runs.iter().filter_map(|run| self.names.get(run));
        let (runs, components) = names.map(|name| (name.id, name.component.clone())).unzip();
        let mut told = vec![format!(
            "upstream of {} of {} flagged and {} of {} ok outputs",
            group.flagged, self.all.flagged, group.ok, self.all.ok
        )];
        for run in &group.runs {
            let (Some(findings), Some(name)) = (self.findings.get(run), self.names.get(run)) else { continue };
            let is_alone = group.runs.len() == 1;
            let which =
                if is_alone { String::new() } else { format!("{} (run {}): ", name.component, name.id.short()) };
            // That nothing changed is reported where it counts: of the run that speaks for the group.
            let is_first = group.runs.first() == Some(run);
            let pieces =
                findings.pieces.iter().filter(|piece| is_first || !matches!(piece.finding, Finding::NoChange { .. }));
            told.extend(pieces.map(|piece| format!("{which}{}", evidence::words(piece))));
        }
        Suspect {
            rank,
            fact,
            score: suspect.score,
            score_of_verdicts: suspect.blame.score,
            score_of_changes: suspect.evidence,
            probability: 10_f64.powf(suspect.score) / whole,
            coverage: f64::from(group.flagged) / f64::from(self.all.flagged.max(1)),
            flagged: group.flagged,
            ok: group.ok,
            runs,
            components,
            evidence: told,
        }
    }

    /// Returns in words the newest change at the runs that have a name here.
    fn newest_change(&self) -> Option<String> {
        let changed = |(run, findings): (&RunKey, &Findings)| {
            let is_change = |piece: &&lineage::Evidence| matches!(piece.finding, Finding::Changed { ago: 0, .. });
            let piece = findings.pieces.iter().find(is_change)?.clone();
            let name = self.names.get(run)?;
            Some(((name.started_at, name.id), name, piece))
        };
        let (_, name, piece) = self.findings.iter().filter_map(changed).max_by_key(|(place, ..)| *place)?;
        Some(format!("{}: {}", called(name), evidence::words(&piece)))
    }

    /// Returns in words the strongest evidence at the runs that have a name here, of equal ones the newest.
    fn strongest_change(&self) -> Option<String> {
        let strongest = |(run, findings): (&RunKey, &Findings)| {
            let is_against = |piece: &&lineage::Evidence| piece.factor > 1.0;
            Some((self.names.get(run)?, findings.pieces.iter().find(is_against)?.clone()))
        };
        let found = self.findings.iter().filter_map(strongest);
        let (name, piece) = found.max_by(|(name, piece), (other, than)| {
            piece.factor.total_cmp(&than.factor).then((name.started_at, name.id).cmp(&(other.started_at, other.id)))
        })?;
        Some(format!("{}: {}", called(name), evidence::words(&piece)))
    }

    /// Returns in words what a verdict on an output would show: the likeliest runs that either verdict points to.
    fn why(&self, beliefs: &[Belief<RunKey>], look: &lineage::Look) -> String {
        let pointed = |is_upstream: bool| {
            let mut runs: Vec<&Belief<RunKey>> =
                beliefs.iter().zip(&look.is_upstream).filter(|(_, up)| **up == is_upstream).map(|(b, _)| b).collect();
            runs.sort_by(|a, b| b.share.total_cmp(&a.share));
            let name = |belief: &Belief<RunKey>| match belief.run {
                Some(run) => self.names.get(&run).map(called),
                None => Some("no recorded run".to_owned()),
            };
            runs.into_iter().take(POINTED).filter_map(name).collect::<Vec<_>>().join(" or ")
        };
        format!("bad would point to {}, ok to {} ({:.2} bits)", pointed(true), pointed(false), look.bits)
    }
}

/// Returns the runs in which changes are looked for: chosen by what is flagged alone, since a choice that an ok moves would
/// let it raise a run upstream of it.
fn examined(outputs: &[Judged<RunKey>], edges: &[(RunKey, RunKey)]) -> HashSet<RunKey> {
    let bad: Vec<RunKey> = outputs.iter().filter(|output| output.is_flagged).filter_map(|output| output.run).collect();
    let mut near = lineage::depths(&bad, edges, None);
    near.sort_unstable_by_key(|(run, depth)| (*depth, *run));
    near.into_iter().take(EXAMINED).map(|(run, _)| run).collect()
}

/// Returns the runs among those in which changes are looked for whose evidence can decide which groups are among the first
/// `limit`.
fn contenders(groups: &[&Group<RunKey>], examined: &HashSet<RunKey>, scale: &mut Scale, limit: usize) -> Vec<RunKey> {
    let mut score = |group: &&Group<RunKey>| scale.blame(group.worth).score;
    let mut scores: Vec<f64> = groups.iter().map(&mut score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let last = limit.checked_sub(1).and_then(|place| scores.get(place)).copied().unwrap_or(f64::NEG_INFINITY);
    let (least, most) = Findings::RANGE;
    let bar = last + least.log10() - most.log10();
    let contending = groups.iter().filter(|group| score(group) >= bar);
    contending.flat_map(|group| &group.runs).filter(|run| examined.contains(run)).copied().collect()
}

/// Returns a run's component and id.
fn called(name: &RunName) -> String {
    format!("{} (run {})", name.component, name.id.short())
}

fn labelled(label: &LabelRow) -> Labelled {
    Labelled {
        name: label.name.clone(),
        version: label.version_id.clone(),
        reason: label.reason.clone(),
        by: label.by.clone(),
        at: label.at,
    }
}
