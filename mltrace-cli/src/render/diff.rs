//! What differs upstream of two versions, run by run.

use std::collections::HashMap;
use std::fmt::Write as _;

use mltrace_core::model::{RunId, Version, VersionId};
use mltrace_core::query::{Diff, Difference, Run};
use mltrace_core::words;
use serde_json::Value;

use super::{cut, paint, run, runs};
use crate::escape::line;

/// How many letters of a value are shown.
const LETTERS: usize = 200;
/// How many lines of a difference between source texts are shown.
const MOST_LINES: usize = 20;

/// From how many lines on no further difference is reported when nobody asks for all.
const MOST: usize = 24;
/// How many measures that came out otherwise are shown.
const MOST_MEASURES: usize = 8;

/// Returns the two versions, then each pair of runs with what differs in it. What many runs share, such as a commit, is
/// shown once; of many differences the first ones, all when `is_whole`.
pub(crate) fn text(answer: &Diff, is_whole: bool) -> String {
    let mut text = String::new();
    for (side, version, why) in [("a", &answer.a, baseline(answer)), ("b", &answer.b, String::new())] {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{side}  {}{why}", line(&named(version)));
    }
    if answer.is_cut {
        let _ = writeln!(text, "{}", words::NOT_ALL_COMPARED);
    }
    if answer.differences.is_empty() {
        text.push_str("nothing differs\n");
        measures(&mut text, answer);
        return text;
    }
    let mut repeats: HashMap<String, usize> = HashMap::new();
    for difference in answer.differences.iter().filter(|difference| is_shared(difference)) {
        *repeats.entry(key(difference)).or_default() += 1;
    }
    let mut told = std::collections::HashSet::new();
    let mut heading = None;
    for (number, difference) in answer.differences.iter().enumerate() {
        if !is_whole && text.lines().count() >= MOST {
            let _ = writeln!(text, "{}", cut::more(answer.differences.len() - number));
            break;
        }
        let (key, is_shared) = (key(difference), is_shared(difference));
        if is_shared && !told.insert(key.clone()) {
            continue;
        }
        let place = (&difference.component, difference.runs);
        if heading != Some(place) {
            heading = Some(place);
            let _ = writeln!(text, "{}", title(difference));
        }
        let more = repeats.get(&key).filter(|_| is_shared).map_or(0, |count| count - 1);
        let more =
            if more > 0 { format!(", and in {more} more {}", words::plural(more, "run")) } else { String::new() };
        let _ = writeln!(text, "  {}{more}", line(&change(difference)));
        if let Some(diff) = &difference.source_diff {
            source(&mut text, diff, difference);
        }
    }
    if answer.consequences > 0 {
        let count = answer.consequences;
        let follow = if count == 1 { "differs" } else { "differ" };
        let _ =
            writeln!(text, "{count} more {} {follow} only because of {}", words::plural(count, "run"), these(answer));
    }
    measures(&mut text, answer);
    text
}

/// Says what was measured and checked otherwise, the last ones nearest to what was asked for.
fn measures(text: &mut String, answer: &Diff) {
    if answer.measures.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "measured otherwise"));
    let before = answer.measures.len().saturating_sub(MOST_MEASURES);
    if before > 0 {
        let _ = writeln!(text, "  … {before} further up: use `--format json`");
    }
    for difference in answer.measures.iter().skip(before) {
        let component = difference.component.as_deref().unwrap_or_default();
        let told = format!("{component}  {}", change(difference));
        let _ = writeln!(text, "  {}{}", line(&told), paint::paint(paint::FAINT, line(&ran(difference))));
    }
}

/// Says how two source texts differ, in so many lines at most.
fn source(text: &mut String, diff: &str, difference: &Difference) {
    let (shown, more) = shown_source(diff, difference);
    for told in shown {
        let shown = told.split('\t').map(line).collect::<Vec<_>>().join("    ");
        let shown = match told.chars().next() {
            Some('+') => paint::paint(paint::GOOD, shown),
            Some('-') => paint::paint(paint::BAD, shown),
            Some('@') => paint::paint(paint::FAINT, shown),
            _ => shown,
        };
        let _ = writeln!(text, "    {shown}");
    }
    if let Some(see) = more {
        let _ = writeln!(text, "    {}", paint::paint(paint::FAINT, see));
    }
}

