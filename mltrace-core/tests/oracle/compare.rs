//! Asks a store and the model the same questions and lists where they differ.

use std::collections::{BTreeMap, BTreeSet};

use mltrace_core::model::{DataSubject, Timestamp, Verdict};
use mltrace_core::query::{
    HoldState, ImpactOf, ImpactState, MeasureFilter, MetricRequirement, QueryError, Reader, RecordPart, RequiredKind,
    Requirements, Run, RunFilter, StaleReason, Trace, TraceOptions, Whereabouts,
};

use super::answers::{self, ImpactAnswer, InputAnswer, OutputAnswer, RunAnswer, TraceAnswer};
use super::facts::{Facts, RunFacts};
use super::measured::{self, HeldAnswer};
use super::model::Known;

/// What a comparison found.
#[derive(Default)]
pub(crate) struct Comparison {
    pub(crate) questions: usize,
    pub(crate) differences: Vec<String>,
}

impl Comparison {
    fn check<T: PartialEq + std::fmt::Debug>(&mut self, question: &str, product: &T, model: &T) {
        self.questions += 1;
        if product != model {
            self.differences.push(format!("{question}\n  product: {product:?}\n  model:   {model:?}"));
        }
    }
}

/// Asks about every run, every artifact and every version, now and at each of `moments`.
pub(crate) fn compare(reader: &mut Reader<'_>, facts: &Facts, moments: &[i64]) -> Comparison {
    let mut found = Comparison::default();
    let known = Known::new(facts);
    let below = compare_runs(reader, &known, &mut found);
    let runs = facts.runs.iter().map(|run| (run.id.as_str(), answers::run_answer(&known, run))).collect();
    let as_ofs: Vec<Option<i64>> = moments.iter().map(|at| Some(*at)).chain([None]).collect();
    let names = answers::names(facts);
    // Something that nobody may have named, in what may be a folder, and a folder that may be one.
    for name in ["out/1.csv", "out/parts/1.csv", "out/parts", "s3://lake/raw/day-1", "s3://lake", "elsewhere/1.csv"] {
        for as_of in as_ofs.iter().filter(|_| !names.contains(name)) {
            let model = answers::trace(&known, name, *as_of);
            let product = ask(reader, name, *as_of, &runs, &mut found);
            found.check(&format!("trace {name}, which nobody named, as of {as_of:?}"), &product, &model);
        }
    }
    for name in &names {
        for as_of in &as_ofs {
            let model = answers::trace(&known, name, *as_of);
            let product = ask(reader, name, *as_of, &runs, &mut found);
            found.check(&format!("trace {name} as of {as_of:?}"), &product, &model);
        }
        for version in answers::versions(&known, name) {
            let text = format!("{name}@{version}");
            if !names.contains(&text) {
                let model = answers::impact_of_version(&known, name, &version);
                found.check(&format!("impact of {text}"), &impact(reader, &ImpactOf::Artifact(&text)), &model);
            }
            for as_of in &as_ofs {
                // The whole text as a name first.
                let model = match names.contains(&text) {
                    true => answers::trace(&known, &text, *as_of),
                    false => answers::trace_version(&known, name, &version, *as_of),
                };
                let product = ask(reader, &text, *as_of, &runs, &mut found);
                if let (Some(trace), None) = (&product, as_of) {
                    agree(trace, &below, &known, &mut found);
                }
                found.check(&format!("trace {text} as of {as_of:?}"), &product, &model);
            }
        }
    }
    compare_review(reader, facts, &mut found);
    compare_measures(reader, &known, &mut found);
    found
}

