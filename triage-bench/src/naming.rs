//! How often each way of ranking facts names what is wrong, and how often it is sure without a reason.

use mltrace_core::lineage::{
    Aspect, Condition, Counts, Earlier, Ends, Evidence, Facts, Findings, Judged, Known, New, Observed, Outputs, PASSED,
    Scale, Shared, Strength, Table, Test, above, add_components, add_places, evidence, first_and_last, flagged,
    grouped, rank, reach, worth_suspecting,
};
use mltrace_core::model::Timestamp;

use crate::lasting::{Cause, Fault, LASTING, Lasting, World};
use crate::method::beta_bayes_of;
use crate::pipeline::Run;
use crate::random::Random;

/// The share of outputs below a fault that show it.
const SHOWN: f64 = 0.6;
/// The share of verdicts that are wrong.
const NOISE: f64 = 0.03;
/// The share of outputs that somebody judges.
const JUDGED: f64 = 0.3;
/// How many worlds are drawn before a trial is given up.
const DRAWS: usize = 50;
/// How many earlier runs of a component a run is compared with at most, as in the product.
const EARLIER: usize = 128;
/// A day, in microseconds.
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
/// What tells the draws of measures from the others.
const MEASURED: u64 = 1_000;
/// What tells the draws of verdicts by runs from the others.
const DEALT: u64 = 2_000;
/// In how many runs upstream of one, the nearest, what explains an effect is looked for, as in the product.
const ABOVE: usize = 32;
/// How many facts are asked for.
const FACTS: usize = 20;

/// The ways of ranking, the product's own last.
pub const RANKINGS: [&str; 3] = ["log-odds of shares", "Beta score", "mltrace"];

/// What came of the trials of one shape, as sums.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The shape.
    pub shape: &'static Lasting,
    /// How many trials there were.
    pub trials: f64,
    /// How often the fact came first, among the first three, and how often the first fact was of the right component, of
    /// each way of ranking.
    pub found: [[f64; 3]; RANKINGS.len()],
    /// The same of the product where checks and a metric of the outputs are recorded, too; a check that fails in the faulty
    /// component tells of a cause of which nothing else is recorded.
    pub measured: [f64; 3],
    /// How often the group of a culprit came first among the suspects: without what changed, with it, and with checks, too.
    pub groups: [f64; 3],
    /// How often a fact was called strong when the verdicts were drawn anew at random.
    pub strong_by_chance: f64,
    /// The same where all outputs below one run of a component, drawn for each trial, have one verdict: as where a run is bad
    /// for a reason that nobody recorded.
    pub strong_by_runs: f64,
}

/// Runs so many trials of each shape: those that parameters were chosen with take even seeds, the others odd ones.
#[must_use]
pub fn named(trials: u64) -> Vec<Named> {
    named_of(trials, |_| true)
}

/// Returns the same of some shapes.
#[must_use]
pub fn named_of(trials: u64, is_wanted: impl Fn(&Lasting) -> bool) -> Vec<Named> {
    let shapes = LASTING.iter().zip(100..).filter(|(shape, _)| is_wanted(shape));
    shapes.map(|(shape, stream)| of_shape(shape, stream, trials)).collect()
}

fn of_shape(shape: &'static Lasting, stream: u64, trials: u64) -> Named {
    let (found, measured, groups) = ([[0.0; 3]; 3], [0.0; 3], [0.0; 3]);
    let mut sum = Named { shape, trials: 0.0, found, measured, groups, strong_by_chance: 0.0, strong_by_runs: 0.0 };
    for seed in (0..trials).map(|trial| 2 * trial + u64::from(!shape.is_for_tuning)) {
        let mut random = Random::new(seed, stream);
        let Some(mut trial) = (0..DRAWS).find_map(|_| Trial::draw(shape, &mut random)) else { continue };
        sum.trials += 1.0;
        let facts = trial.facts(&trial.judged);
        let plain = [log_odds as fn(&Counted) -> f64, beta].map(|score| trial.plain(score));
        for (found, ranked) in sum.found.iter_mut().zip([&plain[0], &plain[1], &facts]) {
            count(found, ranked, &trial.world);
        }
        for (place, with_changes) in [false, true].into_iter().enumerate() {
            sum.groups[place] += f64::from(u8::from(trial.is_group_first(with_changes)));
        }
        let is_strong =
            trial.shared(&dealt_out(&trial.judged, &mut random)).iter().any(|fact| fact.strength == Strength::Strong);
        sum.strong_by_chance += f64::from(u8::from(is_strong));
        let by_runs = trial.dealt_out_by_runs(&mut Random::new(seed, stream + DEALT));
        let is_strong = trial.shared(&by_runs).iter().any(|fact| fact.strength == Strength::Strong);
        sum.strong_by_runs += f64::from(u8::from(is_strong));
        // Draws of its own: what comes before stays as it is.
        trial.world.measure(&trial.shown, &mut Random::new(seed, stream + MEASURED));
        count(&mut sum.measured, &trial.facts(&trial.judged), &trial.world);
        sum.groups[2] += f64::from(u8::from(trial.is_group_first(true)));
    }
    sum
}

