//! What the model answers about metrics and subjects: which value of a run counts, which is that of a version, and what holds
//! the data of a subject.

use std::collections::{BTreeMap, BTreeSet};

use super::answers;
use super::facts::{Facts, MetricFacts, NEXT_DOOR, RunFacts, is_for_all, is_of_other_host};
use super::model::Known;

/// The values that count by run, oldest run first, of each component, name and artifact.
pub(crate) type Series = BTreeMap<(String, String, Option<String>), Vec<(String, u8)>>;

/// What counts of a run by name and artifact: the value of its last step, and of that the one measured last.
pub(crate) fn last(run: &RunFacts) -> BTreeMap<(String, Option<String>), &MetricFacts> {
    let mut last: BTreeMap<_, &MetricFacts> = BTreeMap::new();
    for metric in &run.metrics {
        let kept = last.entry((metric.name.to_owned(), metric.about.clone())).or_insert(metric);
        if (kept.step, kept.at) < (metric.step, metric.at) {
            *kept = metric;
        }
    }
    last
}

pub(crate) fn metrics(facts: &Facts) -> Series {
    let mut runs: Vec<&RunFacts> = facts.runs.iter().collect();
    runs.sort_by_key(|run| (run.started_at, &run.id));
    let mut series = Series::new();
    for run in runs {
        for ((name, about), metric) in last(run) {
            series.entry((run.component.clone(), name, about)).or_default().push((run.id.clone(), metric.value));
        }
    }
    series
}

/// Returns what `metric` is of a version, and which run says so: what a run that wrote or read it said of it by name, the last
/// first; else what its last writer measured, else what a run that read it did, the last first. A run that read another
/// version of that artifact, too, may have measured that one.
pub(crate) fn of_version(known: &Known<'_>, name: &str, version: &str, metric: &str) -> Option<(u8, String)> {
    let written = known.writes.iter().filter(|write| write.edge.name == name && write.version() == version);
    let writer = written.max_by_key(|write| write.order()).map(|write| write.run);
    // Under its own name, as a copy, or because the one lies in the other.
    let is_reader = |run: &&RunFacts| {
        let seen = run.reads.iter().zip(known.seen(run));
        let read = seen.flat_map(|(read, seen)| {
            let copied = seen.written_as.as_ref().filter(|_| seen.bound == "copy").map(|of| (of, &seen.version));
            let parts = seen.parts.iter().map(|part| (&part.name, &part.version));
            std::iter::once((&read.name, &seen.version)).chain(copied).chain(parts)
        });
        let versions: BTreeSet<&String> = read.filter(|(of, _)| *of == name).map(|(_, version)| version).collect();
        versions.len() == 1
            && versions.first().is_some_and(|only| *only == version)
            && writer.is_none_or(|own| own.id != run.id)
    };
    let mut readers: Vec<&RunFacts> = known.facts.runs.iter().filter(is_reader).collect();
    readers.sort_by_key(|run| std::cmp::Reverse((run.started_at, &run.id)));
    let witnesses: Vec<&RunFacts> = writer.into_iter().chain(readers).collect();
    let said = |about: Option<&str>| -> Vec<(i64, u8, String)> {
        let key = (metric.to_owned(), about.map(str::to_owned));
        let of = |run: &&RunFacts| last(run).get(&key).map(|metric| (metric.at, metric.value, run.id.clone()));
        witnesses.iter().filter_map(of).collect()
    };
    let by_name = said(Some(name)).into_iter().max();
    by_name.or_else(|| said(None).into_iter().next()).map(|(_, value, run)| (value, run))
}

/// What `forget --subject` must answer.
#[derive(Debug, PartialEq)]
pub(crate) struct HeldAnswer {
    pub(crate) taken_in_by: BTreeSet<String>,
    /// Name and version of what these read that no recorded run wrote.
    pub(crate) sources: BTreeSet<(String, String)>,
    /// Name, version and last writer of what was made from the data, and whether it is gone, as far as that is known without a
    /// look at any disk.
    pub(crate) versions: BTreeSet<(String, String, String, bool)>,
    /// Whether any of it is not.
    pub(crate) is_left: bool,
}

/// Returns what holds the data of a subject; `None` where no run took them in.
pub(crate) fn held(known: &Known<'_>, subject: &str) -> Option<HeldAnswer> {
    let taking: Vec<&RunFacts> = known.facts.runs.iter().filter(|run| run.subjects.contains(subject)).collect();
    if taking.is_empty() {
        return None;
    }
    let inputs = taking.iter().flat_map(|run| answers::run_answer(known, run).inputs);
    let sources = inputs.filter(|input| input.written_by.is_none()).map(|input| (input.name, input.version));
    let roots = taking.iter().map(|run| run.id.clone()).collect();
    let made = answers::impact_of_runs(known, roots).artifacts.into_iter();
    let versions: BTreeSet<_> = made
        .map(|(name, version, writer, _)| {
            let is_of_neighbour = known.run(&writer).is_next_door && !is_for_all(&name);
            let thing = if is_of_neighbour { format!("{NEXT_DOOR}{name}") } else { name.clone() };
            let is_gone = is_gone(known, &thing, &version, known.run(&writer));
            (name, version, writer, is_gone)
        })
        .collect();
    Some(HeldAnswer {
        is_left: versions.iter().any(|(.., is_gone)| !is_gone),
        taken_in_by: taking.iter().map(|run| run.id.clone()).collect(),
        sources: sources.collect(),
        versions,
    })
}

/// Returns whether something else was written in the place of a version since, where nobody could keep it: not so of what was
/// declared, and of bytes that somebody would have to look for on a disk.
fn is_gone(known: &Known<'_>, name: &str, version: &str, writer: &RunFacts) -> bool {
    let is_on_disk = !name.contains("://") && (version.starts_with("b3:") || version.starts_with("stat:"));
    let here =
        known.writes.iter().filter(|write| write.edge.name == name && !is_of_other_host(name, write.run, writer));
    let last = here.max_by_key(|write| write.order());
    !is_on_disk && !version.starts_with("v:") && last.is_some_and(|last| last.version() != version)
}