/// Asks what was measured by each run and of each version, and what holds the data of each subject.
fn compare_measures(reader: &mut Reader<'_>, known: &Known<'_>, found: &mut Comparison) {
    let series = reader.metrics(None, &MeasureFilter::default()).unwrap().metrics.into_iter().map(|series| {
        let values = series.values.iter().map(|of| (of.run.to_string(), of.value.to_string().parse().unwrap()));
        ((series.component, series.name, series.about.map(|about| about.to_string())), values.collect())
    });
    found.check("metrics", &series.collect(), &measured::metrics(known.facts));
    for run in known.facts.runs.iter().filter(|run| !run.is_next_door) {
        let fields = reader.compare(&[&run.id]).unwrap().fields.into_iter();
        let measured = fields.filter(|field| matches!(field.part, RecordPart::Metrics | RecordPart::Importances));
        let product: Vec<_> = measured.map(|field| (field.name, field.about, field.values[0].to_string())).collect();
        let model =
            measured::last(run).into_iter().map(|((name, about), metric)| (name, about, metric.value.to_string()));
        found.check(&format!("metrics in compare {}", run.id), &product, &sorted(model));
    }
    let names = answers::names(known.facts);
    for name in &names {
        for version in answers::versions(known, name) {
            let text = format!("{name}@{version}");
            if names.contains(&text) || version == "none" {
                continue;
            }
            let asked = ["rmse", "rows"];
            let metrics = asked.iter().map(|metric| MetricRequirement::parse(metric, ">= 0").unwrap()).collect();
            let gate = reader.gate(&text, &Requirements { metrics, ..Requirements::default() }).unwrap();
            let told = gate.requirements.into_iter().filter(|required| required.kind == RequiredKind::Metric);
            for (metric, told) in asked.into_iter().zip(told) {
                let value = told.value.map(|value| value.to_string().parse().unwrap());
                let product = value.zip(told.run.map(|run| run.to_string()));
                let model = measured::of_version(known, name, &version, metric);
                found.check(&format!("{metric} of {text}"), &product, &model);
            }
        }
    }
    for subject in ["ada", "bob"] {
        found.check(&format!("subject {subject}"), &held(reader, subject), &measured::held(known, subject));
    }
}

/// As `compare` shows them: of the run as a whole first.
fn sorted<T: Ord>(fields: impl Iterator<Item = (String, Option<T>, String)>) -> Vec<(String, Option<T>, String)> {
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by(|one, other| (one.1.is_some(), &one.0, &one.1).cmp(&(other.1.is_some(), &other.0, &other.1)));
    fields
}

fn held(reader: &mut Reader<'_>, subject: &str) -> Option<HeldAnswer> {
    match reader.subject(&DataSubject::of(subject).unwrap(), Whereabouts::Nowhere) {
        Ok(held) => Some(HeldAnswer {
            taken_in_by: held.taken_in_by.iter().map(ToString::to_string).collect(),
            sources: held.sources.iter().map(|of| (of.name.to_string(), of.version.to_string())).collect(),
            versions: held
                .versions
                .iter()
                .map(|held| {
                    let (name, version) = (held.artifact.name.to_string(), held.artifact.version.to_string());
                    (name, version, held.written_by.to_string(), held.state == HoldState::Gone)
                })
                .collect(),
            is_left: held.is_left,
        }),
        Err(QueryError::NotFound { .. }) => None,
        Err(error) => panic!("{subject}: {error}"),
    }
}

/// Both ways give the same: a run is upstream of what another one made if that one is downstream of it.
///
/// A run around others is also asked for what these wrote of what it names.
fn agree(trace: &TraceAnswer, below: &BTreeMap<String, BTreeSet<String>>, known: &Known<'_>, found: &mut Comparison) {
    let mut makers = trace.runs.iter().filter(|(_, depth)| *depth == 0).map(|(run, _)| run);
    let (Some(maker), None) = (makers.next(), makers.next()) else { return };
    let above: BTreeSet<&String> = trace.runs.iter().map(|(run, _)| run).collect();
    let is_around = |run: &String| known.echoes.iter().any(|(echo, _)| echo.run.id == *run);
    let upward = below.iter().filter(|(_, below)| below.contains(maker)).map(|(run, _)| run);
    let upward = upward.filter(|run| above.contains(run) || !is_around(run)).collect();
    found.check(&format!("trace and impact of {}@{}", trace.name, trace.version), &above, &upward);
}

/// Returns the runs downstream of each.
fn compare_runs(
    reader: &mut Reader<'_>,
    known: &Known<'_>,
    found: &mut Comparison,
) -> BTreeMap<String, BTreeSet<String>> {
    let runs = reader.recent(&RunFilter::default()).unwrap().runs;
    let mut newest_first: Vec<&RunFacts> = known.facts.runs.iter().filter(|run| !run.is_next_door).collect();
    newest_first.sort_by_key(|run| std::cmp::Reverse((run.started_at, &run.id)));
    let listed: Vec<String> = runs.iter().map(|run| run.id.to_string()).collect();
    found.check("recent", &listed, &newest_first.iter().map(|run| run.id.clone()).collect());
    for (product, model) in runs.iter().map(shown).zip(newest_first) {
        found.check(&format!("run {}", model.id), &product, &answers::run_answer(known, model));
    }
    let mut components = BTreeSet::new();
    let mut below = BTreeMap::new();
    for run in &known.facts.runs {
        let impact = impact(reader, &ImpactOf::Run(&run.id));
        found.check(&format!("impact of {}", run.id), &impact, &answers::impact(known, run));
        below.insert(run.id.clone(), impact.runs.into_iter().map(|(run, _)| run).collect());
        if !run.is_next_door {
            components.extend([(run.component.as_str(), None), (run.component.as_str(), run.commit.as_deref())]);
        }
    }
    for (name, commit) in components {
        found.check(
            &format!("impact of {name} at {commit:?}"),
            &impact(reader, &ImpactOf::Component { name, commit }),
            &answers::impact_of_component(known, name, commit),
        );
    }
    below
}

