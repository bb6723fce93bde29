//! Pipelines of which more is recorded than who read what: parameters, commits, hosts, inputs, with a fault that lasts.

use mltrace_core::lineage::{Aspect, Aspects, Facts, PASSED};
use serde_json::Value;

use crate::pipeline::Run;
use crate::random::Random;

/// A run as it is recorded.
#[derive(Debug)]
pub struct Made {
    /// Its component.
    pub component: &'static str,
    /// The day on which it ran.
    pub day: usize,
    /// What is recorded of it.
    pub facts: Facts,
}

/// What a method should name.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The component.
    pub component: &'static str,
    /// The aspects of it that tell as much as the other; none where nothing is recorded.
    pub aspects: Vec<Aspect>,
    /// The runs with the fault.
    pub runs: Vec<Run>,
}

/// Some weeks of a pipeline. The runs are in the order in which they began.
#[derive(Debug, Default)]
pub struct World {
    /// The runs.
    pub runs: Vec<Made>,
    /// From a run to a run that wrote what it read.
    pub edges: Vec<(Run, Run)>,
    /// The runs that wrote the outputs that people look at, once for each output.
    pub outputs: Vec<Run>,
    /// What is wrong.
    pub causes: Vec<Cause>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A parameter, a commit, or a host of one component is another for some runs.
    Deployed,
    /// The same, in one region alone.
    OneRegion,
    /// A parameter that two components have; only one of them minds.
    SharedParameter,
    /// A commit of the whole repository, in which the text of one component changed.
    SharedCommit,
    /// One host among many spoils what one component does on it.
    BadHost,
    /// A file that no recorded run writes.
    InputFile,
    /// Too few rows.
    FewRows,
    /// Two at once, of two components.
    Two,
    /// Nothing that is recorded.
    Unrecorded,
}

/// A way to lay out a pipeline, and what goes wrong in it.
#[derive(Clone, Copy, Debug)]
pub struct Lasting {
    /// What it is called in the tables.
    pub name: &'static str,
    /// Whether parameters were chosen with it; otherwise it was kept out.
    pub is_for_tuning: bool,
    /// For how many days it runs.
    days: usize,
    /// How many rounds a day has.
    rounds: usize,
    /// How many regions a round has.
    regions: usize,
    /// Whether models are trained on what the days before made.
    trains: bool,
    /// Whether names tell the region; otherwise a parameter does.
    has_region_in_names: bool,
    /// What goes wrong.
    pub fault: Fault,
    /// Whether a run writes two to four outputs that people look at; otherwise one.
    pub has_several_outputs: bool,
}

const DAYS: Lasting = Lasting {
    name: "days × regions, UUID names",
    is_for_tuning: true,
    days: 24,
    rounds: 1,
    regions: 6,
    trains: false,
    has_region_in_names: true,
    fault: Fault::Deployed,
    has_several_outputs: false,
};

/// All shapes, those that parameters were chosen with first.
pub const LASTING: [Lasting; 15] = [
    DAYS,
    Lasting { name: "hourly, one place", days: 6, rounds: 24, regions: 1, ..DAYS },
    Lasting { name: "a commit of several components", fault: Fault::SharedCommit, ..DAYS },
    Lasting { name: "a bad host now and then", fault: Fault::BadHost, ..DAYS },
    Lasting { name: "too few rows", fault: Fault::FewRows, ..DAYS },
    Lasting { name: "nothing recorded", fault: Fault::Unrecorded, ..DAYS },
    Lasting {
        name: "days × regions, the region a parameter",
        is_for_tuning: false,
        days: 40,
        regions: 4,
        has_region_in_names: false,
        ..DAYS
    },
    Lasting {
        name: "days × regions, weekly training",
        is_for_tuning: false,
        days: 35,
        regions: 4,
        trains: true,
        ..DAYS
    },
    Lasting { name: "one region", is_for_tuning: false, fault: Fault::OneRegion, has_region_in_names: false, ..DAYS },
    Lasting { name: "a parameter of several components", is_for_tuning: false, fault: Fault::SharedParameter, ..DAYS },
    Lasting { name: "a bad host, weekly training", is_for_tuning: false, trains: true, fault: Fault::BadHost, ..DAYS },
    Lasting { name: "a bad input file", is_for_tuning: false, fault: Fault::InputFile, ..DAYS },
    Lasting { name: "two causes at once", is_for_tuning: false, fault: Fault::Two, ..DAYS },
    Lasting {
        name: "nothing recorded, the region a parameter",
        is_for_tuning: false,
        has_region_in_names: false,
        fault: Fault::Unrecorded,
        ..DAYS
    },
    Lasting { name: "several files of a run", is_for_tuning: false, has_several_outputs: true, ..DAYS },
];

/// How often a check fails at a run with a fault, and at any other.
const FAILED: [f64; 2] = [0.5, 0.01];
/// How often a metric of an output tells that it shows a fault, and how often it is out of line without one.
const OUT_OF_LINE: [f64; 2] = [0.8, 0.02];