/// Counts whether the first fact is the cause, whether one of the first three is, and whether the first is of its component.
fn count(found: &mut [f64; 3], ranked: &[Condition], world: &World) {
    let is_named = |condition: &Condition| world.causes.iter().any(|cause| names(world, cause, condition));
    let of_component = |condition: &Condition| world.causes.iter().any(|c| c.component == condition.component);
    found[0] += f64::from(u8::from(ranked.iter().take(1).any(is_named)));
    found[1] += f64::from(u8::from(ranked.iter().take(3).any(is_named)));
    found[2] += f64::from(u8::from(ranked.iter().take(1).any(of_component)));
}

/// Returns the verdicts dealt out at random among the runs; a run's outputs all get its verdict, bad if one of them was.
fn dealt_out(judged: &[Judged<Run>], random: &mut Random) -> Vec<Judged<Run>> {
    let of_runs = judged.chunk_by(|one, other| one.run == other.run);
    let mut verdicts: Vec<bool> =
        of_runs.clone().map(|outputs| outputs.iter().any(|output| output.is_flagged)).collect();
    for place in (1..verdicts.len()).rev() {
        verdicts.swap(place, random.below(place + 1));
    }
    let dealt = of_runs.zip(verdicts);
    dealt.flat_map(|(outputs, is_flagged)| outputs.iter().map(move |output| Judged { is_flagged, ..*output })).collect()
}

/// Returns whether a fact tells of the cause: of an aspect that does, with what the faulty runs have and most others not.
fn names(world: &World, cause: &Cause, condition: &Condition) -> bool {
    let tells = condition.tests.iter().any(|(aspect, _)| cause.aspects.contains(aspect));
    let is_check = matches!(condition.tests.as_slice(), [(Aspect::Check(_), _)]);
    if cause.aspects.is_empty() && is_check {
        return condition.component == cause.component;
    }
    if condition.component != cause.component || !tells {
        return false;
    }
    let holds = |run: &Run| condition.holds(&world.runs[*run].facts.aspects);
    let faulty = cause.runs.iter().filter(|run| holds(run)).count();
    let of_component = (0..world.runs.len()).filter(|run| world.runs[*run].component == cause.component);
    let elsewhere = of_component.filter(|run| holds(run) && !cause.runs.contains(run)).count();
    2 * faulty > cause.runs.len() && elsewhere <= faulty
}

/// What the plain ways of ranking see of a fact.
struct Counted {
    counts: Counts,
    all: Counts,
}

fn log_odds(seen: &Counted) -> f64 {
    let odds = |with: u32, of: u32| (f64::from(with) + 0.5) / (f64::from(of - with) + 0.5);
    (odds(seen.counts.flagged, seen.all.flagged) / odds(seen.counts.ok, seen.all.ok)).ln()
}

fn beta(seen: &Counted) -> f64 {
    let [ef, ep] = [seen.counts.flagged, seen.counts.ok].map(f64::from);
    beta_bayes_of([ef, ep, f64::from(seen.all.flagged) - ef, f64::from(seen.all.ok) - ep])
}

struct Trial {
    world: World,
    judged: Vec<Judged<Run>>,
    /// The runs of which an output shows a fault.
    shown: Vec<Run>,
    /// The runs of a component, by the place of each run in it.
    before: Vec<Vec<Run>>,
}

