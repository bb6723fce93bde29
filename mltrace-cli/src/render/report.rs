//! A report: what is said of an artifact, each statement with the run or version that it rests on.

use std::collections::HashSet;

use mltrace_core::model::{ArtifactName, Outcome, RunId, Status};
use mltrace_core::query::{
    Check, Difference, Evaluation, Fact, ImpactState, Labelled, Metric, Report, Run, Suspect, Tell,
};
use mltrace_core::words::{self as say, outcome};

use super::page::{Block, Page, Span, name, words};
use super::{cut, diff, html as html_page, impact, markdown as markdown_page, run, runs, stale, svg, trace};
use crate::output::Talk;

/// How many rows a table has before the rest is counted, where a page can be scrolled.
const MOST_ROWS: usize = 100;
/// The same of a text, when nobody asks for all.
const FEW_ROWS: usize = 8;
/// How many lines of a trace a text has then.
const FEW_LINES: usize = 24;
/// How many suspects are reported.
const MOST_SUSPECTS: usize = 5;

/// Returns the report as Markdown, with as many rows as people read unless it `is_whole`.
pub(crate) fn markdown(answer: &Report, is_whole: bool) -> String {
    markdown_page::page(&page(answer, if is_whole { MOST_ROWS } else { FEW_ROWS }))
}

/// Returns the report as HTML.
pub(crate) fn html(answer: &Report) -> String {
    html_page::page(&page(answer, MOST_ROWS))
}

fn page(answer: &Report, most: usize) -> Page {
    let artifact = &answer.trace.artifact;
    let mut blocks = Vec::new();
    blocks.push(Block::Text(about(answer)));
    for (verdict, label) in [("Flagged", &answer.flagged), ("Found fine", &answer.ok)] {
        blocks.extend(label.as_ref().map(|label| Block::Text(judged(verdict, label))));
    }
    for section in [shared, came_to_be, measured, changed, suspects, freshness, downstream, tell] {
        blocks.extend(section(answer, most));
    }
    let made = format!("Made by mltrace {} at {}.", env!("CARGO_PKG_VERSION"), say::second(answer.at));
    blocks.push(Block::Text(vec![words(made)]));
    Page { title: vec![words("About "), name(artifact.name.as_str())], blocks }
}

/// What the bad ones share comes first: it is what a ticket is about.
fn shared(answer: &Report, most: usize) -> Vec<Block> {
    if answer.facts.is_empty() && answer.sentence.is_empty() {
        return Vec::new();
    }
    let point = |fact: &Fact| {
        let mut runs = vec![words(format!("{}; {}: ", fact.how_sure(), fact.when(say::minute)))];
        for (place, run) in fact.runs.iter().take(MOST_SUSPECTS).enumerate() {
            runs.extend((place > 0).then(|| words(", ")));
            runs.push(name(run.to_string()));
        }
        let left = fact.runs.len().saturating_sub(MOST_SUSPECTS);
        runs.extend((left > 0).then(|| words(format!(" and {left} more"))));
        (vec![name(&fact.component), words(format!(" {}: {}", fact.says(), fact.counts()))], vec![runs])
    };
    let intro = format!(
        "Over the verdicts on all artifacts: {} bad, {} ok. {}",
        answer.flagged_in_all, answer.ok_in_all, answer.sentence
    );
    let mut blocks = vec![Block::Heading("What the bad ones share"), Block::Text(vec![words(intro)])];
    if !answer.facts.is_empty() {
        let known = words("Of this, upstream of this artifact:");
        let facts = answer.facts.iter().take(most).map(point).collect();
        blocks.extend([Block::Text(vec![known]), Block::List(facts)]);
    }
    blocks.extend(more(answer.facts.len(), most));
    blocks
}

/// Returns a run as a statement refers to it.
fn by(run: RunId) -> [Span; 2] {
    [words("run "), name(run.to_string())]
}

fn about(answer: &Report) -> Vec<Span> {
    let artifact = &answer.trace.artifact;
    let mut text = vec![words("Version "), name(artifact.version.to_string())];
    match answer.trace.runs.iter().find(|at| at.depth == 0) {
        Some(at) => {
            let run = &at.run;
            text.extend([words(", written by "), name(&run.component), words(" ("), name(run.id.to_string())]);
            text.push(words(format!("), which began at {} and {}", say::second(run.started_at), ended(run))));
            text.extend(run.owner.iter().flat_map(|owner| [words(", owned by "), name(owner)]));
            text.push(words("."));
        }
        None => text.push(words(", which no recorded run wrote.")),
    }
    text
}