impl World {
    /// Records a check of each run, which fails at half of those with a fault, and a metric of each run that wrote an
    /// output, which is out of line at most of those that show one.
    pub fn measure(&mut self, shown: &[Run], random: &mut Random) {
        let faulty: Vec<Run> = self.causes.iter().flat_map(|cause| cause.runs.clone()).collect();
        for run in 0..self.runs.len() {
            let share = |of: [f64; 2], is: bool| if is { of[0] } else { of[1] };
            let is_failed = random.happens(share(FAILED, faulty.contains(&run)));
            let is_off = random.happens(share(OUT_OF_LINE, shown.contains(&run)));
            let zeros = random.below(50) as f64 / 1000.0 + if is_off { 0.3 } else { 0.0 };
            let aspects = &mut self.runs[run].facts.aspects;
            aspects.insert(Aspect::Check("whole".to_owned()), if is_failed { "failed" } else { PASSED }.into());
            if self.outputs.contains(&run) {
                aspects.insert(Aspect::Metric("zeros".to_owned()), zeros.into());
            }
        }
    }
}

/// The components that a fault may be in; what they write is read by the next.
const STEPS: [&str; 4] = ["ingest", "clean", "featuregen", "predict"];
const REGIONS: [&str; 6] = ["eu-west", "eu-north", "us-east", "us-west", "ap-south", "sa-east"];
/// The file that every ingest reads.
const ZONES: &str = "ref/zones.csv";

impl Lasting {
    /// Lays one out, with the fault.
    #[must_use]
    pub fn build(&self, random: &mut Random) -> World {
        let mut builder = Builder { layout: self, world: World::default(), habits: Habits::drawn(random) };
        builder.lay_out(random);
        let mut world = builder.world;
        let count = if self.fault == Fault::Two { 2 } else { 1 };
        let first = random.below(STEPS.len());
        for number in 0..count {
            let component = STEPS[(first + number * (1 + random.below(STEPS.len() - 1))) % STEPS.len()];
            break_down(&mut world, self.fault, component, random);
        }
        world
    }
}

/// What the components do without harm.
struct Habits {
    /// The commit of the repository, which changes now and then.
    commit: String,
    /// The hash of each component's text, which some commits change.
    sources: Vec<String>,
    /// A setting of each component, which is seldom changed.
    settings: Vec<usize>,
    hosts: usize,
    has_own_host: bool,
}

impl Habits {
    fn drawn(random: &mut Random) -> Self {
        let names = STEPS.iter().chain(&["train"]);
        let sources = names.clone().map(|_| hash(random)).collect();
        let settings = names.map(|_| random.below(9)).collect();
        Self { commit: hash(random), sources, settings, hosts: 3 + random.below(4), has_own_host: random.happens(0.4) }
    }

    /// What happens overnight.
    fn pass(&mut self, random: &mut Random) {
        if random.happens(0.3) {
            self.commit = hash(random);
            for place in 0..self.sources.len() {
                if random.happens(0.15) {
                    self.sources[place] = hash(random);
                }
            }
        }
        for place in 0..self.settings.len() {
            if random.happens(0.015) {
                self.settings[place] += 1;
            }
        }
    }
}

fn hash(random: &mut Random) -> String {
    (0..5).map(|_| format!("{:08x}", random.below(1 << 32))).collect()
}

struct Builder<'l> {
    layout: &'l Lasting,
    world: World,
    habits: Habits,
}

impl Builder<'_> {
    fn lay_out(&mut self, random: &mut Random) {
        let mut models: Vec<Option<Run>> = vec![None; self.layout.regions];
        let mut features: Vec<Vec<Run>> = vec![Vec::new(); self.layout.regions];
        for day in 0..self.layout.days {
            self.habits.pass(random);
            for round in 0..self.layout.rounds {
                for region in 0..self.layout.regions {
                    let at = (day, region);
                    let mut last = None;
                    for step in 0..STEPS.len() - 1 {
                        last = Some(self.run(step, at, last.as_slice(), random));
                    }
                    let Some(made) = last else { continue };
                    features[region].push(made);
                    if self.layout.trains && day % 7 == 0 && round == 0 {
                        let week: Vec<Run> = features[region].iter().rev().take(7).copied().collect();
                        models[region] = Some(self.run(STEPS.len(), at, &week, random));
                    }
                    let upstream: Vec<Run> = models[region].into_iter().chain([made]).collect();
                    for _ in 0..2 + random.below(4) {
                        let predicted = self.run(STEPS.len() - 1, at, &upstream, random);
                        let files = if self.layout.has_several_outputs { 2 + random.below(3) } else { 1 };
                        self.world.outputs.extend(vec![predicted; files]);
                    }
                }
            }
        }
    }

    fn run(&mut self, step: usize, (day, region): (usize, usize), upstream: &[Run], random: &mut Random) -> Run {
        let component = STEPS.get(step).copied().unwrap_or("train");
        let habits = &self.habits;
        let host = if habits.has_own_host { region % habits.hosts } else { random.below(habits.hosts) };
        let mut aspects: Aspects = [
            (Aspect::Commit, Value::from(habits.commit.clone())),
            (Aspect::Source, habits.sources[step].clone().into()),
            (Aspect::Host, format!("worker-{host}").into()),
            (Aspect::Duration, (900.0 + random.below(400) as f64).into()),
            (parameter("setting"), habits.settings[step].into()),
            (parameter("scale"), 100.into()),
        ]
        .into();
        if step < 2 {
            aspects.insert(parameter("date"), format!("2026-11-{day:02}").into());
        } else {
            aspects.insert(parameter("seed"), random.below(1 << 20).into());
        }
        if step == 1 {
            aspects.insert(parameter("rows"), (1000 + random.below(200)).into());
        }
        let place = if self.layout.has_region_in_names {
            REGIONS[region].to_owned()
        } else {
            aspects.insert(parameter("region"), REGIONS[region].into());
            "all".to_owned()
        };
        let mut names: Vec<String> = upstream.iter().map(|_| uuid(component, &place, random)).collect();
        if step == 0 {
            let raw = uuid("raw", &place, random);
            aspects.insert(Aspect::Input(raw.clone()), format!("b3:{}", hash(random)).into());
            aspects.insert(Aspect::Input(ZONES.to_owned()), "b3:00".into());
            names.extend([raw, ZONES.to_owned()]);
        }
        names.sort();
        let run = self.world.runs.len();
        self.world.runs.push(Made { component, day, facts: Facts::new(names, aspects) });
        self.world.edges.extend(upstream.iter().map(|up| (run, *up)));
        run
    }
}