impl Trial {
    /// Returns a trial in which people flagged at least two outputs of each cause.
    fn draw(shape: &Lasting, random: &mut Random) -> Option<Self> {
        let world = shape.build(random);
        let outputs: Vec<Option<Run>> = world.outputs.iter().copied().map(Some).collect();
        let mut shows: Vec<Vec<usize>> = vec![Vec::new(); outputs.len()];
        let reached = reach(&outputs, &world.edges);
        for (number, cause) in world.causes.iter().enumerate() {
            let below =
                reached.iter().filter(|(run, ..)| cause.runs.contains(run)).map(|(.., outputs)| outputs.clone());
            let below = below.reduce(|a, b| a.or(&b))?;
            for output in (0..outputs.len()).filter(|output| below.contains(*output)) {
                if random.happens(SHOWN) {
                    shows[output].push(number);
                }
            }
        }
        let mut seen = vec![0; world.causes.len()];
        let mut judged = Vec::new();
        let mut is_judged = false;
        for (output, shown) in shows.iter().enumerate() {
            // Whoever looks at one output of a run looks at all.
            let is_of_last = output.checked_sub(1).is_some_and(|last| outputs[last] == outputs[output]);
            is_judged = if is_of_last { is_judged } else { random.happens(JUDGED) };
            if is_judged {
                let is_flagged = shown.is_empty() == random.happens(NOISE);
                if is_flagged {
                    shown.iter().for_each(|cause| seen[*cause] += 1);
                }
                judged.push(Judged { run: outputs[output], is_flagged });
            }
        }
        let mut of_component: std::collections::BTreeMap<&str, Vec<Run>> = std::collections::BTreeMap::new();
        let before = world.runs.iter().enumerate().map(|(run, made)| {
            let runs = of_component.entry(made.component).or_default();
            let before = runs.iter().rev().take(EARLIER).copied().collect();
            runs.push(run);
            before
        });
        let before = before.collect();
        let shown = shows.iter().zip(&world.outputs).filter(|(shown, _)| !shown.is_empty()).map(|(_, run)| *run);
        let shown = shown.collect();
        seen.iter().all(|seen| *seen >= 2).then_some(Self { world, judged, shown, before })
    }