fn ended(run: &Run) -> String {
    match run.status {
        Status::Running => "is running".to_owned(),
        status => status.as_str().to_owned(),
    }
}

fn judged(verdict: &str, label: &Labelled) -> Vec<Span> {
    let mut text = vec![words(format!("{verdict} at {}", say::second(label.at)))];
    text.extend(label.by.iter().flat_map(|by| [words(" by "), name(by)]));
    text.extend(label.reason.iter().map(|reason| words(format!(": {reason}"))));
    text
}

fn came_to_be(answer: &Report, most: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("How it came to be")];
    if answer.trace.runs.is_empty() {
        let mut text = vec![words("No recorded run wrote it. Read by ")];
        let readers = answer.trace.read_by.iter().take(most).map(|run| name(run.to_string()));
        for (place, reader) in readers.enumerate() {
            text.extend((place > 0).then(|| words(", ")));
            text.push(reader);
        }
        blocks.push(Block::Text(text));
        return blocks;
    }
    let text = anstream::adapter::strip_str(&trace::text(&answer.trace, &[], &[], Talk::Verbose)).to_string();
    let left = text.lines().count().saturating_sub(FEW_LINES);
    let is_cut = most < MOST_ROWS && left > 0;
    let text = if is_cut { text.split_inclusive('\n').take(FEW_LINES).collect() } else { text };
    blocks.push(Block::Trace { text, drawing: svg::trace(&answer.trace) });
    blocks.extend(is_cut.then(|| Block::Text(vec![words(format!("… and {left} more lines: see `mltrace trace`."))])));
    let rows = answer.trace.runs.iter().take(most).map(|at| {
        let run = &at.run;
        let owner = run.owner.clone().unwrap_or_default();
        vec![
            vec![name(run.id.to_string())],
            vec![name(&run.component)],
            vec![words(say::second(run.started_at))],
            vec![words(runs::status(run))],
            vec![name(runs::commit(run))],
            vec![name(owner)],
        ]
    });
    let heading = vec!["run", "component", "began", "status", "commit", "owner"];
    blocks.push(Block::Table(heading, rows.collect()));
    blocks.extend(more(answer.trace.runs.len(), most));
    blocks
}

/// Says how many rows are left out.
fn more(count: usize, most: usize) -> Option<Block> {
    let left = count.saturating_sub(most);
    let how = if most < MOST_ROWS { cut::HOW } else { "use `--format json`" };
    (left > 0).then(|| Block::Text(vec![words(format!("… and {left} more: {how}."))]))
}

/// What was measured and checked of the run that wrote it, and what is out of line.
fn measured(answer: &Report, most: usize) -> Vec<Block> {
    let Some(of) = &answer.measured else { return Vec::new() };
    let mut blocks = vec![Block::Heading("What was measured and checked")];
    let mut intro = vec![words("Of the run that wrote it, ")];
    intro.extend(by(of.run));
    intro.push(words("."));
    blocks.push(Block::Text(intro));
    let about = |about: Option<&ArtifactName>| about.map(|about| vec![name(about.as_str())]).unwrap_or_default();
    if !of.checks.is_empty() {
        // What did not pass is what a ticket is about.
        let mut checks: Vec<&Check> = of.checks.iter().collect();
        checks.sort_by_key(|check| check.outcome == Outcome::Passed);
        let rows = checks.into_iter().take(most).map(|check| {
            let outcome = outcome(check.outcome.as_str(), check.is_warning());
            let message = check.message.clone().unwrap_or_default();
            vec![vec![name(&check.name)], about(check.about.as_ref()), vec![words(outcome)], vec![words(message)]]
        });
        blocks.push(Block::Table(vec!["check", "of", "outcome", "message"], rows.collect()));
        blocks.extend(more(of.checks.len(), most));
    }
    if !of.metrics.is_empty() {
        let row = |metric: &Metric| {
            vec![vec![name(&metric.name)], about(metric.about.as_ref()), vec![words(metric.value.to_string())]]
        };
        let rows = of.metrics.iter().take(most).map(row).collect();
        blocks.push(Block::Table(vec!["metric", "of", "value"], rows));
        blocks.extend(more(of.metrics.len(), most));
    }
    if !of.evaluations.is_empty() {
        blocks.push(Block::Text(vec![words("Measured by runs that read it:")]));
        let row = |of: &Evaluation| {
            vec![
                vec![name(&of.metric.name)],
                vec![words(of.metric.value.to_string())],
                by(of.run).into_iter().collect(),
            ]
        };
        let rows = of.evaluations.iter().take(most).map(row).collect();
        blocks.push(Block::Table(vec!["metric", "value", "by"], rows));
        blocks.extend(more(of.evaluations.len(), most));
    }
    if !of.unusual.is_empty() {
        blocks.push(Block::Text(vec![words("Out of line with earlier runs:")]));
        let points = of.unusual.iter().take(most).map(|said| (vec![words(said.clone())], Vec::new()));
        blocks.push(Block::List(points.collect()));
        blocks.extend(more(of.unusual.len(), most));
    }
    blocks
}