fn uuid(what: &str, place: &str, random: &mut Random) -> String {
    let digits = hash(random) + &hash(random);
    let part = |from: usize, to: usize| &digits[from..to];
    let id = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
    format!("s3://lake/{place}/{what}/{id}.parquet")
}

fn parameter(name: &str) -> Aspect {
    Aspect::Parameter(name.to_owned())
}

/// Makes some runs of a component faulty.
fn break_down(world: &mut World, fault: Fault, component: &'static str, random: &mut Random) {
    let (component, aspect, value): (_, Option<Aspect>, Value) = match fault {
        Fault::InputFile => ("ingest", Some(Aspect::Input(ZONES.to_owned())), "b3:01".into()),
        Fault::SharedParameter => ("featuregen", Some(parameter("scale")), 1.into()),
        Fault::FewRows => ("clean", Some(parameter("rows")), Value::Null),
        Fault::BadHost => (component, Some(Aspect::Host), "worker-7".into()),
        Fault::SharedCommit => (component, Some(Aspect::Commit), hash(random).into()),
        Fault::Unrecorded => (component, None, Value::Null),
        Fault::Deployed | Fault::OneRegion | Fault::Two => match random.below(3) {
            0 => (component, Some(parameter("scale")), 1.into()),
            1 => (component, Some(Aspect::Commit), hash(random).into()),
            _ => (component, Some(Aspect::Host), "worker-9".into()),
        },
    };
    let of_component: Vec<Run> = (0..world.runs.len()).filter(|run| world.runs[*run].component == component).collect();
    let runs = faulty(world, fault, &of_component, random);
    let mut aspects: Vec<Aspect> = aspect.clone().into_iter().collect();
    let text = hash(random);
    for run in &runs {
        let of = &mut world.runs[*run].facts.aspects;
        match &aspect {
            Some(aspect) if fault == Fault::FewRows => {
                of.insert(aspect.clone(), (600 + random.below(300)).into());
            }
            Some(aspect) => {
                of.insert(aspect.clone(), value.clone());
            }
            None => {}
        }
        if fault == Fault::SharedCommit {
            of.insert(Aspect::Source, text.clone().into());
        }
    }
    if fault == Fault::SharedCommit {
        aspects.push(Aspect::Source);
    }
    // The others that have the value too, and do not mind.
    if let (Some(first), Some(last), Some(aspect)) = (runs.first(), runs.last(), aspect) {
        let others = (*first..=*last).filter(|run| match fault {
            Fault::SharedParameter => world.runs[*run].component == "predict",
            Fault::SharedCommit => world.runs[*run].component != component,
            _ => false,
        });
        for run in others.collect::<Vec<_>>() {
            world.runs[run].facts.aspects.insert(aspect.clone(), value.clone());
        }
    }
    world.causes.push(Cause { component, aspects, runs });
}

/// Returns the runs of a component that a fault is in: 2 to 14 in a row, or now and then one.
fn faulty(world: &World, fault: Fault, of_component: &[Run], random: &mut Random) -> Vec<Run> {
    if fault == Fault::BadHost {
        return of_component.iter().copied().filter(|_| random.happens(0.06)).collect();
    }
    let region = REGIONS[random.below(REGIONS.len())];
    let is_there = |run: &Run| {
        fault != Fault::OneRegion || world.runs[*run].facts.aspects.get(&parameter("region")) == Some(&region.into())
    };
    let line: Vec<Run> = of_component.iter().copied().filter(is_there).collect();
    let length = (2 + random.below(13)).min(line.len() / 2);
    let first = line.len() / 4 + random.below(line.len() / 2);
    line.into_iter().skip(first).take(length).collect()
}