    fn earlier(&self, run: Run) -> Earlier<'_> {
        let earlier: Vec<&Facts> = self.before[run].iter().map(|run| &self.world.runs[*run].facts).collect();
        Earlier::of(&self.world.runs[run].facts, &earlier)
    }

    fn known(&self, judged: &[Judged<Run>]) -> (Vec<Run>, Vec<Known>, Outputs, Observed) {
        let writers: Vec<Option<Run>> = judged.iter().map(|output| output.run).collect();
        let mut reached = reach(&writers, &self.world.edges);
        reached.sort_by_key(|(run, ..)| *run);
        let runs: Vec<Run> = reached.iter().map(|(run, ..)| *run).collect();
        let known = reached.into_iter().map(|(run, depth, outputs)| {
            let made = &self.world.runs[run];
            let (component, began) = (made.component.to_owned(), Timestamp(made.day as i64 * DAY_US));
            let mut aspects = made.facts.aspects.clone();
            // As in the product: that a check passed says nothing.
            aspects.retain(|aspect, value| !matches!(aspect, Aspect::Check(_)) || *value != PASSED);
            Known { component, began, depth, outputs, aspects }
        });
        let mut known: Vec<Known> = known.collect();
        let read: Vec<&Facts> = runs.iter().map(|run| &self.world.runs[*run].facts).collect();
        add_places(&mut known, &read);
        add_components(&mut known, u32::try_from(judged.len()).unwrap_or(u32::MAX));
        (runs, known, flagged(judged), Observed::of(&writers))
    }

    fn shared(&self, judged: &[Judged<Run>]) -> Vec<Shared> {
        let (runs, known, bad, observed) = self.known(judged);
        let weigh = |condition: &Condition, place: usize| {
            let run = runs[place];
            // No component is added here.
            if condition.is_of_component() {
                return New::default();
            }
            condition.novelty(&self.world.runs[run].facts, &self.earlier(run))
        };
        let mut ends = Ends::default();
        for place in first_and_last(&known, &bad).into_iter().flatten() {
            let (run, earlier) = (&known[place], self.earlier(runs[place]));
            ends.add(&run.component, earlier.alike().iter().map(|facts| &facts.aspects));
        }
        let Ok(found) = Table::of(&known, &bad, &observed, &ends).best(
            FACTS,
            |_| Ok(()),
            |some| {
                Ok::<_, std::convert::Infallible>(
                    some.iter().map(|(condition, place)| weigh(condition, *place)).collect(),
                )
            },
        );
        found
    }

    /// Returns the verdicts dealt out at random among the runs of a component: all outputs below the last of its runs upstream get
    /// its verdict, bad if one of them was.
    fn dealt_out_by_runs(&self, random: &mut Random) -> Vec<Judged<Run>> {
        let writers: Vec<Option<Run>> = self.judged.iter().map(|output| output.run).collect();
        let reached = reach(&writers, &self.world.edges);
        let components: std::collections::BTreeSet<&str> =
            reached.iter().map(|(run, ..)| self.world.runs[*run].component).collect();
        let component = components.iter().nth(random.below(components.len())).copied().unwrap_or_default();
        let of_component: Vec<_> =
            reached.iter().filter(|(run, ..)| self.world.runs[*run].component == component).collect();
        let last = |output: usize| {
            let upstream = of_component.iter().filter(|(.., outputs)| outputs.contains(output));
            upstream.map(|(run, ..)| *run).max()
        };
        let groups: Vec<Option<Run>> = (0..writers.len()).map(last).collect();
        let mut bad: std::collections::BTreeMap<Option<Run>, bool> = Default::default();
        for (group, output) in groups.iter().zip(&self.judged) {
            *bad.entry(*group).or_default() |= output.is_flagged;
        }
        let mut verdicts: Vec<bool> = bad.values().copied().collect();
        for place in (1..verdicts.len()).rev() {
            verdicts.swap(place, random.below(place + 1));
        }
        let dealt: std::collections::BTreeMap<Option<Run>, bool> = bad.keys().copied().zip(verdicts).collect();
        groups.iter().zip(&self.judged).map(|(group, output)| Judged { is_flagged: dealt[group], ..*output }).collect()
    }

    /// Returns what the product says.
    fn facts(&self, judged: &[Judged<Run>]) -> Vec<Condition> {
        self.shared(judged).into_iter().map(|fact| fact.condition).collect()
    }

    /// Returns the values that runs upstream of flagged outputs have, by a plain score; of equal ones the first that began.
    fn plain(&self, score: fn(&Counted) -> f64) -> Vec<Condition> {
        let (_, known, bad, _) = self.known(&self.judged);
        let all = counts(&self.judged);
        let mut met: Vec<(Condition, Outputs)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for run in &known {
            for (aspect, value) in run.aspects.iter().filter(|(aspect, _)| **aspect != Aspect::Duration) {
                let place = *places.entry((&run.component, aspect, value)).or_insert_with(|| {
                    let tests = vec![(aspect.clone(), Test::Is(value.clone()))];
                    met.push((Condition { component: run.component.clone(), tests }, run.outputs.clone()));
                    met.len() - 1
                });
                met[place].1 = met[place].1.or(&run.outputs);
            }
        }
        let mut scored: Vec<(f64, Condition)> = met
            .into_iter()
            .filter(|(_, outputs)| outputs.meets(&bad))
            .map(|(condition, outputs)| {
                let ef = outputs.and(&bad).count();
                let counts = Counts { flagged: ef, ok: outputs.count() - ef };
                (score(&Counted { counts, all }), condition)
            })
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().take(FACTS).map(|(_, condition)| condition).collect()
    }

    /// Returns whether the first suspects hold a culprit.
    fn is_group_first(&self, with_changes: bool) -> bool {
        let writers: Vec<Option<Run>> = self.judged.iter().map(|output| output.run).collect();
        let bad = flagged(&self.judged);
        let observed = Observed::of(&writers);
        let groups = worth_suspecting(grouped(&bad, &observed, &reach(&writers, &self.world.edges)), &bad, |_| false);
        let runs: Vec<Run> = groups.iter().flat_map(|group| &group.runs).copied().filter(|_| with_changes).collect();
        let found = |run: &Run| evidence(&self.world.runs[*run].facts, &self.earlier(*run), &Default::default());
        let mut findings: std::collections::HashMap<Run, Findings> =
            runs.iter().map(|run| (*run, found(run))).collect();
        let strongest: std::collections::HashMap<Run, f64> =
            findings.iter().map(|(run, findings)| (*run, findings.strongest())).collect();
        let is_effect = |run: &Run| findings[run].pieces.iter().any(Evidence::is_effect);
        let with_effects: Vec<Run> = runs.iter().copied().filter(is_effect).collect();
        for (run, above) in with_effects.iter().zip(above(&with_effects, &self.world.edges, ABOVE)) {
            let most = above.iter().filter_map(|above| strongest.get(above)).copied().fold(1.0, f64::max);
            findings.get_mut(run).into_iter().for_each(|found| found.explain_effects(most));
        }
        let weights = |run: Run| findings.get(&run).map_or(1.0, Findings::weight);
        let found = rank(groups, &mut Scale::new(observed.all(&bad)), weights);
        let culprits: Vec<Run> = self.world.causes.iter().flat_map(|cause| cause.runs.clone()).collect();
        found.first().is_some_and(|suspect| suspect.group.runs.iter().any(|run| culprits.contains(run)))
    }
}

