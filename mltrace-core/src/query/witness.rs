//! Who can say something of a version: the run that wrote it, and those that read it and measured or checked something.

use super::answer::{Input, Run};
use super::measures::{last_metrics, metrics_of};
use super::name::Found;
use super::view::AT_ONCE;
use super::{QueryError, Reader};
use crate::model::{Metric, Version};
use crate::store::{Measures, RunKey};

/// Of how many runs that read a version is looked at what they measured of it: the last ones.
const READERS: usize = 500;

/// A run that wrote a version or read it, with what it measured and checked.
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
}

impl Reader<'_> {
    /// Returns who can say something of a version, where `says` tells it by what a run measured and checked; `other` is what
    /// the version is compared with.
    pub(super) fn witnesses(
        &mut self,
        found: &Found,
        other: Option<&Version>,
        says: &dyn Fn(&Measures) -> bool,
    ) -> Result<Witnesses, QueryError> {
        let writer = found.written.map(|(run, _)| run);
        let mut readers: Vec<RunKey> = Vec::new();
        for some in self.store.read_by(found.artifact, &found.version.version)?.chunks(AT_ONCE) {
            let measures = self.in_passing(|reader| Ok(reader.store.measures(some)?))?;
            let saying = some.iter().filter(|run| Some(**run) != writer && measures.get(run).is_some_and(says));
            readers.extend(saying.copied());
        }
        let mut named = self.store.run_names(&readers)?;
        named.sort_by_key(|name| std::cmp::Reverse((name.started_at, name.id)));
        let is_cut = named.len() > READERS;
        let readers: Vec<RunKey> = named.into_iter().take(READERS).map(|name| name.key).collect();
        let mut all = Vec::new();
        for (is_writer, runs) in [(true, writer.as_slice()), (false, &*readers)] {
            for run in self.views(runs)? {
                let is_alone = is_writer || run.inputs.iter().all(|input| says_nothing_of(input, found, other));
                all.push(Witness { run, is_writer, is_alone });
            }
        }
        all.sort_by_key(|witness| std::cmp::Reverse((witness.is_writer, witness.run.started_at, witness.run.id)));
        Ok(Witnesses { all, is_cut })
    }
}

impl Witnesses {
    /// Returns the run that wrote the version last.
    pub(super) fn writer(&self) -> Option<&Run> {
        self.all.iter().find(|witness| witness.is_writer).map(|witness| &witness.run)
    }

    /// Returns what was measured of the version, and by which run: what was said of it by name, the last first, then what
    /// its writer measured, then what a run did that read it.
    pub(super) fn measured(&self, name: &str, found: &Found) -> Option<(Metric, &Run)> {
        let last = |witness: &Witness, is_named: bool| {
            let about = is_named.then_some(&found.version.name);
            last_metrics(metrics_of(&witness.run.metrics, name, about)).pop()
        };
        let alone = || self.all.iter().filter(|witness| witness.is_alone);
        let each =
            |is_named| alone().filter_map(move |witness| last(witness, is_named).map(|metric| (metric, &witness.run)));
        each(true).max_by_key(|(metric, _)| metric.at).or_else(|| each(false).next())
    }

    /// Returns why nothing is known of a metric.
    pub(super) fn unmeasured(&self, name: &str, of: &str) -> String {
        let measured =
            |witness: &&Witness| !witness.is_alone && witness.run.metrics.iter().any(|metric| metric.name == name);
        match self.all.iter().find(measured) {
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
/// artifact, or of what it is compared with.
fn says_nothing_of(input: &Input, found: &Found, other: Option<&Version>) -> bool {
    let is_same = input.name == found.version.name && input.version == found.version.version;
    let is_other = other.is_some_and(|other| input.name == other.name && input.version == other.version);
    is_same || (input.name != found.version.name && !is_other)
}