fn changed(answer: &Report, most: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("What changed upstream")];
    let Some(found) = &answer.diff else {
        blocks.push(Block::Text(vec![words("There is no other version to compare with that is not flagged.")]));
        return blocks;
    };
    let baseline = diff::baseline(found);
    blocks.push(Block::Text(vec![
        words("Since version "),
        name(found.a.version.to_string()),
        words(baseline),
        words(if found.differences.is_empty() { ": nothing." } else { ", first divergence first:" }),
    ]));
    let (mut points, mut shown) = (Vec::new(), HashSet::new());
    for difference in found.differences.iter().take(most) {
        // What many runs ran with is shown once.
        let source = difference.source_diff.as_ref().filter(|_| shown.insert(diff::key(difference)));
        let is_above = difference.source_diff.is_some() && source.is_none();
        let change = if is_above { "its source text, as above".to_owned() } else { diff::change(difference) };
        points.push((difference_in(difference, change), Vec::new()));
        if let Some(source) = source {
            blocks.push(Block::List(std::mem::take(&mut points)));
            let (lines, more) = diff::shown_source(source, difference);
            blocks.push(Block::Source(lines.into_iter().map(str::to_owned).collect()));
            blocks.extend(more.map(|more| Block::Text(vec![words(more)])));
        }
    }
    blocks.extend((!points.is_empty()).then_some(Block::List(points)));
    blocks.extend(more(found.differences.len(), most));
    if found.consequences > 0 {
        let count = found.consequences;
        let differ = if count == 1 { "differs" } else { "differ" };
        let text = format!("{count} more {} {differ} only because of this.", say::plural(count, "run"));
        blocks.push(Block::Text(vec![words(text)]));
    }
    blocks
}

/// Returns a difference, shown as this change, with the runs on both sides.
fn difference_in(difference: &Difference, change: String) -> Vec<Span> {
    let component = difference.component.as_deref().unwrap_or("no recorded run");
    let mut point = vec![name(component), words(": "), words(change)];
    match difference.runs {
        [Some(a), Some(b)] => {
            point.extend([words(" ("), words("runs "), name(a.to_string()), words(" and "), name(b.to_string())]);
            point.push(words(")"));
        }
        [Some(alone), None] | [None, Some(alone)] => {
            point.push(words(" ("));
            point.extend(by(alone));
            point.push(words(")"));
        }
        [None, None] => {}
    }
    point
}

fn suspects(answer: &Report, _: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("Suspects")];
    if answer.suspects.is_empty() {
        let text = match answer.flagged_in_all {
            0 => "Nothing is flagged, so nothing is suspected.".to_owned(),
            count => format!("None of the suspects for the {count} flagged versions is upstream."),
        };
        blocks.push(Block::Text(vec![words(text)]));
        return blocks;
    }
    let flagged = answer.flagged_in_all;
    let has_cause = answer.suspects.iter().any(|suspect| suspect.fact.is_some());
    let text = format!(
        "From the verdicts on all artifacts, of which {flagged} {} flagged; {}.",
        if flagged == 1 { "is" } else { "are" },
        if has_cause {
            "those that have what is said above come first, then the likeliest"
        } else {
            "the likeliest first"
        },
    );
    blocks.push(Block::Text(vec![words(text)]));
    blocks.push(Block::List(answer.suspects.iter().take(MOST_SUSPECTS).map(suspect).collect()));
    blocks
}