fn counts(judged: &[Judged<Run>]) -> Counts {
    let bad = flagged(judged).count();
    Counts { flagged: bad, ok: u32::try_from(judged.len()).unwrap_or(u32::MAX) - bad }
}

impl Named {
    /// Returns whether something that is recorded tells what is wrong.
    #[must_use]
    pub fn has_fact(&self) -> bool {
        self.shape.fault != Fault::Unrecorded
    }

    /// Returns a sum as a share of the trials.
    #[must_use]
    pub fn share(&self, sum: f64) -> f64 {
        sum / self.trials.max(1.0)
    }
}

/// Returns the outcomes as a table in Markdown.
#[must_use]
pub fn markdown(outcomes: &[Named]) -> String {
    let mut text = String::from("## The fact\n\n| shape | half |");
    text += &RANKINGS.map(|name| format!(" {name} |")).concat();
    text +=
        " mltrace, with checks | groups first, without changes, with them, with checks | strong at random, by runs |\n";
    text += "|---|---|---|---|---|---|---|---|\n";
    for half in [true, false] {
        let of_half: Vec<&Named> = outcomes.iter().filter(|named| named.shape.is_for_tuning == half).collect();
        let word = if half { "tuned on" } else { "held out" };
        for named in &of_half {
            text += &row(named.shape.name, word, named, named.has_fact());
        }
        let with_fact = of_half.iter().copied().filter(|named| named.has_fact());
        if let Some(sum) = with_fact.copied().reduce(add) {
            text += &row("**all with a fact**", word, &sum, true);
        }
    }
    text + "\n"
}

/// Returns the outcomes of two shapes as one.
#[must_use]
pub fn add(mut sum: Named, more: Named) -> Named {
    sum.trials += more.trials;
    sum.strong_by_chance += more.strong_by_chance;
    sum.strong_by_runs += more.strong_by_runs;
    sum.measured.iter_mut().zip(more.measured).for_each(|(mine, theirs)| *mine += theirs);
    sum.groups.iter_mut().zip(more.groups).for_each(|(mine, theirs)| *mine += theirs);
    for (mine, theirs) in sum.found.iter_mut().zip(more.found) {
        mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
    }
    sum
}

fn row(name: &str, half: &str, named: &Named, has_fact: bool) -> String {
    let cell = |found: &[f64; 3], has_fact: bool| {
        let [first, three, component] = found.map(|sum| named.share(sum));
        if has_fact {
            format!("{first:.2} / {three:.2} / {component:.2}")
        } else {
            format!("– / – / {component:.2}")
        }
    };
    let mut cells: Vec<String> = named.found.iter().map(|found| cell(found, has_fact)).collect();
    cells.push(cell(&named.measured, true));
    let [without, with, measured] = named.groups.map(|sum| named.share(sum));
    let [strong, by_runs] = [named.strong_by_chance, named.strong_by_runs].map(|sum| named.share(sum));
    let groups = format!("{without:.2} / {with:.2} / {measured:.2}");
    format!("| {name} | {half} | {} | {groups} | {strong:.3} / {by_runs:.3} |\n", cells.join(" | "))
}
