//! Who can say something of a version: the run that wrote it, and those that read it and measured or checked something.

use std::collections::BTreeSet;

use foldhash::HashMap;

use super::answer::{Input, Run};
use super::measures::last_metrics;
use super::name::Found;
use super::view::AT_ONCE;
use super::{QueryError, Reader};
use crate::model::{ArtifactName, Bound, Check, Metric, Version};
use crate::store::{Extent, Measures, RunKey, Told};

/// Of how many runs that read a version is looked at what they measured of it: the last ones.
const READERS: usize = 500;

/// What is asked of those who can say something of a version.
pub(super) struct Sought<'r> {
    /// What they measured that is called so.
    pub(super) metrics: BTreeSet<&'r str>,
    /// Whether they checked it.
    pub(super) checks: bool,
}

impl Sought<'_> {
    /// Returns whether a run said anything of it.
    fn is_said(&self, measures: &Measures, of: &Version) -> bool {
        let is_about = |check: &Check| check.about.as_ref() == Some(&of.name);
        measures.metrics.iter().any(|metric| self.metrics.contains(&*metric.name))
            || (self.checks && measures.checks.iter().any(is_about))
    }
}

/// A run that wrote a version or read it, with what it checked; what it measured is in [`Witnesses`].
pub(super) struct Witness {
    pub(super) run: Run,
    pub(super) is_writer: bool,
    /// Whether it says of no other version what it says of this one.
    pub(super) is_alone: bool,
}

/// Those of one version: its last writer, then its readers, the last first.
pub(super) struct Witnesses {
    pub(super) all: Vec<Witness>,
    /// Whether earlier readers were left out.
    pub(super) is_cut: bool,
    /// What they measured of the metrics that are sought, by name.
    measured: HashMap<String, Measured>,
}

/// What was measured that has one name.
#[derive(Default)]
struct Measured {
    /// What runs that say it of no other version measured of the version by name: each by its place among all.
    named: Vec<(Metric, usize)>,
    /// What they measured and do not say of what.
    unnamed: Vec<(Metric, usize)>,
    /// The first run that measured it and may have measured another version.
    unclear: Option<usize>,
}

