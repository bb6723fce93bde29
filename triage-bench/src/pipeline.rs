//! Pipelines of several shapes: runs, what each read from, and the outputs that people look at.

use crate::random::Random;

/// A run by its number.
pub type Run = usize;

/// The runs of a pipeline over some weeks.
#[derive(Debug, Default)]
pub struct Pipeline {
    /// The component of each run.
    pub component: Vec<usize>,
    /// From a run to a run that wrote what it read.
    pub edges: Vec<(Run, Run)>,
    /// The runs that wrote the outputs that people look at, one output each.
    pub outputs: Vec<Run>,
}

impl Pipeline {
    fn run(&mut self, component: usize, upstream: &[Run]) -> Run {
        let run = self.component.len();
        self.component.push(component);
        self.edges.extend(upstream.iter().map(|up| (run, *up)));
        run
    }

    fn output(&mut self, component: usize, upstream: &[Run]) {
        let run = self.run(component, upstream);
        self.outputs.push(run);
    }
}

/// A way to lay out a pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is called in the tables.
    pub name: &'static str,
    /// How many faults happen in it at once.
    pub faults: usize,
    /// Whether parameters were chosen with it; otherwise it was kept out.
    pub is_for_tuning: bool,
    /// Lays one out.
    pub build: fn(&mut Random) -> Pipeline,
}

/// All shapes, those that parameters were chosen with first.
pub static SHAPES: [Shape; 10] = [
    Shape { name: "wide fan-out", faults: 1, is_for_tuning: true, build: wide_fan_out },
    Shape { name: "long chain", faults: 1, is_for_tuning: true, build: long_chain },
    Shape { name: "layers", faults: 1, is_for_tuning: true, build: layers },
    Shape { name: "hourly ingest", faults: 1, is_for_tuning: true, build: hourly },
    Shape { name: "two faults, layers", faults: 2, is_for_tuning: true, build: layers },
    Shape { name: "daily, weekly training", faults: 1, is_for_tuning: false, build: daily },
    Shape { name: "shared feature store", faults: 1, is_for_tuning: false, build: feature_store },
    Shape { name: "regions", faults: 1, is_for_tuning: false, build: regions },
    Shape { name: "retraining chain", faults: 1, is_for_tuning: false, build: retraining_chain },
    Shape { name: "two faults, daily", faults: 2, is_for_tuning: false, build: daily },
];

/// 42 days: 2 ingests, 2 cleans, 3 feature steps and 8 prediction files a day, a training a week.
fn daily(_: &mut Random) -> Pipeline {
    let mut pipeline = Pipeline::default();
    let mut model = None;
    let mut features: Vec<[Run; 3]> = Vec::new();
    for day in 0..42 {
        let ingests = [pipeline.run(0, &[]), pipeline.run(1, &[])];
        let cleans = [pipeline.run(2, &[ingests[0]]), pipeline.run(3, &[ingests[1]])];
        let today =
            [pipeline.run(4, &[cleans[0]]), pipeline.run(5, &[cleans[1]]), pipeline.run(6, &[cleans[0], cleans[1]])];
        features.push(today);
        let trained = match model {
            Some(trained) if day % 7 != 0 => trained,
            _ => {
                let week: Vec<Run> = features.iter().rev().take(7).flatten().copied().collect();
                pipeline.run(7, &week)
            }
        };
        model = Some(trained);
        for file in 0..8 {
            let mut upstream = vec![trained, today[file % 3]];
            if file >= 6 {
                upstream.push(today[2]);
            }
            pipeline.output(8, &upstream);
        }
    }
    pipeline
}

/// One ingest, a few branches, several steps each, hundreds of outputs.
fn wide_fan_out(random: &mut Random) -> Pipeline {
    let mut pipeline = Pipeline::default();
    let ingest = pipeline.run(0, &[]);
    let clean = pipeline.run(1, &[ingest]);
    for _ in 0..12 {
        let branch = pipeline.run(2, &[clean]);
        for _ in 0..4 {
            let part = pipeline.run(3, &[branch]);
            for _ in 0..4 + random.below(6) {
                pipeline.output(4, &[part]);
            }
        }
    }
    pipeline
}

/// Sixty steps in a row; outputs hang on each step and see everything before it.
fn long_chain(random: &mut Random) -> Pipeline {
    let mut pipeline = Pipeline::default();
    let mut last = pipeline.run(0, &[]);
    for step in 1..60 {
        last = pipeline.run(step % 6, &[last]);
        for _ in 0..2 + random.below(4) {
            pipeline.output(6, &[last]);
        }
    }
    pipeline
}

