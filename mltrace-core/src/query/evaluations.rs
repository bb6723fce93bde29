//! What was measured of what a run wrote by those that read it: a model is most often evaluated by a step of its own.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::measures::last_metrics;
use super::view::AT_ONCE;
use super::witness::says_nothing_of;
use super::{QueryError, Reader};
use crate::model::{Metric, RunId, Version};
use crate::store::{ArtifactKey, Extent, RunKey, Told};

/// Of how many versions that a run wrote it is looked for.
pub(super) const OUTPUTS: usize = 20;
/// At how many runs that read one of them and measured something: the last ones.
const READERS: usize = 50;

/// What others measured of what a run wrote, by its name, each with the run that measured it.
pub(super) type Evaluations = BTreeMap<String, (Metric, RunId)>;

impl Reader<'_> {
    /// Returns what runs that read one of these versions measured, by the rule of a gate: the last one counts, what a run
    /// said of the version by name before what it said of no artifact, and nothing of a run that read another version of that
    /// artifact, or one of `others`.
    pub(super) fn evaluations(&mut self, outputs: &[Version], others: &[&Version]) -> Result<Evaluations, QueryError> {
        let (mut named, mut unnamed) = (Evaluations::new(), Evaluations::new());
        let Some(project) = self.project()? else { return Ok(unnamed) };
        for output in outputs {
            let Some(artifact) = self.store.artifact(project, output.name.as_str())? else { continue };
            let readers = self.last_measuring(artifact, output)?;
            for mut run in self.views(&readers, Extent::Whole)? {
                self.drop_namesakes(&mut run, &output.name)?;
                let is_writer =
                    run.outputs.iter().any(|of| of.name == output.name && of.version.as_ref() == Some(&output.version));
                // What it measured need not be of this version.
                if is_writer || !run.inputs.iter().all(|input| says_nothing_of(input, output, others)) {
                    continue;
                }
                for metric in last_metrics(run.metrics) {
                    match &metric.about {
                        None => add(&mut unnamed, metric, run.id),
                        Some(about) if *about == output.name => add(&mut named, metric, run.id),
                        Some(_) => {}
                    }
                }
            }
        }
        unnamed.extend(named);
        Ok(unnamed)
    }

    /// Returns the last runs that read a version and measured something of it, or of nothing by name.
    fn last_measuring(&mut self, artifact: ArtifactKey, of: &Version) -> Result<Vec<RunKey>, QueryError> {
        let mut measuring: Vec<RunKey> = Vec::new();
        for some in self.store.read_by(artifact, &of.version)?.chunks(AT_ONCE) {
            let measures = self.in_passing(|reader| Ok(reader.store.measures(some, Told::All, Told::NONE)?))?;
            let is_of = |metric: &Metric| metric.about.as_ref().is_none_or(|about| *about == of.name);
            let measured = |run: &&RunKey| measures.get(run).is_some_and(|said| said.metrics.iter().any(is_of));
            measuring.extend(some.iter().filter(measured));
        }
        let mut named = self.store.run_names(&measuring)?;
        named.sort_by_key(|name| std::cmp::Reverse((name.started_at, name.id)));
        Ok(named.into_iter().take(READERS).map(|name| name.key).collect())
    }
}

/// Adds what a run measured, unless a later value is known.
fn add(to: &mut Evaluations, metric: Metric, run: RunId) {
    match to.entry(metric.name.clone()) {
        Entry::Vacant(new) => _ = new.insert((metric, run)),
        Entry::Occupied(known) if (known.get().0.at, known.get().1) >= (metric.at, run) => {}
        Entry::Occupied(mut known) => _ = known.insert((metric, run)),
    }
}