/// Returns the lines of a difference between source texts that are shown, and where the others can be seen.
pub(super) fn shown_source<'d>(diff: &'d str, difference: &Difference) -> (Vec<&'d str>, Option<String>) {
    let more = diff.lines().count().saturating_sub(MOST_LINES);
    let [left, right] = difference.runs.map(|run| run.map(RunId::short).unwrap_or_default());
    let see = format!("… and {more} more lines: see `mltrace inspect {left}` and `mltrace inspect {right}`");
    (diff.lines().take(MOST_LINES).collect(), (more > 0).then_some(see))
}

fn these(answer: &Diff) -> &'static str {
    if answer.differences.len() == 1 { "this" } else { "these" }
}

/// Returns why a version was chosen to compare with.
pub(super) fn baseline(answer: &Diff) -> String {
    answer.why().map(|why| format!(", {why}")).unwrap_or_default()
}

/// Returns a version by its name and, when it has one, its id in short.
fn named(version: &Version) -> String {
    match &version.version {
        VersionId::None => version.name.to_string(),
        id => format!("{} ({})", version.name, id.short(run::DIGITS)),
    }
}

/// Returns the component and its runs.
fn title(difference: &Difference) -> String {
    let component = difference.component.as_deref().unwrap_or("no recorded run");
    paint::paint(paint::STRONG, line(component)) + &paint::paint(paint::FAINT, line(&ran(difference)))
}

/// Returns the runs of both sides.
fn ran(difference: &Difference) -> String {
    let [left, right] = difference.runs.map(|run| run.map_or_else(|| "none".to_owned(), RunId::short));
    if difference.runs == [None, None] { String::new() } else { format!("  run {left} → {right}") }
}

/// Returns whether a difference is one of the surroundings, which many runs have in common.
fn is_shared(difference: &Difference) -> bool {
    ["git.commit", "git.branch", "git.dirty", "host", "user", "code"].contains(&difference.field.as_str())
}

/// Returns the same of two differences that are one change, in other runs.
pub(super) fn key(difference: &Difference) -> String {
    // The same change of a text is one of one component.
    let component = difference.component.as_ref().filter(|_| difference.field == "code");
    format!("{} {component:?} {:?} {:?}", difference.field, difference.a, difference.b)
}

/// Returns what differs, where no source text follows.
pub(super) fn change_in_words(difference: &Difference) -> String {
    change(&Difference { source_diff: None, ..difference.clone() })
}

/// Returns what a run has otherwise than the one before it, in words.
pub(crate) fn changes(run: &Run) -> Vec<String> {
    run.changed.iter().flat_map(|since| &since.differences).map(change_in_words).collect()
}

/// Returns what differs, with its value on both sides; of source texts that are both recorded how they differ is shown below.
pub(super) fn change(difference: &Difference) -> String {
    let field = difference.field.as_str();
    match (field, &difference.a, &difference.b) {
        ("missing", None, _) => return "ran for b only".to_owned(),
        ("missing", _, None) => return "ran for a only".to_owned(),
        ("code", ..) if difference.source_diff.is_some() => return "its source text".to_owned(),
        ("code", ..) => {
            let [left, right] =
                difference.runs.map(|run| run.map(mltrace_core::model::RunId::short).unwrap_or_default());
            return format!("its source text: see `mltrace inspect {left}` and `mltrace inspect {right}`");
        }
        _ => {}
    }
    let name = match field.split_once(':') {
        Some(("param", name)) => format!("parameter {name}"),
        Some(("input", name)) => format!("input {name}"),
        Some(("check", name)) => format!("check {name}"),
        Some(("metric", name)) => name.to_owned(),
        _ => words::field(field).to_owned(),
    };
    let absent = if field.starts_with("input:") { words::NOT_READ } else { "none" };
    let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| absent.to_owned(), |value| shown(field, value));
    let (before, now) = (shown(&difference.a), shown(&difference.b));
    // What is written once stands for its content: its name is said already.
    if name.strip_prefix("input ") == Some(before.as_str()) {
        return format!("{name} → {now}");
    }
    format!("{name}: {before} → {now}")
}

fn shown(field: &str, value: &Value) -> String {
    let text = match (field, value.as_f64(), value.as_str().map(str::parse::<VersionId>)) {
        ("duration", Some(milliseconds), _) => words::span(milliseconds),
        (_, _, Some(Ok(VersionId::None))) if field.starts_with("input:") => words::READ_UNKNOWN.to_owned(),
        ("git.commit", ..) => runs::param(value).chars().take(run::DIGITS).collect(),
        (_, _, Some(Ok(version))) if !field.starts_with("param:") => version.short(run::DIGITS),
        _ => runs::param(value),
    };
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