/// Layers of runs that each read two or three of the layer before.
fn layers(random: &mut Random) -> Pipeline {
    let mut pipeline = Pipeline::default();
    let mut before: Vec<Run> = (0..20).map(|_| pipeline.run(0, &[])).collect();
    for layer in 1..5 {
        before = (0..24)
            .map(|_| {
                let upstream: Vec<Run> = (0..2 + random.below(2)).filter_map(|_| random.pick(&before)).collect();
                pipeline.run(layer, &upstream)
            })
            .collect();
    }
    for _ in 0..240 {
        let upstream: Vec<Run> = (0..1 + random.below(2)).filter_map(|_| random.pick(&before)).collect();
        pipeline.output(5, &upstream);
    }
    pipeline
}

/// Ten days of hourly ingests, a clean of every six hours, features of a day, a model of three days.
fn hourly(random: &mut Random) -> Pipeline {
    let mut pipeline = Pipeline::default();
    let mut days: Vec<Run> = Vec::new();
    let mut model = None;
    for day in 0..10 {
        let mut cleans = Vec::new();
        for _ in 0..4 {
            let hours: Vec<Run> = (0..6).map(|_| pipeline.run(0, &[])).collect();
            cleans.push((pipeline.run(1, &hours), hours));
        }
        let all: Vec<Run> = cleans.iter().map(|(clean, _)| *clean).collect();
        let features = pipeline.run(2, &all);
        days.push(features);
        let recent: Vec<Run> = days.iter().rev().take(3).copied().collect();
        let trained = match model {
            Some(trained) if day % 3 != 0 => trained,
            _ => pipeline.run(3, &recent),
        };
        model = Some(trained);
        for (clean, _) in &cleans {
            for _ in 0..3 + random.below(4) {
                pipeline.output(4, &[trained, *clean]);
            }
            for _ in 0..2 {
                pipeline.output(5, &[features]);
            }
        }
    }
    pipeline
}

/// Forty feature tables over ten sources; each of 25 models reads a handful, and predicts on fresh joins of them.
fn feature_store(random: &mut Random) -> Pipeline {
    let mut pipeline = Pipeline::default();
    let sources: Vec<Run> = (0..10).map(|_| pipeline.run(0, &[])).collect();
    let cleans: Vec<Run> = sources.iter().map(|source| pipeline.run(1, &[*source])).collect();
    let tables: Vec<Run> = (0..40)
        .map(|_| {
            let upstream: Vec<Run> = (0..1 + random.below(2)).filter_map(|_| random.pick(&cleans)).collect();
            pipeline.run(2, &upstream)
        })
        .collect();
    for _ in 0..25 {
        let used: Vec<Run> = (0..3 + random.below(4)).filter_map(|_| random.pick(&tables)).collect();
        let model = pipeline.run(3, &used);
        for _ in 0..3 {
            let join = pipeline.run(4, &used);
            for _ in 0..3 + random.below(3) {
                pipeline.output(5, &[model, join]);
            }
        }
    }
    pipeline
}

/// Eight regions with three steps of their own, one shared reference table, a model for every two regions.
fn regions(random: &mut Random) -> Pipeline {
    let mut pipeline = Pipeline::default();
    let reference = pipeline.run(0, &[]);
    for _ in 0..4 {
        let mut pair = Vec::new();
        for _ in 0..2 {
            let weeks: Vec<Run> = (0..6)
                .map(|_| {
                    let ingest = pipeline.run(1, &[]);
                    let clean = pipeline.run(2, &[ingest, reference]);
                    pipeline.run(3, &[clean])
                })
                .collect();
            pair.push(weeks);
        }
        let all: Vec<Run> = pair.iter().flatten().copied().collect();
        let model = pipeline.run(4, &all);
        for features in &all {
            let scored = pipeline.run(5, &[*features, model]);
            for _ in 0..3 + random.below(6) {
                pipeline.output(6, &[scored]);
            }
            pipeline.output(7, &[*features]);
        }
    }
    pipeline
}

/// Each day's model starts from that of the day before and from the day's data; twelve predictions a day.
fn retraining_chain(random: &mut Random) -> Pipeline {
    let mut pipeline = Pipeline::default();
    let mut model: Option<Run> = None;
    for day in 0..30 {
        let ingest = pipeline.run(0, &[]);
        let features = [pipeline.run(1, &[ingest]), pipeline.run(2, &[ingest])];
        // Every tenth day begins afresh.
        let before = model.filter(|_| day % 10 != 0);
        let upstream: Vec<Run> = before.into_iter().chain(features).collect();
        let trained = pipeline.run(3, &upstream);
        model = Some(trained);
        for _ in 0..8 + random.below(5) {
            let feature = features[random.below(2)];
            pipeline.output(4, &[trained, feature]);
        }
    }
    pipeline
}
