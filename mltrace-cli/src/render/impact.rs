//! What was made from something, by what became of it, and whom to notify.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use mltrace_core::model::{RunId, VersionId};
use mltrace_core::query::{Impact, ImpactRoot, ImpactState, Impacted};

use super::{cut, paint, run};
use crate::escape::line;

/// How many versions of each state, and how many owners, are named when nobody asks for all.
const MOST: usize = 8;

/// Returns how much there is, then each version under what became of it, then the owners of what is current; of many of
/// them the first ones, all when `is_whole`.
pub(crate) fn text(answer: &Impact, is_whole: bool) -> String {
    let root = root(&answer.root);
    let downstream = answer.runs.iter().filter(|at| at.depth > 0).count();
    if downstream == 0 && answer.artifacts.is_empty() {
        return format!("nothing was made from {}\n", line(&root));
    }
    let mut text = format!(
        "{} {} downstream of {}; {} {} written\n",
        downstream,
        if downstream == 1 { "run is" } else { "runs are" },
        line(&root),
        answer.artifacts.len(),
        if answer.artifacts.len() == 1 { "version was" } else { "versions were" },
    );
    let components: HashMap<RunId, &str> =
        answer.runs.iter().map(|at| (at.run.id, at.run.component.as_str())).collect();
    for (state, heading) in HEADINGS {
        let versions: Vec<&Impacted> = answer.artifacts.iter().filter(|impacted| impacted.state == state).collect();
        if !versions.is_empty() {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{}", paint::paint(paint::STRONG, heading));
        }
        let (shown, left) = cut::first(&versions, MOST, is_whole);
        for impacted in shown {
            let component = components.get(&impacted.written_by).copied().unwrap_or_default();
            let about =
                format!("{}, {component} (run {})", impacted.version.short(run::DIGITS), impacted.written_by.short());
            let name = line(impacted.name.as_str());
            let _ = writeln!(text, "  {name}  {}", paint::paint(paint::FAINT, line(&about)));
        }
        more(&mut text, left);
    }
    let owners = owners(&answer.artifacts);
    if !owners.is_empty() {
        let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "whom to tell"));
    }
    let (shown, left) = cut::first(&owners, MOST, is_whole);
    for (owner, count) in shown {
        let _ = writeln!(
            text,
            "  {}  {}",
            line(owner.unwrap_or("no owner is known")),
            paint::paint(paint::FAINT, format_args!("{count} current"))
        );
    }
    more(&mut text, left);
    text
}

fn more(text: &mut String, left: usize) {
    if left > 0 {
        let _ = writeln!(text, "  {}", cut::more(left));
    }
}

/// The states, with what is said of each.
const HEADINGS: [(ImpactState, &str); 3] = [
    (ImpactState::Current, "current"),
    (ImpactState::Superseded, "superseded by a later version that was made from the same"),
    (ImpactState::Rebuilt, "rebuilt since, from other inputs"),
];

/// The states, each in a word.
pub(super) const STATES: [(ImpactState, &str); 3] = [
    (ImpactState::Current, "current"),
    (ImpactState::Superseded, "superseded"),
    (ImpactState::Rebuilt, "rebuilt since"),
];

/// Returns what the impact was asked of, in words.
fn root(root: &ImpactRoot) -> String {
    match (&root.artifact, &root.run, &root.component, &root.commit) {
        (Some(version), ..) if version.version == VersionId::None => version.name.to_string(),
        (Some(version), ..) => format!("{} ({})", version.name, version.version.short(run::DIGITS)),
        (None, Some(run), ..) => format!("run {}", run.short()),
        (None, None, Some(component), Some(commit)) => format!("{component} at commit {commit}"),
        (None, None, component, _) => component.clone().unwrap_or_default(),
    }
}

/// Returns the owners of what is current, with how much of it, those of most first and nobody last.
fn owners(artifacts: &[Impacted]) -> Vec<(Option<&str>, usize)> {
    let mut counts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for impacted in artifacts.iter().filter(|impacted| impacted.state == ImpactState::Current) {
        *counts.entry(impacted.owner.as_deref()).or_default() += 1;
    }
    let mut owners: Vec<_> = counts.into_iter().collect();
    owners.sort_by_key(|(owner, count)| (owner.is_none(), std::cmp::Reverse(*count)));
    owners
}