fn suspect(suspect: &Suspect) -> (Vec<Span>, Vec<Vec<Span>>) {
    let mut point = Vec::new();
    for (place, (component, run)) in suspect.components.iter().zip(&suspect.runs).take(MOST_SUSPECTS).enumerate() {
        point.extend((place > 0).then(|| words(", ")));
        point.extend([name(component), words(" (")]);
        point.extend(by(*run));
        point.push(words(")"));
    }
    let left = suspect.runs.len().saturating_sub(MOST_SUSPECTS);
    point.extend((left > 0).then(|| words(format!(" and {left} more"))));
    (point, suspect.evidence.iter().map(|evidence| vec![words(evidence)]).collect())
}

fn freshness(answer: &Report, most: usize) -> Vec<Block> {
    if answer.stale.is_empty() {
        return vec![Block::Heading("Freshness"), Block::Text(vec![words("Nothing upstream is stale.")])];
    }
    let points = answer.stale.iter().take(most).map(|run| {
        let mut point = vec![name(&run.component), words(" (")];
        point.extend(by(run.id));
        point.push(words(")"));
        let reasons = stale::reasons(run).map(|(when, stale)| {
            let mut text = vec![words(format!("{when}: {}", stale.message))];
            if let Some(run) = stale.run {
                text.push(words(" ("));
                text.extend(by(run));
                text.push(words(")"));
            }
            text
        });
        (point, reasons.collect())
    });
    let mut blocks = vec![Block::Heading("Freshness"), Block::List(points.collect())];
    blocks.extend(more(answer.stale.len(), most));
    blocks
}

fn downstream(answer: &Report, most: usize) -> Vec<Block> {
    let artifacts = &answer.impact.artifacts;
    let mut blocks = vec![Block::Heading("What was made from it")];
    if artifacts.is_empty() {
        blocks.push(Block::Text(vec![words("No recorded run made anything from it.")]));
        return blocks;
    }
    let count = |state: ImpactState| artifacts.iter().filter(|impacted| impacted.state == state).count();
    let states = impact::STATES.map(|(state, word)| format!("{} {word}", count(state)));
    blocks.push(Block::Text(vec![words(format!("{}.", states.join(", ")))]));
    let rows = artifacts.iter().take(most).map(|impacted| {
        let state = impact::STATES.iter().find(|(state, _)| *state == impacted.state).map_or("", |(_, word)| word);
        vec![
            vec![words(state)],
            vec![name(impacted.name.as_str())],
            vec![name(impacted.version.short(run::DIGITS))],
            vec![name(impacted.written_by.to_string())],
            vec![name(impacted.owner.clone().unwrap_or_default())],
        ]
    });
    blocks.push(Block::Table(vec!["state", "artifact", "version", "run", "owner"], rows.collect()));
    blocks.extend(more(artifacts.len(), most));
    blocks
}

fn tell(answer: &Report, most: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("Whom to tell")];
    if answer.tell.is_empty() {
        blocks.push(Block::Text(vec![words("No owner is known of any run that is concerned.")]));
        return blocks;
    }
    let why = |tell: &Tell| {
        let mut reasons: Vec<Vec<Span>> = Vec::new();
        if tell.is_writer {
            reasons.push(vec![words("wrote it")]);
        }
        if tell.current > 0 {
            let versions = say::plural(tell.current, "version");
            reasons.push(vec![words(format!("owns {} current {versions} made from it", tell.current))]);
        }
        for run in tell.concerned.iter().take(MOST_SUSPECTS) {
            let mut reason = vec![words("owns ")];
            reason.extend(by(*run));
            reason.push(words(", which changed or is suspected"));
            reasons.push(reason);
        }
        (vec![name(&tell.owner)], reasons)
    };
    blocks.push(Block::List(answer.tell.iter().take(most).map(why).collect()));
    blocks.extend(more(answer.tell.len(), most));
    blocks
}