impl Reader<'_> {
    /// Returns who can say something of a version that is sought; `other` is what the version is compared with.
    pub(super) fn witnesses(
        &mut self,
        found: &Found,
        other: Option<&Version>,
        sought: &Sought<'_>,
    ) -> Result<Witnesses, QueryError> {
        let writer = found.written.map(|(run, _)| run);
        let mut readers: Vec<RunKey> = Vec::new();
        let names: Vec<&str> = sought.metrics.iter().copied().collect();
        let checks = if sought.checks { Told::All } else { Told::NONE };
        for some in self.store.read_by(found.artifact, &found.version.version)?.chunks(AT_ONCE) {
            let measures = self.in_passing(|reader| Ok(reader.store.measures(some, Told::Named(&names), checks)?))?;
            let says = |run: &RunKey| measures.get(run).is_some_and(|said| sought.is_said(said, &found.version));
            let saying = some.iter().filter(|run| Some(**run) != writer && says(run));
            readers.extend(saying.copied());
        }
        let mut named = self.store.run_names(&readers)?;
        named.sort_by_key(|name| std::cmp::Reverse((name.started_at, name.id)));
        let is_cut = named.len() > READERS;
        let readers: Vec<RunKey> = named.into_iter().take(READERS).map(|name| name.key).collect();
        let mut all = Vec::new();
        for (is_writer, runs) in [(true, writer.as_slice()), (false, &*readers)] {
            for mut run in self.views(runs, Extent::Whole)? {
                self.drop_namesakes(&mut run, &found.version.name)?;
                let is_alone = is_writer
                    || run.inputs.iter().all(|input| says_nothing_of(input, &found.version, other.as_slice()));
                all.push(Witness { run, is_writer, is_alone });
            }
        }
        all.sort_by_key(|witness| std::cmp::Reverse((witness.is_writer, witness.run.started_at, witness.run.id)));
        let measured = self.measured_by(&mut all, found, sought)?;
        Ok(Witnesses { all, is_cut, measured })
    }

    /// Takes from what a run read the originals that are called `name` in another project, where that is another thing.
    pub(super) fn drop_namesakes(&mut self, run: &mut Run, name: &ArtifactName) -> Result<(), QueryError> {
        if name.is_for_all() {
            return Ok(());
        }
        for input in &mut run.inputs {
            let is_copy =
                input.bound == Bound::Copy && input.same_content_as.as_ref().is_some_and(|of| of.name == *name);
            let Some(writer) = input.written_by.filter(|_| is_copy) else { continue };
            let key = self.store.run(writer)?;
            let writer = self.views(key.as_slice(), Extent::FewEdges)?.pop();
            if writer.is_some_and(|writer| writer.project != run.project) {
                input.same_content_as = None;
            }
        }
        Ok(())
    }

    /// Returns what these runs measured of the metrics that are sought, and takes all metrics from them: each run is looked at
    /// once, however many metrics are sought.
    fn measured_by(
        &self,
        all: &mut [Witness],
        found: &Found,
        sought: &Sought<'_>,
    ) -> Result<HashMap<String, Measured>, QueryError> {
        let mut measured: HashMap<String, Measured> = HashMap::default();
        for (place, witness) in all.iter_mut().enumerate() {
            let mut metrics = std::mem::take(&mut witness.run.metrics);
            self.work_on(metrics.len())?;
            metrics.retain(|metric| sought.metrics.contains(&*metric.name));
            for metric in last_metrics(metrics) {
                let of = measured.entry(metric.name.clone()).or_default();
                match &metric.about {
                    _ if !witness.is_alone => _ = of.unclear.get_or_insert(place),
                    None => of.unnamed.push((metric, place)),
                    Some(about) if *about == found.version.name => of.named.push((metric, place)),
                    Some(_) => {}
                }
            }
        }
        Ok(measured)
    }
}

impl Witnesses {
    /// Returns the run that wrote the version last.
    pub(super) fn writer(&self) -> Option<&Run> {
        self.all.iter().find(|witness| witness.is_writer).map(|witness| &witness.run)
    }

    /// Returns what was measured of the version, and by which run: what was said of it by name, the last first, then what
    /// its writer measured, then what a run did that read it.
    pub(super) fn measured(&self, name: &str) -> Option<(&Metric, &Run)> {
        let of = self.measured.get(name)?;
        let last = of.named.iter().max_by_key(|(metric, _)| metric.at);
        let (metric, place) = last.or_else(|| of.unnamed.first())?;
        Some((metric, &self.all.get(*place)?.run))
    }

    /// Returns why nothing is known of a metric.
    pub(super) fn unmeasured(&self, name: &str, of: &str) -> String {
        let unclear = self.measured.get(name).and_then(|of| of.unclear);
        match unclear.and_then(|place| self.all.get(place)) {
            Some(Witness { run, .. }) => format!(
                "of which version run {} of `{}` measured `{name}` is not said: it read several",
                run.id.short(),
                run.component
            ),
            None if self.is_cut => {
                format!(
                    "none of the last {READERS} runs that read {of} measured its `{name}`; others were not looked at"
                )
            }
            None => format!("nobody measured `{name}` of {of}"),
        }
    }
}

/// Returns whether a run that read a version and `input` measured nothing that could be of another version: of the same
/// artifact, or of what it is compared with. Who read a copy, a folder or something in one read the original and the parts, too.
pub(super) fn says_nothing_of(input: &Input, of: &Version, others: &[&Version]) -> bool {
    let original = input.same_content_as.as_ref().filter(|_| input.bound == Bound::Copy);
    let mut read = std::iter::once((&input.name, &input.version))
        .chain(original.map(|of| (&of.name, &of.version)))
        .chain(input.inside.iter().map(|part| (&part.name, &part.version)));
    let is = |of: &Version, read| (&of.name, &of.version) == read;
    read.all(|read| is(of, read) || !(*read.0 == of.name || others.iter().any(|other| is(other, read))))
}