fn impact(reader: &mut Reader<'_>, of: &ImpactOf<'_>) -> ImpactAnswer {
    let impact = reader.impact(of).unwrap_or_else(|error| panic!("{of:?}: {error}"));
    let artifacts = impact.artifacts.iter().map(|impacted| {
        let state = match impacted.state {
            ImpactState::Current => "current",
            ImpactState::Superseded => "superseded",
            ImpactState::Rebuilt => "rebuilt",
        };
        (impacted.name.to_string(), impacted.version.to_string(), impacted.written_by.to_string(), state)
    });
    ImpactAnswer {
        runs: impact.runs.iter().map(|at| (at.run.id.to_string(), at.depth)).collect(),
        artifacts: artifacts.collect(),
    }
}

fn compare_review(reader: &mut Reader<'_>, facts: &Facts, found: &mut Comparison) {
    let review = reader.review(Some(0)).unwrap();
    for (verdict, product) in [("flagged", review.flagged), ("ok", review.ok)] {
        let product: BTreeSet<String> =
            product.iter().map(|label| format!("{}@{}", label.name, label.version)).collect();
        let judged =
            facts.labels.iter().filter(|label| answers::verdict(facts, &label.name, &label.version) == Some(verdict));
        let model = judged.map(|label| format!("{}@{}", label.name, label.version)).collect();
        found.check(&format!("review {verdict}"), &product, &model);
    }
}

/// Asks for a trace, and checks each run in it as such.
fn ask(
    reader: &mut Reader<'_>,
    text: &str,
    as_of: Option<i64>,
    runs: &BTreeMap<&str, RunAnswer>,
    found: &mut Comparison,
) -> Option<TraceAnswer> {
    let options = TraceOptions { as_of: as_of.map(Timestamp), ..TraceOptions::default() };
    match reader.trace(text, &options) {
        Ok(trace) => {
            for run in trace.runs.iter().map(|at| shown(&at.run)) {
                found.check(
                    &format!("run {} in trace {text} as of {as_of:?}", run.id),
                    &Some(&run),
                    &runs.get(&*run.id),
                );
            }
            Some(traced(&trace))
        }
        Err(error @ (QueryError::Ambiguous { .. } | QueryError::Store(_))) => panic!("{text}: {error}"),
        Err(_) => None,
    }
}

fn traced(trace: &Trace) -> TraceAnswer {
    TraceAnswer {
        name: trace.artifact.name.to_string(),
        version: trace.artifact.version.to_string(),
        runs: trace.runs.iter().map(|at| (at.run.id.to_string(), at.depth)).collect(),
        read_by: trace.read_by.iter().map(ToString::to_string).collect(),
    }
}

fn shown(run: &Run) -> RunAnswer {
    let inputs = run.inputs.iter().map(|input| InputAnswer {
        name: input.name.to_string(),
        at: input.at.0,
        version: input.version.to_string(),
        bound: input.bound.as_str(),
        written_by: input.written_by.map(|run| run.to_string()),
        same_content_as: input.same_content_as.as_ref().map(|other| other.name.to_string()),
        changed_since: input.changed_since.map(|run| run.to_string()),
        inside: input
            .inside
            .iter()
            .map(|part| (part.name.to_string(), part.version.to_string(), part.written_by.to_string()))
            .collect(),
    });
    let outputs = run.outputs.iter().map(|output| OutputAnswer {
        name: output.name.to_string(),
        version: output.version.as_ref().map(ToString::to_string),
        label: output.label.map(|verdict| match verdict {
            Verdict::Flagged => "flagged",
            Verdict::Ok => "ok",
            Verdict::None => "none",
        }),
        inner: output.inner.map(|run| run.to_string()),
    });
    let stale = run.stale.iter().map(|stale| {
        let reason = match stale.reason {
            StaleReason::Age => "age",
            StaleReason::Superseded => "superseded",
        };
        (reason, stale.run.map(|run| run.to_string()).unwrap_or_default())
    });
    RunAnswer {
        id: run.id.to_string(),
        component: run.component.clone(),
        status: run.status.as_str(),
        started_at: run.started_at.0,
        ended_at: run.ended_at.map(|ended| ended.0),
        inputs: inputs.collect(),
        outputs: outputs.collect(),
        depends_on: run.depends_on.iter().map(ToString::to_string).collect(),
        stale: stale.collect(),
    }
}
